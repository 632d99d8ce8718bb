package openssl_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

func TestNewCtxWithVersion(t *testing.T) {
	_, err := openssl.NewCtxWithVersion(openssl.SSLv3)
	assert.ErrorIs(t, err, libssl.ErrUnsupported)
	assert.Regexp(t, "^unknown ssl/tls version", err.Error())
	for _, v := range []openssl.SSLVersion{0, 1, 7, -1} {
		_, err := openssl.NewCtxWithVersion(v)
		assert.EqualError(t, err, "unknown ssl/tls version")
	}
	for v, want := range map[openssl.SSLVersion]uint16{
		openssl.TLSv1: tls.VersionTLS10, openssl.TLSv1_1: tls.VersionTLS11, openssl.TLSv1_2: tls.VersionTLS12,
		openssl.AnyVersion: tls.VersionTLS13,
	} {
		clients, err := openssl.NewCtxWithVersion(v)
		require.NoError(t, err)
		servers := serverCtx(t, testutil.Certs(t).ServerRSA)
		for _, ctx := range []*openssl.Ctx{clients, servers} {
			ctx.SetSecurityLevel(0)
			if v != openssl.AnyVersion {
				require.NoError(t, ctx.SetMinVersion(tls.VersionTLS10))
				require.NoError(t, ctx.SetCipherList("ALL:@SECLEVEL=0"))
			}
		}
		client, _ := connected(t, clients, servers)
		assert.Equal(t, want, client.Libssl().ConnectionState().Version)
	}
}

func TestNewCtxFromFiles(t *testing.T) {
	certs := testutil.Certs(t)
	cert, key := testutil.Files(t, certs.ServerChain)
	both := testutil.File(t, "both.pem", append(testutil.KeyPEM(t, certs.Server), testutil.CertPEM(certs.Server)...))
	for _, files := range [][2]string{{cert, key}, {both, both}} {
		ctx, err := openssl.NewCtxFromFiles(files[0], files[1])
		require.NoError(t, err)
		client, _ := connected(t, clientCtx(t), ctx)
		assert.Equal(t, openssl.Ok, client.VerifyResult())
	}
	missing := filepath.Join(t.TempDir(), "missing")
	garbage := testutil.File(t, "garbage", []byte("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"))
	for _, files := range [][2]string{{missing, key}, {cert, missing}, {garbage, key}, {cert, garbage}, {os.DevNull, key}, {key, key}, {cert, os.DevNull}} {
		_, err := openssl.NewCtxFromFiles(files[0], files[1])
		assert.Error(t, err, files)
	}
	_, err := openssl.NewCtxFromFiles(key, key)
	assert.EqualError(t, err, "No PEM certificate found in '"+key+"'")
	_, otherKey := testutil.Files(t, certs.ServerRSA)
	ctx, err := openssl.NewCtxFromFiles(cert, otherKey) // of another type: it is nobody's yet
	require.NoError(t, err)
	assert.Error(t, ctx.CheckPrivateKey())
	_, otherKey = testutil.Files(t, certs.Client)
	_, err = openssl.NewCtxFromFiles(cert, otherKey)
	assert.Regexp(t, "^SSL errors: .*key values mismatch", err.Error())
}

func TestCertificatesOfNothing(t *testing.T) {
	ctx, err := openssl.NewCtx()
	require.NoError(t, err)
	for name, err := range map[string]error{
		"certificate": ctx.UseCertificate(nil),
		"chain":       ctx.AddChainCertificate(&openssl.Certificate{}),
		"key":         ctx.UsePrivateKey(nil),
		"parameters":  ctx.SetDHParameters(nil),
		"store":       ctx.GetCertificateStore().AddCertificate(nil),
		"no store":    (*openssl.CertificateStore)(nil).AddCertificate(nil),
	} {
		assert.Error(t, err, name)
	}
}

func TestSetEllipticCurve(t *testing.T) {
	clients := clientCtx(t)
	for _, curve := range []openssl.EllipticCurve{openssl.Prime256v1, openssl.Secp384r1, openssl.Secp521r1} {
		servers := serverCtx(t, testutil.Certs(t).Server)
		require.NoError(t, servers.SetEllipticCurve(curve))
		client, _ := connected(t, clients, servers)
		if libssl.VersionNumber() >= 0x30000000 {
			name, err := openssl.Nid2ShortName(openssl.NID(curve))
			require.NoError(t, err)
			assert.Contains(t, []string{name, map[string]string{"prime256v1": "secp256r1"}[name]}, client.GroupName())
		}
	}
	assert.Regexp(t, "^Unknown curve", clients.SetEllipticCurve(1<<20).Error())
	assert.Regexp(t, "^Unknown curve: ", clients.SetEllipticCurve(openssl.EllipticCurve(openssl.NID_sha1)).Error())
}

