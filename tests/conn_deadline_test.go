package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

//lint:file-ignore ST1008 the error is what is wanted, not a failure

// endings are ways in which a context ends. Each starts the context and returns what the error has to be, and how
// long that takes.
var endings = []struct {
	name  string
	start func() (ctx context.Context, cancel func(), want error, after time.Duration)
}{
	{"timeout", func() (context.Context, func(), error, time.Duration) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		return ctx, cancel, context.DeadlineExceeded, 30 * time.Millisecond
	}},
	{"cancel", func() (context.Context, func(), error, time.Duration) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(30*time.Millisecond, cancel)
		return ctx, cancel, context.Canceled, 30 * time.Millisecond
	}},
	{"already ended", func() (context.Context, func(), error, time.Duration) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return ctx, cancel, context.Canceled, 0
	}},
	{"already expired", func() (context.Context, func(), error, time.Duration) {
		ctx, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
		return ctx, cancel, context.DeadlineExceeded, 0
	}},
}

// A handshake with a silent peer ends with its context, and with the context's error.
func TestHandshakeContextEnds(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		for _, server := range []bool{false, true} {
			for _, end := range endings {
				role := map[bool]string{false: "client", true: "server"}[server]
				t.Run(transport.Name+", "+role+", "+end.name, func(t *testing.T) {
					t.Parallel()
					watchdog(t, time.Minute)
					raw, peer := transport.Pair(t)
					c := newConn(t, raw, pair.Modes[3], server)
					var began atomic.Bool
					c.SetInfoCallback(func(*libssl.SSL, libssl.Info) { began.Store(true) })
					ctx, cancel, want, _ := end.start()
					defer cancel()
					err := soon(t, "HandshakeContext", func() error { return c.HandshakeContext(ctx) })
					require.ErrorIs(t, err, want)
					assert.NotErrorIs(t, err, net.ErrClosed, "nothing was closed but by us")
					if !began.Load() { // on a busy machine that may be so of any
						return
					}
					// It is final: nobody knows how far the peer has come.
					require.ErrorIs(t, c.Handshake(), want)
					_, err = c.Read(make([]byte, 1))
					require.ErrorIs(t, err, want)
					_, err = c.Write([]byte{1})
					require.ErrorIs(t, err, want)
					_, err = io.Copy(io.Discard, peer)
					require.NoError(t, err, "the transport was closed")
					require.NoError(t, soon(t, "Close", func() error { c.Close(); return nil }))
				})
			}
		}
	}
}

// newConn makes a connection of ours that is closed when the test ends.
func newConn(t testing.TB, raw net.Conn, mode pair.Mode, server bool) *libssl.Conn {
	t.Helper()
	var c *libssl.Conn
	var err error
	if server {
		c, err = libssl.Server(raw, mode.ServerCtx(t))
	} else {
		c, err = libssl.Client(raw, mode.ClientCtx(t))
	}
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close(); c.Close() })
	return c
}

// A context with a cause gives the cause.
func TestHandshakeContextCause(t *testing.T) {
	t.Parallel()
	raw, _ := testutil.TCP(t)
	c := newConn(t, raw, pair.Modes[3], false)
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("enough")
	time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
	err := soon(t, "HandshakeContext", func() error { return c.HandshakeContext(ctx) })
	require.ErrorIs(t, err, cause)
}

// Who waits for somebody else's handshake gives up by its own context, and the handshake goes on.
func TestHandshakeContextOfASecondCaller(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	raw, peer := testutil.TCP(t)
	c := newConn(t, raw, pair.Modes[3], false)
	first := async(c.Handshake)
	_, err := io.ReadFull(peer, make([]byte, 1)) // it is under way
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, soon(t, "the second", func() error { return c.HandshakeContext(ctx) }), context.DeadlineExceeded)
	select {
	case err := <-first:
		t.Fatalf("the first has ended too: %v", err)
	default:
	}
	require.NoError(t, peer.Close())
	require.Error(t, within(t, patience, first, "the first"))
}

