package libssl

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// A Ctx is an SSL_CTX: the configuration and the session cache that connections are made from. The zero Ctx is like a
// closed one.
type Ctx struct {
	ptr    *C.SSL_CTX
	id     uintptr // what C knows it by
	handle *ctxHandle

	// mu is read-locked by whoever is in a crossing that reads the SSL_CTX, and locked by setters.
	mu     ctxLock
	closed atomic.Bool

	identity            identity // guarded by mu
	keepsClientSessions bool     // a Dialer wants to be told of them; guarded by mu

	method        Method
	requireName   bool // a client verifies its peer's name: set once, by NewClientCtx
	generate      atomic.Pointer[GenerateSessionID]
	newSession    atomic.Pointer[func(*SSL, *Session)]
	getSession    atomic.Pointer[func(*SSL, []byte) *Session]
	removeSession atomic.Pointer[func(*Ctx, *Session)]
	clientHello   atomic.Pointer[func(*ClientHello) error]
	serverName    atomic.Pointer[func(*SSL, string) (*Ctx, error)]
	notResumable  atomic.Pointer[func(*SSL, bool) bool]
	certificate   atomic.Pointer[CertificateFunc]
	alpnSelect    atomic.Pointer[ALPNSelect]
	serverStatus  atomic.Pointer[func(*SSL) ([]byte, error)]
	clientStatus  atomic.Pointer[func(*SSL, []byte) error]
	keylog        atomic.Pointer[func(*SSL, string)]
	info          atomic.Pointer[func(*SSL, Info)]
	msg           atomic.Pointer[func(*SSL, Msg)]
	verify        atomic.Pointer[VerifyFunc]

	ticketKeys     atomic.Pointer[ticketKeys]
	generateTicket atomic.Pointer[GenerateTicket]
	decryptTicket  atomic.Pointer[DecryptTicket]
	allowEarly     atomic.Pointer[func(*SSL) bool]
	generateCookie atomic.Pointer[func(*SSL) ([]byte, error)]
	verifyCookie   atomic.Pointer[func(*SSL, []byte) error]
	password       atomic.Pointer[func(string) ([]byte, error)]

	chosen  chosenCertificates
	signers []*signer // its keys that stay in Go; guarded by mu
	late    lateSetters
	psk     atomic.Pointer[pskCallbacks]
}

// ctxHandle is what the cleanup of a dropped Ctx needs: it must not lead back to the Ctx.
type ctxHandle struct {
	ptr   *C.SSL_CTX
	id    uintptr
	freed atomic.Bool
	sid   string // the session id context; guarded by contextUsers
}

// free drops our reference. Connections have their own.
func (h *ctxHandle) free() {
	if !h.freed.Swap(true) {
		contextUsers.unregister(h)
		C.gls_SSL_CTX_free(h.ptr)
	}
}

// A Method says which role the connections of a Ctx may play.
type Method int

// The methods; all negotiate the protocol version.
const (
	TLSMethod       Method = iota // both roles
	TLSServerMethod               // servers only
	TLSClientMethod               // clients only
)

// takes returns an error if c is closed or not for that role: of the latter libssl says no more than that a wrong
// function was called, or that there is no cipher.
func (c *Ctx) takes(server bool) error {
	switch {
	case c.closed.Load():
		return ErrClosed
	case server && c.method == TLSClientMethod:
		return errors.New("libssl: a server's connection with a Ctx for clients only")
	case !server && c.method == TLSServerMethod:
		return errors.New("libssl: a client's connection with a Ctx for servers only")
	}
	return nil
}

// NewCtx returns exactly what SSL_CTX_new does, with libssl's own defaults and those of the system's openssl.cnf. It
// verifies nobody and has no session id context.
//
// C: SSL_CTX_new(3)
func NewCtx(m Method) (*Ctx, error) {
	if m < TLSMethod || m > TLSClientMethod {
		return nil, fmt.Errorf("libssl: NewCtx: unknown Method %d", m)
	}
	c := &Ctx{method: m}
	c.id = contexts.add(c)
	r := C.gls_SSL_CTX_new(C.int(m), C.uintptr_t(c.id))
	if r.ptr == nil {
		contexts.remove(c.id)
		return nil, newError(r)
	}
	c.ptr = (*C.SSL_CTX)(r.ptr)
	c.handle = &ctxHandle{ptr: c.ptr, id: c.id}
	runtime.AddCleanup(c, func(h *ctxHandle) {
		h.free()
		contexts.remove(h.id)
	}, c.handle)
	return c, nil
}

