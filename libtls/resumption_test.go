package libtls_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestResumption is RS-1 to RS-7 and RW-1, RW-21: TLS 1.3 resumes too.
func TestResumption(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f := aFile(t)
		c := aClient(t, version, withFile(f))
		for i := range 4 {
			m := introduced(t, srv, c, peerName)
			assert.False(t, m.client.SessionResumed())
			assert.False(t, m.server.SessionResumed())
			m.talk(t)
			assert.Equal(t, i > 0, m.fine(t).resumed)
			assert.True(t, m.client.PeerCertProvided(), "RS-19")
			m.close()
			assert.Equal(t, i > 0, m.client.SessionResumed(), "RS-2")
			assert.True(t, sessionIn(t, f).HasTicket())
		}
		for range 2 {
			assert.False(t, meet(t, srv, aClient(t, version)).fine(t).resumed, "RS-6: no file")
		}
	})
}

// TestDefaultVersions is RS-7 and RS-11.
func TestDefaultVersions(t *testing.T) {
	for _, srv := range []*libtls.Server{aServer(t, inFarm), aServer(t, inFarm, withVersion(libtls.ProtocolTLSv1_2))} {
		c := aClient(t, withFile(aFile(t)))
		assert.False(t, meet(t, srv, c).fine(t).resumed)
		assert.True(t, meet(t, srv, c).fine(t).resumed)
	}
}

// TestOtherVersion is RS-12 and RS-13: a session of TLS 1.2 at a server that has TLS 1.3 by now.
func TestOtherVersion(t *testing.T) {
	f, _ := primed(t, aServer(t, inFarm, withVersion(libtls.ProtocolTLSv1_2)))
	srv := aServer(t, inFarm)
	for _, p := range []libtls.Protocols{libtls.ProtocolsDefault, libtls.ProtocolTLSv1_3} {
		c := aClient(t, withFile(f), withVersion(p))
		m := meet(t, srv, c).fine(t)
		assert.Equal(t, "TLSv1.3", m.client.Version())
		assert.Equal(t, p == libtls.ProtocolTLSv1_3, m.resumed, "the second has what the first left")
		assert.True(t, sessionIn(t, f).HasTicket())
	}
}

// TestNoLifetime is RS-6 and TK-10: without a lifetime there is neither a ticket nor an id, and LT-5: not afterwards either.
func TestNoLifetime(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		cfg := aServerConfig(t, version, withID("farm"), withTicketKey(1))
		srv, err := libtls.NewServer(cfg)
		require.NoError(t, err)
		defer srv.Close()
		f := aFile(t)
		c := aClient(t, version, withFile(f))
		for range 2 {
			assert.False(t, meet(t, srv, c).fine(t).resumed)
			require.NoError(t, cfg.SetSessionLifetime(time.Hour))
		}
		if content := contentOf(t, f); len(content) > 0 {
			assert.False(t, sessionIn(t, f).HasTicket())
		}
	})
}

// TestFarm is TK-18 to TK-24, over the wire.
func TestFarm(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		keys := func(revs ...uint32) []setting {
			s := []setting{version, withLifetime(time.Hour), withID("farm")}
			for _, rev := range revs {
				s = append(s, withTicketKey(rev))
			}
			return s
		}
		_, session := primed(t, aServer(t, keys(1)...), version)
		for name, test := range map[string]struct {
			settings []setting
			resumed  bool
			rev      byte // of the ticket in the file then; 0 for any
		}{
			"the same":             {keys(1), true, 1},                                 // TK-19
			"zeros behind the id":  {append(keys(1), withID("farm\x00\x00")), true, 1}, // ID-3
			"another id":           {append(keys(1), withID("other")), false, 1},       // TK-20
			"a random id":          {[]setting{version, withLifetime(time.Hour), withTicketKey(1)}, false, 1},
			"other bytes":          {append(keys(), func(c *libtls.Config) error { return c.AddTicketKey(1, ticketKeyOf(9)) }), false, 1}, // TK-21
			"another revision":     {append(keys(), func(c *libtls.Config) error { return c.AddTicketKey(9, ticketKeyOf(1)) }), false, 9}, // TK-22
			"a key later":          {keys(1, 2), true, 2},                                                                                 // TK-18
			"three keys later":     {keys(1, 2, 3, 4), true, 4},                                                                           // TK-23
			"four keys later":      {keys(1, 2, 3, 4, 5), false, 5},
			"automatic keys":       {keys(), false, 0}, // TK-24
			"another certificate":  {append(keys(1), withKeypair(t, testutil.Certs(t).ServerRSA)), true, 1},
			"clients may have one": {append(keys(1), withCA(testutil.Certs(t).CA), does((*libtls.Config).VerifyClientOptional)), false, 1},
			"legacy, they may": {append(keys(1), withCA(testutil.Certs(t).CA), does((*libtls.Config).VerifyClientOptional),
				does((*libtls.Config).LegacyResumption)), true, 1},
		} {
			f := aFile(t)
			fillFile(t, f, session)
			m := meet(t, aServer(t, test.settings...), aClient(t, version, withFile(f))).fine(t)
			assert.Equal(t, test.resumed, m.resumed, name)
			if test.rev != 0 {
				assert.Equal(t, []byte{0, 0, 0, test.rev}, sessionIn(t, f).Ticket()[:4], name)
			}
		}
	})
}

