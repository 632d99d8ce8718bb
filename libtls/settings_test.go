package libtls_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answers checks what a setter returns: nil for "", or a text and what kind of failure it is.
func answers(t testing.TB, err error, text string, kind error) {
	t.Helper()
	if text == "" {
		assert.NoError(t, err)
		return
	}
	assert.EqualError(t, err, text)
	assert.ErrorIs(t, err, kind)
	var e *libtls.Error
	assert.ErrorAs(t, err, &e)
}

// TestSessionID is ID-1 and ID-2.
func TestSessionID(t *testing.T) {
	c := libtls.NewConfig()
	for _, n := range []int{0, 1, 32} {
		answers(t, c.SetSessionID(make([]byte, n)), "", nil)
	}
	answers(t, c.SetSessionID(nil), "", nil)
	for _, n := range []int{33, 1 << 16} {
		answers(t, c.SetSessionID(make([]byte, n)), "session ID too large", libtls.ErrSessionIDTooLarge)
	}
}

// TestSessionLifetime is LT-1 to LT-3, and what C can't say.
func TestSessionLifetime(t *testing.T) {
	c := libtls.NewConfig()
	for _, s := range []int64{0, 4, 5, 3600, 86399, 86400} {
		answers(t, c.SetSessionLifetime(time.Duration(s)*time.Second), "", nil)
	}
	for _, d := range []time.Duration{1, time.Second, 2 * time.Second, 3 * time.Second, 4*time.Second - 1, -1, -time.Second,
		-86400 * time.Second, -1 << 63} {
		answers(t, c.SetSessionLifetime(d), "session lifetime too small", libtls.ErrSessionLifetimeTooSmall)
	}
	for _, d := range []time.Duration{86401 * time.Second, 86400*time.Second + 1, 1<<63 - 1} {
		answers(t, c.SetSessionLifetime(d), "session lifetime too large", libtls.ErrSessionLifetimeTooLarge)
	}
	answers(t, c.SetSessionLifetime(4500*time.Millisecond), "session lifetime is not whole seconds: 4.5s", libtls.ErrSessionLifetimeFraction)
}

// TestAddTicketKey is TK-1 to TK-9.
func TestAddTicketKey(t *testing.T) {
	const amount, present = "wrong amount of ticket key data", "ticket key already present"
	for _, n := range []int{0, 1, 16, 32, 47, 49, 64, 1 << 16} {
		answers(t, libtls.NewConfig().AddTicketKey(1, make([]byte, n)), amount, libtls.ErrTicketKeyLength)
	}
	answers(t, libtls.NewConfig().AddTicketKey(1, nil), amount, libtls.ErrTicketKeyLength)

	c := libtls.NewConfig()
	add := func(rev uint32, key byte, text string) {
		t.Helper()
		answers(t, c.AddTicketKey(rev, ticketKeyOf(key)), text, libtls.ErrTicketKeyPresent)
	}
	add(1, 1, "")      // TK-2
	add(1, 1, "")      // TK-3
	add(1, 2, present) // TK-4
	add(2, 1, "")      // TK-5
	add(1, 1, present) // TK-6
	add(3, 3, "")
	add(4, 4, "")
	add(1, 1, present)
	add(5, 5, "") // TK-7
	add(1, 1, "")
	add(2, 1, "")
	add(0xffffffff, 1, "") // TK-9

	c = libtls.NewConfig() // TK-8, better
	add(0, 1, "")
	add(0, 1, "")
	add(0, 2, present)
	answers(t, libtls.NewConfig().AddTicketKey(0, make([]byte, 48)), "", nil)
}

// TestTicketKeyIsCopied: what the caller does with its bytes afterwards is of no consequence.
func TestTicketKeyIsCopied(t *testing.T) {
	c := libtls.NewConfig()
	key := ticketKeyOf(1)
	require.NoError(t, c.AddTicketKey(1, key))
	clear(key)
	answers(t, c.AddTicketKey(1, key), "ticket key already present", libtls.ErrTicketKeyPresent)
	answers(t, c.AddTicketKey(1, ticketKeyOf(1)), "", nil)
}

