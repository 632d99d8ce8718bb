package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/livecount"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// AwaitSession gives a session that resumes, in each mode and on each transport, whoever reads.
func TestAwaitSessionInAllModes(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		for _, transport := range transports {
			for _, readers := range []string{"nobody reads", "somebody reads", "several wait"} {
				t.Run(mode.Name+", "+transport.Name+", "+readers, func(t *testing.T) {
					t.Parallel()
					watchdog(t, time.Minute)
					server, client := mode.ServerCtx(t), mode.ClientCtx(t)
					p := connect(t, transport.Pair, server, client, nil)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					var read <-chan error
					buf := make([]byte, 5)
					if readers == "somebody reads" {
						read = async(func() error { _, err := io.ReadFull(p.Client, buf); return err })
						dawdle()
					}
					waiters := 1
					if readers == "several wait" {
						waiters = 5
					}
					type result struct {
						sess *libssl.Session
						err  error
					}
					var results []<-chan result
					for range waiters {
						results = append(results, async(func() result {
							sess, err := p.Client.AwaitSession(ctx)
							return result{sess, err}
						}))
					}
					var sess *libssl.Session
					for _, r := range results {
						got := <-r
						require.NoError(t, got.err)
						require.True(t, got.sess.IsResumable())
						require.Equal(t, mode.Version, got.sess.Version())
						sess = got.sess
					}
					if read == nil {
						read = async(func() error { _, err := io.ReadFull(p.Client, buf); return err })
					}
					_, err := p.Server.Write([]byte("hello"))
					require.NoError(t, err)
					require.NoError(t, within(t, patience, read, "Read"))
					require.Equal(t, "hello", string(buf))
					closeBoth(p.Client, p.Server)

					// Each session resumes, and resuming gives a newer one in TLS 1.3.
					q := connect(t, transport.Pair, server, client, sess)
					require.True(t, q.Client.SessionReused())
					again, err := q.Client.AwaitSession(ctx)
					require.NoError(t, err)
					require.True(t, again.IsResumable())
					assert.Equal(t, mode.TLS13(), !bytes.Equal(sess.ID(), again.ID()))
					closeBoth(q.Client, q.Server)
				})
			}
		}
	}
}

// lateTickets returns a client of a server that has sent no ticket yet. It sends data with "say", and a ticket with
// "disturb".
func lateTickets(t *testing.T, transport func(net.Conn) net.Conn) (*testutil.Process, *libssl.Conn) {
	t.Helper()
	p, c := disturber{what: "auth", version: tls.VersionTLS13, server: true, transport: transport}.connect(t)
	p.Send(t, "tickets 1")
	p.Expect(t, "^ok tickets")
	return p, c
}

// What comes before the ticket, or after it, is for the Reads to come: all of it, in order.
func TestAwaitSessionAmongData(t *testing.T) {
	t.Parallel()
	for _, wrap := range []bool{false, true} {
		for _, commands := range []string{
			"say before.\ndisturb",
			"disturb\nsay after.",
			"say before.\ndisturb\nsay after.",
			"say one.\nsay two.\nsay three.\ndisturb\nsay four.\nsay five.",
		} {
			name := strings.ReplaceAll(commands, "\n", ", ")
			var transport func(net.Conn) net.Conn
			if wrap {
				name += ", wrapped TCP"
				transport = func(c net.Conn) net.Conn { return plain{c} }
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				p, c := lateTickets(t, transport)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				type result struct {
					sess *libssl.Session
					err  error
				}
				awaited := async(func() result {
					sess, err := c.AwaitSession(ctx)
					return result{sess, err}
				})
				p.Send(t, commands)
				r := <-awaited
				require.NoError(t, r.err)
				require.True(t, r.sess.IsResumable())
				var want string
				for _, line := range strings.Split(commands, "\n") {
					if text, ok := strings.CutPrefix(line, "say "); ok {
						want += text
					}
				}
				require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
				got := make([]byte, len(want))
				for i := range got { // a byte at a time: what was read ahead is handed out in pieces
					_, err := io.ReadFull(c, got[i:i+1])
					require.NoError(t, err)
				}
				require.Equal(t, want, string(got))
				require.NoError(t, c.SetReadDeadline(time.Time{}))
				calmDown(t, p, c)
			})
		}
	}
}

