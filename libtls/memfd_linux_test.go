package libtls_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// memory is a descriptor of memory that Linux makes a file; with unix.MFD_ALLOW_SEALING it can be kept from growing.
func memory(t *testing.T, flags int) int {
	t.Helper()
	fd, err := unix.MemfdCreate("session", flags|unix.MFD_CLOEXEC)
	require.NoError(t, err)
	return fd
}
