package libssl

// #include "shim.h"
import "C"

import "unsafe"

// Pointer returns the SSL_CTX *, for calls that the package does not wrap; nil once c is closed. It is c's reference:
// whoever keeps it beyond that of c takes one of its own by SSL_CTX_up_ref. The caller keeps c reachable by
// runtime.KeepAlive and calls nothing that changes the SSL_CTX while connections are made from c or shake hands. What
// the package has set itself stays: the callbacks, and the first slots of ex_data.
func (c *Ctx) Pointer() unsafe.Pointer {
	if c.closed.Load() {
		return nil
	}
	return unsafe.Pointer(c.ptr)
}

// Pointer returns the SSL *, for calls that the package does not wrap; nil once the connection is closed. libssl's SSL
// is for one thread at a time: the caller sees to it that no method of the connection runs meanwhile, unless it is
// inside one of the connection's callbacks that run inside libssl. It keeps the connection reachable by
// runtime.KeepAlive. What moves records, as SSL_read does, must not be called, nor the BIO, ex_data, mode or info
// callback changed that the package has set. Errors stay in the thread's error queue: the caller takes them in the
// same call into C.
func (s *SSL) Pointer() unsafe.Pointer {
	return ask(s, func(p *C.SSL) unsafe.Pointer { return unsafe.Pointer(p) })
}
