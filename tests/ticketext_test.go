package tests

import (
	"crypto/hmac"
	"crypto/sha512"
	"crypto/tls"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A server sees what its client has put into the session_ticket extension, and goes on in full.
func TestSessionTicketExt(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes[:2] {
		for _, tt := range []struct {
			name string
			set  bool
			data []byte
			want []string
		}{
			{"not set", false, nil, []string{""}},
			{"some", true, []byte("opaque\x00"), []string{"opaque\x00"}},
			{"empty", true, []byte{}, nil},
			{"nil", true, nil, nil},
			{"long", true, make([]byte, 10_000), []string{string(make([]byte, 10_000))}},
		} {
			t.Run(mode.Name+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				var seen []string
				p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{
					Client: func(c *libssl.Conn) {
						if tt.set {
							require.NoError(t, c.SetSessionTicketExt(tt.data))
						}
					},
					Server: func(c *libssl.Conn) {
						require.NoError(t, c.SetSessionTicketExtCallback(func(s *libssl.SSL, data []byte) error {
							assert.Same(t, c.SSL(), s)
							seen = append(seen, string(data))
							return nil
						}))
					},
				})
				assert.Equal(t, tt.want, seen)
				assert.False(t, p.Server.SessionReused())
				if mode.Tickets {
					assert.Equal(t, tt.want != nil, p.Client.Session().HasTicket(), "the server's own")
				}
				p.Echo(t, "on")
				p.Close(t)
			})
		}
	}
}

// Both sides make the master secret from a key of their own: nobody shows a certificate.
func TestSessionSecret(t *testing.T) {
	t.Parallel()
	pac := []byte("the key that both sides have")
	master := func(key, client, server []byte) []byte {
		mac := hmac.New(sha512.New384, key)
		mac.Write(server)
		mac.Write(client)
		return mac.Sum(nil) // 48 bytes
	}
	refusal := errors.New("no secret")
	same := func(_ *libssl.SSL, client, server []byte) ([]byte, error) { return master(pac, client, server), nil }
	other := func(_ *libssl.SSL, client, server []byte) ([]byte, error) {
		return master(pac[1:], client, server), nil
	}
	none := func(*libssl.SSL, []byte, []byte) ([]byte, error) { return nil, nil }
	refuse := func(*libssl.SSL, []byte, []byte) ([]byte, error) { return make([]byte, 48), refusal }
	tooLong := func(*libssl.SSL, []byte, []byte) ([]byte, error) { return make([]byte, 49), nil }
	const (
		full = iota
		short
		clientFails
		serverFails
	)
	for _, mode := range pair.Modes[:2] {
		for _, tt := range []struct {
			name           string
			server, client libssl.SessionSecret
			want           int
		}{
			{"the same", same, same, short},
			{"another", other, same, clientFails},
			{"a server without", none, same, full},
			{"a server that knows nothing of it", nil, same, full},
			{"a client without", same, none, clientFails},
			{"a server that errs", refuse, same, serverFails},
			{"a client that errs", same, refuse, clientFails},
			{"a server's is too long", tooLong, same, serverFails},
			{"a client's is too long", same, tooLong, clientFails},
		} {
			t.Run(mode.Name+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				randoms := make(map[bool][2]string) // of the server, or not
				use := func(c *libssl.Conn, server bool, cb libssl.SessionSecret) {
					if cb == nil {
						require.NoError(t, c.SetSessionSecretCallback(nil))
						return
					}
					require.NoError(t, c.SetSessionSecretCallback(func(s *libssl.SSL, clientRandom, serverRandom []byte) ([]byte, error) {
						assert.Same(t, c.SSL(), s)
						randoms[server] = [2]string{string(clientRandom), string(serverRandom)}
						return cb(s, clientRandom, serverRandom)
					}))
				}
				p := pair.Try(t, rsaServer(t, mode), mode.ClientCtx(t), pair.Options{
					Client: func(c *libssl.Conn) {
						require.NoError(t, c.SetSessionTicketExt([]byte("which key")))
						use(c, false, tt.client)
					},
					Server: func(c *libssl.Conn) { use(c, true, tt.server) },
				})
				if randoms[true][0] != "" && randoms[false][0] != "" {
					assert.Equal(t, randoms[true], randoms[false])
					assert.Len(t, randoms[true][0], 32)
					assert.Len(t, randoms[true][1], 32)
					assert.NotEqual(t, randoms[true][0], randoms[true][1])
				}
				switch tt.want {
				case full, short:
					require.NoError(t, p.Err())
					assert.Equal(t, tt.want == short, p.Server.SessionReused())
					assert.Equal(t, tt.want == short, p.Client.SessionReused())
					assert.Equal(t, tt.want == short, len(p.Client.ConnectionState().PeerCertificates) == 0)
					p.Echo(t, "talk")
					p.Close(t)
				case clientFails:
					require.Error(t, p.ClientErr)
					require.Error(t, p.ServerErr)
				case serverFails:
					requireAlert(t, p.ServerErr, alertInternalError, true)
				}
				switch tt.name {
				case "a server that errs":
					assert.ErrorIs(t, p.ServerErr, refusal)
				case "a client that errs":
					assert.ErrorIs(t, p.ClientErr, refusal)
				case "a server's is too long":
					assert.ErrorContains(t, p.ServerErr, "49 bytes")
				case "a client's is too long":
					assert.ErrorContains(t, p.ClientErr, "49 bytes")
				}
			})
		}
	}
}

