package libssl

// #include "shim.h"
import "C"

import "fmt"

// What EAP-FAST (RFC 4851) needs up to TLS 1.2: a session_ticket extension that is the application's own, and a master
// secret from a key that both sides have already.

// SetSessionTicketExt sets what a client sends as its session_ticket extension up to TLS 1.2, instead of a session's
// ticket, before the handshake. Without data it sends none at all.
//
// C: SSL_set_session_ticket_ext(3)
func (s *SSL) SetSessionTicketExt(data []byte) error {
	if len(data) == 0 {
		data = nil // libssl would fail when it sends it
	}
	return s.set(func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_set_session_ticket_ext(p, uchars(data), C.size_t(len(data)))
	})
}

// SetSessionTicketExtCallback sets what is shown the session_ticket extension that the peer sent, up to TLS 1.2; data is
// valid during the call only. A server sees it before it looks for a session. An error fails the handshake.
//
// C: SSL_set_session_ticket_ext_cb(3)
func (s *SSL) SetSessionTicketExtCallback(cb func(s *SSL, data []byte) error) error {
	return s.set(func(p *C.SSL) C.gls_ret {
		r := C.gls_SSL_set_session_ticket_ext_cb(p, cBool(cb != nil))
		if r.ret == 1 {
			s.ticketExt = cb
		}
		return r
	})
}

// A SessionSecret returns the master secret of a session, up to 48 bytes, made from a key that both sides have and
// from their random values of this handshake. On a server nil is none: a full handshake follows. An error fails the
// handshake, and so does nil on a client.
type SessionSecret func(s *SSL, clientRandom, serverRandom []byte) (secret []byte, err error)

// SetSessionSecretCallback sets what makes the master secret of a handshake up to TLS 1.2 without certificates. A
// server asks it when there is no session to resume; a client when it has sent a ticket or SetSessionTicketExt's
// data, and the server may still choose a full handshake. Nobody is authenticated but by that secret.
//
// The server needs an RSA certificate, or cipher suites without one: libssl looks for the cipher suite before it knows
// which signatures the client takes.
//
// C: SSL_set_session_secret_cb(3)
func (s *SSL) SetSessionSecretCallback(cb SessionSecret) error {
	return s.set(func(p *C.SSL) C.gls_ret {
		r := C.gls_SSL_set_session_secret_cb(p, cBool(cb != nil))
		if r.ret == 1 {
			s.sessionSecret = cb
		}
		return r
	})
}

// runSessionTicketExt is on_session_ticket_ext in shim.c.
func (s *SSL) runSessionTicketExt(data []byte) bool {
	cb := s.ticketExt
	if cb == nil {
		return true
	}
	var err error
	ok := s.callback(func() { err = cb(s, data) })
	if err != nil {
		s.callbackErr = err
	}
	return ok && err == nil
}

// runSessionSecret is on_session_secret in shim.c. It fills buf.
func (s *SSL) runSessionSecret(buf []byte) (n int, ok bool) {
	cb := s.sessionSecret
	if cb == nil {
		return 0, false
	}
	var secret []byte
	var err error
	var client, server [32]byte
	C.SSL_get_client_random(s.ptr, (*C.uchar)(&client[0]), C.size_t(len(client)))
	C.SSL_get_server_random(s.ptr, (*C.uchar)(&server[0]), C.size_t(len(server)))
	ok = s.callback(func() { secret, err = cb(s, client[:], server[:]) })
	if most := min(len(buf), C.SSL_MAX_MASTER_KEY_LENGTH); err == nil && len(secret) > most {
		err = fmt.Errorf("libssl: SetSessionSecretCallback: a secret of %d bytes; at most %d wanted", len(secret), most)
	}
	if err != nil {
		s.callbackErr = err
	}
	if !ok || err != nil {
		return 0, false
	}
	return copy(buf, secret), true
}
