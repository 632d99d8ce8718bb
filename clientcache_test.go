package libssl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// serve starts an echo server and returns its address.
func serve(t *testing.T, server *libssl.Ctx) string {
	l, err := libssl.Listen("tcp", "127.0.0.1:0", server)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go echo(l)
	return l.Addr().String()
}

// visit dials, waits for a session if one is to come, and reports whether the connection resumed.
func visit(t *testing.T, d *libssl.Dialer, addr string) bool {
	t.Helper()
	c, err := d.DialContext(context.Background(), "tcp", addr)
	require.NoError(t, err)
	conn := c.(*libssl.Conn)
	defer conn.Close()
	_, err = conn.AwaitSession(context.Background())
	require.NoError(t, err)
	return conn.SessionReused()
}

func TestDialerSessions(t *testing.T) {
	for _, mode := range pair.Modes {
		for name, open := range map[string]func(*testing.T) libssl.ClientSessionCache{
			"memory": func(*testing.T) libssl.ClientSessionCache { return libssl.NewClientSessionCache(0) },
			"file": func(t *testing.T) libssl.ClientSessionCache {
				f, err := libssl.OpenSessionCache(filepath.Join(t.TempDir(), "sessions"), 0)
				require.NoError(t, err)
				return f
			},
		} {
			t.Run(mode.Name+"/"+name, func(t *testing.T) {
				addr, other := serve(t, mode.ServerCtx(t)), serve(t, mode.ServerCtx(t))
				d := &libssl.Dialer{Ctx: mode.ClientCtx(t), Sessions: open(t)}
				assert.False(t, visit(t, d, addr))
				assert.True(t, visit(t, d, addr))
				assert.True(t, visit(t, d, addr), "a session used before, or another ticket")
				assert.False(t, visit(t, d, other), "another port")
				d.ServerName = "b.test"
				assert.False(t, visit(t, d, addr), "another name")
				assert.True(t, visit(t, d, addr))
			})
		}
	}
}

// keyed is a session that can be told from others by its id.
func keyed(t *testing.T, from *libssl.Session, id string) *libssl.Session {
	s, err := from.Clone()
	require.NoError(t, err)
	require.NoError(t, s.SetID([]byte(id)))
	return s
}

func sessionOf(t *testing.T, mode pair.Mode) *libssl.Session {
	p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{})
	sess, err := p.Client.AwaitSession(context.Background())
	require.NoError(t, err)
	return sess
}

func idOf(s *libssl.Session) string {
	if s == nil {
		return ""
	}
	return string(s.ID())
}

func TestClientSessionCache(t *testing.T) {
	sess13, sess12 := sessionOf(t, pair.Modes[3]), sessionOf(t, pair.Modes[0])

	c := libssl.NewClientSessionCache(3)
	c.Put("a", keyed(t, sess13, "a1"))
	c.Put("a", keyed(t, sess13, "a2"))
	c.Put("b", keyed(t, sess13, "b1"))
	c.Put("c", keyed(t, sess13, "c1")) // the cache is full: the oldest of the key used longest ago goes
	assert.Equal(t, "a2", idOf(c.Get("a")))
	assert.Empty(t, idOf(c.Get("a")), "each is given out once")
	assert.Equal(t, "b1", idOf(c.Get("b")))
	assert.Equal(t, "c1", idOf(c.Get("c")))

	c.Put("a", keyed(t, sess12, "a1"))
	c.Put("a", keyed(t, sess12, "a2"))
	assert.Equal(t, "a2", idOf(c.Get("a")))
	assert.Empty(t, idOf(c.Get("a")), "of TLS 1.2 the newest is enough")

	old := keyed(t, sess13, "old")
	require.NoError(t, old.SetTime(old.Time().Add(-old.TicketLifetimeHint()*2)))
	c.Put("a", old)
	assert.Nil(t, c.Get("a"), "expired")
}

func TestFileSessionCache(t *testing.T) {
	sess := sessionOf(t, pair.Modes[3])
	path := filepath.Join(t.TempDir(), "sessions")
	c, err := libssl.OpenSessionCache(path, 0)
	require.NoError(t, err)
	for i := range 3 {
		c.Put("k", keyed(t, sess, fmt.Sprint("s", i)))
	}
	require.NoError(t, c.Err())
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())

	again, err := libssl.OpenSessionCache(path, 0)
	require.NoError(t, err)
	assert.Equal(t, "s2", idOf(again.Get("k")))
	third, err := libssl.OpenSessionCache(path, 0)
	require.NoError(t, err)
	assert.Equal(t, "s1", idOf(third.Get("k")), "what was given out is out of the file")

	leftovers, err := filepath.Glob(path + ".*")
	require.NoError(t, err)
	assert.Empty(t, leftovers)
}

func TestOpenSessionCacheRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(write("target", "{}", 0o600), link))
	for path, want := range map[string]string{
		write("open", "{}", 0o640):              "others may use it (mode 0640, want 0600)",
		write("garbage", "garbage", 0o600):      "no session cache: invalid character",
		write("other", `{"format":"x"}`, 0o600): `format "x"`,
		dir:                                     "not a regular file",
		link:                                    "not a regular file",
		filepath.Join(dir, "garbage", "no", "way"): "not a directory",
	} {
		_, err := libssl.OpenSessionCache(path, 0)
		assert.ErrorContains(t, err, want)
	}
	c, err := libssl.OpenSessionCache(filepath.Join(dir, "no", "such", "dir"), 0)
	require.NoError(t, err)
	c.Put("k", sessionOf(t, pair.Modes[3]))
	assert.ErrorIs(t, c.Err(), os.ErrNotExist)
	assert.NotNil(t, c.Get("k"), "kept in memory")
}
