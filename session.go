package libssl

// #include "shim.h"
import "C"

import (
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// A Session is an SSL_SESSION: what a client and a server need to resume. It is a value: what a connection or a Ctx
// does with its own copy never changes it. So it stays resumable when the connection that it came from fails or is
// dropped, when the Ctx whose cache holds it is closed, and when a client has used it. Getters may run beside each
// other; setters and Close wait for them.
//
// The zero Session holds nothing, like a closed one. Make one by [NewSession] or [ParseSession], or get it from a
// connection.
type Session struct {
	mu      sync.RWMutex
	ptr     *C.SSL_SESSION // nil for the zero Session and a closed one
	closed  bool
	cleanup runtime.Cleanup
}

// NewSession makes an empty session, to be filled by its setters: for a pre-shared key of TLS 1.3, which needs a
// version, a cipher suite and a master key. It is not resumable, and lasts 304 seconds from now unless SetTimeout
// says otherwise.
//
// C: SSL_SESSION_new(3)
func NewSession() (*Session, error) {
	r := C.gls_SSL_SESSION_new()
	if r.ptr == nil {
		return nil, newError(r)
	}
	return newSession((*C.SSL_SESSION)(r.ptr)), nil
}

// newSession takes over a reference that nobody else holds; nil for NULL.
func newSession(p *C.SSL_SESSION) *Session {
	if p == nil {
		return nil
	}
	x := new(Session)
	x.hold(p)
	return x
}

// hold takes over a reference in place of the one that x has.
func (x *Session) hold(p *C.SSL_SESSION) {
	if x.ptr != nil {
		x.cleanup.Stop()
		C.SSL_SESSION_free(x.ptr)
	}
	x.ptr = p
	if p != nil {
		x.cleanup = runtime.AddCleanup(x, func(p *C.SSL_SESSION) { C.SSL_SESSION_free(p) }, p)
	}
}

// Close frees the session now rather than when it is unreachable. It may be called more than once.
//
// C: SSL_SESSION_free(3)
func (x *Session) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.hold(nil)
	x.closed = true
	return nil
}

// Clone returns an independent copy.
//
// C: SSL_SESSION_dup(3)
func (x *Session) Clone() (*Session, error) {
	p, err := x.dup()
	return newSession(p), err
}

// Equal reports whether both hold the same: everything that MarshalBinary writes, compared in constant time, and
// IsResumable. A session that can't be written, as a closed one, is equal to itself only.
func (x *Session) Equal(y *Session) bool {
	if x == y {
		return true
	}
	if x == nil || y == nil {
		return false
	}
	a, errA := x.MarshalBinary()
	b, errB := y.MarshalBinary()
	return errA == nil && errB == nil && subtle.ConstantTimeCompare(a, b) == 1 && x.IsResumable() == y.IsResumable()
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
		return C.gls_SSL_SESSION_set1_id(p, uchars(id), C.size_t(len(id)))
	})
}

// Version returns the protocol version, as tls.VersionTLS13.
//
// C: SSL_SESSION_get_protocol_version(3)
func (x *Session) Version() uint16 {
	return get(x, func(p *C.SSL_SESSION) uint16 { return uint16(C.SSL_SESSION_get_protocol_version(p)) })
}

// SetVersion sets the protocol version, as tls.VersionTLS13. libssl takes any number.
//
// C: SSL_SESSION_set_protocol_version(3)
func (x *Session) SetVersion(v uint16) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret { return C.gls_SSL_SESSION_set_protocol_version(p, C.int(v)) })
}

// CipherSuite returns the suite's number, as tls.TLS_AES_128_GCM_SHA256; 0 before one was agreed on.
//
// C: SSL_SESSION_get0_cipher(3)
func (x *Session) CipherSuite() uint16 {
	return get(x, func(p *C.SSL_SESSION) uint16 { return uint16(C.gls_SSL_SESSION_cipher_suite(p)) })
}

// SetCipherSuite sets the suite by its number, as tls.TLS_AES_128_GCM_SHA256. One that libssl does not know is an
// error and changes nothing.
//
// C: SSL_SESSION_set_cipher(3)
func (x *Session) SetCipherSuite(suite uint16) error {
	return about(x.set(func(p *C.SSL_SESSION) C.gls_ret { return C.gls_SSL_SESSION_set_cipher(p, C.uint(suite)) }), "%#04x", suite)
}

// MasterKey returns the session's secret: the master secret up to TLS 1.2, the pre-shared key of the resumption in
// TLS 1.3. Whoever has it can read what was sent in the TLS 1.2 session, or take the client's part when it is
// resumed: keep it out of logs, and write zeros over it after use.
//
// C: SSL_SESSION_get_master_key(3)
func (x *Session) MasterKey() []byte {
	return get(x, func(p *C.SSL_SESSION) []byte {
		key := make([]byte, C.SSL_SESSION_get_master_key(p, nil, 0))
		return key[:C.SSL_SESSION_get_master_key(p, (*C.uchar)(unsafe.SliceData(key)), C.size_t(len(key)))]
	})
}

// SetMasterKey sets the secret, as the pre-shared key of a session made by [NewSession]: at most 512 bytes, in OpenSSL
// 1.1.1 256. More is an error with an empty stack.
//
// C: SSL_SESSION_set1_master_key(3)
func (x *Session) SetMasterKey(key []byte) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret {
		return C.gls_SSL_SESSION_set1_master_key(p, uchars(key), C.size_t(len(key)))
	})
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

// Timeout returns how long after Time the server will resume the session. A client's session has the client's own
// default, not what the server said: see TicketLifetimeHint. libssl's clients do not go by it.
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

