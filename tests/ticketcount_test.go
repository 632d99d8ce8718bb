package tests

import (
	"io"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// ticketsFrom makes client tell of each session that it gets. The channel has room for all that a test makes.
func ticketsFrom(client *libssl.Ctx) <-chan *libssl.Session {
	got := make(chan *libssl.Session, 1000)
	client.SetSessionCacheMode(libssl.SessionCacheClient | libssl.SessionCacheNoInternalStore)
	client.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) { got <- sess })
	return got
}

// One connection may have another number of tickets than its Ctx.
func TestNumTicketsOfAConnection(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes[2:] {
		for _, n := range []int{0, 1, 5} {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			got := ticketsFrom(client)
			require.NoError(t, server.SetNumTickets(3))
			p := pair.Handshake(t, server, client, pair.Options{Server: func(c *libssl.Conn) {
				assert.Equal(t, 3, c.NumTickets())
				require.NoError(t, c.SetNumTickets(n))
				assert.Equal(t, n, c.NumTickets())
				assert.Error(t, c.SetNumTickets(-1))
				assert.Equal(t, n, c.NumTickets())
			}})
			assert.Equal(t, 3, server.NumTickets())
			assert.Len(t, got, n, mode.Name)
			p.Close(t)
		}
		p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{})
		require.NoError(t, p.Server.SetNumTickets(math.MaxInt), "libssl knows no limit")
		assert.Equal(t, math.MaxInt, p.Server.NumTickets())
		p.Close(t)
		assert.ErrorIs(t, p.Server.SetNumTickets(1), libssl.ErrClosed)
		assert.Zero(t, p.Server.NumTickets())
	}
}

// Each ticket that is asked for comes to the client when it reads, and all can be resumed.
func TestSendSessionTicket(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes[2:] {
		for _, transport := range testutil.Transports {
			t.Run(mode.Name+" on "+transport.Name, func(t *testing.T) {
				t.Parallel()
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				got := ticketsFrom(client)
				require.NoError(t, server.SetNumTickets(0))
				p := pair.Handshake(t, server, client, pair.Options{Transport: transport.Pair})
				require.Empty(t, got)
				if !libssl.Supports("SSL_new_session_ticket") {
					assert.ErrorIs(t, p.Server.SendSessionTicket(), libssl.ErrUnsupported)
					return
				}
				const n = 4
				reading := start(func() error {
					_, err := io.ReadFull(p.Client, make([]byte, 1))
					return err
				})
				for range n {
					require.NoError(t, p.Server.SendSessionTicket())
				}
				// They come without another write.
				seen := make(map[string]bool)
				for range n {
					sess := within(t, patience, got, "a ticket")
					seen[string(ticketOf(t, sess))] = true
					other := pair.Handshake(t, server, client, pair.Options{Session: sess})
					assert.True(t, other.Client.SessionReused())
					other.Close(t)
				}
				assert.Len(t, seen, n)
				_, err := p.Server.Write([]byte{'.'})
				require.NoError(t, err)
				require.NoError(t, receive(t, reading, "the client").err)
				p.Echo(t, "and it goes on")
				p.Close(t)
				assert.ErrorIs(t, p.Server.SendSessionTicket(), libssl.ErrClosed)
			})
		}
	}
}

// Where there can be no ticket, that is an error, and the connection goes on.
func TestSendSessionTicketInVain(t *testing.T) {
	t.Parallel()
	if !libssl.Supports("SSL_new_session_ticket") {
		return // TestSendSessionTicket has shown it
	}
	for _, mode := range pair.Modes {
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		l := newLink(t, server, client)
		for _, c := range []*libssl.Conn{l.server, l.client} {
			assert.Error(t, c.SendSessionTicket(), "before the handshake")
		}
		requireTalk(t, l)
		requireError(t, l.client.SendSessionTicket(), "SSL_new_session_ticket", 0)
		if !mode.TLS13() {
			requireError(t, l.server.SendSessionTicket(), "SSL_new_session_ticket", 0)
		}
	}
}

// Tickets may be sent while both directions are in use.
func TestSendSessionTicketInFullDuplex(t *testing.T) {
	t.Parallel()
	if !libssl.Supports("SSL_new_session_ticket") {
		return
	}
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	require.NoError(t, server.SetTicketKeyManager(libssl.NewRotatingTicketKeys(time.Hour, time.Hour)))
	require.NoError(t, server.SetNumTickets(0))
	got := ticketsFrom(client)
	p := pair.Handshake(t, server, client, pair.Options{})
	const n, size = 50, 4 << 20
	var wg sync.WaitGroup
	for _, c := range []*libssl.Conn{p.Client, p.Server} {
		wg.Go(func() {
			_, err := c.Write(make([]byte, size))
			assert.NoError(t, err)
		})
		wg.Go(func() {
			_, err := io.CopyN(io.Discard, c, size)
			assert.NoError(t, err)
		})
	}
	for range 2 {
		wg.Go(func() {
			for range n / 2 {
				assert.NoError(t, p.Server.SendSessionTicket())
			}
		})
	}
	wg.Wait()
	p.Echo(t, "whatever was behind has come")
	assert.Len(t, got, n)
	p.Close(t)
}

// A callback's failure in SendSessionTicket ends the connection as it does in a handshake.
func TestSendSessionTicketFails(t *testing.T) {
	t.Parallel()
	if !libssl.Supports("SSL_new_session_ticket") {
		return
	}
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	p := pair.Handshake(t, server, client, pair.Options{})
	require.NoError(t, server.SetTicketKeyCallback(func(*libssl.SSL, libssl.TicketKeyName, bool) (*libssl.TicketKey, bool, error) {
		return nil, false, errInner
	}))
	err := p.Server.SendSessionTicket()
	assert.ErrorIs(t, err, errInner)
	assert.ErrorIs(t, err, libssl.ReasonCallbackFailed)
	requireAlert(t, err, alertInternalError, true)
	_, err = p.Client.Read(make([]byte, 1))
	assert.ErrorIs(t, err, received(alertInternalError))
	_, err = p.Server.Write([]byte{'.'})
	assert.Error(t, err)

	// A panic goes on in the caller.
	p = pair.Handshake(t, mode.ServerCtx(t), client, pair.Options{})
	require.NoError(t, p.Server.Ctx().SetTicketKeyCallback(func(*libssl.SSL, libssl.TicketKeyName, bool) (*libssl.TicketKey, bool, error) {
		panic("no key")
	}))
	assert.PanicsWithValue(t, "no key", func() { p.Server.SendSessionTicket() })
	returns(t, "Close", func() { p.Server.Close() })
}

// A write deadline ends it, and the next Write sends what it has left behind.
func TestSendSessionTicketDeadline(t *testing.T) {
	t.Parallel()
	if !libssl.Supports("SSL_new_session_ticket") {
		return
	}
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	require.NoError(t, server.SetNumTickets(0))
	got := ticketsFrom(client)
	p := pair.Handshake(t, server, client, pair.Options{Transport: testutil.Pipe})
	made := make(chan struct{}, 1)
	server.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) { made <- struct{}{} })
	first := async(p.Server.SendSessionTicket) // nobody reads
	within(t, patience, made, "the ticket")
	require.NoError(t, p.Server.SetWriteDeadline(time.Unix(1, 0)))
	requireTimeout(t, within(t, patience, first, "SendSessionTicket"))
	requireTimeout(t, p.Server.SendSessionTicket())
	require.NoError(t, p.Server.SetWriteDeadline(time.Time{}))
	p.Echo(t, "after it")
	assert.Len(t, got, 1, "the second time nothing was made")
	p.Close(t)
}
