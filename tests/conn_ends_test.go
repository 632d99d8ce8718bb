package tests

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/livecount"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// closeBound is how long Close may wait for the peer to take close_notify, with a margin for a busy machine.
const closeBound = 5*time.Second + 3*time.Second

// After CloseWrite the peer reads to the end, and the other direction goes on.
func TestCloseWriteEndsOneDirection(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
			t.Run(transport.Name+", "+mode.Name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				p := connect(t, transport.Pair, mode.ServerCtx(t), mode.ClientCtx(t), nil)
				answer := bytes.Repeat([]byte("answer "), 100_000)
				served := async(func() error {
					question, err := io.ReadAll(p.Server)
					if err != nil || string(question) != "question" {
						return errors.Join(errors.New("got "+string(question)), err)
					}
					_, err = p.Server.Write(answer)
					return errors.Join(err, p.Server.CloseWrite())
				})
				_, err := p.Client.Write([]byte("question"))
				require.NoError(t, err)
				require.NoError(t, p.Client.CloseWrite())
				require.NoError(t, p.Client.CloseWrite(), "again")
				n, err := p.Client.Write([]byte("too late"))
				require.Zero(t, n)
				var e *libssl.Error
				require.ErrorAs(t, err, &e)
				require.ErrorIs(t, err, libssl.ReasonProtocolIsShutdown)
				got, err := io.ReadAll(p.Client)
				require.NoError(t, err)
				require.True(t, bytes.Equal(answer, got), "%d bytes came", len(got))
				for range 2 {
					_, err = p.Client.Read(make([]byte, 1))
					require.Equal(t, io.EOF, err)
				}
				require.NoError(t, within(t, patience, served, "the server"))
				require.NoError(t, p.Client.Close())
				require.NoError(t, p.Server.Close())
				for _, c := range []*libssl.Conn{p.Client, p.Server} {
					_, err = c.Read(make([]byte, 1))
					require.ErrorIs(t, err, net.ErrClosed)
					_, err = c.Write([]byte{1})
					require.ErrorIs(t, err, net.ErrClosed)
					require.ErrorIs(t, c.CloseWrite(), net.ErrClosed)
					require.ErrorIs(t, c.SetDeadline(time.Time{}), net.ErrClosed)
					require.NoError(t, c.Close(), "again")
				}
			})
		}
	}
}

// CloseWrite and Close may come while libssl holds a record that was read in part: neither reads on by itself, and
// what was not asked for is no error.
func TestCloseWriteInsideARecord(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			p := connect(t, testutil.TCP, server, client, nil)
			_, err := p.Server.Write([]byte("0123456789"))
			require.NoError(t, err)
			buf := make([]byte, 100)
			_, err = p.Client.Read(buf[:1])
			require.NoError(t, err)
			require.NoError(t, p.Client.CloseWrite())
			require.NoError(t, p.Client.CloseWrite(), "again")
			n, err := p.Client.Read(buf[:4])
			require.NoError(t, err)
			require.Equal(t, "1234", string(buf[:n]))
			_, err = p.Server.Read(buf)
			require.Equal(t, io.EOF, err, "close_notify and nothing else")
			sess := p.Client.Session()
			require.NotNil(t, sess)

			require.NoError(t, p.Client.Close())
			_, err = p.Server.Read(buf)
			require.Equal(t, io.EOF, err, "no alert after close_notify")
			require.NoError(t, p.Server.Close())
			q := pair.Handshake(t, server, client, pair.Options{Session: sess})
			assert.True(t, q.Server.SessionReused())
		})
	}
}

func TestCloseWriteBeforeHandshake(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	client, _ := testutil.TCP(t)
	c, err := libssl.Client(client, mode.ClientCtx(t))
	require.NoError(t, err)
	require.Error(t, c.CloseWrite())
	require.NoError(t, c.Close())
}

// CloseWrite in the midst of a renegotiation waits for its end: libssl can't send close_notify before.
func TestCloseWriteDuringRenegotiation(t *testing.T) {
	t.Parallel()
	for _, server := range []bool{true, false} {
		t.Run(disturberName("renegotiate", server), func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			p, c := inRenegotiation(t, server)
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			done := async(c.CloseWrite)
			p.Send(t, "go")
			require.NoError(t, within(t, patience, done, "CloseWrite"))
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			require.Equal(t, "said before", string(got))
			require.NoError(t, c.Close())
			assert.Equal(t, 1, peerDone(t, p).renegotiated)
		})
	}
}

