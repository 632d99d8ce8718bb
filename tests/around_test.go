package tests

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What a TLS program sets around sessions.

func TestALPN(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		for _, tt := range []struct {
			offered []string
			choose  libssl.ALPNSelect
			want    string
			refused bool
		}{
			{[]string{"h2", "http/1.1"}, libssl.SelectALPN("http/1.1", "h2"), "http/1.1", false},
			{[]string{"h2"}, libssl.SelectALPN("http/1.1"), "", true},
			{nil, libssl.SelectALPN("http/1.1"), "", false},
			{[]string{"a", "b"}, nil, "", false},
			{[]string{"a", "b"}, func(*libssl.SSL, []string) (string, error) { return "", nil }, "", false},
			{[]string{"a", "b"}, func(*libssl.SSL, []string) (string, error) { return "c", nil }, "", true},
			{[]string{"a", "b"}, func(_ *libssl.SSL, offered []string) (string, error) { return offered[1], nil }, "b", false},
			{[]string{strings.Repeat("x", 255), "y"}, libssl.SelectALPN(strings.Repeat("x", 255)), strings.Repeat("x", 255), false},
		} {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			server.SetALPNSelectCallback(tt.choose)
			require.NoError(t, client.SetALPNProtos(tt.offered...))
			p := pair.Try(t, server, client, pair.Options{})
			if tt.refused {
				requireAlert(t, p.ServerErr, 120, true)
				requireAlert(t, p.ClientErr, 120, false)
				continue
			}
			require.NoError(t, p.Err())
			for _, c := range []*libssl.Conn{p.Client, p.Server} {
				assert.Equal(t, tt.want, c.ALPNSelected())
				assert.Equal(t, tt.want, c.ConnectionState().NegotiatedProtocol)
			}
			p.Close(t)
		}
	}
	client := pair.Modes[3].ClientCtx(t)
	assert.ErrorContains(t, client.SetALPNProtos(strings.Repeat("x", 256)), "255 bytes")
	// A connection has its own list, and may have none.
	server := pair.Modes[3].ServerCtx(t)
	server.SetALPNSelectCallback(libssl.SelectALPN("a", "b"))
	require.NoError(t, client.SetALPNProtos("a"))
	for _, protos := range [][]string{{"b"}, nil} {
		p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, c.SetALPNProtos(protos...)) }})
		assert.Equal(t, strings.Join(protos, ""), p.Client.ALPNSelected())
		p.Close(t)
	}
}

