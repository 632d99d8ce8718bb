package openssl

import (
	"errors"
	"fmt"
	"math"

	"github.com/go-libssl/libssl/internal/libcrypto"
)

// A Method is the digest that a signature is made of. nil is for keys that sign the message itself, as Ed25519's do.
type Method *libcrypto.Digest

// The digests that there is a Method for. Where the default properties demand FIPS 140 implementations, or a security
// policy forbids it, signing with SHA-1 is an error.
var (
	SHA1_Method   Method = sha1Hashing.digest
	SHA256_Method Method = sha256Hashing.digest
	SHA512_Method Method = sha512Digest
)

// What KeyType and BaseType of a key return.
const (
	KeyTypeNone    = NID_undef
	KeyTypeRSA     = NID_rsaEncryption
	KeyTypeRSA2    = NID_rsa
	KeyTypeDSA     = NID_dsa
	KeyTypeDSA1    = NID_dsa_2
	KeyTypeDSA2    = NID_dsaWithSHA
	KeyTypeDSA3    = NID_dsaWithSHA1
	KeyTypeDSA4    = NID_dsaWithSHA1_2
	KeyTypeDH      = NID_dhKeyAgreement
	KeyTypeDHX     = NID_dhpublicnumber
	KeyTypeEC      = NID_X9_62_id_ecPublicKey
	KeyTypeHMAC    = NID_hmac
	KeyTypeCMAC    = NID_cmac
	KeyTypeTLS1PRF = NID_tls1_prf
	KeyTypeHKDF    = NID_hkdf
	KeyTypeX25519  = NID_X25519
	KeyTypeX448    = NID_X448
	KeyTypeED25519 = NID_ED25519
	KeyTypeED448   = NID_ED448
)

// An EllipticCurve is a named curve. Any NID of one that libcrypto has will do.
type EllipticCurve int

// The curves that have a name here: P-256, P-384 and P-521.
const (
	Prime256v1 EllipticCurve = 415
	Secp384r1  EllipticCurve = 715
	Secp521r1  EllipticCurve = 716
)

// A PublicKey is a public key, or the public half of a private one. It never changes, needs no closing, and may be used by
// several goroutines at once. There are no implementations outside of the package.
type PublicKey interface {
	// VerifyPKCS1v15 returns nil if sig is a signature of data: for an RSA key of PKCS #1 v1.5, for an EC key of ECDSA
	// in DER, for Ed25519 and Ed448, with method nil and data not empty, their own.
	//
	// C: EVP_DigestVerify(3)
	VerifyPKCS1v15(method Method, data, sig []byte) error

	// MarshalPKIXPublicKeyPEM returns the key as PKIX ("PUBLIC KEY") in PEM.
	//
	// C: PEM_write_bio_PUBKEY(3)
	MarshalPKIXPublicKeyPEM() (pem_block []byte, err error)

	// MarshalPKIXPublicKeyDER returns the key as PKIX in DER.
	//
	// C: i2d_PUBKEY(3)
	MarshalPKIXPublicKeyDER() (der_block []byte, err error)

	// KeyType returns what kind of key it is, one of the KeyType constants; -1 for a kind that a provider alone knows.
	//
	// C: EVP_PKEY_get_id(3)
	KeyType() NID

	// BaseType is KeyType, but that of several numbers for one kind of key it returns always the same: KeyTypeRSA for
	// KeyTypeRSA2.
	//
	// C: EVP_PKEY_get_base_id(3)
	BaseType() NID

	evpPKey() *libcrypto.Key
}

// A PrivateKey is a private key.
type PrivateKey interface {
	PublicKey

	// SignPKCS1v15 signs data: see VerifyPKCS1v15.
	//
	// C: EVP_DigestSign(3)
	SignPKCS1v15(Method, []byte) ([]byte, error)

	// MarshalPKCS1PrivateKeyPEM returns the key in PEM, not encrypted: an RSA key as PKCS #1, an EC key as SEC 1, those
	// that have no such form of their own as PKCS #8.
	//
	// C: PEM_write_bio_PrivateKey_traditional(3)
	MarshalPKCS1PrivateKeyPEM() (pem_block []byte, err error)

	// MarshalPKCS1PrivateKeyDER is MarshalPKCS1PrivateKeyPEM in DER.
	//
	// C: i2d_PrivateKey(3)
	MarshalPKCS1PrivateKeyDER() (der_block []byte, err error)
}

