package openssl_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// The texts begin as they did, and errors.Is finds the rest.
func TestErrorsAreTyped(t *testing.T) {
	certs := testutil.Certs(t)

	client, server := pair(t, clientCtx(t), serverCtx(t, certs.OtherServer))
	clientErr, serverErr := shake(client, server)
	assert.ErrorIs(t, clientErr, libssl.ReasonCertificateVerifyFailed)
	assert.Regexp(t, "^SSL errors: .*certificate verify failed", clientErr.Error())
	var e *libssl.Error
	require.ErrorAs(t, clientErr, &e)
	assert.NotNil(t, e.Verify)
	assert.Regexp(t, "^SSL errors: ", serverErr.Error())
	require.ErrorAs(t, serverErr, &e)
	_, sent, ok := e.Alert()
	assert.True(t, ok)
	assert.False(t, sent)

	ctx, err := openssl.NewCtx()
	require.NoError(t, err)
	err = ctx.SetCipherList("no such cipher")
	assert.Regexp(t, "^SSL errors: .*no cipher match", err.Error())
	assert.ErrorAs(t, err, &e)
	err = ctx.SetSessionId(make([]byte, 33))
	assert.Regexp(t, "^SSL errors: ", err.Error())
	assert.ErrorIs(t, err, libssl.ReasonSSLSessionIDContextTooLong)
	assert.Regexp(t, "^SSL errors: ", ctx.LoadVerifyLocations("/nonexistent", "").Error())

	a, _ := testutil.Pipe(t)
	client, err = openssl.Client(a, ctx)
	require.NoError(t, err)
	for _, name := range []string{"", strings.Repeat("x", 256)} {
		err := client.SetTlsExtHostName(name)
		assert.Regexp(t, "^SSL errors: ", err.Error())
		assert.ErrorIs(t, err, libssl.ReasonSSL3ExtInvalidServername)
	}

	require.NoError(t, ctx.Close())
	_, err = openssl.Client(nil, ctx)
	assert.Error(t, err)
	_, err = openssl.Client(a, ctx)
	assert.ErrorIs(t, err, libssl.ErrClosed)
	_, err = openssl.Server(a, nil)
	assert.EqualError(t, err, "no ssl context provided")
	_, err = openssl.Listen("tcp", "127.0.0.1:0", nil)
	assert.EqualError(t, err, "no ssl context provided")
	assert.ErrorIs(t, new(openssl.Ctx).SetCipherList("ALL"), libssl.ErrClosed)
	assert.Empty(t, new(openssl.SSL).GetServername())
	assert.Zero(t, new(openssl.SSL).SetOptions(openssl.NoTicket))
}

