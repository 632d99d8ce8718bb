package openssl_test

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

func certInfo(name string) *openssl.CertificateInfo {
	return &openssl.CertificateInfo{
		Serial: big.NewInt(0x1f2e), Issued: -time.Hour, Expires: 24 * time.Hour,
		Country: "DE", Organization: "Test", CommonName: name,
	}
}

// made returns a certificate that is not signed yet, and its key.
func made(t *testing.T, name string) (*openssl.Certificate, openssl.PrivateKey) {
	t.Helper()
	key, err := openssl.GenerateECKey(openssl.Prime256v1)
	require.NoError(t, err)
	c, err := openssl.NewCertificate(certInfo(name), key)
	require.NoError(t, err)
	return c, key
}

func read(t *testing.T, c *openssl.Certificate) *x509.Certificate {
	t.Helper()
	text, err := c.MarshalPEM()
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	require.Empty(t, rest)
	std, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return std
}

// A CA and a certificate of its that the standard library and the openssl command accept.
func TestCertificateChain(t *testing.T) {
	ca, caKey := made(t, "The CA")
	require.NoError(t, ca.AddExtensions(map[openssl.NID]string{
		openssl.NID_basic_constraints:        "critical,CA:TRUE",
		openssl.NID_key_usage:                "critical,keyCertSign,cRLSign",
		openssl.NID_subject_key_identifier:   "hash",
		openssl.NID_authority_key_identifier: "keyid:always",
	}))
	require.NoError(t, ca.Sign(caKey, openssl.EVP_SHA256))
	leaf, leafKey := made(t, "leaf.test")
	require.NoError(t, leaf.SetIssuer(ca))
	assert.Same(t, ca, leaf.Issuer)
	require.NoError(t, leaf.AddExtensions(map[openssl.NID]string{
		openssl.NID_basic_constraints:        "critical,CA:FALSE",
		openssl.NID_key_usage:                "digitalSignature",
		openssl.NID_ext_key_usage:            "serverAuth",
		openssl.NID_subject_alt_name:         "DNS:leaf.test,IP:192.0.2.1",
		openssl.NID_authority_key_identifier: "keyid",
	}))
	require.NoError(t, leaf.Sign(caKey, openssl.EVP_SHA384))

	stdCA, stdLeaf := read(t, ca), read(t, leaf)
	assert.Equal(t, 3, stdLeaf.Version)
	assert.Equal(t, "CN=leaf.test,O=Test,C=DE", stdLeaf.Subject.String())
	assert.Equal(t, "CN=The CA,O=Test,C=DE", stdLeaf.Issuer.String())
	assert.Equal(t, big.NewInt(0x1f2e), stdLeaf.SerialNumber)
	assert.Equal(t, "1F2E", leaf.GetSerialNumberHex())
	assert.Equal(t, x509.ECDSAWithSHA384, stdLeaf.SignatureAlgorithm)
	assert.Equal(t, stdCA.SubjectKeyId, stdLeaf.AuthorityKeyId)
	assert.NotEmpty(t, stdCA.SubjectKeyId)
	assert.Equal(t, stdCA.SubjectKeyId, stdCA.AuthorityKeyId)
	assert.WithinDuration(t, time.Now().Add(-time.Hour), stdLeaf.NotBefore, 10*time.Minute)
	assert.WithinDuration(t, time.Now().Add(24*time.Hour), stdLeaf.NotAfter, 10*time.Minute)
	assert.True(t, stdLeaf.IPAddresses[0].Equal(net.IPv4(192, 0, 2, 1)))

	pool := x509.NewCertPool()
	pool.AddCert(stdCA)
	_, err := stdLeaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "leaf.test"})
	assert.NoError(t, err)

	dir := t.TempDir()
	for name, c := range map[string]*openssl.Certificate{"ca": ca, "leaf": leaf} {
		text, err := c.MarshalPEM()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	testutil.Run(t, nil, "verify", "-CAfile", filepath.Join(dir, "ca"), filepath.Join(dir, "leaf"))

	public, err := leaf.PublicKey()
	require.NoError(t, err)
	got, err := public.MarshalPKIXPublicKeyDER()
	require.NoError(t, err)
	want, err := leafKey.MarshalPKIXPublicKeyDER()
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestCertificateSignedByEveryKind(t *testing.T) {
	for _, kind := range keyKinds {
		key, err := kind.generate()
		require.NoError(t, err)
		c, err := openssl.NewCertificate(certInfo("self"), key)
		require.NoError(t, err)
		require.NoError(t, c.AddExtension(openssl.NID_basic_constraints, "CA:TRUE"))
		require.NoError(t, c.Sign(key, openssl.EVP_SHA512), kind.name)
		std := read(t, c)
		assert.NoError(t, std.CheckSignatureFrom(std), kind.name)
	}
}

func TestCertificateOfTheStandardLibrarys(t *testing.T) {
	in := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testutil.Certs(t).Server.Certificate[0]})
	c, err := openssl.LoadCertificateFromPEM(append([]byte("what comes before\n"), in...))
	require.NoError(t, err)
	out, err := c.MarshalPEM()
	require.NoError(t, err)
	assert.Equal(t, in, out)
	assert.Equal(t, openssl.X509_V3, c.GetVersion())
	std := read(t, c)
	assert.Equal(t, std.SerialNumber.Text(16), trimmedHex(t, c.GetSerialNumberHex()))
	name, err := c.GetSubjectName()
	require.NoError(t, err)
	cn, ok := name.GetEntry(openssl.NID_commonName)
	assert.Equal(t, std.Subject.CommonName != "", ok)
	assert.Equal(t, std.Subject.CommonName, cn)
}

