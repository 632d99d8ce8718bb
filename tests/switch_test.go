package tests

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// hosts are the Ctx of a server with two names: a lets anybody in, b those who have a certificate. front is the one
// that its connections are made from: a, b, or one that serves nobody itself.
type hosts struct {
	front, a, b *libssl.Ctx
}

// serve has front choose b by its name, in capitals too, and a for whatever else is asked for.
func (h hosts) serve() {
	h.front.SetServerNameCallback(func(_ *libssl.SSL, name string) (*libssl.Ctx, error) {
		if strings.EqualFold(name, "b.test") {
			return h.b, nil
		}
		return h.a, nil
	})
}

// twoHosts returns a and b that differ in nothing yet; a is in front.
func twoHosts(t testing.TB, mode pair.Mode) hosts {
	t.Helper()
	a, b := serverOf(t, mode), serverOf(t, mode)
	h := hosts{front: a, a: a, b: b}
	h.serve()
	return h
}

// demandCertificate makes a server let in only those who have a certificate.
func demandCertificate(t testing.TB, ctx *libssl.Ctx) {
	t.Helper()
	require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
	ctx.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
}

// clientWith returns a client that has a certificate.
func clientWith(t testing.TB, mode pair.Mode, cert tls.Certificate) *libssl.Ctx {
	t.Helper()
	ctx := clientOf(t, mode)
	require.NoError(t, ctx.UseCertificate(cert))
	return ctx
}

// visit connects client with server, asks for name unless it is empty, and offers sess unless it is nil.
func visit(t testing.TB, server, client *libssl.Ctx, name string, sess *libssl.Session) *pair.Pair {
	t.Helper()
	p := pair.Try(t, server, client, pair.Options{Limit: patience, Session: sess, Client: func(c *libssl.Conn) {
		if name != "" {
			require.NoError(t, c.SetServerName(name))
		}
	}})
	require.NotErrorIs(t, p.Err(), os.ErrDeadlineExceeded)
	return p
}

// sessionAt visits a server that has to let the client in with this Ctx, and returns the client's session.
func sessionAt(t testing.TB, server, client, at *libssl.Ctx, name string) *libssl.Session {
	t.Helper()
	p := visit(t, server, client, name, nil)
	require.NoError(t, p.Err())
	require.Same(t, at, p.Server.Ctx())
	sess := p.Client.Session()
	require.True(t, sess.IsResumable())
	p.Close(t)
	return sess
}

// A client without a certificate never gets to the host that demands one, whatever it brings with it and however the
// Ctx were set up. "Gets to" is that the server's handshake succeeds with that Ctx in force.
func TestSwitchNeverLetsStrangersIn(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	same := []byte("same")
	for _, tt := range []struct {
		name        string
		front, a, b []byte // session id contexts
		derived     bool   // by NewServerCtx, instead
		noResuming  bool   // at b
	}{
		{name: "contexts differ", front: []byte("front"), a: []byte("a"), b: []byte("b")},
		{name: "the same context", front: same, a: same, b: same},
		{name: "the same context but in front", front: []byte("front"), a: same, b: same},
		{name: "the same context, none in front", a: same, b: same},
		{name: "no contexts", noResuming: true},
		{name: "derived contexts", derived: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range pair.Modes {
				for _, inFront := range []string{"a", "b", "another"} {
					for _, shared := range []bool{false, true} {
						name := mode.Name + ", " + inFront + " in front"
						if shared {
							name += ", shared sessions"
						}
						t.Run(name, func(t *testing.T) {
							host := func(sid []byte) *libssl.Ctx {
								if !tt.derived {
									ctx := serverOf(t, mode)
									require.NoError(t, ctx.SetSessionIDContext(sid))
									return ctx
								}
								ctx, err := libssl.NewServerCtx(certs.Server)
								require.NoError(t, err)
								closedAtEnd(t, ctx)
								require.NoError(t, ctx.SetMinVersion(mode.Version))
								require.NoError(t, ctx.SetMaxVersion(mode.Version))
								if !mode.Tickets {
									ctx.SetOptions(libssl.NoTicket)
								}
								return ctx
							}
							h := hosts{a: host(tt.a), b: host(tt.b)}
							demandCertificate(t, h.b)
							h.front = map[string]*libssl.Ctx{"a": h.a, "b": h.b}[inFront]
							if h.front == nil {
								h.front = host(tt.front)
							}
							h.serve()
							if shared {
								share(t, mode, h.front, h.a, h.b)
							}
							// Two servers, each with a port of its own, that share sessions and are given the same
							// context are one server to libssl: that is what the context is for.
							alone := shared && !(inFront == "b" && bytes.Equal(tt.a, same))
							h.keepStrangersOut(t, mode, alone)
							h.letFriendsIn(t, mode, !tt.noResuming)
						})
					}
				}
			}
		})
	}
}

