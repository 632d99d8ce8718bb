package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
)

// NewServerCtx returns a Ctx for servers with safe defaults: TLS 1.2 or newer, and a session id context that is
// derived from what decides who may connect: its certificates, the CAs it verifies clients with and the verify mode.
// Processes that are set up alike share it, so they may share a session cache or ticket keys; a server that verifies
// otherwise never resumes their sessions. It is derived anew at each setter of those, until SetSessionIDContext sets
// one. A VerifyFunc can't be compared: with one it holds a random part.
//
// C: SSL_CTX_new(3)
func NewServerCtx(cert tls.Certificate) (*Ctx, error) {
	c, err := NewCtx(TLSServerMethod)
	if err != nil {
		return nil, err
	}
	c.identity.derive = true
	if err := c.SetMinVersion(tls.VersionTLS12); err != nil {
		c.Close()
		return nil, err
	}
	if err := c.UseCertificate(cert); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// NewClientCtx returns a Ctx for clients with safe defaults: TLS 1.2 or newer, the system's roots, and the peer's
// certificate and name verified. Dial sets the name; a connection made by [Client] needs [SSL.SetServerName] before
// its handshake. Sessions are given to the new-session callback and not kept in the internal cache, where they would
// die with the Ctx.
//
// C: SSL_CTX_new(3)
func NewClientCtx() (*Ctx, error) {
	c, err := NewCtx(TLSClientMethod)
	if err != nil {
		return nil, err
	}
	c.requireName = true
	c.SetSessionCacheMode(SessionCacheClient | SessionCacheNoInternalStore)
	err = c.SetMinVersion(tls.VersionTLS12)
	if err == nil {
		err = c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_default_verify_paths(p) })
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.SetVerify(VerifyPeer, nil)
	return c, nil
}

// identity is who a Ctx is and whom it lets in: what a session must never be carried across.
type identity struct {
	sid    []byte // the session id context
	derive bool   // NewServerCtx: sid follows the rest
	chosen bool   // until the user has set it

	certificates map[string][sha256.Size]byte // by key type
	trust        []byte                       // what LoadVerifyLocations was given
	mode         VerifyMode
	random       []byte // stands for a VerifyFunc
}

// sum is equal for two Ctx that were set up alike, in this process or another.
func (i *identity) sum() [sha256.Size]byte {
	h := sha256.New()
	part := func(b []byte) {
		binary.Write(h, binary.BigEndian, uint64(len(b)))
		h.Write(b)
	}
	part([]byte("libssl session id context 1"))
	for _, kind := range slices.Sorted(maps.Keys(i.certificates)) {
		sum := i.certificates[kind]
		part([]byte(kind))
		part(sum[:])
	}
	part(i.trust)
	part(binary.BigEndian.AppendUint64(nil, uint64(i.mode)))
	part(i.random)
	return [sha256.Size]byte(h.Sum(nil))
}

// contextFor returns the session id context of a connection that switches from i to the Ctx of to. It is that Ctx's
// own, unless the two have the same one and let in different peers: a session made at one would be resumed at the
// other then, past its verification.
func (i *identity) contextFor(to *identity) []byte {
	sum := to.sum()
	if len(to.sid) == 0 || !bytes.Equal(i.sid, to.sid) || i.sum() == sum {
		return to.sid
	}
	mixed := sha256.Sum256(append(sum[:], to.sid...))
	return mixed[:]
}

// changeIdentity is change for a setter of what identity knows.
func (c *Ctx) changeIdentity(f func(p *C.SSL_CTX) C.gls_ret) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		r := f(p)
		if r.ret != 1 {
			return r
		}
		i := &c.identity
		if der := certificateOf(p); der != nil {
			kind, sum := certificateHash(der)
			if i.certificates == nil {
				i.certificates = make(map[string][sha256.Size]byte)
			}
			i.certificates[kind] = sum
		}
		if !i.derive || i.chosen {
			return r
		}
		sum := i.sum()
		i.sid = sum[:]
		return setCtxSID(p, i.sid)
	})
}

// LoadVerifyLocations adds the CAs that peers' certificates are verified with: those of a PEM file, those of a
// directory with hashed names, or both; an empty name is none. A server does not name them to its clients.
//
// C: SSL_CTX_load_verify_locations(3)
func (c *Ctx) LoadVerifyLocations(file, dir string) error {
	const op = "SSL_CTX_load_verify_locations"
	return withCString(op, file, func(cFile *C.char) error {
		return withCString(op, dir, func(cDir *C.char) error {
			return c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
				r := C.gls_SSL_CTX_load_verify_locations(p, orNull(cFile), orNull(cDir))
				if r.ret == 1 {
					c.identity.trustIn(file, dir)
				}
				return r
			})
		})
	})
}

// trustIn notes what was given to LoadVerifyLocations.
func (i *identity) trustIn(file, dir string) {
	content, _ := os.ReadFile(file) // the name will do where there is none
	i.trust = fmt.Appendf(i.trust, "%x %q %q;", sha256.Sum256(content), nameUnless(content, file), dir)
}

// nameUnless returns the file's name only if its content is not known: on another machine it may lie elsewhere.
func nameUnless(content []byte, file string) string {
	if content != nil {
		return ""
	}
	return file
}

// SetVerify says whether the peer's certificate is asked for and verified, and by what. cb may be nil: libssl's
// verification alone decides. Connections made before keep what they have.
//
// C: SSL_CTX_set_verify(3)
func (c *Ctx) SetVerify(mode VerifyMode, cb VerifyFunc) {
	c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
		C.gls_SSL_CTX_set_verify(p, C.int(mode), cBool(cb != nil))
		c.verify.Store(&cb)
		c.identity.mode, c.identity.random = mode, nil
		if cb != nil {
			c.identity.random = []byte(rand.Text())
		}
		return C.gls_ret{ret: 1}
	})
}
