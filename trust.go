package libssl

// #include "shim.h"
import "C"

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
)

const noCertificate = "no certificate in the PEM text"

// AddRootCAs adds the certificates in PEM text to the CAs that peers' certificates are verified with. Those of
// connections under way are verified with them too.
//
// C: X509_STORE_add_cert(3)
func (c *Ctx) AddRootCAs(pem []byte) error {
	return because(c.changeTrust(fmt.Sprintf("roots %x;", sha256.Sum256(pem)), func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_X509_STORE_add_cert(p, uchars(pem), C.size_t(len(pem)))
	}), noCertificate)
}

// SetVerifyRoots makes the certificates in PEM text the only CAs that peers' certificates are verified with, in the
// place of all that were loaded or added before, their CRLs included.
//
// C: SSL_CTX_set1_cert_store(3)
func (c *Ctx) SetVerifyRoots(pem []byte) error {
	return because(c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
		r := C.gls_SSL_CTX_set1_cert_store(p, uchars(pem), C.size_t(len(pem)))
		if r.ret == 1 {
			c.identity.trust = fmt.Appendf(nil, "only %x;", sha256.Sum256(pem))
		}
		return r
	}), noCertificate)
}

// AddCRLs adds the certificate revocation lists in PEM text. They count with VerifyFlagCRLCheck or
// VerifyFlagCRLCheckAll in SetVerifyFlags, with which a missing or expired list is an error; a newer list goes before
// an older one. Sessions are resumed without a look at the lists, so a derived session id context changes with them.
//
// C: X509_STORE_add_crl(3)
func (c *Ctx) AddCRLs(pem []byte) error {
	return because(c.changeTrust(fmt.Sprintf("crls %x;", sha256.Sum256(pem)), func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_X509_STORE_add_crl(p, uchars(pem), C.size_t(len(pem)))
	}), "no certificate revocation list in the PEM text")
}

// LoadVerifyStore adds the CAs that OpenSSL's stores find at a URI: file:, or what the configured providers know. They
// are looked up there as they are needed.
//
// C: SSL_CTX_load_verify_store(3)
// OpenSSL: 3.0
func (c *Ctx) LoadVerifyStore(uri string) error {
	const op = "SSL_CTX_load_verify_store"
	if headerVersionNumber < v300 {
		if err := c.changeable(); err != nil {
			return err
		}
		return fmt.Errorf("libssl: %s: %w", op, ErrUnsupported)
	}
	return withCString(op, uri, func(cs *C.char) error {
		return aboutURI(c.changeTrust(fmt.Sprintf("store %q;", uri), func(p *C.SSL_CTX) C.gls_ret {
			return C.gls_SSL_CTX_load_verify_store(p, cs)
		}), uri)
	})
}

// SetDefaultVerifyPaths adds the CAs of the system, as OpenSSL was built to find them, or as the environment variables
// SSL_CERT_FILE and SSL_CERT_DIR say.
//
// C: SSL_CTX_set_default_verify_paths(3)
func (c *Ctx) SetDefaultVerifyPaths() error {
	return c.changeTrust("system;", func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_default_verify_paths(p) })
}

// VerifyCertificate verifies a certificate, the first of chain, as that of a peer: with the CAs, CRLs, parameters and
// security level that c has, at this moment, and with the rest of chain as intermediates. It returns nil, or what is
// against it, a *VerifyError. A VerifyFunc is not asked, and no name is compared.
//
// C: X509_verify_cert(3)
func (c *Ctx) VerifyCertificate(chain []*x509.Certificate, purpose Purpose) (err error) {
	var der []byte
	for _, cert := range chain {
		der = append(der, cert.Raw...)
	}
	if !c.view(func(p *C.SSL_CTX) {
		var found C.gls_verify
		r := C.gls_X509_verify_cert(p, uchars(der), C.size_t(len(der)), C.int(purpose), &found)
		defer C.gls_X509_free(found.cert)
		if found.code != C.X509_V_OK {
			err = newVerifyError(found.code, found.depth, found.cert)
			C.gls_free_errs(r.errs, r.nerrs)
		} else if r.ret != 1 {
			err = newError(r)
		}
	}) {
		return ErrClosed
	}
	return err
}

// NameLine writes a distinguished name in DER, as [x509.Certificate.RawSubject], in one line: "/C=DE/CN=example".
//
// C: X509_NAME_oneline(3)
func NameLine(der []byte) (string, error) {
	r := C.gls_X509_NAME_oneline(uchars(der), C.size_t(len(der)))
	if r.ret != 1 {
		return "", newError(r)
	}
	defer C.gls_OPENSSL_free(r.ptr)
	return C.GoString((*C.char)(r.ptr)), nil
}

// changeTrust is changeIdentity for what adds to whom c trusts.
func (c *Ctx) changeTrust(what string, f func(p *C.SSL_CTX) C.gls_ret) error {
	return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
		r := f(p)
		if r.ret == 1 {
			c.identity.trust = append(c.identity.trust, what...)
		}
		return r
	})
}

// SetVerifyRoots makes the certificates in PEM text the only CAs that this connection's peer is verified with.
//
// C: SSL_set1_verify_cert_store(3)
func (s *SSL) SetVerifyRoots(pem []byte) error {
	sum := sha256.Sum256(pem)
	return because(s.setOwn("roots", sum[:], func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_set1_verify_cert_store(p, uchars(pem), C.size_t(len(pem)))
	}), noCertificate)
}
