//go:build cgo

package libssl

import (
	"sync"
	"sync/atomic"
)

// A ctxLock lets many read an SSL_CTX or one change it. As with a sync.RWMutex, who comes to read waits behind who
// waits to change, or a busy server could never be set up anew. But who is nested, that is holds the lock of some Ctx
// already, does not: two callbacks that look at each other's Ctx while both are to be changed would wait for ever.
// Who changes holds no other lock, so a nested reader waits for one short call at most.
//
// Every Read and Write of every connection reads, so that is one atomic operation while nobody changes anything.
type ctxLock struct {
	state atomic.Int64 // who reads, and changer for each who changes or waits to

	mu       sync.Mutex
	turn     sync.Cond // something has ended; L is &mu, set by the first who waits
	waiting  int       // to change
	changing bool
}

const changer = 1 << 32

func (l *ctxLock) wait() {
	l.turn.L = &l.mu
	l.turn.Wait()
}

func (l *ctxLock) RLock(nested bool) {
	for s := l.state.Load(); s < changer; s = l.state.Load() {
		if l.state.CompareAndSwap(s, s+1) {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.changing || l.waiting > 0 && !nested {
		l.wait()
	}
	l.state.Add(1)
}

func (l *ctxLock) RUnlock() {
	s := l.state.Add(-1)
	if s < changer || s%changer != 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn.Broadcast()
}

func (l *ctxLock) Lock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Add(changer)
	l.waiting++
	for l.changing || l.state.Load()%changer != 0 {
		l.wait()
	}
	l.waiting--
	l.changing = true
}

func (l *ctxLock) Unlock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changing = false
	l.state.Add(-changer)
	l.turn.Broadcast()
}
