package libssl

// #include "shim.h"
import "C"

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"unsafe"

	"golang.org/x/crypto/cryptobyte"
)

// SetClientHelloCallback sets what a server shows each ClientHello to, before libssl looks at it: nothing has been
// chosen yet, no session looked up. It may set up hello.SSL(). An error ends the handshake, with the alert
// internal_error or the [tls.AlertError] that errors.As finds in it.
//
// It runs inside libssl. What takes time belongs into [ClientHello.Suspend]. It runs again for the second ClientHello
// after a HelloRetryRequest and for those of renegotiations, and before SetServerNameCallback's.
//
// C: SSL_CTX_set_client_hello_cb(3)
func (c *Ctx) SetClientHelloCallback(cb func(hello *ClientHello) error) {
	c.adjust(func(p *C.SSL_CTX) {
		c.clientHello.Store(&cb)
		c.askAtClientHello(p)
	})
}

// A ClientHello is what a client asks for, as it came. It is valid during the callback only; what its methods return
// are copies.
type ClientHello struct {
	ssl    *SSL
	open   atomic.Bool
	second bool
	work   func(ctx context.Context) error
}

// SSL returns the server's side of the connection.
func (h *ClientHello) SSL() *SSL { return h.ssl }

// Second reports whether the client was sent a HelloRetryRequest before.
func (h *ClientHello) Second() bool { return h.second }

// Suspend has the handshake wait, once the callback has returned nil, until work has returned, with no OS thread held
// and nothing locked: any method of the SSL may be called. An error of work ends the handshake as one of the callback
// does. ctx ends with the one that the handshake was called with and when the connection is closed; the handshake does
// not wait for work then, nor beyond its deadline. Of several calls the last one counts, and one after the callback
// does nothing. [Conn.Stateless] can't wait: it fails.
//
// C: SSL_CTX_set_client_hello_cb(3)
func (h *ClientHello) Suspend(work func(ctx context.Context) error) { h.work = work }

// WantClientHelloCallback reports whether a server's handshake waits for the work that [ClientHello.Suspend] was given.
//
// C: SSL_want_client_hello_cb(3)
func (s *SSL) WantClientHelloCallback() bool {
	return ask(s, func(p *C.SSL) bool { return C.gls_SSL_want_client_hello_cb(p) != 0 })
}

// LegacyVersion returns the version field of the message, which is TLS 1.2 in a TLS 1.3 ClientHello: see
// SupportedVersions.
//
// C: SSL_client_hello_get0_legacy_version(3)
func (h *ClientHello) LegacyVersion() uint16 {
	if !h.open.Load() {
		return 0
	}
	return uint16(C.SSL_client_hello_get0_legacy_version(h.ssl.ptr))
}

// Random returns the client's 32 random bytes.
//
// C: SSL_client_hello_get0_random(3)
func (h *ClientHello) Random() []byte {
	return h.bytes(func(p *C.SSL, out **C.uchar) C.size_t { return C.SSL_client_hello_get0_random(p, out) })
}

// SessionID returns the session id field: up to TLS 1.2 the id of the session that the client wants to resume, or
// anything beside a ticket; in TLS 1.3 it means nothing.
//
// C: SSL_client_hello_get0_session_id(3)
func (h *ClientHello) SessionID() []byte {
	return h.bytes(func(p *C.SSL, out **C.uchar) C.size_t { return C.SSL_client_hello_get0_session_id(p, out) })
}

// CipherSuites returns the suites that the client offers, in its order, those that libssl does not know too.
//
// C: SSL_client_hello_get0_ciphers(3)
func (h *ClientHello) CipherSuites() []uint16 {
	raw := h.bytes(func(p *C.SSL, out **C.uchar) C.size_t { return C.SSL_client_hello_get0_ciphers(p, out) })
	suites := make([]uint16, 0, len(raw)/2)
	for ; len(raw) >= 2; raw = raw[2:] {
		suites = append(suites, binary.BigEndian.Uint16(raw))
	}
	return suites
}

// CompressionMethods returns the compression methods that the client offers.
//
// C: SSL_client_hello_get0_compression_methods(3)
func (h *ClientHello) CompressionMethods() []byte {
	return h.bytes(func(p *C.SSL, out **C.uchar) C.size_t { return C.SSL_client_hello_get0_compression_methods(p, out) })
}

