package tests

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A vault is a private key that can only sign, and counts.
type vault struct {
	key  crypto.Signer
	used *atomic.Int32
	fail func() error
	sign func(digest []byte, opts crypto.SignerOpts) ([]byte, error) // in the place of the key
}

func (v vault) Public() crypto.PublicKey { return v.key.Public() }

func (v vault) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	v.used.Add(1)
	if v.fail != nil {
		if err := v.fail(); err != nil {
			return nil, err
		}
	}
	if v.sign != nil {
		return v.sign(digest, opts)
	}
	return v.key.Sign(r, digest, opts)
}

// locked puts the key of a certificate into a vault.
func locked(cert tls.Certificate) (tls.Certificate, vault) {
	v := vault{key: cert.PrivateKey.(crypto.Signer), used: new(atomic.Int32)}
	cert.PrivateKey = v
	return cert, v
}

// A keyType is a kind of key that a certificate can have.
type keyType struct {
	name    string
	sigalgs string // those that a peer must offer to be shown it
	key     func() crypto.Signer
}

var keyTypes = []keyType{
	{"RSA", "RSA-PSS+SHA256", sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })},
	{"P-256", "ECDSA+SHA256", sync.OnceValue(func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })},
	{"P-384", "ECDSA+SHA384", sync.OnceValue(func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })},
	{"P-521", "ECDSA+SHA512", sync.OnceValue(func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) })},
	{"Ed25519", "ed25519", sync.OnceValue(func() crypto.Signer {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return must(key, err)
	})},
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// cert returns a certificate that is good for servers and clients.
func (k keyType) cert(t testing.TB) tls.Certificate {
	return testutil.Issue(t, testutil.Certs(t).CA, k.key(), nil)
}

// signs reports whether this libssl can have such a key sign in Go.
func (k keyType) signs() bool { return k.name != "Ed25519" || libssl.VersionNumber() >= 0x30000000 }

// bareServer returns a server Ctx of the mode without a certificate.
func bareServer(t testing.TB, mode pair.Mode) *libssl.Ctx {
	t.Helper()
	ctx, err := libssl.NewCtx(libssl.TLSServerMethod)
	require.NoError(t, err)
	closedAtEnd(t, ctx)
	require.NoError(t, ctx.SetMinVersion(mode.Version))
	require.NoError(t, ctx.SetMaxVersion(mode.Version))
	require.NoError(t, ctx.SetSessionIDContext([]byte("pair")))
	if !mode.Tickets {
		ctx.SetOptions(libssl.NoTicket)
	}
	return ctx
}

// A key that can only sign serves on both sides, whatever its type.
func TestSigner(t *testing.T) {
	t.Parallel()
	for _, kind := range keyTypes {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			cert, v := locked(kind.cert(t))
			if !kind.signs() {
				require.ErrorIs(t, bareServer(t, pair.Modes[0]).UseCertificate(cert), libssl.ErrUnsupported)
				return
			}
			for _, mode := range pair.Modes {
				t.Run(mode.Name, func(t *testing.T) {
					server, client := bareServer(t, mode), verifyingClient(t, mode)
					require.NoError(t, server.UseCertificate(cert))
					require.NoError(t, server.CheckPrivateKey())
					public, err := server.PublicKey()
					require.NoError(t, err)
					assert.Equal(t, v.Public(), public)
					server.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
					require.NoError(t, server.AddRootCAs(testutil.Certs(t).CA.PEM))
					require.NoError(t, client.UseCertificate(cert))
					before := v.used.Load()
					p := pair.Handshake(t, server, client, pair.Options{})
					assert.Equal(t, before+2, v.used.Load(), "each side signs once")
					requirePeer(t, cert, p.Client.Session())
					p.Echo(t, "signed")
					sess := p.Client.Session()
					p.Close(t)
					p = pair.Handshake(t, server, client, pair.Options{Session: sess})
					assert.True(t, p.Server.SessionReused())
					assert.Equal(t, before+2, v.used.Load(), "a resumed session has nothing signed")
					p.Close(t)
				})
			}
		})
	}
}

