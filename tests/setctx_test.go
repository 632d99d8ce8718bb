package tests

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// SetCtx switches as the server name callback does, and what is set afterwards stays.
func TestSetCtx(t *testing.T) {
	certs := testutil.Certs(t)
	for _, m := range pair.Modes {
		t.Run(m.Name, func(t *testing.T) {
			client, first, second := m.ClientCtx(t), m.ServerCtx(t), m.ServerCtx(t)
			require.NoError(t, second.UseCertificate(certs.OtherServer))
			issuer := func(p *pair.Pair) string {
				cert, err := x509.ParseCertificate(p.Client.PeerCertChain()[0])
				require.NoError(t, err)
				return cert.Issuer.CommonName
			}

			var then func(s *libssl.SSL)
			first.SetServerNameCallback(func(s *libssl.SSL, name string) (*libssl.Ctx, error) {
				require.NoError(t, s.SetCtx(second))
				assert.Same(t, second, s.Ctx())
				then(s)
				return nil, nil
			})
			then = func(s *libssl.SSL) { require.NoError(t, s.SetCtx(second)) }
			p := pair.Handshake(t, first, client, pair.Options{})
			assert.Equal(t, "Another Test CA", issuer(p))
			assert.ErrorContains(t, p.Server.SetCtx(first), "the ClientHello is past")

			then = func(s *libssl.SSL) { s.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil) }
			p = pair.Try(t, first, client, pair.Options{})
			assert.ErrorIs(t, p.ServerErr, libssl.ReasonPeerDidNotReturnACertificate)

			// From inside another callback.
			first.SetServerNameCallback(nil)
			var late error
			first.SetCertificateFunc(func(s *libssl.SSL) (*tls.Certificate, error) {
				late = s.SetCtx(second)
				return &certs.Server, nil
			})
			p = pair.Handshake(t, first, client, pair.Options{})
			assert.ErrorContains(t, late, "the ClientHello is past")
			assert.Equal(t, "Test CA", issuer(p))
		})
	}

	// Before the handshake.
	m := pair.Modes[0]
	client, first, second := m.ClientCtx(t), m.ServerCtx(t), m.ServerCtx(t)
	require.NoError(t, second.UseCertificate(certs.OtherServer))
	a, b := testutil.TCP(t)
	c, err := libssl.Client(a, client)
	require.NoError(t, err)
	defer c.Close()
	s, err := libssl.Server(b, first)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, c.SetServerName("b.test"))
	assert.ErrorContains(t, c.SetCtx(second), "a client's")
	assert.ErrorContains(t, s.SetCtx(nil), "nil Ctx")
	require.NoError(t, s.SetCtx(second))
	done := async(s.Handshake)
	require.NoError(t, c.Handshake())
	require.NoError(t, <-done)
	assert.Equal(t, certs.OtherServer.Certificate, c.PeerCertChain())
	assert.Equal(t, "b.test", s.ServerName())
	assert.Equal(t, "b.test", c.ServerName())
	s.Close()
	assert.ErrorIs(t, s.SetCtx(second), libssl.ErrClosed)
	require.NoError(t, second.Close())
}
