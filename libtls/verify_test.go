package libtls_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVerification is what a client makes of a server's certificate.
func TestVerification(t *testing.T) {
	pki := testutil.Certs(t)
	noCert, noName := does((*libtls.Config).InsecureNoVerifyCert), does((*libtls.Config).InsecureNoVerifyName)
	const failed = "certificate verification failed: "
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		for name, test := range map[string]struct {
			settings []setting
			name     string
			text     string
			kind     error
		}{
			"right":                         {[]setting{withCA(pki.CA)}, peerName, "", nil},
			"right, another name":           {[]setting{withCA(pki.CA)}, "b.test", "", nil},
			"right, a wildcard":             {[]setting{withCA(pki.CA)}, "x.example.test", "", nil},
			"right, an address":             {[]setting{withCA(pki.CA)}, "127.0.0.1", "", nil},
			"right, a long address":         {[]setting{withCA(pki.CA)}, "::1", "", nil},
			"another authority":             {[]setting{withCA(pki.OtherCA)}, peerName, failed + libcryptoText(t, pki.OtherCA), libtls.ErrCertificateVerification},
			"another authority, unverified": {[]setting{withCA(pki.OtherCA), noCert}, peerName, "", nil},
			"the system's":                  {nil, peerName, failed + "unable to get local issuer certificate", libtls.ErrCertificateVerification},
			"wrong name":                    {[]setting{withCA(pki.CA)}, "nope.example", "name `nope.example' not present in server certificate", libtls.ErrNameNotPresent},
			"wrong address":                 {[]setting{withCA(pki.CA)}, "127.0.0.2", "name `127.0.0.2' not present in server certificate", libtls.ErrNameNotPresent},
			"wrong name, unverified":        {[]setting{noCert}, "nope.example", "name `nope.example' not present in server certificate", libtls.ErrNameNotPresent},
			"wrong name, name unverified":   {[]setting{withCA(pki.CA), noName}, "nope.example", "", nil},
			"no name, name unverified":      {[]setting{withCA(pki.CA), noName}, "", "", nil},
			"nothing verified":              {[]setting{noCert, noName}, "nope.example", "", nil},
			"another authority, no name":    {[]setting{withCA(pki.OtherCA), noName}, "nope.example", failed + libcryptoText(t, pki.OtherCA), libtls.ErrCertificateVerification},
			"nothing verified, then Verify": {[]setting{noCert, noName, does((*libtls.Config).Verify), withCA(pki.OtherCA)}, peerName,
				failed + libcryptoText(t, pki.OtherCA), libtls.ErrCertificateVerification},
		} {
			m := meetAs(t, aServer(t, version), configured(t, append(test.settings, version)...), test.name)
			if test.text == "" {
				m.fine(t)
				continue
			}
			require.Error(t, m.clientErr, name)
			answers(t, m.clientErr, test.text, test.kind)
			assert.Equal(t, m.clientErr, m.client.Handshake(), "O-3: the failure is final")
			_, err := m.client.Read(nil)
			assert.Equal(t, m.clientErr, err)
			_, err = m.client.Write(nil)
			assert.Equal(t, m.clientErr, err)
			assert.Empty(t, m.client.Version())
			assert.False(t, m.client.PeerCertProvided())
			if test.kind == libtls.ErrCertificateVerification {
				var v *libssl.VerifyError
				assert.ErrorAs(t, m.clientErr, &v)
			}
		}
	})
}

// TestCAs: a file, a directory with hashed names, and both.
func TestCAs(t *testing.T) {
	pki := testutil.Certs(t)
	srv := aServer(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), pki.CA.PEM, 0o600))
	testutil.Run(t, nil, "rehash", dir)
	meet(t, srv, configured(t, func(c *libtls.Config) error { return c.SetCAFile(testutil.CAFile(t, pki.CA)) })).fine(t)
	meet(t, srv, configured(t, func(c *libtls.Config) error { return c.SetCAPath(dir) })).fine(t)
	meet(t, srv, configured(t, withCA(pki.OtherCA), func(c *libtls.Config) error { return c.SetCAPath(dir) })).fine(t)
	m := meet(t, srv, configured(t, func(c *libtls.Config) error { return c.SetCAPath(t.TempDir()) }))
	assert.ErrorIs(t, m.clientErr, libtls.ErrCertificateVerification)
}

