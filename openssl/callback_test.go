package openssl_test

import (
	"crypto/tls"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// A panic in a callback ends neither the process nor anything but the call that led to it.
func TestPanicsReachTheCaller(t *testing.T) {
	certs := testutil.Certs(t)
	bad := func(bool, *openssl.CertificateStoreCtx) bool { panic("no") }
	for name, set := range map[string]func(clients, servers *openssl.Ctx){
		"verify": func(clients, _ *openssl.Ctx) { clients.SetVerify(openssl.VerifyPeer, bad) },
		"server name": func(_, servers *openssl.Ctx) {
			servers.SetTLSExtServernameCallback(func(*openssl.SSL) openssl.SSLTLSExtErr { panic("no") })
		},
		"ticket manager": func(_, servers *openssl.Ctx) { servers.SetTicketStore(&openssl.TicketStore{Keys: panicking{}}) },
	} {
		t.Run(name, func(t *testing.T) {
			clients, servers := clientCtx(t), serverCtx(t, certs.Server)
			set(clients, servers)
			client, server := pair(t, clients, servers)
			got := make(chan any)
			go func() {
				got <- panicOf(func() { server.Handshake() })
				server.Close()
			}()
			clientPanic := panicOf(func() {
				if client.Handshake() == nil {
					client.Read(make([]byte, 1))
				}
			})
			client.Close()
			serverPanic := <-got
			if name == "verify" {
				assert.Equal(t, "no", clientPanic)
				assert.Nil(t, serverPanic)
			} else {
				assert.Nil(t, clientPanic)
				assert.Equal(t, "no", serverPanic)
			}
		})
	}
}

type panicking struct{ openssl.TicketKeyManager }

func (panicking) Current() *openssl.TicketKey { panic("no") }

func TestVerifyCallback(t *testing.T) {
	certs := testutil.Certs(t)
	type seen struct {
		ok     bool
		depth  int
		result openssl.VerifyResult
	}
	var all []seen
	var kept *openssl.CertificateStoreCtx
	watch := func(accept func(ok bool) bool) openssl.VerifyCallback {
		all = nil
		return func(ok bool, store *openssl.CertificateStoreCtx) bool {
			kept = store
			all = append(all, seen{ok, store.Depth(), store.VerifyResult()})
			assert.NotEmpty(t, store.GetCurrentCert().GetSerialNumberHex())
			if ok {
				assert.NoError(t, store.Err())
			} else {
				assert.Regexp(t, "^openssl: (unable|self|certificate)", store.Err().Error())
				var v *libssl.VerifyError
				assert.ErrorAs(t, store.Err(), &v)
			}
			return accept(ok)
		}
	}
	agree := func(ok bool) bool { return ok }

	clients := clientCtx(t)
	clients.SetVerifyCallback(watch(agree))
	assert.Equal(t, openssl.VerifyPeer, clients.VerifyMode())
	client, _ := connected(t, clients, serverCtx(t, certs.Server))
	assert.Equal(t, []seen{{true, 1, openssl.Ok}, {true, 0, openssl.Ok}}, all)
	assert.Equal(t, openssl.Ok, client.VerifyResult())
	assert.Nil(t, kept.GetCurrentCert(), "after the callback")
	assert.Nil(t, new(openssl.CertificateStoreCtx).GetCurrentCert())
	assert.Zero(t, new(openssl.CertificateStoreCtx).Depth())

	// A refusal of what libssl thinks well of.
	clients.SetVerifyCallback(watch(func(bool) bool { return false }))
	client, server := pair(t, clients, serverCtx(t, certs.Server))
	clientErr, _ := shake(client, server)
	assert.ErrorIs(t, clientErr, libssl.ReasonCertificateVerifyFailed)
	assert.ErrorContains(t, clientErr, "the verify callback has refused")

	// A faulty certificate that is accepted all the same: the fault stays on record, as it did.
	clients.SetVerifyCallback(watch(func(bool) bool { return true }))
	client, _ = connected(t, clients, serverCtx(t, certs.OtherServer))
	assert.Equal(t, openssl.UnableToVerifyLeafSignature, client.VerifyResult(), "%v", all)
	assert.False(t, all[0].ok)
	assert.Equal(t, openssl.UnableToGetIssuerCertLocally, all[0].result)
	assert.Equal(t, seen{true, 0, openssl.Ok}, all[len(all)-1])

	// One connection's own.
	client, server = pair(t, clients, serverCtx(t, certs.OtherServer))
	assert.Nil(t, client.GetVerifyCallback())
	client.SetVerifyCallback(watch(agree))
	client.SetVerifyMode(openssl.VerifyPeer)
	assert.NotNil(t, client.GetVerifyCallback())
	clientErr, _ = shake(client, server)
	assert.ErrorIs(t, clientErr, libssl.ReasonCertificateVerifyFailed)
	assert.NotEmpty(t, all)

	// The Ctx's stays in force if the connection has none.
	clients.SetVerify(openssl.VerifyNone, watch(agree))
	client, server = pair(t, clients, serverCtx(t, certs.OtherServer))
	client.SetVerifyMode(openssl.VerifyPeer)
	clientErr, _ = shake(client, server)
	assert.Error(t, clientErr)
	assert.NotEmpty(t, all)

	// With VerifyNone the callback is asked, and what it says is put on record.
	client, _ = connected(t, clients, serverCtx(t, certs.OtherServer))
	assert.Equal(t, openssl.UnableToGetIssuerCertLocally, client.VerifyResult())
	assert.NotNil(t, clients.GetVerifyCallback())
}

func TestServerName(t *testing.T) {
	certs := testutil.Certs(t)
	first, second := serverCtx(t, certs.Server), serverCtx(t, certs.OtherServer)
	var asked []string
	decide := openssl.SSLTLSExtErrOK
	var then func(s *openssl.SSL)
	first.SetTLSExtServernameCallback(func(s *openssl.SSL) openssl.SSLTLSExtErr {
		asked = append(asked, s.GetServername())
		if s.GetServername() == "b.test" {
			s.SetVerify(openssl.VerifyNone, func(bool, *openssl.CertificateStoreCtx) bool { return true })
			s.SetSSLCtx(second)
			if then != nil {
				then(s)
			}
		}
		return decide
	})
	clients, err := openssl.NewCtx()
	require.NoError(t, err)
	issuer := func(c *openssl.Conn) string {
		cert, err := c.PeerCertificate()
		require.NoError(t, err)
		name, err := cert.GetIssuerName()
		require.NoError(t, err)
		cn, _ := name.GetEntry(openssl.NID_commonName)
		return cn
	}
	for name, want := range map[string]string{"a.test": "Test CA", "b.test": "Another Test CA", "": "Test CA"} {
		asked = nil
		client, server := pair(t, clients, first)
		if name != "" {
			require.NoError(t, client.SetTlsExtHostName(name))
		}
		clientErr, serverErr := shake(client, server)
		require.NoError(t, errors.Join(clientErr, serverErr))
		assert.Equal(t, want, issuer(client))
		assert.Equal(t, []string{name}, asked)
		assert.Equal(t, name, server.GetServername())
		assert.Same(t, first, server.GetCtx())
	}

	// The callback of the Ctx that it is switched to is in force, whatever the mode is set to afterwards.
	called := 0
	second.SetVerify(openssl.VerifyNone, func(bool, *openssl.CertificateStoreCtx) bool { called++; return false })
	cert, err := openssl.LoadCertificateFromPEM(testutil.CertPEM(certs.Client))
	require.NoError(t, err)
	key, err := openssl.LoadPrivateKeyFromPEM(testutil.KeyPEM(t, certs.Client))
	require.NoError(t, err)
	identified, err := openssl.NewCtx()
	require.NoError(t, err)
	require.NoError(t, errors.Join(identified.UseCertificate(cert), identified.UsePrivateKey(key)))
	for _, set := range []func(s *openssl.SSL){
		func(s *openssl.SSL) { s.SetVerifyMode(openssl.VerifyPeer) },
		func(s *openssl.SSL) { s.SetVerify(openssl.VerifyPeer, nil) },
		func(s *openssl.SSL) {
			assert.Nil(t, s.GetVerifyCallback())
			s.SetVerifyMode(openssl.VerifyPeer)
		},
	} {
		called, then = 0, set
		client, server := pair(t, identified, first)
		require.NoError(t, client.SetTlsExtHostName("b.test"))
		_, serverErr := shake(client, server)
		assert.Error(t, serverErr)
		assert.NotZero(t, called)
	}
	second.SetVerify(openssl.VerifyNone, nil)

	// What is set after the switch stays.
	then = func(s *openssl.SSL) { s.SetVerify(openssl.VerifyPeer|openssl.VerifyFailIfNoPeerCert, nil) }
	client, server := pair(t, clients, first)
	require.NoError(t, client.SetTlsExtHostName("b.test"))
	_, serverErr := shake(client, server)
	assert.ErrorContains(t, serverErr, "peer did not return a certificate")

	decide = openssl.SSLTLSEXTErrAlertFatal
	client, server = pair(t, clients, first)
	clientErr, serverErr := shake(client, server)
	var e *libssl.Error
	require.ErrorAs(t, clientErr, &e)
	code, _, _ := e.Alert()
	assert.EqualValues(t, 112, code, "unrecognized_name")
	assert.ErrorContains(t, serverErr, "the server name callback has refused")

	// Before the handshake too, and without a callback.
	first.SetTLSExtServernameCallback(nil)
	client, server = pair(t, clients, first)
	server.SetSSLCtx(second)
	clientErr, serverErr = shake(client, server)
	require.NoError(t, errors.Join(clientErr, serverErr))
	assert.Equal(t, "Another Test CA", issuer(client))
	server.SetSSLCtx(first) // too late
	server.SetSSLCtx(nil)
	client.SetSSLCtx(second)
	assert.Same(t, second.Libssl(), server.Libssl().Ctx())
}

// A connection that package libssl has made of a Ctx of ours has its callbacks too.
func TestCallbacksOfRootConnections(t *testing.T) {
	for _, decision := range []openssl.SSLTLSExtErr{openssl.SSLTLSEXTErrNoAck, openssl.SSLTLSExtErrAlertWarning} {
		servers := serverCtx(t, testutil.Certs(t).Server)
		var asked string
		servers.SetTLSExtServernameCallback(func(s *openssl.SSL) openssl.SSLTLSExtErr {
			asked = s.GetServername()
			return decision
		})
		transport, other := testutil.TCP(t)
		server, err := libssl.Server(other, servers.Libssl())
		require.NoError(t, err)
		defer server.Close()
		client, err := openssl.Client(transport, clientCtx(t))
		require.NoError(t, err)
		defer client.Close()
		require.NoError(t, client.SetTlsExtHostName("localhost"))
		done := make(chan error)
		go func() { done <- server.Handshake() }()
		require.NoError(t, client.Handshake())
		require.NoError(t, <-done)
		assert.Equal(t, "localhost", asked)
	}
}

// Options and versions go with a switch; and who was let in without a certificate is not where one is demanded.
func TestSetSSLCtxAndSessions(t *testing.T) {
	certs := testutil.Certs(t)
	for version, option := range versions {
		t.Run(version, func(t *testing.T) {
			open, closed := serverCtx(t, certs.Server), serverCtx(t, certs.Server)
			for _, c := range []*openssl.Ctx{open, closed} {
				require.NoError(t, c.SetSessionId([]byte("both")))
				c.SetOptions(option)
			}
			require.NoError(t, closed.GetCertificateStore().LoadCertificatesFromPEM(certs.CA.PEM))
			closed.SetVerifyMode(openssl.VerifyPeer | openssl.VerifyFailIfNoPeerCert)
			open.SetTLSExtServernameCallback(func(s *openssl.SSL) openssl.SSLTLSExtErr {
				if s.GetServername() == "closed.test" {
					s.SetSSLCtx(closed)
				}
				return openssl.SSLTLSExtErrOK
			})
			clients := clientCtx(t)
			connect := func(name string, session []byte) (*openssl.Conn, error) {
				client, server := pair(t, clients, open)
				require.NoError(t, client.SetTlsExtHostName(name))
				if session != nil {
					sess, err := libssl.ParseSession(session)
					require.NoError(t, err)
					defer sess.Close()
					require.NoError(t, client.SetSession(sess))
				}
				_, err := shake(client, server)
				return client, err
			}
			session := func() []byte {
				c, err := connect("open.test", nil)
				require.NoError(t, err)
				der, err := c.GetSession()
				require.NoError(t, err)
				return der
			}
			c, err := connect("open.test", session())
			require.NoError(t, err)
			assert.True(t, c.SessionReused())
			_, err = connect("closed.test", session())
			assert.ErrorContains(t, err, "peer did not return a certificate")
		})
	}

	old := serverCtx(t, certs.Server)
	old.SetOptions(versions["TLS 1.2"])
	first := serverCtx(t, certs.Server)
	first.SetTLSExtServernameCallback(func(s *openssl.SSL) openssl.SSLTLSExtErr {
		s.SetSSLCtx(old)
		return openssl.SSLTLSExtErrOK
	})
	client, _ := connected(t, clientCtx(t), first)
	assert.EqualValues(t, tls.VersionTLS12, client.Libssl().ConnectionState().Version)
}

// Close begins at once, also while a callback of a handshake runs, and ends after it. The handshake fails.
func TestCloseDuringCallback(t *testing.T) {
	for name, renegotiate := range map[string]bool{"handshake": false, "renegotiation": true} {
		t.Run(name, func(t *testing.T) {
			clients, servers := clientCtx(t), serverCtx(t, testutil.Certs(t).Server)
			require.NoError(t, clients.Libssl().SetMaxVersion(tls.VersionTLS12))
			servers.Libssl().SetOptions(libssl.AllowClientRenegotiation)
			var waits atomic.Bool
			begun, woken := make(chan struct{}), make(chan struct{})
			clients.SetVerifyCallback(func(ok bool, _ *openssl.CertificateStoreCtx) bool {
				if waits.Swap(false) {
					close(begun)
					select {
					case <-woken:
					case <-time.After(10 * time.Second):
						t.Error("nobody is woken")
					}
				}
				return ok
			})
			client, server := pair(t, clients, servers)
			handshake := client.Handshake
			if renegotiate {
				clientErr, serverErr := shake(client, server)
				require.NoError(t, clientErr)
				require.NoError(t, serverErr)
				require.NoError(t, client.Libssl().Renegotiate())
				handshake = func() error { _, err := client.Read(make([]byte, 1)); return err }
			}
			waits.Store(true)
			go io.Copy(io.Discard, server)
			done := make(chan error, 1)
			go func() { done <- handshake() }()
			<-begun
			closed := make(chan struct{})
			go func() { client.Close(); close(closed) }()
			if !renegotiate {
				client.Read(make([]byte, 1)) // waits for the handshake until Close wakes it
			}
			begins := func() bool { return errors.Is(client.SetDeadline(time.Time{}), libssl.ErrClosed) }
			assert.Eventually(t, begins, 5*time.Second, time.Millisecond)
			_, err := client.Write([]byte("x"))
			assert.ErrorIs(t, err, libssl.ErrClosed)
			close(woken)
			if err := <-done; renegotiate {
				assert.Equal(t, io.EOF, err)
			} else {
				assert.ErrorIs(t, err, libssl.ErrClosed)
			}
			<-closed
		})
	}
}

// What was found against the peer stays known after Close, however the handshake ended and whoever ran it.
func TestVerifyResultAfterClose(t *testing.T) {
	selfSigned := testutil.Certs(t).SelfSigned
	unverified, err := openssl.NewCtx()
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		clients *openssl.Ctx
		run     func(t *testing.T, client, server *openssl.Conn)
	}{
		"refused": {clientCtx(t), func(t *testing.T, client, server *openssl.Conn) {
			clientErr, _ := shake(client, server)
			require.Error(t, clientErr)
		}},
		"within a Read that gets nothing": {unverified, func(t *testing.T, client, server *openssl.Conn) {
			go func() { server.Handshake(); server.Close() }()
			_, err := client.Read(make([]byte, 1))
			require.Equal(t, io.EOF, err)
		}},
		"within a Read that still waits": {unverified, func(t *testing.T, client, server *openssl.Conn) {
			go client.Read(make([]byte, 1))
			require.NoError(t, server.Handshake())
			require.Eventually(t, func() bool { return client.Libssl().ConnectionState().HandshakeComplete }, time.Minute, time.Millisecond)
		}},
		"by the root's Conn": {unverified, func(t *testing.T, client, server *openssl.Conn) {
			go server.Handshake()
			require.NoError(t, client.Libssl().Handshake())
		}},
	} {
		for closing, close := range map[string]func(c *openssl.Conn) error{
			"Close": (*openssl.Conn).Close, "the root's Close": func(c *openssl.Conn) error { return c.Libssl().Close() },
		} {
			t.Run(name+"/"+closing, func(t *testing.T) {
				client, server := pair(t, tt.clients, serverCtx(t, selfSigned))
				tt.run(t, client, server)
				result := client.VerifyResult()
				cipher, cipherErr := client.CurrentCipher()
				assert.NotEqual(t, openssl.Ok, result)
				require.NoError(t, close(client))
				assert.Equal(t, result, client.VerifyResult())
				after, afterErr := client.CurrentCipher()
				assert.Equal(t, cipher, after)
				assert.Equal(t, cipherErr, afterErr)
			})
		}
	}
}

