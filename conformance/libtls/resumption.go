package libtls

import (
	"fmt"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/conformance"
	"github.com/go-libssl/libssl/libtls"
)

// Section RS: which connections resume, and tls_conn_session_resumed.
var resumption = []row{
	{
		id: "RS-1", page: pageResumed,
		says:  "Before the handshake nothing is resumed.",
		modes: both,
		want:  want(is("client; server", "false")),
		observe: func(o observer) {
			srv := o.server(farm)
			l := o.prepare(srv, o.client(sessionFile(o.primed(srv))), serverName)
			o.Note("client", "%t", l.client.SessionResumed())
			o.Note("server", "%t", l.server.SessionResumed())
		},
	},
	{
		id: "RS-2", page: pageResumed,
		says:  "What was resumed stays so when the connection is closed.",
		modes: both,
		want:  want(is("client; server", "true")),
		observe: func(o observer) {
			srv := o.server(farm)
			l := o.connect(srv, o.client(sessionFile(o.primed(srv))))
			o.Note("client", "%t", l.client.SessionResumed())
			o.Note("server", "%t", l.server.SessionResumed())
		},
	},
	{
		id: "RS-3", page: pageResumed,
		says:  "A server's connection can tell too.",
		modes: both,
		want:  want(is("first", "false"), is("second", "true")),
		observe: func(o observer) {
			srv := o.server(farm)
			c := o.client(sessionFile(o.file()))
			o.Note("first", "%t", o.connect(srv, c).server.SessionResumed())
			o.Note("second", "%t", o.connect(srv, c).server.SessionResumed())
		},
	},
	{
		id: "RS-4", page: pageResumed,
		says:  "A handshake that failed has resumed nothing.",
		modes: both,
		want:  want(is("client", "failed, false")),
		observe: func(o observer) {
			srv := o.server(farm)
			l := o.connectTo(srv, o.client(sessionFile(o.primed(srv))), "nope.test")
			o.Note("client", "%s, %t", map[bool]string{true: "ok", false: "failed"}[l.fine()], l.client.Conn != nil && l.client.SessionResumed())
		},
	},
	{
		id: "RS-5", page: pageResumed,
		says:    "With a session file and a lifetime, TLS 1.2 resumes from the second connection on.",
		modes:   only12,
		want:    want(is("three connections", "resumed=0/0, resumed=1/1, resumed=1/1")),
		observe: observeThree,
	},
	{
		id: "RS-6", page: pageResumed,
		says:  "Without a session file nothing is resumed, nor without a lifetime, whatever keys there are.",
		modes: both,
		want:  want(is("no session file; lifetime 0; lifetime 0 and a key", "resumed=0/0, resumed=0/0, resumed=0/0")),
		observe: func(o observer) {
			o.Note("no session file", "%s", o.times(3, o.server(farm), o.client()))
			o.Note("lifetime 0", "%s", o.times(3, o.server(), o.client(sessionFile(o.file()))))
			o.Note("lifetime 0 and a key", "%s", o.times(3, o.server(ticketKey(1, key(1))), o.client(sessionFile(o.file()))))
		},
	},
	{
		id: "RS-7", page: pageResumed,
		says:   "TLS 1.3 resumes nothing.",
		better: "TLS 1.3 resumes from the session file like TLS 1.2.",
		modes:  only13,
		want: want(
			is("three connections", "resumed=0/0, resumed=1/1, resumed=1/1"),
			is("any version", "resumed=0/0, resumed=1/1, resumed=1/1"), is("version then", "TLSv1.3"),
		),
		observe: func(o observer) {
			observeThree(o)
			srv := o.server(farm, anyVersion)
			c := o.client(sessionFile(o.file()), anyVersion)
			o.Note("any version", "%s", o.times(3, srv, c))
			o.Note("version then", "%s", o.connect(srv, c).client.Version())
		},
	},
	{
		id: "RS-8", page: pageResumed,
		says:   "The file is written when the handshake is over, before a TLS 1.3 server has sent a ticket, and not again.",
		better: "The file is written again when a TLS 1.3 server's ticket has come.",
		modes:  only13,
		want:   want(is("after a message", "ticket=true, resumable=true")),
		observe: func(o observer) {
			s := o.primed(o.server(farm)).session()
			o.Note("after a message", "ticket=%t, resumable=%t", s.HasTicket(), s.IsResumable())
		},
	},
	{
		id: "RS-10", page: pageResumed,
		says:  "A TLS 1.3 session that another client of libssl put into the file is resumed, more than once.",
		modes: only13,
		want:  want(is("two connections", "resumed=1/1, resumed=1/1")),
		observe: func(o observer) {
			srv := o.server(farm)
			f := o.file()
			f.write(must1(o.plainSession(srv).MarshalText()))
			o.Note("two connections", "%s", o.times(2, srv, o.client(sessionFile(f), legacyResumption)))
		},
	},
	{
		id: "RS-11", page: pageResumed,
		says:  "A client of any version resumes at a server of TLS 1.2.",
		modes: only12,
		want:  want(is("three connections", "resumed=0/0, resumed=1/1, resumed=1/1")),
		observe: func(o observer) {
			o.Note("three connections", "%s", o.times(3, o.server(farm), o.client(sessionFile(o.file()), anyVersion)))
		},
	},
	{
		id: "RS-12", page: pageResumed,
		says:  "With a session of TLS 1.2, over OpenSSL, a client of any version comes to TLS 1.3 at a server that has it.",
		modes: only12,
		want:  want(is("TLS 1.2 file", "resumed=0/0, TLSv1.3"), is("the file", "a session")),
		observe: func(o observer) {
			f := o.primed(o.server(farm))
			l := o.prepare(o.server(farm, anyVersion), o.client(sessionFile(f), anyVersion), serverName)
			l.meet()
			o.Note("TLS 1.2 file", "%v, %s", l, l.client.Version())
			l.close()
			o.Note("the file", "%s", f.state())
		},
	},
	{
		id: "RS-13", page: pageResumed,
		says:  "A client of TLS 1.3 has no use for a session of TLS 1.2, over OpenSSL, and replaces it.",
		modes: only12,
		want:  want(is("TLS 1.2 file", "resumed=0/0, 0304"), is("again", "resumed=1/1")),
		observe: func(o observer) {
			f := o.primed(o.server(farm))
			srv := o.server(farm, anyVersion)
			c := o.client(sessionFile(f), versions("tlsv1.3"))
			l := o.connect(srv, c)
			o.Note("TLS 1.2 file", "%v, %04x", l, f.session().Version())
			o.Note("again", "%v", o.connect(srv, c))
		},
	},
	{
		id: "RS-14", page: pageResumed,
		says:   "A session that was made under the right authority is resumed under a wrong one.",
		better: "A session is resumed only under the trust that it was made under, unless LegacyResumption is set.",
		modes:  both,
		want: want(
			is("another authority", "client: certificate verification failed; server: handshake failed"),
			is("LegacyResumption", "resumed=1/1"), is("the same authority", "resumed=1/1"),
		),
		observe: func(o observer) {
			srv := o.server(farm)
			f := o.primed(srv)
			session := f.content()
			o.Note("another authority", "%v", o.connect(srv, o.client(sessionFile(f), trust(pki().stranger))))
			f.write(session)
			o.Note("LegacyResumption", "%v", o.connect(srv, o.client(sessionFile(f), trust(pki().stranger), legacyResumption)))
			f = o.primed(srv)
			o.Note("the same authority", "%v", o.connect(srv, o.client(sessionFile(f))))
		},
	},
	{
		id: "RS-15", page: pageResumed,
		says:   "A session that was made without verification is resumed with it.",
		better: "A session that was made without verification is not resumed with it, unless LegacyResumption is set.",
		modes:  both,
		want: want(
			is("made without", "resumed=0/0"),
			is("verified, another authority", "client: certificate verification failed; server: handshake failed"),
			is("verified, the right authority", "resumed=0/0"),
			is("LegacyResumption, another authority", "resumed=1/1"),
		),
		observe: func(o observer) {
			srv := o.server(farm)
			unchecked := func() *file {
				f := o.file()
				l := o.connect(srv, o.client(sessionFile(f), unverified))
				if !l.fine() {
					must(fmt.Errorf("without verification: %v", l))
				}
				return f
			}
			o.Note("made without", "%v", o.connect(srv, o.client(sessionFile(o.file()), unverified)))
			o.Note("verified, another authority", "%v", o.connect(srv, o.client(sessionFile(unchecked()), trust(pki().stranger))))
			o.Note("verified, the right authority", "%v", o.connect(srv, o.client(sessionFile(unchecked()))))
			o.Note("LegacyResumption, another authority", "%v",
				o.connect(srv, o.client(sessionFile(unchecked()), trust(pki().stranger), legacyResumption)))
		},
	},
	{
		id: "RS-16", page: pageResumed,
		says:  "The server's name is checked when a session is resumed too.",
		modes: both,
		want: want(
			is("another name", "name `nope.test' not present in server certificate"),
			is("another name, LegacyResumption", "name `nope.test' not present in server certificate"),
		),
		observe: func(o observer) {
			srv := o.server(farm)
			o.Note("another name", "%s", o.connectTo(srv, o.client(sessionFile(o.primed(srv))), "nope.test").clientFate())
			o.Note("another name, LegacyResumption", "%s",
				o.connectTo(srv, o.client(sessionFile(o.primed(srv)), legacyResumption), "nope.test").clientFate())
		},
	},
	{
		id: "RS-17", page: pageResumed,
		says:  "The client's certificate is in the ticket: who resumes need not have it any more.",
		modes: both,
		want:  want(is("with the certificate", "resumed=0/0, provided=true"), is("without", "resumed=1/1, provided=true")),
		observe: func(o observer) {
			srv := o.server(farm, demandingCertificate)
			f := o.file()
			try := func(set ...setting) string {
				l := o.connect(srv, o.client(append(set, sessionFile(f), legacyResumption)...))
				return fmt.Sprintf("%v, provided=%t", l, l.server.PeerCertProvided())
			}
			o.Note("with the certificate", "%s", try(keypair(pki().client)))
			o.Note("without", "%s", try())
		},
	},
	{
		id: "RS-18", page: pageResumed,
		says:   "A ticket of a server that asks for no certificate is resumed, without one, by a server with the same id and key that requires one.",
		better: "A server that requires a client's certificate resumes no session without one, unless LegacyResumption is set.",
		modes:  both,
		want: want(
			is("requires one", "not resumed, refused"), is("has one", "resumed=0/0, provided=true"),
			is("LegacyResumption", "resumed=1/1, provided=false"),
		),
		observe: func(o observer) {
			lax := o.server(farm)
			strict := o.server(farm, demandingCertificate)
			l := o.connect(strict, o.client(sessionFile(o.primed(lax))))
			o.Note("requires one", "%s", map[bool]string{true: l.String(), false: "not resumed, refused"}[l.fine() || l.server.resumed])
			l = o.connect(strict, o.client(sessionFile(o.primed(lax)), keypair(pki().client)))
			o.Note("has one", "%v, provided=%t", l, l.server.PeerCertProvided())
			legacy := o.server(farm, demandingCertificate, legacyResumption)
			l = o.connect(legacy, o.client(sessionFile(o.primed(lax)), legacyResumption))
			o.Note("LegacyResumption", "%v, provided=%t", l, l.server.PeerCertProvided())
		},
	},
	{
		id: "RS-19", page: pageResumed,
		says:  "A client that resumes has the server's certificate.",
		modes: both,
		want:  want(is("resumed", "resumed=1/1, provided=true")),
		observe: func(o observer) {
			srv := o.server(farm)
			l := o.connect(srv, o.client(sessionFile(o.primed(srv))))
			o.Note("resumed", "%v, provided=%t", l, l.client.PeerCertProvided())
		},
	},
	{
		id: "RS-20", page: pageResumed,
		says:  "When a ticket has expired there is a full handshake, no error, and a session that can be resumed.",
		modes: both,
		waits: true,
		want:  want(is("lifetime 4, six seconds later", "resumed=0/0, a session"), is("again", "resumed=1/1")),
		observe: func(o observer) {
			srv := o.server(lifetime(4))
			f := o.primed(srv)
			startClock().until(6)
			c := o.client(sessionFile(f))
			punctual(func() bool {
				begun := startClock()
				o := observer{o.Observer}
				l := o.connect(srv, c)
				state := f.state()
				again := o.connect(srv, c)
				if begun.late(3) {
					startClock().until(6)
					return false
				}
				o.Note("lifetime 4, six seconds later", "%v, %s", l, state)
				o.Note("again", "%v", again)
				return true
			})
		},
	},
	{
		id: "RS-21", page: pageResumed,
		says:  "A session of another server's is replaced.",
		modes: both,
		want:  want(is("another server", "resumed=0/0, a session"), is("again", "resumed=1/1")),
		observe: func(o observer) {
			f := o.primed(o.server(lifetime(3600)))
			srv := o.server(lifetime(3600))
			c := o.client(sessionFile(f))
			o.Note("another server", "%v, %s", o.connect(srv, c), f.state())
			o.Note("again", "%v", o.connect(srv, c))
		},
	},
}

