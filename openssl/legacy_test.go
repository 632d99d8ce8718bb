package openssl_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/openssl"
)

// What changes a process for good is done in one of its own: the test binary again, with the name of what it is to do.
const legacyChild = "LIBSSL_TEST_LEGACY_CHILD"

var legacyChildren = map[string]func() error{
	"legacy algorithms":       legacyAlgorithms,
	"no legacy provider":      noLegacyProvider,
	"properties that change":  propertiesThatChange,
	"no FIPS provider":        noFIPSProvider,
	"the process is the same": processIsTheSame,
}

func init() {
	child := legacyChildren[os.Getenv(legacyChild)]
	if child == nil {
		return
	}
	if err := child(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runLegacyChild(t *testing.T, name string, env ...string) {
	t.Helper()
	require.Contains(t, legacyChildren, name)
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), legacyChild+"="+name, "OPENSSL_CONF=/dev/null"), env...)
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

func hasProviders() bool { return libssl.VersionNumber() >= 0x30000000 }

// firstError returns the first error of what is not true.
func firstError(claims map[string]bool) error {
	for what, holds := range claims {
		if !holds {
			return errors.New("not so: " + what)
		}
	}
	return nil
}

func TestLegacyAlgorithms(t *testing.T) { runLegacyChild(t, "legacy algorithms") }

func legacyAlgorithms() error {
	_, err := openssl.MD4(nil)
	_, hash := openssl.NewMD4Hash()
	_, rc4 := openssl.GetCipherByName("rc4")
	_, digest := openssl.GetDigestByName("md4")
	// HMAC does not find it there.
	_, hmac := openssl.NewHMAC([]byte("key"), openssl.EVP_MD4)
	if hasProviders() == errors.Is(hmac, libssl.ErrUnsupported) {
		hmac = nil
	} else {
		hmac = fmt.Errorf("HMAC with MD4: %w", hmac)
	}
	return errors.Join(err, hash, rc4, digest, hmac)
}

// The legacy provider is there for what nobody else has, and not for the rest of the process.
func TestLegacyProviderStaysApart(t *testing.T) { runLegacyChild(t, "the process is the same") }

func processIsTheSame() error {
	if err := legacyAlgorithms(); err != nil {
		return err
	}
	return firstError(map[string]bool{
		"no legacy provider is available": !libssl.ProviderAvailable("legacy"),
		"the default provider is":         libssl.ProviderAvailable("default") == hasProviders(),
	})
}

// Without a legacy provider there is an error that says so.
func TestNoLegacyProvider(t *testing.T) {
	runLegacyChild(t, "no legacy provider", "OPENSSL_MODULES="+t.TempDir())
}

func noLegacyProvider() error {
	if !hasProviders() {
		return legacyAlgorithms()
	}
	for range 2 { // the second time for the same reason
		_, md4 := openssl.MD4(nil)
		_, hash := openssl.NewMD4Hash()
		_, rc4 := openssl.GetCipherByName("rc4")
		_, sha1 := openssl.SHA1(nil)
		for what, err := range map[string]error{"openssl: md4: cannot init digest ctx: MD4: ": md4, "openssl: md4: cannot init digest ctx: MD4": hash, "Cipher rc4 not found: rc4: ": rc4} {
			var e *libssl.Error
			switch {
			case !errors.Is(err, libssl.ErrUnsupported) || !errors.As(err, &e):
				return fmt.Errorf("%s: not unsupported: %v", what, err)
			case !strings.HasPrefix(err.Error(), what) || !strings.Contains(err.Error(), "name=legacy"):
				return fmt.Errorf("%s: no word of why: %v", what, err)
			}
		}
		if sha1 != nil {
			return sha1
		}
	}
	return nil
}

// What was fetched before is not used once something else is asked for.
func TestPropertiesThatChange(t *testing.T) {
	runLegacyChild(t, "properties that change")
}

func propertiesThatChange() error {
	if !hasProviders() {
		return nil
	}
	all := func() []error {
		_, md4 := openssl.MD4(nil)
		_, sha256 := openssl.SHA256(nil)
		_, hmac := openssl.NewHMAC(nil, openssl.EVP_SHA256)
		_, gcm := openssl.NewGCMEncryptionCipherCtx(128, nil, make([]byte, 16), make([]byte, 12))
		return []error{md4, sha256, hmac, gcm}
	}
	if err := errors.Join(all()...); err != nil {
		return err
	}
	if err := libssl.SetDefaultProperties("fips=yes"); err != nil {
		return err
	}
	for i, err := range all() { // nobody has them, and the legacy provider is not asked
		if !errors.Is(err, libssl.ErrUnsupported) {
			return fmt.Errorf("%d: %v", i, err)
		}
	}
	if err := libssl.SetDefaultProperties(""); err != nil {
		return err
	}
	return errors.Join(all()...)
}

func TestFIPSModeSet(t *testing.T) {
	runLegacyChild(t, "no FIPS provider", "OPENSSL_MODULES="+t.TempDir())
}

func noFIPSProvider() error {
	if err := openssl.FIPSModeSet(false); err != nil {
		return err
	}
	err := openssl.FIPSModeSet(true)
	if err == nil || !strings.HasPrefix(err.Error(), "SSL errors: ") {
		return fmt.Errorf("there is no FIPS provider, and FIPSModeSet said: %v", err)
	}
	if !hasProviders() && !errors.Is(err, libssl.ErrUnsupported) {
		return err
	}
	_, err = openssl.SHA256(nil)
	return err
}