// trimmedHex is the number as math/big writes it.
func trimmedHex(t *testing.T, s string) string {
	n, ok := new(big.Int).SetString(s, 16)
	require.True(t, ok, s)
	return n.Text(16)
}

func TestLoadCertificateThatIsNone(t *testing.T) {
	_, err := openssl.LoadCertificateFromPEM(nil)
	assert.ErrorContains(t, err, "empty pem block")
	for _, in := range []string{"junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		_, err := openssl.LoadCertificateFromPEM([]byte(in))
		assert.ErrorContains(t, err, "SSL errors: ")
		var e *libssl.Error
		require.ErrorAs(t, err, &e)
		assert.NotEmpty(t, e.Stack)
	}
}

func TestSerialNumbers(t *testing.T) {
	c, key := made(t, "serial")
	huge := new(big.Int).Lsh(big.NewInt(1), 150)
	for _, n := range []*big.Int{new(big.Int), big.NewInt(1), big.NewInt(128), huge} {
		require.NoError(t, c.SetSerial(n))
		assert.Equal(t, n.Text(16), trimmedHex(t, c.GetSerialNumberHex()))
		require.NoError(t, c.Sign(key, openssl.EVP_SHA256))
		assert.Zero(t, n.Cmp(read(t, c).SerialNumber))
	}
	assert.ErrorContains(t, c.SetSerial(nil), "failed to set serial: it is <nil>")
	assert.ErrorContains(t, c.SetSerial(big.NewInt(-5)), "failed to set serial: it is -5")
}

func TestNames(t *testing.T) {
	name, err := openssl.NewName()
	require.NoError(t, err)
	require.NoError(t, name.AddTextEntries(map[string]string{"CN": "Bärbel", "organizationName": "Test", "2.5.4.7": "Køln"}))
	for nid, want := range map[openssl.NID]string{
		openssl.NID_commonName: "Bärbel", openssl.NID_organizationName: "Test", openssl.NID_localityName: "Køln",
	} {
		entry, ok := name.GetEntry(nid)
		assert.True(t, ok)
		assert.Equal(t, want, entry)
	}
	for _, nid := range []openssl.NID{openssl.NID_countryName, openssl.NID_undef, -1, 1 << 30} {
		entry, ok := name.GetEntry(nid)
		assert.False(t, ok)
		assert.Empty(t, entry)
	}
	for _, bad := range [][2]string{
		{"", "x"}, {"nonsense", "x"}, {"C", ""}, {"C", "DEU"}, {"CN", ""}, {"CN", string(make([]byte, 65))},
		{"CN", "a\x00b"}, {"C\x00N", "a"}, {"CN", "\xff\xfe"},
	} {
		err := name.AddTextEntry(bad[0], bad[1])
		assert.ErrorContains(t, err, "failed to add x509 name text entry ", "%q", bad)
	}
	assert.ErrorContains(t, name.AddTextEntries(map[string]string{"OU": "good", "nonsense": "x"}), `nonsense="x"`)

	// A certificate takes a copy.
	c, key := made(t, "first")
	require.NoError(t, c.SetSubjectName(name))
	require.NoError(t, name.AddTextEntry("CN", "later"))
	require.NoError(t, c.Sign(key, openssl.EVP_SHA256))
	assert.Equal(t, "Bärbel", read(t, c).Subject.CommonName)
	assert.Equal(t, "first", read(t, c).Issuer.CommonName)
}

