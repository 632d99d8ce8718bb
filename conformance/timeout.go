package conformance

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"math"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
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
			by(onlyRaw, is("SSL_SESSION_new", "timeout=304, made now=true, resumable=false, version 0")),
		),
		Observe: func(o *Observer) {
			if o.Way == Raw {
				observeEmptySession(o)
			}
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
			by(onlyRaw,
				is("LONG_MAX", "ret=2147483647 no error now 9223372036854775807"),
				is("LONG_MIN", "ret=9223372036854775807 no error now -9223372036854775808"),
				is("-1", "ret=-9223372036854775808 no error now -1"),
				is("set on a NULL Ctx; read on a NULL Ctx", "ret=0 no error"),
				since(V3_5,
					is("LONG_MAX", "ret=2147483647 no error now 18446744072"),
					is("LONG_MIN", "ret=18446744072 no error now 0"),
					is("-1", "ret=0 no error now 18446744072"))),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			for _, s := range []time.Duration{100, 0, 1000000, 2147483647} {
				previous := ctx.SetTimeout(s * time.Second)
				o.Note(fmt.Sprint(int64(s)), "previous=%d now=%d", seconds(previous), seconds(ctx.Timeout()))
			}
			if o.Way == Raw {
				c := ctxOf(ctx)
				for _, x := range []extreme{{"LONG_MAX", math.MaxInt64}, {"LONG_MIN", math.MinInt64}, {"-1", -1}} {
					o.Note(x.name, "%v now %d", raw.CtxSetTimeout(c, x.value), raw.CtxTimeout(c).Value)
				}
				o.Note("set on a NULL Ctx", "%v", raw.CtxSetTimeout(raw.Ctx{}, 7))
				o.Note("read on a NULL Ctx", "%v", raw.CtxTimeout(raw.Ctx{}))
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
			by(onlyRaw, is("server's session", "timeout -1"), since(V3_5, is("server's session", "timeout 18446744072"))),
			since(V3_5,
				in(only12t, "client's ticket", "hint=1266874888"),
				in(tls13, "client's ticket", "hint=604800"),
				is("resume", "ok reused=1/1")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(timeout(-time.Second)), o.client()
			first := o.connect(srv, cli)
			if o.Way == Raw {
				o.Note("server's session", "timeout %d", raw.SessionTimeout(rawOf(first.server.session)).Value)
			}
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
		ID: "G6", Page: pageTimeout,
		Says:  "A TLS 1.2 ticket that is renewed when a session is resumed has a lifetime hint of 0.",
		Modes: tickets,
		Ways:  onlyRaw,
		Want: want(
			is("first", "ok reused=0/0 hint=1234"),
			in(only12t, "renewed", "ok reused=1/1 hint=0"),
			in(only13t, "renewed", "ok reused=1/1 hint=1234"),
			is("another ticket", "true"),
			is("another object", "true"),
		),
		Observe: observeRenewedTicket,
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
		ID: "G8", Page: pageTimeout,
		Says:  "A session is resumed until its timeout has passed, and not later.",
		Modes: stateful,
		Want: want(
			is("in its last second", "ok reused=1/1 timeouts=0"),
			since(V3_5, is("in its last second", "ok reused=0/0 timeouts=1")),
			is("a minute before", "ok reused=1/1 timeouts=0"),
			is("a minute after", "ok reused=0/0 timeouts=1"),
			is("long after", "ok reused=0/0 timeouts=1"),
		),
		Observe: func(o *Observer) {
			atAge := func(beyond time.Duration) string {
				srv, cli := o.server(), o.client()
				first := o.connect(srv, cli)
				sess := first.server.session
				add(srv, aged(sess, sess.Timeout()+beyond))
				l := o.resume(srv, cli, first)
				return fmt.Sprintf("%v timeouts=%d", l, srv.SessionStats().Timeouts)
			}
			o.Note("a minute before", "%s", atAge(-time.Minute))
			o.Note("in its last second", "%s", withinASecond(func() string { return atAge(0) }))
			o.Note("a minute after", "%s", atAge(time.Minute))
			o.Note("long after", "%s", atAge(1000*time.Hour))
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
		Says:   "A session's time is when it was made; it can be set, which returns 1, and read back.",
		Manual: Wrong,
		Truth:  "A session's time is when it was made; SSL_SESSION_set_time returns the time that was set, which is 0 for 0.",
		Whom:   "C programs that check the result: unless the time is 1, it does not say success as the page has it.",
		Note:   "Since 3.3 the page says that SSL_SESSION_set_time_ex returns the time, and nothing on SSL_SESSION_set_time.",
		Text:   "SSL_SESSION_set_time() returns tm.",
		Until:  V3_5,
		Modes:  all,
		Want: want(
			by(onlyRaw,
				is("1000, bare", "ret=1000 no error now 1000"),
				is("0, bare", "ret=0 no error now 0"),
				is("-1, bare", "ret=-1 no error now -1"),
				is("LONG_MAX, bare", "ret=9223372036854775807 no error now 9223372036854775807"),
				since(V3_5,
					is("-1, bare", "ret=-1 no error now 18446744072"),
					is("LONG_MAX, bare", "ret=9223372036854775807 no error now 18446744072"))),
			is("made", "server now, client now"),
			is("1000", "ok now 1000"),
			is("0", "ok now 0"),
			is("2^31", "ok now 2147483648"),
		),
		Observe: func(o *Observer) {
			before := lately()
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
			if o.Way == Raw {
				for _, c := range []extreme{{"1000", 1000}, {"0", 0}, {"-1", -1}, {"LONG_MAX", math.MaxInt64}} {
					r := raw.SessionSetTime(rawOf(sess), c.value)
					o.Note(c.name+", bare", "%v now %d", r, raw.SessionTime(rawOf(sess)).Value)
				}
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
			by(onlyRaw,
				is("LONG_MIN, bare", "ret=1 no error now -9223372036854775808"),
				is("-1, bare", "ret=1 no error now -1"),
				is("LONG_MAX, bare", "ret=1 no error now 9223372036854775807"),
				since(V3_0,
					is("LONG_MIN, bare", "ret=0 no error now 0"),
					is("-1, bare", "ret=0 no error now 0")),
				since(V3_5, is("LONG_MAX, bare", "ret=1 no error now 18446744072"))),
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
			if o.Way == Raw {
				for _, x := range []extreme{{"LONG_MIN", math.MinInt64}, {"-1", -1}, {"LONG_MAX", math.MaxInt64}} {
					r := raw.SessionSetTimeout(rawOf(sess), x.value)
					o.Note(x.name+", bare", "%v now %d", r, raw.SessionTimeout(rawOf(sess)).Value)
				}
			}
		},
	},
	{
		ID: "G12", Page: pageSessionTime,
		Says: "With a NULL session these functions return 0.",
		Ways: onlyRaw,
		Want: want(
			is("get_time; set_time; get_timeout; set_timeout", "ret=0 no error"),
			is("get_time_ex; set_time_ex", notThere),
			since(V3_5, is("get_time_ex; set_time_ex", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			var null raw.Session
			o.Note("get_time", "%v", raw.SessionTime(null))
			o.Note("set_time", "%v", raw.SessionSetTime(null, 1))
			o.Note("get_timeout", "%v", raw.SessionTimeout(null))
			o.Note("set_timeout", "%v", raw.SessionSetTimeout(null, 1))
			o.Note("get_time_ex", "%s", ifThere("SSL_SESSION_get_time_ex", func() string { return raw.SessionTimeEx(null).String() }))
			o.Note("set_time_ex", "%s", ifThere("SSL_SESSION_set_time_ex", func() string { return raw.SessionSetTimeEx(null, 1).String() }))
		},
	},
	{
		ID: "G13", Page: pageSessionTime, Since: V3_5,
		Says:   "SSL_SESSION_set_time_ex sets the time and returns it, and SSL_SESSION_get_time_ex reads it.",
		Manual: Silent,
		Truth:  "A negative time is set as if it were 18446744072, which is in the year 2554.",
		Whom:   "Programs that set a time before 1970, or one that they computed: the session does not expire.",
		Text:   "A negative tm is taken as 18446744072.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("1000; 0; -1; 2^31", notThere),
			since(V3_5,
				is("1000", "ret=1000 no error now 1000"),
				is("0", "ret=0 no error now 0"),
				is("-1", "ret=-1 no error now 18446744072"),
				is("2^31", "ret=2147483648 no error now 2147483648")),
		),
		Observe: func(o *Observer) {
			sess := rawOf(anySession(o))
			for _, c := range []extreme{{"1000", 1000}, {"0", 0}, {"-1", -1}, {"2^31", 1 << 31}} {
				o.Note(c.name, "%s", ifThere("SSL_SESSION_set_time_ex", func() string {
					r := raw.SessionSetTimeEx(sess, c.value)
					return fmt.Sprintf("%v now %d", r, raw.SessionTimeEx(sess).Value)
				}))
			}
		},
	},
}

// An extreme is a number of seconds that no Duration holds.
type extreme struct {
	name  string
	value int64
}

// ifThere is what comes of a call, if this libssl has the function.
func ifThere(function string, call func() string) string {
	if !raw.Has(function) {
		return notThere
	}
	return call()
}

const notThere = "not in this libssl"

// withinASecond does something anew until the clock shows the same second before and after it.
func withinASecond(do func() string) string {
	for {
		before := time.Now().Unix()
		if out := do(); time.Now().Unix() == before {
			return out
		}
	}
}

func observeEmptySession(o *Observer) {
	before := lately().Unix()
	s := raw.SessionNew()
	defer raw.SessionFree(s)
	made := raw.SessionTime(s).Value
	o.Note("SSL_SESSION_new", "timeout=%d, made now=%t, resumable=%t, version %d", raw.SessionTimeout(s).Value,
		before <= made && made <= time.Now().Unix(), raw.SessionIsResumable(s), raw.SessionProtocolVersion(s))
}

// observeRenewedTicket resumes at a server that takes each ticket and gives another for it.
func observeRenewedTicket(o *Observer) {
	srv, cli := o.server(timeout(1234*time.Second), numTickets(1)), o.client()
	must(raw.CtxSetTicketKeyCallback(ctxOf(srv), func(encrypt bool) int {
		if encrypt {
			return 1
		}
		return 2
	}).Err())
	first := o.connect(srv, cli)
	again := o.resume(srv, cli, first)
	before, after := rawOf(first.client.session), rawOf(again.client.session)
	o.Note("first", "%v %s", first, ticketOf(first.client.session))
	o.Note("renewed", "%v %s", again, ticketOf(again.client.session))
	o.Note("another ticket", "%t", !bytes.Equal(raw.SessionTicket(before), raw.SessionTicket(after)))
	o.Note("another object", "%t", before != after)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// lately is a second that is over. libssl may see it as the present one: time(2) moves with the kernel's ticks, and is
// some milliseconds behind time.Now.
func lately() time.Time { return time.Now().Add(-time.Second).Truncate(time.Second) }

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
