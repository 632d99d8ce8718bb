package libtls

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/go-libssl/libssl/conformance"
	"github.com/go-libssl/libssl/libtls"
)

// Section C: constants and defaults.
var constants = []row{
	{
		id: "C-1", page: pageID,
		says:    "A session id has 32 bytes at most.",
		want:    want(is("32 bytes", "ok"), is("33 bytes", "session ID too large")),
		observe: func(o observer) { o.sessionIDs(32, 33) },
	},
	{
		id: "C-2", page: pageKey,
		says:  "A ticket key has 48 bytes: 32 for AES-256, then 16 for HMAC.",
		modes: both,
		want:  want(is("48 bytes", "ok"), is("ticket", "opened")),
		observe: func(o observer) {
			o.note("48 bytes", libtls.NewConfig().AddTicketKey(1, key(1)))
			_, err := open(o.primed(o.server(farm)).session().Ticket(), key(1))
			o.Note("ticket", "%s", opened(err))
		},
	},
	{
		id: "C-3", page: pageLifetime,
		says: "A lifetime is 4 seconds at least and 86400 at most.",
		want: want(is("4; 86400", "ok"), is("3", "session lifetime too small"), is("86401", "session lifetime too large")),
		observe: func(o observer) {
			o.lifetimes(3, 4, 86400, 86401)
		},
	},
	{
		id: "C-4", page: pageKey,
		says:  "Four keys are kept, and the newest is the one that seals.",
		modes: both,
		want:  want(is("there", "[2 3 4 5]"), is("seals", "5")),
		observe: func(o observer) {
			var keys []setting
			for n := range 5 {
				keys = append(keys, ticketKey(uint32(n)+1, key(byte(n)+1)))
			}
			c := o.serverConfig(append(keys, lifetime(3600))...)
			o.Note("seals", "%d", rev(o.primed(o.serverOf(c)).session()))
			var there []int
			for n := 5; n > 0; n-- { // the newest first: what is not there is added and takes the place of another
				if err := c.AddTicketKey(uint32(n), key(77)); err != nil {
					there = append([]int{n}, there...)
				}
			}
			o.Note("there", "%v", there)
		},
	},
	{
		id: "C-5", page: pageKey,
		says:  "A ticket begins with its key's name: the revision in four bytes, the most significant first, and twelve bytes of zero.",
		modes: both,
		want:  want(is("0x01020304", "01020304000000000000000000000000"), is("0xffffffff", "ffffffff000000000000000000000000")),
		observe: func(o observer) {
			for _, r := range []uint32{0x01020304, 0xffffffff} {
				f := o.primed(o.server(lifetime(3600), ticketKey(r, key(1))))
				o.Note(fmt.Sprintf("%#08x", r), "%x", name(f.session()))
			}
		},
	},
	{
		id: "C-6", page: pageFD,
		says:    "A client has no session file unless it is given one, and resumes nothing.",
		modes:   both,
		want:    want(is("three connections", "resumed=0/0, resumed=0/0, resumed=0/0")),
		observe: func(o observer) { o.Note("three connections", "%s", o.times(3, o.server(farm), o.client())) },
	},
	{
		id: "C-7", page: pageLifetime,
		says:  "A server has no lifetime unless it is given one, and has no sessions.",
		modes: both,
		want:  want(is("three connections", "resumed=0/0, resumed=0/0, resumed=0/0")),
		observe: func(o observer) {
			o.Note("three connections", "%s", o.times(3, o.server(), o.client(sessionFile(o.file()))))
		},
	},
	{
		id: "C-8", page: pageID,
		says:  "Each new configuration has a session id of its own, of 32 random bytes.",
		modes: both,
		want:  want(is("one", "32 bytes"), is("another", "another one"), is("all zero", "false")),
		observe: func(o observer) {
			of := func() []byte {
				f := o.primed(o.server(lifetime(3600), ticketKey(1, key(1))))
				return must1(open(f.session().Ticket(), key(1))).IDContext()
			}
			one, another := of(), of()
			o.Note("one", "%d bytes", len(one))
			o.Note("another", "%s", map[bool]string{true: "the same", false: "another one"}[bytes.Equal(one, another)])
			o.Note("all zero", "%t", bytes.Equal(one, make([]byte, len(one))))
		},
	},
	{
		id: "C-9", page: pageKey,
		says:  "Without keys of the program's a server makes its own, whose revisions begin with a random number.",
		modes: both,
		want:  want(is("two configurations", "two revisions"), is("the rest of the name", "000000000000000000000000")),
		observe: func(o observer) {
			one, another := o.primed(o.server(lifetime(3600))).session(), o.primed(o.server(lifetime(3600))).session()
			o.Note("two configurations", "%s", map[bool]string{true: "one revision", false: "two revisions"}[rev(one) == rev(another)])
			n := name(one)
			o.Note("the rest of the name", "%x", n[4:])
		},
	},
	{
		id: "C-10", page: pageKey,
		says:  "The first key that a program adds ends the automatic ones, for good.",
		modes: both,
		waits: true,
		want: want(
			is("the automatic one", "another"), is("after AddTicketKey", "7"),
			noTicket("when that has aged"),
		),
		better: "The first key that a program adds ends the automatic ones, for good: when it has aged there are no tickets, where libtls' handshakes fail.",
		observe: func(o observer) {
			punctual(func() bool {
				c := o.serverConfig(lifetime(4))
				srv := o.serverOf(c)
				first := rev(o.primed(srv).session())
				must(c.AddTicketKey(7, key(7)))
				added := startClock()
				second := rev(o.primed(srv).session())
				if added.late(2) {
					return false
				}
				o.Note("the automatic one", "%s", map[bool]string{true: "7", false: "another"}[first == 7])
				o.Note("after AddTicketKey", "%d", second)
				added.until(6)
				o.Note("when that has aged", "%s", o.ticketOf(srv))
				return true
			})
		},
	},
	{
		id: "C-11", page: pageConfig,
		says:  "There is no session cache: a server without a lifetime gives neither a session id nor a ticket.",
		modes: both,
		want: want(
			in(only12, "lifetime 0", "id of 0 bytes, ticket=false"), in(only13, "lifetime 0", "empty"),
			in(only12, "lifetime 3600", "ticket=true"), in(only13, "lifetime 3600", "ticket=true"),
		),
		observe: func(o observer) {
			f := o.primed(o.server())
			if o.tls13() {
				o.Note("lifetime 0", "%s", f.state())
			} else {
				o.Note("lifetime 0", "%s", f.resumable())
			}
			o.Note("lifetime 3600", "ticket=%t", o.primed(o.server(lifetime(3600))).session().HasTicket())
		},
	},
}

