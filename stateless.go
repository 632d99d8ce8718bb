package libssl

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"unsafe"
)

// SetStatelessCookieGenerateCallback sets what makes the program's part of the cookie that [Conn.Stateless] sends: what
// a client that comes back is to be known by, such as its address, up to 255 bytes. libssl adds what it needs to go on,
// and protects all of it. An error ends the handshake, and errors.Is finds it. It runs inside libssl. After a switch by
// server name it is that of the new Ctx.
//
// C: SSL_CTX_set_stateless_cookie_generate_cb(3)
func (c *Ctx) SetStatelessCookieGenerateCallback(cb func(s *SSL) (cookie []byte, err error)) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_stateless_cookie_generate_cb(p, cBool(cb != nil))
		c.generateCookie.Store(&cb)
	})
}

// SetStatelessCookieVerifyCallback sets what checks that part when it comes back, unchanged since this Ctx sent it. An
// error ends the handshake with [ReasonCookieMismatch], and errors.Is finds the error. It runs inside libssl. Without a
// callback no cookie is looked at, and so no client gets in.
//
// C: SSL_CTX_set_stateless_cookie_verify_cb(3)
func (c *Ctx) SetStatelessCookieVerifyCallback(cb func(s *SSL, cookie []byte) error) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_stateless_cookie_verify_cb(p, cBool(cb != nil))
		c.verifyCookie.Store(&cb)
	})
}

var (
	errStatelessClient = errors.New("libssl: Stateless is for servers")
	errStatelessLate   = errors.New("libssl: Stateless after the handshake")
	errSuspended       = errors.New("libssl: Stateless: the ClientHello callback suspends the handshake")
	errLongHello       = errors.New("libssl: Stateless: the ClientHello is too long")
)

// Stateless has a server of TLS 1.3 answer a ClientHello without keeping anything of it. A client that brings no cookie
// is sent a HelloRetryRequest with one, and the result is false: it will say hello again, to this Conn or to another one
// of the same Ctx on the same transport, as where each message is carried to whatever Conn is there. Who brings a good
// cookie is accepted, and the result is true: Handshake, Read or Write go on from there. Cookies are good for ten
// minutes. Any error but a deadline's is final; clients of older versions get the alert protocol_version.
//
// The Ctx needs both callbacks, SetStatelessCookieGenerateCallback and SetStatelessCookieVerifyCallback, and must not
// give out sessions: see [Ctx.SetNumTickets]. A client that offers one, or a pre-shared key, comes back in vain, since
// libssl fails it with [ReasonBinderDoesNotVerify].
//
// C: SSL_stateless(3)
func (c *Conn) Stateless() (accepted bool, err error) {
	if c.inCallback() {
		return false, ErrInCallback
	}
	err = c.inHandshake(context.Background(), byRead|byWrite, func() error {
		switch {
		case c.closing.Load():
			return ErrClosed
		case !c.server:
			return errStatelessClient
		case c.done.Load():
			return errStatelessLate
		}
		if !c.accepted {
			c.accepted, err = c.stateless(byRead | byWrite)
		}
		accepted = c.accepted
		return err
	})
	return accepted, err
}

// stateless has libssl look at the ClientHello, as often as it takes until all of it is there.
func (c *Conn) stateless(by deadlineSet) (accepted bool, err error) {
	for {
		r, err := c.cross(doStateless, nil)
		if err != nil {
			c.flushFlight(by)
			return false, c.keepFailure(c.transportError(err))
		}
		switch r.code {
		case C.SSL_ERROR_NONE:
			err = c.flush(by)
			if err == nil {
				return r.n == 1, nil
			}
		case C.SSL_ERROR_WANT_READ:
			if err = c.fill(context.Background(), r.arrivals, by); err == nil && c.helloIsLong() {
				err = errLongHello
			}
		default:
			err = &Error{Op: "SSL_stateless", Ret: r.n, SSLError: r.code}
		}
		if err != nil {
			return false, c.keepFailure(c.transportError(err))
		}
	}
}

// helloIsLong bounds what has to be kept of a ClientHello, and read again with each part of it that comes.
func (c *Conn) helloIsLong() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.in.unread()) > record+overhead
}

// mostCookie is what TLS has room for beside libssl's own part; an empty cookie libssl does not take.
const mostCookie = 255

// runGenerateCookie is on_generate_cookie in shim.c: how much of buf the cookie takes.
func (s *SSL) runGenerateCookie(buf []byte) (n int, ok bool) {
	cb := load(&s.ctx.generateCookie)
	if cb == nil {
		return 0, false
	}
	var cookie []byte
	var err error
	if !s.callback(func() { cookie, err = cb(s) }) {
		return 0, false
	}
	if err == nil && (len(cookie) == 0 || len(cookie) > mostCookie) {
		err = fmt.Errorf("libssl: stateless cookie of %d bytes; 1 to %d wanted", len(cookie), mostCookie)
	}
	if err != nil {
		s.callbackErr = err
		return 0, false
	}
	return copy(buf, cookie), true
}

// runVerifyCookie is on_verify_cookie.
func (s *SSL) runVerifyCookie(cookie *C.uchar, n C.size_t) bool {
	cb := load(&s.ctx.verifyCookie)
	if cb == nil {
		return false
	}
	var err error
	if !s.callback(func() { err = cb(s, C.GoBytes(unsafe.Pointer(cookie), C.int(n))) }) {
		return false
	}
	s.callbackErr = err
	return err == nil
}
