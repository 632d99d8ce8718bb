// Command libssl measures this project's binding.
package main

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/bench/internal/load"
)

func main() { load.Main(newStack) }

type stack struct{ server, client *libssl.Ctx }

func newStack(s load.Setup) (load.Stack, error) {
	cert, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, err
	}
	var k stack
	if k.server, err = libssl.NewServerCtx(cert); err != nil {
		return nil, err
	}
	if k.client, err = libssl.NewClientCtx(); err != nil {
		return nil, err
	}
	if err := k.client.LoadVerifyLocations(s.CA, ""); err != nil {
		return nil, err
	}
	for _, ctx := range []*libssl.Ctx{k.server, k.client} {
		if err := ctx.SetMinVersion(s.Version); err != nil {
			return nil, err
		}
		if err := ctx.SetMaxVersion(s.Version); err != nil {
			return nil, err
		}
	}
	return &k, nil
}

func (k *stack) Library() string { return libssl.Version() }

func (k *stack) Server(transport net.Conn) (net.Conn, error) {
	return libssl.Server(transport, k.server)
}

func (k *stack) Dial(addr string, session any) (net.Conn, error) {
	d := libssl.Dialer{NetDialer: &load.Dialer, Ctx: k.client}
	if session != nil {
		d.Session = session.(*libssl.Session)
	}
	return d.DialContext(context.Background(), "tcp", addr)
}

func (k *stack) Session(c net.Conn) (any, error) { return c.(*libssl.Conn).Session(), nil }

func (k *stack) Resumed(c net.Conn) bool { return c.(*libssl.Conn).SessionReused() }
