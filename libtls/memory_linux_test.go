package libtls_test

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// memory is a descriptor of memory that Linux makes a file.
func memory(t *testing.T) int {
	t.Helper()
	number, ok := map[string]uintptr{
		"386": 356, "amd64": 319, "arm": 385, "arm64": 279, "loong64": 279, "ppc64le": 360, "riscv64": 279, "s390x": 350,
	}[runtime.GOARCH]
	require.True(t, ok, "the number of memfd_create(2)")
	name := []byte("session\x00")
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&name[0])), 0, 0)
	require.Zero(t, errno)
	t.Cleanup(func() { syscall.Close(int(fd)) })
	return int(fd)
}
