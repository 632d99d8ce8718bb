package libtls_test

import (
	"crypto/tls"
	"errors"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKeypairsByName: a client is shown the certificate that is for the name it asks for, or else the first.
func TestKeypairsByName(t *testing.T) {
	ca := testutil.Certs(t).CA
	one, wild := issuedFor(t, ca, "one.test"), issuedFor(t, ca, "*.wild.test", "localhost")
	added := func(cert tls.Certificate) setting {
		return func(c *libtls.Config) error {
			pair, key := testutil.Files(t, cert)
			return c.AddKeypairFile(pair, key)
		}
	}
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm, added(one), added(wild))
		for name, want := range map[string][]byte{
			"one.test": one.Leaf.Raw, "ONE.test": one.Leaf.Raw, "x.wild.test": wild.Leaf.Raw, "localhost": wild.Leaf.Raw,
			"a.test": testutil.Certs(t).Server.Leaf.Raw, "127.0.0.1": testutil.Certs(t).Server.Leaf.Raw,
		} {
			c := aClient(t, version, withFile(aFile(t)))
			for i := range 2 {
				m := meetAs(t, srv, c, name).fine(t)
				assert.Equal(t, want, m.client.PeerCertificate().Raw, name)
				assert.Equal(t, i > 0, m.resumed, name)
			}
		}
		m := meetAs(t, srv, aClient(t, version), "nope.example")
		assert.ErrorIs(t, m.clientErr, libtls.ErrNameNotPresent)
	})
}

// TestAddressAsName: an address is no name to ask for (RFC 6066).
func TestAddressAsName(t *testing.T) {
	near, far := testutil.TCP(t)
	server, err := aServer(t).Accept(far)
	require.NoError(t, err)
	defer server.Close()
	// crypto/tls sends no address: it is put into what it does send.
	client := tls.Client(&rename{Conn: near, from: "127x0x0x1", to: "127.0.0.1"}, &tls.Config{ServerName: "127x0x0x1", InsecureSkipVerify: true})
	go client.Handshake()
	defer client.Close()
	err = server.Handshake()
	answers(t, err, `server name indication failure: "127.0.0.1" is an address`, libtls.ErrServerNameIndicated)
	var e *libssl.Error
	require.ErrorAs(t, err, &e)
	code, sent, ok := e.Alert()
	assert.True(t, ok && sent)
	assert.EqualValues(t, 112, code, "unrecognized_name")
}

// TestServerKeepsWhatItWas: a Config is shared by servers and clients, which keep what they were made with.
func TestServerKeepsWhatItWas(t *testing.T) {
	cfg := aServerConfig(t, inFarm)
	srv, err := libtls.NewServer(cfg)
	require.NoError(t, err)
	defer srv.Close()
	require.NoError(t, withKeypair(t, testutil.Certs(t).OtherServer)(cfg))
	cfg.VerifyClient()
	cfg.ClearKeys()
	f, _ := primed(t, srv)
	assert.True(t, meet(t, srv, aClient(t, withFile(f))).fine(t).resumed)
	_, err = libtls.NewServer(cfg)
	assert.ErrorIs(t, err, libtls.ErrKeyMismatch)
}

// TestStrictTicketKeys is TK-15 to TK-17 and §6.7: with an aged key, a ticket or the handshake.
func TestStrictTicketKeys(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, p libtls.Protocols) {
		cfgs := []*libtls.Config{aServerConfig(t, version, inFarm), aServerConfig(t, version, inFarm, does((*libtls.Config).StrictTicketKeys))}
		var servers []*libtls.Server
		for _, cfg := range cfgs {
			srv, err := libtls.NewServer(cfg)
			require.NoError(t, err)
			t.Cleanup(func() { srv.Close() })
			servers = append(servers, srv)
			libtls.AgeTicketKeys(cfg, 2*time.Hour)
		}
		f := aFile(t)
		assert.False(t, meet(t, servers[0], aClient(t, version, withFile(f))).fine(t).resumed)
		assert.False(t, meet(t, servers[0], aClient(t, version, withFile(f))).fine(t).resumed)
		m := meet(t, servers[1], aClient(t, version, withFile(aFile(t))))
		answers(t, m.serverErr, "no valid ticket key found", libtls.ErrNoValidTicketKey)
		require.Error(t, m.clientErr)
		if p == libtls.ProtocolTLSv1_2 { // of TLS 1.3 the client's handshake succeeds
			var e *libssl.Error
			require.ErrorAs(t, m.clientErr, &e)
			code, sent, ok := e.Alert()
			assert.True(t, ok && !sent)
			assert.EqualValues(t, 80, code, "internal_error")
			meet(t, servers[1], aClient(t, version)).fine(t) // TK-16
		}
		require.NoError(t, errors.Join(cfgs[0].AddTicketKey(2, ticketKeyOf(2)), cfgs[1].AddTicketKey(2, ticketKeyOf(2))))
		for _, srv := range servers {
			c := aClient(t, version, withFile(aFile(t)))
			assert.False(t, meet(t, srv, c).fine(t).resumed)
			assert.True(t, meet(t, srv, c).fine(t).resumed)
		}
	})
}

// TestTicketExpires is TK-13 and RS-20.
func TestTicketExpires(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		cfg := aServerConfig(t, version, withLifetime(time.Hour))
		srv, err := libtls.NewServer(cfg)
		require.NoError(t, err)
		defer srv.Close()
		f, _ := primed(t, srv, version)
		c := aClient(t, version, withFile(f))
		libtls.AgeTicketKeys(cfg, 59*time.Minute)
		assert.True(t, meet(t, srv, c).fine(t).resumed, "and its ticket is replaced, the next key having come")
		libtls.AgeTicketKeys(cfg, 2*time.Hour)
		assert.False(t, meet(t, srv, c).fine(t).resumed)
		assert.True(t, meet(t, srv, c).fine(t).resumed)
	})
}

// TestCloseLetsConnectionsGoOn: those too that have yet to say which certificate they want.
func TestCloseLetsConnectionsGoOn(t *testing.T) {
	other := issuedFor(t, testutil.Certs(t).CA, "other.test")
	for _, name := range []string{peerName, "other.test"} {
		srv, err := libtls.NewServer(aServerConfig(t, func(c *libtls.Config) error {
			return c.AddKeypairMem(testutil.CertPEM(other), testutil.KeyPEM(t, other))
		}))
		require.NoError(t, err)
		m := introduced(t, srv, aClient(t), name)
		require.NoError(t, srv.Close())
		m.talk(t)
		m.fine(t)
		_, err = srv.Accept(m.server.NetConn())
		assert.ErrorIs(t, err, libtls.ErrContext)
	}
}
