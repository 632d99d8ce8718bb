package tests

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What the openssl command writes.
const (
	sawNewSession    = `^New, TLS`
	sawReusedSession = `^Reused, TLS`
	sawServerReuse   = `^Reused session-id$`
	sawVerified      = `Verify return code: 0 \(ok\)`
	sawServerEnd     = `^DONE$` // it has our close_notify; what it says after that stays in its buffer
	sawClientCert    = `^Client certificate$`
)

// sClient is one run of openssl s_client against a server of ours.
type sClient struct {
	args   []string
	reused bool // expected, on both sides
}

// sServer is a running openssl s_server.
type sServer struct {
	*testutil.Process
	addr string
}

func TestOpenSSLClientResumesFromItsOwnFile(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			ctx := mode.ServerCtx(t)
			file := filepath.Join(t.TempDir(), "session.pem")
			serveOpenSSL(t, ctx, sClient{args: []string{versionFlag(mode), "-sess_out", file}})
			require.FileExists(t, file)
			serveOpenSSL(t, ctx, sClient{args: []string{versionFlag(mode), "-sess_in", file}, reused: true})
			assert.Equal(t, 1, ctx.SessionStats().Hits)

			// The same file is worth nothing to a server with another cache and other ticket keys.
			serveOpenSSL(t, mode.ServerCtx(t), sClient{args: []string{versionFlag(mode), "-sess_in", file}})
		})
	}
}

func TestOpenSSLClientResumesFromOurFile(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			ctx := mode.ServerCtx(t)
			file := testutil.File(t, "session.pem", marshalText(t, sessionFrom(t, ctx, verifyingClient(t, mode))))
			serveOpenSSL(t, ctx, sClient{args: []string{versionFlag(mode), "-sess_in", file}, reused: true})
		})
	}
}

func TestOurClientResumesFromOpenSSLClientsFile(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			ctx := mode.ServerCtx(t)
			file := filepath.Join(t.TempDir(), "session.pem")
			serveOpenSSL(t, ctx, sClient{args: []string{versionFlag(mode), "-sess_out", file}})
			sess := readSession(t, file)
			assert.Equal(t, mode.Version, sess.Version())
			p := pair.Handshake(t, ctx, mode.ClientCtx(t), pair.Options{Session: sess})
			assert.True(t, p.Client.SessionReused(), "client")
			assert.True(t, p.Server.SessionReused(), "server")
			p.Close(t)
		})
	}
}

func TestOurClientResumesAtOpenSSLServer(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, mode)
			ctx := verifyingClient(t, mode)
			sess := server.talk(t, ctx, nil, false)
			file := testutil.File(t, "session.pem", marshalText(t, sess))
			server.talk(t, ctx, readSession(t, file), true)

			// DER, into another Ctx.
			der, err := sess.MarshalBinary()
			require.NoError(t, err)
			parsed, err := libssl.ParseSession(der)
			require.NoError(t, err)
			server.talk(t, verifyingClient(t, mode), parsed, true)
		})
	}
}

func TestOurClientTakesOverASessionBetweenOpenSSLPrograms(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, mode)
			file := filepath.Join(t.TempDir(), "session.pem")
			client := testutil.OpenSSL(t, "s_client", "-connect", server.addr, versionFlag(mode), "-sess_out", file)
			client.Expect(t, sawNewSession)
			server.Send(t, "hello from the server") // and by then the client has its tickets
			client.Expect(t, "hello from the server")
			require.NoError(t, client.Stdin.Close())
			client.Wait(t)
			server.Expect(t, sawServerEnd)
			server.Unexpected(t, sawServerReuse)

			server.talk(t, verifyingClient(t, mode), readSession(t, file), true)
		})
	}
}

func TestOpenSSLClientWithCertificate(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	cert, key := testutil.Files(t, certs.Client)
	otherCert, otherKey := testutil.Files(t, certs.OtherClient)
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			ctx := mode.ServerCtx(t)
			require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, certs.CA), ""))
			ctx.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
			file := filepath.Join(t.TempDir(), "session.pem")

			sess := serveOpenSSL(t, ctx, sClient{args: []string{
				versionFlag(mode), "-cert", cert, "-key", key, "-sess_out", file}})
			requirePeer(t, certs.Client, sess)
			// A resumed session still knows who the client is.
			sess = serveOpenSSL(t, ctx, sClient{args: []string{
				versionFlag(mode), "-cert", cert, "-key", key, "-sess_in", file}, reused: true})
			requirePeer(t, certs.Client, sess)

			t.Run("of an unknown authority", func(t *testing.T) {
				err := refuseOpenSSL(t, ctx, versionFlag(mode), "-cert", otherCert, "-key", otherKey)
				require.ErrorIs(t, err, libssl.ReasonCertificateVerifyFailed)
				var e *libssl.Error
				require.ErrorAs(t, err, &e)
				require.NotNil(t, e.Verify)
				assert.Equal(t, certs.OtherClient.Certificate[0], e.Verify.Certificate.Raw)
				assert.Equal(t, 0, e.Verify.Depth)
			})
			t.Run("missing", func(t *testing.T) {
				err := refuseOpenSSL(t, ctx, versionFlag(mode))
				require.ErrorIs(t, err, libssl.Reason(199)) // SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE
			})
		})
	}
}