func TestErrorsOfClosedAndCutConnections(t *testing.T) {
	client, server := connected(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	require.NoError(t, client.Close())
	_, err := client.Write([]byte("x"))
	assert.Regexp(t, "^connection closed", err.Error())
	assert.ErrorIs(t, err, libssl.ErrClosed)
	_, err = client.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	err = client.Handshake()
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Regexp(t, "^unexpected EOF", err.Error())
	_, err = server.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	n, err := client.Write(nil)
	assert.NoError(t, err)
	assert.Zero(t, n)

	// In the handshake.
	client, server = pair(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	require.NoError(t, server.UnderlyingConn().Close())
	err = client.Handshake()
	require.Error(t, err)
	if !errors.As(err, new(*net.OpError)) { // the kernel may have answered with a reset
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
}

// A cut looks like an end to Read, as it did, and not to the Read of package libssl.
func TestCut(t *testing.T) {
	for _, root := range []bool{false, true} {
		client, server := connected(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
		_, err := server.Write([]byte("hello"))
		require.NoError(t, err)
		_, err = io.ReadFull(client, make([]byte, 5))
		require.NoError(t, err)
		require.NoError(t, server.UnderlyingConn().(*net.TCPConn).CloseWrite())
		var r io.Reader = client
		want := io.EOF
		if root {
			r, want = client.Libssl(), io.ErrUnexpectedEOF
		}
		_, err = r.Read(make([]byte, 1))
		assert.Equal(t, want, err)
	}
}

// The peer's end of sending is not ours.
func TestWriteAfterPeersCloseWrite(t *testing.T) {
	client, server := connected(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	require.NoError(t, client.CloseWrite())
	_, err := server.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	_, err = server.Write([]byte("late"))
	require.NoError(t, err)
	got := make([]byte, 4)
	_, err = io.ReadFull(client, got)
	require.NoError(t, err)
	assert.Equal(t, "late", string(got))
}

func TestDeadlines(t *testing.T) {
	client, _ := connected(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	require.NoError(t, client.SetDeadline(time.Unix(1, 0)))
	_, err := client.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	timeout, ok := err.(net.Error)
	require.True(t, ok)
	assert.True(t, timeout.Timeout())
	require.NoError(t, client.SetReadDeadline(time.Time{}))
	_, err = client.Write([]byte("x"))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, client.SetWriteDeadline(time.Time{}))
	_, err = client.Write([]byte("x"))
	assert.NoError(t, err)
	assert.Equal(t, client.UnderlyingConn().LocalAddr(), client.LocalAddr())
	assert.Equal(t, client.UnderlyingConn().RemoteAddr(), client.RemoteAddr())
}

// Nothing to read or to write asks nothing of the peer, who here has yet to begin, and of the connection.
func TestEmptyBuffers(t *testing.T) {
	client, _ := pair(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	require.NoError(t, client.SetDeadline(time.Unix(1, 0)))
	for range 2 {
		n, err := client.Read(nil)
		assert.NoError(t, err)
		assert.Zero(t, n)
		n, err = client.Write([]byte{})
		assert.NoError(t, err)
		assert.Zero(t, n)
		client.Close()
	}
}

// A server that says nothing ends a Dial by its deadline, or by the caller's.
func TestDialHasDeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	openssl.SetDialTimeout(t, 20*time.Millisecond)
	_, err = openssl.Dial("tcp", l.Addr().String(), nil, 0)
	assert.ErrorIs(t, err, context.DeadlineExceeded)

	limit, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = openssl.DialContext(limit, "tcp", l.Addr().String(), nil, 0, nil)
	assert.ErrorIs(t, err, context.Canceled)
}

// A log line is often written when all is over.
func TestServerNameAfterClose(t *testing.T) {
	client, server := pair(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	require.NoError(t, client.SetTlsExtHostName("localhost"))
	clientErr, serverErr := shake(client, server)
	require.NoError(t, errors.Join(clientErr, serverErr))
	for _, c := range []*openssl.Conn{client, server} {
		assert.Equal(t, "localhost", c.GetServername())
		c.Close()
		assert.Equal(t, "localhost", c.GetServername())
	}
}

func TestDialChecksTheName(t *testing.T) {
	addr := serve(t, serverCtx(t, testutil.Certs(t).Client)) // whose certificate has no name of a server
	_, err := openssl.Dial("tcp", addr, nil, 0)
	assert.Equal(t, openssl.ValidationError, err)
	c, err := openssl.Dial("tcp", addr, nil, openssl.InsecureSkipHostVerification|openssl.DisableSNI)
	require.NoError(t, err)
	assert.Empty(t, c.GetServername())
	c.Close()

	_, port, _ := net.SplitHostPort(serve(t, serverCtx(t, testutil.Certs(t).Server)))
	hosts := []string{"127.0.0.1"}
	if _, err := net.LookupHost("localhost"); err == nil { // a bare chroot has no such name
		hosts = append(hosts, "localhost")
	}
	for _, host := range hosts {
		c, err := openssl.Dial("tcp", net.JoinHostPort(host, port), clientCtx(t), 0)
		require.NoError(t, err)
		want := host
		if net.ParseIP(host) != nil {
			want = ""
		}
		assert.Equal(t, want, c.GetServername())
		c.Close()
	}
	_, err = openssl.Dial("tcp", "no port", nil, 0)
	assert.Error(t, err)
}

// Read, Write and Close from several goroutines at once.
func TestConcurrentUse(t *testing.T) {
	client, server := connected(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var all sync.WaitGroup
	for _, c := range []*openssl.Conn{client, server} {
		all.Go(func() {
			_, err := c.Write(data)
			assert.NoError(t, err)
		})
		all.Go(func() {
			got := make([]byte, len(data))
			_, err := io.ReadFull(c, got)
			assert.NoError(t, err)
			assert.True(t, bytes.Equal(data, got))
		})
	}
	all.Wait()

	for range 4 { // until they are closed
		all.Go(func() { io.Copy(io.Discard, client) })
		all.Go(func() {
			for {
				if _, err := client.Write(data[:1000]); err != nil {
					return
				}
				client.SessionReused()
				client.PeerCertificate()
			}
		})
	}
	b := make([]byte, 5000)
	_, err := io.ReadFull(server, b)
	require.NoError(t, err)
	for range 2 {
		all.Go(func() { client.Close() })
	}
	all.Wait()
}

func TestPeerCertificates(t *testing.T) {
	certs := testutil.Certs(t)
	servers := serverCtx(t, certs.ServerChain)
	require.NoError(t, servers.GetCertificateStore().LoadCertificatesFromPEM(certs.CA.PEM))
	servers.SetVerify(openssl.VerifyPeer|openssl.VerifyFailIfNoPeerCert, nil)
	clients := clientCtx(t)
	cert, err := openssl.LoadCertificateFromPEM(testutil.CertPEM(certs.Client))
	require.NoError(t, err)
	key, err := openssl.LoadPrivateKeyFromPEM(testutil.KeyPEM(t, certs.Client))
	require.NoError(t, err)
	require.NoError(t, clients.UsePrivateKey(key)) // before the certificate
	require.NoError(t, clients.UseCertificate(cert))
	client, server := connected(t, clients, servers)

	state := client.ConnectionState()
	require.NoError(t, state.CertificateError)
	require.NoError(t, state.CertificateChainError)
	require.Len(t, state.CertificateChain, 2)
	for i, c := range state.CertificateChain {
		text, err := c.MarshalPEM()
		require.NoError(t, err)
		assert.Contains(t, string(testutil.CertPEM(certs.ServerChain)), string(text), "certificate %d", i)
	}
	assert.NoError(t, client.VerifyHostname("www.example.test"))
	assert.NoError(t, client.VerifyHostname("[::1]"))
	assert.Equal(t, openssl.ValidationError, client.VerifyHostname("example.org"))

	state = server.ConnectionState()
	require.NoError(t, state.CertificateError)
	require.NoError(t, state.CertificateChainError)
	require.Len(t, state.CertificateChain, 1, "without the client's own, and with the CA that libssl has added to it")
	text, err := state.CertificateChain[0].MarshalPEM()
	require.NoError(t, err)
	assert.Equal(t, certs.CA.PEM, text)
	assert.Same(t, servers, server.GetCtx())

	// They are copies.
	client.Close()
	server.Close()
	client, server = nil, nil
	testutil.Collect()
	again, err := state.CertificateChain[0].MarshalPEM()
	require.NoError(t, err)
	assert.Equal(t, text, again)

	client, server = pair(t, clientCtx(t), servers)
	_, serverErr := shake(client, server)
	assert.Error(t, serverErr, "a client without a certificate")
	client, server = connected(t, clientCtx(t), serverCtx(t, certs.Server))
	_, err = server.PeerCertificate()
	assert.EqualError(t, err, "no peer certificate found")
	_, err = server.PeerCertificateChain()
	assert.EqualError(t, err, "no peer certificates found")
	assert.Error(t, server.VerifyHostname("localhost"))
	assert.Equal(t, openssl.Ok, client.VerifyResult())
}

func TestHandshakeContext(t *testing.T) {
	client, server := pair(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	assert.Equal(t, context.DeadlineExceeded, client.HandshakeContext(ctx), "nobody answers")
	server.Close()

	client, server = pair(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	go server.Handshake()
	require.NoError(t, client.HandshakeContext(context.Background()))

	client, _ = pair(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	require.NoError(t, client.Close())
	err := client.HandshakeContext(context.Background())
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Regexp(t, "^"+io.ErrUnexpectedEOF.Error(), err.Error())
}
