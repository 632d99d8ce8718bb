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

// VerifyMode returns the mode of SetVerify.
//
// C: SSL_CTX_get_verify_mode(3)
func (c *Ctx) VerifyMode() (mode VerifyMode) {
	c.view(func(p *C.SSL_CTX) { mode = VerifyMode(C.SSL_CTX_get_verify_mode(p)) })
	return mode
}

// SetVerify is [Ctx.SetVerify] for one connection, before its handshake or from a [ClientHello] callback; a switch by
// server name to another Ctx puts that one's in its place.
//
// What a server sets so for one connection, as the other methods of the SSL that say who may connect, becomes a part of
// its session id context, unless SetSessionIDContext has set one: connections that are set up alike resume each
// other's sessions, others do not. One with a VerifyFunc resumes none.
//
// C: SSL_set_verify(3)
func (s *SSL) SetVerify(mode VerifyMode, cb VerifyFunc) {
	s.setOwnLate("mode", func(p *C.SSL) (C.gls_ret, []byte) {
		C.gls_SSL_set_verify(p, C.int(mode), cBool(cb != nil))
		s.verify, s.own.standIn = cb, standIn(cb)
		return succeeded, append(number(uint64(mode)), s.own.standIn...)
	})
}

// SetVerifyMode is SetVerify with the VerifyFunc as it is: the connection's own, or that of the Ctx in force.
//
// C: SSL_set_verify(3)
func (s *SSL) SetVerifyMode(mode VerifyMode) {
	s.setOwnLate("mode", func(p *C.SSL) (C.gls_ret, []byte) {
		C.gls_SSL_set_verify(p, C.int(mode), cBool(s.verify != nil))
		return succeeded, append(number(uint64(mode)), s.own.standIn...)
	})
}

// VerifyMode returns the mode: its own, or what its Ctx had when the connection was made.
//
// C: SSL_get_verify_mode(3)
func (s *SSL) VerifyMode() VerifyMode {
	return ask(s, func(p *C.SSL) VerifyMode { return VerifyMode(C.SSL_get_verify_mode(p)) })
}

// VerifyResult returns what libssl has found against the peer's certificate, a *VerifyError, or nil. With VerifyNone
// it has found a fault and gone on; in a resumed session it is what was found when that was made. nil is also what it
// says of a peer that has shown no certificate.
//
// C: SSL_get_verify_result(3)
func (s *SSL) VerifyResult() (err error) {
	setErr := s.set(func(p *C.SSL) C.gls_ret {
		if code := C.int(C.SSL_get_verify_result(p)); code != C.X509_V_OK {
			v := C.gls_SSL_verify_failure(p)
			if v.code != code {
				v = C.gls_verify{code: code}
			}
			err = newVerifyError(v.code, v.depth, v.cert)
		}
		return succeeded
	})
	if setErr != nil {
		return setErr
	}
	return err
}

// A VerifyFunc decides on each certificate of the peer's chain, from the root down, and once more for each fault that
// libssl finds. [Verification.Err] is libssl's own view: return it to agree. nil accepts the certificate whatever
// libssl thinks of it; an error refuses it and ends the handshake, and errors.Is finds it in what Handshake returns.
type VerifyFunc func(v *Verification) error

// A Verification is one certificate under verification. It is valid during the callback only.
type Verification struct {
	ssl      *SSL
	x        *C.X509_STORE_CTX
	ok       bool
	tolerate bool // accepting it leaves the fault on record
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

// CertificateDER returns the certificate in DER, also one that crypto/x509 can't read; nil if there is none at this
// depth.
//
// C: X509_STORE_CTX_get_current_cert(3)
func (v *Verification) CertificateDER() []byte {
	if v.x == nil {
		return nil
	}
	der, _ := derOf(C.X509_STORE_CTX_get_current_cert(v.x))
	return der
}

// Tolerate has an acceptance by the callback go on record as what it is: [SSL.VerifyResult] and the session keep what
// libssl has against the certificate, as they do when a callback in C returns 1 and leaves the error as it is.
//
// C: X509_STORE_CTX_set_error(3)
func (v *Verification) Tolerate() { v.tolerate = true }

// Chain returns the chain as far as libssl has built it, the peer's own certificate first.
//
// C: X509_STORE_CTX_get0_chain(3)
func (v *Verification) Chain() []*x509.Certificate {
	if v.x == nil {
		return nil
	}
	var der *C.uchar
	n := C.gls_X509_STORE_CTX_get0_chain(v.x, &der)
	return parseChain(der, n)
}

// runVerify is on_verify_go in shim.c: 1 accepts.
func (s *SSL) runVerify(ok bool, x *C.X509_STORE_CTX) C.int {
	if s.verify == nil {
		return cBool(ok)
	}
	v := &Verification{ssl: s, x: x, ok: ok}
	var err error
	if !s.callback(func() {
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
	if !v.tolerate {
		C.X509_STORE_CTX_set_error(x, C.X509_V_OK)
	}
	return 1
}
