package tests

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

const earlyLimit = 16384 // libssl's own default for what a server takes in

// tls13 are the modes that early data is for.
var tls13 = []pair.Mode{pair.Modes[2], pair.Modes[3]}

// earlyTransports are transports with and without a kernel socket and with and without a buffer.
var earlyTransports = append(transports[:len(transports):len(transports)], struct {
	Name string
	Pair testutil.Transport
}{"memory", func(testing.TB) (client, server net.Conn) {
	w := newMemoryWire()
	return w.client(), w.server()
}})

// An earlyStage is a server that allows early data and a client that has a session of it.
type earlyStage struct {
	mode           pair.Mode
	server, client *libssl.Ctx
	sess           *libssl.Session
}

func newEarlyStage(t testing.TB, mode pair.Mode, limit uint32) *earlyStage {
	t.Helper()
	st := &earlyStage{mode: mode, server: serverOf(t, mode), client: clientOf(t, mode)}
	require.NoError(t, st.server.SetMaxEarlyData(limit))
	require.NoError(t, st.server.SetRecvMaxEarlyData(limit))
	st.renew(t)
	return st
}

// renew gets another session: each is good for one connection.
func (st *earlyStage) renew(t testing.TB) {
	t.Helper()
	st.sess = sessionOf(t, st.server, st.client)
}

// sessionOf returns the session that a client has after a handshake.
func sessionOf(t testing.TB, server, client *libssl.Ctx) *libssl.Session {
	t.Helper()
	p := pair.Handshake(t, server, client, pair.Options{})
	sess := p.Client.Session()
	p.Close(t)
	return sess
}

// link connects a client that offers the session.
func (st *earlyStage) link(t testing.TB, transport testutil.Transport) *link {
	t.Helper()
	clientRaw, serverRaw := transport(t)
	l, err := linkOn(clientRaw, serverRaw, st.server, st.client)
	require.NoError(t, err)
	closedAtEnd(t, l.client)
	closedAtEnd(t, l.server)
	require.NoError(t, l.client.SetSession(st.sess))
	return l
}

// sendEarly has the client send early data and whatever the server has not accepted again, a line more, and end.
func sendEarly(c *libssl.Conn, early string) error {
	n, err := io.WriteString(earlyWriter{c}, early)
	if err != nil || n != len(early) {
		return errors.Join(err, io.ErrShortWrite)
	}
	if err := c.Handshake(); err != nil {
		return err
	}
	if c.EarlyDataStatus() != libssl.EarlyDataAccepted {
		if _, err := io.WriteString(c, early); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(c, "and more\n"); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	return err
}

// serveEarly reads everything: early data, unless the server is not to look for it, and what comes after it.
func serveEarly(c *libssl.Conn, reads bool) (early, late string, err error) {
	if reads {
		b, err := io.ReadAll(earlyReader{c})
		if err != nil {
			return string(b), "", err
		}
		early = string(b)
	}
	if err := c.Handshake(); err != nil {
		return early, "", err
	}
	b, err := io.ReadAll(c)
	return early, string(b), errors.Join(err, c.CloseWrite())
}

type earlyWriter struct{ *libssl.Conn }

func (w earlyWriter) Write(p []byte) (int, error)       { return w.WriteEarlyData(p) }
func (w earlyWriter) WriteString(p string) (int, error) { return w.WriteEarlyData([]byte(p)) }

type earlyReader struct{ *libssl.Conn }

func (r earlyReader) Read(p []byte) (int, error) { return r.ReadEarlyData(p) }

// served is what the server of a connection has read.
type served struct {
	early, late string
	err         error
}

// run has the client send early data, and returns what the server has got.
func (l *link) run(t testing.TB, early string, reads bool) served {
	t.Helper()
	client := start(func() error { return sendEarly(l.client, early) })
	server := async(func() (s served) {
		s.early, s.late, s.err = serveEarly(l.server, reads)
		return s
	})
	got := receive(t, server, "the server")
	require.Equal(t, ending{}, receive(t, client, "the client"), "the client; the server: %v", got.err)
	require.NoError(t, got.err)
	return got
}

func (l *link) requireStatus(t testing.TB, status libssl.EarlyDataStatus, reused bool) {
	t.Helper()
	assert.Equal(t, status, l.client.EarlyDataStatus(), "client")
	assert.Equal(t, status, l.server.EarlyDataStatus(), "server")
	assert.Equal(t, reused, l.client.SessionReused(), "client")
	assert.Equal(t, reused, l.server.SessionReused(), "server")
}

func inTLS13(t *testing.T, test func(t *testing.T, mode pair.Mode)) {
	for _, mode := range tls13 {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			test(t, mode)
		})
	}
}

