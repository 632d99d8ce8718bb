package openssl_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl/openssl"
)

// What is loaded can be written and loaded again; nothing else happens.
func FuzzLoad(f *testing.F) {
	key, err := openssl.GenerateECKey(openssl.Prime256v1)
	require.NoError(f, err)
	c, err := openssl.NewCertificate(certInfo("seed"), key)
	require.NoError(f, err)
	require.NoError(f, c.Sign(key, openssl.EVP_SHA256))
	for _, seed := range []func() ([]byte, error){
		c.MarshalPEM, key.MarshalPKCS1PrivateKeyPEM, key.MarshalPKCS1PrivateKeyDER, key.MarshalPKIXPublicKeyPEM, key.MarshalPKIXPublicKeyDER,
		func() ([]byte, error) { return []byte(ffdhe2048), nil },
	} {
		b, err := seed()
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if c, err := openssl.LoadCertificateFromPEM(in); err == nil {
			out, err := c.MarshalPEM()
			require.NoError(t, err)
			_, err = openssl.LoadCertificateFromPEM(out)
			require.NoError(t, err)
			c.GetSerialNumberHex()
			c.GetVersion()
			c.PublicKey()
			if name, err := c.GetSubjectName(); err == nil {
				name.GetEntry(openssl.NID_commonName)
			}
		}
		if k, err := openssl.LoadPrivateKeyFromDER(in); err == nil {
			k.MarshalPKCS1PrivateKeyPEM()
			k.MarshalPKIXPublicKeyDER()
		}
		openssl.LoadPrivateKeyFromPEM(in)
		openssl.LoadPrivateKeyFromPEMWithPassword(in, "password")
		openssl.LoadPublicKeyFromPEM(in)
		openssl.LoadPublicKeyFromDER(in)
		openssl.LoadDHParametersFromPEM(in)
		for _, block := range openssl.SplitPEM(in) {
			require.True(t, bytes.Contains(in, block))
		}
	})
}