// Extensions returns the types of the extensions in the client's order, but for those that libssl does not know.
//
// C: SSL_client_hello_get1_extensions_present(3)
func (h *ClientHello) Extensions() []uint16 {
	if !h.open.Load() {
		return nil
	}
	var list *C.int
	var n C.size_t
	if C.SSL_client_hello_get1_extensions_present(h.ssl.ptr, &list, &n) != 1 {
		return nil
	}
	defer C.gls_OPENSSL_free(unsafe.Pointer(list))
	types := make([]uint16, 0, n)
	for _, t := range unsafe.Slice(list, int(n)) {
		types = append(types, uint16(t))
	}
	return types
}

// Extension returns the content of an extension; false if the client did not send it or libssl does not know it.
//
// C: SSL_client_hello_get0_ext(3)
func (h *ClientHello) Extension(kind uint16) (content []byte, ok bool) {
	if !h.open.Load() {
		return nil, false
	}
	var p *C.uchar
	var n C.size_t
	if C.gls_SSL_client_hello_get0_ext(h.ssl.ptr, C.uint(kind), &p, &n) != 1 {
		return nil, false
	}
	return C.GoBytes(unsafe.Pointer(p), C.int(n)), true
}

// ServerName returns the name that the client asks for (SNI), empty for none.
//
// C: SSL_client_hello_get0_ext(3)
func (h *ClientHello) ServerName() string {
	ext, _ := h.Extension(C.TLSEXT_TYPE_server_name)
	var names, name cryptobyte.String
	if s := cryptobyte.String(ext); !s.ReadUint16LengthPrefixed(&names) {
		return ""
	}
	for !names.Empty() {
		var kind uint8
		if !names.ReadUint8(&kind) || !names.ReadUint16LengthPrefixed(&name) {
			return ""
		}
		if kind == C.TLSEXT_NAMETYPE_host_name {
			return string(name)
		}
	}
	return ""
}

// SupportedProtocols returns the client's ALPN protocols in its order.
//
// C: SSL_client_hello_get0_ext(3)
func (h *ClientHello) SupportedProtocols() (names []string) {
	ext, _ := h.Extension(C.TLSEXT_TYPE_application_layer_protocol_negotiation)
	var list, name cryptobyte.String
	if s := cryptobyte.String(ext); !s.ReadUint16LengthPrefixed(&list) {
		return nil
	}
	for !list.Empty() && list.ReadUint8LengthPrefixed(&name) {
		names = append(names, string(name))
	}
	return names
}

// SupportedVersions returns the versions that the client offers in its order, those that libssl does not know too.
//
// C: SSL_client_hello_get0_ext(3)
func (h *ClientHello) SupportedVersions() (versions []uint16) {
	ext, ok := h.Extension(C.TLSEXT_TYPE_supported_versions)
	if !ok {
		return []uint16{h.LegacyVersion()}
	}
	var list cryptobyte.String
	var v uint16
	if s := cryptobyte.String(ext); !s.ReadUint8LengthPrefixed(&list) {
		return nil
	}
	for list.ReadUint16(&v) {
		versions = append(versions, v)
	}
	return versions
}

func (h *ClientHello) bytes(f func(p *C.SSL, out **C.uchar) C.size_t) []byte {
	if !h.open.Load() {
		return nil
	}
	var p *C.uchar
	n := f(h.ssl.ptr, &p)
	return C.GoBytes(unsafe.Pointer(p), C.int(n))
}

// show runs f with the ClientHello that libssl is at.
func (s *SSL) show(f func(h *ClientHello)) *ClientHello {
	h := &ClientHello{ssl: s, second: s.hello.answered > 0}
	h.open.Store(true)
	defer h.open.Store(false)
	f(h)
	return h
}

// helloState is how far a handshake has come with its ClientHellos.
type helloState struct {
	answered  int        // ClientHellos that libssl has gone on with
	step      int        // of helloSteps, with the one that it is at
	work      *helloWork // what it waits for
	asked     *string    // the server name, once known
	stateless bool       // libssl is to keep nothing, and would lose a ClientHello that waits
	choosing  bool       // a step is being taken
}

// helloSteps are what uses libssl's one slot for a ClientHello callback, in turn. libssl asks the slot again after it
// was told to wait, after HelloRetryRequest, and in renegotiation.
var helloSteps = []struct {
	take  func(s *SSL) (work func(context.Context) error, err error)
	alert tls.AlertError // for an error that brings none
}{
	{(*SSL).takeClientHello, C.SSL_AD_INTERNAL_ERROR},
	{(*SSL).takeServerName, C.SSL_AD_UNRECOGNIZED_NAME},
}

// askAtClientHello has libssl call runClientHello if a step has something to do there. Each setter that a step goes by
// calls it. mu is held.
func (c *Ctx) askAtClientHello(p *C.SSL_CTX) {
	C.gls_SSL_CTX_set_client_hello_cb(p, cBool(load(&c.clientHello) != nil || load(&c.serverName) != nil))
}

// takeClientHello is the step of SetClientHelloCallback.
func (s *SSL) takeClientHello() (work func(context.Context) error, err error) {
	cb := load(&s.origin.clientHello)
	if cb == nil {
		return nil, nil
	}
	if !s.callback(func() { work = s.show(func(h *ClientHello) { err = cb(h) }).work }) {
		err = errPanicked
	}
	return work, err
}

// runClientHello is on_client_hello in shim.c.
func (s *SSL) runClientHello(alert *C.int) C.int {
	h := &s.hello
	if h.work != nil {
		if !h.work.over.Load() {
			return C.SSL_CLIENT_HELLO_RETRY
		}
		err := h.work.err
		if s.panicked = h.work.panicked; s.panicked != nil {
			err = errPanicked
		}
		if err != nil {
			return s.refuseHello(err, alert)
		}
		h.work = nil
		h.step++
	}
	h.choosing = true
	defer func() { h.choosing = false }()
	for ; h.step < len(helloSteps); h.step++ {
		work, err := helloSteps[h.step].take(s)
		switch {
		case err != nil:
			return s.refuseHello(err, alert)
		case s.lost:
			return C.SSL_CLIENT_HELLO_ERROR
		case work != nil && h.stateless:
			return s.refuseHello(errSuspended, alert)
		case work != nil:
			h.work = s.conn.start(work)
			return C.SSL_CLIENT_HELLO_RETRY
		}
	}
	h.step = 0
	h.answered++
	return C.SSL_CLIENT_HELLO_SUCCESS
}

func (s *SSL) refuseHello(err error, alert *C.int) C.int {
	a := helloSteps[s.hello.step].alert
	switch {
	case err == errPanicked:
		a = C.SSL_AD_INTERNAL_ERROR
	default:
		s.callbackErr = err
		errors.As(err, &a)
	}
	*alert = C.int(a)
	return C.SSL_CLIENT_HELLO_ERROR
}

// helloWork is what a handshake waits for, in a goroutine of its own. What it came to is read when over is set.
type helloWork struct {
	running  chan struct{} // as a lock that is held
	over     atomic.Bool
	err      error
	panicked *any
}

var errWorkGoexit = errors.New("libssl: the work that a ClientHello was suspended for ended its goroutine")

// start runs work beside the handshake that waits for it. mu is held.
func (c *Conn) start(work func(context.Context) error) *helloWork {
	w := &helloWork{running: make(chan struct{}, 1), err: errWorkGoexit}
	w.running <- struct{}{}
	ctx, cancel := context.WithCancelCause(c.base)
	go func() {
		select {
		case <-c.closed:
			cancel(ErrClosed)
		case <-ctx.Done():
		}
	}()
	go func() {
		defer func() {
			if v := recover(); v != nil {
				w.panicked = &v
			}
			w.over.Store(true)
			<-w.running
			cancel(nil)
		}()
		w.err = work(ctx)
	}()
	return w
}

// awaitWork waits for it, until ctx ends or one of those deadlines passes.
func (c *Conn) awaitWork(ctx context.Context, w *helloWork, by deadlineSet) error {
	if err := c.takeTurn(ctx, w.running, by); err != nil {
		return err
	}
	<-w.running
	return nil
}
