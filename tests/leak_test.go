package tests

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/livecount"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// No test of this file runs in parallel: they count the objects of the whole process.

// TestLeakManyHandshakes makes handshakes in all modes, with callbacks that generate ids, take sessions in and
// see them go, fresh and resumed, ended properly, by Close alone, or not at all. The long form, by the flag
// -long or LIBSSL_LONG=1, makes 10,000.
func TestLeakManyHandshakes(t *testing.T) {
	rounds := 500
	if *long {
		rounds = 10_000
	}
	before, goroutines := settled(t), runtime.NumGoroutine()
	var generated, made, removed atomic.Int64
	var firstHalf, secondHalf uint64
	func() {
		type side struct {
			mode           pair.Mode
			server, client *libssl.Ctx
			last           *libssl.Session
		}
		var sides []*side
		for _, mode := range pair.Modes {
			s := &side{mode: mode, server: mode.ServerCtx(t), client: mode.ClientCtx(t)}
			s.server.SetSessionCacheSize(20)
			prefix := libssl.PrefixSessionID([]byte("leak"))
			require.NoError(t, s.server.SetGenerateSessionID(func(ssl *libssl.SSL, id []byte) (int, error) {
				generated.Add(1)
				return prefix(ssl, id)
			}))
			s.server.SetNewSessionCallback(func(ssl *libssl.SSL, sess *libssl.Session) {
				made.Add(1)
				if len(sess.ID()) != 32 || ssl.Conn() == nil {
					t.Error("a new session without its id or its connection")
				}
			})
			s.server.SetRemoveSessionCallback(func(_ *libssl.Ctx, sess *libssl.Session) {
				removed.Add(1)
				if len(sess.ID()) != 32 {
					t.Error("a removed session without its id")
				}
			})
			sides = append(sides, s)
		}
		samples := 0
		for i := range rounds {
			s := sides[i%len(sides)]
			o := pair.Options{}
			if i%3 == 0 {
				o.Session = s.last
			}
			runInside(t, func(t testing.TB) {
				p := pair.Handshake(dropping{t}, s.server, s.client, o)
				s.last = p.Client.Session()
				switch {
				case i%50 == 7: // dropped: the cleanups have to do it
					p.ClientRaw.Close()
					p.ServerRaw.Close()
				case i%50 == 8:
					p.ServerRaw.Close()
					p.Client.Close()
					p.Server.Close()
				case i%2 == 0:
					p.Close(t)
				default:
					require.NoError(t, p.Server.Close())
					require.NoError(t, p.Client.Close())
				}
				p.ClientRaw.Close()
				p.ServerRaw.Close()
			})
			if i%(rounds/20) == rounds/20-1 {
				size := residentBytes(t)
				samples++
				switch {
				case samples <= 2: // arenas and pools are still filling
				case samples <= 11:
					firstHalf = max(firstHalf, size)
				default:
					secondHalf = max(secondHalf, size)
				}
			}
		}
		for _, s := range sides {
			require.NoError(t, s.server.Close())
			require.NoError(t, s.client.Close())
		}
	}()
	assert.NotZero(t, generated.Load(), "the generate callback has run")
	assert.NotZero(t, made.Load(), "the new callback has run")
	assert.NotZero(t, removed.Load(), "the remove callback has run")
	requireCounts(t, before)
	requireGoroutines(t, goroutines)
	t.Logf("%d handshakes, resident memory at most %.1f MiB in the first half, %.1f MiB in the second",
		rounds, mib(firstHalf), mib(secondHalf))
	if testutil.Instrumented {
		return
	}
	// A few hundred bytes for each handshake of the second half would show in the long form.
	const slack = 3 << 20
	assert.LessOrEqual(t, secondHalf, firstHalf+slack, "resident memory grows: %.1f MiB, then %.1f MiB",
		mib(firstHalf), mib(secondHalf))
}