// share gives servers the same ticket keys and the same external cache.
func share(t testing.TB, mode pair.Mode, ctxs ...*libssl.Ctx) {
	t.Helper()
	keys, err := ctxs[0].TicketKeys()
	require.NoError(t, err)
	store := &sessionMap{sessions: make(map[string][]byte)}
	for _, ctx := range ctxs {
		require.NoError(t, ctx.SetTicketKeys(keys))
		if !mode.Tickets {
			store.use(ctx)
		}
	}
}

// keepStrangersOut tries to get to b without a certificate; alone means that a has a port of its own.
func (h hosts) keepStrangersOut(t *testing.T, mode pair.Mode, alone bool) {
	t.Helper()
	stranger := clientOf(t, mode)
	offers := map[string]*libssl.Session{
		"nothing":             nil,
		"a session of a":      sessionAt(t, h.front, stranger, h.a, "a.test"),
		"one without a name":  sessionAt(t, h.front, stranger, h.a, ""),
		"one for another":     sessionAt(t, h.front, stranger, h.a, "x.example.test"),
		"one for an address":  sessionAt(t, h.front, stranger, h.a, "192.0.2.1"),
		"one that came later": sessionAt(t, h.front, stranger, h.a, "a.test"),
	}
	if alone {
		offers["one of a on its own port"] = sessionAt(t, h.a, stranger, h.a, "a.test")
	}
	for what, sess := range offers {
		for _, name := range []string{"b.test", "B.Test"} {
			p := visit(t, h.front, stranger, name, sess)
			require.Same(t, h.b, p.Server.Ctx(), "%s is b", name)
			require.False(t, p.ServerDone, "a stranger who offers %s and asks for %s gets in; resumed: %t", what, name, p.Server.SessionReused())
			require.Error(t, p.ClientErr, what)
			assert.True(t, errors.Is(p.ServerErr, libssl.ReasonPeerDidNotReturnACertificate) ||
				sess != nil && errors.Is(p.ServerErr, libssl.ReasonSessionIDContextUninitialized), "%s: %v", what, p.ServerErr)
		}
	}
	// The same sessions are welcome where they were made, under whatever name.
	for _, name := range []string{"a.test", "A.TEST", "", "x.example.test", "192.0.2.1"} {
		p := visit(t, h.front, stranger, name, offers["one that came later"])
		require.NoError(t, p.Err(), "%q", name)
		assert.Same(t, h.a, p.Server.Ctx())
		p.Close(t)
	}
}

// letFriendsIn gets to b with a certificate, and again with the session made there.
func (h hosts) letFriendsIn(t *testing.T, mode pair.Mode, resuming bool) {
	t.Helper()
	cert := testutil.Certs(t).Client
	friend := clientWith(t, mode, cert)
	p := visit(t, h.front, friend, "b.test", nil)
	require.NoError(t, p.Err())
	require.Same(t, h.b, p.Server.Ctx())
	requirePeer(t, cert, p.Server.Session())
	sess := p.Client.Session()
	p.Close(t)
	if resuming {
		for _, name := range []string{"b.test", "B.Test"} {
			p := visit(t, h.front, friend, name, sess)
			require.NoError(t, p.Err())
			assert.Same(t, h.b, p.Server.Ctx())
			assert.True(t, p.Server.SessionReused(), "resumes as %s", name)
			requirePeer(t, cert, p.Server.Session())
			p.Close(t)
		}
	}
	// At a it does no harm.
	p = visit(t, h.front, friend, "a.test", sess)
	require.NoError(t, p.Err())
	assert.Same(t, h.a, p.Server.Ctx())
	p.Close(t)
}

