package tests

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// Suites of TLS 1.3 that go with SHA-256, so that a server with a certificate takes such a key.
const sha256Suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"

var aKey = []byte("0123456789abcdef")

// A pskCall is one call of a callback.
type pskCall struct{ hint, identity string }

// A pskStage is a server without a certificate and a client that share a key.
type pskStage struct {
	server, client           *libssl.Ctx
	serverCalls, clientCalls []pskCall
}

func newPSKStage(t testing.TB, mode pair.Mode) *pskStage {
	t.Helper()
	st := &pskStage{server: keyServer(t, mode), client: clientOf(t, mode)}
	st.share()
	return st
}

// share sets the callbacks.
func (st *pskStage) share() {
	st.client.SetPSKClientCallback(func(s *libssl.SSL, hint string) (string, []byte, error) {
		st.clientCalls = append(st.clientCalls, pskCall{hint: hint})
		return "me", aKey, nil
	})
	st.server.SetPSKServerCallback(func(s *libssl.SSL, identity string) ([]byte, error) {
		st.serverCalls = append(st.serverCalls, pskCall{identity: identity})
		if identity != "me" {
			return nil, nil
		}
		return aKey, nil
	})
}

// keyServer returns a Ctx as serverOf does, without a certificate.
func keyServer(t testing.TB, mode pair.Mode) *libssl.Ctx {
	t.Helper()
	ctx, err := libssl.NewCtx(libssl.TLSServerMethod)
	require.NoError(t, err)
	closedAtEnd(t, ctx)
	require.NoError(t, ctx.SetMinVersion(mode.Version))
	require.NoError(t, ctx.SetMaxVersion(mode.Version))
	require.NoError(t, ctx.SetSessionIDContext([]byte("psk")))
	if !mode.Tickets {
		ctx.SetOptions(libssl.NoTicket)
	}
	return ctx
}

// TestPSK shows one pair of callbacks that serves all versions, each called once, and the sessions that are made so.
func TestPSK(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		for _, tr := range transports {
			t.Run(mode.Name+"/"+tr.Name, func(t *testing.T) {
				t.Parallel()
				st := newPSKStage(t, mode)
				require.NoError(t, st.server.UsePSKIdentityHint("who?"))
				st.client.SetTimeout(time.Hour)
				hint := "who?"
				if mode.TLS13() {
					hint = ""
				}
				p := pair.Handshake(t, st.server, st.client, pair.Options{Transport: tr.Pair})
				p.Echo(t, "hello")
				assert.Equal(t, []pskCall{{hint: hint}}, st.clientCalls)
				assert.Equal(t, []pskCall{{identity: "me"}}, st.serverCalls)
				for _, c := range []*libssl.Conn{p.Client, p.Server} {
					assert.Equal(t, "me", c.PSKIdentity())
					assert.Equal(t, mode.TLS13(), c.SessionReused(), "for TLS 1.3 every key is that of a session")
					assert.Empty(t, c.ConnectionState().PeerCertificates)
				}
				assert.Equal(t, hint, p.Client.PSKIdentityHint())
				assert.Empty(t, p.Server.PSKIdentityHint())
				sess := p.Client.Session()
				p.Close(t)
				assert.Equal(t, time.Hour, sess.Timeout())
				if mode.Tickets {
					assert.Equal(t, 2*time.Hour, sess.TicketLifetimeHint())
				}

				// Its session is resumed like any other.
				p = pair.Handshake(t, st.server, st.client, pair.Options{Transport: tr.Pair, Session: sess})
				assert.True(t, p.Client.SessionReused())
				assert.True(t, p.Server.SessionReused())
				if mode.TLS13() {
					assert.Len(t, st.serverCalls, 2, "the ticket is what it may be taken for")
					assert.Greater(t, len(st.serverCalls[1].identity), 20)
					assert.Empty(t, p.Server.PSKIdentity())
					assert.Empty(t, p.Client.PSKIdentity())
				} else {
					assert.Len(t, st.serverCalls, 1)
					assert.Equal(t, "me", p.Server.PSKIdentity())
					assert.Equal(t, "me", p.Client.PSKIdentity())
				}
				p.Close(t)
			})
		}
	}
}

