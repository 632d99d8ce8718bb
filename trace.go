package libssl

// #include "shim.h"
import "C"

import "fmt"

// An Info is one event of a connection's state machine.
type Info struct {
	Where InfoWhere
	Value int    // of an alert, level and description: 256*level + description; else what the step returned
	State string // the state, in libssl's words
}

// An InfoWhere is a set of SSL_CB_ bits.
type InfoWhere int

// What may happen. An event is one of those in its own line, with the bits of where.
const (
	InfoLoop           InfoWhere = C.SSL_CB_LOOP // a state was entered
	InfoExit           InfoWhere = C.SSL_CB_EXIT // the handshake was left: complete, waiting or failed
	InfoRead           InfoWhere = C.SSL_CB_READ
	InfoWrite          InfoWhere = C.SSL_CB_WRITE
	InfoAlert          InfoWhere = C.SSL_CB_ALERT // with InfoRead or InfoWrite
	InfoHandshakeStart InfoWhere = C.SSL_CB_HANDSHAKE_START
	InfoHandshakeDone  InfoWhere = C.SSL_CB_HANDSHAKE_DONE
	InfoConnect        InfoWhere = C.SSL_ST_CONNECT // beside InfoLoop and InfoExit: a client
	InfoAccept         InfoWhere = C.SSL_ST_ACCEPT  // beside InfoLoop and InfoExit: a server
)

// Alert returns the alert's description, a code of RFC 8446 section 6; false if it is none.
func (i Info) Alert() (description uint8, ok bool) {
	return uint8(i.Value), i.Where&InfoAlert != 0
}

// String returns the event in one line.
func (i Info) String() string {
	if code, ok := i.Alert(); ok {
		direction := "received"
		if i.Where&InfoWrite != 0 {
			direction = "sent"
		}
		return fmt.Sprintf("alert %s: %s (%d)", direction, C.GoString(C.SSL_alert_desc_string_long(C.int(i.Value))), code)
	}
	return fmt.Sprintf("%#x %s: %d", int(i.Where), i.State, i.Value)
}

// SetInfoCallback sets what is told how the handshakes of c's connections proceed, and of alerts. A connection takes it
// over when it is made. It runs when libssl has returned.
//
// C: SSL_CTX_set_info_callback(3)
func (c *Ctx) SetInfoCallback(cb func(s *SSL, i Info)) {
	c.adjust(func(*C.SSL_CTX) { c.info.Store(&cb) })
}

// SetInfoCallback sets the callback of one connection.
//
// C: SSL_set_info_callback(3)
func (s *SSL) SetInfoCallback(cb func(s *SSL, i Info)) {
	s.set(func(p *C.SSL) C.gls_ret {
		s.setInfo(p, cb)
		return C.gls_ret{ret: 1}
	})
}

// setInfo and setMsg need mu, or an SSL that nobody else has yet.
func (s *SSL) setInfo(p *C.SSL, cb func(*SSL, Info)) {
	s.info = cb
	C.gls_SSL_set_info_callback(p, cBool(cb != nil))
}

func (s *SSL) setMsg(p *C.SSL, cb func(*SSL, Msg)) {
	s.msg = cb
	C.gls_SSL_set_msg_callback(p, cBool(cb != nil))
}

// A Msg is a protocol message, or the header of a record.
type Msg struct {
	Sent        bool
	Version     int    // of the protocol, or 0 for a record's header
	ContentType int    // as on the wire (22 is a handshake message); from 256 on one of SSL3_RT_ that libssl made up
	Data        []byte // in the clear; the callback's own
}

// SetMsgCallback sets what is shown the protocol messages of c's connections. A connection takes it over when it is
// made. It runs when libssl has returned.
//
// C: SSL_CTX_set_msg_callback(3)
func (c *Ctx) SetMsgCallback(cb func(s *SSL, m Msg)) {
	c.adjust(func(*C.SSL_CTX) { c.msg.Store(&cb) })
}

// SetMsgCallback sets the callback of one connection.
//
// C: SSL_set_msg_callback(3)
func (s *SSL) SetMsgCallback(cb func(s *SSL, m Msg)) {
	s.set(func(p *C.SSL) C.gls_ret {
		s.setMsg(p, cb)
		return C.gls_ret{ret: 1}
	})
}

// trace returns what tells of one event of the connection.
func (s *SSL) trace(n *C.gls_note) func() {
	data := C.GoBytes(n.data, C.int(n.len))
	info, msg, keylog := s.tracers()
	switch {
	case n.kind == C.GLS_NOTE_INFO && info != nil:
		i := Info{Where: InfoWhere(n.where), Value: int(n.value), State: C.GoString(n.state)}
		return func() { info(s, i) }
	case n.kind == C.GLS_NOTE_MSG && msg != nil:
		m := Msg{Sent: n.sent != 0, Version: int(n.value), ContentType: int(n.where), Data: data}
		return func() { msg(s, m) }
	case n.kind == C.GLS_NOTE_KEYLOG && keylog != nil:
		return func() { keylog(s, string(data)) }
	}
	return func() {}
}

func (s *SSL) tracers() (info func(*SSL, Info), msg func(*SSL, Msg), keylog func(*SSL, string)) {
	defer s.unlock(s.lock())
	return s.info, s.msg, load(&s.ctx.keylog)
}
