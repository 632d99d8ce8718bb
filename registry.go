//go:build cgo

package libssl

import (
	"sync"
	"weak"
)

// A registry leads from the number that C holds for an object to the object, and keeps nothing alive: a callback
// only comes while Go is in a call on the object, and what is collectable has to be collected.
type registry[T any] struct {
	mu   sync.RWMutex
	last uintptr
	m    map[uintptr]weak.Pointer[T]
}

func (r *registry[T]) add(p *T) uintptr {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = make(map[uintptr]weak.Pointer[T])
	}
	r.last++
	r.m[r.last] = weak.Make(p)
	return r.last
}

// get returns nil for what is gone.
func (r *registry[T]) get(id uintptr) *T {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.m[id].Value()
}

func (r *registry[T]) remove(id uintptr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.m, id)
}

var (
	contexts    registry[Ctx]
	connections registry[SSL]
)
