package tests

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"runtime"
	"slices"
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
	"github.com/go-libssl/libssl/internal/testutil/stale"
)

// Alerts (RFC 8446, section 6.2).
const (
	alertUnexpectedMessage   = 10
	alertBadRecordMAC        = 20
	alertHandshakeFailure    = 40
	alertIllegalParameter    = 47
	alertUnknownCA           = 48
	alertDecryptError        = 51
	alertProtocolVersion     = 70
	alertInternalError       = 80
	alertUnrecognizedName    = 112
	alertCertificateRequired = 116
)

// received returns the reason that libssl gives when the peer has sent an alert.
func received(alert uint8) libssl.Reason { return 1000 + libssl.Reason(alert) }

// What can be wrong with a certificate (X509_V_ERR_…).
const (
	certSignatureFailure = 7
	certNoLocalIssuer    = 20
	certRefused          = 50 // by the application
)

// A place is a callback that a handshake comes through. A test can do anything there: panic, call methods, make
// another connection.
type place struct {
	name     string
	modes    []pair.Mode
	atClient bool // it is the client's
	late     bool // it runs when libssl has returned
	blind    bool // it is not told for which connection
	admits   bool // the server admits clients by their cookies
	set      func(t testing.TB, st *stage)
}

// A stage is a place that is set up. The callback calls act first, with nil for the SSL where it has none, and
// then does what makes the handshake go on.
type stage struct {
	place
	mode           pair.Mode
	server, client *libssl.Ctx
	offered        *libssl.Session
	act            func(s *libssl.SSL)
}

// withIDs are the modes in which a server makes session ids and is told of new sessions. A TLS 1.2 ticket has no id,
// and is no business of the cache's.
var withIDs = []pair.Mode{pair.Modes[0], pair.Modes[2], pair.Modes[3]}

var places = []place{
	{name: "generate", modes: withIDs, set: func(t testing.TB, st *stage) {
		require.NoError(t, st.server.SetGenerateSessionID(func(s *libssl.SSL, id []byte) (int, error) {
			st.act(s)
			return rand.Read(id)
		}))
	}},
	{name: "get", modes: stateful(), set: func(t testing.TB, st *stage) {
		st.offer(t)
		st.server.SetSessionCacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternalLookup)
		st.server.SetGetSessionCallback(func(s *libssl.SSL, _ []byte) *libssl.Session {
			st.act(s)
			return nil
		})
	}},
	{name: "verify the client", modes: pair.Modes, set: func(t testing.TB, st *stage) {
		require.NoError(t, st.client.UseCertificate(testutil.Certs(t).Client))
		st.verify(t, st.server)
	}},
	{name: "verify the server", modes: pair.Modes, atClient: true, set: func(t testing.TB, st *stage) {
		st.verify(t, st.client)
	}},
	{name: "sign at the server", modes: pair.Modes, blind: true, set: func(t testing.TB, st *stage) {
		st.sign(t, st.server, testutil.Certs(t).Server)
	}},
	{name: "sign at the client", modes: pair.Modes, atClient: true, blind: true, set: func(t testing.TB, st *stage) {
		st.server.SetVerify(libssl.VerifyPeer, func(*libssl.Verification) error { return nil })
		st.sign(t, st.client, testutil.Certs(t).Client)
	}},
	{name: "server name", modes: pair.Modes, set: func(t testing.TB, st *stage) {
		st.server.SetServerNameCallback(func(s *libssl.SSL, _ string) (*libssl.Ctx, error) {
			st.act(s)
			return nil, nil
		})
	}},
	{name: "ClientHello", modes: pair.Modes, set: func(t testing.TB, st *stage) {
		st.server.SetClientHelloCallback(func(h *libssl.ClientHello) error { st.act(h.SSL()); return nil })
	}},
	{name: "certificate at the server", modes: pair.Modes, set: func(t testing.TB, st *stage) {
		st.server.SetCertificateFunc(func(s *libssl.SSL) (*tls.Certificate, error) { st.act(s); return nil, nil })
	}},
	{name: "certificate at the client", modes: pair.Modes, atClient: true, set: func(t testing.TB, st *stage) {
		st.server.SetVerify(libssl.VerifyPeer, nil)
		st.client.SetCertificateFunc(func(s *libssl.SSL) (*tls.Certificate, error) { st.act(s); return nil, nil })
	}},
	{name: "not resumable", modes: pair.Modes[:2], set: func(t testing.TB, st *stage) {
		st.server.SetNotResumableSessionCallback(func(s *libssl.SSL, _ bool) bool { st.act(s); return false })
	}},
	{name: "ticket key to seal", modes: tickets(), set: func(t testing.TB, st *stage) {
		key := libssl.NewTicketKey()
		require.NoError(t, st.server.SetTicketKeyCallback(func(s *libssl.SSL, _ libssl.TicketKeyName, encrypt bool) (*libssl.TicketKey, bool, error) {
			if encrypt {
				st.act(s)
			}
			return key, false, nil
		}))
	}},
	{name: "ticket key to open", modes: tickets(), set: func(t testing.TB, st *stage) {
		key := libssl.NewTicketKey()
		require.NoError(t, st.server.SetTicketKeyCallback(func(s *libssl.SSL, _ libssl.TicketKeyName, encrypt bool) (*libssl.TicketKey, bool, error) {
			if !encrypt {
				st.act(s)
			}
			return key, false, nil
		}))
		st.offer(t)
	}},
	{name: "ticket made", modes: pair.Modes[1:], set: func(t testing.TB, st *stage) {
		require.NoError(t, st.server.SetSessionTicketCallback(func(s *libssl.SSL) ([]byte, error) {
			st.act(s)
			return nil, nil
		}, nil))
	}},
	{name: "ticket opened", modes: tickets(), set: func(t testing.TB, st *stage) {
		st.offer(t)
		require.NoError(t, st.server.SetSessionTicketCallback(nil, func(s *libssl.SSL, sess *libssl.Session, _ []byte, _ libssl.TicketStatus) (libssl.TicketReturn, error) {
			st.act(s)
			if sess == nil {
				return libssl.TicketReturnIgnoreRenew, nil
			}
			return libssl.TicketReturnUse, nil
		}))
	}},
	{name: "key at the server", modes: pair.Modes, set: func(t testing.TB, st *stage) { st.shareKey(t) }},
	{name: "key at the client", modes: pair.Modes, atClient: true, set: func(t testing.TB, st *stage) { st.shareKey(t) }},
	{name: "cookie made", modes: tls13, admits: true, set: func(t testing.TB, st *stage) {
		st.cookies(func(s *libssl.SSL) { st.act(s) }, func(*libssl.SSL) {})
	}},
	{name: "cookie checked", modes: tls13, admits: true, set: func(t testing.TB, st *stage) {
		st.cookies(func(*libssl.SSL) {}, func(s *libssl.SSL) { st.act(s) })
	}},
	{name: "new at the server", modes: withIDs, late: true, set: func(t testing.TB, st *stage) {
		st.server.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { st.act(s) })
	}},
	{name: "new at the client", modes: pair.Modes, atClient: true, late: true, set: func(t testing.TB, st *stage) {
		st.client.SetSessionCacheMode(libssl.SessionCacheClient)
		st.client.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { st.act(s) })
	}},
	{name: "remove", modes: stateful(), late: true, blind: true, set: func(t testing.TB, st *stage) {
		st.server.SetSessionCacheSize(2) // full after two: each new session pushes one out
		for range 2 {
			pair.Handshake(t, st.server, st.client, pair.Options{}).Close(t)
		}
		st.server.SetRemoveSessionCallback(func(*libssl.Ctx, *libssl.Session) { st.act(nil) })
	}},
}

// offer makes a session for the client to offer.
func (st *stage) offer(t testing.TB) {
	t.Helper()
	p := pair.Handshake(t, st.server, st.client, pair.Options{})
	st.offered = p.Client.Session()
	p.Close(t)
}

func (st *stage) verify(t testing.TB, ctx *libssl.Ctx) {
	t.Helper()
	require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
	ctx.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
		st.act(v.SSL())
		return v.Err()
	})
}