// TestKeyZero is TK-8, better: revision 0 seals and opens.
func TestKeyZero(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, withLifetime(time.Hour), withTicketKey(0))
		c := aClient(t, version, withFile(aFile(t)))
		assert.False(t, meet(t, srv, c).fine(t).resumed)
		assert.True(t, meet(t, srv, c).fine(t).resumed)
	})
}

// TestKeyAddedLater is TK-11, and ID-4: a change of the id has no effect.
func TestKeyAddedLater(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		cfg := aServerConfig(t, version, inFarm)
		srv, err := libtls.NewServer(cfg)
		require.NoError(t, err)
		defer srv.Close()
		f, _ := primed(t, srv, version)
		require.NoError(t, cfg.AddTicketKey(2, ticketKeyOf(2)))
		require.NoError(t, cfg.SetSessionID([]byte("other")))
		c := aClient(t, version, withFile(f))
		assert.True(t, meet(t, srv, c).fine(t).resumed)
		assert.EqualValues(t, 2, sessionIn(t, f).Ticket()[3])
		assert.True(t, meet(t, srv, c).fine(t).resumed)
	})
}

// TestKeysWhileHandshakes is TK-30.
func TestKeysWhileHandshakes(t *testing.T) {
	cfg := aServerConfig(t, inFarm)
	srv, err := libtls.NewServer(cfg)
	require.NoError(t, err)
	defer srv.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for rev := uint32(2); ; rev++ {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, cfg.AddTicketKey(rev, ticketKeyOf(byte(rev))))
				assert.NoError(t, cfg.SetSessionLifetime(time.Hour+time.Duration(rev%100)*time.Second))
			}
		}
	})
	c := aClient(t, withFile(aFile(t)))
	for range 20 {
		meet(t, srv, c).fine(t).close()
	}
	close(stop)
	wg.Wait()
}

// TestConfigWhileUsed: a Config may be changed while clients and servers are made from it.
func TestConfigWhileUsed(t *testing.T) {
	f := aFile(t)
	cfg := aServerConfig(t, inFarm, withCA(testutil.Certs(t).CA), withFile(f))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, cfg.SetVerifyDepth(6+n%2))
				assert.NoError(t, cfg.SetALPN("h2"))
				cfg.PreferCiphersClient()
				assert.NoError(t, cfg.SetSessionFile(nil))
				assert.NoError(t, cfg.SetSessionFile(f))
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			for range 8 {
				srv, err := libtls.NewServer(cfg)
				if assert.NoError(t, err) {
					assert.NoError(t, handshakesOver(t, srv, cfg))
					srv.Close()
				}
			}
		})
	}
	time.AfterFunc(200*time.Millisecond, func() { close(stop) })
	wg.Wait()
}

func handshakesOver(t testing.TB, srv *libtls.Server, cli *libtls.Config) error {
	near, far := testutil.TCP(t)
	server, err := srv.Accept(far)
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := libtls.Client(near, peerName, cli)
	if err != nil {
		return err
	}
	defer client.Close()
	done := make(chan error, 1)
	go func() { done <- chat(server, false) }()
	return errors.Join(chat(client, true), <-done)
}

