package libtls

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// The statuses of an OCSP response, of a certificate in it, and why that was revoked: TLS_OCSP_RESPONSE_, TLS_OCSP_CERT_ and
// TLS_CRL_REASON_.
const (
	OCSPResponseSuccessful   = 0
	OCSPResponseMalformed    = 1
	OCSPResponseInternal     = 2
	OCSPResponseTryLater     = 3
	OCSPResponseSigRequired  = 5
	OCSPResponseUnauthorized = 6

	CertGood    = 0
	CertRevoked = 1
	CertUnknown = 2

	CRLReasonUnspecified          = 0
	CRLReasonKeyCompromise        = 1
	CRLReasonCACompromise         = 2
	CRLReasonAffiliationChanged   = 3
	CRLReasonSuperseded           = 4
	CRLReasonCessationOfOperation = 5
	CRLReasonCertificateHold      = 6
	CRLReasonRemoveFromCRL        = 8
	CRLReasonPrivilegeWithdrawn   = 9
	CRLReasonAACompromise         = 10
)

// What libcrypto calls them.
var (
	responseStatusNames = map[int]string{
		OCSPResponseSuccessful: "successful", OCSPResponseMalformed: "malformedrequest", OCSPResponseInternal: "internalerror",
		OCSPResponseTryLater: "trylater", OCSPResponseSigRequired: "sigrequired", OCSPResponseUnauthorized: "unauthorized",
	}
	certStatusNames = map[int]string{CertGood: "good", CertRevoked: "revoked", CertUnknown: "unknown"}
	crlReasonNames  = map[int]string{
		CRLReasonUnspecified: "unspecified", CRLReasonKeyCompromise: "keyCompromise", CRLReasonCACompromise: "cACompromise",
		CRLReasonAffiliationChanged: "affiliationChanged", CRLReasonSuperseded: "superseded",
		CRLReasonCessationOfOperation: "cessationOfOperation", CRLReasonCertificateHold: "certificateHold",
		CRLReasonRemoveFromCRL: "removeFromCRL", CRLReasonPrivilegeWithdrawn: "privilegeWithdrawn", CRLReasonAACompromise: "aACompromise",
	}
)

func nameIn(names map[int]string, n int) string {
	if name, ok := names[n]; ok {
		return name
	}
	return "(UNKNOWN)"
}

// ocspStatus is what a response says of the peer's certificate. -1 is what it does not say.
type ocspStatus struct {
	result                            string
	response, cert, reason            int
	thisUpdate, nextUpdate, revokedAt time.Time
}

// How fresh a response must be: clocks may differ by so much, and it must not be older.
const (
	ocspJitter = 5 * time.Minute
	ocspMaxAge = 14 * 24 * time.Hour
)

// judgeStaple is what a client says of the response that its server has stapled; none is empty. It runs inside libssl.
func (c *Conn) judgeStaple(der []byte) error {
	if len(der) == 0 {
		if c.trust.staple && !c.conn.SessionReused() { // with TLS 1.3 it is asked then too
			return fault(ErrNoOCSPStaple, nil)
		}
		return nil
	}
	if c.trust.noCert || c.trust.noTime {
		return nil
	}
	state := c.conn.ConnectionState()
	return c.judge(der, &state, time.Now())
}

// ProcessOCSPResponse takes down what an OCSP response in DER says of the peer's certificate, which the program has asked
// the responder at PeerOCSPURL for. It is an error if the response is not for the certificate, not signed by its issuer
// or somebody whom that has given the right to, not current, or says that the certificate is revoked.
//
// C: tls_ocsp_process_response(3)
func (c *Conn) ProcessOCSPResponse(der []byte) error {
	state := c.knownState()
	return c.judge(der, &state, time.Now())
}

// judge keeps what a response says, and what it says that it is.
func (c *Conn) judge(der []byte, state *tls.ConnectionState, now time.Time) error {
	status, err := readOCSP(der, state, now)
	if status != nil {
		c.ocsp.Store(status)
	}
	return err
}

