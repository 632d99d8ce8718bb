// Package pair makes connected client and server connections of the binding for tests.
package pair

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
)

// Limit is the deadline of a pair unless its Options say otherwise: a test that hangs fails after it.
const Limit = 30 * time.Second

// Mode is one of the four ways in which a libssl server keeps sessions. They differ in what is called
// when, so session tests range over Modes.
type Mode struct {
	Name    string
	Version uint16 // tls.VersionTLS12 or tls.VersionTLS13, the only one allowed
	Tickets bool   // false: libssl.NoTicket on the server, which then keeps the session
}

// Modes are the four modes.
var Modes = []Mode{
	{"TLS 1.2 stateful", tls.VersionTLS12, false},
	{"TLS 1.2 tickets", tls.VersionTLS12, true},
	{"TLS 1.3 stateful", tls.VersionTLS13, false},
	{"TLS 1.3 tickets", tls.VersionTLS13, true},
}

// TLS13 reports whether the mode is one of TLS 1.3.
func (m Mode) TLS13() bool { return m.Version == tls.VersionTLS13 }

// ServerCtx returns a Ctx with libssl's own defaults, the mode's version and options, the ECDSA server
// certificate and the session id context "pair". It is closed when the test ends.
func (m Mode) ServerCtx(t testing.TB) *libssl.Ctx {
	t.Helper()
	c := m.newCtx(t, libssl.TLSServerMethod)
	if !m.Tickets {
		c.SetOptions(libssl.NoTicket)
	}
	check(t, c.UseCertificate(testutil.Certs(t).Server))
	check(t, c.SetSessionIDContext([]byte("pair")))
	return c
}

// ClientCtx returns a Ctx with libssl's own defaults, which do not verify, and the mode's version. It is
// closed when the test ends.
func (m Mode) ClientCtx(t testing.TB) *libssl.Ctx {
	t.Helper()
	return m.newCtx(t, libssl.TLSClientMethod)
}

func (m Mode) newCtx(t testing.TB, method libssl.Method) *libssl.Ctx {
	t.Helper()
	c, err := libssl.NewCtx(method)
	check(t, err)
	t.Cleanup(func() { c.Close() })
	check(t, c.SetMinVersion(m.Version))
	check(t, c.SetMaxVersion(m.Version))
	return c
}

// Options change what Handshake does. The zero value is good for most tests.
type Options struct {
	Transport testutil.Transport // nil: testutil.TCP
	Limit     time.Duration      // 0: Limit
	Session   *libssl.Session    // the client offers it
	Client    func(*libssl.Conn) // called before the handshake
	Server    func(*libssl.Conn) // called before the handshake
	NoTickets bool               // do not make the client read what the server sends after its handshake
}

// Pair is a client and a server connected with each other.
type Pair struct {
	Client, Server         *libssl.Conn
	ClientRaw, ServerRaw   net.Conn // what they run on
	ClientErr, ServerErr   error    // of the handshakes, and of the byte sent after them
	ClientDone, ServerDone bool     // Handshake returned nil
}

// Handshake connects a client of client with a server of server and requires that both handshakes succeed.
// Unless o says otherwise the server then sends one byte and the client reads it, and so has taken in the
// tickets of a TLS 1.3 server. Both ends are closed when the test ends.
func Handshake(t testing.TB, server, client *libssl.Ctx, o Options) *Pair {
	t.Helper()
	p := Try(t, server, client, o)
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Try is Handshake for handshakes that may fail: see the fields of the Pair, and Err. A side that fails
// closes its transport, so that the other side never waits for it.
func Try(t testing.TB, server, client *libssl.Ctx, o Options) *Pair {
	t.Helper()
	if o.Transport == nil {
		o.Transport = testutil.TCP
	}
	if o.Limit == 0 {
		o.Limit = Limit
	}
	p := new(Pair)
	p.ClientRaw, p.ServerRaw = o.Transport(t)
	var err error
	p.Client, err = libssl.Client(p.ClientRaw, client)
	check(t, err)
	t.Cleanup(func() { p.Client.Close() })
	p.Server, err = libssl.Server(p.ServerRaw, server)
	check(t, err)
	t.Cleanup(func() { p.Server.Close() })
	end := time.Now().Add(o.Limit)
	check(t, p.Client.SetDeadline(end))
	check(t, p.Server.SetDeadline(end))
	if o.Session != nil {
		check(t, p.Client.SetSession(o.Session))
	}
	if o.Client != nil {
		o.Client(p.Client)
	}
	if o.Server != nil {
		o.Server(p.Server)
	}
	Both(func() {
		p.ClientDone, p.ClientErr = shake(p.Client, p.ClientRaw, func() error {
			if o.NoTickets {
				return nil
			}
			_, err := io.ReadFull(p.Client, make([]byte, 1))
			return err
		})
	}, func() {
		p.ServerDone, p.ServerErr = shake(p.Server, p.ServerRaw, func() error {
			if o.NoTickets {
				return nil
			}
			_, err := p.Server.Write([]byte{'.'})
			return err
		})
	})
	return p
}

func shake(c *libssl.Conn, raw net.Conn, then func() error) (done bool, err error) {
	if err = c.Handshake(); err == nil {
		done = true
		err = then()
	}
	if err != nil {
		raw.Close()
	}
	return done, err
}

// Err returns what failed on either side, or nil.
func (p *Pair) Err() error {
	return errors.Join(wrap("client", p.ClientErr), wrap("server", p.ServerErr))
}

func wrap(side string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", side, err)
}

// Echo sends data to the server and back, and requires that it comes back unchanged.
func (p *Pair) Echo(t testing.TB, data string) {
	t.Helper()
	check(t, Echo(p.Client, p.Server, data))
}

// Echo sends data from client to server and back.
func Echo(client, server net.Conn, data string) error {
	var clientErr, serverErr error
	got := make([]byte, len(data))
	Both(func() {
		if _, clientErr = io.WriteString(client, data); clientErr == nil {
			_, clientErr = io.ReadFull(client, got)
		}
	}, func() {
		buf := make([]byte, len(data))
		if _, serverErr = io.ReadFull(server, buf); serverErr == nil {
			_, serverErr = server.Write(buf)
		}
	})
	if clientErr == nil && serverErr == nil && string(got) != data {
		clientErr = fmt.Errorf("%d bytes came back changed", len(data))
	}
	return errors.Join(wrap("client", clientErr), wrap("server", serverErr))
}

// Close ends the connection in both directions, each side reading the other's close_notify, and requires
// that nothing fails.
func (p *Pair) Close(t testing.TB) {
	t.Helper()
	check(t, Close(p.Client, p.Server))
}

// Close ends a connection in both directions.
func Close(client, server *libssl.Conn) error {
	var clientErr, serverErr error
	end := func(c *libssl.Conn) error {
		if err := c.CloseWrite(); err != nil {
			return fmt.Errorf("CloseWrite: %w", err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			return fmt.Errorf("reading to the end: %w", err)
		}
		return nil
	}
	// Each side starts to read at once: on a transport without a buffer both would wait for ever to write.
	Both(func() { clientErr = end(client) }, func() {
		if _, serverErr = io.Copy(io.Discard, server); serverErr == nil {
			serverErr = server.CloseWrite()
		}
	})
	return errors.Join(wrap("client", clientErr), wrap("server", serverErr),
		wrap("closing the client", client.Close()), wrap("closing the server", server.Close()))
}

// Both runs the two functions side by side and returns when both have returned.
func Both(a, b func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		b()
	}()
	a()
	<-done
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