func TestDHParameters(t *testing.T) {
	dh, err := openssl.LoadDHParametersFromPEM([]byte(ffdhe2048))
	require.NoError(t, err)
	servers := serverCtx(t, testutil.Certs(t).ServerRSA)
	servers.SetOptions(versions["TLS 1.2"])
	require.NoError(t, servers.SetDHParameters(dh))
	require.NoError(t, servers.SetCipherList("DHE-RSA-AES128-GCM-SHA256"))
	client, _ := connected(t, clientCtx(t), servers)
	cipher, err := client.CurrentCipher()
	require.NoError(t, err)
	assert.Equal(t, "DHE-RSA-AES128-GCM-SHA256", cipher)
}

func TestOptions(t *testing.T) {
	ctx, err := openssl.NewCtx()
	require.NoError(t, err)
	assert.Equal(t, openssl.NoSSLv3, ctx.GetOptions()&openssl.NoSSLv3)
	all := openssl.NoTicket | openssl.NoTLSv1 | openssl.CipherServerPreference | openssl.NoSessionResumptionOrRenegotiation | openssl.NoCompression
	assert.Equal(t, all, ctx.SetOptions(all)&all)
	assert.Zero(t, ctx.ClearOptions(openssl.NoTicket)&openssl.NoTicket)

	transport, _ := testutil.Pipe(t)
	c, err := openssl.Server(transport, ctx)
	require.NoError(t, err)
	assert.Equal(t, ctx.GetOptions(), c.GetOptions())
	assert.NotZero(t, c.SetOptions(openssl.NoTicket)&openssl.NoTicket)
	assert.Zero(t, c.ClearOptions(openssl.NoTicket)&openssl.NoTicket)

	assert.Zero(t, ctx.GetMode()&openssl.ReleaseBuffers)
	assert.Equal(t, ctx.GetMode()|openssl.ReleaseBuffers, ctx.SetMode(openssl.ReleaseBuffers))
	assert.NotZero(t, ctx.GetMode()&openssl.ReleaseBuffers)

	ctx.SetVerifyDepth(3)
	assert.Equal(t, 3, ctx.GetVerifyDepth())
	c.SetVerifyDepth(2)
	assert.Equal(t, 2, c.GetVerifyDepth())
}

func TestHostnames(t *testing.T) {
	certs := testutil.Certs(t)
	server, err := openssl.LoadCertificateFromPEM(testutil.CertPEM(certs.Server))
	require.NoError(t, err)
	for host, want := range map[string]error{
		"localhost": nil, "www.example.test": nil, "127.0.0.1": nil, "::1": nil, "[::1]": nil, "[127.0.0.1]": nil,
		"example.test": openssl.ValidationError, "a.b.example.test": openssl.ValidationError, "127.0.0.2": openssl.ValidationError,
		"": openssl.ValidationError, "[": openssl.ValidationError, "[localhost]": openssl.ValidationError,
	} {
		assert.Equal(t, want, server.VerifyHostname(host), "%q", host)
	}
	assert.Equal(t, openssl.ValidationError, server.CheckHost("www.example.test", openssl.NoWildcards))
	assert.NoError(t, server.CheckHost("a.test", openssl.NoWildcards|openssl.AlwaysCheckSubject))
	assert.Equal(t, openssl.ValidationError, server.CheckIP(nil, 0))
	assert.Regexp(t, "^hostname validation had an internal failure", server.CheckHost("local\x00host", 0).Error())
	assert.Error(t, (*openssl.Certificate)(nil).CheckHost("localhost", 0))
	assert.Equal(t, openssl.ValidationError, server.CheckEmail("who@example.test", 0))

	mine, key := made(t, "who")
	require.NoError(t, mine.AddExtension(openssl.NID_subject_alt_name, "email:who@example.test"))
	require.NoError(t, mine.Sign(key, openssl.EVP_SHA256))
	assert.NoError(t, mine.CheckEmail("who@example.test", 0))
	assert.Equal(t, openssl.ValidationError, mine.CheckEmail("you@example.test", 0))
}

func TestCertificateStore(t *testing.T) {
	certs := testutil.Certs(t)
	own, err := openssl.NewCertificateStore()
	require.NoError(t, err)
	require.NoError(t, own.LoadCertificatesFromPEM(certs.CA.PEM))
	for _, none := range [][]byte{nil, []byte("junk")} {
		assert.EqualError(t, own.LoadCertificatesFromPEM(none), "no PEM certificate found")
	}
	assert.Error(t, own.LoadCertificatesFromPEM([]byte("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")))

	clients, err := openssl.NewCtx()
	require.NoError(t, err)
	clients.SetVerifyMode(openssl.VerifyPeer)
	client, server := pair(t, clients, serverCtx(t, certs.Server))
	clientErr, _ := shake(client, server)
	assert.Error(t, clientErr)
	require.NoError(t, clients.GetCertificateStore().LoadCertificatesFromPEM(append(certs.OtherCA.PEM, certs.CA.PEM...)))
	client, _ = connected(t, clients, serverCtx(t, certs.Server))
	assert.Equal(t, openssl.Ok, client.VerifyResult())
}
