package libssl

// #include "shim.h"
import "C"

import (
	"fmt"
	"strings"
	"time"
)

// A SessionCacheMode is a set of SSL_SESS_CACHE_ bits. libssl keeps 32 of them and checks none.
type SessionCacheMode int64

// The cache modes. Tickets are no business of theirs: they resume in every mode.
const (
	SessionCacheOff              SessionCacheMode = C.SSL_SESS_CACHE_OFF                // stores nothing; still finds what is stored
	SessionCacheClient           SessionCacheMode = C.SSL_SESS_CACHE_CLIENT             // stores clients' sessions, for the program to choose from
	SessionCacheServer           SessionCacheMode = C.SSL_SESS_CACHE_SERVER             // stores servers' sessions; libssl's default
	SessionCacheBoth             SessionCacheMode = C.SSL_SESS_CACHE_BOTH               // SERVER|CLIENT
	SessionCacheNoAutoClear      SessionCacheMode = C.SSL_SESS_CACHE_NO_AUTO_CLEAR      // no flush every 255 connections or so
	SessionCacheNoInternalLookup SessionCacheMode = C.SSL_SESS_CACHE_NO_INTERNAL_LOOKUP // look up in the get callback only
	SessionCacheNoInternalStore  SessionCacheMode = C.SSL_SESS_CACHE_NO_INTERNAL_STORE  // store through the new callback only
	SessionCacheNoInternal       SessionCacheMode = C.SSL_SESS_CACHE_NO_INTERNAL        // both
	SessionCacheUpdateTime       SessionCacheMode = C.SSL_SESS_CACHE_UPDATE_TIME        // adding a session renews its time; OpenSSL 3.0
)

var cacheModeNames = []struct {
	mode SessionCacheMode
	name string
}{
	{SessionCacheBoth, "BOTH"},
	{SessionCacheClient, "CLIENT"},
	{SessionCacheServer, "SERVER"},
	{SessionCacheNoAutoClear, "NO_AUTO_CLEAR"},
	{SessionCacheNoInternal, "NO_INTERNAL"},
	{SessionCacheNoInternalLookup, "NO_INTERNAL_LOOKUP"},
	{SessionCacheNoInternalStore, "NO_INTERNAL_STORE"},
	{SessionCacheUpdateTime, "UPDATE_TIME"},
}

// String returns the C names without their prefix, as "SERVER|NO_INTERNAL_LOOKUP".
func (m SessionCacheMode) String() string {
	if m == SessionCacheOff {
		return "OFF"
	}
	var names []string
	for _, n := range cacheModeNames {
		if m&n.mode == n.mode {
			names = append(names, n.name)
			m &^= n.mode
		}
	}
	if m != 0 {
		names = append(names, fmt.Sprintf("%#x", uint64(m)))
	}
	return strings.Join(names, "|")
}

// SetSessionCacheMode sets which sessions the internal cache takes and gives, and returns the mode before.
//
// C: SSL_CTX_set_session_cache_mode(3)
func (c *Ctx) SetSessionCacheMode(m SessionCacheMode) (previous SessionCacheMode) {
	c.adjust(func(p *C.SSL_CTX) {
		previous = SessionCacheMode(C.gls_SSL_CTX_set_session_cache_mode(p, C.long(m)))
	})
	return previous
}

// SessionCacheMode returns the mode.
//
// C: SSL_CTX_get_session_cache_mode(3)
func (c *Ctx) SessionCacheMode() (m SessionCacheMode) {
	c.view(func(p *C.SSL_CTX) { m = SessionCacheMode(C.gls_SSL_CTX_get_session_cache_mode(p)) })
	return m
}

// SetSessionCacheSize sets how many sessions the internal cache holds, and returns the size before; 0 is no limit. A
// smaller size takes effect when a session is added next. From OpenSSL 3.0 on one session fewer is held. A negative
// size is refused: libssl returns 0 and changes nothing.
//
// C: SSL_CTX_sess_set_cache_size(3)
func (c *Ctx) SetSessionCacheSize(n int) (previous int) {
	c.adjust(func(p *C.SSL_CTX) { previous = int(C.gls_SSL_CTX_sess_set_cache_size(p, C.long(n))) })
	return previous
}

// SessionCacheSize returns the size.
//
// C: SSL_CTX_sess_get_cache_size(3)
func (c *Ctx) SessionCacheSize() (n int) {
	c.view(func(p *C.SSL_CTX) { n = int(C.gls_SSL_CTX_sess_get_cache_size(p)) })
	return n
}