// rsaServer returns a Ctx with an RSA certificate alone: libssl can't make a secret's session with another.
func rsaServer(t *testing.T, mode pair.Mode) *libssl.Ctx {
	t.Helper()
	ctx, err := libssl.NewCtx(libssl.TLSServerMethod)
	require.NoError(t, err)
	t.Cleanup(func() { ctx.Close() })
	require.NoError(t, ctx.SetMaxVersion(mode.Version))
	require.NoError(t, ctx.UseCertificate(testutil.Certs(t).ServerRSA))
	if !mode.Tickets {
		ctx.SetOptions(libssl.NoTicket)
	}
	return ctx
}

// TLS 1.3 has no such extension, and asks for no such secret.
func TestSessionSecretInTLS13(t *testing.T) {
	t.Parallel()
	use := func(c *libssl.Conn) {
		require.NoError(t, c.SetSessionTicketExtCallback(func(*libssl.SSL, []byte) error {
			t.Error("called")
			return nil
		}))
		require.NoError(t, c.SetSessionSecretCallback(func(*libssl.SSL, []byte, []byte) ([]byte, error) {
			t.Error("called")
			return nil, nil
		}))
	}
	mode := pair.Modes[3]
	p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{Client: use, Server: use})
	assert.Equal(t, uint16(tls.VersionTLS13), p.Client.ConnectionState().Version)
	p.Close(t)
}

// An error, a panic and the end of the goroutine in these callbacks, on either side.
func TestTicketExtCallbacksFail(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[1]
	refusal := errors.New("not this one")
	secret := make([]byte, 48)
	for _, tt := range []struct {
		name     string
		atClient bool
		alert    uint8
		set      func(c *libssl.Conn, act func() error) error
	}{
		{"extension at the server", false, alertInternalError, func(c *libssl.Conn, act func() error) error {
			return c.SetSessionTicketExtCallback(func(*libssl.SSL, []byte) error { return act() })
		}},
		{"extension at the client", true, alertHandshakeFailure, func(c *libssl.Conn, act func() error) error {
			return c.SetSessionTicketExtCallback(func(*libssl.SSL, []byte) error { return act() })
		}},
		{"secret at the server", false, alertInternalError, func(c *libssl.Conn, act func() error) error {
			return c.SetSessionSecretCallback(func(*libssl.SSL, []byte, []byte) ([]byte, error) { return secret, act() })
		}},
		{"secret at the client", true, alertInternalError, func(c *libssl.Conn, act func() error) error {
			return c.SetSessionSecretCallback(func(*libssl.SSL, []byte, []byte) ([]byte, error) { return secret, act() })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			link := func(act func() error) (mine, peer *libssl.Conn) {
				l := newLink(t, rsaServer(t, mode), mode.ClientCtx(t))
				require.NoError(t, l.client.SetSessionTicketExt([]byte("which key")))
				mine, peer = l.server, l.client
				if tt.atClient {
					mine, peer = peer, mine
				}
				require.NoError(t, tt.set(mine, act))
				return mine, peer
			}
			mine, peer := link(func() error { return refusal })
			ours, theirs := start(mine.Handshake), start(peer.Handshake)
			err := receive(t, ours, "the handshake").err
			assert.ErrorIs(t, err, refusal)
			requireAlert(t, err, tt.alert, true)
			assert.ErrorIs(t, receive(t, theirs, "the peer").err, received(tt.alert))

			mine, peer = link(func() error { panic("in the callback") })
			ours, theirs = start(mine.Handshake), start(peer.Handshake)
			assert.Equal(t, "in the callback", receive(t, ours, "the handshake").value)
			assert.ErrorIs(t, receive(t, theirs, "the peer").err, received(tt.alert))
		})
	}
}

func TestTicketExtCallbackGoexit(t *testing.T) {
	skipGoexit(t)
	if inOwnProcess(t) {
		return
	}
	mode := pair.Modes[1]
	l := newLink(t, mode.ServerCtx(t), mode.ClientCtx(t))
	require.NoError(t, l.server.SetSessionTicketExtCallback(func(*libssl.SSL, []byte) error {
		runtime.Goexit()
		return nil
	}))
	ours, theirs := start(l.server.Handshake), start(l.client.Handshake)
	assert.True(t, receive(t, ours, "the handshake").exited)
	assert.NoError(t, l.server.Close())
	requireEnded(t, receive(t, theirs, "the client"))
}
