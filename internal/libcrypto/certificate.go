package libcrypto

// #include "crypto.h"
import "C"

import (
	"math/big"
	"runtime"
	"unsafe"
)

// A Name is an X509_NAME.
type Name struct{ owner }

func newName(r C.gls_ret) (*Name, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	n := new(Name)
	n.own(r.ptr, func(p unsafe.Pointer) { C.X509_NAME_free((*C.X509_NAME)(p)) })
	return n, nil
}

// NewName returns a name without entries.
func NewName() (*Name, error) { return newName(C.glscrypto_X509_NAME_new()) }

// Add adds an entry. field is a short or long name, or a number with dots.
func (n *Name) Add(field, text string) error {
	return n.use(func(p unsafe.Pointer) error {
		return withStrings("X509_NAME_add_entry_by_txt", field, text, func(f, t *C.char) error {
			return check(C.glscrypto_X509_NAME_add_entry_by_txt((*C.X509_NAME)(p), f, t, C.int(len(text))))
		})
	})
}

// Text returns the first entry that has the number, in UTF-8.
func (n *Name) Text(nid int) (text []byte, err error) {
	err = n.use(func(p unsafe.Pointer) error {
		text, err = take(C.glscrypto_X509_NAME_get_text_by_NID((*C.X509_NAME)(p), clip(nid)))
		return err
	})
	return text, err
}

func withStrings(op, a, b string, f func(a, b *C.char) error) error {
	return withCString(op, a, func(ca *C.char) error {
		return withCString(op, b, func(cb *C.char) error { return f(ca, cb) })
	})
}

// A Certificate is an X509.
type Certificate struct{ owner }

// Which of a certificate's names is meant.
type Which C.int

const (
	Subject Which = iota
	Issuer
)

func newCertificate(r C.gls_ret) (*Certificate, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	c := new(Certificate)
	c.own(r.ptr, func(p unsafe.Pointer) { C.X509_free((*C.X509)(p)) })
	return c, nil
}

// NewCertificate returns a certificate in which there is nothing yet.
func NewCertificate() (*Certificate, error) { return newCertificate(C.glscrypto_X509_new()) }

// ParseCertificatePEM reads the first certificate in pem.
func ParseCertificatePEM(pem []byte) (*Certificate, error) {
	in := some(pem)
	return newCertificate(C.glscrypto_PEM_read_bio_X509((*C.uchar)(&in[0]), C.size_t(len(pem))))
}

// ParseCertificateDER reads a certificate.
func ParseCertificateDER(der []byte) (*Certificate, error) {
	in := some(der)
	return newCertificate(C.glscrypto_d2i_X509((*C.uchar)(&in[0]), C.size_t(len(der))))
}

// with is use for calls that return nothing but their outcome.
func (c *Certificate) with(f func(x *C.X509) C.gls_ret) error {
	return c.use(func(p unsafe.Pointer) error { return check(f((*C.X509)(p))) })
}

// bytes is what f reads of the certificate.
func (c *Certificate) bytes(f func(x *C.X509) C.glscrypto_bytes) (b []byte, err error) {
	err = c.use(func(p unsafe.Pointer) error {
		b, err = take(f((*C.X509)(p)))
		return err
	})
	return b, err
}

// PEM returns the certificate.
func (c *Certificate) PEM() ([]byte, error) {
	return c.bytes(func(x *C.X509) C.glscrypto_bytes { return C.glscrypto_PEM_write_bio_X509(x) })
}

// DER returns the certificate.
func (c *Certificate) DER() ([]byte, error) {
	return c.bytes(func(x *C.X509) C.glscrypto_bytes { return C.glscrypto_i2d_X509(x) })
}

// Name returns a copy of a name.
func (c *Certificate) Name(w Which) (n *Name, err error) {
	err = c.use(func(p unsafe.Pointer) error {
		n, err = newName(C.glscrypto_X509_dup_name((*C.X509)(p), C.int(w)))
		return err
	})
	return n, err
}

// SetName copies a name into the certificate.
func (c *Certificate) SetName(w Which, n *Name) error {
	return n.use(func(name unsafe.Pointer) error {
		return c.with(func(x *C.X509) C.gls_ret { return C.glscrypto_X509_set_name(x, (*C.X509_NAME)(name), C.int(w)) })
	})
}

// AddToName adds an entry to a name: see [Name.Add].
func (c *Certificate) AddToName(w Which, field, text string) error {
	return c.use(func(x unsafe.Pointer) error {
		n, err := newName(C.glscrypto_X509_dup_name((*C.X509)(x), C.int(w)))
		if err != nil {
			return err
		}
		defer n.Close()
		if err := n.Add(field, text); err != nil {
			return err
		}
		return n.use(func(name unsafe.Pointer) error {
			return check(C.glscrypto_X509_set_name((*C.X509)(x), (*C.X509_NAME)(name), C.int(w)))
		})
	})
}

// SerialHex returns the serial number in hexadecimal.
func (c *Certificate) SerialHex() ([]byte, error) {
	return c.bytes(func(x *C.X509) C.glscrypto_bytes { return C.glscrypto_X509_get_serialNumber(x) })
}

