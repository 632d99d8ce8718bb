package libssl_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What becomes of one client's session, told step by step in each of the four ways in which a server keeps it.
func TestResumption(t *testing.T) {
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) { testResumption(t, mode) })
	}
}

func testResumption(t *testing.T, mode pair.Mode) {
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	var offered *libssl.Session

	connect := func(step string, resumes bool) {
		t.Helper()
		p := pair.Handshake(t, server, client, pair.Options{Session: offered})
		assert.Equal(t, resumes, p.Client.SessionReused(), "%s: the client", step)
		assert.Equal(t, resumes, p.Server.SessionReused(), "%s: the server", step)
		p.Echo(t, step)
		sess, err := p.Client.AwaitSession(context.Background())
		if !resumes {
			require.NoError(t, err, step)
			offered = sess
		}
		p.Close(t)
	}
	hits := func(step string, want int) {
		t.Helper()
		assert.Equal(t, want, server.SessionStats().Hits, step)
	}

	connect("Handshake", false)
	connect("Resume", true)
	connect("ResumeAgain", true)
	hits("ResumeAgain", 2)

	// A session is a value: what the connections did with theirs has not changed ours.
	der, err := offered.MarshalBinary()
	require.NoError(t, err)
	offered, err = libssl.ParseSession(der)
	require.NoError(t, err)
	connect("ResumeParsed", true)

	text, err := offered.MarshalText()
	require.NoError(t, err)
	offered, err = libssl.ParseSessionPEM(text)
	require.NoError(t, err)
	connect("ResumeParsedPEM", true)

	require.NoError(t, server.SetSessionIDContext([]byte("another")))
	before := offered
	connect("OtherContext", false)
	connect("ResumeInOtherContext", true)

	offered = before
	require.NoError(t, server.SetSessionIDContext([]byte("pair")))
	connect("ResumeInFirstContext", true)

	server.FlushSessions(time.Time{})
	connect("Flushed", mode.Tickets) // a ticket can't be taken back
	if mode.Tickets {
		require.NoError(t, server.SetTicketKeys(make([]byte, 80)))
		connect("OtherTicketKeys", false)
	}

	connect("ResumeNewest", true)
	server.SetTimeout(time.Second)
	assert.Equal(t, time.Second, server.Timeout())

	// Another process with the same keys, or the same sessions added.
	other := mode.ServerCtx(t)
	keys, err := server.TicketKeys()
	require.NoError(t, err)
	require.NoError(t, other.SetTicketKeys(keys))
	var made *libssl.Session
	server.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) { made = sess })
	offered = nil
	connect("NewSession", false)
	if !mode.Tickets {
		require.NotNil(t, made)
		added, err := other.AddSession(made)
		require.NoError(t, err)
		require.True(t, added)
	}
	if mode.TLS13() && !mode.Tickets {
		// The newest session of the server is that of the newest ticket, which the client offers.
		assert.Len(t, made.ID(), 32)
	}
	server = other
	connect("ResumeElsewhere", true)
}

// A closed Ctx's sessions are the values they were.
func TestSessionOutlivesItsCtx(t *testing.T) {
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			client.SetSessionCacheMode(libssl.SessionCacheClient)
			p := pair.Handshake(t, server, client, pair.Options{})
			sess := p.Client.Session()
			p.Client.Close() // without the server's close_notify
			require.NoError(t, client.Close())
			assert.True(t, sess.IsResumable())
			p = pair.Handshake(t, server, mode.ClientCtx(t), pair.Options{Session: sess})
			assert.True(t, p.Server.SessionReused())
		})
	}
}
