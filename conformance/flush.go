package conformance

import (
	"fmt"
	"math"
	"time"

	"github.com/go-libssl/libssl/internal/raw"
)

const pageFlush = "SSL_CTX_flush_sessions(3)"

// Section H: flushing. The sessions are from long ago, so that the clock does not matter.
var flushing = []Clause{
	{
		ID: "H1", Page: pageFlush,
		Says:  "Flushing removes the sessions that have expired at the time given: later than creation plus timeout.",
		Modes: stateful,
		Want: want(
			is("when created; 99 s later; 100 s later", "number=1 remove_cb=0"),
			is("101 s later; far in the future", "number=0 remove_cb=1"),
			by(onlyRaw,
				is("the session itself, 100 s later", "no error number=1 resumable=true"),
				is("the session itself, 101 s later; the session itself, LONG_MAX", "no error number=0 resumable=false")),
		),
		Observe: func(o *Observer) {
			sess := anySession(o)
			for _, c := range []struct {
				name string
				at   time.Time
			}{
				{"when created", longAgo},
				{"99 s later", longAgo.Add(99 * time.Second)},
				{"100 s later", longAgo.Add(100 * time.Second)},
				{"101 s later", longAgo.Add(101 * time.Second)},
				{"far in the future", longAgo.Add(100 * 365 * 24 * time.Hour)},
			} {
				observeFlush(o, c.name, sess, c.at)
			}
			if o.Way == Raw {
				created := longAgo.Unix()
				for _, c := range []extreme{{"100 s later", created + 100}, {"101 s later", created + 101}, {"LONG_MAX", math.MaxInt64}} {
					mine := made(sess, longAgo, 100*time.Second)
					o.Note("the session itself, "+c.name, "%s", observeFlushOfObject(o, mine, c.value, raw.CtxFlushSessions))
				}
			}
		},
	},
	{
		ID: "H2", Page: pageFlush,
		Says:   "Nothing on time 0 or a negative one.",
		Manual: Silent,
		Truth:  "Flushing at time 0 removes all sessions; so does a negative time since 3.5, which removed none before.",
		Whom:   "Programs that flush by a computed time: a negative one kept everything up to 3.0 and drops everything since 3.5.",
		Text:   "If tm is 0 or negative all sessions are removed.",
		Modes:  only12s,
		Want: want(
			is("0", "number=0 remove_cb=1"),
			is("1; -1", "number=1 remove_cb=0"),
			since(V3_5, is("-1", "number=0 remove_cb=1")),
		),
		Observe: func(o *Observer) {
			sess := anySession(o)
			observeFlush(o, "0", sess, time.Time{})
			observeFlush(o, "1", sess, time.Unix(1, 0))
			observeFlush(o, "-1", sess, time.Unix(-1, 0))
		},
	},
	{
		ID: "H3", Page: pageFlush, Since: V3_5,
		Says:   "SSL_CTX_flush_sessions_ex does the same with a time_t.",
		Manual: Silent,
		Truth:  "SSL_CTX_flush_sessions_ex removes all sessions at time 0 and at any negative time.",
		Whom:   "Programs that flush by a computed time: below 1970 it empties the cache.",
		Text:   "If tm is 0 or negative all sessions are removed.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("0; -1; when created; 100 s later; 101 s later", notThere),
			since(V3_5,
				is("0; -1; 101 s later", "no error number=0 resumable=false"),
				is("when created; 100 s later", "no error number=1 resumable=true")),
		),
		Observe: func(o *Observer) {
			sess := anySession(o)
			created := longAgo.Unix()
			for _, c := range []extreme{{"0", 0}, {"-1", -1}, {"when created", created}, {"100 s later", created + 100}, {"101 s later", created + 101}} {
				o.Note(c.name, "%s", ifThere("SSL_CTX_flush_sessions_ex", func() string {
					return observeFlushOfObject(o, made(sess, longAgo, 100*time.Second), c.value, raw.CtxFlushSessionsEx)
				}))
			}
		},
	},
	{
		ID: "H4", Page: pageFlush,
		Says:  "Only the sessions that have expired go, wherever they are in the list.",
		Modes: only12s,
		Want: want(
			is("the first two of four", "number=2 remove_cb=2 left=0011"),
			is("the second of four", "number=3 remove_cb=1 left=1011"),
			is("none of four", "number=4 remove_cb=0 left=1111"),
			is("timeout 0: flushed at its own time", "number=1 remove_cb=0"),
			is("timeout 0: a second later", "number=0 remove_cb=1"),
			by(onlyRaw,
				is("timeout LONG_MAX: a second later", "no error number=0 resumable=false"),
				since(V3_0, is("timeout LONG_MAX: a second later", "no error number=1 resumable=true")),
				is("NULL Ctx", crashed)),
		),
		Observe: func(o *Observer) {
			observeSelectiveFlush(o)
			if o.Way == Raw {
				long := made(anySession(o), longAgo, 0)
				must(raw.SessionSetTimeout(rawOf(long), math.MaxInt64).Err())
				o.Note("timeout LONG_MAX: a second later", "%s", observeFlushOfObject(o, long, longAgo.Unix()+1, raw.CtxFlushSessions))
				o.Note("NULL Ctx", "%s", o.inChild(raw.CtxFlushSessionsNullCtx))
			}
		},
	},
}