// TestPSKAndCertificate shows when a server that has both takes which.
func TestPSKAndCertificate(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range []struct {
				name     string
				set      func(st *pskStage)
				resumes  bool
				identity string
			}{
				{"as they are", func(*pskStage) {}, false, ""}, // libssl's clients like other suites better
				{"the server wants it", func(st *pskStage) { onlyPSK(t, st.server) }, mode.TLS13(), "me"},
				{"the client wants it", func(st *pskStage) { onlyPSK(t, st.client) }, mode.TLS13(), "me"},
				{"the server doesn't know it", func(st *pskStage) {
					onlyPSK(t, st.server)
					require.NoError(t, st.server.SetCipherList("DEFAULT"))
					st.server.SetPSKServerCallback(nil)
				}, false, ""},
				{"the client has none", func(st *pskStage) {
					onlyPSK(t, st.client)
					require.NoError(t, st.client.SetCipherList("DEFAULT"))
					st.client.SetPSKClientCallback(nil)
				}, false, ""},
			} {
				t.Run(tt.name, func(t *testing.T) {
					st := &pskStage{server: serverOf(t, mode), client: clientOf(t, mode)}
					st.share()
					tt.set(st)
					p := pair.Handshake(t, st.server, st.client, pair.Options{})
					assert.Equal(t, tt.identity, p.Server.PSKIdentity())
					assert.Equal(t, tt.identity, p.Client.PSKIdentity())
					assert.Equal(t, tt.resumes, p.Server.SessionReused())
					assert.Equal(t, tt.identity == "", len(p.Client.ConnectionState().PeerCertificates) > 0)
					p.Close(t)
				})
			}
		})
	}
}

func onlyPSK(t testing.TB, ctx *libssl.Ctx) {
	t.Helper()
	require.NoError(t, ctx.SetCipherSuites(sha256Suites))
	require.NoError(t, ctx.SetCipherList("PSK"))
}

// TestPSKNotFound shows what becomes of a handshake that can't do without a key.
func TestPSKNotFound(t *testing.T) {
	t.Parallel()
	refusal := errors.New("the callback's own error")
	unknown := func(error) libssl.PSKServer { return func(*libssl.SSL, string) ([]byte, error) { return nil, nil } }
	for _, tt := range []struct {
		name             string
		server           func(*libssl.SSL, string) ([]byte, error)
		client           func(*libssl.SSL, string) (string, []byte, error)
		own              bool // the error is the callback's own
		reason, reason13 libssl.Reason
		alert, alert13   uint8
	}{
		{"unknown to the server", unknown(nil), nil, false,
			libssl.ReasonPSKIdentityNotFound, libssl.ReasonNoSuitableSignatureAlgorithm, 115, alertHandshakeFailure},
		{"an error of the server", func(*libssl.SSL, string) ([]byte, error) { return aKey, refusal }, nil, true,
			libssl.ReasonPSKIdentityNotFound, libssl.ReasonBadExtension, 115, alertInternalError},
		{"an error of the client", nil, func(*libssl.SSL, string) (string, []byte, error) { return "me", aKey, refusal }, true,
			libssl.ReasonPSKIdentityNotFound, libssl.ReasonBadPSK, alertHandshakeFailure, alertInternalError},
	} {
		for _, mode := range pair.Modes {
			t.Run(tt.name+"/"+mode.Name, func(t *testing.T) {
				t.Parallel()
				st := newPSKStage(t, mode)
				p := new(pair.Pair)
				if tt.server != nil {
					st.server.SetPSKServerCallback(tt.server)
					p = pair.Try(t, st.server, st.client, pair.Options{})
				} else {
					st.client.SetPSKClientCallback(tt.client)
					p = pair.Try(t, st.server, st.client, pair.Options{})
					p.ClientErr, p.ServerErr = p.ServerErr, p.ClientErr
				}
				reason, alert := tt.reason, tt.alert
				if mode.TLS13() {
					reason, alert = tt.reason13, tt.alert13
				}
				requireError(t, p.ServerErr, "SSL_do_handshake", -1, reason)
				requireAlert(t, p.ServerErr, alert, true)
				assert.Equal(t, tt.own, errors.Is(p.ServerErr, refusal), "%v", p.ServerErr)
				if tt.server != nil {
					requireAlert(t, p.ClientErr, alert, false)
				}
				assert.Error(t, p.ClientErr)
				assert.NotErrorIs(t, p.ClientErr, refusal)
			})
		}
	}
}

