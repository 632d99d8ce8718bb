package tests

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// optionalProgram returns the path of a server that is not on every machine.
func optionalProgram(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(path); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed; scripts/setup.sh peers or token installs it", name)
	return ""
}

// A peerServer is another program that serves HTTP over TLS on a unix socket, and answers with whether the session was
// resumed.
type peerServer struct {
	socket string
	keys   func() (*libssl.FileTicketKeys, error) // those that it has too
}

// talk makes a connection, and returns the client's session.
func (s peerServer) talk(t *testing.T, client *libssl.Ctx, offered *libssl.Session, resumes bool) *libssl.Session {
	t.Helper()
	raw, err := net.Dial("unix", s.socket)
	require.NoError(t, err)
	conn, err := libssl.Client(raw, client)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(pair.Limit)))
	if offered != nil {
		require.NoError(t, conn.SetSession(offered))
	}
	_, err = io.WriteString(conn, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), " 200 OK\r\n")
	require.Regexp(t, fmt.Sprintf(`resumed=%t\s*$`, resumes), string(answer))
	require.Equal(t, resumes, conn.SessionReused())
	return conn.Session()
}

func startNginx(t *testing.T, mode pair.Mode, keys ...string) peerServer {
	t.Helper()
	path := optionalProgram(t, "nginx")
	dir, err := os.MkdirTemp("", "nginx") // short enough for the socket's address
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	var b strings.Builder
	fmt.Fprintf(&b, `daemon off; master_process off; pid %[1]s/pid; error_log stderr notice;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	map $ssl_session_reused $resumed { r true; default false; }
	server {
		listen unix:%[1]s/socket ssl;
		ssl_certificate %[2]s;
		ssl_certificate_key %[3]s;
		ssl_protocols %[4]s;
		location / { return 200 resumed=$resumed; }
`, dir, cert, key, map[bool]string{false: "TLSv1.2", true: "TLSv1.3"}[mode.TLS13()])
	for _, k := range keys {
		fmt.Fprintf(&b, "\t\tssl_session_ticket_key %s;\n", k)
	}
	b.WriteString("\t}\n}\n")
	config := testutil.File(t, "nginx.conf", []byte(b.String()))
	p := testutil.Start(t, exec.Command(path, "-e", "stderr", "-p", dir, "-c", config))
	p.Expect(t, `notice.* nginx/`) // by then it listens
	return peerServer{filepath.Join(dir, "socket"), func() (*libssl.FileTicketKeys, error) { return libssl.NginxTicketKeys(keys...) }}
}

func startHAProxy(t *testing.T, mode pair.Mode, keys string) peerServer {
	t.Helper()
	path := optionalProgram(t, "haproxy")
	dir, err := os.MkdirTemp("", "haproxy")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer l.Close()
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	listening, err := l.(*net.UnixListener).File()
	require.NoError(t, err)
	defer listening.Close()
	certs := testutil.Certs(t)
	pem := testutil.File(t, "haproxy.pem", append(testutil.CertPEM(certs.Server), testutil.KeyPEM(t, certs.Server)...))
	version := map[bool]string{false: "TLSv1.2", true: "TLSv1.3"}[mode.TLS13()]
	config := testutil.File(t, "haproxy.cfg", fmt.Appendf(nil, `defaults
	mode http
	timeout client 30s
	timeout server 30s
	timeout connect 30s
frontend test
	bind fd@3 ssl crt %s ssl-min-ver %[2]s ssl-max-ver %[2]s tls-ticket-keys %[3]s
	http-request return status 200 content-type text/plain lf-string resumed=%%[ssl_fc_is_resumed,iif(true,false)]
`, pem, version, keys))
	cmd := exec.Command(path, "-db", "-f", config)
	cmd.ExtraFiles = []*os.File{listening}
	testutil.Start(t, cmd)
	return peerServer{socket, func() (*libssl.FileTicketKeys, error) { return libssl.HAProxyTicketKeys(keys) }}
}

