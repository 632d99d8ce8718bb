package tests

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A server's private key stays in a PKCS#11 token, SoftHSM's, and is used by its URI. It needs a process of its own, since
// the provider is configured for the whole of it.
func TestCertificateOfAToken(t *testing.T) {
	if libssl.VersionNumber() < 0x30000000 {
		t.Skip("there are no providers before OpenSSL 3.0, and no engine has a store")
	}
	const env = "LIBSSL_TEST_TOKEN" // the certificate of the key in it
	if os.Getenv(env) == "" {
		cert, config := makeToken(t)
		inOwnProcess(t, env+"="+cert, "OPENSSL_CONF="+filepath.Join(config, "openssl.cnf"),
			"SOFTHSM2_CONF="+filepath.Join(config, "softhsm2.conf"))
		return
	}
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			server := bareServer(t, mode)
			require.True(t, libssl.ProviderAvailable("pkcs11"))
			const uri = "pkcs11:token=interop;object=key;type=private?pin-value=1234"
			require.NoError(t, server.UseCertificateURI(uri, "file:"+os.Getenv(env)))
			require.NoError(t, server.CheckPrivateKey())
			for range 2 {
				p := pair.Handshake(t, server, mode.ClientCtx(t), pair.Options{})
				assert.Equal(t, "of a token", p.Client.ConnectionState().PeerCertificates[0].Subject.CommonName)
				p.Echo(t, "hello")
				p.Close(t)
			}
		})
	}
}

// makeToken makes a token with a key, and the configuration of SoftHSM and of OpenSSL in a folder. cert is a file.
func makeToken(t *testing.T) (cert, folder string) {
	t.Helper()
	util := optionalProgram(t, "softhsm2-util")
	found := func(what string, patterns ...string) string {
		for _, p := range patterns {
			if m, _ := filepath.Glob(p); len(m) > 0 {
				return m[0]
			}
		}
		t.Skipf("%s is not installed; scripts/setup.sh token installs it where Debian has it", what)
		return ""
	}
	module := found("libsofthsm2", "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so")
	provider := found("pkcs11-provider", "/usr/lib/*/ossl-modules/pkcs11.so", "/usr/lib/ossl-modules/pkcs11.so")

	folder = t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(folder, "tokens"), 0o700))
	write("softhsm2.conf", "directories.tokendir = "+filepath.Join(folder, "tokens")+"\nobjectstore.backend = file\n")
	write("openssl.cnf", strings.NewReplacer("PROVIDER", provider, "MODULE", module).Replace(`openssl_conf = init
[init]
providers = providers
[providers]
default = default_provider
pkcs11 = pkcs11_provider
[default_provider]
activate = 1
[pkcs11_provider]
module = PROVIDER
pkcs11-module-path = MODULE
activate = 1
`))
	issued := testutil.Issue(t, testutil.Certs(t).CA, keyTypes[0].key(), func(c *x509.Certificate) { c.Subject.CommonName = "of a token" })
	run := func(args ...string) {
		cmd := exec.Command(util, args...)
		cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+filepath.Join(folder, "softhsm2.conf"))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	certFile, keyFile := testutil.Files(t, issued)
	run("--init-token", "--free", "--label", "interop", "--so-pin", "1234", "--pin", "1234")
	run("--import", keyFile, "--token", "interop", "--label", "key", "--id", "01", "--pin", "1234")
	return certFile, folder
}
