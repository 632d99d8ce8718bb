package tests

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A renewed certificate is shown to whoever connects next, the listener and the sessions stay.
func TestCertificateFuncReloads(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			pki := testutil.Certs(t)
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			var current atomic.Pointer[tls.Certificate]
			server.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) { return current.Load(), nil })
			shown := func(sess *libssl.Session) (*x509.Certificate, *libssl.Session) {
				p := pair.Handshake(t, server, client, pair.Options{Session: sess})
				defer p.Close(t)
				assert.Equal(t, sess != nil, p.Client.SessionReused())
				cert, err := p.Client.Session().PeerCertificate()
				require.NoError(t, err)
				return cert, p.Client.Session()
			}
			cert, sess := shown(nil)
			assert.Equal(t, pki.Server.Leaf.Raw, cert.Raw, "nil is the Ctx's own")
			current.Store(&pki.ServerRSA)
			cert, _ = shown(nil)
			assert.Equal(t, pki.ServerRSA.Leaf.Raw, cert.Raw)
			cert, _ = shown(sess)
			assert.Equal(t, pki.Server.Leaf.Raw, cert.Raw, "resumed: nobody is asked")
			current.Store(&pki.Server)
			cert, _ = shown(nil)
			assert.Equal(t, pki.Server.Leaf.Raw, cert.Raw)
		})
	}
}

// A client is asked when the server wants a certificate, and only then.
func TestCertificateFuncOfClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		pki := testutil.Certs(t)
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		calls := 0
		client.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) { calls++; return &pki.Client, nil })
		pair.Handshake(t, server, client, pair.Options{}).Close(t)
		assert.Zero(t, calls)
		demandCertificate(t, server)
		p := pair.Handshake(t, server, client, pair.Options{})
		assert.Equal(t, 1, calls)
		assert.Equal(t, pki.Client.Leaf.Raw, p.Server.ConnectionState().PeerCertificates[0].Raw)
		p.Close(t)
	}
}

// After a switch by server name the new Ctx's function is asked.
func TestCertificateFuncAfterSwitch(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		h := twoHosts(t, mode)
		h.a.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) { return &testutil.Certs(t).Server, nil })
		h.b.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) { return &testutil.Certs(t).ServerRSA, nil })
		for name, want := range map[string]tls.Certificate{"a.test": testutil.Certs(t).Server, "b.test": testutil.Certs(t).ServerRSA} {
			p := pair.Handshake(t, h.front, mode.ClientCtx(t), pair.Options{Client: func(c *libssl.Conn) {
				require.NoError(t, c.SetServerName(name))
			}})
			assert.Equal(t, want.Leaf.Raw, p.Client.ConnectionState().PeerCertificates[0].Raw, name)
			p.Close(t)
		}
	}
}

// What can't be used ends the handshake with an error that says why.
func TestCertificateFuncOfBadCertificate(t *testing.T) {
	t.Parallel()
	pki := testutil.Certs(t)
	mixed := tls.Certificate{Certificate: pki.Server.Certificate, PrivateKey: pki.ServerRSA.PrivateKey}
	for _, cert := range []*tls.Certificate{{}, {Certificate: pki.Server.Certificate}, &mixed, {Certificate: [][]byte{{1}}, PrivateKey: pki.Server.PrivateKey}} {
		server := pair.Modes[3].ServerCtx(t)
		server.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) { return cert, nil })
		p := pair.Try(t, server, pair.Modes[3].ClientCtx(t), pair.Options{})
		e := requireError(t, p.ServerErr, "SSL_do_handshake", -1, libssl.ReasonCertCbError)
		require.Error(t, e.Err)
		t.Log(p.ServerErr)
	}
}