// Whenever the context ends, a handshake that is reported as made has made a connection that lasts, and one that is
// not has not.
func TestHandshakeContextAtTheLastMoment(t *testing.T) {
	t.Parallel()
	watchdog(t, 2*time.Minute)
	rounds := 150
	if *long {
		rounds = 5000
	}
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	made, ended := 0, 0
	var typical time.Duration
	for i := range rounds {
		raw, peer := testutil.TCP(dropping{t})
		c, err := libssl.Client(raw, client)
		require.NoError(t, err)
		s, err := libssl.Server(peer, server)
		require.NoError(t, err)
		echoed := async(func() error { return echo(s, 8) })
		ctx, cancel := context.WithCancel(context.Background())
		began := time.Now()
		if i >= 5 { // around the time that the first handshakes took
			time.AfterFunc(typical/2+typical*time.Duration(i%50)/50, cancel)
		}
		err = c.HandshakeContext(ctx)
		if i < 5 {
			typical = time.Since(began)
		}
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			err = c.Handshake() // which can still be made if the context ended before anything was begun
		}
		if err == nil {
			made++
			require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
			_, err = c.Write([]byte("still there"))
			require.NoError(t, err)
			buf := make([]byte, 11)
			_, err = io.ReadFull(c, buf)
			require.NoError(t, err)
			require.Equal(t, "still there", string(buf))
		} else {
			ended++
			require.ErrorIs(t, err, context.Canceled)
			_, err = c.Write([]byte{1})
			require.Error(t, err)
		}
		c.Close()
		within(t, patience, echoed, "the server")
		s.Close()
	}
	t.Logf("%d handshakes were made, %d ended by their context", made, ended)
}

// A handshake that was given up leaves nothing behind once the connection is closed, nor does a dial. Not in
// parallel: it counts.
func TestContextLeavesNothingBehind(t *testing.T) {
	mode := pair.Modes[3]
	client := mode.ClientCtx(t)
	for _, transport := range transports {
		t.Run("handshake, "+transport.Name, func(t *testing.T) {
			before, goroutines := settled(t), runtime.NumGoroutine()
			for range 20 {
				raw, peer := transport.Pair(dropping{t})
				c, err := libssl.Client(raw, client)
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
				require.ErrorIs(t, c.HandshakeContext(ctx), context.DeadlineExceeded)
				cancel()
				c.Close()
				peer.Close()
			}
			requireCounts(t, before)
			requireGoroutines(t, goroutines)
		})
	}
	t.Run("dial", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		before, goroutines := settled(t), runtime.NumGoroutine()
		fastest := patience
		for range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			var ended time.Time
			accepted := async(func() net.Conn { // and say nothing
				c, err := l.Accept()
				assert.NoError(t, err)
				ended = time.Now()
				cancel()
				return c
			})
			d := libssl.Dialer{Ctx: client}
			c, err := d.DialContext(ctx, "tcp", l.Addr().String())
			returned := time.Now()
			require.Nil(t, c)
			require.ErrorIs(t, err, context.Canceled)
			peer := within(t, patience, accepted, "Accept")
			late := returned.Sub(ended)
			require.Less(t, late, prompt)
			fastest = min(fastest, late)
			_, err = io.Copy(io.Discard, peer)
			require.NoError(t, err, "the transport was closed")
			peer.Close()
		}
		assert.Less(t, fastest, 50*time.Millisecond, "a dial ends within milliseconds of its context")
		requireCounts(t, before)
		requireGoroutines(t, goroutines)
	})
	t.Run("dial that is cancelled before", func(t *testing.T) {
		before, goroutines := settled(t), runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		d := libssl.Dialer{Ctx: client}
		c, err := d.DialContext(ctx, "tcp", "127.0.0.1:1")
		require.Nil(t, c)
		require.ErrorIs(t, err, context.Canceled)
		requireCounts(t, before)
		requireGoroutines(t, goroutines)
	})
}

