package libssl

// #include "shim.h"
import "C"

// SetNewSessionCallback sets what is told of each new session that may be resumed, if the cache mode has the role's
// bit: on a server for each id and each TLS 1.3 ticket, not for a TLS 1.2 ticket; on a client for each session or
// ticket, in TLS 1.3 after the handshake, while something is read. sess is the callback's own. It runs when libssl
// has returned and before the peer sees what libssl wrote, so that a stored session is there when the peer uses it;
// it may block.
//
// C: SSL_CTX_sess_set_new_cb(3)
func (c *Ctx) SetNewSessionCallback(cb func(s *SSL, sess *Session)) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_sess_set_new_cb(p, cBool(cb != nil || c.keepsClientSessions))
		c.newSession.Store(&cb)
	})
}

// NewSessionCallback returns it, as for a callback of one's own that goes on to call the one before.
//
// C: SSL_CTX_sess_get_new_cb(3)
func (c *Ctx) NewSessionCallback() func(s *SSL, sess *Session) { return loadOpen(c, &c.newSession) }

// keepClientSessions makes libssl tell of the new sessions of clients, for a Dialer with a cache.
func (c *Ctx) keepClientSessions() error {
	c.rlock()
	keeps := c.keepsClientSessions
	c.mu.RUnlock()
	if keeps {
		return nil
	}
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		c.keepsClientSessions = true
		C.gls_SSL_CTX_sess_set_new_cb(p, 1)
		if mode := SessionCacheMode(C.gls_SSL_CTX_get_session_cache_mode(p)); mode&SessionCacheClient == 0 {
			C.gls_SSL_CTX_set_session_cache_mode(p, C.long(mode|SessionCacheClient|SessionCacheNoInternalStore))
		}
		return succeeded
	})
}

// SetGetSessionCallback sets what a server asks for a session that is not in the internal cache: an external one. nil
// is not found: a full handshake follows. The result stays the callback's; libssl gets a copy, which it also puts in
// the internal cache unless the mode has SessionCacheNoInternalStore. id is valid during the call only. It is not
// asked for tickets that hold the session themselves. It runs inside libssl: while it waits, so does an OS thread.
//
// The session must be the one with that id: with another one the handshake fails or, before OpenSSL 3.0, worse.
//
// C: SSL_CTX_sess_set_get_cb(3)
func (c *Ctx) SetGetSessionCallback(cb func(s *SSL, id []byte) *Session) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_sess_set_get_cb(p, cBool(cb != nil))
		c.getSession.Store(&cb)
	})
}

// GetSessionCallback returns it.
//
// C: SSL_CTX_sess_get_get_cb(3)
func (c *Ctx) GetSessionCallback() func(s *SSL, id []byte) *Session {
	return loadOpen(c, &c.getSession)
}

// SetRemoveSessionCallback sets what is told of each session that leaves the internal cache: because it expired, was
// pushed out, was spoilt by a failure or was removed. It is not told of what goes with the Ctx when that is closed.
// sess is the callback's own. It runs when libssl has returned and may block. A callback makes libssl keep TLS 1.3
// sessions that are in tickets in the internal cache as well.
//
// C: SSL_CTX_sess_set_remove_cb(3)
func (c *Ctx) SetRemoveSessionCallback(cb func(c *Ctx, sess *Session)) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_sess_set_remove_cb(p, cBool(cb != nil))
		c.removeSession.Store(&cb)
	})
}

// RemoveSessionCallback returns it.
//
// C: SSL_CTX_sess_get_remove_cb(3)
func (c *Ctx) RemoveSessionCallback() func(c *Ctx, sess *Session) {
	return loadOpen(c, &c.removeSession)
}

// loadOpen is load for a getter of c.
func loadOpen[F any](c *Ctx, p interface{ Load() *F }) (f F) {
	if !c.closed.Load() {
		f = load(p)
	}
	return f
}

// load returns the callback behind an atomic pointer, nil for none.
func load[F any](p interface{ Load() *F }) (f F) {
	if q := p.Load(); q != nil {
		f = *q
	}
	return f
}

// deliver tells the callbacks that have no result what happened in a crossing. It runs with nothing locked. If one
// panics, the others are still told.
func deliver(notes *C.gls_note) {
	if notes == nil {
		return
	}
	defer C.gls_free_notes(notes)
	var told []func()
	for n := notes; n != nil; n = n.next {
		told = append(told, tell(n))
	}
	deliverAll(told)
}

func deliverAll(told []func()) {
	if len(told) == 0 {
		return
	}
	defer deliverAll(told[1:])
	told[0]()
}

// tell takes the session out of the note. Whom it is for may be gone: somebody else has closed the connection.
func tell(n *C.gls_note) func() {
	sess := newSession(n.session)
	n.session = nil
	s, c := connections.get(uintptr(n.ssl)), contexts.get(uintptr(n.ctx))
	switch n.kind {
	case C.GLS_NOTE_NEW_SESSION:
		if s != nil {
			return func() { s.tellNew(sess) }
		}
	case C.GLS_NOTE_REMOVE_SESSION:
		if c != nil {
			if cb := load(&c.removeSession); cb != nil {
				return func() { cb(c, sess) }
			}
		}
	default:
		if s != nil {
			return s.trace(n)
		}
	}
	return func() {
		if sess != nil {
			sess.Close()
		}
	}
}
