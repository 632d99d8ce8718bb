package tests

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What the application seals into a ticket comes back with it, and stays when the ticket is replaced unless it says
// otherwise.
func TestTicketAppData(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			var data, seen []byte
			calls := 0
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetSessionTicketCallback(func(s *libssl.SSL) ([]byte, error) {
				calls++
				assert.NotNil(t, s.Session())
				return data, nil
			}, func(s *libssl.SSL, sess *libssl.Session, _ []byte, _ libssl.TicketStatus) (libssl.TicketReturn, error) {
				if sess == nil {
					return libssl.TicketReturnIgnoreRenew, nil
				}
				seen = sess.TicketAppData()
				return libssl.TicketReturnUseRenew, nil
			}))
			connect := func(offered *libssl.Session) *libssl.Session {
				t.Helper()
				p := pair.Handshake(t, server, client, pair.Options{Session: offered})
				assert.Equal(t, offered != nil, p.Server.SessionReused())
				want := data
				if data == nil {
					want = seen
				}
				assert.Equal(t, string(want), string(p.Server.Session().TicketAppData()), "what the new ticket holds")
				sess := p.Client.Session()
				assert.Nil(t, sess.TicketAppData(), "no client sees it")
				p.Close(t)
				return sess
			}
			if mode.Name == pair.Modes[0].Name {
				connectOnce(t, server, client, nil, false)
				assert.Zero(t, calls, "there are no tickets")
				return
			}
			data = []byte("user 7\x00")
			sess := connect(nil)
			assert.Positive(t, calls)
			if !mode.Tickets { // the session is in the cache, and with it what it was given
				p := pair.Handshake(t, server, client, pair.Options{Session: sess})
				assert.Equal(t, "user 7\x00", string(p.Server.Session().TicketAppData()))
				p.Close(t)
				return
			}
			data = nil
			sess = connect(sess)
			assert.Equal(t, "user 7\x00", string(seen))
			data = []byte("user 8")
			sess = connect(sess)
			assert.Equal(t, "user 7\x00", string(seen))
			data = []byte{}
			sess = connect(sess)
			assert.Equal(t, "user 8", string(seen))
			connect(sess)
			assert.Empty(t, seen)
		})
	}
}

// A decision is what libssl does, whatever it has found.
func TestTicketDecisions(t *testing.T) {
	t.Parallel()
	const (
		fails = iota
		full
		fullAndTicket
		resumed
		resumedAndTicket
	)
	for _, mode := range tickets() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			good := libssl.TicketSuccess
			if mode.TLS13() {
				good = libssl.TicketSuccessRenew
			}
			key := libssl.NewTicketKey()
			for _, tt := range []struct {
				name   string
				status libssl.TicketStatus
				want   []int // by decision
			}{
				{"good", good, []int{fails, full, fullAndTicket, resumed, resumedAndTicket}},
				{"of an unknown key", libssl.TicketNoDecrypt, []int{fails, full, fullAndTicket, fails, fails}},
				{"none", libssl.TicketEmpty, []int{fails, full, fullAndTicket, fails, fails}},
			} {
				if mode.TLS13() && tt.status == libssl.TicketEmpty {
					continue // not asked
				}
				for decision, want := range tt.want {
					server, client := mode.ServerCtx(t), mode.ClientCtx(t)
					maker := server
					if tt.status == libssl.TicketNoDecrypt {
						maker = mode.ServerCtx(t)
					}
					if maker == server {
						require.NoError(t, server.SetTicketKeys(append(append(append([]byte(nil), key.Name[:]...), key.HMACKey...), key.CipherKey...)))
					}
					var offered *libssl.Session
					if tt.status != libssl.TicketEmpty {
						offered = ticketSession(t, maker, client)
					}
					calls := 0
					require.NoError(t, server.SetSessionTicketCallback(nil, func(s *libssl.SSL, sess *libssl.Session, name []byte, status libssl.TicketStatus) (libssl.TicketReturn, error) {
						calls++
						assert.Equal(t, tt.status, status)
						switch status {
						case good:
							assert.Equal(t, []byte("pair"), sess.IDContext())
							assert.Equal(t, key.Name[:], name)
						case libssl.TicketNoDecrypt:
							assert.Nil(t, sess)
							assert.Len(t, name, 16)
						default:
							assert.Nil(t, sess)
							assert.Empty(t, name)
						}
						return libssl.TicketReturn(decision), nil
					}))
					p := pair.Try(t, server, client, pair.Options{Session: offered})
					assert.Equal(t, 1, calls)
					if want == fails {
						requireAlert(t, p.ServerErr, alertInternalError, true)
						assert.ErrorIs(t, p.ClientErr, received(alertInternalError))
						continue
					}
					require.NoError(t, p.Err(), "%s, %d", tt.name, decision)
					assert.Equal(t, want >= resumed, p.Client.SessionReused(), "%s, %d", tt.name, decision)
					sess := p.Client.Session()
					if want == fullAndTicket || want == resumedAndTicket {
						require.True(t, sess.HasTicket(), "%s, %d", tt.name, decision)
						if offered != nil {
							assert.NotEqual(t, ticketOf(t, offered), ticketOf(t, sess), "%s, %d", tt.name, decision)
						}
					} else if want == full {
						assert.False(t, sess.HasTicket(), "%s, %d", tt.name, decision)
					} else {
						assert.Equal(t, ticketOf(t, offered), ticketOf(t, sess), "%s, %d", tt.name, decision)
					}
					p.Close(t)
				}
			}
		})
	}
}