func TestEarlyDataAccepted(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, tr := range earlyTransports {
			for _, size := range []int{1, earlyLimit, 200000} {
				st := newEarlyStage(t, mode, max(earlyLimit, uint32(size)))
				l := st.link(t, tr.Pair)
				early := strings.Repeat("e", size)
				got := l.run(t, early, true)
				assert.Equal(t, len(early), len(got.early), tr.Name)
				assert.Equal(t, early, got.early)
				assert.Equal(t, "and more\n", got.late)
				l.requireStatus(t, libssl.EarlyDataAccepted, true)
			}
		}
	})
}

// TestEarlyDataRejected shows that what is rejected is never read, and that the client is told.
func TestEarlyDataRejected(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, tt := range []struct {
			name   string
			set    func(t *testing.T, st *earlyStage)
			blind  bool // the server doesn't look for early data
			reused bool
		}{
			{name: "nobody reads it", blind: true, reused: true},
			{name: "not allowed any more", set: func(t *testing.T, st *earlyStage) {
				require.NoError(t, st.server.SetMaxEarlyData(0))
				st.server.SetOptions(libssl.NoAntiReplay)
			}, reused: !mode.Tickets}, // a ticket that anti-replay made is an id, which says nothing without it
			{name: "not allowed any more, nobody reads it", set: func(t *testing.T, st *earlyStage) {
				require.NoError(t, st.server.SetMaxEarlyData(0))
			}, blind: true, reused: !mode.Tickets},
			{name: "the callback says no", set: func(t *testing.T, st *earlyStage) {
				st.server.SetAllowEarlyDataCallback(func(*libssl.SSL) bool { return false })
			}, reused: true},
			{name: "replayed", set: func(t *testing.T, st *earlyStage) {
				l := st.link(t, testutil.TCP)
				assert.Equal(t, served{"once", "and more\n", nil}, l.run(t, "once", true))
				l.requireStatus(t, libssl.EarlyDataAccepted, true)
			}},
			{name: "unknown session", set: func(t *testing.T, st *earlyStage) {
				st.server = serverOf(t, mode)
				require.NoError(t, st.server.SetMaxEarlyData(earlyLimit))
			}},
			{name: "other context", set: func(t *testing.T, st *earlyStage) {
				require.NoError(t, st.server.SetSessionIDContext([]byte("other")))
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				for _, tr := range earlyTransports {
					st := newEarlyStage(t, mode, earlyLimit)
					if tt.set != nil {
						tt.set(t, st)
					}
					l := st.link(t, tr.Pair)
					early := strings.Repeat("early", 1000)
					got := l.run(t, early, !tt.blind)
					assert.Empty(t, got.early, tr.Name)
					assert.Equal(t, early+"and more\n", got.late)
					l.requireStatus(t, libssl.EarlyDataRejected, tt.reused)
				}
			})
		}
	})
}

// TestEarlyDataAndCaches shows what a program with an external cache has to know: libssl's guard against replay looks at
// the internal cache alone, and takes whatever an external one gives back for a session that was never used.
func TestEarlyDataAndCaches(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		const none = libssl.EarlyDataRejected
		const both = libssl.EarlyDataAccepted
		for _, tt := range []struct {
			name         string
			cache        libssl.SessionCacheMode
			external     func(*libssl.Ctx)
			options      libssl.Options
			first, again libssl.EarlyDataStatus
		}{
			{"internal", 0, func(*libssl.Ctx) {}, 0, both, none},
			{"external that never forgets", 0, hoardingCache, 0, both, both},
			{"external without internal lookup", libssl.SessionCacheNoInternalLookup, hoardingCache, 0, both, both},
			{"external that forgets", 0, forgettingCache, 0, both, none},
			{"external that forgets, without internal lookup", libssl.SessionCacheNoInternalLookup, forgettingCache, 0, both, none},
			{"external without internal store", libssl.SessionCacheNoInternalStore, hoardingCache, 0, none, none},
			{"external alone", libssl.SessionCacheNoInternal, hoardingCache, 0, none, none},
			{"external alone, no guard", libssl.SessionCacheNoInternal, hoardingCache, libssl.NoAntiReplay, both, both},
		} {
			t.Run(tt.name, func(t *testing.T) {
				st := &earlyStage{mode: mode, server: serverOf(t, mode), client: clientOf(t, mode)}
				require.NoError(t, st.server.SetMaxEarlyData(earlyLimit))
				st.server.SetSessionCacheMode(libssl.SessionCacheServer | tt.cache)
				st.server.SetOptions(tt.options)
				tt.external(st.server)
				st.renew(t)
				for _, want := range []libssl.EarlyDataStatus{tt.first, tt.again} {
					l := st.link(t, testutil.TCP)
					l.run(t, "early", true)
					l.requireStatus(t, want, want == libssl.EarlyDataAccepted)
				}
			})
		}
	})
}

