package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

const openSSL3 = 0x30000000

// libSSL is the number of libssl's own errors, ERR_LIB_SSL.
const libSSL = 20

func TestSessionIDContextIsReadBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		ctx, ssl     []byte // nil: not set
		want, client []byte
	}{
		{name: "on Ctx", ctx: []byte("svc-A"), want: []byte("svc-A")},
		{name: "on SSL", ctx: []byte("svc-A"), ssl: []byte("mine"), want: []byte("mine")},
		{name: "emptied on SSL", ctx: []byte("svc-A"), ssl: []byte{}, want: nil},
		{name: "binary", ctx: []byte("a\x00b"), want: []byte("a\x00b")},
		{name: "longest", ctx: bytes.Repeat([]byte{'x'}, 32), want: bytes.Repeat([]byte{'x'}, 32)},
		{name: "empty", ctx: []byte{}, want: nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range pair.Modes {
				t.Run(mode.Name, func(t *testing.T) {
					server := mode.ServerCtx(t)
					require.NoError(t, server.SetSessionIDContext(tt.ctx))
					o := pair.Options{}
					if tt.ssl != nil {
						o.Server = func(c *libssl.Conn) { require.NoError(t, c.SetSessionIDContext(tt.ssl)) }
					}
					p := pair.Handshake(t, server, mode.ClientCtx(t), o)
					assert.Equal(t, tt.want, none(p.Server.Session().IDContext()), "server")
					// It is not sent: the client's session has the client's own, which is empty.
					assert.Empty(t, p.Client.Session().IDContext(), "client")

					// And it survives export.
					parsed := reparse(t, p.Server.Session())
					assert.Equal(t, tt.want, none(parsed.IDContext()), "exported")
					p.Close(t)
				})
			}
		})
	}
}

func TestSessionIDContextTooLong(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	ctx := mode.ServerCtx(t)
	p := pair.Handshake(t, ctx, mode.ClientCtx(t), pair.Options{})
	sess := p.Server.Session()
	long33 := bytes.Repeat([]byte{'x'}, 33)
	for _, tt := range []struct {
		op     string
		reason libssl.Reason
		set    func([]byte) error
	}{
		{"SSL_CTX_set_session_id_context", libssl.ReasonSSLSessionIDContextTooLong, ctx.SetSessionIDContext},
		{"SSL_set_session_id_context", libssl.ReasonSSLSessionIDContextTooLong, p.Server.SetSessionIDContext},
		{"SSL_SESSION_set1_id_context", libssl.ReasonSSLSessionIDContextTooLong, sess.SetIDContext},
		{"SSL_SESSION_set1_id", libssl.ReasonSSLSessionIDTooLong, sess.SetID},
	} {
		t.Run(tt.op, func(t *testing.T) {
			for _, n := range []int{33, 1 << 16} {
				requireError(t, tt.set(bytes.Repeat([]byte{'x'}, n)), tt.op, 0, tt.reason)
			}
			require.NoError(t, tt.set(long33[:32]))
			requireError(t, tt.set(long33), tt.op, 0, tt.reason)
			require.NoError(t, tt.set(nil))
		})
	}

	// A failed set changes nothing.
	require.NoError(t, sess.SetIDContext([]byte("kept")))
	require.Error(t, sess.SetIDContext(long33))
	assert.Equal(t, []byte("kept"), sess.IDContext())
	require.NoError(t, sess.SetID([]byte("id")))
	require.Error(t, sess.SetID(long33))
	assert.Equal(t, []byte("id"), sess.ID())
	require.NoError(t, ctx.SetSessionIDContext([]byte("kept")))
	require.Error(t, ctx.SetSessionIDContext(long33))
	p = pair.Handshake(t, ctx, mode.ClientCtx(t), pair.Options{})
	assert.Equal(t, []byte("kept"), p.Server.Session().IDContext())
}

func TestSessionIDContextDecidesAboutResumption(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetSessionIDContext([]byte("one")))
			sess := sessionFrom(t, server, client)
			for _, tt := range []struct {
				sid    string
				reused bool
			}{{"one", true}, {"two", false}, {"", false}, {"one", true}} {
				require.NoError(t, server.SetSessionIDContext([]byte(tt.sid)))
				before := server.SessionStats()
				p := pair.Handshake(t, server, client, pair.Options{Session: sess})
				assert.Equal(t, tt.reused, p.Client.SessionReused(), "context %q", tt.sid)
				assert.Equal(t, tt.reused, p.Server.SessionReused(), "context %q", tt.sid)
				p.Close(t)
				after := server.SessionStats()
				assert.Equal(t, before.Misses, after.Misses, "a mismatch is no miss")
				if !tt.reused {
					assert.Equal(t, before.Hits, after.Hits, "nor a hit")
				}
			}
		})
	}
}

// A client compares the context of its own SSL with the one in its own session, and a difference is fatal.
func TestSessionIDContextOfAClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			sess := sessionFrom(t, server, client)
			next := sessionFrom(t, server, client)
			require.NoError(t, client.SetSessionIDContext([]byte("client")))
			p := pair.Try(t, server, client, pair.Options{Session: sess})
			requireError(t, p.ClientErr, "SSL_do_handshake", -1, libssl.ReasonAttemptToReuseSessionInDifferentContext)
			requireAlert(t, p.ClientErr, 47, true)
			requireError(t, p.ServerErr, "SSL_do_handshake", -1, 1047)
			requireAlert(t, p.ServerErr, 47, false)

			// The alert has cost the server its copy of that session, so this goes on with another.
			require.NoError(t, next.SetIDContext([]byte("client")))
			p = pair.Handshake(t, server, client, pair.Options{Session: next})
			assert.True(t, p.Client.SessionReused())
		})
	}
}

