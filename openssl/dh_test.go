package openssl_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// loaded takes a key of the standard library's.
func loaded(t *testing.T, std *ecdh.PrivateKey) openssl.PrivateKey {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(std)
	require.NoError(t, err)
	key, err := openssl.LoadPrivateKeyFromDER(der)
	require.NoError(t, err)
	return key
}

func TestSharedSecretIsTheStandardLibrarys(t *testing.T) {
	for _, curve := range []ecdh.Curve{ecdh.P256(), ecdh.P384(), ecdh.P521(), ecdh.X25519()} {
		mine, err := curve.GenerateKey(rand.Reader)
		require.NoError(t, err)
		peers, err := curve.GenerateKey(rand.Reader)
		require.NoError(t, err)
		want, err := mine.ECDH(peers.PublicKey())
		require.NoError(t, err)
		der, err := x509.MarshalPKIXPublicKey(peers.PublicKey())
		require.NoError(t, err)
		public, err := openssl.LoadPublicKeyFromDER(der)
		require.NoError(t, err)
		for _, peer := range []openssl.PublicKey{public, loaded(t, peers)} {
			secret, err := openssl.DeriveSharedSecret(loaded(t, mine), peer)
			require.NoError(t, err)
			assert.Equal(t, want, secret, curve)
		}
	}
}

func TestSharedSecretOfUnlikeKeys(t *testing.T) {
	p256, err := openssl.GenerateECKey(openssl.Prime256v1)
	require.NoError(t, err)
	p384, err := openssl.GenerateECKey(openssl.Secp384r1)
	require.NoError(t, err)
	ed25519, err := openssl.GenerateED25519Key()
	require.NoError(t, err)
	rsa, err := openssl.GenerateRSAKey(1024)
	require.NoError(t, err)
	keys := []openssl.PrivateKey{p256, p384, ed25519, rsa, nil}
	for i, private := range keys {
		for j, public := range keys {
			if i == j && i < 2 {
				continue
			}
			_, err := openssl.DeriveSharedSecret(private, public)
			assert.ErrorContains(t, err, "failed ", "%d, %d", i, j)
		}
	}
}

const ffdhe2048 = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
`

func TestLoadDHParameters(t *testing.T) {
	dh, err := openssl.LoadDHParametersFromPEM([]byte(ffdhe2048))
	require.NoError(t, err)
	assert.NotNil(t, dh)

	_, err = openssl.LoadDHParametersFromPEM(nil)
	assert.ErrorContains(t, err, "empty pem block")
	_, err = openssl.LoadDHParametersFromPEM(testutil.Run(t, nil, "ecparam", "-name", "prime256v1"))
	assert.ErrorContains(t, err, "failed reading dh parameters: ")
	for _, junk := range []string{"junk", ffdhe2048[:200]} {
		_, err = openssl.LoadDHParametersFromPEM([]byte(junk))
		var e *libssl.Error
		assert.ErrorAs(t, err, &e)
		assert.ErrorContains(t, err, "failed reading dh parameters: ")
	}
}