// LoadPrivateKeyFromPEM returns the first private key in pem_block. For an encrypted one, use
// [LoadPrivateKeyFromPEMWithPassword].
//
// C: PEM_read_bio_PrivateKey(3)
func LoadPrivateKeyFromPEM(pem_block []byte) (PrivateKey, error) {
	if len(pem_block) == 0 {
		return nil, errEmptyPEM
	}
	return private("reading private key")(libcrypto.ParsePrivateKeyPEM(pem_block))
}

// LoadPrivateKeyFromPEMWithPassword returns the first private key in pem_block, which may be encrypted by the password. The
// password has no zero byte.
//
// C: PEM_read_bio_PrivateKey(3)
func LoadPrivateKeyFromPEMWithPassword(pem_block []byte, password string) (PrivateKey, error) {
	if len(pem_block) == 0 {
		return nil, errEmptyPEM
	}
	return private("reading private key")(libcrypto.ParseEncryptedPrivateKeyPEM(pem_block, password))
}

// LoadPrivateKeyFromPEMWidthPassword is [LoadPrivateKeyFromPEMWithPassword].
//
// Deprecated: its name was misspelt.
func LoadPrivateKeyFromPEMWidthPassword(pem_block []byte, password string) (PrivateKey, error) {
	return LoadPrivateKeyFromPEMWithPassword(pem_block, password)
}

// LoadPrivateKeyFromDER returns a private key that is in the form of its type, as PKCS #1 for RSA, or in PKCS #8.
//
// C: d2i_PrivateKey(3)
func LoadPrivateKeyFromDER(der_block []byte) (PrivateKey, error) {
	if len(der_block) == 0 {
		return nil, errEmptyDER
	}
	return private("reading private key der")(libcrypto.ParsePrivateKeyDER(der_block))
}

// LoadPublicKeyFromPEM returns the first public key (PKIX) in pem_block.
//
// C: PEM_read_bio_PUBKEY(3)
func LoadPublicKeyFromPEM(pem_block []byte) (PublicKey, error) {
	if len(pem_block) == 0 {
		return nil, errEmptyPEM
	}
	return public("failed reading public key der")(libcrypto.ParsePublicKeyPEM(pem_block)) // the original's word, too
}

// LoadPublicKeyFromDER returns a public key (PKIX).
//
// C: d2i_PUBKEY(3)
func LoadPublicKeyFromDER(der_block []byte) (PublicKey, error) {
	if len(der_block) == 0 {
		return nil, errEmptyDER
	}
	return public("failed reading public key der")(libcrypto.ParsePublicKeyDER(der_block))
}

// GenerateRSAKey returns a new RSA key of so many bits, at most 16384. Its exponent is 3, which is quick to verify with;
// what is subject to FIPS 140 or to a CA's rules needs 65537: see [GenerateRSAKeyWithExponent].
//
// C: EVP_PKEY_keygen(3)
func GenerateRSAKey(bits int) (PrivateKey, error) {
	return GenerateRSAKeyWithExponent(bits, 3)
}

// GenerateRSAKeyWithExponent returns a new RSA key of so many bits, at most 16384, and with that public exponent, an odd
// number from 3 to 4294967295. 65537 is the usual one.
//
// C: EVP_PKEY_keygen(3)
func GenerateRSAKeyWithExponent(bits int, exponent int) (PrivateKey, error) {
	switch {
	case bits < 0 || bits > libcrypto.MaxRSABits:
		return nil, fmt.Errorf("failed to generate RSA key: %d bits, and libcrypto uses %d at most", bits, libcrypto.MaxRSABits)
	case exponent < 3 || uint64(exponent) > math.MaxUint32 || exponent%2 == 0:
		return nil, fmt.Errorf("failed to generate RSA key: the exponent %d is not an odd number from 3 to %d", exponent, uint32(math.MaxUint32))
	}
	return private("to generate RSA key")(libcrypto.GenerateRSA(bits, uint32(exponent)))
}

// GenerateECKey returns a new key on a curve, for ECDSA and [DeriveSharedSecret].
//
// C: EVP_PKEY_keygen(3)
func GenerateECKey(curve EllipticCurve) (PrivateKey, error) {
	key, err := libcrypto.GenerateEC(int(curve))
	return private(ecGeneration.of(err))(key, err)
}

var ecGeneration = steps{
	"EVP_PKEY_CTX_new_id":                    "creating EC key generation context",
	"EVP_PKEY_keygen_init":                   "initializing EC key generation context",
	"EVP_PKEY_CTX_set_ec_paramgen_curve_nid": "setting curve in EC parameter generation context",
	"":                                       "generating EC private key",
}

