package openssl

import (
	"errors"
	"fmt"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/libcrypto"
)

// GCM_TAG_MAXLEN is how many bytes the tag has that [AuthenticatedEncryptionCipherCtx] returns.
const GCM_TAG_MAXLEN = 16

// A CipherCtx is one message's encryption or decryption. It needs no closing. Several goroutines may use it, and take turns.
//
// C: EVP_CIPHER_CTX_new(3)
type CipherCtx interface {
	// Cipher returns the algorithm.
	Cipher() *Cipher
	// BlockSize returns how many bytes are encrypted at once: 1 for a stream cipher.
	BlockSize() int
	// KeySize returns how many bytes the key has.
	KeySize() int
	// IVSize returns how many bytes the initialization vector has; 0 if there is none.
	IVSize() int
}

// An EncryptionCipherCtx encrypts one message.
type EncryptionCipherCtx interface {
	CipherCtx

	// EncryptUpdate takes a part of the plaintext and returns what ciphertext that makes. It may be called any number of
	// times.
	//
	// C: EVP_EncryptUpdate(3)
	EncryptUpdate(input []byte) ([]byte, error)

	// EncryptFinal comes after all plaintext, and returns the rest of the ciphertext: the last block with its padding.
	//
	// C: EVP_EncryptFinal_ex(3)
	EncryptFinal() ([]byte, error)
}

// A DecryptionCipherCtx decrypts one message.
type DecryptionCipherCtx interface {
	CipherCtx

	// DecryptUpdate takes a part of the ciphertext and returns what plaintext that makes. It may be called any number of
	// times.
	//
	// C: EVP_DecryptUpdate(3)
	DecryptUpdate(input []byte) ([]byte, error)

	// DecryptFinal comes after all ciphertext, and returns the rest of the plaintext. After an error, nothing that was
	// returned before is to be trusted.
	//
	// C: EVP_DecryptFinal_ex(3)
	DecryptFinal() ([]byte, error)
}

// A Cipher is a cipher algorithm. It needs no closing.
//
// C: EVP_CIPHER_fetch(3)
type Cipher struct {
	cipher *libcrypto.Cipher
	info   libcrypto.CipherInfo
}

// GetCipherByName returns the cipher that libcrypto knows by a name, as "aes-256-cbc". What the loaded providers lack, as
// DES, RC4 and Blowfish from OpenSSL 3.0 on, is taken from the legacy provider. If that has no such cipher either, or is not
// installed, or the default properties demand FIPS 140 implementations, the error wraps [libssl.ErrUnsupported].
//
// C: EVP_get_cipherbyname(3)
func GetCipherByName(name string) (*Cipher, error) {
	c, err := newCipher(libcrypto.NewCipher(name))
	if err != nil {
		return nil, fmt.Errorf("Cipher %v not found: %w", name, err)
	}
	return c, nil
}

func newCipher(c *libcrypto.Cipher) (*Cipher, error) {
	info, err := c.Info()
	if err != nil {
		return nil, err
	}
	return &Cipher{c, info}, nil
}

// GetCipherByNid is [GetCipherByName] by number.
//
// C: EVP_get_cipherbynid(3)
func GetCipherByNid(nid NID) (*Cipher, error) {
	name, err := Nid2ShortName(nid)
	if err != nil {
		return nil, err
	}
	return GetCipherByName(name)
}

// Nid returns the cipher's number; NID_undef if it has none.
//
// C: EVP_CIPHER_get_nid(3)
func (c *Cipher) Nid() NID { return NID(c.sizes().NID) }

// ShortName returns the cipher's short name, as "AES-256-CBC".
//
// C: OBJ_nid2sn(3)
func (c *Cipher) ShortName() (string, error) { return Nid2ShortName(c.Nid()) }

// BlockSize returns how many bytes are encrypted at once: 1 for a stream cipher.
//
// C: EVP_CIPHER_get_block_size(3)
func (c *Cipher) BlockSize() int { return c.sizes().BlockSize }

// KeySize returns how many bytes the key has.
//
// C: EVP_CIPHER_get_key_length(3)
func (c *Cipher) KeySize() int { return c.sizes().KeySize }

// IVSize returns how many bytes the initialization vector has: 0 if there is none, 7 in CCM mode.
//
// C: EVP_CIPHER_get_iv_length(3)
func (c *Cipher) IVSize() int { return c.sizes().IVSize }

// sizes are 0 for no cipher.
func (c *Cipher) sizes() libcrypto.CipherInfo {
	if c == nil {
		return libcrypto.CipherInfo{}
	}
	return c.info
}

