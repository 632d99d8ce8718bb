package openssl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/atclose"
)

// A Conn is a TLS connection over a transport: a net.Conn. Its methods may be called at any time from any goroutine. It
// has those of [SSL] and of [libssl.Conn] too, but for those that have another signature here.
//
// C: SSL_new(3)
type Conn struct {
	*SSL
	connection
	ctx   *Ctx
	ended atomic.Pointer[ended] // nil until Close
}

type rootConn = libssl.Conn

// connection is one level below a Conn, and its own SSL two, so that Go prefers the methods of the Conn's SSL to those.
type connection struct{ *rootConn }

// Client makes the client's end of a connection on conn, a transport, which it then owns. The handshake runs at the
// first Read, Write or Handshake. Neither does it ask for a server by name nor check the name in the server's
// certificate, as [Dial] does: see [Conn.SetTlsExtHostName] and [Conn.VerifyHostname].
//
// C: SSL_set_connect_state(3)
func Client(conn net.Conn, ctx *Ctx) (*Conn, error) { return newConn(conn, ctx, libssl.Client) }

// Server makes the server's end.
//
// C: SSL_set_accept_state(3)
func Server(conn net.Conn, ctx *Ctx) (*Conn, error) { return newConn(conn, ctx, libssl.Server) }

var errNoCtx = errors.New("no ssl context provided")

func newConn(transport net.Conn, ctx *Ctx, end func(net.Conn, *libssl.Ctx) (*libssl.Conn, error)) (*Conn, error) {
	if ctx == nil {
		return nil, errNoCtx
	}
	root, err := end(transport, ctx.Libssl())
	if err != nil {
		return nil, sslError(err)
	}
	c := &Conn{SSL: newSSL(root.SSL(), ctx), connection: connection{root}, ctx: ctx}
	atclose.Do(root, c.end)
	return c, nil
}

// Libssl returns what c is made of, for the functions and methods of package libssl.
func (c *Conn) Libssl() *libssl.Conn { return c.rootConn }

// GetCtx returns the Ctx that the connection was made from, also after [SSL.SetSSLCtx].
func (c *Conn) GetCtx() *Ctx { return c.ctx }

// UnderlyingConn returns the transport. Reading from it or writing to it corrupts the connection.
func (c *Conn) UnderlyingConn() net.Conn { return c.rootConn.NetConn() }

// LocalAddr returns the transport's.
func (c *Conn) LocalAddr() net.Addr { return c.rootConn.LocalAddr() }

// RemoteAddr returns the transport's.
func (c *Conn) RemoteAddr() net.Addr { return c.rootConn.RemoteAddr() }

// SetDeadline sets both deadlines. After one has passed the connection goes on with a later one.
func (c *Conn) SetDeadline(t time.Time) error { return c.rootConn.SetDeadline(t) }

// SetReadDeadline sets the time at which Read gives up; the zero time is never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.rootConn.SetReadDeadline(t) }

// SetWriteDeadline sets the time at which Write gives up; the zero time is never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.rootConn.SetWriteDeadline(t) }

// Handshake runs the handshake if it has not been run. It is [libssl.Conn.Handshake], but for a connection that was
// closed or cut off the error begins with [io.ErrUnexpectedEOF], and wraps it.
//
// C: SSL_do_handshake(3)
func (c *Conn) Handshake() error { return handshakeError(c.rootConn.Handshake()) }

// HandshakeContext is Handshake with a limit.
//
// C: SSL_do_handshake(3)
func (c *Conn) HandshakeContext(ctx context.Context) error {
	return handshakeError(c.rootConn.HandshakeContext(ctx))
}

// Read reads application data. It returns io.EOF after the peer's close_notify, after Close, and, as programs written
// for the original expect, also when the transport ends without a close_notify: what was cut off looks complete. The
// Read of [Conn.Libssl] returns io.ErrUnexpectedEOF for the last. With an empty b it returns at once, and runs no handshake.
//
// C: SSL_read(3)
func (c *Conn) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err = c.rootConn.Read(b)
	switch {
	case err == nil:
		return n, nil
	case err == io.ErrUnexpectedEOF, errors.Is(err, libssl.ErrClosed):
		return n, io.EOF
	}
	return n, handshakeError(err)
}

// Write writes application data. After Close the error begins "connection closed" and wraps [libssl.ErrClosed].
//
// C: SSL_write(3)
func (c *Conn) Write(b []byte) (written int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	written, err = c.rootConn.Write(b)
	if errors.Is(err, libssl.ErrClosed) {
		return written, fmt.Errorf("connection closed: %w", err)
	}
	return written, handshakeError(err)
}

// handshakeError makes of an error of package libssl one that begins as the original's did, which is for the reader:
// errors.Is and errors.As find the same, and io.ErrUnexpectedEOF in what says that the connection was cut off or closed.
func handshakeError(err error) error {
	switch {
	case err == nil, err == io.ErrUnexpectedEOF, errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, libssl.ErrClosed):
		return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	if e := new(libssl.Error); errors.As(err, &e) && len(e.Stack) > 0 {
		return queueError(err)
	}
	return err
}