// SetSerial sets the serial number, which is not negative.
func (c *Certificate) SetSerial(n *big.Int) error {
	b := n.Bytes()
	in := some(b)
	return c.with(func(x *C.X509) C.gls_ret {
		return C.glscrypto_X509_set_serialNumber(x, (*C.uchar)(&in[0]), C.int(len(b)))
	})
}

// SetNotBefore sets from when on it is valid: seconds from now.
func (c *Certificate) SetNotBefore(seconds int64) error {
	return c.with(func(x *C.X509) C.gls_ret { return C.glscrypto_X509_gmtime_adj(x, 0, C.long(seconds)) })
}

// SetNotAfter sets until when it is valid: seconds from now.
func (c *Certificate) SetNotAfter(seconds int64) error {
	return c.with(func(x *C.X509) C.gls_ret { return C.glscrypto_X509_gmtime_adj(x, 1, C.long(seconds)) })
}

// PublicKey returns the key that is certified.
func (c *Certificate) PublicKey() (k *Key, err error) {
	err = c.use(func(p unsafe.Pointer) error {
		k, err = newKey(C.glscrypto_X509_get_pubkey((*C.X509)(p)))
		return err
	})
	return k, err
}

// SetPublicKey sets the key that is certified.
func (c *Certificate) SetPublicKey(k *Key) error {
	defer runtime.KeepAlive(k)
	return c.with(func(x *C.X509) C.gls_ret { return C.glscrypto_X509_set_pubkey(x, k.ptr) })
}

// Version returns the version, less one.
func (c *Certificate) Version() (v int, err error) {
	err = c.use(func(p unsafe.Pointer) error {
		v = int(C.X509_get_version((*C.X509)(p)))
		return nil
	})
	return v, err
}

// SetVersion sets the version, less one.
func (c *Certificate) SetVersion(v int) error {
	return c.with(func(x *C.X509) C.gls_ret { return C.glscrypto_X509_set_version(x, C.long(v)) })
}

// Sign signs the certificate; d is nil for keys that need no digest.
func (c *Certificate) Sign(k *Key, d *Digest) error {
	f, p, err := md(d)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(k)
	defer runtime.KeepAlive(f)
	return c.with(func(x *C.X509) C.gls_ret { return C.glscrypto_X509_sign(x, k.ptr, p) })
}

// AddExtension adds the extension that has the number, from its text in a configuration file. issuer may be c.
func (c *Certificate) AddExtension(issuer *Certificate, nid int, value string) error {
	return withCString("X509V3_EXT_nconf_nid", value, func(cs *C.char) error {
		return c.useBoth(issuer, func(x, by *C.X509) error {
			return check(C.glscrypto_X509_add_ext(x, by, clip(nid), cs))
		})
	})
}

// useBoth is use for two certificates, which may be one. All goroutines lock them in the same order.
func (c *Certificate) useBoth(other *Certificate, f func(x, y *C.X509) error) error {
	if c == other {
		return c.use(func(p unsafe.Pointer) error { return f((*C.X509)(p), (*C.X509)(p)) })
	}
	first, second := c, other
	if uintptr(unsafe.Pointer(first)) > uintptr(unsafe.Pointer(second)) {
		first, second = second, first
	}
	return first.use(func(unsafe.Pointer) error {
		return second.use(func(unsafe.Pointer) error { return f((*C.X509)(c.ptr), (*C.X509)(other.ptr)) })
	})
}

// CheckHost reports whether a DNS name is one of the certificate's; flags are X509_CHECK_FLAG_….
func (c *Certificate) CheckHost(name string, flags uint) (bool, error) {
	in := some([]byte(name))
	return c.matches(func(x *C.X509) C.gls_ret {
		return C.glscrypto_X509_check_host(x, (*C.char)(unsafe.Pointer(&in[0])), C.size_t(len(name)), C.uint(flags))
	})
}

// CheckEmail reports whether an address is one of the certificate's; flags are X509_CHECK_FLAG_….
func (c *Certificate) CheckEmail(address string, flags uint) (bool, error) {
	in := some([]byte(address))
	return c.matches(func(x *C.X509) C.gls_ret {
		return C.glscrypto_X509_check_email(x, (*C.char)(unsafe.Pointer(&in[0])), C.size_t(len(address)), C.uint(flags))
	})
}

// CheckIP reports whether an address of 4 or 16 bytes is one of the certificate's; flags are X509_CHECK_FLAG_….
func (c *Certificate) CheckIP(ip []byte, flags uint) (bool, error) {
	in := some(ip)
	return c.matches(func(x *C.X509) C.gls_ret {
		return C.glscrypto_X509_check_ip(x, (*C.uchar)(&in[0]), C.size_t(len(ip)), C.uint(flags))
	})
}

// matches makes of a check's outcome what it says: 1 yes, 0 no, anything else an error.
func (c *Certificate) matches(f func(x *C.X509) C.gls_ret) (ok bool, err error) {
	err = c.use(func(p unsafe.Pointer) error {
		r := f((*C.X509)(p))
		ok = r.ret == 1
		if err := check(r); r.ret != 0 {
			return err
		}
		return nil
	})
	return ok, err
}