// sign has the key of a certificate sign by the act. A crypto.Signer is not told for whom: it does what can be done
// without the SSL.
func (st *stage) sign(t testing.TB, ctx *libssl.Ctx, cert tls.Certificate) {
	t.Helper()
	cert, v := locked(cert)
	v.fail = func() error { st.act(nil); return nil }
	cert.PrivateKey = v
	require.NoError(t, ctx.UseCertificate(cert))
}

// shareKey has the handshake go by a pre-shared key.
func (st *stage) shareKey(t testing.TB) {
	t.Helper()
	onlyPSK(t, st.server)
	onlyPSK(t, st.client)
	st.client.SetPSKClientCallback(func(s *libssl.SSL, _ string) (string, []byte, error) {
		if st.atClient {
			st.act(s)
		}
		return "me", aKey, nil
	})
	st.server.SetPSKServerCallback(func(s *libssl.SSL, _ string) ([]byte, error) {
		if !st.atClient {
			st.act(s)
		}
		return aKey, nil
	})
}

// cookies has the server give out cookies and check them.
func (st *stage) cookies(making, checking func(s *libssl.SSL)) {
	st.server.SetStatelessCookieGenerateCallback(func(s *libssl.SSL) ([]byte, error) { making(s); return []byte(aCookie), nil })
	st.server.SetStatelessCookieVerifyCallback(func(s *libssl.SSL, _ []byte) error { checking(s); return nil })
}

// inAllPlaces runs a test in each place and mode.
func inAllPlaces(t *testing.T, test func(t *testing.T, st *stage)) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range p.modes {
				t.Run(mode.Name, func(t *testing.T) { test(t, newStage(t, p, mode)) })
			}
		})
	}
}

func newStage(t testing.TB, p place, mode pair.Mode) *stage {
	t.Helper()
	st := &stage{place: p, mode: mode, server: serverOf(t, mode), client: clientOf(t, mode)}
	st.act = func(*libssl.SSL) {}
	st.set(t, st)
	return st
}

// own returns the Ctx whose callback it is.
func (st *stage) own() *libssl.Ctx {
	if st.atClient {
		return st.client
	}
	return st.server
}

// beforeHello reports whether the place is where a client makes its ClientHello.
func (st *stage) beforeHello() bool { return st.name == "key at the client" && st.mode.TLS13() }

// once has f called in the place, the first time that a handshake comes through, and counts.
func (st *stage) once(f func(s *libssl.SSL)) (calls *atomic.Int32) {
	calls = new(atomic.Int32)
	st.act = func(s *libssl.SSL) {
		if calls.Add(1) == 1 {
			f(s)
		}
	}
	return calls
}

func (st *stage) link(t testing.TB) *link {
	t.Helper()
	l := newLink(t, st.server, st.client)
	l.server.SetValue(needsCookie{}, st.admits)
	if st.offered != nil {
		require.NoError(t, l.client.SetSession(st.offered))
	}
	return l
}

// sides returns the connection whose callback it is, and the other one.
func (st *stage) sides(l *link) (mine, peer *libssl.Conn) {
	if st.atClient {
		return l.client, l.server
	}
	return l.server, l.client
}

// requireUsable requires that nothing of an earlier connection is left in the way: setters return, and connections
// can be made.
func (st *stage) requireUsable(t *testing.T) {
	t.Helper()
	returns(t, "setters", func() {
		for _, ctx := range []*libssl.Ctx{st.server, st.client} {
			ctx.SetTimeout(time.Hour)
			assert.Equal(t, time.Hour, ctx.Timeout())
			assert.NoError(t, ctx.SetSessionIDContext([]byte("after")))
		}
	})
	st.offered = nil // the client's own context is another now
	l := st.link(t)
	requireTalk(t, l)
}

// TestCallbackError shows what a callback's own error becomes on either side.
func TestCallbackError(t *testing.T) {
	t.Parallel()
	refusal := errors.New("the callback's own error")
	for _, tt := range []struct {
		place  place
		set    func(st *stage, refuse func() error)
		reason libssl.Reason
		alert  uint8
		verify bool
	}{
		{place{name: "generate", modes: withIDs}, func(st *stage, refuse func() error) {
			assert.NoError(t, st.server.SetGenerateSessionID(func(_ *libssl.SSL, id []byte) (int, error) {
				if err := refuse(); err != nil {
					return 0, err
				}
				return rand.Read(id)
			}))
		}, libssl.ReasonSSLSessionIDCallbackFailed, alertInternalError, false},
		{place{name: "server name", modes: pair.Modes}, func(st *stage, refuse func() error) {
			st.server.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return nil, refuse() })
		}, libssl.ReasonCallbackFailed, alertUnrecognizedName, false},
		{place{name: "ClientHello", modes: pair.Modes}, func(st *stage, refuse func() error) {
			st.server.SetClientHelloCallback(func(*libssl.ClientHello) error { return refuse() })
		}, libssl.ReasonCallbackFailed, alertInternalError, false},
		{place{name: "certificate at the server", modes: pair.Modes}, func(st *stage, refuse func() error) {
			st.server.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) { return nil, refuse() })
		}, libssl.ReasonCertCbError, alertInternalError, false},
		{place{name: "certificate at the client", modes: pair.Modes, atClient: true}, func(st *stage, refuse func() error) {
			st.server.SetVerify(libssl.VerifyPeer, nil)
			st.client.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) { return nil, refuse() })
		}, libssl.ReasonCallbackFailed, alertInternalError, false},
		{place{name: "ticket key", modes: tickets()}, func(st *stage, refuse func() error) {
			key := libssl.NewTicketKey()
			assert.NoError(t, st.server.SetTicketKeyCallback(func(*libssl.SSL, libssl.TicketKeyName, bool) (*libssl.TicketKey, bool, error) {
				return key, false, refuse()
			}))
		}, libssl.ReasonCallbackFailed, alertInternalError, false},
		{place{name: "verify the client", modes: pair.Modes}, func(st *stage, refuse func() error) {
			assert.NoError(t, st.client.UseCertificate(testutil.Certs(t).Client))
			assert.NoError(t, st.server.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
			st.server.SetVerify(libssl.VerifyPeer, func(*libssl.Verification) error { return refuse() })
		}, libssl.ReasonCertificateVerifyFailed, alertHandshakeFailure, true},
		{place{name: "verify the server", modes: pair.Modes, atClient: true}, func(st *stage, refuse func() error) {
			assert.NoError(t, st.client.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
			st.client.SetVerify(libssl.VerifyPeer, func(*libssl.Verification) error { return refuse() })
		}, libssl.ReasonCertificateVerifyFailed, alertHandshakeFailure, true},
	} {
		t.Run(tt.place.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range tt.place.modes {
				t.Run(mode.Name, func(t *testing.T) {
					var refuses atomic.Bool
					tt.place.set = func(_ testing.TB, st *stage) {
						tt.set(st, func() error {
							if refuses.Load() {
								return refusal
							}
							return nil
						})
					}
					st := newStage(t, tt.place, mode)
					for range 3 {
						refuses.Store(true)
						l := st.link(t)
						mine, peer := st.sides(l)
						ours, theirs := start(mine.Handshake), start(func() error { return talk(peer) })
						err := receive(t, ours, "the handshake").err
						e := requireError(t, err, "SSL_do_handshake", -1, tt.reason)
						assert.Equal(t, 1, e.SSLError, "SSL_ERROR_SSL")
						assert.ErrorIs(t, err, refusal)
						assert.Contains(t, err.Error(), refusal.Error())
						requireAlert(t, err, tt.alert, true)
						assert.Equal(t, tt.verify, e.Verify != nil)
						again := mine.Handshake()
						assert.Equal(t, err, again, "a failure is final")
						_, err = mine.Read(make([]byte, 1))
						assert.ErrorIs(t, err, tt.reason)

						err = receive(t, theirs, "the peer").err
						var other *libssl.Error
						require.ErrorAs(t, err, &other)
						assert.ErrorIs(t, err, received(tt.alert))
						assert.NotErrorIs(t, err, refusal)
						assert.Nil(t, other.Verify)
						requireAlert(t, err, tt.alert, false)

						// What comes next has nothing of it.
						requireOwnErrors(t, st.own())
						refuses.Store(false)
						requireTalk(t, st.link(t))
					}
					// Nor has another failure, of a peer that is not TLS.
					l := st.link(t)
					mine, _ := st.sides(l)
					raw := l.clientRaw
					if st.atClient {
						raw = l.serverRaw
					}
					_, err := raw.Write([]byte("this is not TLS, and that is a fact"))
					require.NoError(t, err)
					err = mine.Handshake()
					var e *libssl.Error
					require.ErrorAs(t, err, &e)
					assert.NotErrorIs(t, err, refusal)
					assert.NotErrorIs(t, err, tt.reason)
					assert.Nil(t, e.Verify)
					assert.NoError(t, e.Err)
				})
			}
		})
	}
}