// hoardingCache gives a server an external cache that never forgets.
func hoardingCache(ctx *libssl.Ctx) { externalCache(ctx) }

// forgettingCache gives a server an external cache that forgets what libssl removes.
func forgettingCache(ctx *libssl.Ctx) {
	cache := externalCache(ctx)
	ctx.SetRemoveSessionCallback(func(_ *libssl.Ctx, sess *libssl.Session) { cache.Delete(string(sess.ID())) })
}

func externalCache(ctx *libssl.Ctx) *sync.Map {
	cache := new(sync.Map)
	ctx.SetNewSessionCallback(func(_ *libssl.SSL, sess *libssl.Session) { cache.Store(string(sess.ID()), sess) })
	ctx.SetGetSessionCallback(func(_ *libssl.SSL, id []byte) *libssl.Session {
		if sess, ok := cache.Load(string(id)); ok {
			return sess.(*libssl.Session)
		}
		return nil
	})
	return cache
}

func requireNoEarlyData(t *testing.T, n int, err error, op string) {
	t.Helper()
	assert.Zero(t, n)
	require.ErrorIs(t, err, libssl.ErrNoEarlyData)
	var e *libssl.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, op, e.Op)
	assert.Zero(t, e.Ret)
	assert.Len(t, e.Stack, 1)
}

// TestNoEarlyData shows that a connection goes on after an attempt that comes to nothing.
func TestNoEarlyData(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, c *libssl.Conn) {
		n, err := c.WriteEarlyData([]byte("early"))
		requireNoEarlyData(t, n, err, "SSL_write_early_data")
		n, err = c.WriteEarlyData(nil)
		assert.Zero(t, n)
		assert.NoError(t, err)
	}
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			server, client := serverOf(t, mode), clientOf(t, mode)
			for _, sess := range []*libssl.Session{nil, sessionOf(t, server, client)} {
				l := newLink(t, server, client)
				require.NoError(t, l.client.SetSession(sess))
				write(t, l.client)
				write(t, l.server) // to nobody yet
				n, err := l.client.ReadEarlyData(make([]byte, 10))
				requireNoEarlyData(t, n, err, "SSL_read_early_data")
				_, err = l.client.ExportKeyingMaterialEarly("label", nil, 10)
				assert.Error(t, err)
				_, err = l.server.ExportKeyingMaterialEarly("label", nil, 10)
				assert.Error(t, err)
				requireTalk(t, l)
				write(t, l.client) // too late
				n, err = l.server.ReadEarlyData(make([]byte, 10))
				assert.Zero(t, n)
				assert.Equal(t, io.EOF, err)
				l.requireStatus(t, libssl.EarlyDataNotSent, sess != nil)
				requireTalk(t, l)

				// A server that looks for early data finds none.
				l = newLink(t, server, client)
				require.NoError(t, l.client.SetSession(sess))
				received := async(func() served {
					early, late, err := serveEarly(l.server, true)
					return served{early, late, err}
				})
				require.NoError(t, talkAndEnd(l.client, "late"))
				assert.Equal(t, served{"", "late", nil}, receive(t, received, "the server"))
			}
		})
	}
}

func talkAndEnd(c *libssl.Conn, data string) error {
	_, err := io.WriteString(c, data)
	return errors.Join(err, c.CloseWrite())
}