// The same when the host that let the stranger in is gone, or has another context now, before the one that demands a
// certificate is given the context that it had.
func TestSwitchNeverLetsStrangersInLater(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		for how, leave := range map[string]func(ctx *libssl.Ctx) error{
			"closed":          (*libssl.Ctx).Close,
			"another context": func(ctx *libssl.Ctx) error { return ctx.SetSessionIDContext([]byte("another")) },
		} {
			for _, alone := range []bool{false, true} {
				name := mode.Name + ", " + how
				if alone {
					name += ", had its own port"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					stranger, front, a := clientOf(t, mode), serverOf(t, mode), serverOf(t, mode)
					require.NoError(t, front.SetSessionIDContext([]byte("front")))
					sid := []byte(rand.Text()) // a context that nobody else in this process has had
					require.NoError(t, a.SetSessionIDContext(sid))
					share(t, mode, front, a)
					at := front
					if alone {
						at = a
					} else {
						hosts{front: front, a: a}.serve()
					}
					sess := sessionAt(t, at, stranger, a, "a.test")
					require.NoError(t, leave(a))
					b := serverOf(t, mode)
					require.NoError(t, b.SetSessionIDContext(sid))
					demandCertificate(t, b)
					hosts{front: front, a: front, b: b}.serve()
					p := visit(t, front, stranger, "b.test", sess)
					assert.Same(t, b, p.Server.Ctx())
					require.False(t, p.ServerDone, "a stranger gets in; resumed: %t", p.Server.SessionReused())
					requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonPeerDidNotReturnACertificate)
				})
			}
		}
	}
}

