package libtls

import (
	"fmt"

	"github.com/go-libssl/libssl/libtls"
)

const noKey = "no valid ticket key found"

// Section TK, its second part: which key seals and opens a ticket.
var ticketPolicy = []row{
	{
		id: "TK-12", page: pageKey,
		says:  "An automatic key is replaced when it has had more than three quarters of the lifetime, by one of the next revision.",
		modes: both,
		waits: true,
		want:  want(is("at once", "the same key"), is("lifetime 4, six seconds later", "the next revision")),
		observe: func(o observer) {
			slow, fast := o.server(lifetime(3600)), o.server(lifetime(4))
			first := o.revOf(fast)
			begun := startClock() // it has its first key
			o.Note("at once", "%s", step(o.revOf(slow), o.revOf(slow)))
			begun.until(6)
			o.Note("lifetime 4, six seconds later", "%s", step(first, o.revOf(fast)))
		},
	},
	{
		id: "TK-13", page: pageKey,
		says:  "A key is of use for a lifetime, to seal and to open.",
		modes: both,
		waits: true,
		want:  want(is("at once", "resumed=1/1"), is("lifetime 4, six seconds later", "resumed=0/0")),
		observe: func(o observer) {
			punctual(func() bool {
				c := o.serverConfig(farm, lifetime(4))
				begun := startClock()
				srv := o.serverOf(c)
				f := o.primed(srv)
				seen := o.connect(srv, o.client(sessionFile(f))).String()
				if begun.late(2) {
					return false
				}
				o.Note("at once", "%s", seen)
				begun.until(6)
				o.Note("lifetime 4, six seconds later", "%v", o.connect(srv, o.client(sessionFile(f))))
				return true
			})
		},
	},
	{
		id: "TK-14", page: pageKey,
		says:  "A ticket that was sealed is sent. (libretls 3.7.0 sends an empty one instead, over OpenSSL.)",
		modes: both,
		want:  want(is("ticket", "ticket of 1"), is("three connections", "resumed=0/0, resumed=1/1, resumed=1/1")),
		observe: func(o observer) {
			o.Note("ticket", "%s", o.ticketOf(o.server(farm)))
			o.Note("three connections", "%s", o.times(3, o.server(farm), o.client(sessionFile(o.file()))))
		},
	},
	{
		id: "TK-15", page: pageKey,
		says:   "When the newest of the program's keys has aged, the handshakes of all clients fail that ask for a ticket.",
		better: "When the newest of the program's keys has aged there are no tickets; only with StrictTicketKeys the handshakes fail.",
		modes:  both,
		waits:  true,
		want: want(
			is("connection", "resumed=0/0"), noTicket("ticket"), is("then a key", "ticket of 2"),
			in(only12, "StrictTicketKeys", "client: handshake failed; server: "+noKey),
			in(only13, "StrictTicketKeys", "client: ok, then cut; server: "+noKey),
		),
		observe: func(o observer) {
			c := o.serverConfig(farm, lifetime(4))
			begun := startClock()
			srv, strictly := o.serverOf(c), o.server(farm, lifetime(4), strictTicketKeys)
			begun.until(6)
			o.Note("connection", "%v", o.connect(srv, o.client(sessionFile(o.file()))))
			o.Note("ticket", "%s", o.ticketOf(srv))
			o.Note("StrictTicketKeys", "%s", o.ticketOf(strictly))
			must(c.AddTicketKey(2, key(2)))
			o.Note("then a key", "%s", o.ticketOf(srv))
		},
	},
	{
		id: "TK-16", page: pageKey,
		says:  "A TLS 1.2 client that asks for no ticket is not concerned.",
		modes: only12,
		waits: true,
		want:  want(is("no session file; StrictTicketKeys", "resumed=0/0")),
		observe: func(o observer) {
			srv, strictly := o.server(farm, lifetime(4)), o.server(farm, lifetime(4), strictTicketKeys)
			startClock().until(6)
			o.Note("no session file", "%v", o.connect(srv, o.client()))
			o.Note("StrictTicketKeys", "%v", o.connect(strictly, o.client()))
		},
	},
	{
		id: "TK-17", page: pageKey,
		says:  "The client of such a handshake hears that the server had an internal error.",
		modes: only12,
		waits: true,
		want:  want(is("StrictTicketKeys", "handshake failed, by the alert 80")),
		observe: func(o observer) {
			strictly := o.server(farm, lifetime(4), strictTicketKeys)
			startClock().until(6)
			l := o.connect(strictly, o.client(sessionFile(o.file())))
			o.Note("StrictTicketKeys", "%s, by the alert %s", l.client.fate(), alert(l.client.err))
		},
	},
	{
		id: "TK-18", page: pageKey,
		says:  "A ticket of the newest key is taken as it is, one of the three keys before it is replaced, and one of no key that is there means a full handshake and a new ticket.",
		modes: both,
		want: want(
			is("newest", "resumed=1/1, ticket of 1"), is("one before; two before; three before", "resumed=1/1, ticket of the newest"),
			is("unknown", "resumed=0/0, ticket of 9"),
			in(only12, "newest: the ticket", "unchanged"),
		),
		observe: func(o observer) {
			c := o.serverConfig(farm)
			srv := o.serverOf(c)
			original := o.primed(srv).content()
			try := func() (*link, *file) {
				f := o.fileOf(original, 0o600, 2)
				return o.connect(srv, o.client(sessionFile(f))), f
			}
			l, f := try()
			o.Note("newest", "%v, ticket of %d", l, rev(f.session()))
			if !o.tls13() { // of which each connection brings new ones
				o.Note("newest: the ticket", "%s", f.since(original))
			}
			for n, name := range []string{"one before", "two before", "three before"} {
				newest := uint32(n) + 2
				must(c.AddTicketKey(newest, key(byte(newest))))
				l, f := try()
				o.Note(name, "%v, ticket of %s", l, map[bool]string{true: "the newest", false: "another"}[rev(f.session()) == newest])
			}
			srv = o.server(lifetime(3600), id("farm"), ticketKey(9, key(9)))
			l, f = try()
			o.Note("unknown", "%v, ticket of %d", l, rev(f.session()))
		},
	},
	{
		id: "TK-19", page: pageKey,
		says:    "Two servers with the same id and key resume each other's sessions.",
		modes:   both,
		want:    want(is("at the other", "resumed=1/1")),
		observe: func(o observer) { o.Note("at the other", "%s", o.elsewhere(farm)) },
	},
	{
		id: "TK-20", page: pageKey,
		says:  "With another id, or their own random ones, they do not, and there is a full handshake and a new ticket.",
		modes: both,
		want:  want(is("another id; random ids", "resumed=0/0, ticket of 1")),
		observe: func(o observer) {
			o.Note("another id", "%s", o.elsewhereAndTicket([]setting{farm}, []setting{farm, id("other")}))
			random := []setting{lifetime(3600), ticketKey(1, key(1))}
			o.Note("random ids", "%s", o.elsewhereAndTicket(random, random))
		},
	},
	{
		id: "TK-21", page: pageKey,
		says:  "Nor with other bytes of the same revision.",
		modes: both,
		want:  want(is("at the other", "resumed=0/0, ticket of 1")),
		observe: func(o observer) {
			o.Note("at the other", "%s", o.elsewhereAndTicket([]setting{farm}, []setting{lifetime(3600), id("farm"), ticketKey(1, key(2))}))
		},
	},
	{
		id: "TK-22", page: pageKey,
		says:  "Nor with the same bytes of another revision.",
		modes: both,
		want:  want(is("at the other", "resumed=0/0, ticket of 2")),
		observe: func(o observer) {
			o.Note("at the other", "%s", o.elsewhereAndTicket([]setting{farm}, []setting{lifetime(3600), id("farm"), ticketKey(2, key(1))}))
		},
	},
	{
		id: "TK-23", page: pageKey,
		says:  "A ticket of the fourth key is resumed and replaced, one of a fifth is not resumed.",
		modes: both,
		want:  want(is("three keys later", "resumed=1/1, ticket of 4"), is("four keys later", "resumed=0/0, ticket of 5")),
		observe: func(o observer) {
			later := func(last uint32) string {
				keys := []setting{lifetime(3600), id("farm")}
				for n := uint32(1); n <= last; n++ {
					keys = append(keys, ticketKey(n, key(byte(n))))
				}
				return o.elsewhereAndTicket([]setting{farm}, keys)
			}
			o.Note("three keys later", "%s", later(4))
			o.Note("four keys later", "%s", later(5))
		},
	},
	{
		id: "TK-24", page: pageKey,
		says:  "Automatic keys are a configuration's own: another server does not resume, whatever its id.",
		modes: both,
		want:  want(is("at the other", "resumed=0/0")),
		observe: func(o observer) {
			o.Note("at the other", "%s", o.elsewhere(func(c *libtls.Config) error {
				must(id("farm")(c))
				return lifetime(3600)(c)
			}))
		},
	},
	{
		id: "TK-25", page: pageKey,
		says:  "The ticket of a full handshake tells the lifetime, and a renewed one of TLS 1.2 tells none.",
		modes: both,
		want: want(
			is("3600", "3600"), is("86400", "86400"), is("8", "8"), is("4", "4"),
			in(only12, "renewed", "0"), in(only13, "renewed", "3600"),
		),
		observe: func(o observer) {
			for _, s := range []int64{3600, 86400, 8, 4} {
				o.Note(fmt.Sprint(s), "%d", o.hint(o.server(lifetime(s))))
			}
			c := o.serverConfig(farm)
			srv := o.serverOf(c)
			f := o.primed(srv)
			must(c.AddTicketKey(2, key(2)))
			o.fill(f, srv)
			o.Note("renewed", "%.0f", f.session().TicketLifetimeHint().Seconds())
		},
	},
	{
		id: "TK-26", page: pageKey,
		says:    "A TLS 1.2 ticket that is renewed is no younger: the session ends a lifetime after its full handshake.",
		modes:   only12,
		waits:   true,
		want:    want(is("lifetime 8: after 4 seconds", "resumed=1/1, ticket of 2"), is("after 10", "resumed=0/0")),
		observe: observeRenewal,
	},
	{
		id: "TK-27", page: pageKey,
		says:    "A TLS 1.3 ticket that is renewed, over OpenSSL, is a new session.",
		modes:   only13,
		waits:   true,
		want:    want(is("lifetime 8: after 4 seconds", "resumed=1/1, ticket of 2"), is("after 10", "resumed=1/1")),
		observe: observeRenewal,
	},
	{
		id: "TK-28", page: pageKey,
		says:  "A ticket is sealed with AES-256-CBC under 16 random bytes, and HMAC-SHA256 with the 16 others of the key.",
		modes: both,
		want:  want(is("ticket", "opened"), is("initialization vectors", "two"), is("with another key", "the HMAC is not HMAC-SHA256 with bytes 32 to 47")),
		observe: func(o observer) {
			srv := o.server(farm)
			one, another := o.primed(srv).session().Ticket(), o.primed(srv).session().Ticket()
			_, err := open(one, key(1))
			o.Note("ticket", "%s", opened(err))
			_, err = open(one, key(2))
			o.Note("with another key", "%s", opened(err))
			o.Note("initialization vectors", "%s", map[bool]string{true: "one", false: "two"}[string(one[16:32]) == string(another[16:32])])
		},
	},
}

