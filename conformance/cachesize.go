package conformance

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/raw"
)

const pageCacheSize = "SSL_CTX_sess_set_cache_size(3)"

// Section F: the size of the cache.
var cacheSize = []Clause{
	{
		ID: "F1", Page: pageCacheSize,
		Says: "The default size is 20480; setting one gives back the previous one; 0 is no limit.",
		Want: want(
			is("default", "20480"),
			is("0", "previous=20480 now=0"),
			is("1", "previous=0 now=1"),
			is("1000", "previous=1 now=1000"),
			is("largest", "previous=1000 now=9223372036854775807"),
			by(onlyRaw, is("set on a NULL Ctx; read on a NULL Ctx", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			o.Note("default", "%d", ctx.SessionCacheSize())
			for _, c := range []struct {
				name string
				size int
			}{{"0", 0}, {"1", 1}, {"1000", 1000}, {"largest", math.MaxInt}} {
				previous := ctx.SetSessionCacheSize(c.size)
				o.Note(c.name, "previous=%d now=%d", previous, ctx.SessionCacheSize())
			}
			if o.Way == Raw {
				o.Note("set on a NULL Ctx", "%v", raw.CtxSetSessionCacheSize(raw.Ctx{}, 7))
				o.Note("read on a NULL Ctx", "%v", raw.CtxSessionCacheSize(raw.Ctx{}))
			}
		},
	},
	{
		ID: "F2", Page: pageCacheSize,
		Says:   "Nothing on negative sizes.",
		Manual: Silent,
		Truth:  "A negative cache size is refused: the size stays, and what comes back is 0 and not the previous size.",
		Whom:   "Programs that pass on a size from a configuration file: a negative one is dropped, and the 0 that comes back reads as \"was unlimited\".",
		Text:   "If t is negative the size is left as it is and 0 is returned.",
		Want: want(
			is("-1", "previous=0 now=7"),
			is("smallest", "previous=0 now=7"),
			by(onlyRaw, is("-1, bare", "ret=0 no error")),
		),
		Observe: func(o *Observer) {
			ctx := o.ctx(libssl.TLSServerMethod)
			ctx.SetSessionCacheSize(7)
			previous := ctx.SetSessionCacheSize(-1)
			o.Note("-1", "previous=%d now=%d", previous, ctx.SessionCacheSize())
			previous = ctx.SetSessionCacheSize(math.MinInt)
			o.Note("smallest", "previous=%d now=%d", previous, ctx.SessionCacheSize())
			if o.Way == Raw {
				o.Note("-1, bare", "%v", raw.CtxSetSessionCacheSize(ctxOf(ctx), -1))
			}
		},
	},
	{
		ID: "F3", Page: pageCacheSize, Since: V3_0,
		Says:   "When a session would make the cache exceed its size, others are dropped.",
		Manual: Wrong,
		Truth:  "Since 3.0 the cache holds one session fewer than its size; sizes 1 and 2 both hold one.",
		Whom:   "Servers and tests with small caches: a size of 2 keeps one session.",
		Note:   "The page calls the size a hint, and does not say what it hints at.",
		Text:   "The cache holds up to t - 1 sessions, and one session if t is 1.",
		Modes:  stateful,
		Want: want(
			in(only12s, "size 0", "1 2 3 4 5 6 7 8 cache_full=0 remove_cb=0"),
			in(only12s, "size 1", "1 1 1 1 1 1 1 1 cache_full=7 remove_cb=7"),
			in(only12s, "size 2", "1 2 2 2 2 2 2 2 cache_full=6 remove_cb=6"),
			in(stateful, "size 3", "1 2 3 3 3 3 3 3 cache_full=5 remove_cb=5"),
			in(only12s, "size 4", "1 2 3 4 4 4 4 4 cache_full=4 remove_cb=4"),
			in(only12s, "size 5", "1 2 3 4 5 5 5 5 cache_full=3 remove_cb=3"),
			since(V3_0,
				in(only12s, "size 2", "1 1 1 1 1 1 1 1 cache_full=7 remove_cb=7"),
				in(stateful, "size 3", "1 2 2 2 2 2 2 2 cache_full=6 remove_cb=6"),
				in(only12s, "size 4", "1 2 3 3 3 3 3 3 cache_full=5 remove_cb=5"),
				in(only12s, "size 5", "1 2 3 4 4 4 4 4 cache_full=4 remove_cb=4")),
		),
		Observe: func(o *Observer) {
			if o.Mode.tls13() {
				observeFilling(o, 3)
				return
			}
			for size := range 6 {
				observeFilling(o, size)
			}
		},
	},
	{
		ID: "F4", Page: pageCacheSize, Since: V3_0,
		Says:   "When the size is made smaller, the sessions above it go when the next one is added.",
		Manual: Wrong,
		Truth:  "Sessions above a smaller size go when the next one is added, but since 3.0 one more than the size asks for.",
		Whom:   "Servers that shrink the cache to an exact size: it ends up one below.",
		Note:   "The page calls the size a hint.",
		Text:   "If the size is reduced below the number of sessions in the cache, sessions are removed the next time one is added, until with that one t - 1 are left.",
		Modes:  stateful,
		Want: want(
			is("size set to 2", "number=4"),
			is("next one added", "number=2 remove_cb=3 cache_full=3"),
			since(V3_0, is("next one added", "number=1 remove_cb=4 cache_full=4")),
		),
		Observe: func(o *Observer) {
			var n calls
			srv, cli := o.server(numTickets(1), n.countRemoved), o.client()
			for range 4 {
				o.connect(srv, cli)
			}
			srv.SetSessionCacheSize(2)
			o.Note("size set to 2", "number=%d", srv.SessionStats().Number)
			o.connect(srv, cli)
			st := srv.SessionStats()
			o.Note("next one added", "number=%d remove_cb=%d cache_full=%d", st.Number, n.removed, st.CacheFull)
		},
	},
	{
		ID: "F5", Page: pageCacheSize,
		Says:  "A session dropped for lack of room is reported to the callback, counted as cache_full, and gone.",
		Modes: stateful,
		Want: want(
			is("four sessions, size 2", "number=2 remove_cb=2 cache_full=2"),
			is("oldest to newest resumed", "0011"),
			by(onlyRaw, is("oldest to newest resumable", "0011")),
			since(V3_0,
				is("four sessions, size 2", "number=1 remove_cb=3 cache_full=3"),
				is("oldest to newest resumed", "0001"),
				by(onlyRaw, is("oldest to newest resumable", "0001"))),
		),
		Observe: observeEviction,
	},
	{
		ID: "F6", Page: pageCacheSize, Since: V3_0,
		Says:   "When there is no room sessions that are not in use are dropped from the end of the list.",
		Manual: Silent,
		Truth:  "Use protects no session from being dropped: since 3.0 those that expire first go, before that the oldest.",
		Whom:   "Servers under load that count on sessions in use being kept, or on the oldest being dropped.",
		Text:   "The sessions that expire first are dropped, whether or not they have been reused.",
		Modes:  only12s,
		Want: want(
			is("oldest resumed just before", "111"),
			is("oldest lives longest", "01111"),
			since(V3_0,
				is("oldest resumed just before", "011"),
				is("oldest lives longest", "10011")),
		),
		Observe: observeEvictionOrder,
	},
}

// observeFilling notes the number of sessions after each of eight connections.
func observeFilling(o *Observer, size int) {
	var n calls
	srv, cli := o.server(numTickets(1), n.countRemoved), o.client()
	srv.SetSessionCacheSize(size)
	var numbers []string
	for range 8 {
		o.connect(srv, cli)
		numbers = append(numbers, fmt.Sprint(srv.SessionStats().Number))
	}
	o.Note(fmt.Sprintf("size %d", size), "%s cache_full=%d remove_cb=%d",
		strings.Join(numbers, " "), srv.SessionStats().CacheFull, n.removed)
}

func observeEviction(o *Observer) {
	var n calls
	srv, cli := o.server(numTickets(1), n.countRemoved), o.client()
	srv.SetSessionCacheSize(2)
	var links []*link
	for range 4 {
		links = append(links, o.connect(srv, cli))
	}
	st := srv.SessionStats()
	o.Note("four sessions, size 2", "number=%d remove_cb=%d cache_full=%d", st.Number, n.removed, st.CacheFull)
	if o.Way == Raw {
		resumable := ""
		for _, l := range links {
			resumable += fmt.Sprint(bit(l.server.session.IsResumable()))
		}
		o.Note("oldest to newest resumable", "%s", resumable)
	}
	cacheMode(libssl.SessionCacheOff)(srv) // so that looking does not add any
	resumed := ""
	for _, l := range links {
		resumed += fmt.Sprint(bit(o.resume(srv, cli, l).server.reused))
	}
	o.Note("oldest to newest resumed", "%s", resumed)
}

func observeEvictionOrder(o *Observer) {
	cli := o.client()

	srv := o.server()
	srv.SetSessionCacheSize(3)
	links := []*link{o.connect(srv, cli), o.connect(srv, cli)}
	o.resume(srv, cli, links[0])
	links = append(links, o.connect(srv, cli))
	o.Note("oldest resumed just before", "%s", cached(srv, links))

	srv = o.server()
	srv.SetSessionCacheSize(4)
	usual := srv.SetTimeout(100 * time.Hour)
	links = []*link{o.connect(srv, cli)}
	srv.SetTimeout(usual)
	for range 4 {
		links = append(links, o.connect(srv, cli))
	}
	o.Note("oldest lives longest", "%s", cached(srv, links))
}

// cached tells which of the sessions are in the cache, 1 for those that are. It takes them out.
func cached(srv ctx, links []*link) string {
	in := ""
	for _, l := range links {
		in += fmt.Sprint(bit(srv.RemoveSession(l.server.session)))
	}
	return in
}
