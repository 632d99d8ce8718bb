package libssl

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"
)

// Early data (0-RTT) is what a client of TLS 1.3 sends along with its first flight, under the keys of a session that
// it resumes. It costs no round trip, and it can be recorded and sent again by others: it must do no harm when it is
// received twice.

// ErrNoEarlyData is found in the error of a WriteEarlyData or ReadEarlyData that libssl refuses, as it does for a
// client whose session allows none and once the handshake is under way otherwise. The connection is as it was.
var ErrNoEarlyData = errors.New("no early data: the session allows none, or it is too late or the wrong side for it")

const reasonShouldNotHaveBeenCalled Reason = C.ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED

// An EarlyDataStatus says what has become of a client's early data.
type EarlyDataStatus int

// The states. Until the handshake is complete, a client that has sent some counts it as rejected.
const (
	EarlyDataNotSent  EarlyDataStatus = C.SSL_EARLY_DATA_NOT_SENT
	EarlyDataRejected EarlyDataStatus = C.SSL_EARLY_DATA_REJECTED // the server has thrown it away: send it again
	EarlyDataAccepted EarlyDataStatus = C.SSL_EARLY_DATA_ACCEPTED
)

// String returns the status in words.
func (e EarlyDataStatus) String() string {
	switch e {
	case EarlyDataNotSent:
		return "not sent"
	case EarlyDataRejected:
		return "rejected"
	case EarlyDataAccepted:
		return "accepted"
	}
	return fmt.Sprintf("EarlyDataStatus(%d)", int(e))
}

// earlyReader is how far a server has read early data.
type earlyReader struct {
	begun, ended bool
	kept         []byte // read by a handshake that had to go on, for ReadEarlyData
}

// WriteEarlyData sends early data on a client, before the handshake: with the first call the ClientHello goes out. It
// needs a session set by SetSession that allows early data ([Session.MaxEarlyData]), or else fails with an error that
// wraps [ErrNoEarlyData]; so it does once a Handshake, Read or Write has begun. More than the session allows is an
// error that ends the connection. The write deadline bounds it, and n counts as Write's does.
//
// The server may take early data or throw it away: after Handshake ask EarlyDataStatus. Whatever was not accepted was
// never read by the server's program, and the client has to send it again with Write. A server that has gone back to
// TLS 1.2 since ends the connection; without the session the next one works. Anybody who has recorded early data may
// send it again to the server, so it must be something that may happen twice.
//
// On a server it sends data to a client that has not proved who it is yet, after the first ReadEarlyData and before
// the handshake is complete; afterwards it is Write.
//
// C: SSL_write_early_data(3)
func (c *Conn) WriteEarlyData(p []byte) (n int, err error) {
	if c.inCallback() {
		return 0, ErrInCallback
	}
	shaken := false
	err = c.inHandshake(context.Background(), byWrite, func() error {
		if shaken = c.server && c.done.Load(); shaken {
			return nil
		}
		n, err = c.writeEarly(p)
		return err
	})
	if shaken {
		return c.Write(p)
	}
	return n, err
}

func (c *Conn) writeEarly(p []byte) (n int, err error) {
	for n < len(p) {
		if c.deadlines.passed(byWrite) {
			return n, os.ErrDeadlineExceeded
		}
		// What a time-out left goes first: nothing is encrypted that can't be sent.
		if err := c.flush(byWrite); err != nil {
			return n, c.keepFailure(c.transportError(err))
		}
		r, err := c.cross(doWriteEarly, p[n:min(len(p), n+maxWrite)])
		if errors.Is(err, ErrNoEarlyData) {
			return n, err
		}
		if err != nil {
			c.flushFlight(byWrite)
			return n, c.keepFailure(c.transportError(err))
		}
		if r.code != C.SSL_ERROR_NONE {
			return n, c.keepFailure(&Error{Op: "SSL_write_early_data", Ret: r.n, SSLError: r.code})
		}
		n += r.n
	}
	if err := c.flush(byWrite); err != nil {
		return n, c.keepFailure(c.transportError(err))
	}
	return n, nil
}

// checkEarlyData refuses what libssl can't do and would begin, because it takes a callback that may have a key for the
// promise of one: a key of ours that allows none, or one behind a session that allows none, in whose place libssl would
// encrypt with the key, and the server, who takes the session, could not decrypt. mu is held.
func (s *SSL) checkEarlyData() error {
	if s.psk.client == nil && s.psk.useSession == nil || C.SSL_in_before(s.ptr) != 1 {
		return nil
	}
	sess := C.SSL_get_session(s.ptr)
	first := sess != nil && C.SSL_SESSION_get_protocol_version(sess) >= C.TLS1_3_VERSION
	if first && C.SSL_SESSION_get_max_early_data(sess) > 0 || !first && s.psk.useSession != nil {
		return nil
	}
	return &Error{Op: "SSL_write_early_data", Err: ErrNoEarlyData}
}

