//go:build cgo

package libssl

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCtxLockExcludes has readers, nested ones among them, and changers meet; the race detector sees one slip through.
func TestCtxLockExcludes(t *testing.T) {
	var a, b ctxLock
	var ofA, ofB int
	var all sync.WaitGroup
	const rounds = 2000
	for range 4 {
		all.Go(func() {
			for range rounds {
				a.RLock(false)
				b.RLock(true)
				_ = ofA + ofB
				b.RUnlock()
				a.RUnlock()
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for range rounds {
				a.Lock()
				ofA++
				a.Unlock()
				b.Lock()
				ofB++
				b.Unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, 2*rounds, ofA)
	require.Equal(t, 2*rounds, ofB)
	require.Zero(t, a.state.Load())
}

// TestCtxLockOrder: who changes waits for who reads; behind it wait those who come to read, but not the nested.
func TestCtxLockOrder(t *testing.T) {
	var l ctxLock
	var mu sync.Mutex
	var order []string
	note := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, s)
	}
	var all sync.WaitGroup
	l.RLock(false)
	all.Go(func() {
		l.Lock()
		note("changed")
		l.Unlock()
	})
	for l.state.Load() < changer { // until it waits
		runtime.Gosched()
	}
	all.Go(func() {
		l.RLock(false)
		note("read")
		l.RUnlock()
	})
	l.RLock(true)
	note("nested")
	l.RUnlock()
	note("first")
	l.RUnlock()
	all.Wait()
	require.Equal(t, []string{"nested", "first", "changed", "read"}, order)
}
