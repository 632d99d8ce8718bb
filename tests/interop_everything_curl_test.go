package tests

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// curl speaks HTTP/2 or HTTP/1.1 as ALPN has it, and in HTTP/1.1 makes two connections in one run, and resumes. It judges
// the stapled response itself.
func TestEverythingCurl(t *testing.T) {
	t.Parallel()
	curl := optionalProgram(t, "curl")
	features, err := exec.Command(curl, "--version").Output()
	require.NoError(t, err)
	openSSL := bytes.Contains(features, []byte(" OpenSSL/"))
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := newEverythingServer(t, mode)
			arrived, looked := make(chan *libssl.Conn), make(chan struct{})
			type key struct{}
			var protocols http.Protocols
			protocols.SetHTTP1(true)
			protocols.SetUnencryptedHTTP2(true) // as net/http takes it
			web := &http.Server{
				Protocols: &protocols,
				ConnContext: func(ctx context.Context, c net.Conn) context.Context {
					return context.WithValue(ctx, key{}, c.(plain).Conn)
				},
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					arrived <- r.Context().Value(key{}).(*libssl.Conn)
					<-looked
					w.Header().Set("Connection", "close")
					fmt.Fprintf(w, "protocol %s\n", r.Proto)
				}),
				ErrorLog: log.New(io.Discard, "", 0),
			}
			l, err := libssl.Listen("tcp", "127.0.0.1:0", server.ctx)
			require.NoError(t, err)
			ended := async(func() error { return web.Serve(plainListener{l}) })
			t.Cleanup(func() {
				close(looked)
				web.Close()
				receive(t, ended, "the server")
			})
			_, port, err := net.SplitHostPort(l.Addr().String())
			require.NoError(t, err)

			for _, tt := range []struct {
				name, flag, proto, cert string
				resumes                 []bool
			}{
				// It ends connections of HTTP/2 without a close_notify, and so loses their sessions.
				{"a.test", "--http2", "HTTP/2.0", "a by ECDSA", []bool{false}},
				{"a.test", "--http1.1", "HTTP/1.1", "a by ECDSA", []bool{false, true}},
				{"b.test", "--http1.1", "HTTP/1.1", "b", []bool{false, true}},
			} {
				if tt.flag == "--http2" && !bytes.Contains(features, []byte("HTTP2")) {
					continue
				}
				keylog := filepath.Join(t.TempDir(), "keylog")
				version := map[bool]string{false: "1.2", true: "1.3"}[mode.TLS13()]
				// run has curl make connections, looks at each, and returns what we say of them and what curl says.
				run := func(resumes []bool, more ...string) (ours []account, said string) {
					cmd := exec.Command(curl, append([]string{"-q", "-sS", "-v", "--noproxy", "*", "--max-time", "60",
						"--cacert", server.caFile, "--cert", server.clientChain, "--key", server.clientKey,
						"--resolve", tt.name + ":" + port + ":127.0.0.1", "--tlsv" + version, "--tls-max", version, tt.flag}, more...)...)
					cmd.Env = append(os.Environ(), "SSLKEYLOGFILE="+keylog)
					p := testutil.Start(t, cmd)
					for _, resumed := range resumes {
						conn := within(t, pair.Limit, arrived, "a request")
						server.requireServed(t, conn, tt.name, resumed)
						ours = append(ours, server.account(t, conn))
						looked <- struct{}{}
					}
					p.Wait(t)
					assert.Equal(t, len(resumes), strings.Count(p.Output(), "protocol "+tt.proto+"\n"))
					return ours, p.Output()
				}
				url := "https://" + tt.name + ":" + port + "/"

				// One connection after the other, each in the session of the first.
				ours, said := run(tt.resumes, slices.Repeat([]string{url}, len(tt.resumes))...)
				connections := strings.Split(said, "  Trying ")[1:]
				require.Len(t, connections, len(ours), "%s", said)
				for i, said := range connections {
					theirs := account{saysALPN: find(t, said, `ALPN.*server (?:accepted|did agree) (?:to use )?(\S+)`)}
					m := regexp.MustCompile(`SSL connection using (\S+) / (\S+)`).FindStringSubmatch(said)
					require.NotNil(t, m, "%s", said)
					if openSSL {
						theirs[saysVersion], theirs[saysCipher] = m[1], m[2]
					}
					if i == 0 {
						theirs[saysServerCert] = find(t, said, `(?i)^\*\s+subject: .*CN=([^;,\n]*)`)
						assert.Equal(t, tt.cert, theirs[saysServerCert])
					}
					ours[i].requireAgree(t, theirs)
				}
				if openSSL {
					var logged []string
					for _, a := range ours {
						logged = append(logged, strings.Split(a[saysKeylog], "\n")...)
					}
					assert.Equal(t, sortedKeylog(logged), readKeylog(t, keylog))
				}

				// And with a look at the response.
				_, said = run([]bool{false}, "--cert-status", url)
				assert.Regexp(t, `(?i)status: good`, said)
			}
			server.requireStored(t)
		})
	}
}

// plainListener hides what its connections are: net/http would see that they are of TLS, and speak HTTP/1.1 only.
type plainListener struct{ net.Listener }

func (l plainListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return plain{c}, nil
}
