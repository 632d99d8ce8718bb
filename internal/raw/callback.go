package raw

// #include "raw.h"
import "C"

import (
	"runtime/cgo"
	"sync"
	"sync/atomic"
	"unsafe"
)

// The callbacks that have been set. They stay until their object is freed, also when another or none is set later:
// an SSL that was made before may still have the old one.
type hooks struct {
	generate      func(s SSL, id []byte, n *uint32) int
	newSession    func(s SSL, x Session) int
	getSession    func(s SSL, id []byte, copy *int32) Session
	removeSession func(c Ctx, x Session)
	verify        func(ok bool) bool
	clientHello   func(s SSL) int
	serverName    func(s SSL) int
	ticketKey     func(encrypt bool) int
	makeTicket    func(s SSL) int
	takeTicket    func(s SSL, x Session, keyName []byte, status int) int
}

var (
	hooksMu  sync.Mutex
	ctxHooks = map[*C.SSL_CTX]*hooks{}
	sslHooks = map[*C.SSL]*hooks{}
)

func setHook[P comparable](of map[P]*hooks, p P, set func(h *hooks)) {
	hooksMu.Lock()
	defer hooksMu.Unlock()
	if of[p] == nil {
		of[p] = &hooks{}
	}
	set(of[p])
}

func hooksOf[P comparable](of map[P]*hooks, p P) hooks {
	hooksMu.Lock()
	defer hooksMu.Unlock()
	if h := of[p]; h != nil {
		return *h
	}
	return hooks{}
}

// CtxSetGenerateSessionID sets the callback that makes session ids: *n is the length of id and becomes that of what
// was made. nil is NULL.
func CtxSetGenerateSessionID(c Ctx, cb func(s SSL, id []byte, n *uint32) int, before ...Entry) Ret {
	if cb != nil {
		setHook(ctxHooks, c.p, func(h *hooks) { h.generate = cb })
	}
	return ret(C.glsraw_SSL_CTX_set_generate_session_id(entry(before), c.p, flag(cb != nil)))
}

// SSLSetGenerateSessionID sets it for one SSL.
func SSLSetGenerateSessionID(s SSL, cb func(s SSL, id []byte, n *uint32) int, before ...Entry) Ret {
	if cb != nil {
		setHook(sslHooks, s.p, func(h *hooks) { h.generate = cb })
	}
	return ret(C.glsraw_SSL_set_generate_session_id(entry(before), s.p, flag(cb != nil)))
}

// CtxSetNewSessionCallback sets what is told of new sessions: a result other than 0 keeps the reference that comes
// with x.
func CtxSetNewSessionCallback(c Ctx, cb func(s SSL, x Session) int) {
	if cb != nil {
		setHook(ctxHooks, c.p, func(h *hooks) { h.newSession = cb })
	}
	C.glsraw_SSL_CTX_sess_set_new_cb(c.p, flag(cb != nil))
}

// CtxSetGetSessionCallback sets what is asked for a session that the cache does not have. *copy says whether libssl
// takes a reference of its own.
func CtxSetGetSessionCallback(c Ctx, cb func(s SSL, id []byte, copy *int32) Session) {
	if cb != nil {
		setHook(ctxHooks, c.p, func(h *hooks) { h.getSession = cb })
	}
	C.glsraw_SSL_CTX_sess_set_get_cb(c.p, flag(cb != nil))
}

// CtxSetRemoveSessionCallback sets what is told of sessions that leave the cache. x is borrowed.
func CtxSetRemoveSessionCallback(c Ctx, cb func(c Ctx, x Session)) {
	if cb != nil {
		setHook(ctxHooks, c.p, func(h *hooks) { h.removeSession = cb })
	}
	C.glsraw_SSL_CTX_sess_set_remove_cb(c.p, flag(cb != nil))
}

// Whose says whose callback is set.
type Whose int

// The answers of the getters.
const (
	None    Whose = iota // NULL
	Ours                 // the one that this package sets
	Another              // neither
)

func (w Whose) String() string { return [...]string{"none", "the one that was set", "another"}[w] }

