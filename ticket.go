package libssl

// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// ticketKeysLen is the size of libssl's static ticket keys: name, HMAC key and AES key.
const ticketKeysLen = 80

// SetTicketKeys sets the keys that tickets are sealed with, so that several servers take each other's: 80 bytes, of
// which 16 name the key. libssl never changes them by itself; whoever learns them reads the recorded TLS 1.2
// sessions of their time.
//
// C: SSL_CTX_set_tlsext_ticket_keys(3)
func (c *Ctx) SetTicketKeys(keys []byte) error {
	if len(keys) == 0 { // NULL asks libssl for the length
		return fmt.Errorf("libssl: SSL_CTX_set_tlsext_ticket_keys: no keys; %d bytes wanted", ticketKeysLen)
	}
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		return C.gls_SSL_CTX_set_tlsext_ticket_keys(p, unsafe.Pointer(uchars(keys)), C.long(len(keys)))
	})
}

// TicketKeys returns the ticket keys: those set, or the random ones that libssl made. They are secret.
//
// C: SSL_CTX_get_tlsext_ticket_keys(3)
func (c *Ctx) TicketKeys() ([]byte, error) {
	keys := make([]byte, ticketKeysLen)
	var r C.gls_ret
	if !c.view(func(p *C.SSL_CTX) {
		r = C.gls_SSL_CTX_get_tlsext_ticket_keys(p, unsafe.Pointer(unsafe.SliceData(keys)), C.long(len(keys)))
	}) {
		return nil, ErrClosed
	}
	if r.ret != 1 {
		return nil, newError(r)
	}
	return keys, nil
}

// SetNumTickets sets how many tickets a TLS 1.3 server sends after a full handshake; after a resumption it sends one,
// if n is not 0. The default is 2. Each can be used once by a client that wants not to be recognised.
//
// C: SSL_CTX_set_num_tickets(3)
func (c *Ctx) SetNumTickets(n int) error {
	if n < 0 {
		return fmt.Errorf("libssl: SSL_CTX_set_num_tickets: %d tickets", n)
	}
	return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_num_tickets(p, C.size_t(n)) })
}

// NumTickets returns it.
//
// C: SSL_CTX_get_num_tickets(3)
func (c *Ctx) NumTickets() (n int) {
	c.view(func(p *C.SSL_CTX) { n = int(C.SSL_CTX_get_num_tickets(p)) })
	return n
}

// SetNumTickets sets it for one connection, before its handshake.
//
// C: SSL_set_num_tickets(3)
func (s *SSL) SetNumTickets(n int) error {
	if n < 0 {
		return fmt.Errorf("libssl: SSL_set_num_tickets: %d tickets", n)
	}
	return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_num_tickets(p, C.size_t(n)) })
}

// NumTickets returns it.
//
// C: SSL_get_num_tickets(3)
func (s *SSL) NumTickets() int {
	return ask(s, func(p *C.SSL) int { return int(C.SSL_get_num_tickets(p)) })
}

// SendSessionTicket sends one more ticket to the client of a TLS 1.3 server whose handshake is complete: for each
// connection that the client is going to make, say. The write deadline ends it. The client has it when it reads.
//
// C: SSL_new_session_ticket(3)
// OpenSSL: 3.0
func (c *Conn) SendSessionTicket() error {
	return because(c.request(doTicket, "SSL_new_session_ticket"), "not the server of a TLS 1.3 connection")
}

// A GenerateTicket is asked when a server makes a ticket, for what it is to hold beside the session: see
// [Session.TicketAppData]. nil leaves what the session has, from the ticket that it was resumed from; empty data takes
// that away. An error fails the handshake.
type GenerateTicket func(s *SSL) (appData []byte, err error)

// A DecryptTicket decides what becomes of a client's ticket. sess is the session in it, the callback's own; nil if the
// ticket could not be opened. keyName names its key; it is valid during the call only. An error fails the handshake,
// as TicketReturnAbort does.
type DecryptTicket func(s *SSL, sess *Session, keyName []byte, status TicketStatus) (TicketReturn, error)

