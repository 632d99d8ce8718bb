package libssl

// #include "shim.h"
import "C"

import (
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"syscall"
	"unsafe"
)

// An Error is a libssl call that failed.
type Error struct {
	Op       string       // the C function: "SSL_CTX_set_session_id_context"
	Ret      int          // the value that it returned
	SSLError int          // SSL_get_error, for calls that move records, else 0
	Stack    ErrorStack   // the error queue of this call alone, oldest first
	Verify   *VerifyError // set when the peer's certificate was refused
	Err      error        // the error of the application's callback, or of the transport

	arg   string // what was given to it, as in a Go source
	why   string // what an empty queue leaves unsaid
	alert *alert
}

// Error returns one line: the C function with what it was given if that may be the fault, what libssl says, and the callback's or the transport's own words.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("libssl: ")
	b.WriteString(e.Op)
	if e.arg != "" {
		b.WriteString("(" + e.arg + ")")
	}
	for i, entry := range e.Stack {
		b.WriteString([]string{": ", ", "}[min(i, 1)])
		b.WriteString(entry.summary())
	}
	switch {
	case len(e.Stack) > 0 || e.Err != nil:
	case e.why != "":
		b.WriteString(": " + e.why)
	default:
		fmt.Fprintf(&b, " returned %d", e.Ret)
	}
	if e.Verify != nil {
		b.WriteString(": " + e.Verify.detail())
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns Err and Verify, those that are set.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	if e.Verify != nil {
		errs = append(errs, e.Verify)
	}
	return errs
}

// Is reports whether target is a [Reason] that an entry of the SSL library in the stack has.
func (e *Error) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && e.Stack.has(reason)
}

// Alert returns the TLS alert that ended the connection (RFC 8446, section 6): the one that we sent, or the peer's.
// ok is false when there was none.
func (e *Error) Alert() (code uint8, sent, ok bool) {
	if e.alert == nil {
		return 0, false, false
	}
	return e.alert.code, e.alert.sent, true
}

type alert struct {
	code uint8
	sent bool
}

// An ErrorStack is a drained error queue, oldest entry first.
type ErrorStack []ErrorEntry

func (s ErrorStack) has(r Reason) bool {
	for _, e := range s {
		if e.Lib == sslLib && e.Reason == r {
			return true
		}
	}
	return false
}

// An ErrorEntry is one entry of an error queue.
type ErrorEntry struct {
	Code    uint64 // packed; its layout differs between OpenSSL 1.1.1 and 3.0
	Lib     int    // ERR_GET_LIB: 20 is SSL
	Reason  Reason // ERR_GET_REASON: of Lib
	LibName string // "SSL routines"
	Text    string // of the reason; it differs between versions
	Func    string // the C function that raised it; may be empty
	File    string // of libssl's source
	Data    string // what the function added
	Line    int    // in File
}

func (e ErrorEntry) summary() string {
	s := e.Text
	if s == "" && e.Lib == systemLib {
		s = syscall.Errno(e.Reason).Error()
	}
	if s == "" {
		s = fmt.Sprintf("library %d reason %d", e.Lib, int(e.Reason))
	}
	if e.Data != "" {
		s += " (" + e.Data + ")"
	}
	return s
}

// A Reason is why a function of the SSL library failed, one of the constants below. It is an error, so that
// errors.Is(err, ReasonSSLSessionIDContextTooLong) asks for it.
type Reason int

// Error returns libssl's text for the reason.
func (r Reason) Error() string {
	if s := C.gls_reason_text(C.int(r)); s != nil {
		return C.GoString(s)
	}
	return fmt.Sprintf("SSL reason %d", int(r))
}

// A VerifyError says which certificate of the peer's chain was refused, and why.
type VerifyError struct {
	Code        int               // X509_V_ERR_…
	Depth       int               // 0 is the peer's own certificate
	Text        string            // of Code
	Certificate *x509.Certificate // nil if there was none at that depth, or crypto/x509 can't read it
}

// Error returns one line.
func (e *VerifyError) Error() string { return "libssl: certificate refused: " + e.detail() }

func (e *VerifyError) detail() string {
	s := fmt.Sprintf("%s (error %d at depth %d", e.Text, e.Code, e.Depth)
	if e.Certificate != nil {
		s += ", " + e.Certificate.Subject.String()
	}
	return s + ")"
}

// about adds what was given to the call that failed: libssl seldom says which value it did not like.
func about(err error, format string, arg any) error {
	if e, ok := err.(*Error); ok && e.arg == "" {
		e.arg = fmt.Sprintf(format, arg)
	}
	return err
}

// because says why a call may fail that leaves the error queue empty.
func because(err error, why string) error {
	if e, ok := err.(*Error); ok {
		e.why = why
	}
	return err
}

// newError takes over r's error queue.
func newError(r C.gls_ret) *Error {
	e := &Error{Op: C.GoString(r.op), Ret: int(r.ret), SSLError: int(r.ssl_error)}
	for _, c := range unsafe.Slice(r.errs, int(r.nerrs)) {
		e.Stack = append(e.Stack, ErrorEntry{
			Code:    uint64(c.code),
			Lib:     int(c.lib),
			Reason:  Reason(c.reason),
			LibName: C.GoString(c.lib_name),
			Text:    C.GoString(c.text),
			Func:    C.GoString(c._func),
			File:    C.GoString(c.file),
			Data:    C.GoString(c.data),
			Line:    int(c.line),
		})
	}
	C.gls_free_errs(r.errs, r.nerrs)
	if r.sys_errno != 0 {
		e.Err = syscall.Errno(r.sys_errno)
	}
	return e
}

func newVerifyError(code, depth C.int, cert *C.X509) *VerifyError {
	e := &VerifyError{Code: int(code), Depth: int(depth), Text: C.GoString(C.X509_verify_cert_error_string(C.long(code)))}
	if cert != nil {
		e.Certificate, _ = parseCertificate(cert)
	}
	return e
}

// parseCertificate copies a C certificate.
func parseCertificate(cert *C.X509) (*x509.Certificate, error) {
	der, err := derOf(cert)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// derOf returns a C certificate as DER; nil for NULL.
func derOf(cert *C.X509) ([]byte, error) {
	if cert == nil {
		return nil, nil
	}
	var der *C.uchar
	n := C.gls_i2d_X509(cert, &der)
	if n <= 0 {
		return nil, &Error{Op: "i2d_X509", Ret: int(n)}
	}
	return takeDER(C.long(n), der), nil
}

// connectionError is newError with what the connection knows beside the queue. s.mu is held.
func (s *SSL) connectionError(r C.gls_ret, eof bool) *Error {
	e := newError(r)
	if a := C.gls_SSL_alert(s.ptr); a.sent >= 0 {
		e.alert = &alert{code: uint8(a.description), sent: a.sent != 0}
	}
	if e.Stack.has(ReasonCertificateVerifyFailed) {
		if v := C.gls_SSL_verify_failure(s.ptr); v.code != C.X509_V_OK {
			e.Verify = newVerifyError(v.code, v.depth, v.cert)
		}
	}
	switch {
	case s.callbackErr != nil:
		e.Err, s.callbackErr = s.callbackErr, nil
	case eof && (e.Stack.has(ReasonUnexpectedEOFWhileReading) || e.SSLError == C.SSL_ERROR_SYSCALL):
		e.Err = io.ErrUnexpectedEOF
	}
	return e
}
