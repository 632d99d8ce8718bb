package libssl

// #include "shim.h"
import "C"

import "unsafe"

// SetSessionIDContext sets the context that a session must have been made in to be resumed by connections made from
// c later; a connection takes it over when it is made. sid is any bytes, at most 32; more is
// [ReasonSSLSessionIDContextTooLong] and changes nothing; none clears it.
//
// A server that asks for client certificates (VerifyPeer) and lets clients resume must have one: without it libssl
// fails the resumption of a ticket, and silently keeps no stateful session at all.
//
// On a client it is no use: the context never goes over the wire. But a client that changes it fails when it resumes
// a session of before, with [ReasonAttemptToReuseSessionInDifferentContext].
//
// C: SSL_CTX_set_session_id_context(3)
func (c *Ctx) SetSessionIDContext(sid []byte) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		r := setCtxSID(p, sid)
		if r.ret == 1 {
			c.identity.chosen = true
			c.setContext(sid)
		}
		return r
	})
}

func setCtxSID(p *C.SSL_CTX, sid []byte) C.gls_ret {
	return C.gls_SSL_CTX_set_session_id_context(p, uchars(sid), C.size_t(len(sid)))
}

// SetSessionIDContext is [Ctx.SetSessionIDContext] for one connection. Set it before the handshake; later it is
// accepted without effect on the session.
//
// C: SSL_set_session_id_context(3)
func (s *SSL) SetSessionIDContext(sid []byte) error {
	return s.set(func(p *C.SSL) C.gls_ret {
		r := setSSLSID(p, sid)
		s.own.chosen = s.own.chosen || r.ret == 1
		return r
	})
}

func setSSLSID(p *C.SSL, sid []byte) C.gls_ret {
	return C.gls_SSL_set_session_id_context(p, uchars(sid), C.size_t(len(sid)))
}

// IDContext returns the context that the session was made in.
//
// C: SSL_SESSION_get0_id_context(3)
func (x *Session) IDContext() []byte {
	return get(x, func(p *C.SSL_SESSION) []byte {
		var n C.uint
		sid := C.SSL_SESSION_get0_id_context(p, &n)
		return C.GoBytes(unsafe.Pointer(sid), C.int(n))
	})
}

// SetIDContext puts the session into another context, of at most 32 bytes.
//
// C: SSL_SESSION_set1_id_context(3)
func (x *Session) SetIDContext(sid []byte) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret {
		return C.gls_SSL_SESSION_set1_id_context(p, uchars(sid), C.size_t(len(sid)))
	})
}
