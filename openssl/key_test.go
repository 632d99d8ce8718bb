package openssl_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	stdsha1 "crypto/sha1"
	stdsha256 "crypto/sha256"
	stdsha512 "crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// A keyKind is a kind of key, made here and read by the standard library.
type keyKind struct {
	name       string
	generate   func() (openssl.PrivateKey, error)
	keyType    openssl.NID
	methods    []openssl.Method
	pemType    string // of the traditional form
	traditions func(der []byte) (any, error)
}

var keyKinds = []keyKind{
	{
		"RSA", func() (openssl.PrivateKey, error) { return openssl.GenerateRSAKey(2048) }, openssl.KeyTypeRSA,
		[]openssl.Method{openssl.SHA1_Method, openssl.SHA256_Method, openssl.SHA512_Method}, "RSA PRIVATE KEY",
		func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
	},
	{
		"P-256", func() (openssl.PrivateKey, error) { return openssl.GenerateECKey(openssl.Prime256v1) }, openssl.KeyTypeEC,
		[]openssl.Method{openssl.SHA1_Method, openssl.SHA256_Method, openssl.SHA512_Method}, "EC PRIVATE KEY",
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
	},
	{
		"P-384", func() (openssl.PrivateKey, error) { return openssl.GenerateECKey(openssl.Secp384r1) }, openssl.KeyTypeEC,
		[]openssl.Method{openssl.SHA256_Method}, "EC PRIVATE KEY",
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
	},
	{
		"P-521", func() (openssl.PrivateKey, error) { return openssl.GenerateECKey(openssl.Secp521r1) }, openssl.KeyTypeEC,
		[]openssl.Method{openssl.SHA512_Method}, "EC PRIVATE KEY",
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
	},
	{"Ed25519", openssl.GenerateED25519Key, openssl.KeyTypeED25519, []openssl.Method{nil}, "PRIVATE KEY", x509.ParsePKCS8PrivateKey},
}

// verifies reports whether the standard library accepts a signature.
func verifies(key any, method openssl.Method, data, sig []byte) bool {
	if k, ok := key.(ed25519.PublicKey); ok {
		return ed25519.Verify(k, data, sig)
	}
	var hash crypto.Hash
	var digest []byte
	switch method {
	case openssl.SHA1_Method:
		d := stdsha1.Sum(data)
		hash, digest = crypto.SHA1, d[:]
	case openssl.SHA256_Method:
		d := stdsha256.Sum256(data)
		hash, digest = crypto.SHA256, d[:]
	case openssl.SHA512_Method:
		d := stdsha512.Sum512(data)
		hash, digest = crypto.SHA512, d[:]
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, hash, digest, sig) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, sig)
	}
	return false
}

// A generated key goes to the standard library and back in every form, and its signatures are good there.
func TestGeneratedKeys(t *testing.T) {
	data := []byte("the message")
	for _, kind := range keyKinds {
		t.Run(kind.name, func(t *testing.T) {
			key, err := kind.generate()
			require.NoError(t, err)
			assert.Equal(t, kind.keyType, key.KeyType())
			assert.Equal(t, kind.keyType, key.BaseType())

			privateDER, err := key.MarshalPKCS1PrivateKeyDER()
			require.NoError(t, err)
			std, err := kind.traditions(privateDER)
			require.NoError(t, err)
			privatePEM, err := key.MarshalPKCS1PrivateKeyPEM()
			require.NoError(t, err)
			block, rest := pem.Decode(privatePEM)
			assert.Empty(t, rest)
			assert.Equal(t, kind.pemType, block.Type)
			assert.Equal(t, privateDER, block.Bytes)

			publicDER, err := key.MarshalPKIXPublicKeyDER()
			require.NoError(t, err)
			stdPublic, err := x509.ParsePKIXPublicKey(publicDER)
			require.NoError(t, err)
			assert.Equal(t, std.(crypto.Signer).Public(), stdPublic)
			publicPEM, err := key.MarshalPKIXPublicKeyPEM()
			require.NoError(t, err)
			block, _ = pem.Decode(publicPEM)
			assert.Equal(t, publicDER, block.Bytes)

			pkcs8, err := x509.MarshalPKCS8PrivateKey(std)
			require.NoError(t, err)
			for _, again := range []func() (openssl.PrivateKey, error){
				func() (openssl.PrivateKey, error) { return openssl.LoadPrivateKeyFromPEM(privatePEM) },
				func() (openssl.PrivateKey, error) { return openssl.LoadPrivateKeyFromDER(privateDER) },
				func() (openssl.PrivateKey, error) { return openssl.LoadPrivateKeyFromDER(pkcs8) },
			} {
				key, err := again()
				require.NoError(t, err)
				der, err := key.MarshalPKCS1PrivateKeyDER()
				require.NoError(t, err)
				assert.Equal(t, privateDER, der)
			}

			fromPEM, err := openssl.LoadPublicKeyFromPEM(publicPEM)
			require.NoError(t, err)
			fromDER, err := openssl.LoadPublicKeyFromDER(publicDER)
			require.NoError(t, err)
			for _, method := range kind.methods {
				sig, err := key.SignPKCS1v15(method, data)
				require.NoError(t, err)
				assert.True(t, verifies(stdPublic, method, data, sig))
				for _, public := range []openssl.PublicKey{key, fromPEM, fromDER} {
					assert.NoError(t, public.VerifyPKCS1v15(method, data, sig))
					err := public.VerifyPKCS1v15(method, []byte("another"), sig)
					assert.ErrorContains(t, err, "verifypkcs1v15: failed to ")
					for _, bad := range [][]byte{nil, {}, {1}, sig[:len(sig)-1], make([]byte, len(sig)), append(sig[:len(sig):len(sig)], 0)} {
						assert.Error(t, public.VerifyPKCS1v15(method, data, bad))
					}
				}
			}
		})
	}
}

