package libssl

// #include "shim.h"
import "C"

import (
	"crypto/x509"
	"errors"
)

// A VerifyMode says what is asked of the peer's certificate: a set of SSL_VERIFY_ bits.
type VerifyMode int

// The verify modes.
const (
	VerifyNone             VerifyMode = C.SSL_VERIFY_NONE                 // a server asks for none; a client goes on whatever comes
	VerifyPeer             VerifyMode = C.SSL_VERIFY_PEER                 // a server asks; what comes must be valid
	VerifyFailIfNoPeerCert VerifyMode = C.SSL_VERIFY_FAIL_IF_NO_PEER_CERT // with VerifyPeer: the client must have one
	VerifyClientOnce       VerifyMode = C.SSL_VERIFY_CLIENT_ONCE          // with VerifyPeer: not again in renegotiation
	VerifyPostHandshake    VerifyMode = C.SSL_VERIFY_POST_HANDSHAKE       // with VerifyPeer: TLS 1.3 asks when told to, later
)

// verifyMode returns the mode that was in force when the connection was made.
func (s *SSL) verifyMode() VerifyMode {
	return ask(s, func(p *C.SSL) VerifyMode { return VerifyMode(C.SSL_get_verify_mode(p)) })
}

// A VerifyFunc decides on each certificate of the peer's chain, from the root down, and once more for each fault that
// libssl finds. [Verification.Err] is libssl's own view: return it to agree. nil accepts the certificate whatever
// libssl thinks of it; an error refuses it and ends the handshake, and errors.Is finds it in what Handshake returns.
type VerifyFunc func(v *Verification) error

// A Verification is one certificate under verification. It is valid during the callback only.
type Verification struct {
	ssl *SSL
	x   *C.X509_STORE_CTX
	ok  bool
}

var errVerificationOver = errors.New("libssl: Verification used after its callback")

// SSL returns the connection.
func (v *Verification) SSL() *SSL { return v.ssl }

// Err returns what libssl has against the certificate, a *VerifyError, or nil.
//
// C: X509_STORE_CTX_get_error(3)
func (v *Verification) Err() error {
	if v.x == nil {
		return errVerificationOver
	}
	if v.ok {
		return nil
	}
	return newVerifyError(C.X509_STORE_CTX_get_error(v.x), C.X509_STORE_CTX_get_error_depth(v.x), C.X509_STORE_CTX_get_current_cert(v.x))
}

// Depth returns the certificate's place in the chain: 0 is the peer's own.
//
// C: X509_STORE_CTX_get_error_depth(3)
func (v *Verification) Depth() int {
	if v.x == nil {
		return 0
	}
	return int(C.X509_STORE_CTX_get_error_depth(v.x))
}

// Certificate returns the certificate; nil if there is none at this depth.
//
// C: X509_STORE_CTX_get_current_cert(3)
func (v *Verification) Certificate() (*x509.Certificate, error) {
	if v.x == nil {
		return nil, errVerificationOver
	}
	cert := C.X509_STORE_CTX_get_current_cert(v.x)
	if cert == nil {
		return nil, nil
	}
	return parseCertificate(cert)
}

// runVerify is on_verify_go in shim.c: 1 accepts.
func (s *SSL) runVerify(ok bool, x *C.X509_STORE_CTX) C.int {
	if s.verify == nil {
		return cBool(ok)
	}
	var err error
	if !s.callback(func() {
		v := &Verification{ssl: s, x: x, ok: ok}
		defer func() { v.x = nil }()
		err = s.verify(v)
	}) {
		C.gls_X509_STORE_CTX_refuse(x)
		return 0
	}
	if err != nil {
		s.callbackErr = err
		C.gls_X509_STORE_CTX_refuse(x)
		return 0
	}
	C.X509_STORE_CTX_set_error(x, C.X509_V_OK)
	return 1
}