// Each signature that TLS asks an RSA key for, and an ECDSA key up to TLS 1.2.
func TestSignerAlgorithms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind    keyType
		mode    pair.Mode
		sigalgs []string
	}{
		{keyTypes[0], pair.Modes[1], []string{"RSA+SHA224", "RSA+SHA256", "RSA+SHA384", "RSA+SHA512",
			"RSA-PSS+SHA256", "RSA-PSS+SHA384", "RSA-PSS+SHA512"}},
		{keyTypes[0], pair.Modes[3], []string{"RSA-PSS+SHA256", "RSA-PSS+SHA384", "RSA-PSS+SHA512"}},
		{keyTypes[1], pair.Modes[1], []string{"ECDSA+SHA224", "ECDSA+SHA256", "ECDSA+SHA384", "ECDSA+SHA512"}},
	} {
		cert, v := locked(tt.kind.cert(t))
		for _, sigalg := range tt.sigalgs {
			t.Run(fmt.Sprintf("%s %s", tt.mode.Name, sigalg), func(t *testing.T) {
				server, client := bareServer(t, tt.mode), verifyingClient(t, tt.mode)
				server.SetSecurityLevel(1)
				client.SetSecurityLevel(1)
				require.NoError(t, server.UseCertificate(cert))
				require.NoError(t, client.SetSigalgsList(sigalg))
				before := v.used.Load()
				pair.Handshake(t, server, client, pair.Options{}).Close(t)
				assert.Equal(t, before+1, v.used.Load())
			})
		}
	}
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		for _, kind := range keyTypes[:2] {
			t.Run(fmt.Sprintf("%s %s", tls.VersionName(version), kind.name), func(t *testing.T) {
				mode := pair.Mode{Version: version, Tickets: true}
				cert, v := locked(kind.cert(t))
				server, client := bareServer(t, mode), verifyingClient(t, mode)
				for _, ctx := range []*libssl.Ctx{server, client} {
					ctx.SetSecurityLevel(0)
				}
				require.NoError(t, server.UseCertificate(cert))
				pair.Handshake(t, server, client, pair.Options{}).Close(t)
				assert.Equal(t, int32(1), v.used.Load())
			})
		}
	}
}

var errVault = errors.New("the vault is closed")

// What a Signer refuses, or makes wrong, ends the handshake.
func TestSignerFails(t *testing.T) {
	t.Parallel()
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for _, tt := range []struct {
		name string
		sign func(digest []byte, opts crypto.SignerOpts) ([]byte, error)
		sent bool  // the side that signs finds out
		err  error // its own error
	}{
		{"an error", func([]byte, crypto.SignerOpts) ([]byte, error) { return nil, errVault }, true, errVault},
		{"too long", func([]byte, crypto.SignerOpts) ([]byte, error) { return make([]byte, 1000), nil }, true, nil},
		{"nothing", func([]byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }, true, nil},
		{"garbage", func([]byte, crypto.SignerOpts) ([]byte, error) { return []byte("signature"), nil }, false, nil},
		{"another key", func(digest []byte, opts crypto.SignerOpts) ([]byte, error) {
			return other.Sign(rand.Reader, digest, opts)
		}, false, nil},
	} {
		for _, mode := range pair.Modes[1:3] {
			for _, atClient := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, at the client %t", tt.name, mode.Name, atClient), func(t *testing.T) {
					t.Parallel()
					cert, v := locked(keyTypes[1].cert(t))
					v.sign = tt.sign
					cert.PrivateKey = v
					st := newStage(t, place{atClient: atClient, set: func(testing.TB, *stage) {}}, mode)
					st.server.SetVerify(libssl.VerifyPeer, func(*libssl.Verification) error { return nil })
					require.NoError(t, st.own().UseCertificate(cert))
					l := st.link(t)
					mine, peer := st.sides(l)
					ours, theirs := start(func() error { return talk(mine) }), start(func() error { return toTheEnd(peer) })
					err, peerErr := receive(t, ours, "who signs").err, receive(t, theirs, "the peer").err
					var e, peerE *libssl.Error
					require.ErrorAs(t, err, &e)
					require.ErrorAs(t, peerErr, &peerE)
					_, sent, alerted := e.Alert()
					require.True(t, alerted, "%v", err)
					assert.Equal(t, tt.sent, sent, "%v", err)
					_, peerSent, alerted := peerE.Alert()
					require.True(t, alerted, "%v", peerErr)
					assert.NotEqual(t, tt.sent, peerSent)
					if tt.sent {
						requireAlert(t, err, alertInternalError, true)
						assert.Error(t, e.Err)
					}
					if tt.err != nil {
						assert.ErrorIs(t, err, tt.err)
					}
					assert.NotErrorIs(t, peerErr, errVault)
					st.requireStillUsable(t)
				})
			}
		}
	}
}

