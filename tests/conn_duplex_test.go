package tests

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A source is a stream of bytes that is the same for the same seed.
type source struct {
	r   *rand.ChaCha8
	sum hash.Hash
}

func newSource(seed uint64) *source {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return &source{rand.NewChaCha8(s), sha256.New()}
}

// sendTo writes n bytes, in pieces of up to 100 kB.
func (s *source) sendTo(w io.Writer, n int) error {
	sizes := rand.New(s.r)
	buf := make([]byte, 100_000)
	for n > 0 {
		piece := buf[:min(n, 1+sizes.IntN(1<<sizes.IntN(17)))]
		s.r.Read(piece)
		s.sum.Write(piece)
		wrote, err := w.Write(piece)
		if err != nil {
			return err
		}
		if wrote != len(piece) {
			return fmt.Errorf("Write took %d of %d bytes and returned no error", wrote, len(piece))
		}
		n -= len(piece)
	}
	return nil
}

// echo sends everything back: one goroutine reads and one writes, which may lag behind by so many reads.
func echo(c net.Conn, lag int) error {
	pieces := make(chan []byte, lag)
	wrote := async(func() error {
		for p := range pieces {
			if _, err := c.Write(p); err != nil {
				for range pieces {
				}
				return err
			}
		}
		return nil
	})
	var err error
	for {
		buf := make([]byte, 20_000)
		n, e := c.Read(buf)
		if n > 0 {
			pieces <- buf[:n]
		}
		if e != nil {
			if e != io.EOF {
				err = e
			}
			break
		}
	}
	close(pieces)
	return errors.Join(err, <-wrote)
}

// throughEcho sends n bytes through an echo, with one goroutine that reads and one that writes, and compares.
func throughEcho(c net.Conn, seed uint64, n int) error {
	out, in := newSource(seed), sha256.New()
	wrote := async(func() error {
		if err := out.sendTo(c, n); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		return nil
	})
	got, err := io.CopyN(in, c, int64(n))
	if err != nil {
		c.SetWriteDeadline(time.Unix(1, 0)) // nobody reads any more
		return errors.Join(fmt.Errorf("reading, after %d bytes: %w", got, err), <-wrote)
	}
	if err := <-wrote; err != nil {
		return err
	}
	if !bytes.Equal(in.Sum(nil), out.sum.Sum(nil)) {
		return fmt.Errorf("%d bytes came back, but not those that were sent", n)
	}
	return nil
}

// duplexSizes are how many bytes go through an echo.
func duplexSizes() []int {
	if *long {
		return []int{64 << 20, 256 << 20}
	}
	return []int{8 << 20}
}

func duplexLimit() time.Duration {
	if *long {
		return 10 * time.Minute
	}
	return time.Minute
}

// tight is a transport in memory whose buffers hold less than a record.
func tight(testing.TB) (client, server net.Conn) {
	w := newMemoryWire()
	w.limit = 1000
	return w.client(), w.server()
}

// Reading and writing at once: neither ever waits for the other.
func TestDuplexEcho(t *testing.T) {
	t.Parallel()
	for _, transport := range []struct {
		name string
		pair testutil.Transport
	}{{"TCP", testutil.TCP}, {"net.Pipe", testutil.Pipe}, {"1000 bytes", tight}} {
		for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
			for _, size := range duplexSizes() {
				if transport.name == "1000 bytes" {
					size /= 8
				}
				t.Run(fmt.Sprintf("%s, %s, %d MiB", transport.name, mode.Name, size>>20), func(t *testing.T) {
					t.Parallel()
					watchdog(t, duplexLimit())
					p := connect(t, transport.pair, mode.ServerCtx(t), mode.ClientCtx(t), nil)
					echoed := async(func() error {
						err := echo(p.Server, 8)
						return errors.Join(err, p.Server.CloseWrite())
					})
					require.NoError(t, throughEcho(p.Client, uint64(size), size))
					require.NoError(t, p.Client.CloseWrite())
					_, err := p.Client.Read(make([]byte, 1))
					require.Equal(t, io.EOF, err)
					require.NoError(t, <-echoed)
					closeBoth(p.Client, p.Server)
				})
			}
		}
	}
}

