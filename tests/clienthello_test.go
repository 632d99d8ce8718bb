package tests

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What a client asks for is what the callback sees, and nothing of it outlives the callback.
func TestClientHello(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			sess := sessionFrom(t, server, client)
			var kept *libssl.ClientHello
			calls := 0
			server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
				calls++
				kept = h
				assert.Equal(t, uint16(tls.VersionTLS12), h.LegacyVersion())
				assert.Contains(t, h.SupportedVersions(), mode.Version)
				assert.Equal(t, "a.test", h.ServerName())
				assert.Len(t, h.Random(), 32)
				assert.Equal(t, []byte{0}, h.CompressionMethods())
				assert.False(t, h.Second())
				assert.Contains(t, h.CipherSuites(), sess.CipherSuite())
				assert.Contains(t, h.Extensions(), uint16(0))
				name, ok := h.Extension(0)
				assert.True(t, ok)
				assert.Contains(t, string(name), "a.test")
				_, ok = h.Extension(16)
				assert.False(t, ok, "nobody asked for ALPN")
				assert.Empty(t, h.SupportedProtocols())
				if mode.Name == "TLS 1.2 stateful" {
					assert.Equal(t, sess.ID(), h.SessionID())
				}
				assert.False(t, h.SSL().SessionReused(), "nothing is decided yet")
				return nil
			})
			p := pair.Handshake(t, server, client, pair.Options{Session: sess, Client: func(c *libssl.Conn) {
				require.NoError(t, c.SetServerName("a.test"))
			}})
			assert.True(t, p.Client.SessionReused())
			assert.Equal(t, 1, calls)
			assert.Empty(t, kept.Random())
			assert.Empty(t, kept.SessionID())
			assert.Empty(t, kept.CipherSuites())
			assert.Empty(t, kept.Extensions())
			assert.Empty(t, kept.ServerName())
			assert.Zero(t, kept.LegacyVersion())
			p.Close(t)
		})
	}
}

// A connection asks the callback that its Ctx has when the ClientHello comes.
func TestClientHelloCallbackComesAndGoes(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	calls := 0
	count := func(*libssl.ClientHello) error {
		calls++
		return nil
	}
	for _, step := range []struct {
		cb   func(*libssl.ClientHello) error
		want int
	}{{nil, 0}, {count, 1}, {nil, 1}, {count, 2}} {
		pair.Handshake(t, server, client, pair.Options{Server: func(*libssl.Conn) {
			server.SetClientHelloCallback(step.cb)
		}}).Close(t)
		assert.Equal(t, step.want, calls)
	}
}

// It comes before everything else: a session id context that it sets decides whether a session is resumed.
func TestClientHelloSetsUpTheConnection(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			for _, suspended := range []bool{false, true} {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				sess := sessionFrom(t, server, client)
				server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
					s := h.SSL()
					another := func(context.Context) error { return s.SetSessionIDContext([]byte("another")) }
					if suspended {
						h.Suspend(another)
						return nil
					}
					return another(nil)
				})
				p := pair.Handshake(t, server, client, pair.Options{Session: sess})
				assert.False(t, p.Client.SessionReused())
				next := p.Client.Session()
				p.Close(t)
				p = pair.Handshake(t, server, client, pair.Options{Session: next})
				assert.True(t, p.Client.SessionReused())
				p.Close(t)
			}
		})
	}
}

// A suspended handshake holds no thread: there are many more of them than threads, and they all go on.
func TestClientHelloSuspended(t *testing.T) {
	t.Parallel()
	const many = 200
	for _, mode := range []pair.Mode{pair.Modes[0], pair.Modes[3]} {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			arrived, release := make(chan struct{}, many), make(chan struct{})
			server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
				h.Suspend(func(ctx context.Context) error {
					arrived <- struct{}{}
					select {
					case <-release:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				})
				return nil
			})
			threads := threadCount(t)
			var talks []<-chan ending
			for range many {
				l := newLink(t, server, client)
				talks = append(talks, start(func() error { return talk(l.client) }), start(func() error { return talk(l.server) }))
			}
			for range many {
				receive(t, arrived, "a ClientHello")
			}
			assert.Less(t, threadCount(t), threads+many/2)
			require.NoError(t, server.SetMinVersion(mode.Version), "nothing is locked")
			close(release)
			for _, talk := range talks {
				assert.Equal(t, ending{}, receive(t, talk, "the talk"))
			}
		})
	}
}

