package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"errors"
	"unsafe"

	"golang.org/x/crypto/cryptobyte"
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
// It runs inside libssl, once: after HelloRetryRequest the choice stands. In a renegotiation of TLS 1.2 libssl asks the
// Ctx that is in force then, so after a switch it does not run again.
//
// C: SSL_CTX_set_client_hello_cb(3)
func (c *Ctx) SetServerNameCallback(cb func(s *SSL, name string) (*Ctx, error)) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_client_hello_cb(p, cBool(cb != nil))
		c.serverName.Store(&cb)
	})
}

// runClientHello is on_client_hello in shim.c.
func (s *SSL) runClientHello(alert *C.int) C.int {
	cb := load(&s.origin.serverName)
	if cb == nil {
		return C.SSL_CLIENT_HELLO_SUCCESS
	}
	var err error
	switch {
	case !s.callback(func() { err = s.switchByName(cb) }):
		*alert = C.SSL_AD_INTERNAL_ERROR
	case err != nil:
		s.callbackErr = err
		*alert = C.SSL_AD_UNRECOGNIZED_NAME
	default:
		return C.SSL_CLIENT_HELLO_SUCCESS
	}
	return C.SSL_CLIENT_HELLO_ERROR
}

// switchByName asks cb once in a handshake: after HelloRetryRequest there is a second ClientHello, which may not ask
// for somebody else. libssl shows it to us only if the Ctx has not been switched.
func (s *SSL) switchByName(cb func(*SSL, string) (*Ctx, error)) error {
	name := s.helloServerName()
	if s.asked != nil {
		if *s.asked != name {
			return errors.New("libssl: the second ClientHello asks for another server name")
		}
		return nil
	}
	s.asked = &name
	ctx, err := cb(s, name)
	if err != nil || s.lost {
		return err
	}
	if ctx == nil {
		ctx = s.ctx
	}
	return s.switchTo(ctx)
}

// helloServerName returns the name in the ClientHello; what is malformed libssl refuses later.
func (s *SSL) helloServerName() string {
	var p *C.uchar
	var n C.size_t
	if C.gls_SSL_client_hello_get0_ext(s.ptr, C.TLSEXT_TYPE_server_name, &p, &n) != 1 {
		return ""
	}
	ext := cryptobyte.String(unsafe.Slice((*byte)(p), int(n)))
	var names, name cryptobyte.String
	if !ext.ReadUint16LengthPrefixed(&names) {
		return ""
	}
	for !names.Empty() {
		var kind uint8
		if !names.ReadUint8(&kind) || !names.ReadUint16LengthPrefixed(&name) {
			return ""
		}
		if kind == C.TLSEXT_NAMETYPE_host_name {
			return string(name)
		}
	}
	return ""
}

// switchTo puts ctx in force; where it is, only its session id context may have to be another one.
func (s *SSL) switchTo(ctx *Ctx) error {
	s.hold(ctx) // until the crossing ends: libssl goes on with it
	ctx.identity.use()
	sid := ctx.identity.context()
	if ctx == s.ctx {
		if bytes.Equal(sid, ctx.identity.sid) {
			return nil
		}
		return s.setContext(sid)
	}
	if ctx.closed.Load() {
		return ErrClosed
	}
	r := C.gls_SSL_set_SSL_CTX(s.ptr, ctx.ptr, (*C.uchar)(unsafe.SliceData(sid)), C.size_t(len(sid)))
	if r.ret != 1 {
		return newError(r)
	}
	s.ctx = ctx
	s.verify = load(&ctx.verify)
	return nil
}

// setContext sets the session id context from inside. mu is held.
func (s *SSL) setContext(sid []byte) error {
	r := C.gls_SSL_set_session_id_context(s.ptr, (*C.uchar)(unsafe.SliceData(sid)), C.size_t(len(sid)))
	if r.ret != 1 {
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
