package libtls

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTricks: certificates whose names mean one thing to C and another to Go.
func TestTricks(t *testing.T) {
	for text, cert := range map[string]*x509.Certificate{
		"error verifying name 'a.test': NUL byte in subjectAltName, probably a malicious certificate":    {DNSNames: []string{"a.test\x00.b.test"}},
		"error verifying name 'a.test': a dNSName of \" \" must not be used":                             {DNSNames: []string{" "}},
		"error verifying name 'a.test': NUL byte in Common Name field, probably a malicious certificate": {Subject: pkix.Name{CommonName: "a.test\x00.b.test"}},
	} {
		ok, err := certContains(cert, "a.test")
		assert.False(t, ok)
		assert.EqualError(t, err, text)
		assert.ErrorIs(t, err, ErrMaliciousCertificate)
	}
}

// TestLetters: only those of ASCII are the same in both cases.
func TestLetters(t *testing.T) {
	const kelvin = "\u212A"
	assert.True(t, nameMatches("KEY.test", "key.TEST"))
	assert.True(t, nameMatches("*.KEY.test", "a.key.TEST"))
	assert.False(t, nameMatches(kelvin+"ey.test", "key.test"))
	assert.False(t, nameMatches("*."+kelvin+"ey.test", "a.key.test"))
	var none trust
	assert.Equal(t, none.ofServer("KEY.test"), none.ofServer("key.test"))
	assert.NotEqual(t, none.ofServer(kelvin+"ey.test"), none.ofServer("key.test"))
}
