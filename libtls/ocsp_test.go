package libtls_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"
)

// A responder answers for an authority's certificates.
type responder struct {
	issuer *x509.Certificate
	cert   *x509.Certificate // its own, the issuer's or one that is sent along
	key    crypto.Signer
}

// says makes a response for the server's certificate.
func (r responder) says(t *testing.T, change func(*ocsp.Response)) []byte {
	t.Helper()
	now := time.Now()
	what := ocsp.Response{
		Status: ocsp.Good, SerialNumber: testutil.Certs(t).Server.Leaf.SerialNumber, ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour),
	}
	if r.cert != r.issuer {
		what.Certificate = r.cert
	}
	if change != nil {
		change(&what)
	}
	der, err := ocsp.CreateResponse(r.issuer, r.cert, what, r.key)
	require.NoError(t, err)
	return der
}

func responderOf(ca *testutil.Authority) responder { return responder{ca.Cert, ca.Cert, ca.Key} }

// delegated is a responder that the authority has given a certificate of its own.
func delegated(t *testing.T, ca *testutil.Authority, change func(*x509.Certificate)) responder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return responder{ca.Cert, testutil.Issue(t, ca, key, change).Leaf, key}
}

func withStaple(der []byte) setting {
	return func(c *libtls.Config) error { return c.SetOCSPStapleMem(der) }
}

// meetStapler has a client meet crypto/tls' server, which staples whatever it is told to: since 3.6 libssl's leaves out what
// it can't find a certificate for.
func meetStapler(t *testing.T, p libtls.Protocols, cert tls.Certificate, staple []byte, cli *libtls.Config) *meeting {
	t.Helper()
	near, far := testutil.TCP(t)
	client, err := libtls.Client(near, peerName, cli)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	cert.OCSPStaple = staple
	version := map[libtls.Protocols]uint16{libtls.ProtocolTLSv1_2: tls.VersionTLS12, libtls.ProtocolTLSv1_3: tls.VersionTLS13}[p]
	server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	m := &meeting{client: client, clientErr: client.Handshake()}
	near.Close()
	m.serverErr = <-done
	return m
}

// TestOCSP: what a client makes of the response that a server staples.
func TestOCSP(t *testing.T) {
	pki := testutil.Certs(t)
	own := responderOf(pki.CA)
	forOCSP := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} }
	now := time.Now().Truncate(time.Second)
	const failed = "ocsp verify failed: "
	unreadable := "unable to parse OCSP response"
	if libssl.VersionNumber() >= 0x30600000 { // which reads it itself
		unreadable = "handshake failed"
	}
	eachVersion(t, func(t *testing.T, version setting, p libtls.Protocols) {
		for name, test := range map[string]struct {
			staple []byte
			text   string // of the error
		}{
			"good":      {own.says(t, nil), ""},
			"unknown":   {own.says(t, func(r *ocsp.Response) { r.Status = ocsp.Unknown }), ""},
			"delegated": {delegated(t, pki.CA, forOCSP).says(t, nil), ""},
			"revoked": {own.says(t, func(r *ocsp.Response) {
				r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, now.Add(-time.Hour), ocsp.KeyCompromise
			}), failed + "revoked cert - keyCompromise"},
			"no longer current":   {own.says(t, func(r *ocsp.Response) { r.NextUpdate = now.Add(-10 * time.Minute) }), failed + "ocsp response not current"},
			"clocks differ":       {own.says(t, func(r *ocsp.Response) { r.ThisUpdate = now.Add(time.Minute) }), ""},
			"not current yet":     {own.says(t, func(r *ocsp.Response) { r.ThisUpdate = now.Add(10 * time.Minute) }), failed + "ocsp response not current"},
			"too old":             {own.says(t, func(r *ocsp.Response) { r.ThisUpdate = now.Add(-15 * 24 * time.Hour) }), failed + "ocsp response not current"},
			"try later":           {ocsp.TryLaterErrorResponse, failed + "response - trylater"},
			"garbage":             {[]byte("garbage"), unreadable},
			"another certificate": {own.says(t, func(r *ocsp.Response) { r.SerialNumber = pki.Client.Leaf.SerialNumber }), failed + "no response matching the supplied certificate"},
			"another authority":   {responderOf(pki.OtherCA).says(t, nil), failed + "bad OCSP signature"},
			"not for OCSP":        {delegated(t, pki.CA, nil).says(t, nil), failed + "the responder's certificate is not for OCSP"},
			"the server itself":   {responder{pki.CA.Cert, pki.Server.Leaf, pki.Server.PrivateKey.(crypto.Signer)}.says(t, nil), failed + "the responder's certificate is not for OCSP"},
			"a responder of before": {delegated(t, pki.CA, func(c *x509.Certificate) { forOCSP(c); c.NotAfter = now.Add(-time.Hour) }).says(t, nil),
				failed + "the responder's certificate is not for OCSP"},
		} {
			m := meetStapler(t, p, pki.Server, test.staple, aClient(t, version, does((*libtls.Config).OCSPRequireStapling)))
			if test.text == "" {
				require.NoError(t, m.clientErr, name)
				assert.Equal(t, libtls.OCSPResponseSuccessful, m.client.PeerOCSPResponseStatus())
				continue
			}
			require.Error(t, m.clientErr, name)
			assert.Contains(t, m.clientErr.Error(), test.text, name)
			assert.Error(t, m.serverErr, name)
		}
	})
}