// Close in the midst of a renegotiation does not wait for its end, whether the peer goes on or not.
func TestCloseDuringRenegotiation(t *testing.T) {
	t.Parallel()
	for _, server := range []bool{true, false} {
		t.Run(disturberName("renegotiate", server), func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			_, c := inRenegotiation(t, server)
			wrote := async(func() error {
				_, err := c.Write([]byte("waits for the handshake"))
				return err
			})
			require.NoError(t, within(t, closeBound, async(c.Close), "Close"))
			require.ErrorIs(t, within(t, patience, wrote, "Write"), net.ErrClosed)
		})
	}
}

// A transport that ends without close_notify is a cut, wherever it ends; close_notify alone is the end.
func TestCutIsNotTheEnd(t *testing.T) {
	t.Parallel()
	for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
		for _, transport := range transports {
			t.Run(transport.Name+", "+mode.Name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				for _, end := range []struct {
					name string
					cut  func(p *pair.Pair)
					want error
				}{
					{"closed", func(p *pair.Pair) { p.Server.Close() }, io.EOF},
					{"transport closed", func(p *pair.Pair) { p.ServerRaw.Close() }, io.ErrUnexpectedEOF},
				} {
					for _, before := range []string{"", "some data"} {
						p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{Transport: transport.Pair})
						go func() {
							if before != "" {
								p.Server.Write([]byte(before))
							}
							end.cut(p)
						}()
						got, err := readAll(p.Client)
						require.Equal(t, before, string(got), end.name)
						require.Equal(t, end.want, err, end.name)
						_, err = p.Client.Read(make([]byte, 1))
						require.ErrorIs(t, err, end.want, "again")
						p.Client.Close()
						p.Server.Close()
					}
				}
			})
		}
	}
}

// readAll is io.ReadAll that does not hide io.EOF.
func readAll(r io.Reader) (all []byte, err error) {
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			return all, err
		}
	}
}

// So it is if the cut goes through a record, at each of its bytes.
func TestCutInsideARecord(t *testing.T) {
	t.Parallel()
	for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			for n := 0; ; n++ {
				w := newMemoryWire()
				p := pair.Handshake(t, server, client, pair.Options{Transport: func(testing.TB) (net.Conn, net.Conn) {
					return w.client(), w.server()
				}})
				w.cutAfter(1, w.passed(1)+n)
				_, err := p.Server.Write([]byte("data"))
				whole := err == nil
				if !whole {
					require.ErrorIs(t, err, errCut)
				}
				w.sever()
				got, err := readAll(p.Client)
				require.Equal(t, io.ErrUnexpectedEOF, err, "cut after %d bytes of a record", n)
				p.Client.Close()
				p.Server.Close()
				if whole {
					require.Equal(t, "data", string(got))
					require.Greater(t, n, len("data")+5)
					break
				}
				require.Empty(t, got)
			}
		})
	}
}

// With IgnoreUnexpectedEOF a cut is taken for the end, on a libssl that has the option.
func TestIgnoreUnexpectedEOF(t *testing.T) {
	t.Parallel()
	for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			want := io.EOF
			if libssl.IgnoreUnexpectedEOF == 0 {
				want = io.ErrUnexpectedEOF
			}
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			client.SetOptions(libssl.IgnoreUnexpectedEOF)
			for _, transport := range transports {
				p := pair.Handshake(t, server, client, pair.Options{Transport: transport.Pair})
				p.ServerRaw.Close()
				_, err := readAll(p.Client)
				require.Equal(t, want, err, transport.Name)
				p.Client.Close()
				p.Server.Close()
			}
			// It is no excuse for a handshake.
			raw, peer := testutil.TCP(t)
			c, err := libssl.Client(raw, client)
			require.NoError(t, err)
			require.NoError(t, peer.Close())
			err = soon(t, "Handshake", c.Handshake)
			require.Error(t, err)
			require.NotErrorIs(t, err, io.EOF)
			require.NoError(t, c.Close())
		})
	}
}