// TestOtherTrust is RS-14, better: a session is not offered under other trust than it was made under. LegacyResumption
// has libtls' way.
func TestOtherTrust(t *testing.T) {
	pki := testutil.Certs(t)
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		_, session := primed(t, srv, version)
		crl := testutil.CRL(t, pki.CA, 1, time.Now().Add(time.Hour))
		for name, test := range map[string]struct {
			settings []setting
			legacy   bool // what LegacyResumption makes of it
		}{
			"another authority":    {[]setting{withCA(pki.OtherCA)}, true},
			"another depth":        {[]setting{func(c *libtls.Config) error { return c.SetVerifyDepth(0) }}, true},
			"a CRL":                {[]setting{func(c *libtls.Config) error { return c.SetCRLMem(crl) }}, true},
			"a staple is required": {[]setting{does((*libtls.Config).OCSPRequireStapling)}, true},
			"no name is checked":   {[]setting{does((*libtls.Config).InsecureNoVerifyName)}, true},
			"no time is checked":   {[]setting{does((*libtls.Config).InsecureNoVerifyTime)}, true},
		} {
			f := aFile(t)
			fillFile(t, f, session)
			settings := append([]setting{version, withFile(f)}, test.settings...)
			assert.False(t, meet(t, srv, aClient(t, settings...)).resumed, name)
			fillFile(t, f, session)
			m := meet(t, srv, aClient(t, append(settings, does((*libtls.Config).LegacyResumption))...)).fine(t)
			assert.Equal(t, test.legacy, m.resumed, name)
		}
		f := aFile(t)
		fillFile(t, f, session)
		m := meet(t, srv, configured(t, version, withFile(f), withCA(pki.OtherCA)))
		assert.ErrorIs(t, m.clientErr, libtls.ErrCertificateVerification)
		assert.Equal(t, session, contentOf(t, f), "the session stays for those who may use it")
		assert.True(t, meet(t, srv, aClient(t, version, withFile(f))).fine(t).resumed)
	})
}

// TestOtherName is RS-16, better: a session with one server is not even offered to another.
func TestOtherName(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f, _ := primed(t, srv, version)
		const text = "name `nope.example' not present in server certificate"
		legacy := does((*libtls.Config).LegacyResumption)
		m := meetAs(t, srv, aClient(t, version, withFile(f)), "nope.example")
		answers(t, m.clientErr, text, libtls.ErrNameNotPresent)
		m = meetAs(t, srv, aClient(t, version, withFile(f), legacy), "nope.example")
		answers(t, m.clientErr, text, libtls.ErrNameNotPresent)
		assert.False(t, m.client.SessionResumed(), "RS-4")
		assert.False(t, meetAs(t, srv, aClient(t, version, withFile(f)), "a.test").fine(t).resumed)
		f, _ = primed(t, srv, version)
		assert.True(t, meetAs(t, srv, aClient(t, version, withFile(f), legacy), "a.test").fine(t).resumed)
		f, _ = primed(t, srv, version)
		assert.True(t, meetAs(t, srv, aClient(t, version, withFile(f)), "LOCALHOST").fine(t).resumed, "case does not matter")
	})
}

// TestMadeWithoutVerification is RS-15, better.
func TestMadeWithoutVerification(t *testing.T) {
	unverified := func(c *libtls.Config) error {
		c.InsecureNoVerifyCert()
		c.InsecureNoVerifyName()
		return nil
	}
	legacy := does((*libtls.Config).LegacyResumption)
	pki := testutil.Certs(t)
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f, session := primed(t, srv, version, unverified)
		m := meet(t, srv, configured(t, version, withFile(f), withCA(pki.OtherCA)))
		assert.EqualError(t, m.clientErr, "certificate verification failed: "+libcryptoText(t, pki.OtherCA))
		assert.False(t, meet(t, srv, aClient(t, version, withFile(f))).fine(t).resumed)
		assert.True(t, meet(t, srv, aClient(t, version, withFile(f))).fine(t).resumed, "by now it is one that was verified")

		fillFile(t, f, session)
		assert.True(t, meet(t, srv, configured(t, version, withFile(f), unverified)).fine(t).resumed, "there is nothing to skip")
		assert.False(t, meet(t, srv, aClient(t, version, withFile(f))).fine(t).resumed, "resumption does not verify it")

		fillFile(t, f, session)
		assert.True(t, meet(t, srv, configured(t, version, withFile(f), withCA(pki.OtherCA), legacy)).fine(t).resumed)
		assert.False(t, meet(t, srv, configured(t, version, withFile(f), withCA(pki.OtherCA))).resumed, "nor does LegacyResumption launder it")
	})
}

