package tests

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What the tests of connections share. They wait for events, each wait has a limit, and whoever reaches it says what
// all goroutines were doing.

// patience bounds a wait for what should come at once.
const patience = 20 * time.Second

// prompt is how late something may come that is to come within milliseconds: other tests run beside, and machines pause.
// It is less than any limit of ours, and so than what it takes when a wake-up is lost: Close gives up after 5 s.
const prompt = 3 * time.Second

// watchdog ends the test binary with all stacks if the test is still running after limit.
func watchdog(t testing.TB, limit time.Duration) {
	name := t.Name()
	timer := time.AfterFunc(limit, func() {
		fmt.Fprintf(os.Stderr, "%s is still running after %v\n%s\n", name, limit, stacks())
		panic("hung: " + name)
	})
	t.Cleanup(func() { timer.Stop() })
}

// stacks returns the stacks of all goroutines but those of tests that wait for others.
func stacks() string {
	buf := make([]byte, 4<<20)
	all := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return strings.Join(slices.DeleteFunc(all, func(g string) bool {
		return strings.Contains(g, "testing.(*T).Parallel") || strings.Contains(g, "testing.tRunner.func1")
	}), "\n\n")
}

// async runs f in a goroutine.
func async[T any](f func() T) <-chan T {
	c := make(chan T, 1)
	go func() { c <- f() }()
	return c
}

// within returns what c brings; the test fails if that does not come in time.
func within[T any](t testing.TB, limit time.Duration, c <-chan T, what string) (v T) {
	t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case v = <-c:
		return v
	case <-timer.C:
		t.Fatalf("%s: not within %v\n%s", what, limit, stacks())
		return v
	}
}

// soon waits for what f returns.
func soon[T any](t testing.TB, what string, f func() T) T {
	t.Helper()
	return within(t, patience, async(f), what)
}

// connect makes a client and a server on a transport and runs their handshakes, without reading anything after them.
// Neither has a deadline.
func connect(t testing.TB, transport testutil.Transport, server, client *libssl.Ctx, sess *libssl.Session) *pair.Pair {
	t.Helper()
	p := pair.Handshake(t, server, client, pair.Options{Transport: transport, NoTickets: true, Session: sess})
	require.NoError(t, p.Client.SetDeadline(time.Time{}))
	require.NoError(t, p.Server.SetDeadline(time.Time{}))
	return p
}

// foreign returns the configuration of a crypto/tls peer that speaks one version and accepts any server.
func foreign(t testing.TB, version uint16) *tls.Config {
	return &tls.Config{
		Certificates:       []tls.Certificate{testutil.Certs(t).Server},
		InsecureSkipVerify: true,
		MinVersion:         version,
		MaxVersion:         version,
	}
}

// closeBoth closes both ends. On a transport without a buffer the first waits for a while for the other to read its
// close_notify, so that reads.
func closeBoth(first, second net.Conn) {
	second.SetReadDeadline(time.Time{})
	go io.Copy(io.Discard, second)
	first.Close()
	second.Close()
}

// plain hides what a transport is, so that it is not taken for a kernel socket.
type plain struct{ net.Conn }

// CloseWrite is what a wrapper must have if nothing that was sent is to be lost when the connection is closed.
func (p plain) CloseWrite() error { return p.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// wrapped is a transport that looks like no kernel socket and is one.
func wrapped(t testing.TB) (client, server net.Conn) {
	client, server = testutil.TCP(t)
	return plain{client}, plain{server}
}

// transports are those of testutil and wrapped.
var transports = append(testutil.Transports[:len(testutil.Transports):len(testutil.Transports)], struct {
	Name string
	Pair testutil.Transport
}{"wrapped TCP", wrapped})

// A memoryWire connects two ends without the kernel. Each direction has a buffer, as large as it has to be unless
// limit says otherwise. It can be cut after any byte, and be asked what has passed.
type memoryWire struct {
	mu    sync.Mutex
	news  sync.Cond
	dirs  [2]direction // 0: what the client writes
	cut   bool         // both directions: reads end with EOF, writes fail
	ends  [2]wireEnd
	limit int // how much a direction holds; 0 is all
}

type direction struct {
	data   []byte
	passed int // bytes that were written
	max    int // the wire is cut instead of taking more; negative is never
	closed bool
}

func newMemoryWire() *memoryWire {
	w := &memoryWire{}
	w.news.L = &w.mu
	for i := range w.ends {
		w.dirs[i].max = -1
		w.ends[i] = wireEnd{w: w, out: i}
		w.ends[i].readTime.w, w.ends[i].writeTime.w = w, w
	}
	return w
}

func (w *memoryWire) client() net.Conn { return &w.ends[0] }
func (w *memoryWire) server() net.Conn { return &w.ends[1] }

// passed returns how many bytes have been written in a direction.
func (w *memoryWire) passed(dir int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dirs[dir].passed
}

// cutAfter has the wire cut instead of taking more than n bytes in a direction.
func (w *memoryWire) cutAfter(dir, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dirs[dir].max = n
}

// sever cuts the wire.
func (w *memoryWire) sever() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	w.news.Broadcast()
}

