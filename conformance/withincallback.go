package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-libssl/libssl/internal/raw"
)

// Section D, continued: what may be called while a session callback runs, by the callback and by other threads.
var withinCallbacks = []Clause{
	{
		ID: "D20", Page: pageSessionCallbacks,
		Says:   "Nothing on what other threads can do while a callback runs.",
		Manual: Silent,
		Truth:  "Up to 3.5 other threads that need the Ctx wait while the callback for removals runs from flushing, from SSL_CTX_free, or for lack of room; from 3.6 on they never wait.",
		Whom:   "Servers whose callback for removals does something slow, such as a network call: all handshakes wait for it.",
		Text:   "Before OpenSSL 3.6 the remove callback may be called while ctx is locked: it should return quickly.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("remove: flush; remove: no room; remove: SSL_CTX_free", "others wait"),
			is("remove: SSL_CTX_remove_session; remove: found expired; remove: unclean end; new; get; generate", "others go on"),
			since(V3_6, is("remove: flush; remove: no room; remove: SSL_CTX_free", "others go on")),
		),
		Observe: observeOtherThreads,
	},
	{
		ID: "D21", Page: pageSessionCallbacks,
		Says:   "Nothing on calls that a callback makes on its Ctx.",
		Manual: Silent,
		Truth:  "In 3.0 and 3.5 calls from the callback for removals on the Ctx fail, with no error queued, while it flushes, makes room or is freed; elsewhere they work.",
		Whom:   "Programs that add or remove a session in that callback: with these releases nothing comes of it, and 0 is all that says so.",
		Note:   "In 1.1.1 they return 1, although the lock is held (D20): what they do then is not protected. From 3.6 on all that go have left the cache before the first callback.",
		Text:   "Before OpenSSL 3.6 the remove callback must not call functions that modify ctx: they may fail without an error.",
		Modes:  only12s,
		Ways:   onlyRaw,
		Want: want(
			is("remove: flush", "add=1 remove=1 set_generate_session_id=1"),
			is("remove: SSL_CTX_remove_session", "add=1 remove=1 set_generate_session_id=1"),
			is("remove: no room", "add=1 remove=1 set_generate_session_id=1"),
			is("remove: SSL_CTX_free", "add=1 remove=1 set_generate_session_id=1"),
			is("new; get; generate", "add=1 remove=1 set_generate_session_id=1"),
			since(V3_0, is("remove: flush; remove: no room; remove: SSL_CTX_free", "add=0 remove=0 set_generate_session_id=0")),
			since(V3_6,
				is("remove: flush", "add=1 remove=1 set_generate_session_id=1"),
				is("remove: no room; remove: SSL_CTX_free", "add=1 remove=0 set_generate_session_id=1")),
			is("errors queued", "none"),
		),
		Observe: observeOwnThread,
	},
}

// A place is a way to have a callback run. Each begins with a Ctx that has a session, other, in its cache.
type place struct {
	name string
	// reach has within called once, from inside the callback.
	reach func(o *Observer, srv ctx, within func())
}

var places = []place{
	{"remove: flush", func(o *Observer, srv ctx, within func()) {
		add(srv, expired(o.numbered(victim)))
		onRemove(srv, within)
		srv.FlushSessions(time.Now())
	}},
	{"remove: no room", func(o *Observer, srv ctx, within func()) {
		add(srv, aged(o.numbered(victim), time.Hour))
		add(srv, o.numbered(other)) // up to 1.1.1 the one that was added first goes
		srv.SetSessionCacheSize(2)
		onRemove(srv, within)
		add(srv, o.numbered(newcomer))
	}},
	{"remove: SSL_CTX_remove_session", func(o *Observer, srv ctx, within func()) {
		s := o.numbered(victim)
		add(srv, s)
		onRemove(srv, within)
		srv.RemoveSession(s)
	}},
	{"new", func(o *Observer, srv ctx, within func()) {
		srv.SetNewSessionCallback(func(session) { within() })
		o.connect(srv, o.client())
	}},
	{"get", func(o *Observer, srv ctx, within func()) {
		first, cli := elsewhere(o)
		srv.SetGetSessionCallback(func([]byte) session {
			within()
			return nil
		})
		o.resume(srv, cli, first)
	}},
	{"generate", func(o *Observer, srv ctx, within func()) {
		generating(func(_ ssl, id []byte) (int, error) {
			within()
			return randomID(id)
		})(srv)
		o.connect(srv, o.client())
	}},
}