// TestEarlyDataTooMuch shows both limits: the session's ends a client's connection, the server's own a server's.
func TestEarlyDataTooMuch(t *testing.T) {
	t.Parallel()
	const tooMuch = libssl.ReasonTooMuchEarlyData
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, size := range []int{101, 200000} {
			st := newEarlyStage(t, mode, 100)
			l := st.link(t, testutil.TCP)
			n, err := l.client.WriteEarlyData(make([]byte, size))
			assert.Zero(t, n)
			require.ErrorIs(t, err, tooMuch)
			assert.Equal(t, err, l.client.Handshake(), "a failure is final")
			_, err = l.client.WriteEarlyData([]byte("less"))
			require.ErrorIs(t, err, tooMuch)
		}
		for _, reads := range []bool{true, false} {
			st := newEarlyStage(t, mode, 1000)
			require.NoError(t, st.server.SetRecvMaxEarlyData(99))
			l := st.link(t, testutil.TCP)
			client := start(func() error { return sendEarly(l.client, strings.Repeat("e", 1000)) })
			_, _, err := serveEarly(l.server, reads)
			if reads {
				require.ErrorIs(t, err, tooMuch)
				requireAlert(t, err, alertUnexpectedMessage, true)
				_, err = l.server.ReadEarlyData(make([]byte, 1))
				require.ErrorIs(t, err, tooMuch)
			}
			require.ErrorIs(t, l.server.Handshake(), err)
			require.Error(t, err)
			end := receive(t, client, "the client")
			requireAlert(t, end.err, alertUnexpectedMessage, false)
		}
	})
}

// TestEarlyDataIsKept shows that a handshake that comes in between loses nothing and mixes nothing.
func TestEarlyDataIsKept(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, tr := range earlyTransports {
			for name, goOn := range map[string]func(c *libssl.Conn) (string, error){
				"Handshake": func(c *libssl.Conn) (string, error) { return "", c.Handshake() },
				"Write":     func(c *libssl.Conn) (string, error) { return "", talkAndEnd(c, "answer") },
				"Read": func(c *libssl.Conn) (string, error) {
					b, err := io.ReadAll(c)
					return string(b), err
				},
			} {
				st := newEarlyStage(t, mode, earlyLimit)
				l := st.link(t, tr.Pair)
				early := strings.Repeat("0123456789", 1000)
				client := start(func() error { return sendEarly(l.client, early) })
				buf := make([]byte, 10)
				_, err := io.ReadFull(earlyReader{l.server}, buf)
				require.NoError(t, err, "%s %s", tr.Name, name)
				assert.Equal(t, early[:10], string(buf))
				gone := async(func() served {
					late, err := goOn(l.server)
					return served{late: late, err: err}
				})
				require.NoError(t, l.server.Handshake())
				rest, err := io.ReadAll(earlyReader{l.server})
				require.NoError(t, err)
				assert.Equal(t, early[10:], string(rest))
				more, err := io.ReadAll(l.server)
				require.NoError(t, err)
				got := receive(t, gone, name)
				require.NoError(t, got.err, "%s %s", tr.Name, name)
				assert.Equal(t, "and more\n", got.late+string(more))
				n, err := l.server.ReadEarlyData(buf)
				assert.Zero(t, n)
				assert.Equal(t, io.EOF, err)
				if name != "Write" {
					require.NoError(t, l.server.CloseWrite())
				}
				require.Equal(t, ending{}, receive(t, client, "the client"))
			}
		}
	})
}

// TestEarlyDataAnswered shows a server that answers before the handshake is complete, and goes on answering while
// another goroutine completes it.
func TestEarlyDataAnswered(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, accepted := range []bool{true, false} {
			st := newEarlyStage(t, mode, earlyLimit)
			st.server.SetAllowEarlyDataCallback(func(*libssl.SSL) bool { return accepted })
			l := st.link(t, testutil.TCP)
			_, err := l.client.WriteEarlyData([]byte("question"))
			require.NoError(t, err)
			buf := make([]byte, 100)
			n, err := l.server.ReadEarlyData(buf)
			if accepted {
				require.NoError(t, err)
				assert.Equal(t, "question", string(buf[:n]))
			} else {
				require.Equal(t, io.EOF, err)
			}
			n, err = l.server.WriteEarlyData([]byte("answer"))
			require.NoError(t, err)
			assert.Equal(t, 6, n)
			assert.False(t, l.server.ConnectionState().HandshakeComplete)
			// The client has it before it has sent anything but the question.
			_, err = io.ReadFull(l.client, buf[:6])
			require.NoError(t, err)
			assert.Equal(t, "answer", string(buf[:6]))
			require.NoError(t, l.server.Handshake())
			n, err = l.server.WriteEarlyData([]byte("answer"))
			require.NoError(t, err)
			assert.Equal(t, 6, n)
			_, err = io.ReadFull(l.client, buf[:6])
			require.NoError(t, err)
			require.NoError(t, pair.Echo(l.client, l.server, "more"))
		}
	})
}