// RFC 8032, section 7.1, test 2.
func TestEd25519Vector(t *testing.T) {
	std := ed25519.NewKeyFromSeed(unhex(t, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
	der, err := x509.MarshalPKCS8PrivateKey(std)
	require.NoError(t, err)
	key, err := openssl.LoadPrivateKeyFromDER(der)
	require.NoError(t, err)
	sig, err := key.SignPKCS1v15(nil, []byte{0x72})
	require.NoError(t, err)
	assert.Equal(t, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		hex.EncodeToString(sig))
}

// PKCS #1 v1.5 makes the same signature always.
func TestRSASignatureIsTheStandardLibrarys(t *testing.T) {
	key, err := openssl.GenerateRSAKeyWithExponent(2048, 65537)
	require.NoError(t, err)
	der, err := key.MarshalPKCS1PrivateKeyDER()
	require.NoError(t, err)
	std, err := x509.ParsePKCS1PrivateKey(der)
	require.NoError(t, err)
	assert.Equal(t, 65537, std.E)
	assert.Equal(t, 2048, std.N.BitLen())
	digest := stdsha256.Sum256(nil)
	want, err := rsa.SignPKCS1v15(rand.Reader, std, crypto.SHA256, digest[:])
	require.NoError(t, err)
	sig, err := key.SignPKCS1v15(openssl.SHA256_Method, nil)
	require.NoError(t, err)
	assert.Equal(t, want, sig)
	assert.NoError(t, key.VerifyPKCS1v15(openssl.SHA256_Method, nil, sig))
}

func TestSignatureIsTheOpensslCommands(t *testing.T) {
	key, err := openssl.GenerateECKey(openssl.Prime256v1)
	require.NoError(t, err)
	sig, err := key.SignPKCS1v15(openssl.SHA256_Method, []byte("the message"))
	require.NoError(t, err)
	public, err := key.MarshalPKIXPublicKeyPEM()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), public, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sig"), sig, 0o600))
	out := testutil.Run(t, []byte("the message"), "dgst", "-sha256", "-verify", filepath.Join(dir, "key"), "-signature", filepath.Join(dir, "sig"))
	assert.Equal(t, "Verified OK\n", string(out))
}

func TestEncryptedKeys(t *testing.T) {
	key, err := openssl.GenerateECKey(openssl.Prime256v1)
	require.NoError(t, err)
	der, err := key.MarshalPKCS1PrivateKeyDER()
	require.NoError(t, err)
	plain, err := key.MarshalPKCS1PrivateKeyPEM()
	require.NoError(t, err)
	for name, encrypted := range map[string][]byte{
		"PKCS #8":     testutil.Run(t, plain, "pkcs8", "-topk8", "-v2", "aes-128-cbc", "-passout", "pass:secret"),
		"traditional": testutil.Run(t, plain, "ec", "-aes128", "-passout", "pass:secret"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, load := range []func([]byte, string) (openssl.PrivateKey, error){
				openssl.LoadPrivateKeyFromPEMWithPassword, openssl.LoadPrivateKeyFromPEMWidthPassword,
			} {
				again, err := load(encrypted, "secret")
				require.NoError(t, err)
				got, err := again.MarshalPKCS1PrivateKeyDER()
				require.NoError(t, err)
				assert.Equal(t, der, got)
			}
			for _, wrong := range []string{"", "wrong", strings.Repeat("x", 5000), "secret\x00"} {
				_, err := openssl.LoadPrivateKeyFromPEMWithPassword(encrypted, wrong)
				assert.ErrorContains(t, err, "failed reading private key: ", "password of %d bytes", len(wrong))
				assert.NotContains(t, err.Error(), "secret")
			}
			// Nobody is asked at the terminal.
			_, err := openssl.LoadPrivateKeyFromPEM(encrypted)
			assert.ErrorContains(t, err, "failed reading private key: ")
		})
	}
	again, err := openssl.LoadPrivateKeyFromPEMWithPassword(plain, "of no use")
	require.NoError(t, err)
	assert.Equal(t, openssl.KeyTypeEC, again.KeyType())
}