// The context bounds the handshake, not the connection.
func TestDialContextDoesNotEndTheConnection(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	mode := pair.Modes[3]
	l := listen(t, mode.ServerCtx(t))
	d := libssl.Dialer{Ctx: mode.ClientCtx(t)}
	ctx, cancel := context.WithCancel(context.Background())
	c, err := d.DialContext(ctx, "tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	cancel()
	require.NoError(t, throughEcho(c, 5, 100_000))
}

// listen serves echoes on a loopback address.
func listen(t *testing.T, ctx *libssl.Ctx) net.Listener {
	t.Helper()
	l, err := libssl.Listen("tcp", "127.0.0.1:0", ctx)
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				echo(c, 8)
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l
}

// A deadline may be as far away as a time.Time reaches, in either direction.
func TestFarDeadlines(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, transport := range transports {
		for _, handshake := range []bool{true, false} {
			name := transport.Name
			if !handshake {
				name += ", before the handshake"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				mode := pair.Modes[3]
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				for _, tt := range []struct {
					deadline time.Time
					over     bool
				}{
					{now.AddDate(200, 0, 0), false},
					{now.AddDate(300, 0, 0), false}, // beyond what nanoseconds since 1970 reach
					{now.AddDate(1000, 0, 0), false},
					{time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), false},
					{time.Unix(1<<40, 0), false},
					{time.Unix(1<<55, 0), false},
					{time.Unix(0, 1), true},
					{time.Unix(0, 0), true},
					{time.Unix(-1, 0), true},
					{time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), true},
					{time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC), true},
				} {
					raw, peerRaw := transport.Pair(t)
					c, err := libssl.Client(raw, client)
					require.NoError(t, err)
					s, err := libssl.Server(peerRaw, server)
					require.NoError(t, err)
					echoed := async(func() error { return echo(s, 8) })
					if handshake {
						require.NoError(t, c.Handshake())
					}
					require.NoError(t, c.SetDeadline(tt.deadline))
					_, err = c.Write([]byte("x"))
					if tt.over {
						requireTimeout(t, err)
						_, err = c.Read(make([]byte, 1))
						requireTimeout(t, err)
						requireTimeout(t, func() error {
							if handshake {
								return os.ErrDeadlineExceeded
							}
							return c.Handshake()
						}())
						require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
						_, err = c.Write([]byte("x"))
					}
					require.NoError(t, err, "%v", tt.deadline)
					_, err = soon2(t, "Read", func() (int, error) { return c.Read(make([]byte, 1)) })
					require.NoError(t, err, "%v", tt.deadline)
					require.NoError(t, c.Close())
					require.NoError(t, <-echoed)
					require.NoError(t, s.Close())
				}
			})
		}
	}
}

// A handshake that a Read runs ends by the Read's deadline, one of a Write by the Write's, one of Handshake by
// either; and it goes on where it was when there is more time.
func TestHandshakeDeadlines(t *testing.T) {
	t.Parallel()
	read := func(c *libssl.Conn) error { _, err := c.Read(make([]byte, 1)); return err }
	write := func(c *libssl.Conn) error { _, err := c.Write([]byte("x")); return err }
	for _, transport := range transports {
		for _, server := range []bool{false, true} {
			for _, tt := range []struct {
				name string
				set  func(*libssl.Conn, time.Time) error
				call func(*libssl.Conn) error
			}{
				{"Read", (*libssl.Conn).SetReadDeadline, read},
				{"Write", (*libssl.Conn).SetWriteDeadline, write},
				{"Handshake by the read deadline", (*libssl.Conn).SetReadDeadline, (*libssl.Conn).Handshake},
				{"Handshake by the write deadline", (*libssl.Conn).SetWriteDeadline, (*libssl.Conn).Handshake},
			} {
				name := transport.Name + ", client, " + tt.name
				if server {
					name = transport.Name + ", server, " + tt.name
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					watchdog(t, time.Minute)
					raw, peerRaw := transport.Pair(t)
					mode := pair.Modes[3]
					c := newConn(t, raw, mode, server)
					for range 3 { // a deadline that passes meanwhile, one that is set meanwhile, one that has passed
						require.NoError(t, tt.set(c, time.Now().Add(10*time.Millisecond)))
						requireTimeout(t, soon(t, tt.name, func() error { return tt.call(c) }))
						require.NoError(t, tt.set(c, time.Time{}))
						waiting := async(func() error { return tt.call(c) })
						dawdle()
						require.NoError(t, tt.set(c, time.Unix(1, 0)))
						requireTimeout(t, within(t, patience, waiting, tt.name))
						requireTimeout(t, soon(t, tt.name, func() error { return tt.call(c) }))
					}
					require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
					peer := newConn(t, peerRaw, mode, !server)
					require.NoError(t, peer.SetDeadline(time.Now().Add(patience)))
					other := async(func() error {
						_, err := peer.Write([]byte("x"))
						if err == nil {
							_, err = peer.Read(make([]byte, 1))
						}
						return err
					})
					_, err := c.Read(make([]byte, 1))
					require.NoError(t, err)
					_, err = c.Write([]byte("x"))
					require.NoError(t, err)
					require.NoError(t, <-other)
					closeBoth(c, peer)
				})
			}
		}
	}
}

