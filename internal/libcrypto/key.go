package libcrypto

// #include "crypto.h"
import "C"

import (
	"errors"
	"runtime"
	"strings"
	"unsafe"
)

// A Key is an EVP_PKEY: a private key, a public one, or parameters. It never changes.
type Key struct{ ptr *C.EVP_PKEY }

func newKey(r C.gls_ret) (*Key, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	k := &Key{(*C.EVP_PKEY)(r.ptr)}
	runtime.AddCleanup(k, func(p unsafe.Pointer) { C.EVP_PKEY_free((*C.EVP_PKEY)(p)) }, r.ptr)
	return k, nil
}

// ParsePrivateKeyPEM reads the first private key in pem. An encrypted one is an error.
func ParsePrivateKeyPEM(pem []byte) (*Key, error) {
	in := some(pem)
	return newKey(C.glscrypto_PEM_read_bio_PrivateKey((*C.uchar)(&in[0]), C.size_t(len(pem)), nil))
}

// ParseEncryptedPrivateKeyPEM reads the first private key in pem, encrypted or not.
func ParseEncryptedPrivateKeyPEM(pem []byte, password string) (key *Key, err error) {
	if strings.ContainsRune(password, 0) {
		return nil, errors.New("libssl: PEM_read_bio_PrivateKey: zero byte in the password")
	}
	err = withCString("PEM_read_bio_PrivateKey", password, func(cs *C.char) error {
		defer C.OPENSSL_cleanse(unsafe.Pointer(cs), C.size_t(len(password)))
		in := some(pem)
		key, err = newKey(C.glscrypto_PEM_read_bio_PrivateKey((*C.uchar)(&in[0]), C.size_t(len(pem)), cs))
		return err
	})
	return key, err
}

// ParsePrivateKeyDER reads a private key in the form of its type or PKCS #8.
func ParsePrivateKeyDER(der []byte) (*Key, error) {
	in := some(der)
	return newKey(C.glscrypto_d2i_PrivateKey_bio((*C.uchar)(&in[0]), C.size_t(len(der))))
}

// ParsePublicKeyPEM reads the first public key in pem.
func ParsePublicKeyPEM(pem []byte) (*Key, error) {
	in := some(pem)
	return newKey(C.glscrypto_PEM_read_bio_PUBKEY((*C.uchar)(&in[0]), C.size_t(len(pem))))
}

// ParsePublicKeyDER reads a public key.
func ParsePublicKeyDER(der []byte) (*Key, error) {
	in := some(der)
	return newKey(C.glscrypto_d2i_PUBKEY_bio((*C.uchar)(&in[0]), C.size_t(len(der))))
}

// ParseParametersPEM reads the first parameters in pem, as those of Diffie-Hellman.
func ParseParametersPEM(pem []byte) (*Key, error) {
	in := some(pem)
	return newKey(C.glscrypto_PEM_read_bio_Parameters((*C.uchar)(&in[0]), C.size_t(len(pem))))
}

// MaxRSABits is the largest RSA key that libcrypto uses.
const MaxRSABits = C.OPENSSL_RSA_MAX_MODULUS_BITS

// GenerateRSA generates an RSA key. The exponent is odd and above 1: with others 1.1.1 never ends.
func GenerateRSA(bits int, exponent uint32) (*Key, error) {
	return newKey(C.glscrypto_RSA_keygen(C.int(bits), C.ulong(exponent)))
}

// GenerateEC generates a key on the curve that has the number.
func GenerateEC(nid int) (*Key, error) { return newKey(C.glscrypto_EC_keygen(clip(nid))) }

// GenerateEd25519 generates an Ed25519 key.
func GenerateEd25519() (*Key, error) { return newKey(C.glscrypto_EVP_PKEY_keygen(C.EVP_PKEY_ED25519)) }

// bytes is what f writes of the key.
func (k *Key) bytes(f func(p *C.EVP_PKEY) C.glscrypto_bytes) ([]byte, error) {
	defer runtime.KeepAlive(k)
	return take(f(k.ptr))
}

