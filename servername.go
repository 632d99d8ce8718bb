package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"context"
	"errors"
	"unsafe"
)

// SetServerNameCallback sets what chooses a server's Ctx by the name that the client asks for (SNI); name is empty if
// it asks for none. A nil Ctx stays with the present one. An error ends the handshake with the alert
// unrecognized_name.
//
// The switch is made at the ClientHello, before libssl looks for a session, and puts in force all of the new Ctx that
// decides who may connect: certificates, session id context, verify mode, depth, parameters and callback, client CA
// names, options and versions. So a session that was made without a client certificate is never resumed at a Ctx
// that demands one. Session callbacks, cache, ticket keys and timeout stay those of the first Ctx. If a Ctx verifies
// its peers, and another one of the program has been given the same session id context but lets in other peers, the
// connection gets one of its own.
//
// It runs inside libssl, once in a handshake: after HelloRetryRequest the choice stands. In a renegotiation of TLS 1.2
// it runs again.
//
// C: SSL_CTX_set_client_hello_cb(3)
func (c *Ctx) SetServerNameCallback(cb func(s *SSL, name string) (*Ctx, error)) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_tlsext_servername_callback(p, cBool(cb != nil))
		c.serverName.Store(&cb)
		c.askAtClientHello(p)
	})
}

// SetCtx puts another Ctx in force for a server's connection, and all of it that SetServerNameCallback's does: before
// its handshake, or from inside that callback or SetClientHelloCallback's. What the SSL is told afterwards, as by
// SetVerify, stays.
//
// C: SSL_set_SSL_CTX(3)
func (s *SSL) SetCtx(ctx *Ctx) error {
	locked := s.lock()
	defer s.unlock(locked)
	switch {
	case s.ptr == nil:
		return s.gone()
	case ctx == nil:
		return errors.New("libssl: SetCtx: nil Ctx")
	case !s.server:
		return errors.New("libssl: SetCtx: the connection is a client's")
	case locked && C.SSL_in_before(s.ptr) != 1, !locked && !s.hello.choosing:
		return errors.New("libssl: SetCtx: the ClientHello is past")
	}
	if locked {
		defer s.letGo()
	}
	return s.switchTo(ctx)
}

// takeServerName is the step of SetServerNameCallback. It asks once in a handshake: after HelloRetryRequest there is a
// second ClientHello, which may not ask for somebody else.
func (s *SSL) takeServerName() (work func(context.Context) error, err error) {
	cb := load(&s.origin.serverName)
	if cb == nil {
		return nil, nil
	}
	var name string
	s.show(func(h *ClientHello) { name = h.ServerName() })
	if asked := s.hello.asked; asked != nil {
		if *asked != name {
			err = errors.New("libssl: the second ClientHello asks for another server name")
		}
		return nil, err
	}
	s.hello.asked = &name
	if !s.callback(func() { err = s.switchByName(cb, name) }) {
		err = errPanicked
	}
	return nil, err
}

func (s *SSL) switchByName(cb func(*SSL, string) (*Ctx, error), name string) error {
	ctx, err := cb(s, name)
	if err != nil || s.lost {
		return err
	}
	if ctx == nil {
		ctx = s.ctx
	}
	return s.switchTo(ctx)
}

// switchTo puts ctx in force; where it is, only its session id context may have to be another one.
func (s *SSL) switchTo(ctx *Ctx) error {
	s.hold(ctx) // until the crossing ends: libssl goes on with it
	err := s.switchHeld(ctx)
	if err != nil {
		s.hold(s.ctx) // it goes on with the present one
	}
	return err
}

func (s *SSL) switchHeld(ctx *Ctx) error {
	ctx.identity.use()
	sid := ctx.identity.context()
	if ctx == s.ctx {
		if bytes.Equal(sid, ctx.identity.sid) {
			return nil
		}
		s.own.sid, s.own.chosen = sid, false
		if len(s.own.settings) > 0 {
			sid = s.own.context()
		}
		return s.setContext(sid)
	}
	if ctx.isClosed() {
		return ErrClosed
	}
	if err := ctx.takes(true); err != nil {
		return err
	}
	r := C.gls_SSL_set_SSL_CTX(s.ptr, ctx.ptr, (*C.uchar)(unsafe.SliceData(sid)), C.size_t(len(sid)))
	if r.ret != 1 {
		return newError(r)
	}
	s.ctx = ctx
	s.verify = load(&ctx.verify)
	s.own = own{sid: sid, verifies: ctx.identity.verifies}
	s.setPSK(load(&ctx.psk))
	return nil
}

// setContext sets the session id context from inside. mu is held.
func (s *SSL) setContext(sid []byte) error {
	if r := setSSLSID(s.ptr, sid); r.ret != 1 {
		return newError(r)
	}
	return nil
}

// hold keeps setters off a Ctx that s has switched to, beside its own, for this crossing. mu is held.
func (s *SSL) hold(ctx *Ctx) {
	s.letGo()
	ctx.mu.RLock(true)
	s.held = ctx
}

// letGo ends hold.
func (s *SSL) letGo() {
	if s.held != nil {
		s.held.mu.RUnlock()
		s.held = nil
	}
}