// A reset is an error too, never the end.
func TestResetIsNotTheEnd(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	p := pair.Handshake(t, mode.ServerCtx(t), mode.ClientCtx(t), pair.Options{})
	require.NoError(t, p.ServerRaw.(*net.TCPConn).SetLinger(0))
	require.NoError(t, p.ServerRaw.Close())
	_, err := soon2(t, "Read", func() (int, error) { return p.Client.Read(make([]byte, 1)) })
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

// soon2 is soon for a function with two results.
func soon2[A, B any](t testing.TB, what string, f func() (A, B)) (A, B) {
	t.Helper()
	var b B
	a := soon(t, what, func() (a A) { a, b = f(); return a })
	return a, b
}

// dawdle gives other goroutines a while, not always the same, to get somewhere.
func dawdle() {
	for range rand.IntN(2000) {
		runtime.Gosched()
	}
}

// Close comes at any moment, from several goroutines, while others do everything that can be done.
func TestCloseAtAnyMoment(t *testing.T) {
	t.Parallel()
	rounds := 40
	if *long {
		rounds = 2000
	}
	for _, transport := range transports {
		for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
			t.Run(transport.Name+", "+mode.Name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, 2*time.Minute+time.Duration(rounds)*time.Second/10)
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				for range rounds {
					closeAtSomeMoment(t, transport.Pair, server, client)
				}
			})
		}
	}
}

func closeAtSomeMoment(t *testing.T, transport testutil.Transport, server, client *libssl.Ctx) {
	raw, peerRaw := transport(t)
	c, err := libssl.Client(raw, client)
	require.NoError(t, err)
	peer, err := libssl.Server(peerRaw, server)
	require.NoError(t, err)
	var wg sync.WaitGroup
	run := func(what string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	wg.Go(func() { // any error will do
		io.Copy(io.Discard, peer)
		peer.Close()
	})
	for range 2 {
		run("Read", func() error {
			for {
				if _, err := c.Read(make([]byte, 100)); err != nil {
					return err
				}
			}
		})
		run("Write", func() error {
			for {
				if _, err := c.Write(make([]byte, 1000)); err != nil {
					return err
				}
			}
		})
	}
	run("Handshake", c.Handshake)
	run("AwaitSession", func() error {
		sess, err := c.AwaitSession(context.Background())
		if err == nil {
			sess.Close()
		}
		return err
	})
	run("asking", func() error {
		for range 100 {
			c.ConnectionState()
			c.Session()
			c.SessionReused()
			c.HasMatchingSessionID(make([]byte, 32))
			if err := c.SetDeadline(time.Now().Add(time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
	if rand.IntN(2) == 0 {
		c.Handshake()
	}
	dawdle()
	for range 2 {
		run("Close", c.Close)
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	within(t, 30*time.Second, done, "the end of all")
}

// Close waits for a peer that does not read, but not for ever, also on a transport whose deadlines do nothing. These
// wait together, not one after the other.
func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	mode := pair.Modes[3]
	server, client := mode.ServerCtx(t), mode.ClientCtx(t)
	require.NoError(t, server.SetNumTickets(0))
	var wg sync.WaitGroup
	for _, tt := range []struct {
		name      string
		transport func(closed chan<- struct{}) (client, server net.Conn)
	}{
		{"net.Pipe", func(closed chan<- struct{}) (client, server net.Conn) {
			client, server = testutil.Pipe(t)
			return watched{client, closed}, server
		}},
		{"no deadlines", func(closed chan<- struct{}) (client, server net.Conn) {
			client, server = testutil.Pipe(t)
			return timeless{watched{client, closed}}, timeless{server}
		}},
		{"no deadlines, but half of it can be closed", func(closed chan<- struct{}) (client, server net.Conn) {
			client, server = testutil.TCP(t)
			return halfClosed{timeless{watched{client, closed}}}, server
		}},
	} {
		for _, reading := range []bool{false, true} {
			transportClosed := make(chan struct{}, 10)
			p := connect(t, func(testing.TB) (client, server net.Conn) { return tt.transport(transportClosed) },
				server, client, nil)
			wg.Go(func() {
				var read <-chan error
				if reading {
					read = async(func() error {
						_, err := p.Client.Read(make([]byte, 1))
						return err
					})
					dawdle()
				}
				limit := time.After(closeBound)
				select {
				case <-async(p.Client.Close):
				case <-limit:
					t.Errorf("%s: Close does not return", tt.name)
				}
				if reading {
					select {
					case err := <-read:
						assert.ErrorIs(t, err, net.ErrClosed, tt.name)
					case <-limit:
						t.Errorf("%s: Read does not return after Close", tt.name)
					}
				}
				select {
				case <-transportClosed:
				case <-limit:
					t.Errorf("%s: the transport is not closed", tt.name)
				}
			})
		}
	}
	wg.Wait()
}

// watched tells when it is closed.
type watched struct {
	net.Conn
	closed chan<- struct{}
}

func (w watched) Close() error {
	w.closed <- struct{}{}
	return w.Conn.Close()
}

// timeless is a transport that knows no deadlines.
type timeless struct{ net.Conn }

func (timeless) SetDeadline(time.Time) error      { return nil }
func (timeless) SetReadDeadline(time.Time) error  { return nil }
func (timeless) SetWriteDeadline(time.Time) error { return nil }

// halfClosed is a transport of which one direction can be closed.
type halfClosed struct{ net.Conn }

func (halfClosed) CloseWrite() error { return nil }

// Both ends may be closed at the same time.
func TestCloseBothEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			mode := pair.Modes[3]
			p := connect(t, transport.Pair, mode.ServerCtx(t), mode.ClientCtx(t), nil)
			other := async(p.Server.Close)
			within(t, closeBound, async(p.Client.Close), "the client's Close")
			within(t, closeBound, other, "the server's Close")
		})
	}
}

// What was written before Close arrives, although the peer's tickets have not been read: a socket that is closed with
// something unread would throw away what it has not sent.
func TestCloseLosesNothing(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		for _, size := range []int{1, 1 << 20} {
			t.Run(transport.Name+map[int]string{1: ", a byte", 1 << 20: ", a megabyte"}[size], func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				mode := pair.Modes[3]
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				for range 30 {
					raw, peerRaw := transport.Pair(t)
					c, err := libssl.Client(raw, client)
					require.NoError(t, err)
					s, err := libssl.Server(peerRaw, server)
					require.NoError(t, err)
					type result struct {
						got []byte
						err error
					}
					read := async(func() result {
						got, err := readAll(s)
						return result{got, err}
					})
					sent := bytes.Repeat([]byte("x"), size)
					_, err = c.Write(sent)
					require.NoError(t, err)
					require.NoError(t, c.Close())
					r := within(t, patience, read, "the server")
					require.Equal(t, io.EOF, r.err)
					require.True(t, bytes.Equal(sent, r.got), "%d of %d bytes came", len(r.got), size)
					require.NoError(t, s.Close())
				}
			})
		}
	}
}