// A server that asks for certificates and has no session id context.
func TestSessionIDContextMissingOnAVerifyingServer(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetSessionIDContext(nil))
			require.NoError(t, server.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
			server.SetVerify(libssl.VerifyPeer, nil)
			require.NoError(t, client.UseCertificate(testutil.Certs(t).Client))
			sess := sessionFrom(t, server, client)
			p := pair.Try(t, server, client, pair.Options{Session: sess})
			if !mode.Tickets {
				require.NoError(t, p.Err())
				assert.False(t, p.Server.SessionReused())
				return
			}
			requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonSessionIDContextUninitialized)
			requireAlert(t, p.ServerErr, 80, true)
			requireAlert(t, p.ClientErr, 80, false)
		})
	}
}

func TestSessionExportAndImport(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
				require.NoError(t, c.SetServerName("a.test"))
			}})
			clientSess, serverSess := p.Client.Session(), p.Server.Session()
			state := p.Client.ConnectionState()
			p.Close(t)
			for _, sess := range []*libssl.Session{clientSess, serverSess} {
				assert.Equal(t, mode.Version, sess.Version())
				assert.Equal(t, state.CipherSuite, sess.CipherSuite())
				assert.WithinDuration(t, time.Now(), sess.Time(), time.Minute)
				assert.Equal(t, 2*time.Hour, sess.Timeout())
				assert.NotContains(t, sess.String(), "Master")
				requireSame(t, sess, reparse(t, sess))
			}
			requirePeer(t, testutil.Certs(t).Server, clientSess)
			none, err := serverSess.PeerCertificate()
			require.NoError(t, err)
			assert.Nil(t, none)
			assert.Equal(t, mode.Tickets || mode.TLS13(), clientSess.HasTicket())
			assert.Equal(t, mode.Name != "TLS 1.2 tickets", serverSess.IsResumable())

			t.Run("client", func(t *testing.T) {
				p := pair.Handshake(t, server, mode.ClientCtx(t), pair.Options{Session: reparse(t, clientSess)})
				assert.True(t, p.Client.SessionReused())
				p.Close(t)
			})
			if mode.Tickets {
				return
			}
			// The connection's session is that of the last ticket, so in TLS 1.3 the one that the client
			// has. Here it moves to another server.
			t.Run("server", func(t *testing.T) {
				other := mode.ServerCtx(t)
				added, err := other.AddSession(reparse(t, serverSess))
				require.NoError(t, err)
				assert.True(t, added)
				assert.Equal(t, 1, other.SessionStats().Number)
				p := pair.Handshake(t, other, mode.ClientCtx(t), pair.Options{Session: clientSess})
				assert.True(t, p.Server.SessionReused())
				p.Close(t)
			})
			t.Run("server with another context", func(t *testing.T) {
				other := mode.ServerCtx(t)
				require.NoError(t, other.SetSessionIDContext([]byte("elsewhere")))
				_, err := other.AddSession(serverSess)
				require.NoError(t, err)
				p := pair.Handshake(t, other, mode.ClientCtx(t), pair.Options{Session: clientSess})
				assert.False(t, p.Server.SessionReused())
				p.Close(t)
			})
		})
	}
}

func TestSessionSetters(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	sess := sessionFrom(t, mode.ServerCtx(t), mode.ClientCtx(t))
	copied, err := sess.Clone()
	require.NoError(t, err)

	require.NoError(t, sess.SetID([]byte("some id")))
	require.NoError(t, sess.SetIDContext([]byte("some context")))
	when := time.Unix(1_000_000, 0)
	require.NoError(t, sess.SetTime(when))
	require.NoError(t, sess.SetTimeout(100*time.Second+999*time.Millisecond))
	parsed := reparse(t, sess)
	for _, x := range []*libssl.Session{sess, parsed} {
		assert.Equal(t, []byte("some id"), x.ID())
		assert.Equal(t, []byte("some context"), x.IDContext())
		assert.True(t, when.Equal(x.Time()), "%v", x.Time())
		assert.Equal(t, 100*time.Second, x.Timeout(), "sub-second parts are cut")
	}
	require.NoError(t, sess.SetTime(time.Time{}))
	// C's 0 is the zero time in both directions.
	assert.True(t, sess.Time().IsZero() || sess.Time().Unix() == 0, "%v", sess.Time())
	require.NoError(t, sess.SetTimeout(0))
	assert.Zero(t, sess.Timeout())

	// The clone has seen nothing of it.
	assert.NotEqual(t, []byte("some id"), copied.ID())
	assert.Empty(t, copied.IDContext())
	assert.WithinDuration(t, time.Now(), copied.Time(), time.Minute)
	assert.Equal(t, 2*time.Hour, copied.Timeout())

	if libssl.VersionNumber() >= openSSL3 {
		err := sess.SetTimeout(-time.Second)
		require.Error(t, err)
		requireError(t, err, "SSL_SESSION_set_timeout", 0)
	}
}

// What a returned slice holds belongs to the caller.
func TestSessionGettersReturnCopies(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	sess := sessionFrom(t, mode.ServerCtx(t), mode.ClientCtx(t))
	require.NoError(t, sess.SetIDContext([]byte("context")))
	id := sess.ID()
	require.Len(t, id, 32)
	sess.ID()[0]++
	sess.IDContext()[0]++
	assert.Equal(t, id, sess.ID())
	assert.Equal(t, []byte("context"), sess.IDContext())
}

func TestCacheModeIsReadBack(t *testing.T) {
	t.Parallel()
	for _, method := range []libssl.Method{libssl.TLSMethod, libssl.TLSServerMethod, libssl.TLSClientMethod} {
		ctx, err := libssl.NewCtx(method)
		require.NoError(t, err)
		defer ctx.Close()
		assert.Equal(t, libssl.SessionCacheServer, ctx.SessionCacheMode(), "the default")
		previous := libssl.SessionCacheServer
		for _, tt := range []struct {
			set, get libssl.SessionCacheMode
		}{
			{libssl.SessionCacheOff, libssl.SessionCacheOff},
			{libssl.SessionCacheBoth | libssl.SessionCacheNoInternal, libssl.SessionCacheBoth | libssl.SessionCacheNoInternal},
			{4, 4},                   // no such mode: libssl does not mind
			{-1, 0xffffffff},         // it keeps 32 bits
			{1<<32 + 2, 2},           //
			{0x80000000, 0x80000000}, // and they come back without a sign
			{libssl.SessionCacheClient, libssl.SessionCacheClient},
		} {
			assert.Equal(t, previous, ctx.SetSessionCacheMode(tt.set), "previous mode when setting %#x", int64(tt.set))
			assert.Equal(t, tt.get, ctx.SessionCacheMode(), "%#x", int64(tt.set))
			previous = tt.get
		}
	}
}

