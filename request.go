package libssl

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"os"
)

// request has libssl send something of its own accord after the handshake, by the C function of that name. While
// another handshake is under way it waits, as a Write does.
func (c *Conn) request(op operation, name string) error {
	if c.inCallback() {
		return ErrInCallback
	}
	c.writers.Add(1)
	defer c.writers.Add(-1)
	c.message.Lock()
	defer c.afterCall()
	defer c.message.Unlock()
	for {
		if c.closing.Load() {
			return ErrClosed
		}
		if !c.done.Load() {
			return fmt.Errorf("libssl: %s before the handshake is complete", name)
		}
		if c.deadlines.passed(byWrite) {
			return os.ErrDeadlineExceeded
		}
		// What a time-out left goes first, as in Write.
		if err := c.flush(byWrite); err != nil {
			return c.transportError(err)
		}
		r, err := c.cross(op, nil)
		if flushErr := c.flush(byWrite); err == nil {
			err = flushErr
		}
		switch {
		case err == nil && !r.refused:
			return nil
		case !Supports(name):
			return fmt.Errorf("libssl: %s: %w", name, ErrUnsupported)
		case !r.refused || !r.inInit:
			return c.transportError(err)
		}
		if err := c.await(context.Background(), r.arrivals, byWrite); err != nil { // a handshake is under way
			return err
		}
	}
}

// KeyUpdate has a TLS 1.3 connection go on with new keys for what it sends; with both the peer is asked to do so too.
// It is sent at once; the write deadline ends that.
//
// C: SSL_key_update(3)
func (c *Conn) KeyUpdate(both bool) error {
	if both {
		return c.request(doKeyUpdateOfBoth, "SSL_key_update")
	}
	return c.request(doKeyUpdate, "SSL_key_update")
}

// Renegotiate asks for a new handshake up to TLS 1.2, which TLS 1.3 does not have: a client begins one, a server asks
// its client to, which may refuse. The request is sent when it returns; the handshake goes on while the connection is
// read. From OpenSSL 3.0 on a server lets its clients begin one only with [AllowClientRenegotiation].
//
// C: SSL_renegotiate(3)
func (c *Conn) Renegotiate() error { return c.request(doRenegotiate, "SSL_renegotiate") }

// RenegotiateAbbreviated is Renegotiate with a client that offers to resume the connection's session.
//
// C: SSL_renegotiate_abbreviated(3)
func (c *Conn) RenegotiateAbbreviated() error {
	return c.request(doRenegotiateAbbreviated, "SSL_renegotiate_abbreviated")
}

// RenegotiatePending reports whether a renegotiation was asked for and has not begun, or goes on.
//
// C: SSL_renegotiate_pending(3)
func (s *SSL) RenegotiatePending() bool {
	return ask(s, func(p *C.SSL) bool { return C.SSL_renegotiate_pending(p) == 1 })
}

// SecureRenegotiation reports whether the peer supports RFC 5746.
//
// C: SSL_get_secure_renegotiation_support(3)
func (s *SSL) SecureRenegotiation() bool {
	return ask(s, func(p *C.SSL) bool { return C.gls_SSL_get_secure_renegotiation_support(p) == 1 })
}

// VerifyClientPostHandshake has a TLS 1.3 server ask its client for a certificate, by the verify mode that it has, if
// the client allows it: see SetPostHandshakeAuth. The request is sent when it returns; the answer comes while the
// connection is read, and a bad one ends the connection then.
//
// C: SSL_verify_client_post_handshake(3)
func (c *Conn) VerifyClientPostHandshake() error {
	return c.request(doVerifyClient, "SSL_verify_client_post_handshake")
}
