package libssl_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding"
	"fmt"
	"net"
	"time"

	"github.com/go-libssl/libssl"
)

// The names and signatures that programs rely on. Whoever has to change this file breaks them.
var (
	_ func() string     = libssl.Version
	_ func() uint64     = libssl.VersionNumber
	_ func(string) bool = libssl.Supports
	_                   = []error{libssl.ErrUnsupported, libssl.ErrClosed, libssl.ErrInCallback}
	_                   = libssl.Error{Op: "", Ret: 0, SSLError: 0, Stack: libssl.ErrorStack{}, Verify: &libssl.VerifyError{}, Err: nil}
	_ error             = (*libssl.Error)(nil)
	_                   = libssl.ErrorEntry{Code: uint64(0), Lib: 0, Reason: libssl.Reason(0), LibName: "", Text: "", Func: "", File: "", Data: "", Line: 0}
	_ error             = libssl.Reason(0)
	_                   = []libssl.ErrorEntry(libssl.ErrorStack{})
	_                   = []libssl.Reason{
		libssl.ReasonSSLSessionIDContextTooLong, libssl.ReasonSSLSessionIDTooLong, libssl.ReasonSSLSessionIDCallbackFailed,
		libssl.ReasonSSLSessionIDConflict, libssl.ReasonSSLSessionIDHasBadLength, libssl.ReasonSessionIDContextUninitialized,
		libssl.ReasonAttemptToReuseSessionInDifferentContext, libssl.ReasonCertificateVerifyFailed,
	}
	_ interface{ Alert() (uint8, bool, bool) } = (*libssl.Error)(nil)

	_                                            = []libssl.Method{libssl.TLSMethod, libssl.TLSServerMethod, libssl.TLSClientMethod}
	_ func(libssl.Method) (*libssl.Ctx, error)   = libssl.NewCtx
	_ func(tls.Certificate) (*libssl.Ctx, error) = libssl.NewServerCtx
	_ func() (*libssl.Ctx, error)                = libssl.NewClientCtx
	_                                            = []libssl.Options{libssl.NoTicket, libssl.NoAntiReplay}
	_                                            = []libssl.VerifyMode{libssl.VerifyNone, libssl.VerifyPeer, libssl.VerifyFailIfNoPeerCert, libssl.VerifyClientOnce, libssl.VerifyPostHandshake}
	_ libssl.VerifyFunc                          = func(v *libssl.Verification) error { return v.Err() }
	_ libssl.GenerateSessionID                   = func(s *libssl.SSL, id []byte) (n int, err error) { return 0, nil }
	_ func([]byte) libssl.GenerateSessionID      = libssl.PrefixSessionID
	_                                            = []libssl.SessionCacheMode{
		libssl.SessionCacheOff, libssl.SessionCacheClient, libssl.SessionCacheServer, libssl.SessionCacheBoth, libssl.SessionCacheNoAutoClear,
		libssl.SessionCacheNoInternalLookup, libssl.SessionCacheNoInternalStore, libssl.SessionCacheNoInternal, libssl.SessionCacheUpdateTime,
	}
	_ fmt.Stringer = libssl.SessionCacheMode(int64(0))
	_              = libssl.SessionStats{
		Number: 0, Connect: 0, ConnectGood: 0, ConnectRenegotiate: 0, Accept: 0, AcceptGood: 0,
		AcceptRenegotiate: 0, Hits: 0, CallbackHits: 0, Misses: 0, Timeouts: 0, CacheFull: 0,
	}

	_ interface {
		Close() error
		UseCertificate(tls.Certificate) error
		UseCertificateChainFile(string) error
		UsePrivateKeyFile(string) error
		SetMinVersion(uint16) error
		SetMaxVersion(uint16) error
		SetCipherList(string) error
		SetCipherSuites(string) error
		SetOptions(libssl.Options) libssl.Options
		ClearOptions(libssl.Options) libssl.Options
		SetVerify(libssl.VerifyMode, libssl.VerifyFunc)
		LoadVerifyLocations(string, string) error
		SetServerNameCallback(func(*libssl.SSL, string) (*libssl.Ctx, error))
		SetSessionIDContext([]byte) error
		SetGenerateSessionID(libssl.GenerateSessionID) error
		SetSessionCacheMode(libssl.SessionCacheMode) libssl.SessionCacheMode
		SessionCacheMode() libssl.SessionCacheMode
		SetSessionCacheSize(int) int
		SessionCacheSize() int
		SetTimeout(time.Duration) time.Duration
		Timeout() time.Duration
		SessionStats() libssl.SessionStats
		FlushSessions(time.Time)
		AddSession(*libssl.Session) (bool, error)
		RemoveSession(*libssl.Session) bool
		SetNewSessionCallback(func(*libssl.SSL, *libssl.Session))
		SetGetSessionCallback(func(*libssl.SSL, []byte) *libssl.Session)
		SetRemoveSessionCallback(func(*libssl.Ctx, *libssl.Session))
		SetTicketKeys([]byte) error
		TicketKeys() ([]byte, error)
		SetNumTickets(int) error
		NumTickets() int
	} = (*libssl.Ctx)(nil)

	_ sslMethods = (*libssl.SSL)(nil)
	_ interface {
		sslMethods
		net.Conn
		SSL() *libssl.SSL
		NetConn() net.Conn
		Handshake() error
		HandshakeContext(context.Context) error
		ConnectionState() tls.ConnectionState
		CloseWrite() error
		AwaitSession(context.Context) (*libssl.Session, error)
	} = (*libssl.Conn)(nil)
	_ func(net.Conn, *libssl.Ctx) (*libssl.Conn, error)       = libssl.Client
	_ func(net.Conn, *libssl.Ctx) (*libssl.Conn, error)       = libssl.Server
	_ func(net.Listener, *libssl.Ctx) net.Listener            = libssl.NewListener
	_ func(string, string, *libssl.Ctx) (net.Listener, error) = libssl.Listen
	_ func(string, string, *libssl.Ctx) (*libssl.Conn, error) = libssl.Dial
	_                                                         = libssl.Dialer{NetDialer: &net.Dialer{}, Ctx: nil, ServerName: "", Session: nil, Sessions: nil}
	_ interface {
		DialContext(context.Context, string, string) (net.Conn, error)
	} = (*libssl.Dialer)(nil)
	_ interface {
		Get(string) *libssl.Session
		Put(string, *libssl.Session)
	} = libssl.ClientSessionCache(nil)

	_ func([]byte) (*libssl.Session, error) = libssl.ParseSession
	_ func([]byte) (*libssl.Session, error) = libssl.ParseSessionPEM
	_ interface {
		encoding.BinaryMarshaler
		encoding.TextMarshaler
		fmt.Stringer
		ID() []byte
		IDContext() []byte
		Version() uint16
		CipherSuite() uint16
		Time() time.Time
		Timeout() time.Duration
		IsResumable() bool
		HasTicket() bool
		TicketLifetimeHint() time.Duration
		TicketAppData() []byte
		ServerName() string
		NegotiatedProtocol() string
		PeerCertificate() (*x509.Certificate, error)
		Clone() (*libssl.Session, error)
		SetID([]byte) error
		SetIDContext([]byte) error
		SetTime(time.Time) error
		SetTimeout(time.Duration) error
		Close() error
	} = (*libssl.Session)(nil)
)

type sslMethods interface {
	SetSessionIDContext([]byte) error
	SetGenerateSessionID(libssl.GenerateSessionID) error
	HasMatchingSessionID([]byte) bool
	SetSession(*libssl.Session) error
	Session() *libssl.Session
	SessionReused() bool
	Ctx() *libssl.Ctx
	SetServerName(string) error
	Conn() *libssl.Conn
}
