package openssl_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	stdrc4 "crypto/rc4"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// encrypted gives plaintext in pieces.
func encrypted(t *testing.T, ctx openssl.EncryptionCipherCtx, plaintext []byte, piece int) []byte {
	t.Helper()
	return through(t, ctx.EncryptUpdate, ctx.EncryptFinal, plaintext, piece)
}

func decrypted(t *testing.T, ctx openssl.DecryptionCipherCtx, ciphertext []byte, piece int) []byte {
	t.Helper()
	return through(t, ctx.DecryptUpdate, ctx.DecryptFinal, ciphertext, piece)
}

func through(t *testing.T, update func([]byte) ([]byte, error), final func() ([]byte, error), in []byte, piece int) []byte {
	t.Helper()
	out := []byte{}
	for len(in) > 0 {
		n := min(piece, len(in))
		b, err := update(in[:n])
		require.NoError(t, err)
		out, in = append(out, b...), in[n:]
	}
	b, err := final()
	require.NoError(t, err)
	return append(out, b...)
}

func cipherNamed(t *testing.T, name string) *openssl.Cipher {
	t.Helper()
	c, err := openssl.GetCipherByName(name)
	require.NoError(t, err)
	return c
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// NIST SP 800-38A, F.2.1 and F.5.1, without padding.
func TestCipherVectors(t *testing.T) {
	key := unhex(t, "2b7e151628aed2a6abf7158809cf4f3c")
	plaintext := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
	for _, v := range []struct{ name, iv, ciphertext string }{
		{"AES-128-CBC", "000102030405060708090a0b0c0d0e0f", "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"},
		{"AES-128-CTR", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"},
	} {
		c, iv := cipherNamed(t, v.name), unhex(t, v.iv)
		for _, piece := range []int{1, 16, 31, 100} {
			e, err := openssl.NewEncryptionCipherCtx(c, nil, key, iv)
			require.NoError(t, err)
			e.(interface{ SetPadding(bool) }).SetPadding(false)
			ciphertext := encrypted(t, e, plaintext, piece)
			assert.Equal(t, v.ciphertext, hex.EncodeToString(ciphertext))

			d, err := openssl.NewDecryptionCipherCtx(c, &openssl.Engine{}, key, iv)
			require.NoError(t, err)
			d.(interface{ SetPadding(bool) }).SetPadding(false)
			assert.Equal(t, plaintext, decrypted(t, d, ciphertext, piece))
		}
	}
}

func TestCipherIsTheOpensslCommands(t *testing.T) {
	key, iv := randomBytes(32), randomBytes(16)
	for n := range 50 {
		plaintext := randomBytes(n)
		e, err := openssl.NewEncryptionCipherCtx(cipherNamed(t, "aes-256-cbc"), nil, key, iv)
		require.NoError(t, err)
		ciphertext := encrypted(t, e, plaintext, 7)
		if n%16 == 3 {
			assert.Equal(t, testutil.Run(t, plaintext, "enc", "-aes-256-cbc", "-K", hex.EncodeToString(key), "-iv", hex.EncodeToString(iv)), ciphertext)
		}
		d, err := openssl.NewDecryptionCipherCtx(cipherNamed(t, "aes-256-cbc"), nil, key, iv)
		require.NoError(t, err)
		assert.Equal(t, plaintext, decrypted(t, d, ciphertext, 5))
	}
}

// What only the legacy provider has from OpenSSL 3.0 on.
func TestLegacyCiphers(t *testing.T) {
	key, iv, plaintext := randomBytes(16), randomBytes(8), randomBytes(64)

	e, err := openssl.NewEncryptionCipherCtx(cipherNamed(t, "rc4"), nil, key, nil)
	require.NoError(t, err)
	rc4, err := stdrc4.NewCipher(key)
	require.NoError(t, err)
	want := make([]byte, len(plaintext))
	rc4.XORKeyStream(want, plaintext)
	assert.Equal(t, want, encrypted(t, e, plaintext, 10))

	e, err = openssl.NewEncryptionCipherCtx(cipherNamed(t, "des-cbc"), nil, key[:8], iv)
	require.NoError(t, err)
	e.(interface{ SetPadding(bool) }).SetPadding(false)
	block, err := des.NewCipher(key[:8])
	require.NoError(t, err)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(want, plaintext)
	assert.Equal(t, want, encrypted(t, e, plaintext, 10))
}

func TestCipherSizes(t *testing.T) {
	for _, v := range []struct {
		name, short    string
		block, key, iv int
	}{
		{"aes-256-cbc", "AES-256-CBC", 16, 32, 16},
		{"AES128", "AES-128-CBC", 16, 16, 16},
		{"aes-192-ctr", "AES-192-CTR", 1, 24, 16},
		{"id-aes256-GCM", "id-aes256-GCM", 1, 32, 12},
		{"des3", "DES-EDE3-CBC", 8, 24, 8},
		{"rc4", "RC4", 1, 16, 0},
	} {
		c := cipherNamed(t, v.name)
		assert.Equal(t, []int{v.block, v.key, v.iv}, []int{c.BlockSize(), c.KeySize(), c.IVSize()}, v.name)
		short, err := c.ShortName()
		require.NoError(t, err)
		assert.Equal(t, v.short, short)
		again, err := openssl.GetCipherByNid(c.Nid())
		require.NoError(t, err, v.name)
		assert.Equal(t, c.Nid(), again.Nid())

		ctx, err := openssl.NewDecryptionCipherCtx(c, nil, nil, nil)
		require.NoError(t, err)
		assert.Equal(t, []int{v.block, v.key, v.iv}, []int{ctx.BlockSize(), ctx.KeySize(), ctx.IVSize()}, v.name)
		assert.Equal(t, c.Nid(), ctx.Cipher().Nid())
	}
}

func TestCiphersThatAreNone(t *testing.T) {
	for _, name := range []string{"", "nonsense", "sha256"} {
		_, err := openssl.GetCipherByName(name)
		assert.ErrorIs(t, err, libssl.ErrUnsupported)
		assert.ErrorContains(t, err, "Cipher "+name+" not found")
	}
	_, err := openssl.GetCipherByNid(-1)
	assert.ErrorContains(t, err, "NID -1 not found")
	for _, c := range []*openssl.Cipher{nil, {}} {
		assert.Zero(t, []int{c.BlockSize(), c.KeySize(), c.IVSize(), int(c.Nid())}[0])
		_, err := openssl.NewEncryptionCipherCtx(c, nil, nil, nil)
		assert.ErrorContains(t, err, "null cipher not allowed")
		_, err = openssl.NewDecryptionCipherCtx(c, nil, nil, nil)
		assert.ErrorContains(t, err, "null cipher not allowed")
	}
}

func TestCipherBadInput(t *testing.T) {
	cbc := cipherNamed(t, "aes-128-cbc")
	key, iv := make([]byte, 16), make([]byte, 16)
	for want, in := range map[string][2][]byte{
		"bad key size (0 bytes instead of 16)":  {{}, iv},
		"bad key size (17 bytes instead of 16)": {make([]byte, 17), iv},
		"bad IV size (0 bytes instead of 16)":   {key, {}},
		"bad IV size (3 bytes instead of 16)":   {key, iv[:3]},
	} {
		_, err := openssl.NewEncryptionCipherCtx(cbc, nil, in[0], in[1])
		assert.ErrorContains(t, err, want)
		_, err = openssl.NewDecryptionCipherCtx(cbc, nil, in[0], in[1])
		assert.ErrorContains(t, err, want)
	}

	// Without a key.
	e, err := openssl.NewEncryptionCipherCtx(cbc, nil, nil, iv)
	require.NoError(t, err)
	_, err = e.EncryptUpdate([]byte("x"))
	assert.ErrorContains(t, err, "failed to encrypt [result 0]: no key was given")
	_, err = e.EncryptFinal()
	assert.ErrorContains(t, err, "encryption failed: no key was given")

	// Half a block, and bad padding.
	d, err := openssl.NewDecryptionCipherCtx(cbc, nil, key, iv)
	require.NoError(t, err)
	out, err := d.DecryptUpdate(nil)
	assert.Empty(t, out)
	assert.NoError(t, err)
	_, err = d.DecryptUpdate(make([]byte, 8))
	require.NoError(t, err)
	_, err = d.DecryptFinal()
	var e2 *libssl.Error
	require.ErrorAs(t, err, &e2)
	assert.NotEmpty(t, e2.Stack)
	assert.True(t, strings.HasPrefix(err.Error(), "decryption failed"), err)

	// A key of two halves that are alike, which XTS must not have.
	_, err = openssl.NewEncryptionCipherCtx(cipherNamed(t, "aes-128-xts"), nil, make([]byte, 32), iv)
	assert.ErrorContains(t, err, "failed to apply key/IV: ")

	// No IV where there is none to give.
	_, err = openssl.NewEncryptionCipherCtx(cipherNamed(t, "aes-128-ecb"), nil, key, iv)
	assert.ErrorContains(t, err, "bad IV size (16 bytes instead of 0)")
}

// Every byte of an IV counts: two messages of one key whose IVs differ must not be encrypted alike. CCM takes 7 bytes.
func TestWholeIVIsUsed(t *testing.T) {
	for _, name := range []string{"aes-256-cbc", "aes-256-ctr", "aes-256-gcm", "aes-256-ccm", "aes-128-ocb", "chacha20-poly1305"} {
		c := cipherNamed(t, name)
		seen := map[string]int{}
		for i := range c.IVSize() {
			iv := make([]byte, c.IVSize())
			iv[i] = 1
			e, err := openssl.NewEncryptionCipherCtx(c, nil, make([]byte, c.KeySize()), iv)
			require.NoError(t, err)
			out, err := e.EncryptUpdate(make([]byte, 32))
			require.NoError(t, err)
			if j, same := seen[string(out)]; same {
				t.Errorf("%s: the bytes %d and %d of the IV make no difference", name, j, i)
			}
			seen[string(out)] = i
		}
	}
	_, err := openssl.NewEncryptionCipherCtx(cipherNamed(t, "aes-256-ccm"), nil, make([]byte, 32), make([]byte, 12))
	assert.EqualError(t, err, "bad IV size (12 bytes instead of 7)")
}

// After the end of a message there is an error, or another message, but no crash.
func TestCipherAfterTheEnd(t *testing.T) {
	for _, name := range []string{"aes-128-cbc", "aes-128-ctr", "aes-128-gcm", "aes-128-ccm", "chacha20-poly1305", "id-aes128-wrap"} {
		c, err := openssl.GetCipherByName(name)
		require.NoError(t, err, name)
		e, err := openssl.NewEncryptionCipherCtx(c, nil, make([]byte, c.KeySize()), make([]byte, c.IVSize()))
		if err != nil {
			continue // key wrapping is not for everybody
		}
		for range 3 {
			e.EncryptUpdate(make([]byte, 40))
			e.EncryptFinal()
		}
	}
}

func TestCipherInSeveralGoroutines(t *testing.T) {
	ctx, err := openssl.NewEncryptionCipherCtx(cipherNamed(t, "aes-128-ctr"), nil, make([]byte, 16), make([]byte, 16))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				out, err := ctx.EncryptUpdate(make([]byte, 50))
				assert.NoError(t, err)
				assert.Len(t, out, 50)
			}
		})
	}
	wg.Wait()
}

