package libtls

import (
	"bytes"
	"errors"

	"github.com/go-libssl/libssl"
)

// lockTries is how often a lock is tried, a millisecond apart, for all sessions that one connection saves together. Ours
// are held for microseconds. Who holds one for a second is stuck, or has it for a reason of its own, and does not keep us
// from what libtls does without any. It is tries that count: where the machine pauses, the holder does too.
var lockTries = 1000

// maxSessionFile is how much of a session file is read: what is larger is no session.
const maxSessionFile = 1 << 20

// loadSession returns the session in the file; nil if it is empty. alone tells whether there is nothing beside it. The
// errors are libtls'.
func (f *sessionFile) loadSession() (sess *libssl.Session, alone bool, err error) {
	pem, err := f.read()
	if err != nil || len(pem) == 0 {
		return nil, false, err
	}
	defer clear(pem)
	if len(pem) > maxSessionFile {
		return nil, false, fault(ErrSessionFileParse, errors.New("it is larger than any session"))
	}
	sess, err = libssl.ParseSessionPEM(pem)
	if err != nil {
		return nil, false, fault(ErrSessionFileParse, err)
	}
	text, err := sess.MarshalText()
	defer clear(text)
	return sess, err == nil && bytes.Equal(pem, text), nil
}

// unparsable tells whether an error is one that HealSessionFile mends: the file can be read, and is no session's.
func unparsable(err error) bool {
	return errors.Is(err, ErrSessionFileParse) || errors.Is(err, ErrSessionFileSize)
}

// saveSession replaces the session in the file. tries is how often its lock may be tried, and becomes less.
func (f *sessionFile) saveSession(sess *libssl.Session, tries *int) error {
	pem, err := sess.MarshalText()
	if err != nil {
		return fault(ErrSessionFileWrite, err)
	}
	defer clear(pem)
	return f.write(pem, tries)
}

// A step of a rewrite puts data at an offset, or without data cuts the file there.
type step struct {
	at   int64
	data []byte
}

var pemHeader = []byte("-----BEGIN ")

// rewrite returns the steps that make new of a file with the content of old, which is PEM. After each of them, and within
// each after every byte, the first PEM block in the file is that of old or that of new: whoever is cut off leaves a
// session. It takes for granted that a reader, as libssl's, passes over what stands outside of a block.
//
// If old holds no session there is nothing to keep.
func rewrite(old, new []byte) []step {
	if len(old) == 0 {
		return []step{{0, new}}
	}
	sess, err := libssl.ParseSessionPEM(old)
	if err != nil || len(old) > maxSessionFile { // or what is behind is not known
		return []step{{0, nil}, {0, new}}
	}
	sess.Close()
	// A second copy goes behind the old session, where there is room for the first before it.
	room := max(0, len(new)-len(old)) + 1
	steps := []step{{int64(len(old)), append(bytes.Repeat([]byte("\n"), room), new...)}}
	// With a byte of its header gone, the old session is none. What is in front of it goes last.
	for _, at := range headers(old) {
		steps = append(steps, step{int64(at), bytes.Repeat([]byte(" "), len(pemHeader))})
	}
	// Nor is the new one before it has its first byte.
	return append(steps, step{0, []byte(" ")}, step{1, new[1:]}, step{0, new[:1]}, step{int64(len(new)), nil})
}

// headers returns where PEM blocks begin, the last one first.
func headers(pem []byte) (at []int) {
	for end := len(pem); ; {
		i := bytes.LastIndex(pem[:end], pemHeader)
		if i < 0 {
			return at
		}
		if i == 0 || pem[i-1] == '\n' {
			at = append(at, i)
		}
		end = i
	}
}
