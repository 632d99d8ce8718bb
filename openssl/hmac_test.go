package openssl_test

import (
	stdhmac "crypto/hmac"
	stdmd5 "crypto/md5"
	stdsha1 "crypto/sha1"
	stdsha256 "crypto/sha256"
	stdsha512 "crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/openssl"
)

// RFC 2202 and RFC 4231.
func TestHMACVectors(t *testing.T) {
	for _, v := range []struct {
		digest         openssl.EVP_MD
		key, data, mac string
	}{
		{openssl.EVP_MD5, "Jefe", "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"},
		{openssl.EVP_SHA1, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{openssl.EVP_SHA224, "Jefe", "what do ya want for nothing?", "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
		{openssl.EVP_SHA256, "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{openssl.EVP_SHA256, strings.Repeat("\x0b", 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{openssl.EVP_SHA256, strings.Repeat("\xaa", 131), "Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	} {
		h, err := openssl.NewHMAC([]byte(v.key), v.digest)
		require.NoError(t, err)
		for range 2 { // the key stays
			n, err := h.Write([]byte(v.data))
			require.NoError(t, err)
			assert.Equal(t, len(v.data), n)
			mac, err := h.Final()
			require.NoError(t, err)
			assert.Equal(t, v.mac, hex.EncodeToString(mac))
		}
		h.Close()
	}
}

// All lengths of keys, none too, and with rests of earlier messages dropped.
func TestHMACsAreTheStandardLibrarys(t *testing.T) {
	data := randomBytes(300)
	for digest, std := range map[openssl.EVP_MD]func() hash.Hash{
		openssl.EVP_MD5: stdmd5.New, openssl.EVP_SHA1: stdsha1.New, openssl.EVP_SHA256: stdsha256.New,
		openssl.EVP_SHA384: stdsha512.New384, openssl.EVP_SHA512: stdsha512.New,
	} {
		for n := 0; n < len(data); n += 7 {
			h, err := openssl.NewHMACWithEngine(data[:n], digest, &openssl.Engine{})
			require.NoError(t, err, "key of %d bytes", n)
			_, err = h.Write(data[:n])
			require.NoError(t, err)
			require.NoError(t, h.Reset())
			for _, part := range [][]byte{data[:n], nil, data[n:]} {
				_, err = h.Write(part)
				require.NoError(t, err)
			}
			mac, err := h.Final()
			require.NoError(t, err)
			want := stdhmac.New(std, data[:n])
			want.Write(data)
			require.Equal(t, want.Sum(nil), mac, "digest %d, key of %d bytes", digest, n)
			h.Close()
		}
	}
	h, err := openssl.NewHMAC(nil, openssl.EVP_SHA256)
	require.NoError(t, err)
	mac, err := h.Final()
	require.NoError(t, err)
	assert.Equal(t, stdhmac.New(stdsha256.New, nil).Sum(nil), mac)
	h.Close()
}

func TestHMACDigestsThatAreNone(t *testing.T) {
	for _, digest := range []openssl.EVP_MD{openssl.EVP_NULL, openssl.EVP_SHA, openssl.EVP_DSS, openssl.EVP_DSS1, 99, -1} {
		h, err := openssl.NewHMAC([]byte("key"), digest)
		assert.Nil(t, h)
		assert.ErrorContains(t, err, "failed to initialize HMAC_CTX: ")
		assert.ErrorIs(t, err, libssl.ErrUnsupported)
	}
}

func TestClosedHMACs(t *testing.T) {
	closed, err := openssl.NewHMAC([]byte("key"), openssl.EVP_SHA256)
	require.NoError(t, err)
	closed.Close()
	closed.Close()
	for what, h := range map[string]*openssl.HMAC{"closed": closed, "zero": {}, "nil": nil} {
		n, err := h.Write([]byte("x"))
		assert.Zero(t, n, what)
		assert.ErrorIs(t, err, libssl.ErrClosed, what)
		assert.ErrorContains(t, err, "failed to update HMAC: ")
		_, err = h.Final()
		assert.ErrorIs(t, err, libssl.ErrClosed, what)
		assert.ErrorContains(t, err, "failed to finalized HMAC: ")
		assert.ErrorIs(t, h.Reset(), libssl.ErrClosed, what)
		h.Close()
	}
}

func TestHMACInSeveralGoroutines(t *testing.T) {
	for range 20 {
		h, err := openssl.NewHMAC([]byte("key"), openssl.EVP_SHA256)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					if _, err := h.Write(make([]byte, 100)); err != nil {
						assert.ErrorIs(t, err, libssl.ErrClosed)
					}
					if _, err := h.Final(); err != nil {
						assert.ErrorIs(t, err, libssl.ErrClosed)
					}
				}
			})
		}
		wg.Go(h.Close)
		wg.Wait()
	}
}