// TestVerifyCallback shows which certificate is named when a VerifyFunc refuses one.
func TestVerifyCallback(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	refusal := errors.New("not this one")
	for _, tt := range []struct {
		name        string
		trust       *testutil.Authority
		verify      libssl.VerifyFunc
		code, depth int // of the certificate refused; code 0: none
		alert       uint8
		own         bool // the error is the callback's own
	}{
		{name: "agrees to good ones", trust: certs.CA, verify: (*libssl.Verification).Err},
		{name: "agrees to an unknown one's refusal", trust: certs.OtherCA, verify: (*libssl.Verification).Err,
			code: certNoLocalIssuer, alert: alertUnknownCA},
		{name: "no callback", trust: certs.OtherCA, code: certNoLocalIssuer, alert: alertUnknownCA},
		{name: "accepts an unknown one", trust: certs.OtherCA, verify: func(*libssl.Verification) error { return nil }},
		{name: "refuses an unknown one itself", trust: certs.OtherCA, verify: func(*libssl.Verification) error { return refusal },
			code: certNoLocalIssuer, alert: alertUnknownCA, own: true},
		{name: "refuses a good one", trust: certs.CA, verify: func(v *libssl.Verification) error {
			if v.Depth() == 0 {
				return refusal
			}
			return v.Err()
		}, code: certRefused, alert: alertHandshakeFailure, own: true},
		{name: "refuses a good authority", trust: certs.CA, verify: func(v *libssl.Verification) error {
			if v.Depth() == 1 {
				return refusal
			}
			return v.Err()
		}, code: certRefused, depth: 1, alert: alertHandshakeFailure, own: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, atClient := range []bool{false, true} {
				for _, mode := range pair.Modes[1:3] {
					st := newStage(t, place{atClient: atClient, set: func(testing.TB, *stage) {}}, mode)
					require.NoError(t, st.client.UseCertificate(certs.Client))
					require.NoError(t, st.own().LoadVerifyLocations(testutil.CAFile(t, tt.trust), ""))
					var mu sync.Mutex
					var kept []*libssl.Verification
					var verify libssl.VerifyFunc
					if tt.verify != nil {
						verify = func(v *libssl.Verification) error {
							mu.Lock()
							defer mu.Unlock()
							kept = append(kept, v)
							if cert, err := v.Certificate(); assert.NoError(t, err) && v.Depth() == 1 {
								assert.Equal(t, tt.trust.Cert.Raw, cert.Raw)
							}
							return tt.verify(v)
						}
					}
					st.own().SetVerify(libssl.VerifyPeer, verify)
					l := st.link(t)
					mine, peer := st.sides(l)
					ours, theirs := start(func() error { return talk(mine) }), start(func() error { return talk(peer) })
					err, peerErr := receive(t, ours, "the handshake").err, receive(t, theirs, "the peer").err
					for _, v := range kept {
						assert.Error(t, v.Err(), "it is over")
						assert.Zero(t, v.Depth())
						_, err := v.Certificate()
						assert.Error(t, err)
					}
					if tt.code == 0 {
						require.NoError(t, err)
						require.NoError(t, peerErr)
						continue
					}
					e := requireError(t, err, "SSL_do_handshake", -1, libssl.ReasonCertificateVerifyFailed)
					requireAlert(t, err, tt.alert, true)
					requireAlert(t, peerErr, tt.alert, false)
					assert.Equal(t, tt.own, errors.Is(err, refusal))
					var v *libssl.VerifyError
					require.ErrorAs(t, err, &v)
					require.NotNil(t, e.Verify)
					assert.Equal(t, tt.code, e.Verify.Code, "%v", err)
					assert.Equal(t, tt.depth, e.Verify.Depth)
					assert.NotEmpty(t, e.Verify.Text)
					assert.Contains(t, err.Error(), e.Verify.Text)
					cert := certs.Client.Certificate[0]
					switch {
					case tt.depth == 1:
						cert = tt.trust.Cert.Raw
					case atClient:
						cert = certs.Server.Certificate[0]
					}
					require.NotNil(t, e.Verify.Certificate)
					assert.Equal(t, cert, e.Verify.Certificate.Raw)
				}
			}
		})
	}
}

// With VerifyNone a client asks its callback and goes on whatever it says. What it said is not the reason of what
// fails later.
func TestVerifyCallbackThatDoesNotCount(t *testing.T) {
	t.Parallel()
	refusal := errors.New("to no purpose")
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := serverOf(t, mode), clientOf(t, mode)
			calls := 0
			client.SetVerify(libssl.VerifyNone, func(*libssl.Verification) error {
				calls++
				return refusal
			})
			p := pair.Handshake(t, server, client, pair.Options{})
			assert.Positive(t, calls)
			_, err := p.ServerRaw.Write(append([]byte{23, 3, 3, 0, 64}, make([]byte, 64)...)) // not of this connection
			require.NoError(t, err)
			_, err = p.Client.Read(make([]byte, 1))
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			requireAlert(t, err, alertBadRecordMAC, true)
			assert.NoError(t, e.Err)
			assert.Nil(t, e.Verify)
		})
	}
}

func TestCallbackPanic(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		thrown := &struct{ place string }{st.name}
		calls := st.once(func(*libssl.SSL) { panic(thrown) })
		l := st.link(t)
		mine, peer := st.sides(l)
		ours, theirs := start(func() error { return talk(mine) }), start(func() error { return toTheEnd(peer) })
		e := receive(t, ours, "the call that led to the callback")
		require.Same(t, thrown, e.value, "the panic goes on where the call was made; it returned %v", e.err)
		if st.late {
			// libssl knows nothing of it. Who recovers closes the connection, as a server does.
			returns(t, "Close", func() { assert.NoError(t, mine.Close()) })
		}
		ended := receive(t, theirs, "the peer")
		requireEnded(t, ended)
		if !st.late {
			// Of some libssl does not know that they have failed, and an alert instead of a ClientHello is no alert.
			if st.name != "get" && st.name != "not resumable" && !st.beforeHello() {
				var fromUs *libssl.Error
				require.ErrorAs(t, ended.err, &fromUs)
				_, sent, ok := fromUs.Alert()
				assert.True(t, ok && !sent, "it gets an alert, not %v", ended.err)
			}
			returns(t, "methods of the failed connection", func() {
				assert.Error(t, mine.Handshake())
				_, err := mine.Read(make([]byte, 1))
				assert.Error(t, err)
				_, err = mine.Write(make([]byte, 1))
				assert.Error(t, err)
			})
		}
		if st.name == "new at the server" && st.mode.TLS13() {
			assert.Equal(t, int32(2), calls.Load(), "the second ticket is told of in spite of the first one's panic")
		}
		returns(t, "Close", func() { mine.Close() })
		st.requireUsable(t)
	})
}

// A panic in a remove callback does not keep the other removals from being told.
func TestCallbackPanicWithMoreToTell(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[0]
	server, client := serverOf(t, mode), clientOf(t, mode)
	for range 3 {
		pair.Handshake(t, server, client, pair.Options{}).Close(t)
	}
	require.Equal(t, 3, server.SessionStats().Number)
	var told [][]byte
	server.SetRemoveSessionCallback(func(_ *libssl.Ctx, sess *libssl.Session) {
		told = append(told, sess.ID())
		if len(told) == 1 {
			panic("the first")
		}
	})
	returns(t, "FlushSessions", func() {
		assert.PanicsWithValue(t, "the first", func() { server.FlushSessions(time.Time{}) })
	})
	assert.Len(t, told, 3)
	assert.Zero(t, server.SessionStats().Number)
	returns(t, "a setter", func() { server.SetRemoveSessionCallback(nil) })
	pair.Handshake(t, server, client, pair.Options{}).Close(t)
}

