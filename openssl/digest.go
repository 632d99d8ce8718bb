package openssl

import (
	"fmt"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/libcrypto"
)

// A Digest is a digest algorithm. It needs no closing.
//
// C: EVP_MD_fetch(3)
type Digest struct{ digest *libcrypto.Digest }

// GetDigestByName returns the digest that libcrypto knows by a name, as "sha256" or "RSA-SHA256". What the loaded
// providers lack, as MD4 from OpenSSL 3.0 on, is taken from the legacy provider. If that has no such digest either, or is
// not installed, or the default properties demand FIPS 140 implementations, the error wraps [libssl.ErrUnsupported].
//
// C: EVP_get_digestbyname(3)
func GetDigestByName(name string) (*Digest, error) {
	d := libcrypto.NewDigest(name)
	if err := d.Fetch(); err != nil {
		return nil, fmt.Errorf("Digest %v not found: %w", name, err)
	}
	return &Digest{d}, nil
}

// GetDigestByNid is [GetDigestByName] by number.
//
// C: EVP_get_digestbynid(3)
func GetDigestByNid(nid NID) (*Digest, error) {
	name, err := Nid2ShortName(nid)
	if err != nil {
		return nil, err
	}
	return GetDigestByName(name)
}

// An EVP_MD names a digest algorithm for [NewHMAC] and [Certificate.Sign].
type EVP_MD int

// EVP_NULL, EVP_SHA, EVP_DSS and EVP_DSS1 are digests that libcrypto no longer has; whoever asks for one gets an error
// that wraps [libssl.ErrUnsupported]. EVP_SHA224 and those after it are what new programs use.
const (
	EVP_NULL EVP_MD = iota
	EVP_MD5
	EVP_MD4
	EVP_SHA
	EVP_SHA1
	EVP_DSS
	EVP_DSS1
	EVP_MDC2
	EVP_RIPEMD160
	EVP_SHA224
	EVP_SHA256
	EVP_SHA384
	EVP_SHA512
)

var digests = map[EVP_MD]*libcrypto.Digest{
	EVP_MD5:       md5Hashing.digest,
	EVP_MD4:       md4Hashing.digest,
	EVP_SHA1:      sha1Hashing.digest,
	EVP_MDC2:      libcrypto.NewDigest("MDC2"),
	EVP_RIPEMD160: libcrypto.NewDigest("RIPEMD160"),
	EVP_SHA224:    libcrypto.NewDigest("SHA224"),
	EVP_SHA256:    sha256Hashing.digest,
	EVP_SHA384:    libcrypto.NewDigest("SHA384"),
	EVP_SHA512:    sha512Digest,
}

var sha512Digest = libcrypto.NewDigest("SHA512")

func (m EVP_MD) digest() (*libcrypto.Digest, error) {
	if d := digests[m]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("EVP_MD %d: %w", int(m), libssl.ErrUnsupported)
}

// A hashing is what the types for one digest algorithm have in common.
type hashing struct {
	name   string // as it stands in errors
	digest *libcrypto.Digest
}

func (a hashing) fails(what string, err error) error {
	return fmt.Errorf("openssl: %s: cannot %s: %w", a.name, what, err)
}

func (a hashing) start() (*libcrypto.Hash, error) {
	h, err := libcrypto.NewHash(a.digest)
	if err != nil {
		return nil, a.fails("init digest ctx", err)
	}
	return h, nil
}

// The methods take nil for a hash that was never made.

func (a hashing) reset(h *libcrypto.Hash) error {
	if h == nil {
		return a.fails("init digest ctx", libssl.ErrClosed)
	}
	if err := h.Reset(); err != nil {
		return a.fails("init digest ctx", err)
	}
	return nil
}

func (a hashing) write(h *libcrypto.Hash, p []byte) (int, error) {
	if h == nil {
		return 0, a.fails("update digest", libssl.ErrClosed)
	}
	if err := h.Write(p); err != nil {
		return 0, a.fails("update digest", err)
	}
	return len(p), nil
}

func (a hashing) sum(h *libcrypto.Hash, out []byte) error {
	if h == nil {
		return a.fails("finalize ctx", libssl.ErrClosed)
	}
	if err := h.Sum(out); err != nil {
		return a.fails("finalize ctx", err)
	}
	return nil
}

func (a hashing) of(data, out []byte) error {
	if err := a.digest.Sum(data, out); err != nil {
		return a.fails("init digest ctx", err)
	}
	return nil
}
