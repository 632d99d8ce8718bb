package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"context"
	"errors"
)

var (
	errServerSession = errors.New("libssl: AwaitSession: a server's own session is given by Session")
	errNoSession     = errors.New("libssl: AwaitSession: the server gave no session that can be resumed")
)

// AwaitSession returns the newest session that a client can resume. In TLS 1.3 it waits for a ticket, which comes
// after the handshake; if nobody reads the connection it does so itself, and keeps what application data comes first
// for a Read to come. It does not wait where no session can come any more.
//
// C: SSL_get1_session(3)
func (c *Conn) AwaitSession(ctx context.Context) (*Session, error) {
	if c.server {
		return nil, errServerSession
	}
	inside := c.inCallback()
	if !inside {
		if err := c.HandshakeContext(ctx); err != nil {
			return nil, err
		}
	}
	for {
		sess, arrivals, err := c.newestSession()
		if sess != nil || err != nil {
			return sess, err
		}
		if inside {
			return nil, ErrInCallback
		}
		if err := c.await(ctx, arrivals, 0); err != nil && err != errPeerClosed {
			return nil, err
		}
	}
}

// newestSession returns nil and no error while a session may still come.
func (c *Conn) newestSession() (*Session, uint64, error) {
	defer c.unlock(c.lock())
	if c.ptr == nil {
		return nil, 0, c.gone()
	}
	sess := newSession(C.gls_SSL_get1_session(c.ptr))
	if sess != nil {
		if sess.IsResumable() && (sess.Version() < C.TLS1_3_VERSION || !bytes.Equal(sess.ID(), c.offered)) {
			return sess, 0, nil
		}
		sess.Close()
	}
	switch {
	case c.broken != nil:
		return nil, 0, c.broken
	case C.SSL_version(c.ptr) < C.TLS1_3_VERSION, C.SSL_get_shutdown(c.ptr)&C.SSL_RECEIVED_SHUTDOWN != 0:
		return nil, 0, errNoSession
	}
	return nil, c.arrivals, nil
}
