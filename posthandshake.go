package libssl

// #include "shim.h"
import "C"

// SetPostHandshakeAuth lets a TLS 1.3 server ask the clients made from c for a certificate after the handshake.
//
// C: SSL_CTX_set_post_handshake_auth(3)
func (c *Ctx) SetPostHandshakeAuth(on bool) {
	c.adjust(func(p *C.SSL_CTX) { C.SSL_CTX_set_post_handshake_auth(p, cBool(on)) })
}

// SetPostHandshakeAuth is for one client.
//
// C: SSL_set_post_handshake_auth(3)
func (s *SSL) SetPostHandshakeAuth(on bool) {
	s.set(func(p *C.SSL) C.gls_ret {
		C.SSL_set_post_handshake_auth(p, cBool(on))
		return C.gls_ret{ret: 1}
	})
}
