package conformance

import (
	"bytes"
	"crypto/tls"
	"fmt"

	"github.com/go-libssl/libssl"
)

const pageSessionCallbacks = "SSL_CTX_sess_set_get_cb(3)"

// Section D: the callbacks through which a program keeps sessions itself.
var externalCache = []Clause{
	{
		ID: "D2", Page: pageSessionCallbacks,
		Says:   "The callback for new sessions is called whenever one was negotiated.",
		Manual: Wrong,
		Truth:  "The callback for new sessions is not called by a TLS 1.2 server that issues a ticket; a TLS 1.3 server calls it for each ticket, before its handshake is over.",
		Whom:   "Servers that store sessions from the callback: with TLS 1.2 tickets it stays silent, and in TLS 1.3 it comes while the handshake is still going on.",
		Text:   "A TLSv1.2 server does not call new_session_cb() when it issues a session ticket. A TLSv1.3 server calls it for each ticket, before SSL_accept() returns.",
		Modes:  all,
		Want: want(
			in(only12s, "first", "ok reused=0/0 new_cb=1 at the end of the handshake, 1 in all, number=1"),
			in(only12t, "first", "ok reused=0/0 new_cb=0 at the end of the handshake, 0 in all, number=0"),
			in(only13s, "first", "ok reused=0/0 new_cb=2 at the end of the handshake, 2 in all, number=2"),
			in(only13t, "first", "ok reused=0/0 new_cb=2 at the end of the handshake, 2 in all, number=0"),
			in(tls12, "resume", "ok reused=1/1 new_cb+0"),
			in(tls13, "resume", "ok reused=1/1 new_cb+1"),
			in(not12t, "what it got", "the connection's session"),
			in(only12t, "what it got", "nothing"),
		),
		Observe: observeNewOnServer,
	},
	{
		ID: "D5", Page: pageSessionCallbacks,
		Says:  "On a TLS 1.3 client the callback for new sessions runs after the handshake, perhaps several times.",
		Modes: all,
		Want: want(
			in(tls12, "first", "ok reused=0/0 new_cb=1 at the end of the handshake, 1 in all, number=1"),
			in(tls13, "first", "ok reused=0/0 new_cb=0 at the end of the handshake, 2 in all, number=2"),
			in(tls12, "resume", "ok reused=1/1 new_cb+0"),
			in(tls13, "resume", "ok reused=1/1 new_cb+1"),
		),
		Observe: observeNewOnClient,
	},
	{
		ID: "D6", Page: pageSessionCallbacks,
		Says:   "Nothing on when a server that gives out tickets also caches its sessions.",
		Manual: Silent,
		Truth:  "A TLS 1.3 server with tickets fills its cache as well as soon as there is a callback for removals.",
		Whom:   "Servers of stateless TLS 1.3 that watch removals: the cache they did not ask for grows to its full size.",
		Text:   "If a remove callback is set, a TLSv1.3 server adds its sessions to the internal cache even if it issues stateless tickets.",
		Modes:  tickets,
		Want: want(
			is("no callback; callback for new sessions", "number=0"),
			in(only12t, "callback for removals", "number=0"),
			in(only13t, "callback for removals", "number=2"),
		),
		Observe: func(o *Observer) {
			var n calls
			cli := o.client()
			for _, c := range []struct {
				name string
				set  setting
			}{{"no callback", nil}, {"callback for new sessions", n.count}, {"callback for removals", n.countRemoved}} {
				srv := o.server()
				apply(srv, c.set)
				o.connect(srv, cli)
				o.Note(c.name, "number=%d", srv.SessionStats().Number)
			}
		},
	},
	{
		ID: "D7", Page: pageSessionCallbacks,
		Says:   "Nothing on servers that verify clients without having a session id context.",
		Manual: Silent,
		Truth:  "A server that verifies clients without a context tells its callback of no session and caches none, silently; a client that verifies does both.",
		Whom:   "Servers that verify clients and share sessions outside: without a context the store stays empty, and nothing says so.",
		Text:   "On a server that has SSL_VERIFY_PEER set and no session id context, new_session_cb() is not called and no session is cached.",
		Modes:  all,
		Want: want(
			is("server", "ok reused=0/0 new_cb=0 number=0"),
			in(tls12, "client", "ok reused=0/0 new_cb=1 number=1"),
			in(tls13, "client", "ok reused=0/0 new_cb=2 number=2"),
		),
		Observe: func(o *Observer) {
			var n, m calls
			srv := o.server(verifyPeer, n.count)
			l := o.connect(srv, o.client())
			o.Note("server", "%v new_cb=%d number=%d", l, n.created, srv.SessionStats().Number)
			cli := o.client(verifyPeer, cacheMode(libssl.SessionCacheClient), m.count)
			l = o.connect(o.server(), cli)
			o.Note("client", "%v new_cb=%d number=%d", l, m.created, cli.SessionStats().Number)
		},
	},
	{
		ID: "D9", Page: pageSessionCallbacks,
		Says:   "The callback for removals is called when a session is removed from the cache.",
		Manual: Wrong,
		Truth:  "The callback for removals is called as well for a session that is not in the cache, so twice if one is removed twice; never for one without an id.",
		Whom:   "Programs that count or delete in the callback: it may come twice for a session, or for one that was never cached.",
		Text:   "SSL_CTX_remove_session() calls remove_session_cb() for a session that is not in the internal cache as well, but never for one whose session id is empty.",
		Modes:  all,
		Want: want(
			in(not12t, "removed", "true remove_cb=1 its id=true"),
			in(only12t, "removed", "false remove_cb=0 its id=false"),
			in(not12t, "removed again", "false remove_cb+1"),
			in(only12t, "removed again", "false remove_cb+0"),
			is("left in the cache", "0"),
		),
		Observe: observeRemoveCallback,
	},
	{
		ID: "D11", Page: "SSL_CTX_add_session(3)",
		Says:   "Nothing on the callback for removals when a session with the same id is added.",
		Manual: Silent,
		Truth:  "A session that is added over one with the same id replaces it without the callback for removals being called.",
		Whom:   "Programs that mirror the cache by its callbacks: a session that is replaced is never reported as gone.",
		Text:   "The remove callback is not called for a session that is replaced in this way.",
		Modes:  stateful,
		Want:   want(is("added over the other", "true remove_cb=0 number=1")),
		Observe: func(o *Observer) {
			var n calls
			srv := o.server(numTickets(1), n.countRemoved)
			first := o.connect(srv, o.client())
			added := add(srv, first.server.session)
			o.Note("added over the other", "%t remove_cb=%d number=%d", added, n.removed, srv.SessionStats().Number)
		},
	},
	{
		ID: "D12", Page: pageSessionCallbacks,
		Says:  "A session that the internal cache does not have is asked of the callback, by its id, and resumed.",
		Modes: stateful,
		Want: want(
			is("resume", "ok reused=1/1 get_cb=1"),
			is("asked by the session's id", "true"),
			is("statistics", "hits=1 cb_hits=1 misses=1 timeouts=0 cache_full=0"),
			is("resume again", "ok reused=1/1"),
		),
		Observe: observeGet,
	},
	{
		ID: "D14", Page: pageCacheMode,
		Says:  "A session found outside is copied into the internal cache, unless NO_INTERNAL_STORE is set.",
		Modes: only12s,
		Want: want(
			is("usually", "ok reused=1/1 number=1, then ok reused=1/1 get_cb=1"),
			is("with NO_INTERNAL_STORE", "ok reused=1/1 number=0, then ok reused=1/1 get_cb=2"),
		),
		Observe: func(o *Observer) {
			observeCopy := func(name string, m libssl.SessionCacheMode) {
				first, cli := elsewhere(o)
				ext := &external{session: first.server.session}
				srv := o.server(cacheMode(m), ext.install)
				l := o.resume(srv, cli, first)
				number := srv.SessionStats().Number
				o.Note(name, "%v number=%d, then %v get_cb=%d", l, number, o.resume(srv, cli, first), ext.looked)
			}
			observeCopy("usually", serverMode)
			observeCopy("with NO_INTERNAL_STORE", serverMode|libssl.SessionCacheNoInternalStore)
		},
	},
	{
		ID: "D15", Page: pageSessionCallbacks,
		Says:  "The callback for lookups is called even when caching is off.",
		Modes: stateful,
		Want: want(
			is("OFF; CLIENT", "ok reused=1/1 get_cb=1 hits=1 cb_hits=1 misses=1"),
			is("OFF: cached now; CLIENT: cached now", "1"),
		),
		Observe: func(o *Observer) {
			for _, m := range []libssl.SessionCacheMode{libssl.SessionCacheOff, libssl.SessionCacheClient} {
				first, cli := elsewhere(o)
				ext := &external{session: first.server.session}
				srv := o.server(cacheMode(m), ext.install)
				l := o.resume(srv, cli, first)
				st := srv.SessionStats()
				o.Note(m.String(), "%v get_cb=%d hits=%d cb_hits=%d misses=%d", l, ext.looked, st.Hits, st.CallbackHits, st.Misses)
				o.Note(m.String()+": cached now", "%d", st.Number)
			}
		},
	},
	{
		ID: "D16", Page: pageSessionCallbacks,
		Says:  "It is called only for what the internal cache does not have, and always with NO_INTERNAL_LOOKUP.",
		Modes: stateful,
		Want: want(
			is("in the internal cache", "ok reused=1/1 get_cb=0"),
			is("NO_INTERNAL_LOOKUP, not found", "ok reused=0/0 get_cb=1"),
			is("NO_INTERNAL_LOOKUP, found", "ok reused=1/1 get_cb=1"),
		),
		Observe: func(o *Observer) {
			look := func(name string, m libssl.SessionCacheMode, found bool) {
				ext := &external{}
				srv, cli := o.server(cacheMode(m), ext.install), o.client()
				first := o.connect(srv, cli)
				if found {
					ext.session = first.server.session
				}
				o.Note(name, "%v get_cb=%d", o.resume(srv, cli, first), ext.looked)
			}
			look("in the internal cache", serverMode, false)
			look("NO_INTERNAL_LOOKUP, not found", serverMode|libssl.SessionCacheNoInternalLookup, false)
			look("NO_INTERNAL_LOOKUP, found", serverMode|libssl.SessionCacheNoInternalLookup, true)
		},
	},
	{
		ID: "D17", Page: pageSessionCallbacks,
		Says:   "Nothing on lookups for clients that have no session to offer.",
		Manual: Silent,
		Truth:  "A client that can do TLS 1.3 sends a random id of 32 bytes: on a TLS 1.2 server each such client costs a lookup and a miss.",
		Whom:   "Servers with a slow or metered external cache: TLS 1.3 clients cost a lookup each without having anything to resume.",
		Text:   "A client that supports TLSv1.3 may send a random session id. A server that does not support TLSv1.3 calls get_session_cb() for it.",
		Modes:  all,
		Want: want(
			is("client of that version only", "ok reused=0/0 get_cb=0 misses=0"),
			in(tls12, "client of any version", "ok reused=0/0 get_cb=1 (32 bytes) misses=1"),
			in(tls13, "client of any version", "ok reused=0/0 get_cb=0 misses=0"),
		),
		Observe: func(o *Observer) {
			newcomer := func(name string, cli ctx) {
				ext := &external{}
				srv := o.server(ext.install)
				l := o.connect(srv, cli)
				o.Note(name, "%v get_cb=%s misses=%d", l, ext, srv.SessionStats().Misses)
			}
			newcomer("client of that version only", o.client())
			newcomer("client of any version", o.ctx(libssl.TLSMethod))
		},
	},
	{
		ID: "D18", Page: pageSessionCallbacks,
		Says:   "Nothing on a ticket that the server cannot decrypt.",
		Manual: Silent,
		Truth:  "For a ticket that it cannot decrypt a server does not ask the callback, though that may have the session: a full handshake follows.",
		Whom:   "Server farms that share a session store but not the ticket keys: the store is not asked.",
		Text:   "get_session_cb() is not called for a session ticket that cannot be decrypted.",
		Modes:  tickets,
		Want: want(
			is("another Ctx's ticket", "ok reused=0/0 get_cb=0 hits=0 misses=0"),
		),
		Observe: func(o *Observer) {
			first, cli := elsewhere(o)
			ext := &external{session: first.server.session}
			srv := o.server(ext.install)
			l := o.resume(srv, cli, first)
			st := srv.SessionStats()
			o.Note("another Ctx's ticket", "%v get_cb=%s hits=%d misses=%d", l, ext, st.Hits, st.Misses)
		},
	},
	{
		ID: "D19", Page: pageSessionCallbacks,
		Says:   "Nothing on a callback that returns a session it should not.",
		Manual: Silent,
		Truth:  "If the callback returns a session of another context a full handshake follows; the wrong session, and in TLS 1.2 the wrong id, fails the handshake (TLS 1.2: up to 3.5).",
		Whom:   "Servers whose store can mix up entries: what comes of it ranges from a full handshake to a refused client, by version.",
		Text:   "get_session_cb() must return no other session than the one that has this id: otherwise the handshake may fail.",
		Modes:  stateful,
		Want: want(
			in(only12s, "another session; right session, other id", "FAIL srv<E{20:1010}> cli<E{20:244}> get_cb=1"),
			in(only12s, "other protocol version; other context", "ok reused=0/0 get_cb=1"),
			in(only13s, "another session; other protocol version", "FAIL srv<E{20:253}> cli<E{20:1047}> get_cb=1"),
			in(only13s, "right session, other id", "ok reused=1/1 get_cb=1"),
			in(only13s, "other context", "ok reused=0/0 get_cb=1"),
			is("exported and parsed", "ok reused=1/1 get_cb=1"),
			in(only12s, "not resumable", "FAIL srv<E{20:1010}> cli<E{20:244}> get_cb=1"),
			in(only13s, "not resumable", "ok reused=1/1 get_cb=1"),
			since(V3_0, is("not resumable", "ok reused=0/0 get_cb=1")),
			since(V3_5, in(only13s, "another session; other protocol version", "FAIL srv<E{20:253}> cli<E{20:1051}> get_cb=1")),
			since(V3_6, in(only12s, "another session; right session, other id", "ok reused=0/0 get_cb=1")),
		),
		Observe: observeWrongSessions,
	},
}