func TestCacheModeString(t *testing.T) {
	t.Parallel()
	for want, mode := range map[string]libssl.SessionCacheMode{
		"OFF":                       libssl.SessionCacheOff,
		"CLIENT":                    libssl.SessionCacheClient,
		"SERVER":                    libssl.SessionCacheServer,
		"BOTH":                      libssl.SessionCacheBoth,
		"SERVER|NO_INTERNAL_LOOKUP": libssl.SessionCacheServer | libssl.SessionCacheNoInternalLookup,
		"SERVER|NO_INTERNAL_STORE":  libssl.SessionCacheServer | libssl.SessionCacheNoInternalStore,
		"SERVER|NO_AUTO_CLEAR":      libssl.SessionCacheServer | libssl.SessionCacheNoAutoClear,
		"BOTH|NO_INTERNAL":          libssl.SessionCacheBoth | libssl.SessionCacheNoInternal,
		"CLIENT|UPDATE_TIME":        libssl.SessionCacheClient | libssl.SessionCacheUpdateTime,
	} {
		assert.Equal(t, want, mode.String())
	}
}

// outcome is what a cache mode leads to: a first connection, then one that offers its session.
type outcome struct {
	newFirst, numberFirst              int
	reused                             bool
	newSecond, getSecond, numberSecond int
	hits, misses                       int
}

func TestCacheModes(t *testing.T) {
	t.Parallel()
	const (
		statefulTLS12 = "TLS 1.2 stateful"
		ticketsTLS12  = "TLS 1.2 tickets"
		statefulTLS13 = "TLS 1.3 stateful"
		ticketsTLS13  = "TLS 1.3 tickets"
	)
	offTickets := outcome{reused: true, hits: 1}
	off := map[string]outcome{
		statefulTLS12: {},
		ticketsTLS12:  offTickets,
		statefulTLS13: {getSecond: 1, misses: 1},
		ticketsTLS13:  offTickets,
	}
	tickets12 := outcome{reused: true, hits: 1}
	tickets13 := outcome{newFirst: 2, reused: true, newSecond: 1, hits: 1}
	for _, tt := range []struct {
		mode libssl.SessionCacheMode
		want map[string]outcome
	}{
		{libssl.SessionCacheOff, off},
		{libssl.SessionCacheClient, off},
		{libssl.SessionCacheNoInternalStore, off},
		{libssl.SessionCacheServer, map[string]outcome{
			statefulTLS12: {newFirst: 1, numberFirst: 1, reused: true, numberSecond: 1, hits: 1},
			ticketsTLS12:  tickets12,
			statefulTLS13: {newFirst: 2, numberFirst: 2, reused: true, newSecond: 1, numberSecond: 3, hits: 1},
			ticketsTLS13:  tickets13,
		}},
		{libssl.SessionCacheServer | libssl.SessionCacheNoInternalLookup, map[string]outcome{
			statefulTLS12: {newFirst: 1, numberFirst: 1, newSecond: 1, getSecond: 1, numberSecond: 2},
			ticketsTLS12:  tickets12,
			statefulTLS13: {newFirst: 2, numberFirst: 2, newSecond: 2, getSecond: 1, numberSecond: 4},
			ticketsTLS13:  tickets13,
		}},
		{libssl.SessionCacheServer | libssl.SessionCacheNoInternalStore, map[string]outcome{
			statefulTLS12: {newFirst: 1, newSecond: 1, getSecond: 1, misses: 1},
			ticketsTLS12:  tickets12,
			statefulTLS13: {newFirst: 2, newSecond: 2, getSecond: 1, misses: 1},
			ticketsTLS13:  tickets13,
		}},
		{libssl.SessionCacheServer | libssl.SessionCacheNoInternal, map[string]outcome{
			statefulTLS12: {newFirst: 1, newSecond: 1, getSecond: 1},
			ticketsTLS12:  tickets12,
			statefulTLS13: {newFirst: 2, newSecond: 2, getSecond: 1},
			ticketsTLS13:  tickets13,
		}},
	} {
		t.Run(tt.mode.String(), func(t *testing.T) {
			t.Parallel()
			for _, mode := range pair.Modes {
				t.Run(mode.Name, func(t *testing.T) {
					server, client := mode.ServerCtx(t), mode.ClientCtx(t)
					server.SetSessionCacheMode(tt.mode)
					var mu sync.Mutex
					var made, asked int
					server.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) {
						mu.Lock()
						defer mu.Unlock()
						made++
					})
					server.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session {
						mu.Lock()
						defer mu.Unlock()
						asked++
						return nil
					})
					var got outcome
					p := pair.Handshake(t, server, client, pair.Options{})
					sess := p.Client.Session()
					p.Close(t)
					assert.Zero(t, asked)
					got.newFirst, got.numberFirst, made = made, server.SessionStats().Number, 0
					p = pair.Handshake(t, server, client, pair.Options{Session: sess})
					got.reused = p.Server.SessionReused()
					assert.Equal(t, got.reused, p.Client.SessionReused())
					p.Close(t)
					stats := server.SessionStats()
					got.newSecond, got.getSecond, got.numberSecond = made, asked, stats.Number
					got.hits, got.misses = stats.Hits, stats.Misses
					assert.Equal(t, tt.want[mode.Name], got)
				})
			}
		})
	}
}

