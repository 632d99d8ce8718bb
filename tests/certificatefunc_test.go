package tests

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"runtime"
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

// However many certificates there are, and whatever becomes of them, each connection has the one that was chosen for it.
func TestCertificateFuncOfMany(t *testing.T) {
	t.Parallel()
	for _, mode := range []pair.Mode{pair.Modes[0], pair.Modes[3]} {
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		var certs []tls.Certificate
		for range 20 {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			require.NoError(t, err)
			template := *testutil.Certs(t).Server.Leaf
			template.SerialNumber = big.NewInt(int64(len(certs) + 1))
			template.PublicKey = key.Public()
			der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
			require.NoError(t, err)
			certs = append(certs, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
		}
		certs = append(certs, testutil.Certs(t).ServerRSA)
		var next atomic.Int64
		server.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) {
			cert := certs[next.Load()] // its own each time
			return &cert, nil
		})
		for i := range 3 * len(certs) {
			next.Store(int64(i % len(certs)))
			for range 2 {
				p := pair.Handshake(t, server, client, pair.Options{})
				peer := p.Client.ConnectionState().PeerCertificates
				require.NotEmpty(t, peer)
				assert.Equal(t, certs[next.Load()].Certificate[0], peer[0].Raw)
				p.Close(t)
			}
			if i == len(certs) {
				runtime.GC() // what is kept no more is freed
			}
		}
		// A key that is another's is found out, also behind a certificate that is kept.
		certs[0].PrivateKey = certs[1].PrivateKey
		next.Store(0)
		p := pair.Try(t, server, client, pair.Options{})
		assert.ErrorIs(t, p.ServerErr, libssl.ReasonCertCbError)
	}
}

func BenchmarkCertificateFunc(b *testing.B) {
	mode := pair.Modes[3]
	for _, kept := range []bool{false, true} {
		b.Run(map[bool]string{false: "another each time", true: "the same"}[kept], func(b *testing.B) {
			server, client := mode.ServerCtx(b), mode.ClientCtx(b)
			cert := testutil.Certs(b).Server
			server.SetCertificateFunc(func(*libssl.SSL) (*tls.Certificate, error) {
				if !kept {
					cert.Certificate = [][]byte{bytes.Clone(cert.Certificate[0])}
				}
				return &cert, nil
			})
			for b.Loop() {
				pair.Handshake(b, server, client, pair.Options{}).Close(b)
			}
		})
	}
}