func TestOurClientWithCertificateAtOpenSSLServer(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, mode, "-Verify", "1", "-verify_return_error",
				"-CAfile", testutil.CAFile(t, certs.CA))
			ctx := verifyingClient(t, mode)
			require.NoError(t, ctx.UseCertificate(certs.Client))
			sess := server.talk(t, ctx, nil, false)
			server.talk(t, ctx, sess, true)
			assert.Regexp(t, `(?m)`+sawClientCert, server.Output())

			// Without a certificate the client hears the alert, in TLS 1.3 only after its own handshake.
			conn := server.dial(t, verifyingClient(t, mode), nil)
			err := conn.Handshake()
			if mode.TLS13() {
				require.NoError(t, err)
				_, err = conn.Read(make([]byte, 1))
			}
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			code, sent, ok := e.Alert()
			require.True(t, ok, "an alert ended it: %v", err)
			assert.False(t, sent)
			want := uint8(40) // handshake_failure
			if mode.TLS13() {
				want = 116 // certificate_required
			}
			assert.Equal(t, want, code)
			require.Len(t, e.Stack, 1)
			assert.Equal(t, libssl.Reason(1000+int(want)), e.Stack[0].Reason)
			assert.Equal(t, 20, e.Stack[0].Lib)
		})
	}
}

func TestOpenSSLServerOfAnUnknownAuthority(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, mode)
			ctx := mode.ClientCtx(t)
			require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).OtherCA), ""))
			ctx.SetVerify(libssl.VerifyPeer, nil)
			conn := server.dial(t, ctx, nil)
			err := conn.Handshake()
			require.ErrorIs(t, err, libssl.ReasonCertificateVerifyFailed)
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "SSL_do_handshake", e.Op)
			assert.Equal(t, -1, e.Ret)
			assert.Equal(t, 1, e.SSLError) // SSL_ERROR_SSL
			require.NotNil(t, e.Verify)
			assert.Equal(t, 20, e.Verify.Code) // unable to get local issuer certificate
			code, sent, ok := e.Alert()
			assert.True(t, ok && sent, "we sent an alert")
			assert.Equal(t, uint8(48), code) // unknown_ca
			server.Expect(t, `alert unknown ca`)
		})
	}
}

// versionFlag returns the option of the openssl command that allows the mode's version only.
func versionFlag(m pair.Mode) string {
	if m.TLS13() {
		return "-tls1_3"
	}
	return "-tls1_2"
}

// serveOpenSSL lets an openssl s_client talk with a server of ours, checks the outcome on both sides, and
// returns the server's session.
func serveOpenSSL(t *testing.T, ctx *libssl.Ctx, c sClient) *libssl.Session {
	t.Helper()
	l, accepted := acceptOne(t, ctx)
	args := append([]string{"s_client", "-connect", l.Addr().String(), "-CAfile",
		testutil.CAFile(t, testutil.Certs(t).CA), "-verify_return_error", "-verify_hostname", "localhost"}, c.args...)
	client := testutil.OpenSSL(t, args...)
	client.Send(t, "hello from the client")
	conn := <-accepted
	require.NotNil(t, conn, "no connection")
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello from the client\n", line)
	_, err = io.WriteString(conn, "hello from the server\n")
	require.NoError(t, err)
	if c.reused {
		client.Expect(t, sawReusedSession)
	} else {
		client.Expect(t, sawNewSession)
	}
	client.Expect(t, "hello from the server")
	require.NoError(t, client.Stdin.Close())
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, c.reused, conn.SessionReused())
	assert.Equal(t, c.reused, conn.ConnectionState().DidResume)
	sess := conn.Session()
	require.NoError(t, conn.Close())
	client.Wait(t)
	assert.Regexp(t, sawVerified, client.Output())
	return sess
}