// A wireEnd is one end: it writes to direction out and reads from the other.
type wireEnd struct {
	w                   *memoryWire
	out                 int
	closed              bool
	readTime, writeTime wireDeadline
}

// A wireDeadline wakes the wire when it has passed.
type wireDeadline struct {
	w      *memoryWire
	timer  *time.Timer
	passed bool
	set    int // how often it was set: a timer of before does not count
}

func (d *wireDeadline) setTo(t time.Time) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.set++
	d.passed = false
	if t.IsZero() {
		return
	}
	if until := time.Until(t); until > 0 {
		set := d.set
		d.timer = time.AfterFunc(until, func() {
			d.w.mu.Lock()
			defer d.w.mu.Unlock()
			d.passed = d.passed || d.set == set
			d.w.news.Broadcast()
		})
		return
	}
	d.passed = true
	d.w.news.Broadcast()
}

func (e *wireEnd) Read(p []byte) (int, error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	in := &e.w.dirs[1-e.out]
	for {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case e.readTime.passed:
			return 0, os.ErrDeadlineExceeded
		case len(in.data) > 0:
			n := copy(p, in.data)
			in.data = in.data[n:]
			e.w.news.Broadcast()
			return n, nil
		case e.w.cut || in.closed:
			return 0, io.EOF
		}
		e.w.news.Wait()
	}
}

func (e *wireEnd) Write(p []byte) (n int, err error) {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	out := &e.w.dirs[e.out]
	for len(p) > 0 {
		switch {
		case e.closed:
			return n, net.ErrClosed
		case e.writeTime.passed:
			return n, os.ErrDeadlineExceeded
		case e.w.cut || out.closed:
			return n, errCut
		}
		take := len(p)
		if e.w.limit > 0 {
			take = min(take, e.w.limit-len(out.data))
		}
		if out.max >= 0 {
			take = min(take, out.max-out.passed)
		}
		if take > 0 {
			out.data = append(out.data, p[:take]...)
			out.passed += take
			n += take
			p = p[take:]
		}
		if len(p) > 0 && out.max >= 0 && out.passed >= out.max {
			e.w.cut = true
		}
		e.w.news.Broadcast()
		if take <= 0 && !e.w.cut {
			e.w.news.Wait()
		}
	}
	return n, nil
}

func (e *wireEnd) Close() error {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.closed = true
	e.w.dirs[0].closed, e.w.dirs[1].closed = true, true
	e.w.news.Broadcast()
	return nil
}

func (e *wireEnd) LocalAddr() net.Addr                { return wireAddr{} }
func (e *wireEnd) RemoteAddr() net.Addr               { return wireAddr{} }
func (e *wireEnd) SetReadDeadline(t time.Time) error  { e.readTime.setTo(t); return nil }
func (e *wireEnd) SetWriteDeadline(t time.Time) error { e.writeTime.setTo(t); return nil }
func (e *wireEnd) SetDeadline(t time.Time) error {
	e.readTime.setTo(t)
	e.writeTime.setTo(t)
	return nil
}

type wireAddr struct{}

func (wireAddr) Network() string { return "wire" }
func (wireAddr) String() string  { return "wire" }

// wasCut reports whether the wire has been cut.
func (w *memoryWire) wasCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// askAll asks a connection all that can be asked: it answers at any time, whatever it has come to.
func askAll(c *libssl.Conn) {
	c.ConnectionState()
	if sess := c.Session(); sess != nil {
		useSession(sess)
		sess.Close()
	}
	c.SessionReused()
	c.HasMatchingSessionID(make([]byte, 32))
	c.Ctx()
	c.SSL().Conn().NetConn()
	c.LocalAddr()
	c.RemoteAddr()
	c.ALPNSelected()
	c.CipherName()
	c.Ciphers()
	c.GroupName()
	c.DefaultTimeout()
	c.EarlyDataStatus()
	c.MaxEarlyData()
	c.RecvMaxEarlyData()
	c.NumTickets()
	c.Options()
	c.RenegotiatePending()
	c.SecureRenegotiation()
	c.Finished()
	c.PeerFinished()
	c.TLSUnique()
	c.TLSExporter()
	c.TLSServerEndPoint()
	c.ExportKeyingMaterial("label", []byte("context"), 32)
	c.ExportKeyingMaterialEarly("label", nil, 32)
}