func opened(err error) string {
	if err != nil {
		return err.Error()
	}
	return "opened"
}

// sealedByNobody is what libssl before 3.0 gives a TLS 1.3 client that is to get no ticket.
const sealedByNobody = "a ticket that nobody can open"

// noTicket expects ticketOf to find none.
func noTicket(facts string) []conformance.Rule {
	again := in(only13, facts, "no ticket")
	for i := range again {
		again[i].Since = conformance.V3_0
	}
	return want(is(facts, "no ticket"), in(only13, facts, sealedByNobody), again)
}

// ticketOf tells which key's ticket a server gives a client that has no session.
func (o observer) ticketOf(srv *server) string {
	f := o.file()
	l := o.connect(srv, o.client(sessionFile(f)))
	switch {
	case !l.fine():
		return l.String()
	case len(f.content()) == 0 || !f.session().HasTicket():
		return "no ticket"
	}
	if n := name(f.session()); [12]byte(n[4:]) != [12]byte{} {
		return sealedByNobody
	}
	return fmt.Sprintf("ticket of %d", rev(f.session()))
}

// sessionIDs sets ids of some lengths, one after the other.
func (o observer) sessionIDs(lengths ...int) {
	c := libtls.NewConfig()
	for _, n := range lengths {
		o.note(fmt.Sprintf("%d bytes", n), c.SetSessionID([]byte(strings.Repeat("x", n))))
	}
}

// lifetimes sets some, in seconds, one after the other.
func (o observer) lifetimes(seconds ...int64) {
	c := libtls.NewConfig()
	for _, s := range seconds {
		o.note(fmt.Sprint(s), lifetime(s)(c))
	}
}

// root ends the clause if this process is not the superuser's.
func root() {
	if os.Getuid() != 0 {
		unable("only the superuser can give a file to somebody else")
	}
}