// From inside each callback the connection may be closed, which happens when the call is over; reading, writing and
// shaking hands are refused there; asking is not.
func TestCloseInsideCallbacks(t *testing.T) {
	t.Parallel()
	stateful12, tickets13 := pair.Modes[0], pair.Modes[3]
	type install func(t *testing.T, server, client *libssl.Ctx, inside func(*libssl.SSL))
	for _, tt := range []struct {
		name    string
		mode    pair.Mode
		client  bool // the callback is a client's
		install install
	}{
		{"generate session id", stateful12, false, func(t *testing.T, server, _ *libssl.Ctx, inside func(*libssl.SSL)) {
			require.NoError(t, server.SetGenerateSessionID(func(s *libssl.SSL, id []byte) (int, error) {
				inside(s)
				return libssl.PrefixSessionID(nil)(s, id)
			}))
		}},
		{"new session of a server", stateful12, false, func(t *testing.T, server, _ *libssl.Ctx, inside func(*libssl.SSL)) {
			server.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { inside(s) })
		}},
		{"new session of a TLS 1.3 server", tickets13, false, func(t *testing.T, server, _ *libssl.Ctx, inside func(*libssl.SSL)) {
			server.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { inside(s) })
		}},
		{"new session of a client", stateful12, true, func(t *testing.T, _, client *libssl.Ctx, inside func(*libssl.SSL)) {
			client.SetSessionCacheMode(libssl.SessionCacheClient)
			client.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { inside(s) })
		}},
		{"new session of a TLS 1.3 client, in Read", tickets13, true, func(t *testing.T, _, client *libssl.Ctx, inside func(*libssl.SSL)) {
			client.SetSessionCacheMode(libssl.SessionCacheClient)
			client.SetNewSessionCallback(func(s *libssl.SSL, _ *libssl.Session) { inside(s) })
		}},
		{"verify", tickets13, true, func(t *testing.T, _, client *libssl.Ctx, inside func(*libssl.SSL)) {
			client.SetVerify(libssl.VerifyPeer, func(v *libssl.Verification) error { inside(v.SSL()); return nil })
		}},
		{"server name", tickets13, false, func(t *testing.T, server, _ *libssl.Ctx, inside func(*libssl.SSL)) {
			server.SetServerNameCallback(func(s *libssl.SSL, _ string) (*libssl.Ctx, error) { inside(s); return nil, nil })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			server, client := tt.mode.ServerCtx(t), tt.mode.ClientCtx(t)
			called := make(chan *libssl.Conn, 100)
			tt.install(t, server, client, func(s *libssl.SSL) {
				c := s.Conn()
				_, err := c.Read(make([]byte, 1))
				assert.ErrorIs(t, err, libssl.ErrInCallback)
				_, err = c.Write([]byte{1})
				assert.ErrorIs(t, err, libssl.ErrInCallback)
				assert.ErrorIs(t, c.CloseWrite(), libssl.ErrInCallback)
				if !c.ConnectionState().HandshakeComplete {
					assert.ErrorIs(t, c.Handshake(), libssl.ErrInCallback)
				}
				c.Session()
				c.SessionReused()
				assert.NoError(t, c.SetDeadline(time.Now().Add(patience)))
				assert.NoError(t, c.Close())
				assert.NoError(t, c.Close(), "again")
				assert.NotNil(t, c.Ctx(), "it is still there")
				called <- c
			})
			p := pair.Try(t, server, client, pair.Options{})
			require.NotEmpty(t, called, "the callback was called: %v", p.Err())
			c, other := p.Server, p.Client
			if tt.client {
				c, other = other, c
			}
			require.Same(t, c, <-called)
			for _, f := range []func() error{
				func() error { _, err := c.Read(make([]byte, 1)); return err },
				func() error { _, err := c.Write([]byte{1}); return err },
				c.Handshake,
				func() error { return c.SetDeadline(time.Time{}) },
			} {
				require.ErrorIs(t, f(), net.ErrClosed)
			}
			_, err := readAll(other)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the transport has been closed")
		})
	}
}

