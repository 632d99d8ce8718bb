package tests

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A tally is how often the three callbacks of a cache were told or asked.
type tally struct{ made, asked, removed int }

// A counter is a Ctx that counts.
type counter struct {
	ctx   *libssl.Ctx
	found *libssl.Session // what the get callback answers

	mu  sync.Mutex
	now tally
}

func count(ctx *libssl.Ctx) *counter {
	c := &counter{ctx: ctx}
	add := func(n *int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		*n++
	}
	ctx.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) { add(&c.now.made) })
	ctx.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session { add(&c.now.asked); return c.found })
	ctx.SetRemoveSessionCallback(func(*libssl.Ctx, *libssl.Session) { add(&c.now.removed) })
	return c
}

// take returns what was counted, and begins anew.
func (c *counter) take() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.now = tally{} }()
	return c.now
}

// How often each callback is called, on either side, for all that may happen to a session: in each mode exactly as often
// as libssl has always done it. A remove callback makes a server of TLS 1.3 tickets keep their sessions as well.
func TestCallbackCounts(t *testing.T) {
	t.Parallel()
	type each [4]tally // of pair.Modes
	type step struct {
		name           string
		do             func(t *testing.T, st *countStage)
		server, client each
		number         [4]int // what the server's cache holds then
	}
	var none each
	made := func(a, b, c, d int) each { return each{{made: a}, {made: b}, {made: c}, {made: d}} }
	removed := func(a, b, c, d int) each { return each{{removed: a}, {removed: b}, {removed: c}, {removed: d}} }
	for _, steps := range [][]step{
		{
			{"a full handshake", func(t *testing.T, st *countStage) { st.shake(t, nil, false) },
				made(1, 0, 2, 2), made(1, 1, 2, 2), [4]int{1, 0, 2, 2}},
			// A client uses a session of TLS 1.3 once.
			{"a resumption", func(t *testing.T, st *countStage) { st.shake(t, st.sess, true) },
				made(0, 0, 1, 1), each{{}, {}, {1, 0, 1}, {1, 0, 1}}, [4]int{1, 0, 3, 3}},
			{"all expire", func(t *testing.T, st *countStage) {
				for _, c := range []*counter{st.server, st.client} {
					c.ctx.FlushSessions(time.Now().Add(24 * time.Hour))
					assert.Zero(t, c.ctx.SessionStats().Number)
				}
			}, removed(1, 0, 3, 3), removed(1, 1, 2, 2), [4]int{}},
		},
		{
			{"a full handshake", func(t *testing.T, st *countStage) { st.shake(t, nil, false) },
				made(1, 0, 2, 2), made(1, 1, 2, 2), [4]int{1, 0, 2, 2}},
			{"a removal by the server", func(t *testing.T, st *countStage) {
				assert.Equal(t, st.mode != 1, st.server.ctx.RemoveSession(st.served))
			}, removed(1, 0, 1, 1), none, [4]int{0, 0, 1, 1}},
			{"of one that is not there any more", func(t *testing.T, st *countStage) {
				assert.False(t, st.server.ctx.RemoveSession(st.served))
			}, removed(1, 0, 1, 1), none, [4]int{0, 0, 1, 1}},
			{"a removal by the client", func(t *testing.T, st *countStage) {
				assert.True(t, st.client.ctx.RemoveSession(st.sess))
			}, none, removed(1, 1, 1, 1), [4]int{0, 0, 1, 1}},
		},
		{
			{"a full handshake", func(t *testing.T, st *countStage) { st.shake(t, nil, false) },
				made(1, 0, 2, 2), made(1, 1, 2, 2), [4]int{1, 0, 2, 2}},
			// A ticket that opens needs no cache.
			{"one that the cache holds no more", func(t *testing.T, st *countStage) {
				st.server.ctx.FlushSessions(time.Time{})
				st.shake(t, st.sess, st.tickets())
			}, each{{1, 1, 1}, {}, {2, 1, 2}, {1, 0, 2}}, each{{made: 1}, {}, {made: 2}, {1, 0, 1}}, [4]int{1, 0, 2, 1}},
			{"one that is cached elsewhere", func(t *testing.T, st *countStage) {
				st.server.found = st.served
				st.server.ctx.FlushSessions(time.Time{})
				st.server.take()
				st.shake(t, st.sess, true)
				st.server.found = nil
			}, each{{asked: 1}, {}, {made: 1, asked: 1}, {made: 1}}, each{{}, {}, {1, 0, 1}, {1, 0, 1}}, [4]int{1, 0, 2, 1}},
		},
		{
			{"a full handshake", func(t *testing.T, st *countStage) { st.shake(t, nil, false) },
				made(1, 0, 2, 2), made(1, 1, 2, 2), [4]int{1, 0, 2, 2}},
			// TLS 1.3 leaves it where it is.
			{"one that has expired in the cache", func(t *testing.T, st *countStage) {
				if !st.tickets() {
					old, err := st.served.Clone()
					require.NoError(t, err)
					require.NoError(t, old.SetTime(time.Now().Add(-time.Hour)))
					require.NoError(t, old.SetTimeout(time.Minute))
					_, err = st.server.ctx.AddSession(old)
					require.NoError(t, err)
				}
				st.shake(t, st.sess, st.tickets())
			}, each{{1, 0, 1}, {}, {made: 2}, {made: 1}}, each{{made: 1}, {}, {made: 2}, {1, 0, 1}}, [4]int{1, 0, 4, 3}},
		},
		{
			{"a handshake whose connection is cut", func(t *testing.T, st *countStage) {
				fatal(t, pair.Handshake(t, st.server.ctx, st.client.ctx, pair.Options{}))
			}, each{{1, 0, 1}, {}, {2, 0, 1}, {2, 0, 1}}, each{{1, 0, 1}, {1, 0, 1}, {2, 0, 1}, {2, 0, 1}}, [4]int{0, 0, 1, 1}},
		},
	} {
		t.Run(steps[len(steps)-1].name, func(t *testing.T) {
			t.Parallel()
			for i, mode := range pair.Modes {
				t.Run(mode.Name, func(t *testing.T) {
					st := &countStage{mode: i, server: count(mode.ServerCtx(t)), client: count(mode.ClientCtx(t))}
					st.client.ctx.SetSessionCacheMode(libssl.SessionCacheClient)
					for _, s := range steps {
						s.do(t, st)
						assert.Equal(t, s.server[i], st.server.take(), "server: %s", s.name)
						assert.Equal(t, s.client[i], st.client.take(), "client: %s", s.name)
						assert.Equal(t, s.number[i], st.server.ctx.SessionStats().Number, s.name)
					}
				})
			}
		})
	}
}

// A countStage is a server and a client that count, and the newest session of either.
type countStage struct {
	mode           int
	server, client *counter
	sess, served   *libssl.Session
}

func (st *countStage) tickets() bool { return pair.Modes[st.mode].Tickets }

// shake makes a connection that may offer a session.
func (st *countStage) shake(t *testing.T, offered *libssl.Session, resumes bool) {
	t.Helper()
	p := pair.Handshake(t, st.server.ctx, st.client.ctx, pair.Options{Session: offered})
	assert.Equal(t, resumes, p.Server.SessionReused())
	st.sess, st.served = p.Client.Session(), p.Server.Session()
	p.Close(t)
}