// What the switch carries over, a thing at a time. (There are no setters of the verify depth and of the client CA
// names.)
func TestSwitchCarriesOver(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			t.Run("certificates", func(t *testing.T) {
				a, err := libssl.NewCtx(libssl.TLSServerMethod)
				require.NoError(t, err)
				closedAtEnd(t, a)
				require.NoError(t, a.UseCertificate(certs.ServerChain))
				b, err := libssl.NewCtx(libssl.TLSServerMethod)
				require.NoError(t, err)
				closedAtEnd(t, b)
				require.NoError(t, b.UseCertificate(certs.ServerRSA))
				hosts{front: a, a: a, b: b}.serve()
				for name, cert := range map[string]tls.Certificate{"a.test": certs.ServerChain, "b.test": certs.ServerRSA} {
					p := visit(t, a, clientOf(t, mode), name, nil)
					require.NoError(t, p.Err())
					var chain [][]byte
					for _, x := range p.Client.ConnectionState().PeerCertificates {
						chain = append(chain, x.Raw)
					}
					assert.Equal(t, cert.Certificate, chain, name)
				}
			})
			t.Run("session id context", func(t *testing.T) {
				h := twoHosts(t, mode)
				require.NoError(t, h.a.SetSessionIDContext([]byte("of a")))
				for _, sid := range []string{"of b", ""} {
					require.NoError(t, h.b.SetSessionIDContext([]byte(sid)))
					p := visit(t, h.front, clientOf(t, mode), "b.test", nil)
					require.NoError(t, p.Err())
					assert.Equal(t, sid, string(p.Server.Session().IDContext()))
				}
				p := visit(t, h.front, clientOf(t, mode), "a.test", nil)
				assert.Equal(t, "of a", string(p.Server.Session().IDContext()))
			})
			t.Run("verify mode", func(t *testing.T) {
				h := twoHosts(t, mode)
				demandCertificate(t, h.b)
				requireRefused(t, h, mode, "b.test", libssl.ReasonPeerDidNotReturnACertificate)
				requireWelcome(t, h, mode, "a.test")
			})
			t.Run("no verify mode", func(t *testing.T) {
				h := twoHosts(t, mode)
				demandCertificate(t, h.a)
				requireRefused(t, h, mode, "a.test", libssl.ReasonPeerDidNotReturnACertificate)
				requireWelcome(t, h, mode, "b.test")
			})
			t.Run("trust", func(t *testing.T) {
				h := twoHosts(t, mode)
				demandCertificate(t, h.b)
				require.NoError(t, h.a.LoadVerifyLocations(testutil.CAFile(t, certs.OtherCA), ""))
				h.a.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
				for _, tt := range []struct {
					name string
					cert tls.Certificate
					ok   bool
				}{
					{"a.test", certs.OtherClient, true}, {"b.test", certs.Client, true},
					{"a.test", certs.Client, false}, {"b.test", certs.OtherClient, false},
				} {
					p := visit(t, h.front, clientWith(t, mode, tt.cert), tt.name, nil)
					if tt.ok {
						assert.NoError(t, p.Err())
						continue
					}
					var e *libssl.VerifyError
					require.ErrorAs(t, p.ServerErr, &e)
					assert.Equal(t, certNoLocalIssuer, e.Code)
				}
			})
			t.Run("verify callback", func(t *testing.T) {
				refusal := errors.New("refused")
				for _, tt := range []struct{ a, b bool }{{false, true}, {true, false}, {true, true}} {
					h := twoHosts(t, mode)
					var asked []string
					verify := func(ctx *libssl.Ctx, has bool, name string) {
						require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, certs.CA), ""))
						if !has {
							ctx.SetVerify(libssl.VerifyPeer, nil)
							return
						}
						ctx.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
							asked = append(asked, name)
							if v.Depth() > 0 {
								return v.Err()
							}
							return refusal
						})
					}
					verify(h.a, tt.a, "a")
					verify(h.b, tt.b, "b")
					for name, has := range map[string]bool{"a": tt.a, "b": tt.b} {
						asked = nil
						p := visit(t, h.front, clientWith(t, mode, certs.Client), name+".test", nil)
						if !has {
							require.NoError(t, p.Err())
							assert.Empty(t, asked)
							continue
						}
						assert.Equal(t, []string{name, name}, asked)
						assert.ErrorIs(t, p.ServerErr, refusal)
						requireAlert(t, p.ServerErr, alertHandshakeFailure, true)
					}
				}
			})
			t.Run("options", func(t *testing.T) {
				for _, tickets := range []bool{true, false} {
					h := twoHosts(t, mode)
					for _, ctx := range []*libssl.Ctx{h.a, h.b} {
						if tickets == (ctx == h.b) {
							ctx.ClearOptions(libssl.NoTicket)
						} else {
							ctx.SetOptions(libssl.NoTicket)
						}
					}
					for name, tickets := range map[string]bool{"a.test": !tickets, "b.test": tickets} {
						before := h.front.SessionStats().Number
						p := visit(t, h.front, clientOf(t, mode), name, nil)
						require.NoError(t, p.Err())
						if !mode.TLS13() {
							assert.Equal(t, tickets, p.Client.Session().HasTicket())
						}
						assert.Equal(t, tickets, h.front.SessionStats().Number == before, "with tickets nothing is cached")
					}
				}
			})
			t.Run("versions", func(t *testing.T) {
				h := twoHosts(t, mode) // a speaks the mode's version
				other := uint16(tls.VersionTLS12 + tls.VersionTLS13 - mode.Version)
				require.NoError(t, h.b.SetMaxVersion(0))
				require.NoError(t, h.b.SetMinVersion(other))
				require.NoError(t, h.b.SetMaxVersion(other))
				both, err := libssl.NewCtx(libssl.TLSClientMethod)
				require.NoError(t, err)
				closedAtEnd(t, both)
				for name, version := range map[string]uint16{"a.test": mode.Version, "b.test": other} {
					p := visit(t, h.front, both, name, nil)
					require.NoError(t, p.Err())
					assert.Equal(t, version, p.Client.ConnectionState().Version)
				}
				for name, only := range map[string]pair.Mode{"a.test": {Version: other}, "b.test": mode} {
					p := visit(t, h.front, clientOf(t, only), name, nil)
					requireAlert(t, p.ServerErr, alertProtocolVersion, true)
				}
				// From a Ctx with bounds to one without.
				require.NoError(t, h.b.SetMinVersion(0))
				require.NoError(t, h.b.SetMaxVersion(0))
				p := visit(t, h.front, both, "b.test", nil)
				require.NoError(t, p.Err())
				assert.Equal(t, uint16(tls.VersionTLS13), p.Client.ConnectionState().Version)
			})
		})
	}
}

