package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// A Conn is a net.Conn as the standard library's own are: over every kind of transport, in both roles, with a peer of
// our own and with crypto/tls.
func TestNetConn(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for _, peer := range []string{"ours", "crypto/tls"} {
				for _, role := range []string{"client", "server"} {
					name := transport.Name + ", " + tls.VersionName(version) + ", " + role + " with " + peer
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						n := netConn{
							transport: transport.Pair,
							mode:      pair.Mode{Version: version, Tickets: true},
							server:    role == "server",
							foreign:   peer != "ours",
						}
						nettest.TestConn(t, n.makePipe(t))
					})
				}
			}
		}
	}
}

// The handshake that the first Read or Write makes is no exception: it may time out and go on later.
func TestNetConnBeforeHandshake(t *testing.T) {
	t.Parallel()
	for _, transport := range transports {
		for _, mode := range pair.Modes[2:] {
			for _, role := range []string{"client", "server"} {
				t.Run(transport.Name+", "+mode.Name+", "+role, func(t *testing.T) {
					t.Parallel()
					n := netConn{transport: transport.Pair, mode: mode, server: role == "server", lazy: true}
					nettest.TestConn(t, n.makePipe(t))
				})
			}
		}
	}
}

// netConn says what nettest is to test.
type netConn struct {
	transport testutil.Transport
	mode      pair.Mode
	server    bool // the tested end is the server
	foreign   bool // the other end is crypto/tls
	lazy      bool // no handshake beforehand
}

func (n netConn) makePipe(t *testing.T) nettest.MakePipe {
	serverCtx, clientCtx := n.mode.ServerCtx(t), n.mode.ClientCtx(t)
	theirs := foreign(t, n.mode.Version)
	return func() (c1, c2 net.Conn, stop func(), err error) {
		client, server := n.transport(t)
		var clientConn, serverConn interface {
			net.Conn
			Handshake() error
		}
		if n.foreign && n.server {
			clientConn = cryptoTLS{tls.Client(client, theirs)}
		} else if clientConn, err = libssl.Client(client, clientCtx); err != nil {
			return nil, nil, nil, err
		}
		if n.foreign && !n.server {
			serverConn = cryptoTLS{tls.Server(server, theirs)}
		} else if serverConn, err = libssl.Server(server, serverCtx); err != nil {
			return nil, nil, nil, err
		}
		stop = func() { closeBoth(clientConn, serverConn) }
		if !n.lazy {
			done := async(serverConn.Handshake)
			err = clientConn.Handshake()
			// crypto/tls as a server writes its tickets in the handshake: who has no buffer has to read them.
			if n.foreign && !n.server && err == nil {
				read := async(func() error {
					_, err := io.ReadFull(clientConn, make([]byte, 1))
					return err
				})
				if err = <-done; err == nil {
					_, err = serverConn.Write([]byte{'.'})
				}
				err = errors.Join(err, <-read)
			} else {
				err = errors.Join(err, <-done)
			}
			if err != nil {
				stop()
				return nil, nil, nil, err
			}
		}
		if n.server {
			return serverConn, clientConn, stop, nil
		}
		return clientConn, serverConn, stop, nil
	}
}

// cryptoTLS does not mind that its peer was closed first, which nettest would.
type cryptoTLS struct{ *tls.Conn }

func (c cryptoTLS) Close() error {
	c.Conn.Close()
	return nil
}

// narrow returns transports on which a Write blocks soon if nobody reads.
func narrow() []struct {
	Name string
	Pair testutil.Transport
} {
	list := slices.Clone(transports)
	for i := range list {
		wide := list[i].Pair
		list[i].Pair = func(t testing.TB) (client, server net.Conn) {
			client, server = wide(t)
			for _, c := range []net.Conn{client, server} {
				if p, ok := c.(plain); ok {
					c = p.Conn
				}
				if b, ok := c.(interface{ SetWriteBuffer(int) error }); ok {
					require.NoError(t, b.SetWriteBuffer(16<<10))
				}
				if b, ok := c.(interface{ SetReadBuffer(int) error }); ok {
					require.NoError(t, b.SetReadBuffer(16<<10))
				}
			}
			return client, server
		}
	}
	return list
}

