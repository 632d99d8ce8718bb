package libssl

// #include "shim.h"
import "C"

// SetNotResumableSessionCallback sets what decides, on a server, whether the session that is being made may not be
// resumed: true makes it one that is neither cached nor put into a ticket. forwardSecure says whether the handshake's
// key exchange is; in TLS 1.3 libssl always says false. It is asked once in each full handshake. A connection takes it
// over when it is made. nil asks nobody. It runs inside libssl.
//
// C: SSL_CTX_set_not_resumable_session_callback(3)
func (c *Ctx) SetNotResumableSessionCallback(cb func(s *SSL, forwardSecure bool) bool) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_not_resumable_session_callback(p, cBool(cb != nil))
		c.notResumable.Store(&cb)
	})
}

// SetNotResumableSessionCallback sets the callback for one connection.
//
// C: SSL_set_not_resumable_session_callback(3)
func (s *SSL) SetNotResumableSessionCallback(cb func(s *SSL, forwardSecure bool) bool) {
	s.set(func(p *C.SSL) C.gls_ret {
		C.gls_SSL_set_not_resumable_session_callback(p, cBool(cb != nil))
		s.notResumable = cb
		return C.gls_ret{ret: 1}
	})
}

// runNotResumable is on_not_resumable in shim.c. Where the callback has no answer the session is not kept.
func (s *SSL) runNotResumable(forwardSecure bool) C.int {
	if s.notResumable == nil {
		return 0
	}
	not := true
	s.callback(func() { not = s.notResumable(s, forwardSecure) })
	return cBool(not)
}
