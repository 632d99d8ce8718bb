package tests

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// One Ctx has certificates of several key types, in libssl and behind Signers; what the client can verify decides.
func TestSeveralKeyTypes(t *testing.T) {
	t.Parallel()
	for _, behind := range []bool{false, true} {
		for _, mode := range pair.Modes {
			t.Run(fmt.Sprintf("%s, behind Signers %t", mode.Name, behind), func(t *testing.T) {
				t.Parallel()
				server, client := bareServer(t, mode), verifyingClient(t, mode)
				certs := make(map[string]tls.Certificate)
				for _, kind := range []keyType{keyTypes[0], keyTypes[1], keyTypes[4]} {
					cert := kind.cert(t)
					certs[kind.name] = cert
					if behind && kind.signs() {
						cert, _ = locked(cert)
					}
					require.NoError(t, server.UseCertificate(cert))
					own, err := server.Certificate()
					require.NoError(t, err)
					assert.Equal(t, cert.Certificate[0], own.Raw, "that given last")
				}
				for _, kind := range []keyType{keyTypes[4], keyTypes[0], keyTypes[1], keyTypes[0]} {
					require.NoError(t, client.SetSigalgsList(kind.sigalgs+map[bool]string{true: ":RSA+SHA256"}[kind.name == "RSA"]))
					p := pair.Handshake(t, server, client, pair.Options{})
					requirePeer(t, certs[kind.name], p.Client.Session())
					shown, err := p.Server.Certificate()
					require.NoError(t, err)
					assert.Equal(t, certs[kind.name].Certificate[0], shown.Raw)
					none, err := p.Client.Certificate()
					require.NoError(t, err)
					assert.Nil(t, none)
					p.Close(t)
				}

				// Each type has one: a second takes the place of the first.
				again := keyTypes[0].cert(t)
				require.NoError(t, server.UseCertificate(again))
				require.NoError(t, client.SetSigalgsList(keyTypes[0].sigalgs))
				p := pair.Handshake(t, server, client, pair.Options{})
				requirePeer(t, again, p.Client.Session())
				p.Close(t)
			})
		}
	}
}

// The openssl command chooses too.
func TestSeveralKeyTypesAndOpenSSL(t *testing.T) {
	t.Parallel()
	server := bareServer(t, pair.Modes[3])
	for _, kind := range []keyType{keyTypes[0], keyTypes[1], keyTypes[4]} {
		require.NoError(t, server.UseCertificate(kind.cert(t)))
	}
	for sigalgs, saw := range map[string]string{"rsa_pss_rsae_sha256": "RSA-PSS|rsa_pss", "ECDSA+SHA256": "ECDSA|ecdsa", "ed25519": "(?i)ed25519"} {
		t.Run(sigalgs, func(t *testing.T) {
			// Its verification of our chain needs the CA's own algorithm as well.
			l, accepted := acceptOne(t, server)
			client := testutil.OpenSSL(t, "s_client", "-connect", l.Addr().String(), "-tls1_3", "-sigalgs", sigalgs)
			conn := <-accepted
			require.NotNil(t, conn)
			require.NoError(t, conn.Handshake())
			client.Expect(t, "Peer signature type: ("+saw+")")
		})
	}
}

func TestSelectCurrentCert(t *testing.T) {
	t.Parallel()
	server := bareServer(t, pair.Modes[3])
	none, err := server.Certificate()
	require.NoError(t, err)
	require.Nil(t, none)
	key, err := server.PublicKey()
	require.NoError(t, err)
	require.Nil(t, key)
	assert.Error(t, server.CheckPrivateKey())

	rsa, ecdsa := keyTypes[0].cert(t), testutil.Certs(t).ServerChain
	require.NoError(t, server.UseCertificate(rsa))
	require.NoError(t, server.UseCertificate(ecdsa))
	require.NoError(t, server.CheckPrivateKey())
	for _, cert := range []tls.Certificate{rsa, ecdsa, rsa} {
		require.NoError(t, server.SelectCurrentCert(cert.Leaf))
		own, err := server.Certificate()
		require.NoError(t, err)
		assert.True(t, own.Equal(cert.Leaf))
		key, err := server.PublicKey()
		require.NoError(t, err)
		assert.Equal(t, cert.Leaf.PublicKey, key)
		assert.Len(t, server.ChainCerts(), len(cert.Certificate)-1)
	}
	var e *libssl.Error
	require.ErrorAs(t, server.SelectCurrentCert(testutil.Certs(t).Client.Leaf), &e)
	assert.Equal(t, "SSL_CTX_select_current_cert", e.Op)
	requireOwnErrors(t, server)
}

