package libtls_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Package libtls beside libretls, Debian's libtls over OpenSSL: programs of ours in C are compiled with it.

// retls compiles a program of testdata/libretls, once. It skips the test where there is no libretls, which Debian has
// since bookworm.
func retls(t *testing.T, name string) string {
	t.Helper()
	if exec.Command("pkg-config", "--exists", "libtls").Run() != nil {
		t.Skip("this test compiles a program with libretls, and libtls-dev is not installed")
	}
	programs.Lock()
	defer programs.Unlock()
	if path := programs.built[name]; path != "" {
		return path
	}
	path := filepath.Join(programs.dir(t), name)
	args := []string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", path, filepath.Join("testdata", "libretls", name+".c")}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libtls").Output()
	require.NoError(t, err)
	out, err := exec.Command(cmp.Or(os.Getenv("CC"), "gcc"), append(args, strings.Fields(string(flags))...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	programs.built[name] = path
	return path
}

var programs = compiled{built: map[string]string{}}

type compiled struct {
	sync.Mutex
	built map[string]string
	where string
}

// dir outlives the test that needs a program first.
func (c *compiled) dir(t *testing.T) string {
	if c.where == "" {
		dir, err := os.MkdirTemp("", "libretls")
		require.NoError(t, err)
		c.where = dir
		testutil.AtEnd("the compiled programs go", func() error { return os.RemoveAll(dir) })
	}
	return c.where
}

// retlsVersion is what Debian calls libretls' version.
func retlsVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("pkg-config", "--modversion", "libtls").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// A call is a setter and its arguments, as both sides understand them.
type call []string

func (c call) String() string { return strings.Join(c, " ") }

// better are the calls for which package libtls has another answer, and why.
var better = map[string]struct{ ours, why string }{
	"ticket_key 0 48 11":    {"0", "TK-8: revision 0 is a key like any other"},
	"client without a list": {"-1\tfailed to parse crl", "libtls goes on, and refuses each certificate for want of a list"},
}

// newer are the answers of later versions, of libretls or of libssl, to calls that they take otherwise.
var newer = map[string]struct{ theirs, why string }{
	"parse_protocols all":          {"0x18\t0", noOldTLS},
	"parse_protocols legacy":       {"0x18\t0", noOldTLS},
	"parse_protocols tlsv1":        {"0x18\t0", noOldTLS},
	"parse_protocols tlsv1.0":      {"0x8\t0", noOldTLS},
	"parse_protocols tlsv1.1":      {"0x8\t0", noOldTLS},
	"parse_protocols all,!tlsv1.0": {"0x10\t0", noOldTLS},
	"parse_protocols !tlsv1.3":     {"0x8\t0", noOldTLS},
	"ciphers default,secure":       {"-1\tno ciphers for 'default,secure'", "libssl takes names of ciphers in any case since 4.0"},
	"ecdhecurves p-256":            {"-1\tinvalid ecdhe curve 'p-256'", "libssl takes names of curves in any case since 3.5"},
}

const noOldTLS = "libretls takes TLS 1.0 and 1.1 for 1.2 since 3.8"

// TestSettersBesideLibretls makes the same calls through libretls and through package libtls and compares what they return,
// and the texts.
func TestSettersBesideLibretls(t *testing.T) {
	program := retls(t, "setters")
	calls := setterCalls(t)
	var lines strings.Builder
	for _, c := range calls {
		lines.WriteString(strings.Join(c, "\t") + "\n")
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stdin = strings.NewReader(lines.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	theirs := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	require.Len(t, theirs, len(calls))
	met := map[string]bool{}
	ours := setter{t: t}
	for i, c := range calls {
		answer := ours.call(c)
		// libtls adds the system's last error to some texts, though there is none.
		theirs[i] = strings.TrimSuffix(theirs[i], ": Success")
		if b, ok := better[c.String()]; ok && answer != theirs[i] {
			assert.Equal(t, b.ours, answer, "%v: %s; libretls: %s", c, b.why, theirs[i])
			met[c.String()] = true
			continue
		}
		if n, ok := newer[c.String()]; ok && theirs[i] == n.theirs && retlsVersion(t) != "3.7.0" {
			t.Logf("%v: %s", c, n.why)
			continue
		}
		assert.Equal(t, theirs[i], answer, "call %d: %v", i, c)
	}
	for c := range better {
		assert.True(t, met[c], "%s is as in libretls", c)
	}
	t.Logf("%d calls, %d of them better", len(calls), len(met))
}

// setterCalls are the calls, in the order they are made.
func setterCalls(t *testing.T) []call {
	pki := testutil.Certs(t)
	dir := t.TempDir()
	file := func(name string, content []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	var calls []call
	fresh := func(list ...call) {
		for _, c := range list {
			calls = append(calls, call{"new"}, c)
		}
	}
	inTurn := func(list ...call) { calls = append(append(calls, call{"new"}), list...) }

	// The session file.
	for _, mode := range []os.FileMode{
		0o600, 0o644, 0o640, 0o660, 0o666, 0o400, 0o200, 0, 0o700, 0o601, 0o610, 0o777,
		0o600 | os.ModeSetuid, 0o600 | os.ModeSetgid, 0o600 | os.ModeSticky,
	} {
		path := file(fmt.Sprintf("session%d", uint32(mode)), nil, mode)
		if os.Getuid() == 0 || mode&0o600 == 0o600 {
			fresh(call{"session_fd", path, "both"})
		}
	}
	good := file("session", []byte("garbage"), 0o600)
	for _, how := range []string{"read", "write", "both", "append", "closed"} {
		fresh(call{"session_fd", good, how})
	}
	for _, what := range []string{"none", "negative", "pipe, to read", "pipe, to write", "socket", "memory", "memory, 0600"} {
		fresh(call{"session_fd", what, ""})
	}
	fresh(call{"session_fd", dir, "read"}, call{"session_fd", "/dev/null", "both"}, call{"session_fd", "/dev/zero", "read"})
	if os.Getuid() == 0 {
		for _, mode := range []os.FileMode{0o600, 0o644} {
			theirs := file(fmt.Sprintf("theirs%o", mode), nil, mode)
			require.NoError(t, os.Chown(theirs, 65534, 65534))
			fresh(call{"session_fd", theirs, "both"})
		}
	}
	inTurn(call{"session_fd", good, "both"}, call{"session_fd", dir, "read"}, call{"session_fd", "none", ""})

	// The session id, the lifetime and the keys.
	for _, n := range []int{0, 1, 16, 31, 32, 33, 64, 255} {
		fresh(call{"session_id", strconv.Itoa(n)})
	}
	for _, n := range []int{0, 1, 2, 3, 4, 5, 60, 3600, 86399, 86400, 86401, 100000, 1<<31 - 1, -1, -4, -86400, -1 << 31} {
		fresh(call{"session_lifetime", strconv.Itoa(n)})
	}
	inTurn(call{"session_lifetime", "3600"}, call{"session_lifetime", "3"}, call{"session_lifetime", "0"})
	for _, n := range []int{0, 1, 16, 32, 47, 48, 49, 64, 255} {
		fresh(call{"ticket_key", "1", strconv.Itoa(n), "7"})
	}
	key := func(rev, byte string) call { return call{"ticket_key", rev, "48", byte} }
	fresh(key("4294967295", "1"), key("1", "0"), key("2147483648", "1"))
	inTurn(key("1", "1"), key("1", "1"), key("1", "2"), key("2", "1"), key("1", "1"), key("2", "1"))
	inTurn(key("1", "1"), key("2", "2"), key("3", "3"), key("4", "4"), key("4", "4"), key("3", "3"), key("1", "1"),
		key("5", "5"), key("2", "2"), key("1", "1"), key("2", "9"), key("2", "2"))
	inTurn(key("1", "1"), key("2", "2"), key("3", "3"), key("4", "4"), key("0", "5"), key("0", "5"), key("0", "6"))
	// Revision 0 where there are fewer than four keys; to itself, lest it be taken for the one above.
	inTurn(key("0", "11"), key("0", "11"), key("0", "12"))

	// The rest.
	for _, list := range []string{
		"", "all", "default", "secure", "legacy", "tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3", "all,!tlsv1.0",
		"tlsv1.2,tlsv1.3", "tlsv1.2,!tlsv1.3", "!tlsv1.3", "TLSv1.2", " tlsv1.2 , tlsv1.3 ", "tlsv1.2:tlsv1.3", "!all", "!",
		"bogus", "tlsv1.2,bogus", "tlsv1.2,", ",tlsv1.2", "sslv3", "tlsv1.4", "compat",
	} {
		fresh(call{"parse_protocols", list})
	}
	for _, mask := range []string{"0", "2", "4", "8", "16", "24", "30", "4294967295"} {
		fresh(call{"protocols", mask})
	}
	for _, list := range []string{
		"", "default", "secure", "compat", "legacy", "all", "insecure", "SECURE", "HIGH", "HIGH:!aNULL", "ECDHE+AESGCM",
		"bogus", "bogus:HIGH", "!HIGH", "ECDHE-ECDSA-AES128-GCM-SHA256", "default,secure",
	} {
		fresh(call{"ciphers", list})
	}
	for _, list := range []string{
		"", "h2", "h2,http/1.1", "h2, http/1.1", ",", "h2,", ",h2", "h2,,spdy", strings.Repeat("x", 255), strings.Repeat("x", 256),
		strings.TrimSuffix(strings.Repeat("0123456789,", 6000), ","), strings.TrimSuffix(strings.Repeat("0123456789,", 5957), ","),
	} {
		fresh(call{"alpn", list})
	}
	for _, list := range []string{
		"", "default", "none", "auto", "DEFAULT", "P-256", "P-384", "X25519", "X25519,P-256", "X25519:P-256", "X25519, P-256", "prime256v1",
		"secp384r1", "x", "P-256,x", "P-256,", ",P-256", "p-256",
	} {
		fresh(call{"ecdhecurves", list})
	}
	for _, name := range []string{"", "none", "auto", "legacy", "NONE", "AUTO", "bogus", "2048"} {
		fresh(call{"dheparams", name})
	}
	for _, n := range []string{"0", "1", "6", "100", "-1"} {
		fresh(call{"verify_depth", n})
	}

	cert, keyFile := testutil.Files(t, pki.Server)
	_, other := testutil.Files(t, pki.Client)
	ca := testutil.CAFile(t, pki.CA)
	empty, garbage := file("empty", nil, 0o600), file("garbage.pem", []byte("garbage\n"), 0o600)
	crl := testutil.File(t, "crl.pem", testutil.CRL(t, pki.CA, 1, time.Now().Add(time.Hour)))
	missing := filepath.Join(dir, "missing")
	kinds := map[string][]string{
		"file": {"ca_file", "cert_file", "key_file", "crl_file", "ocsp_staple_file"},
		"mem":  {"ca_mem", "cert_mem", "key_mem", "crl_mem", "ocsp_staple_mem"},
	}
	for _, name := range kinds["file"] {
		for _, path := range []string{ca, cert, keyFile, crl, empty, garbage, missing, dir} {
			fresh(call{name, path})
		}
	}
	for _, name := range kinds["mem"] {
		for _, path := range []string{ca, cert, keyFile, crl, empty, garbage} {
			fresh(call{name, path})
		}
	}
	for _, path := range []string{dir, ca, missing, ""} {
		fresh(call{"ca_path", path})
	}
	for _, name := range []string{"keypair_file", "add_keypair_file"} {
		for _, pair := range [][2]string{{cert, keyFile}, {cert, missing}, {missing, keyFile}, {cert, other}, {garbage, keyFile}, {cert, garbage}, {cert, ca}} {
			fresh(call{name, pair[0], pair[1]})
		}
	}
	for _, name := range []string{"keypair_mem", "add_keypair_mem"} {
		for _, pair := range [][2]string{{cert, keyFile}, {cert, other}, {garbage, keyFile}, {cert, garbage}, {cert, ca}} {
			fresh(call{name, pair[0], pair[1]})
		}
	}
	for _, name := range []string{"keypair_ocsp_file", "add_keypair_ocsp_file", "keypair_ocsp_mem", "add_keypair_ocsp_mem"} {
		fresh(call{name, cert, keyFile, garbage}, call{name, cert, keyFile, empty}, call{name, garbage, keyFile, empty})
		if strings.HasSuffix(name, "_file") {
			fresh(call{name, cert, keyFile, missing}, call{name, cert, missing, garbage}, call{name, missing, keyFile, garbage})
		}
	}
	// What is wrong with a certificate or a key comes out when it is used.
	for _, list := range [][]call{
		{{"keypair_file", cert, keyFile}},
		{{"cert_file", cert}, {"key_file", keyFile}},
		{{"cert_file", cert}},
		{{"key_file", keyFile}},
		{{"keypair_file", cert, other}},
		{{"keypair_file", garbage, keyFile}},
		{{"keypair_file", cert, garbage}},
		{{"keypair_file", cert, keyFile}, {"clear_keys"}},
		{{"keypair_file", cert, keyFile}, {"add_keypair_file", cert, other}},
		{{"keypair_file", cert, keyFile}, {"ca_file", garbage}},
		{{"keypair_file", cert, keyFile}, {"ca_path", missing}},
		{},
	} {
		inTurn(append(list, call{"server"}, call{"client"})...)
	}
	inTurn(call{"crl_file", crl}, call{"client"})
	inTurn(call{"crl_file", garbage}, call{"client", "without a list"})
	return calls
}

// A setter has package libtls do what testdata/libretls/setters.c has libretls do.
type setter struct {
	t *testing.T
	c *libtls.Config
}

// call is the line that the program in C would print.
func (s *setter) call(c call) string {
	if c[0] == "parse_protocols" {
		protocols, err := libtls.ParseProtocols(c[1])
		if err != nil {
			return "-1\t"
		}
		return fmt.Sprintf("%#x\t0", uint32(protocols))
	}
	if err := s.do(c[0], append(c[1:], "", "", "")); err != nil {
		return "-1\t" + err.Error()
	}
	return "0"
}

func (s *setter) do(name string, arg []string) error {
	switch name {
	case "new":
		s.c = libtls.NewConfig()
		return nil
	case "session_fd":
		return s.c.SetSessionFD(s.descriptor(arg[0], arg[1]))
	case "session_id":
		return s.c.SetSessionID(bytes.Repeat([]byte{7}, s.number(arg[0])))
	case "session_lifetime":
		return s.c.SetSessionLifetime(time.Duration(s.number(arg[0])) * time.Second)
	case "ticket_key":
		return s.c.AddTicketKey(uint32(s.number(arg[0])), bytes.Repeat([]byte{byte(s.number(arg[2]))}, s.number(arg[1])))
	case "protocols":
		return s.c.SetProtocols(libtls.Protocols(s.number(arg[0])))
	case "ciphers":
		return s.c.SetCiphers(arg[0])
	case "alpn":
		return s.c.SetALPN(arg[0])
	case "ecdhecurves":
		return s.c.SetECDHECurves(arg[0])
	case "dheparams":
		return s.c.SetDHEParams(arg[0])
	case "verify_depth":
		return s.c.SetVerifyDepth(s.number(arg[0]))
	case "ca_file":
		return s.c.SetCAFile(arg[0])
	case "ca_mem":
		return s.c.SetCAMem(s.contents(arg[0]))
	case "ca_path":
		return s.c.SetCAPath(arg[0])
	case "cert_file":
		return s.c.SetCertFile(arg[0])
	case "cert_mem":
		return s.c.SetCertMem(s.contents(arg[0]))
	case "key_file":
		return s.c.SetKeyFile(arg[0])
	case "key_mem":
		return s.c.SetKeyMem(s.contents(arg[0]))
	case "keypair_file":
		return s.c.SetKeypairFile(arg[0], arg[1])
	case "keypair_mem":
		return s.c.SetKeypairMem(s.contents(arg[0]), s.contents(arg[1]))
	case "add_keypair_file":
		return s.c.AddKeypairFile(arg[0], arg[1])
	case "add_keypair_mem":
		return s.c.AddKeypairMem(s.contents(arg[0]), s.contents(arg[1]))
	case "keypair_ocsp_file":
		return s.c.SetKeypairOCSPFile(arg[0], arg[1], arg[2])
	case "keypair_ocsp_mem":
		return s.c.SetKeypairOCSPMem(s.contents(arg[0]), s.contents(arg[1]), s.contents(arg[2]))
	case "add_keypair_ocsp_file":
		return s.c.AddKeypairOCSPFile(arg[0], arg[1], arg[2])
	case "add_keypair_ocsp_mem":
		return s.c.AddKeypairOCSPMem(s.contents(arg[0]), s.contents(arg[1]), s.contents(arg[2]))
	case "clear_keys":
		s.c.ClearKeys()
		return nil
	case "crl_file":
		return s.c.SetCRLFile(arg[0])
	case "crl_mem":
		return s.c.SetCRLMem(s.contents(arg[0]))
	case "ocsp_staple_file":
		return s.c.SetOCSPStapleFile(arg[0])
	case "ocsp_staple_mem":
		return s.c.SetOCSPStapleMem(s.contents(arg[0]))
	case "server":
		srv, err := libtls.NewServer(s.c)
		if err == nil {
			srv.Close()
		}
		return err
	case "client":
		client, server := testutil.TCP(s.t)
		defer client.Close()
		defer server.Close()
		_, err := libtls.Client(client, "localhost", s.c)
		return err
	}
	s.t.Fatalf("no call %q", name)
	return nil
}

func (s *setter) number(text string) int {
	n, err := strconv.Atoi(text)
	require.NoError(s.t, err)
	return n
}

func (s *setter) contents(path string) []byte {
	all, err := os.ReadFile(path)
	require.NoError(s.t, err)
	return all
}

// descriptor opens what a word stands for.
func (s *setter) descriptor(what, how string) int {
	switch what {
	case "none":
		return -1
	case "negative":
		return -2
	case "pipe, to read", "pipe, to write":
		r, w, err := os.Pipe()
		require.NoError(s.t, err)
		s.t.Cleanup(func() { r.Close(); w.Close() })
		return int(map[bool]*os.File{true: w, false: r}[what == "pipe, to write"].Fd())
	case "socket":
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		require.NoError(s.t, err)
		s.t.Cleanup(func() { syscall.Close(pair[0]); syscall.Close(pair[1]) })
		return pair[0]
	case "memory", "memory, 0600":
		fd := memory(s.t, 0)
		s.t.Cleanup(func() { syscall.Close(fd) })
		if what != "memory" {
			require.NoError(s.t, syscall.Fchmod(fd, 0o600))
		}
		return fd
	}
	flags := map[string]int{"read": os.O_RDONLY, "write": os.O_WRONLY, "append": os.O_RDWR | os.O_APPEND}
	flag, ok := flags[how]
	if !ok {
		flag = os.O_RDWR
	}
	fd, err := syscall.Open(what, flag|syscall.O_CLOEXEC, 0)
	require.NoError(s.t, err, what)
	if how == "closed" {
		// Another number would soon be somebody else's.
		high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 900)
		require.NoError(s.t, err)
		syscall.Close(fd)
		syscall.Close(high)
		return high
	}
	s.t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

// The versions that package libtls and libretls have in common.
var retlsVersions = []string{"tlsv1.2", "tlsv1.3"}

// sharedKey is the ticket key 1:7 of testdata/libretls/peer.c.
func sharedKey() []byte { return bytes.Repeat([]byte{7}, 48) }

// peers are the two configurations that programs in C are met with.
func retlsServer(t *testing.T, version string) *libtls.Config {
	t.Helper()
	c := libtls.NewConfig()
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	require.NoError(t, c.SetKeypairFile(cert, key))
	require.NoError(t, c.SetProtocols(parsed(t, version)))
	require.NoError(t, c.SetSessionLifetime(time.Hour))
	require.NoError(t, c.SetSessionID([]byte("shared")))
	require.NoError(t, c.AddTicketKey(1, sharedKey()))
	return c
}

func retlsClient(t *testing.T, version, session string) *libtls.Config {
	t.Helper()
	c := libtls.NewConfig()
	require.NoError(t, c.SetCAFile(testutil.CAFile(t, testutil.Certs(t).CA)))
	require.NoError(t, c.SetProtocols(parsed(t, version)))
	f, err := os.OpenFile(session, os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	require.NoError(t, c.SetSessionFile(f))
	return c
}

func parsed(t *testing.T, version string) libtls.Protocols {
	t.Helper()
	protocols, err := libtls.ParseProtocols(version)
	require.NoError(t, err)
	return protocols
}

// echo has a server answer each client's first line, and tells on the channel how each connection went.
func echo(t *testing.T, c *libtls.Config) (addr string, fates <-chan string) {
	t.Helper()
	srv, err := libtls.NewServer(c)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	told := make(chan string, 16)
	go func() {
		for {
			wire, err := l.Accept()
			if err != nil {
				return
			}
			told <- answer(srv, wire)
		}
	}()
	return l.Addr().String(), told
}

func answer(srv *libtls.Server, wire net.Conn) string {
	defer wire.Close()
	wire.SetDeadline(time.Now().Add(2 * time.Minute))
	c, err := srv.Accept(wire)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	if err := c.Handshake(); err != nil {
		return err.Error()
	}
	buf := make([]byte, len("hello\n"))
	if _, err := io.ReadFull(c, buf); err != nil {
		return err.Error()
	}
	if _, err := c.Write(buf); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("resumed=%t", c.SessionResumed())
}

// dial makes a connection of package libtls', says hello and tells whether it resumed.
func dial(t *testing.T, addr string, c *libtls.Config) bool {
	t.Helper()
	var d net.Dialer
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	wire, err := d.DialContext(ctx, "tcp", addr)
	require.NoError(t, err)
	defer wire.Close()
	require.NoError(t, wire.SetDeadline(time.Now().Add(2*time.Minute)))
	conn, err := libtls.Client(wire, "localhost", c)
	require.NoError(t, err)
	require.NoError(t, conn.Handshake())
	_, err = conn.Write([]byte("hello\n"))
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, len("hello\n")))
	require.NoError(t, err)
	resumed := conn.SessionResumed()
	conn.Close()
	return resumed
}

// retlsDial has a client of libretls' connect some times, and returns what it printed of each.
func retlsDial(t *testing.T, version, session, addr string, count int) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), retls(t, "peer"), "ca="+testutil.CAFile(t, testutil.Certs(t).CA),
		"protocols="+version, "file="+session, fmt.Sprintf("count=%d", count), "client", host, port, "localhost")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// opensslServer starts openssl s_server, which sends each line back to front.
func opensslServer(t *testing.T, version string) string {
	t.Helper()
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	flag := map[string]string{"tlsv1.2": "-tls1_2", "tlsv1.3": "-tls1_3"}[version]
	p := testutil.OpenSSL(t, "s_server", "-accept", "127.0.0.1:0", "-rev", "-cert", cert, "-key", key, flag)
	return p.Expect(t, `^ACCEPT (127\.0\.0\.1:\d+)`)[1]
}

// opensslDial has openssl s_client connect, offer the session of a file if it has one, and keep the new one in another; it
// tells whether it resumed.
func opensslDial(t *testing.T, version, addr, in, out string) bool {
	t.Helper()
	flag := map[string]string{"tlsv1.2": "-tls1_2", "tlsv1.3": "-tls1_3"}[version]
	args := []string{"s_client", "-connect", addr, "-servername", "localhost", "-CAfile", testutil.CAFile(t, testutil.Certs(t).CA), flag, "-ign_eof"}
	if in != "" {
		args = append(args, "-sess_in", in)
	}
	if out != "" {
		args = append(args, "-sess_out", out)
	}
	p := testutil.OpenSSL(t, args...)
	word := p.Expect(t, `^(New|Reused), TLSv1\.[23]`)[1]
	p.Send(t, "hello")
	p.Expect(t, `^(hello|olleh)`)
	p.Wait(t)
	return word == "Reused"
}

// TestClientBesideOpenSSL: our client resumes at a server that is nothing but libssl's.
func TestClientBesideOpenSSL(t *testing.T) {
	for _, version := range retlsVersions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			addr := opensslServer(t, version)
			c := retlsClient(t, version, filepath.Join(t.TempDir(), "session"))
			assert.Equal(t, []bool{false, true, true}, []bool{dial(t, addr, c), dial(t, addr, c), dial(t, addr, c)})
		})
	}
}