// Each end sends as fast as it can, whatever the other does.
func TestDuplexStreams(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, duplexLimit())
			mode := pair.Modes[3]
			p := connect(t, transport.Pair, mode.ServerCtx(t), mode.ClientCtx(t), nil)
			size := duplexSizes()[0]
			stream := func(c *libssl.Conn, seed uint64) (sent, got []byte, err error) {
				out, in := newSource(seed), sha256.New()
				wrote := async(func() error { return errors.Join(out.sendTo(c, size), c.CloseWrite()) })
				_, err = io.Copy(in, c)
				err = errors.Join(err, <-wrote)
				return out.sum.Sum(nil), in.Sum(nil), err
			}
			var toServer, atServer, toClient, atClient []byte
			var clientErr, serverErr error
			pair.Both(func() { toServer, atClient, clientErr = stream(p.Client, 1) },
				func() { toClient, atServer, serverErr = stream(p.Server, 2) })
			require.NoError(t, clientErr)
			require.NoError(t, serverErr)
			require.Equal(t, toServer, atServer)
			require.Equal(t, toClient, atClient)
			closeBoth(p.Client, p.Server)
		})
	}
}

// Writes do not mix: what one Write sends arrives in one piece, and the writers' own order is kept. So it is with
// several readers in one go: each byte goes to one of them.
func TestDuplexManyWriters(t *testing.T) {
	t.Parallel()
	for _, transport := range testutil.Transports {
		for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
			t.Run(transport.Name+", "+mode.Name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, duplexLimit())
				p := connect(t, transport.Pair, mode.ServerCtx(t), mode.ClientCtx(t), nil)
				const writers = 16
				messages := 20
				if *long {
					messages = 500
				}
				send := func(c *libssl.Conn) error {
					var failed atomic.Pointer[error]
					var wg sync.WaitGroup
					for id := range writers {
						wg.Go(func() {
							r := rand.New(rand.NewPCG(uint64(id), 1))
							for n := range messages {
								if _, err := c.Write(message(id, n, r.IntN(1<<r.IntN(18)))); err != nil {
									failed.Store(&err)
								}
							}
						})
					}
					wg.Wait()
					if err := failed.Load(); err != nil {
						return *err
					}
					return c.CloseWrite()
				}
				receive := func(c *libssl.Conn) error {
					var next [writers]int
					for {
						id, n, err := readMessage(c)
						if err == io.EOF {
							break
						}
						if err != nil {
							return err
						}
						if id >= writers || next[id] != n {
							return fmt.Errorf("writer %d: message %d came", id, n)
						}
						next[id]++
					}
					for id, n := range next {
						if n != messages {
							return fmt.Errorf("writer %d: %d messages came", id, n)
						}
					}
					return nil
				}
				work := []<-chan error{
					async(func() error { return send(p.Client) }), async(func() error { return receive(p.Client) }),
					async(func() error { return send(p.Server) }), async(func() error { return receive(p.Server) }),
				}
				for i, w := range work {
					require.NoError(t, <-w, "%d", i)
				}
				closeBoth(p.Client, p.Server)
			})
		}
	}
}

// message makes a message whose content follows from its head.
func message(id, n, size int) []byte {
	b := make([]byte, 12, 12+size)
	binary.BigEndian.PutUint32(b, uint32(id))
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	binary.BigEndian.PutUint32(b[8:], uint32(size))
	for i := range size {
		b = append(b, byte(id*31+n*7+i))
	}
	return b
}

func readMessage(r io.Reader) (id, n int, err error) {
	head := make([]byte, 12)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, 0, err
	}
	id, n = int(binary.BigEndian.Uint32(head)), int(binary.BigEndian.Uint32(head[4:]))
	size := int(binary.BigEndian.Uint32(head[8:]))
	if size > 1<<18 {
		return 0, 0, fmt.Errorf("a message of %d bytes", size)
	}
	want := message(id, n, size)[12:]
	got := make([]byte, size)
	if _, err := io.ReadFull(r, got); err != nil {
		return 0, 0, fmt.Errorf("inside a message: %w", err)
	}
	if !bytes.Equal(got, want) {
		return 0, 0, errors.New("a message came changed")
	}
	return id, n, nil
}