// The chain as it is sent.
func TestChainCerts(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	whole := certs.ServerChain
	mid := must(x509.ParseCertificate(whole.Certificate[1]))
	leaf := whole
	leaf.Certificate = whole.Certificate[:1]
	sent := func(t *testing.T, server *libssl.Ctx) int {
		t.Helper()
		p := pair.Handshake(t, server, clientOf(t, pair.Modes[3]), pair.Options{})
		defer p.Close(t)
		return len(p.Client.ConnectionState().PeerCertificates)
	}
	server := bareServer(t, pair.Modes[3])
	require.NoError(t, server.UseCertificate(leaf))
	assert.Empty(t, server.ChainCerts())
	assert.Equal(t, 1, sent(t, server))
	require.ErrorIs(t, pair.Try(t, server, verifyingClient(t, pair.Modes[3]), pair.Options{}).ClientErr, libssl.ReasonCertificateVerifyFailed)

	require.NoError(t, server.AddChainCert(mid))
	assert.Equal(t, []*x509.Certificate{mid}, server.ChainCerts())
	assert.Equal(t, 2, sent(t, server))
	pair.Handshake(t, server, verifyingClient(t, pair.Modes[3]), pair.Options{}).Close(t)

	// Nothing is trusted that it could be built from.
	var e *libssl.Error
	require.ErrorAs(t, server.BuildCertChain(0), &e)
	assert.Equal(t, "SSL_CTX_build_cert_chain", e.Op)
	require.ErrorIs(t, server.BuildCertChain(libssl.BuildChainCheck), libssl.ReasonCertificateVerifyFailed)
	assert.Equal(t, 2, sent(t, server), "it is as it was")

	require.NoError(t, server.AddRootCAs(certs.CA.PEM))
	require.ErrorAs(t, server.BuildCertChain(0), &e, "the intermediate is not trusted")
	require.NoError(t, server.BuildCertChain(libssl.BuildChainUntrusted))
	assert.Equal(t, []*x509.Certificate{mid, certs.CA.Cert}, server.ChainCerts())
	assert.Equal(t, 3, sent(t, server))
	require.NoError(t, server.BuildCertChain(libssl.BuildChainUntrusted|libssl.BuildChainNoRoot))
	assert.Equal(t, 2, sent(t, server))
	require.NoError(t, server.AddChainCert(certs.OtherCA.Cert))
	require.NoError(t, server.AddChainCert(certs.CA.Cert))
	require.NoError(t, server.BuildCertChain(libssl.BuildChainCheck|libssl.BuildChainNoRoot), "what does not belong goes")
	assert.Equal(t, []*x509.Certificate{mid}, server.ChainCerts())

	require.NoError(t, server.ClearChainCerts())
	assert.Empty(t, server.ChainCerts())
	require.NoError(t, server.BuildCertChain(libssl.BuildChainIgnoreError))
	requireOwnErrors(t, server)
}

func TestUseCertificateFile(t *testing.T) {
	t.Parallel()
	cert, key := testutil.Files(t, testutil.Certs(t).ServerChain)
	server := bareServer(t, pair.Modes[3])
	require.NoError(t, server.UseCertificateFile(cert))
	assert.Error(t, server.CheckPrivateKey(), "no key yet")
	require.NoError(t, server.UsePrivateKeyFile(key))
	require.NoError(t, server.CheckPrivateKey())
	assert.Empty(t, server.ChainCerts(), "the first of the file only")
	pair.Handshake(t, server, clientOf(t, pair.Modes[3]), pair.Options{}).Close(t)
	var e *libssl.Error
	require.ErrorAs(t, server.UseCertificateFile("/nonexistent"), &e)
	assert.Equal(t, "SSL_CTX_use_certificate_file", e.Op)
}

// Three ways to load one encrypted key.
var encryptedWays = []struct {
	name string
	as   func(file string) string // what the callback is told
	use  func(ctx *libssl.Ctx, cert []byte, key string) error
}{
	{"file", func(file string) string { return file }, func(ctx *libssl.Ctx, _ []byte, key string) error { return ctx.UsePrivateKeyFile(key) }},
	{"text", func(string) string { return "" }, func(ctx *libssl.Ctx, cert []byte, key string) error {
		return ctx.UseCertificatePEM(cert, must(os.ReadFile(key)))
	}},
	{"URI", func(file string) string { return "file:" + file }, func(ctx *libssl.Ctx, cert []byte, key string) error {
		dir := filepath.Dir(key)
		file := filepath.Join(dir, "cert.pem")
		if err := os.WriteFile(file, cert, 0o600); err != nil {
			return err
		}
		return ctx.UseCertificateURI("file:"+key, file)
	}},
}

