package libtls

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// memory is a descriptor of memory that the system makes a file.
func (o observer) memory() int {
	fd := must1(unix.MemfdCreate("session", unix.MFD_CLOEXEC))
	o.AtEnd(func() { syscall.Close(fd) })
	return fd
}
