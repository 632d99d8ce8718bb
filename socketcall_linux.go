//go:build cgo && linux && !386

package libssl

import (
	"syscall"
	"unsafe"
)

// recv and send never block, whatever mode the socket was put in. So the scheduler need not know of them: telling it
// costs more than they do, and lets it take the processor away from one that takes over 20 µs, as a write to a
// loopback socket may, since the kernel delivers it at once.

func recv(fd uintptr, p []byte) (int, error) {
	n, err := socketCall(syscall.SYS_RECVFROM, fd, p)
	tellRaceOfRead(fd, err)
	return n, err
}

func send(fd uintptr, p []byte) (int, error) {
	tellRaceOfWrite()
	return socketCall(syscall.SYS_SENDTO, fd, p)
}

func socketCall(number, fd uintptr, p []byte) (int, error) {
	const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
	n, _, errno := syscall.RawSyscall6(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