// ---- a peer that disturbs ----

// peerProgram compiles testdata/peer.c once.
var peerProgram = sync.OnceValues(func() (string, error) {
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libssl", "libcrypto").Output()
	if err != nil {
		return "", fmt.Errorf("pkg-config: %w", err)
	}
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		return "", err
	}
	testutil.AtEnd("the peer program", func() error { return os.RemoveAll(dir) })
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	program := filepath.Join(dir, "peer")
	args := strings.Fields(cc + " -std=gnu11 -O1 -Wall -Wextra -Werror")
	args = append(args, strings.Fields(os.Getenv("CGO_CFLAGS"))...)
	args = append(args, "-o", program, filepath.Join("testdata", "peer.c"))
	args = append(args, strings.Fields(os.Getenv("CGO_LDFLAGS"))...)
	args = append(args, strings.Fields(string(flags))...)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling testdata/peer.c: %w\n%s", err, out)
	}
	return program, nil
})

// disturber says what the peer program does.
type disturber struct {
	what         string // renegotiate, keyupdate, auth or none
	version      uint16
	server       bool // the program is the server
	every        int  // bytes between two disturbances; 0: on demand only
	smallBuffers bool
	transport    func(net.Conn) net.Conn // what our end runs on instead of the bare socket
}

// start starts the program and returns it with the transport to it.
func (d disturber) start(t *testing.T) (*testutil.Process, net.Conn) {
	t.Helper()
	program, err := peerProgram()
	require.NoError(t, err)
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	version := map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}[d.version]
	command := func(role, port string) *testutil.Process {
		cmd := exec.Command(program, role, port, version, d.what, strconv.Itoa(d.every), cert, key)
		cmd.Env = os.Environ()
		if d.smallBuffers {
			cmd.Env = append(cmd.Env, "PEER_SMALL_BUFFERS=1")
		}
		return testutil.Start(t, cmd)
	}
	if d.server {
		p := command("server", "0")
		raw, err := net.Dial("tcp", "127.0.0.1:"+p.Expect(t, `^port (\d+)$`)[1])
		require.NoError(t, err)
		t.Cleanup(func() { raw.Close() })
		return p, raw
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	p := command("client", port)
	raw, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close() })
	return p, raw
}

// connect starts the program and makes the handshake with it.
func (d disturber) connect(t *testing.T) (*testutil.Process, *libssl.Conn) {
	t.Helper()
	mode := pair.Mode{Version: d.version, Tickets: true}
	p, raw := d.start(t)
	if d.smallBuffers {
		require.NoError(t, raw.(*net.TCPConn).SetWriteBuffer(32<<10))
		require.NoError(t, raw.(*net.TCPConn).SetReadBuffer(32<<10))
	}
	if d.transport != nil {
		raw = d.transport(raw)
	}
	var c *libssl.Conn
	var err error
	if d.server {
		ctx := mode.ClientCtx(t)
		if d.what == "auth" {
			allowPostHandshakeAuth(t, ctx)
			require.NoError(t, ctx.UseCertificate(testutil.Certs(t).Client))
		}
		c, err = libssl.Client(raw, ctx)
	} else {
		ctx := mode.ServerCtx(t)
		ctx.SetOptions(libssl.AllowClientRenegotiation)
		c, err = libssl.Server(raw, ctx)
	}
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, soon(t, "the handshake", c.Handshake))
	p.Expect(t, "^connected$")
	return p, c
}

