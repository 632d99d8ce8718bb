package tests

import (
	"bufio"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What either side asks for after the handshake, of the openssl command and by it.

// Types of handshake messages.
const (
	serverHello        = 2
	certificateRequest = 13
)

// finishedRead is what the command writes with -msg when our Finished has come.
const finishedRead = "^<<< .*Finished"

// A guest is an openssl s_client or s_server that is connected with us.
type guest struct {
	*testutil.Process
	conn *libssl.Conn
	seen *messages // those that came and went at our end
}

// clientGuest is an s_client of a server of ours.
func clientGuest(t *testing.T, ctx *libssl.Ctx, mode pair.Mode, more ...string) *guest {
	t.Helper()
	g := &guest{seen: new(messages).of(ctx)}
	next := serveAll(t, ctx)
	g.Process = testutil.OpenSSL(t, append([]string{"s_client", "-connect", next.addr, versionFlag(mode), "-msg"}, more...)...)
	g.conn = next.conn(t)
	g.talk(t)
	return g
}

// serverGuest is an s_server of a client of ours.
func serverGuest(t *testing.T, ctx *libssl.Ctx, mode pair.Mode, more ...string) *guest {
	t.Helper()
	g := &guest{seen: new(messages).of(ctx)}
	server := startServer(t, mode, append(more, "-msg")...)
	g.Process, g.conn = server.Process, server.dial(t, ctx, nil)
	require.NoError(t, g.conn.Handshake())
	g.talk(t)
	return g
}

// talk has the command send a line, after it has written what each of patterns asks for, and answers it. Meanwhile our
// end reads, and so answers what it is asked for.
func (g *guest) talk(t *testing.T, patterns ...string) {
	t.Helper()
	line := async(func() string {
		line, err := bufio.NewReader(g.conn).ReadString('\n')
		return fmt.Sprint(line, err)
	})
	for _, pattern := range patterns {
		g.Expect(t, pattern)
	}
	g.Send(t, "hello from openssl")
	require.Equal(t, "hello from openssl\n<nil>", receive(t, line, "the line"))
	_, err := io.WriteString(g.conn, "hello from Go\n")
	require.NoError(t, err)
	g.Expect(t, "hello from Go")
}

func TestOpenSSLKeyUpdate(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	for _, tt := range []struct {
		name  string
		guest func(t *testing.T) *guest
		said  string // when it has understood
	}{
		{"s_client", func(t *testing.T) *guest { return clientGuest(t, mode.ServerCtx(t), mode) }, "^KEYUPDATE"},
		{"s_server", func(t *testing.T) *guest { return serverGuest(t, mode.ClientCtx(t), mode) }, "^>>> .*KeyUpdate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := tt.guest(t)
			command := func(letter string) {
				g.Send(t, letter)
				g.talk(t, tt.said)
			}
			command("k")
			assert.Equal(t, [2]int{0, 1}, g.seen.counts(keyUpdate))
			command("K")
			assert.Equal(t, [2]int{1, 2}, g.seen.counts(keyUpdate))
			require.NoError(t, g.conn.KeyUpdate(false))
			g.talk(t, `^<<< .*KeyUpdate`)
			assert.Equal(t, [2]int{2, 2}, g.seen.counts(keyUpdate))
			require.NoError(t, g.conn.KeyUpdate(true))
			g.talk(t, `^<<< .*KeyUpdate`)
			assert.Equal(t, [2]int{3, 3}, g.seen.counts(keyUpdate))
		})
	}
}