// Switching the cache off stops storing, not looking up.
func TestCacheModeOffStillLooksUp(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			sess := sessionFrom(t, server, client)
			number := server.SessionStats().Number
			server.SetSessionCacheMode(libssl.SessionCacheOff)
			p := pair.Handshake(t, server, client, pair.Options{Session: sess})
			assert.True(t, p.Server.SessionReused())
			assert.Equal(t, number, server.SessionStats().Number)
			p.Close(t)
		})
	}
}

func TestClientCache(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			var made []*libssl.Session
			client.SetNewSessionCallback(func(s *libssl.SSL, sess *libssl.Session) { made = append(made, sess) })
			sessionFrom(t, server, client)
			assert.Empty(t, made, "the default mode is for servers")

			client.SetSessionCacheMode(libssl.SessionCacheClient)
			p := pair.Handshake(t, server, client, pair.Options{})
			p.Close(t)
			want := 1
			if mode.TLS13() {
				want = 2 // a session for each ticket
			}
			require.Len(t, made, want)
			assert.Equal(t, want, client.SessionStats().Number)
			p = pair.Handshake(t, server, client, pair.Options{})
			assert.False(t, p.Client.SessionReused(), "libssl never picks one by itself")
			p.Close(t)

			// libssl takes a TLS 1.3 session out of its client cache when it is used, and marks its own
			// copy. The one that the program holds is a value.
			for range 3 {
				require.True(t, made[0].IsResumable())
				p = pair.Handshake(t, server, client, pair.Options{Session: made[0]})
				assert.True(t, p.Client.SessionReused())
				p.Close(t)
			}
		})
	}
}

func TestCacheSize(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	assert.Equal(t, 20480, server.SessionCacheSize())
	assert.Equal(t, 20480, server.SetSessionCacheSize(0))
	assert.Equal(t, 0, server.SetSessionCacheSize(7))
	assert.Equal(t, 7, server.SessionCacheSize())
	server.SetSessionCacheSize(-1) // libssl refuses
	assert.Equal(t, 7, server.SessionCacheSize())

	const size = 4
	assert.Equal(t, 7, server.SetSessionCacheSize(size))
	var removed [][]byte
	server.SetRemoveSessionCallback(func(_ *libssl.Ctx, sess *libssl.Session) { removed = append(removed, sess.ID()) })
	var ids [][]byte
	for range 8 {
		p := pair.Handshake(t, server, client, pair.Options{})
		ids = append(ids, p.Server.Session().ID())
		p.Close(t)
	}
	keeps := size
	if libssl.VersionNumber() >= openSSL3 {
		keeps-- // one fewer than documented
	}
	stats := server.SessionStats()
	assert.Equal(t, keeps, stats.Number)
	assert.Equal(t, 8-keeps, stats.CacheFull)
	require.Len(t, removed, 8-keeps)
	assert.ElementsMatch(t, ids[:8-keeps], removed, "the oldest go first")
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	ctx := pair.Modes[0].ServerCtx(t)
	assert.Equal(t, 7200*time.Second, ctx.Timeout(), "not the 300 seconds of the manual")
	assert.Equal(t, 7200*time.Second, ctx.SetTimeout(100*time.Second))
	assert.Equal(t, 100*time.Second, ctx.SetTimeout(1999*time.Millisecond))
	assert.Equal(t, time.Second, ctx.Timeout())
	assert.Equal(t, time.Second, ctx.SetTimeout(0))
	assert.Zero(t, ctx.Timeout())
}

func TestTimeoutOfNewSessions(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			server.SetTimeout(1234 * time.Second)
			p := pair.Handshake(t, server, client, pair.Options{})
			assert.Equal(t, 1234*time.Second, p.Server.Session().Timeout())
			assert.Equal(t, 7200*time.Second, p.Client.Session().Timeout(), "the client's own")
			var hint time.Duration
			if mode.TLS13() || mode.Tickets {
				hint = 1234 * time.Second
			}
			assert.Equal(t, hint, p.Client.Session().TicketLifetimeHint())
			p.Close(t)
		})
	}
}

func TestExpiredSessionIsNotResumed(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			p := pair.Handshake(t, server, client, pair.Options{})
			cached, offered := p.Server.Session(), p.Client.Session()
			p.Close(t)
			require.NoError(t, cached.SetTime(time.Now().Add(-time.Hour)))
			require.NoError(t, cached.SetTimeout(time.Minute))
			number := server.SessionStats().Number
			added, err := server.AddSession(cached)
			require.NoError(t, err)
			assert.True(t, added)
			assert.Equal(t, number, server.SessionStats().Number, "the one with the same id has made way")

			p = pair.Handshake(t, server, client, pair.Options{Session: offered})
			assert.False(t, p.Server.SessionReused())
			stats := server.SessionStats()
			assert.Equal(t, 1, stats.Timeouts)
			assert.Zero(t, stats.Hits)
			p.Close(t)
		})
	}
}

func TestSessionStats(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			assert.Equal(t, libssl.SessionStats{}, server.SessionStats())
			sess := sessionFrom(t, server, client)
			pair.Handshake(t, server, client, pair.Options{Session: sess}).Close(t)
			stats := server.SessionStats()
			number := 0
			switch {
			case mode.Name == "TLS 1.2 stateful":
				number = 1
			case mode.Name == "TLS 1.3 stateful":
				number = 3 // two tickets, and one more for the resumption
			}
			assert.Equal(t, libssl.SessionStats{Number: number, Accept: 2, AcceptGood: 2, Hits: 1}, stats)
			stats = client.SessionStats()
			assert.Equal(t, libssl.SessionStats{Connect: 2, ConnectGood: 2, Hits: 1}, stats)

			// A handshake that fails is counted as begun.
			require.NoError(t, client.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).OtherCA), ""))
			client.SetVerify(libssl.VerifyPeer, nil)
			p := pair.Try(t, server, client, pair.Options{})
			require.ErrorIs(t, p.ClientErr, libssl.ReasonCertificateVerifyFailed)
			stats = client.SessionStats()
			assert.Equal(t, 3, stats.Connect)
			assert.Equal(t, 2, stats.ConnectGood)
		})
	}
}