// TestPSKThatDiffers shows two sides that have different keys under one name.
func TestPSKThatDiffers(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			st := newPSKStage(t, mode)
			st.server.SetPSKServerCallback(func(*libssl.SSL, string) ([]byte, error) { return []byte("another"), nil })
			p := pair.Try(t, st.server, st.client, pair.Options{})
			require.Error(t, p.ClientErr)
			if mode.TLS13() {
				require.ErrorIs(t, p.ServerErr, libssl.ReasonBinderDoesNotVerify)
			} else {
				requireAlert(t, p.ServerErr, alertBadRecordMAC, true)
			}
			assert.False(t, p.ClientDone || p.ServerDone)
		})
	}
}

// TestPSKLimits shows the longest identities and keys, and what is said of longer ones.
func TestPSKLimits(t *testing.T) {
	t.Parallel()
	identityMax, keyMax := 256, 512
	if !libssl.Supports("SSL_new_session_ticket") { // OpenSSL 1.1.1
		identityMax, keyMax = 128, 256
	}
	long := func(n int) string { return strings.Repeat("i", n) }
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range []struct {
				identity string
				key      int
				ok, ok13 bool
				says     string
			}{
				{long(identityMax), keyMax, true, true, ""},
				{"", 1, true, false, "without an identity"},
				{"\xff\xfe", 1, true, true, ""},
				{long(identityMax + 1), 1, false, true, "identity of"},
				{"zero\x00byte", 1, false, true, "zero byte"},
				{"me", keyMax + 1, false, false, fmt.Sprintf("key of %d bytes", keyMax+1)},
			} {
				ok := tt.ok
				if mode.TLS13() {
					ok = tt.ok13
				}
				st := newPSKStage(t, mode)
				key := bytes.Repeat([]byte{'k'}, tt.key)
				var asked string
				st.client.SetPSKClientCallback(func(*libssl.SSL, string) (string, []byte, error) { return tt.identity, key, nil })
				st.server.SetPSKServerCallback(func(_ *libssl.SSL, identity string) ([]byte, error) {
					asked = identity
					return key, nil
				})
				p := pair.Try(t, st.server, st.client, pair.Options{})
				name := fmt.Sprintf("%q, %d bytes", tt.identity, tt.key)
				if ok {
					require.NoError(t, p.Err(), name)
					assert.Equal(t, tt.identity, asked)
					assert.Equal(t, tt.identity, p.Server.PSKIdentity())
					assert.Equal(t, tt.identity, p.Client.PSKIdentity())
					continue
				}
				require.Error(t, p.ServerErr, name)
				require.ErrorContains(t, p.ClientErr, tt.says, name)

				// The server's own.
				if tt.key > keyMax {
					st.client.SetPSKClientCallback(func(*libssl.SSL, string) (string, []byte, error) { return "me", aKey, nil })
					p := pair.Try(t, st.server, st.client, pair.Options{})
					require.ErrorContains(t, p.ServerErr, tt.says)
				}
			}
			server := keyServer(t, mode)
			require.NoError(t, server.UsePSKIdentityHint(long(identityMax)))
			err := server.UsePSKIdentityHint(long(identityMax + 1))
			requireError(t, err, "SSL_CTX_use_psk_identity_hint", 0, libssl.ReasonDataLengthTooLong)
			require.ErrorContains(t, server.UsePSKIdentityHint("zero\x00byte"), "zero byte")
			require.NoError(t, server.UsePSKIdentityHint(""))
		})
	}
}