func TestParseProtocols(t *testing.T) {
	for list, want := range map[string]libtls.Protocols{
		"all": 0x1e, "default": 0x18, "secure": 0x18, "legacy": 0x1e, "tlsv1": 0x1e, "tlsv1.0": 2, "tlsv1.1": 4, "tlsv1.2": 8,
		"tlsv1.3": 16, "all,!tlsv1.0": 0x1c, "tlsv1.2,tlsv1.3": 0x18, "tlsv1.2,!tlsv1.3": 8, "!tlsv1.3": 0xe, "TLSv1.2": 8,
		"tlsv1.2:tlsv1.3": 0x18, "!all": 0, "!tlsv1.2,tlsv1.2": 0x1e, "all,!default": 6, " tlsv1.2,\ttlsv1.3": 0x18,
	} {
		got, err := libtls.ParseProtocols(list)
		assert.NoError(t, err, list)
		assert.Equal(t, want, got, list)
	}
	for _, list := range []string{"", " tlsv1.2 , tlsv1.3 ", "!", "bogus", "tlsv1.2,bogus", "tlsv1.2,", ",tlsv1.2", "sslv3", "tlsv1.4",
		"compat", "! tlsv1.3"} {
		_, err := libtls.ParseProtocols(list)
		assert.ErrorIs(t, err, libtls.ErrInvalidProtocols, list)
		assert.EqualError(t, err, fmt.Sprintf("invalid protocols: %q", list))
	}
	for _, list := range []string{"tlsv1.0,tlsv1.3", "tlsv1.2,tlsv1.3", "tlsv1.1"} {
		p, err := libtls.ParseProtocols(list)
		require.NoError(t, err)
		assert.Equal(t, list, p.String())
	}
	assert.Empty(t, libtls.Protocols(0).String())
}

func TestSetCiphers(t *testing.T) {
	c := libtls.NewConfig()
	for _, list := range []string{"default", "secure", "compat", "legacy", "all", "insecure", "SECURE", "HIGH", "HIGH:!aNULL",
		"ECDHE+AESGCM", "bogus:HIGH", "ECDHE-ECDSA-AES128-GCM-SHA256"} {
		answers(t, c.SetCiphers(list), "", nil)
	}
	for _, list := range []string{"", "bogus", "!HIGH"} {
		answers(t, c.SetCiphers(list), "no ciphers for '"+list+"'", libtls.ErrNoCiphers)
	}
	var e *libssl.Error
	require.ErrorAs(t, c.SetCiphers("bogus"), &e, "libssl's own error is there too")
	assert.Equal(t, "SSL_CTX_set_cipher_list", e.Op)
	assert.Error(t, c.SetCiphers("a\x00b"))
}

func TestSetALPN(t *testing.T) {
	c := libtls.NewConfig()
	for _, list := range []string{"h2", "h2,http/1.1", "h2, http/1.1", strings.Repeat("x", 255), strings.Repeat("x,", 32766) + "x"} {
		answers(t, c.SetALPN(list), "", nil)
	}
	for _, list := range []string{"", ",", "h2,", ",h2", "h2,,spdy"} {
		answers(t, c.SetALPN(list), "alpn protocol with zero length", libtls.ErrALPNEmpty)
	}
	answers(t, c.SetALPN(strings.Repeat("x", 256)), "alpn protocol too long", libtls.ErrALPNTooLong)
	answers(t, c.SetALPN(strings.Repeat("x", 65534)), "alpn protocol too long", libtls.ErrALPNTooLong)
	answers(t, c.SetALPN(strings.Repeat("x", 65535)), "alpn too large", libtls.ErrALPNTooLarge)
	answers(t, c.SetALPN(strings.Repeat("x,", 40000)), "alpn too large", libtls.ErrALPNTooLarge)
}

func TestSetECDHECurves(t *testing.T) {
	c := libtls.NewConfig()
	for _, list := range []string{"default", "DEFAULT", "P-256", "P-384", "X25519", "X25519,P-256", "X25519:P-256", "X25519, P-256",
		" P-256", "prime256v1", "secp384r1", "X448"} {
		answers(t, c.SetECDHECurves(list), "", nil)
	}
	for list, bad := range map[string]string{"": "", "none": "none", "auto": "auto", "X25519 , P-256": "X25519 ", "x": "x", "P-256,x": "x",
		"P-256,": "", ",P-256": "", "P-256;P-384": "P-256;P-384", "P-256:": ""} {
		answers(t, c.SetECDHECurves(list), "invalid ecdhe curve '"+bad+"'", libtls.ErrInvalidECDHECurve)
	}
}

func TestSetDHEParams(t *testing.T) {
	c := libtls.NewConfig()
	for _, p := range []string{"none", "auto", "legacy", "NONE", "Auto"} {
		answers(t, c.SetDHEParams(p), "", nil)
	}
	for _, p := range []string{"", "bogus", "2048"} {
		answers(t, c.SetDHEParams(p), "invalid dhe param '"+p+"'", libtls.ErrInvalidDHEParam)
	}
}

