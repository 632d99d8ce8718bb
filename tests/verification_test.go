package tests

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// Tolerate leaves what libssl has found on record, in the session too; without it, what is accepted is fine.
func TestTolerate(t *testing.T) {
	certs := testutil.Certs(t)
	for _, m := range pair.Modes {
		for _, tolerate := range []bool{false, true} {
			client := m.ClientCtx(t)
			client.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
				cert, err := v.Certificate()
				require.NoError(t, err)
				assert.Equal(t, cert.Raw, v.CertificateDER())
				if tolerate {
					v.Tolerate()
				}
				return nil
			})
			server := m.ServerCtx(t)
			require.NoError(t, server.UseCertificate(certs.SelfSigned))
			p := pair.Handshake(t, server, client, pair.Options{})
			resumed := pair.Handshake(t, server, client, pair.Options{Session: p.Client.Session()})
			require.True(t, resumed.Client.SessionReused())
			for _, c := range []*libssl.Conn{p.Client, resumed.Client} {
				err := c.VerifyResult()
				if !tolerate {
					assert.NoError(t, err)
					continue
				}
				var v *libssl.VerifyError
				require.ErrorAs(t, err, &v)
				assert.Equal(t, certSelfSigned, v.Code)
			}
		}
	}
	assert.Nil(t, new(libssl.Verification).CertificateDER())
}

// The mode alone, or the function alone: the callback stays in force, that of the Ctx and that of the connection, and after a switch that of the
// new Ctx. One that has been taken away stays away.
func TestSetVerifyMode(t *testing.T) {
	refused := errors.New("refused")
	refuse := func(*libssl.Verification) error { return refused }
	accept := func(*libssl.Verification) error { return nil }
	for _, m := range pair.Modes {
		for name, tt := range map[string]struct {
			ctx   func(first, second *libssl.Ctx)
			conn  func(s *libssl.SSL)
			fails bool
		}{
			"of the Ctx": {ctx: func(first, _ *libssl.Ctx) {
				first.SetVerify(libssl.VerifyNone, refuse)
				first.SetVerifyMode(libssl.VerifyPeer)
			}, fails: true},
			"of the Ctx, for the connection": {ctx: func(first, _ *libssl.Ctx) {
				first.SetVerify(libssl.VerifyNone, refuse)
			}, conn: func(s *libssl.SSL) { s.SetVerifyMode(libssl.VerifyPeer) }, fails: true},
			"of the connection": {conn: func(s *libssl.SSL) {
				s.SetVerify(libssl.VerifyNone, refuse)
				s.SetVerifyMode(libssl.VerifyPeer)
			}, fails: true},
			"of the new Ctx": {ctx: func(first, second *libssl.Ctx) {
				first.SetVerify(libssl.VerifyPeer, accept)
				second.SetVerify(libssl.VerifyNone, refuse)
				first.SetServerNameCallback(func(s *libssl.SSL, _ string) (*libssl.Ctx, error) {
					assert.NoError(t, s.SetCtx(second))
					s.SetVerifyMode(libssl.VerifyPeer)
					return nil, nil
				})
			}, fails: true},
			"the function alone": {ctx: func(first, _ *libssl.Ctx) {
				first.SetVerify(libssl.VerifyPeer, accept)
				first.SetVerifyFunc(refuse)
			}, fails: true},
			"the function alone, taken away": {ctx: func(first, _ *libssl.Ctx) {
				first.SetVerify(libssl.VerifyPeer, refuse)
				first.SetVerifyFunc(nil)
			}},
			"the function alone, with nobody verified": {ctx: func(first, _ *libssl.Ctx) { first.SetVerifyFunc(refuse) }},
			"taken away": {ctx: func(first, _ *libssl.Ctx) {
				first.SetVerify(libssl.VerifyPeer, refuse)
				first.SetVerify(libssl.VerifyPeer, nil)
				first.SetVerifyMode(libssl.VerifyPeer)
			}},
		} {
			t.Run(m.Name+"/"+name, func(t *testing.T) {
				certs := testutil.Certs(t)
				client, first, second := m.ClientCtx(t), m.ServerCtx(t), m.ServerCtx(t)
				require.NoError(t, client.UseCertificate(certs.Client))
				for _, server := range []*libssl.Ctx{first, second} {
					require.NoError(t, server.AddRootCAs(certs.CA.PEM))
				}
				if tt.ctx != nil {
					tt.ctx(first, second)
				}
				p := pair.Try(t, first, client, pair.Options{Server: func(c *libssl.Conn) {
					if tt.conn != nil {
						tt.conn(c.SSL())
					}
				}})
				if tt.fails {
					assert.ErrorIs(t, p.ServerErr, refused)
				} else {
					assert.NoError(t, p.ServerErr)
				}
			})
		}
	}
}

// What is set up alike with SetVerifyMode resumes each other's sessions, and otherwise not.
func TestSetVerifyModeAndSessions(t *testing.T) {
	for _, m := range pair.Modes {
		client, server := m.ClientCtx(t), m.ServerCtx(t)
		require.NoError(t, server.AddRootCAs(testutil.Certs(t).CA.PEM))
		with := func(mode libssl.VerifyMode, session *libssl.Session) *libssl.Conn {
			return pair.Handshake(t, server, client, pair.Options{Session: session, Server: func(c *libssl.Conn) {
				c.SetVerifyMode(mode)
			}}).Client
		}
		session := with(libssl.VerifyPeer, nil).Session()
		other := session
		if m.TLS13() { // a ticket is used once
			other = with(libssl.VerifyPeer, nil).Session()
		}
		assert.False(t, with(libssl.VerifyPeer|libssl.VerifyClientOnce, other).SessionReused(), m.Name)
		assert.True(t, with(libssl.VerifyPeer, session).SessionReused(), m.Name)
	}
}