// AwaitSession reads by itself. What panics meanwhile panics in its caller, not in a goroutine that nobody can
// recover.
func TestCallbackPanicInAwaitSession(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	mode := pair.Modes[3]
	server, client := serverOf(t, mode), clientOf(t, mode)
	client.SetSessionCacheMode(libssl.SessionCacheClient)
	var calls atomic.Int32
	client.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) {
		if calls.Add(1) == 1 {
			panic("in the callback")
		}
	})
	l := newLink(t, server, client)
	serving := start(func() error { return talk(l.server) })
	e := receive(t, start(func() error {
		_, err := l.client.AwaitSession(t.Context())
		return err
	}), "AwaitSession")
	assert.Equal(t, "in the callback", e.value)
	require.NoError(t, l.client.Close())
	requireEnded(t, receive(t, serving, "the server"))
}

// A callback must not end its goroutine, but a test's assertion easily does. The connection is lost then, and
// nothing else. What libssl had allocated for it is lost too, so this is not for a process that counts objects.
func TestCallbackGoexit(t *testing.T) {
	skipGoexit(t)
	if inOwnProcess(t) {
		return
	}
	inAllPlaces(t, func(t *testing.T, st *stage) {
		st.once(func(*libssl.SSL) { runtime.Goexit() })
		l := st.link(t)
		mine, peer := st.sides(l)
		ours, theirs := start(func() error { return talk(mine) }), start(func() error { return toTheEnd(peer) })
		e := receive(t, ours, "the call that led to the callback")
		require.True(t, e.exited, "the goroutine ends; the call returned %v", e.err)
		if !st.late {
			returns(t, "methods of the lost connection", func() {
				assert.Error(t, mine.Handshake())
				_, err := mine.Read(make([]byte, 1))
				assert.Error(t, err)
				_, err = mine.Write(make([]byte, 1))
				assert.Error(t, err)
				assert.Error(t, mine.CloseWrite())
				assert.Error(t, mine.SetSessionIDContext(nil))
				assert.Nil(t, mine.Session())
				assert.False(t, mine.SessionReused())
				assert.False(t, mine.HasMatchingSessionID(make([]byte, 32)))
				assert.Zero(t, mine.ConnectionState())
				assert.Equal(t, st.own(), mine.Ctx())
				_ = mine.SetDeadline(time.Now().Add(patience))
			})
		}
		returns(t, "Close", func() {
			assert.NoError(t, mine.Close())
			assert.NoError(t, mine.Close())
		})
		requireEnded(t, receive(t, theirs, "the peer"))
		st.requireUsable(t)
	})
}

// skipGoexit skips a test in which a goroutine ends above C frames where that can't be.
func skipGoexit(t *testing.T) {
	t.Helper()
	if testutil.AddressSanitizer {
		t.Skip("the address sanitizer takes the C stack for used where frames were cut away")
	}
}

// TestMethodsInsideCallbacks calls each method from inside a callback, once in a connection of its own, and requires
// that it returns, that only those which can't work there say ErrInCallback, and that the connection goes on.
func TestMethodsInsideCallbacks(t *testing.T) {
	t.Parallel()
	objects := []struct {
		name string
		of   func(st *stage, s *libssl.SSL) any
		typ  reflect.Type
	}{
		{"Conn", func(_ *stage, s *libssl.SSL) any { return s.Conn() }, reflect.TypeFor[*libssl.Conn]()},
		{"SSL", func(_ *stage, s *libssl.SSL) any { return s }, reflect.TypeFor[*libssl.SSL]()},
		{"Ctx", func(st *stage, _ *libssl.SSL) any { return st.own() }, reflect.TypeFor[*libssl.Ctx]()},
		{"Session", func(st *stage, _ *libssl.SSL) any { return st.offered }, reflect.TypeFor[*libssl.Session]()},
	}
	for _, p := range places {
		if !slices.Contains([]string{"generate", "verify the server", "new at the server", "new at the client", "ClientHello"}, p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []pair.Mode{pair.Modes[0], pair.Modes[3]} {
				t.Run(mode.Name, func(t *testing.T) {
					for _, object := range objects {
						for i := range object.typ.NumMethod() {
							method := object.typ.Method(i)
							if method.Name == "SetSession" {
								continue // below
							}
							t.Run(object.name+"."+method.Name, func(t *testing.T) {
								st := newStage(t, p, mode)
								if object.name == "Session" {
									st.offered = sessionFrom(t, st.server, st.client)
								}
								inside(t, st, object.name, method, func(s *libssl.SSL) any { return object.of(st, s) })
							})
						}
					}
				})
			}
		})
	}
}

func inside(t *testing.T, st *stage, object string, method reflect.Method, of func(s *libssl.SSL) any) {
	bound := reflect.Zero(method.Type.In(0)).Method(method.Index)
	args := arguments(t, bound.Type())
	returned := make(chan []reflect.Value, 1)
	st.once(func(s *libssl.SSL) {
		returned <- reflect.ValueOf(of(s)).Method(method.Index).Call(args)
	})
	l := newLink(t, st.server, st.client)
	mine, peer := st.sides(l)
	ours, theirs := start(func() error { return talk(mine) }), start(func() error { return toTheEnd(peer) })
	results := receive(t, returned, object+"."+method.Name+" from inside")
	var err error
	for _, v := range results {
		if e, ok := v.Interface().(error); ok {
			err = e
		}
	}
	waits := []string{
		"Handshake", "HandshakeContext", "Read", "Write", "CloseWrite", "SendSessionTicket", "ReadEarlyData", "WriteEarlyData", "Stateless",
		"KeyUpdate", "Renegotiate", "RenegotiateAbbreviated", "VerifyClientPostHandshake",
	}
	switch {
	case object == "Conn" && slices.Contains(waits, method.Name):
		assert.ErrorIs(t, err, libssl.ErrInCallback)
	case object == "Ctx" && !st.late && regexp.MustCompile("^(Set|Clear|Use|Load|Config|Select|Build|Add(Chain|Client|Extra|Root|CRL))").MatchString(method.Name):
		for _, v := range results {
			if v.Type() == reflect.TypeFor[error]() {
				assert.ErrorIs(t, err, libssl.ErrInCallback)
			} else {
				assert.True(t, v.IsZero(), "%v", v)
			}
		}
	case method.Name != "AwaitSession":
		assert.NotErrorIs(t, err, libssl.ErrInCallback)
	}
	e := receive(t, ours, "the call that led to the callback")
	assert.Nil(t, e.value)
	if object == "Conn" && method.Name == "Close" {
		_, err := mine.Read(make([]byte, 1))
		assert.ErrorIs(t, err, net.ErrClosed)
		requireEnded(t, receive(t, theirs, "the peer"))
		return
	}
	if object != "Ctx" && method.Name == "SetCipherList" { // to none
		returns(t, "Close", func() { assert.NoError(t, mine.Close()) })
		requireEnded(t, receive(t, theirs, "the peer"))
		return
	}
	require.NoError(t, e.err, "the connection goes on")
	returns(t, "Close", func() { assert.NoError(t, mine.Close()) })
	assert.ErrorIs(t, receive(t, theirs, "the peer").err, io.EOF)
}

// A session can't be replaced while libssl is at work on it. If it could, that would be memory corruption: not for a
// process that has more to do.
func TestSetSessionInsideCallback(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	inAllPlaces(t, func(t *testing.T, st *stage) {
		sess := sessionFrom(t, serverOf(t, st.mode), clientOf(t, st.mode))
		l := st.link(t)
		mine, _ := st.sides(l)
		st.once(func(*libssl.SSL) {
			assert.Error(t, mine.SetSession(sess))
			assert.Error(t, mine.SetSession(nil))
		})
		requireTalk(t, l)
		returns(t, "Close", func() { assert.NoError(t, mine.Close()) })
	})
}

