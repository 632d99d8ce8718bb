//go:build cgo

package libssl

import (
	"errors"
	"log"
	"net"
	"sync"
	"time"
)

// Listen listens on addr for connections that are served with ctx. It returns a *[Listener].
//
// [net/http] serves it, but knows TLS only by crypto/tls: Request.TLS is nil, and http.Server.ConnContext is given the
// *Conn. For HTTP/2 it takes [SelectALPN] with "h2", and http.Protocols.SetUnencryptedHTTP2 on the server.
func Listen(network, addr string, ctx *Ctx) (net.Listener, error) {
	if ctx == nil {
		return nil, errors.New("libssl: Listen with a nil Ctx")
	}
	if ctx.isClosed() {
		return nil, ErrClosed
	}
	if err := ctx.takes(true); err != nil {
		return nil, err
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return nil, err
	}
	return NewListener(l, ctx), nil
}

// NewListener returns a listener, a *[Listener], whose connections are *Conn served with ctx on those that l accepts.
func NewListener(l net.Listener, ctx *Ctx) net.Listener {
	return &Listener{Listener: l, ctx: ctx, closed: make(chan struct{})}
}

// A Listener hands out connections without waiting for their handshakes: each runs at its connection's first Read,
// Write or Handshake. Set its fields before the first Accept.
type Listener struct {
	net.Listener

	// HandshakeTimeout is how long after Accept a connection may take to complete its handshake; its transport is
	// closed then, whether anybody waits for it or not, and the handshake's error is os.ErrDeadlineExceeded. 0 is no
	// limit.
	HandshakeTimeout time.Duration

	// ErrorLog is told of what went wrong while Accept went on: passing failures of the listener below, as too many
	// open files, after which it waits a little, and connections that no SSL could be made for. nil is log's default.
	ErrorLog *log.Logger

	ctx       *Ctx
	closeOnce sync.Once
	closed    chan struct{}
}

// Close stops listening. Connections go on.
func (l *Listener) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// maxBackoff is the longest pause after a passing failure; the first one is a two-hundredth of it.
const maxBackoff = time.Second

// Accept waits for the next connection, a *Conn. Failures that pass are logged; an error is final.
func (l *Listener) Accept() (net.Conn, error) {
	var pause time.Duration
	for {
		transport, err := l.Listener.Accept()
		if err != nil {
			if !passing(err) {
				return nil, err
			}
			pause = min(max(2*pause, maxBackoff/200), maxBackoff)
			l.logf("libssl: accept: %v; again in %v", err, pause)
			if !l.wait(pause) {
				return nil, err
			}
			continue
		}
		pause = 0
		c, err := Server(transport, l.ctx)
		if err == nil {
			c.limitHandshake(l.HandshakeTimeout)
			return c, nil
		}
		transport.Close()
		if l.ctx == nil || l.ctx.isClosed() || l.ctx.takes(true) != nil {
			return nil, err
		}
		l.logf("libssl: connection from %v dropped: %v", transport.RemoteAddr(), err)
	}
}

// passing reports whether a listener's error says that it may work again.
func passing(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// wait reports false if the listener was closed meanwhile.
func (l *Listener) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.closed:
		return false
	}
}

func (l *Listener) logf(format string, args ...any) {
	logger := l.ErrorLog
	if logger == nil {
		logger = log.Default()
	}
	logger.Printf(format, args...)
}