// Objects that nobody closes go when they are unreachable, also if their own callbacks refer to them.
func TestLeakDroppedObjects(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rounds int
		drop   func(t testing.TB)
	}{
		{"Ctx", 100, func(t testing.TB) {
			_, err := libssl.NewCtx(libssl.TLSMethod)
			require.NoError(t, err)
		}},
		{"NewServerCtx and NewClientCtx", 10, func(t testing.TB) {
			_, err := libssl.NewServerCtx(testutil.Certs(t).Server)
			require.NoError(t, err)
			_, err = libssl.NewClientCtx()
			require.NoError(t, err)
		}},
		{"Ctx that its callbacks refer to", 100, func(t testing.TB) {
			var used []*libssl.Ctx
			ctx, err := libssl.NewCtx(libssl.TLSMethod)
			require.NoError(t, err)
			use := func() { used = append(used, ctx) }
			require.NoError(t, ctx.SetGenerateSessionID(func(*libssl.SSL, []byte) (int, error) { use(); return 0, nil }))
			ctx.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) { use() })
			ctx.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session { use(); return nil })
			ctx.SetRemoveSessionCallback(func(*libssl.Ctx, *libssl.Session) { use() })
			ctx.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return ctx, nil })
			ctx.SetVerify(libssl.VerifyPeer, func(*libssl.Verification) error { use(); return nil })
		}},
		{"connections", 100, func(t testing.TB) {
			mode := pair.Modes[2]
			server, client := mode.ServerCtx(dropping{t}), mode.ClientCtx(dropping{t})
			p := pair.Handshake(dropping{t}, server, client, pair.Options{})
			p.Client.Session()
			p.ClientRaw.Close()
			p.ServerRaw.Close()
		}},
		{"connections that their callbacks refer to", 100, func(t testing.TB) {
			mode := pair.Modes[2]
			server, client := mode.ServerCtx(dropping{t}), mode.ClientCtx(dropping{t})
			var seen []*libssl.SSL
			server.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { seen = append(seen, s) })
			var conns []*libssl.Conn
			p := pair.Handshake(dropping{t}, server, client, pair.Options{Server: func(c *libssl.Conn) {
				require.NoError(t, c.SetGenerateSessionID(func(s *libssl.SSL, id []byte) (int, error) {
					conns = append(conns, c, s.Conn())
					return libssl.PrefixSessionID(nil)(s, id)
				}))
			}})
			require.NotEmpty(t, seen)
			require.NotEmpty(t, conns)
			p.ClientRaw.Close()
			p.ServerRaw.Close()
		}},
		{"connections before their handshake", 100, func(t testing.TB) {
			mode := pair.Modes[3]
			client, server := testutil.TCP(dropping{t})
			_, err := libssl.Client(client, mode.ClientCtx(dropping{t}))
			require.NoError(t, err)
			_, err = libssl.Server(server, mode.ServerCtx(dropping{t}))
			require.NoError(t, err)
			client.Close()
			server.Close()
		}},
		{"a connection whose Ctx was closed", 100, func(t testing.TB) {
			mode := pair.Modes[3]
			server, client := mode.ServerCtx(dropping{t}), mode.ClientCtx(dropping{t})
			p := pair.Handshake(dropping{t}, server, client, pair.Options{})
			require.NoError(t, server.Close())
			require.NoError(t, client.Close())
			p.ClientRaw.Close()
			p.ServerRaw.Close()
		}},
		{"failed handshakes", 100, func(t testing.TB) {
			mode := pair.Modes[3]
			server, client := mode.ServerCtx(dropping{t}), mode.ClientCtx(dropping{t})
			client.SetVerify(libssl.VerifyPeer, nil)
			p := pair.Try(dropping{t}, server, client, pair.Options{})
			require.ErrorIs(t, p.ClientErr, libssl.ReasonCertificateVerifyFailed)
		}},
		{"handshakes given up", 100, func(t testing.TB) {
			raw, peer := testutil.TCP(dropping{t})
			conn, err := libssl.Client(raw, pair.Modes[3].ClientCtx(dropping{t}))
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			require.Error(t, conn.HandshakeContext(ctx))
			raw.Close()
			peer.Close()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, goroutines := settled(t), runtime.NumGoroutine()
			for range tt.rounds {
				runInside(t, tt.drop)
			}
			requireCounts(t, before)
			requireGoroutines(t, goroutines)
		})
	}
}