// The errors of both callbacks come back, and a key callback's renewal shows in the status.
func TestTicketCallbackErrors(t *testing.T) {
	t.Parallel()
	refusal := errors.New("not with me")
	for _, mode := range tickets() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetSessionTicketCallback(func(*libssl.SSL) ([]byte, error) { return nil, refusal }, nil))
			p := pair.Try(t, server, client, pair.Options{})
			assert.ErrorIs(t, p.ServerErr, refusal)
			requireAlert(t, p.ServerErr, alertInternalError, true)

			require.NoError(t, server.SetSessionTicketCallback(nil, nil))
			sess := ticketSession(t, server, client)
			require.NoError(t, server.SetSessionTicketCallback(nil, func(*libssl.SSL, *libssl.Session, []byte, libssl.TicketStatus) (libssl.TicketReturn, error) {
				return libssl.TicketReturnUse, refusal
			}))
			p = pair.Try(t, server, client, pair.Options{Session: clone(t, sess)})
			assert.ErrorIs(t, p.ServerErr, refusal)
			requireAlert(t, p.ServerErr, alertInternalError, true)

			old, young := libssl.NewTicketKey(), libssl.NewTicketKey()
			keys := &fixedKeys{keys: []*libssl.TicketKey{old}}
			require.NoError(t, server.SetSessionTicketCallback(nil, nil))
			require.NoError(t, server.SetTicketKeyManager(keys))
			sess = ticketSession(t, server, client)
			keys.set(young, old)
			var status libssl.TicketStatus
			var name []byte
			require.NoError(t, server.SetSessionTicketCallback(nil, func(_ *libssl.SSL, _ *libssl.Session, n []byte, st libssl.TicketStatus) (libssl.TicketReturn, error) {
				status, name = st, append(name, n...)
				return libssl.TicketReturnUseRenew, nil
			}))
			connectOnce(t, server, client, sess, true)
			assert.Equal(t, libssl.TicketSuccessRenew, status)
			assert.Equal(t, old.Name[:], name)
		})
	}
}

// After a switch by server name the tickets are still the first Ctx's business.
func TestTicketCallbacksAfterSwitch(t *testing.T) {
	t.Parallel()
	for _, mode := range tickets() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			front, back, client := mode.ServerCtx(t), mode.ServerCtx(t), mode.ClientCtx(t)
			front.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return back, nil })
			key := libssl.NewTicketKey()
			require.NoError(t, front.SetTicketKeyManager(&fixedKeys{keys: []*libssl.TicketKey{key}}))
			made := 0
			require.NoError(t, front.SetSessionTicketCallback(func(s *libssl.SSL) ([]byte, error) {
				made++
				assert.Same(t, back, s.Ctx())
				return nil, nil
			}, nil))
			never := func(*libssl.SSL, libssl.TicketKeyName, bool) (*libssl.TicketKey, bool, error) {
				t.Error("the second Ctx is asked for a key")
				return nil, false, nil
			}
			require.NoError(t, back.SetTicketKeyCallback(never))
			sess := ticketSession(t, front, client)
			openTicket(t, ticketOf(t, sess), key)
			assert.Positive(t, made)
			connectOnce(t, front, client, sess, true)
		})
	}
}
