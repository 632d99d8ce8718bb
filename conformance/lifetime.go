package conformance

import (
	"bytes"
	"strings"

	"github.com/go-libssl/libssl"
)

// Section S: how long things live, and how often a session can be used.
var lifetime = []Clause{
	{
		ID: "S1", Page: "SSL_CTX_free(3)",
		Says:  "A client's session outlives the Ctx that it was made with, and can be used with another.",
		Modes: all,
		Want: want(
			is("Ctx gone", "resumable=true"),
			is("resume with another", "ok reused=1/1"),
		),
		Observe: func(o *Observer) {
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
		Truth:  "Nothing enforces single use: a server resumes the same session as often as it is offered, stateful ones too.",
		Whom:   "Clients that take the advice for a rule that libssl keeps: they can be told apart by the ticket they offer again and again.",
		Note:   "SSL_CTX_sess_set_get_cb(3) advises SSL_CTX_remove_session, which is up to the program.",
		Text:   "By default this is not enforced: a server resumes a session as often as it is offered.",
		Modes:  all,
		Want: want(
			is("offered four times", "ok reused=1/1, ok reused=1/1, ok reused=1/1, ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			var times []string
			for range 4 {
				times = append(times, o.resume(srv, cli, first).String())
			}
			o.Note("offered four times", "%s", strings.Join(times, ", "))
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