// A ticket of nginx or HAProxy can be resumed at a server of ours that has the same files, and the other way round.
func TestTicketKeysOfOtherServers(t *testing.T) {
	t.Parallel()
	random := func(n int) []byte { return []byte(string(testutil.Run(t, nil, "rand", fmt.Sprint(n)))) }
	haproxyFile := func(t *testing.T, n int) string {
		var b bytes.Buffer
		for range 4 {
			fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(random(n)))
		}
		return testutil.File(t, "keys", b.Bytes())
	}
	for _, tt := range []struct {
		name  string
		start func(t *testing.T, mode pair.Mode) peerServer
	}{
		{"nginx with 48 bytes", func(t *testing.T, mode pair.Mode) peerServer {
			return startNginx(t, mode, testutil.File(t, "48", random(48)), testutil.File(t, "80", random(80)))
		}},
		{"nginx with 80 bytes", func(t *testing.T, mode pair.Mode) peerServer {
			return startNginx(t, mode, testutil.File(t, "80", random(80)), testutil.File(t, "48", random(48)))
		}},
		{"HAProxy with 48 bytes", func(t *testing.T, mode pair.Mode) peerServer {
			return startHAProxy(t, mode, haproxyFile(t, 48))
		}},
		{"HAProxy with 80 bytes", func(t *testing.T, mode pair.Mode) peerServer {
			return startHAProxy(t, mode, haproxyFile(t, 80))
		}},
	} {
		for _, mode := range tickets() {
			t.Run(tt.name+", "+mode.Name, func(t *testing.T) {
				t.Parallel()
				peer := tt.start(t, mode)
				keys, err := peer.keys()
				require.NoError(t, err)
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				require.NoError(t, server.SetTicketKeyManager(keys))

				theirs := peer.talk(t, client, nil, false)
				inside, _ := openTicket(t, ticketOf(t, theirs), keys.Current())
				require.NotEmpty(t, inside.IDContext())
				connectOnce(t, server, client, clone(t, theirs), false) // the session id context differs
				require.NoError(t, server.SetSessionIDContext(inside.IDContext()))
				connectOnce(t, server, client, clone(t, theirs), true)

				ours := connectOnce(t, server, client, nil, false)
				peer.talk(t, client, clone(t, ours), true)
				other := mode.ServerCtx(t)
				require.NoError(t, other.SetSessionIDContext(inside.IDContext()))
				peer.talk(t, client, connectOnce(t, other, client, nil, false), false)
			})
		}
	}
}

// Two processes with one key file open each other's tickets.
func TestTicketKeysOfAnotherProcess(t *testing.T) {
	t.Parallel()
	for _, mode := range tickets() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			file := testutil.File(t, "key", testutil.Run(t, nil, "rand", "80"))
			start := func() string {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childEnv+"=ticket server", "LIBSSL_TEST_FILE="+file, "LIBSSL_TEST_MODE="+mode.Name)
				return testutil.Start(t, cmd).Expect(t, `^listening on (.*)$`)[1]
			}
			first, second := start(), start()
			client := mode.ClientCtx(t)
			talk := func(addr string, offered *libssl.Session) (*libssl.Session, bool) {
				raw, err := net.Dial("tcp", addr)
				require.NoError(t, err)
				conn, err := libssl.Client(raw, client)
				require.NoError(t, err)
				defer conn.Close()
				require.NoError(t, conn.SetDeadline(time.Now().Add(pair.Limit)))
				if offered != nil {
					require.NoError(t, conn.SetSession(offered))
				}
				_, err = io.ReadFull(conn, make([]byte, 1))
				require.NoError(t, err)
				return conn.Session(), conn.SessionReused()
			}
			sess, resumed := talk(first, nil)
			require.False(t, resumed)
			sess, resumed = talk(second, sess)
			require.True(t, resumed)
			_, resumed = talk(first, sess)
			require.True(t, resumed)
		})
	}
}

func init() {
	children["ticket server"] = func() {
		var t childT
		for _, mode := range tickets() {
			if mode.Name != os.Getenv("LIBSSL_TEST_MODE") {
				continue
			}
			keys, err := libssl.NginxTicketKeys(os.Getenv("LIBSSL_TEST_FILE"))
			if err != nil {
				panic(err)
			}
			ctx := mode.ServerCtx(&t)
			if err := ctx.SetTicketKeyManager(keys); err != nil {
				panic(err)
			}
			l, err := libssl.Listen("tcp", "127.0.0.1:0", ctx)
			if err != nil {
				panic(err)
			}
			fmt.Println("listening on", l.Addr())
			go func() {
				io.Copy(io.Discard, os.Stdin) // until the test is over
				l.Close()
			}()
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conn.Write([]byte{'.'})
				conn.Close()
			}
		}
	}
}
