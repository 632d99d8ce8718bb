package raw

// #include "raw.h"
import "C"

import "unsafe"

// A Ctx is a pointer to an SSL_CTX; the zero Ctx is NULL.
type Ctx struct{ p *C.SSL_CTX }

// CtxNew makes an SSL_CTX. The methods are those of package libssl.
func CtxNew(method int) (Ctx, Ret) {
	r := ret(C.glsraw_SSL_CTX_new(C.int(method)))
	return Ctx{(*C.SSL_CTX)(r.ptr)}, r
}

// CtxFree drops a reference.
func CtxFree(c Ctx) {
	C.glsraw_SSL_CTX_free(c.p)
	rethrow()
}

// CtxUseCertificateASN1 sets the certificate, as DER.
func CtxUseCertificateASN1(c Ctx, der []byte) Ret {
	return ret(C.glsraw_SSL_CTX_use_certificate_ASN1(c.p, C.int(len(der)), (*C.uchar)(unsafe.SliceData(der))))
}

// CtxUsePrivateKeyASN1 sets an elliptic curve key, as DER.
func CtxUsePrivateKeyASN1(c Ctx, der []byte) Ret {
	return ret(C.glsraw_SSL_CTX_use_PrivateKey_ASN1(C.EVP_PKEY_EC, c.p, (*C.uchar)(unsafe.SliceData(der)), C.long(len(der))))
}

// CtxSetMinProtoVersion sets the lowest protocol version.
func CtxSetMinProtoVersion(c Ctx, v uint16) Ret {
	return ret(C.glsraw_SSL_CTX_set_min_proto_version(c.p, C.int(v)))
}

// CtxSetMaxProtoVersion sets the highest protocol version.
func CtxSetMaxProtoVersion(c Ctx, v uint16) Ret {
	return ret(C.glsraw_SSL_CTX_set_max_proto_version(c.p, C.int(v)))
}

// CtxSetOptions adds options and returns the new set.
func CtxSetOptions(c Ctx, o uint64) uint64 {
	return uint64(C.glsraw_SSL_CTX_set_options(c.p, C.uint64_t(o)))
}

// CtxClearOptions removes options and returns the new set.
func CtxClearOptions(c Ctx, o uint64) uint64 {
	return uint64(C.glsraw_SSL_CTX_clear_options(c.p, C.uint64_t(o)))
}

// CtxSetPostHandshakeAuth lets clients answer a later request for a certificate.
func CtxSetPostHandshakeAuth(c Ctx, on bool) { C.glsraw_SSL_CTX_set_post_handshake_auth(c.p, flag(on)) }

// CtxSetMaxEarlyData sets how much early data is taken.
func CtxSetMaxEarlyData(c Ctx, n uint32) int64 {
	return int64(C.SSL_CTX_set_max_early_data(c.p, C.uint32_t(n)))
}

// CtxSetSessionIDContext sets the session id context: n bytes at sid.
func CtxSetSessionIDContext(c Ctx, sid *byte, n uint32, before ...Entry) Ret {
	return ret(C.glsraw_SSL_CTX_set_session_id_context(entry(before), c.p, (*C.uchar)(sid), C.uint(n)))
}

// CtxSetSessionCacheMode sets the cache mode.
func CtxSetSessionCacheMode(c Ctx, mode int64, before ...Entry) Ret {
	return ret(C.glsraw_SSL_CTX_set_session_cache_mode(entry(before), c.p, C.long(mode)))
}

// CtxSessionCacheMode returns the cache mode.
func CtxSessionCacheMode(c Ctx, before ...Entry) Ret {
	return ret(C.glsraw_SSL_CTX_get_session_cache_mode(entry(before), c.p))
}

// CtxSetSessionCacheSize sets the size of the cache.
func CtxSetSessionCacheSize(c Ctx, n int64, before ...Entry) Ret {
	return ret(C.glsraw_SSL_CTX_sess_set_cache_size(entry(before), c.p, C.long(n)))
}

// CtxSessionCacheSize returns the size of the cache.
func CtxSessionCacheSize(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_get_cache_size(c.p)) }