func TestFlushSessions(t *testing.T) {
	t.Parallel()
	created := time.Unix(1_000_000, 0)
	const timeout = 100 * time.Second
	for _, tt := range []struct {
		name    string
		at      time.Time
		flushed bool
	}{
		{"when it was made", created, false},
		{"at its last second", created.Add(timeout), false},
		{"a second later", created.Add(timeout + time.Second), true},
		{"now", time.Now(), true},
		{"the zero time means all", time.Time{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mode := pair.Modes[0]
			server := mode.ServerCtx(t)
			p := pair.Handshake(t, server, mode.ClientCtx(t), pair.Options{})
			sess := p.Server.Session()
			p.Close(t)
			require.NoError(t, sess.SetTime(created))
			require.NoError(t, sess.SetTimeout(timeout))
			_, err := server.AddSession(sess)
			require.NoError(t, err)
			var removed []*libssl.Session
			server.SetRemoveSessionCallback(func(c *libssl.Ctx, x *libssl.Session) {
				assert.Same(t, server, c)
				removed = append(removed, x)
			})
			server.FlushSessions(tt.at)
			if !tt.flushed {
				assert.Equal(t, 1, server.SessionStats().Number)
				assert.Empty(t, removed)
				return
			}
			assert.Zero(t, server.SessionStats().Number)
			require.Len(t, removed, 1)
			assert.Equal(t, sess.ID(), removed[0].ID())
			assert.True(t, sess.IsResumable(), "the program's own is a value")
		})
	}
}

func TestAddAndRemoveSession(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetNumTickets(1))
			assert.Equal(t, 1, server.NumTickets())
			p := pair.Handshake(t, server, client, pair.Options{})
			cached, offered := p.Server.Session(), p.Client.Session()
			p.Close(t)
			require.Equal(t, 1, server.SessionStats().Number)

			resumes := func(want bool) {
				t.Helper()
				p := pair.Handshake(t, server, client, pair.Options{Session: offered})
				assert.Equal(t, want, p.Server.SessionReused())
				p.Close(t)
			}
			resumes(true)
			assert.True(t, server.RemoveSession(cached))
			assert.True(t, cached.IsResumable(), "the program's own is a value")
			assert.True(t, offered.IsResumable())
			resumes(false)
			assert.False(t, server.RemoveSession(cached), "a second time")

			// A removed session can come back.
			added, err := server.AddSession(cached)
			require.NoError(t, err)
			assert.True(t, added)
			resumes(true)

			// Without the internal store what is added by hand is found all the same.
			other := mode.ServerCtx(t)
			other.SetSessionCacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternalStore)
			_, err = other.AddSession(cached)
			require.NoError(t, err)
			server = other
			resumes(true)
			other.SetSessionCacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternal)
			resumes(false)
		})
	}
}

// sessionMap is the simplest external cache.
type sessionMap struct {
	mu                       sync.Mutex
	sessions                 map[string][]byte
	put, got, found, deleted int
}

func (m *sessionMap) use(ctx *libssl.Ctx) {
	ctx.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) {
		der, err := sess.MarshalBinary()
		if err != nil {
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.put++
		m.sessions[string(sess.ID())] = der
	})
	ctx.SetGetSessionCallback(func(_ *libssl.SSL, id []byte) *libssl.Session {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.got++
		der, ok := m.sessions[string(id)]
		if !ok {
			return nil
		}
		sess, err := libssl.ParseSession(der)
		if err != nil {
			return nil
		}
		m.found++
		return sess
	})
	ctx.SetRemoveSessionCallback(func(_ *libssl.Ctx, sess *libssl.Session) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.deleted++
		delete(m.sessions, string(sess.ID()))
	})
}

func (m *sessionMap) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sessions)
}

// Two servers share a map, as two processes share a database.
func TestExternalCache(t *testing.T) {
	t.Parallel()
	for _, internal := range []struct {
		name string
		mode libssl.SessionCacheMode
	}{
		{"beside the internal one", libssl.SessionCacheServer},
		{"alone", libssl.SessionCacheServer | libssl.SessionCacheNoInternal},
	} {
		t.Run(internal.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range pair.Modes {
				t.Run(mode.Name, func(t *testing.T) {
					store := &sessionMap{sessions: make(map[string][]byte)}
					here, there, client := mode.ServerCtx(t), mode.ServerCtx(t), mode.ClientCtx(t)
					keys, err := here.TicketKeys()
					require.NoError(t, err)
					require.Len(t, keys, 80)
					require.NoError(t, there.SetTicketKeys(keys))
					for _, ctx := range []*libssl.Ctx{here, there} {
						ctx.SetSessionCacheMode(internal.mode)
						store.use(ctx)
					}
					p := pair.Handshake(t, here, client, pair.Options{})
					sess, id := p.Client.Session(), p.Server.Session().ID()
					p.Close(t)
					puts := map[string]int{"TLS 1.2 stateful": 1, "TLS 1.3 stateful": 2, "TLS 1.3 tickets": 2}[mode.Name]
					assert.Equal(t, puts, store.put)
					assert.Equal(t, puts, store.len())

					p = pair.Handshake(t, there, client, pair.Options{Session: sess})
					assert.True(t, p.Server.SessionReused(), "resumed at the other server")
					p.Close(t)
					stats := there.SessionStats()
					assert.Equal(t, 1, stats.Hits)
					if mode.Tickets {
						assert.Zero(t, store.got, "a ticket needs no lookup")
						assert.Zero(t, stats.CallbackHits)
						return
					}
					assert.Equal(t, 1, store.got)
					assert.Equal(t, 1, store.found)
					assert.Equal(t, 1, stats.CallbackHits)

					// Removed at one server it is gone from the map, and so for both.
					here.RemoveSession(mustParse(t, store.sessions[string(id)]))
					there.FlushSessions(time.Time{})
					assert.NotContains(t, store.sessions, string(id))
					p = pair.Handshake(t, there, client, pair.Options{Session: sess})
					assert.False(t, p.Server.SessionReused())
					p.Close(t)
				})
			}
		})
	}
}