// NewEncryptionCipherCtx starts the encryption of a message. key and iv have the cipher's sizes; iv is nil for a cipher that
// has none. Without a key nothing can be encrypted. There are no engines, see [EngineById]: e is not looked at.
//
// C: EVP_EncryptInit_ex(3)
func NewEncryptionCipherCtx(c *Cipher, e *Engine, key, iv []byte) (EncryptionCipherCtx, error) {
	ctx, err := newCipherCtx(c, key, iv, true)
	if err != nil {
		return nil, err
	}
	return &encryptionCipherCtx{ctx}, nil
}

// NewDecryptionCipherCtx starts the decryption of a message: see [NewEncryptionCipherCtx].
//
// C: EVP_DecryptInit_ex(3)
func NewDecryptionCipherCtx(c *Cipher, e *Engine, key, iv []byte) (DecryptionCipherCtx, error) {
	ctx, err := newCipherCtx(c, key, iv, false)
	if err != nil {
		return nil, err
	}
	return &decryptionCipherCtx{ctx}, nil
}

type cipherCtx struct {
	cipher *Cipher
	ctx    *libcrypto.CipherCtx
}

func newCipherCtx(c *Cipher, key, iv []byte, encrypt bool) (*cipherCtx, error) {
	if err := checkKey(c, key); err != nil {
		return nil, err
	}
	if iv != nil && len(iv) != c.IVSize() {
		return nil, fmt.Errorf("bad IV size (%d bytes instead of %d)", len(iv), c.IVSize())
	}
	return startCipherCtx(c, key, iv, 0, encrypt)
}

// checkKey is for C, which is given no lengths.
func checkKey(c *Cipher, key []byte) error {
	if c == nil || c.cipher == nil {
		return errors.New("null cipher not allowed")
	}
	if key != nil && len(key) != c.KeySize() {
		return fmt.Errorf("bad key size (%d bytes instead of %d)", len(key), c.KeySize())
	}
	return nil
}

func startCipherCtx(c *Cipher, key, iv []byte, ivSize int, encrypt bool) (*cipherCtx, error) {
	ctx, err := libcrypto.NewCipherCtx(c.cipher, key, iv, ivSize, encrypt)
	e := new(libssl.Error)
	errors.As(err, &e)
	switch {
	case err == nil:
		return &cipherCtx{c, ctx}, nil
	case e.Op == "EVP_CIPHER_CTX_ctrl":
		return nil, fmt.Errorf("could not set IV len to %d: %w", ivSize, err)
	case e.Op == "EVP_CipherInit_ex" && (key != nil || iv != nil):
		return nil, fmt.Errorf("failed to apply key/IV: %w", err)
	}
	return nil, fmt.Errorf("failed to initialize cipher context: %w", err)
}

// withResult is an error that tells what the C function returned, as some of the original's do.
func withResult(what string, err error) error {
	e := new(libssl.Error)
	errors.As(err, &e) // or 0: it was not called
	return fmt.Errorf("failed to %s [result %d]: %w", what, e.Ret, err)
}

func (ctx *cipherCtx) Cipher() *Cipher { return ctx.cipher }
func (ctx *cipherCtx) BlockSize() int  { return ctx.cipher.BlockSize() }
func (ctx *cipherCtx) KeySize() int    { return ctx.cipher.KeySize() }
func (ctx *cipherCtx) IVSize() int     { return ctx.cipher.IVSize() }

// SetPadding says whether the last block is padded, as it is unless this is called. It is there for those who ask by
//
//	ctx.(interface{ SetPadding(bool) })
func (ctx *cipherCtx) SetPadding(pad bool) { ctx.ctx.SetPadding(pad) }

// update is both ways: what names this one.
func (ctx *cipherCtx) update(what string, input []byte) ([]byte, error) {
	if len(input) == 0 {
		return nil, nil
	}
	out, err := ctx.ctx.Update(input)
	if err != nil {
		return nil, withResult(what, err)
	}
	return out, nil
}

func (ctx *cipherCtx) final(what string) ([]byte, error) {
	out, err := ctx.ctx.Final()
	if err != nil {
		return nil, fmt.Errorf("%s failed: %w", what, err)
	}
	return out, nil
}

type encryptionCipherCtx struct{ *cipherCtx }

func (ctx *encryptionCipherCtx) EncryptUpdate(input []byte) ([]byte, error) {
	return ctx.update("encrypt", input)
}
func (ctx *encryptionCipherCtx) EncryptFinal() ([]byte, error) { return ctx.final("encryption") }

type decryptionCipherCtx struct{ *cipherCtx }

func (ctx *decryptionCipherCtx) DecryptUpdate(input []byte) ([]byte, error) {
	return ctx.update("decrypt", input)
}
func (ctx *decryptionCipherCtx) DecryptFinal() ([]byte, error) { return ctx.final("decryption") }
