package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What else can be wrong with a certificate (X509_V_ERR_…).
const (
	certNoCRL         = 3
	certNotYetValid   = 9
	certExpired       = 10
	certCRLExpired    = 12
	certSelfSigned    = 18
	certChainTooLong  = 22
	certRevoked       = 23
	certOfBadPurpose  = 26
	certHostMismatch  = 62
	certEmailMismatch = 63
	certIPMismatch    = 64
)

// A verification is a peer's certificate and how it is looked at. It is the same for a server that verifies its
// client, as far as names are none of it.
type verification struct {
	name string
	cert func(t testing.TB) tls.Certificate
	ctx  func(t testing.TB, c *libssl.Ctx)
	ssl  func(t testing.TB, c *libssl.Conn)
	code int // what is wrong; 0 is nothing
}

func newKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

// issue returns what issues a certificate of CA.
func issue(change func(*x509.Certificate)) func(testing.TB) tls.Certificate {
	return func(t testing.TB) tls.Certificate { return testutil.Issue(t, testutil.Certs(t).CA, newKey(), change) }
}

// below returns what issues a certificate of an intermediate of CA; send says whether the intermediate is sent too.
func below(t testing.TB, levels int, send bool) (tls.Certificate, *testutil.Authority) {
	ca := testutil.Certs(t).CA
	var chain [][]byte
	for i := range levels {
		ca = testutil.NewAuthority(t, fmt.Sprintf("level %d", i), ca)
		chain = append([][]byte{ca.Cert.Raw}, chain...)
	}
	cert := testutil.Issue(t, ca, newKey(), nil)
	if send {
		cert.Certificate = append(cert.Certificate, chain...)
	}
	return cert, ca
}