// Closing a Ctx empties its own cache, which is nobody else's business.
func TestExternalCacheSurvivesCtxClose(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			store := &sessionMap{sessions: make(map[string][]byte)}
			old, client := mode.ServerCtx(t), mode.ClientCtx(t)
			store.use(old)
			p := pair.Handshake(t, old, client, pair.Options{})
			sess := p.Client.Session()
			require.NoError(t, old.Close()) // while a connection lives
			p.Echo(t, "still there")
			p.Close(t)
			assert.Zero(t, store.deleted)
			assert.Equal(t, store.put, store.len())

			next := mode.ServerCtx(t) // the server after its restart
			store.use(next)
			p = pair.Handshake(t, next, client, pair.Options{Session: sess})
			assert.True(t, p.Server.SessionReused())
			p.Close(t)
		})
	}
}

// An external cache that hands out anything but the right session costs a full handshake or an error, never
// more. What libssl makes of it differs between versions.
func TestExternalCacheThatErrs(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			server.SetSessionCacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternal)
			p := pair.Handshake(t, server, client, pair.Options{})
			offered, right := p.Client.Session(), p.Server.Session()
			p.Close(t)
			p = pair.Handshake(t, server, client, pair.Options{})
			another := p.Server.Session()
			p.Close(t)
			elsewhere := clone(t, right)
			require.NoError(t, elsewhere.SetIDContext([]byte("elsewhere")))
			expired := clone(t, right)
			require.NoError(t, expired.SetTime(time.Now().Add(-24*time.Hour)))
			closed := clone(t, right)
			require.NoError(t, closed.Close())
			for _, tt := range []struct {
				name        string
				sess        *libssl.Session
				reused, err bool
			}{
				{name: "the right one", sess: right, reused: true},
				{name: "none", sess: nil},
				{name: "of another context", sess: elsewhere},
				{name: "expired", sess: expired},
				{name: "closed", sess: closed},
				{name: "another connection's", sess: another, err: true},
			} {
				t.Run(tt.name, func(t *testing.T) {
					server.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session { return tt.sess })
					p := pair.Try(t, server, client, pair.Options{Session: offered})
					if tt.err && p.Err() != nil {
						var e *libssl.Error
						require.ErrorAs(t, p.ServerErr, &e)
						return
					}
					require.NoError(t, p.Err())
					assert.Equal(t, tt.reused, p.Server.SessionReused())
					p.Close(t)
				})
			}
			assert.True(t, right.IsResumable(), "what the callback returned stays its own")
			assert.NotEmpty(t, right.ID())
		})
	}
}

// A Session is a value, so that one Ctx can not spoil it for another.
func TestSessionInTwoCtx(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			origin, client := mode.ServerCtx(t), mode.ClientCtx(t)
			p := pair.Handshake(t, origin, client, pair.Options{})
			sess, offered := p.Server.Session(), p.Client.Session()
			p.Close(t)
			require.NoError(t, origin.Close())

			newCtx := func() *libssl.Ctx {
				ctx := mode.ServerCtx(t)
				added, err := ctx.AddSession(sess)
				require.NoError(t, err)
				require.True(t, added)
				return ctx
			}
			resumesAt := func(ctx *libssl.Ctx) bool {
				p := pair.Handshake(t, ctx, client, pair.Options{Session: offered})
				defer p.Close(t)
				return p.Server.SessionReused()
			}
			for _, tt := range []struct {
				name  string
				spoil func(*libssl.Ctx)
			}{
				{"removed from one", func(c *libssl.Ctx) { assert.True(t, c.RemoveSession(sess)) }},
				{"flushed from one", func(c *libssl.Ctx) { c.FlushSessions(time.Time{}) }},
				{"one is closed", func(c *libssl.Ctx) { require.NoError(t, c.Close()) }},
				{"one connection ends badly", func(c *libssl.Ctx) {
					p := pair.Handshake(t, c, client, pair.Options{Session: offered})
					require.True(t, p.Server.SessionReused())
					fatal(t, p)
				}},
			} {
				t.Run(tt.name, func(t *testing.T) {
					one, two := newCtx(), newCtx()
					assert.True(t, resumesAt(one))
					assert.True(t, resumesAt(two))
					tt.spoil(one)
					assert.True(t, sess.IsResumable())
					assert.True(t, offered.IsResumable())
					assert.True(t, resumesAt(two))
					assert.True(t, resumesAt(newCtx()))
				})
			}
		})
	}
}

func TestSessionAfterClose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(*testing.T, *pair.Pair)
	}{
		{"both ways", func(t *testing.T, p *pair.Pair) { p.Close(t) }},
		{"server without the client's answer", func(t *testing.T, p *pair.Pair) {
			require.NoError(t, p.Server.Close())
			require.NoError(t, p.Client.Close())
		}},
		{"client without the server's answer", func(t *testing.T, p *pair.Pair) {
			require.NoError(t, p.Client.Close())
			require.NoError(t, p.Server.Close())
		}},
		{"transports closed before", func(t *testing.T, p *pair.Pair) {
			// Nothing has gone wrong with TLS: the close_notify can only not be sent.
			p.ClientRaw.Close()
			p.ServerRaw.Close()
			p.Client.Close()
			p.Server.Close()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range pair.Modes {
				t.Run(mode.Name, func(t *testing.T) {
					server, client := mode.ServerCtx(t), mode.ClientCtx(t)
					p := pair.Handshake(t, server, client, pair.Options{})
					sess := p.Client.Session()
					number := server.SessionStats().Number
					tt.end(t, p)
					assert.True(t, sess.IsResumable())
					assert.Equal(t, number, server.SessionStats().Number)
					p = pair.Handshake(t, server, client, pair.Options{Session: sess})
					assert.True(t, p.Server.SessionReused())
					assert.True(t, p.Client.SessionReused())
					p.Close(t)
				})
			}
		})
	}
}

