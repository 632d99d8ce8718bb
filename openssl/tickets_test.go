package openssl_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// A manager has a key, and is told what to say.
type manager struct {
	key            *openssl.TicketKey
	none           bool // New makes no key
	expired, renew bool
	calls          []string
}

func (m *manager) call(name string) { m.calls = append(m.calls, name) }

func (m *manager) New() *openssl.TicketKey {
	m.call("New")
	if m.none {
		return nil
	}
	m.key = newTicketKey(32)
	return m.key
}

func (m *manager) Current() *openssl.TicketKey {
	m.call("Current")
	return m.key
}

func (m *manager) Lookup(name openssl.TicketName) *openssl.TicketKey {
	m.call("Lookup")
	if m.key == nil || m.key.Name != name {
		return nil
	}
	return m.key
}

func (m *manager) Expired(openssl.TicketName) bool {
	m.call("Expired")
	return m.expired
}

func (m *manager) ShouldRenew(openssl.TicketName) bool {
	m.call("ShouldRenew")
	return m.renew
}

func newTicketKey(cipherKey int) *openssl.TicketKey {
	k := &openssl.TicketKey{CipherKey: make([]byte, cipherKey), HMACKey: make([]byte, 32), IV: make([]byte, 16)}
	rand.Read(k.Name[:])
	rand.Read(k.CipherKey)
	rand.Read(k.HMACKey)
	return k
}

func ticketStore(t *testing.T, m openssl.TicketKeyManager) *openssl.TicketStore {
	cipher, err := openssl.GetCipherByName("aes-256-cbc")
	require.NoError(t, err)
	digest, err := openssl.GetDigestByName("sha256")
	require.NoError(t, err)
	return &openssl.TicketStore{
		CipherCtx: openssl.TicketCipherCtx{Cipher: cipher},
		DigestCtx: openssl.TicketDigestCtx{Digest: digest},
		Keys:      m,
	}
}

// ticket connects, with a session if it is not nil, and returns the session and whether the other was resumed.
func ticket(t *testing.T, addr string, session []byte) (next []byte, resumed bool) {
	c, err := openssl.DialSession("tcp", addr, clientCtx(t), 0, session)
	require.NoError(t, err)
	defer c.Close()
	next, err = c.GetSession()
	require.NoError(t, err)
	return next, c.SessionReused()
}

func parse(t *testing.T, der []byte) *libssl.Session {
	s, err := libssl.ParseSession(der)
	require.NoError(t, err)
	return s
}

// Each ticket begins with the key's name and an IV, and no two have the same.
func TestFreshIVForEachTicket(t *testing.T) {
	m := &manager{key: newTicketKey(32)}
	servers := serverCtx(t, testutil.Certs(t).Server)
	servers.SetTicketStore(ticketStore(t, m))
	addr := serve(t, servers)
	ivs := map[string]bool{}
	for range 4 {
		der, _ := ticket(t, addr, nil)
		sealed := parse(t, der).Ticket()
		require.Greater(t, len(sealed), 32)
		assert.Equal(t, m.key.Name[:], sealed[:16])
		ivs[string(sealed[16:32])] = true
	}
	assert.Len(t, ivs, 4)
	assert.NotContains(t, ivs, string(m.key.IV))
}

