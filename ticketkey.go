package libssl

// #include "shim.h"
import "C"

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/go-libssl/libssl/internal/late"
)

// A TicketKeyName is what a ticket begins with, in clear: which key it is sealed with.
type TicketKeyName [16]byte

// String returns the name in hexadecimal.
func (n TicketKeyName) String() string { return hex.EncodeToString(n[:]) }

// A TicketKey is what tickets are sealed with (RFC 5077, section 4): whoever has it reads the sessions in them, and
// makes tickets that are believed. The IV is no part of it: each ticket gets a random one.
type TicketKey struct {
	Name      TicketKeyName
	CipherKey []byte // 16 bytes for AES-128-CBC, 32 for AES-256-CBC
	HMACKey   []byte // at least 16 bytes, for HMAC-SHA256

	// Others than those, by libcrypto's names, as "CAMELLIA-256-CBC" and "SHA384"; the cipher has to be a block cipher
	// in CBC mode. Empty is the above.
	Cipher, Digest string
}

// NewTicketKey makes a random key for AES-256-CBC and HMAC-SHA256.
func NewTicketKey() *TicketKey {
	k := &TicketKey{CipherKey: make([]byte, 32), HMACKey: make([]byte, 32)}
	rand.Read(k.Name[:])
	rand.Read(k.CipherKey)
	rand.Read(k.HMACKey)
	return k
}

// String names the key without its secrets.
func (k TicketKey) String() string { return "TicketKey(" + k.Name.String() + ")" }

// GoString is String: no format writes secrets.
func (k TicketKey) GoString() string { return k.String() }

func (k *TicketKey) clone() *TicketKey {
	c := *k
	c.CipherKey = append([]byte(nil), k.CipherKey...)
	c.HMACKey = append([]byte(nil), k.HMACKey...)
	return &c
}

// wipe overwrites the secrets of a key that nobody uses any more.
func (k *TicketKey) wipe() {
	clear(k.CipherKey)
	clear(k.HMACKey)
}

// minHMACKey is the least that keeps tickets from being forged.
const minHMACKey = 16

// algorithms returns what the key is for, as C strings.
func (k *TicketKey) algorithms() (cipher, digest []byte, err error) {
	name := k.Cipher
	switch {
	case len(k.HMACKey) < minHMACKey:
		return nil, nil, fmt.Errorf("libssl: TicketKey: an HMAC key of %d bytes; at least %d wanted", len(k.HMACKey), minHMACKey)
	case name != "":
	case len(k.CipherKey) == 16:
		name = "AES-128-CBC"
	case len(k.CipherKey) == 32:
		name = "AES-256-CBC"
	default:
		return nil, nil, fmt.Errorf("libssl: TicketKey: a cipher key of %d bytes; 16 or 32 wanted", len(k.CipherKey))
	}
	hash := k.Digest
	if hash == "" {
		hash = "SHA256"
	}
	return append([]byte(name), 0), append([]byte(hash), 0), nil
}

// A TicketKeyCallback chooses the key of a ticket. With encrypt a new ticket is to be sealed, and name means nothing;
// without it a client has brought a ticket that was sealed with the key of that name. key is only read, before the
// call that led to the callback ends.
//
// A nil key is none: no new ticket is given, or the client's is not accepted and a full handshake follows. With renew
// the client's ticket is accepted and gets a successor; in TLS 1.3 there is no successor otherwise, although a client
// uses a ticket once. An error fails the handshake, and errors.Is finds it.
type TicketKeyCallback func(s *SSL, name TicketKeyName, encrypt bool) (key *TicketKey, renew bool, err error)

// SetTicketKeyCallback sets what chooses the keys of a server's tickets, instead of those of SetTicketKeys; nil are
// those. It runs inside libssl, and for many connections at once. After a switch by server name it is that of the
// first Ctx.
//
// Before OpenSSL 3.0 a TLS 1.3 client that is to get no ticket gets one that nobody can open.
//
// C: SSL_CTX_set_tlsext_ticket_key_cb(3)
func (c *Ctx) SetTicketKeyCallback(cb TicketKeyCallback) error {
	if cb == nil {
		return c.setTicketKeys(nil)
	}
	return c.setTicketKeys(func(s *SSL, name TicketKeyName, encrypt bool, use func(*TicketKey) error) (bool, error) {
		key, renew, err := cb(s, name, encrypt)
		if key == nil || err != nil {
			return false, err
		}
		return renew, use(key)
	})
}

// A TicketKeyManager has the keys of a server's tickets and changes them with time. It is called for many connections
// at once, inside libssl. What it returns is only read, and it does not change it afterwards.
type TicketKeyManager interface {
	// Current returns the key that new tickets are sealed with. With nil there are none.
	Current() *TicketKey
	// Lookup returns the key of that name, with which a client's ticket was sealed. With nil the ticket is not
	// accepted, and a full handshake follows. With renew the client gets another in its place, sealed with the
	// current key.
	Lookup(name TicketKeyName) (key *TicketKey, renew bool)
}

// SetTicketKeyManager has a server's tickets sealed with the keys of m; nil takes it away. It takes the place of
// SetTicketKeyCallback, and several Ctx may share one. In TLS 1.3 an accepted ticket always gets a successor, since a
// client uses it once.
//
// C: SSL_CTX_set_tlsext_ticket_key_cb(3)
func (c *Ctx) SetTicketKeyManager(m TicketKeyManager) error {
	return c.setTicketKeys(keysOf(m))
}

