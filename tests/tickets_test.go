package tests

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

const (
	sealing = true
	opening = false
)

// tickets are the modes in which the session is in the ticket.
func tickets() []pair.Mode { return []pair.Mode{pair.Modes[1], pair.Modes[3]} }

// evpMAC reports whether libssl is 3.0 or newer.
func evpMAC() bool { return libssl.Supports("SSL_CTX_set_tlsext_ticket_key_evp_cb") }

// ticketOf returns a session's ticket (asn1: element 10 of SSL_SESSION).
func ticketOf(t *testing.T, sess *libssl.Session) []byte {
	t.Helper()
	var seq asn1.RawValue
	_, err := asn1.Unmarshal(marshal(t, sess), &seq)
	require.NoError(t, err)
	for rest := seq.Bytes; len(rest) > 0; {
		var v asn1.RawValue
		rest, err = asn1.Unmarshal(rest, &v)
		require.NoError(t, err)
		if v.Class == asn1.ClassContextSpecific && v.Tag == 10 {
			var ticket []byte
			_, err = asn1.Unmarshal(v.Bytes, &ticket)
			require.NoError(t, err)
			return ticket
		}
	}
	return nil
}

// openTicket opens a ticket as RFC 5077 proposes it, and returns the session in it and the IV.
func openTicket(t *testing.T, ticket []byte, key *libssl.TicketKey) (sess *libssl.Session, iv []byte) {
	t.Helper()
	require.Greater(t, len(ticket), 16+16+32)
	require.Equal(t, key.Name[:], ticket[:16], "the key's name")
	sealed, sum := ticket[:len(ticket)-32], ticket[len(ticket)-32:]
	mac := hmac.New(sha256.New, key.HMACKey)
	mac.Write(sealed)
	require.Equal(t, mac.Sum(nil), sum, "the HMAC")
	block, err := aes.NewCipher(key.CipherKey)
	require.NoError(t, err)
	iv = sealed[16:32]
	plain := bytes.Clone(sealed[32:])
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, plain)
	sess, err = libssl.ParseSession(plain[:len(plain)-int(plain[len(plain)-1])])
	require.NoError(t, err)
	return sess, iv
}

// ticketSession makes a session with a client.
func ticketSession(t *testing.T, server, client *libssl.Ctx) *libssl.Session {
	t.Helper()
	return connectOnce(t, server, client, nil, false)
}

// connectOnce makes a connection, requires that it resumes or does not, and returns the client's session.
func connectOnce(t *testing.T, server, client *libssl.Ctx, offered *libssl.Session, resumes bool) *libssl.Session {
	t.Helper()
	p := pair.Handshake(t, server, client, pair.Options{Session: offered})
	require.Equal(t, resumes, p.Client.SessionReused(), "resumed")
	require.Equal(t, resumes, p.Server.SessionReused(), "resumed")
	sess := p.Client.Session()
	p.Close(t)
	return sess
}

// fixedKeys is a TicketKeyManager whose keys a test changes.
type fixedKeys struct {
	mu   sync.Mutex
	keys []*libssl.TicketKey // the first seals
}

func (m *fixedKeys) Current() *libssl.TicketKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.keys) == 0 {
		return nil
	}
	return m.keys[0]
}

func (m *fixedKeys) Lookup(name libssl.TicketKeyName) (*libssl.TicketKey, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, k := range m.keys {
		if k.Name == name {
			return k, i > 0
		}
	}
	return nil, false
}

func (m *fixedKeys) set(keys ...*libssl.TicketKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys = keys
}

