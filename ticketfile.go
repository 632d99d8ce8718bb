//go:build cgo

package libssl

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// FileTicketKeys are ticket keys in files that other servers use too. A file that has changed is read again at the next
// ticket, at most once in a second. If it can't be read or is no key file then, the keys stay as they are, and Err says
// why.
type FileTicketKeys struct {
	keyring
	files  []string
	parse  func(contents [][]byte) (keys []ringKey, current int, err error)
	states []fs.FileInfo // of the files when they were read
	read   time.Time
	looked time.Time
	err    error
}

// NginxTicketKeys reads keys in the form of nginx's ssl_session_ticket_key: each file holds one key, of 48 random bytes
// for AES-128 or 80 for AES-256. The first seals tickets, all of them open them, and a ticket of another than the
// first is replaced.
//
// nginx takes only tickets whose sessions have its own session id context: see [Ctx.SetSessionIDContext].
func NginxTicketKeys(files ...string) (*FileTicketKeys, error) {
	if len(files) == 0 {
		return nil, errors.New("libssl: NginxTicketKeys: no files")
	}
	return newFileTicketKeys(parseNginx, files...)
}

// HAProxyTicketKeys reads keys in the form of HAProxy's tls-ticket-keys: one key in each line, 48 or 80 random bytes in
// base64, at least three of one size. The last three open tickets; the last but one seals them, so that a key is known
// everywhere before it is used.
//
// HAProxy takes only tickets whose sessions have its own session id context: see [Ctx.SetSessionIDContext].
func HAProxyTicketKeys(file string) (*FileTicketKeys, error) {
	return newFileTicketKeys(parseHAProxy, file)
}

func newFileTicketKeys(parse func([][]byte) ([]ringKey, int, error), files ...string) (*FileTicketKeys, error) {
	f := &FileTicketKeys{files: append([]string(nil), files...), parse: parse}
	f.update = f.look
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reload reads the files now. If that fails, the keys stay as they are.
func (f *FileTicketKeys) Reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.load()
	return f.err
}

// Err returns why the files could not be read the last time; nil if they could.
func (f *FileTicketKeys) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// settled is how long after a change a file's time may not tell of another one.
const settled = 2 * time.Second

// look reads the files if they have changed, or may have.
func (f *FileTicketKeys) look() {
	now := time.Now()
	if now.Sub(f.looked) < time.Second {
		return
	}
	f.looked = now
	for i, name := range f.files {
		info, err := os.Stat(name)
		if err != nil || f.err != nil || !sameState(info, f.states[i]) || f.read.Sub(info.ModTime()) < settled {
			f.load()
			return
		}
	}
}

func sameState(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func (f *FileTicketKeys) load() {
	f.looked = time.Now()
	f.read = f.looked
	var states []fs.FileInfo
	var contents [][]byte
	defer func() {
		for _, b := range contents {
			clear(b)
		}
	}()
	for _, name := range f.files {
		info, err := os.Stat(name)
		var b []byte
		if err == nil {
			b, err = os.ReadFile(name)
		}
		if err != nil {
			f.err = fmt.Errorf("libssl: ticket keys: %w", err)
			return
		}
		states = append(states, info)
		contents = append(contents, b)
	}
	keys, current, err := f.parse(contents)
	if err != nil {
		f.err = fmt.Errorf("libssl: ticket keys in %s: %w", strings.Join(f.files, ", "), err)
		return
	}
	f.replace(keys, current)
	f.states, f.err = states, nil
}

func parseNginx(contents [][]byte) (keys []ringKey, current int, err error) {
	for i, b := range contents {
		switch len(b) {
		case 48:
			keys = append(keys, ringKey{TicketKey: cipherFirst(b)})
		case 80:
			keys = append(keys, ringKey{TicketKey: hmacFirst(b)})
		default:
			return nil, 0, fmt.Errorf("file %d has %d bytes; 48 or 80 wanted", i+1, len(b))
		}
	}
	return keys, 0, nil
}

// haproxyKeys is how many of its keys HAProxy uses (TLS_TICKETS_NO).
const haproxyKeys = 3

func parseHAProxy(contents [][]byte) (keys []ringKey, current int, err error) {
	lines := bytes.Fields(contents[0])
	if len(lines) < haproxyKeys {
		return nil, 0, fmt.Errorf("%d lines; at least %d wanted", len(lines), haproxyKeys)
	}
	lines = lines[len(lines)-haproxyKeys:]
	for _, line := range lines {
		b := make([]byte, base64.StdEncoding.DecodedLen(len(line)))
		n, err := base64.StdEncoding.Decode(b, line)
		if err != nil {
			return nil, 0, errors.New("a line that is not base64")
		}
		if n != 48 && n != 80 || len(line) != len(lines[0]) {
			return nil, 0, fmt.Errorf("a key of %d bytes; all of 48 or all of 80 wanted", n)
		}
		keys = append(keys, ringKey{TicketKey: cipherFirst(b[:n])})
		clear(b)
	}
	return keys, haproxyKeys - 2, nil
}

// cipherFirst takes what both servers have in keys of 48 bytes, and HAProxy in those of 80.
func cipherFirst(b []byte) *TicketKey {
	name, first, second := splitKey(b)
	return &TicketKey{Name: name, CipherKey: first, HMACKey: second}
}

// hmacFirst takes what nginx has in keys of 80 bytes.
func hmacFirst(b []byte) *TicketKey {
	name, first, second := splitKey(b)
	return &TicketKey{Name: name, CipherKey: second, HMACKey: first}
}

// splitKey copies a name and two secrets of one length.
func splitKey(b []byte) (name TicketKeyName, first, second []byte) {
	rest := bytes.Clone(b[len(name):])
	half := len(rest) / 2
	return TicketKeyName(b[:len(name)]), rest[:half:half], rest[half:]
}