func TestVerification(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	good := issue(nil)
	deep, _ := below(t, 2, true)
	orphan, mid := below(t, 1, false)
	revoked := testutil.Issue(t, certs.CA, newKey(), nil)
	hour := time.Now().Add(time.Hour)
	crl := testutil.CRL(t, certs.CA, 1, hour, revoked.Leaf)
	the := func(cert tls.Certificate) func(testing.TB) tls.Certificate {
		return func(testing.TB) tls.Certificate { return cert }
	}
	withCRL := func(pem []byte) func(testing.TB, *libssl.Ctx) {
		return func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.AddCRLs(pem))
			assert.NotZero(t, c.SetVerifyFlags(libssl.VerifyFlagCRLCheck)&libssl.VerifyFlagCRLCheck)
		}
	}
	expired := issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	old := time.Now().Add(-time.Hour)
	for _, tt := range []verification{
		{name: "good", cert: good},
		{name: "expired", cert: expired, code: certExpired},
		{name: "expired, at an earlier time", cert: expired, ctx: func(_ testing.TB, c *libssl.Ctx) { c.SetVerifyTime(old) }},
		{name: "expired, at an earlier time for one", cert: expired, ssl: func(_ testing.TB, c *libssl.Conn) { c.SetVerifyTime(old) }},
		{name: "expired, and time back to now", cert: expired, code: certExpired, ctx: func(_ testing.TB, c *libssl.Ctx) {
			c.SetVerifyTime(old)
			c.SetVerifyTime(time.Time{})
		}},
		{name: "expired, no matter", cert: expired, ctx: func(_ testing.TB, c *libssl.Ctx) { c.SetVerifyFlags(libssl.VerifyFlagNoCheckTime) }},
		{name: "expired, no matter for one", cert: expired, ssl: func(_ testing.TB, c *libssl.Conn) { c.SetVerifyFlags(libssl.VerifyFlagNoCheckTime) }},
		{name: "expired, and the flag cleared", cert: expired, code: certExpired, ctx: func(_ testing.TB, c *libssl.Ctx) {
			c.SetVerifyFlags(libssl.VerifyFlagNoCheckTime)
			assert.Zero(t, c.ClearVerifyFlags(libssl.VerifyFlagNoCheckTime)&libssl.VerifyFlagNoCheckTime)
		}},
		{name: "expired, and the flag cleared for one", cert: expired, code: certExpired, ctx: func(_ testing.TB, c *libssl.Ctx) {
			c.SetVerifyFlags(libssl.VerifyFlagNoCheckTime)
		}, ssl: func(t testing.TB, c *libssl.Conn) {
			assert.NotZero(t, c.VerifyFlags()&libssl.VerifyFlagNoCheckTime)
			assert.Zero(t, c.ClearVerifyFlags(libssl.VerifyFlagNoCheckTime)&libssl.VerifyFlagNoCheckTime)
		}},
		{name: "not yet valid", cert: issue(func(c *x509.Certificate) { c.NotBefore = hour }), code: certNotYetValid},
		{name: "of another CA", cert: the(testutil.Issue(t, certs.OtherCA, newKey(), nil)), code: certNoLocalIssuer},
		{name: "of another CA that is added", cert: the(testutil.Issue(t, certs.OtherCA, newKey(), nil)), ctx: func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.AddRootCAs(certs.OtherCA.PEM))
		}},
		{name: "of a CA that is no longer trusted", cert: good, code: certNoLocalIssuer, ctx: func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.SetVerifyRoots(certs.OtherCA.PEM))
		}},
		{name: "of a CA that one connection does not trust", cert: good, code: certNoLocalIssuer, ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetVerifyRoots(certs.OtherCA.PEM))
		}},
		{name: "of another CA that one connection trusts", cert: the(testutil.Issue(t, certs.OtherCA, newKey(), nil)), ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetVerifyRoots(certs.OtherCA.PEM))
		}},
		{name: "of roots in one text", cert: good, ctx: func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.SetVerifyRoots(slices.Concat(certs.OtherCA.PEM, []byte("words\n"), certs.CA.PEM)))
		}},
		{name: "self-signed", cert: the(certs.SelfSigned), code: certSelfSigned},
		{name: "for other purposes", cert: issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }), code: certOfBadPurpose},
		{name: "for other purposes, any will do", cert: issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }),
			ctx: func(t testing.TB, c *libssl.Ctx) { require.NoError(t, c.SetPurpose(libssl.PurposeAny)) }},
		{name: "for other purposes, any will do for one", cert: issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }),
			ssl: func(t testing.TB, c *libssl.Conn) { require.NoError(t, c.SetPurpose(libssl.PurposeAny)) }},
		{name: "without its intermediate", cert: the(orphan), code: certNoLocalIssuer},
		{name: "without its intermediate, which is trusted", cert: the(orphan), ctx: func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.AddRootCAs(mid.PEM))
		}},
		{name: "only the intermediate is trusted", cert: the(orphan), code: 2, ctx: func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.SetVerifyRoots(mid.PEM))
		}},
		{name: "only the intermediate is trusted, which will do", cert: the(orphan), ctx: func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.SetVerifyRoots(mid.PEM))
			c.SetVerifyFlags(libssl.VerifyFlagPartialChain)
		}},
		{name: "a deep chain", cert: the(deep)},
		{name: "too deep a chain", cert: the(deep), code: certChainTooLong, ctx: func(t testing.TB, c *libssl.Ctx) {
			c.SetVerifyDepth(1)
			assert.Equal(t, 1, c.VerifyDepth())
		}},
		{name: "too deep a chain for one", cert: the(deep), code: certChainTooLong, ssl: func(t testing.TB, c *libssl.Conn) {
			c.SetVerifyDepth(1)
			assert.Equal(t, 1, c.VerifyDepth())
		}},
		{name: "just deep enough", cert: the(deep), ctx: func(_ testing.TB, c *libssl.Ctx) { c.SetVerifyDepth(2) }},
		{name: "not revoked", cert: good, ctx: withCRL(crl)},
		{name: "revoked", cert: the(revoked), code: certRevoked, ctx: withCRL(crl)},
		{name: "revoked, and nobody looks", cert: the(revoked), ctx: func(t testing.TB, c *libssl.Ctx) { require.NoError(t, c.AddCRLs(crl)) }},
		{name: "revoked by a newer list", cert: the(revoked), code: certRevoked, ctx: withCRL(slices.Concat(testutil.CRL(t, certs.CA, 0, hour), crl))},
		{name: "no list", cert: good, code: certNoCRL, ctx: func(_ testing.TB, c *libssl.Ctx) { c.SetVerifyFlags(libssl.VerifyFlagCRLCheck) }},
		{name: "no list for one", cert: good, code: certNoCRL, ssl: func(_ testing.TB, c *libssl.Conn) { c.SetVerifyFlags(libssl.VerifyFlagCRLCheck) }},
		{name: "a list of another CA", cert: good, code: certNoCRL, ctx: withCRL(testutil.CRL(t, certs.OtherCA, 1, hour))},
		{name: "an expired list", cert: good, code: certCRLExpired, ctx: withCRL(testutil.CRL(t, certs.CA, 1, time.Now().Add(-time.Hour)))},
		{name: "no list for the intermediate", cert: the(deep), code: certNoCRL, ctx: func(t testing.TB, c *libssl.Ctx) {
			require.NoError(t, c.AddCRLs(crl))
			c.SetVerifyFlags(libssl.VerifyFlagCRLCheck | libssl.VerifyFlagCRLCheckAll)
		}},
		{name: "one connection does not verify", cert: expired, code: -certExpired, ssl: func(t testing.TB, c *libssl.Conn) {
			assert.Equal(t, libssl.VerifyPeer, c.VerifyMode()&libssl.VerifyPeer)
			c.SetVerify(libssl.VerifyNone, nil)
			assert.Equal(t, libssl.VerifyNone, c.VerifyMode())
		}},
		{name: "one connection has a callback of its own", cert: good, code: certRefused, ssl: func(_ testing.TB, c *libssl.Conn) {
			c.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
				if v.Depth() == 0 {
					return errOwn
				}
				return v.Err()
			})
		}},
		{name: "the address", cert: good, ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetVerifyIP(netip.MustParseAddr("::1")))
		}},
		{name: "another address", cert: good, code: certIPMismatch, ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetVerifyIP(netip.MustParseAddr("192.0.2.1")))
		}},
		{name: "the e-mail address", cert: issue(func(c *x509.Certificate) { c.EmailAddresses = []string{"ann@example.test"} }), ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetVerifyEmail("ann@example.test"))
		}},
		{name: "another e-mail address", cert: issue(func(c *x509.Certificate) { c.EmailAddresses = []string{"ann@example.test"} }), code: certEmailMismatch, ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetVerifyEmail("bob@example.test"))
		}},
		{name: "the name", cert: good, ssl: func(t testing.TB, c *libssl.Conn) { require.NoError(t, c.SetHost("a.test")) }},
		{name: "another name", cert: good, code: certHostMismatch, ssl: func(t testing.TB, c *libssl.Conn) { require.NoError(t, c.SetHost("c.test")) }},
		{name: "one of two names", cert: good, ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetHost("c.test"))
			require.NoError(t, c.AddHost("b.test"))
		}},
		{name: "the last name set", cert: good, code: certHostMismatch, ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.AddHost("b.test"))
			require.NoError(t, c.SetHost("c.test"))
		}},
		{name: "a wildcard", cert: good, ssl: func(t testing.TB, c *libssl.Conn) { require.NoError(t, c.SetHost("x.example.test")) }},
		{name: "no wildcards", cert: good, code: certHostMismatch, ssl: func(t testing.TB, c *libssl.Conn) {
			require.NoError(t, c.SetHost("x.example.test"))
			c.SetHostFlags(libssl.HostNoWildcards)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
				for _, atClient := range []bool{false, true} {
					tt.run(t, mode, atClient)
				}
			}
		})
	}
}