// TestServerBesideOpenSSL: our server resumes openssl s_client.
func TestServerBesideOpenSSL(t *testing.T) {
	for _, version := range retlsVersions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			addr, fates := echo(t, retlsServer(t, version))
			session := filepath.Join(t.TempDir(), "session")
			assert.False(t, opensslDial(t, version, addr, "", session))
			assert.Equal(t, "resumed=false", <-fates)
			assert.True(t, opensslDial(t, version, addr, session, ""))
			assert.Equal(t, "resumed=true", <-fates)
		})
	}
}

// TestServerBesideLibretls: our server resumes a client of libretls', in TLS 1.2 from the file that it wrote itself; in TLS
// 1.3, of which it keeps no ticket, from one that our client wrote.
func TestServerBesideLibretls(t *testing.T) {
	retls(t, "peer")
	t.Run("tlsv1.2", func(t *testing.T) {
		t.Parallel()
		addr, fates := echo(t, retlsServer(t, "tlsv1.2"))
		seen := retlsDial(t, "tlsv1.2", filepath.Join(t.TempDir(), "session"), addr, 3)
		assert.Equal(t, []string{"resumed=0 TLSv1.2", "resumed=1 TLSv1.2", "resumed=1 TLSv1.2"}, seen)
		assert.Equal(t, []string{"resumed=false", "resumed=true", "resumed=true"}, []string{<-fates, <-fates, <-fates})
	})
	t.Run("tlsv1.3", func(t *testing.T) {
		t.Parallel()
		addr, fates := echo(t, retlsServer(t, "tlsv1.3"))
		session := filepath.Join(t.TempDir(), "session")
		assert.Equal(t, []string{"resumed=0 TLSv1.3", "resumed=0 TLSv1.3"}, retlsDial(t, "tlsv1.3", session, addr, 2))
		assert.Equal(t, []string{"resumed=false", "resumed=false"}, []string{<-fates, <-fates})

		require.NoError(t, os.Remove(session))
		assert.False(t, dial(t, addr, retlsClient(t, "tlsv1.3", session)))
		<-fates
		assert.Equal(t, []string{"resumed=1 TLSv1.3"}, retlsDial(t, "tlsv1.3", session, addr, 1))
		assert.Equal(t, "resumed=true", <-fates)
	})
}

