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
	"hash"
	"maps"
	"os"
	"slices"
	"sync"
)

// NewServerCtx returns a Ctx for servers with safe defaults: TLS 1.2 or newer, and a session id context that is
// derived from what decides who may connect: its certificates, the CAs it verifies clients with, the CAs that it names
// to them, the verify mode and all else that [Ctx.SetVerify] and its like say of the verification.
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
		err = c.SetDefaultVerifyPaths()
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
	trust        []byte                       // the CAs and CRLs: what the methods that load them were given
	mode         VerifyMode
	random       []byte   // stands for a VerifyFunc
	more         settings // of the verification, the names of the client CAs, and what stands for pre-shared keys

	verifies [sha256.Size]byte // verification(), since the last change
}

// sum is equal for two Ctx that were set up alike, in this process or another.
func (i *identity) sum() [sha256.Size]byte {
	h := hasher{sha256.New()}
	h.part([]byte("libssl session id context 1"))
	for _, kind := range slices.Sorted(maps.Keys(i.certificates)) {
		sum := i.certificates[kind]
		h.part([]byte(kind))
		h.part(sum[:])
	}
	verification := i.verification()
	h.part(verification[:])
	return h.sum()
}

// verification is equal for two Ctx that let in the same peers.
func (i *identity) verification() [sha256.Size]byte {
	h := hasher{sha256.New()}
	h.part(i.trust)
	h.part(number(uint64(i.mode)))
	h.part(i.random)
	more := i.more.sum()
	h.part(more[:])
	return h.sum()
}

// settings are the last value of each kind that was set.
type settings map[string][]byte

func (s *settings) set(kind string, value []byte) {
	if *s == nil {
		*s = make(settings)
	}
	(*s)[kind] = value
}

func (s settings) sum() [sha256.Size]byte {
	h := hasher{sha256.New()}
	for _, kind := range slices.Sorted(maps.Keys(s)) {
		h.part([]byte(kind))
		h.part(s[kind])
	}
	return h.sum()
}

// number is a value of settings.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// context returns the session id context of a connection that has come to i by its server name. It is i's own, unless
// another Ctx of this process has or had the same and lets in other peers: a session made there would be resumed here
// then, past the verification.
func (i *identity) context() []byte {
	if i.mode&VerifyPeer == 0 && i.more[sharedKeys] == nil || len(i.sid) == 0 || !contextUsers.shared(i.sid, i.verifies) {
		return i.sid
	}
	mixed := sha256.Sum256(append(i.verifies[:], i.sid...))
	return mixed[:]
}

// hasher hashes parts such that no two lists of parts have the same hash.
type hasher struct{ hash.Hash }

func (h hasher) part(b []byte) {
	binary.Write(h, binary.BigEndian, uint64(len(b)))
	h.Write(b)
}

func (h hasher) sum() [sha256.Size]byte { return [sha256.Size]byte(h.Sum(nil)) }

// contextUsers knows which session id contexts the Ctx of this process have, and whom they let in.
var contextUsers = users{
	set:  make(map[string]map[*ctxHandle][sha256.Size]byte),
	used: make(map[string]use),
}

type users struct {
	mu   sync.Mutex
	set  map[string]map[*ctxHandle][sha256.Size]byte // what is set up now
	used map[string]use                              // what sessions may have been made with; never forgotten
}

// A use is the first verification that a context was used with, and whether there was another.
type use struct {
	verification [sha256.Size]byte
	shared       bool
}

// register says anew what a Ctx has.
func (u *users) register(h *ctxHandle, sid []byte, verification [sha256.Size]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(h)
	if len(sid) > 0 {
		if u.set[string(sid)] == nil {
			u.set[string(sid)] = make(map[*ctxHandle][sha256.Size]byte)
		}
		u.set[string(sid)][h] = verification
		h.sid = string(sid)
	}
}

// unregister is for a Ctx that is gone.
func (u *users) unregister(h *ctxHandle) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(h)
}

func (u *users) forget(h *ctxHandle) {
	delete(u.set[h.sid], h)
	if len(u.set[h.sid]) == 0 {
		delete(u.set, h.sid)
	}
	h.sid = ""
}

// use notes that sessions are made with a context.
func (u *users) use(sid []byte, verification [sha256.Size]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before, ok := u.used[string(sid)]
	if !ok {
		u.used[string(sid)] = use{verification: verification}
	} else if before.verification != verification && !before.shared {
		before.shared = true
		u.used[string(sid)] = before
	}
}

// shared reports whether somebody has or had that context who lets in other peers.
func (u *users) shared(sid []byte, verification [sha256.Size]byte) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, other := range u.set[string(sid)] {
		if other != verification {
			return true
		}
	}
	before, ok := u.used[string(sid)]
	return ok && (before.shared || before.verification != verification)
}

// changeIdentity is change for a setter of what identity knows.
func (c *Ctx) changeIdentity(f setter) error { return c.change(c.identifying(f)) }

