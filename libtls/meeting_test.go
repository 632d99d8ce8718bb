package libtls_test

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/require"
)

// A setting is something done to a Config.
type setting func(c *libtls.Config) error

// configured returns a Config with settings.
func configured(t testing.TB, settings ...setting) *libtls.Config {
	t.Helper()
	c := libtls.NewConfig()
	for _, s := range settings {
		require.NoError(t, s(c))
	}
	return c
}

func withCA(ca *testutil.Authority) setting {
	return func(c *libtls.Config) error { return c.SetCAMem(ca.PEM) }
}

func withKeypair(t testing.TB, cert tls.Certificate) setting {
	return func(c *libtls.Config) error {
		return c.SetKeypairMem(testutil.CertPEM(cert), testutil.KeyPEM(t, cert))
	}
}

func withVersion(p libtls.Protocols) setting {
	return func(c *libtls.Config) error { return c.SetProtocols(p) }
}

func withLifetime(d time.Duration) setting {
	return func(c *libtls.Config) error { return c.SetSessionLifetime(d) }
}

func withID(id string) setting {
	return func(c *libtls.Config) error { return c.SetSessionID([]byte(id)) }
}

func withTicketKey(rev uint32) setting {
	return func(c *libtls.Config) error { return c.AddTicketKey(rev, ticketKeyOf(byte(rev))) }
}

func withFile(f *os.File) setting {
	return func(c *libtls.Config) error { return c.SetSessionFile(f) }
}

// does is a setting that can't fail.
func does(f func(c *libtls.Config)) setting {
	return func(c *libtls.Config) error { f(c); return nil }
}

func ticketKeyOf(n byte) []byte {
	key := make([]byte, 48)
	for i := range key {
		key[i] = n + byte(i)
	}
	return key
}

// inFarm is what servers share that resume each other's sessions.
func inFarm(c *libtls.Config) error {
	return errors.Join(c.SetSessionLifetime(time.Hour), c.SetSessionID([]byte("farm")), c.AddTicketKey(1, ticketKeyOf(1)))
}

// aServer makes a server with the usual certificate.
func aServer(t testing.TB, settings ...setting) *libtls.Server {
	t.Helper()
	s, err := libtls.NewServer(aServerConfig(t, settings...))
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func aServerConfig(t testing.TB, settings ...setting) *libtls.Config {
	t.Helper()
	return configured(t, append([]setting{withKeypair(t, testutil.Certs(t).Server)}, settings...)...)
}

// aClient makes the configuration of a client that trusts the usual authority.
func aClient(t testing.TB, settings ...setting) *libtls.Config {
	t.Helper()
	return configured(t, append([]setting{withCA(testutil.Certs(t).CA)}, settings...)...)
}

// aFile makes an empty session file.
func aFile(t testing.TB) *os.File {
	return openedFile(t, filepath.Join(t.TempDir(), "session"), os.O_RDWR|os.O_CREATE)
}

func openedFile(t testing.TB, path string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flags, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func contentOf(t testing.TB, f *os.File) []byte {
	t.Helper()
	all, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return all
}

func fillFile(t testing.TB, f *os.File, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(f.Name(), content, 0o600))
}

// sessionIn parses what must be a session and nothing else.
func sessionIn(t testing.TB, f *os.File) *libssl.Session {
	t.Helper()
	content := contentOf(t, f)
	s, err := libssl.ParseSessionPEM(content)
	require.NoError(t, err)
	text, err := s.MarshalText()
	require.NoError(t, err)
	require.Equal(t, string(text), string(content), "there is something beside the session")
	return s
}

// A meeting is a client and a server, and how they fared.
type meeting struct {
	client, server       *libtls.Conn
	clientErr, serverErr error // of the handshakes, or of making the client
	resumed              bool  // as both say
}

const peerName = "localhost"

// meet makes a connection on which a message goes both ways, so that a client of TLS 1.3 reads its tickets.
func meet(t testing.TB, srv *libtls.Server, cli *libtls.Config) *meeting {
	t.Helper()
	return meetAs(t, srv, cli, peerName)
}

func meetAs(t testing.TB, srv *libtls.Server, cli *libtls.Config, name string) *meeting {
	t.Helper()
	m := introduced(t, srv, cli, name)
	if m.client != nil {
		m.talk(t)
	}
	return m
}

// introduced stops short of the handshake.
func introduced(t testing.TB, srv *libtls.Server, cli *libtls.Config, name string) *meeting {
	t.Helper()
	near, far := testutil.TCP(t)
	m := new(meeting)
	var err error
	m.server, err = srv.Accept(far)
	require.NoError(t, err)
	t.Cleanup(func() { m.server.Close() })
	m.client, m.clientErr = libtls.Client(near, name, cli)
	if m.clientErr != nil {
		near.Close()
		return m
	}
	t.Cleanup(func() { m.client.Close() })
	return m
}

func (m *meeting) talk(t testing.TB) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() { m.serverErr = chat(m.server, false) })
	wg.Go(func() { m.clientErr = chat(m.client, true) })
	wg.Wait()
	m.resumed = m.client.SessionResumed()
	if m.clientErr == nil && m.serverErr == nil {
		require.Equal(t, m.resumed, m.server.SessionResumed(), "client and server differ on whether they resumed")
	}
}

// chat is one side's part. Who fails hangs up.
func chat(c *libtls.Conn, first bool) error {
	err := c.Handshake()
	if err != nil {
		c.Close()
		return err
	}
	buf := make([]byte, 5)
	if first {
		_, err = c.Write([]byte("hello"))
	}
	if err == nil {
		_, err = io.ReadFull(c, buf)
	}
	if err == nil && !first {
		_, err = c.Write(buf)
	}
	if err != nil {
		c.Close()
	}
	return err
}

// fine fails the test if one side failed.
func (m *meeting) fine(t testing.TB) *meeting {
	t.Helper()
	require.NoError(t, m.clientErr)
	require.NoError(t, m.serverErr)
	return m
}

// close closes both ends in an orderly manner.
func (m *meeting) close() {
	m.client.Close()
	m.server.Close()
}

// eachVersion runs a test for TLS 1.2 and 1.3.
func eachVersion(t *testing.T, f func(t *testing.T, version setting, p libtls.Protocols)) {
	for _, p := range []libtls.Protocols{libtls.ProtocolTLSv1_2, libtls.ProtocolTLSv1_3} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			f(t, withVersion(p), p)
		})
	}
}
