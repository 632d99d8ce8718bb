//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package libtls

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A sessionFile is where a client keeps its session: a descriptor of the program's. Its functions use neither its offset
// nor its locks, which are the program's.
type sessionFile struct {
	fd   int
	file *os.File // nil: fd is all there is
	id   fileID
}

// A fileID tells whether a descriptor is still of the file that it was of: its number may have been used again.
type fileID struct{ device, inode uint64 }

// with calls f with the descriptor, which is not closed meanwhile if Go knows about it.
func (f *sessionFile) with(do func(fd int) error) error {
	if f.file == nil {
		if int(int32(f.fd)) != f.fd { // no int of C
			return syscall.EBADF
		}
		return do(f.fd)
	}
	raw, err := f.file.SyscallConn()
	if err != nil {
		return errClosed
	}
	var doErr error
	if err := raw.Control(func(fd uintptr) { doErr = do(int(fd)) }); err != nil {
		return errClosed
	}
	return doErr
}

var errClosed = fmt.Errorf("%w: %w", syscall.EBADF, os.ErrClosed)

// stat is fstat(2).
func stat(fd int) (s syscall.Stat_t, err error) {
	return s, retry(func() error { return syscall.Fstat(fd, &s) })
}

func idOf(s *syscall.Stat_t) fileID { return fileID{uint64(s.Dev), uint64(s.Ino)} }

func isRegular(s *syscall.Stat_t) bool { return uint32(s.Mode)&syscall.S_IFMT == syscall.S_IFREG }

func retry(f func() error) error {
	for {
		if err := f(); err != syscall.EINTR {
			return err
		}
	}
}

// check is what tls_config_set_session_fd checks, in its order.
func (f *sessionFile) check() error {
	var s syscall.Stat_t
	err := f.with(func(fd int) (err error) {
		s, err = stat(fd)
		return err
	})
	uid, mode := uint32(os.Getuid()), uint32(s.Mode)&0o777
	switch {
	case err != nil:
		return systemFault(ErrSessionFileStat, err)
	case !isRegular(&s):
		return fault(ErrSessionFileNotRegular, nil)
	case s.Uid != uid:
		return faultf(ErrSessionFileOwner, nil, "%v (uid %d != %d)", ErrSessionFileOwner, s.Uid, uid)
	case mode != 0o600:
		return faultf(ErrSessionFilePermissions, nil, "%v (%o != 600)", ErrSessionFilePermissions, mode)
	}
	f.id = idOf(&s)
	return nil
}

// read returns what is in the file, of a large one no more than shows that it is.
func (f *sessionFile) read() (content []byte, err error) {
	err = f.with(func(fd int) error {
		s, err := stat(fd)
		switch {
		case err != nil:
			return systemFault(ErrSessionFileStat, err)
		case s.Size > math.MaxInt32:
			return fault(ErrSessionFileSize, nil)
		case isRegular(&s) && idOf(&s) != f.id:
			return systemFault(ErrSessionFileStat, errOtherFile)
		case s.Size == 0:
			return nil
		}
		tries := lockTries
		defer lock(fd, syscall.LOCK_SH, &tries)()
		if content, err = readAt(fd); err != nil {
			return systemFault(ErrSessionFileRead, err)
		}
		return nil
	})
	if err == errClosed {
		err = systemFault(ErrSessionFileStat, err)
	}
	return content, err
}

// errOtherFile is a descriptor whose number has become another regular file's: ours has been closed.
var errOtherFile = fmt.Errorf("%w: it is another file's by now", syscall.EBADF)

func readAt(fd int) ([]byte, error) {
	var content bytes.Buffer
	_, err := content.ReadFrom(io.LimitReader(&reader{fd: fd}, maxSessionFile+1))
	return content.Bytes(), err
}

// A reader reads from the start, with pread(2).
type reader struct {
	fd int
	at int64
}