func init() {
	late.SetTicketKeyManager = func(ctx, keys any) {
		m, _ := keys.(TicketKeyManager)
		c := ctx.(*Ctx)
		c.soon(c.ticketKeySetter(keysOf(m)))
	}
}

func keysOf(m TicketKeyManager) ticketKeys {
	if m == nil {
		return nil
	}
	lend := lenderOf(m)
	return func(s *SSL, name TicketKeyName, encrypt bool, use func(*TicketKey) error) (bool, error) {
		renew, err := lend(name, encrypt, use)
		return renew || C.SSL_version(s.ptr) == versionTLS13, err
	}
}

// lenderOf returns what has use called with a key of m that does not change meanwhile; not at all if m has none.
func lenderOf(m TicketKeyManager) func(name TicketKeyName, encrypt bool, use func(*TicketKey) error) (renew bool, err error) {
	if r, ok := m.(interface {
		lend(TicketKeyName, bool, func(*TicketKey) error) (bool, error)
	}); ok {
		return r.lend
	}
	return func(name TicketKeyName, encrypt bool, use func(*TicketKey) error) (renew bool, err error) {
		var key *TicketKey
		if encrypt {
			key = m.Current()
		} else {
			key, renew = m.Lookup(name)
		}
		if key == nil {
			return false, nil
		}
		return renew, use(key)
	}
}

// ticketKeys calls use with the key of a ticket, or does not.
type ticketKeys func(s *SSL, name TicketKeyName, encrypt bool, use func(*TicketKey) error) (renew bool, err error)

func (c *Ctx) setTicketKeys(keys ticketKeys) error { return c.change(c.ticketKeySetter(keys)) }

func (c *Ctx) ticketKeySetter(keys ticketKeys) setter {
	return func(p *C.SSL_CTX) C.gls_ret {
		r := C.gls_SSL_CTX_set_tlsext_ticket_key_cb(p, cBool(keys != nil))
		if r.ret == 1 {
			c.ticketKeys.Store(&keys)
		}
		return r
	}
}

// What a ticket key callback of C returns.
const (
	ticketKeyFailed = -1
	ticketKeyNone   = 0
	ticketKeyUsed   = 1
	ticketKeyRenew  = 2
)

// runTicketKey is on_ticket_key in shim.c.
func (s *SSL) runTicketKey(name *TicketKeyName, iv *C.uchar, ctx *C.EVP_CIPHER_CTX, mac unsafe.Pointer, encrypt bool) C.int {
	keys := load(&s.origin.ticketKeys)
	if keys == nil {
		return ticketKeyNone
	}
	used, renew := false, false
	use := func(k *TicketKey) error {
		used = true
		return k.use(name, iv, ctx, mac, encrypt)
	}
	var asked TicketKeyName
	if !encrypt {
		asked = *name
	}
	var err error
	if !s.callback(func() { renew, err = keys(s, asked, encrypt, use) }) {
		return ticketKeyFailed
	}
	if err == nil && !used && encrypt && headerVersionNumber < v300 && C.SSL_version(s.ptr) == versionTLS13 {
		err = use(NewTicketKey()) // libssl would send a message that is cut short
	}
	switch {
	case err != nil:
		s.callbackErr = err
		return ticketKeyFailed
	case !used:
		return ticketKeyNone
	case renew && !encrypt:
		return ticketKeyRenew
	}
	return ticketKeyUsed
}

// misfit says in words what gls_use_ticket_key has found about the cipher.
func (k *TicketKey) misfit(r C.gls_ret) error {
	switch err := newError(r); C.GoString(r.op) {
	case "EVP_CIPHER_mode":
		return fmt.Errorf("its mode is not CBC: %w", err)
	case "EVP_CIPHER_key_length":
		return fmt.Errorf("its key has %d bytes, and %d are wanted: %w", len(k.CipherKey), int(r.ret), err)
	default:
		return err
	}
}

// use has libssl seal or open a ticket with the key. Sealing, it also puts the key's name in.
func (k *TicketKey) use(name *TicketKeyName, iv *C.uchar, ctx *C.EVP_CIPHER_CTX, mac unsafe.Pointer, encrypt bool) error {
	cipher, digest, err := k.algorithms()
	if err != nil {
		return err
	}
	r := C.gls_use_ticket_key(ctx, mac, iv, cBool(encrypt),
		(*C.char)(unsafe.Pointer(unsafe.SliceData(cipher))), (*C.uchar)(unsafe.Pointer(&some(k.CipherKey)[0])), C.size_t(len(k.CipherKey)),
		(*C.char)(unsafe.Pointer(unsafe.SliceData(digest))), (*C.uchar)(unsafe.Pointer(&some(k.HMACKey)[0])), C.size_t(len(k.HMACKey)))
	runtime.KeepAlive(k) // a cleanup of the key may overwrite its secrets
	if r.ret != 1 {
		return fmt.Errorf("libssl: a TicketKey for %s and %s: %w", cipher[:len(cipher)-1], digest[:len(digest)-1], k.misfit(r))
	}
	if encrypt {
		*name = k.Name
	}
	return nil
}