// external is a cache outside libssl that holds at most one session and finds it under any id.
type external struct {
	session session
	looked  int
	ids     [][]byte
}

func (e *external) install(c ctx) {
	c.SetGetSessionCallback(func(id []byte) session {
		e.looked++
		e.ids = append(e.ids, bytes.Clone(id))
		return e.session
	})
}

// String tells how often it was asked, and with ids of what length.
func (e *external) String() string {
	if e.looked == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%d bytes)", e.looked, len(e.ids[0]))
}

// elsewhere makes a session at a Ctx that is then of no more use.
func elsewhere(o *Observer) (*link, ctx) {
	cli := o.client()
	return o.connect(o.server(), cli), cli
}

// observeStages notes a handshake with the count of new sessions when it ended and when data had come.
func observeStages(o *Observer, n *calls, counted, srv, cli ctx) *link {
	first := o.prepare(srv, cli)
	first.meet()
	atEnd := n.created
	first.greet()
	first.close()
	o.Note("first", "%v new_cb=%d at the end of the handshake, %d in all, number=%d",
		first, atEnd, n.created, counted.SessionStats().Number)
	before := n.created
	again := o.resume(srv, cli, first)
	o.Note("resume", "%v new_cb+%d", again, n.created-before)
	return first
}

func observeNewOnServer(o *Observer) {
	var n calls
	got := map[string]bool{}
	srv := o.server()
	srv.SetNewSessionCallback(func(s session) {
		n.created++
		got[string(s.ID())] = true
	})
	first := observeStages(o, &n, srv, srv, o.client())
	switch {
	case len(got) == 0:
		o.Note("what it got", "nothing")
	case got[string(first.server.session.ID())]:
		o.Note("what it got", "the connection's session")
	default:
		o.Note("what it got", "another session")
	}
}

