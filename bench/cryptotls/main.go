// Command cryptotls measures crypto/tls.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"runtime"

	"github.com/go-libssl/libssl/bench/internal/load"
)

func main() { load.Main(newStack) }

type stack struct{ server, client *tls.Config }

func newStack(s load.Setup) (load.Stack, error) {
	cert, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("no certificate in " + s.CA)
	}
	// What OPENSSL_CONF says to the others. Of TLS 1.3's suites the hardware's is chosen: AES-128-GCM.
	common := tls.Config{
		MinVersion:                  s.Version,
		MaxVersion:                  s.Version,
		CipherSuites:                []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		CurvePreferences:            []tls.CurveID{tls.X25519, tls.CurveP256},
		DynamicRecordSizingDisabled: true,
	}
	server, client := common.Clone(), common.Clone()
	server.Certificates = []tls.Certificate{cert}
	client.RootCAs = roots
	client.ServerName = "127.0.0.1"
	return &stack{server, client}, nil
}

func (k *stack) Library() string { return runtime.Version() }

func (k *stack) Server(transport net.Conn) (net.Conn, error) {
	return tls.Server(transport, k.server), nil
}

// A conn knows the cache that its sessions go to: a session here.
type conn struct {
	*tls.Conn
	cache *cache
}

// A cache is one slot's: the newest session.
type cache struct{ session *tls.ClientSessionState }

func (c *cache) Get(string) (*tls.ClientSessionState, bool)    { return c.session, c.session != nil }
func (c *cache) Put(_ string, session *tls.ClientSessionState) { c.session = session }

func (k *stack) Dial(addr string, session any) (net.Conn, error) {
	sessions, _ := session.(*cache)
	if sessions == nil {
		sessions = &cache{}
	}
	config := k.client.Clone()
	config.ClientSessionCache = sessions
	c, err := tls.DialWithDialer(&load.Dialer, "tcp", addr, config)
	if err != nil {
		return nil, err
	}
	return conn{c, sessions}, nil
}

func (k *stack) Session(c net.Conn) (any, error) { return c.(conn).cache, nil }

func (k *stack) Resumed(c net.Conn) bool { return c.(conn).ConnectionState().DidResume }