func TestSessionAfterFatalAlert(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetNumTickets(1))
			var removed [][]byte
			if !mode.Tickets { // with tickets the callback would make libssl keep sessions after all
				server.SetRemoveSessionCallback(func(_ *libssl.Ctx, sess *libssl.Session) {
					removed = append(removed, sess.ID())
				})
			}
			p := pair.Handshake(t, server, client, pair.Options{})
			held := p.Client.Session()
			id := p.Server.Session().ID()
			fatal(t, p)
			assert.True(t, held.IsResumable(), "a Session handed out before is a value")
			if sess := p.Client.Session(); sess != nil {
				assert.False(t, sess.IsResumable(), "the client's")
			}
			if sess := p.Server.Session(); sess != nil {
				assert.False(t, sess.IsResumable(), "the server's")
			}
			p.Client.Close()
			p.Server.Close()
			p = pair.Handshake(t, server, client, pair.Options{Session: held})
			if mode.Tickets {
				assert.True(t, p.Server.SessionReused(), "a ticket can not be revoked")
				return
			}
			assert.False(t, p.Server.SessionReused())
			assert.Contains(t, removed, id)
		})
	}
}

func TestAwaitSession(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			ctx, cancel := context.WithTimeout(t.Context(), pair.Limit)
			defer cancel()

			// Nobody reads: AwaitSession has to take the tickets in by itself.
			p := pair.Handshake(t, server, client, pair.Options{NoTickets: true})
			sess, err := p.Client.AwaitSession(ctx)
			require.NoError(t, err)
			require.True(t, sess.IsResumable())
			p.Echo(t, "data is not lost")
			p.Close(t)
			p = pair.Handshake(t, server, client, pair.Options{Session: sess})
			assert.True(t, p.Client.SessionReused())

			// It is for clients.
			_, err = p.Server.AwaitSession(ctx)
			assert.Error(t, err)
			p.Close(t)
			_, err = p.Client.AwaitSession(ctx)
			assert.Error(t, err, "closed")
		})
	}
}

// Data that came before the ticket was asked for is still there afterwards.
func TestAwaitSessionKeepsData(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{NoTickets: true})
	_, err := p.Server.Write([]byte("early"))
	require.NoError(t, err)
	_, err = p.Client.AwaitSession(t.Context())
	require.NoError(t, err)
	buf := make([]byte, 16)
	n, err := p.Client.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "early", string(buf[:n]))
}

func TestAwaitSessionWithoutHope(t *testing.T) {
	t.Parallel()
	t.Run("TLS 1.2 server that caches nothing", func(t *testing.T) {
		t.Parallel()
		mode := pair.Modes[0]
		server := mode.ServerCtx(t)
		server.SetSessionCacheMode(libssl.SessionCacheOff)
		p := pair.Handshake(t, server, mode.ClientCtx(t), pair.Options{})
		_, err := p.Client.AwaitSession(t.Context())
		assert.Error(t, err)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "at once, not at the deadline")
	})
	t.Run("TLS 1.3 server without tickets", func(t *testing.T) {
		t.Parallel()
		mode := pair.Modes[3]
		server := mode.ServerCtx(t)
		require.NoError(t, server.SetNumTickets(0))
		p := pair.Handshake(t, server, mode.ClientCtx(t), pair.Options{NoTickets: true})
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("enough")
		timer := time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
		defer timer.Stop()
		_, err := p.Client.AwaitSession(ctx)
		assert.True(t, errors.Is(err, context.Canceled) || errors.Is(err, stop), "%v", err)
		p.Echo(t, "the connection is as good as before")
		p.Close(t)
	})
	t.Run("peer hangs up", func(t *testing.T) {
		t.Parallel()
		mode := pair.Modes[3]
		server := mode.ServerCtx(t)
		require.NoError(t, server.SetNumTickets(0))
		p := pair.Handshake(t, server, mode.ClientCtx(t), pair.Options{NoTickets: true})
		require.NoError(t, p.Server.Close())
		_, err := p.Client.AwaitSession(t.Context())
		assert.Error(t, err)
	})
}

func TestSetSessionOfAnotherVersion(t *testing.T) {
	t.Parallel()
	from, to := pair.Modes[0], pair.Modes[3]
	sess := sessionFrom(t, from.ServerCtx(t), from.ClientCtx(t))
	p := pair.Handshake(t, to.ServerCtx(t), to.ClientCtx(t), pair.Options{Session: sess})
	assert.False(t, p.Client.SessionReused())
	assert.Equal(t, uint16(tls.VersionTLS13), p.Client.ConnectionState().Version)
	p.Close(t)
}

func TestPrefixSessionID(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetGenerateSessionID(libssl.PrefixSessionID([]byte("node-7."))))
			seen := make(map[string]bool)
			var last *libssl.Session
			for range 5 {
				p := pair.Handshake(t, server, client, pair.Options{})
				id := p.Server.Session().ID()
				require.Len(t, id, 32)
				assert.True(t, bytes.HasPrefix(id, []byte("node-7.")), "%q", id)
				assert.False(t, seen[string(id)], "ids differ")
				seen[string(id)] = true
				assert.True(t, p.Server.HasMatchingSessionID(id))
				assert.False(t, p.Server.HasMatchingSessionID(id[:31]))
				assert.False(t, p.Server.HasMatchingSessionID(append(id, 0)))
				assert.False(t, p.Server.HasMatchingSessionID(nil))
				last = p.Client.Session()
				p.Close(t)
			}
			p := pair.Handshake(t, server, client, pair.Options{Session: last})
			assert.True(t, p.Server.SessionReused())
			p.Close(t)
		})
	}
}