// TestFiles: what becomes of files that can't be read.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	c := libtls.NewConfig()
	for kind, set := range map[string]func(string) error{
		"CA": c.SetCAFile, "certificate": c.SetCertFile, "key": c.SetKeyFile, "CRL": c.SetCRLFile, "ocsp": c.SetOCSPStapleFile,
	} {
		err := set(missing)
		answers(t, err, "failed to open "+kind+" file '"+missing+"': No such file or directory", libtls.ErrFile)
		assert.ErrorIs(t, err, fs.ErrNotExist)
		answers(t, set(dir), "failed to read "+kind+" file '"+dir+"': Is a directory", libtls.ErrFile)
	}
	cert, key := testutil.Files(t, testutil.Certs(t).Server)
	for _, set := range []func(string, string) error{c.SetKeypairFile, c.AddKeypairFile} {
		answers(t, set(missing, key), "failed to open certificate file '"+missing+"': No such file or directory", libtls.ErrFile)
		answers(t, set(cert, missing), "failed to open key file '"+missing+"': No such file or directory", libtls.ErrFile)
		assert.NoError(t, set(cert, key))
	}
	answers(t, c.AddKeypairOCSPFile(cert, key, missing), "failed to open ocsp file '"+missing+"': No such file or directory", libtls.ErrFile)
	answers(t, c.SetKeypairOCSPFile(cert, key, missing), "failed to open ocsp file '"+missing+"': No such file or directory", libtls.ErrFile)
	assert.NoError(t, c.SetKeypairOCSPFile(cert, key, cert), "it is not looked into")
	assert.NoError(t, c.AddKeypairOCSPFile(cert, key, cert))

	big := testutil.File(t, "big", nil)
	require.NoError(t, os.Truncate(big, 1<<30))
	answers(t, c.SetCAFile(big), "failed to read CA file '"+big+"': larger than 64 MiB", libtls.ErrFile)
}

// TestNoCertificate: a certificate is looked at when it is set.
func TestNoCertificate(t *testing.T) {
	key := testutil.KeyPEM(t, testutil.Certs(t).Server)
	c := libtls.NewConfig()
	for _, pem := range [][]byte{nil, {}, []byte("garbage"), key} {
		for _, err := range []error{c.SetCertMem(pem), c.SetKeypairMem(pem, key), c.AddKeypairMem(pem, key)} {
			require.Error(t, err)
			assert.ErrorIs(t, err, libtls.ErrCertificate)
			assert.Regexp(t, `^failed to load certificate: error:[0-9A-F]{8}:PEM routines:[^:]*:no start line$`, err.Error())
			var e *libssl.Error
			assert.ErrorAs(t, err, &e)
		}
	}
}

// TestUse: what is wrong with a certificate and a key together comes out when they are used.
func TestUse(t *testing.T) {
	pki := testutil.Certs(t)
	cert, key := testutil.CertPEM(pki.Server), testutil.KeyPEM(t, pki.Server)
	other, rsa := testutil.KeyPEM(t, pki.Client), testutil.KeyPEM(t, pki.ServerRSA)
	for name, test := range map[string]struct {
		set  func(c *libtls.Config)
		text string
		kind error
	}{
		"a pair":                       {func(c *libtls.Config) { c.SetKeypairMem(cert, key) }, "", nil},
		"apart":                        {func(c *libtls.Config) { c.SetKeyMem(key); c.SetCertMem(cert) }, "", nil},
		"none":                         {func(c *libtls.Config) {}, "private/public key mismatch", libtls.ErrKeyMismatch},
		"no key":                       {func(c *libtls.Config) { c.SetCertMem(cert) }, "private/public key mismatch", libtls.ErrKeyMismatch},
		"no cert":                      {func(c *libtls.Config) { c.SetKeyMem(key) }, "private/public key mismatch", libtls.ErrKeyMismatch},
		"other key":                    {func(c *libtls.Config) { c.SetKeypairMem(cert, other) }, "failed to load private key", libtls.ErrLoadPrivateKey},
		"other type":                   {func(c *libtls.Config) { c.SetKeypairMem(cert, rsa) }, "failed to load private key", libtls.ErrLoadPrivateKey},
		"garbage":                      {func(c *libtls.Config) { c.SetKeypairMem([]byte("x"), key) }, "failed to load certificate", libtls.ErrCertificate},
		"garbage key":                  {func(c *libtls.Config) { c.SetKeypairMem(cert, []byte("x")) }, "failed to read private key", libtls.ErrReadPrivateKey},
		"empty key":                    {func(c *libtls.Config) { c.SetKeypairMem(cert, nil) }, "failed to read private key", libtls.ErrReadPrivateKey},
		"added":                        {func(c *libtls.Config) { c.AddKeypairMem(cert, key) }, "private/public key mismatch", libtls.ErrKeyMismatch},
		"bad addition":                 {func(c *libtls.Config) { c.SetKeypairMem(cert, key); c.AddKeypairMem(cert, other) }, "failed to load private key", libtls.ErrLoadPrivateKey},
		"cleared":                      {func(c *libtls.Config) { c.SetKeypairMem(cert, key); c.ClearKeys() }, "private/public key mismatch", libtls.ErrKeyMismatch},
		"bad CA, clients not verified": {func(c *libtls.Config) { c.SetKeypairMem(cert, key); c.SetCAMem([]byte("x")) }, "", nil},
		"bad CA": {func(c *libtls.Config) { c.SetKeypairMem(cert, key); c.SetCAMem([]byte("x")); c.VerifyClient() },
			"ssl verify memory setup failure", libtls.ErrVerifyMemory},
		"bad CRL": {func(c *libtls.Config) { c.SetKeypairMem(cert, key); c.SetCRLMem([]byte("x")); c.VerifyClient() },
			"failed to parse crl", libtls.ErrParseCRL},
	} {
		t.Run(name, func(t *testing.T) {
			c := libtls.NewConfig()
			test.set(c)
			srv, err := libtls.NewServer(c)
			answers(t, err, test.text, test.kind)
			if err == nil {
				assert.NoError(t, srv.Close())
			}
		})
	}
}