// CtxSetTimeout sets the timeout of new sessions, in seconds.
func CtxSetTimeout(c Ctx, t int64, before ...Entry) Ret {
	return ret(C.glsraw_SSL_CTX_set_timeout(entry(before), c.p, C.long(t)))
}

// CtxTimeout returns the timeout of new sessions.
func CtxTimeout(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_get_timeout(c.p)) }

// The statistics, each SSL_CTX_sess_ and the word.

// CtxSessionNumber is how many sessions are in the cache.
func CtxSessionNumber(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_number(c.p)) }

// CtxSessionConnect counts the handshakes that clients have begun.
func CtxSessionConnect(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_connect(c.p)) }

// CtxSessionConnectGood counts those that succeeded.
func CtxSessionConnectGood(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_connect_good(c.p)) }

// CtxSessionConnectRenegotiate counts the renegotiations of clients.
func CtxSessionConnectRenegotiate(c Ctx) Ret {
	return ret(C.glsraw_SSL_CTX_sess_connect_renegotiate(c.p))
}

// CtxSessionAccept counts the handshakes that servers have begun.
func CtxSessionAccept(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_accept(c.p)) }

// CtxSessionAcceptGood counts those that succeeded.
func CtxSessionAcceptGood(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_accept_good(c.p)) }

// CtxSessionAcceptRenegotiate counts the renegotiations of servers.
func CtxSessionAcceptRenegotiate(c Ctx) Ret {
	return ret(C.glsraw_SSL_CTX_sess_accept_renegotiate(c.p))
}

// CtxSessionHits counts the sessions that were reused.
func CtxSessionHits(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_hits(c.p)) }

// CtxSessionCallbackHits counts those that came from the get callback.
func CtxSessionCallbackHits(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_cb_hits(c.p)) }

// CtxSessionMisses counts those that were not found.
func CtxSessionMisses(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_misses(c.p)) }

// CtxSessionTimeouts counts those that had expired.
func CtxSessionTimeouts(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_timeouts(c.p)) }

// CtxSessionCacheFull counts those that were dropped for lack of room.
func CtxSessionCacheFull(c Ctx) Ret { return ret(C.glsraw_SSL_CTX_sess_cache_full(c.p)) }

// CtxFlushSessions removes the sessions that have expired at a time.
func CtxFlushSessions(c Ctx, at int64) Ret {
	return ret(C.glsraw_SSL_CTX_flush_sessions(c.p, C.long(at)))
}

// CtxFlushSessionsEx is the same with a time_t.
func CtxFlushSessionsEx(c Ctx, at int64) Ret {
	return ret(C.glsraw_SSL_CTX_flush_sessions_ex(c.p, C.int64_t(at)))
}

// CtxAddSession adds the session itself to the cache.
func CtxAddSession(c Ctx, s Session) Ret { return ret(C.glsraw_SSL_CTX_add_session(c.p, s.p)) }

// CtxRemoveSession removes a session from the cache.
func CtxRemoveSession(c Ctx, s Session) Ret { return ret(C.glsraw_SSL_CTX_remove_session(c.p, s.p)) }

// CtxSetTicketKeys sets the ticket keys: n bytes at keys.
func CtxSetTicketKeys(c Ctx, keys *byte, n int64) Ret {
	return ret(C.glsraw_SSL_CTX_set_tlsext_ticket_keys(c.p, unsafe.Pointer(keys), C.long(n)))
}

// CtxTicketKeys reads the ticket keys.
func CtxTicketKeys(c Ctx, keys *byte, n int64) Ret {
	return ret(C.glsraw_SSL_CTX_get_tlsext_ticket_keys(c.p, unsafe.Pointer(keys), C.long(n)))
}

// CtxSetNumTickets sets how many tickets a TLS 1.3 server sends.
func CtxSetNumTickets(c Ctx, n uint64) Ret {
	return ret(C.glsraw_SSL_CTX_set_num_tickets(c.p, C.size_t(n)))
}

// CtxNumTickets returns how many tickets a TLS 1.3 server sends.
func CtxNumTickets(c Ctx) uint64 { return uint64(C.SSL_CTX_get_num_tickets(c.p)) }