// A TicketStatus is what libssl found in a client's ticket: SSL_TICKET_ and that name.
type TicketStatus int

// The statuses that a DecryptTicket is told of.
const (
	TicketEmpty        TicketStatus = C.SSL_TICKET_EMPTY         // there is none: the client asks for one
	TicketNoDecrypt    TicketStatus = C.SSL_TICKET_NO_DECRYPT    // it could not be opened
	TicketSuccess      TicketStatus = C.SSL_TICKET_SUCCESS       // it can be resumed
	TicketSuccessRenew TicketStatus = C.SSL_TICKET_SUCCESS_RENEW // the same, and it is to be replaced
)

// A TicketReturn is what is to become of a client's ticket: SSL_TICKET_RETURN_ and that name. To use one that could not
// be opened fails the handshake.
type TicketReturn int

// The decisions.
const (
	TicketReturnAbort       TicketReturn = C.SSL_TICKET_RETURN_ABORT        // fail the handshake
	TicketReturnIgnore      TicketReturn = C.SSL_TICKET_RETURN_IGNORE       // a full handshake, without a ticket
	TicketReturnIgnoreRenew TicketReturn = C.SSL_TICKET_RETURN_IGNORE_RENEW // a full handshake, with a ticket
	TicketReturnUse         TicketReturn = C.SSL_TICKET_RETURN_USE          // resume, without another ticket
	TicketReturnUseRenew    TicketReturn = C.SSL_TICKET_RETURN_USE_RENEW    // resume, with another ticket
)

// SetSessionTicketCallback sets what is asked when a server makes and when it opens tickets; nil for either is none.
// generate also runs for the stateful tickets of TLS 1.3, decrypt only for tickets that hold the session themselves.
// With decrypt nil, libssl uses what it can open and replaces what is to be replaced. Both run inside libssl. After a
// switch by server name they are those of the first Ctx.
//
// C: SSL_CTX_set_session_ticket_cb(3)
func (c *Ctx) SetSessionTicketCallback(generate GenerateTicket, decrypt DecryptTicket) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret {
		r := C.gls_SSL_CTX_set_session_ticket_cb(p, cBool(generate != nil), cBool(decrypt != nil))
		if r.ret == 1 {
			c.generateTicket.Store(&generate)
			c.decryptTicket.Store(&decrypt)
		}
		return r
	})
}

// runGenerateTicket is on_generate_ticket in shim.c.
func (s *SSL) runGenerateTicket() bool {
	cb := load(&s.origin.generateTicket)
	if cb == nil {
		return true
	}
	var data []byte
	var err error
	ok := s.callback(func() { data, err = cb(s) })
	if ok && err == nil && data != nil {
		r := C.gls_SSL_SESSION_set1_ticket_appdata(C.SSL_get_session(s.ptr), unsafe.Pointer(uchars(data)), C.size_t(len(data)))
		if r.ret != 1 {
			err = newError(r)
		}
	}
	if err != nil {
		s.callbackErr = err
	}
	return ok && err == nil
}

// runDecryptTicket is on_decrypt_ticket in shim.c.
func (s *SSL) runDecryptTicket(p *C.SSL_SESSION, keyName []byte, status TicketStatus) C.int {
	cb := load(&s.origin.decryptTicket)
	if cb == nil {
		return C.SSL_TICKET_RETURN_ABORT
	}
	var sess *Session
	if p != nil {
		sess = newSession(C.gls_SSL_SESSION_dup(p))
	}
	decision := TicketReturnAbort
	var err error
	if !s.callback(func() { decision, err = cb(s, sess, keyName, status) }) {
		return C.SSL_TICKET_RETURN_ABORT
	}
	if err != nil {
		s.callbackErr = err
	}
	if err != nil || decision < TicketReturnAbort || decision > TicketReturnUseRenew {
		return C.SSL_TICKET_RETURN_ABORT
	}
	return C.int(decision)
}
