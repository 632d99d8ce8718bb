package libssl

// #include "shim.h"
import "C"

import (
	"log"
	"math"
	"runtime/debug"
	"unsafe"
)

// The callbacks that libssl calls while Go waits for a crossing, as shim.c's trampolines hand them on. They run on
// the goroutine of that crossing, which holds the SSL's mu.

// callback runs f, a callback of the user, for C. A panic is parked for the goroutine that made the crossing and
// false returned, for C to fail; so is the end of the goroutine noted, after which the SSL is not touched again,
// since C frames have been cut away below it.
func (s *SSL) callback(f func()) (ok bool) {
	callbacksInside.Add(1)
	s.inside.Add(1)
	defer func() {
		callbacksInside.Add(-1)
		s.inside.Add(-1)
		if ok {
			return
		}
		if v := recover(); v != nil {
			s.panicked = &v
			return
		}
		s.abandon()
	}()
	f()
	return true
}

// abandon gives the SSL up, with all that it holds.
func (s *SSL) abandon() {
	C.gls_abandon()
	s.lost = true
	s.ptr = nil
	s.handle.freed.Store(true)
	connections.remove(s.handle.id)
	s.conn.progress.give()
}

//export glsOnGenerateSessionID
func glsOnGenerateSessionID(id C.uintptr_t, buf *C.uchar, length *C.uint) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	cb := s.generate
	if cb == nil { // as libssl: what the Ctx has now
		cb = load(&s.origin.generate)
	}
	if cb == nil {
		return 0
	}
	max := int(*length)
	var n int
	var err error
	if !s.callback(func() { n, err = cb(s, unsafe.Slice((*byte)(buf), max)[:max:max]) }) {
		return 0
	}
	if err != nil {
		s.callbackErr = err
		return 0
	}
	if n < 0 || uint64(n) > math.MaxUint32 {
		*length = math.MaxUint32
	} else {
		*length = C.uint(n)
	}
	return 1
}

//export glsOnGetSession
func glsOnGetSession(id C.uintptr_t, buf *C.uchar, length C.int) *C.SSL_SESSION {
	s := connections.get(uintptr(id))
	if s == nil {
		return nil
	}
	cb := load(&s.origin.getSession)
	if cb == nil {
		return nil
	}
	var found *C.SSL_SESSION
	s.callback(func() {
		if sess := cb(s, unsafe.Slice((*byte)(buf), int(length))); sess != nil {
			found, _ = sess.dup() // a closed one is not found
		}
	})
	return found
}

//export glsOnVerify
func glsOnVerify(id C.uintptr_t, ok C.int, x *C.X509_STORE_CTX) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return s.runVerify(ok == 1, x)
}

//export glsOnSign
func glsOnSign(id, signer C.uintptr_t, md, pss C.int, data *C.uchar, n C.size_t, sig *C.uchar, length *C.size_t) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	made, ok := s.runSign(uintptr(signer), md, pss != 0, bytesOf(data, n), bytesOf(sig, *length))
	*length = C.size_t(made)
	return cBool(ok)
}

//export glsOnSignerFreed
func glsOnSignerFreed(signer C.uintptr_t) { signers.remove(uintptr(signer)) }

//export glsOnClientHello
func glsOnClientHello(id C.uintptr_t, alert *C.int) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return C.SSL_CLIENT_HELLO_ERROR
	}
	return s.runClientHello(alert)
}

//export glsOnCertificate
func glsOnCertificate(id C.uintptr_t) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return s.runCertificate()
}

//export glsOnNotResumable
func glsOnNotResumable(id C.uintptr_t, forwardSecure C.int) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 1
	}
	return s.runNotResumable(forwardSecure != 0)
}

//export glsOnTicketKey
func glsOnTicketKey(id C.uintptr_t, name, iv *C.uchar, ctx *C.EVP_CIPHER_CTX, mac unsafe.Pointer, encrypt C.int) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return ticketKeyFailed
	}
	return s.runTicketKey((*TicketKeyName)(unsafe.Pointer(name)), iv, ctx, mac, encrypt != 0)
}

