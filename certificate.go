package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// UseCertificate gives c a certificate, its chain and its private key; they must belong together. A Ctx may have one
// of each key type: RSA, ECDSA, Ed25519 and so on; the peer's signature algorithms decide which is shown.
//
// A key of crypto/rsa, crypto/ecdsa or crypto/ed25519 is copied into libssl. Any other that is a [crypto.Signer], as
// one in a hardware module, a key service or an agent, stays where it is: each handshake has it sign. It is called
// inside libssl, so while it works, so does an OS thread wait; its error ends the handshake, and errors.Is finds it.
// It must be for RSA, ECDSA or Ed25519, and can't be used with the key exchange that encrypts to an RSA key (TLS 1.2
// without ECDHE or DHE).
//
// C: SSL_CTX_use_cert_and_key(3)
func (c *Ctx) UseCertificate(cert tls.Certificate) error {
	return c.useKeyPair(func(k *keyPair) error { return k.parse(cert) })
}

// UseCertificatePEM is UseCertificate with what is in PEM text: the certificate with its chain after it, and the
// private key. They may be the same text. For an encrypted key see SetDefaultPasswordCallback.
//
// C: SSL_CTX_use_cert_and_key(3)
func (c *Ctx) UseCertificatePEM(certs, key []byte) error {
	return c.useKeyPair(func(k *keyPair) error {
		return c.withPassword("", func(w C.gls_password) error {
			k.free()
			secret := bytes.Clone(key)
			defer clear(secret)
			return k.filled(C.gls_cert_parse_pem(&k.C, uchars(certs), C.size_t(len(certs)),
				(*C.uchar)(unsafe.SliceData(secret)), C.size_t(len(secret)), w))
		})
	})
}

// UseCertificateURI is UseCertificate with what OpenSSL's stores find at the URIs, be it files (file:, or just a path)
// or what the configured providers and engines know: pkcs11:, tpm2:. There must be a private key, which may stay in a
// module; of several the first is taken. The certificate is the one that fits the key, any others are its chain. For
// a password or PIN see SetDefaultPasswordCallback.
//
// C: OSSL_STORE_open(3)
func (c *Ctx) UseCertificateURI(uri string, more ...string) error {
	return c.useKeyPair(func(k *keyPair) error {
		for _, uri := range append([]string{uri}, more...) {
			err := withCString("OSSL_STORE_open", uri, func(cs *C.char) error {
				err := c.withPassword(uri, func(w C.gls_password) error { return k.filled(C.gls_cert_load(&k.C, cs, w)) })
				return aboutURI(err, uri)
			})
			if err != nil {
				return err
			}
		}
		if k.C.key == nil {
			return fmt.Errorf("libssl: UseCertificateURI: no private key at %q", withoutPIN(uri))
		}
		if err := k.filled(C.gls_cert_choose_leaf(&k.C)); err != nil {
			return fmt.Errorf("libssl: UseCertificateURI: no certificate for the private key at %q: %w", withoutPIN(uri), err)
		}
		return nil
	})
}

// withoutPIN is what may be shown of a URI: the query of a pkcs11: can hold a PIN (RFC 7512).
func withoutPIN(uri string) string {
	shown, _, _ := strings.Cut(uri, "?")
	return shortened(shown)
}

// aboutURI is about for a URI, which libcrypto's own words may quote.
func aboutURI(err error, uri string) error {
	if e, ok := err.(*Error); ok {
		for i := range e.Stack {
			e.Stack[i].Data = strings.ReplaceAll(e.Stack[i].Data, uri, withoutPIN(uri))
		}
	}
	return about(err, "%q", withoutPIN(uri))
}

// UseCertificateFile gives c the first certificate of a PEM file, without a chain.
//
// C: SSL_CTX_use_certificate_file(3)
func (c *Ctx) UseCertificateFile(path string) error {
	return c.useFile("SSL_CTX_use_certificate_file", path, c.changeIdentity, func(p *C.SSL_CTX, path *C.char, w C.gls_password) C.gls_ret {
		return C.gls_SSL_CTX_use_certificate_file(p, path, w)
	})
}

// UseCertificateChainFile gives c the certificates of a PEM file, its own first.
//
// C: SSL_CTX_use_certificate_chain_file(3)
func (c *Ctx) UseCertificateChainFile(path string) error {
	return c.useFile("SSL_CTX_use_certificate_chain_file", path, c.changeIdentity, func(p *C.SSL_CTX, path *C.char, w C.gls_password) C.gls_ret {
		return C.gls_SSL_CTX_use_certificate_chain_file(p, path, w)
	})
}