// More data before the ticket than anybody wants to keep: AwaitSession waits until somebody reads it.
func TestAwaitSessionBehindMuchData(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	p, c := lateTickets(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	awaited := async(func() error {
		sess, err := c.AwaitSession(ctx)
		if err == nil && !sess.IsResumable() {
			err = errors.New("not resumable")
		}
		return err
	})
	const size = 4 << 20
	out, in := newSource(6), make([]byte, size)
	wrote := async(func() error { return out.sendTo(c, size) })
	dawdle()
	_, err := io.ReadFull(c, in)
	require.NoError(t, err)
	require.NoError(t, within(t, patience, wrote, "the writer"))
	want := newSource(6)
	var copied bytes.Buffer
	require.NoError(t, want.sendTo(&copied, size))
	require.True(t, bytes.Equal(copied.Bytes(), in))
	select {
	case err := <-awaited:
		t.Fatalf("AwaitSession returned before there was a ticket: %v", err)
	default:
	}
	p.Send(t, "disturb")
	require.NoError(t, within(t, patience, awaited, "AwaitSession"))
	calmDown(t, p, c)
}

// Without a ticket it waits for as long as its context lasts, whatever the deadlines say, and nobody is the worse
// for it.
func TestAwaitSessionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			mode := pair.Modes[3]
			server := mode.ServerCtx(t)
			require.NoError(t, server.SetNumTickets(0))
			p := connect(t, transport.Pair, server, mode.ClientCtx(t), nil)
			for _, deadline := range []time.Time{{}, time.Unix(1, 0)} {
				require.NoError(t, p.Client.SetDeadline(deadline))
				began := time.Now() // before the context's own clock starts
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
				_, err := p.Client.AwaitSession(ctx)
				took := time.Since(began)
				cancel()
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.GreaterOrEqual(t, took, 30*time.Millisecond)
				assert.Less(t, took, 30*time.Millisecond+prompt)
				_, err = p.Client.AwaitSession(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded, "it has ended already")
			}
			require.NoError(t, p.Client.SetDeadline(time.Time{}))
			require.NoError(t, soon(t, "the echo", func() error { return pair.Echo(p.Client, p.Server, "as good as before") }))
			closeBoth(p.Client, p.Server)
		})
	}
}

// Where no session can come, or none any more, it says so, to all who wait.
func TestAwaitSessionInVain(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, p *pair.Pair)
		want error // nil: any
	}{
		{"the server closes", func(_ *testing.T, p *pair.Pair) { go p.Server.Close() }, nil},
		{"the server closes its direction", func(_ *testing.T, p *pair.Pair) { go p.Server.CloseWrite() }, nil},
		{"the transport is cut", func(_ *testing.T, p *pair.Pair) { p.ServerRaw.Close() }, io.ErrUnexpectedEOF},
		{"the transport is reset", func(t *testing.T, p *pair.Pair) {
			require.NoError(t, p.ServerRaw.(*net.TCPConn).SetLinger(0))
			p.ServerRaw.Close()
		}, nil},
		{"it is closed here", func(_ *testing.T, p *pair.Pair) { go p.Client.Close() }, net.ErrClosed},
	} {
		for _, reading := range []bool{false, true} {
			name := tt.name
			if reading {
				name += ", while somebody reads"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				server := mode.ServerCtx(t)
				require.NoError(t, server.SetNumTickets(0))
				p := connect(t, testutil.TCP, server, mode.ClientCtx(t), nil)
				if reading {
					read := async(func() error { _, err := p.Client.Read(make([]byte, 1)); return err })
					defer func() { require.Error(t, within(t, patience, read, "Read")) }()
				}
				var results []<-chan error
				for range 4 {
					results = append(results, async(func() error {
						_, err := p.Client.AwaitSession(context.Background())
						return err
					}))
				}
				dawdle()
				tt.end(t, p)
				for _, r := range results {
					err := within(t, patience, r, "AwaitSession")
					require.Error(t, err)
					if tt.want != nil {
						require.ErrorIs(t, err, tt.want)
					}
				}
			})
		}
	}
	t.Run("on a server", func(t *testing.T) {
		t.Parallel()
		raw, _ := testutil.TCP(t)
		s := newConn(t, raw, mode, true)
		_, err := soon2(t, "AwaitSession", func() (*libssl.Session, error) { return s.AwaitSession(context.Background()) })
		require.Error(t, err, "without even a handshake")
	})
}

