package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

const (
	aCookie     = "known by this"
	otherCookie = "known by that"
)

// A cookieStage is a server that gives out cookies and what it was shown of them.
type cookieStage struct {
	server, client *libssl.Ctx
	made           int
	seen           []string
}

func newCookieStage(t testing.TB, mode pair.Mode) *cookieStage {
	t.Helper()
	st := &cookieStage{server: serverOf(t, mode), client: clientOf(t, mode)}
	require.NoError(t, st.server.SetNumTickets(0))
	st.server.SetStatelessCookieGenerateCallback(func(*libssl.SSL) ([]byte, error) {
		st.made++
		return []byte(aCookie), nil
	})
	st.server.SetStatelessCookieVerifyCallback(func(_ *libssl.SSL, cookie []byte) error {
		st.seen = append(st.seen, string(cookie))
		return nil
	})
	return st
}

// admit calls Stateless until it accepts the client, and returns how often it did not.
func admit(c *libssl.Conn) (refused int, err error) {
	for {
		accepted, err := c.Stateless()
		if err != nil || accepted {
			return refused, err
		}
		refused++
	}
}

// needsCookie, as a value of a server, has talk admit the client first.
type needsCookie struct{}

// A client that brings no cookie is sent one, and accepted with it, whatever else the two hellos are about.
func TestStateless(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, tr := range earlyTransports {
			st := newCookieStage(t, mode)
			require.NoError(t, st.server.SetGroupsList("P-256"))
			for _, groups := range []string{"P-256", "X25519:P-256"} {
				require.NoError(t, st.client.SetGroupsList(groups))
				st.made, st.seen = 0, nil
				clientRaw, serverRaw := tr.Pair(t)
				l, err := linkOn(clientRaw, serverRaw, st.server, st.client)
				require.NoError(t, err)
				client := start(func() error { return errors.Join(l.client.Handshake(), l.client.CloseWrite()) })
				refused, err := admit(l.server)
				require.NoError(t, err)
				assert.Equal(t, 1, refused)
				accepted, err := l.server.Stateless()
				assert.True(t, accepted, "it still is")
				require.NoError(t, err)
				_, err = l.server.Read(make([]byte, 1))
				require.ErrorIs(t, err, io.EOF)
				assert.Equal(t, ending{}, receive(t, client, "the client"))
				assert.Equal(t, 1, st.made)
				assert.Equal(t, []string{aCookie}, st.seen)
				_, err = l.server.Stateless()
				assert.ErrorContains(t, err, "after the handshake")
				closeBoth(l.server, l.client)
			}
		}
	})
}

// libssl can't have both: it looks at the session that a client offers before it looks at the cookie, and takes the second
// ClientHello for the first.
func TestStatelessAndSessions(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := newCookieStage(t, mode)
		require.NoError(t, st.server.SetNumTickets(1))
		sess := sessionOf(t, st.server, st.client)
		l := newLink(t, st.server, st.client)
		require.NoError(t, l.client.SetSession(sess))
		client := start(func() error { return talk(l.client) })
		refused, err := admit(l.server)
		assert.Equal(t, 1, refused)
		requireError(t, err, "SSL_stateless", -1, libssl.ReasonBinderDoesNotVerify)
		requireEnded(t, receive(t, client, "the client"))
	})
}

// lasting is a transport that a Conn does not close.
type lasting struct{ net.Conn }

func (lasting) Close() error { return nil }

// Nothing has to be kept between the hellos: the second one may come to another Conn. Cookies of another Ctx are not
// taken.
func TestStatelessKeepsNothing(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, foreign := range []bool{false, true} {
			st := newCookieStage(t, mode)
			clientRaw, serverRaw := testutil.TCP(t)
			client, err := libssl.Client(clientRaw, st.client)
			require.NoError(t, err)
			closedAtEnd(t, client)
			saying := start(func() error { return talk(client) })
			first, err := libssl.Server(lasting{serverRaw}, st.server)
			require.NoError(t, err)
			accepted, err := first.Stateless()
			require.NoError(t, err)
			assert.False(t, accepted)
			require.NoError(t, first.Close())
			require.NoError(t, serverRaw.SetDeadline(time.Time{}), "which Close sets")

			ctx := st.server
			if foreign {
				ctx = newCookieStage(t, mode).server
			}
			second, err := libssl.Server(serverRaw, ctx)
			require.NoError(t, err)
			closedAtEnd(t, second)
			accepted, err = second.Stateless()
			if foreign {
				requireError(t, err, "SSL_stateless", -1, libssl.ReasonCookieMismatch)
				requireAlert(t, err, alertIllegalParameter, true)
				requireAlert(t, receive(t, saying, "the client").err, alertIllegalParameter, false)
				continue
			}
			require.NoError(t, err)
			assert.True(t, accepted)
			require.NoError(t, talk(second))
			assert.Equal(t, ending{}, receive(t, saying, "the client"))
		}
	})
}

// trickling is a transport that brings one byte at a time.
type trickling struct{ net.Conn }

func (c trickling) Read(p []byte) (int, error) { return iotest.OneByteReader(c.Conn).Read(p) }

// A ClientHello that comes in parts is waited for, also beyond a deadline, and shown once.
func TestStatelessInParts(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := newCookieStage(t, mode)
		var seconds []bool
		st.server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
			seconds = append(seconds, h.Second())
			return nil
		})
		clientRaw, serverRaw := testutil.TCP(t)
		l, err := linkOn(clientRaw, trickling{serverRaw}, st.server, st.client)
		require.NoError(t, err)
		closedAtEnd(t, l.client)
		closedAtEnd(t, l.server)
		require.NoError(t, l.server.SetDeadline(time.Now().Add(-time.Second)))
		_, err = l.server.Stateless()
		requireTimeout(t, err)
		require.NoError(t, l.server.SetDeadline(time.Now().Add(patience)))
		client := start(func() error { return talk(l.client) })
		refused, err := admit(l.server)
		require.NoError(t, err)
		assert.Equal(t, 1, refused)
		require.NoError(t, talk(l.server))
		assert.Equal(t, ending{}, receive(t, client, "the client"))
		assert.Equal(t, []bool{false, false}, seconds, "it knows nothing of the first one")
	})
}

// changing is a transport that changes what comes.
type changing struct {
	net.Conn
	from, to string
}

func (c changing) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	copy(p, bytes.ReplaceAll(p[:n], []byte(c.from), []byte(c.to)))
	return n, err
}