func TestEncryptedKey(t *testing.T) {
	t.Parallel()
	errForgotten := errors.New("forgotten")
	for name, content := range map[string]string{"PKCS8": encryptedPKCS8, "traditional": encryptedTraditional} {
		for _, way := range encryptedWays {
			t.Run(name+" "+way.name, func(t *testing.T) {
				t.Parallel()
				file := testutil.File(t, "key.pem", []byte(content))
				plain, err := libssl.NewCtx(libssl.TLSMethod)
				require.NoError(t, err)
				defer plain.Close()
				cert := certificateOfEncryptedKey(t, plain, file)
				ctx := bareServer(t, pair.Modes[3])
				asked := 0
				with := func(password []byte, err error) error {
					asked = 0
					ctx.SetDefaultPasswordCallback(func(name string) ([]byte, error) {
						asked++
						assert.Equal(t, way.as(file), name)
						// Nothing is locked.
						assert.NoError(t, ctx.SetSessionIDContext([]byte("x")))
						return password, err
					})
					return way.use(ctx, cert, file)
				}
				require.Error(t, way.use(ctx, cert, file), "without a callback")
				require.Error(t, with([]byte("wrong"), nil))
				assert.Equal(t, 1, asked)
				err = with(nil, errForgotten)
				require.ErrorIs(t, err, errForgotten)
				var e *libssl.Error
				require.ErrorAs(t, err, &e)
				require.Error(t, with(nil, nil), "nor has it one")
				require.Error(t, with(make([]byte, 4000), nil), "too long")
				assert.PanicsWithValue(t, "in the callback", func() {
					ctx.SetDefaultPasswordCallback(func(string) ([]byte, error) { panic("in the callback") })
					way.use(ctx, cert, file)
				})
				requireOwnErrors(t, ctx)
				password := []byte("secret")
				require.NoError(t, with(password, nil))
				assert.Equal(t, 1, asked)
				assert.Equal(t, make([]byte, len("secret")), password, "wiped")
				if way.name == "file" {
					require.NoError(t, ctx.UseCertificateFile(testutil.File(t, "cert.pem", cert)))
				}
				require.NoError(t, ctx.CheckPrivateKey())
				pair.Handshake(t, ctx, clientOf(t, pair.Modes[3]), pair.Options{}).Close(t)
				ctx.SetDefaultPasswordCallback(nil)
				require.Error(t, way.use(ctx, cert, file))
			})
		}
	}
	t.Run("a key in the clear asks for none", func(t *testing.T) {
		t.Parallel()
		cert, key := testutil.Files(t, testutil.Certs(t).Server)
		for _, way := range encryptedWays {
			ctx := bareServer(t, pair.Modes[3])
			ctx.SetDefaultPasswordCallback(func(string) ([]byte, error) { t.Error("asked"); return nil, nil })
			require.NoError(t, ctx.UseCertificateFile(cert))
			require.NoError(t, way.use(ctx, must(os.ReadFile(cert)), key), way.name)
		}
	})
}

// certificateOfEncryptedKey issues a certificate for a key that only libssl can read.
func certificateOfEncryptedKey(t *testing.T, ctx *libssl.Ctx, file string) []byte {
	t.Helper()
	ctx.SetDefaultPasswordCallback(func(string) ([]byte, error) { return []byte("secret"), nil })
	require.NoError(t, ctx.UsePrivateKeyFile(file))
	public, err := ctx.PublicKey()
	require.NoError(t, err)
	return testutil.CertPEM(testutil.IssuePublic(t, testutil.Certs(t).CA, public))
}