// allowPostHandshakeAuth makes the clients of ctx offer to authenticate themselves after the handshake.
//
// C: SSL_CTX_set_post_handshake_auth(3)
func allowPostHandshakeAuth(t *testing.T, ctx *libssl.Ctx) {
	t.Helper()
	switch c := any(ctx).(type) {
	case interface{ SetPostHandshakeAuth(bool) error }:
		require.NoError(t, c.SetPostHandshakeAuth(true))
	case interface{ SetPostHandshakeAuth(bool) }:
		c.SetPostHandshakeAuth(true)
	default:
		t.Fatal("Ctx has no SetPostHandshakeAuth: the binding can't use SSL_CTX_set_post_handshake_auth")
	}
}

var disturbances = []struct {
	what    string
	version uint16
	server  bool
}{
	{"renegotiate", tls.VersionTLS12, true},
	{"renegotiate", tls.VersionTLS12, false},
	{"keyupdate", tls.VersionTLS13, true},
	{"keyupdate", tls.VersionTLS13, false},
	{"auth", tls.VersionTLS13, true},
}

func disturberName(what string, server bool) string {
	if server {
		return what + " by a server"
	}
	return what + " by a client"
}

// The peer renegotiates all the time, or updates keys and has ours updated, or asks for certificates, while data
// goes both ways at full speed and others ask for the connection's state.
func TestDuplexDisturbed(t *testing.T) {
	t.Parallel()
	for _, d := range disturbances {
		for _, wrap := range []bool{false, true} {
			name := disturberName(d.what, d.server)
			if wrap {
				name += ", wrapped TCP"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, duplexLimit())
				size := duplexSizes()[0]
				dist := disturber{what: d.what, version: d.version, server: d.server, every: 20_000, smallBuffers: true}
				if wrap {
					dist.transport = func(c net.Conn) net.Conn { return plain{c} }
				}
				p, c := dist.connect(t)
				stop := make(chan struct{})
				asked := async(func() (n int) {
					for {
						select {
						case <-stop:
							return n
						case <-time.After(time.Millisecond):
							c.ConnectionState()
							c.Session()
							n++
						}
					}
				})
				err := within(t, duplexLimit()/2, async(func() error { return throughEcho(c, 3, size) }), "the echo")
				close(stop)
				assert.Positive(t, <-asked)
				require.NoError(t, err)
				calmDown(t, p, c).requireDisturbed(t, d.what, size/20_000/40)
			})
		}
	}
}

// The same with readers and writers that keep giving up for a moment: no time-out does harm.
func TestDuplexDisturbedWithTimeouts(t *testing.T) {
	t.Parallel()
	for _, d := range disturbances {
		t.Run(disturberName(d.what, d.server), func(t *testing.T) {
			t.Parallel()
			watchdog(t, duplexLimit())
			size := duplexSizes()[0] / 4
			p, c := disturber{what: d.what, version: d.version, server: d.server, every: 20_000, smallBuffers: true}.connect(t)
			err := within(t, duplexLimit()/2, async(func() error { return throughEcho(impatient{c}, 4, size) }), "the echo")
			require.NoError(t, err)
			require.NoError(t, c.SetDeadline(time.Time{}))
			calmDown(t, p, c).requireDisturbed(t, d.what, size/20_000/40)
		})
	}
}

// impatient gives each Read and Write a millisecond at a time.
type impatient struct{ *libssl.Conn }

