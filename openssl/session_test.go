package openssl_test

import (
	"net"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/openssl"
)

// What GetSession returns resumes, right after the handshake and in TLS 1.3 too; and so again.
func TestGetSessionResumes(t *testing.T) {
	for version, options := range versions {
		t.Run(version, func(t *testing.T) {
			servers := serverCtx(t, testutil.Certs(t).Server)
			servers.SetOptions(options)
			addr := serve(t, servers)
			clients := clientCtx(t)
			var session []byte
			for i := range 3 {
				c, err := openssl.DialSession("tcp", addr, clients, 0, session)
				require.NoError(t, err)
				defer c.Close()
				assert.Equal(t, i > 0, c.SessionReused())
				assert.Equal(t, i > 0, c.ConnectionState().SessionReused)
				session, err = c.GetSession()
				require.NoError(t, err)
				echo(t, c)
			}
		})
	}
}

// A reader at work is not disturbed by GetSession, nor loses what comes.
func TestGetSessionBesideRead(t *testing.T) {
	c, err := openssl.Dial("tcp", serve(t, serverCtx(t, testutil.Certs(t).Server)), clientCtx(t), 0)
	require.NoError(t, err)
	defer c.Close()
	got := make(chan string)
	go func() {
		b := make([]byte, 9)
		n, _ := c.Read(b)
		got <- string(b[:n])
	}()
	session, err := c.GetSession()
	require.NoError(t, err)
	s, err := libssl.ParseSession(session)
	require.NoError(t, err)
	assert.True(t, s.IsResumable())
	_, err = c.Write([]byte("still"))
	require.NoError(t, err)
	assert.Equal(t, "still", <-got)
}

// A server that gives no tickets does not hold GetSession for long.
func TestGetSessionWithoutTicket(t *testing.T) {
	openssl.SetTicketTimeout(t, time.Millisecond)
	servers := serverCtx(t, testutil.Certs(t).Server)
	require.NoError(t, servers.SetNumTickets(0))
	client, server := connected(t, clientCtx(t), servers)
	der, err := client.GetSession()
	require.NoError(t, err)
	s, err := libssl.ParseSession(der)
	require.NoError(t, err)
	assert.False(t, s.IsResumable())

	_, err = server.GetSession()
	assert.NoError(t, err)
}

func TestGetSessionBeforeHandshake(t *testing.T) {
	client, _ := pair(t, clientCtx(t), serverCtx(t, testutil.Certs(t).Server))
	_, err := client.GetSession()
	assert.EqualError(t, err, "failed to get session")
}

func TestDialSessionRefusesWhatIsNone(t *testing.T) {
	addr := serve(t, serverCtx(t, testutil.Certs(t).Server))
	_, err := openssl.DialSession("tcp", addr, nil, openssl.InsecureSkipHostVerification, []byte("nonsense"))
	assert.ErrorContains(t, err, "unable to load session: SSL errors: ")
	_, err = openssl.DialSession("tcp", addr, nil, openssl.InsecureSkipHostVerification, []byte{})
	assert.ErrorContains(t, err, "unable to load session: ")

	clients := clientCtx(t)
	c, err := openssl.Dial("tcp", addr, clients, 0)
	require.NoError(t, err)
	defer c.Close()
	session, err := c.GetSession()
	require.NoError(t, err)
	_, err = openssl.DialSession("tcp", addr, clients, 0, append(session, 0))
	assert.ErrorContains(t, err, "unable to load session: SSL errors: libssl: d2i_SSL_SESSION: 1 bytes after the session")
}