// The session of a connection that ended without a fault can be resumed, however it ended.
func TestSessionAfterAnyEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, p *pair.Pair)
	}{
		{"a Write cut off by Close", func(t *testing.T, p *pair.Pair) {
			wrote := async(func() error {
				_, err := p.Server.Write(make([]byte, 64<<20))
				return err
			})
			dawdle()
			require.NoError(t, p.Server.Close())
			require.ErrorIs(t, within(t, patience, wrote, "Write"), net.ErrClosed)
		}},
		{"time-outs", func(t *testing.T, p *pair.Pair) {
			require.NoError(t, p.Server.SetDeadline(time.Unix(1, 0)))
			_, err := p.Server.Read(make([]byte, 1))
			requireTimeout(t, err)
			_, err = p.Server.Write(make([]byte, 1))
			requireTimeout(t, err)
			require.NoError(t, p.Server.Close())
		}},
		{"a Write that timed out, and Close", func(t *testing.T, p *pair.Pair) {
			require.NoError(t, p.Server.SetDeadline(time.Now().Add(20*time.Millisecond)))
			_, err := p.Server.Write(make([]byte, 64<<20))
			requireTimeout(t, err)
			within(t, closeBound, async(p.Server.Close), "Close")
		}},
		{"the transport was reset", func(t *testing.T, p *pair.Pair) {
			require.NoError(t, p.ClientRaw.(*net.TCPConn).SetLinger(0))
			require.NoError(t, p.ClientRaw.Close())
			_, err := p.Server.Read(make([]byte, 1))
			require.Error(t, err)
			require.NoError(t, p.Server.Close())
		}},
		{"CloseWrite, a record read in part, Close", func(t *testing.T, p *pair.Pair) {
			_, err := p.Client.Write([]byte("unread"))
			require.NoError(t, err)
			_, err = p.Server.Read(make([]byte, 1))
			require.NoError(t, err)
			require.NoError(t, p.Server.CloseWrite())
			require.NoError(t, p.Server.Close())
		}},
		{"Close with much unread", func(t *testing.T, p *pair.Pair) {
			_, err := p.Client.Write(make([]byte, 50_000))
			require.NoError(t, err)
			require.NoError(t, p.Server.Close())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			for _, mode := range stateful() {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				p := pair.Handshake(t, server, client, pair.Options{})
				sess := p.Client.Session()
				number := server.SessionStats().Number
				require.Positive(t, number)
				tt.end(t, p)
				assert.Equal(t, number, server.SessionStats().Number, mode.Name)
				q := pair.Handshake(t, server, client, pair.Options{Session: sess})
				assert.True(t, q.Server.SessionReused(), mode.Name)
				assert.True(t, q.Client.SessionReused(), mode.Name)
			}
		})
	}
}