// ReadEarlyData reads early data on a server, before Handshake, Read or Write; io.EOF is its end, which comes at once
// if the client sends none or if it is not accepted. Only a server that calls it accepts early data, and only if
// SetMaxEarlyData allows some, the client resumes a session that was made with that, the session was not resumed
// before ([Ctx.SetMaxEarlyData] says more) and the callback of SetAllowEarlyDataCallback agrees. What it reads may have
// been sent by somebody who has recorded it.
//
// After io.EOF a Handshake, Read or Write completes the handshake. One that is called earlier keeps what early data
// follows for ReadEarlyData; it is never mixed into what Read returns. After the handshake, ReadEarlyData returns what was
// kept, and io.EOF. The read deadline bounds it.
//
// C: SSL_read_early_data(3)
func (c *Conn) ReadEarlyData(p []byte) (n int, err error) {
	if c.inCallback() {
		return 0, ErrInCallback
	}
	err = c.inHandshake(context.Background(), byRead, func() error {
		switch {
		case c.closing.Load():
			return ErrClosed
		case len(c.early.kept) > 0:
			n = copy(p, c.early.kept)
			if c.early.kept = c.early.kept[n:]; len(c.early.kept) == 0 {
				c.early.kept = nil
			}
			return nil
		case c.early.ended, c.server && c.done.Load():
			return io.EOF
		case len(p) == 0:
			return nil
		}
		n, err = c.readEarly(context.Background(), p, byRead)
		return err
	})
	return n, readError(err)
}

// readEarly returns io.EOF at the end of early data.
func (c *Conn) readEarly(ctx context.Context, p []byte, by deadlineSet) (int, error) {
	for {
		if c.deadlines.passed(by) {
			return 0, os.ErrDeadlineExceeded
		}
		r, err := c.cross(doReadEarly, p)
		if errors.Is(err, ErrNoEarlyData) {
			return 0, err
		}
		c.early.begun = true
		// The client may read nothing until it has sent all its early data.
		c.flushFlight(by)
		switch {
		case err != nil:
			return 0, c.keepFailure(c.transportError(err))
		case r.code == C.SSL_ERROR_WANT_READ:
			if err := c.fill(context.Background(), r.arrivals, by); err != nil {
				return 0, c.keepFailure(c.transportError(err))
			}
		case r.code == C.SSL_ERROR_WANT_CLIENT_HELLO_CB:
			if err := c.awaitWork(ctx, r.work, by); err != nil {
				return 0, c.keepFailure(err)
			}
		case r.code != C.SSL_ERROR_NONE:
			return 0, c.keepFailure(&Error{Op: "SSL_read_early_data", Ret: r.n, SSLError: r.code})
		case r.n == 0:
			c.early.ended = true
			return 0, io.EOF
		default:
			return r.n, nil
		}
	}
}

// keepEarlyData reads what early data there still is, for ReadEarlyData: libssl goes on with the handshake only
// afterwards. Its own limit bounds how much that is.
func (c *Conn) keepEarlyData(ctx context.Context, by deadlineSet) error {
	if !c.early.begun || c.early.ended {
		return nil
	}
	buf := make([]byte, record)
	for {
		n, err := c.readEarly(ctx, buf, by)
		c.early.kept = append(c.early.kept, buf[:n]...)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// EarlyDataStatus returns what has become of the client's early data. On a client it is final when the handshake is
// complete, on a server after the first ReadEarlyData.
//
// C: SSL_get_early_data_status(3)
func (s *SSL) EarlyDataStatus() EarlyDataStatus {
	return ask(s, func(p *C.SSL) EarlyDataStatus { return EarlyDataStatus(C.SSL_get_early_data_status(p)) })
}

// SetMaxEarlyData sets how many bytes of early data the sessions of a server allow to whoever resumes them; 0, the
// default, is none. It is told to clients with each ticket, and limits what is accepted. Set [Ctx.SetRecvMaxEarlyData]
// to at least as much, or a client that uses all of it fails. The program has to call [Conn.ReadEarlyData].
//
// With more than 0 libssl sees to it that a session is resumed, and so its early data accepted, once only: it keeps all
// sessions of TLS 1.3 in the internal cache, with NoTicket or without, and removes one when it is used. That guard knows
// only this Ctx, not other processes with the same ticket keys. And it is fooled by an external cache: a session that
// the get callback returns is put into the internal cache and removed from there at once, every time. So let the remove
// callback remove it from the external cache too, or let the get callback take it out. If the cache mode has
// SessionCacheNoInternal or SessionCacheNoInternalStore, there is nothing to be removed, and no session of TLS 1.3 is
// resumed any more, with early data or without: set the option [NoAntiReplay] there, and make sure with
// SetAllowEarlyDataCallback that nothing is accepted twice. The guard is not for external pre-shared keys either: early
// data under one is accepted as often as it comes.
//
// C: SSL_CTX_set_max_early_data(3)
func (c *Ctx) SetMaxEarlyData(n uint32) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_max_early_data(p, C.uint32_t(n)) })
}

