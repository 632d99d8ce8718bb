package conformance

import (
	"bytes"
	"fmt"

	"github.com/go-libssl/libssl"
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
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			o.Note("default", "%d", ctx.NumTickets())
			for _, n := range []int{0, 5, 1000} {
				err := ctx.SetNumTickets(n)
				o.Note(fmt.Sprint(n), "%s now %d", result(err), ctx.NumTickets())
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
		ID: "O6", Page: pageTicketKeys,
		Says: "Ticket keys are 80 bytes; they can be set and read back, and another length is refused.",
		Want: want(
			is("79 bytes; 81 bytes", "ret=0 E{20:325}"),
			is("80 bytes", "ok"),
			is("read back", "80 bytes, the same"),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			keys := bytes.Repeat([]byte{0x5a}, 81)
			for _, n := range []int{79, 81, 80} {
				o.Note(fmt.Sprintf("%d bytes", n), "%s", result(ctx.SetTicketKeys(keys[:n])))
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

// collector makes a client that keeps every session it is told of. They are kept out of libssl's own
// cache, which uses up what it hands out.
func (o *Observer) collector() (*[]session, ctx) {
	var got []session
	cli := o.client(cacheMode(libssl.SessionCacheClient | libssl.SessionCacheNoInternalStore))
	cli.SetNewSessionCallback(func(s session) { got = append(got, s) })
	return &got, cli
}