// threadCount returns how many threads this process has.
func threadCount(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skipf("threads are counted in /proc: %v", err)
	}
	return len(tasks)
}

// What ends a handshake ends one that is suspended too, at once, and the work is told.
func TestSuspendedHandshakeEnds(t *testing.T) {
	t.Parallel()
	refusal := errors.New("the work's own error")
	type handshake func(c *libssl.Conn, arrived <-chan struct{}) error
	plainly := func(c *libssl.Conn, _ <-chan struct{}) error { return c.Handshake() }
	for _, tt := range []struct {
		name      string
		work      func(ctx context.Context) error // nil: until it is told
		handshake handshake
		check     func(t *testing.T, e ending)
		told      error // the cause
	}{
		{"an error", func(context.Context) error { return refusal }, plainly, func(t *testing.T, e ending) {
			assert.ErrorIs(t, e.err, refusal)
			requireAlert(t, e.err, alertInternalError, true)
		}, nil},
		{"an alert of its own", func(context.Context) error { return tls.AlertError(alertHandshakeFailure) }, plainly, func(t *testing.T, e ending) {
			requireAlert(t, e.err, alertHandshakeFailure, true)
		}, nil},
		{"a panic", func(context.Context) error { panic("boo") }, plainly, func(t *testing.T, e ending) {
			assert.Equal(t, "boo", e.value)
		}, nil},
		{"the end of its goroutine", func(context.Context) error { runtime.Goexit(); return nil }, plainly, func(t *testing.T, e ending) {
			assert.ErrorContains(t, e.err, "ended its goroutine")
		}, nil},
		{"its context", nil, func(c *libssl.Conn, arrived <-chan struct{}) error {
			ctx, cancel := context.WithCancel(context.Background())
			go func() { <-arrived; cancel() }()
			return c.HandshakeContext(ctx)
		}, func(t *testing.T, e ending) { assert.ErrorIs(t, e.err, context.Canceled) }, context.Canceled},
		{"a deadline", nil, func(c *libssl.Conn, arrived <-chan struct{}) error {
			go func() { <-arrived; c.SetDeadline(time.Now()) }()
			err := c.Handshake()
			c.Close()
			return err
		}, func(t *testing.T, e ending) { requireTimeout(t, e.err) }, libssl.ErrClosed},
		{"Close", nil, func(c *libssl.Conn, arrived <-chan struct{}) error {
			go func() { <-arrived; c.Close() }()
			return c.Handshake()
		}, func(t *testing.T, e ending) { assert.ErrorIs(t, e.err, libssl.ErrClosed) }, libssl.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range pair.Modes {
				server, client := serverOf(t, mode), clientOf(t, mode)
				arrived, told := make(chan struct{}), make(chan error, 1)
				server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
					h.Suspend(func(ctx context.Context) error {
						if tt.work != nil {
							return tt.work(ctx)
						}
						close(arrived)
						<-ctx.Done()
						told <- context.Cause(ctx)
						return ctx.Err()
					})
					return nil
				})
				l := newLink(t, server, client)
				theirs := start(func() error { defer l.clientRaw.Close(); return l.client.Handshake() })
				ours := start(func() error { defer l.serverRaw.Close(); return tt.handshake(l.server, arrived) })
				tt.check(t, receive(t, ours, "the handshake"))
				requireEnded(t, receive(t, theirs, "the client"))
				if tt.told != nil {
					assert.ErrorIs(t, receive(t, told, "the end of the work"), tt.told)
				}
			}
		})
	}
}