// SetTimeout sets how long the sessions made later may be resumed, in whole seconds, and returns the timeout before.
// 0 is libssl's default of two hours. A negative one makes sessions that are born expired; with OpenSSL 3.5, ones that
// practically never expire.
//
// C: SSL_CTX_set_timeout(3)
func (c *Ctx) SetTimeout(d time.Duration) (previous time.Duration) {
	c.adjust(func(p *C.SSL_CTX) { previous = seconds(int64(C.SSL_CTX_set_timeout(p, C.long(d/time.Second)))) })
	return previous
}

// Timeout returns the timeout.
//
// C: SSL_CTX_get_timeout(3)
func (c *Ctx) Timeout() (d time.Duration) {
	c.view(func(p *C.SSL_CTX) { d = seconds(int64(C.SSL_CTX_get_timeout(p))) })
	return d
}

// DefaultTimeout returns the timeout that sessions get while the Ctx's is 0: two hours in every libssl, whatever the
// manual says.
//
// C: SSL_get_default_timeout(3)
func (s *SSL) DefaultTimeout() time.Duration {
	return ask(s, func(p *C.SSL) time.Duration { return seconds(int64(C.SSL_get_default_timeout(p))) })
}

// SessionStats are the counters of a Ctx. Each is the C function SSL_CTX_sess_ of that name.
type SessionStats struct {
	Number             int // sessions in the internal cache now
	Connect            int // client handshakes begun
	ConnectGood        int // client handshakes finished, renegotiations too
	ConnectRenegotiate int // client renegotiations begun
	Accept             int // server handshakes begun
	AcceptGood         int // server handshakes finished, renegotiations too
	AcceptRenegotiate  int // server renegotiations begun
	Hits               int // sessions resumed, by ticket too
	CallbackHits       int // sessions that the get callback returned, resumed or not
	Misses             int // sessions that the internal cache was asked for in vain
	Timeouts           int // sessions that were found but had expired
	CacheFull          int // sessions dropped because the cache was full
}

// SessionStats returns the counters, all of them in one crossing.
//
// C: SSL_CTX_sess_number(3)
func (c *Ctx) SessionStats() (s SessionStats) {
	c.view(func(p *C.SSL_CTX) {
		r := C.gls_SSL_CTX_sess_stats(p)
		s = SessionStats{
			Number:             int(r.number),
			Connect:            int(r.connect),
			ConnectGood:        int(r.connect_good),
			ConnectRenegotiate: int(r.connect_renegotiate),
			Accept:             int(r.accept),
			AcceptGood:         int(r.accept_good),
			AcceptRenegotiate:  int(r.accept_renegotiate),
			Hits:               int(r.hits),
			CallbackHits:       int(r.cb_hits),
			Misses:             int(r.misses),
			Timeouts:           int(r.timeouts),
			CacheFull:          int(r.cache_full),
		}
	})
	return s
}

// FlushSessions removes the sessions that are expired at that time from the internal cache; the zero time, which is
// C's 0, removes all.
//
// C: SSL_CTX_flush_sessions(3)
func (c *Ctx) FlushSessions(at time.Time) {
	c.operate(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_flush_sessions(p, cTime(at)) })
}

// AddSession puts a copy of s into the internal cache, whatever the cache mode. One with the same id is replaced.
// added is false when libssl would not have it.
//
// C: SSL_CTX_add_session(3)
func (c *Ctx) AddSession(s *Session) (added bool, err error) {
	p, err := s.dup()
	if err != nil {
		return false, err
	}
	defer C.SSL_SESSION_free(p)
	open := c.operate(func(ctx *C.SSL_CTX) C.gls_ret {
		r := C.gls_SSL_CTX_add_session(ctx, p)
		added = r.ret == 1
		if r.nerrs > 0 {
			err = newError(r)
		}
		return r
	})
	if !open {
		return false, ErrClosed
	}
	return added, err
}

// RemoveSession removes the session of s's version and id from the internal cache; removed tells if it was there.
// libssl calls the remove callback in either case. A ticket can't be revoked this way. s itself stays as it is.
//
// C: SSL_CTX_remove_session(3)
func (c *Ctx) RemoveSession(s *Session) (removed bool) {
	p, err := s.dup()
	if err != nil {
		return false
	}
	defer C.SSL_SESSION_free(p)
	c.operate(func(ctx *C.SSL_CTX) C.gls_ret {
		r := C.gls_SSL_CTX_remove_session(ctx, p)
		removed = r.ret == 1
		return r
	})
	return removed
}