func TestTicketStore(t *testing.T) {
	for version, options := range versions {
		t.Run(version, func(t *testing.T) {
			servers := serverCtx(t, testutil.Certs(t).Server)
			servers.SetOptions(options)
			m := new(manager)
			servers.SetTicketStore(ticketStore(t, m))
			addr := serve(t, servers)

			session, _ := ticket(t, addr, nil)
			assert.Equal(t, []string{"Current", "New"}, m.calls[:2])
			m.calls = nil
			next, resumed := ticket(t, addr, session)
			assert.True(t, resumed)
			assert.Equal(t, []string{"Lookup", "Expired", "ShouldRenew"}, m.calls[:3])
			if version == "TLS 1.2" {
				assert.Equal(t, parse(t, session).Ticket(), parse(t, next).Ticket(), "renewed")
				m.renew = true
				next, resumed = ticket(t, addr, session)
				assert.True(t, resumed)
			}
			assert.NotEqual(t, parse(t, session).Ticket(), parse(t, next).Ticket(), "not renewed")

			m.expired = true
			_, resumed = ticket(t, addr, session)
			assert.False(t, resumed, "an expired key")
			m.expired = false
			old := m.key
			m.key = newTicketKey(32)
			_, resumed = ticket(t, addr, session)
			assert.False(t, resumed, "an unknown key")
			m.key = old
			_, resumed = ticket(t, addr, session)
			assert.True(t, resumed)

			// Another process with the same keys, on another Ctx.
			others := serverCtx(t, testutil.Certs(t).Server)
			others.SetOptions(options)
			others.SetTicketStore(ticketStore(t, &manager{key: m.key}))
			_, resumed = ticket(t, serve(t, others), session)
			assert.True(t, resumed)

			// libssl's own keys open none of ours.
			servers.SetTicketStore(nil)
			_, resumed = ticket(t, addr, session)
			assert.False(t, resumed)
		})
	}
}

func TestTicketStoreWithoutKey(t *testing.T) {
	openssl.SetTicketTimeout(t, 0)
	servers := serverCtx(t, testutil.Certs(t).Server)
	servers.SetTicketStore(ticketStore(t, &manager{none: true}))
	client, _ := connected(t, clientCtx(t), servers)
	_, err := client.GetSession()
	assert.NoError(t, err)
}

// Without a cipher or a digest it is AES and SHA-256; other ones as they are.
func TestTicketAlgorithms(t *testing.T) {
	legacy, err := openssl.GetCipherByName("des-ede3-cbc")
	require.NoError(t, err)
	sha512, err := openssl.GetDigestByName("sha512")
	require.NoError(t, err)
	aes128, err := openssl.GetCipherByName("aes-128-cbc")
	require.NoError(t, err)
	alias, err := openssl.GetDigestByName("RSA-SHA256")
	require.NoError(t, err)
	for name, store := range map[string]*openssl.TicketStore{
		"none":  {Keys: &manager{key: newTicketKey(16)}},
		"other": {openssl.TicketCipherCtx{Cipher: legacy}, openssl.TicketDigestCtx{Digest: sha512}, &manager{key: newTicketKey(24)}},
		// What is behind the cipher's key is not used.
		"alias": {openssl.TicketCipherCtx{Cipher: aes128}, openssl.TicketDigestCtx{Digest: alias}, &manager{key: newTicketKey(32)}},
	} {
		t.Run(name, func(t *testing.T) {
			servers := serverCtx(t, testutil.Certs(t).Server)
			servers.SetOptions(versions["TLS 1.2"])
			servers.SetTicketStore(store)
			addr := serve(t, servers)
			session, _ := ticket(t, addr, nil)
			_, resumed := ticket(t, addr, session)
			assert.True(t, resumed)
		})
	}
	servers := serverCtx(t, testutil.Certs(t).Server)
	servers.SetTicketStore(&openssl.TicketStore{}) // no keys: libssl's own
	connected(t, clientCtx(t), servers)
}

// What does not fit is an error that says so, in the handshake: it used to be read beyond its end.
func TestTicketKeysThatDoNotFit(t *testing.T) {
	short := newTicketKey(32)
	short.HMACKey = short.HMACKey[:15]
	ctr, err := openssl.GetCipherByName("aes-256-ctr")
	require.NoError(t, err)
	for want, store := range map[string]*openssl.TicketStore{
		"HMAC key of 15 bytes":                        ticketStore(t, &manager{key: short}),
		"its key has 16 bytes, and 32 are wanted":     ticketStore(t, &manager{key: newTicketKey(16)}),
		"aes-256-ctr and SHA256: its mode is not CBC": {CipherCtx: openssl.TicketCipherCtx{Cipher: ctr}, Keys: &manager{key: newTicketKey(32)}},
	} {
		servers := serverCtx(t, testutil.Certs(t).Server)
		servers.SetTicketStore(store)
		client, server := pair(t, clientCtx(t), servers)
		go func() {
			client.Handshake()
			client.Read(make([]byte, 1))
			client.Close()
		}()
		assert.ErrorContains(t, server.Handshake(), want)
	}
}
