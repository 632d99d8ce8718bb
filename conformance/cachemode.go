package conformance

import (
	"fmt"
	"math"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageCacheMode = "SSL_CTX_set_session_cache_mode(3)"

// What a server does in the cache modes that keep nothing: tickets resume all the same.
var nothingKept = want(
	is("first", "ok reused=0/0 new_cb=0 get_cb=0 number=0"),
	in(only12s, "resume", "ok reused=0/0 new_cb+0 get_cb+0 number=0 hits=0 misses=0"),
	in(tickets, "resume", "ok reused=1/1 new_cb+0 get_cb+0 number=0 hits=1 misses=0"),
	in(only13s, "resume", "ok reused=0/0 new_cb+0 get_cb+1 number=0 hits=0 misses=1"),
)

// What it does with tickets in all the modes with SSL_SESS_CACHE_SERVER.
var withTickets = want(
	in(only12t, "first", "ok reused=0/0 new_cb=0 get_cb=0 number=0"),
	in(only12t, "resume", "ok reused=1/1 new_cb+0 get_cb+0 number=0 hits=1 misses=0"),
	in(only13t, "first", "ok reused=0/0 new_cb=2 get_cb=0 number=0"),
	in(only13t, "resume", "ok reused=1/1 new_cb+1 get_cb+0 number=0 hits=1 misses=0"),
)

const serverMode = libssl.SessionCacheServer

// Section C: the cache mode.
var cacheModes = []Clause{
	{
		ID: "C1", Page: pageCacheMode,
		Says: "The default is SSL_SESS_CACHE_SERVER.",
		Want: want(
			is("for a server; for a client; for both", "SERVER (2)"),
		),
		Observe: func(o *Observer) {
			for _, c := range []struct {
				name   string
				method libssl.Method
			}{{"for a server", libssl.TLSServerMethod}, {"for a client", libssl.TLSClientMethod}, {"for both", libssl.TLSMethod}} {
				m := o.ctx(c.method).SessionCacheMode()
				o.Note(c.name, "%v (%d)", m, int64(m))
			}
		},
	},
	{
		ID: "C2", Page: pageCacheMode,
		Says: "Setting a mode gives back the previous one, and the mode can be read.",
		Want: want(
			is("OFF", "previous=0x2 now=0"),
			is("CLIENT", "previous=0 now=0x1"),
			is("SERVER|NO_INTERNAL", "previous=0x1 now=0x302"),
			is("BOTH|NO_AUTO_CLEAR", "previous=0x302 now=0x83"),
			is("4", "previous=0x83 now=0x4"),
			is("0xffff", "previous=0x4 now=0xffff"),
			is("0x80000000", "previous=0xffff now=0x80000000"),
			is("-1", "previous=0x80000000 now=0xffffffff"),
			is("smallest", "previous=0xffffffff now=0"),
			is("largest", "previous=0 now=0xffffffff"),
			is("2^32+2", "previous=0xffffffff now=0x2"),
		),
		Observe: observeModeValues,
	},
	{
		ID: "C3", Page: pageCacheMode,
		Says:   "Nothing on a NULL Ctx.",
		Manual: Silent,
		Truth:  "With a NULL Ctx both functions return 0, which is SSL_SESS_CACHE_OFF as well, and queue no error.",
		Whom:   "C programs that do not check what SSL_CTX_new returned: other calls with NULL crash, and these hide it.",
		Text:   "If ctx is NULL, both functions return 0.",
		Ways:   onlyRaw,
		Want:   want(is("set; read", "ret=0 no error")),
		Observe: func(o *Observer) {
			o.Note("set", "%v", raw.CtxSetSessionCacheMode(raw.Ctx{}, int64(serverMode)))
			o.Note("read", "%v", raw.CtxSessionCacheMode(raw.Ctx{}))
		},
	},
	{
		ID: "C4", Page: pageCacheMode,
		Says:  "Each Ctx has sessions of its own: one Ctx does not resume another's.",
		Modes: all,
		Want: want(
			is("first; offered to another Ctx", "ok reused=0/0"),
			is("offered to its own Ctx", "ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			srv, other, cli := o.server(), o.server(), o.client()
			first := o.connect(srv, cli)
			o.Note("first", "%v", first)
			o.Note("offered to another Ctx", "%v", o.resume(other, cli, first))
			o.Note("offered to its own Ctx", "%v", o.resume(srv, cli, first))
		},
	},
	{
		ID: "C5", Page: pageCacheMode,
		Says:   "With SSL_SESS_CACHE_OFF nothing is cached.",
		Manual: Wrong,
		Truth:  "With SSL_SESS_CACHE_OFF nothing is stored, but tickets still resume, and TLS 1.3 still calls the callback for external lookups.",
		Whom:   "Servers that switch caching off to rule out resumption: clients with tickets go on resuming.",
		Note:   "SSL_CTX_sess_set_get_cb(3) does say that lookups outside go on when caching is off.",
		Text:   "No new sessions are added to the cache. Session tickets are still issued and accepted, and in TLSv1.3 get_session_cb() is still called.",
		Modes:  all, Want: nothingKept,
		Observe: func(o *Observer) { observeMode(o, libssl.SessionCacheOff) },
	},
	{
		ID: "C6", Page: pageCacheMode,
		Says:   "With SSL_SESS_CACHE_CLIENT only client sessions are cached.",
		Manual: Silent,
		Truth:  "For a server SSL_SESS_CACHE_CLIENT is the same as off: nothing is stored, tickets still resume.",
		Whom:   "Servers that set the flag by mistake for SERVER: they cache nothing, and no call fails.",
		Text:   "For a server this is the same as SSL_SESS_CACHE_OFF.",
		Modes:  all, Want: nothingKept,
		Observe: func(o *Observer) { observeMode(o, libssl.SessionCacheClient) },
	},
	{
		ID: "C7", Page: pageCacheMode,
		Says:  "With SSL_SESS_CACHE_SERVER a server's sessions are stored, found again and resumed.",
		Modes: all,
		Want: want(withTickets,
			in(only12s, "first", "ok reused=0/0 new_cb=1 get_cb=0 number=1"),
			in(only12s, "resume", "ok reused=1/1 new_cb+0 get_cb+0 number=1 hits=1 misses=0"),
			in(only13s, "first", "ok reused=0/0 new_cb=2 get_cb=0 number=2"),
			in(only13s, "resume", "ok reused=1/1 new_cb+1 get_cb+0 number=3 hits=1 misses=0"),
		),
		Observe: func(o *Observer) { observeMode(o, serverMode) },
	},
	{
		ID: "C8", Page: pageCacheMode,
		Says:  "With NO_INTERNAL_LOOKUP sessions are stored, and every lookup goes to the external cache.",
		Modes: all,
		Want: want(withTickets,
			in(only12s, "first", "ok reused=0/0 new_cb=1 get_cb=0 number=1"),
			in(only12s, "resume", "ok reused=0/0 new_cb+1 get_cb+1 number=2 hits=0 misses=0"),
			in(only13s, "first", "ok reused=0/0 new_cb=2 get_cb=0 number=2"),
			in(only13s, "resume", "ok reused=0/0 new_cb+2 get_cb+1 number=4 hits=0 misses=0"),
		),
		Observe: func(o *Observer) { observeMode(o, serverMode|libssl.SessionCacheNoInternalLookup) },
	},
	{
		ID: "C9", Page: pageCacheMode,
		Says:  "With NO_INTERNAL_STORE sessions are not stored, but the callback is told of them.",
		Modes: all,
		Want: want(withTickets,
			in(only12s, "first", "ok reused=0/0 new_cb=1 get_cb=0 number=0"),
			in(only12s, "resume", "ok reused=0/0 new_cb+1 get_cb+1 number=0 hits=0 misses=1"),
			in(only13s, "first", "ok reused=0/0 new_cb=2 get_cb=0 number=0"),
			in(only13s, "resume", "ok reused=0/0 new_cb+2 get_cb+1 number=0 hits=0 misses=1"),
		),
		Observe: func(o *Observer) { observeMode(o, serverMode|libssl.SessionCacheNoInternalStore) },
	},
	{
		ID: "C10", Page: pageCacheMode,
		Says:  "NO_INTERNAL is both: neither stored nor looked up.",
		Modes: all,
		Want: want(withTickets,
			in(only12s, "first", "ok reused=0/0 new_cb=1 get_cb=0 number=0"),
			in(only12s, "resume", "ok reused=0/0 new_cb+1 get_cb+1 number=0 hits=0 misses=0"),
			in(only13s, "first", "ok reused=0/0 new_cb=2 get_cb=0 number=0"),
			in(only13s, "resume", "ok reused=0/0 new_cb+2 get_cb+1 number=0 hits=0 misses=0"),
		),
		Observe: func(o *Observer) { observeMode(o, serverMode|libssl.SessionCacheNoInternal) },
	},
	{
		ID: "C11", Page: pageCacheMode,
		Says:   "Nothing on a modifier alone, without SERVER or CLIENT.",
		Manual: Silent,
		Truth:  "A modifier without SERVER or CLIENT is the same as SSL_SESS_CACHE_OFF.",
		Whom:   "Programs that set a modifier alone, meaning to keep the default: it replaces SERVER and switches caching off.",
		Text:   "A modifier without SSL_SESS_CACHE_CLIENT or SSL_SESS_CACHE_SERVER is the same as SSL_SESS_CACHE_OFF.",
		Modes:  all, Want: nothingKept,
		Observe: func(o *Observer) { observeMode(o, libssl.SessionCacheNoInternalStore) },
	},
	{
		ID: "C12", Page: pageCacheMode,
		Says:  "With SSL_SESS_CACHE_CLIENT a client's sessions are stored; the program must still choose the one to resume.",
		Modes: all,
		Want: want(
			in(tls12, "first", "ok reused=0/0 new_cb=1 number=1"),
			in(tls13, "first", "ok reused=0/0 new_cb=2 number=2"),
			is("nothing chosen", "ok reused=0/0"),
			is("chosen", "ok reused=1/1"),
			in(tls12, "after three connections", "new_cb=2 number=2 connect=3/3 hits=1"),
			in(tls13, "after three connections", "new_cb=5 number=4 connect=3/3 hits=1"),
		),
		Observe: func(o *Observer) { observeClientMode(o, "", libssl.SessionCacheClient) },
	},
	{
		ID: "C13", Page: pageCacheMode,
		Says:  "By default a client stores nothing and its callback is not told; sessions that the program keeps resume in any mode.",
		Modes: all,
		Want: want(
			is("SERVER: first; OFF: first", "ok reused=0/0 new_cb=0 number=0"),
			is("SERVER: nothing chosen; OFF: nothing chosen", "ok reused=0/0"),
			is("SERVER: chosen; OFF: chosen", "ok reused=1/1"),
			is("SERVER: after three connections; OFF: after three connections", "new_cb=0 number=0 connect=3/3 hits=1"),
		),
		Observe: func(o *Observer) {
			observeClientMode(o, "SERVER: ", libssl.SessionCacheServer)
			observeClientMode(o, "OFF: ", libssl.SessionCacheOff)
		},
	},
	{
		ID: "C14", Page: pageCacheMode,
		Says:   "With SSL_SESS_CACHE_OFF no caching takes place.",
		Manual: Wrong,
		Truth:  "SSL_SESS_CACHE_OFF stops storing, not looking up: what is in the cache is still resumed.",
		Whom:   "Servers that switch caching off to cut off sessions made so far: those go on being resumed.",
		Text:   "Sessions that are in the cache already can still be resumed.",
		Modes:  stateful,
		Want: want(
			is("first", "ok reused=0/0"),
			is("resume with caching off", "ok reused=1/1"),
			in(only12s, "cached", "1"), in(only13s, "cached", "2"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			o.Note("first", "%v", first)
			cacheMode(libssl.SessionCacheOff)(srv)
			o.Note("resume with caching off", "%v", o.resume(srv, cli, first))
			o.Note("cached", "%d", srv.SessionStats().Number)
		},
	},
	{
		ID: "C15", Page: pageCacheMode,
		Says:  "With NO_INTERNAL_STORE the program can add sessions itself, and they are found; with NO_INTERNAL they are not.",
		Modes: stateful,
		Want: want(
			is("NO_INTERNAL_STORE", "number=0, added=true, number=1, ok reused=1/1"),
			is("NO_INTERNAL", "number=0, added=true, number=1, ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			addByHand := func(name string, m libssl.SessionCacheMode) {
				srv, cli := o.server(cacheMode(m)), o.client()
				first := o.connect(srv, cli)
				before := srv.SessionStats().Number
				added := add(srv, first.server.session)
				after := srv.SessionStats().Number
				o.Note(name, "number=%d, added=%t, number=%d, %v", before, added, after, o.resume(srv, cli, first))
			}
			addByHand("NO_INTERNAL_STORE", serverMode|libssl.SessionCacheNoInternalStore)
			addByHand("NO_INTERNAL", serverMode|libssl.SessionCacheNoInternal)
		},
	},
	{
		ID: "C16", Page: pageCacheMode,
		Says:   "The cache is cleared of expired sessions every 255 connections.",
		Manual: Wrong,
		Truth:  "Expired sessions are cleared at every 256th connection in TLS 1.2, first at the 255th in TLS 1.3, and never in TLS 1.2 with tickets.",
		Whom:   "Servers of TLS 1.2 with tickets and a cache filled by hand: expired sessions stay until someone flushes.",
		Note:   "SSL_CTX_flush_sessions(3) has the same 255, of new sessions rather than connections.",
		Text:   "The cache is checked for expired sessions at every 256th connection, or in TLSv1.3 first at the 255th, and not by TLSv1.2 connections for which a ticket is issued.",
		Modes:  all,
		Want: want(
			in(only12s, "expired sessions gone", "at connection 256"),
			in(tls13, "expired sessions gone", "at connection 255"),
			in(only12t, "expired sessions gone", "never in 260 connections"),
		),
		Observe: func(o *Observer) {
			observeAutoClear(o, o.server(cacheMode(serverMode), numTickets(1)), o.client(), false)
		},
	},
	{
		ID: "C17", Page: pageCacheMode,
		Says:  "SSL_SESS_CACHE_NO_AUTO_CLEAR leaves expired sessions where they are.",
		Modes: only13s,
		Want:  want(is("expired sessions gone", "never in 260 connections")),
		Observe: func(o *Observer) {
			observeAutoClear(o, o.server(cacheMode(serverMode|libssl.SessionCacheNoAutoClear), numTickets(1)), o.client(), false)
		},
	},
	{
		ID: "C18", Page: pageCacheMode,
		Says:   "Nothing on clearing a client's cache.",
		Manual: Silent,
		Truth:  "A client's cache is cleared of expired sessions like a server's: at every 256th connection in TLS 1.2, with tickets too, first at the 255th in TLS 1.3.",
		Whom:   "Clients with SSL_SESS_CACHE_CLIENT and few connections: expired sessions stay in the cache for hundreds of them.",
		Text:   "The cache of a client is checked in the same way.",
		Modes:  tickets,
		Want: want(
			in(only12t, "expired sessions gone", "at connection 256"),
			in(only13t, "expired sessions gone", "at connection 255"),
		),
		Observe: func(o *Observer) {
			observeAutoClear(o, o.server(numTickets(1)), o.client(cacheMode(libssl.SessionCacheClient)), true)
		},
	},
	{
		ID: "C19", Page: pageCacheMode,
		Says:   "SSL_SESS_CACHE_UPDATE_TIME renews a session's time whenever it is used.",
		Manual: Wrong,
		Truth:  "SSL_SESS_CACHE_UPDATE_TIME (since 3.0) does not renew a TLS 1.2 session that is resumed from the cache: only SSL_CTX_add_session renews it.",
		Whom:   "Servers that set the flag to keep active clients' sessions alive: they expire all the same.",
		Note:   "The flag and its text came with 3.0.",
		Text:   "Updates the timestamp of a session when it is added by SSL_CTX_add_session(), and when it was found in the external cache and is added to the internal one. Resuming a session from the internal cache does not update it.",
		From:   V3_0,
		Modes:  only12s,
		Want: want(
			is("added with the flag", "true number=1"),
			is("added without", "true number=1"),
			is("resume; resume with the flag", "ok reused=1/1 time renewed=false"),
			is("expired, added with the flag", "ok reused=0/0"),
			since(V3_0, is("expired, added with the flag", "ok reused=1/1")),
			is("expired, added without", "ok reused=0/0"),
			by(onlyRaw,
				is("the very object added with the flag", "ret=1 no error time renewed=false"),
				is("the very object added again with the flag", "ret=0 no error time renewed=false"),
				since(V3_0,
					is("the very object added with the flag", "ret=1 no error time renewed=true"),
					is("the very object added again with the flag", "ret=0 no error time renewed=true"))),
		),
		Observe: func(o *Observer) {
			observeUpdateTime(o)
			if o.Way == Raw {
				observeUpdateTimeOfObject(o)
			}
		},
	},
	{
		ID: "C20", Page: pageCacheMode,
		Says:   "Nothing on an expired session that comes out of the external cache under SSL_SESS_CACHE_UPDATE_TIME.",
		Manual: Silent,
		Truth:  "With SSL_SESS_CACHE_UPDATE_TIME (since 3.0) an expired session from the external cache is resumed: copying it into the internal cache renews its time.",
		Whom:   "Servers with an external cache that trust libssl to refuse old sessions: with the flag they are resumed for ever.",
		Note:   "The flag came with 3.0.",
		Text:   "An expired session that get_session_cb() returns is given the current time when it is added to the internal cache, and is then resumed.",
		From:   V3_0,
		Modes:  stateful,
		Want: want(
			in(only12s, "without the flag; with the flag", "ok reused=0/0 get_cb=1 number=1 hits=0 cb_hits=1 misses=1 timeouts=1"),
			in(only13s, "without the flag; with the flag", "ok reused=0/0 get_cb=1 number=3 hits=0 cb_hits=1 misses=1 timeouts=1"),
			since(V3_0,
				in(only12s, "with the flag", "ok reused=1/1 get_cb=1 number=1 hits=1 cb_hits=1 misses=1 timeouts=0"),
				in(only13s, "with the flag", "ok reused=1/1 get_cb=1 number=2 hits=1 cb_hits=1 misses=1 timeouts=0")),
			is("with the flag, nothing stored", "ok reused=0/0 get_cb=1 number=0 hits=0 cb_hits=1 misses=1 timeouts=1"),
		),
		Observe: observeResurrection,
	},
	{
		ID: "C21", Page: pageCacheMode,
		Says:   "Nothing on the ids that are handed out while caching is off.",
		Manual: Silent,
		Truth:  "With caching off TLS 1.2 without tickets gives out no id at all; the other modes are as always.",
		Whom:   "Clients of a server without caching and tickets: there is no id to tell one connection's session from another's.",
		Text:   "With session caching and tickets both disabled, a TLSv1.2 server sends an empty session id.",
		Modes:  all,
		Want: want(
			in(only12s, "ids", "server 0, client 0 bytes"),
			in(only12t, "ids", "server 0, client 32 bytes"),
			in(tls13, "ids", "server 32, client 32 bytes"),
			in(only12s, "client session", "resumable=false ticket=false"),
			in(not12s, "client session", "resumable=true ticket=true"),
		),
		Observe: func(o *Observer) {
			l := o.connect(o.server(cacheMode(libssl.SessionCacheOff)), o.client())
			its := l.client.session
			o.Note("ids", "server %d, client %d bytes", idLen(l.server.session), idLen(its))
			o.Note("client session", "resumable=%t ticket=%t", its.IsResumable(), its.HasTicket())
		},
	},
}

func observeModeValues(o *Observer) {
	ctx := o.ctx(libssl.TLSServerMethod)
	for _, c := range []struct {
		name string
		mode libssl.SessionCacheMode
	}{
		{"OFF", libssl.SessionCacheOff},
		{"CLIENT", libssl.SessionCacheClient},
		{"SERVER|NO_INTERNAL", libssl.SessionCacheServer | libssl.SessionCacheNoInternal},
		{"BOTH|NO_AUTO_CLEAR", libssl.SessionCacheBoth | libssl.SessionCacheNoAutoClear},
		{"4", 4},
		{"0xffff", 0xffff},
		{"0x80000000", 0x80000000},
		{"-1", -1},
		{"smallest", math.MinInt64},
		{"largest", math.MaxInt64},
		{"2^32+2", 1<<32 + 2},
	} {
		previous := ctx.SetSessionCacheMode(c.mode)
		o.Note(c.name, "previous=%s now=%s", hex(previous), hex(ctx.SessionCacheMode()))
	}
}

func hex(m libssl.SessionCacheMode) string {
	if m == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", int64(m))
}

// calls counts how often a Ctx's session callbacks ran. The get callback finds nothing.
type calls struct{ created, looked, removed int }

func (n *calls) count(c ctx) {
	c.SetNewSessionCallback(func(session) { n.created++ })
	c.SetGetSessionCallback(func([]byte) session {
		n.looked++
		return nil
	})
}

func (n *calls) countRemoved(c ctx) {
	c.SetRemoveSessionCallback(func(session) { n.removed++ })
}

// observeMode notes what a server does in a cache mode with a first connection and with one that
// offers its session.
func observeMode(o *Observer, m libssl.SessionCacheMode) {
	var n calls
	srv, cli := o.server(cacheMode(m), n.count), o.client()
	first := o.connect(srv, cli)
	o.Note("first", "%v new_cb=%d get_cb=%d number=%d", first, n.created, n.looked, srv.SessionStats().Number)
	before := n
	again := o.resume(srv, cli, first)
	st := srv.SessionStats()
	o.Note("resume", "%v new_cb+%d get_cb+%d number=%d hits=%d misses=%d", again,
		n.created-before.created, n.looked-before.looked, st.Number, st.Hits, st.Misses)
}

func observeClientMode(o *Observer, prefix string, m libssl.SessionCacheMode) {
	var n calls
	srv, cli := o.server(), o.client(cacheMode(m), n.count)
	first := o.connect(srv, cli)
	o.Note(prefix+"first", "%v new_cb=%d number=%d", first, n.created, cli.SessionStats().Number)
	o.Note(prefix+"nothing chosen", "%v", o.connect(srv, cli))
	o.Note(prefix+"chosen", "%v", o.resume(srv, cli, first))
	st := cli.SessionStats()
	o.Note(prefix+"after three connections", "new_cb=%d number=%d connect=%d/%d hits=%d",
		n.created, st.Number, st.Connect, st.ConnectGood, st.Hits)
}

// observeAutoClear seeds the server's or the client's cache with expired sessions and connects until they are gone.
func observeAutoClear(o *Observer, srv, cli ctx, ofClient bool) {
	const seeded, most = 5, 260
	cached := srv
	if ofClient {
		cached = cli
	}
	sess := expired(anySession(o))
	for i := range seeded {
		add(cached, withID(sess, byte(i)))
	}
	stored := cached.SessionStats().Number
	for i := 1; i <= most; i++ {
		l := o.prepare(srv, cli)
		l.meet()
		if ofClient {
			l.greet() // a TLS 1.3 ticket is read with data
		}
		must(l.server.err)
		must(l.client.err)
		l.close()
		now := cached.SessionStats().Number
		if now < stored {
			o.Note("expired sessions gone", "at connection %d", i)
			return
		}
		stored = now
	}
	o.Note("expired sessions gone", "never in %d connections", most)
}

func observeUpdateTime(o *Observer) {
	const updating = serverMode | libssl.SessionCacheUpdateTime
	ago := time.Now().Add(-time.Hour).Truncate(time.Second)

	resumeWith := func(name string, m libssl.SessionCacheMode) {
		srv, cli := o.server(), o.client()
		first := o.connect(srv, cli)
		older := must1(first.server.session.Clone())
		must(older.SetTime(ago))
		add(srv, older)
		cacheMode(m)(srv)
		again := o.resume(srv, cli, first)
		o.Note(name, "%v time renewed=%t", again, !again.server.session.Time().Equal(ago))
	}
	resumeWith("resume", serverMode)
	resumeWith("resume with the flag", updating)

	addWith := func(name string, m libssl.SessionCacheMode) {
		srv, cli := o.server(), o.client()
		first := o.connect(srv, cli)
		cacheMode(m)(srv)
		added := add(srv, expired(first.server.session))
		o.Note("added "+name, "%t number=%d", added, srv.SessionStats().Number)
		o.Note("expired, added "+name, "%v", o.resume(srv, cli, first))
	}
	addWith("with the flag", updating)
	addWith("without", serverMode)
}

// observeUpdateTimeOfObject adds one object twice.
func observeUpdateTimeOfObject(o *Observer) {
	srv := o.server(cacheMode(serverMode | libssl.SessionCacheUpdateTime))
	sess := must1(anySession(o).Clone())
	for _, name := range []string{"added", "added again"} {
		must(sess.SetTime(longAgo))
		r := raw.CtxAddSession(ctxOf(srv), rawOf(sess))
		o.Note("the very object "+name+" with the flag", "%v time renewed=%t", r, !sess.Time().Equal(longAgo))
	}
}

// observeResurrection resumes an expired session that only the external cache has.
func observeResurrection(o *Observer) {
	for _, c := range []struct {
		name string
		mode libssl.SessionCacheMode
	}{
		{"without the flag", serverMode},
		{"with the flag", serverMode | libssl.SessionCacheUpdateTime},
		{"with the flag, nothing stored", serverMode | libssl.SessionCacheUpdateTime | libssl.SessionCacheNoInternalStore},
	} {
		cli := o.client()
		first := o.connect(o.server(), cli)
		looked := 0
		srv := o.server(cacheMode(c.mode))
		srv.SetGetSessionCallback(func([]byte) session {
			looked++
			return expired(first.server.session)
		})
		l := o.resume(srv, cli, first)
		st := srv.SessionStats()
		o.Note(c.name, "%v get_cb=%d number=%d hits=%d cb_hits=%d misses=%d timeouts=%d",
			l, looked, st.Number, st.Hits, st.CallbackHits, st.Misses, st.Timeouts)
	}
}