// The session API of package libssl is there without a rewrite.
func TestSessionAPI(t *testing.T) {
	servers := serverCtx(t, testutil.Certs(t).Server)
	servers.SetOptions(openssl.NoTicket | versions["TLS 1.2"])
	require.NoError(t, servers.SetSessionIDContext([]byte("shop")))
	require.NoError(t, servers.SetGenerateSessionID(libssl.PrefixSessionID([]byte("node7-"))))
	var made []byte
	servers.SetNewSessionCallback(func(s *libssl.SSL, sess *libssl.Session) { made = sess.ID() })
	clients := clientCtx(t)
	client, server := connected(t, clients, servers)
	echoed := make(chan error)
	go func() {
		_, err := server.Write([]byte("x"))
		echoed <- err
	}()
	require.NoError(t, <-echoed)
	sess := client.Session()
	assert.Equal(t, "node7-", string(sess.ID()[:6]))
	assert.Equal(t, sess.ID(), made)
	assert.True(t, server.HasMatchingSessionID(made))
	assert.False(t, server.HasMatchingSessionID([]byte("another")))
	assert.Equal(t, 1, servers.SessionStats().Number)
	assert.Same(t, servers.Libssl(), server.Libssl().Ctx())
	assert.Same(t, server.SSL.Libssl(), server.Libssl().SSL())

	second, _ := pair(t, clients, servers)
	require.NoError(t, second.SetSession(sess))
	require.NoError(t, second.SetGenerateSessionID(nil))
	require.NoError(t, second.SSL.SetSessionIDContext(nil))
	assert.Equal(t, openssl.SessionCacheServer, servers.SetSessionCacheMode(openssl.SessionCacheOff|openssl.NoAutoClear))
	assert.Equal(t, openssl.NoAutoClear, servers.SetSessionCacheMode(openssl.NoInternal))
	assert.Equal(t, openssl.NoInternalLookup|openssl.NoInternalStore, servers.SetSessionCacheMode(openssl.SessionCacheBoth))
}

// So are all other methods of package libssl, but for those that the original has with another signature.
func TestMethodsOfTheRoot(t *testing.T) {
	signature := func(m reflect.Method) (s []reflect.Type) {
		for i := 1; i < m.Type.NumIn(); i++ {
			s = append(s, m.Type.In(i))
		}
		for i := range m.Type.NumOut() {
			s = append(s, m.Type.Out(i))
		}
		return s
	}
	var others []string
	for root, ours := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[*libssl.Ctx]():  reflect.TypeFor[*openssl.Ctx](),
		reflect.TypeFor[*libssl.SSL]():  reflect.TypeFor[*openssl.SSL](),
		reflect.TypeFor[*libssl.Conn](): reflect.TypeFor[*openssl.Conn](),
	} {
		for i := range root.NumMethod() {
			m := root.Method(i)
			our, ok := ours.MethodByName(m.Name)
			if !ok || !slices.Equal(signature(m), signature(our)) {
				others = append(others, m.Name)
			}
		}
	}
	slices.Sort(others)
	assert.Equal(t, []string{
		"ClearOptions", "ConnectionState", "SSL", // a field in a Conn of ours
		"SetDHParameters", "SetOptions", "SetSessionCacheMode", "SetVerify", "SetVerifyMode", "UseCertificate", "VerifyMode", "VerifyResult",
	}, slices.Compact(others))
}

func TestAfterClose(t *testing.T) {
	addr := serve(t, serverCtx(t, testutil.Certs(t).Server))
	clients := clientCtx(t)
	first, err := openssl.Dial("tcp", addr, clients, 0)
	require.NoError(t, err)
	session, err := first.GetSession()
	require.NoError(t, err)
	require.NoError(t, first.Close())
	require.NoError(t, first.Close())

	c, err := openssl.DialSession("tcp", addr, clients, 0, session)
	require.NoError(t, err)
	cipher, err := c.CurrentCipher()
	require.NoError(t, err)
	_, err = c.GetSession() // the ticket has come
	require.NoError(t, err)
	require.NoError(t, c.Close())

	assert.True(t, c.SessionReused())
	assert.Equal(t, openssl.Ok, c.VerifyResult())
	again, err := c.CurrentCipher()
	require.NoError(t, err)
	assert.Equal(t, cipher, again)
	session, err = c.GetSession()
	require.NoError(t, err)
	third, err := openssl.DialSession("tcp", addr, clients, 0, session)
	require.NoError(t, err)
	assert.True(t, third.SessionReused())
	third.Close()

	for _, err := range []error{c.ConnectionState().CertificateError, c.ConnectionState().CertificateChainError, c.VerifyHostname("localhost")} {
		assert.ErrorIs(t, err, libssl.ErrClosed)
		assert.ErrorContains(t, err, "connection closed")
	}

	// One that never shook hands.
	transport, _ := net.Pipe()
	c, err = openssl.Client(transport, clients)
	require.NoError(t, err)
	_, err = c.CurrentCipher()
	assert.EqualError(t, err, "Session not established")
	require.NoError(t, c.Close())
	_, err = c.CurrentCipher()
	assert.EqualError(t, err, "Session not established")
	_, err = c.GetSession()
	assert.Error(t, err)
	assert.Equal(t, openssl.Ok, c.VerifyResult())
}
