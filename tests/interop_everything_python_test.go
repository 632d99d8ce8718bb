package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// startPython starts testdata/peer.py.
func startPython(t *testing.T, do map[string]any) *testutil.Process {
	t.Helper()
	path := optionalProgram(t, "python3")
	if err := exec.Command(path, "-c", "import ssl; ssl.TLSVersion.TLSv1_3").Run(); err != nil {
		t.Skip("python3 has no ssl module with TLS 1.3")
	}
	arg, err := json.Marshal(do)
	require.NoError(t, err)
	return testutil.Start(t, exec.Command(path, filepath.Join("testdata", "peer.py"), string(arg)))
}

// pythonSays reads what peer.py says of its connection; peer is whose certificate it has seen.
func pythonSays(t *testing.T, p *testutil.Process, peer string) (a account, all map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(p.Expect(t, `^\{.*\}$`)[0]), &all))
	text := func(key string) string { return fmt.Sprint(all[key]) }
	a = account{
		saysVersion: text("version"), saysCipher: text("cipher"), saysALPN: text("alpn"), saysResumed: text("resumed"),
		saysUnique: text("unique"),
	}
	if a[saysResumed] == "false" {
		a[peer] = text("peer")
	}
	return a, all
}

func pythonVersion(mode pair.Mode) string {
	if mode.TLS13() {
		return "TLSv1_3"
	}
	return "TLSv1_2"
}

func TestEverythingPythonClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := newEverythingServer(t, mode)
			next := serveAll(t, server.ctx)
			_, port, err := net.SplitHostPort(next.addr)
			require.NoError(t, err)
			number, err := strconv.Atoi(port)
			require.NoError(t, err)
			for _, tt := range []struct{ name, cert string }{{"a.test", "a by ECDSA"}, {"b.test", "b"}} {
				keylog := filepath.Join(t.TempDir(), "keylog")
				client := startPython(t, map[string]any{"role": "client", "port": number, "name": tt.name, "connections": 2,
					"version": pythonVersion(mode), "ca": server.caFile, "cert": server.clientChain, "key": server.clientKey,
					"alpn": []string{"http/1.1", "h2"}, "keylog": keylog})
				var logged []string
				for _, resumed := range []bool{false, true} {
					conn := next.conn(t)
					require.Equal(t, "hello from Python\n", readLine(t, conn))
					_, err := io.WriteString(conn, "hello from Go\n")
					require.NoError(t, err)
					theirs, all := pythonSays(t, client, saysServerCert)
					assert.Equal(t, "hello from Go", all["line"])
					server.requireServed(t, conn, tt.name, resumed)
					ours := server.account(t, conn)
					logged = append(logged, ours[saysKeylog])
					ours[saysKeylog] = sortedKeylog(strings.Split(strings.Join(logged, "\n"), "\n"))
					theirs[saysKeylog] = readKeylog(t, keylog)
					ours.requireAgree(t, theirs)
					if !resumed {
						assert.Equal(t, tt.cert, ours[saysServerCert])
					}
					_, err = io.WriteString(conn, "that is all\n")
					require.NoError(t, err)
					require.NoError(t, conn.Close())
				}
				client.Wait(t)
			}
			server.requireStored(t)
		})
	}
}

func TestEverythingPythonServer(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			pki := newEverythingPKI(t)
			client := newEverythingClient(t, mode, pki)
			keylog := filepath.Join(t.TempDir(), "keylog")
			server := startPython(t, map[string]any{"role": "server", "connections": 2, "version": pythonVersion(mode),
				"ca": pki.caFile, "cert": pki.serverChain, "key": pki.serverKey, "alpn": []string{"h2"}, "keylog": keylog,
				"tickets": mode.Tickets})
			addr := "127.0.0.1:" + server.Expect(t, `^port (\d+)$`)[1]
			var sess *libssl.Session
			var logged []string
			for _, resumed := range []bool{false, true} {
				conn := client.dial(t, addr, "a.test", sess)
				_, err := io.WriteString(conn, "hello from Go\n")
				require.NoError(t, err)
				theirs, all := pythonSays(t, server, saysClientCert)
				require.Equal(t, "hello from Python\n", readLine(t, conn))
				assert.Equal(t, "hello from Go", all["line"])
				client.requireConnected(t, conn, pki.ecdsa, nil, resumed) // Python staples nothing
				ours := client.account(t, conn)
				if !resumed {
					theirs[saysServerName] = fmt.Sprint(all["name"])
				}
				logged = append(logged, ours[saysKeylog])
				ours[saysKeylog] = sortedKeylog(strings.Split(strings.Join(logged, "\n"), "\n"))
				theirs[saysKeylog] = readKeylog(t, keylog)
				ours.requireAgree(t, theirs)
				sess = conn.Session()
				_, err = io.WriteString(conn, "that is all\n")
				require.NoError(t, err)
				require.NoError(t, conn.Close())
			}
			server.Wait(t)
			assert.Equal(t, int32(1), client.signed.used.Load())
		})
	}
}

// Python asks our client for a certificate after the handshake, and our server asks Python.
func TestPythonPostHandshakeAuth(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	pki := newEverythingPKI(t)
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		client := newEverythingClient(t, mode, pki)
		server := startPython(t, map[string]any{"role": "server", "connections": 1, "version": "TLSv1_3", "pha": true,
			"ca": pki.caFile, "cert": pki.serverChain, "key": pki.serverKey, "alpn": []string{"h2"}, "tickets": true})
		conn := client.dial(t, "127.0.0.1:"+server.Expect(t, `^port (\d+)$`)[1], "a.test", nil)
		_, err := io.WriteString(conn, "hello\n")
		require.NoError(t, err)
		require.Equal(t, "who are you?\n", readLine(t, conn))
		_, err = io.WriteString(conn, "me\n")
		require.NoError(t, err)
		theirs, all := pythonSays(t, server, saysClientCert)
		assert.Equal(t, "", all["before"])
		assert.Equal(t, "client", theirs[saysClientCert])
		assert.Equal(t, int32(1), client.signed.used.Load())
	})
	t.Run("client", func(t *testing.T) {
		t.Parallel()
		ctx, err := libssl.NewServerCtx(pki.ecdsa)
		require.NoError(t, err)
		closedAtEnd(t, ctx)
		require.NoError(t, ctx.SetVerifyRoots(pki.ca.PEM))
		ctx.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert|libssl.VerifyPostHandshake, nil)
		next := serveAll(t, ctx)
		_, port, err := net.SplitHostPort(next.addr)
		require.NoError(t, err)
		number, err := strconv.Atoi(port)
		require.NoError(t, err)
		client := startPython(t, map[string]any{"role": "client", "port": number, "name": "a.test", "connections": 1, "pha": true,
			"version": "TLSv1_3", "ca": pki.caFile, "cert": pki.clientChain, "key": pki.clientKey, "alpn": []string{"h2"}})
		conn := next.conn(t)
		require.Equal(t, "hello from Python\n", readLine(t, conn))
		assert.Empty(t, conn.ConnectionState().PeerCertificates)
		require.NoError(t, conn.VerifyClientPostHandshake())
		_, err = io.WriteString(conn, "who are you?\nthat is all\n")
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		requirePeer(t, pki.client, conn.Session())
		require.NoError(t, conn.Close())
		client.Wait(t)
	})
}
