package raw

// #include "raw.h"
import "C"

import (
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// A Session is a pointer to an SSL_SESSION; the zero Session is NULL.
type Session struct{ p *C.SSL_SESSION }

// SessionNew makes an empty one.
func SessionNew() Session { return Session{C.SSL_SESSION_new()} }

// SessionFree drops a reference.
func SessionFree(s Session) { C.SSL_SESSION_free(s.p) }

// SessionUpRef takes a reference.
func SessionUpRef(s Session) { C.SSL_SESSION_up_ref(s.p) }

// SessionDup makes a copy.
func SessionDup(s Session) Session {
	return Session{(*C.SSL_SESSION)(ret(C.glsraw_SSL_SESSION_dup(s.p)).ptr)}
}

// SessionID returns the id, and whether libssl gave it as NULL.
func SessionID(s Session) (id []byte, null bool) {
	var n C.uint
	p := C.SSL_SESSION_get_id(s.p, &n)
	return C.GoBytes(unsafe.Pointer(p), C.int(n)), p == nil
}

// SessionIDNoLength tells whether the id without its length is NULL.
func SessionIDNoLength(s Session) (null bool) { return C.SSL_SESSION_get_id(s.p, nil) == nil }

// SessionSetID sets the id: n bytes at id.
func SessionSetID(s Session, id *byte, n uint32) Ret {
	return ret(C.glsraw_SSL_SESSION_set1_id(s.p, (*C.uchar)(id), C.uint(n)))
}

// SessionSetIDToItself sets the id from where libssl keeps it.
func SessionSetIDToItself(s Session) Ret {
	var n C.uint
	p := C.SSL_SESSION_get_id(s.p, &n)
	return ret(C.glsraw_SSL_SESSION_set1_id(s.p, p, n))
}

// SessionIDContext returns the session id context.
func SessionIDContext(s Session) []byte {
	var n C.uint
	p := C.SSL_SESSION_get0_id_context(s.p, &n)
	return C.GoBytes(unsafe.Pointer(p), C.int(n))
}

// SessionIDContextNoLength tells whether the context without its length is NULL.
func SessionIDContextNoLength(s Session) (null bool) {
	return C.SSL_SESSION_get0_id_context(s.p, nil) == nil
}

// SessionSetIDContext sets the session id context: n bytes at sid.
func SessionSetIDContext(s Session, sid *byte, n uint32) Ret {
	return ret(C.glsraw_SSL_SESSION_set1_id_context(s.p, (*C.uchar)(sid), C.uint(n)))
}

// SessionTime returns the time at which it was made.
func SessionTime(s Session) Ret { return ret(C.glsraw_SSL_SESSION_get_time(s.p)) }

// SessionSetTime sets the time at which it was made.
func SessionSetTime(s Session, t int64) Ret {
	return ret(C.glsraw_SSL_SESSION_set_time(s.p, C.long(t)))
}

// SessionTimeEx is SessionTime with a time_t.
func SessionTimeEx(s Session) Ret { return ret(C.glsraw_SSL_SESSION_get_time_ex(s.p)) }

// SessionSetTimeEx is SessionSetTime with a time_t.
func SessionSetTimeEx(s Session, t int64) Ret {
	return ret(C.glsraw_SSL_SESSION_set_time_ex(s.p, C.int64_t(t)))
}

// SessionTimeout returns the timeout.
func SessionTimeout(s Session) Ret { return ret(C.glsraw_SSL_SESSION_get_timeout(s.p)) }

// SessionSetTimeout sets the timeout.
func SessionSetTimeout(s Session, t int64) Ret {
	return ret(C.glsraw_SSL_SESSION_set_timeout(s.p, C.long(t)))
}

// SessionSetMaxEarlyData sets how much early data may be sent with it.
func SessionSetMaxEarlyData(s Session, n uint32) Ret {
	return ret(C.glsraw_SSL_SESSION_set_max_early_data(s.p, C.uint32_t(n)))
}

// SessionIsResumable tells whether it may be resumed.
func SessionIsResumable(s Session) bool { return C.SSL_SESSION_is_resumable(s.p) == 1 }

// SessionHasTicket tells whether it has a ticket.
func SessionHasTicket(s Session) bool { return C.SSL_SESSION_has_ticket(s.p) == 1 }

// SessionTicketLifetimeHint is the server's hint, in seconds.
func SessionTicketLifetimeHint(s Session) uint64 {
	return uint64(C.SSL_SESSION_get_ticket_lifetime_hint(s.p))
}

// SessionTicket returns the ticket.
func SessionTicket(s Session) []byte {
	var p *C.uchar
	var n C.size_t
	C.SSL_SESSION_get0_ticket(s.p, &p, &n)
	return C.GoBytes(unsafe.Pointer(p), C.int(n))
}

// SessionSetTicketAppData sets what goes into tickets beside the session: n bytes at data.
func SessionSetTicketAppData(s Session, data *byte, n uint64) Ret {
	return ret(C.glsraw_SSL_SESSION_set1_ticket_appdata(s.p, unsafe.Pointer(data), C.size_t(n)))
}

// SessionTicketAppData returns it, and whether libssl gave it as NULL. Neither it nor its length are NULL or 0 before.
func SessionTicketAppData(s Session) (data []byte, null bool, r Ret) {
	before := C.malloc(1)
	defer C.free(before)
	p, n := before, C.size_t(1)
	r = ret(C.glsraw_SSL_SESSION_get0_ticket_appdata(s.p, &p, &n))
	return C.GoBytes(p, C.int(n)), p == nil, r
}

// SessionServerName is the name that was asked for, "" for none.
func SessionServerName(s Session) string { return C.GoString(C.SSL_SESSION_get0_hostname(s.p)) }

// SessionProtocolVersion is the protocol version.
func SessionProtocolVersion(s Session) uint16 {
	return uint16(C.SSL_SESSION_get_protocol_version(s.p))
}

// SessionCipherSuite is the cipher, 0 for none.
func SessionCipherSuite(s Session) uint16 { return suite(C.SSL_SESSION_get0_cipher(s.p)) }

// SessionHasPeer tells whether it holds the peer's certificate.
func SessionHasPeer(s Session) bool { return C.glsraw_SSL_SESSION_has_peer(s.p) == 1 }

// I2DSession returns the length of the encoding.
func I2DSession(s Session) Ret { return ret(C.glsraw_i2d_SSL_SESSION(s.p, nil)) }

// I2DSessionTo returns the encoding; libssl is told of no buffer that is too small.
func I2DSessionTo(s Session) ([]byte, Ret) {
	n := I2DSession(s).Value
	if n <= 0 {
		return nil, Ret{Op: "i2d_SSL_SESSION", Value: n}
	}
	p := (*C.uchar)(C.malloc(C.size_t(n)))
	end := p
	pinned := (**C.uchar)(C.malloc(C.size_t(unsafe.Sizeof(p))))
	defer C.free(unsafe.Pointer(pinned))
	*pinned = end
	r := ret(C.glsraw_i2d_SSL_SESSION(s.p, pinned))
	return taken(p, r.Value), r
}

// D2ISession parses n bytes of der into a new session and tells how many of them were used.
func D2ISession(der []byte, n int64) (s Session, used int, r Ret) {
	var moved C.ptrdiff_t
	r = ret(C.glsraw_d2i_SSL_SESSION(nil, (*C.uchar)(unsafe.SliceData(der)), C.long(n), &moved))
	return Session{(*C.SSL_SESSION)(r.ptr)}, int(moved), r
}

// D2ISessionInto parses der into target, and returns what libssl did and what target is now.
func D2ISessionInto(target Session, der []byte) (s, now Session, r Ret) {
	var moved C.ptrdiff_t
	at := (**C.SSL_SESSION)(C.malloc(C.size_t(unsafe.Sizeof(target.p))))
	defer C.free(unsafe.Pointer(at))
	*at = target.p
	r = ret(C.glsraw_d2i_SSL_SESSION(at, (*C.uchar)(unsafe.SliceData(der)), C.long(len(der)), &moved))
	return Session{(*C.SSL_SESSION)(r.ptr)}, Session{*at}, r
}

// PEMReadSession parses PEM.
func PEMReadSession(pem []byte) (Session, Ret) {
	r := ret(C.glsraw_PEM_read_bio_SSL_SESSION(unsafe.Pointer(unsafe.SliceData(pem)), C.int(len(pem))))
	return Session{(*C.SSL_SESSION)(r.ptr)}, r
}

// PEMWriteSession writes PEM.
func PEMWriteSession(s Session) ([]byte, Ret) {
	var p *C.uchar
	r := ret(C.glsraw_PEM_write_bio_SSL_SESSION(s.p, &p))
	return taken(p, r.Value), r
}

// SessionWatch returns what becomes true when the very object, not a copy of it, is freed.
func SessionWatch(s Session) *atomic.Bool {
	var freed atomic.Bool
	C.glsraw_SSL_SESSION_watch(s.p, C.uintptr_t(cgo.NewHandle(&freed)))
	return &freed
}