// A handshake whose time is up while it waits goes on where it was when it has more.
func TestSuspendedHandshakeGoesOn(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	calls := 0
	server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
		calls++
		h.Suspend(func(context.Context) error { close(arrived); <-release; return nil })
		return nil
	})
	l := newLink(t, server, client)
	theirs := start(func() error { return talk(l.client) })
	go func() { <-arrived; l.server.SetDeadline(time.Now()) }()
	assert.False(t, l.server.WantClientHelloCallback())
	requireTimeout(t, soon(t, "the handshake", l.server.Handshake))
	assert.True(t, l.server.WantClientHelloCallback())
	assert.False(t, l.client.WantClientHelloCallback())
	require.NoError(t, l.server.SetDeadline(time.Now().Add(patience)))
	close(release)
	ours := start(func() error { return talk(l.server) })
	assert.Equal(t, ending{}, receive(t, ours, "the server"))
	assert.Equal(t, ending{}, receive(t, theirs, "the client"))
	assert.Equal(t, 1, calls)
	assert.False(t, l.server.WantClientHelloCallback())
}

// It is asked again for the second ClientHello after a HelloRetryRequest, also where the Ctx has been switched between
// the two, and may suspend each.
func TestClientHelloRetried(t *testing.T) {
	t.Parallel()
	for _, switched := range []bool{false, true} {
		for _, suspended := range []bool{false, true} {
			mode := pair.Modes[3]
			server, other, client := mode.ServerCtx(t), mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, client.SetGroupsList("X25519:P-256"))
			for _, ctx := range []*libssl.Ctx{server, other} {
				require.NoError(t, ctx.SetGroupsList("P-256"))
			}
			names := 0
			if switched {
				server.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { names++; return other, nil })
			}
			var seen []bool
			worked := 0
			server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
				seen = append(seen, h.Second())
				if suspended {
					h.Suspend(func(context.Context) error { worked++; return nil })
				}
				return nil
			})
			p := pair.Handshake(t, server, client, pair.Options{})
			assert.Equal(t, []bool{false, true}, seen)
			if suspended {
				assert.Equal(t, 2, worked)
			}
			if switched {
				assert.Equal(t, 1, names)
				assert.Same(t, other, p.Server.Ctx())
			}
			p.Close(t)
		}
	}
}

// It is asked again in a renegotiation, whoever runs it, and may suspend that.
func TestClientHelloOfRenegotiation(t *testing.T) {
	t.Parallel()
	for _, suspended := range []bool{false, true} {
		peer, raw := disturber{what: "renegotiate", version: tls.VersionTLS12}.start(t)
		ctx := pair.Mode{Version: tls.VersionTLS12, Tickets: true}.ServerCtx(t)
		ctx.SetOptions(libssl.AllowClientRenegotiation)
		hellos := make(chan struct{}, 10)
		ctx.SetClientHelloCallback(func(h *libssl.ClientHello) error {
			assert.False(t, h.Second())
			if suspended {
				h.Suspend(func(context.Context) error { hellos <- struct{}{}; return nil })
			} else {
				hellos <- struct{}{}
			}
			return nil
		})
		c, err := libssl.Server(raw, ctx)
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		require.NoError(t, soon(t, "the handshake", c.Handshake))
		receive(t, hellos, "the first ClientHello")
		peer.Expect(t, "^connected$")
		read := async(func() error { _, err := c.Read(make([]byte, 1)); return err })
		peer.Send(t, "disturb")
		receive(t, hellos, "the ClientHello of the renegotiation")
		peer.Send(t, "say !")
		require.NoError(t, within(t, patience, read, "Read"))
	}
}

// Suspended, it leaves nothing behind: no goroutine, no object.
func TestSuspendedHandshakeLeavesNothing(t *testing.T) {
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	before, goroutines := settled(t), runtime.NumGoroutine()
	server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
		h.Suspend(func(context.Context) error { return nil })
		return nil
	})
	runInside(t, func(t testing.TB) {
		for range 20 {
			pair.Handshake(t, server, client, pair.Options{}).Close(t)
		}
	})
	requireCounts(t, before)
	requireGoroutines(t, goroutines)
}