var errOwn = errors.New("the connection's own")

func (v verification) run(t *testing.T, mode pair.Mode, atClient bool) {
	st := newStage(t, place{atClient: atClient, set: func(testing.TB, *stage) {}}, mode)
	cert := v.cert(t)
	require.NoError(t, st.client.UseCertificate(cert))
	require.NoError(t, st.server.UseCertificate(cert))
	st.own().SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
	require.NoError(t, st.own().AddRootCAs(testutil.Certs(t).CA.PEM))
	if v.ctx != nil {
		v.ctx(t, st.own())
	}
	l := st.link(t)
	mine, peer := st.sides(l)
	if v.ssl != nil {
		v.ssl(t, mine)
	}
	ours, theirs := start(func() error { return talk(mine) }), start(func() error { return talk(peer) })
	err, peerErr := receive(t, ours, "who verifies").err, receive(t, theirs, "the peer").err
	if v.code <= 0 {
		require.NoError(t, err)
		require.NoError(t, peerErr)
	} else {
		e := requireError(t, err, "SSL_do_handshake", -1, libssl.ReasonCertificateVerifyFailed)
		require.NotNil(t, e.Verify)
		assert.Equal(t, v.code, e.Verify.Code, "%v", err)
	}
	result := mine.VerifyResult()
	if v.code == 0 {
		assert.NoError(t, result)
		return
	}
	if st.own().VerifyMode() != mine.VerifyMode() && !atClient && mine.VerifyMode() == libssl.VerifyNone {
		assert.NoError(t, result, "no certificate was asked for")
		return
	}
	var e *libssl.VerifyError
	require.ErrorAs(t, result, &e)
	assert.Equal(t, max(v.code, -v.code), e.Code)
	assert.NotEmpty(t, e.Text)
}