// TestPSKAndTickets shows that neither the key's callback nor the tickets get in each other's way in TLS 1.3.
func TestPSKAndTickets(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := &pskStage{server: serverOf(t, mode), client: clientOf(t, mode)}
		sess := sessionOf(t, st.server, st.client) // made with the certificate
		st.share()
		onlyPSK(t, st.server)
		onlyPSK(t, st.client)
		p := pair.Handshake(t, st.server, st.client, pair.Options{})
		assert.Equal(t, "me", p.Server.PSKIdentity())
		sess2 := p.Client.Session()
		p.Close(t)
		st.serverCalls = nil

		// A session of another suite is passed over, and the key is taken.
		p = pair.Handshake(t, st.server, st.client, pair.Options{Session: sess})
		assert.Equal(t, "me", p.Server.PSKIdentity())
		assert.Empty(t, p.Client.PSKIdentity(), "it can't know")
		assert.Equal(t, "me", st.serverCalls[len(st.serverCalls)-1].identity)
		p.Close(t)

		// The session comes first.
		st.serverCalls = nil
		p = pair.Handshake(t, st.server, st.client, pair.Options{Session: sess2})
		assert.Empty(t, p.Server.PSKIdentity())
		assert.True(t, p.Server.SessionReused())
		assert.Len(t, st.serverCalls, 1)
		p.Close(t)
	})
}

// TestPSKAfterRetry shows a client whose server wants another key exchange first, and with it a hash that the key
// doesn't go with: the handshake goes on with the certificate.
func TestPSKAfterRetry(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, suite := range []string{"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"} {
			st := &pskStage{server: serverOf(t, mode), client: clientOf(t, mode)}
			st.share()
			require.NoError(t, st.server.SetGroupsList("P-384"))
			require.NoError(t, st.client.SetGroupsList("P-256:P-384"))
			require.NoError(t, st.server.SetCipherSuites(suite))
			var hashes []crypto.Hash
			st.client.SetPSKUseSessionCallback(func(_ *libssl.SSL, hash crypto.Hash) ([]byte, *libssl.Session, error) {
				hashes = append(hashes, hash)
				return []byte("unused"), nil, nil
			})
			p := pair.Handshake(t, st.server, st.client, pair.Options{})
			if strings.HasSuffix(suite, "SHA384") {
				assert.Equal(t, []crypto.Hash{0, crypto.SHA384}, hashes)
				assert.Len(t, st.clientCalls, 1, "not asked again")
				assert.Empty(t, st.serverCalls)
				assert.Empty(t, p.Server.PSKIdentity())
				assert.Empty(t, p.Client.PSKIdentity())
				assert.False(t, p.Server.SessionReused())
			} else {
				assert.Equal(t, []crypto.Hash{0, crypto.SHA256}, hashes)
				assert.Len(t, st.clientCalls, 2)
				assert.Equal(t, "me", p.Server.PSKIdentity())
				assert.Equal(t, "me", p.Client.PSKIdentity())
			}
			p.Close(t)
		}
	})
}

