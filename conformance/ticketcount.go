package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const (
	pageNumTickets = "SSL_CTX_set_num_tickets(3)"
	pageTicketKeys = "SSL_CTX_set_tlsext_ticket_keys(3)"
)

// Section O: how many tickets, and under which keys.
var ticketCount = []Clause{
	{
		ID: "O1", Page: pageNumTickets,
		Says: "A TLS 1.3 server sends 2 tickets unless told otherwise; the number can be set and read back.",
		Want: want(
			is("default", "2"),
			is("0", "ok now 0"), is("5", "ok now 5"), is("1000", "ok now 1000"),
			by(onlyRaw,
				is("SIZE_MAX; SSL: SIZE_MAX", "ret=1 no error now 18446744073709551615"),
				is("SSL: default", "5"),
				is("SSL: 0", "ret=1 no error now 0")),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			o.Note("default", "%d", ctx.NumTickets())
			for _, n := range []int{0, 5, 1000} {
				err := ctx.SetNumTickets(n)
				o.Note(fmt.Sprint(n), "%s now %d", result(err), ctx.NumTickets())
			}
			if o.Way == Raw {
				must(ctx.SetNumTickets(5))
				s := sslOf(o.prepare(ctx, o.client()).server.conn)
				o.Note("SSL: default", "%d", raw.SSLNumTickets(s))
				o.Note("SSL: 0", "%v now %d", raw.SSLSetNumTickets(s, 0), raw.SSLNumTickets(s))
				o.Note("SSL: SIZE_MAX", "%v now %d", raw.SSLSetNumTickets(s, math.MaxUint64), raw.SSLNumTickets(s))
				o.Note("SIZE_MAX", "%v now %d", raw.CtxSetNumTickets(ctxOf(ctx), math.MaxUint64), raw.CtxNumTickets(ctxOf(ctx)))
			}
		},
	},
	{
		ID: "O2", Page: pageNumTickets,
		Says:  "That many come after a full handshake, and at most one after a resumption.",
		Modes: tls13,
		Want: want(
			is("0", "0, then 0 with ok reused=0/0"),
			is("1", "1, then 1 with ok reused=1/1"),
			is("2", "2, then 1 with ok reused=1/1"),
			is("5", "5, then 1 with ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			for _, n := range []int{0, 1, 2, 5} {
				srv := o.server(numTickets(n))
				tickets, cli := o.collector()
				first := o.connect(srv, cli)
				full := len(*tickets)
				again := o.resume(srv, cli, first)
				o.Note(fmt.Sprint(n), "%d, then %d with %v", full, len(*tickets)-full, again)
			}
		},
	},
	{
		ID: "O3", Page: pageNumTickets,
		Says:  "With 0 there is no ticket after a resumption either; TLS 1.2 does not mind the number.",
		Modes: not12s,
		Want: want(
			in(tls13, "set to 0, then resumed", "ok reused=1/1 new tickets=0"),
			in(only12t, "0 from the start", "ticket=true, then ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			if !o.Mode.tls13() {
				srv, cli := o.server(numTickets(0)), o.client()
				first := o.connect(srv, cli)
				o.Note("0 from the start", "ticket=%t, then %v", first.client.session.HasTicket(), o.resume(srv, cli, first))
				return
			}
			srv := o.server()
			tickets, cli := o.collector()
			first := o.connect(srv, cli)
			before := len(*tickets)
			numTickets(0)(srv)
			again := o.resume(srv, cli, first)
			o.Note("set to 0, then resumed", "%v new tickets=%d", again, len(*tickets)-before)
		},
	},
	{
		ID: "O4", Page: pageNumTickets,
		Says:  "After a client has authenticated itself later, tickets are sent anew, as many as were set.",
		Modes: tls13,
		Ways:  onlyRaw,
		Want: want(
			is("0", "ok reused=0/0, ret=1 no error, tickets=0, then 0 more, client's certificate present"),
			is("1", "ok reused=0/0, ret=1 no error, tickets=1, then 1 more, client's certificate present"),
			is("2", "ok reused=0/0, ret=1 no error, tickets=2, then 2 more, client's certificate present"),
			is("3", "ok reused=0/0, ret=1 no error, tickets=3, then 3 more, client's certificate present"),
		),
		Observe: observeLaterAuthentication,
	},
	{
		ID: "O5", Page: pageNumTickets,
		Says:   "SSL_new_session_ticket has a TLS 1.3 server send one more ticket, once its handshake is over, with what it writes next or by SSL_do_handshake.",
		Manual: Silent,
		Truth:  "Where SSL_new_session_ticket has no ticket to send, in TLS 1.2, on a client or before the handshake is over, it returns 0 and queues no error.",
		Whom:   "C programs that print the error stack when the call fails: it can be empty, or show something older.",
		Note:   "The function came with 3.0.",
		Text:   "When SSL_new_session_ticket() returns 0, no error is added to the error stack.",
		From:   V3_0,
		Modes:  all,
		Ways:   onlyRaw,
		Want: want(
			is("before the handshake; after it; on the client; asked for, then SSL_do_handshake; asked for three times, then written", notThere),
			since(V3_0,
				is("before the handshake; on the client", "ret=0 no error"),
				in(tls12, "after it", "ret=0 no error"),
				in(tls13, "after it", "ret=1 no error"),
				in(tls12, "asked for, then SSL_do_handshake; asked for three times, then written", "tickets=0"),
				in(tls13, "asked for, then SSL_do_handshake", "tickets=1"),
				in(tls13, "asked for three times, then written", "tickets=3")),
		),
		Observe: observeTicketOnRequest,
	},
	{
		ID: "O6", Page: pageTicketKeys,
		Says: "Ticket keys are 80 bytes; they can be set and read back, and another length is refused.",
		Want: want(
			is("79 bytes; 81 bytes", "ret=0 E{20:325}"),
			is("80 bytes", "ok"),
			is("read back", "80 bytes, the same"),
			by(onlyRaw,
				is("set from NULL; read into NULL", "ret=80 no error"),
				is("read into 81 bytes", "ret=0 E{20:325}")),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			keys := bytes.Repeat([]byte{0x5a}, 81)
			for _, n := range []int{79, 81, 80} {
				o.Note(fmt.Sprintf("%d bytes", n), "%s", result(ctx.SetTicketKeys(keys[:n])))
			}
			if o.Way == Raw {
				c := ctxOf(ctx)
				o.Note("set from NULL", "%v", raw.CtxSetTicketKeys(c, nil, 0))
				o.Note("read into NULL", "%v", raw.CtxTicketKeys(c, nil, 0))
				o.Note("read into 81 bytes", "%v", raw.CtxTicketKeys(c, &make([]byte, 81)[0], 81))
			}
			now := must1(ctx.TicketKeys())
			o.Note("read back", "%d bytes, %s", len(now), map[bool]string{true: "the same", false: "others"}[bytes.Equal(now, keys[:80])])
		},
	},
	{
		ID: "O7", Page: pageTicketKeys,
		Says:  "Servers with the same ticket keys resume each other's tickets, and others do not.",
		Modes: tickets,
		Want: want(
			is("same keys", "ok reused=1/1"),
			is("other keys", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			keys := func(b byte) setting {
				return func(c ctx) { must(c.SetTicketKeys(bytes.Repeat([]byte{b}, 80))) }
			}
			cli := o.client()
			first := o.connect(o.server(keys(1)), cli)
			o.Note("same keys", "%v", o.resume(o.server(keys(1)), cli, first))
			o.Note("other keys", "%v", o.resume(o.server(keys(2)), cli, first))
		},
	},
}

func observeLaterAuthentication(o *Observer) {
	for n := range 4 {
		srv := o.server(numTickets(n), sidCtx("svc"))
		srv.SetVerify(libssl.VerifyNone, func() {})
		tickets, cli := o.collector()
		o.certificate(cli)
		raw.CtxSetPostHandshakeAuth(ctxOf(cli), true)
		l := o.open(srv, cli)
		before := len(*tickets)
		s := sslOf(l.server.conn)
		raw.SSLSetVerify(s, int(libssl.VerifyPeer))
		r := raw.SSLVerifyClientPostHandshake(s)
		must(l.server.conn.Handshake()) // sends the request
		l.greet()                       // the client answers it
		l.greet()                       // the server sees that, and the client what comes of it
		o.Note(fmt.Sprint(n), "%v, %v, tickets=%d, then %d more, client's certificate %s", l, r, before, len(*tickets)-before, peerOf(l.server.session))
	}
}

func observeTicketOnRequest(o *Observer) {
	ask := func(c conn) string {
		return ifThere("SSL_new_session_ticket", func() string { return raw.SSLNewSessionTicket(sslOf(c)).String() })
	}
	tickets, cli := o.collector()
	l := o.prepare(o.server(), cli)
	o.Note("before the handshake", "%s", ask(l.server.conn))
	l.meet()
	l.greet()
	got := len(*tickets)
	note := func(name string) {
		more := len(*tickets) - got
		o.Note(name, "%s", ifThere("SSL_new_session_ticket", func() string { return fmt.Sprintf("tickets=%d", more) }))
		got = len(*tickets)
	}
	o.Note("on the client", "%s", ask(l.client.conn))
	o.Note("after it", "%s", ask(l.server.conn))
	must(l.server.conn.Handshake()) // writes no data
	must(l.server.lastWord())
	if _, err := l.client.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		must(fmt.Errorf("the client read to no end: %w", err))
	}
	note("asked for, then SSL_do_handshake")

	l = o.open(o.server(), cli)
	got = len(*tickets)
	for range 3 {
		ask(l.server.conn)
	}
	l.greet()
	note("asked for three times, then written")
}

// collector makes a client that keeps every session it is told of. They are kept out of libssl's own
// cache, which uses up what it hands out.
func (o *Observer) collector() (*[]session, ctx) {
	var got []session
	cli := o.client(cacheMode(libssl.SessionCacheClient | libssl.SessionCacheNoInternalStore))
	cli.SetNewSessionCallback(func(s session) { got = append(got, s) })
	return &got, cli
}