// The name that was found to match is the one in the certificate.
func TestPeerName(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		server, client := mode.ServerCtx(t), verifyingClient(t, mode)
		p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
			require.NoError(t, c.SetHost("x.example.test"))
			assert.Empty(t, c.PeerName())
		}})
		assert.Equal(t, "*.example.test", p.Client.PeerName())
		assert.Empty(t, p.Server.PeerName())
		p.Close(t)
		assert.Empty(t, p.Client.PeerName(), "closed")
	}
}

// SetHost and its like are a name to verify for a Ctx that insists on one.
func TestNameToVerifyWithoutServerName(t *testing.T) {
	t.Parallel()
	client, err := libssl.NewClientCtx()
	require.NoError(t, err)
	closedAtEnd(t, client)
	require.NoError(t, client.SetVerifyRoots(testutil.Certs(t).CA.PEM))
	server := pair.Modes[3].ServerCtx(t)
	p := pair.Try(t, server, client, pair.Options{})
	require.ErrorContains(t, p.ClientErr, "no name")
	for name, set := range map[string]func(c *libssl.Conn) error{
		"host": func(c *libssl.Conn) error { return c.SetHost("a.test") },
		"IP":   func(c *libssl.Conn) error { return c.SetVerifyIP(netip.MustParseAddr("127.0.0.1")) },
	} {
		t.Run(name, func(t *testing.T) {
			pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, set(c)) }}).Close(t)
		})
	}
	p = pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, c.SetHost("c.test")) }})
	require.ErrorIs(t, p.ClientErr, libssl.ReasonCertificateVerifyFailed)
	for _, bad := range []func(c *libssl.Conn) error{
		func(c *libssl.Conn) error { return c.SetHost("a\x00.test") },
		func(c *libssl.Conn) error { return c.AddHost("a\x00.test") },
		func(c *libssl.Conn) error { return c.SetVerifyIP(netip.Addr{}) },
		func(c *libssl.Conn) error { return c.SetVerifyEmail("a\x00@b") },
	} {
		p = pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) { assert.Error(t, bad(c)) }})
		require.ErrorContains(t, p.ClientErr, "no name")
	}
}

// A VerifyFunc sees the whole chain.
func TestVerificationChain(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	server := bareServer(t, pair.Modes[3])
	require.NoError(t, server.UseCertificate(certs.ServerChain))
	for trusted, want := range map[bool]int{true: 3, false: 2} {
		client := clientOf(t, pair.Modes[3])
		if trusted {
			require.NoError(t, client.AddRootCAs(certs.CA.PEM))
		}
		var chain []*x509.Certificate
		var kept *libssl.Verification
		client.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error {
			kept = v
			if v.Depth() == 0 || !trusted {
				chain = v.Chain()
			}
			return nil
		})
		p := pair.Handshake(t, server, client, pair.Options{})
		require.Len(t, chain, want)
		assert.True(t, chain[0].Equal(certs.ServerChain.Leaf))
		assert.Equal(t, certs.ServerChain.Certificate[1], chain[1].Raw)
		assert.Nil(t, kept.Chain(), "it is over")
		p.Close(t)
	}
}