// A panic of a callback while AwaitSession reads comes out of AwaitSession, where it can be recovered. In a process
// of its own: elsewhere it would end this one.
func TestAwaitSessionPanics(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=await-panic")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "recovered: the callback's own\n")
}

func init() {
	children["await-panic"] = func() {
		var t childT
		mode := pair.Modes[3]
		server, client := mode.ServerCtx(&t), mode.ClientCtx(&t)
		client.SetSessionCacheMode(libssl.SessionCacheClient)
		client.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) { panic("the callback's own") })
		p := pair.Handshake(&t, server, client, pair.Options{NoTickets: true})
		func() {
			defer func() { fmt.Println("recovered:", recover()) }()
			p.Client.AwaitSession(context.Background())
		}()
	}
}

// childT is the testing.TB of a child.
type childT struct{ testing.TB }

func (*childT) Helper()                   {}
func (*childT) Cleanup(func())            {}
func (*childT) Name() string              { return "child" }
func (*childT) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (*childT) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

// ---- what dials offer ----

// keyed is the simplest cache: a list for each key, from which Get takes the last.
type keyed struct {
	mu       sync.Mutex
	sessions map[string][]*libssl.Session
	gets     []string // the keys asked for
}

func newKeyed() *keyed { return &keyed{sessions: make(map[string][]*libssl.Session)} }

func (k *keyed) Get(key string) *libssl.Session {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gets = append(k.gets, key)
	list := k.sessions[key]
	if len(list) == 0 {
		return nil
	}
	k.sessions[key] = list[:len(list)-1]
	return list[len(list)-1]
}

func (k *keyed) Put(key string, s *libssl.Session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sessions[key] = append(k.sessions[key], s)
}

func (k *keyed) len() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, list := range k.sessions {
		n += len(list)
	}
	return n
}

// lastKey returns the key that was asked for last.
func (k *keyed) lastKey() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.gets[len(k.gets)-1]
}

// A ftpd is a server that notes what each connection resumed.
type ftpd struct {
	net.Listener
	conns chan *libssl.Conn
}

func newFTPD(t *testing.T, ctx *libssl.Ctx) *ftpd {
	t.Helper()
	l, err := libssl.Listen("tcp", "127.0.0.1:0", ctx)
	require.NoError(t, err)
	s := &ftpd{l, make(chan *libssl.Conn, 100)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				c := c.(*libssl.Conn)
				if c.Handshake() == nil {
					s.conns <- c
				}
				echo(c, 8)
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return s
}

// dial connects with d and returns both ends, when the client has taken in the tickets.
func (s *ftpd) dial(t *testing.T, d *libssl.Dialer) (c, served *libssl.Conn) {
	t.Helper()
	nc, err := d.DialContext(t.Context(), "tcp", s.Addr().String())
	require.NoError(t, err)
	c = nc.(*libssl.Conn)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, throughEcho(c, 7, 100))
	return c, within(t, patience, s.conns, "the server's end")
}

// The data connections of FTPS resume the session of their control connection, that one and no other, as often as
// there are data connections, and the server can tell.
func TestDialerSession(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			var mu sync.Mutex
			made := make(map[string]*libssl.Conn) // the connection that made the session of that id
			server.SetNewSessionCallback(func(s *libssl.SSL, sess *libssl.Session) {
				mu.Lock()
				defer mu.Unlock()
				made[string(sess.ID())] = s.Conn()
			})
			s := newFTPD(t, server)
			cache := newKeyed()
			control, controlServed := s.dial(t, &libssl.Dialer{Ctx: client, Sessions: cache})
			other, _ := s.dial(t, &libssl.Dialer{Ctx: client, Sessions: cache})
			require.False(t, control.SessionReused())
			sess, err := control.AwaitSession(t.Context())
			require.NoError(t, err)
			_, err = other.AwaitSession(t.Context())
			require.NoError(t, err)
			kept, asked := cache.len(), len(cache.gets)
			require.Positive(t, kept)

			// In TLS 1.3 a new ticket gives the connection's session a new id; data connections need none.
			require.NoError(t, server.SetNumTickets(0))
			for range 3 {
				data, dataServed := s.dial(t, &libssl.Dialer{Ctx: client, Session: sess, Sessions: cache})
				require.True(t, data.SessionReused())
				require.True(t, dataServed.SessionReused())
				require.True(t, dataServed.ConnectionState().DidResume)
				id := dataServed.Session().ID()
				mu.Lock()
				maker, known := made[string(id)]
				mu.Unlock()
				if mode.TLS13() || !mode.Tickets { // a TLS 1.2 ticket has no id
					require.True(t, known, "the server knows the session %x", id)
					require.Same(t, controlServed, maker)
				}
				if !mode.TLS13() {
					require.Equal(t, sess.ID(), data.Session().ID())
				}
				require.NoError(t, data.Close())
			}
			assert.Len(t, cache.gets, asked, "the cache was not asked")
			assert.Equal(t, kept, cache.len(), "nothing was put there")
			assert.True(t, sess.IsResumable(), "it is still what it was")

			// One that the server does not know makes a full handshake.
			foreign := sessionFrom(t, mode.ServerCtx(t), mode.ClientCtx(t))
			c, _ := s.dial(t, &libssl.Dialer{Ctx: client, Session: foreign})
			require.False(t, c.SessionReused())
		})
	}
}