// The callbacks that are set can be asked for, so that others can be put around them.
func TestSessionCallbackGetters(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	assert.Nil(t, server.NewSessionCallback())
	assert.Nil(t, server.GetSessionCallback())
	assert.Nil(t, server.RemoveSessionCallback())
	var told []string
	server.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) { told = append(told, "new") })
	server.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session { told = append(told, "get"); return nil })
	server.SetRemoveSessionCallback(func(*libssl.Ctx, *libssl.Session) { told = append(told, "remove") })
	before := server.NewSessionCallback()
	server.SetNewSessionCallback(func(s *libssl.SSL, sess *libssl.Session) {
		told = append(told, "newer")
		before(s, sess)
	})
	sess := sessionFrom(t, server, client)
	server.FlushSessions(time.Time{})
	server.GetSessionCallback()(nil, nil)
	server.RemoveSessionCallback()(server, sess)
	assert.Equal(t, []string{"newer", "new", "remove", "get", "remove"}, told)
	server.SetNewSessionCallback(nil)
	assert.Nil(t, server.NewSessionCallback())
	require.NoError(t, server.Close())
	assert.Nil(t, server.RemoveSessionCallback())
}

// stateful returns the modes in which the server keeps the sessions.
func stateful() []pair.Mode { return []pair.Mode{pair.Modes[0], pair.Modes[2]} }

// fatal ends a connection by a record that the server can not decrypt, which each side takes for fatal.
func fatal(t *testing.T, p *pair.Pair) {
	t.Helper()
	_, err := p.ClientRaw.Write(append([]byte{23, 3, 3, 0, 64}, make([]byte, 64)...))
	require.NoError(t, err)
	_, err = p.Server.Read(make([]byte, 1))
	requireAlert(t, err, 20, true) // bad_record_mac
	require.ErrorIs(t, err, libssl.Reason(281))
	_, err = p.Client.Read(make([]byte, 1))
	require.ErrorIs(t, err, libssl.Reason(1020))
	requireAlert(t, err, 20, false)
	for _, x := range []*libssl.Conn{p.Client, p.Server} {
		_, err = x.Read(make([]byte, 1))
		require.Error(t, err, "it stays broken")
		require.NotErrorIs(t, err, io.EOF)
	}
}

// requireError requires that err is an *Error of op that returned ret, whose stack consists of the given
// reasons of libssl and nothing else.
func requireError(t *testing.T, err error, op string, ret int, reasons ...libssl.Reason) *libssl.Error {
	t.Helper()
	var e *libssl.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, op, e.Op)
	assert.Equal(t, ret, e.Ret)
	var got []libssl.Reason
	for _, entry := range e.Stack {
		assert.Equal(t, libSSL, entry.Lib, "%+v", entry)
		got = append(got, entry.Reason)
	}
	assert.Equal(t, reasons, got, "%v", err)
	for _, r := range reasons {
		require.ErrorIs(t, err, r)
	}
	assert.NotContains(t, err.Error(), "\n")
	return e
}

// requireAlert requires that the connection ended by an alert, sent by this side or by the other one.
func requireAlert(t *testing.T, err error, code uint8, sent bool) {
	t.Helper()
	var e *libssl.Error
	require.ErrorAs(t, err, &e)
	gotCode, gotSent, ok := e.Alert()
	require.True(t, ok, "no alert in %v", err)
	assert.Equal(t, code, gotCode, "%v", err)
	assert.Equal(t, sent, gotSent, "%v", err)
}

// requireSame requires that two sessions agree in everything that can be asked.
func requireSame(t *testing.T, want, got *libssl.Session) {
	t.Helper()
	assert.Equal(t, want.ID(), got.ID())
	assert.Equal(t, want.IDContext(), got.IDContext())
	assert.Equal(t, want.Version(), got.Version())
	assert.Equal(t, want.CipherSuite(), got.CipherSuite())
	assert.Equal(t, want.Time(), got.Time())
	assert.Equal(t, want.Timeout(), got.Timeout())
	assert.Equal(t, want.IsResumable(), got.IsResumable())
	assert.Equal(t, want.HasTicket(), got.HasTicket())
	assert.Equal(t, want.TicketLifetimeHint(), got.TicketLifetimeHint())
	assert.Equal(t, want.TicketAppData(), got.TicketAppData())
	assert.Equal(t, want.ServerName(), got.ServerName())
	assert.Equal(t, want.NegotiatedProtocol(), got.NegotiatedProtocol())
	wantPeer, err := want.PeerCertificate()
	require.NoError(t, err)
	gotPeer, err := got.PeerCertificate()
	require.NoError(t, err)
	assert.Equal(t, wantPeer, gotPeer)
	assert.Equal(t, marshal(t, want), marshal(t, got), "byte for byte")
	assert.Equal(t, string(marshalText(t, want)), string(marshalText(t, got)))
}

// reparse exports sess as PEM and as DER, requires that both say the same, and returns the import.
func reparse(t *testing.T, sess *libssl.Session) *libssl.Session {
	t.Helper()
	der := marshal(t, sess)
	text, err := libssl.ParseSessionPEM(marshalText(t, sess))
	require.NoError(t, err)
	require.Equal(t, der, marshal(t, text))
	return mustParse(t, der)
}

func mustParse(t *testing.T, der []byte) *libssl.Session {
	t.Helper()
	sess, err := libssl.ParseSession(der)
	require.NoError(t, err)
	return sess
}

func marshal(t *testing.T, sess *libssl.Session) []byte {
	t.Helper()
	der, err := sess.MarshalBinary()
	require.NoError(t, err)
	return der
}

func clone(t *testing.T, sess *libssl.Session) *libssl.Session {
	t.Helper()
	c, err := sess.Clone()
	require.NoError(t, err)
	return c
}

// none makes nil of an empty slice.
func none(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
