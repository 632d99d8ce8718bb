package tests

import (
	"encoding/hex"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// Early data and pre-shared keys with other programs.

func TestEarlyDataOpenSSLClient(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		server := serverOf(t, mode)
		require.NoError(t, server.SetMaxEarlyData(earlyLimit))
		session := filepath.Join(t.TempDir(), "session")
		early := testutil.File(t, "early", []byte("early from openssl\n"))
		serveOpenSSL(t, server, sClient{args: []string{"-tls1_3", "-sess_out", session}})
		for _, accepted := range []bool{true, false} {
			l, arrived := acceptOne(t, server)
			client := testutil.OpenSSL(t, "s_client", "-connect", l.Addr().String(), "-tls1_3", "-sess_in", session, "-early_data", early)
			conn := <-arrived
			require.NotNil(t, conn, "no connection")
			client.Send(t, "late from openssl")
			if accepted {
				b := make([]byte, 100)
				n, err := conn.ReadEarlyData(b)
				require.NoError(t, err)
				assert.Equal(t, "early from openssl\n", string(b[:n]))
				n, err = conn.WriteEarlyData([]byte("early from Go\n"))
				require.NoError(t, err)
				assert.Equal(t, 14, n)
				_, err = conn.ReadEarlyData(b)
				require.ErrorIs(t, err, io.EOF)
			}
			require.Equal(t, "late from openssl\n", readLine(t, conn))
			_, err := io.WriteString(conn, "late from Go\n")
			require.NoError(t, err)
			if accepted {
				client.Expect(t, "early from Go")
				assert.Equal(t, libssl.EarlyDataAccepted, conn.EarlyDataStatus())
			} else {
				assert.Equal(t, libssl.EarlyDataRejected, conn.EarlyDataStatus(), "a session is good for it once, and nobody read it")
			}
			client.Expect(t, "late from Go")
			assert.Equal(t, accepted, strings.Contains(client.Output(), "Early data was accepted"))
			assert.Equal(t, !accepted, strings.Contains(client.Output(), "Early data was rejected"))
			conn.Close()
		}
	})
}

func TestEarlyDataOpenSSLServer(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		client := verifyingClient(t, mode)
		server := startServer(t, mode, "-early_data", "-max_early_data", "1000")
		sess := server.talk(t, client, nil, false)
		assert.Equal(t, uint32(1000), sess.MaxEarlyData())
		for _, accepted := range []bool{true, false} { // s_server takes it once
			from := len(server.Output())
			conn := server.dial(t, client, clone(t, sess))
			_, err := conn.WriteEarlyData([]byte("early from Go\n"))
			require.NoError(t, err)
			require.NoError(t, conn.Handshake())
			_, err = io.WriteString(conn, "late from Go\n")
			require.NoError(t, err)
			server.Expect(t, "late from Go")
			// What it has read comes out apart from what it says about that.
			said, status := "Early data received:", libssl.EarlyDataAccepted
			if !accepted {
				said, status = "Early data was rejected", libssl.EarlyDataRejected
			}
			assert.Contains(t, server.Output()[from:], said)
			assert.Equal(t, accepted, strings.Contains(server.Output()[from:], "early from Go"))
			assert.Equal(t, status, conn.EarlyDataStatus())
			require.NoError(t, conn.Close())
			server.Expect(t, sawServerEnd)
		}
	})
}

// pskArgs are what the openssl command needs for aKey.
func pskArgs(mode pair.Mode) []string {
	args := []string{versionFlag(mode), "-psk", hex.EncodeToString(aKey), "-psk_identity", "me"}
	if mode.TLS13() {
		return append(args, "-ciphersuites", "TLS_AES_128_GCM_SHA256")
	}
	return append(args, "-cipher", "PSK")
}

func TestPSKOpenSSLClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			st := newPSKStage(t, mode)
			require.NoError(t, st.server.UsePSKIdentityHint("who?"))
			session := filepath.Join(t.TempDir(), "session")
			serveOpenSSL(t, st.server, sClient{args: append(pskArgs(mode), "-sess_out", session), reused: mode.TLS13()})
			assert.Equal(t, []pskCall{{identity: "me"}}, st.serverCalls)
			if !mode.TLS13() { // there, a session made with a key counts as not verified in s_client
				serveOpenSSL(t, st.server, sClient{args: append(pskArgs(mode), "-sess_in", session), reused: true})
			}

			wrong := append(pskArgs(mode)[:1:1], "-psk", "00ff", "-psk_identity", "me")
			require.Error(t, refuseOpenSSL(t, st.server, append(wrong, pskArgs(mode)[5:]...)...))
		})
	}
}

func TestPSKOpenSSLServer(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			st := newPSKStage(t, mode)
			if !mode.TLS13() {
				require.NoError(t, st.client.SetCipherList("PSK"))
			}
			args := append([]string{"s_server", "-accept", "127.0.0.1:0", "-nocert", "-psk_hint", "who?"}, pskArgs(mode)...)
			if !mode.Tickets {
				args = append(args, "-no_ticket")
			}
			p := testutil.OpenSSL(t, args...)
			server := &sServer{p, p.Expect(t, `^ACCEPT (127\.0\.0\.1:[0-9]+)`)[1]}
			requirePSKServer(t, server.Process, server.addr, st, mode, "who?", func() { server.Send(t, "hello") })
		})
	}
}

// requirePSKServer has our client talk with a server that has aKey: with the key and in the session made with it.
func requirePSKServer(t *testing.T, p *testutil.Process, addr string, st *pskStage, mode pair.Mode, hint string, answer func()) {
	t.Helper()
	var sess *libssl.Session
	for _, resumed := range []bool{false, true} {
		conn := (&sServer{p, addr}).dial(t, st.client, sess)
		require.NoError(t, conn.Handshake())
		_, err := io.WriteString(conn, "hello\n")
		require.NoError(t, err)
		if answer != nil {
			p.Expect(t, "^hello")
			answer()
		}
		require.Equal(t, "hello\n", readLine(t, conn))
		assert.Equal(t, resumed || mode.TLS13(), conn.SessionReused())
		if mode.TLS13() {
			assert.Equal(t, resumed, conn.PSKIdentity() == "")
		} else {
			assert.Equal(t, "me", conn.PSKIdentity())
		}
		if !resumed {
			if mode.TLS13() {
				hint = ""
			}
			assert.Equal(t, []pskCall{{hint: hint}}, st.clientCalls)
		}
		sess = conn.Session()
		require.NoError(t, conn.Close())
	}
}

func gnuTLSPSK(mode pair.Mode) string {
	if mode.TLS13() {
		return gnuTLSPriority(mode, ":+ECDHE-PSK:+DHE-PSK")
	}
	return gnuTLSPriority(mode, ":-KX-ALL:+PSK")
}

func TestPSKGnuTLSClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			st := newPSKStage(t, mode)
			require.NoError(t, st.server.SetCipherList("PSK"))
			next := serveAll(t, st.server)
			_, port, err := net.SplitHostPort(next.addr)
			require.NoError(t, err)
			client := gnuTLS(t, "gnutls-cli", "", "--port", port, "--priority", gnuTLSPSK(mode), "--pskusername", "me",
				"--pskkey", hex.EncodeToString(aKey), "127.0.0.1")
			conn := next.conn(t)
			assert.Equal(t, "me", conn.PSKIdentity())
			client.Send(t, "hello from GnuTLS")
			require.Equal(t, "hello from GnuTLS\n", readLine(t, conn))
			_, err = io.WriteString(conn, "hello from Go\n")
			require.NoError(t, err)
			client.Expect(t, "hello from Go")
		})
	}
}

func TestPSKGnuTLSServer(t *testing.T) {
	t.Parallel()
	for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			st := newPSKStage(t, mode)
			if mode.TLS13() {
				require.NoError(t, st.client.SetCipherSuites(sha256Suites))
			} else {
				require.NoError(t, st.client.SetCipherList("PSK"))
			}
			passwords := testutil.File(t, "psk", []byte("me:"+hex.EncodeToString(aKey)+"\n"))
			server, addr := serveGnuTLS(t, "", "--priority", gnuTLSPSK(mode), "--pskpasswd", passwords)
			requirePSKServer(t, server, addr, st, mode, "", nil)
		})
	}
}