// Test case 4 of the GCM specification.
func TestGCMVector(t *testing.T) {
	key := unhex(t, "feffe9928665731c6d6a8f9467308308")
	iv := unhex(t, "cafebabefacedbaddecaf888")
	aad := unhex(t, "feedfacedeadbeeffeedfacedeadbeefabaddad2")
	plaintext := unhex(t, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
	e, err := openssl.NewGCMEncryptionCipherCtx(128, nil, key, iv)
	require.NoError(t, err)
	require.NoError(t, e.ExtraData(aad[:7]))
	require.NoError(t, e.ExtraData(aad[7:]))
	assert.Equal(t, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
		hex.EncodeToString(encrypted(t, e, plaintext, 11)))
	tag, err := e.GetTag()
	require.NoError(t, err)
	assert.Equal(t, "5bc94fbc3221a5db94fae95ae7121a47", hex.EncodeToString(tag))
}

// Both ways with the standard library, with IVs of any length, with and without data, with and without extra data.
func TestGCMIsTheStandardLibrarys(t *testing.T) {
	data := randomBytes(200)
	for _, bits := range []int{128, 192, 256} {
		key := data[:bits/8]
		block, err := aes.NewCipher(key)
		require.NoError(t, err)
		for n := 0; n < 100; n += 9 {
			iv, plaintext, aad := data[n:n+1+n], data[:n], data[100:100+n]
			std, err := cipher.NewGCMWithNonceSize(block, len(iv))
			require.NoError(t, err)
			sealed := std.Seal(nil, iv, plaintext, aad)

			e, err := openssl.NewGCMEncryptionCipherCtx(bits, nil, key, iv)
			require.NoError(t, err)
			require.NoError(t, e.ExtraData(aad))
			ciphertext := encrypted(t, e, plaintext, 33)
			tag, err := e.GetTag()
			require.NoError(t, err)
			require.Equal(t, sealed, append(ciphertext, tag...))

			d, err := openssl.NewGCMDecryptionCipherCtx(bits, nil, key, iv)
			require.NoError(t, err)
			require.NoError(t, d.ExtraData(aad))
			require.NoError(t, d.SetTag(tag))
			require.Equal(t, plaintext, decrypted(t, d, sealed[:n], 33))
		}
	}
}

// Whatever is changed is found.
func TestGCMForgeries(t *testing.T) {
	key, iv := randomBytes(32), randomBytes(12)
	open := func(ciphertext, aad, tag []byte) error {
		d, err := openssl.NewGCMDecryptionCipherCtx(256, nil, key, iv)
		require.NoError(t, err)
		require.NoError(t, d.ExtraData(aad))
		_, err = d.DecryptUpdate(ciphertext)
		require.NoError(t, err)
		require.NoError(t, d.SetTag(tag))
		_, err = d.DecryptFinal()
		return err
	}
	e, err := openssl.NewGCMEncryptionCipherCtx(256, nil, key, iv)
	require.NoError(t, err)
	aad := []byte("who it is for")
	require.NoError(t, e.ExtraData(aad))
	ciphertext := encrypted(t, e, []byte("what it says"), 100)
	tag, err := e.GetTag()
	require.NoError(t, err)
	require.NoError(t, open(ciphertext, aad, tag))

	for _, changed := range [][]byte{ciphertext, aad, tag} {
		changed[1] ^= 1
		err := open(ciphertext, aad, tag)
		require.Error(t, err)
		assert.True(t, strings.HasPrefix(err.Error(), "decryption failed: "), err)
		changed[1] ^= 1
	}
}

func TestGCMBadInput(t *testing.T) {
	key, iv := make([]byte, 16), make([]byte, 12)
	for _, bits := range []int{0, -128, 200} {
		_, err := openssl.NewGCMEncryptionCipherCtx(bits, nil, key, iv)
		assert.ErrorContains(t, err, "unknown block size")
		_, err = openssl.NewGCMDecryptionCipherCtx(bits, nil, key, iv)
		assert.ErrorContains(t, err, "unknown block size")
	}
	_, err := openssl.NewGCMEncryptionCipherCtx(256, nil, key, iv)
	assert.ErrorContains(t, err, "bad key size (16 bytes instead of 32)")
	_, err = openssl.NewGCMDecryptionCipherCtx(128, nil, key, make([]byte, 4000))
	if libssl.VersionNumber() >= 0x30000000 {
		assert.ErrorContains(t, err, "could not set IV len to 4000: ")
	} else {
		assert.NoError(t, err)
	}

	// No IV, no key.
	for _, in := range [][2][]byte{{key, nil}, {nil, iv}, {nil, nil}} {
		e, err := openssl.NewGCMEncryptionCipherCtx(128, nil, in[0], in[1])
		require.NoError(t, err)
		_, err = e.EncryptUpdate([]byte("x"))
		assert.ErrorContains(t, err, "failed to encrypt [result 0]: ")
		assert.NoError(t, e.ExtraData(nil))
		_, err = e.GetTag()
		assert.ErrorContains(t, err, "failed to get code 16 with arg 16 [result 0]: ")
	}

	// A tag before the end, and tags of bad lengths.
	e, err := openssl.NewGCMEncryptionCipherCtx(128, nil, key, iv)
	require.NoError(t, err)
	_, err = e.EncryptUpdate([]byte("x"))
	require.NoError(t, err)
	d, err := openssl.NewGCMDecryptionCipherCtx(128, nil, key, iv)
	require.NoError(t, err)
	for _, n := range []int{0, 17, 1000} {
		tag := make([]byte, n)
		assert.ErrorContains(t, d.SetTag(tag), fmt.Sprintf("failed to set code 17 with arg %d to %x [result 0]: ", n, tag))
	}
	_, err = d.DecryptFinal() // without a tag
	assert.ErrorContains(t, err, "decryption failed: ")
}
