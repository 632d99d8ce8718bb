package libtls

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPatience: who has waited for a lock in vain does not wait for it again.
func TestPatience(t *testing.T) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "session"), os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer f.Close()
	tries := 5
	lock(int(f.Fd()), syscall.LOCK_EX, &tries)()
	assert.Equal(t, 5, tries)
	require.NoError(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	for range 2 {
		lock(int(f.Fd()), syscall.LOCK_EX, &tries)()
		assert.Zero(t, tries)
	}
}