// PrivatePEM returns a private key as PKCS #8.
func (k *Key) PrivatePEM() ([]byte, error) {
	return k.bytes(func(p *C.EVP_PKEY) C.glscrypto_bytes { return C.glscrypto_PEM_write_bio_PrivateKey(p) })
}

// TraditionalPEM returns a private key in the form of its type, as PKCS #1 for RSA, or as PKCS #8 where there is none.
func (k *Key) TraditionalPEM() ([]byte, error) {
	return k.bytes(func(p *C.EVP_PKEY) C.glscrypto_bytes { return C.glscrypto_PEM_write_bio_PrivateKey_traditional(p) })
}

// PrivateDER returns a private key in the form of its type, as PKCS #1 for RSA, or as PKCS #8 where there is none.
func (k *Key) PrivateDER() ([]byte, error) {
	return k.bytes(func(p *C.EVP_PKEY) C.glscrypto_bytes { return C.glscrypto_i2d_PrivateKey_bio(p) })
}

// PublicPEM returns the public key.
func (k *Key) PublicPEM() ([]byte, error) {
	return k.bytes(func(p *C.EVP_PKEY) C.glscrypto_bytes { return C.glscrypto_PEM_write_bio_PUBKEY(p) })
}

// PublicDER returns the public key.
func (k *Key) PublicDER() ([]byte, error) {
	return k.bytes(func(p *C.EVP_PKEY) C.glscrypto_bytes { return C.glscrypto_i2d_PUBKEY_bio(p) })
}

// ParametersPEM returns the parameters.
func (k *Key) ParametersPEM() ([]byte, error) {
	return k.bytes(func(p *C.EVP_PKEY) C.glscrypto_bytes { return C.glscrypto_PEM_write_bio_Parameters(p) })
}

// Type returns the number of the key's type, NID_rsaEncryption say. It is -1 for a type that only a provider knows.
func (k *Key) Type() int {
	defer runtime.KeepAlive(k)
	return int(C.glscrypto_EVP_PKEY_get_id(k.ptr))
}

// BaseType returns the number of the type that Type is another name of.
func (k *Key) BaseType() int {
	defer runtime.KeepAlive(k)
	return int(C.glscrypto_EVP_PKEY_get_base_id(k.ptr))
}

// SignsMessages reports whether the key signs a message itself and not its digest, as Ed25519 does.
func (k *Key) SignsMessages() bool {
	t := k.BaseType()
	return t == C.EVP_PKEY_ED25519 || t == C.EVP_PKEY_ED448
}

// md returns the digest to sign with, NULL for nil.
func md(d *Digest) (*fetched, *C.EVP_MD, error) {
	if d == nil {
		return nil, nil, nil
	}
	f, err := d.get()
	if err != nil {
		return nil, nil, err
	}
	return f, (*C.EVP_MD)(f.ptr), nil
}

// Sign signs the digest of data, or data itself if d is nil.
func (k *Key) Sign(d *Digest, data []byte) ([]byte, error) {
	f, p, err := md(d)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(k)
	defer runtime.KeepAlive(f)
	in := some(data)
	return take(C.glscrypto_EVP_DigestSign(k.ptr, p, (*C.uchar)(&in[0]), C.size_t(len(data))))
}

// Verify checks a signature of Sign.
func (k *Key) Verify(d *Digest, data, sig []byte) error {
	f, p, err := md(d)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(k)
	defer runtime.KeepAlive(f)
	in, s := some(data), some(sig)
	return check(C.glscrypto_EVP_DigestVerify(k.ptr, p, (*C.uchar)(&in[0]), C.size_t(len(data)),
		(*C.uchar)(&s[0]), C.size_t(len(sig))))
}

// Derive returns the secret that a private key shares with a peer.
func (k *Key) Derive(peer *Key) ([]byte, error) {
	defer runtime.KeepAlive(k)
	defer runtime.KeepAlive(peer)
	return take(C.glscrypto_EVP_PKEY_derive(k.ptr, peer.ptr))
}
