package libssl

// #include "shim.h"
import "C"

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// A CertificateFunc chooses the certificate of a connection; nil is that of the Ctx. On a server it is asked in each
// full handshake, on a client when the server asks for a certificate. Either side may have been set up by a
// [ClientHello] callback before. What it returns is not to be changed any more: of the certificates that it has returned
// last, those with keys of crypto/rsa and crypto/ecdsa are kept as libssl wants them.
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
	k, err := s.ctx.chosen.keyPair(cert)
	if err != nil {
		return err
	}
	if k == nil {
		return s.UseCertificate(*cert)
	}
	defer runtime.KeepAlive(k)
	return s.useKeyPair(k)
}

// chosenCertificates are those that a CertificateFunc has returned last. To parse one takes longer than a handshake.
type chosenCertificates struct {
	mu     sync.Mutex
	recent []chosenCertificate // the last one last
}

type chosenCertificate struct {
	chain [][]byte
	key   crypto.PrivateKey
	pair  *keyPair
}

// maxChosen is how many are kept.
const maxChosen = 16

// keyPair returns cert as libssl wants it, which is freed when nobody has it any more; nil for one that is not kept.
func (c *chosenCertificates) keyPair(cert *tls.Certificate) (*keyPair, error) {
	switch cert.PrivateKey.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey: // which can be compared, and lead nowhere
	default:
		return nil, nil
	}
	if k := c.find(cert); k != nil {
		return k, nil
	}
	k, err := newKeyPair(*cert)
	if err != nil {
		return nil, err
	}
	runtime.AddCleanup(k, func(c C.gls_cert) { C.gls_cert_free(&c) }, k.C)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.recent) == maxChosen {
		c.recent = slices.Delete(c.recent, 0, 1)
	}
	c.recent = append(c.recent, chosenCertificate{slices.Clone(cert.Certificate), cert.PrivateKey, k})
	return k, nil
}

func (c *chosenCertificates) find(cert *tls.Certificate) *keyPair {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range slices.Backward(c.recent) {
		if one.key == cert.PrivateKey && slices.EqualFunc(one.chain, cert.Certificate, sameBytes) {
			return one.pair
		}
	}
	return nil
}

// sameBytes reports whether a and b are the same memory.
func sameBytes(a, b []byte) bool {
	return len(a) == len(b) && unsafe.SliceData(a) == unsafe.SliceData(b)
}
