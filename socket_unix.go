//go:build cgo && unix

package libssl

import (
	"io"
	"net"
	"os"
	"syscall"
)

// A socket is a transport that is a kernel socket and nothing else: it is polled before a buffer is taken to read it.
// Types that merely embed one may have a Read of their own, so only the standard ones count.
type socket struct {
	raw syscall.RawConn

	// For poll, which is made once so that a Read allocates nothing.
	poll func(fd uintptr) bool
	got  *block
	err  error
}

// newSocket returns nil for all other transports.
func newSocket(c net.Conn) *socket {
	var raw syscall.RawConn
	var err error
	s := &socket{}
	switch c := c.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	s.raw = raw
	s.poll = s.tryRead
	return s
}

// receive waits until there is something to read and reads it.
func (s *socket) receive() (*block, error) {
	s.got, s.err = nil, nil
	if err := s.raw.Read(s.poll); err != nil {
		return nil, err
	}
	b, err := s.got, s.err
	s.got = nil
	return b, err
}

// tryRead reports false to wait.
func (s *socket) tryRead(fd uintptr) bool {
	b := newBlock(maxWrite)
	n, err := syscall.Read(int(fd), b.room())
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), b.room())
	}
	if err != nil {
		b.release()
		if err == syscall.EAGAIN {
			return false
		}
		s.err = os.NewSyscallError("read", err)
		return true
	}
	s.got = b.grow(n)
	if n == 0 {
		s.err = io.EOF
	}
	return true
}
