package libssl

// #include "shim.h"
import "C"

// SetDHParameters sets the group for ephemeral Diffie-Hellman in TLS 1.2 and before, from PEM text as `openssl dhparam`
// writes it. Only a server needs one, and only for the DHE cipher suites: those of elliptic curves and TLS 1.3 have groups
// of their own. Before OpenSSL 4.0 there are no DHE suites without. The security level refuses small groups.
//
// C: SSL_CTX_set0_tmp_dh_pkey(3)
func (c *Ctx) SetDHParameters(pem []byte) error {
	return because(c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_set0_tmp_dh_pkey(p, uchars(pem), C.size_t(len(pem)))
	}), "no Diffie-Hellman parameters in the PEM text")
}
