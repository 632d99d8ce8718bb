package conformance

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

// Section S: how long things live, and how often a session can be used.
var lifetime = []Clause{
	{
		ID: "S1", Page: "SSL_CTX_free(3)",
		Says:   "Nothing on a client's sessions that the program keeps.",
		Manual: Silent,
		Truth:  "A client's session outlives the Ctx that it was made with and can be used with another, unless it is in the cache of the Ctx that is freed.",
		Whom:   "Clients with SSL_SESS_CACHE_CLIENT that replace their Ctx: every session from before is of no more use.",
		Text:   "Sessions that the application holds a reference to stay valid, but those in the session cache of ctx are marked as non-resumable.",
		Modes:  all,
		Want: want(
			is("Ctx gone", "resumable=true"),
			is("resume with another", "ok reused=1/1"),
			by(onlyRaw,
				is("SSL_SESS_CACHE_CLIENT", "resumable=true, Ctx gone: resumable=false, ok reused=0/0"),
				is("SSL_SESS_CACHE_CLIENT, NO_INTERNAL_STORE", "resumable=true, Ctx gone: resumable=true, ok reused=1/1")),
		),
		Observe: func(o *Observer) {
			if o.Way == Raw {
				observeSurvival(o, "SSL_SESS_CACHE_CLIENT", libssl.SessionCacheClient)
				observeSurvival(o, "SSL_SESS_CACHE_CLIENT, NO_INTERNAL_STORE", libssl.SessionCacheClient|libssl.SessionCacheNoInternalStore)
			}

			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			must(cli.Close())
			o.Note("Ctx gone", "resumable=%t", first.client.session.IsResumable())
			o.Note("resume with another", "%v", o.resume(srv, o.client(), first))
		},
	},
	{
		ID: "S2", Page: "SSL_CTX_free(3)",
		Says:  "A Ctx may be let go while there are connections: they keep what they need.",
		Modes: all,
		Want: want(
			is("let go before the handshake; let go after it", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			l := o.prepare(srv, cli)
			must(srv.Close())
			must(cli.Close())
			l.meet()
			l.greet()
			o.Note("let go before the handshake", "%v", l)

			srv, cli = o.server(), o.client()
			l = o.open(srv, cli)
			must(srv.Close())
			must(cli.Close())
			l.greet()
			o.Note("let go after it", "%v", l)
		},
	},
	{
		ID: "S3", Page: "SSL_get_session(3)",
		Says:   "A TLS 1.3 session should be used once only.",
		Manual: Silent,
		Truth:  "A server resumes the same session as often as it is offered, stateful ones too; only a client with SSL_SESS_CACHE_CLIENT spoils a TLS 1.3 session by using it.",
		Whom:   "Clients that take the advice for a rule that libssl keeps: they can be told apart by the ticket they offer again and again.",
		Note:   "SSL_CTX_sess_set_get_cb(3) advises SSL_CTX_remove_session, which is up to the program.",
		Text:   "By default this is not enforced: a server resumes a session as often as it is offered. On a client with SSL_SESS_CACHE_CLIENT set a session is non-resumable after it was used once.",
		Modes:  all,
		Want: want(
			is("offered four times", "ok reused=1/1, ok reused=1/1, ok reused=1/1, ok reused=1/1"),
			by(onlyRaw,
				in(tls12, "SSL_SESS_CACHE_CLIENT", "ok reused=1/1 resumable=true, ok reused=1/1 resumable=true, ok reused=1/1 resumable=true"),
				in(tls13, "SSL_SESS_CACHE_CLIENT", "ok reused=1/1 resumable=false, ok reused=0/0 resumable=false, ok reused=0/0 resumable=false")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			var times []string
			for range 4 {
				times = append(times, o.resume(srv, cli, first).String())
			}
			o.Note("offered four times", "%s", strings.Join(times, ", "))
			if o.Way == Raw {
				observeSpending(o)
			}
		},
	},
	{
		ID: "S4", Page: "SSL_CTX_set_options(3)",
		Says:  "With early data a server accepts each TLS 1.3 session once, unless SSL_OP_NO_ANTI_REPLAY is set.",
		Modes: tls13,
		Ways:  onlyRaw,
		Want: want(
			is("early data", "ok reused=1/1, ok reused=0/0"),
			is("early data, SSL_OP_NO_ANTI_REPLAY; no early data", "ok reused=1/1, ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			twice := func(name string, set ...setting) {
				srv, cli := o.server(set...), o.client()
				first := o.connect(srv, cli)
				o.Note(name, "%v, %v", o.resume(srv, cli, first), o.resume(srv, cli, first))
			}
			twice("early data", earlyData)
			twice("early data, SSL_OP_NO_ANTI_REPLAY", earlyData, noAntiReplay)
			twice("no early data")
		},
	},
	{
		ID: "S5", Page: pageSessionCallbacks,
		Says:  "The tickets of one connection are sessions of their own, each of which can be used.",
		Modes: tls13,
		Want: want(
			is("tickets", "2, distinct=true"),
			is("each used", "ok reused=1/1, ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			srv := o.server()
			tickets, cli := o.collector()
			o.connect(srv, cli)
			two := (*tickets)[:2]
			o.Note("tickets", "%d, distinct=%t", len(*tickets), !bytes.Equal(two[0].ID(), two[1].ID()))
			var times []string
			for _, s := range two {
				times = append(times, o.connect(srv, cli, offer(s)).String())
			}
			o.Note("each used", "%s", strings.Join(times, ", "))
		},
	},
	{
		ID: "S6", Page: pageNumTickets,
		Says:   "Nothing on what a stateful TLS 1.3 ticket is.",
		Manual: Silent,
		Truth:  "A stateful TLS 1.3 ticket is the bare id of the server's last session; the client's session has another id.",
		Whom:   "Servers that keep TLS 1.3 sessions in the cache: the ticket is the id in the clear, so an id with meaning can be read on the wire when the client comes back.",
		Note:   "SSL_CTX_set_options(3) says that the id is wrapped up in a ticket.",
		Text:   "A stateful ticket consists of the session id of the server's session, in the clear.",
		Modes:  only13s,
		Want: want(
			is("ticket", "32 bytes, the server's id=true"),
			is("ids the same", "false"),
		),
		Observe: func(o *Observer) {
			l := o.connect(o.server(), o.client())
			its, mine := l.client.session, l.server.session
			parts := fields(must1(its.MarshalBinary()))
			ticket := parts[tagged(parts, tagTicket)][4:] // behind two headers of two bytes
			o.Note("ticket", "%d bytes, the server's id=%t", len(ticket), bytes.Equal(ticket, mine.ID()))
			o.Note("ids the same", "%t", bytes.Equal(its.ID(), mine.ID()))
		},
	},
	{
		ID: "S7", Page: "SSL_CTX_set_options(3)",
		Says:   "SSL_OP_NO_TICKET is an option for servers only.",
		Manual: Wrong,
		Truth:  "SSL_OP_NO_TICKET on a client makes a TLS 1.2 server use its cache; in TLS 1.3 it makes no difference.",
		Whom:   "Clients that set the option to be rid of tickets: in TLS 1.2 it works, and moves the load to the server's cache.",
		Text:   "On a client the option keeps a TLSv1.2 server from issuing a ticket, so that it uses its session cache. In TLSv1.3 it has no effect on a client.",
		Modes:  tickets,
		Want: want(
			in(only12t, "first", "ok reused=0/0 server number=1 client ticket=false"),
			in(only13t, "first", "ok reused=0/0 server number=0 client ticket=true"),
			is("resume", "ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client(noTicket)
			first := o.connect(srv, cli)
			o.Note("first", "%v server number=%d client ticket=%t", first, srv.SessionStats().Number, first.client.session.HasTicket())
			o.Note("resume", "%v", o.resume(srv, cli, first))
		},
	},
	{
		ID: "S8", Page: "SSL_get_error(3)",
		Says:   "The error queue has to be empty before a handshake, or SSL_get_error cannot be relied on.",
		Manual: Silent,
		Truth:  "SSL_do_handshake empties the error queue itself before it begins; functions that set or read leave it alone.",
		Whom:   "C programs that look at the queue after several calls: a handshake takes away what an earlier one had left.",
		Text:   "SSL_do_handshake(), SSL_connect() and SSL_accept() clear the error queue before they start.",
		Modes:  all,
		Ways:   onlyRaw,
		Want: want(
			is("cache mode set", "ret=2 E{128:42}"), is("cache mode read", "ret=0 E{128:42}"),
			is("cache size set", "ret=20480 E{128:42}"), is("timeout set", "ret=7200 E{128:42}"),
			is("context set; generate callback set", "ret=1 E{128:42}"),
			is("SSL_do_handshake that has to wait", "ret=-1 no error SSL_get_error=2"),
			is("SSL_do_handshake that ends well", "ret=1 no error SSL_get_error=0"),
		),
		Observe: observeStaleErrors,
	},
	{
		ID: "S9", Page: "SSL_CTX_set_options(3)",
		Says: "Setting and clearing options gives back the new set; what is not named stays.",
		Want: want(
			is("set", "NO_TICKET=true others kept=true"),
			is("set again", "the same=true"),
			is("cleared", "NO_TICKET=false others kept=true"),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			before := ctx.SetOptions(0)
			set := ctx.SetOptions(libssl.NoTicket)
			again := ctx.SetOptions(libssl.NoTicket)
			cleared := ctx.ClearOptions(libssl.NoTicket)
			o.Note("set", "NO_TICKET=%t others kept=%t", set&libssl.NoTicket != 0, set&^libssl.NoTicket == before)
			o.Note("set again", "the same=%t", again == set)
			o.Note("cleared", "NO_TICKET=%t others kept=%t", cleared&libssl.NoTicket != 0, cleared == before)
		},
	},
}

// observeSurvival frees the Ctx in whose cache a client's session is.
func observeSurvival(o *Observer, name string, m libssl.SessionCacheMode) {
	srv, cli := o.server(), o.client(cacheMode(m))
	first := o.connect(srv, cli)
	its := first.client.session
	before := its.IsResumable()
	must(cli.Close())
	o.Note(name, "resumable=%t, Ctx gone: resumable=%t, %v", before, its.IsResumable(), o.resume(srv, o.client(), first))
}

// observeSpending offers one object again and again at a client with a cache.
func observeSpending(o *Observer) {
	srv, cli := o.server(), o.client(cacheMode(libssl.SessionCacheClient))
	its := o.connect(srv, cli).client.session
	var times []string
	for range 3 {
		l := o.connect(srv, cli, onClient(func(c conn) { must(c.SetSession(its)) }))
		times = append(times, fmt.Sprintf("%v resumable=%t", l, its.IsResumable()))
	}
	o.Note("SSL_SESS_CACHE_CLIENT", "%s", strings.Join(times, ", "))
}

// observeStaleErrors has an error on the queue before each call.
func observeStaleErrors(o *Observer) {
	srv := o.server()
	c := ctxOf(srv)
	o.Note("cache mode set", "%v", raw.CtxSetSessionCacheMode(c, 0, stale))
	o.Note("cache mode read", "%v", raw.CtxSessionCacheMode(c, stale))
	o.Note("cache size set", "%v", raw.CtxSetSessionCacheSize(c, 7, stale))
	o.Note("timeout set", "%v", raw.CtxSetTimeout(c, 7, stale))
	o.Note("context set", "%v", raw.CtxSetSessionIDContext(c, new(byte), 1, stale))
	o.Note("generate callback set", "%v", raw.CtxSetGenerateSessionID(c, nil, stale))

	l := o.prepare(srv, o.client())
	server := l.server.conn.(*rawConn)
	var first, last raw.Ret
	Together(func() { must(l.client.conn.Handshake()) }, func() {
		must1(server.move(func() raw.Ret {
			last = raw.SSLDoHandshake(server.p, stale)
			if first.Op == "" {
				first = last
			}
			return last
		}))
	})
	o.Note("SSL_do_handshake that has to wait", "%v SSL_get_error=%d", first, first.SSLError)
	o.Note("SSL_do_handshake that ends well", "%v SSL_get_error=%d", last, last.SSLError)
}
