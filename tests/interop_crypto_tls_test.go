package tests

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// tlsConn is what both implementations' connections have in common.
type tlsConn interface {
	net.Conn
	Handshake() error
	CloseWrite() error
	ConnectionState() tls.ConnectionState
}

var (
	_ tlsConn = (*libssl.Conn)(nil)
	_ tlsConn = (*tls.Conn)(nil)
)

func TestCryptoTLSClient(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			ctx := mode.ServerCtx(t)
			config := &tls.Config{
				RootCAs:            testutil.Certs(t).CA.Pool,
				ServerName:         "a.test",
				MinVersion:         mode.Version,
				MaxVersion:         mode.Version,
				ClientSessionCache: tls.NewLRUClientSessionCache(4),
			}
			m := meetAsServer(t, ctx, config)
			assert.False(t, m.ours.SessionReused())
			m.compareStates(t, "a.test")
			m.close(t)

			// crypto/tls knows tickets only. Of a TLS 1.3 server that keeps its sessions the ticket is
			// the session's id, which makes no difference to a client; in TLS 1.2 there is none.
			want := mode.Tickets || mode.TLS13()
			m = meetAsServer(t, ctx, config)
			assert.Equal(t, want, m.ours.SessionReused())
			m.compareStates(t, "a.test")
			m.close(t)
			hits := 0
			if want {
				hits = 1
			}
			assert.Equal(t, hits, ctx.SessionStats().Hits)
		})
	}
}

func TestCryptoTLSServer(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			mode := pair.Mode{Version: version, Tickets: true}
			config := &tls.Config{
				Certificates: []tls.Certificate{testutil.Certs(t).Server},
				MinVersion:   tls.VersionTLS12,
			}
			ctx := verifyingClient(t, mode)
			m := meetAsClient(t, ctx, config, nil)
			assert.False(t, m.ours.SessionReused())
			m.compareStates(t, "b.test")
			sess := m.ours.Session()
			m.close(t)
			require.True(t, sess.IsResumable())
			assert.True(t, sess.HasTicket())
			assert.Equal(t, version, sess.Version())
			assert.Equal(t, "b.test", sess.ServerName())
			assert.Equal(t, m.cipherSuite, sess.CipherSuite())

			for _, store := range []struct {
				name string
				sess func(*testing.T) *libssl.Session
			}{
				{"kept", func(*testing.T) *libssl.Session { return sess }},
				{"through text", func(t *testing.T) *libssl.Session {
					parsed, err := libssl.ParseSessionPEM(marshalText(t, sess))
					require.NoError(t, err)
					return parsed
				}},
			} {
				t.Run(store.name, func(t *testing.T) {
					m := meetAsClient(t, ctx, config, store.sess(t))
					assert.True(t, m.ours.SessionReused())
					m.compareStates(t, "b.test")
					m.close(t)
				})
			}
			t.Run("with other keys", func(t *testing.T) {
				other := config.Clone()
				other.SetSessionTicketKeys([][32]byte{{1}})
				m := meetAsClient(t, ctx, other, sess)
				assert.False(t, m.ours.SessionReused())
				m.close(t)
			})
		})
	}
}

func TestCryptoTLSClientCertificate(t *testing.T) {
	t.Parallel()
	certs := testutil.Certs(t)
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			t.Run("ours serves", func(t *testing.T) {
				ctx := mode.ServerCtx(t)
				require.NoError(t, ctx.LoadVerifyLocations(testutil.CAFile(t, certs.CA), ""))
				ctx.SetVerify(libssl.VerifyPeer|libssl.VerifyFailIfNoPeerCert, nil)
				config := &tls.Config{
					RootCAs:            certs.CA.Pool,
					ServerName:         "a.test",
					Certificates:       []tls.Certificate{certs.ClientRSA},
					ClientSessionCache: tls.NewLRUClientSessionCache(4),
				}
				for range 2 { // fresh, then resumed where the mode allows it
					m := meetAsServer(t, ctx, config)
					requirePeer(t, certs.ClientRSA, m.ours.Session())
					assert.Equal(t, certs.ClientRSA.Certificate[0], m.ours.ConnectionState().PeerCertificates[0].Raw)
					m.close(t)
				}
			})
			t.Run("crypto/tls serves", func(t *testing.T) {
				ctx := verifyingClient(t, mode)
				require.NoError(t, ctx.UseCertificate(certs.ClientRSA))
				config := &tls.Config{
					Certificates: []tls.Certificate{certs.ServerRSA},
					ClientCAs:    certs.CA.Pool,
					ClientAuth:   tls.RequireAndVerifyClientCert,
				}
				var sess *libssl.Session
				for i := range 2 {
					m := meetAsClient(t, ctx, config, sess)
					assert.Equal(t, i == 1, m.ours.SessionReused())
					assert.Equal(t, certs.ClientRSA.Certificate[0], m.theirs.ConnectionState().PeerCertificates[0].Raw)
					sess = m.ours.Session()
					m.close(t)
				}
			})
		})
	}
}