// Text without what is wanted is refused and changes nothing.
func TestBadRoots(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	crl := testutil.CRL(t, certs.CA, 1, time.Now().Add(time.Hour))
	for name, text := range map[string][]byte{
		"nothing": nil, "words": []byte("roots"), "a key": testutil.KeyPEM(t, certs.Server), "a CRL": crl,
		"broken": []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
	} {
		t.Run(name, func(t *testing.T) {
			client := verifyingClient(t, pair.Modes[3])
			l := newLink(t, pair.Modes[3].ServerCtx(t), client)
			for _, err := range []error{client.AddRootCAs(text), client.SetVerifyRoots(text), l.client.SetVerifyRoots(text)} {
				var e *libssl.Error
				require.ErrorAs(t, err, &e)
				assert.NotEmpty(t, e.Op)
			}
			requireTalk(t, l)
			if name != "a CRL" {
				assert.Error(t, client.AddCRLs(text))
			}
			requireOwnErrors(t, client)
		})
	}
	assert.Error(t, clientOf(t, pair.Modes[3]).AddCRLs(certs.CA.PEM))
	assert.Error(t, clientOf(t, pair.Modes[3]).SetPurpose(12345))
}

func TestLoadVerifyStore(t *testing.T) {
	t.Parallel()
	client := clientOf(t, pair.Modes[3])
	client.SetVerify(libssl.VerifyPeer, nil)
	uri := "file:" + testutil.CAFile(t, testutil.Certs(t).CA)
	err := client.LoadVerifyStore(uri)
	if libssl.VersionNumber() < 0x30000000 {
		require.ErrorIs(t, err, libssl.ErrUnsupported)
		return
	}
	require.NoError(t, err)
	pair.Handshake(t, pair.Modes[3].ServerCtx(t), client, pair.Options{}).Close(t)
	assert.Error(t, client.LoadVerifyStore("nonesuch:x"))
	assert.Error(t, client.LoadVerifyStore("file:\x00"))
}

// The system's CAs may be told by the environment.
func TestSetDefaultVerifyPaths(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", testutil.CAFile(t, testutil.Certs(t).CA))
	client := clientOf(t, pair.Modes[3])
	client.SetVerify(libssl.VerifyPeer, nil)
	require.NoError(t, client.SetDefaultVerifyPaths())
	pair.Handshake(t, pair.Modes[3].ServerCtx(t), client, pair.Options{}).Close(t)
}

// ---- names of CAs ------------------------------------------------------------------------------------------------

func subjects(certs ...*x509.Certificate) (names [][]byte) {
	for _, c := range certs {
		names = append(names, c.RawSubject)
	}
	return names
}

// What a server tells of its CAs, the client hears.
func TestClientCAList(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	both := subjects(certs.CA.Cert, certs.OtherCA.Cert)
	file := testutil.File(t, "cas.pem", slices.Concat(certs.CA.PEM, certs.OtherCA.PEM))
	for name, tt := range map[string]struct {
		ctx  func(c *libssl.Ctx) error
		ssl  func(c *libssl.Conn) error
		want [][]byte
	}{
		"none":   {want: nil},
		"a list": {ctx: func(c *libssl.Ctx) error { return c.SetClientCAList(both) }, want: both},
		"one by one": {ctx: func(c *libssl.Ctx) error {
			return errors.Join(c.AddClientCA(certs.CA.Cert), c.AddClientCA(certs.OtherCA.Cert))
		}, want: both},
		"a file":       {ctx: func(c *libssl.Ctx) error { return c.LoadClientCAFile(file) }, want: both},
		"cleared":      {ctx: func(c *libssl.Ctx) error { return errors.Join(c.SetClientCAList(both), c.SetClientCAList(nil)) }, want: nil},
		"for one":      {ssl: func(c *libssl.Conn) error { return c.SetClientCAList(both[1:]) }, want: both[1:]},
		"added to one": {ssl: func(c *libssl.Conn) error { return c.AddClientCA(certs.CA.Cert) }, want: both[:1]},
		"one has its own": {
			ctx: func(c *libssl.Ctx) error { return c.SetClientCAList(both) },
			ssl: func(c *libssl.Conn) error { return c.SetClientCAList(both[1:]) }, want: both[1:],
		},
		"of either side":         {ctx: func(c *libssl.Ctx) error { return c.SetCAList(both) }, want: both},
		"of either side for one": {ssl: func(c *libssl.Conn) error { return c.SetCAList(both) }, want: both},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				server.SetVerify(libssl.VerifyPeer, nil)
				if tt.ctx != nil {
					require.NoError(t, tt.ctx(server))
					if name != "of either side" {
						assert.Equal(t, name != "cleared", len(server.ClientCAList()) > 0)
					} else {
						assert.Equal(t, both, server.CAList())
						assert.Empty(t, server.ClientCAList())
					}
				}
				var heard [][]byte
				client.SetCertificateFunc(func(s *libssl.SSL) (*tls.Certificate, error) {
					heard = s.ClientCAList()
					assert.Equal(t, heard, s.PeerCAList())
					return nil, nil
				})
				p := pair.Handshake(t, server, client, pair.Options{Server: func(c *libssl.Conn) {
					if tt.ssl != nil {
						require.NoError(t, tt.ssl(c))
					}
				}})
				assert.Equal(t, tt.want, heard)
				assert.Empty(t, p.Server.PeerCAList())
				p.Close(t)
			}
		})
	}
	server := pair.Modes[3].ServerCtx(t)
	require.NoError(t, server.SetClientCAList(both))
	assert.Equal(t, both, server.ClientCAList())
	var e *libssl.Error
	require.ErrorAs(t, server.SetClientCAList([][]byte{[]byte("not DER")}), &e)
	require.ErrorAs(t, server.SetCAList([][]byte{both[0][:len(both[0])-1]}), &e)
	require.ErrorAs(t, server.LoadClientCAFile("/nonexistent"), &e)
	assert.Equal(t, "SSL_load_client_CA_file", e.Op)
	require.ErrorAs(t, server.LoadClientCAFile(testutil.File(t, "empty.pem", nil)), &e)
	assert.Equal(t, both, server.ClientCAList(), "as it was")
	requireOwnErrors(t, server)
}

