//go:build cgo

package libssl

import "sync"

// A ctxLock lets many read an SSL_CTX or one change it. As with a sync.RWMutex, who comes to read waits behind who
// waits to change, or a busy server could never be set up anew. But who is nested, that is holds the lock of some Ctx
// already, does not: two callbacks that look at each other's Ctx while both are to be changed would wait for ever.
// Who changes holds no other lock, so a nested reader waits for one short call at most.
type ctxLock struct {
	mu       sync.Mutex
	turn     sync.Cond // something has ended; L is &mu, set by the first who waits
	readers  int
	waiting  int // to change
	changing bool
}

func (l *ctxLock) wait() {
	l.turn.L = &l.mu
	l.turn.Wait()
}

func (l *ctxLock) RLock(nested bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.changing || l.waiting > 0 && !nested {
		l.wait()
	}
	l.readers++
}

func (l *ctxLock) RUnlock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers--
	if l.readers == 0 {
		l.turn.Broadcast()
	}
}

func (l *ctxLock) Lock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting++
	for l.changing || l.readers > 0 {
		l.wait()
	}
	l.waiting--
	l.changing = true
}

func (l *ctxLock) Unlock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changing = false
	l.turn.Broadcast()
}