// Who brings a bad cookie, or can't be given one, is not let in.
func TestStatelessRefused(t *testing.T) {
	t.Parallel()
	refusal := errors.New("the callback's own error")
	type refused struct {
		name   string
		set    func(st *cookieStage)
		wire   func(raw net.Conn) net.Conn
		first  bool // hello
		reason libssl.Reason
		alert  uint8
		cause  error
		says   string
	}
	gives := func(cookie []byte, err error) func(st *cookieStage) {
		return func(st *cookieStage) {
			st.server.SetStatelessCookieGenerateCallback(func(*libssl.SSL) ([]byte, error) { return cookie, err })
		}
	}
	for _, tt := range []refused{
		{name: "the program makes none", set: gives(nil, refusal), first: true,
			reason: libssl.ReasonCookieGenCallbackFailure, alert: alertInternalError, cause: refusal},
		{name: "nothing makes one", set: func(st *cookieStage) { st.server.SetStatelessCookieGenerateCallback(nil) }, first: true,
			reason: libssl.ReasonNoCookieCallbackSet, alert: alertInternalError},
		{name: "it is empty", set: gives(nil, nil), first: true,
			reason: libssl.ReasonCookieGenCallbackFailure, alert: alertInternalError, says: "0 bytes"},
		{name: "it is too long", set: gives(make([]byte, 256), nil), first: true,
			reason: libssl.ReasonCookieGenCallbackFailure, alert: alertInternalError, says: "256 bytes"},
		{name: "the ClientHello is to wait", set: func(st *cookieStage) {
			st.server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
				if st.made == 0 {
					h.Suspend(func(context.Context) error { return nil })
				}
				return nil
			})
		}, first: true, reason: libssl.ReasonCallbackFailed, alert: alertInternalError, says: "suspends"},
		{name: "the program refuses it", set: func(st *cookieStage) {
			st.server.SetStatelessCookieVerifyCallback(func(*libssl.SSL, []byte) error { return refusal })
		}, reason: libssl.ReasonCookieMismatch, alert: alertIllegalParameter, cause: refusal},
		{name: "it was changed on the way", set: func(st *cookieStage) {}, wire: func(raw net.Conn) net.Conn {
			return changing{raw, aCookie, otherCookie}
		}, reason: libssl.ReasonCookieMismatch, alert: alertIllegalParameter},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := newCookieStage(t, pair.Modes[3])
			tt.set(st)
			clientRaw, serverRaw := testutil.TCP(t)
			if tt.wire != nil {
				serverRaw = tt.wire(serverRaw)
			}
			l, err := linkOn(clientRaw, serverRaw, st.server, st.client)
			require.NoError(t, err)
			closedAtEnd(t, l.client)
			closedAtEnd(t, l.server)
			client := start(func() error { return talk(l.client) })
			n, err := admit(l.server)
			assert.Equal(t, tt.first, n == 0)
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "SSL_stateless", e.Op)
			if tt.reason != 0 {
				assert.ErrorIs(t, err, tt.reason)
			}
			if tt.cause != nil {
				assert.ErrorIs(t, err, tt.cause)
			}
			assert.ErrorContains(t, err, tt.says)
			requireAlert(t, err, tt.alert, true)
			assert.Equal(t, err, l.server.Handshake(), "it is final")
			requireAlert(t, receive(t, client, "the client").err, tt.alert, false)

			// The next one is let in.
			st.made = 1
			st.server.SetStatelessCookieGenerateCallback(func(*libssl.SSL) ([]byte, error) { return make([]byte, 255), nil })
			st.server.SetStatelessCookieVerifyCallback(func(_ *libssl.SSL, cookie []byte) error {
				assert.Equal(t, make([]byte, 255), cookie)
				return nil
			})
			l = newLink(t, st.server, st.client)
			l.server.SetValue(needsCookie{}, true)
			requireTalk(t, l)
		})
	}
}

// Without what checks them cookies are not looked at: the client is told to come again, which no client does twice.
func TestStatelessWithoutVerifyCallback(t *testing.T) {
	t.Parallel()
	st := newCookieStage(t, pair.Modes[3])
	st.server.SetStatelessCookieVerifyCallback(nil)
	l := newLink(t, st.server, st.client)
	client := start(func() error { return talk(l.client) })
	refused, err := admit(l.server)
	assert.Equal(t, 2, refused)
	require.Error(t, err)
	requireAlert(t, receive(t, client, "the client").err, alertUnexpectedMessage, true)
}