// Tickets have the form of RFC 5077, an IV of their own each, and are as good at another server with the keys.
func TestTicketKeyManager(t *testing.T) {
	t.Parallel()
	derived, err := libssl.DeriveTicketKeys([]byte("a secret of some bytes"), time.Hour)
	require.NoError(t, err)
	short := libssl.NewTicketKey()
	short.CipherKey, short.HMACKey = short.CipherKey[:16], short.HMACKey[:16]
	for _, tt := range []struct {
		name string
		keys libssl.TicketKeyManager
	}{
		{"rotating", libssl.NewRotatingTicketKeys(time.Hour, time.Hour)},
		{"derived", derived},
		{"AES-256", &fixedKeys{keys: []*libssl.TicketKey{libssl.NewTicketKey()}}},
		{"AES-128", &fixedKeys{keys: []*libssl.TicketKey{short}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range tickets() {
				server, other, client := mode.ServerCtx(t), mode.ServerCtx(t), mode.ClientCtx(t)
				require.NoError(t, server.SetTicketKeyManager(tt.keys))
				require.NoError(t, other.SetTicketKeyManager(tt.keys))
				ivs := make(map[string]bool)
				const rounds = 20
				for range rounds {
					sess := ticketSession(t, server, client)
					inside, iv := openTicket(t, ticketOf(t, sess), tt.keys.Current())
					assert.Equal(t, []byte("pair"), inside.IDContext())
					ivs[string(iv)] = true
				}
				assert.Len(t, ivs, rounds, "an IV is used once")

				sess := ticketSession(t, server, client)
				connectOnce(t, other, client, clone(t, sess), true)
				connectOnce(t, mode.ServerCtx(t), client, clone(t, sess), false)
				require.NoError(t, other.SetTicketKeyManager(nil))
				connectOnce(t, other, client, clone(t, sess), false)
			}
		})
	}
}

// A ticket sealed with an older key is accepted and replaced; one whose key is gone is worth nothing.
func TestTicketKeyManagerRenews(t *testing.T) {
	t.Parallel()
	for _, mode := range tickets() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			first, second := libssl.NewTicketKey(), libssl.NewTicketKey()
			keys := &fixedKeys{keys: []*libssl.TicketKey{first}}
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetTicketKeyManager(keys))
			sess := ticketSession(t, server, client)

			again := connectOnce(t, server, client, clone(t, sess), true)
			if mode.TLS13() {
				assert.NotEqual(t, ticketOf(t, sess), ticketOf(t, again), "a client uses a ticket once")
			} else {
				assert.Equal(t, ticketOf(t, sess), ticketOf(t, again), "the ticket is still good")
			}
			openTicket(t, ticketOf(t, again), first)

			keys.set(second, first)
			again = connectOnce(t, server, client, clone(t, sess), true)
			openTicket(t, ticketOf(t, again), second)
			again = connectOnce(t, server, client, again, true)

			keys.set(second)
			connectOnce(t, server, client, clone(t, sess), false)
			connectOnce(t, server, client, again, true)

			keys.set()
			connectOnce(t, server, client, clone(t, again), false)
			requireNoTicket(t, mode, server, client)
		})
	}
}

// requireNoTicket requires that a client gets no ticket that is worth anything.
func requireNoTicket(t *testing.T, mode pair.Mode, server, client *libssl.Ctx) {
	t.Helper()
	sess := connectOnce(t, server, client, nil, false)
	if mode.TLS13() && !evpMAC() { // it gets one that nobody can open
		connectOnce(t, server, client, sess, false)
		return
	}
	assert.False(t, sess.HasTicket())
	assert.False(t, sess.IsResumable())
}

