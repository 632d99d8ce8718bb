package libtls

import (
	"fmt"

	"github.com/go-libssl/libssl/libtls"
)

const (
	wrongAmount = "wrong amount of ticket key data"
	present     = "ticket key already present"
)

// Section TK, its first part: tls_config_add_ticket_key.
var ticketKeys = []row{
	{
		id: "TK-1", page: pageKey,
		says: "A key that has not 48 bytes is refused.",
		want: want(is("0 bytes; 1 bytes; 16 bytes; 32 bytes; 47 bytes; 49 bytes; 64 bytes; 65536 bytes; nil", wrongAmount)),
		observe: func(o observer) {
			for _, n := range []int{0, 1, 16, 32, 47, 49, 64, 65536} {
				o.note(fmt.Sprintf("%d bytes", n), libtls.NewConfig().AddTicketKey(1, make([]byte, n)))
			}
			o.note("nil", libtls.NewConfig().AddTicketKey(1, nil))
		},
	},
	{
		id: "TK-2", page: pageKey,
		says:    "One that has is taken.",
		want:    want(is("48 bytes", "ok")),
		observe: func(o observer) { o.note("48 bytes", libtls.NewConfig().AddTicketKey(1, key(1))) },
	},
	{
		id: "TK-3", page: pageKey,
		says:  "The newest key once more is no error and changes nothing: it does not get younger.",
		modes: both,
		waits: true,
		want:  want(is("again", "ok"), is("2 and 1", "[ok ok]"), noTicket("aged all the same")),
		observe: func(o observer) {
			c := o.serverConfig(lifetime(4))
			must(c.AddTicketKey(1, key(1)))
			added := startClock()
			srv := o.serverOf(c)
			o.Note("2 and 1", "%v", func() []string {
				c := o.config(ticketKey(1, key(1)), ticketKey(2, key(2)))
				return []string{result(c.AddTicketKey(2, key(2))), result(c.AddTicketKey(3, key(3)))}
			}())
			added.until(3)
			o.note("again", c.AddTicketKey(1, key(1)))
			added.until(6)
			o.Note("aged all the same", "%s", o.ticketOf(srv))
		},
	},
	{
		id: "TK-4", page: pageKey,
		says:    "Other bytes of the same revision are refused.",
		want:    want(is("other bytes", present)),
		observe: func(o observer) { o.note("other bytes", o.config(ticketKey(1, key(1))).AddTicketKey(1, key(2))) },
	},
	{
		id: "TK-5", page: pageKey,
		says:    "The same bytes of another revision are taken: it is the revision that tells keys apart.",
		want:    want(is("other revision", "ok")),
		observe: func(o observer) { o.note("other revision", o.config(ticketKey(1, key(1))).AddTicketKey(2, key(1))) },
	},
	{
		id: "TK-6", page: pageKey,
		says: "An older key once more is refused.",
		want: want(is("3; 2; 1", present), is("4", "ok")),
		observe: func(o observer) {
			c := o.config(ticketKey(1, key(1)), ticketKey(2, key(2)), ticketKey(3, key(3)), ticketKey(4, key(4)))
			for _, n := range []byte{4, 3, 2, 1} {
				o.note(fmt.Sprint(n), c.AddTicketKey(uint32(n), key(n)))
			}
		},
	},
	{
		id: "TK-7", page: pageKey,
		says: "The fifth key takes the place of the first, which may be added again.",
		want: want(is("1; 2; 3; 4; 5; 1 again", "ok"), is("3 again", present)),
		observe: func(o observer) {
			c := libtls.NewConfig()
			for n := byte(1); n <= 5; n++ {
				o.note(fmt.Sprint(n), c.AddTicketKey(uint32(n), key(n)))
			}
			o.note("3 again", c.AddTicketKey(3, key(3)))
			o.note("1 again", c.AddTicketKey(1, key(1)))
		},
	},
	{
		id: "TK-8", page: pageKey,
		says:   "Revision 0 is refused as long as there are fewer than four keys, and an all-zero key of revision 0 is taken and not added.",
		better: "Revision 0 is one like any other.",
		modes:  both,
		want: want(
			is("the first; the second; after four", "ok"), is("all zero", "ok"), is("once more, other bytes", present),
			is("ticket", "00000000000000000000000000000000"), is("all-zero key", "ticket of 0"), is("resume", "resumed=1/1"),
		),
		observe: func(o observer) {
			o.note("the first", libtls.NewConfig().AddTicketKey(0, key(1)))
			c := o.config(ticketKey(1, key(1)))
			o.note("the second", c.AddTicketKey(0, key(2)))
			o.note("once more, other bytes", c.AddTicketKey(0, key(3)))
			o.note("after four", o.config(ticketKey(1, key(1)), ticketKey(2, key(2)), ticketKey(3, key(3)), ticketKey(4, key(4))).
				AddTicketKey(0, key(5)))
			o.note("all zero", libtls.NewConfig().AddTicketKey(0, make([]byte, 48)))
			o.Note("all-zero key", "%s", o.ticketOf(o.server(lifetime(3600), ticketKey(0, make([]byte, 48)))))
			srv := o.server(lifetime(3600), ticketKey(0, key(1)))
			f := o.primed(srv)
			o.Note("ticket", "%x", name(f.session()))
			o.Note("resume", "%v", o.connect(srv, o.client(sessionFile(f))))
		},
	},
	{
		id: "TK-9", page: pageKey,
		says:    "The largest revision is taken.",
		want:    want(is("0xffffffff", "ok")),
		observe: func(o observer) { o.note("0xffffffff", libtls.NewConfig().AddTicketKey(0xffffffff, key(1))) },
	},
	{
		id: "TK-10", page: pageKey,
		says:  "Without a lifetime a key is taken, and there is no ticket.",
		modes: both,
		want:  want(is("added", "ok"), is("ticket", "no ticket")),
		observe: func(o observer) {
			c := o.serverConfig()
			o.note("added", c.AddTicketKey(1, key(1)))
			o.Note("ticket", "%s", o.ticketOf(o.serverOf(c)))
		},
	},
	{
		id: "TK-11", page: pageKey,
		says:  "A key that is added to a server that runs seals at once; older tickets are accepted and replaced.",
		modes: both,
		want:  want(is("added", "ok"), is("resume", "resumed=1/1"), is("ticket in the file", "2"), is("a new client", "ticket of 2")),
		observe: func(o observer) {
			c := o.serverConfig(farm)
			srv := o.serverOf(c)
			f := o.primed(srv)
			o.note("added", c.AddTicketKey(2, key(2)))
			o.Note("resume", "%v", o.connect(srv, o.client(sessionFile(f))))
			o.Note("ticket in the file", "%d", rev(f.session()))
			o.Note("a new client", "%s", o.ticketOf(srv))
		},
	},
}
