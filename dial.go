//go:build cgo

package libssl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Dial connects to addr, asks for the host in it by name (SNI), checks that the server's certificate is for it unless
// the Ctx says VerifyNone, and runs the handshake.
func Dial(network, addr string, ctx *Ctx) (*Conn, error) {
	d := Dialer{Ctx: ctx}
	return d.dial(context.Background(), network, addr)
}

// A Dialer makes TLS connections. Its fields are read only. With Sessions, those of TLS 1.3 come in while a connection
// is read: a program that only writes calls [Conn.AwaitSession]. For early data, which goes before the handshake, take
// [Client].
type Dialer struct {
	NetDialer  *net.Dialer        // makes the transport; nil is the zero one
	Ctx        *Ctx               // must be set
	ServerName string             // the name to ask for and to verify; empty is addr's host
	Session    *Session           // offered, and no other
	Sessions   ClientSessionCache // without Session: where one is taken from; new ones are put there
}

// A ClientSessionCache keeps sessions for clients. key stands for a server and for how it is verified: its name, its
// port and the trust of the Ctx, so that a session is offered only where it would be made again alike. It is called
// by many goroutines.
type ClientSessionCache interface {
	// Get takes a session out, nil for none. Who uses a TLS 1.3 session twice can be recognised by it.
	Get(key string) *Session
	// Put keeps a session, beside others of its key if it likes. The session is the cache's own.
	Put(key string, s *Session)
}

// DialContext connects as [Dial] does, and returns a *Conn. ctx bounds the dial and the handshake, not the connection.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (d *Dialer) dial(ctx context.Context, network, addr string) (*Conn, error) {
	if d.Ctx == nil {
		return nil, errors.New("libssl: Dialer without a Ctx")
	}
	name := d.ServerName
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = "", addr // a Unix socket's
	}
	if name == "" {
		name = host
	}
	if name == "" && err != nil && !strings.HasPrefix(network, "unix") {
		return nil, fmt.Errorf("libssl: dial %s: %w", network, err)
	}
	if name == "" {
		return nil, fmt.Errorf("libssl: dial %q: no server name in the address and none in the Dialer", addr)
	}
	nd := d.NetDialer
	if nd == nil {
		nd = new(net.Dialer)
	}
	transport, err := nd.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c, err := Client(transport, d.Ctx)
	if err != nil {
		transport.Close()
		return nil, err
	}
	if err = d.prepare(c, name, port); err == nil {
		err = c.HandshakeContext(ctx)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.putBack()
	return c, nil
}

// prepare sets the name and the session.
func (d *Dialer) prepare(c *Conn, name, port string) error {
	verifies := c.VerifyMode()&VerifyPeer != 0
	if err := c.setName(name, verifies); err != nil {
		return err
	}
	if d.Session != nil {
		return c.SetSession(d.Session)
	}
	if d.Sessions == nil {
		return nil
	}
	if err := d.Ctx.keepClientSessions(); err != nil {
		return err
	}
	c.sessions = sessionSink{d.Sessions, d.Ctx.cacheKey(name, port)}
	sess := d.Sessions.Get(c.sessions.key)
	if sess == nil {
		return nil
	}
	defer sess.Close()
	return c.SetSession(sess)
}

// sessionSink is where a client's new sessions go, beside its Ctx's callback.
type sessionSink struct {
	cache ClientSessionCache
	key   string
}

func (k sessionSink) put(sess *Session) {
	if k.cache == nil {
		return
	}
	if own, err := sess.Clone(); err == nil {
		k.cache.Put(k.key, own)
	}
}

// putBack returns a session that was taken from the cache and resumed, unless it is one to use once. libssl does not
// tell of it again, even if the server has renewed its ticket.
func (c *Conn) putBack() {
	if c.sessions.cache == nil || !c.SessionReused() {
		return
	}
	sess := c.Session()
	if sess == nil || sess.Version() >= versionTLS13 {
		return
	}
	c.sessions.cache.Put(c.sessions.key, sess)
}

// tellNew gives a new session to those who want it.
func (s *SSL) tellNew(sess *Session) {
	s.conn.sessions.put(sess)
	if cb := load(&s.origin.newSession); cb != nil {
		cb(s, sess)
	} else {
		sess.Close()
	}
}

// cacheKey names a server as this Ctx verifies it.
func (c *Ctx) cacheKey(name, port string) string {
	c.rlock()
	defer c.mu.RUnlock()
	sum := c.identity.sum()
	return fmt.Sprintf("%s/%x", net.JoinHostPort(name, port), sum[:8])
}
