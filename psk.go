package libssl

// #include "shim.h"
import "C"

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
)

// A PSKClient gives a client the key that it shares with its server, and the name by which the server knows it. hint is
// what the server says before, empty if it says nothing. A nil key is none; an error ends the handshake, and errors.Is
// finds it.
//
// Up to TLS 1.2 it is asked when the server has chosen a cipher suite with a pre-shared key, which fails without one.
// TLS 1.3 has no hint: it is asked while the ClientHello is made, again after a HelloRetryRequest, and without a key
// the handshake goes on with certificates. So a client of both versions is asked twice by a server of TLS 1.2.
//
// Up to TLS 1.2 an identity has at most 256 bytes, and none of them is zero, and a key 512; in OpenSSL 1.1.1 that is
// 128 and 256. In TLS 1.3 the key goes with the hash SHA-256, as nothing else was agreed on (RFC 8446, section 4.2.11):
// see [PSKUseSession] for another.
type PSKClient func(s *SSL, hint string) (identity string, key []byte, err error)

// A PSKServer gives a server the key of a client that names itself so. A nil key is none: up to TLS 1.2 that ends the
// handshake with the alert unknown_psk_identity, in TLS 1.3 the handshake goes on with certificates. An error ends the
// handshake, and errors.Is finds it.
//
// In TLS 1.3 clients put their tickets where the identities are: it is asked for those too, byte by byte as they are, and
// has to say nil. It is asked only if the cipher suite that libssl has chosen goes with SHA-256, as the key does. A
// server with a certificate follows its client, and most clients like AES-256 best, which goes with SHA-384: let
// SetCipherSuites leave only suites with SHA-256, on either side. One without a certificate finds them by itself.
//
// Who has shown that he knows the key is asked for no certificate, whatever SetVerify says.
type PSKServer func(s *SSL, identity string) (key []byte, err error)

// A PSKUseSession gives a client of TLS 1.3 a key in the shape of a session, as [NewPSKSession] makes it: one that goes
// with another hash than SHA-256, or with early data. hash is the only one that will do, after HelloRetryRequest, and 0
// before. nil is none. The session stays the callback's own.
type PSKUseSession func(s *SSL, hash crypto.Hash) (identity []byte, sess *Session, err error)

// A PSKFindSession gives a server of TLS 1.3 the key of a client that names itself so, in the shape of a session; nil
// is none. libssl passes over one that goes with another hash than the cipher suite it has chosen. The session stays
// the callback's own. It is asked for tickets as well, as PSKServer is.
type PSKFindSession func(s *SSL, identity []byte) (*Session, error)

// NewPSKSession makes the session that stands for a pre-shared key in TLS 1.3, for [PSKUseSession] and
// [PSKFindSession]. suite, as tls.TLS_AES_256_GCM_SHA384, says which hash the key goes with; any suite of TLS 1.3 with
// that hash may then be negotiated. Session.SetMaxEarlyData allows early data, and Session.SetTimeout says how long
// the sessions last that are made with the key: 304 seconds unless set.
//
// C: SSL_SESSION_new(3)
func NewPSKSession(key []byte, suite uint16) (*Session, error) {
	if len(key) == 0 {
		return nil, errors.New("libssl: NewPSKSession: no key")
	}
	if suite>>8 != suitesTLS13 {
		return nil, fmt.Errorf("libssl: NewPSKSession: %#04x is no cipher suite of TLS 1.3", suite)
	}
	sess, err := NewSession()
	if err != nil {
		return nil, err
	}
	for _, set := range []func() error{
		func() error { return sess.SetMasterKey(key) },
		func() error { return sess.SetCipherSuite(suite) },
		func() error { return sess.SetVersion(tls.VersionTLS13) },
	} {
		if err := set(); err != nil {
			sess.Close()
			return nil, fmt.Errorf("libssl: pre-shared key of %d bytes for suite %#04x: %w", len(key), suite, err)
		}
	}
	return sess, nil
}

// suitesTLS13 is the first byte of all cipher suites of TLS 1.3.
const suitesTLS13 = 0x13