// Both ends derive the same, for the same label and context, and nothing else the same.
func TestExportKeyingMaterial(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{})
		seen := make(map[string]bool)
		for _, tt := range []struct {
			label   string
			context []byte
		}{{"EXPERIMENTAL a", nil}, {"EXPERIMENTAL a", []byte("context")}, {"EXPERIMENTAL b", nil}} {
			ours, err := p.Client.ExportKeyingMaterial(tt.label, tt.context, 48)
			require.NoError(t, err)
			theirs, err := p.Server.ExportKeyingMaterial(tt.label, tt.context, 48)
			require.NoError(t, err)
			assert.Equal(t, ours, theirs)
			assert.False(t, seen[string(ours)])
			seen[string(ours)] = true
		}
		// An empty label is one too, and up to TLS 1.2 an empty context is not the same as none.
		var empty [][]byte
		for _, context := range [][]byte{nil, {}} {
			ours, err := p.Client.ExportKeyingMaterial("", context, 48)
			require.NoError(t, err)
			theirs, err := p.Server.ExportKeyingMaterial("", context, 48)
			require.NoError(t, err)
			assert.Equal(t, ours, theirs)
			empty = append(empty, ours)
		}
		assert.Equal(t, mode.TLS13(), bytes.Equal(empty[0], empty[1]))
		for _, tt := range []struct {
			name, label  string
			context      []byte
			n            int
			tls12, tls13 bool // it is well
		}{
			{"a context of more than 16 bits' length", "EXPERIMENTAL", make([]byte, 1<<16), 32, false, true},
			{"a label that TLS 1.3 has no room for", strings.Repeat("x", 250), nil, 32, true, false},
			{"a label of TLS itself", "key expansion", nil, 32, false, true},
			{"less than nothing", "EXPERIMENTAL", nil, -1, false, false},
			{"more than TLS 1.3 can derive", "EXPERIMENTAL", nil, 1 << 20, true, false},
		} {
			material, err := p.Client.ExportKeyingMaterial(tt.label, tt.context, tt.n)
			if mode.TLS13() && tt.tls13 || !mode.TLS13() && tt.tls12 {
				assert.NoError(t, err, tt.name)
				assert.Len(t, material, tt.n)
			} else {
				assert.Error(t, err, tt.name)
				assert.Nil(t, material)
			}
		}
		none, err := p.Client.ExportKeyingMaterial("EXPERIMENTAL", nil, 0)
		assert.Empty(t, none)
		_ = err // versions differ
		c, err := p.Client.TLSExporter()
		require.NoError(t, err)
		s, err := p.Server.TLSExporter()
		require.NoError(t, err)
		assert.Equal(t, c, s)
		p.Close(t)
	}
	l := newLink(t, serverOf(t, pair.Modes[3]), clientOf(t, pair.Modes[3]))
	_, err := l.client.ExportKeyingMaterial("EXPERIMENTAL", nil, 16)
	assert.Error(t, err, "before the handshake")
}

// The channel bindings are those that crypto/tls computes, full and resumed.
func TestChannelBindings(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		var sess *libssl.Session
		for range 2 {
			p := pair.Handshake(t, server, client, pair.Options{Session: sess})
			assert.Equal(t, sess != nil, p.Client.SessionReused())
			assert.Equal(t, p.Client.TLSUnique(), p.Server.TLSUnique())
			assert.Equal(t, p.Client.Finished(), p.Server.PeerFinished())
			assert.Equal(t, p.Client.PeerFinished(), p.Server.Finished())
			assert.Equal(t, mode.TLS13(), p.Client.TLSUnique() == nil)
			assert.Equal(t, p.Client.TLSUnique(), p.Client.ConnectionState().TLSUnique)
			want := sha256.Sum256(testutil.Certs(t).Server.Leaf.Raw)
			for _, c := range []*libssl.Conn{p.Client, p.Server} {
				got, err := c.TLSServerEndPoint()
				require.NoError(t, err)
				assert.Equal(t, want[:], got)
			}
			sess = p.Client.Session()
			p.Close(t)
		}
	}
	// crypto/tls agrees.
	client := pair.Modes[0].ClientCtx(t)
	raw, peerRaw := testutil.TCP(t)
	peer := tls.Server(peerRaw, foreign(t, tls.VersionTLS12))
	c, err := libssl.Client(raw, client)
	require.NoError(t, err)
	pair.Both(func() { assert.NoError(t, c.Handshake()) }, func() { assert.NoError(t, peer.Handshake()) })
	assert.Equal(t, peer.ConnectionState().TLSUnique, c.TLSUnique())
	state := peer.ConnectionState()
	want, err := state.ExportKeyingMaterial("EXPERIMENTAL", []byte{}, 20)
	require.NoError(t, err)
	got, err := c.ExportKeyingMaterial("EXPERIMENTAL", []byte{}, 20)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, state.CurveID, curveOf(t, c))
	closeBoth(c, peer)
}

// curveOf returns the connection's group; on a libssl that can't tell, what it would be.
func curveOf(t *testing.T, c *libssl.Conn) tls.CurveID {
	t.Helper()
	if libssl.VersionNumber() < 0x30000000 {
		return tls.X25519
	}
	return c.ConnectionState().CurveID
}

