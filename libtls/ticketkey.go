package libtls

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-libssl/libssl"
)

// The parts of a ticket key.
const (
	ticketKeySize   = ticketCipherLen + ticketHMACLen
	ticketCipherLen = 32 // AES-256-CBC
	ticketHMACLen   = 16 // HMAC-SHA256
	maxTicketKeys   = 4
)

// ticketKeys are the ticket keys of a Config, which all its servers share.
type ticketKeys struct {
	mu       sync.Mutex
	keys     []ticketKey // newest first
	lifetime time.Duration
	strict   bool
	auto     bool   // makes keys of its own
	rev      uint32 // of the next one
}

type ticketKey struct {
	*libssl.TicketKey
	since time.Time
}

func newTicketKeys() *ticketKeys {
	var rev [4]byte
	rand.Read(rev[:])
	return &ticketKeys{auto: true, rev: binary.BigEndian.Uint32(rev[:])}
}

func (t *ticketKeys) setLifetime(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lifetime = d
}

func (t *ticketKeys) setStrict() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strict = true
}

// add is AddTicketKey.
func (t *ticketKeys) add(rev uint32, key []byte, now time.Time) error {
	if len(key) != ticketKeySize {
		return fault(ErrTicketKeyLength, nil)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	name := ticketKeyName(rev)
	for i, k := range t.keys {
		if k.Name != name {
			continue
		}
		same := subtle.ConstantTimeCompare(k.CipherKey, key[:ticketCipherLen]) & subtle.ConstantTimeCompare(k.HMACKey, key[ticketCipherLen:])
		if i == 0 && same == 1 {
			return nil
		}
		return fault(ErrTicketKeyPresent, nil)
	}
	t.push(newTicketKey(rev, key), now)
	t.auto = false
	return nil
}

// push makes a key the newest. The oldest goes if there are too many.
func (t *ticketKeys) push(k *libssl.TicketKey, now time.Time) {
	t.keys = slices.Insert(t.keys, 0, ticketKey{k, now})
	if len(t.keys) > maxTicketKeys {
		t.keys = slices.Delete(t.keys, maxTicketKeys, len(t.keys)) // clears what it cuts off
	}
}

// newTicketKey copies the key. It is overwritten when nobody has it any more, no handshake either.
func newTicketKey(rev uint32, key []byte) *libssl.TicketKey {
	secret := slices.Clone(key)
	k := &libssl.TicketKey{Name: ticketKeyName(rev), CipherKey: secret[:ticketCipherLen:ticketCipherLen], HMACKey: secret[ticketCipherLen:]}
	runtime.AddCleanup(k, wipe, secret)
	return k
}

// ticketKeyName is rev with the largest byte first, and zeros.
func ticketKeyName(rev uint32) (name libssl.TicketKeyName) {
	binary.BigEndian.PutUint32(name[:], rev)
	return name
}

// callback is what libssl asks for the key of a ticket.
func (t *ticketKeys) callback(_ *libssl.SSL, name libssl.TicketKeyName, encrypt bool) (*libssl.TicketKey, bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.renew(now)
	if encrypt {
		return t.sealing(now)
	}
	key, renew := t.opening(name, now)
	return key, renew, nil
}

// renew makes a key, in the place of one that has had three quarters of its life.
func (t *ticketKeys) renew(now time.Time) {
	quarter := (t.lifetime / time.Second / 4) * time.Second
	if !t.auto || len(t.keys) > 0 && seconds(t.keys[0].since) >= seconds(now.Add(-3*quarter)) {
		return
	}
	key := make([]byte, ticketKeySize)
	rand.Read(key)
	t.push(newTicketKey(t.rev, key), now)
	clear(key)
	t.rev++
}

// sealing is the newest key that has not aged.
func (t *ticketKeys) sealing(now time.Time) (*libssl.TicketKey, bool, error) {
	for _, k := range t.keys {
		if t.usable(k, now) {
			return k.TicketKey, false, nil
		}
	}
	if t.strict {
		return nil, false, fault(ErrNoValidTicketKey, nil)
	}
	return nil, false, nil
}

// opening is the key of a client's ticket. One that is not sealed with the newest key is replaced.
func (t *ticketKeys) opening(name libssl.TicketKeyName, now time.Time) (key *libssl.TicketKey, renew bool) {
	for i, k := range t.keys {
		if t.usable(k, now) && subtle.ConstantTimeCompare(k.Name[:], name[:]) == 1 {
			return k.TicketKey, i != 0
		}
	}
	return nil, false
}

// usable tells whether a key is no older than a session may get.
func (t *ticketKeys) usable(k ticketKey, now time.Time) bool {
	return seconds(now.Add(-t.lifetime)) <= seconds(k.since)
}

// seconds is how libtls counts time: ages are differences of whole seconds.
func seconds(t time.Time) int64 { return t.Unix() }
