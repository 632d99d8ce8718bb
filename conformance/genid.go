package conformance

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageGenerate = "SSL_CTX_set_generate_session_id(3)"

// How a server of each kind fails when no id could be made. A TLS 1.3 client has finished its
// handshake by then: it learns of it when it reads.
func idFailure(m Mode, reason int) string {
	if m.tls13() {
		return fmt.Sprintf("FAIL srv<E{20:%d}> cli(on read)<E{20:1080}>", reason)
	}
	return fmt.Sprintf("FAIL srv<E{20:%d}> cli<E{20:1080}>", reason)
}

// noID expects a handshake to fail wherever an id is asked for, after so many calls of the callback.
// TLS 1.2 with tickets needs none.
func noID(fact string, reason int) []Rule {
	return want(
		in(only12s, fact, idFailure(TLS12Stateful, reason)+" calls=1 cached=0"),
		in(only12t, fact, "ok reused=0/0 calls=0 cached=0"),
		in(tls13, fact, idFailure(TLS13Stateful, reason)+" calls=1 cached=0"),
	)
}

// Section B: how session ids come about.
var sessionIDGeneration = []Clause{
	{
		ID: "B1", Page: pageGenerate,
		Says:  "Setting a callback succeeds, on a Ctx and on an SSL, and so does taking it away.",
		Modes: only12s,
		Want: want(
			is("Ctx; SSL; Ctx, nil; SSL, nil; client Ctx; client SSL", "ok"),
			is("set; set again", "ok reused=0/0 calls+1"),
			is("taken away", "ok reused=0/0 calls+0"),
			by(onlyRaw, is("Ctx, an error queued before; SSL, an error queued before", "ret=1 E{128:42}")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			l := o.prepare(srv, cli)
			cb := (&generator{}).generate
			o.Note("Ctx", "%s", result(srv.SetGenerateSessionID(cb)))
			o.Note("Ctx, nil", "%s", result(srv.SetGenerateSessionID(nil)))
			o.Note("SSL", "%s", result(l.server.conn.SetGenerateSessionID(cb)))
			o.Note("SSL, nil", "%s", result(l.server.conn.SetGenerateSessionID(nil)))
			o.Note("client Ctx", "%s", result(cli.SetGenerateSessionID(cb)))
			o.Note("client SSL", "%s", result(l.client.conn.SetGenerateSessionID(cb)))

			g := &generator{}
			srv = o.server()
			for _, step := range []struct {
				name string
				cb   generate
			}{{"set", g.generate}, {"taken away", nil}, {"set again", g.generate}} {
				before := g.calls
				must(srv.SetGenerateSessionID(step.cb))
				l := o.connect(srv, o.client())
				o.Note(step.name, "%v calls+%d", l, g.calls-before)
			}
			if o.Way == Raw {
				o.Note("Ctx, an error queued before", "%v", raw.CtxSetGenerateSessionID(ctxOf(srv), nil, stale))
				o.Note("SSL, an error queued before", "%v", raw.SSLSetGenerateSessionID(sslOf(l.server.conn), nil, stale))
			}
		},
	},
	{
		ID: "B2", Page: pageGenerate,
		Says:   "Nothing on NULL.",
		Manual: Silent,
		Truth:  "A NULL Ctx crashes; a NULL SSL crashes up to 3.0 and is refused since 3.5, with no error queued.",
		Whom:   "C programs that do not check what SSL_new returned: on newer releases they go on, with the ids of the Ctx.",
		Text:   "ctx and ssl must not be NULL.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("NULL Ctx; NULL SSL", crashed),
			since(V3_5, is("NULL SSL", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			o.Note("NULL Ctx", "%s", o.inChild(raw.CtxSetGenerateSessionIDNullCtx))
			o.Note("NULL SSL", "%s", o.inChild(raw.SSLSetGenerateSessionIDNullSSL))
		},
	},
	{
		ID: "B3", Page: pageGenerate,
		Says:   "Without a callback a session gets a random id of 32 bytes.",
		Manual: Silent,
		Truth:  "A session of TLS 1.2 with tickets has no id on the server; everywhere else it is 32 random bytes.",
		Whom:   "Servers that log or key by session id: TLS 1.2 with tickets, the default, has none on the server.",
		Text:   "A TLSv1.2 server that issues a session ticket gives the session no id.",
		Modes:  all,
		Want: want(
			in(not12t, "server's and client's id", "32 and 32 bytes"),
			in(only12t, "server's and client's id", "0 and 32 bytes"),
			in(only12s, "the same on both sides", "true"),
			in(not12s, "the same on both sides", "false"),
			is("another connection gets another", "true"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			l, other := o.connect(srv, cli), o.connect(srv, cli)
			mine, its := l.server.session, l.client.session
			o.Note("server's and client's id", "%d and %d bytes", idLen(mine), idLen(its))
			o.Note("the same on both sides", "%t", bytes.Equal(mine.ID(), its.ID()))
			o.Note("another connection gets another", "%t", !bytes.Equal(its.ID(), other.client.session.ID()))
		},
	},
	{
		ID: "B4", Page: pageGenerate,
		Says:   "When a session is established, the callback gets a zero-filled buffer of the maximum length and makes the id.",
		Manual: Silent,
		Truth:  "In TLS 1.2 with tickets the generate callback is never called; in TLS 1.3 it is called for each ticket (2 by default), and no client sees that id.",
		Whom:   "Servers that put a host's name into the id for a load balancer: with tickets, the default, no client ever sends that id.",
		Text:   "In TLSv1.2 the callback is not called when a session ticket is issued. In TLSv1.3 it is called for each ticket, and the client gets to see the id only as the contents of a stateful ticket (see SSL_OP_NO_TICKET).",
		Modes:  all,
		Want: want(
			is("handshake", "ok reused=0/0"),
			by(onlyRaw, in(not12t, "called", "in the handshake")),
			in(only12s, "calls", "1, each with 32 zero bytes"),
			in(only12t, "calls", "0"),
			in(tls13, "calls", "2, each with 32 zero bytes"),
			in(not12t, "server's id", "32 bytes, made by the callback"),
			in(only12t, "server's id", "0 bytes, not made by the callback"),
			in(only12s, "client's id", "32 bytes, made by the callback"),
			in(not12s, "client's id", "32 bytes, not made by the callback"),
			in(only12s, "cached", "1"), in(tickets, "cached", "0"), in(only13s, "cached", "2"),
		),
		Observe: observeGenerateCall,
	},
	{
		ID: "B5", Page: pageGenerate,
		Says:   "The callback may make an id that is shorter than the maximum.",
		Manual: Silent,
		Truth:  "Short ids work in TLS 1.2; in TLS 1.3 with stateful tickets a session whose id is not 32 bytes long is never resumed.",
		Whom:   "Servers with short ids that keep TLS 1.3 sessions in the cache: nothing fails, and nothing is ever resumed.",
		Text:   "With stateful TLSv1.3 tickets the id must have the maximum length: a session with a shorter one is never resumed.",
		Modes:  all,
		Want: want(
			is("16 bytes", "ok reused=0/0"),
			in(only12s, "16 bytes: ids", "server 16, client 16 bytes"),
			in(only12t, "16 bytes: ids", "server 0, client 32 bytes"),
			in(tls13, "16 bytes: ids", "server 16, client 32 bytes"),
			in(only12s, "16 bytes: resume", "ok reused=1/1 more calls=0"),
			in(only12t, "16 bytes: resume", "ok reused=1/1 more calls=0"),
			in(only13s, "16 bytes: resume", "ok reused=0/0 more calls=2"),
			in(only13t, "16 bytes: resume", "ok reused=1/1 more calls=1"),
			is("1 byte", "ok reused=0/0"),
			in(only12s, "1 byte: ids", "server 1, client 1 bytes"),
			in(only12t, "1 byte: ids", "server 0, client 32 bytes"),
			in(tls13, "1 byte: ids", "server 1, client 32 bytes"),
			is("31 bytes", "ok reused=0/0"),
			in(only12s, "31 bytes: ids", "server 31, client 31 bytes"),
			in(only12t, "31 bytes: ids", "server 0, client 32 bytes"),
			in(tls13, "31 bytes: ids", "server 31, client 32 bytes"),
		),
		Observe: observeShortIDs,
	},
	{
		ID: "B6", Page: pageGenerate,
		Says:    "An id has at least one byte: a callback that makes none fails the handshake.",
		Modes:   all,
		Want:    noID("no bytes", 303),
		Observe: func(o *Observer) { observeBadLength(o, "no bytes", 0) },
	},
	{
		ID: "B7", Page: pageGenerate,
		Says:  "The callback must not ask for more than the maximum: the handshake fails, and no length is cut down to one that fits.",
		Modes: all,
		Want: want(
			noID("33 bytes", 303), noID("255 bytes", 303), noID("0x110 bytes", 303), noID("0x80000010 bytes", 303),
		),
		Observe: func(o *Observer) {
			observeBadLength(o, "33 bytes", 33)
			observeBadLength(o, "255 bytes", 255)
			observeBadLength(o, "0x110 bytes", 0x110)
			observeBadLength(o, "0x80000010 bytes", 0x80000010)
		},
	},
	{
		ID: "B8", Page: pageGenerate,
		Says:  "A callback that cannot make an id says so, and the handshake fails.",
		Modes: all,
		Want: want(
			noID("refused", 301),
			by(onlyAPI, in(not12t, "callback's own error found", "true"), in(only12t, "callback's own error found", "false")),
			by(onlyRaw,
				in(only12s, "refused with an error of its own", "FAIL srv<E{128:77}E{20:301}> cli<E{20:1080}>"),
				in(only12t, "refused with an error of its own", "ok reused=0/0"),
				in(tls13, "refused with an error of its own", "FAIL srv<E{128:77}E{20:301}> cli(on read)<E{20:1080}>")),
		),
		Observe: func(o *Observer) {
			own := errors.New("no id today")
			l := observeGenerator(o, "refused", &generator{id: func([]byte) (int, error) { return 0, own }})
			if o.Way == PublicAPI {
				o.Note("callback's own error found", "%t", errors.Is(l.server.err, own))
				return
			}
			o.Note("refused with an error of its own", "%v", o.connect(o.server(generating(func(ssl, []byte) (int, error) {
				raw.Raise(raw.Entry{Lib: raw.ErrLibUser, Reason: 77})
				return 0, own
			})), o.client()))
		},
	},
	{
		ID: "B9", Page: pageGenerate,
		Says:   "The callback returns 1 for success and 0 for failure.",
		Manual: Silent,
		Truth:  "Whatever the callback returns but 0 is success, negative values too.",
		Whom:   "C programs whose callback returns -1 for an error: the id is used as it is, all zero if nothing was written.",
		Text:   "The callback must return 0 if it cannot generate a session id. Any other value, negative ones included, means that the id is to be used.",
		Modes:  stateful,
		Ways:   onlyRaw,
		Want: want(
			in(only12s, "-1; 2", "ok reused=0/0 calls=1 cached=1, ids made by the callback"),
			in(only13s, "-1; 2", "ok reused=0/0 calls=2 cached=2, ids made by the callback"),
		),
		Observe: func(o *Observer) {
			for _, result := range []int{-1, 2} {
				g := &generator{}
				srv := o.server()
				must(raw.CtxSetGenerateSessionID(ctxOf(srv), func(s raw.SSL, id []byte, _ *uint32) int {
					must1(g.generate(rawSSL{s}, id))
					return result
				}).Err())
				l := o.connect(srv, o.client())
				o.Note(fmt.Sprint(result), "%v calls=%d cached=%d, ids %s", l, g.calls, srv.SessionStats().Number, g.madeIt(l.server.session))
			}
		},
	},
	{
		ID: "B10", Page: pageGenerate,
		Says:  "The callback may fill the buffer in part and leave the length: the rest of the id is zero.",
		Modes: stateful,
		Want: want(
			in(only12s, "id", "7061727469616c01000000000000000000000000000000000000000000000000"),
			in(only13s, "id", "7061727469616c02000000000000000000000000000000000000000000000000"),
			in(only12s, "nothing written", "ok reused=0/0 calls=1 cached=1"),
			in(only13s, "nothing written", "FAIL srv<E{20:302}> cli(on read)<E{20:1080}> calls=2 cached=0"),
		),
		Observe: func(o *Observer) {
			calls := byte(0)
			srv := o.server(generating(func(_ ssl, id []byte) (int, error) {
				calls++
				copy(id, append([]byte("partial"), calls))
				return len(id), nil
			}))
			o.Note("id", "%x", o.connect(srv, o.client()).server.session.ID())
			observeGenerator(o, "nothing written", &generator{id: func(id []byte) (int, error) { return len(id), nil }})
		},
	},
	{
		ID: "B11", Page: pageGenerate,
		Says:  "An id that is already in the cache, and stays so, fails the handshake.",
		Modes: all,
		Want: want(
			is("first", "ok reused=0/0"),
			in(only12s, "second with the same id", "FAIL srv<E{20:302}> cli<E{20:1080}>"),
			in(only13s, "second with the same id", "FAIL srv<E{20:302}> cli(on read)<E{20:1080}>"),
			in(tickets, "second with the same id", "ok reused=0/0"),
			in(only12s, "calls", "2"), in(only12t, "calls", "0"), in(tls13, "calls", "2"),
			in(stateful, "reason constant found", "true"), in(tickets, "reason constant found", "false"),
		),
		Observe: func(o *Observer) {
			g := &generator{id: constantID}
			srv, cli := o.server(generating(g.generate), numTickets(1)), o.client()
			o.Note("first", "%v", o.connect(srv, cli))
			second := o.connect(srv, cli)
			o.Note("second with the same id", "%v", second)
			o.Note("calls", "%d", g.calls)
			o.Note("reason constant found", "%t", hasReason(second.server.err, libssl.ReasonSSLSessionIDConflict))
		},
	},
	{
		ID: "B12", Page: pageGenerate,
		Says:   "Nothing on a callback that always makes the same id, in TLS 1.3.",
		Manual: Silent,
		Truth:  "The two tickets of one stateful TLS 1.3 handshake conflict with each other: a constant id fails every such handshake.",
		Whom:   "Servers whose ids depend on the connection only, such as a host and process number: their stateful TLS 1.3 handshakes fail.",
		Text:   "With stateful TLSv1.3 tickets the ids of all tickets of one connection must differ too, or the handshake fails.",
		Modes:  tls13,
		Want: want(
			in(only13s, "constant id", "FAIL srv<E{20:302}> cli(on read)<E{20:1080}> calls=2 cached=0"),
			in(only13t, "constant id", "ok reused=0/0 calls=2 cached=0"),
		),
		Observe: func(o *Observer) { observeGenerator(o, "constant id", &generator{id: constantID}) },
	},
	{
		ID: "B13", Page: pageGenerate,
		Says:   "Nothing on conflicts when the internal cache is not used.",
		Manual: Silent,
		Truth:  "SSL_SESS_CACHE_NO_INTERNAL_STORE leaves nothing to conflict with; SSL_SESS_CACHE_NO_INTERNAL_LOOKUP does not stop the check.",
		Whom:   "Servers that keep sessions outside only: the check for unique ids does not protect them.",
		Text:   "While SSL_SESS_CACHE_NO_INTERNAL_STORE is set sessions are not added to the cache, and the uniqueness of their ids is not checked.",
		Modes:  stateful,
		Want: want(
			is("nothing stored: first; nothing stored: second; no lookup: first", "ok reused=0/0"),
			in(only12s, "no lookup: second", "FAIL srv<E{20:302}> cli<E{20:1080}>"),
			in(only13s, "no lookup: second", "FAIL srv<E{20:302}> cli(on read)<E{20:1080}>"),
		),
		Observe: func(o *Observer) {
			observeTwice := func(name string, m libssl.SessionCacheMode) {
				g := &generator{id: constantID}
				srv, cli := o.server(generating(g.generate), cacheMode(m), numTickets(1)), o.client()
				o.Note(name+": first", "%v", o.connect(srv, cli))
				o.Note(name+": second", "%v", o.connect(srv, cli))
			}
			observeTwice("nothing stored", libssl.SessionCacheServer|libssl.SessionCacheNoInternalStore)
			observeTwice("no lookup", libssl.SessionCacheServer|libssl.SessionCacheNoInternalLookup)
		},
	},
	{
		ID: "B14", Page: pageGenerate,
		Says:  "The check for conflicts asks the internal cache and never the external one.",
		Modes: stateful,
		Want: want(
			is("first; second", "ok reused=0/0"),
			is("external lookups", "0"),
			is("ids stored outside", "1 different"),
		),
		Observe: observeNoExternalCheck,
	},
	{
		ID: "B15", Page: pageGenerate,
		Says:  "The callback asks SSL_has_matching_session_id whether an id is taken, and makes another.",
		Modes: all,
		Want: want(
			is("first; second", "ok reused=0/0"),
			in(stateful, "taken", "first=false second=true"),
			in(only12t, "taken", "never asked"),
			in(only13t, "taken", "first=false second=false"),
			in(stateful, "cached", "2"), in(tickets, "cached", "0"),
		),
		Observe: observeRetry,
	},
	{
		ID: "B16", Page: pageGenerate,
		Says:   "Between the check and the caching of an id another handshake can take it.",
		Manual: Silent,
		Truth:  "When two handshakes take the same id at once both succeed, the later session silently replaces the earlier, and resuming that one is a fatal error.",
		Whom:   "Servers that make ids without randomness and run handshakes side by side: a client can be refused for the session it was given.",
		Note:   "The page names the race and not what comes of it.",
		Text:   "In that case both handshakes succeed, and the session that is cached last replaces the other one. A client that offers the one that was replaced fails its handshake.",
		Modes:  only12s,
		Want: want(
			is("taken", "[false false]"),
			is("first; second", "ok reused=0/0"),
			is("cached", "1"),
			is("resume the later", "ok reused=1/1"),
			is("resume the earlier", "FAIL srv<E{20:1020}> cli<E{20:281}>"),
			since(V3_0, is("resume the earlier", "FAIL srv<E{20:1020}> cli<E{57:102}E{20:281}>")),
			since(V3_5, is("resume the earlier", "FAIL srv<E{20:1020}> cli<E{57:102}E{20:281}E{20:313}>")),
		),
		Observe: observeRace,
	},
	{
		ID: "B17", Page: pageGenerate,
		Says:   "Nothing on which callback counts when the Ctx and the SSL differ.",
		Manual: Silent,
		Truth:  "An SSL's own generate callback goes first, then the one its Ctx had when the SSL was made, then the one that the Ctx has now; none can be switched off for one SSL.",
		Whom:   "Servers that set the callback on a Ctx already in use: it takes effect for some of the SSLs that exist and not for others.",
		Text:   "The callback of ssl takes precedence over the one that ctx had when ssl was created, and that one over the one that ctx has now. Setting NULL for ssl does not disable the callback of ctx.",
		Modes:  all,
		Want: want(
			in(only12s, "both set; only the SSL's set; SSL's set after the Ctx's was cleared", "ok reused=0/0 ctx=0 ssl=1"),
			in(only12t, "both set; only the SSL's set; SSL's set after the Ctx's was cleared", "ok reused=0/0 ctx=0 ssl=0"),
			in(tls13, "both set; only the SSL's set; SSL's set after the Ctx's was cleared", "ok reused=0/0 ctx=0 ssl=2"),
			in(only12s, "SSL's set to nil; Ctx's set after the SSL was made; Ctx's cleared after the SSL was made", "ok reused=0/0 ctx=1 ssl=0"),
			in(only12t, "SSL's set to nil; Ctx's set after the SSL was made; Ctx's cleared after the SSL was made", "ok reused=0/0 ctx=0 ssl=0"),
			in(tls13, "SSL's set to nil; Ctx's set after the SSL was made; Ctx's cleared after the SSL was made", "ok reused=0/0 ctx=2 ssl=0"),
		),
		Observe: observeWhoseCallback,
	},
	{
		ID: "B18", Page: pageGenerate,
		Says:   "Nothing on clients, on disabled caching, or on the number of tickets.",
		Manual: Silent,
		Truth:  "The generate callback is never called on a client, but is with caching off; in TLS 1.2 only if the client takes no ticket, in TLS 1.3 for each ticket.",
		Whom:   "Servers that number sessions or count in the callback: how often it is called depends on protocol, tickets and their number.",
		Text:   "The callback is called whether or not session caching is enabled, and never on a client.",
		Modes:  all,
		Want: want(
			is("on a client", "ok reused=0/0 calls=0"),
			in(only12s, "caching off", "ok reused=0/0 calls=1"),
			in(only12t, "caching off", "ok reused=0/0 calls=0"),
			in(tls13, "caching off", "ok reused=0/0 calls=2"),
			in(tls12, "client takes no ticket", "ok reused=0/0 calls=1"),
			in(tls13, "client takes no ticket", "ok reused=0/0 calls=2"),
			in(tls13, "0 tickets", "ok reused=0/0 calls=0"),
			in(tls13, "1 tickets", "ok reused=0/0 calls=1"),
			in(tls13, "3 tickets", "ok reused=0/0 calls=3"),
			in(only12s, "0 tickets; 1 tickets; 3 tickets", "ok reused=0/0 calls=1"),
			in(only12t, "0 tickets; 1 tickets; 3 tickets", "ok reused=0/0 calls=0"),
		),
		Observe: observeWhenCalled,
	},
	{
		ID: "B19", Page: pageGenerate,
		Says:   "SSL_has_matching_session_id tells whether the Ctx's cache holds a session with that id.",
		Manual: Silent,
		Truth:  "SSL_has_matching_session_id finds sessions of the SSL's own protocol version only: a fresh SSL counts as TLS 1.3 and misses those of TLS 1.2.",
		Whom:   "Whoever asks about an id outside of a handshake: sessions of TLS 1.2 seem not to be there.",
		Text:   "Only sessions of the protocol version of ssl are found. As long as none has been negotiated, sessions of TLSv1.2 are not.",
		Modes:  all,
		Want: want(
			in(stateful, "asked by the SSL itself", "true"),
			in(tickets, "asked by the SSL itself", "false"),
			in(only13s, "asked by a fresh SSL", "true"),
			in(not13s, "asked by a fresh SSL", "false"),
			is("unknown id; first byte changed; last byte changed", "false"),
			is("asked after the session was removed", "false"),
		),
		Observe: observeMatching,
	},
	{
		ID: "B20", Page: pageGenerate,
		Says:   "Nothing on protocol versions: one cache, sessions of TLS 1.2 and 1.3.",
		Manual: Silent,
		Truth:  "SSL_has_matching_session_id looks for version and id together: ask from inside the callback, where the version is settled.",
		Whom:   "Servers of both protocol versions whose ids must be unique across them: the check never sees the other version's.",
		Text:   "Two sessions of different protocol versions may have the same id; SSL_has_matching_session_id() sees only those of the version of ssl.",
		Modes:  only12s,
		Want: want(
			is("TLS 1.2 session's id", "seen by 1.2=true by 1.3=false by a fresh SSL=false"),
			is("TLS 1.3 session's id", "seen by 1.2=false by 1.3=true by a fresh SSL=true"),
		),
		Observe: observeVersionsApart,
	},
	{
		ID: "B21", Page: pageGenerate,
		Says:   "Nothing on ids of an impossible length.",
		Manual: Silent,
		Truth:  "SSL_has_matching_session_id finds no id that is empty, longer than 32 bytes, or only a part of one it knows.",
		Whom:   "Programs that pass on an id from elsewhere: one of an impossible length is answered like one that is not known, with no error.",
		Text:   "If id_len is 0 or greater than SSL_MAX_SSL_SESSION_ID_LENGTH, 0 is returned and no error is queued.",
		Modes:  stateful,
		Want: want(
			is("the whole id", "true"),
			is("0 bytes; the first 31 bytes; 33 bytes; 64 bytes; 256 bytes; 288 bytes", "false"),
			by(onlyRaw,
				is("33 bytes, bare; UINT_MAX bytes; NULL, 0 bytes; NULL, 33 bytes", "ret=0 no error"),
				is("NULL, 32 bytes; NULL SSL", crashed),
				since(V3_5, is("NULL SSL", "ret=0 no error"))),
		),
		Observe: func(o *Observer) {
			l := o.open(o.server(), o.client())
			known := bytes.Repeat(l.server.session.ID(), 9)
			has := func(n int) bool { return l.server.conn.HasMatchingSessionID(known[:n]) }
			o.Note("the whole id", "%t", has(32))
			o.Note("0 bytes", "%t", has(0))
			o.Note("the first 31 bytes", "%t", has(31))
			for _, n := range []int{33, 64, 256, 288} {
				o.Note(fmt.Sprintf("%d bytes", n), "%t", has(n))
			}
			if o.Way == Raw {
				observeMatchingBare(o, sslOf(l.server.conn), known)
			}
		},
	},
	{
		ID: "B22", Page: pageGenerate,
		Says:   "Nothing on expired sessions, other Ctxs or cache modes.",
		Manual: Silent,
		Truth:  "SSL_has_matching_session_id counts expired sessions and does not mind the cache mode; it asks one Ctx only.",
		Whom:   "Servers that take the answer for a session that can be resumed: it may have expired long ago.",
		Text:   "Expired sessions that are still in the cache count, whatever the session cache mode.",
		Modes:  only12s,
		Want: want(
			is("cached; expired; caching off; no lookup", "true"),
			is("another Ctx's", "false"),
		),
		Observe: observeMatchingRegardless,
	},
}

// A generator is a callback that counts its calls and looks at what it is given. Without an id
// function its ids are random and as long as can be.
type generator struct {
	calls int
	lens  []int
	dirty bool // a buffer was not zero-filled
	late  bool // it was called when no handshake was under way, as far as that can be seen
	made  [][]byte
	id    func(id []byte) (int, error)
}

func (g *generator) generate(s ssl, id []byte) (int, error) {
	g.calls++
	if s, ok := s.(rawSSL); ok && !raw.SSLInInit(s.p) {
		g.late = true
	}
	g.lens = append(g.lens, len(id))
	g.dirty = g.dirty || !bytes.Equal(id, make([]byte, len(id)))
	if g.id == nil {
		g.id = randomID
	}
	n, err := g.id(id)
	if err == nil && n >= 0 && n <= len(id) {
		g.made = append(g.made, bytes.Clone(id[:n]))
	}
	return n, err
}

func (g *generator) madeIt(s session) string {
	if slices.ContainsFunc(g.made, func(id []byte) bool { return bytes.Equal(id, s.ID()) }) {
		return "made by the callback"
	}
	return "not made by the callback"
}

func randomID(id []byte) (int, error) { return rand.Read(id) }

func constantID(id []byte) (int, error) {
	return copy(id, bytes.Repeat([]byte{0xc5}, len(id))), nil
}

func generating(g generate) setting {
	return func(c ctx) { must(c.SetGenerateSessionID(g)) }
}

// observeGenerator notes one handshake with a callback: how it went, how often the callback was
// called, how many sessions are cached afterwards.
func observeGenerator(o *Observer, name string, g *generator) *link {
	srv := o.server(generating(g.generate))
	l := o.connect(srv, o.client())
	o.Note(name, "%v calls=%d cached=%d", l, g.calls, srv.SessionStats().Number)
	return l
}

func observeBadLength(o *Observer, name string, n int) {
	observeGenerator(o, name, &generator{id: func(id []byte) (int, error) {
		_, err := rand.Read(id)
		return n, err
	}})
}

func observeGenerateCall(o *Observer) {
	g := &generator{}
	srv := o.server(generating(g.generate))
	l := o.connect(srv, o.client())
	o.Note("handshake", "%v", l)
	o.Note("calls", "%s", g.summary())
	if o.Way == Raw && g.calls > 0 {
		o.Note("called", "%s", map[bool]string{false: "in the handshake", true: "later"}[g.late])
	}
	o.Note("server's id", "%d bytes, %s", idLen(l.server.session), g.madeIt(l.server.session))
	o.Note("client's id", "%d bytes, %s", idLen(l.client.session), g.madeIt(l.client.session))
	o.Note("cached", "%d", srv.SessionStats().Number)
}

// summary tells how often the callback was called and whether it always got what it should.
func (g *generator) summary() string {
	if g.calls == 0 {
		return "0"
	}
	for _, n := range g.lens {
		if n != 32 {
			return fmt.Sprintf("%d, with lengths %v", g.calls, g.lens)
		}
	}
	if g.dirty {
		return fmt.Sprintf("%d, not zero-filled", g.calls)
	}
	return fmt.Sprintf("%d, each with 32 zero bytes", g.calls)
}

func observeShortIDs(o *Observer) {
	short := func(n int) *generator {
		return &generator{id: func(id []byte) (int, error) { return rand.Read(id[:n]) }}
	}
	ids := func(name string, l *link) {
		o.Note(name, "%v", l)
		o.Note(name+": ids", "server %d, client %d bytes", idLen(l.server.session), idLen(l.client.session))
	}

	g := short(16)
	srv, cli := o.server(generating(g.generate)), o.client()
	first := o.connect(srv, cli)
	ids("16 bytes", first)
	before := g.calls
	again := o.resume(srv, cli, first)
	o.Note("16 bytes: resume", "%v more calls=%d", again, g.calls-before)

	// One ticket only: two random ids of one byte may well be the same.
	ids("1 byte", o.connect(o.server(generating(short(1).generate), numTickets(1)), cli))
	ids("31 bytes", o.connect(o.server(generating(short(31).generate)), cli))
}

func observeNoExternalCheck(o *Observer) {
	lookups := 0
	outside := map[string]bool{}
	srv := o.server(
		generating((&generator{id: constantID}).generate), numTickets(1),
		cacheMode(libssl.SessionCacheServer|libssl.SessionCacheNoInternal))
	srv.SetNewSessionCallback(func(s session) { outside[string(s.ID())] = true })
	srv.SetGetSessionCallback(func([]byte) session {
		lookups++
		return nil
	})
	cli := o.client()
	o.Note("first", "%v", o.connect(srv, cli))
	o.Note("second", "%v", o.connect(srv, cli))
	o.Note("external lookups", "%d", lookups)
	o.Note("ids stored outside", "%d different", len(outside))
}

// observeRetry lets each handshake try the same id first, and a random one if that is taken.
func observeRetry(o *Observer) {
	var taken []bool
	srv := o.server(numTickets(1), generating(func(s ssl, id []byte) (int, error) {
		n, err := constantID(id)
		has := s.HasMatchingSessionID(id)
		taken = append(taken, has)
		if has {
			return randomID(id)
		}
		return n, err
	}))
	cli := o.client()
	o.Note("first", "%v", o.connect(srv, cli))
	o.Note("second", "%v", o.connect(srv, cli))
	if len(taken) == 0 {
		o.Note("taken", "never asked")
	} else {
		o.Note("taken", "first=%t second=%t", taken[0], taken[len(taken)-1])
	}
	o.Note("cached", "%d", srv.SessionStats().Number)
}

// observeRace holds one handshake after its server has asked for an id, found it free and sent it, and
// before that session is cached, until another handshake has gone through with the same id.
func observeRace(o *Observer) {
	var taken []bool
	srv := o.server(generating(func(s ssl, id []byte) (int, error) {
		n, err := constantID(id)
		taken = append(taken, s.HasMatchingSessionID(id))
		return n, err
	}))
	sent, goOn := make(chan struct{}), make(chan struct{})
	held := o.client()
	held.SetVerify(libssl.VerifyPeer, once(func() {
		close(sent)
		<-goOn
	}))

	cli := o.client()
	later := o.prepare(srv, held)
	var earlier *link
	Together(later.meet, func() {
		defer close(goOn)
		<-sent
		earlier = o.connect(srv, cli)
	})
	later.greet()
	later.close()

	o.Note("taken", "%v", taken)
	o.Note("first", "%v", earlier)
	o.Note("second", "%v", later)
	o.Note("cached", "%d", srv.SessionStats().Number)
	o.Note("resume the later", "%v", o.resume(srv, cli, later))
	o.Note("resume the earlier", "%v", o.resume(srv, cli, earlier))
}

func observeWhoseCallback(o *Observer) {
	cli := o.client()
	for _, c := range []struct {
		name string
		do   func(srv ctx, ssl conn, ofCtx, ofSSL generate)
		late bool // the Ctx has no callback when the SSL is made
	}{
		{name: "both set", do: func(_ ctx, ssl conn, _, ofSSL generate) {
			must(ssl.SetGenerateSessionID(ofSSL))
		}},
		{name: "only the SSL's set", late: true, do: func(_ ctx, ssl conn, _, ofSSL generate) {
			must(ssl.SetGenerateSessionID(ofSSL))
		}},
		{name: "SSL's set after the Ctx's was cleared", do: func(srv ctx, ssl conn, _, ofSSL generate) {
			must(srv.SetGenerateSessionID(nil))
			must(ssl.SetGenerateSessionID(ofSSL))
		}},
		{name: "SSL's set to nil", do: func(_ ctx, ssl conn, _, ofSSL generate) {
			must(ssl.SetGenerateSessionID(ofSSL))
			must(ssl.SetGenerateSessionID(nil))
		}},
		{name: "Ctx's set after the SSL was made", late: true, do: func(srv ctx, _ conn, ofCtx, _ generate) {
			must(srv.SetGenerateSessionID(ofCtx))
		}},
		{name: "Ctx's cleared after the SSL was made", do: func(srv ctx, _ conn, _, _ generate) {
			must(srv.SetGenerateSessionID(nil))
		}},
	} {
		ofCtx, ofSSL := &generator{}, &generator{}
		srv := o.server()
		if !c.late {
			generating(ofCtx.generate)(srv)
		}
		l := o.connect(srv, cli, onServer(func(ssl conn) { c.do(srv, ssl, ofCtx.generate, ofSSL.generate) }))
		o.Note(c.name, "%v ctx=%d ssl=%d", l, ofCtx.calls, ofSSL.calls)
	}
}

func observeWhenCalled(o *Observer) {
	note := func(name string, g *generator, srv, cli ctx) {
		l := o.connect(srv, cli)
		o.Note(name, "%v calls=%d", l, g.calls)
	}
	g := &generator{}
	note("on a client", g, o.server(), o.client(generating(g.generate)))
	g = &generator{}
	note("caching off", g, o.server(generating(g.generate), cacheMode(libssl.SessionCacheOff)), o.client())
	g = &generator{}
	note("client takes no ticket", g, o.server(generating(g.generate)), o.client(noTicket))
	for _, n := range []int{0, 1, 3} {
		g = &generator{}
		note(fmt.Sprintf("%d tickets", n), g, o.server(generating(g.generate), numTickets(n)), o.client())
	}
}

func observeMatching(o *Observer) {
	srv, cli := o.server(), o.client()
	l := o.open(srv, cli)
	fresh := o.prepare(srv, cli).server.conn
	id := l.server.session.ID()
	changed := func(i int) []byte {
		other := append(make([]byte, 0, 32), id...)
		if len(other) == 0 { // a session without an id
			other = make([]byte, 32)
		}
		i = (i + len(other)) % len(other)
		other[i] ^= 0xff
		return other
	}
	o.Note("asked by the SSL itself", "%t", l.server.conn.HasMatchingSessionID(id))
	o.Note("asked by a fresh SSL", "%t", fresh.HasMatchingSessionID(id))
	o.Note("unknown id", "%t", l.server.conn.HasMatchingSessionID(bytes.Repeat([]byte{7}, 32)))
	o.Note("first byte changed", "%t", l.server.conn.HasMatchingSessionID(changed(0)))
	o.Note("last byte changed", "%t", l.server.conn.HasMatchingSessionID(changed(-1)))
	srv.RemoveSession(l.server.session)
	o.Note("asked after the session was removed", "%t", l.server.conn.HasMatchingSessionID(id))
}

// observeVersionsApart has one server for both versions, with a client for each.
func observeVersionsApart(o *Observer) {
	srv := o.ctx(libssl.TLSMethod, o.certificate, noTicket)
	l12 := o.open(srv, o.ctx(libssl.TLSMethod, version(tls.VersionTLS12)))
	l13 := o.open(srv, o.ctx(libssl.TLSMethod, version(tls.VersionTLS13)))
	fresh := o.prepare(srv, o.client()).server.conn
	seen := func(name string, s session) {
		id := s.ID()
		o.Note(name, "seen by 1.2=%t by 1.3=%t by a fresh SSL=%t", l12.server.conn.HasMatchingSessionID(id),
			l13.server.conn.HasMatchingSessionID(id), fresh.HasMatchingSessionID(id))
	}
	seen("TLS 1.2 session's id", l12.server.session)
	seen("TLS 1.3 session's id", l13.server.session)
}

func observeMatchingBare(o *Observer, s raw.SSL, known []byte) {
	id := unsafe.SliceData(known)
	o.Note("33 bytes, bare", "%v", raw.SSLHasMatchingSessionID(s, id, 33))
	o.Note("UINT_MAX bytes", "%v", raw.SSLHasMatchingSessionID(s, id, math.MaxUint32))
	o.Note("NULL, 0 bytes", "%v", raw.SSLHasMatchingSessionID(s, nil, 0))
	o.Note("NULL, 33 bytes", "%v", raw.SSLHasMatchingSessionID(s, nil, 33))
	o.Note("NULL, 32 bytes", "%s", o.inChild(raw.SSLHasMatchingSessionIDNullID))
	o.Note("NULL SSL", "%s", o.inChild(raw.SSLHasMatchingSessionIDNullSSL))
}

func observeMatchingRegardless(o *Observer) {
	srv, cli := o.server(), o.client()
	l := o.open(srv, cli)
	has := func() bool { return l.server.conn.HasMatchingSessionID(l.server.session.ID()) }
	o.Note("cached", "%t", has())
	cacheMode(libssl.SessionCacheOff)(srv)
	o.Note("caching off", "%t", has())
	cacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternalLookup)(srv)
	o.Note("no lookup", "%t", has())
	add(srv, expired(l.server.session))
	o.Note("expired", "%t", has())
	o.Note("another Ctx's", "%t", o.open(o.server(), cli).server.conn.HasMatchingSessionID(l.server.session.ID()))
}