// Close drops the Ctx. It may be called more than once. Connections made from it go on, with its callbacks. The
// sessions in its internal cache are gone with the last of them; the remove callback is not told of those. Close from
// inside one of its own callbacks takes effect soon after.
//
// C: SSL_CTX_free(3)
func (c *Ctx) Close() error {
	if c.closed.Swap(true) || c.ptr == nil {
		return nil
	}
	if c.isInside() {
		go c.free() // the crossing below holds the lock
	} else {
		c.free()
	}
	return nil
}

func (c *Ctx) free() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handle.free()
}

// isClosed is also true for the zero Ctx.
func (c *Ctx) isClosed() bool { return c.closed.Load() || c.ptr == nil }

// isInside reports whether the caller is a callback that runs inside C, below a crossing that holds c.mu: also one that
// the callback itself has switched to c.
func (c *Ctx) isInside() bool {
	return callbacksInside.Load() != 0 && C.gls_inside_ctx(c.ptr) != 0
}

// callbacksInside counts the callbacks that run inside C now, of whatever connection.
var callbacksInside atomic.Int32

// rlock read-locks mu. A callback that runs inside C is nested in the crossing below.
func (c *Ctx) rlock() { c.mu.RLock(callbacksInside.Load() != 0 && C.gls_inside_any() != 0) }

// view runs what only reads, or what libssl itself locks. It reports false for a closed Ctx.
func (c *Ctx) view(f func(p *C.SSL_CTX)) bool {
	defer runtime.KeepAlive(c)
	c.rlock()
	defer c.mu.RUnlock()
	if c.isClosed() {
		return false
	}
	f(c.ptr)
	return true
}

// operate is view for what may lead to callbacks; they run before it returns, with nothing locked.
func (c *Ctx) operate(f func(p *C.SSL_CTX) C.gls_ret) bool {
	var notes *C.gls_note
	open := c.view(func(p *C.SSL_CTX) { notes = f(p).notes })
	deliver(notes)
	return open
}

// ask is view for what returns 1 or fails.
func (c *Ctx) ask(f func(p *C.SSL_CTX) C.gls_ret) error {
	var r C.gls_ret
	if !c.view(func(p *C.SSL_CTX) { r = f(p) }) {
		return ErrClosed
	}
	if r.ret != 1 {
		return newError(r)
	}
	return nil
}

// changeable says at once what change would say.
func (c *Ctx) changeable() error {
	if c.isInside() {
		return ErrInCallback
	}
	if c.isClosed() {
		return ErrClosed
	}
	return nil
}

// A setter returns 1 or fails.
type setter = func(p *C.SSL_CTX) C.gls_ret

// change runs a setter while no handshake of c is inside C, after those that callbacks have called before.
func (c *Ctx) change(f setter) error {
	if c.isInside() {
		return ErrInCallback
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.late.take()
	if c.isClosed() {
		return ErrClosed
	}
	for _, f := range before {
		c.run(f)
	}
	return c.run(f)
}

// run runs a setter. mu is locked.
func (c *Ctx) run(f setter) error {
	if r := f(c.ptr); r.ret != 1 {
		return newError(r)
	}
	return nil
}

// adjust is change for a setter that can't fail, and has no error to return: on a closed Ctx it does nothing.
func (c *Ctx) adjust(f func(p *C.SSL_CTX)) { c.soon(sure(f)) }

// sure is a setter that can't fail.
func sure(f func(p *C.SSL_CTX)) setter {
	return func(p *C.SSL_CTX) C.gls_ret {
		f(p)
		return succeeded
	}
}

// soon runs a setter that has no error to return: from inside it has no way to say so, and takes effect soon after.
func (c *Ctx) soon(f setter) {
	if c.change(f) == ErrInCallback && c.late.add(f) {
		go c.adjust(func(*C.SSL_CTX) {})
	}
}

// lateSetters are those that callbacks have called from inside. Who changes the Ctx next runs them first, so that what is
// called later counts.
type lateSetters struct {
	mu      sync.Mutex
	waiting []setter
}

// add reports whether it is the first, and nobody is on the way yet to run them.
func (l *lateSetters) add(f setter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, f)
	return len(l.waiting) == 1
}

func (l *lateSetters) take() []setter {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.waiting
	l.waiting = nil
	return all
}
