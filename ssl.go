package libssl

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// An SSL is the libssl side of a connection: its configuration and state. Callbacks get it; [Conn] has all its
// methods.
type SSL struct {
	// mu guards the SSL and what is below. It is held around a crossing, never around socket I/O.
	mu     sync.Mutex
	ptr    *C.SSL // nil once freed or lost
	handle *sslHandle
	conn   *Conn
	server bool
	inside atomic.Int32 // callbacks of this SSL now running inside C

	origin *Ctx // made from this one: its session callbacks stay in force
	ctx    *Ctx // now in force
	held   *Ctx // read-locked for the crossing under way

	generate GenerateSessionID // as libssl: copied from the Ctx when made
	verify   VerifyFunc        // the same
	values   sync.Map          // of SetValue

	notResumable func(*SSL, bool) bool // as generate
	allowEarly   func(*SSL) bool       // the same
	psk          pskCallbacks          // the same
	pskIdentity  string                // that the handshake offers or has found a key for, in TLS 1.3
	info         func(*SSL, Info)
	msg          func(*SSL, Msg)
	name         string     // a client's: the peer it wants
	offered      []byte     // a client's: the id of the session that it offers
	hello        helloState // a server's

	ticketExt     func(s *SSL, data []byte) error
	sessionSecret SessionSecret
	signers       []*signer // its own keys that stay in Go
	own           own       // how it differs from ctx
	expects       bool      // SetHost and its like have said who the peer must be

	// What a callback leaves for the goroutine that made the crossing.
	callbackErr error
	panicked    *any
	lost        bool // it ended by runtime.Goexit
}

// sslHandle is what the cleanup of a dropped connection needs: it must not lead back to it.
type sslHandle struct {
	ptr   *C.SSL
	id    uintptr
	whole atomic.Bool // the handshake is complete, and no fatal error has ended it: its session may be kept
	freed atomic.Bool
}

// free frees the SSL once, and returns what the callbacks have to be told.
func (h *sslHandle) free() *C.gls_note {
	if h.freed.Swap(true) {
		return nil
	}
	connections.remove(h.id)
	return C.gls_SSL_free(h.ptr, cBool(h.whole.Load())).notes
}

// newSSL makes the SSL of a connection.
func newSSL(ctx *Ctx, server bool) (*SSL, error) {
	if ctx == nil {
		return nil, errors.New("libssl: nil Ctx")
	}
	if err := ctx.takes(server); err != nil {
		return nil, err
	}
	s := &SSL{server: server, origin: ctx, ctx: ctx}
	id := connections.add(s)
	var r C.gls_ret
	open := ctx.view(func(p *C.SSL_CTX) {
		r = C.gls_SSL_new(p, C.uintptr_t(id), cBool(server))
		s.generate = load(&ctx.generate)
		s.verify = load(&ctx.verify)
		s.notResumable = load(&ctx.notResumable)
		s.allowEarly = load(&ctx.allowEarly)
		s.psk = load(&ctx.psk)
		ctx.identity.use()
		s.own = own{sid: ctx.identity.sid, verifies: ctx.identity.verifies}
	})
	if !open || r.ptr == nil {
		connections.remove(id)
		if !open {
			return nil, ErrClosed
		}
		return nil, newError(r)
	}
	s.ptr = (*C.SSL)(r.ptr)
	if cb := load(&ctx.info); cb != nil {
		s.setInfo(s.ptr, cb)
	}
	if cb := load(&ctx.msg); cb != nil {
		s.setMsg(s.ptr, cb)
	}
	s.handle = &sslHandle{ptr: s.ptr, id: id}
	runtime.AddCleanup(s, dropSSL, s.handle)
	return s, nil
}

// dropSSL frees the SSL of a connection that was not closed. There is nobody to panic at.
func dropSSL(h *sslHandle) {
	defer logPanic("a callback on the session of a dropped connection")
	deliver(h.free())
}

// isInside reports whether the caller is a callback that runs inside C, below a crossing that holds mu.
func (s *SSL) isInside() bool {
	return s.inside.Load() != 0 && C.gls_inside_ssl(s.handle.ptr) != 0
}

// lock locks mu, unless the caller is inside. It returns what unlock wants: defer s.unlock(s.lock()).
func (s *SSL) lock() (locked bool) {
	if s.isInside() {
		return false
	}
	s.mu.Lock()
	return true
}

func (s *SSL) unlock(locked bool) {
	if locked {
		s.mu.Unlock()
	}
}

// gone says why there is no SSL any more. mu is held.
func (s *SSL) gone() error {
	if s.lost {
		return ErrAbandoned
	}
	return ErrClosed
}

// ask asks the SSL; the zero value stands for a closed one.
func ask[T any](s *SSL, f func(p *C.SSL) T) (v T) {
	defer s.unlock(s.lock())
	if s.ptr != nil {
		v = f(s.ptr)
	}
	return v
}

// set runs a setter that returns 1 or fails.
func (s *SSL) set(f func(p *C.SSL) C.gls_ret) error {
	notes, err := s.setLocked(f)
	deliver(notes)
	return err
}

func (s *SSL) setLocked(f func(p *C.SSL) C.gls_ret) (*C.gls_note, error) {
	defer s.unlock(s.lock())
	if s.ptr == nil {
		return nil, s.gone()
	}
	r := f(s.ptr)
	if r.ret != 1 {
		return r.notes, newError(r)
	}
	return r.notes, nil
}