// revOf is the revision of the key that a server seals with.
func (o observer) revOf(srv *server) uint32 { return rev(o.primed(srv).session()) }

// step is how one revision follows another.
func step(before, after uint32) string {
	switch after {
	case before:
		return "the same key"
	case before + 1:
		return "the next revision"
	}
	return "another revision"
}

// elsewhere takes a session from one server to another of the same settings.
func (o observer) elsewhere(set ...setting) string {
	f := o.primed(o.server(set...))
	return o.connect(o.server(set...), o.client(sessionFile(f))).String()
}

// elsewhereAndTicket takes a session from one server to another, and tells whose ticket the client has in the end.
func (o observer) elsewhereAndTicket(one, another []setting) string {
	f := o.primed(o.server(one...))
	l := o.connect(o.server(another...), o.client(sessionFile(f)))
	return fmt.Sprintf("%v, ticket of %d", l, rev(f.session()))
}

// observeRenewal renews a ticket in the middle of its life, under a key that outlives it.
func observeRenewal(o observer) {
	punctual(func() bool {
		c := o.serverConfig(farm, lifetime(8))
		srv := o.serverOf(c)
		begun := startClock()
		f := o.primed(srv)
		cli := o.client(sessionFile(f))
		begun.until(4)
		must(c.AddTicketKey(2, key(2)))
		seen := fmt.Sprintf("%v, ticket of %d", o.connect(srv, cli), rev(f.session()))
		if begun.late(6) {
			return false
		}
		begun.until(10)
		after := o.connect(srv, cli).String()
		if begun.late(11) {
			return false
		}
		o.Note("lifetime 8: after 4 seconds", "%s", seen)
		o.Note("after 10", "%s", after)
		return true
	})
}