// The key log holds the secrets that crypto/tls logs for the same connection.
func TestKeylog(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		mode := pair.Mode{Version: version, Tickets: true}
		client := mode.ClientCtx(t)
		var mu sync.Mutex
		var ours, theirs strings.Builder
		client.SetKeylogCallback(func(s *libssl.SSL, line string) {
			mu.Lock()
			defer mu.Unlock()
			libssl.KeylogTo(&ours)(s, line)
		})
		client.KeylogCallback()(nil, "a line more")
		raw, peerRaw := testutil.TCP(t)
		config := foreign(t, version)
		config.KeyLogWriter = &theirs
		peer := tls.Server(peerRaw, config)
		c, err := libssl.Client(raw, client)
		require.NoError(t, err)
		pair.Both(func() { assert.NoError(t, c.Handshake()) }, func() { assert.NoError(t, peer.Handshake()) })
		require.NotEmpty(t, theirs.String())
		for line := range strings.Lines(theirs.String()) {
			assert.Contains(t, ours.String(), line)
		}
		assert.True(t, strings.HasPrefix(ours.String(), "a line more\n"))
		client.SetKeylogCallback(nil)
		assert.Nil(t, client.KeylogCallback())
		closeBoth(c, peer)
	}
}

// Events and messages come in order, of the connections that they were asked for.
func TestTrace(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		var infos []libssl.Info
		var msgs []libssl.Msg
		client.SetInfoCallback(func(_ *libssl.SSL, i libssl.Info) { infos = append(infos, i) })
		client.SetMsgCallback(func(_ *libssl.SSL, m libssl.Msg) { msgs = append(msgs, m) })
		p := pair.Handshake(t, server, client, pair.Options{})
		require.NotEmpty(t, infos)
		assert.Equal(t, libssl.InfoHandshakeStart, infos[0].Where)
		assert.True(t, slices.ContainsFunc(infos, func(i libssl.Info) bool { return i.Where == libssl.InfoHandshakeDone }))
		require.NotEmpty(t, msgs)
		hello := slices.IndexFunc(msgs, func(m libssl.Msg) bool { return m.ContentType == 22 && m.Data[0] == 1 })
		require.GreaterOrEqual(t, hello, 0)
		assert.True(t, msgs[hello].Sent)
		answer := slices.IndexFunc(msgs, func(m libssl.Msg) bool { return m.ContentType == 22 && m.Data[0] == 2 })
		assert.Greater(t, answer, hello)
		assert.False(t, msgs[answer].Sent)
		p.Close(t)
		last := infos[len(infos)-1]
		code, ok := last.Alert()
		assert.True(t, ok)
		assert.Zero(t, code)
		assert.Contains(t, last.String(), "close notify")
		// One connection's own, and none.
		infos, msgs = nil, nil
		mine := 0
		p = pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
			c.SetInfoCallback(func(*libssl.SSL, libssl.Info) { mine++ })
			c.SetMsgCallback(nil)
		}})
		assert.NotZero(t, mine)
		assert.Empty(t, infos)
		assert.Empty(t, msgs)
		p.Close(t)
	}
}