// libcryptoText is what libcrypto says of our server's certificate under an authority that did not issue it.
func libcryptoText(t *testing.T, ca *testutil.Authority) string {
	t.Helper()
	ctx, err := libssl.NewCtx(libssl.TLSClientMethod)
	require.NoError(t, err)
	defer ctx.Close()
	require.NoError(t, ctx.AddRootCAs(ca.PEM))
	var v *libssl.VerifyError
	require.ErrorAs(t, ctx.VerifyCertificate([]*x509.Certificate{testutil.Certs(t).Server.Leaf}, libssl.PurposeSSLServer), &v)
	return v.Text
}

// unmarked is a session as another program than this package makes it: the same, without the mark.
func unmarked(t *testing.T, srv *libtls.Server, verify bool) []byte {
	t.Helper()
	ctx, err := libssl.NewCtx(libssl.TLSClientMethod)
	require.NoError(t, err)
	defer ctx.Close()
	if verify {
		require.NoError(t, ctx.AddRootCAs(testutil.Certs(t).CA.PEM))
		ctx.SetVerify(libssl.VerifyPeer, nil)
	}
	near, far := testutil.TCP(t)
	server, err := srv.Accept(far)
	require.NoError(t, err)
	client, err := libssl.Client(near, ctx)
	require.NoError(t, err)
	defer client.Close()
	defer server.Close()
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	sess, err := client.AwaitSession(t.Context())
	require.NoError(t, err)
	require.NoError(t, <-done)
	text, err := sess.MarshalText()
	require.NoError(t, err)
	return text
}

// TestForeignSession: the session of another program is offered if the certificate in it would pass now, whatever that
// program verified; else there is a full handshake.
func TestForeignSession(t *testing.T) {
	pki := testutil.Certs(t)
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f := aFile(t)
		for _, verified := range []bool{true, false} {
			session := unmarked(t, srv, verified)
			for name, test := range map[string]struct {
				settings []setting
				name     string
				resumed  bool
			}{
				"the authority":        {[]setting{withCA(pki.CA)}, peerName, true},
				"another authority":    {[]setting{withCA(pki.OtherCA)}, peerName, false},
				"another name":         {[]setting{withCA(pki.CA)}, "nope.example", false},
				"a staple is required": {[]setting{withCA(pki.CA), does((*libtls.Config).OCSPRequireStapling)}, peerName, false},
				"a CRL": {[]setting{withCA(pki.CA), func(c *libtls.Config) error {
					return c.SetCRLMem(testutil.CRL(t, pki.CA, 1, time.Now().Add(time.Hour), pki.Server.Leaf))
				}}, peerName, false},
				"another CRL": {[]setting{withCA(pki.CA), func(c *libtls.Config) error {
					return c.SetCRLMem(testutil.CRL(t, pki.CA, 1, time.Now().Add(time.Hour), pki.Client.Leaf))
				}}, peerName, true},
				"name only":           {[]setting{does((*libtls.Config).InsecureNoVerifyCert)}, peerName, true},
				"name only, another":  {[]setting{does((*libtls.Config).InsecureNoVerifyCert)}, "nope.example", false},
				"legacy, another one": {[]setting{withCA(pki.OtherCA), does((*libtls.Config).LegacyResumption)}, peerName, true},
			} {
				fillFile(t, f, session)
				m := meetAs(t, srv, configured(t, append(test.settings, version, withFile(f))...), test.name)
				assert.Equal(t, test.resumed, m.resumed, name)
			}
			fillFile(t, f, session)
			c := aClient(t, version, withFile(f))
			for range 2 {
				assert.True(t, meet(t, srv, c).fine(t).resumed, "again and again")
			}
		}
	})
}

// TestExpiredCertificate: a session outlives the certificate that it was made with no more than a handshake would.
func TestExpiredCertificate(t *testing.T) {
	pki := testutil.Certs(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	expired := testutil.Issue(t, pki.CA, key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm, withKeypair(t, expired))
		timeless := does((*libtls.Config).InsecureNoVerifyTime)
		f, _ := primed(t, srv, version, timeless)
		assert.True(t, meet(t, srv, aClient(t, version, withFile(f), timeless)).fine(t).resumed)
		m := meet(t, srv, aClient(t, version, withFile(f)))
		answers(t, m.clientErr, "certificate verification failed: certificate has expired", libtls.ErrCertificateVerification)
		fillFile(t, f, unmarked(t, srv, false))
		assert.ErrorIs(t, meet(t, srv, aClient(t, version, withFile(f))).clientErr, libtls.ErrCertificateVerification)
	})
}