// UsePrivateKeyFile gives c the private key of a PEM file, which must belong to the certificate of that key type if c has
// one: see CheckPrivateKey. For an encrypted key see SetDefaultPasswordCallback.
//
// C: SSL_CTX_use_PrivateKey_file(3)
func (c *Ctx) UsePrivateKeyFile(path string) error {
	return c.useFile("SSL_CTX_use_PrivateKey_file", path, c.change, func(p *C.SSL_CTX, path *C.char, w C.gls_password) C.gls_ret {
		return C.gls_SSL_CTX_use_PrivateKey_file(p, path, w)
	})
}

// UseCertificateASN1 gives c a certificate in DER, without a chain, in the place of one of the same key type. Its key
// may come before or after it: see UsePrivateKeyASN1.
//
// C: SSL_CTX_use_certificate_ASN1(3)
func (c *Ctx) UseCertificateASN1(der []byte) error {
	return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_use_certificate_ASN1(p, uchars(der), C.size_t(len(der)))
	})
}

// UsePrivateKeyASN1 gives c a private key in DER, as PKCS #8 or in the form that is its type's own. It must belong to
// the certificate of that key type if c has one; a certificate that comes later and does not belong to it takes it
// away.
//
// C: SSL_CTX_use_PrivateKey(3)
func (c *Ctx) UsePrivateKeyASN1(der []byte) error {
	secret := bytes.Clone(der)
	defer clear(secret)
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_use_PrivateKey(p, (*C.uchar)(unsafe.SliceData(secret)), C.size_t(len(secret)))
	})
}

// SetDefaultPasswordCallback sets what knows the passwords of encrypted keys; without it, or with nil, such a key is
// an error, and nobody is asked on the terminal, unless a provider does that of its own accord, as pkcs11-provider does
// for a PIN that neither the URI nor its configuration has. name is the file or the URI, empty for text. It is called
// by the method that loads the key, with nothing locked, once for each key; the password, of at most 1024 bytes, is
// wiped when it has been used. Its error is found by errors.Is in what that method returns.
//
// C: SSL_CTX_set_default_passwd_cb(3)
func (c *Ctx) SetDefaultPasswordCallback(cb func(name string) (password []byte, err error)) {
	c.adjust(func(*C.SSL_CTX) { c.password.Store(&cb) })
}

// CheckPrivateKey returns an error unless c has a certificate and a private key, those given last, that belong
// together.
//
// C: SSL_CTX_check_private_key(3)
func (c *Ctx) CheckPrivateKey() error {
	return c.ask(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_check_private_key(p) })
}

// Certificate returns the certificate that was given last, or selected by SelectCurrentCert; nil if there is none.
//
// C: SSL_CTX_get0_certificate(3)
func (c *Ctx) Certificate() (cert *x509.Certificate, err error) {
	if !c.view(func(p *C.SSL_CTX) { cert, err = parseOne(certificateOf(p)) }) {
		return nil, ErrClosed
	}
	return cert, err
}

// PublicKey returns the public half of the private key that was given last, or selected by SelectCurrentCert; nil if
// there is none. The private half is not to be had.
//
// C: SSL_CTX_get0_privatekey(3)
func (c *Ctx) PublicKey() (key crypto.PublicKey, err error) {
	var der []byte
	if askErr := c.ask(func(p *C.SSL_CTX) C.gls_ret {
		var out *C.uchar
		r := C.gls_SSL_CTX_get0_privatekey(p, &out)
		der = takeDER(r.ret, out)
		if r.nerrs == 0 {
			r.ret = 1
		}
		return r
	}); askErr != nil || der == nil {
		return nil, askErr
	}
	return x509.ParsePKIXPublicKey(der)
}

// UseCertificate is [Ctx.UseCertificate] for one connection, in the place of all that its Ctx has.
//
// C: SSL_use_cert_and_key(3)
func (s *SSL) UseCertificate(cert tls.Certificate) error {
	k, err := newKeyPair(cert)
	if err != nil {
		return err
	}
	defer k.free()
	return s.useKeyPair(k)
}

// useKeyPair gives s a certificate; k may be used again.
func (s *SSL) useKeyPair(k *keyPair) error {
	return s.set(func(p *C.SSL) C.gls_ret {
		r := C.gls_SSL_use_cert_and_key(p, &k.C)
		if r.ret == 1 {
			s.signers = k.signer.joins(s.signers)
		}
		return r
	})
}

// Certificate returns the connection's own certificate: the one that it shows its peer, once that is settled. nil if
// there is none.
//
// C: SSL_get_certificate(3)
func (s *SSL) Certificate() (cert *x509.Certificate, err error) {
	var der []byte
	err = s.set(func(p *C.SSL) C.gls_ret {
		var out *C.uchar
		der = takeDER(C.gls_SSL_get_certificate(p, &out).ret, out)
		return succeeded
	})
	if err != nil {
		return nil, err
	}
	return parseOne(der)
}