func requireRefused(t *testing.T, h hosts, mode pair.Mode, name string, reason libssl.Reason) {
	t.Helper()
	p := visit(t, h.front, clientOf(t, mode), name, nil)
	requireError(t, p.ServerErr, "SSL_do_handshake", -1, reason)
	alert := uint8(alertHandshakeFailure)
	if mode.TLS13() {
		alert = alertCertificateRequired
	}
	requireAlert(t, p.ServerErr, alert, true)
}

func requireWelcome(t *testing.T, h hosts, mode pair.Mode, name string) {
	t.Helper()
	p := visit(t, h.front, clientOf(t, mode), name, nil)
	require.NoError(t, p.Err())
	p.Close(t)
}

// What stays the first Ctx's: session callbacks, cache, ticket keys and timeout.
func TestSwitchLeavesBehind(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			h := twoHosts(t, mode)
			var calls []string
			note := func(ctx *libssl.Ctx, name string) {
				require.NoError(t, ctx.SetGenerateSessionID(func(s *libssl.SSL, id []byte) (int, error) {
					calls = append(calls, "generate "+name)
					return libssl.PrefixSessionID([]byte(name))(s, id)
				}))
				ctx.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) {
					calls = append(calls, "new "+name)
					assert.Same(t, h.b, s.Ctx())
				})
				if mode.Tickets { // where one would make libssl cache what is in tickets
					return
				}
				ctx.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session {
					calls = append(calls, "get "+name)
					return nil
				})
				ctx.SetRemoveSessionCallback(func(c *libssl.Ctx, _ *libssl.Session) {
					calls = append(calls, "remove "+name)
					assert.Same(t, h.a, c)
				})
			}
			note(h.a, "a")
			note(h.b, "b")
			require.NoError(t, h.a.SetNumTickets(1))
			require.NoError(t, h.b.SetNumTickets(1))
			h.a.SetTimeout(1234 * time.Second)
			h.b.SetTimeout(4321 * time.Second)
			client := clientOf(t, mode)

			p := visit(t, h.front, client, "b.test", nil)
			require.NoError(t, p.Err())
			require.Same(t, h.b, p.Server.Ctx())
			first, serving := p.Client.Session(), p.Server.Session()
			p.Close(t)
			assert.Equal(t, 1234*time.Second, serving.Timeout())
			assert.Zero(t, h.b.SessionStats().Number)
			if mode.Name == "TLS 1.2 tickets" {
				assert.Empty(t, calls)
			} else {
				assert.Equal(t, []string{"generate a", "new a"}, calls)
				assert.Equal(t, byte('a'), serving.ID()[0])
			}
			if !mode.Tickets {
				assert.Equal(t, 1, h.a.SessionStats().Number)
				calls = nil
				h.a.FlushSessions(time.Time{})
				assert.Equal(t, []string{"remove a"}, calls)
				calls = nil
				p = visit(t, h.front, client, "b.test", first)
				require.NoError(t, p.Err())
				assert.Equal(t, []string{"get a", "generate a", "new a"}, calls)
				return
			}
			// Another server takes the ticket if it has a's keys; b's are no use.
			for _, keys := range []*libssl.Ctx{h.a, h.b} {
				another := serverOf(t, mode)
				k, err := keys.TicketKeys()
				require.NoError(t, err)
				require.NoError(t, another.SetTicketKeys(k))
				hosts{front: another, a: another, b: h.b}.serve()
				p := visit(t, another, client, "b.test", first)
				require.NoError(t, p.Err())
				assert.Equal(t, keys == h.a, p.Server.SessionReused())
				p.Close(t)
			}
		})
	}
}

