package libtls

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-libssl/libssl"
)

const versionTLS13 = tls.VersionTLS13

// A Conn is a TLS connection, a net.Conn. Its methods may be called at any time from any goroutine.
type Conn struct {
	conn       *libssl.Conn
	client     bool
	trust      trust           // a client's
	serverName string          // a client's
	file       *sessionFile    // a client's; nil: none
	untidy     *libssl.Session // the session offered, if there was more in the file

	askedName atomic.Pointer[string]     // by a server's client
	ocsp      atomic.Pointer[ocspStatus] // what is known of the peer's certificate; nil for nothing

	saving    sync.Mutex      // held while a handshake is ended or a session saved, before mu; guards what follows
	mark      []byte          // of the session: how its full handshake verified the server
	early     *libssl.Session // came before the handshake was over
	lockTries int             // how often the file's lock is still tried

	mu       sync.Mutex // held for moments; guards what follows
	finished bool       // the handshake is over
	failure  error      // what it ended with
	known    facts      // what it came to; nothing if it failed
	cut      bool       // the transport ended without a close_notify
	saveErr  error      // of a ticket that came after the handshake
	closed   bool
}

// Handshake runs the handshake. Once it is complete it is an error, [ErrHandshakeCompleted]; a failure is final and
// returned again, by Read and Write too, but a time-out is not: then the handshake goes on when it is called again.
//
// C: tls_handshake(3)
func (c *Conn) Handshake() error {
	c.mu.Lock()
	completed := c.finished && c.failure == nil
	c.mu.Unlock()
	if completed {
		return fault(ErrHandshakeCompleted, nil)
	}
	return c.shakeHands(c.conn.Handshake)
}

// shakeHands runs the handshake unless it is over.
func (c *Conn) shakeHands(run func() error) error {
	if over, err := c.outcome(); over {
		return err
	}
	err := run()
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, libssl.ErrInCallback) {
		return err
	}
	c.saving.Lock()
	defer c.saving.Unlock()
	if over, err := c.outcome(); over { // another call has been faster
		return err
	}
	known, failure := c.finish(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.failure, c.finished = known, failure, true
	return failure
}

func (c *Conn) outcome() (over bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.finished, c.failure
}

// finish is what is left to do when libssl is done. c.saving is held.
func (c *Conn) finish(err error) (facts, error) {
	if err != nil {
		return facts{}, connectionFault(ErrHandshake, err)
	}
	known := c.facts()
	if c.client {
		if err := c.checkServer(&known.state); err != nil {
			return facts{}, err
		}
		if err := c.saveAtEnd(&known.state); err != nil {
			return facts{}, err
		}
	}
	return known, nil
}

// Read reads application data, after the handshake. It returns io.EOF after the peer's close_notify only, and
// io.ErrUnexpectedEOF when the transport ends without one.
//
// C: tls_read(3)
func (c *Conn) Read(p []byte) (int, error) {
	if err := c.shakeHands(c.readNothing); err != nil {
		return 0, err
	}
	n, err := c.conn.Read(p)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case err == io.ErrUnexpectedEOF:
		c.mu.Lock()
		c.cut = true
		c.mu.Unlock()
		return n, err
	}
	return n, connectionFault(ErrRead, err)
}

// Write writes application data, after the handshake.
//
// C: tls_write(3)
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.shakeHands(c.writeNothing); err != nil {
		return 0, err
	}
	n, err := c.conn.Write(p)
	if err != nil {
		err = connectionFault(ErrWrite, err)
	}
	return n, err
}

// A Read's handshake ends by its deadline alone, and so does a Write's.
func (c *Conn) readNothing() error  { _, err := c.conn.Read(nil); return err }
func (c *Conn) writeNothing() error { _, err := c.conn.Write(nil); return err }

// CloseWrite sends close_notify: the peer reads io.EOF. Reading goes on.
func (c *Conn) CloseWrite() error { return c.conn.CloseWrite() }

// Close sends close_notify if that can be done, and closes the transport. It is an error if the transport had ended
// without the peer's close_notify, [ErrEOFWithoutCloseNotify], or if a session that came after the handshake could not
// be saved; the connection is closed all the same. It takes up to five seconds if the peer takes nothing any more. What is
// known of the connection stays known. It may be called more than once.
//
// C: tls_close(3)
func (c *Conn) Close() error {
	err := c.conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	switch {
	case c.cut:
		return fault(ErrEOFWithoutCloseNotify, err)
	case c.saveErr != nil:
		return c.saveErr
	}
	return err
}

// LocalAddr returns the transport's.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the transport's.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// NetConn returns the transport. Reading from it or writing to it corrupts the connection.
func (c *Conn) NetConn() net.Conn { return c.conn.NetConn() }

// SetDeadline sets both deadlines. The handshake is ended by either.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// SetReadDeadline sets when a Read is given up.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline sets when a Write is given up.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }
