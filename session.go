package libssl

// #include "shim.h"
import "C"

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// A Session is an SSL_SESSION: what a client and a server need to resume. It is a value: what a connection or a Ctx
// does with its own copy never changes it. Getters may run beside each other; setters and Close wait for them.
type Session struct {
	mu      sync.RWMutex
	ptr     *C.SSL_SESSION // nil once closed
	cleanup runtime.Cleanup
}

// newSession takes over a reference that nobody else holds; nil for NULL.
func newSession(p *C.SSL_SESSION) *Session {
	if p == nil {
		return nil
	}
	x := &Session{ptr: p}
	x.cleanup = runtime.AddCleanup(x, func(p *C.SSL_SESSION) { C.SSL_SESSION_free(p) }, p)
	return x
}

// ParseSession reads a session in DER, as [Session.MarshalBinary] and openssl sess_id write it. Bytes after the
// session are an error. libssl refuses some faults, as an id of more than 32 bytes, with an empty error stack.
//
// C: d2i_SSL_SESSION(3)
func ParseSession(der []byte) (*Session, error) {
	var used C.size_t
	r := C.gls_d2i_SSL_SESSION((*C.uchar)(unsafe.SliceData(der)), C.size_t(len(der)), &used)
	if r.ptr == nil {
		return nil, newError(r)
	}
	x := newSession((*C.SSL_SESSION)(r.ptr))
	if rest := len(der) - int(used); rest > 0 {
		x.Close()
		return nil, fmt.Errorf("libssl: d2i_SSL_SESSION: %d bytes after the session", rest)
	}
	return x, nil
}

// ParseSessionPEM reads the first session in PEM ("SSL SESSION PARAMETERS"), as [Session.MarshalText] and
// openssl s_client -sess_out write it. An encrypted one is an error: nobody is asked for a password.
//
// C: PEM_read_bio_SSL_SESSION(3)
func ParseSessionPEM(pem []byte) (*Session, error) {
	r := C.gls_PEM_read_bio_SSL_SESSION((*C.uchar)(unsafe.SliceData(pem)), C.size_t(len(pem)))
	if r.ptr == nil {
		return nil, newError(r)
	}
	return newSession((*C.SSL_SESSION)(r.ptr)), nil
}

// Close frees the session now rather than when it is unreachable. It may be called more than once.
//
// C: SSL_SESSION_free(3)
func (x *Session) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ptr != nil {
		x.cleanup.Stop()
		C.SSL_SESSION_free(x.ptr)
		x.ptr = nil
	}
	return nil
}

// MarshalBinary returns the session in DER. It holds the session's secrets. A session without a cipher, as a client
// has before the ServerHello, can't be written.
//
// C: i2d_SSL_SESSION(3)
func (x *Session) MarshalBinary() ([]byte, error) {
	return x.marshal(func(p *C.SSL_SESSION, out **C.uchar) C.gls_ret { return C.gls_i2d_SSL_SESSION(p, out) })
}

// MarshalText returns the session in PEM. It holds the session's secrets.
//
// C: PEM_write_bio_SSL_SESSION(3)
func (x *Session) MarshalText() ([]byte, error) {
	return x.marshal(func(p *C.SSL_SESSION, out **C.uchar) C.gls_ret { return C.gls_PEM_write_bio_SSL_SESSION(p, out) })
}

func (x *Session) marshal(write func(*C.SSL_SESSION, **C.uchar) C.gls_ret) ([]byte, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.ptr == nil {
		return nil, ErrClosed
	}
	var out *C.uchar
	r := write(x.ptr, &out)
	defer C.gls_OPENSSL_free(unsafe.Pointer(out))
	if r.ret <= 0 {
		return nil, newError(r)
	}
	return C.GoBytes(unsafe.Pointer(out), C.int(r.ret)), nil
}

// Clone returns an independent copy.
//
// C: SSL_SESSION_dup(3)
func (x *Session) Clone() (*Session, error) {
	p, err := x.dup()
	return newSession(p), err
}

// dup returns a copy for C, a reference that the caller owns.
func (x *Session) dup() (*C.SSL_SESSION, error) {
	if x == nil {
		return nil, errors.New("libssl: nil Session")
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.ptr == nil {
		return nil, ErrClosed
	}
	p := C.gls_SSL_SESSION_dup(x.ptr)
	if p == nil {
		return nil, &Error{Op: "SSL_SESSION_dup"}
	}
	return p, nil
}

// get asks an open session; the zero value stands for a closed one.
func get[T any](x *Session, f func(p *C.SSL_SESSION) T) (v T) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.ptr != nil {
		v = f(x.ptr)
	}
	return v
}

// set runs a setter that returns 1 or fails.
func (x *Session) set(f func(p *C.SSL_SESSION) C.gls_ret) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ptr == nil {
		return ErrClosed
	}
	if r := f(x.ptr); r.ret != 1 {
		return newError(r)
	}
	return nil
}

// ID returns the session's id: up to 32 bytes, none for a server's session that is kept in a TLS 1.2 ticket.
//
// C: SSL_SESSION_get_id(3)
func (x *Session) ID() []byte {
	return get(x, func(p *C.SSL_SESSION) []byte {
		var n C.uint
		id := C.SSL_SESSION_get_id(p, &n)
		return C.GoBytes(unsafe.Pointer(id), C.int(n))
	})
}

// SetID gives the session another id, of at most 32 bytes.
//
// C: SSL_SESSION_set1_id(3)
func (x *Session) SetID(id []byte) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret {
		return C.gls_SSL_SESSION_set1_id(p, (*C.uchar)(unsafe.SliceData(id)), C.size_t(len(id)))
	})
}