// In TLS 1.3 a client tells of its CAs too.
func TestCAListOfAClient(t *testing.T) {
	t.Parallel()
	names := subjects(testutil.Certs(t).CA.Cert)
	for _, ofOne := range []bool{false, true} {
		for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			var heard [][]byte
			server.SetCertificateFunc(func(s *libssl.SSL) (*tls.Certificate, error) {
				heard = s.PeerCAList()
				return nil, nil
			})
			if !ofOne {
				require.NoError(t, client.SetCAList(names))
			}
			p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
				if ofOne {
					require.NoError(t, c.SetCAList(names))
				}
				assert.Equal(t, names, c.CAList())
			}})
			if mode.TLS13() {
				assert.Equal(t, names, heard)
			} else {
				assert.Empty(t, heard)
			}
			p.Close(t)
		}
	}
}

// The openssl command hears them, and tells of its own.
func TestClientCAListAndOpenSSL(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server := mode.ServerCtx(t)
			server.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
			require.NoError(t, server.AddRootCAs(certs.CA.PEM))
			require.NoError(t, server.AddClientCA(certs.OtherCA.Cert))
			cert, key := testutil.Files(t, certs.Client)
			l, accepted := acceptOne(t, server)
			s := testutil.OpenSSL(t, "s_client", "-connect", l.Addr().String(), versionFlag(mode), "-cert", cert, "-key", key)
			conn := <-accepted
			require.NotNil(t, conn)
			require.NoError(t, conn.Handshake())
			s.Expect(t, "Acceptable client certificate CA names")
			s.Expect(t, "Another Test CA")

			client := mode.ClientCtx(t)
			require.NoError(t, client.UseCertificate(certs.Client))
			var heard [][]byte
			client.SetCertificateFunc(func(s *libssl.SSL) (*tls.Certificate, error) { heard = s.ClientCAList(); return nil, nil })
			theirs := startServer(t, mode, "-Verify", "1", "-verify_return_error", "-CAfile", testutil.CAFile(t, certs.CA))
			theirs.talk(t, client, nil, false)
			assert.Equal(t, subjects(certs.CA.Cert), heard)
		})
	}
}

// ---- sessions are not carried over ---------------------------------------------------------------------------------

