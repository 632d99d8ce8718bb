//go:build goopenssl

// Command goopenssl measures github.com/libp2p/go-openssl. It is a program of its own because that package's C names
// carry no prefix of its own.
package main

import (
	"net"

	"github.com/libp2p/go-openssl"

	"github.com/go-libssl/libssl/bench/internal/load"
)

func main() { load.Main(newStack) }

type stack struct{ server, client *openssl.Ctx }

func newStack(s load.Setup) (load.Stack, error) {
	var k stack
	var err error
	if k.server, err = openssl.NewCtxFromFiles(s.Cert, s.Key); err != nil {
		return nil, err
	}
	if k.client, err = openssl.NewCtx(); err != nil {
		return nil, err
	}
	if err := k.client.LoadVerifyLocations(s.CA, ""); err != nil {
		return nil, err
	}
	k.client.SetVerifyMode(openssl.VerifyPeer)
	for _, ctx := range []*openssl.Ctx{k.server, k.client} {
		ctx.SetMode(openssl.ReleaseBuffers)
		ctx.SetMinProtoVersion(openssl.Version(s.Version))
		ctx.SetMaxProtoVersion(openssl.Version(s.Version))
	}
	return &k, k.server.SetSessionId([]byte("bench"))
}

// The package doesn't tell, and a Go program's own version says nothing here: it is the libssl of the others.
func (k *stack) Library() string { return "" }

func (k *stack) Server(transport net.Conn) (net.Conn, error) {
	return openssl.Server(transport, k.server)
}

func (k *stack) Dial(addr string, session any) (net.Conn, error) {
	var der []byte
	if session != nil {
		der = session.([]byte)
	}
	return openssl.DialSession("tcp", addr, k.client, openssl.DisableSNI, der)
}

func (k *stack) Session(c net.Conn) (any, error) { return c.(*openssl.Conn).GetSession() }

func (k *stack) Resumed(c net.Conn) bool { return c.(*openssl.Conn).SessionReused() }