// What can't be answered so ends the connection.
func TestStatelessForNobody(t *testing.T) {
	t.Parallel()
	hellos := map[string]func(t *testing.T, st *cookieStage, raw net.Conn) error{
		"of TLS 1.2": func(t *testing.T, st *cookieStage, raw net.Conn) error {
			c, err := libssl.Client(raw, clientOf(t, pair.Modes[0]))
			require.NoError(t, err)
			return talk(closedAtEnd(t, c))
		},
		"of something else": func(t *testing.T, _ *cookieStage, raw net.Conn) error {
			_, err := raw.Write([]byte("this is not TLS, and that is a fact"))
			return err
		},
		"cut off": func(t *testing.T, _ *cookieStage, raw net.Conn) error {
			_, err := raw.Write([]byte{22, 3, 1, 0, 100, 1, 0, 0, 96})
			return errors.Join(err, raw.Close())
		},
		"without end": func(t *testing.T, _ *cookieStage, raw net.Conn) error {
			part := append([]byte{22, 3, 1, 0x40, 0, 1, 1, 0xff, 0xff}, make([]byte, 1<<14-4)...)
			_, err := raw.Write(append(part, part...))
			return err
		},
	}
	want := map[string]func(t *testing.T, err error){
		"of TLS 1.2":        func(t *testing.T, err error) { requireAlert(t, err, alertProtocolVersion, true) },
		"of something else": func(t *testing.T, err error) { assert.Error(t, err) },
		"cut off":           func(t *testing.T, err error) { assert.ErrorIs(t, err, io.ErrUnexpectedEOF) },
		"without end":       func(t *testing.T, err error) { assert.ErrorContains(t, err, "too long") },
	}
	for name, hello := range hellos {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, max := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
				if name != "of TLS 1.2" && max == tls.VersionTLS12 {
					continue
				}
				for _, switched := range []bool{false, true} {
					st := newCookieStage(t, pair.Modes[3])
					other := serverOf(t, pair.Modes[3])
					for _, ctx := range []*libssl.Ctx{st.server, other} {
						require.NoError(t, ctx.SetMinVersion(tls.VersionTLS12))
						require.NoError(t, ctx.SetMaxVersion(max))
					}
					if switched {
						st.server.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return other, nil })
					}
					clientRaw, serverRaw := testutil.TCP(t)
					c, err := libssl.Server(serverRaw, st.server)
					require.NoError(t, err)
					closedAtEnd(t, c)
					require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
					client := start(func() error { return hello(t, st, clientRaw) })
					_, err = admit(c)
					require.Error(t, err)
					assert.NotErrorIs(t, err, libssl.ErrClosed)
					want[name](t, err)
					require.NoError(t, c.Close())
					receive(t, client, "the client")
				}
			}
		})
	}

	st := newCookieStage(t, pair.Modes[3])
	l := newLink(t, st.server, st.client)
	_, err := l.client.Stateless()
	assert.ErrorContains(t, err, "for servers")
	require.NoError(t, l.server.Close())
	_, err = l.server.Stateless()
	assert.ErrorIs(t, err, libssl.ErrClosed)
}

// After a switch by server name the callbacks are those of the Ctx that is in force then.
func TestStatelessSwitched(t *testing.T) {
	t.Parallel()
	st, other := newCookieStage(t, pair.Modes[3]), newCookieStage(t, pair.Modes[3])
	st.server.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return other.server, nil })
	l := newLink(t, st.server, st.client)
	l.server.SetValue(needsCookie{}, true)
	requireTalk(t, l)
	assert.Zero(t, st.made)
	assert.Equal(t, 1, other.made)
	assert.Equal(t, []string{aCookie}, other.seen)
	assert.Same(t, other.server, l.server.Ctx())
}

// Other programs' clients bring the cookie back.
func TestStatelessForOthers(t *testing.T) {
	t.Parallel()
	t.Run("crypto/tls", func(t *testing.T) {
		t.Parallel()
		st := newCookieStage(t, pair.Modes[3])
		clientRaw, serverRaw := testutil.TCP(t)
		c, err := libssl.Server(serverRaw, st.server)
		require.NoError(t, err)
		closedAtEnd(t, c)
		client := tls.Client(clientRaw, foreign(t, tls.VersionTLS13))
		saying := start(client.Handshake)
		_, err = admit(c)
		require.NoError(t, err)
		require.NoError(t, c.Handshake())
		assert.Equal(t, ending{}, receive(t, saying, "the client"))
		assert.Equal(t, []string{aCookie}, st.seen)
	})
	t.Run("openssl s_client", func(t *testing.T) {
		t.Parallel()
		st := newCookieStage(t, pair.Modes[3])
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		client := testutil.OpenSSL(t, "s_client", "-connect", listener.Addr().String(), "-tls1_3", "-msg")
		raw, err := listener.Accept()
		require.NoError(t, err)
		c, err := libssl.Server(raw, st.server)
		require.NoError(t, err)
		closedAtEnd(t, c)
		_, err = admit(c)
		require.NoError(t, err)
		require.NoError(t, c.Handshake())
		client.Expect(t, sawNewSession)
		assert.Equal(t, []string{aCookie}, st.seen)
	})
}
