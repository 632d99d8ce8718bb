package libssl

// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"
	"unsafe"
)

// Conversions between Go and C that several files need.

func cBool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// clipInt returns n as far as a C int reaches.
func clipInt(n int) C.int { return C.int(max(math.MinInt32, min(n, math.MaxInt32))) }

// succeeded is the outcome of what can't fail.
var succeeded = C.gls_ret{ret: 1}

// withCString calls f with s as C has strings, which C may not keep, and names s in its error. A string with a zero byte is refused: C would take
// what stands before it.
func withCString(op, s string, f func(cs *C.char) error) error {
	if strings.ContainsRune(s, 0) {
		return fmt.Errorf("libssl: %s: zero byte in %q", op, s)
	}
	b := make([]byte, len(s)+1)
	copy(b, s)
	return about(f((*C.char)(unsafe.Pointer(&b[0]))), "%q", shortened(s))
}

// shortened keeps what a program has got wrong from flooding its log.
func shortened(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// uchars returns what C is to read of b: a copy, since b may be part of anything. cgo looks at the whole object that a
// pointer leads into, and panics if there is a Go pointer in it. NULL stands for nil.
func uchars(b []byte) *C.uchar { return (*C.uchar)(unsafe.SliceData(bytes.Clone(b))) }

// some returns b, or a byte in the place of an empty slice, so that &some(b)[0] can be given to C: written like that as
// an argument, or converted there, it has cgo look at the slice and not at what it is a part of.
func some(b []byte) []byte {
	if len(b) == 0 {
		return nothing[:]
	}
	return b
}

var nothing [1]byte

// orNull returns NULL for an empty string.
func orNull(cs *C.char) *C.char {
	if *cs == 0 {
		return nil
	}
	return cs
}

// cTime returns a time as C has it: the zero time is 0.
func cTime(t time.Time) C.int64_t {
	if t.IsZero() {
		return 0
	}
	return C.int64_t(t.Unix())
}

// seconds converts what C counts in seconds, as far as a Duration reaches.
func seconds(n int64) time.Duration {
	const limit = int64(1<<63-1) / int64(time.Second)
	return time.Duration(max(-limit, min(n, limit))) * time.Second
}

// takeBytes copies and frees malloc'ed bytes.
func takeBytes(p *C.uchar, n C.size_t) []byte {
	if p == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(p))
	return C.GoBytes(unsafe.Pointer(p), C.int(n))
}

const versionTLS13 = C.TLS1_3_VERSION

// versionName returns the protocol's usual name.
func versionName(v uint16) string {
	switch v {
	case C.TLS1_VERSION:
		return "TLSv1"
	case C.TLS1_1_VERSION:
		return "TLSv1.1"
	case C.TLS1_2_VERSION:
		return "TLSv1.2"
	case C.TLS1_3_VERSION:
		return "TLSv1.3"
	}
	return fmt.Sprintf("version %#04x", v)
}
