package libtls

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/go-libssl/libssl"
	"golang.org/x/sys/unix"
)

// A file is a client's session file.
type file struct {
	path string
	fd   int
}

// dir is a directory that goes with the clause.
func (o observer) dir() string {
	dir := must1(os.MkdirTemp("", "sslconform"))
	o.AtEnd(func() { os.RemoveAll(dir) })
	return dir
}

// file makes an empty session file, as it has to be.
func (o observer) file() *file { return o.fileOf(nil, 0o600, os.O_RDWR) }

// fileOf makes a file of some content and mode, and opens it.
func (o observer) fileOf(content []byte, mode os.FileMode, flags int) *file {
	path := filepath.Join(o.dir(), "session")
	must(os.WriteFile(path, content, 0o600))
	must(os.Chmod(path, mode))
	return o.opened(path, flags)
}

func (o observer) opened(path string, flags int) *file {
	fd := must1(syscall.Open(path, flags|syscall.O_CLOEXEC, 0))
	o.AtEnd(func() { syscall.Close(fd) })
	return &file{path, fd}
}

func (f *file) content() []byte { return must1(os.ReadFile(f.path)) }

func (f *file) write(content []byte) { must(os.WriteFile(f.path, content, 0o600)) }

// session is the session in the file.
func (f *file) session() *libssl.Session { return must1(libssl.ParseSessionPEM(f.content())) }

// state is what is in the file: "empty", "a session", or how many bytes of something else. A session is told to be
// alone if there is nothing beside it.
func (f *file) state() string { return stateOf(f.content()) }

func stateOf(content []byte) string {
	if len(content) == 0 {
		return "empty"
	}
	s, err := libssl.ParseSessionPEM(content)
	if err != nil {
		return "no session"
	}
	if alone := must1(s.MarshalText()); !bytes.Equal(alone, content) {
		return "a session and more"
	}
	return "a session"
}

// since tells what became of the file's content: "unchanged", or its state.
func (f *file) since(before []byte) string {
	if bytes.Equal(before, f.content()) {
		return "unchanged"
	}
	return f.state()
}

// resumable tells of the session in the file whether a server could take it up.
func (f *file) resumable() string {
	s := f.session()
	return fmt.Sprintf("id of %d bytes, ticket=%t", len(s.ID()), s.HasTicket())
}

// primed is a file with a session of the server's.
func (o observer) primed(srv *server) *file {
	f := o.file()
	o.fill(f, srv)
	return f
}

// fill puts a session of the server's into a file.
func (o observer) fill(f *file, srv *server) {
	if l := o.connect(srv, o.client(sessionFile(f))); !l.fine() {
		must(fmt.Errorf("the first connection: %v", l))
	}
}

var highest atomic.Int32

func init() { highest.Store(700) }

// high is a descriptor like another, but of a number that nobody else gets: it can be closed and its number used.
func (o observer) high(fd int) int {
	return must1(unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, int(highest.Add(1))))
}