// requireStillUsable requires that setters of both Ctx return.
func (st *stage) requireStillUsable(t *testing.T) {
	t.Helper()
	returns(t, "setters", func() {
		assert.NoError(t, st.server.SetSessionIDContext([]byte("after")))
		assert.NoError(t, st.client.SetSessionIDContext([]byte("after")))
	})
}

// A key that can only sign can't decrypt what a client of old encrypts to it: an error, and nothing worse.
func TestSignerWithRSAKeyExchange(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[1]
	cert, v := locked(testutil.Certs(t).ServerRSA)
	server, client := bareServer(t, mode), verifyingClient(t, mode)
	require.NoError(t, server.UseCertificate(cert))
	require.NoError(t, server.SetCipherList("AES128-SHA:@SECLEVEL=0"))
	require.NoError(t, client.SetCipherList("AES128-SHA:@SECLEVEL=0"))
	p := pair.Try(t, server, client, pair.Options{})
	assert.Error(t, p.ServerErr)
	assert.Error(t, p.ClientErr)
	assert.Zero(t, v.used.Load())
}

// The public key that a Signer shows has to be that of the certificate.
func TestSignerOfAnotherKey(t *testing.T) {
	t.Parallel()
	for _, kind := range keyTypes[:2] {
		cert, _ := locked(kind.cert(t))
		_, cert.PrivateKey = locked(testutil.Certs(t).Client)
		ctx := bareServer(t, pair.Modes[3])
		err := ctx.UseCertificate(cert)
		var e *libssl.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "SSL_CTX_use_cert_and_key", e.Op)
		requireOwnErrors(t, ctx)
	}
}

// A connection goes on with the key that it began with.
func TestSignerReplaced(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes[1:3] {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := bareServer(t, mode), clientOf(t, mode)
			first, v := locked(keyTypes[1].cert(t))
			require.NoError(t, server.UseCertificate(first))
			l := newLink(t, server, client)
			second, w := locked(testutil.Certs(t).Server)
			require.NoError(t, server.UseCertificate(second))
			testutil.Collect()
			requireTalk(t, l)
			assert.Equal(t, int32(1), v.used.Load())
			assert.Zero(t, w.used.Load())
			requireTalk(t, newLink(t, server, client))
			assert.Equal(t, int32(1), w.used.Load())
		})
	}
}

// A SSL's own key, on both sides.
func TestSignerOfOneConnection(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes[1:3] {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			server.SetVerify(libssl.VerifyPeer, func(*libssl.Verification) error { return nil })
			cert, v := locked(keyTypes[2].cert(t))
			use := func(c *libssl.Conn) { require.NoError(t, c.UseCertificate(cert)) }
			p := pair.Handshake(t, server, client, pair.Options{Client: use, Server: use})
			requirePeer(t, cert, p.Client.Session())
			requirePeer(t, cert, p.Server.Session())
			assert.Equal(t, int32(2), v.used.Load())
			p.Close(t)
		})
	}
}

// Go's own TLS takes the signatures.
func TestSignerAndCryptoTLS(t *testing.T) {
	t.Parallel()
	for _, kind := range keyTypes {
		if !kind.signs() {
			continue
		}
		for _, mode := range pair.Modes[1:3] {
			t.Run(kind.name+" "+mode.Name, func(t *testing.T) {
				t.Parallel()
				cert, v := locked(kind.cert(t))
				ctx := bareServer(t, mode)
				require.NoError(t, ctx.UseCertificate(cert))
				ours, theirs := testutil.TCP(t)
				s, err := libssl.Server(ours, ctx)
				require.NoError(t, err)
				defer s.Close()
				c := tls.Client(theirs, &tls.Config{RootCAs: testutil.Certs(t).CA.Pool, ServerName: "localhost",
					MinVersion: mode.Version, MaxVersion: mode.Version})
				defer c.Close()
				require.NoError(t, pair.Echo(c, s, "signed"))
				assert.Equal(t, int32(1), v.used.Load())
			})
		}
	}
}

