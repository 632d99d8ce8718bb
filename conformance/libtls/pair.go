package libtls

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/go-libssl/libssl/conformance"
	"github.com/go-libssl/libssl/libtls"
)

// A setting is something done to a Config.
type setting func(*libtls.Config) error

func (o observer) config(set ...setting) *libtls.Config {
	c := libtls.NewConfig()
	for _, s := range set {
		must(s(c))
	}
	return c
}

// server makes a server of the mode's version, with a certificate for serverName.
func (o observer) server(set ...setting) *server { return o.serverOf(o.serverConfig(set...)) }

func (o observer) serverConfig(set ...setting) *libtls.Config {
	return o.config(append([]setting{o.onlyVersion, keypair(pki().server)}, set...)...)
}

func (o observer) serverOf(c *libtls.Config) *server {
	l := must1(net.Listen("tcp", "127.0.0.1:0"))
	o.Watch(l)
	o.AtEnd(func() { l.Close() })
	return &server{must1(libtls.NewServer(c)), l}
}

// A server is a Server and where it listens.
type server struct {
	*libtls.Server
	l net.Listener
}

// client makes a Config for clients of the mode's version that trust the server's authority.
func (o observer) client(set ...setting) *libtls.Config {
	return o.config(append([]setting{o.onlyVersion, trust(pki().authority)}, set...)...)
}

func (o observer) onlyVersion(c *libtls.Config) error {
	if o.tls13() {
		return versions("tlsv1.3")(c)
	}
	return versions("tlsv1.2")(c)
}

// A link is a server and a client that have met, and how they fared.
type link struct {
	name           string
	client, server side
	connect        error // the client's, before there was a handshake
}

// A side is one end of a link.
type side struct {
	*libtls.Conn
	wire    net.Conn
	err     error // the handshake's
	after   error // of what came after it
	resumed bool
}

const serverName = "server.test"

// connect makes a connection on which a message goes there and back, so that a TLS 1.3 client has read its tickets, and
// closes it.
func (o observer) connect(srv *server, cli *libtls.Config) *link {
	return o.connectTo(srv, cli, serverName)
}

func (o observer) connectTo(srv *server, cli *libtls.Config, name string) *link {
	l := o.prepare(srv, cli, name)
	l.meet()
	l.close()
	return l
}

// times connects one time after the other and tells of each.
func (o observer) times(n int, srv *server, cli *libtls.Config) string {
	var all []string
	for range n {
		all = append(all, o.connect(srv, cli).String())
	}
	return strings.Join(all, ", ")
}

// prepare makes the two ends and stops short of the handshake.
func (o observer) prepare(srv *server, cli *libtls.Config, name string) *link {
	l := &link{name: name}
	l.client.wire = must1(net.Dial("tcp", srv.l.Addr().String()))
	l.server.wire = must1(srv.l.Accept())
	o.Watch(l.client.wire, l.server.wire)
	o.AtEnd(l.cut)
	l.server.Conn = must1(srv.Accept(l.server.wire))
	l.client.Conn, l.connect = libtls.Client(l.client.wire, name, cli)
	if l.connect != nil {
		l.cut()
	}
	return l
}

// meet makes the handshakes and sends the message.
func (l *link) meet() {
	if l.connect != nil {
		return
	}
	conformance.Together(
		func() { l.server.meet(hear, say) },
		func() { l.client.meet(say, hear) },
	)
}

// meet is one side's part. A side that fails hangs up, so that the other does not wait.
func (s *side) meet(talk ...func(io.ReadWriter) error) {
	s.err = s.Handshake()
	if s.err == nil {
		s.resumed = s.SessionResumed()
		for _, t := range talk {
			if s.after = t(s.Conn); s.after != nil {
				break
			}
		}
	}
	if s.err != nil || s.after != nil {
		s.wire.Close()
	}
}

// close closes both sides as one should.
func (l *link) close() {
	if l.connect == nil {
		conformance.Together(func() { l.client.Close() }, func() { l.server.Close() })
	}
	l.cut()
}

func (l *link) cut() {
	l.client.wire.Close()
	l.server.wire.Close()
}

const greeting = "hello"

func say(c io.ReadWriter) error {
	_, err := io.WriteString(c, greeting)
	return err
}

func hear(c io.ReadWriter) error {
	buf := make([]byte, len(greeting))
	if _, err := io.ReadFull(c, buf); err != nil {
		return err
	}
	if string(buf) != greeting {
		return errors.New("the message came through garbled")
	}
	return nil
}

// String tells whether client and server say that a session was resumed, or what each of them failed with.
func (l *link) String() string {
	if l.connect != nil {
		return "connect: " + text(l.connect)
	}
	if l.fine() {
		return fmt.Sprintf("resumed=%d/%d", bit(l.client.resumed), bit(l.server.resumed))
	}
	return fmt.Sprintf("client: %v; server: %v", l.client.fate(), l.server.fate())
}

func (l *link) fine() bool {
	return l.connect == nil && l.client.err == nil && l.server.err == nil && l.client.after == nil && l.server.after == nil
}

// fate is "ok", or how far a side came: what fails after the handshake differs from system to system.
func (s *side) fate() string {
	switch {
	case s.err != nil:
		return text(s.err)
	case s.after != nil:
		return "ok, then cut"
	}
	return "ok"
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A clock tells how long something has taken.
type clock time.Time

func startClock() clock { return clock(time.Now()) }

// until waits for a moment.
func (c clock) until(seconds float64) {
	time.Sleep(time.Until(time.Time(c).Add(time.Duration(seconds * float64(time.Second)))))
}

// late tells whether a moment has passed.
func (c clock) late(seconds float64) bool { return time.Since(time.Time(c)).Seconds() > seconds }

// punctual makes an attempt, again and again while it says that the machine was too slow for what it had to show.
func punctual(attempt func() (inTime bool)) {
	for range 5 {
		if attempt() {
			return
		}
	}
	must(errors.New("five times this machine was too slow"))
}