// What decides who may connect is part of a derived session id context: a session that was made before it changed is
// not resumed after.
func TestTrustAndResumption(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	crl := testutil.CRL(t, certs.CA, 1, time.Now().Add(time.Hour))
	for name, change := range map[string]func(c *libssl.Ctx) error{
		"roots":      func(c *libssl.Ctx) error { return c.AddRootCAs(certs.OtherCA.PEM) },
		"new roots":  func(c *libssl.Ctx) error { return c.SetVerifyRoots(certs.CA.PEM) },
		"CRL":        func(c *libssl.Ctx) error { return c.AddCRLs(crl) },
		"flags":      func(c *libssl.Ctx) error { c.SetVerifyFlags(libssl.VerifyFlagX509Strict); return nil },
		"purpose":    func(c *libssl.Ctx) error { return c.SetPurpose(libssl.PurposeAny) },
		"time":       func(c *libssl.Ctx) error { c.SetVerifyTime(time.Now().Add(time.Minute)); return nil },
		"depth":      func(c *libssl.Ctx) error { c.SetVerifyDepth(7); return nil },
		"mode":       func(c *libssl.Ctx) error { c.SetVerify(libssl.VerifyPeer, nil); return nil },
		"client CAs": func(c *libssl.Ctx) error { return c.AddClientCA(certs.CA.Cert) },
		"CA file":    func(c *libssl.Ctx) error { return c.LoadClientCAFile(testutil.CAFile(t, certs.CA)) },
		"system":     func(c *libssl.Ctx) error { return c.SetDefaultVerifyPaths() },
		"key type":   func(c *libssl.Ctx) error { return c.UseCertificate(certs.ServerRSA) },
		"nothing":    func(c *libssl.Ctx) error { return c.SetCAList(subjects(certs.CA.Cert)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tickets := range []bool{false, true} {
				server, err := libssl.NewServerCtx(certs.Server)
				require.NoError(t, err)
				closedAtEnd(t, server)
				if !tickets {
					server.SetOptions(libssl.NoTicket)
				}
				client := clientOf(t, pair.Modes[3])
				require.NoError(t, client.UseCertificate(certs.Client))
				server.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
				require.NoError(t, server.AddRootCAs(certs.CA.PEM))
				first := sessionFrom(t, server, client)
				p := pair.Handshake(t, server, client, pair.Options{Session: first})
				require.True(t, p.Server.SessionReused())
				sess := p.Client.Session()
				p.Close(t)
				require.NoError(t, change(server))
				p = pair.Handshake(t, server, client, pair.Options{Session: sess})
				assert.Equal(t, name == "nothing", p.Server.SessionReused())
				p.Close(t)
			}
		})
	}
}

// Nor are sessions carried from a connection that was set up otherwise than its Ctx, or to it; between two that were
// set up alike they are.
func TestTrustOfOneConnectionAndResumption(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	strict := libssl.VerifyPeer | libssl.VerifyFailIfNoPeerCert
	accept := func(*libssl.Verification) error { return nil }
	nothing := func(*libssl.Conn) {}
	verify := func(c *libssl.Conn) { c.SetVerify(strict, nil) }
	for _, tt := range []struct {
		name     string
		from, to func(c *libssl.Conn)
		resumes  bool
	}{
		{"nothing", nothing, nothing, true},
		{"lax to strict", nothing, verify, false},
		{"strict to lax", verify, nothing, false},
		{"alike", verify, verify, true},
		{"roots", verify, func(c *libssl.Conn) { verify(c); require.NoError(t, c.SetVerifyRoots(certs.CA.PEM)) }, false},
		{"depth", verify, func(c *libssl.Conn) { verify(c); c.SetVerifyDepth(3) }, false},
		{"flags", verify, func(c *libssl.Conn) { verify(c); c.SetVerifyFlags(libssl.VerifyFlagX509Strict) }, false},
		{"e-mail", verify, func(c *libssl.Conn) { verify(c); require.NoError(t, c.SetVerifyEmail("ann@example.test")) }, false},
		{"hosts", func(c *libssl.Conn) {
			verify(c)
			require.NoError(t, errors.Join(c.SetHost("a.test"), c.AddHost("b.test"), c.AddHost("c.test")))
		}, func(c *libssl.Conn) {
			verify(c)
			require.NoError(t, errors.Join(c.SetHost("a.test"), c.AddHost("x.test"), c.AddHost("c.test")))
		}, false},
		{"names of CAs alone", verify, func(c *libssl.Conn) { verify(c); require.NoError(t, c.AddClientCA(certs.CA.Cert)) }, true},
		{"callbacks can't be compared", func(c *libssl.Conn) { c.SetVerify(strict, accept) }, func(c *libssl.Conn) { c.SetVerify(strict, accept) }, false},
		{"a context that was set stays", func(c *libssl.Conn) { verify(c); require.NoError(t, c.SetSessionIDContext([]byte("mine"))) },
			func(c *libssl.Conn) {
				require.NoError(t, c.SetSessionIDContext([]byte("mine")))
				c.SetVerify(strict, accept)
			}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range pair.Modes {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				require.NoError(t, server.AddRootCAs(certs.CA.PEM))
				cert := testutil.Issue(t, certs.CA, newKey(), func(c *x509.Certificate) { c.EmailAddresses = []string{"ann@example.test"} })
				require.NoError(t, client.UseCertificate(cert))
				p := pair.Handshake(t, server, client, pair.Options{Server: tt.from})
				sess := p.Client.Session()
				p.Close(t)
				p = pair.Handshake(t, server, client, pair.Options{Server: tt.to, Session: sess})
				assert.Equal(t, tt.resumes, p.Server.SessionReused(), mode.Name)
				p.Close(t)
			}
		})
	}
}