// observeThree makes three connections in a row.
func observeThree(o observer) {
	o.Note("three connections", "%s", o.times(3, o.server(farm), o.client(sessionFile(o.file()))))
}

// anyVersion is libtls' default.
func anyVersion(c *libtls.Config) error { return versions("secure")(c) }

// plainSession is a session of a server's that a client made without package libtls.
func (o observer) plainSession(srv *server) *libssl.Session {
	ctx := must1(libssl.NewCtx(libssl.TLSClientMethod))
	defer ctx.Close()
	l := o.plain(srv, ctx)
	s := l.Session()
	if s == nil || !s.HasTicket() {
		must(fmt.Errorf("a plain client got no ticket"))
	}
	return s
}

// plain is a connection of such a client, after a message there and back.
func (o observer) plain(srv *server, ctx *libssl.Ctx) *libssl.Conn {
	var client *libssl.Conn
	conformance.Together(
		func() {
			wire := must1(srv.l.Accept())
			o.Watch(wire)
			o.AtEnd(func() { wire.Close() })
			s := must1(srv.Accept(wire))
			must(s.Handshake())
			must(hear(s))
			must(say(s))
		},
		func() {
			client = must1(libssl.Dial("tcp", srv.l.Addr().String(), ctx))
			o.Watch(client)
			o.AtEnd(func() { client.Close() })
			must(say(client))
			must(hear(client))
		},
	)
	return client
}