// TestPSKSession shows keys in the shape of sessions: with another hash, and with early data.
func TestPSKSession(t *testing.T) {
	t.Parallel()
	newSession := func(t *testing.T, key []byte, suite uint16, early uint32) *libssl.Session {
		sess, err := libssl.NewPSKSession(key, suite)
		require.NoError(t, err)
		require.NoError(t, sess.SetMaxEarlyData(early))
		return sess
	}
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, suite := range []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384} {
			st := newPSKStage(t, mode)
			require.NoError(t, st.server.SetMaxEarlyData(earlyLimit))
			name := []byte("name\x00with zero")
			given := newSession(t, aKey, suite, earlyLimit)
			found := newSession(t, aKey, suite, earlyLimit)
			var knows bool
			var retries []bool
			st.client.SetPSKUseSessionCallback(func(_ *libssl.SSL, hash crypto.Hash) ([]byte, *libssl.Session, error) {
				retries = append(retries, hash != 0)
				return name, given, nil
			})
			st.server.SetPSKFindSessionCallback(func(_ *libssl.SSL, identity []byte) (*libssl.Session, error) {
				if knows && bytes.Equal(identity, name) {
					return found, nil
				}
				return nil, nil
			})
			// In TLS 1.3 without a certificate, libssl chooses a suite that goes with SHA-256, if it may.
			if suite == tls.TLS_AES_256_GCM_SHA384 {
				require.NoError(t, st.server.SetCipherSuites("TLS_AES_256_GCM_SHA384"))
			}
			p := pair.Try(t, st.server, st.client, pair.Options{})
			require.Error(t, p.ServerErr, "nobody knows that name")
			knows = true
			for range 2 { // the sessions stay the callbacks' own
				p := pair.Handshake(t, st.server, st.client, pair.Options{})
				assert.Equal(t, string(name), p.Server.PSKIdentity())
				assert.Equal(t, string(name), p.Client.PSKIdentity())
				p.Close(t)
				l := newLink(t, st.server, st.client)
				assert.Equal(t, served{"early", "and more\n", nil}, l.run(t, "early", true))
				l.requireStatus(t, libssl.EarlyDataAccepted, true)
			}
			assert.NotContains(t, retries, true)

			// One of a version that can't be.
			require.NoError(t, given.SetVersion(tls.VersionTLS12))
			p = pair.Try(t, st.server, st.client, pair.Options{})
			require.ErrorIs(t, p.ClientErr, libssl.ReasonBadPSK)
			require.NoError(t, given.SetVersion(tls.VersionTLS13))
			require.NoError(t, given.Close())
			p = pair.Try(t, st.server, st.client, pair.Options{})
			require.ErrorIs(t, p.ClientErr, libssl.ErrClosed)
		}
		for _, tt := range []struct {
			key   []byte
			suite uint16
		}{{nil, tls.TLS_AES_128_GCM_SHA256}, {aKey, 0}, {aKey, 0xffff}, {make([]byte, 1000), tls.TLS_AES_128_GCM_SHA256}} {
			_, err := libssl.NewPSKSession(tt.key, tt.suite)
			assert.Error(t, err)
		}
	})
}

// TestPSKEarlyDataExporter shows that early data under a key has key material of its own too, and that a client can ask
// for it whatever has become of the key since.
func TestPSKEarlyDataExporter(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		key, err := libssl.NewPSKSession(aKey, tls.TLS_AES_128_GCM_SHA256)
		require.NoError(t, err)
		require.NoError(t, key.SetMaxEarlyData(earlyLimit))
		for _, tt := range []struct {
			name     string
			unknown  bool
			groups   string // the server's: not the client's first
			once     bool   // the client has the key for its first hello only
			accepted bool
		}{
			{name: "accepted", accepted: true},
			{name: "unknown", unknown: true},
			{name: "asked again", groups: "P-384"},
			{name: "asked again, the key is gone", groups: "P-384", once: true},
		} {
			st := &pskStage{server: serverOf(t, mode), client: clientOf(t, mode)}
			require.NoError(t, st.server.SetCipherSuites("TLS_AES_128_GCM_SHA256"))
			require.NoError(t, st.client.SetGroupsList("P-256:P-384"))
			require.NoError(t, st.server.SetMaxEarlyData(earlyLimit))
			st.server.SetOptions(libssl.NoAntiReplay)
			if tt.groups != "" {
				require.NoError(t, st.server.SetGroupsList(tt.groups))
			}
			asked := 0
			st.client.SetPSKUseSessionCallback(func(*libssl.SSL, crypto.Hash) ([]byte, *libssl.Session, error) {
				if asked++; asked > 1 && tt.once {
					return nil, nil, nil
				}
				return []byte("me"), key, nil
			})
			st.server.SetPSKFindSessionCallback(func(_ *libssl.SSL, identity []byte) (*libssl.Session, error) {
				if string(identity) != "me" || tt.unknown {
					return nil, nil
				}
				return key, nil
			})
			l := newLink(t, st.server, st.client)
			_, err := l.client.WriteEarlyData([]byte("early"))
			require.NoError(t, err, tt.name)
			before, err := l.client.ExportKeyingMaterialEarly("label", nil, 32)
			require.NoError(t, err, tt.name)
			if tt.accepted {
				_, err = l.server.ReadEarlyData(make([]byte, 10))
				require.NoError(t, err)
				theirs, err := l.server.ExportKeyingMaterialEarly("label", nil, 32)
				require.NoError(t, err)
				assert.Equal(t, before, theirs)
			}
			client := start(func() error { return talk(l.client) })
			_, err = io.ReadAll(earlyReader{l.server})
			require.NoError(t, err)
			require.NoError(t, talk(l.server))
			assert.Equal(t, ending{}, receive(t, client, "the client"))
			after, err := l.client.ExportKeyingMaterialEarly("label", nil, 32)
			require.NoError(t, err, tt.name)
			assert.Equal(t, before, after, tt.name)
		}
	})
}

