package libcrypto

// #cgo noescape glscrypto_EVP_Digest
// #cgo nocallback glscrypto_EVP_Digest
// #cgo noescape glscrypto_EVP_DigestUpdate
// #cgo nocallback glscrypto_EVP_DigestUpdate
// #cgo noescape glscrypto_EVP_DigestFinal_ex
// #cgo nocallback glscrypto_EVP_DigestFinal_ex
// #include "crypto.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// A Digest is an EVP_MD.
type Digest struct{ algorithm }

// NewDigest returns the digest that libcrypto knows by a name, as "SHA256". Whether there is one shows when it is used.
func NewDigest(name string) *Digest { return &Digest{algorithm{name: name, kind: &digests}} }

var digests = kind{
	op:    "EVP_MD_fetch",
	fetch: func(name *C.char) C.gls_ret { return C.glscrypto_EVP_MD_fetch(name) },
	free:  func(p unsafe.Pointer) { C.glscrypto_EVP_MD_free((*C.EVP_MD)(p)) },
}

// MaxSize is the largest size of a digest.
const MaxSize = C.EVP_MAX_MD_SIZE

// Size returns how many bytes a digest has.
func (d *Digest) Size() (int, error) {
	md, err := d.get()
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(md)
	return int(C.glscrypto_EVP_MD_get_size((*C.EVP_MD)(md.ptr))), nil
}

// Sum writes the digest of data to out, which has room for it.
func (d *Digest) Sum(data, out []byte) error {
	md, err := d.get()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(md)
	in := some(data)
	return check(C.glscrypto_EVP_Digest((*C.EVP_MD)(md.ptr), unsafe.Pointer(&in[0]), C.size_t(len(data)), (*C.uchar)(&out[0])))
}

// A Hash is an EVP_MD_CTX.
type Hash struct{ owner }

// NewHash starts the first message.
func NewHash(d *Digest) (*Hash, error) {
	md, err := d.get()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(md)
	r := C.glscrypto_EVP_MD_CTX_new((*C.EVP_MD)(md.ptr))
	if err := check(r); err != nil {
		return nil, err
	}
	h := new(Hash)
	h.own(r.ptr, func(p unsafe.Pointer) { C.EVP_MD_CTX_free((*C.EVP_MD_CTX)(p)) })
	return h, nil
}

// Reset drops what was written of the message.
func (h *Hash) Reset() error {
	return h.use(func(p unsafe.Pointer) error { return check(C.glscrypto_EVP_DigestInit_ex((*C.EVP_MD_CTX)(p))) })
}

// Write adds to the message.
func (h *Hash) Write(data []byte) error {
	return h.use(func(p unsafe.Pointer) error {
		in := some(data)
		return check(C.glscrypto_EVP_DigestUpdate((*C.EVP_MD_CTX)(p), unsafe.Pointer(&in[0]), C.size_t(len(data))))
	})
}

// Sum ends the message, writes its digest to out, which has room for it, and starts the next one.
func (h *Hash) Sum(out []byte) error {
	return h.use(func(p unsafe.Pointer) error {
		return check(C.glscrypto_EVP_DigestFinal_ex((*C.EVP_MD_CTX)(p), (*C.uchar)(&out[0])))
	})
}