// TestDepthAndTimeAndCRL is the rest of what a certificate is verified by.
func TestDepthAndTimeAndCRL(t *testing.T) {
	pki := testutil.Certs(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	expired := testutil.Issue(t, pki.CA, key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	crl := func(revoked ...*x509.Certificate) setting {
		return func(c *libtls.Config) error {
			return c.SetCRLMem(testutil.CRL(t, pki.CA, 1, time.Now().Add(time.Hour), revoked...))
		}
	}
	depth := func(n int) setting { return func(c *libtls.Config) error { return c.SetVerifyDepth(n) } }
	chained, late := withKeypair(t, pki.ServerChain), withKeypair(t, expired)
	for name, test := range map[string]struct {
		server   setting
		settings []setting
		text     string
	}{
		"an intermediate":            {chained, nil, ""},
		"an intermediate, depth 1":   {chained, []setting{depth(1)}, ""},
		"an intermediate, depth 0":   {chained, []setting{depth(0)}, "unable to get local issuer certificate|certificate chain too long"},
		"expired":                    {late, nil, "certificate has expired"},
		"expired, time not verified": {late, []setting{does((*libtls.Config).InsecureNoVerifyTime)}, ""},
		"on no list":                 {inFarm, []setting{crl(pki.Client.Leaf)}, ""},
		"revoked":                    {inFarm, []setting{crl(pki.Client.Leaf, pki.Server.Leaf)}, "certificate revoked"},
		"no list":                    {chained, []setting{crl()}, "unable to get certificate CRL"},
	} {
		t.Run(name, func(t *testing.T) {
			m := meet(t, aServer(t, test.server), aClient(t, test.settings...))
			if test.text == "" {
				m.fine(t)
				return
			}
			require.ErrorIs(t, m.clientErr, libtls.ErrCertificateVerification)
			assert.Regexp(t, "^certificate verification failed: ("+test.text+")$", m.clientErr.Error())
		})
	}
}

// TestClientVerification is what a server makes of a client's certificate.
func TestClientVerification(t *testing.T) {
	pki := testutil.Certs(t)
	required, optional := does((*libtls.Config).VerifyClient), does((*libtls.Config).VerifyClientOptional)
	any := does((*libtls.Config).InsecureNoVerifyCert)
	client := func(s setting) []setting { return []setting{s} }
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		for name, test := range map[string]struct {
			server, client []setting
			provided       bool
			refused        string
		}{
			"not asked":               {nil, client(withKeypair(t, pki.Client)), false, ""},
			"required, right":         {[]setting{required}, client(withKeypair(t, pki.Client)), true, ""},
			"required, none":          {[]setting{required}, nil, false, "^handshake failed: error:.*peer did not return a certificate"},
			"required, another":       {[]setting{required}, client(withKeypair(t, pki.OtherClient)), false, "^certificate verification failed: "},
			"optional, right":         {[]setting{optional}, client(withKeypair(t, pki.Client)), true, ""},
			"optional, none":          {[]setting{optional}, nil, false, ""},
			"optional, another":       {[]setting{optional}, client(withKeypair(t, pki.OtherClient)), false, "^certificate verification failed: "},
			"required, any, another":  {[]setting{required, any}, client(withKeypair(t, pki.OtherClient)), true, ""},
			"required, any, none":     {[]setting{required, any}, nil, false, "^handshake failed: error:.*peer did not return a certificate"},
			"required, then optional": {[]setting{required, optional}, nil, false, ""},
		} {
			m := meet(t, aServer(t, append(test.server, version, withCA(pki.CA))...), aClient(t, append(test.client, version)...))
			if test.refused != "" {
				require.Error(t, m.serverErr, name)
				assert.Regexp(t, test.refused, m.serverErr.Error(), name)
				assert.Error(t, m.clientErr, name)
				continue
			}
			m.fine(t)
			assert.Equal(t, test.provided, m.server.PeerCertProvided(), name)
		}
	})
}