// TestEarlyDataSideBySide has everything done at once: early data is written and read while other goroutines read,
// write and complete the handshake. Nothing is lost, doubled or mixed up.
func TestEarlyDataSideBySide(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, tr := range earlyTransports {
			st := newEarlyStage(t, mode, earlyLimit)
			l := st.link(t, tr.Pair)
			const parts = 100
			question := strings.Repeat("0123456789", parts)
			sent := start(func() error {
				for i := range parts {
					part := []byte(question[10*i:][:10])
					if _, err := l.client.WriteEarlyData(part); errors.Is(err, libssl.ErrNoEarlyData) {
						_, err = l.client.Write(part) // the Read beside has begun
						if err != nil {
							return err
						}
					} else if err != nil {
						return err
					}
				}
				if err := l.client.Handshake(); err != nil {
					return err
				}
				return l.client.CloseWrite()
			})
			answered := async(func() served {
				b, err := io.ReadAll(l.client)
				return served{late: string(b), err: err}
			})
			early := async(func() served {
				b, err := io.ReadAll(earlyReader{l.server})
				return served{early: string(b), err: err}
			})
			late := async(func() served {
				b, err := io.ReadAll(l.server)
				return served{late: string(b), err: err}
			})
			answering := start(func() error { return talkAndEnd(l.server, "answer") })
			require.Equal(t, ending{}, receive(t, sent, "the client's Writes"), tr.Name)
			require.Equal(t, ending{}, receive(t, answering, "the server's Writes"))
			assert.Equal(t, served{late: "answer"}, receive(t, answered, "the client's Reads"))
			gotEarly, gotLate := receive(t, early, "the early data"), receive(t, late, "the server's Reads")
			require.NoError(t, gotEarly.err)
			require.NoError(t, gotLate.err)
			if l.server.EarlyDataStatus() == libssl.EarlyDataAccepted {
				assert.Equal(t, question, gotEarly.early+gotLate.late)
			} else { // the server's Read came first, and what was early is gone
				assert.Empty(t, gotEarly.early)
				assert.True(t, strings.HasSuffix(question, gotLate.late))
			}
		}
	})
}

// TestEarlyDataDeadlines shows that a time-out loses nothing.
func TestEarlyDataDeadlines(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, tr := range earlyTransports {
			st := newEarlyStage(t, mode, earlyLimit)
			l := st.link(t, tr.Pair)
			past := time.Now().Add(-time.Second)
			require.NoError(t, l.client.SetWriteDeadline(past))
			require.NoError(t, l.server.SetReadDeadline(past))
			n, err := l.client.WriteEarlyData([]byte("early"))
			assert.Zero(t, n)
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			n, err = l.server.ReadEarlyData(make([]byte, 10))
			assert.Zero(t, n)
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)

			require.NoError(t, l.server.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
			n, err = l.server.ReadEarlyData(make([]byte, 10))
			assert.Zero(t, n)
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.NoError(t, l.client.SetDeadline(time.Time{}))
			require.NoError(t, l.server.SetDeadline(time.Time{}))
			assert.Equal(t, served{"early", "and more\n", nil}, l.run(t, "early", true), tr.Name)
		}
		// Nobody reads: what was encrypted counts as written, and goes first the next time.
		st := newEarlyStage(t, mode, earlyLimit)
		l := st.link(t, testutil.Pipe)
		n := 0
		for wait := 10 * time.Millisecond; n == 0; wait *= 2 { // nothing is encrypted by a Write that begins too late
			require.Less(t, wait, patience)
			require.NoError(t, l.client.SetWriteDeadline(time.Now().Add(wait)))
			var err error
			n, err = l.client.WriteEarlyData([]byte("early"))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		}
		assert.Equal(t, 5, n)
		require.NoError(t, l.client.SetWriteDeadline(time.Time{}))
		assert.Equal(t, served{"early and again", "and more\n", nil}, l.run(t, " and again", true))
	})
}

