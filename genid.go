package libssl

// #include "shim.h"
import "C"

import (
	"crypto/rand"
	"errors"
	"math"
)

// A GenerateSessionID makes the id of a new session of the server s. id comes zero-filled with the largest length
// allowed (32) and is valid during the call only; the callback fills it and returns how many bytes it used. Bytes
// that it leaves alone stay 0.
//
// An error fails the handshake with [ReasonSSLSessionIDCallbackFailed], and errors.Is finds the callback's own. A
// length that is not between 1 and len(id) is handed to libssl as it is and fails with
// [ReasonSSLSessionIDHasBadLength]; an id that is in s's cache already fails with [ReasonSSLSessionIDConflict].
//
// libssl asks once for a TLS 1.2 session that is kept under an id, never for one kept in a ticket, and in TLS 1.3
// once for each ticket, stateful or not. In TLS 1.3 an id of less than 32 bytes makes a stateful session that can
// never be resumed, and a constant one breaks each stateful handshake that sends two tickets.
type GenerateSessionID func(s *SSL, id []byte) (n int, err error)

// SetGenerateSessionID sets the callback that makes the ids of new sessions on servers; nil is libssl's own, 32
// random bytes. A connection takes it over when it is made; one made while there was none uses what is set later.
//
// C: SSL_CTX_set_generate_session_id(3)
func (c *Ctx) SetGenerateSessionID(cb GenerateSessionID) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		r := C.gls_SSL_CTX_set_generate_session_id(p, cBool(cb != nil))
		if r.ret == 1 {
			c.generate.Store(&cb)
		}
		return r
	})
}

// SetGenerateSessionID sets the callback for one connection; with nil the Ctx's is used.
//
// C: SSL_set_generate_session_id(3)
func (s *SSL) SetGenerateSessionID(cb GenerateSessionID) error {
	return s.set(func(p *C.SSL) C.gls_ret {
		r := C.gls_SSL_set_generate_session_id(p, cBool(cb != nil))
		if r.ret == 1 {
			s.generate = cb
		}
		return r
	})
}

// HasMatchingSessionID reports whether the internal cache of s's Ctx holds a session with this id and of the protocol
// version that s speaks: before the handshake has settled it, that is the highest allowed. Expired sessions count;
// an external cache is not asked. An id of more than 32 bytes is never there.
//
// C: SSL_has_matching_session_id(3)
func (s *SSL) HasMatchingSessionID(id []byte) bool {
	return ask(s, func(p *C.SSL) bool {
		return C.SSL_has_matching_session_id(p, uchars(id), C.uint(min(uint64(len(id)), math.MaxUint32))) == 1
	})
}

// maxAttempts is how often PrefixSessionID tries: random ids do not collide, so more would hide a fault.
const maxAttempts = 10

// PrefixSessionID makes ids that begin with prefix, for load balancers that send a client back to the server which
// knows its session, and go on with random bytes up to the full length. It asks [SSL.HasMatchingSessionID] and tries
// again, ten times at most. prefix is visible on the wire. One that leaves fewer than 8 random bytes is refused when
// an id is made: ids must not be guessed into collision.
func PrefixSessionID(prefix []byte) GenerateSessionID {
	prefix = append([]byte(nil), prefix...)
	return func(s *SSL, id []byte) (int, error) {
		if len(prefix) > len(id)-8 {
			return 0, errors.New("libssl: the session id prefix leaves fewer than 8 random bytes")
		}
		for range maxAttempts {
			n := copy(id, prefix)
			rand.Read(id[n:])
			if !s.HasMatchingSessionID(id) {
				return len(id), nil
			}
		}
		return 0, errors.New("libssl: no free session id with this prefix")
	}
}