// refuseOpenSSL returns the error of our server's handshake with an openssl s_client.
func refuseOpenSSL(t *testing.T, ctx *libssl.Ctx, args ...string) error {
	t.Helper()
	l, accepted := acceptOne(t, ctx)
	testutil.OpenSSL(t, append([]string{"s_client", "-connect", l.Addr().String()}, args...)...)
	conn := <-accepted
	require.NotNil(t, conn, "no connection")
	err := conn.Handshake()
	require.Error(t, err)
	conn.Close()
	return err
}

// acceptOne accepts one connection in the background.
func acceptOne(t *testing.T, ctx *libssl.Ctx) (net.Listener, <-chan *libssl.Conn) {
	t.Helper()
	l, err := libssl.Listen("tcp", "127.0.0.1:0", ctx)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	accepted := make(chan *libssl.Conn, 1)
	go func() {
		defer close(accepted)
		c, err := l.Accept()
		if err != nil {
			return
		}
		conn := c.(*libssl.Conn)
		conn.SetDeadline(time.Now().Add(pair.Limit))
		accepted <- conn
	}()
	// The listener goes before the connection: closing it ends an Accept that nobody answers.
	timer := time.AfterFunc(pair.Limit, func() { l.Close() })
	t.Cleanup(func() { timer.Stop() })
	return l, accepted
}

// startServer starts an openssl s_server in the given mode.
func startServer(t *testing.T, mode pair.Mode, more ...string) *sServer {
	t.Helper()
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	args := []string{"s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key, versionFlag(mode)}
	if !mode.Tickets {
		args = append(args, "-no_ticket")
	}
	p := testutil.OpenSSL(t, append(args, more...)...)
	return &sServer{p, p.Expect(t, `^ACCEPT (127\.0\.0\.1:[0-9]+)`)[1]}
}

// verifyingClient returns a client Ctx that accepts only the test authority's servers.
func verifyingClient(t *testing.T, mode pair.Mode) *libssl.Ctx {
	t.Helper()
	ctx := mode.ClientCtx(t)
	require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
	ctx.SetVerify(libssl.VerifyPeer, nil)
	return ctx
}

func (s *sServer) dial(t *testing.T, ctx *libssl.Ctx, sess *libssl.Session) *libssl.Conn {
	t.Helper()
	raw, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close() })
	conn, err := libssl.Client(raw, ctx)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(pair.Limit)))
	if sess != nil {
		require.NoError(t, conn.SetSession(sess))
	}
	return conn
}

// talk connects a client of ours, sends data both ways, checks on both sides whether the session was
// resumed, and returns the client's session.
func (s *sServer) talk(t *testing.T, ctx *libssl.Ctx, sess *libssl.Session, reused bool) *libssl.Session {
	t.Helper()
	from := len(s.Output())
	conn := s.dial(t, ctx, sess)
	require.NoError(t, conn.Handshake())
	_, err := io.WriteString(conn, "hello from Go\n")
	require.NoError(t, err)
	s.Expect(t, "hello from Go")
	s.Send(t, "hello from the server")
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello from the server\n", line)
	assert.Equal(t, reused, conn.SessionReused(), "SessionReused")
	assert.Equal(t, reused, strings.Contains(s.Output()[from:], "Reused session-id"), "what the server says")
	after := conn.Session()
	requirePeer(t, testutil.Certs(t).Server, after)
	require.True(t, after.IsResumable())
	require.NoError(t, conn.Close())
	s.Expect(t, sawServerEnd)
	return after
}

// sessionFrom returns the session that a client has after a handshake with a server.
func sessionFrom(t *testing.T, server, client *libssl.Ctx) *libssl.Session {
	t.Helper()
	p := pair.Handshake(t, server, client, pair.Options{})
	sess := p.Client.Session()
	require.NotNil(t, sess)
	require.True(t, sess.IsResumable())
	p.Close(t)
	return sess
}

func marshalText(t *testing.T, sess *libssl.Session) []byte {
	t.Helper()
	text, err := sess.MarshalText()
	require.NoError(t, err)
	require.Contains(t, string(text), "-----BEGIN SSL SESSION PARAMETERS-----")
	return text
}

func readSession(t *testing.T, file string) *libssl.Session {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	sess, err := libssl.ParseSessionPEM(text)
	require.NoError(t, err)
	return sess
}

// requirePeer requires that sess was made with a peer that showed cert.
func requirePeer(t *testing.T, cert tls.Certificate, sess *libssl.Session) {
	t.Helper()
	require.NotNil(t, sess)
	got, err := sess.PeerCertificate()
	require.NoError(t, err)
	require.NotNil(t, got)
	require.Equal(t, cert.Certificate[0], got.Raw)
}
