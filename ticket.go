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
		return C.gls_SSL_CTX_set_tlsext_ticket_keys(p, unsafe.Pointer(unsafe.SliceData(keys)), C.long(len(keys)))
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