// What a Read has to send, as its part of a renegotiation, does not depend on when a Write was to be over.
func TestReadAnswersAfterTheWriteDeadline(t *testing.T) {
	t.Parallel()
	for _, wrap := range []bool{false, true} {
		t.Run(map[bool]string{false: "TCP", true: "wrapped TCP"}[wrap], func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			d := disturber{what: "renegotiate", version: tls.VersionTLS12}
			if wrap {
				d.transport = func(c net.Conn) net.Conn { return plain{c} }
			}
			p, c := d.connect(t)
			require.NoError(t, c.SetWriteDeadline(time.Unix(1, 0)))
			// A client writes nothing before its renegotiation is complete.
			p.Send(t, "disturb\nsay after it")
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			buf := make([]byte, 8)
			_, err := io.ReadFull(c, buf)
			require.NoError(t, err)
			require.Equal(t, "after it", string(buf))
			n, err := c.Write([]byte("x"))
			requireTimeout(t, err)
			require.Zero(t, n)
			require.NoError(t, c.SetWriteDeadline(time.Time{}))
			calmDown(t, p, c)
		})
	}
}

// A Write that waits for the end of a handshake gives up at its deadline, also at one that is set meanwhile, and has
// sent nothing then.
func TestWriteDeadlineDuringRenegotiation(t *testing.T) {
	t.Parallel()
	for _, server := range []bool{true, false} {
		t.Run(disturberName("renegotiate", server), func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			p, c := inRenegotiation(t, server)
			require.NoError(t, c.SetReadDeadline(time.Time{}))
			write := func() error {
				n, err := c.Write([]byte("never sent"))
				if n != 0 {
					return errors.New("something was encrypted")
				}
				return err
			}
			require.NoError(t, c.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
			requireTimeout(t, soon(t, "Write", write))
			for range 200 {
				require.NoError(t, c.SetWriteDeadline(time.Time{}))
				waiting := async(write)
				dawdle()
				require.NoError(t, c.SetWriteDeadline(time.Unix(1, 0)))
				requireTimeout(t, within(t, patience, waiting, "Write"))
			}
			require.NoError(t, c.SetWriteDeadline(time.Time{}))
			p.Send(t, "go")
			_, err := c.Write([]byte("sent"))
			require.NoError(t, err)
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			buf := make([]byte, len("said beforesent"))
			_, err = io.ReadFull(c, buf)
			require.NoError(t, err)
			require.Equal(t, "said beforesent", string(buf))
			calmDown(t, p, c)
		})
	}
}

// The listener hands out a connection whether its client shakes hands or not, and its end does not end them.
func TestListenerDoesNotWaitForHandshakes(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			mode := pair.Modes[3]
			addr := "127.0.0.1:0"
			if network == "unix" {
				dir, err := os.MkdirTemp("", "l")
				require.NoError(t, err)
				t.Cleanup(func() { os.RemoveAll(dir) })
				addr = filepath.Join(dir, "s")
			}
			l, err := libssl.Listen(network, addr, mode.ServerCtx(t))
			require.NoError(t, err)
			defer l.Close()
			var silent, served []net.Conn
			for range 10 {
				c, err := net.Dial(network, l.Addr().String())
				require.NoError(t, err)
				defer c.Close()
				silent = append(silent, c)
				s, err := soon2(t, "Accept", l.Accept)
				require.NoError(t, err)
				require.IsType(t, (*libssl.Conn)(nil), s)
				require.False(t, s.(*libssl.Conn).ConnectionState().HandshakeComplete)
				defer s.Close()
				served = append(served, s)
			}
			waiting := async(func() error { _, err := l.Accept(); return err })
			require.NoError(t, l.Close())
			require.ErrorIs(t, within(t, patience, waiting, "Accept"), net.ErrClosed)
			_, err = l.Accept()
			require.ErrorIs(t, err, net.ErrClosed)
			for i, raw := range silent {
				c, err := libssl.Client(raw, mode.ClientCtx(t))
				require.NoError(t, err)
				require.NoError(t, pair.Echo(c, served[i], "all the same"))
			}
		})
	}
}