// TestEarlyDataClosed shows that Close ends both calls, and what comes after it.
func TestEarlyDataClosed(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, tr := range earlyTransports {
			st := newEarlyStage(t, mode, earlyLimit)
			l := st.link(t, tr.Pair)
			reading := start(func() error {
				_, err := l.server.ReadEarlyData(make([]byte, 10))
				return err
			})
			returns(t, "Close", func() { l.server.Close() })
			require.ErrorIs(t, receive(t, reading, tr.Name).err, libssl.ErrClosed)
			_, err := l.server.ReadEarlyData(make([]byte, 10))
			require.ErrorIs(t, err, libssl.ErrClosed)
			_, err = l.server.WriteEarlyData([]byte("early"))
			require.ErrorIs(t, err, libssl.ErrClosed)
		}
		st := newEarlyStage(t, mode, earlyLimit)
		l := newLink(t, st.server, st.client)
		requireTalk(t, l)
		require.NoError(t, l.server.Close())
		_, err := l.server.ReadEarlyData(make([]byte, 10))
		require.ErrorIs(t, err, libssl.ErrClosed)

		l = st.link(t, testutil.Pipe)
		writing := start(func() error {
			_, err := l.client.WriteEarlyData([]byte("early"))
			return err
		})
		returns(t, "Close", func() { l.client.Close() })
		require.ErrorIs(t, receive(t, writing, "WriteEarlyData").err, libssl.ErrClosed)
	})
}

// TestEarlyDataCut cuts the transport after every byte that the client sends.
func TestEarlyDataCut(t *testing.T) {
	t.Parallel()
	st := newEarlyStage(t, pair.Modes[3], earlyLimit)
	st.server.SetOptions(libssl.NoAntiReplay)
	st.renew(t)
	cut := func(n int) (passed int, got served) {
		w := newMemoryWire()
		w.cutAfter(0, n)
		l, err := linkOn(w.client(), w.server(), st.server, st.client)
		require.NoError(t, err)
		defer l.client.Close()
		defer l.server.Close()
		require.NoError(t, l.client.SetSession(st.sess))
		client := start(func() error { return sendEarly(l.client, "0123456789") })
		got.early, got.late, got.err = serveEarly(l.server, true)
		l.server.Close()
		require.False(t, receive(t, client, "the client").exited)
		return w.passed(0), got
	}
	all, got := cut(-1)
	require.Equal(t, served{"0123456789", "and more\n", nil}, got)
	for n := range all {
		_, got := cut(n)
		require.ErrorIs(t, got.err, io.ErrUnexpectedEOF, "after %d of %d bytes", n, all)
		assert.Contains(t, []string{"", "0123456789"}, got.early)
	}
}

func TestEarlyDataExporter(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := newEarlyStage(t, mode, earlyLimit)
		l := st.link(t, testutil.TCP)
		_, err := l.client.WriteEarlyData([]byte("early"))
		require.NoError(t, err)
		_, err = l.server.ReadEarlyData(make([]byte, 10))
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, label := range []string{"EXPORTER-one", "EXPORTER-two", "with\x00zero", "", "x"} {
			for _, context := range [][]byte{nil, []byte("context"), {0}} {
				client, err := l.client.ExportKeyingMaterialEarly(label, context, 40)
				require.NoError(t, err, "%q %q", label, context)
				server, err := l.server.ExportKeyingMaterialEarly(label, context, 40)
				require.NoError(t, err)
				assert.Len(t, client, 40)
				assert.Equal(t, client, server)
				seen[string(client)] = true
			}
		}
		assert.Len(t, seen, 15, "each differs")
		for _, tt := range []struct {
			label string
			n     int
		}{{"label", -1}, {strings.Repeat("x", 250), 40}, {"label", 1 << 20}} {
			_, err = l.client.ExportKeyingMaterialEarly(tt.label, nil, tt.n)
			assert.Error(t, err, "%q %d", tt.label, tt.n)
		}
		none, err := l.client.ExportKeyingMaterialEarly("label", nil, 0)
		require.NoError(t, err)
		assert.Empty(t, none)
	})
}

// Once the server has put a session that allows no early data in the place of the one that was offered, there is nothing
// to derive from; libssl would crash.
func TestEarlyDataExporterOfAnotherSession(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := newEarlyStage(t, mode, earlyLimit)
		require.NoError(t, st.server.SetMaxEarlyData(0))
		st.server.FlushSessions(time.Time{})
		l := st.link(t, testutil.TCP)
		_, err := l.client.WriteEarlyData([]byte("early"))
		require.NoError(t, err)
		requireTalk(t, l)
		require.Equal(t, libssl.EarlyDataRejected, l.client.EarlyDataStatus())
		require.False(t, l.client.SessionReused())
		_, err = l.client.ExportKeyingMaterialEarly("label", nil, 32)
		requireError(t, err, "SSL_export_keying_material_early", 0)
	})
}

