//go:build cgo

package libssl

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

// A keyring has the keys of a TicketKeyManager of ours. What it lends can't change meanwhile, so that a key may be
// overwritten as soon as it is dropped.
type keyring struct {
	mu      sync.Mutex
	keys    []ringKey // all of them open tickets
	current int       // seals new ones; there is none if that is out of range
	update  func()    // brings the above up to date; mu is held
}

type ringKey struct {
	*TicketKey
	since time.Time // when it came into use
}

// Current returns a copy.
func (r *keyring) Current() (key *TicketKey) {
	r.lend(TicketKeyName{}, true, func(k *TicketKey) error {
		key = k.clone()
		return nil
	})
	return key
}

// Lookup returns a copy.
func (r *keyring) Lookup(name TicketKeyName) (key *TicketKey, renew bool) {
	renew, _ = r.lend(name, false, func(k *TicketKey) error {
		key = k.clone()
		return nil
	})
	return key, renew
}

func (r *keyring) lend(name TicketKeyName, encrypt bool, use func(*TicketKey) error) (renew bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.update()
	for i, k := range r.keys {
		if encrypt && i == r.current || !encrypt && k.Name == name {
			return i != r.current, use(k.TicketKey)
		}
	}
	return false, nil
}

// replace puts others in the place of all keys.
func (r *keyring) replace(keys []ringKey, current int) {
	for _, k := range r.keys {
		k.wipe()
	}
	r.keys, r.current = keys, current
}

// rotating is what NewRotatingTicketKeys returns. The newest key is the first and current one.
type rotating struct {
	keyring
	every, keep time.Duration
}

// NewRotatingTicketKeys returns keys of this process alone, random ones: a new one each time that the old one has been
// in use for so long, which then opens tickets for as long as keep and is overwritten at the next use after that.
// Tickets of an older key are accepted and replaced. How long a session may be resumed at all is [Ctx.SetTimeout]'s; a
// keep that is shorter ends it earlier. Less than a second for every is a second; less than 0 for keep is 0.
//
// Without any of this libssl uses one key as long as the Ctx lives, and whoever gets at that reads all TLS 1.2
// connections since then whose sessions were in tickets.
func NewRotatingTicketKeys(every, keep time.Duration) TicketKeyManager {
	m := &rotating{every: max(every, time.Second), keep: max(keep, 0)}
	m.update = m.rotate
	return m
}

func (m *rotating) rotate() {
	now := time.Now()
	for n := len(m.keys); n > 0 && now.Sub(m.keys[n-1].since) >= m.every+m.keep; n-- {
		m.keys[n-1].wipe()
		m.keys = m.keys[:n-1]
	}
	if len(m.keys) == 0 || now.Sub(m.keys[0].since) >= m.every {
		m.keys = append([]ringKey{{NewTicketKey(), now}}, m.keys...)
	}
}

// derived is what DeriveTicketKeys returns.
type derived struct {
	keyring
	secret []byte
	every  time.Duration
}

// minTicketSecret is the least that can't be guessed.
const minTicketSecret = 16

// DeriveTicketKeys returns keys that follow from a secret and the time: servers with the same secret, the same every
// and clocks that agree open each other's tickets, and need not talk with each other. Each key seals tickets for as
// long as every and opens them for one more; one of the period to come opens them too, for clocks that are ahead.
//
// The secret has at least 16 bytes and is random, not a password. Whoever learns it can make all keys that there ever
// were, so it has to be changed from time to time.
func DeriveTicketKeys(secret []byte, every time.Duration) (TicketKeyManager, error) {
	if len(secret) < minTicketSecret {
		return nil, fmt.Errorf("libssl: DeriveTicketKeys: a secret of %d bytes; at least %d wanted", len(secret), minTicketSecret)
	}
	if every < time.Second {
		return nil, fmt.Errorf("libssl: DeriveTicketKeys: a new key every %v; at least a second wanted", every)
	}
	m := &derived{secret: append([]byte(nil), secret...), every: every}
	m.update = m.derive
	return m, nil
}

// derive makes the keys of the present period and of those beside it.
func (m *derived) derive() {
	now := time.Now().Truncate(m.every)
	if len(m.keys) > 0 && m.keys[m.current].since.Equal(now) {
		return
	}
	var keys []ringKey
	for _, start := range []time.Time{now.Add(-m.every), now, now.Add(m.every)} {
		keys = append(keys, ringKey{m.keyOf(start), start})
	}
	m.replace(keys, 1)
}

// keyOf derives the key of the period that begins then.
func (m *derived) keyOf(start time.Time) *TicketKey {
	info := fmt.Sprintf("libssl ticket key 1 %d %d", m.every, start.UnixNano())
	b, err := hkdf.Key(sha256.New, m.secret, nil, info, 16+32+32)
	if err != nil {
		panic(err) // of lengths that are constant
	}
	return &TicketKey{Name: TicketKeyName(b[:16]), CipherKey: b[16:48:48], HMACKey: b[48:]}
}