// These only differ in what is in the way of the callback's calls.
var (
	morePlaces = []place{
		{"remove: found expired", func(o *Observer, srv ctx, within func()) {
			cli := o.client()
			first := o.connect(srv, cli)
			add(srv, expired(first.server.session))
			onRemove(srv, within)
			o.resume(srv, cli, first)
		}},
		{"remove: unclean end", func(o *Observer, srv ctx, within func()) {
			l := o.open(srv, o.client())
			onRemove(srv, within)
			must(l.server.conn.(*rawConn).Abandon())
		}},
	}
	whenFreed = place{"remove: SSL_CTX_free", func(o *Observer, srv ctx, within func()) {
		add(srv, o.numbered(victim))
		onRemove(srv, within)
		must(srv.Close())
	}}
)

func onRemove(srv ctx, within func()) {
	raw.CtxSetRemoveSessionCallback(ctxOf(srv), func(raw.Ctx, raw.Session) { within() })
}

// The sessions of these clauses, by their ids. libssl 1.1.1 walks over its table while a callback changes it: sessions
// of different numbers are in different places there.
const (
	other = iota + 1
	victim
	newcomer
	extra
)

func (o *Observer) numbered(n byte) session { return withID(anySession(o), n) }

// enter has a callback run at a place and calls within in it, once.
func (o *Observer) enter(p place, within func(c raw.Ctx)) {
	srv := o.server()
	add(srv, o.numbered(other))
	c := ctxOf(srv)
	p.reach(o, srv, once(func() { within(c) })) // which may lead to another callback
}

func observeOtherThreads(o *Observer) {
	all := append(append([]place{}, places...), morePlaces...)
	found := make([]string, len(all))
	var todo []func()
	for i, p := range all {
		todo = append(todo, func() {
			found[i] = "not called"
			o.enter(p, func(c raw.Ctx) { found[i] = o.besides(c) })
		})
	}
	srv := o.server()
	add(srv, o.numbered(victim))
	var freed string
	todo = append(todo, func() {
		fate := must1(raw.FreeInChildBesideAnother(ctxOf(srv)))
		freed = map[string]string{"ret=0 no error": goOn, "ret=1 no error": wait}[fate.String()]
		if freed == "" {
			freed = fate.String()
		}
	})
	Together(todo...) // each that waits takes a second
	for i, p := range all {
		o.Note(p.name, "%s", found[i])
	}
	o.Note(whenFreed.name, "%s", freed)
}

const goOn, wait = "others go on", "others wait"

// besides tells whether a call of another thread on the Ctx returns while this one stays here. A busy machine is no
// reason to wait: a second passes only when the same call on another Ctx has returned.
func (o *Observer) besides(c raw.Ctx) string {
	call := func(c raw.Ctx) chan struct{} {
		returned := make(chan struct{})
		go func() {
			defer close(returned)
			raw.CtxSetGenerateSessionID(c, nil)
		}()
		return returned
	}
	returned := call(c)
	o.atEnd(func() { <-returned })
	<-call(ctxOf(o.server()))
	select {
	case <-returned:
		return goOn
	case <-time.After(time.Second):
		return wait
	}
}

func observeOwnThread(o *Observer) {
	var queued strings.Builder
	call := func(p place, f func(c raw.Ctx) raw.Ret) int64 {
		value := int64(-1) // not called
		o.enter(p, func(c raw.Ctx) {
			r := f(c)
			value = r.Value
			for range r.Queue {
				fmt.Fprintf(&queued, "%s: %v ", p.name, r)
			}
		})
		return value
	}
	for _, p := range append(places, whenFreed) {
		another, same := must1(o.numbered(extra).Clone()), o.numbered(other)
		added := call(p, func(c raw.Ctx) raw.Ret { return raw.CtxAddSession(c, rawOf(another)) })
		removed := call(p, func(c raw.Ctx) raw.Ret { return raw.CtxRemoveSession(c, rawOf(same)) })
		set := call(p, func(c raw.Ctx) raw.Ret { return raw.CtxSetGenerateSessionID(c, nil) })
		o.Note(p.name, "add=%d remove=%d set_generate_session_id=%d", added, removed, set)
	}
	if queued.Len() == 0 {
		queued.WriteString("none")
	}
	o.Note("errors queued", "%s", queued.String())
}