func TestEarlyDataSettings(t *testing.T) {
	t.Parallel()
	ctx := serverOf(t, pair.Modes[3])
	assert.Zero(t, ctx.MaxEarlyData())
	assert.Equal(t, uint32(earlyLimit), ctx.RecvMaxEarlyData())
	const most = 1<<32 - 1
	for _, n := range []uint32{1, most, 0, 77} {
		require.NoError(t, ctx.SetMaxEarlyData(n))
		require.NoError(t, ctx.SetRecvMaxEarlyData(n))
		assert.Equal(t, n, ctx.MaxEarlyData())
		assert.Equal(t, n, ctx.RecvMaxEarlyData())
	}
	l := newLink(t, ctx, clientOf(t, pair.Modes[3]))
	assert.Equal(t, uint32(77), l.server.MaxEarlyData())
	assert.Equal(t, uint32(77), l.server.RecvMaxEarlyData())
	require.NoError(t, l.server.SetMaxEarlyData(most))
	require.NoError(t, l.server.SetRecvMaxEarlyData(most-1))
	assert.Equal(t, uint32(most), l.server.MaxEarlyData())
	assert.Equal(t, uint32(most-1), l.server.RecvMaxEarlyData())
	assert.Equal(t, uint32(77), ctx.MaxEarlyData())
	assert.Equal(t, "not sent", libssl.EarlyDataNotSent.String())
	assert.Equal(t, "rejected", libssl.EarlyDataRejected.String())
	assert.Equal(t, "accepted", libssl.EarlyDataAccepted.String())
	assert.Equal(t, "EarlyDataStatus(9)", libssl.EarlyDataStatus(9).String())
}

// TestAllowEarlyDataCallback shows when the callback is asked, what it sees, and whose it is.
func TestAllowEarlyDataCallback(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		st := newEarlyStage(t, mode, earlyLimit)
		var asked []*libssl.SSL
		st.server.SetAllowEarlyDataCallback(func(s *libssl.SSL) bool {
			asked = append(asked, s)
			assert.Equal(t, libssl.ErrInCallback, st.server.SetMaxEarlyData(1))
			_, err := s.Conn().ReadEarlyData(make([]byte, 1))
			assert.Equal(t, libssl.ErrInCallback, err)
			_, err = s.Conn().WriteEarlyData(make([]byte, 1))
			assert.Equal(t, libssl.ErrInCallback, err)
			if sess := s.Session(); assert.NotNil(t, sess) {
				assert.Equal(t, st.server.RemoveSession(sess), false, "it has been removed")
			}
			return true
		})
		// Not for a handshake without early data, nor if nobody reads it.
		requireTalk(t, newLink(t, st.server, st.client))
		assert.Empty(t, asked)
		st.link(t, testutil.TCP).run(t, "early", false)
		assert.Empty(t, asked)
		st.renew(t)
		l := st.link(t, testutil.TCP)
		assert.Equal(t, "early", l.run(t, "early", true).early)
		assert.Equal(t, []*libssl.SSL{l.server.SSL()}, asked)
		// Not for what libssl refuses itself.
		assert.Empty(t, st.link(t, testutil.TCP).run(t, "early", true).early)
		assert.Len(t, asked, 1)

		// A connection has its own, or none.
		for _, allows := range []bool{true, false} {
			st.renew(t)
			l := st.link(t, testutil.TCP)
			l.server.SetAllowEarlyDataCallback(func(*libssl.SSL) bool { return allows })
			assert.Equal(t, allows, l.run(t, "early", true).early != "")
		}
		st.renew(t)
		l = st.link(t, testutil.TCP)
		l.server.SetAllowEarlyDataCallback(nil)
		assert.NotEmpty(t, l.run(t, "early", true).early)
		assert.Len(t, asked, 1)
		st.renew(t)
		l = st.link(t, testutil.TCP) // made before the change
		st.server.SetAllowEarlyDataCallback(nil)
		assert.NotEmpty(t, l.run(t, "early", true).early)
		assert.Len(t, asked, 2)
		st.renew(t)
		assert.NotEmpty(t, st.link(t, testutil.TCP).run(t, "early", true).early)
		assert.Len(t, asked, 2)
	})
}