// A callback can ask its connection for anything, and what it sets there counts.
func TestOwnConnectionInsideCallback(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		if st.blind {
			st.act = func(s *libssl.SSL) { assert.Nil(t, s) }
			requireTalk(t, st.link(t))
			return
		}
		l := st.link(t)
		mine, _ := st.sides(l)
		known := rand.Text()
		calls := st.once(func(s *libssl.SSL) {
			assert.Same(t, mine.SSL(), s)
			assert.Same(t, mine, s.Conn())
			assert.Same(t, st.own(), s.Ctx())
			assert.False(t, s.HasMatchingSessionID([]byte(known)))
			assert.False(t, s.SessionReused())
			if st.name != "server name" && st.name != "ClientHello" { // when the version has not been chosen yet
				assert.Equal(t, st.mode.Version, s.Conn().ConnectionState().Version)
			}
			assert.Equal(t, 2*time.Hour, s.Ctx().Timeout())
			if !st.beforeHello() { // a client's session has its context already
				assert.NoError(t, s.SetSessionIDContext([]byte("inside")))
			}
		})
		requireTalk(t, l)
		assert.Positive(t, calls.Load())
		if st.name == "server name" {
			assert.Equal(t, []byte("inside"), l.server.Session().IDContext())
		}
	})
}

// A setter of the Ctx whose callback is running inside libssl says so or, if it has no error to return, takes effect soon
// after: in order, and for the connections made then.
func TestSettersInsideCallback(t *testing.T) {
	t.Parallel()
	for _, p := range places {
		if p.late {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			st := newStage(t, p, p.modes[0])
			ctx := st.own()
			mode, options := ctx.SessionCacheMode(), ctx.SetOptions(0)
			keys, err := ctx.TicketKeys()
			require.NoError(t, err)
			forbidden := func() { t.Error("a callback that was refused is called") }
			var told atomic.Bool
			st.once(func(*libssl.SSL) {
				assert.Zero(t, ctx.SetTimeout(time.Minute))
				assert.Zero(t, ctx.SetTimeout(time.Hour))
				assert.Zero(t, ctx.SetSessionCacheSize(17))
				assert.Zero(t, ctx.SetOptions(libssl.NoRenegotiation))
				assert.Zero(t, ctx.SetVerifyFlags(libssl.VerifyFlagCRLCheck))
				assert.Zero(t, ctx.ClearVerifyFlags(libssl.VerifyFlagCRLCheck))
				assert.Zero(t, ctx.SetSessionCacheMode(mode|libssl.SessionCacheNoAutoClear))
				ctx.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) {})
				ctx.SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session { return nil })
				ctx.SetRemoveSessionCallback(func(*libssl.Ctx, *libssl.Session) {})
				ctx.SetVerifyMode(libssl.VerifyPeer)
				ctx.SetVerifyFunc(func(*libssl.Verification) error { return nil })
				ctx.SetInfoCallback(func(*libssl.SSL, libssl.Info) { told.Store(true) })
				ctx.SetVerifyDepth(9)
				assert.ErrorIs(t, ctx.SetGenerateSessionID(func(*libssl.SSL, []byte) (int, error) {
					forbidden()
					return 0, nil
				}), libssl.ErrInCallback)
				assert.ErrorIs(t, ctx.SetSessionIDContext([]byte("inside")), libssl.ErrInCallback)
				assert.ErrorIs(t, ctx.SetTicketKeys(make([]byte, 80)), libssl.ErrInCallback)
				assert.ErrorIs(t, ctx.SetNumTickets(7), libssl.ErrInCallback)
				assert.ErrorIs(t, ctx.UseCertificate(testutil.Certs(t).SelfSigned), libssl.ErrInCallback)
				// Another Ctx is another matter.
				assert.Equal(t, 2*time.Hour, clientOrServer(st, !st.atClient).SetTimeout(time.Minute))
			})
			requireTalk(t, st.link(t))
			require.Eventually(t, func() bool { return ctx.VerifyDepth() == 9 }, patience, time.Millisecond)
			assert.Equal(t, time.Hour, ctx.Timeout())
			assert.Equal(t, 17, ctx.SessionCacheSize())
			assert.Equal(t, options|libssl.NoRenegotiation, ctx.SetOptions(0))
			assert.Zero(t, ctx.VerifyFlags()&libssl.VerifyFlagCRLCheck)
			assert.Equal(t, mode|libssl.SessionCacheNoAutoClear, ctx.SessionCacheMode())
			assert.NotNil(t, ctx.NewSessionCallback())
			assert.NotNil(t, ctx.GetSessionCallback())
			assert.NotNil(t, ctx.RemoveSessionCallback())
			assert.Equal(t, libssl.VerifyPeer, ctx.VerifyMode())
			requireTalk(t, st.link(t))
			assert.True(t, told.Load())
			assert.Equal(t, 2, ctx.NumTickets())
			now, err := ctx.TicketKeys()
			require.NoError(t, err)
			assert.Equal(t, keys, now)
		})
	}
}

// What is called after a callback's setter counts, even if that has not taken effect yet.
func TestSetterAfterCallbacks(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	for range 50 {
		client, server := clientOf(t, pair.Modes[0]), serverOf(t, pair.Modes[0])
		called, goOn := make(chan struct{}), make(chan struct{})
		server.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) {
			server.SetVerifyDepth(1)
			server.SetTimeout(time.Hour)
			close(called)
			<-goOn
			return nil, nil
		})
		l := newLink(t, server, client)
		ends := []<-chan ending{start(l.client.Handshake), start(l.server.Handshake)}
		<-called
		set := async(func() error { server.SetVerifyDepth(2); return nil })
		go close(goOn)
		require.NoError(t, <-set)
		assert.Equal(t, time.Hour, server.Timeout())
		for _, e := range ends {
			require.NoError(t, (<-e).err)
		}
		server.SetOptions(0) // after whatever is still to come
		require.Equal(t, 2, server.VerifyDepth())
	}
}

func clientOrServer(st *stage, client bool) *libssl.Ctx {
	if client {
		return st.client
	}
	return st.server
}

// Close from inside takes effect when the call that led to the callback ends.
func TestConnClosedInsideCallback(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		l := st.link(t)
		mine, peer := st.sides(l)
		calls := st.once(func(*libssl.SSL) {
			assert.NoError(t, mine.Close())
			assert.NoError(t, mine.Close())
			assert.NotZero(t, mine.ConnectionState().Version, "it is still there")
		})
		ours, theirs := start(func() error { return talk(mine) }), start(func() error { return toTheEnd(peer) })
		e := receive(t, ours, "the call that led to the callback")
		assert.Nil(t, e.value)
		assert.Positive(t, calls.Load())
		requireEnded(t, receive(t, theirs, "the peer"))
		returns(t, "methods of the closed connection", func() {
			_, err := mine.Read(make([]byte, 1))
			assert.ErrorIs(t, err, net.ErrClosed)
			_, err = mine.Write(make([]byte, 1))
			assert.ErrorIs(t, err, net.ErrClosed)
			assert.Nil(t, mine.Session())
			assert.NoError(t, mine.Close())
		})
		st.requireUsable(t)
	})
}

// From inside a callback another connection can be made and used, of the same two Ctx, through the same callback.
func TestConnectionInsideCallback(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		clientRaw, serverRaw := testutil.TCP(t)
		calls := st.once(func(*libssl.SSL) {
			inner, err := linkOn(clientRaw, serverRaw, st.server, st.client)
			if !assert.NoError(t, err) {
				return
			}
			inner.server.SetValue(needsCookie{}, st.admits)
			mine, peer := st.sides(inner)
			theirs := start(func() error { return talk(peer) })
			assert.NoError(t, talk(mine), "the inner connection")
			assert.NoError(t, receive(dropping{t}, theirs, "the inner peer").err)
			assert.NoError(t, mine.Close())
			assert.NoError(t, peer.Close())
		})
		requireTalk(t, st.link(t))
		if st.offered == nil { // the inner one offers nothing
			assert.Greater(t, calls.Load(), int32(1), "the inner connection comes through too")
		}
		st.requireUsable(t)
	})
}

