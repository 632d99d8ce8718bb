// Package errqueue makes Go errors of what the C of other packages than the root one brings back.
package errqueue

/*
#cgo CFLAGS: -std=gnu11
#cgo !libssl_static pkg-config: libssl libcrypto
#cgo libssl_static LDFLAGS: -l:libssl.a -l:libcrypto.a -ldl -lpthread
#include "../../shim.h"

// cgo links the C of each package by itself before it links the program: there, and only there, it is missing.
#pragma weak gls_free_errs
*/
import "C"

import (
	"unsafe"

	"github.com/go-libssl/libssl" // also links the shim
)

// Take takes over the error queue of a gls_ret, and says how the call came out, which need not be an error.
func Take(ret unsafe.Pointer) *libssl.Error {
	r := (*C.gls_ret)(ret)
	e := &libssl.Error{Op: C.GoString(r.op), Ret: int(r.ret), SSLError: int(r.ssl_error)}
	for _, c := range unsafe.Slice(r.errs, int(r.nerrs)) {
		e.Stack = append(e.Stack, libssl.ErrorEntry{
			Code: uint64(c.code), Lib: int(c.lib), Reason: libssl.Reason(c.reason),
			LibName: C.GoString(c.lib_name), Text: C.GoString(c.text), Func: C.GoString(c._func),
			File: C.GoString(c.file), Data: C.GoString(c.data), Line: int(c.line),
		})
	}
	C.gls_free_errs(r.errs, r.nerrs)
	return e
}