// SetPSKClientCallback sets what gives clients pre-shared keys, in all protocol versions. It runs inside libssl. A
// connection takes it over when it is made; nil is none. Sessions that were made with a pre-shared key are not offered,
// by a [Dialer] with a cache, where the servers are verified otherwise.
//
// C: SSL_CTX_set_psk_client_callback(3)
func (c *Ctx) SetPSKClientCallback(cb PSKClient) {
	c.setPSK(func(k *pskCallbacks) { k.client = cb })
}

// SetPSKServerCallback sets what gives servers pre-shared keys, in all protocol versions. It runs inside libssl. A
// connection takes it over when it is made or switched by its server name: who has a key of the first Ctx does not get
// into another one that does not know it. nil is none. The session id context that NewServerCtx derives holds a random part
// then, as it does with a VerifyFunc.
//
// C: SSL_CTX_set_psk_server_callback(3)
func (c *Ctx) SetPSKServerCallback(cb PSKServer) {
	c.setPSK(func(k *pskCallbacks) { k.server = cb })
}

// SetPSKUseSessionCallback sets what gives clients of TLS 1.3 pre-shared keys as sessions, and is asked before that of
// SetPSKClientCallback.
//
// C: SSL_CTX_set_psk_use_session_callback(3)
func (c *Ctx) SetPSKUseSessionCallback(cb PSKUseSession) {
	c.setPSK(func(k *pskCallbacks) { k.useSession = cb })
}

// SetPSKFindSessionCallback sets what gives servers of TLS 1.3 pre-shared keys as sessions, and is asked before that of
// SetPSKServerCallback.
//
// C: SSL_CTX_set_psk_find_session_callback(3)
func (c *Ctx) SetPSKFindSessionCallback(cb PSKFindSession) {
	c.setPSK(func(k *pskCallbacks) { k.findSession = cb })
}

// SetPSKClientCallback sets the callback for one connection.
//
// C: SSL_set_psk_client_callback(3)
func (s *SSL) SetPSKClientCallback(cb PSKClient) {
	s.changePSK(func(k *pskCallbacks) { k.client = cb })
}

// SetPSKServerCallback sets the callback for one connection, which has a session id context of its own then unless
// SetSessionIDContext sets one.
//
// C: SSL_set_psk_server_callback(3)
func (s *SSL) SetPSKServerCallback(cb PSKServer) {
	s.changePSK(func(k *pskCallbacks) { k.server = cb })
}

// SetPSKUseSessionCallback sets the callback for one connection.
//
// C: SSL_set_psk_use_session_callback(3)
func (s *SSL) SetPSKUseSessionCallback(cb PSKUseSession) {
	s.changePSK(func(k *pskCallbacks) { k.useSession = cb })
}

// SetPSKFindSessionCallback sets the callback for one connection, as SetPSKServerCallback does.
//
// C: SSL_set_psk_find_session_callback(3)
func (s *SSL) SetPSKFindSessionCallback(cb PSKFindSession) {
	s.changePSK(func(k *pskCallbacks) { k.findSession = cb })
}

// UsePSKIdentityHint sets what a server tells its clients before they choose an identity, up to TLS 1.2: at most 256
// bytes, in OpenSSL 1.1.1 128. "" is none.
//
// C: SSL_CTX_use_psk_identity_hint(3)
func (c *Ctx) UsePSKIdentityHint(hint string) error {
	return withCString("SSL_CTX_use_psk_identity_hint", hint, func(cs *C.char) error {
		return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_use_psk_identity_hint(p, orNull(cs)) })
	})
}

// UsePSKIdentityHint sets the hint of one connection.
//
// C: SSL_use_psk_identity_hint(3)
func (s *SSL) UsePSKIdentityHint(hint string) error {
	return withCString("SSL_use_psk_identity_hint", hint, func(cs *C.char) error {
		return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_use_psk_identity_hint(p, orNull(cs)) })
	})
}

// PSKIdentityHint returns what the server has told a client as a hint; empty if that was nothing.
//
// C: SSL_get_psk_identity_hint(3)
func (s *SSL) PSKIdentityHint() string {
	return ask(s, func(p *C.SSL) string { return C.GoString(C.SSL_get_psk_identity_hint(p)) })
}

