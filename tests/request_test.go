package tests

import (
	"crypto/tls"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What is asked of a peer after the handshake is answered while both ends go on talking.

// messages counts the handshake messages of a type that come and go at a connection.
type messages struct {
	mu             sync.Mutex
	sent, received map[byte]int
}

func (m *messages) of(ctx *libssl.Ctx) *messages {
	m.sent, m.received = make(map[byte]int), make(map[byte]int)
	ctx.SetMsgCallback(func(_ *libssl.SSL, msg libssl.Msg) {
		m.mu.Lock()
		defer m.mu.Unlock()
		switch {
		case msg.ContentType != 22:
		case msg.Sent:
			m.sent[msg.Data[0]]++
		default:
			m.received[msg.Data[0]]++
		}
	})
	return m
}

func (m *messages) counts(kind byte) [2]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return [2]int{m.sent[kind], m.received[kind]}
}

const (
	helloRequest = 0
	clientHello  = 1
	keyUpdate    = 24
)

func TestKeyUpdate(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	for _, both := range []bool{false, true} {
		for _, transport := range transports {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			seen := new(messages).of(client)
			p := pair.Handshake(t, server, client, pair.Options{Transport: transport.Pair})
			read := async(func() error { _, err := io.ReadFull(p.Server, make([]byte, 1)); return err })
			require.NoError(t, soon(t, "KeyUpdate", func() error { return p.Client.KeyUpdate(both) }))
			_, err := p.Client.Write([]byte{'.'})
			require.NoError(t, err)
			require.NoError(t, within(t, patience, read, "Read"))
			p.Echo(t, "with new keys")
			want := [2]int{1, 0}
			if both {
				want[1] = 1
			}
			assert.Equal(t, want, seen.counts(keyUpdate))
			p.Close(t)
		}
	}
	p := pair.Handshake(t, pair.Modes[0].ServerCtx(t), pair.Modes[0].ClientCtx(t), pair.Options{})
	requireError(t, p.Client.KeyUpdate(false), "SSL_key_update", 0, libssl.ReasonWrongSSLVersion)
	p.Echo(t, "none the worse")
	p.Close(t)
}

func TestRenegotiate(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	for _, byServer := range []bool{false, true} {
		for _, abbreviated := range []bool{false, true} {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			server.SetOptions(libssl.AllowClientRenegotiation)
			seen := new(messages).of(client)
			p := pair.Handshake(t, server, client, pair.Options{})
			assert.True(t, p.Client.SecureRenegotiation())
			who := p.Client
			if byServer {
				who = p.Server
			}
			ask := who.Renegotiate
			if abbreviated {
				ask = who.RenegotiateAbbreviated
			}
			require.NoError(t, soon(t, "Renegotiate", ask))
			p.Echo(t, "meanwhile")
			p.Echo(t, "and afterwards")
			assert.False(t, who.RenegotiatePending())
			assert.Equal(t, 2, seen.counts(clientHello)[0])
			assert.Equal(t, byServer, seen.counts(helloRequest)[1] == 1)
			if !byServer {
				assert.Equal(t, abbreviated, p.Server.SessionReused())
			}
			p.Close(t)
		}
	}
	p := pair.Handshake(t, pair.Modes[3].ServerCtx(t), pair.Modes[3].ClientCtx(t), pair.Options{})
	requireError(t, p.Client.Renegotiate(), "SSL_renegotiate", 0, libssl.ReasonWrongSSLVersion)
	p.Close(t)
}

// A server that is not to renegotiate refuses, and the connection goes on.
func TestRenegotiateRefused(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	server.SetOptions(libssl.NoRenegotiation)
	p := pair.Handshake(t, server, client, pair.Options{})
	assert.Error(t, p.Server.Renegotiate())
	p.Echo(t, "none the worse")
	p.Close(t)
}

func TestVerifyClientPostHandshake(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes[2:] {
		for _, allowed := range []bool{true, false} {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
			server.SetVerify(libssl.VerifyPeer|libssl.VerifyPostHandshake, nil)
			require.NoError(t, client.UseCertificate(testutil.Certs(t).Client))
			p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) { c.SetPostHandshakeAuth(allowed) }})
			assert.Empty(t, p.Server.ConnectionState().PeerCertificates)
			err := soon(t, "VerifyClientPostHandshake", p.Server.VerifyClientPostHandshake)
			if !allowed {
				requireError(t, err, "SSL_verify_client_post_handshake", 0, libssl.ReasonExtensionNotReceived)
				p.Close(t)
				continue
			}
			require.NoError(t, err)
			// The client's answer comes before its echo.
			pair.Both(func() {
				_, err := p.Server.Write([]byte{'?'})
				assert.NoError(t, err)
				_, err = io.ReadFull(p.Server, make([]byte, 1))
				assert.NoError(t, err)
			}, func() {
				_, err := io.ReadFull(p.Client, make([]byte, 1))
				assert.NoError(t, err)
				_, err = p.Client.Write([]byte{'!'})
				assert.NoError(t, err)
			})
			require.Len(t, p.Server.ConnectionState().PeerCertificates, 1)
			assert.Equal(t, testutil.Certs(t).Client.Leaf.Raw, p.Server.ConnectionState().PeerCertificates[0].Raw)
			p.Close(t)
		}
	}
}

// Before the handshake, after Close and on a connection past its deadline there is nothing to ask.
func TestRequestsInVain(t *testing.T) {
	t.Parallel()
	mode := pair.Mode{Version: tls.VersionTLS13, Tickets: true}
	for name, ask := range map[string]func(c *libssl.Conn) error{
		"KeyUpdate":                 func(c *libssl.Conn) error { return c.KeyUpdate(true) },
		"Renegotiate":               (*libssl.Conn).Renegotiate,
		"RenegotiateAbbreviated":    (*libssl.Conn).RenegotiateAbbreviated,
		"VerifyClientPostHandshake": (*libssl.Conn).VerifyClientPostHandshake,
		"SendSessionTicket":         (*libssl.Conn).SendSessionTicket,
	} {
		l := newLink(t, serverOf(t, mode), clientOf(t, mode))
		assert.ErrorContains(t, ask(l.server), "before the handshake is complete", name)
		requireTalk(t, l)
		require.NoError(t, l.server.SetWriteDeadline(time.Unix(1, 0)))
		requireTimeout(t, ask(l.server))
		require.NoError(t, l.server.Close())
		assert.ErrorIs(t, ask(l.server), libssl.ErrClosed, name)
	}
}
