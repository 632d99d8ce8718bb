package conformance

import (
	"fmt"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageStatistics = "SSL_CTX_sess_number(3)"

// Section E: the statistics.
var statistics = []Clause{
	{
		ID: "E1", Page: pageStatistics,
		Says:  "The counters connect and accept tell how many handshakes were begun, connect_good and accept_good how many succeeded.",
		Modes: all,
		Want: want(
			is("before", "connect=0 good=0 accept=0 good=0"),
			is("within", "connect=1 good=0 accept=1 good=0"),
			is("after", "connect=1 good=1 accept=1 good=1"),
			is("one failed", "connect=2 good=1 accept=2 good=1"),
			is("one more", "connect=3 good=2 accept=3 good=2"),
			is("renegotiations", "connect=0 accept=0"),
		),
		Observe: observeCounts,
	},
	{
		ID: "E2", Page: pageStatistics,
		Says:   "The counters connect_renegotiate and accept_renegotiate tell how many renegotiations were begun.",
		Manual: Silent,
		Truth:  "A renegotiation counts as such, and once more in connect_good and accept_good, but not in connect and accept.",
		Whom:   "Operators who take the difference of accept and accept_good for failures: each renegotiation hides one.",
		Text:   "Renegotiations are also counted by SSL_CTX_sess_connect_good() and SSL_CTX_sess_accept_good(), and not by SSL_CTX_sess_connect() and SSL_CTX_sess_accept().",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("first", "connect=1 good=1 renegotiate=0, accept=1 good=1 renegotiate=0"),
			is("renegotiated", "connect=1 good=2 renegotiate=1, accept=1 good=2 renegotiate=1"),
			is("sessions", "number=2 hits=0"),
		),
		Observe: observeRenegotiation,
	},
	{
		ID: "E3", Page: pageStatistics,
		Says:   "Misses are the sessions offered that the internal cache did not have.",
		Manual: Wrong,
		Truth:  "Sessions found outside count as misses too, and as external hits even if they are then refused; with NO_INTERNAL_LOOKUP nothing counts as a miss.",
		Whom:   "Operators who add hits and misses up: with an external cache a client counts as both, and with NO_INTERNAL_LOOKUP as neither.",
		Note:   "Taken word for word, the page covers external hits, which are not in the internal cache; it does not cover NO_INTERNAL_LOOKUP.",
		Text:   "A session that only the external cache had counts as a miss too, and SSL_CTX_sess_cb_hits() counts it even if it is then refused. While SSL_SESS_CACHE_NO_INTERNAL_LOOKUP is set no misses are counted.",
		Modes:  tls12,
		Want: want(
			in(only12s, "found inside", "hits=1 cb_hits=0 misses=0 timeouts=0"),
			in(only12s, "found nowhere", "hits=0 cb_hits=0 misses=1 timeouts=0"),
			in(only12s, "found outside", "hits=1 cb_hits=1 misses=1 timeouts=0"),
			in(only12s, "found nowhere, NO_INTERNAL_LOOKUP", "hits=0 cb_hits=0 misses=0 timeouts=0"),
			in(only12s, "found outside, of another context", "hits=0 cb_hits=1 misses=1 timeouts=0"),
			in(only12s, "found outside, expired", "hits=0 cb_hits=1 misses=1 timeouts=1"),
			in(only12t, "ticket", "hits=1 cb_hits=0 misses=0 timeouts=0"),
		),
		Observe: observeHitsAndMisses,
	},
	{
		ID: "E4", Page: pageStatistics,
		Says:  "A session that was offered and found but had expired counts as a timeout and not as a hit.",
		Modes: only12s,
		Want: want(
			is("before", "number=1 hits=0 cb_hits=0 misses=0 timeouts=0 cache_full=0"),
			is("resume", "ok reused=0/0"),
			is("after", "number=1 hits=0 cb_hits=0 misses=0 timeouts=1 cache_full=0"),
			is("told of removals", "1"),
			by(onlyRaw, is("in a ticket", "ok reused=0/0 number=0 hits=0 cb_hits=0 misses=0 timeouts=1 cache_full=0, told of removals: 0")),
		),
		Observe: func(o *Observer) {
			var n calls
			srv, cli := o.server(n.countRemoved), o.client()
			first := o.connect(srv, cli)
			add(srv, expired(first.server.session))
			o.Note("before", "%s", counters(srv))
			o.Note("resume", "%v", o.resume(srv, cli, first))
			o.Note("after", "%s", counters(srv))
			o.Note("told of removals", "%d", n.removed)
			if o.Way == Raw {
				observeExpiredTicket(o)
			}
		},
	},
	{
		ID: "E5", Page: pageStatistics,
		Says:   "Nothing on a NULL Ctx.",
		Manual: Silent,
		Truth:  "With a NULL Ctx the statistics are 0, and no error is queued.",
		Whom:   "C programs that report the statistics of a Ctx that they do not have: all zero looks like no traffic.",
		Text:   "If ctx is NULL, the functions return 0.",
		Ways:   onlyRaw,
		Want:   want(is("number; hits; accept; cache_full", "ret=0 no error")),
		Observe: func(o *Observer) {
			o.Note("number", "%v", raw.CtxSessionNumber(raw.Ctx{}))
			o.Note("hits", "%v", raw.CtxSessionHits(raw.Ctx{}))
			o.Note("accept", "%v", raw.CtxSessionAccept(raw.Ctx{}))
			o.Note("cache_full", "%v", raw.CtxSessionCacheFull(raw.Ctx{}))
		},
	},
}

