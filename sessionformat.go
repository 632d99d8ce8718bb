package libssl

// #include "shim.h"
import "C"

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unsafe"
)

// ParseSession reads a session in DER, as [Session.MarshalBinary] and openssl sess_id write it. Bytes after the
// session are an error. libssl refuses some faults, as an id of more than 32 bytes, with an empty error stack.
//
// C: d2i_SSL_SESSION(3)
func ParseSession(der []byte) (*Session, error) {
	var used C.size_t
	r := C.gls_d2i_SSL_SESSION(uchars(der), C.size_t(len(der)), &used)
	if r.ptr == nil {
		return nil, newError(r)
	}
	x := newSession((*C.SSL_SESSION)(r.ptr))
	if rest := len(der) - int(used); rest > 0 {
		x.Close()
		return nil, fmt.Errorf("libssl: d2i_SSL_SESSION: %d bytes after the session", rest)
	}
	return x, nil
}

// ParseSessionPEM reads the first session in PEM ("SSL SESSION PARAMETERS"), as [Session.MarshalText] and
// openssl s_client -sess_out write it. An encrypted one is an error: nobody is asked for a password.
//
// C: PEM_read_bio_SSL_SESSION(3)
func ParseSessionPEM(pem []byte) (*Session, error) {
	r := C.gls_PEM_read_bio_SSL_SESSION(uchars(pem), C.size_t(len(pem)))
	if r.ptr == nil {
		return nil, newError(r)
	}
	return newSession((*C.SSL_SESSION)(r.ptr)), nil
}

// ReadSession reads one session in DER from r and nothing after it, so that several may follow each other, as
// [Session.WriteTo] writes them. The error is io.EOF if there is nothing to read, and io.ErrUnexpectedEOF if r ends
// within the session.
//
// C: d2i_SSL_SESSION_bio(3)
func ReadSession(r io.Reader) (*Session, error) {
	der, err := readElement(r)
	if err != nil {
		return nil, err
	}
	return ParseSession(der)
}

// readElement reads one element of DER, of at most 16 MiB. What is no element is returned as far as it was read: libssl
// says what is wrong with it.
func readElement(r io.Reader) ([]byte, error) {
	header := make([]byte, 2, 5)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	length := int(header[1])
	if more := length - 0x80; more >= 0 {
		if more < 1 || more > 3 {
			return header, nil
		}
		header = header[:2+more]
		if _, err := io.ReadFull(r, header[2:]); err != nil {
			return nil, cut(err)
		}
		length = 0
		for _, b := range header[2:] {
			length = length<<8 | int(b)
		}
	}
	der := bytes.NewBuffer(header) // grows as the bytes come, whatever the header promises
	if _, err := io.CopyN(der, r, int64(length)); err != nil {
		return nil, cut(err)
	}
	return der.Bytes(), nil
}

// cut is the error of a reader that had more to give.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// MarshalBinary returns the session in DER. It holds the session's secrets. A session without a cipher suite, as a
// client has before the ServerHello, can't be written. That a session is not to be resumed is not written either: once
// read again it is resumable. OpenSSL 1.1.1 can't read what later ones write.
//
// C: i2d_SSL_SESSION(3)
func (x *Session) MarshalBinary() ([]byte, error) {
	return x.marshal(func(p *C.SSL_SESSION, out **C.uchar) C.gls_ret { return C.gls_i2d_SSL_SESSION(p, out) })
}

// MarshalText returns the session in PEM. It holds the session's secrets.
//
// C: PEM_write_bio_SSL_SESSION(3)
func (x *Session) MarshalText() ([]byte, error) {
	return x.marshal(func(p *C.SSL_SESSION, out **C.uchar) C.gls_ret { return C.gls_PEM_write_bio_SSL_SESSION(p, out) })
}

// UnmarshalBinary makes x the session that der holds, as [ParseSession] reads it. It is there for encoding/gob and its
// like, and fills a zero Session or changes one as a setter does; a closed one stays closed.
//
// C: d2i_SSL_SESSION(3)
func (x *Session) UnmarshalBinary(der []byte) error { return x.unmarshal(ParseSession, der) }

