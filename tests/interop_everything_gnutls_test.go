package tests

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// gnuTLS starts gnutls-cli or gnutls-serv, which logs its keys to a file if there is one.
func gnuTLS(t *testing.T, name, keylog string, args ...string) *testutil.Process {
	t.Helper()
	cmd := exec.Command(optionalProgram(t, name), args...)
	if keylog != "" {
		cmd.Env = append(os.Environ(), "SSLKEYLOGFILE="+keylog)
	}
	return testutil.Start(t, cmd)
}

// gnuTLSPriority is what GnuTLS is allowed.
func gnuTLSPriority(mode pair.Mode, more string) string {
	version := "1.2"
	if mode.TLS13() {
		version = "1.3"
	}
	return "NORMAL:-VERS-ALL:+VERS-TLS" + version + ":-CIPHER-ALL:+AES-128-GCM" + more
}

// serveGnuTLS starts gnutls-serv as an echo server and returns its address.
func serveGnuTLS(t *testing.T, keylog string, args ...string) (*testutil.Process, string) {
	t.Helper()
	p := gnuTLS(t, "gnutls-serv", keylog, append([]string{"--port", "0", "--echo"}, args...)...)
	p.Expect(t, `IPv4 .*done$`)
	return p, net.JoinHostPort("127.0.0.1", p.ListeningPort(t))
}

// gnuTLSSays returns what GnuTLS says of a connection; peer is whose certificate it has seen.
func gnuTLSSays(t *testing.T, mode pair.Mode, output, peer string) account {
	t.Helper()
	resumed := strings.Contains(output, "*** This is a resumed session")
	a := account{
		saysVersion:  strings.Replace(find(t, output, `^- Version: (.*)`), "TLS", "TLSv", 1),
		saysALPN:     find(t, output, `^- Application protocol: (.*)`),
		saysResumed:  fmt.Sprint(resumed),
		saysExporter: find(t, output, `^- Key material: ([0-9a-f]+)`),
	}
	if mode.TLS13() {
		assert.Regexp(t, `(?m)^- Description: .*-\(AES-128-GCM\)$`, output)
		a[saysCipher] = "TLS_AES_128_GCM_SHA256"
	} else {
		a[saysUnique] = find(t, output, `'tls-unique': ([0-9a-f]+)`)
		a[saysCipher] = find(t, output, `^- Key Exchange: (.*)`) + "-AES128-GCM-SHA256"
	}
	if !resumed {
		a[peer] = find(t, output, "(?:subject `|Subject: )(?:.*,)?CN=([^,'\n]*)")
	}
	return a
}

// requireGnuTLSKeylog requires that GnuTLS has logged what we have in its full handshake, and in the later ones nothing
// that we haven't: some versions log no resumption of TLS 1.2, and secrets of early data that there is none of.
func requireGnuTLSKeylog(t *testing.T, file string, ours ...string) {
	t.Helper()
	theirs := readKeylog(t, file)
	for line := range strings.Lines(ours[0]) {
		assert.Contains(t, theirs, strings.TrimSpace(line), "in GnuTLS' log")
	}
	for line := range strings.Lines(theirs) {
		if kind, _, _ := strings.Cut(line, " "); !strings.Contains(kind, "early") {
			assert.Contains(t, strings.Join(ours, "\n"), strings.TrimSpace(line), "in our log")
		}
	}
}

func TestEverythingGnuTLSClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := newEverythingServer(t, mode)
			next := serveAll(t, server.ctx)
			_, port, err := net.SplitHostPort(next.addr)
			require.NoError(t, err)
			for _, tt := range []struct {
				name, more string
				cert       string
			}{
				{"a.test", "", "a by ECDSA"},
				{"b.test", "", "b"},
			} {
				dir := t.TempDir()
				keylog, status := filepath.Join(dir, "keylog"), filepath.Join(dir, "status")
				args := []string{"--port", port, "--priority", gnuTLSPriority(mode, tt.more), "--verbose", "--resume",
					"--sni-hostname", tt.name, "--verify-hostname", tt.name, "--x509cafile", server.caFile,
					"--x509certfile", server.clientChain, "--x509keyfile", server.clientKey,
					"--alpn", "http/1.1", "--alpn", "h2", "--save-ocsp", status,
					"--keymatexport", exporterLabel, "--keymatexportsize", fmt.Sprint(exporterLength)}
				if mode.TLS13() {
					args = append(args, "--waitresumption")
				} else if !mode.Tickets {
					args = append(args, "--noticket")
				}
				client := gnuTLS(t, "gnutls-cli", keylog, append(args, "127.0.0.1")...)
				first := next.conn(t)
				server.requireServed(t, first, tt.name, false)
				full := server.account(t, first)
				_, err := first.Read(make([]byte, 1))
				require.ErrorIs(t, err, io.EOF)
				require.NoError(t, first.Close())

				second := next.conn(t)
				client.Send(t, "hello from GnuTLS")
				require.Equal(t, "hello from GnuTLS\n", readLine(t, second))
				_, err = io.WriteString(second, "hello from Go\n")
				require.NoError(t, err)
				client.Expect(t, "hello from Go")
				server.requireServed(t, second, tt.name, true)
				resumed := server.account(t, second)
				require.NoError(t, client.Stdin.Close())
				_, err = second.Read(make([]byte, 1))
				require.ErrorIs(t, err, io.EOF)
				require.NoError(t, second.Close())
				client.Wait(t)

				assert.Equal(t, tt.cert, full[saysServerCert])
				before, after, ok := strings.Cut(client.Output(), "Connecting again")
				require.True(t, ok)
				assert.Contains(t, before, "- Status: The certificate is trusted.")
				requireGnuTLSKeylog(t, keylog, full[saysKeylog], resumed[saysKeylog])
				full.requireAgree(t, gnuTLSSays(t, mode, before, saysServerCert))
				resumed.requireAgree(t, gnuTLSSays(t, mode, after, saysServerCert))
				stapled, err := os.ReadFile(status)
				require.NoError(t, err)
				assert.Contains(t, [][]byte{server.status(server.ecdsa.Leaf), server.status(server.everythingPKI.other.Leaf)}, stapled)
			}
			server.requireStored(t)
		})
	}
}

func TestEverythingGnuTLSServer(t *testing.T) {
	t.Parallel()
	for _, mode := range append(pair.Modes[:2:2], pair.Modes[3]) { // in TLS 1.3 it keeps no sessions
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			pki := newEverythingPKI(t)
			client := newEverythingClient(t, mode, pki)
			keylog := filepath.Join(t.TempDir(), "keylog")
			args := []string{"--priority", gnuTLSPriority(mode, ""), "--x509cafile", pki.caFile,
				"--x509certfile", pki.serverChain, "--x509keyfile", pki.serverKey, "--require-client-cert", "--verify-client-cert",
				"--alpn", "h2", "--ocsp-response", pki.serverStatus,
				"--keymatexport", exporterLabel, "--keymatexportsize", fmt.Sprint(exporterLength)}
			if !mode.Tickets {
				args = append(args, "--noticket")
			}
			server, addr := serveGnuTLS(t, keylog, args...)
			var sess *libssl.Session
			var logged []string
			for _, resumed := range []bool{false, true} {
				from := len(server.Output())
				conn := client.dial(t, addr, "a.test", sess)
				_, err := io.WriteString(conn, "hello from Go\n")
				require.NoError(t, err)
				require.Equal(t, "hello from Go\n", readLine(t, conn))
				client.requireConnected(t, conn, pki.ecdsa, pki.status(pki.ecdsa.Leaf), resumed)
				ours := client.account(t, conn)
				sess = conn.Session()
				require.NoError(t, conn.Close())
				server.Expect(t, `^- Key material: .*$`) // what it says comes late
				output := server.Output()[from:]
				theirs := gnuTLSSays(t, mode, output, saysClientCert)
				logged = append(logged, ours[saysKeylog])
				requireGnuTLSKeylog(t, keylog, logged...)
				if !resumed {
					theirs[saysServerName] = find(t, output, `^- Given server name\[1\]: (.*)`)
				}
				ours.requireAgree(t, theirs)
			}
		})
	}
}