// What the callback is asked, and what its answers lead to.
func TestServerNameCallback(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, other, client := serverOf(t, mode), serverOf(t, mode), clientOf(t, mode)
			gone := serverOf(t, mode)
			require.NoError(t, gone.Close())
			refusal := errors.New("nobody of that name")
			var asked []string
			var answer struct {
				ctx *libssl.Ctx
				err error
			}
			server.SetServerNameCallback(func(s *libssl.SSL, name string) (*libssl.Ctx, error) {
				asked = append(asked, name)
				assert.Same(t, server, s.Ctx())
				return answer.ctx, answer.err
			})
			for _, tt := range []struct {
				name      string
				sni       string // what the client is told to ask for
				ctx       *libssl.Ctx
				err, want error
				in        *libssl.Ctx // the Ctx in force
			}{
				{name: "nil stays", sni: "a.test", in: server},
				{name: "nil stays without a name", in: server},
				{name: "the present one stays", sni: "a.test", ctx: server, in: server},
				{name: "another one", sni: "a.test", ctx: other, in: other},
				{name: "another one without a name", ctx: other, in: other},
				{name: "the name as it came", sni: "A.Test", ctx: other, in: other},
				{name: "the longest name", sni: strings.Repeat("abcdefg.", 31) + "x", ctx: other, in: other},
				{name: "an error", sni: "a.test", err: refusal, want: refusal},
				{name: "an error without a name", err: refusal, want: refusal},
				{name: "an error and a Ctx", sni: "a.test", ctx: other, err: refusal, want: refusal},
				{name: "a closed Ctx", sni: "a.test", ctx: gone, want: libssl.ErrClosed},
			} {
				t.Run(tt.name, func(t *testing.T) {
					asked, answer.ctx, answer.err = nil, tt.ctx, tt.err
					p := visit(t, server, client, tt.sni, nil)
					assert.Equal(t, []string{tt.sni}, asked)
					if tt.want == nil {
						require.NoError(t, p.Err())
						assert.Same(t, tt.in, p.Server.Ctx())
						assert.Equal(t, tt.sni, p.Server.ConnectionState().ServerName)
						assert.Equal(t, tt.sni, p.Client.Session().ServerName(), "the server has acknowledged the name")
						p.Close(t)
						return
					}
					requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonCallbackFailed)
					assert.ErrorIs(t, p.ServerErr, tt.want)
					requireAlert(t, p.ServerErr, alertUnrecognizedName, true)
					requireAlert(t, p.ClientErr, alertUnrecognizedName, false)
					assert.ErrorIs(t, p.ClientErr, received(alertUnrecognizedName))
				})
			}

			// An address is no name, so it is not sent.
			asked, answer.ctx, answer.err = nil, other, nil
			require.NoError(t, visit(t, server, client, "192.0.2.1", nil).Err())
			assert.Equal(t, []string{""}, asked)

			// It is asked anew for each connection, resumed ones too.
			asked, answer.ctx, answer.err = nil, other, nil
			sess := sessionAt(t, server, client, other, "a.test")
			p := visit(t, server, client, "a.test", sess)
			require.NoError(t, p.Err())
			assert.True(t, p.Server.SessionReused())
			assert.Equal(t, []string{"a.test", "a.test"}, asked)
		})
	}
}

// A connection goes on with the Ctx that it has switched to when that is closed.
func TestSwitchedCtxClosed(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			h := twoHosts(t, mode)
			require.NoError(t, h.b.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
			calls := 0
			h.b.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
				calls++
				assert.NoError(t, h.b.Close())
				assert.Same(t, h.b, v.SSL().Ctx())
				return v.Err()
			})
			p := visit(t, h.front, clientWith(t, mode, testutil.Certs(t).Client), "b.test", nil)
			require.NoError(t, p.Err())
			assert.Equal(t, 2, calls)
			require.NoError(t, h.a.Close())
			p.Echo(t, "it lives")
			p.Close(t)
		})
	}
}

// A callback of the Ctx that a connection has switched to runs inside libssl as well: its setters are refused.
func TestSettersInsideCallbackAfterSwitch(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			h := twoHosts(t, mode)
			require.NoError(t, h.b.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
			calls := 0
			h.b.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
				calls++
				for _, ctx := range []*libssl.Ctx{h.a, h.b} {
					assert.ErrorIs(t, ctx.SetSessionIDContext([]byte("inside")), libssl.ErrInCallback)
					assert.Equal(t, 2*time.Hour, ctx.Timeout())
				}
				return v.Err()
			})
			p := visit(t, h.front, clientWith(t, mode, testutil.Certs(t).Client), "b.test", nil)
			require.NoError(t, p.Err())
			assert.Equal(t, 2, calls)
		})
	}
}

