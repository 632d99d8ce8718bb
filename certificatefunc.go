package libssl

// #include "shim.h"
import "C"

import "crypto/tls"

// A CertificateFunc chooses the certificate of a connection; nil is that of the Ctx. On a server it is asked in each
// full handshake, on a client when the server asks for a certificate. Either side may have been set up by a
// [ClientHello] callback before.
type CertificateFunc func(s *SSL) (*tls.Certificate, error)

// SetCertificateFunc sets what chooses certificates: a renewed one is taken up without a new listener. Its result
// takes the place of all certificates of the Ctx, in this connection. An error ends the handshake with
// [ReasonCertCbError]. A connection asks the Ctx that is in force, if that had a CertificateFunc when the connection
// was made or switched to it; nil asks nobody. Session ids and tickets are not bound to the certificate chosen, but to
// the session id context. It runs inside libssl.
//
// C: SSL_CTX_set_cert_cb(3)
func (c *Ctx) SetCertificateFunc(cb CertificateFunc) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_cert_cb(p, cBool(cb != nil))
		c.certificate.Store(&cb)
	})
}

// runCertificate is on_certificate in shim.c: 1 goes on.
func (s *SSL) runCertificate() C.int {
	cb := load(&s.ctx.certificate)
	if cb == nil {
		return 1
	}
	var err error
	if !s.callback(func() { err = s.chooseCertificate(cb) }) {
		return 0
	}
	if err != nil {
		s.callbackErr = err
		return 0
	}
	return 1
}

func (s *SSL) chooseCertificate(cb CertificateFunc) error {
	cert, err := cb(s)
	if cert == nil || err != nil || s.lost {
		return err
	}
	return s.UseCertificate(*cert)
}