func observeNewOnClient(o *Observer) {
	var n calls
	cli := o.client(cacheMode(libssl.SessionCacheClient), n.count)
	observeStages(o, &n, cli, o.server(), cli)
}

func observeRemoveCallback(o *Observer) {
	removed, itsID := 0, false
	srv := o.server(numTickets(1))
	var sess session
	srv.SetRemoveSessionCallback(func(s session) {
		removed++
		itsID = bytes.Equal(s.ID(), sess.ID())
	})
	sess = o.connect(srv, o.client()).server.session
	ok := srv.RemoveSession(sess)
	o.Note("removed", "%t remove_cb=%d its id=%t", ok, removed, itsID)
	before := removed
	ok = srv.RemoveSession(sess)
	o.Note("removed again", "%t remove_cb+%d", ok, removed-before)
	o.Note("left in the cache", "%d", srv.SessionStats().Number)
}

func observeGet(o *Observer) {
	first, cli := elsewhere(o)
	ext := &external{session: first.server.session}
	srv := o.server(ext.install)
	l := o.resume(srv, cli, first)
	o.Note("resume", "%v get_cb=%d", l, ext.looked)
	o.Note("asked by the session's id", "%t", ext.looked > 0 && bytes.Equal(ext.ids[0], first.server.session.ID()))
	st := srv.SessionStats()
	o.Note("statistics", "hits=%d cb_hits=%d misses=%d timeouts=%d cache_full=%d",
		st.Hits, st.CallbackHits, st.Misses, st.Timeouts, st.CacheFull)
	o.Note("resume again", "%v", o.resume(srv, cli, first))
}

func observeWrongSessions(o *Observer) {
	first, cli := elsewhere(o)
	right := func() session { return must1(first.server.session.Clone()) }
	returning := func(name string, s session) {
		ext := &external{session: s}
		o.Note(name, "%v get_cb=%d", o.resume(o.server(ext.install), cli, first), ext.looked)
	}

	another := o.connect(o.server(), cli).server.session
	returning("another session", another)

	renamed := right()
	must(renamed.SetID(another.ID()))
	returning("right session, other id", renamed)

	returning("exported and parsed", o.reparsed(right()))

	otherVersion := map[bool]uint16{true: tls.VersionTLS12, false: tls.VersionTLS13}[o.Mode.tls13()]
	returning("other protocol version", o.connect(
		o.ctx(libssl.TLSMethod, o.certificate, noTicket, version(otherVersion)),
		o.ctx(libssl.TLSMethod, version(otherVersion))).server.session)

	estranged := right()
	must(estranged.SetIDContext([]byte("other")))
	returning("other context", estranged)

	returning("not resumable", unresumable(o, right()))
}
