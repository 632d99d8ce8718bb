// Package stale leaves errors behind in OpenSSL's error queue, as other C code of a process may. It is cgo,
// and so can't be part of a test file.
package stale

/*
#cgo CFLAGS: -Wall
#cgo !libssl_static pkg-config: libcrypto
#cgo libssl_static LDFLAGS: -l:libcrypto.a -ldl -lpthread

#include <openssl/err.h>

static void plant(int reason)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    ERR_raise(ERR_LIB_USER, reason);
#else
    ERR_put_error(ERR_LIB_USER, 0, reason, __FILE__, __LINE__);
#endif
}
*/
import "C"

import (
	"runtime"
	"testing"
)

// Lib is the library of the entries that Plant makes, ERR_LIB_USER.
const Lib = 128

// Plant puts an entry of reason into the error queue of this thread, and keeps the goroutine on the thread
// until the test ends.
func Plant(t testing.TB, reason int) {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	Leave(reason)
}

// Leave puts an entry of reason into the error queue of this thread. Inside a callback of libssl the goroutine stays on
// the thread anyway.
func Leave(reason int) { C.plant(C.int(reason)) }