// TestTrustThatEnds: a session is not offered when a full handshake would fail by now, though the settings are the same.
func TestTrustThatEnds(t *testing.T) {
	pki := testutil.Certs(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	now := time.Now()
	before := now.Add(-30 * time.Second)
	expired := testutil.Issue(t, pki.CA, key, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) })
	staleList := testutil.CRL(t, pki.CA, 1, now.Add(-time.Second))
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), pki.CA.PEM, 0o600))
		testutil.Run(t, nil, "rehash", dir)
		for name, test := range map[string]struct {
			server, client setting
			meanwhile      func()
			text           string
		}{
			"the certificate expires": {withKeypair(t, expired), withCA(pki.CA), func() {}, "certificate has expired"},
			"the list expires": {inFarm, func(c *libtls.Config) error {
				return errors.Join(c.SetCAMem(pki.CA.PEM), c.SetCRLMem(staleList))
			}, func() {}, "CRL has expired"},
			"the authority leaves the directory": {inFarm, func(c *libtls.Config) error { return c.SetCAPath(dir) }, func() {
				require.NoError(t, os.RemoveAll(dir))
			}, "unable to get local issuer certificate"},
		} {
			srv := aServer(t, inFarm, version, test.server)
			f := aFile(t)
			c := configured(t, version, withFile(f), test.client)
			require.NoError(t, libtls.VerifyAt(c, before))
			assert.False(t, meet(t, srv, c).fine(t).resumed, name)
			assert.True(t, meet(t, srv, c).fine(t).resumed, name)
			session := contentOf(t, f)
			test.meanwhile()
			m := meet(t, srv, configured(t, version, withFile(f), test.client))
			answers(t, m.clientErr, "certificate verification failed: "+test.text, libtls.ErrCertificateVerification)
			assert.Equal(t, session, contentOf(t, f), name)
			c = configured(t, version, withFile(f), test.client, does((*libtls.Config).LegacyResumption))
			assert.True(t, meet(t, srv, c).fine(t).resumed, name)
		}
	})
}

// TestIntermediateInSession: below an intermediate authority a session is resumed, again and again, by a client that
// trusts the root alone, if it has made the session itself.
func TestIntermediateInSession(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm, withKeypair(t, testutil.Certs(t).ServerChain))
		f, _ := primed(t, srv, version)
		c := aClient(t, version, withFile(f))
		for range 3 {
			assert.True(t, meet(t, srv, c).fine(t).resumed)
		}
		fillFile(t, f, unmarked(t, srv, true))
		assert.False(t, meet(t, srv, c).fine(t).resumed, "what another program leaves has no intermediate in it")
		assert.True(t, meet(t, srv, c).fine(t).resumed)
	})
}

// TestClientCertificateExpired: a server that verifies clients does not take up a ticket whose certificate has expired.
func TestClientCertificateExpired(t *testing.T) {
	pki := testutil.Certs(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	expired := withKeypair(t, testutil.Issue(t, pki.CA, key, func(c *x509.Certificate) {
		c.NotAfter = time.Now().Add(-time.Second)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}))
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		for name, test := range map[string]struct {
			settings []setting
			resumed  bool
		}{
			"required":            {[]setting{does((*libtls.Config).VerifyClient)}, false},
			"optional":            {[]setting{does((*libtls.Config).VerifyClientOptional)}, false},
			"time is not checked": {[]setting{does((*libtls.Config).VerifyClient), does((*libtls.Config).InsecureNoVerifyTime)}, true},
			"nothing is checked":  {[]setting{does((*libtls.Config).VerifyClient), does((*libtls.Config).InsecureNoVerifyCert)}, true},
			"legacy":              {[]setting{does((*libtls.Config).VerifyClient), does((*libtls.Config).LegacyResumption)}, true},
		} {
			cfg := aServerConfig(t, append(test.settings, version, inFarm, withCA(pki.CA))...)
			timeless, err := libtls.NewTimelessServer(cfg)
			require.NoError(t, err)
			defer timeless.Close()
			f, session := primed(t, timeless, version, expired)
			srv, err := libtls.NewServer(cfg)
			require.NoError(t, err)
			defer srv.Close()
			m := meet(t, srv, aClient(t, version, withFile(f), expired))
			if test.resumed {
				assert.True(t, m.fine(t).resumed, name)
				continue
			}
			answers(t, m.serverErr, "certificate verification failed: certificate has expired", libtls.ErrCertificateVerification)
			fillFile(t, f, session)
			valid := aClient(t, version, withFile(f), withKeypair(t, pki.Client))
			assert.False(t, meet(t, srv, valid).fine(t).resumed, name)
			assert.True(t, meet(t, srv, valid).fine(t).resumed, name)
			require.NoError(t, cfg.AddTicketKey(2, ticketKeyOf(2)))
			assert.True(t, meet(t, srv, valid).fine(t).resumed, name)
			assert.EqualValues(t, 2, sessionIn(t, f).Ticket()[3], "replaced, as without a look at certificates")
		}
	})
}