// What a TicketKeyCallback answers is what libssl does.
func TestTicketKeyCallback(t *testing.T) {
	t.Parallel()
	refusal := errors.New("no key today")
	for _, mode := range tickets() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			key := libssl.NewTicketKey()
			answer := func(encrypt bool) (*libssl.TicketKey, bool, error) { return key, false, nil }
			var asked []string
			var opened libssl.TicketKeyName
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetTicketKeyCallback(func(s *libssl.SSL, name libssl.TicketKeyName, encrypt bool) (*libssl.TicketKey, bool, error) {
				assert.NotNil(t, s.Conn())
				if encrypt {
					assert.Zero(t, name)
					asked = append(asked, "seal")
				} else {
					asked = append(asked, "open")
					opened = name
				}
				return answer(encrypt)
			}))
			calls := func(want ...string) {
				t.Helper()
				assert.Equal(t, want, asked)
				asked = nil
			}
			seals := []string{"seal", "seal"}
			if !mode.TLS13() {
				seals = seals[:1]
			}

			sess := ticketSession(t, server, client)
			calls(seals...)
			openTicket(t, ticketOf(t, sess), key)

			again := connectOnce(t, server, client, clone(t, sess), true)
			calls("open")
			assert.Equal(t, key.Name, opened)
			assert.Equal(t, ticketOf(t, sess), ticketOf(t, again), "no successor, in TLS 1.3 neither")

			answer = func(encrypt bool) (*libssl.TicketKey, bool, error) { return key, true, nil }
			again = connectOnce(t, server, client, clone(t, sess), true)
			calls("open", "seal")
			assert.NotEqual(t, ticketOf(t, sess), ticketOf(t, again))

			answer = func(encrypt bool) (*libssl.TicketKey, bool, error) {
				if encrypt {
					return key, true, nil
				}
				return nil, true, nil
			}
			connectOnce(t, server, client, clone(t, sess), false)
			calls(append([]string{"open"}, seals...)...)

			answer = func(encrypt bool) (*libssl.TicketKey, bool, error) { return nil, false, nil }
			requireNoTicket(t, mode, server, client)
			asked = nil

			for _, encrypt := range []bool{sealing, opening} {
				answer = func(e bool) (*libssl.TicketKey, bool, error) {
					if e == encrypt {
						return key, false, refusal
					}
					return key, false, nil
				}
				o := pair.Options{}
				if !encrypt {
					o.Session = clone(t, sess)
				}
				p := pair.Try(t, server, client, o)
				assert.ErrorIs(t, p.ServerErr, refusal)
				if encrypt {
					assert.ErrorIs(t, p.ServerErr, libssl.ReasonCallbackFailed)
				}
				requireAlert(t, p.ServerErr, alertInternalError, true)
				assert.ErrorIs(t, p.ClientErr, received(alertInternalError))
			}
		})
	}
}

// A key that is none fails the handshake and says why.
func TestTicketKeyThatIsNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(k *libssl.TicketKey)
		says   string
	}{
		{"cipher key too short", func(k *libssl.TicketKey) { k.CipherKey = k.CipherKey[:31] }, "cipher key of 31 bytes"},
		{"no cipher key", func(k *libssl.TicketKey) { k.CipherKey = nil }, "cipher key of 0 bytes"},
		{"no HMAC key", func(k *libssl.TicketKey) { k.HMACKey = nil }, "HMAC key of 0 bytes"},
		{"HMAC key too short", func(k *libssl.TicketKey) { k.HMACKey = k.HMACKey[:15] }, "HMAC key of 15 bytes"},
		{"unknown cipher", func(k *libssl.TicketKey) { k.Cipher = "ROT-13-CBC" }, "a TicketKey for ROT-13-CBC and SHA256: libssl: EVP_get_cipherbyname"},
		{"cipher in another mode", func(k *libssl.TicketKey) { k.Cipher = "AES-256-GCM" }, "AES-256-GCM and SHA256: its mode is not CBC: libssl: EVP_CIPHER_mode"},
		{"another cipher's key", func(k *libssl.TicketKey) { k.Cipher = "AES-128-CBC" }, "its key has 32 bytes, and 16 are wanted: libssl: EVP_CIPHER_key_length"},
		{"unknown digest", func(k *libssl.TicketKey) { k.Digest = "CRC-1" }, "CRC-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range tickets() {
				good := libssl.NewTicketKey()
				bad := libssl.NewTicketKey()
				bad.Name = good.Name
				tt.change(bad)
				key := bad
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				require.NoError(t, server.SetTicketKeyCallback(func(*libssl.SSL, libssl.TicketKeyName, bool) (*libssl.TicketKey, bool, error) {
					return key, false, nil
				}))
				refuse := func(sess *libssl.Session) {
					t.Helper()
					p := pair.Try(t, server, client, pair.Options{Session: sess})
					var e *libssl.Error
					require.ErrorAs(t, p.ServerErr, &e)
					require.Error(t, e.Err)
					assert.Contains(t, e.Err.Error(), tt.says)
					requireAlert(t, p.ServerErr, alertInternalError, true)
				}
				refuse(nil)
				key = good
				sess := ticketSession(t, server, client)
				key = bad
				refuse(sess)
			}
		})
	}
}