// A keyPair is a certificate with its key and chain, as libssl wants them. It can be given to many.
type keyPair struct {
	C      C.gls_cert
	signer *signer // nil: the key is in libssl
}

// newKeyPair makes one. Whoever has it frees it.
func newKeyPair(cert tls.Certificate) (*keyPair, error) {
	k := new(keyPair)
	if err := k.parse(cert); err != nil {
		k.free()
		return nil, err
	}
	return k, nil
}

func (k *keyPair) parse(cert tls.Certificate) error {
	if len(cert.Certificate) == 0 {
		return errors.New("libssl: UseCertificate: no certificate in the tls.Certificate")
	}
	if cert.PrivateKey == nil {
		return errors.New("libssl: UseCertificate: no private key in the tls.Certificate")
	}
	chain := bytes.Join(cert.Certificate, nil)
	certs, certsLen := (*C.uchar)(unsafe.SliceData(chain)), C.size_t(len(chain))
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err == nil {
		defer clear(key)
		return k.filled(C.gls_cert_parse(&k.C, certs, certsLen, (*C.uchar)(unsafe.SliceData(key)), C.size_t(len(key))))
	}
	signs, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return fmt.Errorf("libssl: UseCertificate: a private key of type %T can neither be exported nor sign: %w", cert.PrivateKey, err)
	}
	public, err := publicHalf(signs)
	if err != nil {
		return err
	}
	k.signer = newSigner(signs)
	return k.filled(C.gls_cert_with_signer(&k.C, certs, certsLen, (*C.uchar)(unsafe.SliceData(public)),
		C.size_t(len(public)), C.uintptr_t(k.signer.id)))
}

// filled returns the error of a C function that fills k.
func (k *keyPair) filled(r C.gls_ret) error {
	if r.ret != 1 {
		return newError(r)
	}
	return nil
}

func (k *keyPair) free() {
	C.gls_cert_free(&k.C)
	runtime.KeepAlive(k.signer)
}

// useKeyPair gives c what load loads, with nothing locked.
func (c *Ctx) useKeyPair(load func(k *keyPair) error) error {
	if err := c.changeable(); err != nil {
		return err
	}
	var k keyPair
	defer k.free()
	if err := load(&k); err != nil {
		return err
	}
	return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
		r := C.gls_SSL_CTX_use_cert_and_key(p, &k.C)
		if r.ret == 1 {
			c.signers = k.signer.joins(c.signers)
		}
		return r
	})
}

// useFile calls a C function with a file's name, and with its password if need be.
func (c *Ctx) useFile(op, path string, change func(func(*C.SSL_CTX) C.gls_ret) error, f func(*C.SSL_CTX, *C.char, C.gls_password) C.gls_ret) error {
	return withCString(op, path, func(cs *C.char) error {
		return c.withPassword(path, func(w C.gls_password) error {
			return change(func(p *C.SSL_CTX) C.gls_ret { return f(p, cs, w) })
		})
	})
}

// withPassword calls f, and if it fails for want of a password that the callback knows, again.
func (c *Ctx) withPassword(name string, f func(w C.gls_password) error) error {
	asked := new(C.int)
	err := f(C.gls_password{asked: asked})
	cb := load(&c.password)
	if err == nil || *asked == 0 || cb == nil {
		return err
	}
	text, cbErr := cb(name)
	defer clear(text)
	if cbErr != nil {
		if e := new(Error); errors.As(err, &e) {
			e.Err = cbErr
		}
		return err
	}
	if text == nil {
		return err
	}
	secret := bytes.Clone(text) // see uchars
	defer clear(secret)
	return f(C.gls_password{text: (*C.char)(unsafe.Pointer(unsafe.SliceData(secret))), n: C.size_t(len(text)), asked: asked})
}

// certificateOf returns the certificate last given to p, nil if there is none.
func certificateOf(p *C.SSL_CTX) []byte {
	var der *C.uchar
	return takeDER(C.gls_SSL_CTX_get0_certificate(p, &der).ret, der)
}

// takeDER copies and frees what an i2d function made.
func takeDER(n C.long, der *C.uchar) []byte {
	if n <= 0 || der == nil {
		return nil
	}
	defer C.gls_OPENSSL_free(unsafe.Pointer(der))
	return C.GoBytes(unsafe.Pointer(der), C.int(n))
}

func parseOne(der []byte) (*x509.Certificate, error) {
	if der == nil {
		return nil, nil
	}
	return x509.ParseCertificate(der)
}

// certificateHash returns the certificate's key type, of which a Ctx has one certificate each, and its hash.
func certificateHash(der []byte) (kind string, sum [sha256.Size]byte) {
	if cert, err := x509.ParseCertificate(der); err == nil {
		kind = cert.PublicKeyAlgorithm.String()
	}
	return kind, sha256.Sum256(der)
}
