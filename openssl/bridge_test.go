package openssl

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl/internal/testutil"
)

// What the one half of the package gives the other.
func TestBridge(t *testing.T) {
	der := testutil.Certs(t).Server.Certificate[0]
	c, err := certFromDER(der)
	require.NoError(t, err)
	got, err := certDER(c)
	require.NoError(t, err)
	assert.Equal(t, der, got)

	key, err := GenerateECKey(Prime256v1)
	require.NoError(t, err)
	text, err := keyPEM(key)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	_, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	assert.NoError(t, err)
}

func TestBridgeOfNothing(t *testing.T) {
	for _, c := range []*Certificate{nil, {}} {
		_, err := certDER(c)
		assert.ErrorContains(t, err, "there is no certificate")
	}
	_, err := certFromDER(nil)
	assert.ErrorContains(t, err, "SSL errors: ")
	_, err = keyPEM(nil)
	assert.ErrorContains(t, err, "there is no key")
	for _, dh := range []*DH{nil, {}} {
		_, err = dhPEM(dh)
		assert.ErrorContains(t, err, "no dh parameters")
	}
}