// So does the openssl command, on either side.
func TestSignerAndOpenSSL(t *testing.T) {
	t.Parallel()
	for _, kind := range []keyType{keyTypes[0], keyTypes[1]} {
		for _, mode := range pair.Modes[1:3] {
			t.Run(kind.name+" "+mode.Name, func(t *testing.T) {
				t.Parallel()
				cert, v := locked(kind.cert(t))
				ctx := bareServer(t, mode)
				require.NoError(t, ctx.UseCertificate(cert))
				serveOpenSSL(t, ctx, sClient{args: []string{versionFlag(mode)}})
				assert.Equal(t, int32(1), v.used.Load())

				client := verifyingClient(t, mode)
				require.NoError(t, client.UseCertificate(cert))
				server := startServer(t, mode, "-Verify", "1", "-verify_return_error", "-CAfile", testutil.CAFile(t, testutil.Certs(t).CA))
				server.talk(t, client, nil, false)
				assert.Regexp(t, "(?m)"+sawClientCert, server.Output())
				assert.Equal(t, int32(2), v.used.Load())
			})
		}
	}
}

// Many connections have one key sign at a time.
func TestSignerManyAtATime(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	server, client := bareServer(t, mode), clientOf(t, mode)
	cert, v := locked(keyTypes[1].cert(t))
	const n = 8
	var meeting sync.WaitGroup // all of them are inside at once
	meeting.Add(n)
	v.fail = func() error {
		meeting.Done()
		meeting.Wait()
		return nil
	}
	cert.PrivateKey = v
	require.NoError(t, server.UseCertificate(cert))
	var all sync.WaitGroup
	for range n {
		l := newLink(t, server, client)
		all.Go(func() {
			theirs := start(func() error { return talk(l.client) })
			assert.NoError(t, talk(l.server))
			assert.NoError(t, receive(dropping{t}, theirs, "the client").err)
		})
	}
	returns(t, "the connections", all.Wait)
}

// A Signer lives as long as something can use it: not longer, also if it leads to its own Ctx.
func TestLeakSigners(t *testing.T) {
	before := settled(t)
	mode := pair.Modes[3]
	alive := func(p weak.Pointer[vaultWithDoor]) func() bool { return func() bool { return p.Value() == nil } }
	var dropped []weak.Pointer[vaultWithDoor]
	make1 := func(ctx *libssl.Ctx, conn *libssl.Conn) {
		v := &vaultWithDoor{Signer: testutil.Certs(t).Server.PrivateKey.(crypto.Signer), ctx: ctx, conn: conn}
		cert := testutil.Certs(t).Server
		cert.PrivateKey = v
		if conn != nil {
			require.NoError(t, conn.UseCertificate(cert))
		} else {
			require.NoError(t, ctx.UseCertificate(cert))
		}
		dropped = append(dropped, weak.Make(v))
	}
	runInside(t, func(testing.TB) { // the Ctx and the connection are dropped with their keys
		ctx := mode.ServerCtx(dropping{t})
		make1(ctx, nil)
		raw, peer := testutil.TCP(dropping{t})
		conn, err := libssl.Server(raw, ctx)
		require.NoError(t, err)
		make1(ctx, conn)
		raw.Close()
		peer.Close()
	})
	for i, p := range dropped {
		assert.True(t, testutil.CollectUntil(patience, alive(p)), "%d", i)
	}
	// A Ctx that lives on lets go of those that have been replaced.
	ctx := mode.ServerCtx(t)
	dropped = nil
	for range 10 {
		runInside(t, func(testing.TB) { make1(ctx, nil) })
	}
	for i, p := range dropped[:9] {
		assert.True(t, testutil.CollectUntil(patience, alive(p)), "%d", i)
	}
	assert.NotNil(t, dropped[9].Value(), "the last is in use")
	runtime.KeepAlive(ctx)
	require.NoError(t, ctx.Close())
	requireCounts(t, before)
}

// vaultWithDoor leads to where it is used.
type vaultWithDoor struct {
	crypto.Signer
	ctx  *libssl.Ctx
	conn net.Conn
}
