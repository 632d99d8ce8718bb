package tests

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

func keyDER(t testing.TB, cert tls.Certificate) []byte {
	block, _ := pem.Decode(testutil.KeyPEM(t, cert))
	return block.Bytes
}

// A certificate and its key given one after the other, in either order, with an extra chain.
func TestCertificateAndKeyApart(t *testing.T) {
	certs := testutil.Certs(t)
	chain := certs.ServerChain
	for _, keyFirst := range []bool{false, true} {
		client := pair.Modes[0].ClientCtx(t)
		server, err := libssl.NewCtx(libssl.TLSServerMethod)
		require.NoError(t, err)
		defer server.Close()
		require.NoError(t, client.AddRootCAs(certs.CA.PEM))
		client.SetVerify(libssl.VerifyPeer, nil)
		if keyFirst {
			require.NoError(t, server.UsePrivateKeyASN1(keyDER(t, certs.ServerRSA)))
			require.NoError(t, server.UseCertificateASN1(certs.ServerRSA.Certificate[0]))
			require.NoError(t, client.SetCipherList("ECDHE-RSA-AES128-GCM-SHA256"))
		} else {
			require.NoError(t, server.UseCertificateASN1(chain.Certificate[0]))
			assert.ErrorContains(t, server.UsePrivateKeyASN1(keyDER(t, certs.Server)), "key values mismatch")
			require.NoError(t, server.UseCertificateASN1(chain.Certificate[0])) // 1.1.1 has thrown it away
			require.NoError(t, server.UsePrivateKeyASN1(keyDER(t, chain)))
			require.NoError(t, server.AddExtraChainCert(chain.Certificate[1]))
		}
		p := pair.Handshake(t, server, client, pair.Options{})
		want := chain.Certificate
		if keyFirst {
			want = certs.ServerRSA.Certificate
		}
		assert.Equal(t, want, p.Client.PeerCertChain())
		assert.Nil(t, p.Server.PeerCertChain())
		assert.True(t, p.Server.IsServer())
		assert.False(t, p.Client.IsServer())
	}
	ctx := pair.Modes[0].ServerCtx(t)
	for name, err := range map[string]error{
		"d2i_AutoPrivateKey":           ctx.UsePrivateKeyASN1([]byte("nonsense")),
		"SSL_CTX_use_certificate_ASN1": ctx.UseCertificateASN1(nil),
		"d2i_X509":                     ctx.AddExtraChainCert([]byte("nonsense")),
	} {
		var e *libssl.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, name, e.Op)
	}
}

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