// A server staples what its callback gives, to clients that ask; a client's callback judges it.
func TestStatusRequest(t *testing.T) {
	t.Parallel()
	response := []byte{0x30, 3, 0x0a, 1, 6} // unauthorized: the shortest there is; from 3.6 on libssl parses it
	refusal := errors.New("of the callback")
	for _, mode := range pair.Modes {
		for _, tt := range []struct {
			name   string
			ask    bool
			server func(*libssl.SSL) ([]byte, error)
			judge  error
			want   []byte
			alert  uint8 // that the client sends
		}{
			{"stapled", true, func(*libssl.SSL) ([]byte, error) { return response, nil }, nil, response, 0},
			{"not asked for", false, func(*libssl.SSL) ([]byte, error) { return response, nil }, nil, nil, 0},
			{"none", true, func(*libssl.SSL) ([]byte, error) { return nil, nil }, nil, nil, 0},
			{"empty", true, func(*libssl.SSL) ([]byte, error) { return []byte{}, nil }, nil, nil, 0}, // on the wire no client takes it
			{"no callback", true, nil, nil, nil, 0},
			{"refused", true, func(*libssl.SSL) ([]byte, error) { return response, nil }, refusal, response, 113},
			{"none, and refused", true, nil, refusal, nil, 113},
			{"the server's fault", true, func(*libssl.SSL) ([]byte, error) { return nil, refusal }, nil, nil, 0},
		} {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			if tt.server != nil {
				server.SetServerStatusCallback(tt.server)
			}
			judged := 0
			var got []byte
			client.SetClientStatusCallback(func(_ *libssl.SSL, response []byte) error { judged++; got = response; return tt.judge })
			p := pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
				if tt.ask {
					c.SetStatusType(libssl.StatusTypeOCSP)
				}
			}})
			switch {
			case tt.name == "the server's fault":
				assert.ErrorIs(t, p.ServerErr, refusal)
			case tt.judge != nil:
				assert.ErrorIs(t, p.ClientErr, refusal)
				requireAlert(t, p.ClientErr, tt.alert, true)
				assert.Equal(t, tt.want, got)
			default:
				require.NoError(t, p.Err(), tt.name)
				assert.Equal(t, tt.want, p.Client.ConnectionState().OCSPResponse)
				assert.Equal(t, tt.want, got)
				p.Close(t)
			}
		}
	}
	server, client := pair.Modes[3].ServerCtx(t), pair.Modes[3].ClientCtx(t)
	client.SetStatusType(libssl.StatusTypeOCSP)
	server.SetServerStatusCallback(func(*libssl.SSL) ([]byte, error) { return response, nil })
	client.SetStatusType(libssl.StatusTypeNone)
	p := pair.Handshake(t, server, client, pair.Options{})
	assert.Empty(t, p.Client.ConnectionState().OCSPResponse)
	p.Close(t)
}

