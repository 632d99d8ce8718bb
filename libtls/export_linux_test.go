package libtls

import (
	"path/filepath"
	"testing"
)

// HideDescriptors has it look as if there were no /proc, until the test ends. Others must not run beside it.
func HideDescriptors(t testing.TB) {
	before := descriptors
	descriptors = filepath.Join(t.TempDir(), "nothing")
	t.Cleanup(func() { descriptors = before })
}
