package libcrypto

// #cgo noescape glscrypto_EVP_MAC_update
// #cgo nocallback glscrypto_EVP_MAC_update
// #cgo noescape glscrypto_EVP_MAC_final
// #cgo nocallback glscrypto_EVP_MAC_final
// #include "crypto.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// An HMAC is an EVP_MAC_CTX, an HMAC_CTX in 1.1.1.
type HMAC struct {
	owner
	size int
}

// NewHMAC starts the first message. An empty key is a key.
func NewHMAC(d *Digest, key []byte) (*HMAC, error) {
	md, err := d.get()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(md)
	size, err := d.Size()
	if err != nil {
		return nil, err
	}
	k := some(key)
	r := C.glscrypto_EVP_MAC_CTX_new((*C.EVP_MD)(md.ptr), (*C.uchar)(&k[0]), C.size_t(len(key)))
	if err := check(r); err != nil {
		return nil, err
	}
	h := &HMAC{size: size}
	h.own(r.ptr, func(p unsafe.Pointer) { C.glscrypto_EVP_MAC_CTX_free((*C.glscrypto_mac)(p)) })
	return h, nil
}

// Reset drops what was written of the message.
func (h *HMAC) Reset() error {
	return h.use(func(p unsafe.Pointer) error { return check(C.glscrypto_EVP_MAC_init((*C.glscrypto_mac)(p))) })
}

// Write adds to the message.
func (h *HMAC) Write(data []byte) error {
	return h.use(func(p unsafe.Pointer) error {
		in := some(data)
		return check(C.glscrypto_EVP_MAC_update((*C.glscrypto_mac)(p), (*C.uchar)(&in[0]), C.size_t(len(data))))
	})
}

// Sum ends the message, returns its code and starts the next one.
func (h *HMAC) Sum() ([]byte, error) {
	out := make([]byte, h.size)
	err := h.use(func(p unsafe.Pointer) error {
		return check(C.glscrypto_EVP_MAC_final((*C.glscrypto_mac)(p), (*C.uchar)(&out[0]), C.size_t(len(out))))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
