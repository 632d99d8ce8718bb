package libcrypto

// #include "crypto.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/algorithms"
)

// An algorithm is fetched when it is first used, which costs more than a short message's digest, and again when the
// providers or the default properties have changed.
type algorithm struct {
	name    string
	kind    *kind
	current atomic.Pointer[fetched]
}

// A kind of algorithms is fetched and freed alike.
type kind struct {
	op    string // what fetch calls
	fetch func(name *C.char) C.gls_ret
	free  func(unsafe.Pointer)
}

type fetched struct {
	ptr        unsafe.Pointer
	generation uint64
}

// fetching is held around a fetch: see crypto.h.
var fetching sync.Mutex

// get returns the algorithm's implementation. Whoever gives its pointer to C keeps it reachable meanwhile.
func (a *algorithm) get() (*fetched, error) {
	generation := algorithms.Generation()
	if f := a.current.Load(); f != nil && f.generation == generation {
		return f, nil
	}
	f := &fetched{generation: generation}
	err := withCString(a.kind.op, a.name, func(cs *C.char) error {
		fetching.Lock()
		defer fetching.Unlock()
		r := a.kind.fetch(cs)
		f.ptr = r.ptr
		return check(r)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", a.name, libssl.ErrUnsupported, err)
	}
	runtime.AddCleanup(f, a.kind.free, f.ptr)
	a.current.Store(f)
	return f, nil
}

// Name returns the name that it was asked for by.
func (a *algorithm) Name() string { return a.name }

// Fetch returns an error that wraps [libssl.ErrUnsupported] if no provider has the algorithm, nor the legacy provider.
func (a *algorithm) Fetch() error {
	_, err := a.get()
	return err
}