// What is negotiated is what the settings of the Ctx, or of the SSL, leave.
func TestNegotiation(t *testing.T) {
	t.Parallel()
	t.Run("versions", func(t *testing.T) {
		mode := pair.Mode{Version: tls.VersionTLS13, Tickets: true}
		server, client := mode.ServerCtx(t), mode.ClientCtx(t)
		require.NoError(t, server.SetMinVersion(tls.VersionTLS12))
		require.NoError(t, client.SetMinVersion(tls.VersionTLS12))
		assert.Equal(t, uint16(tls.VersionTLS12), server.MinVersion())
		assert.Equal(t, uint16(tls.VersionTLS13), server.MaxVersion())
		p := pair.Handshake(t, server, client, pair.Options{Server: func(c *libssl.Conn) { require.NoError(t, c.SetMaxVersion(tls.VersionTLS12)) }})
		assert.Equal(t, uint16(tls.VersionTLS12), p.Client.ConnectionState().Version)
		p.Close(t)
		p = pair.Try(t, server, client, pair.Options{
			Server: func(c *libssl.Conn) { require.NoError(t, c.SetMaxVersion(tls.VersionTLS12)) },
			Client: func(c *libssl.Conn) { require.NoError(t, c.SetMinVersion(tls.VersionTLS13)) },
		})
		requireAlert(t, p.ServerErr, alertProtocolVersion, true)
		p = pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
			assert.NotZero(t, c.SetOptions(libssl.NoTLSv1_3)&libssl.NoTLSv1_3)
			assert.NotZero(t, c.Options()&libssl.NoTLSv1_3)
		}})
		assert.Equal(t, uint16(tls.VersionTLS12), p.Client.ConnectionState().Version)
		assert.Zero(t, p.Client.ClearOptions(libssl.NoTLSv1_3)&libssl.NoTLSv1_3)
		p.Close(t)
	})
	t.Run("ciphers", func(t *testing.T) {
		for mode, name := range map[pair.Mode]string{pair.Modes[1]: "ECDHE-ECDSA-AES256-GCM-SHA384", pair.Modes[3]: "TLS_CHACHA20_POLY1305_SHA256"} {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			set := func(s interface {
				SetCipherList(string) error
				SetCipherSuites(string) error
			}) {
				if mode.TLS13() {
					require.NoError(t, s.SetCipherSuites(name))
				} else {
					require.NoError(t, s.SetCipherList(name))
				}
			}
			p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) { set(c); assert.Contains(t, c.Ciphers(), name) }})
			assert.Equal(t, name, p.Server.CipherName())
			assert.Contains(t, server.Ciphers(), name)
			p.Close(t)
			set(server)
			p = pair.Handshake(t, server, client, pair.Options{})
			assert.Equal(t, name, p.Client.CipherName())
			p.Close(t)
			p = pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) {
				require.NoError(t, c.SetCipherList("ECDHE-ECDSA-AES128-GCM-SHA256"))
				require.NoError(t, c.SetCipherSuites("TLS_AES_128_GCM_SHA256"))
			}})
			assert.ErrorIs(t, p.ServerErr, libssl.ReasonNoSharedCipher)
			assert.ErrorIs(t, server.SetCipherList("nonsense"), libssl.ReasonNoCipherMatch)
		}
	})
	t.Run("groups", func(t *testing.T) {
		for _, mode := range pair.Modes {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.UseCertificate(testutil.Certs(t).ServerRSA)) // of no group itself
			require.NoError(t, server.SetGroupsList("P-384:P-256"))
			p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, c.SetGroupsList("P-384")) }})
			if libssl.VersionNumber() >= 0x30000000 {
				assert.Equal(t, tls.CurveP384, p.Client.ConnectionState().CurveID)
				assert.Contains(t, p.Server.GroupName(), "384")
			}
			p.Close(t)
			p = pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, c.SetGroupsList("P-521")) }})
			assert.Equal(t, mode.TLS13(), p.ServerErr != nil, "TLS 1.2 can do without a group")
			assert.ErrorContains(t, server.SetGroupsList("nonsense"), "SSL_CTX_set1_groups_list")
		}
	})
	t.Run("signature algorithms", func(t *testing.T) {
		for _, mode := range pair.Modes {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			p := pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, c.SetSigalgsList("rsa_pss_rsae_sha256")) }})
			assert.Error(t, p.ServerErr, "the server has an ECDSA key")
			require.NoError(t, server.UseCertificate(testutil.Certs(t).ServerRSA))
			p = pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, c.SetSigalgsList("rsa_pss_rsae_sha256")) }})
			assert.Equal(t, testutil.Certs(t).ServerRSA.Leaf.Raw, p.Client.ConnectionState().PeerCertificates[0].Raw)
			p.Close(t)
			assert.ErrorContains(t, client.SetSigalgsList("nonsense"), "SSL_CTX_set1_sigalgs_list")
			demandCertificate(t, server)
			require.NoError(t, client.UseCertificate(testutil.Certs(t).Client))
			require.NoError(t, server.SetClientSigalgsList("rsa_pss_rsae_sha256"))
			p = pair.Try(t, server, client, pair.Options{})
			assert.Error(t, p.ServerErr, "the client has an ECDSA key")
			pair.Handshake(t, server, client, pair.Options{Server: func(c *libssl.Conn) {
				require.NoError(t, c.SetClientSigalgsList("ecdsa_secp256r1_sha256"))
			}}).Close(t)
		}
	})
	t.Run("security level", func(t *testing.T) {
		server, client := pair.Modes[3].ServerCtx(t), pair.Modes[3].ClientCtx(t)
		server.SetSecurityLevel(0)
		assert.Zero(t, server.SecurityLevel())
		p := pair.Try(t, server, client, pair.Options{Client: func(c *libssl.Conn) { c.SetSecurityLevel(5) }})
		assert.Error(t, p.Err(), "P-256 has not 256 bits of security")
	})
	t.Run("fragments", func(t *testing.T) {
		server, client := pair.Modes[3].ServerCtx(t), pair.Modes[3].ClientCtx(t)
		require.NoError(t, server.SetMaxSendFragment(512))
		assert.ErrorContains(t, server.SetMaxSendFragment(511), "SSL_CTX_set_max_send_fragment")
		p := pair.Handshake(t, server, client, pair.Options{Client: func(c *libssl.Conn) { require.NoError(t, c.SetMaxSendFragment(1024)) }})
		go p.Server.Write(make([]byte, 4096))
		n, err := p.Client.Read(make([]byte, 4096))
		require.NoError(t, err)
		assert.Equal(t, 512, n)
	})
}