// UnmarshalText is UnmarshalBinary for PEM, as [ParseSessionPEM] reads it, and for encoding/json and its like.
//
// C: PEM_read_bio_SSL_SESSION(3)
func (x *Session) UnmarshalText(pem []byte) error { return x.unmarshal(ParseSessionPEM, pem) }

func (x *Session) unmarshal(parse func([]byte) (*Session, error), data []byte) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return ErrClosed
	}
	y, err := parse(data)
	if err != nil {
		return err
	}
	y.cleanup.Stop()
	x.hold(y.ptr)
	return nil
}

func (x *Session) marshal(write func(*C.SSL_SESSION, **C.uchar) C.gls_ret) ([]byte, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.ptr == nil {
		return nil, ErrClosed
	}
	var out *C.uchar
	r := write(x.ptr, &out)
	defer C.gls_OPENSSL_free(unsafe.Pointer(out))
	if r.ret <= 0 {
		return nil, newError(r)
	}
	return C.GoBytes(unsafe.Pointer(out), C.int(r.ret)), nil
}

// WriteTo writes the session in DER, as MarshalBinary returns it.
//
// C: i2d_SSL_SESSION_bio(3)
func (x *Session) WriteTo(w io.Writer) (int64, error) {
	der, err := x.MarshalBinary()
	if err != nil {
		return 0, err
	}
	n, err := w.Write(der)
	return int64(n), err
}

// Print writes the session in libssl's words, a line for each field, without its secrets: the master key, or the
// pre-shared key of TLS 1.3, and the ticket are left out. The id is there in full.
//
// C: SSL_SESSION_print(3)
func (x *Session) Print(w io.Writer) error {
	bare, err := x.Clone()
	if err != nil {
		return err
	}
	defer bare.Close()
	if err := bare.SetMasterKey(nil); err != nil { // what is not there is in no line, whatever libssl makes of it
		return err
	}
	text, err := bare.marshal(func(p *C.SSL_SESSION, out **C.uchar) C.gls_ret { return C.gls_SSL_SESSION_print(p, out) })
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, withoutSecrets(string(text)))
	return err
}

// withoutSecrets leaves out what belongs to the secret fields of SSL_SESSION_print.
func withoutSecrets(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		label, _, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(label) {
		case "Master-Key", "Resumption PSK", "TLS session ticket":
			line = label + ": (not shown)\n"
		}
		if !dumpLine.MatchString(line) {
			b.WriteString(line)
		}
	}
	return b.String()
}

var dumpLine = regexp.MustCompile(`^ *[0-9a-f]{4,} - `) // of the ticket

// KeyLogLine returns the session's secret in the form that Wireshark reads ("RSA Session-ID:… Master-Key:…"), without
// a line end: with it a recorded TLS 1.2 connection can be read. A session without an id or a master key has none,
// which is an error. For TLS 1.3 the line is of no use.
//
// C: SSL_SESSION_print_keylog(3)
func (x *Session) KeyLogLine() (string, error) {
	line, err := x.marshal(func(p *C.SSL_SESSION, out **C.uchar) C.gls_ret { return C.gls_SSL_SESSION_print_keylog(p, out) })
	return strings.TrimSuffix(string(line), "\n"), because(err, "the session has no id or no master key")
}

// String names the session without its secrets: version, the start of its id, context and time.
func (x *Session) String() string {
	if x == nil || !get(x, func(*C.SSL_SESSION) bool { return true }) {
		return "Session(closed)"
	}
	id := x.ID()
	return fmt.Sprintf("Session(%s id %s… of %d bytes, context %q, made %s, timeout %s, ticket %t, resumable %t)",
		versionName(x.Version()), hex.EncodeToString(id[:min(4, len(id))]), len(id), x.IDContext(),
		x.Time().UTC().Format(time.RFC3339), x.Timeout(), x.HasTicket(), x.IsResumable())
}
