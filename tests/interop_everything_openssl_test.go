package tests

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// find returns the first group of pattern in text, which must have it.
func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile("(?m)" + pattern).FindStringSubmatch(text)
	require.NotNil(t, m, "%q is not in:\n%s", pattern, text)
	return strings.TrimSpace(m[1])
}

// saidExporter returns the key that s_client or s_server has exported.
func saidExporter(t *testing.T, output string) string {
	t.Helper()
	return strings.ToLower(find(t, output, `Keying material: ([0-9A-F]+)`))
}

// sClientSays returns what s_client says of its connection.
func sClientSays(t *testing.T, output, keylog string) account {
	t.Helper()
	a := account{
		saysVersion:  find(t, output, `^(?:New|Reused), (TLSv[0-9.]+), Cipher is`),
		saysCipher:   find(t, output, `^(?:New|Reused), .* Cipher is (.*)`),
		saysResumed:  fmt.Sprint(find(t, output, `^(New|Reused),`) == "Reused"),
		saysALPN:     find(t, output, `^ALPN protocol: (.*)`),
		saysExporter: saidExporter(t, output),
		saysKeylog:   readKeylog(t, keylog),
	}
	if a[saysResumed] == "false" {
		a[saysServerCert] = find(t, output, `^ *0 s:.*CN *= *(.*)`)
		assert.Contains(t, output, "OCSP Response Status: successful")
		a[saysStatus] = strings.TrimLeft(strings.ToLower(find(t, output, `Serial Number: ([0-9A-F]+)`)), "0")
	}
	return a
}

func TestEverythingOpenSSLClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := newEverythingServer(t, mode)
			next := serveAll(t, server.ctx)
			dir := t.TempDir()
			for i, tt := range []struct{ name, sigalgs, cert string }{
				{"a.test", "ECDSA+SHA256", "a by ECDSA"},
				{"a.test", "RSA-PSS+SHA256:RSA+SHA256", "a by RSA"},
				{"b.test", "ECDSA+SHA256", "b"},
			} {
				sess := filepath.Join(dir, fmt.Sprint("session", i))
				for j, resumed := range []bool{false, true} {
					keylog := filepath.Join(dir, fmt.Sprint("keylog", i, j))
					args := []string{"s_client", "-connect", next.addr, versionFlag(mode), "-servername", tt.name,
						"-CAfile", server.caFile, "-verify_return_error", "-verify_hostname", tt.name,
						"-cert", server.clientCert, "-key", server.clientKey, "-cert_chain", server.chainFile,
						"-sigalgs", tt.sigalgs, "-client_sigalgs", "ECDSA+SHA256", "-alpn", "http/1.1,h2", "-status",
						"-keymatexport", exporterLabel, "-keymatexportlen", fmt.Sprint(exporterLength),
						"-keylogfile", keylog, "-sess_out", sess}
					if resumed {
						args = append(args, "-sess_in", sess)
					}
					client := testutil.OpenSSL(t, args...)
					conn := next.conn(t)
					client.Send(t, "hello from the client")
					require.Equal(t, "hello from the client\n", readLine(t, conn))
					_, err := io.WriteString(conn, "hello from the server\n")
					require.NoError(t, err)
					client.Expect(t, "hello from the server")
					ours := server.account(t, conn)
					server.requireServed(t, conn, tt.name, resumed)
					require.NoError(t, client.Stdin.Close())
					_, err = conn.Read(make([]byte, 1))
					require.ErrorIs(t, err, io.EOF)
					require.NoError(t, conn.Close())
					client.Wait(t)

					output := client.Output()
					ours.requireAgree(t, sClientSays(t, output, keylog))
					if !resumed {
						assert.Equal(t, tt.cert, ours[saysServerCert])
						assert.Regexp(t, `(?m)^ *1 s:.*everything's intermediate`, output)
						assert.Contains(t, output, "Acceptable client certificate CA names")
						assert.Regexp(t, `Verified peername: `+regexp.QuoteMeta(tt.name), output)
					}
					assert.Regexp(t, sawVerified, output)
				}
			}
			server.requireStored(t)
		})
	}
}

func TestEverythingOpenSSLServer(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			pki := newEverythingPKI(t)
			client := newEverythingClient(t, mode, pki)
			keylog := filepath.Join(t.TempDir(), "keylog")
			cert2, key2 := testutil.Files(t, testutil.Certs(t).ServerRSA)
			args := []string{"s_server", "-accept", "127.0.0.1:0", "-cert", pki.serverCert, "-key", pki.serverKey,
				"-cert_chain", pki.chainFile, versionFlag(mode), "-status_file", pki.serverStatus, "-alpn", "h2",
				"-CAfile", pki.caFile, "-Verify", "3", "-verify_return_error", "-servername", "b.test", "-cert2", cert2, "-key2", key2,
				"-keymatexport", exporterLabel, "-keymatexportlen", fmt.Sprint(exporterLength), "-keylogfile", keylog}
			if !mode.Tickets {
				args = append(args, "-no_ticket")
			}
			p := testutil.OpenSSL(t, args...)
			server := &sServer{p, p.Expect(t, `^ACCEPT (127\.0\.0\.1:[0-9]+)`)[1]}
			for _, name := range []string{"a.test", "b.test"} {
				// What s_server has for b.test is a certificate, and in some versions the response for another.
				main := name == "a.test"
				var sess *libssl.Session
				var logged []string
				for _, resumed := range []bool{false, true} {
					from := len(server.Output())
					conn := client.dial(t, server.addr, name, sess)
					_, err := io.WriteString(conn, "hello from Go\n")
					require.NoError(t, err)
					server.Expect(t, "hello from Go")
					server.Send(t, "hello from the server")
					require.Equal(t, "hello from the server\n", readLine(t, conn))
					ours := client.account(t, conn)
					if main {
						client.requireConnected(t, conn, pki.ecdsa, pki.status(pki.ecdsa.Leaf), resumed)
						assert.Equal(t, "h2", ours[saysALPN])
					} else {
						requirePeer(t, testutil.Certs(t).ServerRSA, conn.Session())
						assert.Equal(t, resumed, conn.SessionReused())
					}
					sess = conn.Session()
					require.NoError(t, conn.Close())
					server.Expect(t, sawServerEnd)

					output := server.Output()[from:]
					theirs := account{
						saysCipher:   find(t, output, `^CIPHER is (.*)`),
						saysExporter: saidExporter(t, output),
						saysResumed:  fmt.Sprint(strings.Contains(output, "Reused session-id")),
					}
					if !resumed {
						theirs[saysServerName] = find(t, output, `Hostname in TLS extension: "?([a-z.]+)`)
						theirs[saysClientCert] = find(t, output, `(?s)^Client certificate.*?^subject=.*?CN *= *([^\n]*)`)
					}
					if main {
						theirs[saysALPN] = find(t, output, `^ALPN protocols selected: (.*)`)
						theirs[saysKeylog] = readKeylog(t, keylog)
						logged = append(logged, ours[saysKeylog])
						ours[saysKeylog] = sortedKeylog(strings.Split(strings.Join(logged, "\n"), "\n"))
					}
					ours.requireAgree(t, theirs)
				}
			}
			assert.Equal(t, int32(2), client.signed.used.Load())
		})
	}
}