// A switch by name puts the other Ctx's rules in the place of the connection's own; with none they stay.
func TestTrustOfOneConnectionAndSwitch(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			front, other, client := mode.ServerCtx(t), mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, front.AddRootCAs(certs.CA.PEM))
			front.SetClientHelloCallback(func(h *libssl.ClientHello) error {
				h.SSL().SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
				return nil
			})
			front.SetServerNameCallback(func(_ *libssl.SSL, name string) (*libssl.Ctx, error) {
				if name == "b.test" {
					return other, nil
				}
				return nil, nil
			})
			dial := func(name string, sess *libssl.Session) *pair.Pair {
				return pair.Try(t, front, client, pair.Options{Session: sess, Client: func(c *libssl.Conn) {
					require.NoError(t, c.SetServerName(name))
				}})
			}
			assert.Error(t, dial("a.test", nil).ServerErr, "it has no certificate")
			p := dial("b.test", nil)
			require.NoError(t, p.Err())
			open := p.Client.Session()
			p.Close(t)
			assert.Error(t, dial("a.test", open).ServerErr, "a session without a certificate")
			p = dial("b.test", open)
			require.NoError(t, p.Err())
			assert.True(t, p.Server.SessionReused())
			p.Close(t)
		})
	}
}

// TestVerifyCertificate: what a handshake would refuse it refuses, for the security level and Suite B too.
func TestVerifyCertificate(t *testing.T) {
	t.Parallel()
	const keyTooWeak, suiteBCurve = 66, 60
	certs := testutil.Certs(t)
	weak := issue(nil)(t)
	deep, _ := below(t, 1, true)
	chainOf := func(c tls.Certificate) (chain []*x509.Certificate) {
		for _, der := range c.Certificate {
			cert, err := x509.ParseCertificate(der)
			require.NoError(t, err)
			chain = append(chain, cert)
		}
		return chain
	}
	for _, tt := range []struct {
		name  string
		chain []*x509.Certificate
		set   func(c *libssl.Ctx) error
		code  int
	}{
		{"good", chainOf(weak), nil, 0},
		{"with an intermediate", chainOf(deep), nil, 0},
		{"without it", chainOf(deep)[:1], nil, certNoLocalIssuer},
		{"of 128 bits at level 3", chainOf(weak), func(c *libssl.Ctx) error { c.SetSecurityLevel(3); return nil }, 0},
		{"of 128 bits at level 4", chainOf(weak), func(c *libssl.Ctx) error { c.SetSecurityLevel(4); return nil }, keyTooWeak},
		{"of 128 bits with Suite B of 192", chainOf(weak), func(c *libssl.Ctx) error { return c.SetCipherList("SUITEB192") }, suiteBCurve},
	} {
		ctx, err := libssl.NewCtx(libssl.TLSClientMethod)
		require.NoError(t, err)
		defer ctx.Close()
		require.NoError(t, ctx.AddRootCAs(certs.CA.PEM))
		if tt.set != nil {
			require.NoError(t, tt.set(ctx), tt.name)
		}
		err = ctx.VerifyCertificate(tt.chain, libssl.PurposeSSLServer)
		if tt.code == 0 {
			assert.NoError(t, err, tt.name)
			continue
		}
		var v *libssl.VerifyError
		if assert.ErrorAs(t, err, &v, tt.name) {
			assert.EqualValues(t, tt.code, v.Code, "%s: %v", tt.name, err)
		}
	}
}
