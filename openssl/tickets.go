package openssl

import (
	"bytes"
	"sync"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/late"
)

// KeyNameSize is how many bytes a [TicketName] has.
const KeyNameSize = 16

// A TicketCipherCtx is the cipher that tickets are encrypted with, a block cipher in CBC mode; nil is AES, as the key's
// length says. Engine is not used: there are no engines.
type TicketCipherCtx struct {
	Cipher *Cipher
	Engine *Engine
}

// A TicketDigestCtx is the digest of the HMAC that keeps tickets from being forged; nil is SHA-256. Engine is not used.
type TicketDigestCtx struct {
	Digest *Digest
	Engine *Engine
}

// A TicketName is what a ticket begins with, in clear: which key it is sealed with.
type TicketName [KeyNameSize]byte

// A TicketKey is what tickets are sealed with: whoever has it reads the sessions in them, and makes tickets that are
// believed.
type TicketKey struct {
	Name      TicketName
	CipherKey []byte // of the length that the cipher wants
	HMACKey   []byte // at least 16 bytes
	IV        []byte // not used: each ticket gets a random one
}

// A TicketKeyManager has the keys of a server's tickets and changes them with time. For one Ctx it is called for one
// connection at a time, inside libssl. What it returns is only read.
type TicketKeyManager interface {
	// New makes a key with a name of its own, if there is no current one. With nil there is no ticket.
	New() *TicketKey

	// Current returns the key that new tickets are sealed with, nil if there is none yet.
	Current() *TicketKey

	// Lookup returns the key of that name, nil for none: a full handshake follows.
	Lookup(name TicketName) *TicketKey

	// Expired reports whether tickets of the key of that name are no longer accepted.
	Expired(name TicketName) bool

	// ShouldRenew reports whether a client that brings a ticket of that key gets another one in its place. In TLS 1.3
	// it does whatever this says, since a client uses a ticket once.
	ShouldRenew(name TicketName) bool
}

// A TicketStore says how a server's tickets are sealed. It is not changed once it is in use.
type TicketStore struct {
	CipherCtx TicketCipherCtx
	DigestCtx TicketDigestCtx
	Keys      TicketKeyManager
}

// SetTicketStore has a server's tickets sealed with the keys of a store; nil, also as the store's Keys, are libssl's own. A
// key that does not fit the cipher, or whose HMACKey is too short, ends the handshake with an error that says so.
//
// C: SSL_CTX_set_tlsext_ticket_key_cb(3)
func (c *Ctx) SetTicketStore(store *TicketStore) {
	var keys libssl.TicketKeyManager
	if store != nil && store.Keys != nil {
		keys = &ticketKeys{store: store}
	}
	late.SetTicketKeyManager(c.Libssl(), keys)
}

// ticketKeys are the keys of a store for package libssl.
type ticketKeys struct {
	mu    sync.Mutex // held while the manager is called
	store *TicketStore
}

func (t *ticketKeys) Current() *libssl.TicketKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := t.store.Keys.Current()
	if key == nil {
		key = t.store.Keys.New()
	}
	return t.key(key)
}

func (t *ticketKeys) Lookup(name libssl.TicketKeyName) (key *libssl.TicketKey, renew bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys, wanted := t.store.Keys, TicketName(name)
	found := keys.Lookup(wanted)
	if found == nil || keys.Expired(wanted) {
		return nil, false
	}
	return t.key(found), keys.ShouldRenew(wanted)
}

// key returns a copy, which the manager can't change.
func (t *ticketKeys) key(k *TicketKey) *libssl.TicketKey {
	if k == nil {
		return nil
	}
	key := &libssl.TicketKey{
		Name:      libssl.TicketKeyName(k.Name),
		CipherKey: bytes.Clone(k.CipherKey),
		HMACKey:   bytes.Clone(k.HMACKey),
	}
	if c := t.store.CipherCtx.Cipher; c != nil && c.cipher != nil {
		key.Cipher = c.cipher.Name()
		key.CipherKey = key.CipherKey[:min(len(key.CipherKey), c.KeySize())] // as before: what is behind is not used
	}
	if d := t.store.DigestCtx.Digest; d != nil && d.digest != nil {
		key.Digest = d.digest.Name()
	}
	return key
}