// HandshakeTimeout ends a connection whose client is silent, whether anybody waits for it or not, and no other.
func TestListenerHandshakeTimeout(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	mode := pair.Modes[3]
	nl, err := libssl.Listen("tcp", "127.0.0.1:0", mode.ServerCtx(t))
	require.NoError(t, err)
	l := nl.(*libssl.Listener)
	defer l.Close()
	accept := func() *libssl.Conn {
		t.Helper()
		s, err := soon2(t, "Accept", l.Accept)
		require.NoError(t, err)
		t.Cleanup(func() { s.Close() })
		return s.(*libssl.Conn)
	}
	dial := func() net.Conn {
		raw, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { raw.Close() })
		return raw
	}
	var good, c *libssl.Conn
	for l.HandshakeTimeout = 300 * time.Millisecond; ; l.HandshakeTimeout *= 2 { // a busy machine may need longer
		require.Less(t, l.HandshakeTimeout, patience)
		raw := dial()
		good = accept()
		c, err = libssl.Client(raw, mode.ClientCtx(t))
		require.NoError(t, err)
		if err = pair.Echo(c, good, "in time"); err == nil {
			break
		}
	}

	unattended := dial()
	accept()
	attended := dial()
	s := accept()
	err = soon(t, "Handshake", s.Handshake)
	requireTimeout(t, err)
	requireTimeout(t, s.Handshake())
	for _, raw := range []net.Conn{attended, unattended} {
		require.NoError(t, raw.SetReadDeadline(time.Now().Add(patience)))
		_, err = io.Copy(io.Discard, raw)
		require.NoError(t, err, "closed")
	}
	require.NoError(t, pair.Echo(c, good, "and it lasts"))
}

// failing is a listener that fails before it goes on.
type failing struct {
	net.Listener
	errs []error
}

func (l *failing) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, err
	}
	return l.Listener.Accept()
}

// Failures to accept that pass are logged; a final one is returned.
func TestListenerErrorLog(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	mode := pair.Modes[3]
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	passing := &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	nl := libssl.NewListener(&failing{inner, []error{passing, passing}}, mode.ServerCtx(t))
	var text bytes.Buffer
	nl.(*libssl.Listener).ErrorLog = log.New(&text, "", 0)
	raw, err := net.Dial("tcp", inner.Addr().String())
	require.NoError(t, err)
	defer raw.Close()
	s, err := soon2(t, "Accept", nl.Accept)
	require.NoError(t, err)
	assert.Equal(t, 2, bytes.Count(text.Bytes(), []byte("too many open files")), "%s", text.String())
	require.NoError(t, s.Close())

	final := errors.New("final")
	nl = libssl.NewListener(&failing{inner, []error{final}}, mode.ServerCtx(t))
	_, err = nl.Accept()
	require.ErrorIs(t, err, final)
	require.NoError(t, inner.Close())
}

// A peer that makes us answer and answer, and reads none of it, can make neither a Read wait beyond its deadline nor
// us keep more than so much; when it reads again all is well.
func TestReadDeadlineUnderAFlood(t *testing.T) {
	t.Parallel()
	for _, server := range []bool{true, false} {
		t.Run(disturberName("keyupdate", server), func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			p, c := disturber{what: "keyupdate", version: tls.VersionTLS13, server: server, smallBuffers: true}.connect(t)
			p.Send(t, "flood")
			p.Expect(t, "^ok flood")
			made, still := 0, 0
			for still < 3 { // until it can't go on, because we do not
				began := time.Now()
				require.NoError(t, c.SetReadDeadline(began.Add(100*time.Millisecond)))
				n, err := soon2(t, "Read", func() (int, error) { return c.Read(make([]byte, 100)) })
				requireTimeout(t, err)
				require.Zero(t, n)
				require.Less(t, time.Since(began), 5*time.Second, "and there was much to answer")
				p.Send(t, "flood")
				now, err := strconv.Atoi(p.Expect(t, `^ok flood after (\d+)`)[1])
				require.NoError(t, err)
				if now == made {
					still++
				}
				made = now
				require.Less(t, made, 1_000_000, "what we keep has no bound")
			}
			t.Logf("%d key updates", made)
			p.Send(t, "go")
			require.NoError(t, c.SetReadDeadline(time.Time{}))
			calmDown(t, p, c)
		})
	}
}
