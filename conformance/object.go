package conformance

import (
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/go-libssl/libssl"
)

// libssl's objects as clauses use them, in whichever way they are reached. The methods have the names and meanings of
// package libssl's, so that a clause says the same in each way.

// library is where the observation's objects come from.
func (o *Observer) library() library {
	if o.Way == Raw {
		return viaRaw{o}
	}
	return viaAPI{}
}

// A library makes the objects.
type library interface {
	newCtx(m libssl.Method) (ctx, error)
	newServer(wire net.Conn, c ctx) (conn, error)
	newClient(wire net.Conn, c ctx) (conn, error)
	parse(der []byte) (session, error)
	parsePEM(pem []byte) (session, error)
}

// A ctx is an SSL_CTX.
type ctx interface {
	Close() error

	UseCertificate(tls.Certificate) error
	SetMinVersion(uint16) error
	SetMaxVersion(uint16) error
	SetOptions(libssl.Options) libssl.Options
	ClearOptions(libssl.Options) libssl.Options
	// SetVerify with a function calls it for each certificate and takes any.
	SetVerify(m libssl.VerifyMode, seen func())
	// AtClientHello has a function called when a client that asks for a name has been heard.
	AtClientHello(func(ssl) error)
	AcceptServerNames()

	SetSessionIDContext(sid []byte) error
	SetGenerateSessionID(generate) error
	SetSessionCacheMode(libssl.SessionCacheMode) libssl.SessionCacheMode
	SessionCacheMode() libssl.SessionCacheMode
	SetSessionCacheSize(int) int
	SessionCacheSize() int
	SetTimeout(time.Duration) time.Duration
	Timeout() time.Duration
	SessionStats() libssl.SessionStats
	FlushSessions(at time.Time)
	AddSession(session) (bool, error) // a copy of it
	RemoveSession(session) bool
	SetNewSessionCallback(func(session))
	SetGetSessionCallback(func(id []byte) session) // libssl gets a copy
	SetRemoveSessionCallback(func(session))
	SetTicketKeys([]byte) error
	TicketKeys() ([]byte, error)
	// SetTicketKeyCallback has a function decide on tickets, by libssl's numbers. The key is the same for all.
	SetTicketKeyCallback(func(encrypt bool) int) error
	SetSessionTicketCallback(makeTicket, takeTicket) error
	SetNumTickets(int) error
	NumTickets() int
}

// generate makes session ids.
type generate func(s ssl, id []byte) (n int, err error)

// makeTicket tells what goes into a ticket beside the session.
type makeTicket func() (appData []byte, err error)

// takeTicket decides on a session that came in a ticket; nil: none did.
type takeTicket func(s session, keyName []byte, status libssl.TicketStatus) libssl.TicketReturn

// An ssl is an SSL as callbacks use it.
type ssl interface {
	SetSessionIDContext(sid []byte) error
	HasMatchingSessionID(id []byte) bool
}

// A conn is an SSL with its transport.
type conn interface {
	ssl
	io.ReadWriteCloser
	Handshake() error
	CloseWrite() error
	SetGenerateSessionID(generate) error
	SetServerName(string) error
	SetSession(session) error
	Session() session // nil: none
	SessionReused() bool
	CipherSuite() uint16
}

// A session is an SSL_SESSION.
type session interface {
	Close() error
	Clone() (session, error)
	MarshalBinary() ([]byte, error)
	MarshalText() ([]byte, error)

	ID() []byte
	SetID([]byte) error
	IDContext() []byte
	SetIDContext([]byte) error
	Time() time.Time
	SetTime(time.Time) error
	Timeout() time.Duration
	SetTimeout(time.Duration) error
	Version() uint16
	CipherSuite() uint16
	IsResumable() bool
	HasTicket() bool
	TicketLifetimeHint() time.Duration
	TicketAppData() []byte
	SetTicketAppData([]byte) error
	ServerName() string
	HasPeerCertificate() bool
}