// PSKIdentity returns the client's name under which the pre-shared key was found that the connection goes by; empty if
// there is none. After a resumption it is known up to TLS 1.2 only. libssl itself does not know it in TLS 1.3; what was
// found out there on the way is not known on a client that has offered a session as well.
//
// C: SSL_get_psk_identity(3)
func (s *SSL) PSKIdentity() string {
	return ask(s, func(p *C.SSL) string {
		if identity := C.SSL_get_psk_identity(p); identity != nil {
			return C.GoString(identity)
		}
		if C.SSL_session_reused(p) != 1 || s.offered != nil {
			return ""
		}
		return s.pskIdentity
	})
}

// pskCallbacks are those of a Ctx or of an SSL.
type pskCallbacks struct {
	client      PSKClient
	server      PSKServer
	useSession  PSKUseSession
	findSession PSKFindSession
}

// For TLS 1.3 libssl is always answered by the two callbacks that are made for it: those for TLS 1.2, which it asks
// otherwise, get tickets cut off at a zero byte, and fail a client whose server wants another hash.

// sharedKeys is the kind of setting that they are, for whom a Ctx or a connection lets in.
const sharedKeys = "pre-shared keys"

// standIn is what stands for them there, since they can't be compared; nil for none.
func (k *pskCallbacks) standIn() []byte {
	if k.client == nil && k.server == nil && k.useSession == nil && k.findSession == nil {
		return nil
	}
	return []byte(rand.Text())
}

func (c *Ctx) setPSK(change func(k *pskCallbacks)) {
	c.adjustIdentity(func(p *C.SSL_CTX) {
		k := load(&c.psk)
		change(&k)
		C.gls_SSL_CTX_set_psk_client_callback(p, cBool(k.client != nil))
		C.gls_SSL_CTX_set_psk_server_callback(p, cBool(k.server != nil))
		C.gls_SSL_CTX_set_psk_use_session_callback(p, cBool(k.client != nil || k.useSession != nil))
		C.gls_SSL_CTX_set_psk_find_session_callback(p, cBool(k.server != nil || k.findSession != nil))
		c.psk.Store(&k)
		if stands := k.standIn(); stands != nil {
			c.identity.more.set(sharedKeys, stands)
		} else {
			delete(c.identity.more, sharedKeys)
		}
	})
}

func (s *SSL) changePSK(change func(k *pskCallbacks)) {
	s.setOwnLate(sharedKeys, func(*C.SSL) (C.gls_ret, []byte) {
		k := s.psk
		change(&k)
		s.setPSK(k)
		return succeeded, k.standIn()
	})
}

// setPSK puts callbacks in force. mu is held.
func (s *SSL) setPSK(k pskCallbacks) {
	C.gls_SSL_set_psk_client_callback(s.ptr, cBool(k.client != nil))
	C.gls_SSL_set_psk_server_callback(s.ptr, cBool(k.server != nil))
	C.gls_SSL_set_psk_use_session_callback(s.ptr, cBool(k.client != nil || k.useSession != nil))
	C.gls_SSL_set_psk_find_session_callback(s.ptr, cBool(k.server != nil || k.findSession != nil))
	s.psk = k
}

// runPSKClient is on_psk_client in shim.c: the length of the key, 0 for none.
func (s *SSL) runPSKClient(hint string, identityBuf, keyBuf []byte) int {
	cb := s.psk.client
	if cb == nil {
		return 0
	}
	var identity string
	var key []byte
	var err error
	if !s.callback(func() { identity, key, err = cb(s, hint) }) {
		return 0
	}
	switch {
	case err != nil:
	case len(identity) > len(identityBuf):
		err = fmt.Errorf("libssl: PSK identity of %d bytes, where there is room for %d", len(identity), len(identityBuf))
	case strings.ContainsRune(identity, 0):
		err = fmt.Errorf("libssl: zero byte in PSK identity %q", identity)
	}
	if err != nil {
		s.callbackErr = err
		return 0
	}
	if n := copy(identityBuf, identity); n < len(identityBuf) {
		identityBuf[n] = 0
	}
	return s.copyKey(keyBuf, key)
}