// adjustIdentity is changeIdentity as adjust is change. It fails only if a session id context can't be set.
func (c *Ctx) adjustIdentity(f func(p *C.SSL_CTX)) { c.soon(c.identifying(sure(f))) }

// identifying is a setter, and what follows from it for the session id context.
func (c *Ctx) identifying(f setter) setter {
	return func(p *C.SSL_CTX) C.gls_ret {
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
		sid := i.sid
		if i.derive && !i.chosen {
			sum := i.sum()
			sid = sum[:]
			r = setCtxSID(p, sid)
		}
		if r.ret == 1 {
			c.setContext(sid)
		}
		return r
	}
}

// setContext notes the session id context, and whom it goes with. mu is locked.
func (c *Ctx) setContext(sid []byte) {
	i := &c.identity
	i.sid = bytes.Clone(sid)
	i.verifies = i.verification()
	contextUsers.register(c.handle, sid, i.verifies)
}

// use notes that a connection makes sessions with the context. A derived one needs no note: nobody else has it. mu is
// read-locked.
func (i *identity) use() {
	if len(i.sid) > 0 && (i.chosen || !i.derive) {
		contextUsers.use(i.sid, i.verifies)
	}
}

// LoadVerifyLocations adds the CAs that peers' certificates are verified with: those of a PEM file, those of a
// directory with hashed names, or both; an empty name is none. The directory is looked into as CAs are needed, so that one
// which is not there is no error here. A server does not name them to its clients.
//
// C: SSL_CTX_load_verify_locations(3)
func (c *Ctx) LoadVerifyLocations(file, dir string) error {
	const op = "SSL_CTX_load_verify_locations"
	return withCString(op, file, func(cFile *C.char) error {
		return withCString(op, dir, func(cDir *C.char) error {
			err := c.changeIdentity(func(p *C.SSL_CTX) C.gls_ret {
				r := C.gls_SSL_CTX_load_verify_locations(p, orNull(cFile), orNull(cDir))
				if r.ret == 1 {
					c.identity.trustIn(file, dir)
				}
				return r
			})
			return about(err, "%s", fmt.Sprintf("%q, %q", shortened(file), shortened(dir)))
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
	c.adjustIdentity(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_verify(p, C.int(mode), cBool(cb != nil))
		c.verify.Store(&cb)
		c.identity.mode, c.identity.random = mode, standIn(cb)
	})
}

// SetVerifyMode is SetVerify with the VerifyFunc as it is.
//
// C: SSL_CTX_set_verify(3)
func (c *Ctx) SetVerifyMode(mode VerifyMode) {
	c.adjustIdentity(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_verify(p, C.int(mode), cBool(load(&c.verify) != nil))
		c.identity.mode = mode
	})
}

// SetVerifyFunc is SetVerify with the mode as it is.
//
// C: SSL_CTX_set_verify(3)
func (c *Ctx) SetVerifyFunc(cb VerifyFunc) {
	c.adjustIdentity(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_verify(p, C.SSL_CTX_get_verify_mode(p), cBool(cb != nil))
		c.verify.Store(&cb)
		c.identity.random = standIn(cb)
	})
}

// standIn is what stands for a VerifyFunc among settings.
func standIn(cb VerifyFunc) []byte {
	if cb == nil {
		return nil
	}
	return []byte(rand.Text())
}

// own is how a connection differs from its Ctx in whom it lets in. mu of the SSL is held.
type own struct {
	sid      []byte            // the session id context without it
	verifies [sha256.Size]byte // the Ctx's verification
	chosen   bool              // the user has set a session id context: it stays
	standIn  []byte            // for its own VerifyFunc
	settings settings
}

// context returns the session id context: a session must not be carried over to where it would not have been made.
func (o *own) context() []byte {
	h := hasher{sha256.New()}
	h.part([]byte("libssl connection 1"))
	h.part(o.sid)
	h.part(o.verifies[:])
	sum := o.settings.sum()
	h.part(sum[:])
	mixed := h.sum()
	return mixed[:]
}

// setOwn is set for what decides whom a connection lets in: on a server it changes the session id context.
func (s *SSL) setOwn(kind string, value []byte, f func(p *C.SSL) C.gls_ret) error {
	return s.setOwnLate(kind, func(p *C.SSL) (C.gls_ret, []byte) { return f(p), value })
}

// setOwnLate is setOwn for a value that comes of setting it.
func (s *SSL) setOwnLate(kind string, f func(p *C.SSL) (C.gls_ret, []byte)) error {
	return s.set(func(p *C.SSL) C.gls_ret {
		r, value := f(p)
		if r.ret != 1 || !s.server {
			return r
		}
		s.own.settings.set(kind, value)
		return s.setOwnContext(p)
	})
}

// setOwnContext sets the session id context anew, if it is ours to set. mu is held.
func (s *SSL) setOwnContext(p *C.SSL) C.gls_ret {
	if s.own.chosen || len(s.own.settings) == 0 {
		return succeeded
	}
	return setSSLSID(p, s.own.context())
}