// The callback that switches is inside the new Ctx from then on, and not in one that can't be switched to.
func TestSettersInsideSwitchingCallback(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	mode := pair.Modes[0]
	client, first, second := clientOf(t, mode), serverOf(t, mode), serverOf(t, mode)
	clientsOnly, err := libssl.NewCtx(libssl.TLSClientMethod)
	require.NoError(t, err)
	defer clientsOnly.Close()
	closed := serverOf(t, mode)
	first.SetServerNameCallback(func(s *libssl.SSL, _ string) (*libssl.Ctx, error) {
		assert.NoError(t, s.SetCtx(second))
		assert.Error(t, s.SetCtx(clientsOnly))
		assert.NoError(t, clientsOnly.SetSessionIDContext([]byte("outside")))
		assert.NoError(t, closed.Close())
		assert.ErrorIs(t, s.SetCtx(closed), libssl.ErrClosed)
		for _, ctx := range []*libssl.Ctx{first, second} {
			assert.ErrorIs(t, ctx.SetSessionIDContext([]byte("inside")), libssl.ErrInCallback)
		}
		second.SetVerifyDepth(7)
		assert.NoError(t, second.Close())
		return nil, nil
	})
	p := visit(t, first, client, "b.test", nil)
	require.NoError(t, p.Err())
	assert.Same(t, second, p.Server.Ctx())
}

// After HelloRetryRequest there is a second ClientHello in the same handshake: the callback is not asked again, and
// its answer holds. Here libssl's configuration file allows one group, which the client does not begin with; libssl
// reads it once in a process.
func TestSwitchWithHelloRetryRequest(t *testing.T) {
	config := testutil.File(t, "openssl.cnf", []byte(`openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
Groups = P-384
`))
	if inOwnProcess(t, "OPENSSL_CONF="+config) {
		return
	}
	certs := testutil.Certs(t)
	for _, mode := range pair.Modes[2:] {
		t.Run(mode.Name, func(t *testing.T) {
			h := twoHosts(t, mode)
			demandCertificate(t, h.b)
			var asked []string
			h.front.SetServerNameCallback(func(_ *libssl.SSL, name string) (*libssl.Ctx, error) {
				asked = append(asked, name)
				if name == "b.test" {
					return h.b, nil
				}
				return nil, nil
			})
			for _, tt := range []struct {
				name string
				cert []tls.Certificate
				in   *libssl.Ctx
				ok   bool
			}{
				{name: "a.test", in: h.a, ok: true},
				{name: "b.test", in: h.b},
				{name: "b.test", cert: []tls.Certificate{certs.Client}, in: h.b, ok: true},
			} {
				asked = nil
				r := greet(t, h.front, &tls.Config{
					RootCAs:          certs.CA.Pool,
					ServerName:       tt.name,
					Certificates:     tt.cert,
					CurvePreferences: []tls.CurveID{tls.CurveP256, tls.CurveP384}, // it sends a share of the first
				})
				require.True(t, r.retried)
				assert.Equal(t, []string{tt.name}, asked)
				assert.Same(t, tt.in, r.server.Ctx())
				if tt.ok {
					assert.NoError(t, r.err)
					assert.NoError(t, r.clientErr)
				} else {
					assert.ErrorIs(t, r.err, libssl.ReasonPeerDidNotReturnACertificate)
					assert.Error(t, r.clientErr)
				}
			}
		})
	}
}

// helloRetryRequest is the random by which a ServerHello is known for one (RFC 8446, section 4.1.3).
var helloRetryRequest = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// greeting is what came of a connection with a client of crypto/tls.
type greeting struct {
	server         *libssl.Conn
	err, clientErr error
	retried        bool // by HelloRetryRequest
}

func greet(t *testing.T, ctx *libssl.Ctx, config *tls.Config) greeting {
	t.Helper()
	clientRaw, serverRaw := testutil.TCP(t)
	recorded := &recorder{Conn: serverRaw}
	server, err := libssl.Server(recorded, ctx)
	require.NoError(t, err)
	closedAtEnd(t, server)
	client := tls.Client(clientRaw, config)
	end := time.Now().Add(patience)
	require.NoError(t, server.SetDeadline(end))
	require.NoError(t, client.SetDeadline(end))
	theirs := start(func() error {
		_, err := client.Write([]byte{'.'})
		if err == nil {
			_, err = io.ReadFull(client, make([]byte, 1))
		}
		return err
	})
	err = receive(t, start(func() error { return talk(server) }), "the server").err
	serverRaw.(*net.TCPConn).CloseWrite()
	return greeting{server, err, receive(t, theirs, "the client").err, bytes.Contains(recorded.written(), helloRetryRequest)}
}

