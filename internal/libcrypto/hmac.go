package libcrypto

// #cgo noescape glscrypto_EVP_MAC_update
// #cgo nocallback glscrypto_EVP_MAC_update
// #cgo noescape glscrypto_EVP_MAC_final
// #cgo nocallback glscrypto_EVP_MAC_final
// #include "crypto.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/go-libssl/libssl"
)

// An HMAC is an EVP_MAC_CTX, an HMAC_CTX in 1.1.1.
type HMAC struct {
	owner
	size int
	held []byte // the end of the message, which libcrypto has not seen: a short one costs one crossing and not two
}

// maxHeld is how long what is held may be: copying it costs less than a crossing.
const maxHeld = 256

var hmacs = algorithm{name: "HMAC", kind: &kind{
	op:    "EVP_MAC_fetch",
	fetch: func(name *C.char) C.gls_ret { return C.glscrypto_EVP_MAC_fetch(name) },
	free:  func(p unsafe.Pointer) { C.glscrypto_EVP_MAC_free(p) },
}}

// NewHMAC starts the first message. An empty key is a key.
func NewHMAC(d *Digest, key []byte) (*HMAC, error) {
	md, err := d.get()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(md)
	mac, err := hmacs.get()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(mac)
	k := some(key)
	var size C.size_t
	r := C.glscrypto_EVP_MAC_CTX_new(mac.ptr, (*C.EVP_MD)(md.ptr), (*C.uchar)(&k[0]), C.size_t(len(key)), &size)
	if err := check(r); err != nil {
		if e := new(libssl.Error); errors.As(err, &e) && e.Op == "EVP_MAC_init" { // the digest is not there for HMAC
			err = fmt.Errorf("%w: %w", libssl.ErrUnsupported, err)
		}
		return nil, fmt.Errorf("HMAC with %s: %w", d.Name(), err)
	}
	h := &HMAC{size: int(size)}
	h.own(r.ptr, func(p unsafe.Pointer) { C.glscrypto_EVP_MAC_CTX_free((*C.glscrypto_mac)(p)) })
	return h, nil
}

// Reset drops what was written of the message.
func (h *HMAC) Reset() error {
	return h.use(func(p unsafe.Pointer) error {
		h.held = h.held[:0]
		return check(C.glscrypto_EVP_MAC_init((*C.glscrypto_mac)(p)))
	})
}

// Write adds to the message.
func (h *HMAC) Write(data []byte) error {
	return h.use(func(p unsafe.Pointer) error {
		if len(h.held)+len(data) <= maxHeld {
			h.held = append(h.held, data...)
			return nil
		}
		held := h.held
		h.held = held[:0]
		for _, part := range [][]byte{held, data} {
			in := some(part)
			if err := check(C.glscrypto_EVP_MAC_update((*C.glscrypto_mac)(p), (*C.uchar)(&in[0]), C.size_t(len(part)))); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sum ends the message, returns its code and starts the next one.
func (h *HMAC) Sum() ([]byte, error) {
	out := make([]byte, h.size)
	err := h.use(func(p unsafe.Pointer) error {
		held := h.held
		h.held = held[:0]
		in := some(held)
		return check(C.glscrypto_EVP_MAC_final((*C.glscrypto_mac)(p), (*C.uchar)(&in[0]), C.size_t(len(held)),
			(*C.uchar)(&out[0]), C.size_t(len(out))))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