func (c impatient) Read(p []byte) (int, error) {
	for {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		n, err := c.Conn.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

func (c impatient) Write(p []byte) (n int, err error) {
	for {
		c.SetWriteDeadline(time.Now().Add(time.Millisecond))
		m, err := c.Conn.Write(p[n:])
		n += m
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if n == len(p) { // encrypted; the next Write sends it
			c.SetWriteDeadline(time.Time{})
			_, err = c.Conn.Write(nil)
			return n, err
		}
	}
}

// calmDown ends a connection whose peer has been disturbing it. libssl can't send close_notify in the midst of a
// handshake, so that one is finished first: the second Write waits for what the first Read has begun.
func calmDown(t *testing.T, p *testutil.Process, c *libssl.Conn) peerReport {
	t.Helper()
	p.Send(t, "calm")
	p.Expect(t, "^ok calm")
	for i := range 2 {
		require.NoError(t, soon(t, "the last echo", func() error { return throughEcho(c, uint64(i), 1) }))
	}
	require.NoError(t, c.Close())
	r := peerDone(t, p)
	t.Log(r.line)
	return r
}

type peerReport struct {
	line                                      string
	echoed, disturbed, renegotiated, verified int
}

// requireDisturbed requires that the peer has made its disturbances, more than so many, and that ours answered.
func (r peerReport) requireDisturbed(t *testing.T, what string, more int) {
	t.Helper()
	require.Greater(t, r.disturbed, more)
	switch what {
	case "renegotiate":
		require.Equal(t, r.disturbed, r.renegotiated)
	case "auth":
		require.GreaterOrEqual(t, r.verified, r.disturbed, "certificates")
	}
}

// peerDone waits for the program's last line.
func peerDone(t *testing.T, p *testutil.Process) (d peerReport) {
	t.Helper()
	m := p.Expect(t, `^(?:done: .*|failed.*(?:\n.*)*)$`)
	d.line = m[0]
	n := regexp.MustCompile(`^done: echoed (\d+), disturbed (\d+), renegotiated (\d+), verified (\d+)`).FindStringSubmatch(d.line)
	require.NotNil(t, n, "the peer: %s", d.line)
	for i, v := range []*int{&d.echoed, &d.disturbed, &d.renegotiated, &d.verified} {
		*v, _ = strconv.Atoi(n[i+1])
	}
	p.Wait(t)
	return d
}

// A Write that finds a handshake under way while nobody reads becomes the reader, and what it reads by the way is
// kept for the Reads to come. A Read's deadline is not the Write's.
func TestWriteDuringRenegotiation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		deadline time.Time // of reading
	}{{"no read deadline", time.Time{}}, {"read deadline passed", time.Unix(1, 0)}} {
		for _, server := range []bool{true, false} {
			t.Run(tt.name+", "+disturberName("renegotiate", server), func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				p, c := inRenegotiation(t, server)
				require.NoError(t, c.SetReadDeadline(tt.deadline))
				wrote := async(func() error {
					_, err := c.Write([]byte("written meanwhile"))
					return err
				})
				p.Send(t, "go")
				require.NoError(t, within(t, patience, wrote, "Write"))
				require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
				buf := make([]byte, 100)
				n, err := io.ReadFull(c, buf[:len("said before")+len("written meanwhile")])
				require.NoError(t, err)
				require.Equal(t, "said beforewritten meanwhile", string(buf[:n]))
				require.NoError(t, c.CloseWrite())
				_, err = c.Read(buf)
				require.Equal(t, io.EOF, err)
				require.NoError(t, c.Close())
				assert.Equal(t, 1, peerDone(t, p).renegotiated)
			})
		}
	}
}

// inRenegotiation returns a connection that is in the midst of a renegotiation, and the peer that holds it up: it
// goes on, with the words "said before", when told to go. Nobody reads the connection.
func inRenegotiation(t *testing.T, server bool) (*testutil.Process, *libssl.Conn) {
	t.Helper()
	sent := make(chan struct{}, 100)
	p, c := disturber{what: "renegotiate", version: tls.VersionTLS12, server: server, transport: func(c net.Conn) net.Conn {
		return told{c, sent}
	}}.connect(t)
	for len(sent) > 0 {
		<-sent
	}
	// The peer's request and our answer: then it is under way.
	p.Send(t, "disturb\nhold")
	p.Expect(t, "^ok hold")
	read := async(func() error {
		n, err := c.Read(make([]byte, 1))
		if n != 0 {
			return errors.New("read something")
		}
		return err
	})
	within(t, patience, sent, "our part of the renegotiation")
	require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
	requireTimeout(t, within(t, patience, read, "Read"))
	p.Send(t, "say said before")
	p.Expect(t, "^ok say")
	return p, c
}

// told tells of each Write.
type told struct {
	net.Conn
	sent chan<- struct{}
}

func (c told) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	select {
	case c.sent <- struct{}{}:
	default:
	}
	return n, err
}