// A recorder keeps what is written to it.
type recorder struct {
	net.Conn
	mu  sync.Mutex
	out bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	r.out.Write(p)
	r.mu.Unlock()
	return r.Conn.Write(p)
}

func (r *recorder) written() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.out.Bytes())
}

// Two servers send clients to each other while both are set up anew all the time, and their callbacks look at both.
// Whatever is not locked as it should be shows here as a deadlock, under the race detector, or as a crash, so it has a
// process of its own.
func TestSwitchUnderSetters(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			a, b := serverOf(t, mode), serverOf(t, mode)
			clients := clientOf(t, mode)
			look := func() {
				for _, ctx := range []*libssl.Ctx{a, b} {
					assert.Positive(t, ctx.Timeout())
					ctx.SessionStats()
					ctx.SessionCacheMode()
				}
			}
			set := func(ctx, other *libssl.Ctx, name string) {
				ctx.SetServerNameCallback(func(_ *libssl.SSL, asked string) (*libssl.Ctx, error) {
					look()
					if asked == name {
						return other, nil
					}
					return nil, nil
				})
			}
			set(a, b, "b.test")
			set(b, a, "a.test")
			for _, ctx := range []*libssl.Ctx{a, b} {
				require.NoError(t, ctx.SetGenerateSessionID(func(s *libssl.SSL, id []byte) (int, error) {
					look()
					return libssl.PrefixSessionID(nil)(s, id)
				}))
				ctx.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) { look() })
			}
			var over atomic.Bool
			var setters []<-chan ending
			for _, hosts := range [][2]*libssl.Ctx{{a, b}, {b, a}} {
				ctx, other := hosts[0], hosts[1]
				name := map[*libssl.Ctx]string{a: "a.test", b: "b.test"}[other]
				keys, err := ctx.TicketKeys()
				require.NoError(t, err)
				setters = append(setters, start(func() error {
					for !over.Load() {
						ctx.SetTimeout(time.Hour)
						ctx.SetSessionCacheSize(100)
						ctx.SetOptions(libssl.PrioritizeChaCha)
						ctx.ClearOptions(libssl.PrioritizeChaCha)
						ctx.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error { return v.Err() })
						ctx.SetVerify(libssl.VerifyNone, nil)
						set(ctx, other, name)
						err := errors.Join(
							ctx.SetSessionIDContext([]byte("pair")),
							ctx.SetTicketKeys(keys),
							ctx.SetCipherList("ECDHE+AESGCM"),
							ctx.SetCipherList("DEFAULT"),
							ctx.SetCipherSuites("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"),
							ctx.UseCertificate(testutil.Certs(t).Server))
						if err != nil {
							return err
						}
						runtime.Gosched()
					}
					return nil
				}))
			}
			var workers []<-chan ending
			for i := range 6 {
				server, name, in := a, "b.test", b
				if i%2 == 1 {
					server, name, in = b, "a.test", a
				}
				workers = append(workers, start(func() error {
					for range 25 {
						l := newLink(dropping{t}, server, clients)
						if err := l.client.SetServerName(name); err != nil {
							return err
						}
						client := start(func() error { return talk(l.client) })
						err := talk(l.server)
						if err = errors.Join(err, (<-client).err); err != nil {
							return err
						}
						if l.server.Ctx() != in {
							return errors.New("not switched")
						}
						l.client.Close()
						l.server.Close()
						l.clientRaw.Close()
						l.serverRaw.Close()
					}
					return nil
				}))
			}
			for _, w := range workers {
				assert.Equal(t, ending{}, receive(t, w, "the connections"))
			}
			over.Store(true)
			for _, s := range setters {
				assert.Equal(t, ending{}, receive(t, s, "the setters"))
			}
		})
	}
}
