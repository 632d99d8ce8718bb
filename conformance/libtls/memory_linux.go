package libtls

import (
	"runtime"
	"syscall"
	"unsafe"
)

// memfdCreate is the number of memfd_create(2), which package syscall does not know.
var memfdCreate = map[string]uintptr{
	"386": 356, "amd64": 319, "arm": 385, "arm64": 279, "loong64": 279, "ppc64le": 360, "riscv64": 279, "s390x": 350,
}

// memory is a descriptor of memory that the system makes a file.
func (o observer) memory() int {
	number, ok := memfdCreate[runtime.GOARCH]
	if !ok {
		unable("the number of memfd_create(2) is not known here")
	}
	name := []byte("session\x00")
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&name[0])), 0, 0)
	if errno != 0 {
		must(errno)
	}
	o.AtEnd(func() { syscall.Close(int(fd)) })
	return int(fd)
}