// The name that a certificate hands out is its own, also once it has another, and keeps it alive.
func TestNameIsAView(t *testing.T) {
	c, key := made(t, "first")
	subject, err := c.GetSubjectName()
	require.NoError(t, err)
	issuer, err := c.GetIssuerName()
	require.NoError(t, err)
	require.NoError(t, subject.AddTextEntry("L", "Berlin"))
	require.NoError(t, issuer.AddTextEntry("L", "Bonn"))
	require.NoError(t, c.Sign(key, openssl.EVP_SHA256))
	std := read(t, c)
	assert.Equal(t, []string{"Berlin"}, std.Subject.Locality)
	assert.Equal(t, []string{"Bonn"}, std.Issuer.Locality)

	other, err := openssl.NewName()
	require.NoError(t, err)
	require.NoError(t, other.AddTextEntry("CN", "second"))
	require.NoError(t, c.SetSubjectName(other))
	entry, _ := subject.GetEntry(openssl.NID_commonName)
	assert.Equal(t, "second", entry)
	require.NoError(t, c.SetSubjectName(subject)) // its own
	c = nil
	testutil.Collect()
	entry, _ = issuer.GetEntry(openssl.NID_localityName)
	assert.Equal(t, "Bonn", entry)
}

func TestExtensionsThatAreNone(t *testing.T) {
	c, _ := made(t, "bad")
	for value, nid := range map[string]openssl.NID{
		"nonsense":              openssl.NID_key_usage,
		"":                      openssl.NID_key_usage,
		"CA:MAYBE":              openssl.NID_basic_constraints,
		"@section":              openssl.NID_subject_alt_name,
		"critical,@section":     openssl.NID_basic_constraints,
		"dirName:section":       openssl.NID_subject_alt_name,
		"DNS:a\x00b":            openssl.NID_subject_alt_name,
		"what there is none of": -1,
		"x":                     openssl.NID_commonName,
	} {
		err := c.AddExtension(nid, value)
		assert.ErrorContains(t, err, "failed to create x509v3 extension: ", "%d %q", nid, value)
	}
	assert.Error(t, c.AddExtensions(map[openssl.NID]string{openssl.NID_basic_constraints: "CA:FALSE", openssl.NID_key_usage: "nonsense"}))
	c.Issuer = &openssl.Certificate{}
	assert.ErrorContains(t, c.AddExtension(openssl.NID_authority_key_identifier, "keyid"), "failed to use issuer")
}

func TestSignRefuses(t *testing.T) {
	c, key := made(t, "refused")
	for _, digest := range []openssl.EVP_MD{openssl.EVP_NULL, openssl.EVP_MD5, openssl.EVP_SHA1, openssl.EVP_SHA224, 99} {
		assert.ErrorContains(t, c.Sign(key, digest), "Unsupported digest")
	}
	assert.ErrorContains(t, c.Sign(nil, openssl.EVP_SHA256), "failed to sign certificate: there is no key")
	x25519, err := openssl.LoadPrivateKeyFromPEM(testutil.Run(t, nil, "genpkey", "-algorithm", "X25519"))
	require.NoError(t, err)
	assert.ErrorContains(t, c.Sign(x25519, openssl.EVP_SHA256), "failed to sign certificate: ")
	assert.ErrorContains(t, c.SetPubKey(nil), "failed to set public key: there is no key")
}