func TestCryptoTLSBulkData(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB: many records, and more than a socket holds
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, transport := range testutil.Transports {
			t.Run(tls.VersionName(version)+" over "+transport.Name, func(t *testing.T) {
				t.Parallel()
				mode := pair.Mode{Version: version, Tickets: true}
				client, server := transport.Pair(t)
				ours, err := libssl.Server(server, mode.ServerCtx(t))
				require.NoError(t, err)
				t.Cleanup(func() { ours.Close() })
				theirs := tls.Client(client, &tls.Config{RootCAs: testutil.Certs(t).CA.Pool, ServerName: "a.test"})
				end := time.Now().Add(pair.Limit)
				require.NoError(t, ours.SetDeadline(end))
				require.NoError(t, theirs.SetDeadline(end))
				// All four at once: neither direction may wait for the other.
				errs := make(chan error, 4)
				for _, c := range []tlsConn{ours, theirs} {
					go func() {
						_, err := c.Write(data)
						errs <- err
					}()
					go func() {
						got := make([]byte, len(data))
						_, err := io.ReadFull(c, got)
						if err == nil && !bytes.Equal(got, data) {
							err = assert.AnError
						}
						errs <- err
					}()
				}
				for range cap(errs) {
					assert.NoError(t, <-errs)
				}
				client.Close() // nobody reads any more, so that Close must not have to wait
			})
		}
	}
}

// meetAsServer connects a server of ours with a client of crypto/tls.
func meetAsServer(t *testing.T, ctx *libssl.Ctx, config *tls.Config) *acquaintance {
	t.Helper()
	client, server := testutil.TCP(t)
	ours, err := libssl.Server(server, ctx)
	require.NoError(t, err)
	t.Cleanup(func() { ours.Close() })
	return meet(t, ours, tls.Client(client, config), true)
}

// meetAsClient connects a client of ours, which offers sess and asks for b.test, with a server of crypto/tls.
func meetAsClient(t *testing.T, ctx *libssl.Ctx, config *tls.Config, sess *libssl.Session) *acquaintance {
	t.Helper()
	client, server := testutil.TCP(t)
	ours, err := libssl.Client(client, ctx)
	require.NoError(t, err)
	t.Cleanup(func() { ours.Close() })
	require.NoError(t, ours.SetServerName("b.test"))
	if sess != nil {
		require.NoError(t, ours.SetSession(sess))
	}
	return meet(t, ours, tls.Server(server, config), false)
}

// acquaintance is a connection between the two implementations after both handshakes and an echo.
type acquaintance struct {
	ours        *libssl.Conn
	theirs      *tls.Conn
	serving     bool // ours is the server
	cipherSuite uint16
}

func meet(t *testing.T, ours *libssl.Conn, theirs *tls.Conn, serving bool) *acquaintance {
	t.Helper()
	end := time.Now().Add(pair.Limit)
	require.NoError(t, ours.SetDeadline(end))
	require.NoError(t, theirs.SetDeadline(end))
	var ourErr, theirErr error
	pair.Both(func() { ourErr = ours.Handshake() }, func() { theirErr = theirs.Handshake() })
	require.NoError(t, ourErr)
	require.NoError(t, theirErr)
	m := &acquaintance{ours: ours, theirs: theirs, serving: serving, cipherSuite: ours.ConnectionState().CipherSuite}
	if serving {
		require.NoError(t, pair.Echo(theirs, ours, "hello"))
	} else {
		require.NoError(t, pair.Echo(ours, theirs, "hello"))
	}
	return m
}

// close ends both directions, the client first.
func (m *acquaintance) close(t *testing.T) {
	t.Helper()
	first, second := tlsConn(m.ours), tlsConn(m.theirs)
	if m.serving {
		first, second = second, first
	}
	require.NoError(t, first.CloseWrite())
	_, err := second.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, second.Close())
	_, err = first.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, first.Close())
}

// compareStates compares what the two sides say about the same connection, field by field.
func (m *acquaintance) compareStates(t *testing.T, serverName string) {
	t.Helper()
	ours, theirs := m.ours.ConnectionState(), m.theirs.ConnectionState()
	assert.True(t, ours.HandshakeComplete, "HandshakeComplete")
	assert.Equal(t, theirs.HandshakeComplete, ours.HandshakeComplete, "HandshakeComplete")
	assert.Equal(t, theirs.Version, ours.Version, "Version")
	assert.Equal(t, theirs.CipherSuite, ours.CipherSuite, "CipherSuite")
	assert.Equal(t, theirs.DidResume, ours.DidResume, "DidResume")
	assert.Equal(t, theirs.NegotiatedProtocol, ours.NegotiatedProtocol, "NegotiatedProtocol")
	assert.Equal(t, serverName, theirs.ServerName, "ServerName")
	if m.serving && ours.DidResume && ours.Version < tls.VersionTLS13 {
		serverName = "" // libssl knows only what the session was made with, and only if a callback took the name
	}
	assert.Equal(t, serverName, ours.ServerName, "ServerName")
	assert.Equal(t, m.ours.SessionReused(), ours.DidResume)

	// Each side sees the other's certificate, the client the server's and here nobody the client's.
	server := testutil.Certs(t).Server.Leaf
	clientSees, serverSees := ours, theirs
	if m.serving {
		clientSees, serverSees = theirs, ours
	}
	assert.Empty(t, serverSees.PeerCertificates, "PeerCertificates of the server")
	assert.Empty(t, serverSees.VerifiedChains, "VerifiedChains of the server")
	if assert.NotEmpty(t, clientSees.PeerCertificates, "PeerCertificates of the client") {
		assert.Equal(t, server.Raw, clientSees.PeerCertificates[0].Raw)
	}
	if !m.serving && !ours.DidResume { // crypto/tls verifies again when it resumes, libssl does not
		assert.Equal(t, [][]string{{"server", "Test CA"}}, names(ours.VerifiedChains), "VerifiedChains")
	}
}

func names(chains [][]*x509.Certificate) (out [][]string) {
	for _, chain := range chains {
		var line []string
		for _, c := range chain {
			line = append(line, c.Subject.CommonName)
		}
		out = append(out, line)
	}
	return out
}