// SetMaxEarlyData is that of Ctx for one connection. It is not for a client, whose session says it.
//
// C: SSL_set_max_early_data(3)
func (s *SSL) SetMaxEarlyData(n uint32) error {
	return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_max_early_data(p, C.uint32_t(n)) })
}

// MaxEarlyData returns what SetMaxEarlyData has set, in bytes.
//
// C: SSL_CTX_get_max_early_data(3)
func (c *Ctx) MaxEarlyData() (n uint32) {
	c.view(func(p *C.SSL_CTX) { n = uint32(C.SSL_CTX_get_max_early_data(p)) })
	return n
}

// MaxEarlyData returns what holds for the connection, in bytes; on a client that has offered a session, what that
// allows.
//
// C: SSL_get_max_early_data(3)
func (s *SSL) MaxEarlyData() uint32 {
	return ask(s, func(p *C.SSL) uint32 { return uint32(C.SSL_get_max_early_data(p)) })
}

// SetRecvMaxEarlyData sets how many bytes of early data a server takes in, be it to read them or to throw them away;
// more ends the connection. The default is 16384.
//
// C: SSL_CTX_set_recv_max_early_data(3)
func (c *Ctx) SetRecvMaxEarlyData(n uint32) error {
	return c.change(func(p *C.SSL_CTX) C.gls_ret { return C.gls_SSL_CTX_set_recv_max_early_data(p, C.uint32_t(n)) })
}

// SetRecvMaxEarlyData is that of Ctx for one connection.
//
// C: SSL_set_recv_max_early_data(3)
func (s *SSL) SetRecvMaxEarlyData(n uint32) error {
	return s.set(func(p *C.SSL) C.gls_ret { return C.gls_SSL_set_recv_max_early_data(p, C.uint32_t(n)) })
}

// RecvMaxEarlyData returns it, in bytes.
//
// C: SSL_CTX_get_recv_max_early_data(3)
func (c *Ctx) RecvMaxEarlyData() (n uint32) {
	c.view(func(p *C.SSL_CTX) { n = uint32(C.SSL_CTX_get_recv_max_early_data(p)) })
	return n
}

// RecvMaxEarlyData returns it, in bytes.
//
// C: SSL_get_recv_max_early_data(3)
func (s *SSL) RecvMaxEarlyData() uint32 {
	return ask(s, func(p *C.SSL) uint32 { return uint32(C.SSL_get_recv_max_early_data(p)) })
}

// SetAllowEarlyDataCallback sets what a server asks before it accepts early data: false rejects it, and the handshake
// goes on. It is asked only for what libssl would accept, once, before any of it is read. s.Session is the session that
// is resumed. A connection takes it over when it is made. nil accepts. It runs inside libssl.
//
// C: SSL_CTX_set_allow_early_data_cb(3)
func (c *Ctx) SetAllowEarlyDataCallback(cb func(s *SSL) bool) {
	c.adjust(func(p *C.SSL_CTX) {
		C.gls_SSL_CTX_set_allow_early_data_cb(p, cBool(cb != nil))
		c.allowEarly.Store(&cb)
	})
}

// SetAllowEarlyDataCallback is that of Ctx for one connection; nil accepts, whatever the Ctx has.
//
// C: SSL_set_allow_early_data_cb(3)
func (s *SSL) SetAllowEarlyDataCallback(cb func(s *SSL) bool) {
	s.set(func(p *C.SSL) C.gls_ret {
		C.gls_SSL_set_allow_early_data_cb(p, cBool(cb != nil))
		s.allowEarly = cb
		return succeeded
	})
}

// runAllowEarlyData is on_allow_early_data in shim.c: 1 accepts.
func (s *SSL) runAllowEarlyData() C.int {
	if s.allowEarly == nil {
		return 0
	}
	var ok bool
	s.callback(func() { ok = s.allowEarly(s) })
	return cBool(ok)
}

// ExportKeyingMaterialEarly derives n bytes for the application's own use from the keys of early data (RFC 8446,
// section 7.5), as soon as some was sent on a client or accepted on a server. Each label gives others, and so does
// each context. Unlike those of the complete connection, a replay has the same.
//
// C: SSL_export_keying_material_early(3)
func (s *SSL) ExportKeyingMaterialEarly(label string, context []byte, n int) ([]byte, error) {
	if n < 0 {
		return nil, fmt.Errorf("libssl: SSL_export_keying_material_early: %d bytes", n)
	}
	out := make([]byte, n)
	name := append([]byte(label), 0) // never NULL, which libssl 3.0 fails on
	err := s.set(func(p *C.SSL) C.gls_ret {
		return C.gls_SSL_export_keying_material_early(p, (*C.uchar)(unsafe.SliceData(out)), C.size_t(n),
			(*C.char)(unsafe.Pointer(unsafe.SliceData(name))), C.size_t(len(label)),
			uchars(context), C.size_t(len(context)))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