// What fails inside a callback has its own errors, and neither side's stains the other.
func TestErrorsInsideCallback(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		other := serverOf(t, st.mode)
		clientRaw, serverRaw := testutil.TCP(t)
		var sidErr, parseErr, innerErr, innerPeerErr error
		st.once(func(*libssl.SSL) {
			sidErr = other.SetSessionIDContext(make([]byte, 33))
			_, parseErr = libssl.ParseSession([]byte("garbage"))
			// A whole handshake fails, with an error of a callback of its own.
			assert.NoError(t, other.SetGenerateSessionID(func(*libssl.SSL, []byte) (int, error) { return 0, errInner }))
			other.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return nil, errInner })
			inner, err := linkOn(clientRaw, serverRaw, other, st.client)
			if !assert.NoError(t, err) {
				return
			}
			theirs := start(inner.client.Handshake)
			innerErr = inner.server.Handshake()
			innerPeerErr = receive(dropping{t}, theirs, "the inner client").err
			assert.NoError(t, inner.server.Close())
			assert.NoError(t, inner.client.Close())
		})
		requireTalk(t, st.link(t))
		requireError(t, sidErr, "SSL_CTX_set_session_id_context", 0, libssl.ReasonSSLSessionIDContextTooLong)
		var e *libssl.Error
		require.ErrorAs(t, parseErr, &e)
		assert.Equal(t, "d2i_SSL_SESSION", e.Op)
		for _, entry := range e.Stack {
			assert.Equal(t, libASN1, entry.Lib)
		}
		requireError(t, innerErr, "SSL_do_handshake", -1, libssl.ReasonCallbackFailed)
		assert.ErrorIs(t, innerErr, errInner)
		requireAlert(t, innerErr, alertUnrecognizedName, true)
		requireAlert(t, innerPeerErr, alertUnrecognizedName, false)
	})
}

var errInner = errors.New("of the inner connection")

// The other way round: the outer handshake fails after calls inside it have failed.
func TestErrorsAfterErrorsInsideCallback(t *testing.T) {
	t.Parallel()
	refusal := errors.New("of the outer connection")
	for _, mode := range withIDs {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client, other := serverOf(t, mode), clientOf(t, mode), serverOf(t, mode)
			require.NoError(t, server.SetGenerateSessionID(func(s *libssl.SSL, _ []byte) (int, error) {
				assert.ErrorIs(t, other.SetSessionIDContext(make([]byte, 33)), libssl.ReasonSSLSessionIDContextTooLong)
				assert.ErrorIs(t, s.SetSessionIDContext(make([]byte, 33)), libssl.ReasonSSLSessionIDContextTooLong)
				_, err := libssl.ParseSession([]byte("garbage"))
				assert.Error(t, err)
				return 0, refusal
			}))
			p := pair.Try(t, server, client, pair.Options{})
			e := requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonSSLSessionIDCallbackFailed)
			assert.Equal(t, refusal, e.Err)
			requireAlert(t, p.ServerErr, alertInternalError, true)
		})
	}
}

// What a callback leaves on the thread's error queue, by whatever other code it called, misleads nobody.
func TestErrorsLeftByCallback(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		st.once(func(*libssl.SSL) { stale.Leave(42) })
		requireTalk(t, st.link(t))
	})
}

// What libssl has on its error queue when it calls back is not seen by calls made inside, and is there when they are
// over: here that a signature is wrong, which it knows before it asks.
func TestErrorsPendingAtCallback(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	// An authority that claims to be the one that issued the server's certificate.
	genuine := testutil.Certs(t).CA.Cert
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := *genuine
	template.PublicKey, template.SignatureAlgorithm = nil, 0
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	require.NoError(t, err)
	file := testutil.File(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))

	other := serverOf(t, mode)
	stack := func(inside func()) []string {
		server, client := serverOf(t, mode), clientOf(t, mode)
		require.NoError(t, client.LoadVerifyLocations(file, ""))
		client.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
			inside()
			return v.Err()
		})
		p := pair.Try(t, server, client, pair.Options{})
		var e *libssl.Error
		require.ErrorAs(t, p.ClientErr, &e)
		require.NotNil(t, e.Verify)
		assert.Equal(t, certSignatureFailure, e.Verify.Code)
		requireAlert(t, p.ClientErr, alertDecryptError, true)
		var entries []string
		for _, entry := range e.Stack {
			entries = append(entries, fmt.Sprintf("%d:%d %s %q", entry.Lib, entry.Reason, entry.Text, entry.Data))
		}
		return entries
	}
	undisturbed := stack(func() {})
	require.Greater(t, len(undisturbed), 1, "libcrypto has had its say as well")
	disturbed := stack(func() {
		stale.Leave(42)
		err := other.SetSessionIDContext(make([]byte, 33))
		var e *libssl.Error
		if assert.ErrorAs(t, err, &e) {
			assert.Len(t, e.Stack, 1, "%v", err)
			assert.ErrorIs(t, err, libssl.ReasonSSLSessionIDContextTooLong)
		}
		assert.NoError(t, other.SetSessionIDContext(nil))
	})
	assert.Equal(t, undisturbed, disturbed)
}

// A connection goes on with its callbacks after its Ctx was closed.
func TestCtxClosedUnderConnection(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		l := st.link(t)
		calls := st.once(func(*libssl.SSL) {})
		require.NoError(t, st.server.Close())
		require.NoError(t, st.client.Close())
		for _, end := range []func(net.Conn, *libssl.Ctx) (*libssl.Conn, error){libssl.Server, libssl.Client} {
			clientRaw, _ := testutil.TCP(t)
			_, err := end(clientRaw, st.own())
			assert.ErrorIs(t, err, libssl.ErrClosed)
		}
		requireTalk(t, l)
		assert.Positive(t, calls.Load())
	})
}

// The same from inside the callback, in the middle of the handshake.
func TestCtxClosedInsideCallback(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		l := st.link(t)
		st.once(func(*libssl.SSL) {
			assert.NoError(t, st.own().Close())
			assert.NoError(t, st.own().Close())
			assert.Zero(t, st.own().Timeout())
			clientRaw, _ := testutil.TCP(dropping{t})
			defer clientRaw.Close()
			_, err := libssl.Server(clientRaw, st.own())
			assert.ErrorIs(t, err, libssl.ErrClosed)
		})
		requireTalk(t, l)
		returns(t, "a setter", func() { assert.ErrorIs(t, st.own().SetSessionIDContext(nil), libssl.ErrClosed) })
	})
}

// What only goes because its Ctx does is not reported; what goes for a reason is, even then.
func TestRemoveCallbackAndClosedCtx(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			for _, spoilt := range []bool{false, true} {
				server, client := serverOf(t, mode), clientOf(t, mode)
				require.NoError(t, server.SetNumTickets(1))
				var removed [][]byte
				server.SetRemoveSessionCallback(func(ctx *libssl.Ctx, sess *libssl.Session) {
					assert.Same(t, server, ctx)
					removed = append(removed, sess.ID())
				})
				pair.Handshake(t, server, client, pair.Options{}).Close(t)
				p := pair.Handshake(t, server, client, pair.Options{})
				id := p.Server.Session().ID()
				require.Equal(t, 2, server.SessionStats().Number)
				require.NoError(t, server.Close())
				p.Echo(t, "it lives")
				if spoilt {
					fatal(t, p)
				}
				require.NoError(t, p.Client.Close())
				require.NoError(t, p.Server.Close())
				if spoilt {
					assert.Equal(t, [][]byte{id}, removed)
				} else {
					assert.Empty(t, removed)
				}
			}
		})
	}
}

