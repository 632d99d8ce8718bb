package libtls_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestConnectionInfo: before the handshake nothing is known; after Close it still is.
func TestConnectionInfo(t *testing.T) {
	alpn := func(list string) setting { return func(c *libtls.Config) error { return c.SetALPN(list) } }
	for version, want := range map[libtls.Protocols]struct {
		settings []setting
		version  string
		cipher   string
		strength int
	}{
		libtls.ProtocolTLSv1_2: {[]setting{func(c *libtls.Config) error { return c.SetCiphers("ECDHE-ECDSA-AES128-GCM-SHA256") }},
			"TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", 128},
		libtls.ProtocolTLSv1_3: {nil, "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256},
	} {
		m := introduced(t, aServer(t, withVersion(version), alpn("x,h2,http/1.1")),
			aClient(t, append(want.settings, alpn("http/1.1,h2"))...), "a.test")
		for _, c := range []*libtls.Conn{m.client, m.server} {
			assert.Empty(t, c.Version())
			assert.Empty(t, c.Cipher())
			assert.Zero(t, c.CipherStrength())
			assert.Empty(t, c.ALPNSelected())
			assert.False(t, c.PeerCertProvided())
		}
		assert.Equal(t, "a.test", m.client.ServerName())
		assert.Empty(t, m.server.ServerName())
		m.talk(t)
		m.fine(t).close()
		for _, c := range []*libtls.Conn{m.client, m.server} {
			assert.Equal(t, want.version, c.Version())
			assert.Equal(t, want.cipher, c.Cipher())
			assert.Equal(t, want.strength, c.CipherStrength())
			assert.Equal(t, "h2", c.ALPNSelected(), "the server's preference")
			assert.Equal(t, "a.test", c.ServerName())
			assert.False(t, c.SessionResumed())
		}
		assert.Empty(t, meet(t, aServer(t, alpn("x")), aClient(t, alpn("y"))).fine(t).client.ALPNSelected())
	}
}

// TestServerNameOfResumed: a resumed connection has the name that is asked for now.
func TestServerNameOfResumed(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f, _ := primed(t, srv, version)
		m := meetAs(t, srv, aClient(t, version, withFile(f), does((*libtls.Config).LegacyResumption)), "a.test").fine(t)
		assert.True(t, m.resumed)
		assert.Equal(t, "a.test", m.server.ServerName())
		assert.Empty(t, meetAs(t, srv, aClient(t, version), "127.0.0.1").fine(t).server.ServerName(), "an address is not sent")
	})
}

// TestPeerCertificate is what both sides tell of each other's certificate.
func TestPeerCertificate(t *testing.T) {
	pki := testutil.Certs(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	client := testutil.Issue(t, pki.CA, key, func(c *x509.Certificate) {
		c.Subject = pkix.Name{Country: []string{"DE"}, Organization: []string{"A, B"}, CommonName: "müller"}
	})
	m := meet(t, aServer(t, withKeypair(t, pki.ServerChain), withCA(pki.CA), does((*libtls.Config).VerifyClient)),
		aClient(t, withKeypair(t, client))).fine(t)
	m.close()

	leaf := pki.ServerChain.Leaf
	c := m.client
	assert.True(t, c.PeerCertProvided())
	assert.Equal(t, leaf.Raw, c.PeerCertificate().Raw)
	assert.Equal(t, "/O=libssl tests/CN=server below an intermediate", c.PeerCertSubject())
	assert.Equal(t, "/O=libssl tests/CN=Test Intermediate", c.PeerCertIssuer())
	assert.Equal(t, "server below an intermediate", c.PeerCertCommonName())
	sum := sha256.Sum256(leaf.Raw)
	assert.Equal(t, "SHA256:"+hex.EncodeToString(sum[:]), c.PeerCertHash())
	assert.Equal(t, leaf.NotBefore, c.PeerCertNotBefore())
	assert.Equal(t, leaf.NotAfter, c.PeerCertNotAfter())
	assert.Equal(t, string(testutil.CertPEM(pki.ServerChain)), string(c.PeerCertChainPEM()))
	assert.True(t, c.PeerCertContainsName("x.example.test"))
	assert.False(t, c.PeerCertContainsName("nope.example"))

	assert.Equal(t, `/C=DE/O=A, B/CN=m\xC3\xBCller`, m.server.PeerCertSubject(), "as libcrypto has it")
	assert.Equal(t, "müller", m.server.PeerCertCommonName())
	assert.Equal(t, string(testutil.CertPEM(client)), string(m.server.PeerCertChainPEM()))

	c = meet(t, aServer(t), aClient(t)).fine(t).server
	assert.False(t, c.PeerCertProvided())
	assert.Nil(t, c.PeerCertificate())
	assert.Empty(t, c.PeerCertSubject()+c.PeerCertIssuer()+c.PeerCertCommonName()+c.PeerCertHash()+string(c.PeerCertChainPEM()))
	assert.True(t, c.PeerCertNotBefore().IsZero() && c.PeerCertNotAfter().IsZero())
	assert.False(t, c.PeerCertContainsName("localhost"))
}

// TestCiphers: whose preference counts, and the key exchange without elliptic curves.
func TestCiphers(t *testing.T) {
	ciphers := func(list string) setting { return func(c *libtls.Config) error { return c.SetCiphers(list) } }
	tls12 := withVersion(libtls.ProtocolTLSv1_2)
	const one, two = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"
	cipher := func(server, client []setting) string {
		m := meet(t, aServer(t, server...), aClient(t, client...))
		if m.clientErr != nil {
			return "none"
		}
		return m.fine(t).client.Cipher()
	}
	s := []setting{tls12, ciphers(one + ":" + two)}
	c := []setting{ciphers(two + ":" + one)}
	assert.Equal(t, one, cipher(s, c))
	assert.Equal(t, two, cipher(append(s, does((*libtls.Config).PreferCiphersClient)), c))
	assert.Equal(t, one, cipher(append(s, does((*libtls.Config).PreferCiphersClient), does((*libtls.Config).PreferCiphersServer)), c))

	rsa := []setting{tls12, withKeypair(t, testutil.Certs(t).ServerRSA)}
	dhe := func(params string) []setting {
		return append(rsa, func(c *libtls.Config) error { return c.SetDHEParams(params) })
	}
	only := []setting{ciphers("DHE-RSA-AES256-GCM-SHA384")}
	assert.Equal(t, "none", cipher(rsa, only))
	assert.Equal(t, "none", cipher(dhe("none"), only))
	assert.Equal(t, "DHE-RSA-AES256-GCM-SHA384", cipher(dhe("auto"), only))
	assert.Equal(t, "none", cipher(s, []setting{func(c *libtls.Config) error { return c.SetECDHECurves("P-521") }}))
	for _, list := range []string{"secure", "compat", "legacy", "insecure"} {
		got := cipher(append(rsa, ciphers(list)), []setting{ciphers(list)})
		assert.True(t, strings.HasPrefix(got, "ECDHE-RSA-"), "%s: %s", list, got)
	}
	assert.Equal(t, "none", cipher(rsa, []setting{ciphers("AES128-SHA")}), "without forward secrecy")
}
