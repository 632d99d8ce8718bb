package libtls

import (
	"bytes"
	"fmt"

	"github.com/go-libssl/libssl/libtls"
)

// Sections ID and LT: tls_config_set_session_id and tls_config_set_session_lifetime.
var sessionID = []row{
	{
		id: "ID-1", page: pageID,
		says: "An id may be empty and have up to 32 bytes.",
		want: want(is("0 bytes; 1 bytes; 32 bytes; nil", "ok")),
		observe: func(o observer) {
			o.sessionIDs(0, 1, 32)
			o.note("nil", libtls.NewConfig().SetSessionID(nil))
		},
	},
	{
		id: "ID-2", page: pageID,
		says:  "A longer one is refused, and the id stays what it was.",
		modes: both,
		want:  want(is("33 bytes; 65536 bytes", "session ID too large"), is("then", "\"farm\", padded to 32 bytes")),
		observe: func(o observer) {
			c := o.serverConfig(farm)
			for _, n := range []int{33, 65536} {
				o.note(fmt.Sprintf("%d bytes", n), c.SetSessionID(make([]byte, n)))
			}
			o.Note("then", "%s", o.contextOf(c))
		},
	},
	{
		id: "ID-3", page: pageID,
		says:  "A shorter one is filled up with zeros: an id and the same with zeros behind it are one.",
		modes: both,
		want: want(
			is("farm", "\"farm\", padded to 32 bytes"), is("farm and three zeros", "\"farm\", padded to 32 bytes"),
			is("resumed by the other", "resumed=1/1"),
		),
		observe: func(o observer) {
			o.Note("farm", "%s", o.contextOf(o.serverConfig(farm)))
			o.Note("farm and three zeros", "%s", o.contextOf(o.serverConfig(farm, id("farm\x00\x00\x00"))))
			f := o.primed(o.server(farm))
			o.Note("resumed by the other", "%v", o.connect(o.server(farm, id("farm\x00\x00\x00")), o.client(sessionFile(f))))
		},
	},
	{
		id: "ID-4", page: pageID,
		says:  "It is read when the server is configured, and a change after that has no effect.",
		modes: both,
		want:  want(is("changed", "ok"), is("resume", "resumed=1/1")),
		observe: func(o observer) {
			c := o.serverConfig(farm)
			srv := o.serverOf(c)
			f := o.primed(srv)
			o.note("changed", c.SetSessionID([]byte("other")))
			o.Note("resume", "%v", o.connect(srv, o.client(sessionFile(f))))
		},
	},
	{
		id: "LT-1", page: pageLifetime,
		says:    "0 and 4 to 86400 seconds are taken.",
		want:    want(is("0; 4; 5; 3600; 86399; 86400", "ok")),
		observe: func(o observer) { o.lifetimes(0, 4, 5, 3600, 86399, 86400) },
	},
	{
		id: "LT-2", page: pageLifetime,
		says:    "Less is too small.",
		want:    want(is("1; 2; 3; -1; -86400; -2147483648", "session lifetime too small")),
		observe: func(o observer) { o.lifetimes(1, 2, 3, -1, -86400, -2147483648) },
	},
	{
		id: "LT-3", page: pageLifetime,
		says:    "More is too large.",
		want:    want(is("86401; 100000; 2147483647", "session lifetime too large")),
		observe: func(o observer) { o.lifetimes(86401, 100000, 2147483647) },
	},
	{
		id: "LT-4", page: pageLifetime,
		says:  "A call that fails leaves the lifetime that was set before.",
		modes: both,
		want:  want(is("3", "session lifetime too small"), is("hint", "3600")),
		observe: func(o observer) {
			c := o.serverConfig(farm)
			o.note("3", lifetime(3)(c))
			o.Note("hint", "%d", o.hint(o.serverOf(c)))
		},
	},
	{
		id: "LT-5", page: pageLifetime,
		says:  "A lifetime that a server is given only after it was configured turns no sessions on.",
		modes: both,
		want:  want(is("set", "ok"), is("three connections", "resumed=0/0, resumed=0/0, resumed=0/0")),
		observe: func(o observer) {
			c := o.serverConfig(id("farm"), ticketKey(1, key(1)))
			srv := o.serverOf(c)
			o.note("set", lifetime(3600)(c))
			o.Note("three connections", "%s", o.times(3, srv, o.client(sessionFile(o.file()))))
		},
	},
	{
		id: "LT-6", page: pageLifetime,
		says:   "Another lifetime leaves the hint of a server that is configured as it was, but counts at once for the age of its keys.",
		better: "Another lifetime leaves the hint of a server that is configured as it was, but counts at once for the age of its keys; for want of a key there is no ticket, where libtls' handshakes fail.",
		modes:  both,
		waits:  true,
		want: want(
			is("hint", "3600"), noTicket("4, six seconds later; 0"), is("resume", "resumed=0/0"),
			in(only12, "StrictTicketKeys", "client: handshake failed; server: no valid ticket key found"),
			in(only13, "StrictTicketKeys", "client: ok, then cut; server: no valid ticket key found"),
		),
		observe: func(o observer) {
			punctual(func() bool {
				c, strict := o.serverConfig(farm), o.serverConfig(farm, strictTicketKeys)
				added := startClock() // they have their keys
				srv, strictly := o.serverOf(c), o.serverOf(strict)
				f := o.primed(srv)
				must(lifetime(4)(c))
				must(lifetime(4)(strict))
				hint := o.hint(srv)
				if added.late(3) {
					return false
				}
				o.Note("hint", "%d", hint)
				added.until(6)
				o.Note("4, six seconds later", "%s", o.ticketOf(srv))
				o.Note("resume", "%v", o.connect(srv, o.client(sessionFile(f))))
				o.Note("StrictTicketKeys", "%s", o.ticketOf(strictly))
				must(lifetime(0)(c))
				o.Note("0", "%s", o.ticketOf(srv))
				return true
			})
		},
	},
}

// contextOf tells of the session id context in the tickets of a configuration with farm's key.
func (o observer) contextOf(c *libtls.Config) string {
	f := o.primed(o.serverOf(c))
	sid := must1(open(f.session().Ticket(), key(1))).IDContext()
	text := bytes.TrimRight(sid, "\x00")
	return fmt.Sprintf("%q, padded to %d bytes", text, len(sid))
}

// hint is the lifetime hint of the tickets of a server, in seconds.
func (o observer) hint(srv *server) int {
	return int(o.primed(srv).session().TicketLifetimeHint().Seconds())
}
