package conformance

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const (
	pageSetSession = "SSL_set_session(3)"
	pageGetSession = "SSL_get_session(3)"
)

// Section L: choosing a session, and what became of it.
var choosing = []Clause{
	{
		ID: "L1", Page: pageSetSession,
		Says:   "The result is 1, or 0 with an error on the error stack.",
		Manual: Silent,
		Truth:  "NULL and an empty session are taken as well; a NULL SSL crashes up to 3.0, and since 3.5 gets a 0 with no error queued.",
		Whom:   "C programs that print the error stack when the call fails: it can be empty, or show something older.",
		Text:   "session may be NULL. If ssl is NULL, 0 is returned and no error is added to the error stack.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("NULL", "ret=1 no error"),
			is("an empty session", "ret=1 no error, and it is set: true"),
			is("NULL SSL", crashed),
			since(V3_5, is("NULL SSL", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			cli := sslOf(o.prepare(o.server(), o.client()).client.conn)
			empty := raw.SessionNew()
			defer raw.SessionFree(empty)
			o.Note("NULL", "%v", raw.SSLSetSession(cli, raw.Session{}))
			o.Note("an empty session", "%v, and it is set: %t", raw.SSLSetSession(cli, empty), raw.SSLGetSession(cli) == empty)
			o.Note("NULL SSL", "%s", o.inChild(raw.SSLSetSessionNullSSL))
		},
	},
	{
		ID: "L2", Page: pageSetSession,
		Says:   "Setting a session is of use on clients only.",
		Manual: Silent,
		Truth:  "SSL_set_session on a server succeeds and is ignored (TLS 1.3 before 3.0: the handshake fails).",
		Whom:   "Programs that share set-up code between clients and servers: the call looks right on a server and does nothing.",
		Text:   "On a server SSL_set_session() succeeds, and the session is not used.",
		Modes:  all,
		Want: want(
			is("set on the server", "ok"),
			in(tls12, "handshake", "ok reused=0/0"),
			in(tls13, "handshake", "FAIL srv<E{20:1110}> cli<E{20:217}>"),
			since(V3_0, is("handshake", "ok reused=0/0")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			var err error
			l := o.connect(srv, cli, onServer(func(c conn) { err = c.SetSession(first.server.session) }))
			o.Note("set on the server", "%s", result(err))
			o.Note("handshake", "%v", l)
		},
	},
	{
		ID: "L3", Page: pageSetSession,
		Says:  "An SSL takes a reference to the session that is set, and drops it during the handshake if the session is not reused.",
		Modes: all,
		Ways:  onlyRaw,
		Want: want(
			is("not reused", "ok reused=0/0, freed before the handshake: false, after it: true"),
			in(stateful, "reused", "ok reused=1/1, freed before the handshake: false, after it: false"),
			in(tickets, "reused", "ok reused=1/1, freed before the handshake: false, after it: false"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			observeReference := func(name string, srv ctx) {
				s := raw.SessionDup(rawOf(first.client.session))
				freed := raw.SessionWatch(s)
				l := o.prepare(srv, cli, aloof)
				must(raw.SSLSetSession(sslOf(l.client.conn), s).Err())
				raw.SessionFree(s)
				before := freed.Load()
				l.meet()
				o.Note(name, "ok %s, freed before the handshake: %t, after it: %t", l.reused(), before, freed.Load())
			}
			observeReference("not reused", o.server())
			observeReference("reused", srv)
		},
	},
	{
		ID: "L4", Page: pageSetSession,
		Says:   "If the SSL's old session is still open it is taken for bad and removed from the cache, also when the new one is NULL.",
		Manual: Silent,
		Truth:  "Setting a session on an open connection spoils the old one, and up to 3.0 the connection as well: nothing can be read from it any more.",
		Whom:   "Clients that prepare an SSL for its next connection before they have closed this one.",
		Text:   "SSL_set_session() must not be called on a connection that is still in use.",
		Modes:  all,
		Ways:   onlyRaw,
		Want: want(
			is("NULL; another", "ret=1 no error number=0 remove_cb=1 resumable=false"),
			is("NULL: session now; another: session now", "the one that was set: true"),
			is("NULL: reading; another: reading", "ret=-1 E{20:267}"),
			since(V3_0, in(tls13, "another: reading", "ret=-1 E{20:267}E{57:102}")),
			since(V3_5, is("NULL: reading; another: reading", "ret=1 no error")),
		),
		Observe: observeSetOnOpen,
	},
	{
		ID: "L5", Page: pageSetSession,
		Says:   "Nothing on a session of a version that will not be negotiated.",
		Manual: Silent,
		Truth:  "A session of a version that is not negotiated is quietly not resumed; so a TLS 1.2 session is lost where both sides can do TLS 1.3.",
		Whom:   "Clients that keep sessions across an upgrade of the server: the first connections are full handshakes, and no call tells why.",
		Text:   "If the protocol version of session is not negotiated a full handshake takes place. So a TLSv1.2 session is not resumed where both peers support TLSv1.3.",
		Modes:  all,
		Want: want(
			is("other version only", "ok reused=0/0"),
			in(tls12, "any version", "ok reused=0/0"),
			in(tls13, "any version", "ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			srv := o.ctx(libssl.TLSMethod, o.certificate)
			if o.Mode.stateful() {
				noTicket(srv)
			}
			first := o.connect(srv, o.client())
			otherVersion := map[bool]uint16{true: tls.VersionTLS12, false: tls.VersionTLS13}[o.Mode.tls13()]
			o.Note("other version only", "%v", o.resume(srv, o.ctx(libssl.TLSMethod, version(otherVersion)), first))
			o.Note("any version", "%v", o.resume(srv, o.ctx(libssl.TLSMethod), first))
		},
	},
	{
		ID: "L6", Page: "SSL_session_reused(3)",
		Says:  "SSL_session_reused tells on both sides whether a session was reused; statistics and session bear it out.",
		Modes: all,
		Want: want(
			is("first: before the handshake; resume: before the handshake", "0/0"),
			is("first", "ok reused=0/0"), is("resume", "ok reused=1/1"),
			is("first: hits", "0/0"), is("resume: hits", "1/1"),
			is("a new client session", "ok reused=0/0"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			visit := func(name string, hooks ...hook) *link {
				l := o.prepare(srv, cli, hooks...)
				o.Note(name+": before the handshake", "%d/%d", bit(l.client.conn.SessionReused()), bit(l.server.conn.SessionReused()))
				l.meet()
				l.greet()
				l.close()
				o.Note(name, "%v", l)
				o.Note(name+": hits", "%d/%d", cli.SessionStats().Hits, srv.SessionStats().Hits)
				return l
			}
			first := visit("first")
			visit("resume", offer(first.client.session))
			o.Note("a new client session", "%v", o.connect(srv, cli))
		},
	},
	{
		ID: "L7", Page: pageGetSession,
		Says:  "There is no session before the handshake; in TLS 1.3 the client's cannot be resumed until a ticket has come.",
		Modes: all,
		Want: want(
			is("before", "client none, server none"),
			in(only12s, "handshake done", "client resumable=true ticket=false id=32, server resumable=true"),
			in(only12t, "handshake done", "client resumable=true ticket=true id=32, server resumable=false"),
			in(tls13, "handshake done", "client resumable=false ticket=false id=0, server resumable=true"),
			in(only12s, "data read", "client resumable=true ticket=false id=32"),
			in(not12s, "data read", "client resumable=true ticket=true id=32"),
			by(onlyRaw,
				in(tls12, "pointers", "get0 and get1 the same=true, handshake done and data read the same=true"),
				in(tls13, "pointers", "get0 and get1 the same=true, handshake done and data read the same=false")),
		),
		Observe: observeSessionStages,
	},
	{
		ID: "L8", Page: pageGetSession,
		Says:  "A fatal error makes the connection's session not resumable.",
		Modes: all,
		Want: want(
			is("before", "resumable=true"),
			is("reading garbage", "failed"),
			is("after", "resumable=false"),
			by(onlyRaw,
				is("server told", "failed"),
				in(not12t, "server before", "resumable=true"), in(only12t, "server before", "resumable=false"),
				is("server after", "resumable=false")),
		),
		Observe: func(o *Observer) {
			l := o.open(o.server(), o.client())
			o.Note("before", "resumable=%t", l.client.session.IsResumable())
			must1(l.server.wire.Write([]byte("this is not TLS, whatever else it may be")))
			_, err := l.client.conn.Read(make([]byte, 1))
			o.Note("reading garbage", "%s", map[bool]string{true: "failed", false: "succeeded"}[err != nil])
			o.Note("after", "resumable=%t", l.client.conn.Session().IsResumable())
			if o.Way == Raw {
				o.Note("server before", "resumable=%t", l.server.session.IsResumable())
				_, err := l.server.conn.Read(make([]byte, 1))
				o.Note("server told", "%s", map[bool]string{true: "failed", false: "succeeded"}[err != nil])
				o.Note("server after", "resumable=%t", l.server.session.IsResumable())
			}
		},
	},
	{
		ID: "L9", Page: "SSL_SESSION_get0_cipher(3)",
		Says:  "A session knows the protocol version and the cipher that were negotiated with it.",
		Modes: all,
		Want: want(
			in(tls12, "server's; client's", "version 0x303, cipher the connection's=true"),
			in(tls13, "server's; client's", "version 0x304, cipher the connection's=true"),
		),
		Observe: func(o *Observer) {
			l := o.open(o.server(), o.client())
			for name, p := range map[string]*peer{"server's": &l.server, "client's": &l.client} {
				negotiated := p.conn.CipherSuite()
				o.Note(name, "version %#x, cipher the connection's=%t", p.session.Version(), p.session.CipherSuite() == negotiated && negotiated != 0)
			}
		},
	},
	{
		ID: "L10", Page: "SSL_SESSION_get0_hostname(3)",
		Says:  "A client's session knows the server name that was asked for.",
		Modes: all,
		Want: want(
			is("asked for", "sslconform"),
			is("not asked for", ""),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			srv.AcceptServerNames()
			named := onClient(func(c conn) { must(c.SetServerName("sslconform")) })
			o.Note("asked for", "%s", o.connect(srv, cli, named).client.session.ServerName())
			o.Note("not asked for", "%s", o.connect(srv, cli).client.session.ServerName())
		},
	},
	{
		ID: "L11", Page: "SSL_shutdown(3)",
		Says:  "Closing a connection sends close_notify: the peer can tell an orderly end from one that was cut off.",
		Modes: all,
		Want: want(
			is("writing closed; closed", "EOF"),
			is("cut off", "unexpected EOF"),
		),
		Observe: func(o *Observer) {
			for _, c := range []struct {
				name string
				end  func(p *peer) error
			}{
				{"writing closed", func(p *peer) error { return p.lastWord() }},
				{"closed", func(p *peer) error { return p.conn.Close() }},
				{"cut off", func(p *peer) error { return p.wire.Close() }},
			} {
				l := o.open(o.server(), o.client())
				must(c.end(&l.server))
				_, err := l.client.conn.Read(make([]byte, 1))
				o.Note(c.name, "%s", endOf(err))
			}
		},
	},
}

// endOf says how a connection ended for a reader.
func endOf(err error) string {
	for _, end := range []error{io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, end) {
			return end.Error()
		}
	}
	return fmt.Sprint(err)
}

func observeSessionStages(o *Observer) {
	l := o.prepare(o.server(), o.client())
	o.Note("before", "client %s, server %s", state(l.client.conn.Session()), state(l.server.conn.Session()))
	l.meet()
	o.Note("handshake done", "client %s, server resumable=%t", state(l.client.session), l.server.session.IsResumable())
	done := l.client.session
	l.greet()
	o.Note("data read", "client %s", state(l.client.session))
	if o.Way == Raw {
		now := raw.SSLGetSession(sslOf(l.client.conn))
		o.Note("pointers", "get0 and get1 the same=%t, handshake done and data read the same=%t",
			now == rawOf(l.client.session), now == rawOf(done))
	}
}

// observeSetOnOpen sets another session, or none, on a client that is connected, and has it read on.
func observeSetOnOpen(o *Observer) {
	for _, name := range []string{"NULL", "another"} {
		var n calls
		srv, cli := o.server(numTickets(1)), o.client(cacheMode(libssl.SessionCacheClient), n.countRemoved)
		var next raw.Session
		if name == "another" {
			next = rawOf(must1(o.connect(srv, o.client()).client.session.Clone()))
		}
		l := o.open(srv, cli)
		c := l.client.conn.(*rawConn)
		r := raw.SSLSetSession(c.p, next)
		o.Note(name, "%v number=%d remove_cb=%d resumable=%t", r, cli.SessionStats().Number, n.removed, l.client.session.IsResumable())
		now := raw.SSLGetSession(c.p)
		o.Note(name+": session now", "the one that was set: %t", now == next)
		must1(l.server.conn.Write([]byte("x")))
		must(c.fill())
		o.Note(name+": reading", "%v", raw.SSLRead(c.p, make([]byte, 1)))
	}
}

func state(s session) string {
	if s == nil {
		return "none"
	}
	return fmt.Sprintf("resumable=%t ticket=%t id=%d", s.IsResumable(), s.HasTicket(), idLen(s))
}
