package conformance

import (
	"bytes"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageAddSession = "SSL_CTX_add_session(3)"

// Section I: adding and removing sessions by hand.
var addAndRemove = []Clause{
	{
		ID: "I1", Page: pageAddSession,
		Says:  "A session that is added takes the place of one with the same id, and the cache keeps it alive by itself.",
		Modes: stateful,
		Want: want(
			is("same id", "true number=1"),
			is("at another Ctx", "true number=1"),
			is("program's own let go", "ok reused=1/1"),
			by(onlyRaw,
				is("added", "ret=1 no error number=1"),
				is("the very object again", "ret=0 no error number=1"),
				is("another with its id", "ret=1 no error number=1 first freed with the program's reference: true"),
				is("freed", "with the program's reference: false, when flushed: true")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(numTickets(1)), o.client()
			first := o.connect(srv, cli)
			added := add(srv, first.server.session)
			o.Note("same id", "%t number=%d", added, srv.SessionStats().Number)
			other := o.server()
			added = add(other, first.server.session)
			o.Note("at another Ctx", "%t number=%d", added, other.SessionStats().Number)
			must(first.server.session.Close())
			o.Note("program's own let go", "%v", o.resume(other, cli, first))
			if o.Way == Raw {
				observeAddedObjects(o)
			}
		},
	},
	{
		ID: "I2", Page: pageAddSession,
		Says:   "Nothing on sessions without an id.",
		Manual: Silent,
		Truth:  "One session without an id can be added, a second takes its place, and none can be removed.",
		Whom:   "Servers that add sessions of TLS 1.2 with tickets to the cache: each pushes out the one before, and the last cannot be removed.",
		Text:   "A session with an empty session id, such as a TLSv1.2 server's for which a ticket was issued, can be added. It replaces another one with an empty id, and SSL_CTX_remove_session() does not find it.",
		Modes:  only12s,
		Want: want(
			is("added", "true number=2"),
			is("another added", "true number=2"),
			is("removed", "false number=2"),
			by(onlyRaw,
				is("removed, still cached", "resumable=false"),
				is("NULL added", crashed),
				is("NULL removed", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			srv := o.server()
			first := o.connect(srv, o.client())
			nameless := func() session {
				s := must1(first.server.session.Clone())
				must(s.SetID(nil))
				return s
			}
			one, two := nameless(), nameless()
			added := add(srv, one)
			o.Note("added", "%t number=%d", added, srv.SessionStats().Number)
			added = add(srv, two)
			o.Note("another added", "%t number=%d", added, srv.SessionStats().Number)
			removed := srv.RemoveSession(two)
			o.Note("removed", "%t number=%d", removed, srv.SessionStats().Number)
			if o.Way == Raw {
				o.Note("removed, still cached", "resumable=%t", two.IsResumable())
				o.Note("NULL added", "%s", o.inChild(raw.CtxAddSessionNull))
				o.Note("NULL removed", "%v", raw.CtxRemoveSession(ctxOf(srv), raw.Session{}))
			}
		},
	},
	{
		ID: "I3", Page: pageAddSession,
		Says:   "Removing a session that is not in the cache does nothing and returns 0.",
		Manual: Wrong,
		Truth:  "For a session that is not in the cache SSL_CTX_remove_session returns 0, but still calls the callback and marks it as not resumable for good.",
		Whom:   "Programs that use the result to learn whether anything happened: 0 can mean that the session was made useless for good.",
		Note:   "The page says that a session is marked, and calls 0 a failure; that both come together it does not say.",
		Text:   "When the session is not in the cache SSL_CTX_remove_session() returns 0, but the session is marked as non-resumable and the remove callback is called all the same.",
		Modes:  stateful,
		Want: want(
			is("before", "resumable=true"),
			is("removed", "false remove_cb=1 resumable=false"),
			is("copied", "resumable=false"),
			is("added again", "true number=1"),
			by(onlyRaw, is("removed from the cache and added again", "ret=1 no error, ret=1 no error resumable=false number=1")),
		),
		Observe: func(o *Observer) {
			first, _ := elsewhere(o)
			sess := first.server.session
			o.Note("before", "resumable=%t", sess.IsResumable())
			srv := o.server()
			told := 0
			var marked session
			srv.SetRemoveSessionCallback(func(s session) { told, marked = told+1, s })
			removed := srv.RemoveSession(sess)
			o.Note("removed", "%t remove_cb=%d resumable=%t", removed, told, marked.IsResumable())
			o.Note("copied", "resumable=%t", must1(marked.Clone()).IsResumable())
			added := add(srv, marked)
			o.Note("added again", "%t number=%d", added, srv.SessionStats().Number)
			if o.Way == Raw {
				srv, s := o.server(), must1(anySession(o).Clone())
				must(raw.CtxAddSession(ctxOf(srv), rawOf(s)).Err())
				removed := raw.CtxRemoveSession(ctxOf(srv), rawOf(s))
				added := raw.CtxAddSession(ctxOf(srv), rawOf(s))
				o.Note("removed from the cache and added again", "%v, %v resumable=%t number=%d",
					removed, added, s.IsResumable(), srv.SessionStats().Number)
			}
		},
	},
	{
		ID: "I4", Page: pageAddSession,
		Says:   "SSL_CTX_remove_session removes a session, so that it is not reused.",
		Manual: Silent,
		Truth:  "A session that was removed is not resumed any more, but a ticket cannot be taken back: it still resumes.",
		Whom:   "Servers that remove a session to log a client out: with tickets the client still resumes.",
		Text:   "Removing a session does not invalidate the tickets that were issued for it: a client that presents one can still resume.",
		Modes:  all,
		Want: want(
			is("first", "ok reused=0/0"),
			in(stateful, "removed", "true number-1"),
			in(tickets, "removed", "false number-0"),
			in(stateful, "resume", "ok reused=0/0"),
			in(tickets, "resume", "ok reused=1/1"),
			in(stateful, "statistics", "hits=0 misses=1"),
			in(tickets, "statistics", "hits=1 misses=0"),
			by(onlyRaw, is("removed on the client", "resumable=false, ok reused=0/0")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(), o.client()
			first := o.connect(srv, cli)
			o.Note("first", "%v", first)
			before := srv.SessionStats().Number
			removed := srv.RemoveSession(first.server.session)
			o.Note("removed", "%t number-%d", removed, before-srv.SessionStats().Number)
			o.Note("resume", "%v", o.resume(srv, cli, first))
			st := srv.SessionStats()
			o.Note("statistics", "hits=%d misses=%d", st.Hits, st.Misses)
			if o.Way == Raw {
				again := o.connect(srv, cli)
				cli.RemoveSession(again.client.session)
				resumable := again.client.session.IsResumable()
				o.Note("removed on the client", "resumable=%t, %v", resumable, o.resume(srv, cli, again))
			}
		},
	},
	{
		ID: "I5", Page: pageAddSession,
		Says:   "Nothing on a session that was removed and is then added again.",
		Manual: Silent,
		Truth:  "A session that was removed and added again is resumed although it is marked as not resumable (TLS 1.2 before 3.0: the handshake fails).",
		Whom:   "Programs that remove a session for a while: the mark and what libssl does with the session contradict each other.",
		Text:   "A session that was removed can be added again. It is then found and resumed, although SSL_SESSION_is_resumable() still returns 0 for it.",
		Modes:  stateful,
		Want: want(
			is("removed", "resumable=false"),
			is("added again", "true"),
			in(only12s, "resume", "FAIL srv<E{20:1010}> cli<E{20:244}>"),
			in(only13s, "resume", "ok reused=1/1"),
			since(V3_0, is("resume", "ok reused=1/1")),
		),
		Observe: func(o *Observer) {
			srv, cli := o.server(numTickets(1)), o.client()
			first := o.connect(srv, cli)
			var marked session
			srv.SetRemoveSessionCallback(func(s session) { marked = s })
			srv.RemoveSession(first.server.session)
			srv.SetRemoveSessionCallback(nil)
			o.Note("removed", "resumable=%t", marked.IsResumable())
			o.Note("added again", "%t", add(srv, marked))
			o.Note("resume", "%v", o.resume(srv, cli, first))
		},
	},
}

// observeAddedObjects adds objects, not copies of them, and watches when they go.
func observeAddedObjects(o *Observer) {
	srv := o.server()
	c := ctxOf(srv)
	template := rawOf(anySession(o))
	one, two := raw.SessionDup(template), raw.SessionDup(template)
	oneFreed, twoFreed := raw.SessionWatch(one), raw.SessionWatch(two)
	o.Note("added", "%v number=%d", raw.CtxAddSession(c, one), srv.SessionStats().Number)
	o.Note("the very object again", "%v number=%d", raw.CtxAddSession(c, one), srv.SessionStats().Number)
	r := raw.CtxAddSession(c, two)
	raw.SessionFree(one)
	o.Note("another with its id", "%v number=%d first freed with the program's reference: %t",
		r, srv.SessionStats().Number, oneFreed.Load())
	raw.SessionFree(two)
	kept := twoFreed.Load()
	raw.CtxFlushSessions(c, 0)
	o.Note("freed", "with the program's reference: %t, when flushed: %t", kept, twoFreed.Load())
}

// add adds a session to a Ctx's cache.
func add(c ctx, s session) bool { return must1(c.AddSession(s)) }

// anySession is a session as the mode's servers make them.
func anySession(o *Observer) session {
	return o.connect(o.server(), o.client()).server.session
}

// aged is a copy of a session that was made so long ago.
func aged(s session, age time.Duration) session {
	older := must1(s.Clone())
	must(older.SetTime(time.Now().Add(-age)))
	return older
}

// expired is a copy of a session whose time has been over for an hour.
func expired(s session) session { return aged(s, s.Timeout()+time.Hour) }

// withID is a copy of a session with an id of its own.
func withID(s session, n byte) session {
	other := must1(s.Clone())
	must(other.SetID(bytes.Repeat([]byte{n}, 32)))
	return other
}

// unresumable is a copy of a session that bears libssl's mark of being not resumable. libssl puts it
// there when a session is removed from any Ctx, and the callback for removals is shown it.
func unresumable(o *Observer, s session) session {
	var marked session
	c := o.ctx(libssl.TLSServerMethod)
	c.SetRemoveSessionCallback(func(s session) { marked = s })
	c.RemoveSession(s)
	return marked
}