// TestClientUse: a client is configured when it is made. It needs no certificate.
func TestClientUse(t *testing.T) {
	pki := testutil.Certs(t)
	near, _ := testutil.TCP(t)
	make := func(set func(c *libtls.Config)) error {
		c := libtls.NewConfig()
		set(c)
		_, err := libtls.Client(near, peerName, c)
		return err
	}
	assert.NoError(t, make(func(c *libtls.Config) {}))
	assert.NoError(t, make(func(c *libtls.Config) { c.SetCAPath("missing") }))
	answers(t, make(func(c *libtls.Config) { c.SetCAMem(nil) }), "ssl verify memory setup failure", libtls.ErrVerifyMemory)
	answers(t, make(func(c *libtls.Config) { c.SetCertMem(testutil.CertPEM(pki.Client)) }), "private/public key mismatch", libtls.ErrKeyMismatch)
	answers(t, make(func(c *libtls.Config) { c.SetCRLMem([]byte("x")) }), "failed to parse crl", libtls.ErrParseCRL)

	_, err := libtls.Client(near, "", nil)
	answers(t, err, "server name not specified", libtls.ErrServerNameMissing)
	_, err = libtls.Client(near, "", configured(t, does((*libtls.Config).InsecureNoVerifyName)))
	assert.NoError(t, err)
	_, err = libtls.Client(near, "a\x00b", nil)
	assert.ErrorIs(t, err, libtls.ErrServerNameIndicated)
	_, err = libtls.Client(nil, peerName, nil)
	assert.ErrorIs(t, err, libtls.ErrContext)
	_, err = libtls.Dial("tcp", "127.0.0.1:0", nil)
	assert.Error(t, err)
	_, err = libtls.NewServer(nil)
	answers(t, err, "private/public key mismatch", libtls.ErrKeyMismatch)
}

// TestErrorsAreIndependent: each failure is of its own kind.
func TestErrorsAreIndependent(t *testing.T) {
	err := libtls.NewConfig().SetSessionID(make([]byte, 33))
	assert.False(t, errors.Is(err, libtls.ErrTicketKeyLength))
}

// TestZeroConfig: it is a new one.
func TestZeroConfig(t *testing.T) {
	pki := testutil.Certs(t)
	srv := new(libtls.Config)
	require.NoError(t, srv.AddTicketKey(1, ticketKeyOf(1)))
	require.NoError(t, inFarm(srv))
	require.NoError(t, withKeypair(t, pki.Server)(srv))
	s, err := libtls.NewServer(srv)
	require.NoError(t, err)
	defer s.Close()
	c := new(libtls.Config)
	require.NoError(t, c.SetCAMem(pki.CA.PEM))
	m := meet(t, s, c).fine(t)
	assert.Equal(t, "TLSv1.3", m.client.Version())
	assert.ErrorIs(t, meet(t, s, new(libtls.Config)).clientErr, libtls.ErrCertificateVerification)
	new(libtls.Config).StrictTicketKeys()
	_, err = libtls.NewServer(new(libtls.Config))
	assert.ErrorIs(t, err, libtls.ErrKeyMismatch)
}