// TestPSKWithoutEarlyData shows that a client is not lost for having tried.
func TestPSKWithoutEarlyData(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := newPSKStage(t, mode)
		require.NoError(t, st.server.SetMaxEarlyData(earlyLimit))
		l := newLink(t, st.server, st.client)
		n, err := l.client.WriteEarlyData([]byte("early"))
		assert.Zero(t, n)
		require.ErrorIs(t, err, libssl.ErrNoEarlyData)
		requireTalk(t, l)
		assert.Equal(t, "me", l.server.PSKIdentity())

		// The session that it has now allows some.
		sess := sessionOf(t, st.server, st.client)
		l = newLink(t, st.server, st.client)
		require.NoError(t, l.client.SetSession(sess))
		assert.Equal(t, served{"early", "and more\n", nil}, l.run(t, "early", true))
	})
}

// TestPSKBehindASession shows a client whose key allows early data and whose session, which comes first, does not.
func TestPSKBehindASession(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := &pskStage{server: serverOf(t, mode), client: clientOf(t, mode)}
		require.NoError(t, st.server.SetCipherSuites("TLS_AES_128_GCM_SHA256"))
		sess := sessionOf(t, st.server, st.client)
		require.NoError(t, st.server.SetMaxEarlyData(earlyLimit))
		key, err := libssl.NewPSKSession(aKey, tls.TLS_AES_128_GCM_SHA256)
		require.NoError(t, err)
		require.NoError(t, key.SetMaxEarlyData(earlyLimit))
		st.client.SetPSKUseSessionCallback(func(*libssl.SSL, crypto.Hash) ([]byte, *libssl.Session, error) {
			return []byte("me"), key, nil
		})
		st.server.SetPSKFindSessionCallback(func(_ *libssl.SSL, identity []byte) (*libssl.Session, error) {
			if string(identity) != "me" { // the ticket
				return nil, nil
			}
			return key, nil
		})
		l := newLink(t, st.server, st.client)
		require.NoError(t, l.client.SetSession(sess))
		_, err = l.client.WriteEarlyData([]byte("early"))
		require.ErrorIs(t, err, libssl.ErrNoEarlyData)
		requireTalk(t, l)
		assert.True(t, l.client.SessionReused())
	})
}

// TestPSKOfConnection shows callbacks of one connection, and when those of the Ctx are taken over.
func TestPSKOfConnection(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			st := newPSKStage(t, mode)
			mine := func(c *libssl.Conn) {
				c.SetPSKClientCallback(func(*libssl.SSL, string) (string, []byte, error) { return "other", []byte("key"), nil })
				c.SetPSKServerCallback(func(_ *libssl.SSL, identity string) ([]byte, error) { return []byte("key"), nil })
				require.NoError(t, c.UsePSKIdentityHint("mine"))
			}
			p := pair.Handshake(t, st.server, st.client, pair.Options{Client: mine, Server: mine})
			assert.Equal(t, "other", p.Server.PSKIdentity())
			if !mode.TLS13() {
				assert.Equal(t, "mine", p.Client.PSKIdentityHint())
			}
			p.Close(t)
			p = pair.Try(t, st.server, st.client, pair.Options{Server: func(c *libssl.Conn) { c.SetPSKServerCallback(nil) }})
			require.Error(t, p.ServerErr)
			p = pair.Try(t, st.server, st.client, pair.Options{Client: func(c *libssl.Conn) { c.SetPSKClientCallback(nil) }})
			require.Error(t, p.ClientErr)
			l := newLink(t, st.server, st.client)
			st.server.SetPSKServerCallback(nil)
			st.client.SetPSKClientCallback(nil)
			requireTalk(t, l)
			p = pair.Try(t, st.server, st.client, pair.Options{})
			require.Error(t, p.ServerErr)
		})
	}
}

