package libcrypto

// #cgo noescape glscrypto_EVP_CipherUpdate
// #cgo nocallback glscrypto_EVP_CipherUpdate
// #cgo noescape glscrypto_EVP_CipherFinal_ex
// #cgo nocallback glscrypto_EVP_CipherFinal_ex
// #include "crypto.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// A Cipher is an EVP_CIPHER.
type Cipher struct{ algorithm }

// NewCipher returns the cipher that libcrypto knows by a name, as "AES-128-CBC". Whether there is one shows when it is used.
func NewCipher(name string) *Cipher { return &Cipher{algorithm{name: name, kind: &ciphers}} }

var ciphers = kind{
	op:    "EVP_CIPHER_fetch",
	fetch: func(name *C.char) C.gls_ret { return C.glscrypto_EVP_CIPHER_fetch(name) },
	free:  func(p unsafe.Pointer) { C.glscrypto_EVP_CIPHER_free((*C.EVP_CIPHER)(p)) },
}

// A CipherInfo says what a cipher takes, in bytes.
type CipherInfo struct {
	NID, BlockSize, KeySize, IVSize int
	AEAD                            bool // it authenticates
}

// Info returns what the cipher takes.
func (c *Cipher) Info() (CipherInfo, error) {
	f, err := c.get()
	if err != nil {
		return CipherInfo{}, err
	}
	defer runtime.KeepAlive(f)
	i := C.glscrypto_EVP_CIPHER_info((*C.EVP_CIPHER)(f.ptr))
	return CipherInfo{int(i.nid), int(i.block_size), int(i.key_length), int(i.iv_length), i.aead != 0}, nil
}

// A CipherCtx is an EVP_CIPHER_CTX.
type CipherCtx struct {
	owner
	missing error // what it can't do without
}

// NewCipherCtx starts a message. key and iv may be nil, and are of the cipher's lengths otherwise, but that ivLength, if
// it isn't 0, is the iv's.
func NewCipherCtx(c *Cipher, key, iv []byte, ivLength int, encrypt bool) (*CipherCtx, error) {
	f, err := c.get()
	if err != nil {
		return nil, err
	}
	info, err := c.Info()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(f)
	var direction C.int
	if encrypt {
		direction = 1
	}
	k, v := C.CBytes(key), C.CBytes(iv)
	defer wipe(k, len(key))
	defer wipe(v, len(iv))
	r := C.glscrypto_EVP_CipherInit_ex((*C.EVP_CIPHER)(f.ptr), uchars(k, key), uchars(v, iv), C.int(ivLength), direction)
	if err := check(r); err != nil {
		return nil, err
	}
	x := new(CipherCtx)
	switch {
	case key == nil && info.KeySize > 0:
		x.missing = errNoKey
	case iv == nil && info.AEAD:
		x.missing = errNoIV
	}
	x.own(r.ptr, func(p unsafe.Pointer) { C.EVP_CIPHER_CTX_free((*C.EVP_CIPHER_CTX)(p)) })
	return x, nil
}

var (
	errNoKey = errors.New("no key was given") // 1.1.1 crashes
	errNoIV  = errors.New("no IV was given")  // 3.x makes one that nobody gets to know
)

// crypt is for what needs a key.
func (x *CipherCtx) crypt(f func(p *C.EVP_CIPHER_CTX) error) error {
	if x.missing != nil {
		return x.missing
	}
	return x.use(func(p unsafe.Pointer) error { return f((*C.EVP_CIPHER_CTX)(p)) })
}

// Update returns what comes out for in.
func (x *CipherCtx) Update(in []byte) ([]byte, error) {
	if len(in) > math.MaxInt32-C.EVP_MAX_BLOCK_LENGTH {
		return nil, fmt.Errorf("libssl: EVP_CipherUpdate: %d bytes at once are too many", len(in))
	}
	out := make([]byte, len(in)+C.EVP_MAX_BLOCK_LENGTH)
	n := C.int(len(out))
	err := x.crypt(func(p *C.EVP_CIPHER_CTX) error {
		data := some(in)
		return check(C.glscrypto_EVP_CipherUpdate(p, (*C.uchar)(&out[0]), &n, (*C.uchar)(&data[0]), C.int(len(in))))
	})
	if err != nil {
		return nil, err
	}
	return out[:n], nil
}

// Authenticate adds data that is authenticated and not encrypted.
func (x *CipherCtx) Authenticate(in []byte) error {
	if len(in) > math.MaxInt32 {
		return fmt.Errorf("libssl: EVP_CipherUpdate: %d bytes at once are too many", len(in))
	}
	return x.crypt(func(p *C.EVP_CIPHER_CTX) error {
		var n C.int
		data := some(in)
		return check(C.glscrypto_EVP_CipherUpdate(p, nil, &n, (*C.uchar)(&data[0]), C.int(len(in))))
	})
}

// Final returns what is left to come out.
func (x *CipherCtx) Final() ([]byte, error) {
	out := make([]byte, C.EVP_MAX_BLOCK_LENGTH)
	var n C.int
	err := x.crypt(func(p *C.EVP_CIPHER_CTX) error {
		return check(C.glscrypto_EVP_CipherFinal_ex(p, (*C.uchar)(&out[0]), &n))
	})
	if err != nil {
		return nil, err
	}
	return out[:n], nil
}

// SetPadding says whether the last block is padded. It can't fail.
func (x *CipherCtx) SetPadding(on bool) {
	x.use(func(p unsafe.Pointer) error {
		var pad C.int
		if on {
			pad = 1
		}
		C.EVP_CIPHER_CTX_set_padding((*C.EVP_CIPHER_CTX)(p), pad)
		return nil
	})
}

// Codes for Control.
const (
	ControlGetTag = C.EVP_CTRL_AEAD_GET_TAG
	ControlSetTag = C.EVP_CTRL_AEAD_SET_TAG
)

// Control calls EVP_CIPHER_CTX_ctrl with a copy of value, and has value hold afterwards what the copy holds.
func (x *CipherCtx) Control(code, arg int, value []byte) error {
	return x.crypt(func(p *C.EVP_CIPHER_CTX) error {
		copied := C.CBytes(value)
		defer wipe(copied, len(value))
		if err := check(C.glscrypto_EVP_CIPHER_CTX_ctrl(p, C.int(code), C.int(arg), copied)); err != nil {
			return err
		}
		copy(value, unsafe.Slice((*byte)(copied), len(value)))
		return nil
	})
}