// Through a cache each TLS 1.3 session is offered once, and an older one again and again.
func TestDialerSessions(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		for name, cache := range map[string]libssl.ClientSessionCache{
			"the test's": newKeyed(), "NewClientSessionCache": libssl.NewClientSessionCache(0),
		} {
			t.Run(mode.Name+", "+name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				s := newFTPD(t, server)
				spy := &spy{ClientSessionCache: cache}
				d := &libssl.Dialer{Ctx: client, Sessions: spy}
				c, _ := s.dial(t, d)
				require.False(t, c.SessionReused())
				for i := range 6 {
					c, served := s.dial(t, d)
					require.True(t, c.SessionReused(), "dial %d", i)
					require.True(t, served.SessionReused())
					require.NoError(t, c.Close())
				}
				slices.Sort(spy.taken)
				if mode.TLS13() {
					assert.Len(t, slices.Compact(spy.taken), 6, "each session was used once")
				}
				// Several at once: the two tickets of a TLS 1.3 handshake serve two of them at least.
				before := server.SessionStats().Hits
				var wg sync.WaitGroup
				for range 4 {
					wg.Go(func() {
						c, err := d.DialContext(t.Context(), "tcp", s.Addr().String())
						if assert.NoError(t, err) {
							assert.NoError(t, throughEcho(c, 8, 100))
							c.Close()
						}
					})
				}
				wg.Wait()
				assert.Greater(t, server.SessionStats().Hits, before)
			})
		}
	}
}

// spy notes the sessions that are taken from a cache.
type spy struct {
	libssl.ClientSessionCache
	mu    sync.Mutex
	taken []string
}

func (s *spy) Get(key string) *libssl.Session {
	sess := s.ClientSessionCache.Get(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if sess != nil {
		s.taken = append(s.taken, string(sess.ID()))
	}
	return sess
}

// A session is kept under a key of its own for each name, each port and each way of verifying.
func TestDialerSessionsKey(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	certs := testutil.Certs(t)
	mode := pair.Modes[3]
	server := mode.ServerCtx(t)
	one, two := newFTPD(t, server), newFTPD(t, server)
	ca, otherCA := testutil.CAFile(t, certs.CA), testutil.CAFile(t, certs.OtherCA)
	newCtx := func(set func(c *libssl.Ctx)) *libssl.Ctx {
		c := mode.ClientCtx(t)
		set(c)
		return c
	}
	verify := func(c *libssl.Ctx) {
		require.NoError(t, c.LoadVerifyLocations(ca, ""))
		c.SetVerify(libssl.VerifyPeer, nil)
	}
	keys := make(map[string]string)
	key := func(name string, s *ftpd, d libssl.Dialer) string {
		t.Helper()
		cache := newKeyed()
		d.Sessions = cache
		c, _ := s.dial(t, &d)
		c.Close()
		k := cache.lastKey()
		require.Positive(t, len(cache.sessions[k]), "%s: the new session is kept under the key that was asked for", name)
		return k
	}
	add := func(name string, s *ftpd, d libssl.Dialer) {
		t.Helper()
		k := key(name, s, d)
		for other, o := range keys {
			assert.NotEqual(t, o, k, "%s and %s", name, other)
		}
		keys[name] = k
	}
	base := newCtx(verify)
	add("base", one, libssl.Dialer{Ctx: base})
	add("another port", two, libssl.Dialer{Ctx: base})
	add("another name", one, libssl.Dialer{Ctx: base, ServerName: "a.test"})
	add("a third name", one, libssl.Dialer{Ctx: base, ServerName: "b.test"})
	add("nothing verified", one, libssl.Dialer{Ctx: mode.ClientCtx(t)})
	add("more CAs", one, libssl.Dialer{Ctx: newCtx(func(c *libssl.Ctx) {
		verify(c)
		require.NoError(t, c.LoadVerifyLocations(otherCA, ""))
	})})
	add("a verify callback", one, libssl.Dialer{Ctx: newCtx(func(c *libssl.Ctx) {
		require.NoError(t, c.LoadVerifyLocations(ca, ""))
		c.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error { return v.Err() })
	})})
	add("a client certificate", one, libssl.Dialer{Ctx: newCtx(func(c *libssl.Ctx) {
		verify(c)
		require.NoError(t, c.UseCertificate(certs.Client))
	})})
	system, err := libssl.NewClientCtx()
	require.NoError(t, err)
	defer system.Close()
	require.NoError(t, system.LoadVerifyLocations(ca, ""))
	add("the system's CAs as well", one, libssl.Dialer{Ctx: system})
	for name, k := range keys {
		assert.NotContains(t, k, "\n", name)
	}

	assert.Equal(t, keys["base"], key("a Ctx like base", one, libssl.Dialer{Ctx: newCtx(verify)}),
		"Ctx that are set up alike share their sessions")
}

