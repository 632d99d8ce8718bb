package conformance

import (
	"errors"
	"net"

	"github.com/go-libssl/libssl"
)

// viaAPI reaches libssl through package libssl.
type viaAPI struct{}

func (viaAPI) newCtx(m libssl.Method) (ctx, error) {
	c, err := libssl.NewCtx(m)
	return &apiCtx{c}, err
}

func (viaAPI) newServer(wire net.Conn, c ctx) (conn, error) {
	s, err := libssl.Server(wire, c.(*apiCtx).Ctx)
	return &apiConn{s}, err
}

func (viaAPI) newClient(wire net.Conn, c ctx) (conn, error) {
	s, err := libssl.Client(wire, c.(*apiCtx).Ctx)
	return &apiConn{s}, err
}

func (viaAPI) parse(der []byte) (session, error) { return apiSessionOrNil(libssl.ParseSession(der)) }

func (viaAPI) parsePEM(pem []byte) (session, error) {
	return apiSessionOrNil(libssl.ParseSessionPEM(pem))
}

type apiCtx struct{ *libssl.Ctx }

func (c *apiCtx) SetVerify(m libssl.VerifyMode, seen func()) {
	if seen == nil {
		c.Ctx.SetVerify(m, nil)
		return
	}
	c.Ctx.SetVerify(m, func(*libssl.Verification) error {
		seen()
		return nil
	})
}

func (c *apiCtx) AtClientHello(f func(ssl) error) {
	c.SetServerNameCallback(func(s *libssl.SSL, _ string) (*libssl.Ctx, error) { return nil, f(s) })
}

func (c *apiCtx) AcceptServerNames() { c.AtClientHello(func(ssl) error { return nil }) }

func (c *apiCtx) SetGenerateSessionID(g generate) error { return c.Ctx.SetGenerateSessionID(g.api()) }

// api is the callback as package libssl takes it.
func (g generate) api() libssl.GenerateSessionID {
	if g == nil {
		return nil
	}
	return func(s *libssl.SSL, id []byte) (int, error) { return g(s, id) }
}

func (c *apiCtx) AddSession(s session) (bool, error) {
	return c.Ctx.AddSession(s.(*apiSession).Session)
}

func (c *apiCtx) RemoveSession(s session) bool { return c.Ctx.RemoveSession(s.(*apiSession).Session) }

func (c *apiCtx) SetNewSessionCallback(f func(session)) {
	if f == nil {
		c.Ctx.SetNewSessionCallback(nil)
		return
	}
	c.Ctx.SetNewSessionCallback(func(_ *libssl.SSL, s *libssl.Session) { f(&apiSession{s}) })
}

func (c *apiCtx) SetGetSessionCallback(f func(id []byte) session) {
	if f == nil {
		c.Ctx.SetGetSessionCallback(nil)
		return
	}
	c.Ctx.SetGetSessionCallback(func(_ *libssl.SSL, id []byte) *libssl.Session {
		if s := f(id); s != nil {
			return s.(*apiSession).Session
		}
		return nil
	})
}

func (c *apiCtx) SetRemoveSessionCallback(f func(session)) {
	if f == nil {
		c.Ctx.SetRemoveSessionCallback(nil)
		return
	}
	c.Ctx.SetRemoveSessionCallback(func(_ *libssl.Ctx, s *libssl.Session) { f(&apiSession{s}) })
}

// ticketKey is what SetTicketKeyCallback's tickets are sealed with.
var ticketKey = libssl.NewTicketKey()

func (c *apiCtx) SetTicketKeyCallback(f func(encrypt bool) int) error {
	if f == nil {
		return c.Ctx.SetTicketKeyCallback(nil)
	}
	return c.Ctx.SetTicketKeyCallback(func(_ *libssl.SSL, _ libssl.TicketKeyName, encrypt bool) (*libssl.TicketKey, bool, error) {
		switch r := f(encrypt); {
		case r < 0:
			return nil, false, errors.New("no")
		case r == 0:
			return nil, false, nil
		default:
			return ticketKey, r == 2, nil
		}
	})
}

func (c *apiCtx) SetSessionTicketCallback(make makeTicket, take takeTicket) error {
	var generate libssl.GenerateTicket
	if make != nil {
		generate = func(*libssl.SSL) ([]byte, error) { return make() }
	}
	var decrypt libssl.DecryptTicket
	if take != nil {
		decrypt = func(_ *libssl.SSL, s *libssl.Session, keyName []byte, status libssl.TicketStatus) (libssl.TicketReturn, error) {
			x, _ := apiSessionOrNil(s, nil)
			return take(x, keyName, status), nil
		}
	}
	return c.Ctx.SetSessionTicketCallback(generate, decrypt)
}

type apiConn struct{ *libssl.Conn }

func (c *apiConn) SetGenerateSessionID(g generate) error { return c.Conn.SetGenerateSessionID(g.api()) }

func (c *apiConn) SetSession(s session) error { return c.Conn.SetSession(s.(*apiSession).Session) }

func (c *apiConn) Session() session {
	s, _ := apiSessionOrNil(c.Conn.Session(), nil)
	return s
}

func (c *apiConn) CipherSuite() uint16 { return c.ConnectionState().CipherSuite }

type apiSession struct{ *libssl.Session }

func apiSessionOrNil(s *libssl.Session, err error) (session, error) {
	if s == nil {
		return nil, err
	}
	return &apiSession{s}, err
}

func (s *apiSession) Clone() (session, error) { return apiSessionOrNil(s.Session.Clone()) }

func (s *apiSession) HasPeerCertificate() bool {
	cert, err := s.PeerCertificate()
	return err == nil && cert != nil
}
