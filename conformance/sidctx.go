package conformance

import (
	"bytes"
	"fmt"
	"math"
	"unsafe"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageSIDContext = "SSL_CTX_set_session_id_context(3)"

// Section A: the session id context.
var sessionIDContext = []Clause{
	{
		ID: "A1", Page: pageSIDContext,
		Says: "A context of up to 32 bytes is accepted on a Ctx; a longer one is refused and an error is queued.",
		Want: want(
			is("len0; len1; len31; len32", "ok"),
			is("len33; len64; len255; len256; len288; len65536", "ret=0 E{20:273}"),
			is("reason constant", "33 bytes=true 32 bytes=false"),
			by(onlyRaw, is("UINT_MAX on a Ctx; UINT_MAX on an SSL", "ret=0 E{20:273}")),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			if o.Way == Raw {
				l := o.prepare(ctx, ctx)
				o.Note("UINT_MAX on a Ctx", "%v", raw.CtxSetSessionIDContext(ctxOf(ctx), new(byte), math.MaxUint32))
				o.Note("UINT_MAX on an SSL", "%v", raw.SSLSetSessionIDContext(sslOf(l.server.conn), new(byte), math.MaxUint32))
			}
			for _, n := range []int{0, 1, 31, 32, 33, 64, 255, 256, 288, 65536} {
				o.Note(fmt.Sprintf("len%d", n), "%s", result(ctx.SetSessionIDContext(make([]byte, n))))
			}
			tooLong := func(n int) bool {
				return hasReason(ctx.SetSessionIDContext(make([]byte, n)), libssl.ReasonSSLSessionIDContextTooLong)
			}
			o.Note("reason constant", "33 bytes=%t 32 bytes=%t", tooLong(33), tooLong(32))
		},
	},
	{
		ID: "A2", Page: pageSIDContext,
		Says:  "The same limit, result and error on a single SSL.",
		Modes: only12s,
		Want: want(
			is("len0; len1; len32", "ok"),
			is("len33; len64; len256; len65536", "ret=0 E{20:273}"),
			is("session's context", "32 bytes"),
		),
		Observe: func(o *Observer) {
			l := o.prepare(o.server(), o.client())
			ssl := l.server.conn
			for _, n := range []int{0, 1, 32, 33, 64, 256, 65536} {
				o.Note(fmt.Sprintf("len%d", n), "%s", result(ssl.SetSessionIDContext(make([]byte, n))))
			}
			l.meet()
			o.Note("session's context", "%d bytes", len(l.server.session.IDContext()))
		},
	},
	{
		ID: "A3", Page: pageSIDContext,
		Says:   "Nothing on NULL.",
		Manual: Silent,
		Truth:  "NULL for the bytes or for the Ctx crashes unless the length decides the call; a NULL SSL is refused since 3.5, with no error queued.",
		Whom:   "C programs that do not check what SSL_new returned: on older releases they crash here, on newer ones they go on without a context.",
		Text:   "ctx and ssl must not be NULL. sid_ctx may be NULL if sid_ctx_len is 0.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("NULL, 0 bytes", "ret=1 no error"),
			is("NULL, 1 byte; NULL Ctx, 1 byte; NULL SSL, 1 byte", crashed),
			is("NULL, 33 bytes; NULL Ctx, 33 bytes", "ret=0 E{20:273}"),
			since(V3_5, is("NULL SSL, 1 byte", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			c := ctxOf(o.server())
			o.Note("NULL, 0 bytes", "%v", raw.CtxSetSessionIDContext(c, nil, 0))
			o.Note("NULL, 1 byte", "%s", o.inChild(raw.CtxSetSessionIDContextNullData))
			o.Note("NULL, 33 bytes", "%v", raw.CtxSetSessionIDContext(c, nil, 33))
			o.Note("NULL Ctx, 1 byte", "%s", o.inChild(raw.CtxSetSessionIDContextNullCtx))
			o.Note("NULL Ctx, 33 bytes", "%v", raw.CtxSetSessionIDContext(raw.Ctx{}, new(byte), 33))
			o.Note("NULL SSL, 1 byte", "%s", o.inChild(raw.SSLSetSessionIDContextNullSSL))
		},
	},
	{
		ID: "A4", Page: pageSIDContext,
		Says:   "Nothing on errors that are on the queue already.",
		Manual: Silent,
		Truth:  "Success removes no error from the queue, and a failure puts its own behind those that are there.",
		Whom:   "C programs that take the oldest error for that of the call that failed: it can be another's.",
		Note:   "ERR_get_error(3) says that it returns the oldest.",
		Text:   "These functions add to the error queue on failure and do not clear it: call ERR_clear_error() before them.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("Ctx, 1 byte; SSL, 1 byte", "ret=1 E{128:42}"),
			is("Ctx, 33 bytes; SSL, 33 bytes", "ret=0 E{128:42}E{20:273}"),
		),
		Observe: func(o *Observer) {
			l := o.prepare(o.server(), o.client())
			for _, n := range []uint32{1, 33} {
				bytes := unsafe.SliceData(make([]byte, n))
				name := map[uint32]string{1: "1 byte", 33: "33 bytes"}[n]
				o.Note("Ctx, "+name, "%v", raw.CtxSetSessionIDContext(ctxOf(o.server()), bytes, n, stale))
				o.Note("SSL, "+name, "%v", raw.SSLSetSessionIDContext(sslOf(l.server.conn), bytes, n, stale))
			}
		},
	},
	{
		ID: "A5", Page: pageSIDContext,
		Says:   "The functions are of use on the server only.",
		Manual: Silent,
		Truth:  "On a client too both functions succeed, and its sessions carry the context that was set there.",
		Whom:   "Programs that set a context on every Ctx alike: their clients' sessions carry it, and a later change of it fails those clients' handshakes.",
		Text:   "On a client both functions succeed too, and the context becomes part of the client's sessions.",
		Modes:  all,
		Want: want(
			is("set", "ctx=ok ssl=ok"),
			is("ctx's; ssl's", "ok reused=0/0"),
			is("ctx's: client session", "len=3 ctx"),
			is("ssl's: client session", "len=3 ssl"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			ctxSet := cli.SetSessionIDContext([]byte("ctx"))
			byCtx := o.connect(srv, cli)
			var sslSet error
			bySSL := o.connect(srv, cli, onClient(func(c conn) { sslSet = c.SetSessionIDContext([]byte("ssl")) }))
			o.Note("set", "ctx=%s ssl=%s", result(ctxSet), result(sslSet))
			o.Note("ctx's", "%v", byCtx)
			o.Note("ctx's: client session", "%s", sidOf(byCtx.client.session))
			o.Note("ssl's", "%v", bySSL)
			o.Note("ssl's: client session", "%s", sidOf(bySSL.client.session))
		},
	},
	{
		ID: "A6", Page: pageSIDContext,
		Says:  "The context becomes part of the server's session and stays in it when the session is exported.",
		Modes: all,
		Want: want(
			is("first", "ok reused=0/0"),
			is("server session; exported and parsed", "len=5 svc-A"),
			is("32 bytes", "len=32 "+full32),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(sidCtx("svc-A")), o.client()
			first := o.connect(srv, cli)
			o.Note("first", "%v", first)
			o.Note("server session", "%s", sidOf(first.server.session))
			o.Note("exported and parsed", "%s", sidOf(o.reparsed(first.server.session)))
			longest := o.connect(o.server(sidCtx(full32)), cli)
			o.Note("32 bytes", "%s", sidOf(longest.server.session))
		},
	},
	{
		ID: "A7", Page: pageSIDContext,
		Says:   "The server's context comes back to the client, which can check it.",
		Manual: Wrong,
		Truth:  "A context never goes over the wire: a client's session carries the client's own, which is empty unless set.",
		Whom:   "Clients that want to know which service a session belongs to: they find their own context, or none.",
		Text:   "The session id context is not sent to the peer. A client's session contains the context that was set on the client, if any.",
		Until:  V3_0,
		Modes:  all,
		Want: want(
			is("first; again", "ok reused=0/0"),
			is("server session", "len=5 svc-A"),
			is("client session", "len=0 "),
			is("client's own context set", "len=4 mine"),
		),
		Observe: func(o *Observer) {
			srv := o.server(sidCtx("svc-A"))
			first := o.connect(srv, o.client())
			o.Note("first", "%v", first)
			o.Note("server session", "%s", sidOf(first.server.session))
			o.Note("client session", "%s", sidOf(first.client.session))
			again := o.connect(srv, o.client(sidCtx("mine")))
			o.Note("again", "%v", again)
			o.Note("client's own context set", "%s", sidOf(again.client.session))
		},
	},
	{
		ID: "A8", Page: pageSIDContext,
		Says:   "Nothing on what a failed call leaves, on when an SSL takes its context, or on a late call.",
		Manual: Silent,
		Truth:  "A failed call keeps the old context and length 0 clears it; an SSL takes its Ctx's context when it is made, and after the handshake nothing changes it.",
		Whom:   "Servers that change the context while connections come in: it counts for SSLs made afterwards, and nothing tells them which it was.",
		Note:   "Pages since 3.0 say that a context set after the session was created comes too late for that handshake; of the rest they say nothing.",
		Text:   "If sid_ctx_len is too large the previous context is kept, and a length of 0 removes it. SSL_new() copies the context of ctx: a later change does not affect SSL objects that exist.",
		Modes:  all,
		Want: want(
			is("after a failed call", "len=5 svc-A"),
			is("after length 0", "len=0 "),
			is("Ctx changed after the SSL was made", "len=3 one"),
			is("set on the SSL", "len=4 mine"),
			is("SSL: after a failed call", "len=4 mine"),
			is("SSL: after length 0", "len=0 "),
			is("set after the handshake", "ok len=3 two"),
		),
		Observe: observeWhenContextCounts,
	},
	{
		ID: "A9", Page: pageSIDContext,
		Says:  "A context may be any bytes.",
		Modes: all,
		Want: want(
			is("with a zero byte", "610062"),
			is("only zero bytes", "0000"),
			is("high bytes", "ff80fe"),
			is("same bytes", "ok reused=1/1"),
			is("other bytes after the zero", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			cli := o.client()
			for _, c := range []struct{ name, sid string }{
				{"with a zero byte", "a\x00b"}, {"only zero bytes", "\x00\x00"}, {"high bytes", "\xff\x80\xfe"},
			} {
				o.Note(c.name, "%x", o.connect(o.server(sidCtx(c.sid)), cli).server.session.IDContext())
			}
			resumedUnder := func(sid string) *link { return resumedAfterChange(o, "a\x00b", sid) }
			o.Note("same bytes", "%v", resumedUnder("a\x00b"))
			o.Note("other bytes after the zero", "%v", resumedUnder("a\x00c"))
		},
	},
	{
		ID: "A10", Page: pageSIDContext,
		Says:   "A client checks the context that the server returns, and fails if it is another one.",
		Manual: Wrong,
		Truth:  "Servers return no context. A client compares its own with the one in its session, and any difference is fatal to the handshake.",
		Whom:   "Clients that set a context: changing it between two connections turns a missed resumption into a failed handshake.",
		Text:   "If the session id context of a client differs from the one in the session that it resumes, the client fails the handshake.",
		Until:  V3_0,
		Modes:  all,
		Want: want(
			is("never set on the client; client sets the same", "ok reused=1/1"),
			is("client sets another; client clears it; only the client's session has one",
				"FAIL srv<E{20:1047}> cli<E{20:272}>"),
		),
		Observe: observeClientContext,
	},
	{
		ID: "A11", Page: pageSIDContext,
		Says:  "A server resumes only a session of its own context; otherwise the handshake goes on in full.",
		Modes: all,
		Want: want(
			is("same", "ok reused=1/1"),
			is("another; a longer one; a shorter one; now empty", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			for _, c := range []struct{ name, sid string }{
				{"same", "svc-A"}, {"another", "svc-B"}, {"a longer one", "svc-A2"}, {"a shorter one", "svc-"}, {"now empty", ""},
			} {
				o.Note(c.name, "%v", resumedAfterChange(o, "svc-A", c.sid))
			}
		},
	},
	{
		ID: "A11b", Page: pageSIDContext,
		Says:   "Nothing on what the statistics make of a session of another context.",
		Manual: Silent,
		Truth:  "A session of another context stays in the cache and counts neither as a hit nor as a miss.",
		Whom:   "Operators who read resumption rates off the statistics: clients turned away for their context show up nowhere.",
		Text:   "Such a session stays in the cache, and neither SSL_CTX_sess_hits() nor SSL_CTX_sess_misses() counts it.",
		Modes:  all,
		Want: want(
			is("resume", "ok reused=0/0"),
			in(only12s, "statistics", "number=2 hits=0 misses=0"),
			in(tickets, "statistics", "number=0 hits=0 misses=0"),
			in(only13s, "statistics", "number=4 hits=0 misses=0"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(sidCtx("svc-A")), o.client()
			first := o.connect(srv, cli)
			sidCtx("svc-B")(srv)
			o.Note("resume", "%v", o.resume(srv, cli, first))
			st := srv.SessionStats()
			o.Note("statistics", "number=%d hits=%d misses=%d", st.Number, st.Hits, st.Misses)
		},
	},
	{
		ID: "A12", Page: pageSIDContext,
		Says:   "Without a context, a server that uses client certificates fails the handshake rather than reuse a session.",
		Manual: Wrong,
		Truth:  "Without a context, a server that verifies clients fails a resumption by ticket; of stateful sessions it silently never caches any.",
		Whom:   "Servers that verify clients and forgot the context: with cached sessions no error ever says why every handshake is a full one.",
		Text:   "If the session id context is not set on a server that has SSL_VERIFY_PEER set, a client that offers a session ticket fails its handshake. If the server issues no tickets its sessions are not cached, and every handshake is a full one.",
		Modes:  all,
		Want: want(
			is("first", "ok reused=0/0"),
			in(stateful, "resume", "ok reused=0/0"),
			in(tickets, "resume", "FAIL srv<E{20:277}> cli<E{20:1080}>"),
			is("cached", "0"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(verifyPeer), o.client(o.certificate)
			first := o.connect(srv, cli)
			o.Note("first", "%v", first)
			o.Note("resume", "%v", o.resume(srv, cli, first))
			o.Note("cached", "%d", srv.SessionStats().Number)
		},
	},
	{
		ID: "A13", Page: pageSIDContext,
		Says:   "It takes the use of client certificates to cause that failure.",
		Manual: Wrong,
		Truth:  "A server without a context that asks for certificates (SSL_VERIFY_PEER) fails in the same way if the client sends none.",
		Whom:   "Servers that ask for certificates and do not insist: clients without one fail as well, as soon as they offer a ticket.",
		Text:   "Whether the client sends a certificate makes no difference.",
		Modes:  all,
		Want: want(
			is("first", "ok reused=0/0"),
			is("client's certificate", "absent"),
			in(stateful, "resume", "ok reused=0/0"),
			in(tickets, "resume", "FAIL srv<E{20:277}> cli<E{20:1080}>"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(verifyPeer), o.client()
			first := o.connect(srv, cli)
			o.Note("first", "%v", first)
			o.Note("client's certificate", "%s", peerOf(first.server.session))
			o.Note("resume", "%v", o.resume(srv, cli, first))
		},
	},
	{
		ID: "A14", Page: pageSIDContext,
		Says:  "A server that verifies nobody, or that has set a context, resumes as usual, the client's certificate included.",
		Modes: all,
		Want: want(
			is("no verification: first; context set: first", "ok reused=0/0"),
			is("no verification: resume; context set: resume", "ok reused=1/1"),
			is("client's certificate; after resumption", "present"),
		),
		Observe: func(o *Observer) {
			cli := o.client(o.certificate)
			visit := func(name string, srv ctx) (first, again *link) {
				first = o.connect(srv, cli)
				again = o.resume(srv, cli, first)
				o.Note(name+": first", "%v", first)
				o.Note(name+": resume", "%v", again)
				return first, again
			}
			visit("no verification", o.server())
			first, again := visit("context set", o.server(verifyPeer, sidCtx("svc-A")))
			o.Note("client's certificate", "%s", peerOf(first.server.session))
			o.Note("after resumption", "%s", peerOf(again.server.session))
		},
	},
	{
		ID: "A15", Page: pageSIDContext,
		Says:   "Nothing on a session that was stored while nobody was verified, offered once verification is on.",
		Manual: Silent,
		Truth:  "Verification switched on after a session was stored, with no context set, makes its resumption fail in every mode.",
		Whom:   "Servers that switch verification on at run time: every client with a session from before fails until it forgets it.",
		Text:   "The same happens to a session that was cached before SSL_VERIFY_PEER was set.",
		Modes:  all,
		Want: want(
			is("first", "ok reused=0/0"),
			is("resume", "FAIL srv<E{20:277}> cli<E{20:1080}>"),
			is("context set in time", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client(o.certificate)
			first := o.connect(srv, cli)
			o.Note("first", "%v", first)
			verifyPeer(srv)
			o.Note("resume", "%v", o.resume(srv, cli, first))
			sidCtx("svc-A")(srv)
			o.Note("context set in time", "%v", o.resume(srv, cli, first))
		},
	},
	{
		ID: "A16", Page: pageSIDContext,
		Says:   "Nothing on an unknown session, offered to a server that verifies and has no context.",
		Manual: Silent,
		Truth:  "An unknown session is no error to a server that verifies without a context: only sessions that were found are checked.",
		Whom:   "Operators who look for the cause of failures after a restart: clients whose sessions are gone get in, those with a ticket that still decrypts do not.",
		Text:   "A client that offers a session the server does not know gets a full handshake.",
		Modes:  all,
		Want: want(
			is("elsewhere", "ok reused=0/0"),
			is("offered here", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			cli := o.client(o.certificate)
			elsewhere := o.connect(o.server(), cli)
			o.Note("elsewhere", "%v", elsewhere)
			o.Note("offered here", "%v", o.resume(o.server(verifyPeer), cli, elsewhere))
		},
	},
	{
		ID: "A17", Page: pageSIDContext,
		Says:  "A context set while the ClientHello is being looked at is in time for this handshake; in the servername callback it is too late.",
		Modes: all,
		Want: want(
			is("first", "ok reused=0/0"),
			is("server session", "len=6 chello"),
			is("resume", "ok reused=1/1"),
			by(onlyRaw,
				is("set when the name is known", "ok reused=0/0"),
				is("set when the name is known: server session", "len=0 "),
				is("set when the name is known: resume", "ok reused=1/1")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			srv.AtClientHello(func(s ssl) error { return s.SetSessionIDContext([]byte("chello")) })
			named := onClient(func(c conn) { must(c.SetServerName("sslconform")) })
			first := o.connect(srv, cli, named)
			o.Note("first", "%v", first)
			o.Note("server session", "%s", sidOf(first.server.session))
			o.Note("resume", "%v", o.resume(srv, cli, first, named))
			if o.Way == Raw {
				observeLateContext(o)
			}
		},
	},
	{
		ID: "A18", Page: pageSIDContext,
		Says:   "Nothing on an SSL that is switched to another Ctx.",
		Manual: Silent,
		Truth:  "With SSL_set_SSL_CTX an SSL takes over the other Ctx's context unless it had one of its own, and its sessions still go into the cache of the first.",
		Whom:   "Servers that switch the Ctx by name: statistics, flushing and removing at the second Ctx miss the sessions.",
		Text:   "SSL_set_SSL_CTX() replaces the session id context of ssl by that of the new SSL_CTX, unless one was set with SSL_set_session_id_context(). Sessions are still added to the cache of the SSL_CTX that ssl was created from.",
		Modes:  all,
		Ways:   onlyRaw,
		Want: want(
			is("switched; switched, with a context of its own", "ok reused=0/0"),
			is("switched: session", "len=2 c2"),
			is("switched, with a context of its own: session", "len=3 own"),
			in(only12s, "switched: cached; switched, with a context of its own: cached", "first Ctx 1, second 0"),
			in(tickets, "switched: cached; switched, with a context of its own: cached", "first Ctx 0, second 0"),
			in(only13s, "switched: cached; switched, with a context of its own: cached", "first Ctx 2, second 0"),
		),
		Observe: func(o *Observer) {
			observeSwitch := func(name string, before func(c conn)) {
				one, two := o.server(sidCtx("c1")), o.server(sidCtx("c2"))
				l := o.connect(one, o.client(), onServer(before), onServer(func(c conn) {
					must(raw.SSLSetSSLCtx(sslOf(c), ctxOf(two)).Err())
				}))
				o.Note(name, "%v", l)
				o.Note(name+": session", "%s", sidOf(l.server.session))
				o.Note(name+": cached", "first Ctx %d, second %d", one.SessionStats().Number, two.SessionStats().Number)
			}
			observeSwitch("switched", func(conn) {})
			observeSwitch("switched, with a context of its own", func(c conn) { must(c.SetSessionIDContext([]byte("own"))) })
		},
	},
	{
		ID: "A19", Page: "SSL_SESSION_get0_id_context(3)",
		Says:  "A session's context can be set to at most 32 bytes and read back; more is refused.",
		Modes: all,
		Want: want(
			is("0 bytes", "ok now len=0 "),
			is("5 bytes", "ok now len=5 AAAAA"),
			is("32 bytes", "ok now len=32 "+full32),
			is("33 bytes; 256 bytes", "ret=0 E{20:273} now len=32 "+full32),
			by(onlyRaw, is("NULL, 0 bytes", "ret=1 no error now len=0 ")),
		),
		Observe: func(o *Observer) {
			sess := o.connect(o.server(), o.client()).server.session
			for _, n := range []int{0, 5, 32, 33, 256} {
				err := sess.SetIDContext(bytes.Repeat([]byte("A"), n))
				o.Note(fmt.Sprintf("%d bytes", n), "%s now %s", result(err), sidOf(sess))
			}
			if o.Way == Raw {
				o.Note("NULL, 0 bytes", "%v now %s", raw.SessionSetIDContext(rawOf(sess), nil, 0), sidOf(sess))
			}
		},
	},
	{
		ID: "A20", Page: "SSL_SESSION_set1_id(3)",
		Says:  "A session's id can be set to at most 32 bytes and read back; more is refused.",
		Modes: all,
		Want: want(
			is("0 bytes", "ok now len=0 "),
			is("5 bytes", "ok now len=5 AAAAA"),
			is("32 bytes", "ok now len=32 "+full32),
			is("33 bytes; 256 bytes", "ret=0 E{20:408} now len=32 "+full32),
			by(onlyRaw,
				is("its own", "ret=1 no error now 32 bytes, not NULL"),
				is("NULL, 0 bytes", "ret=1 no error now 0 bytes, not NULL")),
		),
		Observe: func(o *Observer) {
			sess := o.connect(o.server(), o.client()).server.session
			for _, n := range []int{0, 5, 32, 33, 256} {
				err := sess.SetID(bytes.Repeat([]byte("A"), n))
				o.Note(fmt.Sprintf("%d bytes", n), "%s now len=%d %s", result(err), len(sess.ID()), sess.ID())
			}
			if o.Way == Raw {
				p := rawOf(sess)
				o.Note("its own", "%v now %s", raw.SessionSetIDToItself(p), idOf(p))
				o.Note("NULL, 0 bytes", "%v now %s", raw.SessionSetID(p, nil, 0), idOf(p))
			}
		},
	},
	{
		ID: "A21", Page: "SSL_SESSION_get0_id_context(3)",
		Says:   "The length is written if its pointer is not NULL.",
		Manual: Silent,
		Truth:  "The length may be NULL where an id is read, as where a context is; a NULL session crashes.",
		Whom:   "C programs that read the id of what SSL_get_session returned: before the handshake that is NULL.",
		Note:   "SSL_SESSION_get_id(3) says nothing on a NULL length.",
		Text:   "len may be NULL. s must not be NULL.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("context, NULL length; id, NULL length", "not NULL"),
			is("id of a NULL session; id set on a NULL session", crashed),
		),
		Observe: func(o *Observer) {
			sess := rawOf(anySession(o))
			o.Note("context, NULL length", "%s", nullness(raw.SessionIDContextNoLength(sess)))
			o.Note("id, NULL length", "%s", nullness(raw.SessionIDNoLength(sess)))
			o.Note("id of a NULL session", "%s", o.inChild(raw.SessionIDNull))
			o.Note("id set on a NULL session", "%s", o.inChild(raw.SessionSetIDNull))
		},
	},
}

const crashed = "crash: segmentation fault"

// stale is an error that nobody has taken off the queue.
var stale = raw.Entry{Lib: raw.ErrLibUser, Reason: 42}

func nullness(null bool) string {
	if null {
		return "NULL"
	}
	return "not NULL"
}

// idOf is a session's id: its length and its pointer.
func idOf(s raw.Session) string {
	id, null := raw.SessionID(s)
	return fmt.Sprintf("%d bytes, %s", len(id), nullness(null))
}

const full32 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// sidOf is a session's context: its length and its bytes.
func sidOf(s session) string {
	if s == nil {
		return "no session"
	}
	sid := s.IDContext()
	return fmt.Sprintf("len=%d %s", len(sid), sid)
}

func peerOf(s session) string {
	if s == nil {
		return "no session"
	}
	if s.HasPeerCertificate() {
		return "present"
	}
	return "absent"
}

// resumedAfterChange resumes a session that was made under one context at a server that has another.
func resumedAfterChange(o *Observer, before, after string) *link {
	srv, cli := o.server(sidCtx(before)), o.client()
	first := o.connect(srv, cli)
	sidCtx(after)(srv)
	return o.resume(srv, cli, first)
}

func observeWhenContextCounts(o *Observer) {
	cli := o.client()
	sessionAt := func(srv ctx, hooks ...hook) string {
		return sidOf(o.connect(srv, cli, hooks...).server.session)
	}
	tooLong := make([]byte, 33)

	srv := o.server(sidCtx("svc-A"))
	_ = srv.SetSessionIDContext(tooLong)
	o.Note("after a failed call", "%s", sessionAt(srv))
	must(srv.SetSessionIDContext(nil))
	o.Note("after length 0", "%s", sessionAt(srv))

	srv = o.server(sidCtx("one"))
	o.Note("Ctx changed after the SSL was made", "%s", sessionAt(srv, func(*link) { sidCtx("two")(srv) }))

	srv = o.server(sidCtx("ctx"))
	set := func(values ...[]byte) hook {
		return onServer(func(c conn) {
			for _, sid := range values {
				_ = c.SetSessionIDContext(sid)
			}
		})
	}
	o.Note("set on the SSL", "%s", sessionAt(srv, set([]byte("mine"))))
	o.Note("SSL: after a failed call", "%s", sessionAt(srv, set([]byte("mine"), tooLong)))
	o.Note("SSL: after length 0", "%s", sessionAt(srv, set([]byte("mine"), nil)))

	late := o.open(o.server(sidCtx("two")), cli)
	err := late.server.conn.SetSessionIDContext([]byte("later"))
	o.Note("set after the handshake", "%s %s", result(err), sidOf(late.server.conn.Session()))
}

// observeLateContext sets the context in the servername callback, when libssl has made the session already.
func observeLateContext(o *Observer) {
	const name = "set when the name is known"
	srv, cli := o.server(), o.client()
	raw.CtxSetServerNameCallback(ctxOf(srv), func(s raw.SSL) int {
		must(rawSSL{s}.SetSessionIDContext([]byte("sname")))
		return raw.ServerNameOK
	})
	named := onClient(func(c conn) { must(c.SetServerName("sslconform")) })
	first := o.connect(srv, cli, named)
	o.Note(name, "%v", first)
	o.Note(name+": server session", "%s", sidOf(first.server.session))
	o.Note(name+": resume", "%v", o.resume(srv, cli, first, named))
}

func observeClientContext(o *Observer) {
	clearContext := func(c ctx) { must(c.SetSessionIDContext(nil)) }
	for _, c := range []struct {
		name          string
		before, after setting
	}{
		{"never set on the client", nil, nil},
		{"client sets the same", sidCtx("cli"), sidCtx("cli")},
		{"client sets another", sidCtx("cli"), sidCtx("other")},
		{"client clears it", sidCtx("cli"), clearContext},
	} {
		srv, cli := o.server(sidCtx("svc-A")), o.client()
		apply(cli, c.before)
		first := o.connect(srv, cli)
		apply(cli, c.after)
		o.Note(c.name, "%v", o.resume(srv, cli, first))
	}

	srv, cli := o.server(sidCtx("svc-A")), o.client()
	first := o.connect(srv, cli)
	must(first.client.session.SetIDContext([]byte("odd")))
	o.Note("only the client's session has one", "%v", o.resume(srv, cli, first))
}

func apply(c ctx, s setting) {
	if s != nil {
		s(c)
	}
}
