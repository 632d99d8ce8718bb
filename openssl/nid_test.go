package openssl_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/openssl"
)

// The numbers are what the library that is loaded has under that name.
func TestNIDs(t *testing.T) {
	for nid, want := range map[openssl.NID]string{
		openssl.NID_undef: "UNDEF", openssl.NID_commonName: "CN", openssl.NID_sha1: "SHA1", openssl.NID_rsaEncryption: "rsaEncryption",
		openssl.NID_subject_alt_name: "subjectAltName", openssl.NID_X9_62_id_ecPublicKey: "id-ecPublicKey",
		openssl.NID_X25519: "X25519", openssl.NID_ED25519: "ED25519", openssl.NID_ED448: "ED448", openssl.NID_hkdf: "HKDF",
		openssl.NID(openssl.Prime256v1): "prime256v1", openssl.NID(openssl.Secp384r1): "secp384r1", openssl.NID(openssl.Secp521r1): "secp521r1",
	} {
		name, err := openssl.Nid2ShortName(nid)
		require.NoError(t, err)
		assert.Equal(t, want, name)
	}
	for _, nid := range []openssl.NID{-1, 1 << 30, 1<<32 + openssl.NID_sha1} {
		_, err := openssl.Nid2ShortName(nid)
		assert.ErrorContains(t, err, "not found")
		var e *libssl.Error
		assert.ErrorAs(t, err, &e)
	}
}

func TestEngineById(t *testing.T) {
	for _, name := range []string{"", "dynamic", "rdrand", "nonsense"} {
		e, err := openssl.EngineById(name)
		assert.Nil(t, e)
		assert.ErrorContains(t, err, "engine "+name+" missing")
		assert.True(t, errors.Is(err, libssl.ErrUnsupported))
	}
}