// A setter of a Ctx in one of its own callbacks counts from the next connection on.
func TestSettersInsideCallback(t *testing.T) {
	certs := testutil.Certs(t)
	servers, clients := serverCtx(t, certs.Server), clientCtx(t)
	require.NoError(t, servers.SetSessionId([]byte("x")))
	require.NoError(t, clients.Libssl().SetMaxVersion(tls.VersionTLS12)) // its client hears of a refusal at once
	begun := false
	var verified atomic.Int32
	before, sealed := &sealing{}, &sealing{}
	servers.SetTLSExtServernameCallback(func(*openssl.SSL) openssl.SSLTLSExtErr {
		if !begun {
			begun = true
			servers.SetVerify(openssl.VerifyPeer|openssl.VerifyFailIfNoPeerCert, nil)
			servers.SetVerifyCallback(func(bool, *openssl.CertificateStoreCtx) bool { verified.Add(1); return true })
			assert.NotNil(t, servers.GetVerifyCallback())
			servers.SetTicketStore(&openssl.TicketStore{Keys: before})
			servers.SetTicketStore(&openssl.TicketStore{Keys: sealed})
			servers.SetVerifyDepth(7)
			assert.ErrorIs(t, servers.SetSessionId([]byte("y")), libssl.ErrInCallback)
		}
		return openssl.SSLTLSExtErrOK
	})
	connect := func() error {
		client, server := pair(t, clients, servers)
		require.NoError(t, client.SetTlsExtHostName("a.test"))
		clientErr, serverErr := shake(client, server)
		return errors.Join(clientErr, serverErr)
	}
	require.NoError(t, connect())
	require.Eventually(t, func() bool { return servers.GetVerifyDepth() == 7 }, time.Minute, time.Millisecond)
	assert.Equal(t, openssl.VerifyPeer|openssl.VerifyFailIfNoPeerCert, servers.VerifyMode())
	assert.Error(t, connect(), "a client without a certificate")
	require.NoError(t, clients.Libssl().UseCertificate(certs.SelfSigned))
	require.Eventually(t, func() bool {
		require.NoError(t, connect())
		return sealed.Load() != 0
	}, time.Minute, time.Millisecond, "the ticket store")
	assert.Positive(t, verified.Load())
	before.Store(0) // it may have been there for a moment
	require.NoError(t, connect())
	assert.Zero(t, before.Load(), "the last one counts")
}

// sealing counts the tickets it is asked to seal, and has none sealed.
type sealing struct{ atomic.Int32 }

func (s *sealing) New() *openssl.TicketKey                      { return nil }
func (s *sealing) Current() *openssl.TicketKey                  { s.Add(1); return nil }
func (s *sealing) Lookup(openssl.TicketName) *openssl.TicketKey { return nil }
func (s *sealing) Expired(openssl.TicketName) bool              { return true }
func (s *sealing) ShouldRenew(openssl.TicketName) bool          { return false }