func readOCSP(der []byte, state *tls.ConnectionState, now time.Time) (*ocspStatus, error) {
	if len(state.PeerCertificates) == 0 {
		return nil, fault(ErrNoOCSPCertificate, nil)
	}
	cert := state.PeerCertificates[0]
	issuer := issuerOf(cert, state)
	if issuer == nil {
		return nil, ocspFault(nil, "no issuer cert")
	}
	r, err := ocsp.ParseResponseForCert(der, cert, issuer)
	var refused ocsp.ResponseError
	if errors.As(err, &refused) {
		n := int(refused.Status)
		name := nameIn(responseStatusNames, n)
		return &ocspStatus{result: name, response: n, cert: -1, reason: -1}, ocspFault(err, "response - "+name)
	}
	var verification ocsp.ParseError
	switch {
	case errors.As(err, &verification):
		return nil, ocspFault(err, string(verification))
	case err != nil:
		return nil, fault(ErrOCSPParse, err)
	case !mayAnswer(r.Certificate, issuer, now):
		return nil, ocspFault(nil, "the responder's certificate is not for OCSP")
	case !current(r, now):
		return nil, ocspFault(nil, "ocsp response not current")
	}
	status := &ocspStatus{
		response: OCSPResponseSuccessful, cert: r.Status, reason: -1, result: nameIn(certStatusNames, r.Status),
		thisUpdate: r.ThisUpdate, nextUpdate: r.NextUpdate,
	}
	if r.Status == CertRevoked {
		status.reason, status.revokedAt = r.RevocationReason, r.RevokedAt
		status.result = nameIn(crlReasonNames, r.RevocationReason)
		return status, ocspFault(nil, "revoked cert - "+status.result)
	}
	return status, nil
}

func ocspFault(cause error, why string) error {
	return faultf(ErrOCSPVerify, cause, "%v: %s", ErrOCSPVerify, why)
}

// issuerOf returns who has issued the certificate: in the chain that libssl has verified, or among what was sent.
func issuerOf(cert *x509.Certificate, state *tls.ConnectionState) *x509.Certificate {
	if len(state.VerifiedChains) > 0 {
		chain := state.VerifiedChains[0]
		return chain[min(1, len(chain)-1)] // trusted itself, it is its own
	}
	for _, one := range state.PeerCertificates {
		if bytes.Equal(one.RawSubject, cert.RawIssuer) &&
			one.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil {
			return one
		}
	}
	return nil
}

// mayAnswer tells whether the signer of a response may speak for the issuer, by whom its certificate is signed: that is
// the issuer itself, without a certificate or with its own, or whom it has given that right.
func mayAnswer(signer, issuer *x509.Certificate, now time.Time) bool {
	if signer == nil || bytes.Equal(signer.Raw, issuer.Raw) {
		return true
	}
	return slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) && !now.Before(signer.NotBefore) && !now.After(signer.NotAfter)
}

func current(r *ocsp.Response, now time.Time) bool {
	if r.ThisUpdate.After(now.Add(ocspJitter)) || r.ThisUpdate.Before(now.Add(-ocspMaxAge)) {
		return false
	}
	return r.NextUpdate.IsZero() || !r.NextUpdate.Before(now.Add(-ocspJitter)) && !r.NextUpdate.Before(r.ThisUpdate)
}

// told returns what is known of the peer's certificate.
func (c *Conn) told() ocspStatus {
	if s := c.ocsp.Load(); s != nil {
		return *s
	}
	return ocspStatus{response: -1, cert: -1, reason: -1}
}

// PeerOCSPURL returns where the peer's certificate says that its status can be asked for; "" if it does not.
//
// C: tls_peer_ocsp_url(3)
func (c *Conn) PeerOCSPURL() string {
	if cert := c.PeerCertificate(); cert != nil && len(cert.OCSPServer) > 0 {
		return cert.OCSPServer[0]
	}
	return ""
}

// PeerOCSPResult returns in a word what was found: "good", "unknown", why the certificate was revoked, or why there is no
// answer; "" if there was no response.
//
// C: tls_peer_ocsp_result(3)
func (c *Conn) PeerOCSPResult() string { return c.told().result }

// PeerOCSPResponseStatus returns the status of the response, OCSPResponseSuccessful and so on; -1 without one.
//
// C: tls_peer_ocsp_response_status(3)
func (c *Conn) PeerOCSPResponseStatus() int { return c.told().response }

// PeerOCSPCertStatus returns what it says of the certificate: CertGood, CertRevoked or CertUnknown; -1 without one.
//
// C: tls_peer_ocsp_cert_status(3)
func (c *Conn) PeerOCSPCertStatus() int { return c.told().cert }

// PeerOCSPCRLReason returns why the certificate was revoked, CRLReasonKeyCompromise and so on; -1 if it was not.
//
// C: tls_peer_ocsp_crl_reason(3)
func (c *Conn) PeerOCSPCRLReason() int { return c.told().reason }

// PeerOCSPThisUpdate returns from when the response is; the zero time without one.
//
// C: tls_peer_ocsp_this_update(3)
func (c *Conn) PeerOCSPThisUpdate() time.Time { return c.told().thisUpdate }

// PeerOCSPNextUpdate returns when there will be a newer one; the zero time if it does not say.
//
// C: tls_peer_ocsp_next_update(3)
func (c *Conn) PeerOCSPNextUpdate() time.Time { return c.told().nextUpdate }

// PeerOCSPRevocationTime returns when the certificate was revoked; the zero time if it was not.
//
// C: tls_peer_ocsp_revocation_time(3)
func (c *Conn) PeerOCSPRevocationTime() time.Time { return c.told().revokedAt }