func (r *reader) Read(p []byte) (n int, err error) {
	err = retry(func() (err error) {
		n, err = syscall.Pread(r.fd, p, r.at)
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	r.at += int64(n)
	return n, nil
}

// writable says what ftruncate(2) would say of the descriptor, and changes nothing. A number that has become another
// file's is not ours to write to.
func (f *sessionFile) writable(fd int) error {
	flags, err := statusFlags(fd)
	if err != nil {
		return err
	}
	s, err := stat(fd)
	switch {
	case err != nil:
		return err
	case !isRegular(&s) || flags&syscall.O_ACCMODE == syscall.O_RDONLY:
		return syscall.EINVAL
	case idOf(&s) != f.id:
		return errOtherFile
	}
	return nil
}

func statusFlags(fd int) (int, error) {
	return unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0) // which package syscall does not have, nor OpenBSD a system call for
}

// checkWritable is the check alone, for a connection whose session is yet to come.
func (f *sessionFile) checkWritable() error {
	if err := f.with(f.writable); err != nil {
		return systemFault(ErrSessionFileTruncate, err)
	}
	return nil
}

// write replaces what is in the file.
func (f *sessionFile) write(pem []byte, tries *int) error {
	if err := f.checkWritable(); err != nil {
		return err
	}
	err := f.with(func(fd int) error {
		defer lock(fd, syscall.LOCK_EX, tries)()
		return replace(fd, pem)
	})
	if err == errClosed {
		err = systemFault(ErrSessionFileTruncate, err)
	}
	return err
}

// replace writes while nobody else does.
func replace(fd int, pem []byte) error {
	flags, err := statusFlags(fd)
	if err != nil {
		return systemFault(ErrSessionFileTruncate, err)
	}
	mayPlace := flags&syscall.O_APPEND == 0 // with it the system ignores where we want to write
	mayRead := flags&syscall.O_ACCMODE == syscall.O_RDWR
	if !mayPlace || !mayRead {
		if own, err := reopen(fd, syscall.O_RDWR); err == nil {
			defer syscall.Close(own)
			fd, mayPlace, mayRead = own, true, true
		}
	}
	if !mayPlace || !mayRead {
		return perform(fd, 0, []step{{0, nil}, {0, pem}})
	}
	old, err := readAt(fd)
	if err != nil {
		return systemFault(ErrSessionFileRead, err)
	}
	defer clear(old)
	if bytes.Equal(old, pem) {
		return nil
	}
	return perform(fd, int64(len(old)), rewrite(old, pem))
}

// perform takes the steps. What a first step, which only adds to the file, has left half done goes again.
func perform(fd int, size int64, steps []step) error {
	for i, s := range steps {
		if s.data == nil {
			if err := retry(func() error { return syscall.Ftruncate(fd, s.at) }); err != nil {
				return systemFault(ErrSessionFileTruncate, err)
			}
			continue
		}
		if err := writeAt(fd, s.at, s.data); err != nil {
			if i == 0 {
				syscall.Ftruncate(fd, size)
			}
			return systemFault(ErrSessionFileWrite, err)
		}
	}
	return nil
}

func writeAt(fd int, at int64, data []byte) error {
	for len(data) > 0 {
		n, err := syscall.Pwrite(fd, data, at)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return io.ErrShortWrite
		}
		data, at = data[n:], at+int64(n)
	}
	return nil
}

// descriptors is where the system shows the descriptors of a process, as files that can be opened again. On others than
// Linux it is not there, or a copy of the descriptor.
var descriptors = "/proc/self/fd/"

// reopen opens the file of a descriptor again: with other flags, and locks of its own.
func reopen(fd, flags int) (int, error) {
	own, err := syscall.Open(fmt.Sprint(descriptors, fd), flags|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	one, err1 := stat(fd)
	two, err2 := stat(own)
	if err1 != nil || err2 != nil || idOf(&one) != idOf(&two) {
		syscall.Close(own)
		return -1, syscall.EBADF
	}
	return own, nil
}

// inProcess keeps this process's connections from each other where a file can't be opened again. Other processes are not
// kept out there: a lock belongs to the descriptor, and to unlock that would undo what the program has on it.
var inProcess sync.Mutex

// lock takes an advisory lock of flock(2) on the file, which other processes that use this package heed, on a descriptor of
// our own. tries is how often it may be tried, once at least, and becomes less.
func lock(fd, how int, tries *int) (unlock func()) {
	own, err := reopen(fd, syscall.O_RDONLY)
	if err != nil {
		inProcess.Lock()
		return inProcess.Unlock
	}
	for !tryLock(own, how) && *tries > 0 {
		*tries--
		time.Sleep(time.Millisecond)
	}
	return func() { syscall.Close(own) } // which unlocks
}

// tryLock tells whether there is nobody to wait for. There are file systems without locks.
func tryLock(fd, how int) bool {
	err := syscall.Flock(fd, how|syscall.LOCK_NB)
	return err != syscall.EWOULDBLOCK && err != syscall.EINTR
}