// Which callback counts for a connection when they are changed around it. Those that libssl copies into the SSL count
// as they were when it was made, the others as they are when they are due.
func TestCallbackChanged(t *testing.T) {
	t.Parallel()
	for _, mode := range withIDs {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var calls []string
			note := func(name string) {
				mu.Lock()
				defer mu.Unlock()
				calls = append(slices.DeleteFunc(calls, func(s string) bool { return s == name }), name)
			}
			generate := func(name string) libssl.GenerateSessionID {
				return func(_ *libssl.SSL, id []byte) (int, error) {
					note("generate " + name)
					return rand.Read(id)
				}
			}
			set := func(ctx *libssl.Ctx, name string) {
				require.NoError(t, ctx.SetGenerateSessionID(generate(name)))
				ctx.SetNewSessionCallback(func(*libssl.SSL, *libssl.Session) { note("new " + name) })
				ctx.SetVerify(libssl.VerifyPeer, func(*libssl.Verification) error { note("verify " + name); return nil })
				ctx.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { note("name " + name); return nil, nil })
			}
			clear := func(ctx *libssl.Ctx) {
				require.NoError(t, ctx.SetGenerateSessionID(nil))
				ctx.SetNewSessionCallback(nil)
				ctx.SetVerify(libssl.VerifyNone, nil)
				ctx.SetServerNameCallback(nil)
			}
			all := func(name string) []string {
				return []string{"generate " + name, "name " + name, "new " + name, "verify " + name}
			}
			for _, tt := range []struct {
				name          string
				before, after func(*libssl.Ctx)        // the connection is made
				conn          libssl.GenerateSessionID // set on it, in any case
				onConn        bool
				want          []string
			}{
				{name: "none"},
				{name: "set", before: func(ctx *libssl.Ctx) { set(ctx, "1") }, want: all("1")},
				{name: "set twice", before: func(ctx *libssl.Ctx) { set(ctx, "1"); set(ctx, "2") }, want: all("2")},
				{name: "set and cleared", before: func(ctx *libssl.Ctx) { set(ctx, "1"); clear(ctx) }},
				{name: "set, cleared and set", before: func(ctx *libssl.Ctx) { set(ctx, "1"); clear(ctx); set(ctx, "2") }, want: all("2")},
				{name: "changed afterwards", before: func(ctx *libssl.Ctx) { set(ctx, "1") }, after: func(ctx *libssl.Ctx) { set(ctx, "2") },
					want: []string{"generate 1", "name 2", "new 2", "verify 1"}},
				{name: "cleared afterwards", before: func(ctx *libssl.Ctx) { set(ctx, "1") }, after: clear,
					want: []string{"generate 1", "verify 1"}},
				{name: "set afterwards", after: func(ctx *libssl.Ctx) { set(ctx, "2") }, want: []string{"generate 2", "name 2", "new 2"}},
				{name: "another on the connection", before: func(ctx *libssl.Ctx) { set(ctx, "1") }, onConn: true, conn: generate("own"),
					want: []string{"generate own", "name 1", "new 1", "verify 1"}},
				{name: "one on the connection alone", onConn: true, conn: generate("own"), want: []string{"generate own"}},
				{name: "none on the connection", before: func(ctx *libssl.Ctx) { set(ctx, "1") }, onConn: true, want: all("1")},
			} {
				calls = nil
				server, client := serverOf(t, mode), clientOf(t, mode)
				require.NoError(t, client.UseCertificate(testutil.Certs(t).Client))
				if tt.before != nil {
					tt.before(server)
				}
				l := newLink(t, server, client)
				if tt.after != nil {
					tt.after(server)
				}
				if tt.onConn {
					require.NoError(t, l.server.SetGenerateSessionID(tt.conn))
				}
				requireTalk(t, l)
				slices.Sort(calls)
				assert.Equal(t, tt.want, calls, tt.name)
				assert.Len(t, l.server.Session().ID(), 32, tt.name)
			}
		})
	}
}

// While a callback takes its time inside libssl, a setter of its Ctx waits, and what the callback itself does,
// even another handshake, does not wait for the setter. A callback that runs when libssl has returned holds up nobody.
func TestSetterDuringCallback(t *testing.T) {
	t.Parallel()
	inAllPlaces(t, func(t *testing.T, st *stage) {
		entered, release := make(chan struct{}), make(chan struct{})
		clientRaw, serverRaw := testutil.TCP(t)
		st.once(func(s *libssl.SSL) {
			close(entered)
			receive(dropping{t}, release, "the test's word")
			// A setter is waiting now.
			assert.Positive(t, st.own().Timeout())
			st.own().SessionStats()
			if s != nil {
				assert.False(t, s.HasMatchingSessionID(make([]byte, 32)))
				assert.Same(t, st.own(), s.Ctx())
			}
			if st.late { // the test does so itself
				return
			}
			inner, err := linkOn(clientRaw, serverRaw, st.server, st.client)
			if !assert.NoError(t, err) {
				return
			}
			mine, peer := st.sides(inner)
			theirs := start(func() error { return talk(peer) })
			assert.NoError(t, talk(mine))
			assert.NoError(t, receive(dropping{t}, theirs, "the inner peer").err)
			assert.NoError(t, mine.Close())
			assert.NoError(t, peer.Close())
		})
		l := st.link(t)
		client, server := start(func() error { return talk(l.client) }), start(func() error { return talk(l.server) })
		receive(t, entered, "the callback")
		setting := start(func() error {
			st.own().SetTimeout(time.Minute)
			return st.own().SetSessionIDContext([]byte("set meanwhile"))
		})
		if st.late {
			require.NoError(t, receive(t, setting, "the setter").err)
			if st.name != "new at the client" { // whose own context now differs from its sessions'
				st.requireUsable(t)
			}
		} else {
			select {
			case <-setting:
				t.Error("the setter has not waited")
			case <-time.After(30 * time.Millisecond):
			}
		}
		close(release)
		require.NoError(t, receive(t, client, "the client").err)
		require.NoError(t, receive(t, server, "the server").err)
		if !st.late {
			require.NoError(t, receive(t, setting, "the setter").err)
			assert.Equal(t, time.Minute, st.own().Timeout())
		}
	})
}

func TestPrefixSessionIDTooLong(t *testing.T) {
	t.Parallel()
	for _, mode := range withIDs {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := serverOf(t, mode), clientOf(t, mode)
			for _, n := range []int{0, 24, 25, 31, 32, 33, 1000} {
				prefix := bytes.Repeat([]byte{'p'}, n)
				require.NoError(t, server.SetGenerateSessionID(libssl.PrefixSessionID(prefix)))
				p := pair.Try(t, server, client, pair.Options{})
				if n <= 24 {
					require.NoError(t, p.Err())
					id := p.Server.Session().ID()
					assert.Len(t, id, 32)
					assert.True(t, bytes.HasPrefix(id, prefix))
					continue
				}
				e := requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonSSLSessionIDCallbackFailed)
				assert.ErrorContains(t, e.Err, "prefix", "it says what is wrong")
			}
		})
	}
}

// The prefix is a copy, and the ids that follow it are all different, also when many are made at once.
func TestPrefixSessionIDIsUnique(t *testing.T) {
	t.Parallel()
	for _, mode := range withIDs {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := serverOf(t, mode), clientOf(t, mode)
			prefix := []byte("rack-9/node-12/proc-34/x")
			require.Len(t, prefix, 24)
			require.NoError(t, server.SetGenerateSessionID(libssl.PrefixSessionID(prefix)))
			clear(prefix)
			var mu sync.Mutex
			seen := make(map[string]int)
			server.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) {
				mu.Lock()
				defer mu.Unlock()
				seen[string(sess.ID())]++
			})
			var wg sync.WaitGroup
			const workers, each = 4, 10
			for range workers {
				wg.Go(func() {
					for range each {
						l := newLink(dropping{t}, server, client)
						e := start(func() error { return talk(l.client) })
						assert.NoError(t, talk(l.server))
						assert.NoError(t, receive(dropping{t}, e, "the client").err)
						l.client.Close()
						l.server.Close()
					}
				})
			}
			wg.Wait()
			ids := workers * each
			if mode.TLS13() {
				ids *= 2
			}
			assert.Len(t, seen, ids)
			for id := range seen {
				assert.Len(t, id, 32)
				assert.True(t, strings.HasPrefix(id, "rack-9/node-12/proc-34/x"), "%q", id)
			}
		})
	}
}

