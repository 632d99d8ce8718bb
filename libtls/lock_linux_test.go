package libtls

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPatience: who has waited for a lock in vain does not wait for it again.
func TestPatience(t *testing.T) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "session"), os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer f.Close()
	patience := time.Minute
	lock(int(f.Fd()), syscall.LOCK_EX, &patience)()
	assert.Positive(t, patience)
	require.NoError(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	patience = 20 * time.Millisecond
	lock(int(f.Fd()), syscall.LOCK_EX, &patience)()
	assert.Zero(t, patience)
	lock(int(f.Fd()), syscall.LOCK_EX, &patience)()
}