// runPSKServer is on_psk_server.
func (s *SSL) runPSKServer(identity string, keyBuf []byte) int {
	cb := s.psk.server
	if cb == nil {
		return 0
	}
	var key []byte
	var err error
	if !s.callback(func() { key, err = cb(s, identity) }) {
		return 0
	}
	if err != nil {
		s.callbackErr = err
		return 0
	}
	return s.copyKey(keyBuf, key)
}

func (s *SSL) copyKey(to, key []byte) int {
	if len(key) > len(to) {
		s.callbackErr = fmt.Errorf("libssl: pre-shared key of %d bytes, where there is room for %d", len(key), len(to))
		return 0
	}
	return copy(to, key)
}

// pskSuite goes with SHA-256.
const pskSuite = tls.TLS_AES_128_GCM_SHA256

// runPSKUseSession is on_psk_use_session: false fails the handshake. p is a reference for libssl.
func (s *SSL) runPSKUseSession(hash crypto.Hash) (identity []byte, p *C.SSL_SESSION, ok bool) {
	var sess *Session
	var err error
	s.pskIdentity = ""
	if cb := s.psk.useSession; cb != nil {
		if !s.callback(func() { identity, sess, err = cb(s, hash) }) {
			return nil, nil, false
		}
		if sess != nil && err == nil {
			p, err = sess.dup()
		}
	}
	if cb := s.psk.client; cb != nil && err == nil && p == nil && (hash == 0 || hash == crypto.SHA256) {
		var name string
		var key []byte
		if !s.callback(func() { name, key, err = cb(s, "") }) {
			return nil, nil, false
		}
		identity = []byte(name)
		p, err = s.sharedKey(key, err)
	}
	if err == nil && p != nil && len(identity) == 0 {
		C.SSL_SESSION_free(p)
		err = errors.New("libssl: pre-shared key without an identity, which TLS 1.3 does not have")
	}
	if err != nil {
		s.callbackErr = err
		return nil, nil, false
	}
	if p != nil {
		s.pskIdentity = string(identity)
	}
	return identity, p, true
}

// runPSKFindSession is on_psk_find_session, the same on a server, for a suite with that hash.
func (s *SSL) runPSKFindSession(hash crypto.Hash, identity []byte) (p *C.SSL_SESSION, ok bool) {
	var sess *Session
	var err error
	s.pskIdentity = ""
	if cb := s.psk.findSession; cb != nil {
		if !s.callback(func() { sess, err = cb(s, identity) }) {
			return nil, false
		}
		if sess != nil && err == nil {
			p, err = sess.dup()
		}
	}
	if cb := s.psk.server; cb != nil && err == nil && p == nil && hash == crypto.SHA256 {
		var key []byte
		if !s.callback(func() { key, err = cb(s, string(identity)) }) {
			return nil, false
		}
		p, err = s.sharedKey(key, err)
	}
	if err != nil {
		s.callbackErr = err
		return nil, false
	}
	if p != nil {
		s.pskIdentity = string(identity)
	}
	return p, true
}

// sharedKey makes the session for libssl of what a callback has returned; nil for no key. It lasts as long as others.
func (s *SSL) sharedKey(key []byte, err error) (*C.SSL_SESSION, error) {
	if len(key) == 0 || err != nil {
		return nil, err
	}
	sess, err := NewPSKSession(key, pskSuite)
	if err != nil {
		return nil, err
	}
	defer sess.Close()
	if err := sess.SetTimeout(seconds(int64(C.SSL_CTX_get_timeout(s.origin.ptr)))); err != nil {
		return nil, err
	}
	return sess.dup()
}

// hashOf returns the hash of a digest of TLS 1.3, 0 for none.
func hashOf(nid C.int) crypto.Hash {
	switch nid {
	case C.NID_sha256:
		return crypto.SHA256
	case C.NID_sha384:
		return crypto.SHA384
	}
	return 0
}
