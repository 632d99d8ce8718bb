package tests

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"sync/atomic"
	"testing"

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
}

func (v vault) Public() crypto.PublicKey { return v.key.Public() }

func (v vault) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	v.used.Add(1)
	if v.fail != nil {
		if err := v.fail(); err != nil {
			return nil, err
		}
	}
	return v.key.Sign(r, digest, opts)
}

// locked puts the key of a certificate into a vault.
func locked(cert tls.Certificate) (tls.Certificate, vault) {
	v := vault{key: cert.PrivateKey.(crypto.Signer), used: new(atomic.Int32)}
	cert.PrivateKey = v
	return cert, v
}

// keyTypes are certificates with keys of every kind that a crypto.Signer can have here.
var keyTypes = []struct {
	name string
	make func() (crypto.Signer, error)
}{
	{"RSA", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }},
	{"P-256", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }},
	{"P-384", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) }},
	{"P-521", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) }},
	{"Ed25519", func() (crypto.Signer, error) { _, k, err := ed25519.GenerateKey(rand.Reader); return k, err }},
}

// certificateFor returns a certificate for key, for a server or a client.
func certificateFor(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	cert, err := testutil.Issue(testutil.Certs(t).CA, key, change)
	require.NoError(t, err)
	return cert
}

func TestSigner(t *testing.T) {
	t.Parallel()
	for _, kind := range keyTypes {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			key, err := kind.make()
			require.NoError(t, err)
			cert, v := locked(certificateFor(t, key, nil))
			for _, mode := range pair.Modes {
				t.Run(mode.Name, func(t *testing.T) {
					server, client := bareServer(t, mode), verifyingClient(t, mode)
					server.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
					require.NoError(t, server.LoadVerifyLocations(testutil.CAFile(t, testutil.Certs(t).CA), ""))
					err := server.UseCertificate(cert)
					if kind.name == "Ed25519" && libssl.VersionNumber() < 0x30000000 {
						require.ErrorIs(t, err, libssl.ErrUnsupported)
						return
					}
					require.NoError(t, err)
					require.NoError(t, server.CheckPrivateKey())
					require.NoError(t, client.UseCertificate(cert))
					before := v.used.Load()
					p := pair.Handshake(t, server, client, pair.Options{})
					assert.Equal(t, before+2, v.used.Load())
					p.Echo(t, "signed")
					p.Close(t)
				})
			}
		})
	}
}

var errVault = errors.New("the vault is closed")

// bareServer returns a server Ctx without a certificate.
func bareServer(t testing.TB, mode pair.Mode) *libssl.Ctx {
	t.Helper()
	ctx, err := libssl.NewCtx(libssl.TLSServerMethod)
	require.NoError(t, err)
	t.Cleanup(func() { ctx.Close() })
	require.NoError(t, ctx.SetMinVersion(mode.Version))
	require.NoError(t, ctx.SetMaxVersion(mode.Version))
	require.NoError(t, ctx.SetSessionIDContext([]byte("pair")))
	if !mode.Tickets {
		ctx.SetOptions(libssl.NoTicket)
	}
	return ctx
}
