package openssl

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/go-libssl/libssl"
)

// ticketTimeout is how long GetSession waits for a ticket that a server should have sent. Tests have less time.
var ticketTimeout = 5 * time.Second

var errNoSession = errors.New("failed to get session")

// GetSession returns the connection's session in DER, for [DialSession]; it holds secrets. On a client in TLS 1.3 it
// waits for the server's ticket, without which a session can't be resumed, for five seconds at most; if none comes it
// returns a session that can't be resumed. Another goroutine may read meanwhile, and what comes in is kept for the next
// Read. [libssl.Conn.AwaitSession] waits for as long as it is told.
//
// C: i2d_SSL_SESSION(3)
func (c *Conn) GetSession() ([]byte, error) {
	sess := c.session()
	if sess == nil {
		return nil, errNoSession
	}
	der, err := sess.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSession, err)
	}
	return der, nil
}

func (c *Conn) session() *libssl.Session {
	sess := c.rootSSL.Session()
	if e := c.ended.Load(); e != nil {
		return e.session
	}
	if sess == nil || c.IsServer() || sess.Version() < tls.VersionTLS13 || !c.rootConn.ConnectionState().HandshakeComplete {
		return sess
	}
	ctx, cancel := context.WithTimeout(context.Background(), ticketTimeout)
	defer cancel()
	if resumable, err := c.AwaitSession(ctx); err == nil {
		return resumable
	}
	return sess
}

// setSession makes a client offer a session that GetSession has returned.
func (c *Conn) setSession(der []byte) error {
	sess, err := libssl.ParseSession(der)
	if err != nil {
		return fmt.Errorf("unable to load session: %w", queueError(err))
	}
	defer sess.Close()
	if err := c.SetSession(sess); err != nil {
		return fmt.Errorf("unable to set session: %w", sslError(err))
	}
	return nil
}
