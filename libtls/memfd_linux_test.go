package libtls_test

import (
	"runtime"
	"syscall"
	"unsafe"
)

// memfdCreate is memfd_create(2) of a file that can be sealed.
func memfdCreate() (int, error) {
	number, ok := map[string]uintptr{
		"386": 356, "amd64": 319, "arm": 385, "arm64": 279, "loong64": 279, "ppc64le": 360, "riscv64": 279, "s390x": 350,
	}[runtime.GOARCH]
	if !ok {
		return -1, syscall.ENOSYS
	}
	const allowSealing = 2
	name := []byte("session\x00")
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&name[0])), allowSealing, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}