// So can that of a connection that nobody closed and nobody has any more. Not in parallel: it counts.
func TestSessionOfAnAbandonedConnection(t *testing.T) {
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			before := settled(t)
			var sess *libssl.Session
			var stats libssl.SessionStats
			runInside(t, func(t testing.TB) {
				p := pair.Handshake(dropping{t}, server, client, pair.Options{})
				sess = p.Client.Session()
				stats = server.SessionStats()
				require.Equal(t, before.SSL+2, livecount.Now().SSL)
			})
			gone := testutil.CollectUntil(patience, func() bool { return livecount.Now().SSL == before.SSL })
			require.True(t, gone, "connections are left: %v", livecount.Now())
			assert.Equal(t, stats.Number, server.SessionStats().Number)
			p := pair.Handshake(t, server, client, pair.Options{Session: sess})
			assert.True(t, p.Server.SessionReused())
			p.Close(t)
		})
	}
}

// A fatal alert, sent here, is a fault: the session is not resumed.
func TestFatalAlertEndsTheSession(t *testing.T) {
	t.Parallel()
	for _, mode := range stateful() {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			server, client := mode.ServerCtx(t), mode.ClientCtx(t)
			require.NoError(t, server.SetNumTickets(1))
			p := pair.Handshake(t, server, client, pair.Options{})
			sess := p.Client.Session()
			// An alert in plain text is a record that can't be decrypted.
			_, err := p.ClientRaw.Write([]byte{21, 3, 3, 0, 2, 2, 40})
			require.NoError(t, err)
			_, err = p.Server.Read(make([]byte, 1))
			var e *libssl.Error
			require.ErrorAs(t, err, &e)
			_, sent, ok := e.Alert()
			require.True(t, ok && sent, "we ended it: %v", err)
			require.NoError(t, p.Server.Close())
			hits := server.SessionStats().Hits
			q := pair.Handshake(t, server, client, pair.Options{Session: sess})
			assert.False(t, q.Server.SessionReused())
			assert.False(t, q.Client.SessionReused())
			assert.Equal(t, hits, server.SessionStats().Hits)
		})
	}
}

// Whatever is under way ends with net.ErrClosed at Close, at once.
func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	mode := pair.Modes[3]
	type call struct {
		name      string
		handshake bool // has been made
		call      func(c *libssl.Conn) error
	}
	read := func(c *libssl.Conn) error { _, err := c.Read(make([]byte, 1)); return err }
	write := func(c *libssl.Conn) error { _, err := c.Write(make([]byte, 16<<20)); return err }
	await := func(c *libssl.Conn) error { _, err := c.AwaitSession(context.Background()); return err }
	for _, transport := range transports {
		for _, calls := range [][]call{
			{{"Read", true, read}},
			{{"Write", true, write}},
			{{"AwaitSession", true, await}},
			{{"Read", true, read}, {"Read", true, read}, {"AwaitSession", true, await}, {"Write", true, write}, {"Write", true, write}},
			{{"Handshake", false, (*libssl.Conn).Handshake}},
			{{"Read before the handshake", false, read}},
			{{"Write before the handshake", false, write}},
			{{"Handshake", false, (*libssl.Conn).Handshake}, {"Read", false, read}, {"Write", false, write}, {"AwaitSession", false, await}},
		} {
			name := transport.Name
			for _, c := range calls {
				name += ", " + c.name
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				require.NoError(t, server.SetNumTickets(0))
				for range 5 {
					var c *libssl.Conn
					var peer net.Conn
					writes := true
					if calls[0].handshake {
						p := connect(t, transport.Pair, server, client, nil)
						c, peer = p.Client, p.ServerRaw
						if writes = calls[len(calls)-1].name == "Write"; !writes {
							go p.Server.Read(make([]byte, 1)) // takes close_notify
						}
					} else { // with a silent peer
						var raw net.Conn
						raw, peer = transport.Pair(t)
						var err error
						c, err = libssl.Client(raw, client)
						require.NoError(t, err)
					}
					var results []<-chan error
					for _, f := range calls {
						results = append(results, async(func() error { return f.call(c) }))
					}
					if writes { // and is not done
						_, err := io.ReadFull(peer, make([]byte, 1))
						require.NoError(t, err)
					}
					dawdle()
					began := time.Now()
					closed := async(c.Close)
					for i, r := range results {
						err := within(t, closeBound, r, calls[i].name)
						require.ErrorIs(t, err, net.ErrClosed, calls[i].name)
						require.Less(t, time.Since(began), prompt, calls[i].name)
					}
					within(t, closeBound, closed, "Close")
					require.Less(t, time.Since(began), prompt, "Close")
					peer.Close()
				}
			})
		}
	}
}