//export glsOnGenerateTicket
func glsOnGenerateTicket(id C.uintptr_t) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return cBool(s.runGenerateTicket())
}

//export glsOnDecryptTicket
func glsOnDecryptTicket(id C.uintptr_t, sess *C.SSL_SESSION, name *C.uchar, n C.size_t, status C.int) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return C.SSL_TICKET_RETURN_ABORT
	}
	return s.runDecryptTicket(sess, unsafe.Slice((*byte)(name), int(n)), TicketStatus(status))
}

//export glsOnSessionTicketExt
func glsOnSessionTicketExt(id C.uintptr_t, data *C.uchar, n C.int) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return cBool(s.runSessionTicketExt(unsafe.Slice((*byte)(data), int(n))))
}

//export glsOnSessionSecret
func glsOnSessionSecret(id C.uintptr_t, secret unsafe.Pointer, n *C.int) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	length, ok := s.runSessionSecret(unsafe.Slice((*byte)(secret), int(*n)))
	*n = C.int(length)
	return cBool(ok)
}

//export glsOnALPNSelect
func glsOnALPNSelect(id C.uintptr_t, list *C.uchar, n C.int, at, length *C.int) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return C.SSL_TLSEXT_ERR_ALERT_FATAL
	}
	return s.runALPNSelect(unsafe.Slice((*byte)(list), int(n)), at, length)
}

//export glsOnStatus
func glsOnStatus(id C.uintptr_t) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return C.SSL_TLSEXT_ERR_ALERT_FATAL
	}
	return s.runStatus()
}

//export glsOnAllowEarlyData
func glsOnAllowEarlyData(id C.uintptr_t) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return s.runAllowEarlyData()
}

//export glsOnGenerateCookie
func glsOnGenerateCookie(id C.uintptr_t, buf *C.uchar, n *C.size_t) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	length, ok := s.runGenerateCookie(unsafe.Slice((*byte)(buf), int(*n)))
	*n = C.size_t(length)
	return cBool(ok)
}

//export glsOnVerifyCookie
func glsOnVerifyCookie(id C.uintptr_t, cookie *C.uchar, n C.size_t) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return cBool(s.runVerifyCookie(cookie, n))
}

//export glsOnPSKClient
func glsOnPSKClient(id C.uintptr_t, hint, identity *C.char, identityMax C.uint, key *C.uchar, keyMax C.uint) C.uint {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return C.uint(s.runPSKClient(C.GoString(hint), unsafe.Slice((*byte)(unsafe.Pointer(identity)), int(identityMax)),
		unsafe.Slice((*byte)(key), int(keyMax))))
}

//export glsOnPSKServer
func glsOnPSKServer(id C.uintptr_t, identity *C.char, key *C.uchar, keyMax C.uint) C.uint {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	return C.uint(s.runPSKServer(C.GoString(identity), unsafe.Slice((*byte)(key), int(keyMax))))
}

//export glsOnPSKUseSession
func glsOnPSKUseSession(id C.uintptr_t, digest C.int, identity **C.uchar, n *C.size_t, sess **C.SSL_SESSION) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	name, p, ok := s.runPSKUseSession(hashOf(digest))
	if p != nil {
		*identity, *n, *sess = (*C.uchar)(C.CBytes(name)), C.size_t(len(name)), p
	}
	return cBool(ok)
}

//export glsOnPSKFindSession
func glsOnPSKFindSession(id C.uintptr_t, digest C.int, identity *C.uchar, n C.size_t, sess **C.SSL_SESSION) C.int {
	s := connections.get(uintptr(id))
	if s == nil {
		return 0
	}
	p, ok := s.runPSKFindSession(hashOf(digest), C.GoBytes(unsafe.Pointer(identity), C.int(n)))
	*sess = p
	return cBool(ok)
}

// logPanic, deferred, logs a panic where there is no caller to give it to.
func logPanic(where string) {
	if v := recover(); v != nil {
		log.Printf("libssl: panic in %s: %v\n%s", where, v, debug.Stack())
	}
}
