//go:build cgo

package libssl

import (
	"errors"
	"net"
)

// Listen listens on addr for connections that are served with ctx.
func Listen(network, addr string, ctx *Ctx) (net.Listener, error) {
	if ctx == nil {
		return nil, errors.New("libssl: Listen with a nil Ctx")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return nil, err
	}
	return NewListener(l, ctx), nil
}

// NewListener returns a listener whose connections are *Conn served with ctx, on those that l accepts. Accept does
// not wait for handshakes: each runs at its connection's first Read, Write or Handshake.
func NewListener(l net.Listener, ctx *Ctx) net.Listener {
	return &listener{l, ctx}
}

type listener struct {
	net.Listener
	ctx *Ctx
}

func (l *listener) Accept() (net.Conn, error) {
	transport, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c, err := Server(transport, l.ctx)
	if err != nil {
		transport.Close()
		return nil, err
	}
	return c, nil
}