// CtxNewSessionCallback tells which callback for new sessions is set.
func CtxNewSessionCallback(c Ctx) Whose { return Whose(C.glsraw_SSL_CTX_sess_get_new_cb(c.p)) }

// CtxGetSessionCallback tells which callback for lookups is set.
func CtxGetSessionCallback(c Ctx) Whose { return Whose(C.glsraw_SSL_CTX_sess_get_get_cb(c.p)) }

// CtxRemoveSessionCallback tells which callback for removals is set.
func CtxRemoveSessionCallback(c Ctx) Whose { return Whose(C.glsraw_SSL_CTX_sess_get_remove_cb(c.p)) }

// CtxSetVerify sets whether the peer is verified, and a callback for each certificate. nil is NULL.
func CtxSetVerify(c Ctx, mode int, cb func(ok bool) bool) {
	if cb != nil {
		setHook(ctxHooks, c.p, func(h *hooks) { h.verify = cb })
	}
	C.glsraw_SSL_CTX_set_verify(c.p, C.int(mode), flag(cb != nil))
}

// The results of a ClientHello callback and of one for the server's name.
const (
	ClientHelloSuccess = C.SSL_CLIENT_HELLO_SUCCESS
	ServerNameOK       = C.SSL_TLSEXT_ERR_OK
)

// CtxSetClientHelloCallback sets what sees the ClientHello first.
func CtxSetClientHelloCallback(c Ctx, cb func(s SSL) int) {
	setHook(ctxHooks, c.p, func(h *hooks) { h.clientHello = cb })
	C.glsraw_SSL_CTX_set_client_hello_cb(c.p, flag(cb != nil))
}

// CtxSetServerNameCallback sets what is told of the server's name.
func CtxSetServerNameCallback(c Ctx, cb func(s SSL) int) {
	setHook(ctxHooks, c.p, func(h *hooks) { h.serverName = cb })
	C.glsraw_SSL_CTX_set_tlsext_servername_callback(c.p, flag(cb != nil))
}

// CtxSetTicketKeyCallback sets what decides on tickets, by the function that this libssl prefers. The key is this
// package's. nil is NULL.
func CtxSetTicketKeyCallback(c Ctx, cb func(encrypt bool) int) Ret {
	if Has("SSL_CTX_set_tlsext_ticket_key_evp_cb") {
		return CtxSetTicketKeyEVPCallback(c, cb)
	}
	return CtxSetTicketKeyHMACCallback(c, cb)
}

// CtxSetTicketKeyEVPCallback sets the one that is given an EVP_MAC_CTX.
func CtxSetTicketKeyEVPCallback(c Ctx, cb func(encrypt bool) int) Ret {
	setTicketKeyHook(c, cb)
	return ret(C.glsraw_SSL_CTX_set_tlsext_ticket_key_evp_cb(c.p, flag(cb != nil)))
}

// CtxSetTicketKeyHMACCallback sets the one that is given an HMAC_CTX.
func CtxSetTicketKeyHMACCallback(c Ctx, cb func(encrypt bool) int) Ret {
	setTicketKeyHook(c, cb)
	return ret(C.glsraw_SSL_CTX_set_tlsext_ticket_key_cb(c.p, flag(cb != nil)))
}

func setTicketKeyHook(c Ctx, cb func(encrypt bool) int) {
	if cb != nil {
		setHook(ctxHooks, c.p, func(h *hooks) { h.ticketKey = cb })
	}
}

// CtxSetSessionTicketCallback sets what sees the session before it goes into a ticket, and what decides on the one
// that came out of a ticket, which is borrowed, or NULL. nil is NULL.
func CtxSetSessionTicketCallback(c Ctx, generate func(s SSL) int, decrypt func(s SSL, x Session, keyName []byte, status int) int) Ret {
	setHook(ctxHooks, c.p, func(h *hooks) {
		if generate != nil {
			h.makeTicket = generate
		}
		if decrypt != nil {
			h.takeTicket = decrypt
		}
	})
	return ret(C.glsraw_SSL_CTX_set_session_ticket_cb(c.p, flag(generate != nil), flag(decrypt != nil)))
}