// A connection that nobody closed leaves its session as resumable as Close would, unless a fatal error had
// ended it.
func TestLeakDroppedConnectionKeepsItsSession(t *testing.T) {
	for _, mode := range pair.Modes {
		for _, broken := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, broken %t", mode.Name, broken), func(t *testing.T) {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				before := settled(t)
				var sess *libssl.Session
				runInside(t, func(testing.TB) {
					p := pair.Handshake(dropping{t}, server, client, pair.Options{})
					sess = p.Client.Session()
					if broken {
						fatal(t, p)
					}
					p.ClientRaw.Close()
					p.ServerRaw.Close()
				})
				require.Equal(t, before.SSL+2, livecount.Now().SSL)
				_, ok := livecount.Settle(livecount.Counts{SSL: before.SSL, Ctx: 1 << 20, Session: 1 << 20, BIO: 1 << 20,
					X509: 1 << 20, Store: 1 << 20, PKey: 1 << 20}, 20*time.Second)
				require.True(t, ok, "the connections are gone")
				p := pair.Handshake(t, server, client, pair.Options{Session: sess})
				assert.Equal(t, !broken || mode.Tickets, p.Server.SessionReused())
				p.Close(t)
			})
		}
	}
}

// The counters count: an object that is held is seen, and is gone once it is closed.
func TestLeakCountersSeeObjects(t *testing.T) {
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	before := settled(t)
	assert.GreaterOrEqual(t, before.Ctx, 2)
	p := pair.Handshake(t, server, client, pair.Options{})
	sess := p.Client.Session()
	during := livecount.Now()
	assert.Equal(t, before.SSL+2, during.SSL)
	assert.Greater(t, during.Session, before.Session)
	assert.Greater(t, during.BIO, before.BIO)
	p.Close(t)
	after := settled(t)
	assert.Equal(t, before.SSL, after.SSL)
	assert.Equal(t, before.BIO, after.BIO)
	assert.Equal(t, before.Session+2, after.Session, "the client's and the one in the server's cache")
	require.NoError(t, sess.Close())
	server.FlushSessions(time.Time{})
	requireCounts(t, before)
}

// Whatever Close finds under way, it frees.
func TestLeakCloseUnderWay(t *testing.T) {
	before, goroutines := settled(t), runtime.NumGoroutine()
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	for range 100 {
		runInside(t, func(t testing.TB) {
			p := pair.Handshake(dropping{t}, server, client, pair.Options{})
			started := make(chan struct{}, 2)
			done := make(chan error, 2)
			go func() {
				started <- struct{}{}
				_, err := p.Client.Read(make([]byte, 1))
				done <- err
			}()
			go func() { // more than the transport holds: it blocks, for nobody reads
				started <- struct{}{}
				_, err := p.Client.Write(make([]byte, 16<<20))
				done <- err
			}()
			<-started
			<-started
			begun := time.Now()
			p.Client.Close()
			assert.Less(t, time.Since(begun), prompt, "Close waits for a peer that does not read")
			assert.Error(t, <-done)
			assert.Error(t, <-done)
			p.Server.Close()
			p.ClientRaw.Close()
			p.ServerRaw.Close()
		})
	}
	require.NoError(t, server.Close())
	require.NoError(t, client.Close())
	requireCounts(t, before)
	requireGoroutines(t, goroutines)
}

// dropping is a testing.TB that forgets cleanups, so that what helpers make can become unreachable before the
// end of the test, and nobody closes it.
type dropping struct{ testing.TB }

func (dropping) Cleanup(func()) {}

// runInside calls f in a frame of its own, so that no leftover on the stack keeps what f made alive.
//
//go:noinline
func runInside(t testing.TB, f func(testing.TB)) { f(t) }

// requireGoroutines requires that no more goroutines run than before.
func requireGoroutines(t *testing.T, before int) {
	t.Helper()
	ok := testutil.CollectUntil(10*time.Second, func() bool { return runtime.NumGoroutine() <= before })
	if !ok {
		buf := make([]byte, 1<<16)
		buf = buf[:runtime.Stack(buf, true)]
		require.LessOrEqual(t, runtime.NumGoroutine(), before, "goroutines are left behind:\n%s", buf)
	}
}

// residentBytes returns the resident set's size when all garbage is gone.
func residentBytes(t *testing.T) uint64 {
	t.Helper()
	testutil.Collect()
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	require.NoError(t, err)
	var size, resident uint64
	_, err = fmt.Sscan(string(text), &size, &resident)
	require.NoError(t, err)
	return resident * uint64(os.Getpagesize())
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }
