package raw

// #include "raw.h"
import "C"

import "unsafe"

// An SSL is a pointer to an SSL; the zero SSL is NULL.
type SSL struct{ p *C.SSL }

// SSLNew makes an SSL.
func SSLNew(c Ctx) (SSL, Ret) {
	r := ret(C.glsraw_SSL_new(c.p))
	return SSL{(*C.SSL)(r.ptr)}, r
}

// SSLFree drops a reference.
func SSLFree(s SSL) {
	C.SSL_free(s.p)
	rethrow()
}

// SSLSetAcceptState makes it a server.
func SSLSetAcceptState(s SSL) { C.SSL_set_accept_state(s.p) }

// SSLSetConnectState makes it a client.
func SSLSetConnectState(s SSL) { C.SSL_set_connect_state(s.p) }

// What SSL_get_error says.
const (
	ErrorWantRead   = C.SSL_ERROR_WANT_READ
	ErrorZeroReturn = C.SSL_ERROR_ZERO_RETURN
)

// SSLDoHandshake goes on with the handshake as far as it can.
func SSLDoHandshake(s SSL, before ...Entry) Ret {
	return ret(C.glsraw_SSL_do_handshake(entry(before), s.p))
}

// SSLRead reads plaintext.
func SSLRead(s SSL, buf []byte) Ret {
	return ret(C.glsraw_SSL_read(s.p, unsafe.Pointer(unsafe.SliceData(buf)), C.int(len(buf))))
}

// SSLWrite writes plaintext.
func SSLWrite(s SSL, buf []byte) Ret {
	return ret(C.glsraw_SSL_write(s.p, unsafe.Pointer(unsafe.SliceData(buf)), C.int(len(buf))))
}

// SSLShutdown sends close_notify.
func SSLShutdown(s SSL) Ret { return ret(C.glsraw_SSL_shutdown(s.p)) }

// The bits of SSLSetShutdown.
const (
	SentShutdown     = C.SSL_SENT_SHUTDOWN
	ReceivedShutdown = C.SSL_RECEIVED_SHUTDOWN
)

// SSLSetShutdown has libssl believe that close_notify was sent or received.
func SSLSetShutdown(s SSL, mode int) { C.SSL_set_shutdown(s.p, C.int(mode)) }

// SSLGetShutdown tells whether it was.
func SSLGetShutdown(s SSL) int { return int(C.SSL_get_shutdown(s.p)) }

// SSLSetQuietShutdown has libssl send none.
func SSLSetQuietShutdown(s SSL, on bool) { C.SSL_set_quiet_shutdown(s.p, flag(on)) }

// SSLClear makes it ready for another connection.
func SSLClear(s SSL) Ret { return ret(C.glsraw_SSL_clear(s.p)) }

// SSLInInit tells whether a handshake is under way.
func SSLInInit(s SSL) bool { return C.SSL_in_init(s.p) == 1 }

// SSLIsServer tells which side it is.
func SSLIsServer(s SSL) bool { return C.SSL_is_server(s.p) == 1 }

// SSLRenegotiate has the next call begin another handshake.
func SSLRenegotiate(s SSL) Ret { return ret(C.glsraw_SSL_renegotiate(s.p)) }

// SSLVerifyClientPostHandshake has the next call ask a TLS 1.3 client for its certificate.
func SSLVerifyClientPostHandshake(s SSL) Ret {
	return ret(C.glsraw_SSL_verify_client_post_handshake(s.p))
}

// SSLSetVerify sets whether the peer is verified, with libssl's own check.
func SSLSetVerify(s SSL, mode int) { C.SSL_set_verify(s.p, C.int(mode), nil) }

// SSLNewSessionTicket has a later call send another ticket.
func SSLNewSessionTicket(s SSL) Ret { return ret(C.glsraw_SSL_new_session_ticket(s.p)) }

// SSLSetSSLCtx switches to another SSL_CTX.
func SSLSetSSLCtx(s SSL, c Ctx) Ret { return ret(C.glsraw_SSL_set_SSL_CTX(s.p, c.p)) }

// SSLSetSessionIDContext sets the session id context: n bytes at sid.
func SSLSetSessionIDContext(s SSL, sid *byte, n uint32, before ...Entry) Ret {
	return ret(C.glsraw_SSL_set_session_id_context(entry(before), s.p, (*C.uchar)(sid), C.uint(n)))
}

// SSLHasMatchingSessionID tells whether the cache holds a session with an id: n bytes at id.
func SSLHasMatchingSessionID(s SSL, id *byte, n uint32) Ret {
	return ret(C.glsraw_SSL_has_matching_session_id(s.p, (*C.uchar)(id), C.uint(n)))
}

// SSLSetSession sets the session to offer, that very object.
func SSLSetSession(s SSL, x Session) Ret { return ret(C.glsraw_SSL_set_session(s.p, x.p)) }

// SSLGetSession returns the session without a reference.
func SSLGetSession(s SSL) Session { return Session{C.SSL_get_session(s.p)} }

// SSLGet1Session returns the session with a reference.
func SSLGet1Session(s SSL) Session { return Session{C.SSL_get1_session(s.p)} }

// SSLSessionReused tells whether the session was reused.
func SSLSessionReused(s SSL) bool { return C.SSL_session_reused(s.p) == 1 }

// SSLSetServerName sets the name to ask for.
func SSLSetServerName(s SSL, name string) Ret {
	cs := C.CString(name)
	defer C.free(unsafe.Pointer(cs))
	return ret(C.glsraw_SSL_set_tlsext_host_name(s.p, cs))
}

// SSLSetNumTickets sets how many tickets a TLS 1.3 server sends.
func SSLSetNumTickets(s SSL, n uint64) Ret {
	return ret(C.glsraw_SSL_set_num_tickets(s.p, C.size_t(n)))
}

// SSLNumTickets returns how many tickets a TLS 1.3 server sends.
func SSLNumTickets(s SSL) uint64 { return uint64(C.SSL_get_num_tickets(s.p)) }

// SSLCipherSuite is the cipher that was negotiated, 0 for none.
func SSLCipherSuite(s SSL) uint16 { return suite(C.SSL_get_current_cipher(s.p)) }

func suite(c *C.SSL_CIPHER) uint16 {
	if c == nil {
		return 0
	}
	return uint16(C.SSL_CIPHER_get_protocol_id(c))
}

// A BIO is a BIO in memory.
type BIO struct{ p *C.BIO }

// BIONewMem makes one in which a reader that finds nothing waits.
func BIONewMem() BIO { return BIO{C.glsraw_BIO_new_mem()} }

// BIOEnd has a reader that finds nothing find the end.
func BIOEnd(b BIO) { C.glsraw_BIO_set_mem_eof_return(b.p, 0) }

// SSLSetBIO hands both over to an SSL: what it reads from and what it writes to.
func SSLSetBIO(s SSL, r, w BIO) { C.SSL_set_bio(s.p, r.p, w.p) }

// BIOWrite writes all of p.
func BIOWrite(b BIO, p []byte) int {
	return int(C.BIO_write(b.p, unsafe.Pointer(unsafe.SliceData(p)), C.int(len(p))))
}

// BIORead reads what there is, or at least as much as fits.
func BIORead(b BIO, p []byte) int {
	return int(C.BIO_read(b.p, unsafe.Pointer(unsafe.SliceData(p)), C.int(len(p))))
}