// TestClientCertificateInTicket is RS-17: who resumes need not show the certificate again.
func TestClientCertificateInTicket(t *testing.T) {
	pki := testutil.Certs(t)
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm, withCA(pki.CA), does((*libtls.Config).VerifyClient))
		f := aFile(t)
		m := meet(t, srv, aClient(t, version, withFile(f), withKeypair(t, pki.Client))).fine(t)
		assert.True(t, m.server.PeerCertProvided())
		m = meet(t, srv, aClient(t, version, withFile(f))).fine(t)
		assert.True(t, m.resumed)
		assert.True(t, m.server.PeerCertProvided())
	})
}

// TestClientCertificateRequired is RS-18, better: a session that a server made without asking for a certificate is not
// resumed by one that requires it, though they share id and keys.
func TestClientCertificateRequired(t *testing.T) {
	pki := testutil.Certs(t)
	requires := []setting{inFarm, withCA(pki.CA), does((*libtls.Config).VerifyClient)}
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		lax := aServer(t, version, inFarm)
		_, session := primed(t, lax, version)
		f := aFile(t)
		try := func(cert *testutil.Authority, settings ...setting) *meeting {
			fillFile(t, f, session)
			c := aClient(t, version, withFile(f))
			if cert != nil {
				require.NoError(t, withKeypair(t, pki.Client)(c))
			}
			return meet(t, aServer(t, append(append([]setting{version}, requires...), settings...)...), c)
		}
		m := try(nil)
		assert.Error(t, m.serverErr)
		assert.False(t, m.server.SessionResumed())
		m = try(pki.CA).fine(t)
		assert.False(t, m.resumed)
		assert.True(t, m.server.PeerCertProvided())
		m = try(nil, does((*libtls.Config).LegacyResumption)).fine(t)
		assert.True(t, m.resumed)
		assert.False(t, m.server.PeerCertProvided())

		// Servers that verify alike resume each other's sessions; others do not.
		f, session = primed(t, aServer(t, append(requires, version)...), version, withKeypair(t, pki.Client))
		assert.True(t, try(nil).fine(t).resumed)
		assert.Error(t, try(nil, func(c *libtls.Config) error { return c.SetVerifyDepth(1) }).serverErr)
		assert.Error(t, try(nil, withCA(pki.OtherCA)).serverErr)
		assert.False(t, try(nil, does((*libtls.Config).VerifyClientOptional)).fine(t).resumed)
	})
}

// TestExpiredTicket is RS-20: no error, and a new session. RS-21 is another server's session.
func TestExpiredTicket(t *testing.T) {
	t.Parallel()
	srv := aServer(t, withVersion(libtls.ProtocolTLSv1_2), withLifetime(time.Hour))
	f, session := primed(t, srv)
	sess, err := libssl.ParseSessionPEM(session)
	require.NoError(t, err)
	c := aClient(t, withFile(f))
	other := aServer(t, withLifetime(time.Hour), withVersion(libtls.ProtocolTLSv1_2))
	assert.False(t, meet(t, other, c).fine(t).resumed)
	assert.False(t, bytes.Equal(sess.Ticket(), sessionIn(t, f).Ticket()))
	assert.True(t, meet(t, other, c).fine(t).resumed)
}

// TestHint is TK-25.
func TestHint(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		for _, d := range []time.Duration{4 * time.Second, time.Hour, 24 * time.Hour} {
			f, _ := primed(t, aServer(t, version, withLifetime(d)), version)
			assert.Equal(t, d, sessionIn(t, f).TicketLifetimeHint())
		}
	})
}

// TestSharedBetweenProcesses: what one has written the other reads, whichever has opened the file when.
func TestSharedBetweenProcesses(t *testing.T) {
	srv := aServer(t, inFarm)
	f := aFile(t)
	early := openedFile(t, f.Name(), os.O_RDWR)
	meet(t, srv, aClient(t, withFile(f))).fine(t)
	assert.True(t, meet(t, srv, aClient(t, withFile(early))).fine(t).resumed)
	late := openedFile(t, f.Name(), os.O_RDWR)
	assert.True(t, meet(t, srv, aClient(t, withFile(late))).fine(t).resumed)
}