// ended is what a program may still ask of a connection that was closed.
type ended struct {
	session *libssl.Session // nil for none
	cipher  string
	reused  bool
	result  VerifyResult
}

// end runs before the SSL is freed. Who finds no SSL finds this: it is looked for last.
func (c *Conn) end() {
	c.setAsked(c.GetServername())
	c.ended.Store(&ended{
		session: c.rootSSL.Session(),
		cipher:  c.CipherName(),
		reused:  c.rootSSL.SessionReused(),
		result:  resultOf(c.rootSSL.VerifyResult()),
	})
}

// Close ends the connection, as [libssl.Conn.Close] does, and the transport. It may be called more than once. Who waits for
// the peer or for a handshake is woken at once, also while a callback runs; Close itself waits for that. From inside one of
// the connection's callbacks it takes effect when the call that led to the callback ends, which may still succeed. The
// session, the cipher, the server name and what was found against the peer's certificate can be asked for afterwards too.
//
// C: SSL_shutdown(3)
func (c *Conn) Close() error { return sslError(c.rootConn.Close()) }

// CurrentCipher returns the name of the cipher suite.
//
// C: SSL_get_cipher_name(3)
func (c *Conn) CurrentCipher() (string, error) {
	name := c.CipherName()
	if e := c.ended.Load(); e != nil {
		name = e.cipher
	}
	if name == "" {
		//lint:ignore ST1005 the original's words
		return "", errors.New("Session not established")
	}
	return name, nil
}

var errConnClosed = fmt.Errorf("connection closed: %w", libssl.ErrClosed)

// PeerCertificate returns the certificate of the peer, after the handshake.
//
// C: SSL_get1_peer_certificate(3)
func (c *Conn) PeerCertificate() (*Certificate, error) {
	chain, err := c.peerChain()
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, errors.New("no peer certificate found")
	}
	return certFromDER(chain[0])
}

// PeerCertificateChain returns the certificates that the peer has sent: on a client with the peer's own as the first, on
// a server without that.
//
// C: SSL_get_peer_cert_chain(3)
func (c *Conn) PeerCertificateChain() (rv []*Certificate, err error) {
	chain, err := c.peerChain()
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, errors.New("no peer certificates found")
	}
	if c.IsServer() {
		chain = chain[1:]
	}
	rv = make([]*Certificate, 0, len(chain))
	for _, der := range chain {
		cert, err := certFromDER(der)
		if err != nil {
			return nil, err
		}
		rv = append(rv, cert)
	}
	return rv, nil
}

func (c *Conn) peerChain() ([][]byte, error) {
	chain := c.PeerCertChain()
	if c.ended.Load() != nil {
		return nil, errConnClosed
	}
	return chain, nil
}

// A ConnectionState is what was negotiated. Each certificate comes with the error of the method that it is from.
type ConnectionState struct {
	Certificate           *Certificate
	CertificateError      error
	CertificateChain      []*Certificate
	CertificateChainError error
	SessionReused         bool
}

// ConnectionState returns what [Conn.PeerCertificate], [Conn.PeerCertificateChain] and [Conn.SessionReused] do. More is
// in [libssl.Conn.ConnectionState].
func (c *Conn) ConnectionState() (rv ConnectionState) {
	rv.Certificate, rv.CertificateError = c.PeerCertificate()
	rv.CertificateChain, rv.CertificateChainError = c.PeerCertificateChain()
	rv.SessionReused = c.SessionReused()
	return rv
}

// VerifyHostname is [Certificate.VerifyHostname] for the peer's certificate.
func (c *Conn) VerifyHostname(host string) error {
	cert, err := c.PeerCertificate()
	if err != nil {
		return err
	}
	return cert.VerifyHostname(host)
}

// VerifyResult returns what libssl has found against the peer's certificate, or [Ok], which it is also for a peer
// without one.
//
// C: SSL_get_verify_result(3)
func (c *Conn) VerifyResult() VerifyResult {
	result := resultOf(c.rootSSL.VerifyResult())
	if e := c.ended.Load(); e != nil {
		return e.result
	}
	return result
}

// SetTlsExtHostName sets the name that a client asks its server for (SNI), before the handshake. An IP address is not
// sent: SNI carries names only.
//
// C: SSL_set_tlsext_host_name(3)
func (c *Conn) SetTlsExtHostName(name string) error { return sslError(c.SetServerName(name)) }

// SessionReused reports whether the handshake resumed a session.
//
// C: SSL_session_reused(3)
func (c *Conn) SessionReused() bool {
	reused := c.rootSSL.SessionReused()
	if e := c.ended.Load(); e != nil {
		return e.reused
	}
	return reused
}