// IsResumable reports whether libssl would offer the session or accept it: it has an id or a ticket, and when the copy
// was taken no fatal error and no removal had spoilt it. A TLS 1.2 server's session that is kept in a ticket is not,
// since the ticket is its client's. Neither the time nor the timeout counts here. The mark of a spoilt one is not
// written by [Session.MarshalBinary].
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

// Ticket returns the ticket that a client got from its server. It says nothing about how the server keeps the session:
// a TLS 1.3 server that keeps it itself ([NoTicket]) sends its id as the ticket, and a client's own ID is another one.
//
// C: SSL_SESSION_get0_ticket(3)
func (x *Session) Ticket() []byte {
	return get(x, func(p *C.SSL_SESSION) []byte {
		var ticket *C.uchar
		var n C.size_t
		C.SSL_SESSION_get0_ticket(p, &ticket, &n)
		return C.GoBytes(unsafe.Pointer(ticket), C.int(n))
	})
}

// TicketLifetimeHint returns how long the server said that it would accept the ticket, 0 if it did not say. A libssl
// client does not offer a TLS 1.3 ticket that is older.
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

// SetTicketAppData sets what [Session.TicketAppData] returns; nothing clears it. It is written by MarshalBinary, and
// into a ticket only if set while libssl makes that.
//
// C: SSL_SESSION_set1_ticket_appdata(3)
func (x *Session) SetTicketAppData(data []byte) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret {
		return C.gls_SSL_SESSION_set1_ticket_appdata(p, unsafe.Pointer(uchars(data)), C.size_t(len(data)))
	})
}

// MaxEarlyData returns how many bytes of early data the server takes with this session; 0 is none.
//
// C: SSL_SESSION_get_max_early_data(3)
func (x *Session) MaxEarlyData() uint32 {
	return get(x, func(p *C.SSL_SESSION) uint32 { return uint32(C.SSL_SESSION_get_max_early_data(p)) })
}

// SetMaxEarlyData sets it, for a session that is a pre-shared key of TLS 1.3.
//
// C: SSL_SESSION_set_max_early_data(3)
func (x *Session) SetMaxEarlyData(n uint32) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret { return C.gls_SSL_SESSION_set_max_early_data(p, C.uint32_t(n)) })
}

// ServerName returns the name that the client asked for and the server took (SNI).
//
// C: SSL_SESSION_get0_hostname(3)
func (x *Session) ServerName() string {
	return get(x, func(p *C.SSL_SESSION) string { return C.GoString(C.SSL_SESSION_get0_hostname(p)) })
}

// SetServerName sets it; "" clears it. A resumption does not send it: that is for [SSL.SetServerName].
//
// C: SSL_SESSION_set1_hostname(3)
func (x *Session) SetServerName(name string) error {
	return withCString("SSL_SESSION_set1_hostname", name, func(cs *C.char) error {
		return x.set(func(p *C.SSL_SESSION) C.gls_ret { return C.gls_SSL_SESSION_set1_hostname(p, orNull(cs)) })
	})
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

// SetNegotiatedProtocol sets it; "" clears it. Early data goes with this protocol only.
//
// C: SSL_SESSION_set1_alpn_selected(3)
func (x *Session) SetNegotiatedProtocol(name string) error {
	return x.set(func(p *C.SSL_SESSION) C.gls_ret {
		return C.gls_SSL_SESSION_set1_alpn_selected(p, (*C.uchar)(unsafe.StringData(name)), C.size_t(len(name)))
	})
}

// MaxFragmentLength returns the largest fragment that the client asked for and the server took (RFC 6066, section 4):
// 512, 1024, 2048 or 4096 bytes; 0 if there was no such agreement.
//
// C: SSL_SESSION_get_max_fragment_length(3)
func (x *Session) MaxFragmentLength() int {
	code := get(x, func(p *C.SSL_SESSION) C.uint8_t { return C.SSL_SESSION_get_max_fragment_length(p) })
	if code < C.TLSEXT_max_fragment_length_512 || code > C.TLSEXT_max_fragment_length_4096 {
		return 0
	}
	return 512 << (code - C.TLSEXT_max_fragment_length_512)
}

// CompressID returns the number of the TLS compression method; 0, which is none, in every libssl as it is usually
// built.
//
// C: SSL_SESSION_get_compress_id(3)
func (x *Session) CompressID() int {
	return get(x, func(p *C.SSL_SESSION) int { return int(C.SSL_SESSION_get_compress_id(p)) })
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

// PeerRawPublicKey returns the public key that the peer showed in place of a certificate (RFC 7250), as
// x509.ParsePKIXPublicKey has it; nil if it showed none. It is an error if that can't read what libssl could.
//
// C: SSL_SESSION_get0_peer_rpk(3)
// OpenSSL: 3.2
func (x *Session) PeerRawPublicKey() (crypto.PublicKey, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.ptr == nil {
		return nil, ErrClosed
	}
	if !Supports("SSL_SESSION_get0_peer_rpk") {
		return nil, unsupported("SSL_SESSION_get0_peer_rpk")
	}
	var der *C.uchar
	n := C.gls_SSL_SESSION_get0_peer_rpk(x.ptr, &der)
	if n == 0 {
		return nil, nil
	}
	if n < 0 {
		return nil, &Error{Op: "i2d_PUBKEY", Ret: int(n)}
	}
	defer C.gls_OPENSSL_free(unsafe.Pointer(der))
	return x509.ParsePKIXPublicKey(C.GoBytes(unsafe.Pointer(der), n))
}
