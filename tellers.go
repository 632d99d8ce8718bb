//go:build cgo

package libssl

import (
	"bytes"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// tellers knows which goroutines are in callbacks that run after their crossing: a Read in there would wait for the
// call that it was made from. Inside C the thread tells; here a goroutine may move, and only the text of its stack
// names it. That is looked at only when there is something to tell.
type tellers struct {
	n   atomic.Int32
	mu  sync.Mutex
	ids []string
}

func (t *tellers) enter() {
	id := goroutineID()
	t.mu.Lock()
	t.ids = append(t.ids, id)
	t.mu.Unlock()
	t.n.Add(1)
}

func (t *tellers) leave() {
	id := goroutineID()
	t.mu.Lock()
	if i := slices.Index(t.ids, id); i >= 0 {
		t.ids = slices.Delete(t.ids, i, i+1)
	}
	t.mu.Unlock()
	t.n.Add(-1)
}

// here reports whether the caller's goroutine is one of them.
func (t *tellers) here() bool {
	if t.n.Load() == 0 {
		return false
	}
	id := goroutineID()
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.ids, id)
}

// goroutineID returns the number in "goroutine 7 [running]:".
func goroutineID() string {
	var buf [40]byte
	fields := bytes.Fields(buf[:runtime.Stack(buf[:], false)])
	return string(fields[1])
}

// inCallback reports whether the caller is one of c's own callbacks.
func (c *Conn) inCallback() bool { return c.isInside() || c.telling.here() }
