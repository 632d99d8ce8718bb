package openssl_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// serverCtx returns a Ctx for servers with a certificate.
func serverCtx(t testing.TB, cert tls.Certificate) *openssl.Ctx {
	ctx, err := openssl.NewCtxFromFiles(testutil.Files(t, cert))
	require.NoError(t, err)
	return ctx
}

// clientCtx returns a Ctx that verifies its servers.
func clientCtx(t testing.TB) *openssl.Ctx {
	ctx, err := openssl.NewCtx()
	require.NoError(t, err)
	require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
	ctx.SetVerifyMode(openssl.VerifyPeer)
	return ctx
}

// pair returns two ends of a connection, without the handshake.
func pair(t testing.TB, clients, servers *openssl.Ctx) (client, server *openssl.Conn) {
	c, s := testutil.TCP(t)
	client, err := openssl.Client(c, clients)
	require.NoError(t, err)
	server, err = openssl.Server(s, servers)
	require.NoError(t, err)
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

// shake runs both handshakes.
func shake(client, server *openssl.Conn) (clientErr, serverErr error) {
	done := make(chan error)
	go func() {
		err := server.Handshake()
		if err != nil {
			server.Close()
		}
		done <- err
	}()
	clientErr = client.Handshake()
	if clientErr != nil {
		client.Close()
	}
	return clientErr, <-done
}

func connected(t testing.TB, clients, servers *openssl.Ctx) (client, server *openssl.Conn) {
	client, server = pair(t, clients, servers)
	clientErr, serverErr := shake(client, server)
	require.NoError(t, clientErr)
	require.NoError(t, serverErr)
	return client, server
}

// serve has a server echo what each client sends, and returns its address.
func serve(t testing.TB, ctx *openssl.Ctx) (addr string) {
	l, err := openssl.Listen("tcp", "127.0.0.1:0", ctx)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// echo sees a message come back.
func echo(t testing.TB, c net.Conn) {
	_, err := c.Write([]byte("hello"))
	require.NoError(t, err)
	got := make([]byte, 5)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
}

// panicOf returns what f panics with, nil for nothing.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

var versions = map[string]openssl.Options{"TLS 1.3": 0, "TLS 1.2": 1 << 29} // SSL_OP_NO_TLSv1_3
