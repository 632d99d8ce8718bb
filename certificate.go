package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"unsafe"
)

// UseCertificate gives c a certificate, its chain and its private key; they must belong together. A Ctx may have one
// of each key type. The key is copied into libssl: one that can't be exported, as in a hardware module, is refused.
//
// C: SSL_CTX_use_cert_and_key(3)
func (c *Ctx) UseCertificate(cert tls.Certificate) error {
	return withCertificate(cert, func(chain, key []byte) error {
		return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
			return C.gls_SSL_CTX_use_cert_and_key(p, (*C.uchar)(unsafe.SliceData(chain)), C.size_t(len(chain)),
				(*C.uchar)(unsafe.SliceData(key)), C.size_t(len(key)))
		})
	})
}

// UseCertificate gives one connection a certificate in place of all that its Ctx has.
//
// C: SSL_use_cert_and_key(3)
func (s *SSL) UseCertificate(cert tls.Certificate) error {
	return withCertificate(cert, func(chain, key []byte) error {
		return s.set(func(p *C.SSL) C.gls_ret {
			return C.gls_SSL_use_cert_and_key(p, (*C.uchar)(unsafe.SliceData(chain)), C.size_t(len(chain)),
				(*C.uchar)(unsafe.SliceData(key)), C.size_t(len(key)))
		})
	})
}

// withCertificate calls f with the chain and the private key in DER.
func withCertificate(cert tls.Certificate, f func(chain, key []byte) error) error {
	if len(cert.Certificate) == 0 {
		return errors.New("libssl: UseCertificate: no certificate in the tls.Certificate")
	}
	if cert.PrivateKey == nil {
		return errors.New("libssl: UseCertificate: no private key in the tls.Certificate")
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return fmt.Errorf("libssl: UseCertificate: a private key of type %T can't be exported to libssl: %w", cert.PrivateKey, err)
	}
	defer clear(key)
	return f(bytes.Join(cert.Certificate, nil), key)
}

// UseCertificateChainFile gives c the certificates of a PEM file, its own first.
//
// C: SSL_CTX_use_certificate_chain_file(3)
func (c *Ctx) UseCertificateChainFile(path string) error {
	return withCString("SSL_CTX_use_certificate_chain_file", path, func(cs *C.char) error {
		return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_use_certificate_chain_file(p, cs) })
	})
}

// UsePrivateKeyFile gives c the private key of a PEM file, which must belong to the certificate if c has one. An
// encrypted key is an error: nobody is asked for a password.
//
// C: SSL_CTX_use_PrivateKey_file(3)
func (c *Ctx) UsePrivateKeyFile(path string) error {
	return withCString("SSL_CTX_use_PrivateKey_file", path, func(cs *C.char) error {
		return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_use_PrivateKey_file(p, cs) })
	})
}

// certificateOf returns the certificate last given to p, nil if there is none.
func certificateOf(p *C.SSL_CTX) []byte {
	var der *C.uchar
	r := C.gls_SSL_CTX_get0_certificate(p, &der)
	if r.ret <= 0 {
		return nil
	}
	defer C.gls_OPENSSL_free(unsafe.Pointer(der))
	return C.GoBytes(unsafe.Pointer(der), C.int(r.ret))
}

// certificateHash returns the certificate's key type, of which a Ctx has one certificate each, and its hash.
func certificateHash(der []byte) (kind string, sum [sha256.Size]byte) {
	if cert, err := x509.ParseCertificate(der); err == nil {
		kind = cert.PublicKeyAlgorithm.String()
	}
	return kind, sha256.Sum256(der)
}