func TestOpenSSLRenegotiation(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[1]
	t.Run("s_client", func(t *testing.T) {
		t.Parallel()
		server := mode.ServerCtx(t)
		server.SetOptions(libssl.AllowClientRenegotiation)
		g := clientGuest(t, server, mode)
		assert.True(t, g.conn.SecureRenegotiation())
		g.Send(t, "R")
		g.talk(t, "^RENEGOTIATING", finishedRead)
		assert.Equal(t, [2]int{0, 2}, g.seen.counts(clientHello))
		assert.Equal(t, 1, server.SessionStats().AcceptRenegotiate)

		require.NoError(t, g.conn.Renegotiate())
		g.talk(t, "^<<< .*HelloRequest", finishedRead)
		assert.Equal(t, [2]int{1, 0}, g.seen.counts(helloRequest))
		assert.Equal(t, [2]int{0, 3}, g.seen.counts(clientHello))
	})
	t.Run("s_client, not allowed to", func(t *testing.T) {
		t.Parallel()
		server := mode.ServerCtx(t)
		server.SetOptions(libssl.NoRenegotiation)
		g := clientGuest(t, server, mode)
		g.Send(t, "R")
		g.Expect(t, "^RENEGOTIATING")
		_, err := g.conn.Read(make([]byte, 1))
		require.Error(t, err)
		g.Expect(t, "no renegotiation")
		assert.Equal(t, [2]int{1, 0}, g.seen.counts(serverHello))
	})
	t.Run("s_server", func(t *testing.T) {
		t.Parallel()
		more := []string{"-no_resumption_on_reneg"}
		if libssl.VersionNumber() >= 0x30000000 {
			more = append(more, "-client_renegotiation") // before, that was so
		}
		client := mode.ClientCtx(t)
		cert, v := locked(testutil.Certs(t).Client)
		require.NoError(t, client.UseCertificate(cert))
		g := serverGuest(t, client, mode, more...)
		require.NoError(t, g.conn.Renegotiate())
		g.talk(t, "^<<< .*ClientHello", finishedRead)
		assert.Equal(t, [2]int{2, 0}, g.seen.counts(clientHello))
		g.Send(t, "r")
		g.talk(t, "^>>> .*HelloRequest", finishedRead)
		assert.Equal(t, [2]int{0, 1}, g.seen.counts(helloRequest))
		assert.Equal(t, [2]int{3, 0}, g.seen.counts(clientHello))
		assert.Zero(t, v.used.Load())
		g.Send(t, "R") // and asks for a certificate
		g.talk(t, "^>>> .*HelloRequest", finishedRead)
		assert.Equal(t, [2]int{0, 1}, g.seen.counts(certificateRequest))
		assert.Equal(t, int32(1), v.used.Load())
	})
}

func TestOpenSSLPostHandshakeAuth(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	certs := testutil.Certs(t)
	t.Run("s_client", func(t *testing.T) {
		t.Parallel()
		server := mode.ServerCtx(t)
		demandCertificate(t, server)
		server.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert|libssl.VerifyPostHandshake, nil)
		cert, key := testutil.Files(t, certs.Client)
		g := clientGuest(t, server, mode, "-enable_pha", "-cert", cert, "-key", key)
		assert.Empty(t, g.conn.ConnectionState().PeerCertificates)
		require.NoError(t, g.conn.VerifyClientPostHandshake())
		g.talk(t, "^>>> .*Finished")
		requirePeer(t, certs.Client, g.conn.Session())
		assert.NotEmpty(t, g.conn.ConnectionState().VerifiedChains)

		g = clientGuest(t, server, mode, "-cert", cert, "-key", key)
		require.Error(t, g.conn.VerifyClientPostHandshake(), "it has not offered that")
	})
	t.Run("s_server", func(t *testing.T) {
		t.Parallel()
		client := mode.ClientCtx(t)
		client.SetPostHandshakeAuth(true)
		cert, v := locked(certs.Client)
		require.NoError(t, client.UseCertificate(cert))
		g := serverGuest(t, client, mode, "-CAfile", testutil.CAFile(t, certs.CA))
		assert.Zero(t, v.used.Load())
		g.Send(t, "c")
		g.talk(t, "^>>> .*CertificateRequest", `^depth=0 .*CN *= *client`, finishedRead)
		assert.Equal(t, int32(1), v.used.Load())
		assert.Equal(t, [2]int{0, 1}, g.seen.counts(certificateRequest))
	})
}
