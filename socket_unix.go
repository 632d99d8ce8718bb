//go:build cgo && unix

package libssl

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// A socket is a transport that is a kernel socket and nothing else: it is polled before a buffer is taken to read it,
// and read and written by calls of our own. Types that merely embed one may have a Read and a Write of their own, so only
// the standard ones count.
type socket struct {
	conn net.Conn
	raw  syscall.RawConn

	// What RawConn calls, made once so that a Read or a Write allocates nothing, and what passes to it and back.
	poll, push        func(fd uintptr) bool
	got               *block
	unsent            []byte
	readErr, writeErr error
}

// newSocket returns nil for all other transports.
func newSocket(c net.Conn) *socket {
	var raw syscall.RawConn
	var err error
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
	s := &socket{conn: c, raw: raw}
	s.poll, s.push = s.tryRead, s.tryWrite
	return s
}

// receive waits until there is something to read and reads it.
func (s *socket) receive() (*block, error) {
	s.got, s.readErr = nil, nil
	err := s.raw.Read(s.poll)
	b := s.got
	s.got = nil
	return b, s.named("read", cmp.Or(err, s.readErr))
}

// tryRead reports false to wait.
func (s *socket) tryRead(fd uintptr) bool {
	b := newBlock(maxWrite)
	n, err := recv(fd, b.room())
	for err == syscall.EINTR {
		n, err = recv(fd, b.room())
	}
	if err != nil {
		b.release()
		if err == syscall.EAGAIN {
			return false
		}
		s.readErr = os.NewSyscallError("read", err)
		return true
	}
	s.got = b.grow(n)
	if n == 0 {
		s.readErr = io.EOF
	}
	return true
}

// Write is net.Conn's.
func (s *socket) Write(p []byte) (int, error) {
	s.unsent, s.writeErr = p, nil
	err := s.raw.Write(s.push)
	n := len(p) - len(s.unsent)
	s.unsent = nil
	return n, s.named("write", cmp.Or(err, s.writeErr))
}

// tryWrite reports false to wait.
func (s *socket) tryWrite(fd uintptr) bool {
	for len(s.unsent) > 0 {
		n, err := send(fd, s.unsent)
		switch err {
		case nil:
			s.unsent = s.unsent[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			s.writeErr = os.NewSyscallError("write", err)
			return true
		}
	}
	return true
}

// named gives a failure the form that it has in package net.
func (s *socket) named(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	e := &net.OpError{Op: op, Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(), Err: err}
	if raw := (*net.OpError)(nil); errors.As(err, &raw) {
		e.Net, e.Err = raw.Net, raw.Err
	} else if e.Source != nil {
		e.Net = e.Source.Network()
	}
	return e
}