// A panic in a callback must not unwind C: it waits until a crossing is over.
var parked atomic.Pointer[any]

func park() {
	if v := recover(); v != nil {
		parked.Store(&v)
	}
}

func rethrow() {
	if parked.Load() == nil {
		return
	}
	if v := parked.Swap(nil); v != nil {
		panic(*v)
	}
}

//export glsrawOnGenerate
func glsrawOnGenerate(ssl *C.SSL, ctx *C.SSL_CTX, id *C.uchar, n *C.uint) C.int {
	defer park()
	h := hooksOf(sslHooks, ssl)
	if ctx != nil {
		h = hooksOf(ctxHooks, ctx)
	}
	return C.int(h.generate(SSL{ssl}, unsafe.Slice((*byte)(id), int(*n)), (*uint32)(n)))
}

//export glsrawOnNew
func glsrawOnNew(ssl *C.SSL, ctx *C.SSL_CTX, x *C.SSL_SESSION) C.int {
	defer park()
	return C.int(hooksOf(ctxHooks, ctx).newSession(SSL{ssl}, Session{x}))
}

//export glsrawOnGet
func glsrawOnGet(ssl *C.SSL, ctx *C.SSL_CTX, id *C.uchar, n C.int, copy *C.int) *C.SSL_SESSION {
	defer park()
	return hooksOf(ctxHooks, ctx).getSession(SSL{ssl}, C.GoBytes(unsafe.Pointer(id), n), (*int32)(copy)).p
}

//export glsrawOnRemove
func glsrawOnRemove(ctx *C.SSL_CTX, x *C.SSL_SESSION) {
	defer park()
	hooksOf(ctxHooks, ctx).removeSession(Ctx{ctx}, Session{x})
}

//export glsrawOnVerify
func glsrawOnVerify(ctx *C.SSL_CTX, ok C.int) C.int {
	defer park()
	return flag(hooksOf(ctxHooks, ctx).verify(ok == 1))
}

//export glsrawOnClientHello
func glsrawOnClientHello(ssl *C.SSL, ctx *C.SSL_CTX) C.int {
	defer park()
	return C.int(hooksOf(ctxHooks, ctx).clientHello(SSL{ssl}))
}

//export glsrawOnServerName
func glsrawOnServerName(ssl *C.SSL, ctx *C.SSL_CTX) C.int {
	defer park()
	return C.int(hooksOf(ctxHooks, ctx).serverName(SSL{ssl}))
}

//export glsrawOnTicketKey
func glsrawOnTicketKey(ctx *C.SSL_CTX, encrypt C.int) C.int {
	defer park()
	return C.int(hooksOf(ctxHooks, ctx).ticketKey(encrypt == 1))
}

//export glsrawOnGenerateTicket
func glsrawOnGenerateTicket(ssl *C.SSL, ctx *C.SSL_CTX) C.int {
	defer park()
	return C.int(hooksOf(ctxHooks, ctx).makeTicket(SSL{ssl}))
}

//export glsrawOnDecryptTicket
func glsrawOnDecryptTicket(ssl *C.SSL, ctx *C.SSL_CTX, x *C.SSL_SESSION, name *C.uchar, n C.size_t, status C.int) C.int {
	defer park()
	return C.int(hooksOf(ctxHooks, ctx).takeTicket(SSL{ssl}, Session{x}, C.GoBytes(unsafe.Pointer(name), C.int(n)), int(status)))
}

//export glsrawOnCtxFree
func glsrawOnCtxFree(ctx *C.SSL_CTX) {
	hooksMu.Lock()
	defer hooksMu.Unlock()
	delete(ctxHooks, ctx)
}

//export glsrawOnSSLFree
func glsrawOnSSLFree(ssl *C.SSL) {
	hooksMu.Lock()
	defer hooksMu.Unlock()
	delete(sslHooks, ssl)
}

//export glsrawOnSessionFree
func glsrawOnSessionFree(id C.uintptr_t) {
	h := cgo.Handle(id)
	h.Value().(*atomic.Bool).Store(true)
	h.Delete()
}
