package tests

import (
	"crypto/tls"
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