// Other ciphers and digests of libcrypto.
func TestTicketKeyOfOtherAlgorithms(t *testing.T) {
	t.Parallel()
	for _, mode := range tickets() {
		key := libssl.NewTicketKey()
		key.Cipher, key.Digest = "CAMELLIA-256-CBC", "SHA512"
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		require.NoError(t, server.SetTicketKeyManager(&fixedKeys{keys: []*libssl.TicketKey{key}}))
		sess := ticketSession(t, server, client)
		ticket := ticketOf(t, sess)
		aesKey := *key
		aesKey.Cipher, aesKey.Digest = "", ""
		connectOnce(t, server, client, clone(t, sess), true)
		require.NoError(t, server.SetTicketKeyManager(&fixedKeys{keys: []*libssl.TicketKey{&aesKey}}))
		connectOnce(t, server, client, clone(t, sess), false)
		sess = ticketSession(t, server, client)
		// By 32 bytes; the session in it is padded to 16, and its numbers have as many bytes as they need.
		assert.InDelta(t, 32, len(ticket)-len(ticketOf(t, sess)), 16, "HMAC-SHA512 is longer")
	}
}

// No format shows a key.
func TestTicketKeyString(t *testing.T) {
	t.Parallel()
	k := libssl.NewTicketKey()
	k.Name = libssl.TicketKeyName([]byte("sixteen bytes!!!"))
	for _, v := range []any{k, *k, []*libssl.TicketKey{k}, []libssl.TicketKey{*k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			s := fmt.Sprintf(verb, v)
			for _, secret := range [][]byte{k.CipherKey, k.HMACKey} {
				assert.NotContains(t, s, string(secret))
				assert.NotContains(t, s, fmt.Sprint(secret[0], secret[1], secret[2]), "%s", s)
			}
		}
	}
	assert.Equal(t, "TicketKey(7369787465656e206279746573212121)", k.String())
}

// A ticket that was changed is not accepted, whatever was changed.
func TestTicketChanged(t *testing.T) {
	t.Parallel()
	for _, mode := range tickets() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetTicketKeyManager(libssl.NewRotatingTicketKeys(time.Hour, time.Hour)))
			sess := ticketSession(t, server, client)
			der, ticket := marshal(t, sess), ticketOf(t, sess)
			at := bytes.Index(der, ticket)
			for _, i := range []int{0, 15, 16, 31, 32, len(ticket) / 2, len(ticket) - 33, len(ticket) - 32, len(ticket) - 1} {
				changed := bytes.Clone(der)
				changed[at+i] ^= 0x80
				connectOnce(t, server, client, mustParse(t, changed), false)
			}
			connectOnce(t, server, client, mustParse(t, der), true)
		})
	}
}

// A manager may be changed, and its keys, while connections are made.
func TestTicketKeyManagerWhileConnecting(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	keys := &fixedKeys{}
	managers := []libssl.TicketKeyManager{keys, libssl.NewRotatingTicketKeys(0, 0), nil}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			keys.set(slices.Concat([]*libssl.TicketKey{libssl.NewTicketKey()}, keys.keys[:min(2, len(keys.keys))])...)
			assert.NoError(t, server.SetTicketKeyManager(managers[i%len(managers)]))
		}
	})
	var sess *libssl.Session
	for range 50 {
		p := pair.Handshake(t, server, client, pair.Options{Session: sess})
		sess = p.Client.Session()
		p.Close(t)
	}
	close(stop)
	wg.Wait()
}