// TestEarlyDataSuspended shows early data to a server whose ClientHello callback has the handshake wait, and which then
// switches by name: what it is given is the first Ctx's all the same.
func TestEarlyDataSuspended(t *testing.T) {
	t.Parallel()
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, kept := range []bool{false, true} {
			st := newEarlyStage(t, mode, earlyLimit)
			st.server.SetClientHelloCallback(func(h *libssl.ClientHello) error {
				h.Suspend(func(context.Context) error { runtime.Gosched(); return nil })
				return nil
			})
			other := serverOf(t, mode)
			st.server.SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error) { return other, nil })
			l := st.link(t, testutil.TCP)
			if !kept {
				assert.Equal(t, served{"early", "and more\n", nil}, l.run(t, "early", true))
				l.requireStatus(t, libssl.EarlyDataAccepted, true)
				assert.Same(t, other, l.server.Ctx())
				continue
			}
			// The first read gives up before the ClientHello is there, and a handshake takes over.
			begun := make(chan struct{})
			var once sync.Once
			l.server.SetInfoCallback(func(*libssl.SSL, libssl.Info) { once.Do(func() { close(begun) }) })
			first := async(func() error { _, err := l.server.ReadEarlyData(make([]byte, 10)); return err })
			within(t, patience, begun, "ReadEarlyData") // with a deadline that is past already it would not begin
			require.NoError(t, l.server.SetReadDeadline(time.Unix(1, 0)))
			require.ErrorIs(t, within(t, patience, first, "ReadEarlyData"), os.ErrDeadlineExceeded)
			require.NoError(t, l.server.SetReadDeadline(time.Time{}))
			client := start(func() error { return sendEarly(l.client, "early") })
			late, err := io.ReadAll(l.server)
			require.NoError(t, err)
			assert.Equal(t, "and more\n", string(late))
			early, err := io.ReadAll(earlyReader{l.server})
			require.NoError(t, err)
			assert.Equal(t, "early", string(early))
			require.NoError(t, l.server.CloseWrite())
			require.Equal(t, ending{}, receive(t, client, "the client"))
		}
	})
}

// TestAllowEarlyDataCallbackEnds shows a callback that panics or ends its goroutine; the latter loses what libssl had
// allocated.
func TestAllowEarlyDataCallbackEnds(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	inTLS13(t, func(t *testing.T, mode pair.Mode) {
		for _, exits := range []bool{false, true} {
			if exits && testutil.AddressSanitizer {
				continue // see skipGoexit
			}
			st := newEarlyStage(t, mode, earlyLimit)
			st.server.SetAllowEarlyDataCallback(func(*libssl.SSL) bool {
				if exits {
					runtime.Goexit()
				}
				panic("no")
			})
			l := st.link(t, testutil.TCP)
			client := start(func() error { return sendEarly(l.client, "early") })
			end := receive(t, start(func() error {
				_, err := l.server.ReadEarlyData(make([]byte, 10))
				return err
			}), "ReadEarlyData")
			if exits {
				assert.Equal(t, ending{exited: true}, end)
			} else {
				assert.Equal(t, ending{value: "no"}, end)
			}
			assert.Error(t, l.server.Handshake())
			l.serverRaw.Close()
			assert.Error(t, receive(t, client, "the client").err)
			st.server.SetAllowEarlyDataCallback(nil)
			st.renew(t)
			assert.NotEmpty(t, st.link(t, testutil.TCP).run(t, "early", true).early)
		}
	})
}

// TestEarlyDataToTLS12 shows what becomes of a client whose server has gone back to TLS 1.2.
func TestEarlyDataToTLS12(t *testing.T) {
	t.Parallel()
	st := newEarlyStage(t, pair.Modes[3], earlyLimit)
	st.client = clientOf(t, pair.Modes[3])
	require.NoError(t, st.client.SetMinVersion(tls.VersionTLS12))
	st.server = serverOf(t, pair.Modes[1])
	l := st.link(t, testutil.TCP)
	_, err := l.client.WriteEarlyData([]byte("early"))
	require.NoError(t, err)
	server := start(l.server.Handshake)
	assert.Error(t, l.client.Handshake())
	l.clientRaw.Close()
	assert.Error(t, receive(t, server, "the server").err)
	l = st.link(t, testutil.TCP)
	require.NoError(t, l.client.SetSession(nil))
	requireTalk(t, l)
}