// TestOCSPRequired: without a response a client goes on, unless it insists; and the session of one that did is resumed
// by those that do.
func TestOCSPRequired(t *testing.T) {
	required := does((*libtls.Config).OCSPRequireStapling)
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		without := aServer(t, version, inFarm)
		m := meet(t, without, aClient(t, version)).fine(t)
		assert.Equal(t, -1, m.client.PeerOCSPResponseStatus())
		assert.Equal(t, -1, m.client.PeerOCSPCertStatus())
		assert.Equal(t, -1, m.client.PeerOCSPCRLReason())
		assert.Empty(t, m.client.PeerOCSPResult())
		assert.Empty(t, m.client.PeerOCSPURL())
		assert.True(t, m.client.PeerOCSPThisUpdate().IsZero())
		answers(t, meet(t, without, aClient(t, version, required)).clientErr, "no stapled OCSP response provided", libtls.ErrNoOCSPStaple)

		f := aFile(t)
		with := aServer(t, version, inFarm, withStaple(responderOf(testutil.Certs(t).CA).says(t, nil)))
		c := aClient(t, version, required, withFile(f))
		assert.False(t, meet(t, with, c).fine(t).resumed)
		assert.True(t, meet(t, with, c).fine(t).resumed)
		assert.True(t, meet(t, without, c).fine(t).resumed)
	})
}

// TestOCSPResult is what is known afterwards, of a response that came later too.
func TestOCSPResult(t *testing.T) {
	pki := testutil.Certs(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := testutil.Issue(t, pki.CA, key, func(c *x509.Certificate) {
		c.SerialNumber, c.OCSPServer = pki.Server.Leaf.SerialNumber, []string{"http://ocsp.example.test/", "http://other.test"}
	})
	now := time.Now().Truncate(time.Second).UTC()
	own := responderOf(pki.CA)
	m := meet(t, aServer(t, withKeypair(t, cert), withStaple(own.says(t, nil))), aClient(t)).fine(t)
	m.close()
	c := m.client
	assert.Equal(t, "http://ocsp.example.test/", c.PeerOCSPURL())
	assert.Equal(t, "good", c.PeerOCSPResult())
	assert.Equal(t, libtls.CertGood, c.PeerOCSPCertStatus())
	assert.Equal(t, -1, c.PeerOCSPCRLReason())
	assert.WithinDuration(t, now.Add(-time.Hour), c.PeerOCSPThisUpdate(), time.Minute)
	assert.WithinDuration(t, now.Add(time.Hour), c.PeerOCSPNextUpdate(), time.Minute)
	assert.True(t, c.PeerOCSPRevocationTime().IsZero())

	revoked := own.says(t, func(r *ocsp.Response) {
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, now.Add(-time.Hour), ocsp.Superseded
	})
	answers(t, c.ProcessOCSPResponse(revoked), "ocsp verify failed: revoked cert - superseded", libtls.ErrOCSPVerify)
	assert.Equal(t, "superseded", c.PeerOCSPResult())
	assert.Equal(t, libtls.CertRevoked, c.PeerOCSPCertStatus())
	assert.Equal(t, libtls.CRLReasonSuperseded, c.PeerOCSPCRLReason())
	assert.Equal(t, now.Add(-time.Hour), c.PeerOCSPRevocationTime().UTC())

	var refused ocsp.ResponseError
	err = c.ProcessOCSPResponse(ocsp.UnauthorizedErrorResponse)
	answers(t, err, "ocsp verify failed: response - unauthorized", libtls.ErrOCSPVerify)
	assert.ErrorAs(t, err, &refused)
	assert.Equal(t, libtls.OCSPResponseUnauthorized, c.PeerOCSPResponseStatus())
	assert.Equal(t, -1, c.PeerOCSPCertStatus())
	require.NoError(t, c.ProcessOCSPResponse(own.says(t, func(r *ocsp.Response) { r.Status = ocsp.Unknown })))
	assert.Equal(t, "unknown", c.PeerOCSPResult())

	assert.ErrorIs(t, c.ProcessOCSPResponse(nil), libtls.ErrOCSPParse)
	answers(t, c.ProcessOCSPResponse([]byte("garbage")), "unable to parse OCSP response", libtls.ErrOCSPParse)
	answers(t, m.server.ProcessOCSPResponse(revoked), "no peer certificate for OCSP", libtls.ErrNoOCSPCertificate)
}

// TestOCSPByName: each certificate has its own response; and a certificate that is trusted itself answers for itself.
func TestOCSPByName(t *testing.T) {
	pki := testutil.Certs(t)
	cert := issuedFor(t, pki.CA, "named.test")
	good := responderOf(pki.CA).says(t, func(r *ocsp.Response) { r.SerialNumber = cert.Leaf.SerialNumber })
	srv := aServer(t, func(c *libtls.Config) error {
		return c.AddKeypairOCSPMem(testutil.CertPEM(cert), testutil.KeyPEM(t, cert), good)
	})
	required := does((*libtls.Config).OCSPRequireStapling)
	meetAs(t, srv, aClient(t, required), "named.test").fine(t)
	assert.ErrorIs(t, meet(t, srv, aClient(t, required)).clientErr, libtls.ErrNoOCSPStaple)

	// Of such a one libssl's server, since 3.6, does not send any.
	self := pki.SelfSigned
	staple := responder{self.Leaf, self.Leaf, self.PrivateKey.(crypto.Signer)}.says(t, func(r *ocsp.Response) { r.SerialNumber = self.Leaf.SerialNumber })
	trusting := configured(t, required, func(c *libtls.Config) error { return c.SetCAMem(testutil.CertPEM(self)) })
	m := meetStapler(t, libtls.ProtocolTLSv1_3, self, staple, trusting)
	require.NoError(t, m.clientErr)
	assert.Equal(t, "good", m.client.PeerOCSPResult())
}

func issuedFor(t *testing.T, ca *testutil.Authority, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return testutil.Issue(t, ca, key, func(c *x509.Certificate) { c.DNSNames = names })
}