// With a source of randomness that repeats itself, an id that is taken is not taken again. The source is the whole
// process's.
func TestPrefixSessionIDConflict(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	testutil.Certs(t) // made with real randomness
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := serverOf(t, mode), clientOf(t, mode)
			require.NoError(t, server.SetNumTickets(1))
			prefix, calls := libssl.PrefixSessionID([]byte("taken:")), 0
			require.NoError(t, server.SetGenerateSessionID(func(s *libssl.SSL, id []byte) (int, error) {
				defer func(r io.Reader) { rand.Reader = r }(rand.Reader)
				calls = 0
				rand.Reader = repeating(func(p []byte) {
					calls++
					for i := range p {
						p[i] = byte(max(calls, 4)) // the same four times
					}
				})
				return prefix(s, id)
			}))
			pair.Handshake(t, server, client, pair.Options{}).Close(t)
			assert.Equal(t, 1, calls)
			for want := 5; want <= 10; want++ {
				p := pair.Handshake(t, server, client, pair.Options{})
				assert.Equal(t, want, calls)
				id := append([]byte("taken:"), bytes.Repeat([]byte{byte(want)}, 26)...)
				assert.Equal(t, id, p.Server.Session().ID())
				p.Close(t)
			}
			assert.Equal(t, 7, server.SessionStats().Number)
			// It does not try for ever.
			p := pair.Try(t, server, client, pair.Options{})
			e := requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonSSLSessionIDCallbackFailed)
			assert.ErrorContains(t, e.Err, "prefix")
			assert.Equal(t, 10, calls)
		})
	}
}

// repeating is a source of bytes that are not random.
type repeating func(p []byte)

func (f repeating) Read(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// A session is stored before the peer can know it: whoever comes back at once, to another server with the same store,
// finds it there.
func TestNewSessionIsStoredBeforeThePeerHasIt(t *testing.T) {
	t.Parallel()
	for _, mode := range withIDs {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := serverOf(t, mode), clientOf(t, mode)
			require.NoError(t, server.SetNumTickets(1))
			store := &sessionMap{sessions: make(map[string][]byte)}
			store.use(server)
			server.SetSessionCacheMode(libssl.SessionCacheServer | libssl.SessionCacheNoInternal)
			var finished chan struct{}
			var stored atomic.Bool
			put := make(map[string]bool)
			slow := true
			server.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) {
				if slow { // give the client every opportunity to be first
					select {
					case <-finished:
						t.Error("the client has its session before the store has")
					case <-time.After(20 * time.Millisecond):
					}
				}
				runtime.Gosched()
				der, err := sess.MarshalBinary()
				assert.NoError(t, err)
				store.mu.Lock()
				defer store.mu.Unlock()
				store.sessions[string(sess.ID())] = der
				put[string(sess.ID())] = true
				stored.Store(true)
			})
			for i := range 200 {
				slow = i < 5
				finished = make(chan struct{})
				stored.Store(false)
				l := newLink(dropping{t}, server, client)
				serving := start(l.server.Handshake)
				// It reads nothing but the ticket: the server sends nothing else.
				sess, err := l.client.AwaitSession(t.Context())
				close(finished)
				require.NoError(t, err)
				require.True(t, stored.Load(), "connection %d: not stored yet", i)
				if !mode.TLS13() { // else the id does not go over the wire
					store.mu.Lock()
					assert.True(t, put[string(sess.ID())], "connection %d", i)
					store.mu.Unlock()
				}
				require.NoError(t, receive(t, serving, "the server").err)
				require.NoError(t, l.client.Close())
				require.NoError(t, l.server.Close())
				if i%20 == 0 {
					slow = false
					l := newLink(t, server, client)
					require.NoError(t, l.client.SetSession(sess))
					requireTalk(t, l)
					assert.True(t, l.server.SessionReused())
				}
			}
		})
	}
}

// ---- helpers ---------------------------------------------------------------------------------------------------

// serverOf and clientOf return the mode's Ctx. What hangs does not keep the test from ending.
func serverOf(t testing.TB, mode pair.Mode) *libssl.Ctx {
	t.Helper()
	return closedAtEnd(t, mode.ServerCtx(dropping{t}))
}

func clientOf(t testing.TB, mode pair.Mode) *libssl.Ctx {
	t.Helper()
	return closedAtEnd(t, mode.ClientCtx(dropping{t}))
}

func closedAtEnd[C io.Closer](t testing.TB, c C) C {
	t.Cleanup(func() {
		if t.Failed() {
			go c.Close()
			return
		}
		returns(t, "Close at the end", func() { c.Close() })
	})
	return c
}

// A link is a client and a server that are connected and have not spoken yet.
type link struct {
	client, server       *libssl.Conn
	clientRaw, serverRaw net.Conn
}

func newLink(t testing.TB, server, client *libssl.Ctx) *link {
	t.Helper()
	clientRaw, serverRaw := testutil.TCP(t)
	l, err := linkOn(clientRaw, serverRaw, server, client)
	require.NoError(t, err)
	closedAtEnd(t, l.client)
	closedAtEnd(t, l.server)
	return l
}

func linkOn(clientRaw, serverRaw net.Conn, server, client *libssl.Ctx) (*link, error) {
	c, err := libssl.Client(clientRaw, client)
	if err != nil {
		return nil, err
	}
	s, err := libssl.Server(serverRaw, server)
	if err != nil {
		c.Close()
		return nil, err
	}
	end := time.Now().Add(patience)
	return &link{c, s, clientRaw, serverRaw}, errors.Join(c.SetDeadline(end), s.SetDeadline(end))
}

// talk runs the handshake, sends a byte and reads one.
func talk(c *libssl.Conn) error {
	if c.Value(needsCookie{}) == true {
		if _, err := admit(c); err != nil {
			return err
		}
	}
	if err := c.Handshake(); err != nil {
		return err
	}
	if _, err := c.Write([]byte{'.'}); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

// toTheEnd is talk, and goes on reading until that fails: io.EOF after a proper end.
func toTheEnd(c *libssl.Conn) error {
	err := talk(c)
	for err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	return err
}

// requireTalk requires that both sides can talk.
func requireTalk(t *testing.T, l *link) {
	t.Helper()
	client, server := start(func() error { return talk(l.client) }), start(func() error { return talk(l.server) })
	clientEnd, serverEnd := receive(t, client, "the client"), receive(t, server, "the server")
	require.NoError(t, serverEnd.err)
	require.NoError(t, clientEnd.err)
	require.Equal(t, ending{}, clientEnd)
	require.Equal(t, ending{}, serverEnd)
}

// requireEnded requires that a connection was ended by the other side, not by its patience.
func requireEnded(t *testing.T, e ending) {
	t.Helper()
	require.Nil(t, e.value)
	require.Error(t, e.err)
	require.NotErrorIs(t, e.err, os.ErrDeadlineExceeded, "it hangs")
}

// An ending is how a call in a goroutine of its own came out: it returned err, panicked with value, or ended the
// goroutine.
type ending struct {
	err    error
	value  any
	exited bool
}

func start(f func() error) <-chan ending {
	ended := make(chan ending, 1)
	go func() {
		e := ending{exited: true}
		defer func() {
			if v := recover(); v != nil {
				e = ending{value: v}
			}
			ended <- e
		}()
		err := f()
		e = ending{err: err}
	}()
	return ended
}

// receive waits for what has to come: longer than the connections, which have deadlines.
func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	return within(t, patience+patience/4, c, what)
}

// returns requires that f returns.
func returns(t testing.TB, what string, f func()) {
	t.Helper()
	e := receive(t, start(func() error { f(); return nil }), what)
	if e.value != nil {
		t.Errorf("%s: panic: %v", what, e.value)
	}
}

// inOwnProcess runs the test again in a process of its own, with more in its environment, and returns true; there it
// returns false. Nobody counts the objects that are left there, and glibc overwrites what is freed.
func inOwnProcess(t *testing.T, more ...string) bool {
	t.Helper()
	const env = "LIBSSL_TEST_ALONE"
	if os.Getenv(env) == t.Name() {
		return false
	}
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(append(os.Environ(), env+"="+t.Name(), "MALLOC_PERTURB_=165"), more...)
	testutil.Start(t, cmd).Expect(t, "^--- PASS: "+t.Name()+" ")
	return true
}
