// Package libcrypto binds what package openssl needs of libcrypto: digests, HMAC, ciphers, keys and certificates, by EVP
// alone. An error is a [libssl.Error] with the error queue of the call that failed. What is freed for good when it is
// unreachable, and refuses to be used once it is closed, may be used by several goroutines: they take turns.
package libcrypto

/*
#cgo CFLAGS: -std=gnu11
#cgo !libssl_static pkg-config: libssl libcrypto
#cgo libssl_static LDFLAGS: -l:libssl.a -l:libcrypto.a -ldl -lpthread
#include "crypto.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/errqueue"
)

// check returns the error that a call came out with, if any.
func check(r C.gls_ret) error {
	if r.ret == 1 {
		return nil
	}
	return errqueue.Take(unsafe.Pointer(&r))
}

// take copies what came back from C and wipes and frees it there: it may be a key.
func take(b C.glscrypto_bytes) ([]byte, error) {
	if err := check(b.r); err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(b.data))
	data := make([]byte, int(b.n))
	if len(data) > 0 {
		copy(data, unsafe.Slice((*byte)(b.data), len(data)))
		C.OPENSSL_cleanse(unsafe.Pointer(b.data), b.n)
	}
	return data, nil
}

// some returns b, or a byte in the place of an empty slice, so that &some(b)[0] can be given to C: written like that as
// an argument, cgo looks at the slice and not at what it is a part of, in which there may be Go pointers.
func some(b []byte) []byte {
	if len(b) == 0 {
		return nothing[:]
	}
	return b
}

var nothing [1]byte

// withCString calls f with a C copy of s. A string with a zero byte is refused: C would take what stands before it.
func withCString(op, s string, f func(cs *C.char) error) error {
	if strings.ContainsRune(s, 0) {
		return fmt.Errorf("libssl: %s: zero byte in %q", op, s)
	}
	cs := C.CString(s)
	defer C.free(unsafe.Pointer(cs))
	return f(cs)
}

// An owner has a C object, which it frees when it is closed or no longer reachable.
type owner struct {
	mu      sync.Mutex
	ptr     unsafe.Pointer // nil once closed
	cleanup runtime.Cleanup
	free    func(unsafe.Pointer)
}

// own hands a C object over.
func (o *owner) own(ptr unsafe.Pointer, free func(unsafe.Pointer)) {
	o.ptr, o.free = ptr, free
	o.cleanup = runtime.AddCleanup(o, free, ptr)
}

// use calls f with the C object, if there still is one, while no other goroutine uses it.
func (o *owner) use(f func(ptr unsafe.Pointer) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ptr == nil {
		return libssl.ErrClosed
	}
	return f(o.ptr)
}

// Close frees it. It may be called more than once.
func (o *owner) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ptr != nil {
		o.cleanup.Stop()
		o.free(o.ptr)
		o.ptr = nil
	}
}

// wipe frees n bytes of C's that may be secret.
func wipe(p unsafe.Pointer, n int) {
	C.OPENSSL_cleanse(p, C.size_t(n))
	C.free(p)
}

// uchars returns what C is to read as b, of which p is a copy: NULL stands for nil.
func uchars(p unsafe.Pointer, b []byte) *C.uchar {
	if b == nil {
		return nil
	}
	return (*C.uchar)(p)
}

// clip returns n as far as a C int reaches.
func clip(n int) C.int { return C.int(max(math.MinInt32, min(n, math.MaxInt32))) }