// TestServersTakeTurnsWithLibretls: a ticket key, an id and a lifetime that a server of libretls' has in common with ours.
// libretls 3.7.0 sends no tickets over OpenSSL; of later ones our server has to take what they send.
func TestServersTakeTurnsWithLibretls(t *testing.T) {
	program := retls(t, "peer")
	for _, version := range retlsVersions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cert, key := testutil.Files(t, testutil.Certs(t).Server)
			pair := testutil.File(t, "pair.pem", append(contents(t, cert), contents(t, key)...))
			theirs := testutil.Start(t, exec.Command(program, "keypair="+pair, "protocols="+version, "id=shared", "key=1:7",
				"lifetime=3600", "count=3", "server"))
			addr := "127.0.0.1:" + theirs.Expect(t, `^port (\d+)`)[1]
			ours, fates := echo(t, retlsServer(t, version))
			c := retlsClient(t, version, filepath.Join(t.TempDir(), "session"))

			assert.False(t, dial(t, addr, c))
			theirs.Expect(t, `^resumed=0`)
			again := dial(t, addr, c)
			theirs.Expect(t, fmt.Sprintf(`^resumed=%d`, map[bool]int{false: 0, true: 1}[again]))
			tickets := again
			t.Logf("libretls %s, over %s: a server resumes: %t", retlsVersion(t), version, tickets)
			if retlsVersion(t) == "3.7.0" {
				assert.False(t, tickets, "libretls 3.7.0 seals tickets and sends none")
			}
			assert.Equal(t, tickets, dial(t, ours, c), "theirs, at ours")
			assert.Equal(t, fmt.Sprintf("resumed=%t", tickets), <-fates)
			if !tickets { // ours, at theirs: what it does not send it can take
				dial(t, ours, c)
				<-fates
			}
			assert.True(t, dial(t, addr, c), "ours, at theirs")
			theirs.Expect(t, `^resumed=1`)
			theirs.Wait(t)
		})
	}
}