// TestNames compares names with those of a certificate.
func TestNames(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ca := testutil.Certs(t).CA
	named := func(commonName string, names ...string) setting {
		return withKeypair(t, testutil.Issue(t, ca, key, func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: commonName}
			c.DNSNames, c.IPAddresses = names, nil
		}))
	}
	for _, test := range []struct {
		server  setting
		matches []string
		not     []string
	}{
		{named("cn.test", "san.test"), []string{"san.test", "SAN.test", "san.test."}, []string{"cn.test", "x.san.test", "san.tes", ""}},
		{named("cn.test"), []string{"cn.test"}, []string{"san.test", "127.0.0.1"}},
		{named("127.0.0.1"), []string{"127.0.0.1"}, []string{"127.0.0.2", "127.0.0.1."}},
		{named("*.cn.test"), []string{"a.cn.test"}, []string{"cn.test", "a.b.cn.test", ".cn.test", "127.0.0.1"}},
		{named("", "*.a.test"), []string{"x.a.test", "X.A.test"}, []string{"a.test", "x.y.a.test", ".a.test", "xa.test"}},
		{named("", "*.test"), nil, []string{"a.test", "test"}},
		{named("", "*", "*.", "*a.test", "a*.b.test"), nil, []string{"a.test", "test", "aa.test", "ab.b.test"}},
	} {
		m := meetAs(t, aServer(t, test.server), aClient(t, does((*libtls.Config).InsecureNoVerifyName)), "").fine(t)
		for _, name := range test.matches {
			assert.True(t, m.client.PeerCertContainsName(name), "%q: %q", m.client.PeerCertificate().DNSNames, name)
		}
		for _, name := range test.not {
			assert.False(t, m.client.PeerCertContainsName(name), "%q: %q", m.client.PeerCertificate().DNSNames, name)
		}
	}
}

// TestUnreadableCertificate: libssl takes certificates that crypto/x509 can't read.
func TestUnreadableCertificate(t *testing.T) {
	const unknown = "P-256:secp256k1"
	for name, args := range map[string][]string{
		"negative serial number": {"-pkeyopt", "ec_paramgen_curve:P-256", "-set_serial", "-5"},
		"elliptic curve":         {"-pkeyopt", "ec_paramgen_curve:secp256k1"},
	} {
		curves := "P-256"
		if name == "elliptic curve" {
			curves = unknown
			if libtls.NewConfig().SetECDHECurves(unknown) != nil { // 4.0
				continue
			}
		}
		dir := t.TempDir()
		cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		testutil.Run(t, nil, append([]string{"req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=localhost", "-days", "2",
			"-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert}, args...)...)
		settings := []setting{
			withVersion(libtls.ProtocolTLSv1_2), // TLS 1.3 has no signatures with secp256k1
			func(c *libtls.Config) error { return c.SetECDHECurves(curves) },
		}
		trusting := append(settings, func(c *libtls.Config) error { return c.SetCAFile(cert) }, withFile(aFile(t)))
		srv, err := libtls.NewServer(configured(t, append(settings, inFarm, func(c *libtls.Config) error { return c.SetKeypairFile(cert, key) })...))
		require.NoError(t, err)
		defer srv.Close()
		m := meet(t, srv, configured(t, trusting...))
		require.ErrorIs(t, m.clientErr, libtls.ErrUnreadableCertificate)
		assert.Regexp(t, "^server certificate can't be read: x509: .*"+name, m.clientErr.Error())
		for range 2 {
			m = meet(t, srv, configured(t, append(trusting, does((*libtls.Config).InsecureNoVerifyName))...)).fine(t)
			assert.Nil(t, m.client.PeerCertificate())
			assert.False(t, m.resumed)
		}
		_, err = libtls.NewServer(aServerConfig(t, func(c *libtls.Config) error { return c.AddKeypairFile(cert, key) }))
		require.ErrorIs(t, err, libtls.ErrCertificate)
		assert.Regexp(t, "^failed to load certificate: x509: .*"+name, err.Error())
	}
}
