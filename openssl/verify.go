package openssl

import (
	"errors"
	"fmt"

	"github.com/go-libssl/libssl"
)

// VerifyOptions say what is asked of the peer's certificate: a set of SSL_VERIFY_ bits.
type VerifyOptions int

// The options, each SSL_VERIFY_ of that name.
const (
	VerifyNone             = VerifyOptions(libssl.VerifyNone)             // a server asks for none; a client goes on whatever comes
	VerifyPeer             = VerifyOptions(libssl.VerifyPeer)             // a server asks; what comes must be valid
	VerifyFailIfNoPeerCert = VerifyOptions(libssl.VerifyFailIfNoPeerCert) // with VerifyPeer: the client must have one
	VerifyClientOnce       = VerifyOptions(libssl.VerifyClientOnce)       // with VerifyPeer: not again in renegotiation
)

// A VerifyCallback decides on each certificate of the peer's chain, from the root down, and once more for each fault that
// libssl finds. ok is libssl's own view: return it to agree. Accepted or not, a fault stays on record:
// [Conn.VerifyResult] tells of it.
type VerifyCallback func(ok bool, store *CertificateStoreCtx) bool

var errRefused = errors.New("the verify callback has refused the certificate")

// root returns cb as package libssl has it.
func (cb VerifyCallback) root() libssl.VerifyFunc {
	if cb == nil {
		return nil
	}
	return func(v *libssl.Verification) error {
		fault := v.Err()
		if cb(fault == nil, &CertificateStoreCtx{v: v, fault: fault}) {
			v.Tolerate()
			return nil
		}
		if fault == nil {
			fault = errRefused
		}
		return fault
	}
}

// SetVerify says whether the peer's certificate is asked for and verified. verify_cb may be nil: libssl's verification
// alone decides. Connections made before keep what they have.
//
// C: SSL_CTX_set_verify(3)
func (c *Ctx) SetVerify(options VerifyOptions, verify_cb VerifyCallback) {
	c.noteVerify(verify_cb)
	c.Libssl().SetVerify(libssl.VerifyMode(options), verify_cb.root())
}

// noteVerify keeps what GetVerifyCallback returns.
func (c *Ctx) noteVerify(verify_cb VerifyCallback) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verify = verify_cb
}

// SetVerifyMode is [Ctx.SetVerify] with the callback as it is, also one that package libssl was given.
//
// C: SSL_CTX_set_verify(3)
func (c *Ctx) SetVerifyMode(options VerifyOptions) {
	c.Libssl().SetVerifyMode(libssl.VerifyMode(options))
}

// SetVerifyCallback is [Ctx.SetVerify] with the options as they are.
//
// C: SSL_CTX_set_verify(3)
func (c *Ctx) SetVerifyCallback(verify_cb VerifyCallback) {
	c.noteVerify(verify_cb)
	c.Libssl().SetVerifyFunc(verify_cb.root())
}

// GetVerifyCallback returns the callback, nil for none.
func (c *Ctx) GetVerifyCallback() VerifyCallback {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.verify
}

// VerifyMode returns the options of [Ctx.SetVerify].
//
// C: SSL_CTX_get_verify_mode(3)
func (c *Ctx) VerifyMode() VerifyOptions { return VerifyOptions(c.Libssl().VerifyMode()) }

// SetVerifyDepth limits how many CAs may stand between the peer's certificate and the trusted one.
//
// C: SSL_CTX_set_verify_depth(3)
func (c *Ctx) SetVerifyDepth(depth int) { c.Libssl().SetVerifyDepth(depth) }

// GetVerifyDepth returns the limit; -1 is libssl's default of 100.
//
// C: SSL_CTX_get_verify_depth(3)
func (c *Ctx) GetVerifyDepth() int { return c.Libssl().VerifyDepth() }

// LoadVerifyLocations adds the CAs in a PEM file, in a directory as c_rehash makes it, or in both. Either may be empty.
//
// C: SSL_CTX_load_verify_locations(3)
func (c *Ctx) LoadVerifyLocations(ca_file string, ca_path string) error {
	return sslError(c.Libssl().LoadVerifyLocations(ca_file, ca_path))
}

// A CertificateStoreCtx is one certificate under verification. It is valid during the callback only.
//
// C: X509_STORE_CTX_new(3)
type CertificateStoreCtx struct {
	v     *libssl.Verification
	fault error
}

// VerifyResult returns what libssl has against the certificate, or [Ok].
//
// C: X509_STORE_CTX_get_error(3)
func (s *CertificateStoreCtx) VerifyResult() VerifyResult { return resultOf(s.fault) }

// Err returns what libssl has against the certificate, which errors.As finds as a *[libssl.VerifyError], or nil.
//
// C: X509_STORE_CTX_get_error(3)
func (s *CertificateStoreCtx) Err() error {
	if v := new(libssl.VerifyError); errors.As(s.fault, &v) {
		return &verifyError{v}
	}
	return s.fault
}

// A verifyError says of a certificate what the original said.
type verifyError struct{ *libssl.VerifyError }

func (e *verifyError) Error() string { return fmt.Sprintf("openssl: %s", e.Text) }
func (e *verifyError) Unwrap() error { return e.VerifyError }

// Depth returns the certificate's place in the chain: 0 is the peer's own.
//
// C: X509_STORE_CTX_get_error_depth(3)
func (s *CertificateStoreCtx) Depth() int {
	if s.v == nil {
		return 0
	}
	return s.v.Depth()
}

// GetCurrentCert returns a copy of the certificate; nil if there is none at this depth.
//
// C: X509_STORE_CTX_get_current_cert(3)
func (s *CertificateStoreCtx) GetCurrentCert() *Certificate {
	if s.v == nil {
		return nil
	}
	cert, err := certFromDER(s.v.CertificateDER())
	if err != nil {
		return nil
	}
	return cert
}

// resultOf returns the code in an error of package libssl.
func resultOf(err error) VerifyResult {
	if err == nil {
		return Ok
	}
	if v := new(libssl.VerifyError); errors.As(err, &v) {
		return VerifyResult(v.Code)
	}
	return unspecified
}

// unspecified is X509_V_ERR_UNSPECIFIED, for which the original has no name: here there is nothing to ask any more.
const unspecified VerifyResult = 1