func TestUseCertificatePEM(t *testing.T) {
	t.Parallel()
	whole := testutil.Certs(t).ServerChain
	cert, key := testutil.CertPEM(whole), testutil.KeyPEM(t, whole)
	for name, tt := range map[string]struct{ certs, key []byte }{
		"apart":          {cert, key},
		"one text":       {slices.Concat(cert, key), slices.Concat(cert, key)},
		"key first":      {slices.Concat(key, cert), slices.Concat(key, cert)},
		"with words":     {slices.Concat([]byte("the chain\n"), cert, []byte("\nthat is all\n")), key},
		"with CRLF":      {bytes.ReplaceAll(cert, []byte("\n"), []byte("\r\n")), key},
		"without a line": {bytes.TrimSpace(cert), bytes.TrimSpace(key)},
	} {
		t.Run(name, func(t *testing.T) {
			server := bareServer(t, pair.Modes[3])
			require.NoError(t, server.UseCertificatePEM(tt.certs, tt.key))
			assert.Len(t, server.ChainCerts(), 1)
			pair.Handshake(t, server, verifyingClient(t, pair.Modes[3]), pair.Options{}).Close(t)
		})
	}
	other := testutil.KeyPEM(t, testutil.Certs(t).Client)
	broken := slices.Concat(cert, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	for name, tt := range map[string]struct{ certs, key []byte }{
		"nothing":                {nil, nil},
		"no key":                 {cert, nil},
		"no certificate":         {nil, key},
		"text":                   {[]byte("certificate"), []byte("key")},
		"the key of another":     {cert, other},
		"a broken intermediate":  {broken, key},
		"the other way round":    {key, cert},
		"a zero byte and no end": {[]byte("-----BEGIN CERTIFICATE-----\x00"), key},
	} {
		t.Run(name, func(t *testing.T) {
			server := bareServer(t, pair.Modes[3])
			var e *libssl.Error
			require.ErrorAs(t, server.UseCertificatePEM(tt.certs, tt.key), &e)
			assert.NotEmpty(t, e.Op)
			own, err := server.Certificate()
			require.NoError(t, err)
			assert.Nil(t, own)
			requireOwnErrors(t, server)
		})
	}
}

func TestUseCertificateURI(t *testing.T) {
	t.Parallel()
	whole := testutil.Certs(t).ServerChain
	cert, key := testutil.CertPEM(whole), testutil.KeyPEM(t, whole)
	leaf, mid := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: whole.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: whole.Certificate[1]})
	file := func(data ...[]byte) string { return testutil.File(t, "store.pem", slices.Concat(data...)) }
	for name, uris := range map[string][]string{
		"all in a file":       {"file:" + file(cert, key)},
		"a plain path":        {file(key, cert)},
		"apart":               {file(key), "file:" + file(cert)},
		"each alone":          {file(leaf), file(mid), file(key)},
		"intermediate first":  {file(mid, leaf, key)},
		"with a CRL between":  {file(cert, testutil.CRL(t, testutil.Certs(t).CA, 1, time.Now().Add(time.Hour)), key)},
		"with an absolute //": {"file://" + file(cert, key)},
	} {
		t.Run(name, func(t *testing.T) {
			server := bareServer(t, pair.Modes[3])
			require.NoError(t, server.UseCertificateURI(uris[0], uris[1:]...))
			own, err := server.Certificate()
			require.NoError(t, err)
			assert.True(t, own.Equal(whole.Leaf))
			require.Len(t, server.ChainCerts(), 1)
			pair.Handshake(t, server, verifyingClient(t, pair.Modes[3]), pair.Options{}).Close(t)
		})
	}
	for name, tt := range map[string]struct {
		uris []string
		says string
	}{
		"no file":               {[]string{"file:/nonexistent"}, "OSSL_STORE_open"},
		"no such store":         {[]string{"nonesuch:x"}, ""},
		"no key":                {[]string{file(cert)}, "no private key"},
		"no certificate":        {[]string{file(key)}, "no certificate"},
		"another's certificate": {[]string{file(key), file(testutil.CertPEM(testutil.Certs(t).Client))}, "no certificate"},
		"a zero byte":           {[]string{"file:\x00"}, "zero byte"},
		"second is missing":     {[]string{file(cert, key), "file:/nonexistent"}, "OSSL_STORE_open"},
	} {
		t.Run(name, func(t *testing.T) {
			server := bareServer(t, pair.Modes[3])
			require.ErrorContains(t, server.UseCertificateURI(tt.uris[0], tt.uris[1:]...), tt.says)
			requireOwnErrors(t, server)
		})
	}
}

// A certificate that libssl takes and crypto/x509 does not is no reason to say that there is none.
func TestCertificateThatGoRefuses(t *testing.T) {
	t.Parallel()
	ctx, err := libssl.NewCtx(libssl.TLSServerMethod)
	require.NoError(t, err)
	closedAtEnd(t, ctx)
	cert := testutil.Certs(t).Server
	der := bytes.Clone(cert.Certificate[0])
	serial := bytes.Index(der, []byte{0xa0, 3, 2, 1, 2, 2}) // behind the version
	require.Positive(t, serial)
	der[serial+7] = 0x81 // negative, and not longer than it has to be
	require.NoError(t, ctx.UseCertificate(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: cert.PrivateKey}))
	_, err = ctx.Certificate()
	assert.ErrorContains(t, err, "serial")
	l := newLink(t, ctx, clientOf(t, pair.Modes[3]))
	_, err = l.server.Certificate()
	assert.ErrorContains(t, err, "serial")
	requireTalk(t, l)
}