// After a Write that timed out exactly the n bytes that it reported arrive, then those of the next Write. One that
// begins after its deadline sends nothing at all.
func TestWriteTimeoutCountsWhatIsEncrypted(t *testing.T) {
	t.Parallel()
	for _, transport := range narrow() {
		for _, mode := range []pair.Mode{pair.Modes[1], pair.Modes[3]} {
			t.Run(transport.Name+", "+mode.Name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				p := connect(t, transport.Pair, mode.ServerCtx(t), mode.ClientCtx(t), nil)
				var sent []byte
				next := byte(0)
				write := func(c net.Conn, size int, deadline time.Duration) (int, error) {
					msg := make([]byte, size)
					for i := range msg {
						msg[i] = next + byte(i/1000)
					}
					next += 77
					if deadline > 0 {
						require.NoError(t, c.SetWriteDeadline(time.Now().Add(deadline)))
					}
					n, err := c.Write(msg)
					require.GreaterOrEqual(t, n, 0)
					require.LessOrEqual(t, n, size)
					sent = append(sent, msg[:n]...)
					return n, err
				}
				// Several in a row: each first sends what the one before has left.
				for round := range 3 {
					n, err := write(p.Client, 16<<20, 50*time.Millisecond)
					for wait := 100 * time.Millisecond; round == 0 && n == 0; wait *= 2 { // it began too late
						requireTimeout(t, err)
						n, err = write(p.Client, 16<<20, wait)
					}
					requireTimeout(t, err)
					assert.Less(t, n, 16<<20, "nobody reads")
					n, err = write(p.Client, 1000, 0)
					requireTimeout(t, err)
					require.Zero(t, n, "the deadline has passed")
				}
				require.NoError(t, p.Client.SetWriteDeadline(time.Unix(1, 0)))
				n, err := write(p.Client, 1, 0)
				requireTimeout(t, err)
				require.Zero(t, n)

				got := async(func() []byte {
					all, err := io.ReadAll(p.Server)
					assert.NoError(t, err)
					return all
				})
				require.NoError(t, p.Client.SetWriteDeadline(time.Time{}))
				n, err = write(p.Client, 100_000, 0)
				require.NoError(t, err)
				require.Equal(t, 100_000, n)
				require.NoError(t, p.Client.CloseWrite())
				all := within(t, patience, got, "the server reads to the end")
				require.Equal(t, len(sent), len(all), "bytes that arrived")
				require.True(t, bytes.Equal(sent, all), "and in order")
				closeBoth(p.Client, p.Server)
			})
		}
	}
}

// A Read that times out in the midst of a record loses none of it.
func TestReadTimeoutInsideARecord(t *testing.T) {
	t.Parallel()
	for _, mode := range pair.Modes {
		t.Run(mode.Name, func(t *testing.T) {
			t.Parallel()
			watchdog(t, time.Minute)
			near, far := testutil.TCP(t)
			hop, server := testutil.TCP(t)
			// far and hop are a proxy's ends. It hands the server's bytes on one by one, when told to.
			go io.Copy(hop, far)
			step := make(chan bool)
			go func() {
				one := make([]byte, 1)
				for all := false; ; {
					if _, err := io.ReadFull(hop, one); err != nil {
						return
					}
					if !all {
						all = !<-step
					}
					if _, err := far.Write(one); err != nil {
						return
					}
				}
			}()
			c, err := libssl.Client(near, mode.ClientCtx(t))
			require.NoError(t, err)
			s, err := libssl.Server(server, mode.ServerCtx(t))
			require.NoError(t, err)
			t.Cleanup(func() { closeBoth(c, s) })
			done := async(s.Handshake)
			stop := make(chan struct{})
			fed := async(func() bool {
				for {
					select {
					case step <- true:
					case <-stop:
						return true
					}
				}
			})
			require.NoError(t, soon(t, "the handshake", c.Handshake))
			require.NoError(t, <-done)
			_, err = s.Write([]byte("hello"))
			require.NoError(t, err)
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			buf := make([]byte, 10)
			_, err = io.ReadFull(c, buf[:5])
			require.NoError(t, err)
			close(stop)
			<-fed

			// The record is 5 + 5 + 17 bytes long at least.
			_, err = s.Write([]byte("again"))
			require.NoError(t, err)
			for range 20 {
				step <- true
				require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
				n, err := c.Read(buf)
				requireTimeout(t, err)
				require.Zero(t, n)
			}
			step <- false
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			n, err := c.Read(buf)
			require.NoError(t, err)
			require.Equal(t, "again", string(buf[:n]))
		})
	}
}

// A server's Handshake ends although the client takes neither its tickets nor, in TLS 1.2, its last flight; what the
// client writes can be read; and what was kept back comes when the client reads.
func TestHandshakeDoesNotWaitForTicketsToBeRead(t *testing.T) {
	t.Parallel()
	for _, transport := range narrow() {
		for _, mode := range pair.Modes[2:] {
			t.Run(transport.Name+", "+mode.Name, func(t *testing.T) {
				t.Parallel()
				watchdog(t, time.Minute)
				server := mode.ServerCtx(t)
				require.NoError(t, server.SetNumTickets(50)) // more than the socket's buffer has room for
				p := soon(t, "both handshakes", func() *pair.Pair {
					return connect(t, transport.Pair, server, mode.ClientCtx(t), nil)
				})
				wrote := async(func() error {
					_, err := p.Client.Write([]byte("ping"))
					return err
				})
				buf := make([]byte, 4)
				_, err := io.ReadFull(p.Server, buf)
				require.NoError(t, err)
				require.NoError(t, within(t, patience, wrote, "Write"))
				require.Equal(t, "ping", string(buf))
				go p.Server.Write([]byte("pong"))
				_, err = io.ReadFull(p.Client, buf)
				require.NoError(t, err)
				require.Equal(t, "pong", string(buf))
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				sess, err := p.Client.AwaitSession(ctx)
				require.NoError(t, err)
				assert.True(t, sess.IsResumable())
				closeBoth(p.Client, p.Server)
			})
		}
	}
}

// requireTimeout requires what package net's connections return after a deadline.
func requireTimeout(t testing.TB, err error) {
	t.Helper()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var ne net.Error
	require.ErrorAs(t, err, &ne)
	require.True(t, ne.Timeout(), "%v", err)
}