// Version returns the protocol version, as tls.VersionTLS13.
//
// C: SSL_SESSION_get_protocol_version(3)
func (x *Session) Version() uint16 {
	return get(x, func(p *C.SSL_SESSION) uint16 { return uint16(C.SSL_SESSION_get_protocol_version(p)) })
}

// CipherSuite returns the suite's number, as tls.TLS_AES_128_GCM_SHA256; 0 before one was agreed on.
//
// C: SSL_SESSION_get0_cipher(3)
func (x *Session) CipherSuite() uint16 {
	return get(x, func(p *C.SSL_SESSION) uint16 { return uint16(C.gls_SSL_SESSION_cipher_suite(p)) })
}

// Time returns when the session was made, to the second.
//
// C: SSL_SESSION_get_time(3)
func (x *Session) Time() time.Time {
	sec := get(x, func(p *C.SSL_SESSION) int64 { return int64(C.gls_SSL_SESSION_get_time(p)) })
	if sec == 0 {
		return time.Time{}
	}
	return time.Unix(sec, 0)
}

// SetTime sets when the session was made; the zero time is C's 0. From OpenSSL 3.3 on a time before 1970 becomes one
// far ahead.
//
// C: SSL_SESSION_set_time(3)
func (x *Session) SetTime(t time.Time) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret {
		C.gls_SSL_SESSION_set_time(p, cTime(t))
		return C.gls_ret{ret: 1}
	})
}

// Timeout returns how long after Time the session may be resumed. A client's session has the client's own default,
// not what the server said: see TicketLifetimeHint.
//
// C: SSL_SESSION_get_timeout(3)
func (x *Session) Timeout() time.Duration {
	return get(x, func(p *C.SSL_SESSION) time.Duration { return seconds(int64(C.SSL_SESSION_get_timeout(p))) })
}

// SetTimeout sets it, in whole seconds. A negative one is refused from OpenSSL 3.0 on.
//
// C: SSL_SESSION_set_timeout(3)
func (x *Session) SetTimeout(d time.Duration) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret {
		return C.gls_SSL_SESSION_set_timeout(p, C.long(d/time.Second))
	})
}

// IsResumable reports whether libssl would offer the session or accept it: it has an id or a ticket, and no fatal
// error and no removal has spoilt it.
//
// C: SSL_SESSION_is_resumable(3)
func (x *Session) IsResumable() bool {
	return get(x, func(p *C.SSL_SESSION) bool { return C.SSL_SESSION_is_resumable(p) == 1 })
}

// HasTicket reports whether the session holds a ticket from its server.
//
// C: SSL_SESSION_has_ticket(3)
func (x *Session) HasTicket() bool {
	return get(x, func(p *C.SSL_SESSION) bool { return C.SSL_SESSION_has_ticket(p) == 1 })
}

// TicketLifetimeHint returns how long the server said that it would accept the ticket.
//
// C: SSL_SESSION_get_ticket_lifetime_hint(3)
func (x *Session) TicketLifetimeHint() time.Duration {
	return get(x, func(p *C.SSL_SESSION) time.Duration {
		return seconds(int64(C.SSL_SESSION_get_ticket_lifetime_hint(p)))
	})
}

// TicketAppData returns what the server's application sealed into the ticket; nil on a client.
//
// C: SSL_SESSION_get0_ticket_appdata(3)
func (x *Session) TicketAppData() []byte {
	return get(x, func(p *C.SSL_SESSION) []byte {
		var data unsafe.Pointer
		var n C.size_t
		if C.SSL_SESSION_get0_ticket_appdata(p, &data, &n) != 1 || n == 0 {
			return nil
		}
		return C.GoBytes(data, C.int(n))
	})
}

// ServerName returns the name that the client asked for and the server took (SNI).
//
// C: SSL_SESSION_get0_hostname(3)
func (x *Session) ServerName() string {
	return get(x, func(p *C.SSL_SESSION) string { return C.GoString(C.SSL_SESSION_get0_hostname(p)) })
}

// NegotiatedProtocol returns the ALPN protocol.
//
// C: SSL_SESSION_get0_alpn_selected(3)
func (x *Session) NegotiatedProtocol() string {
	return get(x, func(p *C.SSL_SESSION) string {
		var name *C.uchar
		var n C.size_t
		C.SSL_SESSION_get0_alpn_selected(p, &name, &n)
		return C.GoStringN((*C.char)(unsafe.Pointer(name)), C.int(n))
	})
}

// PeerCertificate returns the peer's own certificate; nil if it sent none. It is an error if crypto/x509 can't read
// what libssl could.
//
// C: SSL_SESSION_get0_peer(3)
func (x *Session) PeerCertificate() (*x509.Certificate, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.ptr == nil {
		return nil, ErrClosed
	}
	cert := C.SSL_SESSION_get0_peer(x.ptr)
	if cert == nil {
		return nil, nil
	}
	return parseCertificate(cert)
}

// String names the session without its secrets: version, the start of its id, context and time.
func (x *Session) String() string {
	if x == nil || !get(x, func(*C.SSL_SESSION) bool { return true }) {
		return "Session(closed)"
	}
	id := x.ID()
	return fmt.Sprintf("Session(%s id %s… of %d bytes, context %q, made %s, timeout %s, ticket %t, resumable %t)",
		versionName(x.Version()), hex.EncodeToString(id[:min(4, len(id))]), len(id), x.IDContext(),
		x.Time().UTC().Format(time.RFC3339), x.Timeout(), x.HasTicket(), x.IsResumable())
}