// A session that was made without verifying is not offered by a Dialer that verifies.
func TestDialerSessionsAreNotSharedAcrossTrust(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	mode := pair.Modes[3]
	s := newFTPD(t, mode.ServerCtx(t))
	cache := libssl.NewClientSessionCache(0)
	trusting := libssl.Dialer{Ctx: mode.ClientCtx(t), Sessions: cache}
	c, _ := s.dial(t, &trusting)
	require.False(t, c.SessionReused())
	c, _ = s.dial(t, &trusting)
	require.True(t, c.SessionReused())

	verifying := mode.ClientCtx(t)
	verifying.SetVerify(libssl.VerifyPeer, nil)
	d := libssl.Dialer{Ctx: verifying, Sessions: cache}
	_, err := d.DialContext(t.Context(), "tcp", s.Addr().String())
	require.ErrorIs(t, err, libssl.ReasonCertificateVerifyFailed)
}

// The new-session callback and the cache get a session each.
func TestDialerSessionsBesideTheCallback(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	mode := pair.Modes[3]
	s := newFTPD(t, mode.ServerCtx(t))
	client := mode.ClientCtx(t)
	told := 0
	cache := newKeyed()
	client.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) {
		told++
		assert.NoError(t, sess.Close(), "its own")
	})
	c, _ := s.dial(t, &libssl.Dialer{Ctx: client, Sessions: cache})
	require.NoError(t, c.Close())
	assert.Equal(t, 2, told)
	require.Equal(t, 2, cache.len())
	sess := cache.Get(cache.lastKey())
	require.True(t, sess.IsResumable())
}

// When it has returned nothing of it is left: nobody reads the transport, and a connection that is dropped is
// collected. Not in parallel: it looks at all goroutines, and counts.
func TestAwaitSessionLeavesNoReader(t *testing.T) {
	mode := pair.Modes[3]
	for _, transport := range transports {
		for _, tickets := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s, %d tickets", transport.Name, tickets), func(t *testing.T) {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				require.NoError(t, server.SetNumTickets(tickets))
				before, goroutines := settled(t), runtime.NumGoroutine()
				var raw, peer net.Conn
				runInside(t, func(t testing.TB) {
					p := pair.Handshake(dropping{t}, server, client, pair.Options{Transport: transport.Pair, NoTickets: true})
					require.NoError(t, p.Client.SetDeadline(time.Time{}))
					raw, peer = p.ClientRaw, p.ServerRaw
					ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
					defer cancel()
					sess, err := p.Client.AwaitSession(ctx)
					if tickets == 0 {
						require.ErrorIs(t, err, context.DeadlineExceeded)
					} else {
						require.NoError(t, err)
						require.NoError(t, sess.Close())
					}
				})
				gone := testutil.CollectUntil(patience, func() bool {
					return livecount.Now().SSL == before.SSL && runtime.NumGoroutine() <= goroutines
				})
				require.True(t, gone, "%v, goroutines:\n%s", livecount.Now(), stacks())
				raw.Close()
				peer.Close()
			})
		}
	}
}
