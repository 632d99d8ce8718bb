package openssl

import (
	"fmt"

	"github.com/go-libssl/libssl/internal/libcrypto"
)

// An AuthenticatedEncryptionCipherCtx encrypts one message and makes a tag, by which changes to it show.
type AuthenticatedEncryptionCipherCtx interface {
	EncryptionCipherCtx

	// ExtraData adds data that is authenticated and not encrypted: whoever decrypts has to have it. It comes before all
	// plaintext and may be called any number of times.
	ExtraData([]byte) error

	// GetTag returns the tag, of GCM_TAG_MAXLEN bytes. It comes after EncryptFinal.
	GetTag() ([]byte, error)
}

// An AuthenticatedDecryptionCipherCtx decrypts one message and checks its tag.
type AuthenticatedDecryptionCipherCtx interface {
	DecryptionCipherCtx

	// ExtraData takes the data that was given to the encryption's ExtraData. It comes before all ciphertext.
	ExtraData([]byte) error

	// SetTag takes the tag, of 1 to GCM_TAG_MAXLEN bytes. It comes before DecryptFinal, which fails if the message does not
	// have it. How long a tag is to be is the caller's to check: a short one is easily guessed.
	SetTag([]byte) error
}

// NewGCMEncryptionCipherCtx starts the encryption of a message by AES in Galois/counter mode. blocksize is the key's size in
// bits: 128, 192 or 256. iv has any length from 1 on, with OpenSSL 3.0 and later up to 128 bytes, best 12, and must never be
// used twice under one key. There are no engines, see [EngineById]: e is not looked at.
//
// C: EVP_aes_256_gcm(3)
func NewGCMEncryptionCipherCtx(blocksize int, e *Engine, key, iv []byte) (AuthenticatedEncryptionCipherCtx, error) {
	ctx, err := newGCMCtx(blocksize, key, iv, true)
	if err != nil {
		return nil, err
	}
	return &authEncryptionCipherCtx{&encryptionCipherCtx{ctx}}, nil
}

// NewGCMDecryptionCipherCtx starts the decryption of a message: see [NewGCMEncryptionCipherCtx].
//
// C: EVP_aes_256_gcm(3)
func NewGCMDecryptionCipherCtx(blocksize int, e *Engine, key, iv []byte) (AuthenticatedDecryptionCipherCtx, error) {
	ctx, err := newGCMCtx(blocksize, key, iv, false)
	if err != nil {
		return nil, err
	}
	return &authDecryptionCipherCtx{&decryptionCipherCtx{ctx}}, nil
}

var gcm = map[int]*libcrypto.Cipher{
	128: libcrypto.NewCipher("AES-128-GCM"),
	192: libcrypto.NewCipher("AES-192-GCM"),
	256: libcrypto.NewCipher("AES-256-GCM"),
}

func newGCMCtx(blocksize int, key, iv []byte, encrypt bool) (*cipherCtx, error) {
	algorithm := gcm[blocksize]
	if algorithm == nil {
		return nil, fmt.Errorf("unknown block size %d", blocksize)
	}
	c, err := newCipher(algorithm)
	if err != nil {
		return nil, fmt.Errorf("failed to initialize cipher context: %w", err)
	}
	if err := checkKey(c, key); err != nil {
		return nil, err
	}
	if len(iv) == 0 {
		iv = nil
	}
	return startCipherCtx(c, key, iv, len(iv), encrypt)
}

// authenticate is ExtraData of both.
func (ctx *cipherCtx) authenticate(aad []byte) error {
	if len(aad) == 0 {
		return nil
	}
	if err := ctx.ctx.Authenticate(aad); err != nil {
		return fmt.Errorf("failed to add additional authenticated data: %w", err)
	}
	return nil
}

type authEncryptionCipherCtx struct{ *encryptionCipherCtx }

func (ctx *authEncryptionCipherCtx) ExtraData(aad []byte) error { return ctx.authenticate(aad) }

func (ctx *authEncryptionCipherCtx) GetTag() ([]byte, error) {
	tag := make([]byte, GCM_TAG_MAXLEN)
	if err := ctx.ctx.Control(libcrypto.ControlGetTag, len(tag), tag); err != nil {
		return nil, withResult(fmt.Sprintf("get code %d with arg %d", libcrypto.ControlGetTag, len(tag)), err)
	}
	return tag, nil
}

type authDecryptionCipherCtx struct{ *decryptionCipherCtx }

func (ctx *authDecryptionCipherCtx) ExtraData(aad []byte) error { return ctx.authenticate(aad) }

func (ctx *authDecryptionCipherCtx) SetTag(tag []byte) error {
	if err := ctx.ctx.Control(libcrypto.ControlSetTag, len(tag), tag); err != nil {
		return withResult(fmt.Sprintf("set code %d with arg %d to %x", libcrypto.ControlSetTag, len(tag), tag), err)
	}
	return nil
}