func counters(c ctx) string {
	st := c.SessionStats()
	return fmt.Sprintf("number=%d hits=%d cb_hits=%d misses=%d timeouts=%d cache_full=%d",
		st.Number, st.Hits, st.CallbackHits, st.Misses, st.Timeouts, st.CacheFull)
}

// observeCounts looks at the counters from within a handshake too: when the client is shown the
// server's certificate both sides have begun and neither is done.
func observeCounts(o *Observer) {
	srv, cli := o.server(), o.client()
	note := func(name string) {
		c, s := cli.SessionStats(), srv.SessionStats()
		o.Note(name, "connect=%d good=%d accept=%d good=%d", c.Connect, c.ConnectGood, s.Accept, s.AcceptGood)
	}
	note("before")
	cli.SetVerify(libssl.VerifyPeer, once(func() { note("within") }))
	o.connect(srv, cli)
	note("after")
	cli.SetVerify(libssl.VerifyPeer, nil)
	o.connect(srv, cli)
	note("one failed")
	cli.SetVerify(libssl.VerifyNone, nil)
	o.connect(srv, cli)
	note("one more")
	o.Note("renegotiations", "connect=%d accept=%d", cli.SessionStats().ConnectRenegotiate, srv.SessionStats().AcceptRenegotiate)
}

func observeRenegotiation(o *Observer) {
	srv, cli := o.server(), o.client()
	srv.SetOptions(libssl.AllowClientRenegotiation)
	note := func(name string) {
		c, s := cli.SessionStats(), srv.SessionStats()
		o.Note(name, "connect=%d good=%d renegotiate=%d, accept=%d good=%d renegotiate=%d",
			c.Connect, c.ConnectGood, c.ConnectRenegotiate, s.Accept, s.AcceptGood, s.AcceptRenegotiate)
	}
	l := o.open(srv, cli)
	note("first")
	must(raw.SSLRenegotiate(sslOf(l.client.conn)).Err())
	Together(func() {
		must(l.client.conn.Handshake())
		must(ask(l.client.conn))
	}, func() { must(answer(l.server.conn)) })
	note("renegotiated")
	st := srv.SessionStats()
	o.Note("sessions", "number=%d hits=%d", st.Number, st.Hits)
}

// observeExpiredTicket has a server put a session into its ticket that has expired already.
func observeExpiredTicket(o *Observer) {
	var n calls
	srv, cli := o.server(n.countRemoved), o.client()
	srv.ClearOptions(libssl.NoTicket)
	must(raw.CtxSetSessionTicketCallback(ctxOf(srv), func(s raw.SSL) int {
		raw.SessionSetTime(raw.SSLGetSession(s), unix(longAgo))
		return 1
	}, nil).Err())
	l := o.resume(srv, cli, o.connect(srv, cli))
	o.Note("in a ticket", "%v %s, told of removals: %d", l, counters(srv), n.removed)
}

// once does something the first time.
func once(f func()) func() {
	done := false
	return func() {
		if !done {
			done = true
			f()
		}
	}
}

func observeHitsAndMisses(o *Observer) {
	note := func(name string, srv ctx) {
		st := srv.SessionStats()
		o.Note(name, "hits=%d cb_hits=%d misses=%d timeouts=%d", st.Hits, st.CallbackHits, st.Misses, st.Timeouts)
	}
	if !o.Mode.stateful() {
		srv, cli := o.server(), o.client()
		o.resume(srv, cli, o.connect(srv, cli))
		note("ticket", srv)
		return
	}

	srv, cli := o.server(), o.client()
	o.resume(srv, cli, o.connect(srv, cli))
	note("found inside", srv)

	first, cli := elsewhere(o)
	other := must1(first.server.session.Clone())
	must(other.SetIDContext([]byte("other")))
	for _, c := range []struct {
		name    string
		outside session
		mode    libssl.SessionCacheMode
	}{
		{"found nowhere", nil, serverMode},
		{"found outside", first.server.session, serverMode},
		{"found nowhere, NO_INTERNAL_LOOKUP", nil, serverMode | libssl.SessionCacheNoInternalLookup},
		{"found outside, of another context", other, serverMode},
		{"found outside, expired", expired(first.server.session), serverMode},
	} {
		srv := o.server(cacheMode(c.mode), (&external{session: c.outside}).install)
		o.resume(srv, cli, first)
		note(c.name, srv)
	}
}