// GenerateED25519Key returns a new Ed25519 key.
//
// C: EVP_PKEY_keygen(3)
func GenerateED25519Key() (PrivateKey, error) {
	return private("generating ED25519 private key")(libcrypto.GenerateEd25519())
}

// ed25519_support is what the original's own tests ask.
//
//lint:ignore U1000 they are not here
const ed25519_support = true

var (
	errEmptyDER = errors.New("empty der block")
	errNoKey    = errors.New("there is no key")
)

// private returns a function that makes a PrivateKey of what package libcrypto returned; what says what failed if it did.
func private(what string) func(*libcrypto.Key, error) (PrivateKey, error) {
	return func(key *libcrypto.Key, err error) (PrivateKey, error) {
		if err != nil {
			return nil, fmt.Errorf("failed %s: %w", what, err)
		}
		return &privateKey{publicKey{key}}, nil
	}
}

// public is private for public keys; what is all that the error says.
func public(what string) func(*libcrypto.Key, error) (PublicKey, error) {
	return func(key *libcrypto.Key, err error) (PublicKey, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return &publicKey{key}, nil
	}
}

// keyOf returns the key in k, of which there is none in nil.
func keyOf(k PublicKey) (*libcrypto.Key, error) {
	if k == nil {
		return nil, errNoKey
	}
	return k.evpPKey(), nil
}

// keyPEM returns a private key as PKCS #8.
func keyPEM(k PrivateKey) ([]byte, error) {
	key, err := keyOf(k)
	if err != nil {
		return nil, err
	}
	return key.PrivatePEM()
}

// A publicKey is a key that has no more than a public half, or of which no more is wanted.
type publicKey struct{ key *libcrypto.Key }

func (k *publicKey) evpPKey() *libcrypto.Key { return k.key }
func (k *publicKey) KeyType() NID            { return NID(k.key.Type()) }
func (k *publicKey) BaseType() NID           { return NID(k.key.BaseType()) }

func (k *publicKey) VerifyPKCS1v15(method Method, data, sig []byte) error {
	step := "finalize verify"
	if k.key.SignsMessages() {
		if method != nil || len(data) == 0 || len(sig) == 0 {
			return errors.New("verifypkcs1v15: 0-length data or sig or non-null digest")
		}
		step = "do one-shot verify"
	} else if method == nil {
		return errors.New("verifypkcs1v15: failed to init verify: a key of this type needs a digest")
	}
	if err := k.key.Verify(method, data, sig); err != nil {
		return fmt.Errorf("verifypkcs1v15: failed to %s: %w", step, err)
	}
	return nil
}

func (k *publicKey) MarshalPKIXPublicKeyPEM() (pem_block []byte, err error) {
	return dumped("public key pem")(k.key.PublicPEM())
}

func (k *publicKey) MarshalPKIXPublicKeyDER() (der_block []byte, err error) {
	return dumped("public key der")(k.key.PublicDER())
}

// A privateKey is a type of its own, so that no public key can be taken for one: libcrypto would not survive that.
type privateKey struct{ publicKey }

func (k *privateKey) SignPKCS1v15(method Method, data []byte) ([]byte, error) {
	step := "finalize signature"
	if k.key.SignsMessages() {
		if method != nil || len(data) == 0 {
			return nil, errors.New("signpkcs1v15: 0-length data or non-null digest")
		}
		step = "do one-shot signature"
	} else if method == nil {
		return nil, errors.New("signpkcs1v15: failed to init signature: a key of this type needs a digest")
	}
	sig, err := k.key.Sign(method, data)
	if err != nil {
		return nil, fmt.Errorf("signpkcs1v15: failed to %s: %w", step, err)
	}
	return sig, nil
}

func (k *privateKey) MarshalPKCS1PrivateKeyPEM() (pem_block []byte, err error) {
	return dumped("private key")(k.key.TraditionalPEM())
}

func (k *privateKey) MarshalPKCS1PrivateKeyDER() (der_block []byte, err error) {
	return dumped("private key der")(k.key.PrivateDER())
}

// dumped returns a function that says what could not be written.
func dumped(what string) func([]byte, error) ([]byte, error) {
	return func(b []byte, err error) ([]byte, error) {
		if err != nil {
			return nil, fmt.Errorf("failed dumping %s: %w", what, err)
		}
		return b, nil
	}
}