func TestNewCertificateRefuses(t *testing.T) {
	_, key := made(t, "key")
	_, err := openssl.NewCertificate(nil, key)
	assert.ErrorContains(t, err, "no certificate info")
	_, err = openssl.NewCertificate(certInfo("x"), nil)
	assert.ErrorContains(t, err, "failed to set public key: there is no key")
	for _, change := range []func(i *openssl.CertificateInfo){
		func(i *openssl.CertificateInfo) { i.Country = "" },
		func(i *openssl.CertificateInfo) { i.CommonName = "" },
		func(i *openssl.CertificateInfo) { i.Serial = nil },
	} {
		info := certInfo("x")
		change(info)
		_, err := openssl.NewCertificate(info, key)
		assert.ErrorContains(t, err, "failed to ")
	}
}

// Nothing crashes of what is done with a certificate in which there is none, nor with half of one.
func TestZeroCertificates(t *testing.T) {
	_, key := made(t, "key")
	name, err := openssl.NewName()
	require.NoError(t, err)
	cert, err := openssl.LoadCertificateFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testutil.Certs(t).Server.Certificate[0]}))
	require.NoError(t, err)
	assert.EqualError(t, cert.SetSubjectName(nil), "failed to set subject name: there is no name")
	assert.EqualError(t, cert.SetIssuerName(nil), "failed to set subject name: there is no name") // as the original says
	for what, c := range map[string]*openssl.Certificate{"zero": {}, "nil": nil} {
		_, err := c.MarshalPEM()
		assert.ErrorContains(t, err, "failed dumping certificate: there is no certificate", what)
		_, err = c.GetSubjectName()
		assert.ErrorContains(t, err, "failed to get subject name: ", what)
		_, err = c.GetIssuerName()
		assert.ErrorContains(t, err, "failed to get issuer name: ", what)
		_, err = c.PublicKey()
		assert.Error(t, err, what)
		for _, err := range []error{
			c.SetSubjectName(name), c.SetIssuerName(name), c.SetSerial(big.NewInt(1)), c.SetIssueDate(0), c.SetExpireDate(0),
			c.SetPubKey(key), c.SetVersion(openssl.X509_V3), c.Sign(key, openssl.EVP_SHA256), c.AddExtension(openssl.NID_key_usage, "digitalSignature"),
		} {
			assert.ErrorContains(t, err, "there is no certificate", what)
		}
		assert.Empty(t, c.GetSerialNumberHex())
		assert.Equal(t, openssl.X509_V1, c.GetVersion())
		assert.NoError(t, c.AddExtensions(nil))

		whole, _ := made(t, "whole")
		assert.Error(t, whole.SetIssuer(c), what)
		assert.Nil(t, whole.Issuer)
	}
	for what, n := range map[string]*openssl.Name{"zero": {}, "nil": nil} {
		assert.ErrorContains(t, n.AddTextEntry("CN", "x"), "there is no name", what)
		_, ok := n.GetEntry(openssl.NID_commonName)
		assert.False(t, ok, what)
		c, _ := made(t, "whole")
		assert.ErrorContains(t, c.SetSubjectName(n), "failed to set subject name: there is no name")
	}
	c, _ := made(t, "version")
	assert.NoError(t, c.SetVersion(openssl.X509_V1))
	assert.Equal(t, openssl.X509_V1, c.GetVersion())
}

// Two that are each other's issuers, from many goroutines: nobody waits for ever.
func TestCertificatesInSeveralGoroutines(t *testing.T) {
	a, key := made(t, "a")
	b, _ := made(t, "b")
	require.NoError(t, a.SetIssuer(b))
	require.NoError(t, b.SetIssuer(a))
	var wg sync.WaitGroup
	for _, c := range []*openssl.Certificate{a, b, a, b} {
		wg.Go(func() {
			for range 50 {
				assert.NoError(t, c.AddExtension(openssl.NID_netscape_comment, "hello"))
				name, err := c.GetSubjectName()
				assert.NoError(t, err)
				assert.NoError(t, c.SetIssuerName(name))
			}
		})
	}
	wg.Wait()
	assert.NoError(t, a.Sign(key, openssl.EVP_SHA256))
}

func TestNameInSeveralGoroutines(t *testing.T) {
	c, key := made(t, "a")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			subject, err := c.GetSubjectName()
			assert.NoError(t, err)
			for range 20 {
				assert.NoError(t, subject.AddTextEntry("OU", "unit"))
			}
		})
	}
	wg.Wait()
	require.NoError(t, c.Sign(key, openssl.EVP_SHA256))
	assert.Len(t, read(t, c).Subject.OrganizationalUnit, 160)
}
