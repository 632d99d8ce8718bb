package tests

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A session that the callback is against is not resumed, in no mode that it is asked in; it is asked with what
// the key exchange is.
func TestNotResumableSessionCallback(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		for _, own := range []bool{false, true} {
			for _, not := range []bool{false, true} {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				asked := 0
				cb := func(s *libssl.SSL, forwardSecure bool) bool {
					asked++
					assert.Equal(t, !mode.TLS13(), forwardSecure)
					return not
				}
				options := pair.Options{}
				if own {
					options.Server = func(c *libssl.Conn) { c.SetNotResumableSessionCallback(cb) }
				} else {
					server.SetNotResumableSessionCallback(cb)
				}
				p := pair.Handshake(t, server, client, options)
				sess := p.Client.Session()
				p.Close(t)
				assert.Equal(t, 1, asked)
				if not {
					assert.Zero(t, server.SessionStats().Number)
				}
				if sess.IsResumable() {
					options.Session = sess
				}
				p = pair.Handshake(t, server, client, options)
				assert.Equal(t, !not, p.Client.SessionReused(), mode.Name)
				p.Close(t)
			}
		}
	}
}

func TestNotResumableSessionCallbackWithoutForwardSecrecy(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	require.NoError(t, server.UseCertificate(testutil.Certs(t).ServerRSA))
	require.NoError(t, client.SetCipherList("AES128-GCM-SHA256"))
	asked := false
	server.SetNotResumableSessionCallback(func(_ *libssl.SSL, forwardSecure bool) bool {
		asked = true
		assert.False(t, forwardSecure)
		return true
	})
	pair.Handshake(t, server, client, pair.Options{}).Close(t)
	assert.True(t, asked)
}

// The iterator gives copies, of all that is there when it begins, and may be left early.
func TestSessions(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		assert.Empty(t, slices.Collect(server.Sessions()))
		offered := sessionFrom(t, server, client)
		sessionFrom(t, server, client)
		ids := make(map[string]bool)
		var own []*libssl.Session
		for sess := range server.Sessions() {
			ids[string(sess.ID())] = true
			assert.True(t, sess.IsResumable())
			own = append(own, sess)
		}
		assert.Len(t, ids, server.SessionStats().Number)
		for range server.Sessions() {
			break
		}
		for _, sess := range own { // they are the program's: nothing that it does with them touches the cache
			require.NoError(t, sess.SetID([]byte("another")))
			require.NoError(t, sess.Close())
		}
		p := pair.Handshake(t, server, client, pair.Options{Session: offered})
		assert.True(t, p.Client.SessionReused())
		p.Close(t)
		inside := -1
		server.SetClientHelloCallback(func(*libssl.ClientHello) error {
			inside = len(slices.Collect(server.Sessions()))
			return nil
		})
		pair.Handshake(t, server, client, pair.Options{}).Close(t)
		assert.Zero(t, inside)
		require.NoError(t, server.Close())
		assert.Empty(t, slices.Collect(server.Sessions()))
	}
}

// Sessions may be looked at while connections come and go.
func TestSessionsBesideHandshakes(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[2]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 30 {
			pair.Handshake(t, server, client, pair.Options{}).Close(t)
		}
	}()
	for most := 0; ; {
		n := 0
		for sess := range server.Sessions() {
			n++
			sess.Close()
		}
		assert.GreaterOrEqual(t, n, most)
		most = n
		select {
		case <-done:
			return
		default:
		}
	}
}

// A connection keeps what the program gives it.
func TestValue(t *testing.T) {
	t.Parallel()
	type key struct{}
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
		assert.Equal(t, 1, h.SSL().Value(key{}))
		h.SSL().SetValue(key{}, 2)
		return nil
	})
	p := pair.Handshake(t, server, client, pair.Options{Server: func(c *libssl.Conn) { c.SetValue(key{}, 1) }})
	assert.Equal(t, 2, p.Server.Value(key{}))
	assert.Nil(t, p.Client.Value(key{}))
	assert.NotNil(t, p.Server.Pointer())
	p.Close(t)
	assert.Equal(t, 2, p.Server.Value(key{}))
	p.Server.SetValue(key{}, nil)
	assert.Nil(t, p.Server.Value(key{}))
	assert.Nil(t, p.Server.Pointer())
	assert.NotNil(t, server.Pointer())
	require.NoError(t, server.Close())
	assert.Nil(t, server.Pointer())
}