func TestKeysThatAreNone(t *testing.T) {
	std, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	publicDER, err := x509.MarshalPKIXPublicKey(std.Public())
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testutil.Certs(t).Server.Certificate[0]})

	for _, in := range [][]byte{[]byte("junk"), publicPEM, publicDER, certPEM, publicPEM[:60], make([]byte, 1000)} {
		_, err := openssl.LoadPrivateKeyFromPEM(in)
		assert.ErrorContains(t, err, "failed reading private key: ")
		_, err = openssl.LoadPrivateKeyFromPEMWithPassword(in, "x")
		assert.ErrorContains(t, err, "failed reading private key: ")
		_, err = openssl.LoadPrivateKeyFromDER(in)
		assert.ErrorContains(t, err, "failed reading private key der: ")
		var e *libssl.Error
		assert.ErrorAs(t, err, &e)
	}
	for _, in := range [][]byte{[]byte("junk"), certPEM, publicPEM[:60]} {
		_, err := openssl.LoadPublicKeyFromPEM(in)
		assert.ErrorContains(t, err, "failed reading public key der: ")
		_, err = openssl.LoadPublicKeyFromDER(in)
		assert.ErrorContains(t, err, "failed reading public key der: ")
	}
	for _, in := range [][]byte{nil, {}} {
		_, err := openssl.LoadPrivateKeyFromPEM(in)
		assert.ErrorContains(t, err, "empty pem block")
		_, err = openssl.LoadPrivateKeyFromPEMWithPassword(in, "x")
		assert.ErrorContains(t, err, "empty pem block")
		_, err = openssl.LoadPublicKeyFromPEM(in)
		assert.ErrorContains(t, err, "empty pem block")
		_, err = openssl.LoadPrivateKeyFromDER(in)
		assert.ErrorContains(t, err, "empty der block")
		_, err = openssl.LoadPublicKeyFromDER(in)
		assert.ErrorContains(t, err, "empty der block")
	}
}

func TestGenerateBadKeys(t *testing.T) {
	for _, bits := range []int{-1, 0, 1, 100, 16385, 1 << 40} {
		_, err := openssl.GenerateRSAKey(bits)
		assert.ErrorContains(t, err, "failed to generate RSA key: ", "%d bits", bits)
	}
	for _, exponent := range []int{-3, 0, 1, 2, 65536, 1<<32 + 1} {
		_, err := openssl.GenerateRSAKeyWithExponent(1024, exponent)
		assert.ErrorContains(t, err, "failed to generate RSA key: the exponent", "%d", exponent)
	}
	for _, curve := range []openssl.EllipticCurve{-1, 0, openssl.EllipticCurve(openssl.NID_sha1), 1 << 30, 1<<32 + openssl.Prime256v1} {
		_, err := openssl.GenerateECKey(curve)
		assert.ErrorContains(t, err, "failed ", "%d", curve)
		assert.ErrorContains(t, err, "curve", "%d", curve)
	}
}

// A key that needs a digest is not used without, one that needs none not with one.
func TestSigningWithTheWrongMethod(t *testing.T) {
	ec, err := openssl.GenerateECKey(openssl.Prime256v1)
	require.NoError(t, err)
	_, err = ec.SignPKCS1v15(nil, []byte("x"))
	assert.ErrorContains(t, err, "signpkcs1v15: failed to init signature")
	assert.ErrorContains(t, ec.VerifyPKCS1v15(nil, []byte("x"), []byte("x")), "verifypkcs1v15: failed to init verify")

	ed, err := openssl.GenerateED25519Key()
	require.NoError(t, err)
	for _, in := range []struct {
		method openssl.Method
		data   string
	}{{openssl.SHA256_Method, "x"}, {nil, ""}} {
		_, err = ed.SignPKCS1v15(in.method, []byte(in.data))
		assert.ErrorContains(t, err, "signpkcs1v15: 0-length data or non-null digest")
		assert.ErrorContains(t, ed.VerifyPKCS1v15(in.method, []byte(in.data), []byte("x")), "verifypkcs1v15: 0-length data or sig or non-null digest")
	}

	x25519 := testutil.Run(t, nil, "genpkey", "-algorithm", "X25519")
	x, err := openssl.LoadPrivateKeyFromPEM(x25519)
	require.NoError(t, err)
	assert.Equal(t, openssl.KeyTypeX25519, x.KeyType())
	_, err = x.SignPKCS1v15(openssl.SHA256_Method, []byte("x"))
	assert.ErrorContains(t, err, "signpkcs1v15: failed to ")
	assert.ErrorContains(t, x.VerifyPKCS1v15(openssl.SHA256_Method, []byte("x"), []byte("x")), "verifypkcs1v15: failed to ")
}

// No public key can be taken for a private one.
func TestPublicKeyIsNoPrivateKey(t *testing.T) {
	key, err := openssl.GenerateECKey(openssl.Prime256v1)
	require.NoError(t, err)
	der, err := key.MarshalPKIXPublicKeyDER()
	require.NoError(t, err)
	public, err := openssl.LoadPublicKeyFromDER(der)
	require.NoError(t, err)
	_, ok := public.(openssl.PrivateKey)
	assert.False(t, ok)
}
