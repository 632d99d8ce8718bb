package libssl

// #include "shim.h"
import "C"

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"unsafe"
)

// A signer is a private key that stays in Go. Whoever uses it holds it: C knows its number only, and a key that leads
// to its Ctx must not keep it alive.
type signer struct {
	crypto.Signer
	id uintptr
}

// signers holds those whose key is still about in C.
var signers registry[signer]

func newSigner(key crypto.Signer) *signer {
	k := &signer{Signer: key}
	k.id = signers.add(k)
	return k
}

// joins returns those of list that are still in use, and k.
func (k *signer) joins(list []*signer) []*signer {
	list = slices.DeleteFunc(list, func(k *signer) bool { return signers.get(k.id) == nil })
	if k == nil {
		return list
	}
	return append(list, k)
}

// publicHalf returns the public key of what libssl can have sign.
func publicHalf(key crypto.Signer) ([]byte, error) {
	public := key.Public()
	switch public.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
	case ed25519.PublicKey:
		if headerVersionNumber < v300 {
			return nil, fmt.Errorf("libssl: UseCertificate: an Ed25519 key of type %T: %w", key, ErrUnsupported)
		}
	default:
		return nil, fmt.Errorf("libssl: UseCertificate: a crypto.Signer with a public key of type %T: %w", public, ErrUnsupported)
	}
	return x509.MarshalPKIXPublicKey(public)
}

// digests are the hashes that libssl signs.
var digests = map[C.int]crypto.Hash{
	C.NID_md5_sha1: crypto.MD5SHA1, // TLS 1.0 and 1.1
	C.NID_sha1:     crypto.SHA1,
	C.NID_sha224:   crypto.SHA224,
	C.NID_sha256:   crypto.SHA256,
	C.NID_sha384:   crypto.SHA384,
	C.NID_sha512:   crypto.SHA512,
	C.NID_undef:    0, // Ed25519 hashes by itself
}

// sign is go_sign in shim.c: it puts the signature into sig and returns its length.
func (k *signer) sign(md C.int, pss bool, data, sig []byte) (int, error) {
	hash, ok := digests[md]
	if !ok {
		return 0, fmt.Errorf("libssl: no hash for a signature: %s", C.GoString(C.OBJ_nid2sn(md)))
	}
	var opts crypto.SignerOpts = hash
	if pss {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	made, err := k.Sign(rand.Reader, data, opts)
	if err != nil {
		return 0, err
	}
	if len(made) == 0 || len(made) > len(sig) {
		return 0, fmt.Errorf("libssl: a %T has made a signature of %d bytes, where its key makes up to %d", k.Signer, len(made), len(sig))
	}
	return copy(sig, made), nil
}

// runSign is glsOnSign.
func (s *SSL) runSign(id uintptr, md C.int, pss bool, data, sig []byte) (n int, ok bool) {
	k := signers.get(id)
	if k == nil {
		return 0, false
	}
	var err error
	if !s.callback(func() { n, err = k.sign(md, pss, slices.Clone(data), sig) }) {
		return 0, false
	}
	if err != nil {
		s.callbackErr = err
		return 0, false
	}
	return n, true
}

func bytesOf(p *C.uchar, n C.size_t) []byte { return unsafe.Slice((*byte)(p), int(n)) }
