package openssl

import (
	"context"
	"net"
	"time"
)

type listener struct {
	net.Listener
	ctx *Ctx
}

// Accept waits for a connection and returns a *Conn, whose handshake is still to come.
func (l *listener) Accept() (net.Conn, error) {
	transport, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c, err := Server(transport, l.ctx)
	if err != nil {
		transport.Close()
		return nil, err
	}
	return c, nil
}

// NewListener returns a listener whose Accept makes a server's [Conn] of each connection that inner accepts. The
// handshake runs at the first Read, Write or Handshake, so that one slow client does not hold up others.
func NewListener(inner net.Listener, ctx *Ctx) net.Listener { return &listener{inner, ctx} }

// Listen is [NewListener] on what net.Listen returns.
func Listen(network, laddr string, ctx *Ctx) (net.Listener, error) {
	if ctx == nil {
		return nil, errNoCtx
	}
	l, err := net.Listen(network, laddr)
	if err != nil {
		return nil, err
	}
	return NewListener(l, ctx), nil
}

// DialFlags say what [Dial] does not do.
type DialFlags int

// The flags.
const (
	InsecureSkipHostVerification DialFlags = 1 << iota // the name in the server's certificate is not compared with the address
	DisableSNI                                         // the server is not asked for by name
)

// dialTimeout is how long a Dial without a context may take. Tests have less time.
var dialTimeout = 30 * time.Second

// Dial connects to addr and runs the handshake, for which it takes 30 seconds at most; a nil ctx is one of [NewCtx].
// The host in addr is the name that it asks the server for (SNI), and that the server's certificate must have, unless
// flags say otherwise. Only with [VerifyPeer] in ctx must the certificate come from a trusted CA too, and only so is
// the server known: see [Ctx.SetVerify] and [Ctx.LoadVerifyLocations].
func Dial(network, addr string, ctx *Ctx, flags DialFlags) (*Conn, error) {
	return DialSession(network, addr, ctx, flags, nil)
}

// DialSession is [Dial] with a session of an earlier connection, as [Conn.GetSession] has returned it, to resume; nil for
// none. [Conn.SessionReused] tells whether the server did.
func DialSession(network, addr string, ctx *Ctx, flags DialFlags, session []byte) (*Conn, error) {
	limit, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	return DialContext(limit, network, addr, ctx, flags, session)
}

// DialContext is [DialSession] with a limit of the caller's own. It has no influence on the connection it returns.
func DialContext(limit context.Context, network, addr string, ctx *Ctx, flags DialFlags, session []byte) (*Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if ctx == nil {
		if ctx, err = NewCtx(); err != nil {
			return nil, err
		}
	}
	transport, err := new(net.Dialer).DialContext(limit, network, addr)
	if err != nil {
		return nil, err
	}
	c, err := Client(transport, ctx)
	if err != nil {
		transport.Close()
		return nil, err
	}
	if err := c.connect(limit, host, flags, session); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// connect sets c up, runs the handshake and checks whom it was with.
func (c *Conn) connect(limit context.Context, host string, flags DialFlags, session []byte) error {
	if session != nil {
		if err := c.setSession(session); err != nil {
			return err
		}
	}
	if flags&DisableSNI == 0 && host != "" {
		if err := c.SetTlsExtHostName(host); err != nil {
			return err
		}
	}
	if err := c.HandshakeContext(limit); err != nil {
		return err
	}
	if flags&InsecureSkipHostVerification == 0 {
		return c.VerifyHostname(host)
	}
	return nil
}