// IsServer reports whether it is a server's end.
//
// C: SSL_is_server(3)
func (s *SSL) IsServer() bool { return s.server }

// Conn returns the connection.
func (s *SSL) Conn() *Conn { return s.conn }

// Ctx returns the Ctx now in force: after a switch by server name, the new one.
//
// C: SSL_get_SSL_CTX(3)
func (s *SSL) Ctx() *Ctx {
	defer s.unlock(s.lock())
	return s.ctx
}

// SetSession makes a client offer a copy of sess in its handshake; nil offers none. The server decides whether it
// resumes: see SessionReused. If it does not, or the session is of a protocol version that the client does not allow,
// a full handshake follows. Since libssl works with a copy, a TLS 1.3 session can be offered again, but is better
// offered once: who watches recognises its ticket. Once the handshake has begun it is an error: libssl would tear down
// the connection, or free the session that it is working with.
//
// C: SSL_set_session(3)
func (s *SSL) SetSession(sess *Session) error {
	return s.offer("SSL_set_session", sess, false)
}

// CopySessionID makes a client offer a copy of from's session and takes over that session's id context, without which
// libssl would refuse to offer it; nil offers none. Unlike in C, s keeps its own certificates: libssl would make both
// share theirs, which is not safe while they are in use on different goroutines. As for SetSession the handshake must
// not have begun.
//
// C: SSL_copy_session_id(3)
func (s *SSL) CopySessionID(from *SSL) error {
	var sess *Session
	if from != nil {
		if sess = from.Session(); sess != nil {
			defer sess.Close()
		} else if err := from.set(func(*C.SSL) C.gls_ret { return C.gls_ret{ret: 1} }); err != nil { // closed
			return err
		}
	}
	return s.offer("SSL_copy_session_id", sess, true)
}

// offer makes a client offer a copy of sess, and with context takes over its session id context.
func (s *SSL) offer(op string, sess *Session, context bool) error {
	var p *C.SSL_SESSION
	var id, sid []byte
	if sess != nil {
		var err error
		if p, err = sess.dup(); err != nil {
			return err
		}
		defer C.SSL_SESSION_free(p)
		id = sess.ID()
		if context {
			sid = sess.IDContext()
		}
	}
	over := false
	err := s.set(func(ssl *C.SSL) C.gls_ret {
		if over = C.SSL_in_before(ssl) != 1; over {
			return C.gls_ret{ret: 1}
		}
		r := C.gls_SSL_set_session(ssl, p)
		if r.ret == 1 && context && p != nil {
			r = setSSLSID(ssl, sid)
		}
		if r.ret == 1 {
			s.offered = id
		}
		return r
	})
	if over {
		return fmt.Errorf("libssl: %s: the handshake has begun", op)
	}
	return err
}

// Session returns a copy of the connection's session, nil when there is none: on a server the one made or resumed;
// on a client that too, but in TLS 1.3 it can be resumed only after a ticket has come, see [Conn.AwaitSession].
//
// C: SSL_get1_session(3)
func (s *SSL) Session() *Session {
	return newSession(ask(s, func(p *C.SSL) *C.SSL_SESSION { return C.gls_SSL_get1_session(p) }))
}

// SessionReused reports whether the handshake resumed a session.
//
// C: SSL_session_reused(3)
func (s *SSL) SessionReused() bool {
	return ask(s, func(p *C.SSL) bool { return C.SSL_session_reused(p) == 1 })
}

// SetServerName sets the name that a client asks its server for (SNI), before the handshake. With a Ctx of
// [NewClientCtx] it is also the name that the server's certificate must be for. An IP address is checked against the
// certificate but never sent: SNI carries names only. After a name that libssl refuses, which are those of no bytes or more
// than 255, it asks for none; what the certificate must be for stays.
//
// C: SSL_set_tlsext_host_name(3)
func (s *SSL) SetServerName(name string) error {
	return s.setName(name, s.origin.requireName)
}

// setName sets the name to ask for and, with verify, the one to insist on.
func (s *SSL) setName(name string, verify bool) error {
	name = strings.TrimSuffix(name, ".")
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	isIP := err == nil
	if isIP {
		name = addr.WithZone("").String()
	}
	return withCString("SSL_set_tlsext_host_name", name, func(cs *C.char) error {
		return s.set(func(p *C.SSL) C.gls_ret {
			sni := cs
			if isIP {
				sni = nil
			}
			r := C.gls_SSL_set_tlsext_host_name(p, sni)
			switch {
			case r.ret != 1 || !verify:
			case isIP:
				r = C.gls_SSL_expect_ip(p, cs)
			default:
				r = C.gls_SSL_expect_host(p, cs)
			}
			if r.ret == 1 {
				s.name = name
			}
			return r
		})
	})
}

// checkName refuses a handshake that would trust any valid certificate whatever its name.
func (s *SSL) checkName() error {
	if s.server || !s.origin.requireName || s.name != "" || s.expects || s.ptr == nil {
		return nil
	}
	if VerifyMode(C.SSL_get_verify_mode(s.ptr))&VerifyPeer == 0 {
		return nil
	}
	return errors.New("libssl: no name to verify the server by: call SetServerName before the handshake, or SetVerify(VerifyNone, nil) on the Ctx")
}
