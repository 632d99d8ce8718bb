package conformance

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/go-libssl/libssl"
)

const (
	pageTimeout     = "SSL_CTX_set_timeout(3)"
	pageSessionTime = "SSL_SESSION_get_time(3)"
)

// Section G: how long sessions last.
var timeouts = []Clause{
	{
		ID: "G1", Page: pageTimeout,
		Says:   "The default timeout is 300 seconds.",
		Manual: Wrong,
		Truth:  "The default timeout is 7200 seconds.",
		Whom:   "Servers that leave the default alone: sessions and tickets can be resumed for two hours, not five minutes.",
		Text:   "All currently supported protocols have the same default timeout value of 7200 seconds.",
		Modes:  all,
		Want: want(
			is("any version; TLS 1.2 only; TLS 1.3 only", "7200"),
			is("sessions made", "server=7200 client=7200"),
		),
		Observe: func(o *Observer) {
			o.Note("any version", "%d", seconds(o.ctx(libssl.TLSMethod).Timeout()))
			o.Note("TLS 1.2 only", "%d", seconds(o.ctx(libssl.TLSMethod, version(tls.VersionTLS12)).Timeout()))
			o.Note("TLS 1.3 only", "%d", seconds(o.ctx(libssl.TLSMethod, version(tls.VersionTLS13)).Timeout()))
			l := o.connect(o.server(), o.client())
			o.Note("sessions made", "server=%d client=%d", seconds(l.server.session.Timeout()), seconds(l.client.session.Timeout()))
		},
	},
	{
		ID: "G2", Page: pageTimeout,
		Says: "Setting a timeout gives back the previous one, and it can be read.",
		Want: want(
			is("100", "previous=7200 now=100"),
			is("0", "previous=100 now=0"),
			is("1000000", "previous=0 now=1000000"),
			is("2147483647", "previous=1000000 now=2147483647"),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			for _, s := range []time.Duration{100, 0, 1000000, 2147483647} {
				previous := ctx.SetTimeout(s * time.Second)
				o.Note(fmt.Sprint(int64(s)), "previous=%d now=%d", seconds(previous), seconds(ctx.Timeout()))
			}
		},
	},
	{
		ID: "G3", Page: pageTimeout,
		Says:   "Nothing on timeout 0.",
		Manual: Silent,
		Truth:  "Timeout 0 does not make sessions expire at once: they get the default of 7200 seconds.",
		Whom:   "Servers that set 0 to rule out resumption: they get two hours of it.",
		Text:   "If t is 0 new sessions get the default timeout.",
		Modes:  all,
		Want: want(
			is("sessions made", "server=7200 client=7200"),
			in(only12s, "client's ticket", "none"),
			in(not12s, "client's ticket", "hint=7200"),
			is("resume", "ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(timeout(0)), o.client()
			first := o.connect(srv, cli)
			o.Note("sessions made", "server=%d client=%d", seconds(first.server.session.Timeout()), seconds(first.client.session.Timeout()))
			o.Note("client's ticket", "%s", ticketOf(first.client.session))
			o.Note("resume", "%v", o.resume(srv, cli, first))
		},
	},
	{
		ID: "G4", Page: pageTimeout,
		Says:   "Nothing on a negative timeout.",
		Manual: Silent,
		Truth:  "With a negative timeout sessions are born expired up to 3.0, and practically never expire since 3.5.",
		Whom:   "Servers that compute the timeout: below zero, sessions are never resumed on older releases and hardly ever expire on newer ones.",
		Text:   "t should not be negative: up to OpenSSL 3.0 such sessions have expired when they are created, in newer versions they practically never expire.",
		Modes:  all,
		Want: want(
			in(only12s, "client's ticket", "none"),
			in(not12s, "client's ticket", "hint=4294967295"),
			is("resume", "ok reused=0/0"),
			since(V3_5,
				in(only12t, "client's ticket", "hint=1266874888"),
				in(tls13, "client's ticket", "hint=604800"),
				is("resume", "ok reused=1/1")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(timeout(-time.Second)), o.client()
			first := o.connect(srv, cli)
			o.Note("client's ticket", "%s", ticketOf(first.client.session))
			o.Note("resume", "%v", o.resume(srv, cli, first))
		},
	},
	{
		ID: "G5", Page: pageTimeout,
		Says:  "The timeout goes to the client as the ticket's lifetime hint, in TLS 1.3 at most 604800 seconds.",
		Modes: not12s,
		Want: want(
			is("100", "server=100 client=7200 hint=100 resume: ok reused=1/1"),
			is("604800", "server=604800 client=7200 hint=604800 resume: ok reused=1/1"),
			in(only12t, "604801", "server=604801 client=7200 hint=604801 resume: ok reused=1/1"),
			in(tls13, "604801", "server=604801 client=7200 hint=604800 resume: ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			for _, s := range []time.Duration{100, 604800, 604801} {
				srv, cli := o.server(timeout(s*time.Second)), o.client()
				first := o.connect(srv, cli)
				o.Note(fmt.Sprint(int64(s)), "server=%d client=%d %s resume: %v", seconds(first.server.session.Timeout()),
					seconds(first.client.session.Timeout()), ticketOf(first.client.session), o.resume(srv, cli, first))
			}
		},
	},
	{
		ID: "G7", Page: pageTimeout,
		Says:  "Another timeout does not change the sessions that are there.",
		Modes: only12s,
		Want: want(
			is("before", "7200"),
			is("resume", "ok reused=1/1"),
			is("after", "7200"),
			is("a new session", "100"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			o.Note("before", "%d", seconds(first.server.session.Timeout()))
			timeout(100 * time.Second)(srv)
			again := o.resume(srv, cli, first)
			o.Note("resume", "%v", again)
			o.Note("after", "%d", seconds(again.server.session.Timeout()))
			o.Note("a new session", "%d", seconds(o.connect(srv, cli).server.session.Timeout()))
		},
	},
	{
		// The very second is left out: there the versions differ.
		ID: "G8", Page: pageTimeout,
		Says:  "A session is resumed until its timeout has passed, and not later.",
		Modes: stateful,
		Want: want(
			is("a minute before", "ok reused=1/1 timeouts=0"),
			is("a minute after", "ok reused=0/0 timeouts=1"),
			is("long after", "ok reused=0/0 timeouts=1"),
		),
		Observe: func(o *Observer) {
			observeAge := func(name string, beyond time.Duration) {
				srv, cli := o.server(), o.client()
				first := o.connect(srv, cli)
				sess := first.server.session
				add(srv, aged(sess, sess.Timeout()+beyond))
				l := o.resume(srv, cli, first)
				o.Note(name, "%v timeouts=%d", l, srv.SessionStats().Timeouts)
			}
			observeAge("a minute before", -time.Minute)
			observeAge("a minute after", time.Minute)
			observeAge("long after", 1000*time.Hour)
		},
	},
	{
		ID: "G9", Page: pageTimeout,
		Says:   "Nothing on whether a client minds that its own session has expired.",
		Manual: Silent,
		Truth:  "A TLS 1.2 client offers a session that has expired; a TLS 1.3 client goes by the ticket's lifetime hint, never by the session's timeout.",
		Whom:   "Clients that keep sessions and rely on libssl to drop the old ones: in TLS 1.2 it offers them, and they tell the server who comes back.",
		Text:   "A client offers a TLSv1.2 session even after it has expired. For TLSv1.3 it goes by the lifetime hint that came with the ticket, and not by the timeout of the session.",
		Modes:  all,
		Want: want(
			in(tls12, "session from long ago", "ok reused=1/1"),
			in(tls13, "session from long ago", "ok reused=0/0"),
			is("session with timeout 0", "ok reused=1/1"),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			old, short := aged(first.client.session, 100*time.Hour), must1(first.client.session.Clone())
			must(short.SetTimeout(0))
			o.Note("session with timeout 0", "%v", o.connect(srv, cli, offer(short)))
			o.Note("session from long ago", "%v", o.connect(srv, cli, offer(old)))
		},
	},
	{
		ID: "G10", Page: pageSessionTime,
		Says:  "A session's time is when it was made; it can be set and read back.",
		Modes: all,
		Want: want(
			is("made", "server now, client now"),
			is("1000", "ok now 1000"),
			is("0", "ok now 0"),
			is("2^31", "ok now 2147483648"),
		),
		Observe: func(o *Observer) {
			before := time.Now().Truncate(time.Second)
			l := o.connect(o.server(), o.client())
			after := time.Now()
			o.Note("made", "server %s, client %s", when(l.server.session, before, after), when(l.client.session, before, after))
			sess := l.server.session
			for _, c := range []struct {
				name string
				at   time.Time
			}{{"1000", time.Unix(1000, 0)}, {"0", time.Time{}}, {"2^31", time.Unix(1<<31, 0)}} {
				err := sess.SetTime(c.at)
				o.Note(c.name, "%s now %d", result(err), unix(sess.Time()))
			}
		},
	},
	{
		ID: "G11", Page: pageSessionTime,
		Says:   "A session's timeout can be set and read back.",
		Manual: Silent,
		Truth:  "A negative session timeout is refused since 3.0, with no error queued, and the old one stays.",
		Whom:   "Programs that compute the timeout: since 3.0 the call can fail and queues no error to say so.",
		Text:   "SSL_SESSION_set_timeout() returns 0 and leaves the timeout as it is if tm is negative. No error is queued.",
		Modes:  only12s,
		Want: want(
			is("1000", "set, now 1000"),
			is("0", "set, now 0"),
			is("-1", "set, now -1"),
			since(V3_0, is("-1", "refused, now 0")),
		),
		Observe: func(o *Observer) {
			sess := anySession(o)
			for _, s := range []time.Duration{1000, 0, -1} {
				outcome := "set"
				if err := sess.SetTimeout(s * time.Second); err != nil {
					outcome = "refused"
				}
				o.Note(fmt.Sprint(int64(s)), "%s, now %d", outcome, seconds(sess.Timeout()))
			}
		},
	},
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func when(s session, from, to time.Time) string {
	if t := s.Time(); t.Before(from) || t.After(to) {
		return t.UTC().String()
	}
	return "now"
}

func timeout(d time.Duration) setting {
	return func(c ctx) { c.SetTimeout(d) }
}

// ticketOf is a client session's ticket: its lifetime hint in seconds.
func ticketOf(s session) string {
	if !s.HasTicket() {
		return "none"
	}
	return fmt.Sprintf("hint=%d", seconds(s.TicketLifetimeHint()))
}