// TestPSKSessionOfConnection shows the same of keys in the shape of sessions.
func TestPSKSessionOfConnection(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := newPSKStage(t, mode)
		key, err := libssl.NewPSKSession([]byte("key"), tls.TLS_AES_128_GCM_SHA256)
		require.NoError(t, err)
		mine := func(c *libssl.Conn) {
			c.SetPSKUseSessionCallback(func(*libssl.SSL, crypto.Hash) ([]byte, *libssl.Session, error) {
				return []byte("other"), key, nil
			})
			c.SetPSKFindSessionCallback(func(*libssl.SSL, []byte) (*libssl.Session, error) { return key, nil })
		}
		p := pair.Handshake(t, st.server, st.client, pair.Options{Client: mine, Server: mine})
		assert.Equal(t, "other", p.Client.PSKIdentity())
		assert.Equal(t, "other", p.Server.PSKIdentity())
		assert.Empty(t, st.clientCalls)
		assert.Empty(t, st.serverCalls)
		p.Close(t)
		p = pair.Try(t, st.server, st.client, pair.Options{Client: mine})
		require.Error(t, p.ServerErr, "the server's Ctx doesn't know it")
		p = pair.Handshake(t, st.server, st.client, pair.Options{Client: func(c *libssl.Conn) {
			mine(c)
			c.SetPSKUseSessionCallback(nil)
		}})
		assert.Equal(t, "me", p.Server.PSKIdentity())
		p.Close(t)
	})
}

// TestPSKLetsNobodyInByTheWrongDoor shows that a key of the Ctx that connections come to opens no other one, and that a
// session made with it doesn't either.
func TestPSKLetsNobodyInByTheWrongDoor(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			st := &pskStage{server: serverOf(t, mode), client: clientOf(t, mode)}
			st.share()
			onlyPSK(t, st.server)
			onlyPSK(t, st.client)
			require.NoError(t, st.client.SetCipherList("PSK:ALL"))
			closed := serverOf(t, mode) // to who has no certificate
			demandCertificate(t, closed)
			keyed := keyServer(t, mode) // to who hasn't got the key
			require.NoError(t, keyed.SetSessionIDContext([]byte("pair")))
			keyed.SetPSKServerCallback(func(*libssl.SSL, string) ([]byte, error) { return []byte("of that one"), nil })
			st.server.SetServerNameCallback(func(_ *libssl.SSL, name string) (*libssl.Ctx, error) {
				return map[string]*libssl.Ctx{"closed": closed, "keyed": keyed}[name], nil
			})
			named := func(name string) func(*libssl.Conn) {
				return func(c *libssl.Conn) { require.NoError(t, c.SetServerName(name)) }
			}
			p := pair.Handshake(t, st.server, st.client, pair.Options{Client: named("open")})
			assert.Equal(t, "me", p.Server.PSKIdentity())
			sess := p.Client.Session()
			p.Close(t)
			for _, name := range []string{"closed", "keyed"} {
				for _, offered := range []*libssl.Session{nil, sess} {
					p := pair.Try(t, st.server, st.client, pair.Options{Client: named(name), Session: offered})
					require.Error(t, p.ServerErr, "%s %v", name, offered)
				}
			}
			// The right key does.
			st.client.SetPSKClientCallback(func(*libssl.SSL, string) (string, []byte, error) { return "me", []byte("of that one"), nil })
			p = pair.Handshake(t, st.server, st.client, pair.Options{Client: named("keyed")})
			assert.Equal(t, "me", p.Server.PSKIdentity())
		})
	}
}
