package libtls

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// memory is a descriptor of memory that the system makes a file. It has the mode 0777 unless vm.memfd_noexec forbids that.
func (o observer) memory() int { return o.memoryWith(0) }

func (o observer) memoryWith(flags int) int {
	flags |= unix.MFD_CLOEXEC
	fd, err := unix.MemfdCreate("session", flags|unix.MFD_EXEC)
	if err != nil { // before Linux 6.3 there is no such flag, and with vm.memfd_noexec=2 it is forbidden
		fd = must1(unix.MemfdCreate("session", flags))
	}
	o.AtEnd(func() { syscall.Close(fd) })
	return fd
}

// sealed is one with a content that can't grow, as a session file has to be.
func (o observer) sealed(content []byte) int {
	fd := o.memoryWith(unix.MFD_ALLOW_SEALING)
	must(syscall.Fchmod(fd, 0o600))
	must1(syscall.Pwrite(fd, content, 0))
	must1(unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_GROW))
	return fd
}
