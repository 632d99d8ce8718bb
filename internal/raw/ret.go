package raw

/*
#cgo CFLAGS: -std=gnu11
#cgo !libssl_static pkg-config: libssl libcrypto
#cgo libssl_static LDFLAGS: -l:libssl.a -l:libcrypto.a -ldl -lpthread
#include "raw.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/go-libssl/libssl" // also links the shim
	"github.com/go-libssl/libssl/internal/errqueue"
)

func init() { C.glsraw_init() }

// A Ret is how a call came out.
type Ret struct {
	Op       string            // the C function
	Value    int64             // what it returned; 1 and 0 for a pointer and NULL
	SSLError int               // SSL_get_error, for calls that move records
	Queue    libssl.ErrorStack // the thread's error queue afterwards, oldest entry first
	ptr      unsafe.Pointer
}

// String is the value and the queue, as "ret=0 E{20:273}".
func (r Ret) String() string { return fmt.Sprintf("ret=%d %s", r.Value, r.Errors()) }

// Errors is the queue, as "E{20:273}" or "no error".
func (r Ret) Errors() string {
	if len(r.Queue) == 0 {
		return "no error"
	}
	var b strings.Builder
	for _, e := range r.Queue {
		fmt.Fprintf(&b, "E{%d:%d}", e.Lib, int(e.Reason))
	}
	return b.String()
}

// Err is nil for a call that returned 1, and the error that package libssl would make of any other.
func (r Ret) Err() error {
	if r.Value == 1 {
		return nil
	}
	return &libssl.Error{Op: r.Op, Ret: int(r.Value), SSLError: r.SSLError, Stack: r.Queue}
}

// An Entry is something to find on the error queue.
type Entry struct{ Lib, Reason int }

// ErrLibUser is the library that programs may queue errors of.
const ErrLibUser = C.ERR_LIB_USER

// Raise queues an error on this thread: of use in a callback only, which stays on its thread.
func Raise(e Entry) { C.glsraw_raise(entry([]Entry{e})) }

func entry(before []Entry) (e C.glsraw_entry) {
	if len(before) > 0 {
		e.lib, e.reason = C.int(before[0].Lib), C.int(before[0].Reason)
	}
	return e
}

// ret takes over what came back from C. A panic of a callback within goes on here.
func ret(r C.gls_ret) Ret {
	defer rethrow()
	e := errqueue.Take(unsafe.Pointer(&r))
	return Ret{Op: e.Op, Value: int64(r.ret), SSLError: e.SSLError, Queue: e.Stack, ptr: r.ptr}
}

// Has tells whether this libssl has a function that others lack.
func Has(function string) bool {
	cs := C.CString(function)
	defer C.free(unsafe.Pointer(cs))
	return C.glsraw_has(cs) != 0
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// taken copies and frees malloc'ed bytes.
func taken(p *C.uchar, n int64) []byte {
	if p == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(p))
	return C.GoBytes(unsafe.Pointer(p), C.int(n))
}