var longAgo = time.Unix(1000000, 0)

// made is a copy of a session with a given time and timeout.
func made(s session, at time.Time, timeout time.Duration) session {
	other := must1(s.Clone())
	must(other.SetTime(at))
	must(other.SetTimeout(timeout))
	return other
}

// observeFlush flushes a cache with one session of 100 seconds' life.
func observeFlush(o *Observer, name string, s session, at time.Time) {
	observeFlushOf(o, name, made(s, longAgo, 100*time.Second), at)
}

func observeFlushOf(o *Observer, name string, s session, at time.Time) {
	var n calls
	srv := o.server(n.countRemoved)
	add(srv, s)
	srv.FlushSessions(at)
	o.Note(name, "number=%d remove_cb=%d", srv.SessionStats().Number, n.removed)
}

// observeFlushOfObject flushes a cache with that very session and looks at it.
func observeFlushOfObject(o *Observer, s session, at int64, flush func(raw.Ctx, int64) raw.Ret) string {
	srv := o.server()
	must(raw.CtxAddSession(ctxOf(srv), rawOf(s)).Err())
	r := flush(ctxOf(srv), at)
	return fmt.Sprintf("%s number=%d resumable=%t", r.Errors(), srv.SessionStats().Number, s.IsResumable())
}

func observeSelectiveFlush(o *Observer) {
	sess := anySession(o)
	for _, c := range []struct {
		name string
		dead [4]bool
	}{
		{"the first two of four", [4]bool{true, true, false, false}},
		{"the second of four", [4]bool{false, true, false, false}},
		{"none of four", [4]bool{}},
	} {
		var n calls
		srv := o.server(n.countRemoved)
		var four []session
		for i, dead := range c.dead {
			life := map[bool]time.Duration{true: 100 * time.Second, false: 1000 * time.Second}[dead]
			four = append(four, made(withID(sess, byte(i)), longAgo, life))
			add(srv, four[i])
		}
		srv.FlushSessions(longAgo.Add(500 * time.Second))
		number, removed, left := srv.SessionStats().Number, n.removed, ""
		for _, s := range four {
			left += fmt.Sprint(bit(srv.RemoveSession(s)))
		}
		o.Note(c.name, "number=%d remove_cb=%d left=%s", number, removed, left)
	}
	short := made(sess, longAgo, 0)
	observeFlushOf(o, "timeout 0: flushed at its own time", short, longAgo)
	observeFlushOf(o, "timeout 0: a second later", short, longAgo.Add(time.Second))
}