// Without a provider there is nothing to load, and the error says so.
func TestProviders(t *testing.T) {
	if inOwnProcess(t, "OPENSSL_CONF=/dev/null") {
		return
	}
	if libssl.VersionNumber() < 0x30000000 {
		_, err := libssl.LoadProvider("legacy")
		assert.ErrorIs(t, err, libssl.ErrUnsupported)
		assert.ErrorIs(t, libssl.SetFIPS(true), libssl.ErrUnsupported)
		assert.ErrorIs(t, libssl.SetDefaultProperties("fips=yes"), libssl.ErrUnsupported)
		assert.False(t, libssl.FIPSEnabled())
		return
	}
	if err := libssl.SetFIPS(true); err != nil {
		assert.ErrorContains(t, err, `no FIPS mode without the provider "fips"`)
		assert.False(t, libssl.FIPSEnabled())
	} else {
		assert.True(t, libssl.FIPSEnabled())
		require.NoError(t, libssl.SetFIPS(false))
	}
	assert.False(t, libssl.FIPSEnabled())
	_, err := libssl.NewCtx(libssl.TLSMethod)
	require.NoError(t, err, "nothing is broken by having asked")
	_, err = libssl.LoadProvider("default")
	require.NoError(t, err)
	base, err := libssl.LoadProvider("base")
	require.NoError(t, err)
	assert.Equal(t, "base", base.Name())
	assert.True(t, libssl.ProviderAvailable("base"))
	require.NoError(t, base.Unload())
	require.NoError(t, base.Unload())
	assert.False(t, libssl.ProviderAvailable("base"))
	_, err = libssl.LoadProvider("nonesuch")
	assert.ErrorContains(t, err, "nonesuch")
	require.NoError(t, libssl.SetDefaultProperties("?fips=yes"))
	require.NoError(t, libssl.SetDefaultProperties(""))
}

// A section of a configuration file does to a Ctx what the methods do.
func TestConfig(t *testing.T) {
	if inOwnProcess(t, "OPENSSL_CONF=/dev/null") {
		return
	}
	file := filepath.Join(t.TempDir(), "our.cnf")
	require.NoError(t, os.WriteFile(file, []byte(`openssl_conf = init
[init]
ssl_conf = sections
[sections]
modern = modern_section
broken = broken_section
[modern_section]
MinProtocol = TLSv1.3
[broken_section]
Nonsense = 1
`), 0o600))
	require.NoError(t, libssl.LoadConfig(file))
	server := pair.Mode{Version: tls.VersionTLS12}.ServerCtx(t)
	require.NoError(t, server.SetMaxVersion(0))
	require.NoError(t, server.Config("modern"))
	assert.Equal(t, uint16(tls.VersionTLS13), server.MinVersion())
	assert.Error(t, server.Config("broken"))
	assert.Error(t, server.Config("nonesuch"))
	assert.Error(t, libssl.LoadConfig(filepath.Join(t.TempDir(), "nonesuch")))
}