// TestFilesBesideLibretls: the session file that one side wrote is read by the other, and by the openssl command.
func TestFilesBesideLibretls(t *testing.T) {
	retls(t, "peer")
	for _, version := range retlsVersions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			addr, fates := echo(t, retlsServer(t, version))
			dir := t.TempDir()
			ours := filepath.Join(dir, "ours")

			assert.False(t, dial(t, addr, retlsClient(t, version, ours)))
			assert.Equal(t, "resumed=false", <-fates)
			text := testutil.Run(t, nil, "sess_id", "-in", ours, "-noout", "-text")
			assert.Contains(t, string(text), map[string]string{"tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}[version])
			assert.True(t, opensslDial(t, version, addr, ours, ""), "ours, read by openssl s_client")
			assert.Equal(t, "resumed=true", <-fates)
			assert.Equal(t, "resumed=1 TLSv"+version[4:], retlsDial(t, version, ours, addr, 1)[0], "ours, read by libretls")
			assert.Equal(t, "resumed=true", <-fates)

			theirs := filepath.Join(dir, "theirs")
			assert.Equal(t, "resumed=0 TLSv"+version[4:], retlsDial(t, version, theirs, addr, 1)[0])
			assert.Equal(t, "resumed=false", <-fates)
			if version == "tlsv1.2" {
				assert.True(t, dial(t, addr, retlsClient(t, version, theirs)), "libretls', read by ours")
				assert.Equal(t, "resumed=true", <-fates)
			} else { // a session without a ticket, which we can read and can't use
				assert.False(t, dial(t, addr, retlsClient(t, version, theirs)))
				assert.Equal(t, "resumed=false", <-fates)
			}

			openssl := filepath.Join(dir, "openssl")
			assert.False(t, opensslDial(t, version, addr, "", openssl))
			<-fates
			require.NoError(t, os.Chmod(openssl, 0o600))
			assert.True(t, dial(t, addr, retlsClient(t, version, openssl)), "openssl s_client's, read by ours")
			assert.Equal(t, "resumed=true", <-fates)
		})
	}
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	all, err := os.ReadFile(path)
	require.NoError(t, err)
	return all
}
