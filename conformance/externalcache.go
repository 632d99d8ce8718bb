package conformance

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageSessionCallbacks = "SSL_CTX_sess_set_get_cb(3)"

// Section D: the callbacks through which a program keeps sessions itself.
var externalCache = []Clause{
	{
		ID: "D1", Page: pageSessionCallbacks,
		Says:   "The callbacks that are set can be read; those that are not are NULL.",
		Manual: Silent,
		Truth:  "The callbacks can be read, and NULL takes them away; a NULL Ctx crashes, on reading too.",
		Whom:   "C programs that do not check what SSL_CTX_new returned.",
		Text:   "ctx must not be NULL.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("at first; taken away", "new: none, get: none, remove: none"),
			is("set", "new: the one that was set, get: the one that was set, remove: the one that was set"),
			is("read on a NULL Ctx; set on a NULL Ctx", crashed),
		),
		Observe: observeCallbackGetters,
	},
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
			by(onlyRaw,
				in(only12s, "as it is called", "in the handshake, number=1, resumable=true"),
				in(only12t, "as it is called", "never"),
				in(only13s, "as it is called", "in the handshake, number=1, resumable=true; in the handshake, number=2, resumable=true"),
				in(only13t, "as it is called", "in the handshake, number=0, resumable=true; in the handshake, number=0, resumable=true")),
		),
		Observe: func(o *Observer) {
			observeNewOnServer(o)
			if o.Way == Raw {
				observeInsideNew(o)
			}
		},
	},
	{
		ID: "D3", Page: pageSessionCallbacks,
		Says:   "When the callback for new sessions returns 0 the session is removed from the internal cache at once.",
		Manual: Wrong,
		Truth:  "When the callback for new sessions returns 0 the session stays in the internal cache and is resumed: libssl only drops the reference that it had given the callback.",
		Whom:   "Servers whose callback returns 0 to have a session forgotten, or after a failure to store it: this process goes on resuming it.",
		Text:   "If the callback returns 0, the reference count is released again. The session stays in the internal cache.",
		Modes:  all,
		Ways:   onlyRaw,
		Want: want(
			in(only12s, "server", "ok reused=0/0 new_cb=1 number=1"),
			in(only12t, "server", "ok reused=0/0 new_cb=0 number=0"),
			in(only13s, "server", "ok reused=0/0 new_cb=2 number=2"),
			in(only13t, "server", "ok reused=0/0 new_cb=2 number=0"),
			in(tls12, "client", "ok reused=0/0 new_cb=1 number=1"),
			in(tls13, "client", "ok reused=0/0 new_cb=2 number=2"),
			is("server: resume; client: resume", "ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			observeRefused := func(name string, refusing, srv, cli ctx) {
				calls := 0
				raw.CtxSetNewSessionCallback(ctxOf(refusing), func(raw.SSL, raw.Session) int {
					calls++
					return 0
				})
				first := o.connect(srv, cli)
				o.Note(name, "%v new_cb=%d number=%d", first, calls, refusing.SessionStats().Number)
				o.Note(name+": resume", "%v", o.resume(srv, cli, first))
			}
			srv := o.server()
			observeRefused("server", srv, srv, o.client())
			cli := o.client(cacheMode(libssl.SessionCacheClient))
			observeRefused("client", cli, o.server(), cli)
		},
	},
	{
		ID: "D4", Page: pageSessionCallbacks,
		Says:   "When the callback for new sessions returns 1 the program has a reference, which it must free; when it returns 0, none.",
		Manual: Silent,
		Truth:  "Whatever the callback for new sessions returns but 0 leaves the program a reference, negative values too.",
		Whom:   "C programs whose callback returns -1 for an error: each such session stays in memory for ever.",
		Text:   "If the callback returns a value other than 0, the application retains the reference.",
		Modes:  stateful,
		Ways:   onlyRaw,
		Want: want(
			is("returns 0", "ok reused=0/0, freed with the SSL: false, with the Ctx: true"),
			is("returns 1; returns -1; returns 2", "ok reused=0/0, freed with the SSL: false, with the Ctx: false, by the program: true"),
		),
		Observe: observeReferencesOfNew,
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
		Truth:  "A TLS 1.3 server with tickets fills its cache as well as soon as there is a callback for removals, or early data are taken and guarded against replay.",
		Whom:   "Servers of stateless TLS 1.3 that watch removals: the cache they did not ask for grows to its full size.",
		Text:   "If a remove callback is set, or if early data is accepted and SSL_OP_NO_ANTI_REPLAY is not set, a TLSv1.3 server adds its sessions to the internal cache even if they are contained in a ticket.",
		Modes:  tickets,
		Want: want(
			is("no callback; callback for new sessions", "number=0"),
			in(only12t, "callback for removals", "number=0"),
			in(only13t, "callback for removals", "number=2"),
			by(onlyRaw,
				in(only12t, "early data", "number=0"),
				in(only13t, "early data", "number=2"),
				is("early data, SSL_OP_NO_ANTI_REPLAY", "number=0")),
		),
		Observe: func(o *Observer) {
			if o.Way == Raw {
				srv, cli := o.server(earlyData), o.client()
				o.connect(srv, cli)
				o.Note("early data", "number=%d", srv.SessionStats().Number)
				srv = o.server(earlyData, noAntiReplay)
				o.connect(srv, cli)
				o.Note("early data, SSL_OP_NO_ANTI_REPLAY", "number=%d", srv.SessionStats().Number)
			}
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
		ID: "D8", Page: pageSessionCallbacks,
		Says:   "The callback for removals is called for all sessions in the cache when the Ctx is freed.",
		Manual: Silent,
		Truth:  "SSL_CTX_free calls the callback for each session in the cache and makes each not resumable, also those that the program has a reference to.",
		Whom:   "Programs that keep sessions longer than their Ctx, clients above all: those that were in its cache are of no more use.",
		Text:   "SSL_CTX_free() also marks the sessions in the internal cache as non-resumable, including those that the application holds a reference to.",
		Modes:  all,
		Ways:   onlyRaw,
		Want: want(
			in(not12t, "before", "number=1 resumable=true"),
			in(only12t, "before", "number=0 resumable=false"),
			in(not12t, "Ctx freed", "remove_cb=1 resumable=false"),
			in(only12t, "Ctx freed", "remove_cb=0 resumable=false"),
		),
		Observe: func(o *Observer) {
			var n calls
			srv := o.server(numTickets(1), n.countRemoved)
			sess := o.connect(srv, o.client()).server.session
			o.Note("before", "number=%d resumable=%t", srv.SessionStats().Number, sess.IsResumable())
			must(srv.Close())
			o.Note("Ctx freed", "remove_cb=%d resumable=%t", n.removed, sess.IsResumable())
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
			by(onlyRaw, is("afterwards", "resumable=false")),
			is("left in the cache", "0"),
		),
		Observe: observeRemoveCallback,
	},
	{
		ID: "D10", Page: pageGetSession,
		Says:   "The session of a connection that was not shut down is not reused.",
		Manual: Silent,
		Truth:  "An SSL that is freed or cleared without having sent close_notify spoils its session, on clients too; to have received one is not enough.",
		Whom:   "Programs that close the socket and free the SSL: they never resume. SSL_set_shutdown or SSL_set_quiet_shutdown is enough to keep the session.",
		Note:   "SSL_clear(3) says it of SSL_clear, and SSL_CTX_sess_set_get_cb(3) that the callback for removals is called for a connection that was not shut down cleanly.",
		Text:   "A session is no longer resumable after SSL_free() or SSL_clear() on a connection that has not sent its close_notify alert. This applies to clients as well, and it does not matter whether the peer's alert was received.",
		Modes:  all,
		Ways:   onlyRaw,
		Want: want(
			in(not12t, "freed; cleared; close_notify only received", "remove_cb=1 number=0 resumable: server false"),
			in(only12t, "freed; cleared; close_notify only received", "remove_cb=0 number=0 resumable: server false"),
			in(not12t, "said to be shut down; quiet; close_notify sent", "remove_cb=0 number=1 resumable: server true"),
			in(only12t, "said to be shut down; quiet; close_notify sent", "remove_cb=0 number=0 resumable: server false"),
			is("freed: client", "resumable: client false, resume: ok reused=0/0"),
			is("said to be shut down: client; quiet: client", "resumable: client true, resume: ok reused=1/1"),
		),
		Observe: observeUncleanEnds,
	},
	{
		ID: "D11", Page: "SSL_CTX_add_session(3)",
		Says:   "Nothing on the callback for removals when a session with the same id is added.",
		Manual: Silent,
		Truth:  "A session that is added over one with the same id replaces it without the callback for removals being called.",
		Whom:   "Programs that mirror the cache by its callbacks: a session that is replaced is never reported as gone.",
		Text:   "The remove callback is not called for a session that is replaced in this way.",
		Modes:  stateful,
		Want: want(
			is("added over the other", "true remove_cb=0 number=1"),
			by(onlyRaw, is("the other", "resumable=true")),
		),
		Observe: func(o *Observer) {
			var n calls
			srv := o.server(numTickets(1), n.countRemoved)
			first := o.connect(srv, o.client())
			added := add(srv, first.server.session)
			o.Note("added over the other", "%t remove_cb=%d number=%d", added, n.removed, srv.SessionStats().Number)
			if o.Way == Raw {
				o.Note("the other", "resumable=%t", first.server.session.IsResumable())
			}
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
		ID: "D13", Page: pageSessionCallbacks,
		Says:  "With *copy at 1, as it comes, libssl takes a reference of its own to what the callback returns; with 0 it takes over the callback's.",
		Modes: stateful,
		Ways:  onlyRaw,
		Want: want(
			is("*copy as it comes", "1"),
			is("left alone; set to 1; set to 1, NO_INTERNAL_STORE; set to 0, a reference taken before",
				"ok reused=1/1, freed by libssl: false, by the program: true"),
			is("set to 0, none taken", "ok reused=1/1, freed by libssl: true"),
		),
		Observe: observeReferencesOfGet,
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

// observeInsideNew looks around in the callback for new sessions.
func observeInsideNew(o *Observer) {
	var seen []string
	srv := o.server()
	raw.CtxSetNewSessionCallback(ctxOf(srv), func(s raw.SSL, x raw.Session) int {
		when := map[bool]string{true: "in the handshake", false: "later"}[raw.SSLInInit(s)]
		seen = append(seen, fmt.Sprintf("%s, number=%d, resumable=%t", when, srv.SessionStats().Number, raw.SessionIsResumable(x)))
		return 0
	})
	o.connect(srv, o.client())
	if len(seen) == 0 {
		seen = []string{"never"}
	}
	o.Note("as it is called", "%s", strings.Join(seen, "; "))
}

func observeCallbackGetters(o *Observer) {
	c := ctxOf(o.server())
	note := func(name string) {
		o.Note(name, "new: %v, get: %v, remove: %v",
			raw.CtxNewSessionCallback(c), raw.CtxGetSessionCallback(c), raw.CtxRemoveSessionCallback(c))
	}
	note("at first")
	raw.CtxSetNewSessionCallback(c, func(raw.SSL, raw.Session) int { return 0 })
	raw.CtxSetGetSessionCallback(c, func(raw.SSL, []byte, *int32) raw.Session { return raw.Session{} })
	raw.CtxSetRemoveSessionCallback(c, func(raw.Ctx, raw.Session) {})
	note("set")
	raw.CtxSetNewSessionCallback(c, nil)
	raw.CtxSetGetSessionCallback(c, nil)
	raw.CtxSetRemoveSessionCallback(c, nil)
	note("taken away")
	o.Note("read on a NULL Ctx", "%s", o.inChild(raw.CtxNewSessionCallbackNullCtx))
	o.Note("set on a NULL Ctx", "%s", o.inChild(raw.CtxSetNewSessionCallbackNullCtx))
}

func observeReferencesOfNew(o *Observer) {
	for _, result := range []int{0, 1, -1, 2} {
		var got raw.Session
		var freed *atomic.Bool
		srv := o.server(numTickets(1))
		raw.CtxSetNewSessionCallback(ctxOf(srv), func(_ raw.SSL, x raw.Session) int {
			got, freed = x, raw.SessionWatch(x)
			return result
		})
		l := o.connect(srv, o.client(), aloof)
		fate := fmt.Sprintf("%v, freed with the SSL: %t", l, freed.Load())
		must(srv.Close())
		fate += fmt.Sprintf(", with the Ctx: %t", freed.Load())
		if !freed.Load() {
			raw.SessionFree(got)
			fate += fmt.Sprintf(", by the program: %t", freed.Load())
		}
		o.Note(fmt.Sprintf("returns %d", result), "%s", fate)
	}
}

func observeReferencesOfGet(o *Observer) {
	var asItComes int32
	for _, c := range []struct {
		name  string
		mode  libssl.SessionCacheMode
		found func(s raw.Session, copy *int32)
	}{
		{"left alone", serverMode, func(_ raw.Session, copy *int32) { asItComes = *copy }},
		{"set to 1", serverMode, func(_ raw.Session, copy *int32) { *copy = 1 }},
		{"set to 1, NO_INTERNAL_STORE", serverMode | libssl.SessionCacheNoInternalStore, func(_ raw.Session, copy *int32) { *copy = 1 }},
		{"set to 0, a reference taken before", serverMode, func(s raw.Session, copy *int32) {
			*copy = 0
			raw.SessionUpRef(s)
		}},
		{"set to 0, none taken", serverMode, func(_ raw.Session, copy *int32) { *copy = 0 }},
	} {
		first, cli := elsewhere(o)
		der := must1(first.server.session.MarshalBinary())
		sess, _, _ := raw.D2ISession(der, int64(len(der))) // in no other cache
		freed := raw.SessionWatch(sess)
		srv := o.server(cacheMode(c.mode))
		raw.CtxSetGetSessionCallback(ctxOf(srv), func(_ raw.SSL, _ []byte, copy *int32) raw.Session {
			c.found(sess, copy)
			return sess
		})
		l := o.resume(srv, cli, first, aloof)
		must(srv.Close())
		fate := fmt.Sprintf("%v, freed by libssl: %t", l, freed.Load())
		if !freed.Load() {
			raw.SessionFree(sess)
			fate += fmt.Sprintf(", by the program: %t", freed.Load())
		}
		o.Note(c.name, "%s", fate)
	}
	o.Note("*copy as it comes", "%d", asItComes)
}

func observeUncleanEnds(o *Observer) {
	abandon := func(c conn) { must(c.(*rawConn).Abandon()) }
	for _, c := range []struct {
		name   string
		client bool // the same is done to the client
		end    func(l *link, c conn)
	}{
		{"freed", true, func(_ *link, c conn) { abandon(c) }},
		{"cleared", false, func(_ *link, c conn) { must(raw.SSLClear(sslOf(c)).Err()) }},
		{"said to be shut down", true, func(_ *link, c conn) {
			raw.SSLSetShutdown(sslOf(c), raw.SentShutdown)
			abandon(c)
		}},
		{"quiet", true, func(_ *link, c conn) {
			raw.SSLSetQuietShutdown(sslOf(c), true)
			must(raw.SSLShutdown(sslOf(c)).Err())
			abandon(c)
		}},
		{"close_notify only received", false, func(l *link, c conn) {
			must(l.client.lastWord())
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				must(fmt.Errorf("close_notify was not received: %w", err))
			}
			abandon(c)
		}},
		{"close_notify sent", false, func(_ *link, c conn) {
			must(c.CloseWrite())
			abandon(c)
		}},
	} {
		var n calls
		srv, cli := o.server(numTickets(1), n.countRemoved), o.client()
		l := o.open(srv, cli)
		c.end(l, l.server.conn)
		o.Note(c.name, "remove_cb=%d number=%d resumable: server %t", n.removed, srv.SessionStats().Number, l.server.session.IsResumable())
		if c.client {
			c.end(l, l.client.conn)
			resumable := l.client.session.IsResumable()
			o.Note(c.name+": client", "resumable: client %t, resume: %v", resumable, o.resume(srv, cli, l))
		}
	}
}

// earlyData has a server take early data.
func earlyData(c ctx) { raw.CtxSetMaxEarlyData(ctxOf(c), 1<<14) }

func noAntiReplay(c ctx) { c.SetOptions(libssl.NoAntiReplay) }

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
	if o.Way == Raw {
		o.Note("afterwards", "resumable=%t", sess.IsResumable())
	}
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
