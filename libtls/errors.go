package libtls

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/go-libssl/libssl"
)

// The failures of this package. Errors have libtls' texts, which may say more than these: test with errors.Is. What
// caused them, an error of the system or an [*libssl.Error], is found by errors.Is and errors.As too.
var (
	// Of the session file.
	ErrSessionFileStat        = errors.New("failed to stat session file")
	ErrSessionFileNotRegular  = errors.New("session file is not a regular file")
	ErrSessionFileOwner       = errors.New("session file has incorrect owner")
	ErrSessionFilePermissions = errors.New("session file has incorrect permissions")
	ErrSessionFileSize        = errors.New("invalid session file size")
	ErrSessionFileRead        = errors.New("failed to read session file")
	ErrSessionFileParse       = errors.New("failed to parse session")
	ErrSessionFileTruncate    = errors.New("failed to truncate session file")
	ErrSessionFileWrite       = errors.New("failed to write session file")
	ErrSessionFileUnsupported = errors.New("session files are not supported on this system")
	ErrSetSession             = errors.New("failed to set session")

	// Of the session settings of a server.
	ErrSessionIDTooLarge       = errors.New("session ID too large")
	ErrSessionIDContext        = errors.New("failed to set session id context")
	ErrSessionLifetimeTooSmall = errors.New("session lifetime too small")
	ErrSessionLifetimeTooLarge = errors.New("session lifetime too large")
	ErrSessionLifetimeFraction = errors.New("session lifetime is not whole seconds")
	ErrTicketKeyLength         = errors.New("wrong amount of ticket key data")
	ErrTicketKeyPresent        = errors.New("ticket key already present")
	ErrNoValidTicketKey        = errors.New("no valid ticket key found")
	ErrTicketCallback          = errors.New("failed to set the TLS ticket callback")

	// Of the other settings.
	ErrFile              = errors.New("failed to load file")
	ErrInvalidProtocols  = errors.New("invalid protocols")
	ErrNoCiphers         = errors.New("no ciphers")
	ErrALPNTooLarge      = errors.New("alpn too large")
	ErrALPNEmpty         = errors.New("alpn protocol with zero length")
	ErrALPNTooLong       = errors.New("alpn protocol too long")
	ErrInvalidECDHECurve = errors.New("invalid ecdhe curve")
	ErrInvalidDHEParam   = errors.New("invalid dhe param")

	// Of what a connection or a server is configured with.
	ErrContext             = errors.New("ssl context failure")
	ErrCertificate         = errors.New("failed to load certificate")
	ErrReadPrivateKey      = errors.New("failed to read private key")
	ErrLoadPrivateKey      = errors.New("failed to load private key")
	ErrKeyMismatch         = errors.New("private/public key mismatch") // one of them is missing: with another's key it is ErrLoadPrivateKey
	ErrVerifyMemory        = errors.New("ssl verify memory setup failure")
	ErrVerifyLocations     = errors.New("ssl verify locations failure")
	ErrParseCRL            = errors.New("failed to parse crl")
	ErrServerNameMissing   = errors.New("server name not specified")
	ErrServerNameIndicated = errors.New("server name indication failure")

	// Of a connection.
	ErrHandshake               = errors.New("handshake failed")
	ErrHandshakeCompleted      = errors.New("handshake already completed")
	ErrRead                    = errors.New("read failed")
	ErrWrite                   = errors.New("write failed")
	ErrCertificateVerification = errors.New("certificate verification failed")
	ErrNoServerCertificate     = errors.New("no server certificate")
	ErrUnreadableCertificate   = errors.New("server certificate can't be read")
	ErrNameNotPresent          = errors.New("name not present in server certificate")
	ErrMaliciousCertificate    = errors.New("error verifying name")
	ErrEOFWithoutCloseNotify   = errors.New("EOF without close notify")
	ErrNoOCSPStaple            = errors.New("no stapled OCSP response provided")
	ErrOCSPVerify              = errors.New("ocsp verify failed")
	ErrOCSPParse               = errors.New("unable to parse OCSP response")
	ErrNoOCSPCertificate       = errors.New("no peer certificate for OCSP")
)

// An Error is a failure with libtls' text.
type Error struct {
	text  string
	kind  error // one of the above
	cause error // nil, or of the system or of libssl
}

// Error returns libtls' text.
func (e *Error) Error() string { return e.text }

// Unwrap returns what kind of failure it is, one of the Err variables, and what caused it, if that is known.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

// fault is a failure of a kind with the kind's own text.
func fault(kind, cause error) error { return &Error{kind.Error(), kind, cause} }

// faultf is one with another text.
func faultf(kind, cause error, format string, args ...any) error {
	return &Error{fmt.Sprintf(format, args...), kind, cause}
}

// systemFault is one of the system's: libtls adds what strerror(3) says.
func systemFault(kind, cause error) error {
	return &Error{kind.Error() + ": " + systemText(cause), kind, cause}
}

// systemText is the text of a system's error as C has it.
func systemText(err error) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err.Error()
	}
	text := number.Error()
	first, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[n:]
}

// connectionFault is what libtls says of an operation that failed on a connection: "handshake failed: …".
func connectionFault(kind, err error) error {
	var own *Error
	if errors.As(err, &own) { // of a callback
		return &Error{own.text, own.kind, err}
	}
	if os.IsTimeout(err) || errors.Is(err, libssl.ErrClosed) || errors.Is(err, libssl.ErrInCallback) {
		return err
	}
	var e *libssl.Error
	switch {
	case errors.As(err, &e) && e.Verify != nil:
		return faultf(ErrCertificateVerification, err, "%v: %s", ErrCertificateVerification, e.Verify.Text)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return faultf(kind, err, "%v: unexpected EOF", kind)
	case e != nil && len(e.Stack) > 0:
		return faultf(kind, err, "%v: %s", kind, errorString(e.Stack[0]))
	case e != nil && e.Err == nil:
		return faultf(kind, err, "%v (%d)", kind, e.SSLError)
	}
	return faultf(kind, err, "%v: %s", kind, systemText(err))
}

// errorString is ERR_error_string(3). Since OpenSSL 3.0 it leaves the function out.
func errorString(e libssl.ErrorEntry) string {
	function := e.Func
	if libssl.VersionNumber() >= 0x30000000 {
		function = ""
	}
	reason := e.Text
	if reason == "" {
		reason = fmt.Sprintf("reason(%d)", int(e.Reason))
	}
	return fmt.Sprintf("error:%08X:%s", e.Code, strings.Join([]string{e.LibName, function, reason}, ":"))
}
