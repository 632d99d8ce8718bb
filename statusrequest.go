package libssl

// #include "shim.h"
import "C"

import "unsafe"

// A StatusType is what a client asks for about the server's certificate (RFC 6066).
type StatusType int

// The status types.
const (
	StatusTypeNone StatusType = -1
	StatusTypeOCSP StatusType = C.TLSEXT_STATUSTYPE_ocsp
)

// SetStatusType has clients ask for a stapled OCSP response; StatusTypeNone asks for nothing. A connection takes it over
// when it is made. What comes is in ConnectionState, and goes to SetClientStatusCallback; libssl itself does not look at it.
//
// C: SSL_CTX_set_tlsext_status_type(3)
func (c *Ctx) SetStatusType(t StatusType) {
	c.adjust(func(p *C.SSL_CTX) { C.gls_SSL_CTX_set_tlsext_status_type(p, C.int(t)) })
}

// SetStatusType is for one client.
//
// C: SSL_set_tlsext_status_type(3)
func (s *SSL) SetStatusType(t StatusType) {
	s.set(func(p *C.SSL) C.gls_ret {
		C.gls_SSL_set_tlsext_status_type(p, C.int(t))
		return C.gls_ret{ret: 1}
	})
}

// SetServerStatusCallback sets what gives a server the OCSP response to staple, in DER, when a client asks for one and
// the certificate has been chosen; nil staples none. An error ends the handshake. The Ctx that is in force counts. It
// runs inside libssl, in full handshakes.
//
// C: SSL_CTX_set_tlsext_status_cb(3)
func (c *Ctx) SetServerStatusCallback(cb func(s *SSL) (response []byte, err error)) {
	c.adjust(func(p *C.SSL_CTX) {
		c.serverStatus.Store(&cb)
		c.installStatusCallback(p)
	})
}

// SetClientStatusCallback sets what judges the response of a server that was asked for one: nil if it stapled none. An
// error ends the handshake with the alert bad_certificate_status_response. It runs inside libssl, in full handshakes.
//
// C: SSL_CTX_set_tlsext_status_cb(3)
func (c *Ctx) SetClientStatusCallback(cb func(s *SSL, response []byte) error) {
	c.adjust(func(p *C.SSL_CTX) {
		c.clientStatus.Store(&cb)
		c.installStatusCallback(p)
	})
}

func (c *Ctx) installStatusCallback(p *C.SSL_CTX) {
	on := load(&c.serverStatus) != nil || load(&c.clientStatus) != nil
	C.gls_SSL_CTX_set_tlsext_status_cb(p, cBool(on))
}

// runStatus is on_status in shim.c.
func (s *SSL) runStatus() C.int {
	if s.server {
		return s.staple(load(&s.ctx.serverStatus))
	}
	return s.judgeStatus(load(&s.ctx.clientStatus))
}

func (s *SSL) staple(cb func(*SSL) ([]byte, error)) C.int {
	if cb == nil {
		return C.SSL_TLSEXT_ERR_NOACK
	}
	var response []byte
	var err error
	if !s.callback(func() { response, err = cb(s) }) {
		return C.SSL_TLSEXT_ERR_ALERT_FATAL
	}
	switch {
	case err != nil:
		s.callbackErr = err
		return C.SSL_TLSEXT_ERR_ALERT_FATAL
	case len(response) == 0: // TLS has no empty one
		return C.SSL_TLSEXT_ERR_NOACK
	case C.gls_SSL_set_tlsext_status_ocsp_resp(s.ptr, uchars(response), C.size_t(len(response))) != 1:
		return C.SSL_TLSEXT_ERR_ALERT_FATAL
	}
	return C.SSL_TLSEXT_ERR_OK
}

// judgeStatus returns what libssl wants of a client: 1 accepts, 0 refuses, less is a failure of ours.
func (s *SSL) judgeStatus(cb func(*SSL, []byte) error) C.int {
	if cb == nil {
		return 1
	}
	var err error
	if !s.callback(func() { err = cb(s, ocspResponse(s.ptr)) }) {
		return -1
	}
	if err != nil {
		s.callbackErr = err
		return 0
	}
	return 1
}

func ocspResponse(p *C.SSL) []byte {
	var resp *C.uchar
	n := C.gls_SSL_get_tlsext_status_ocsp_resp(p, &resp)
	if n <= 0 {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(resp), C.int(n))
}
