//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Root leaves a file to whom it belongs.
func TestOwner(t *testing.T) {
	dir := moduleOf(t, map[string]string{
		"go.mod": "module x\n",
		"x.go":   "package x\n\nimport _ \"github.com/spacemonkeygo/openssl\"\n",
	})
	name := filepath.Join(dir, "x.go")
	owner := func() [2]uint32 {
		info, err := os.Stat(name)
		require.NoError(t, err)
		s := info.Sys().(*syscall.Stat_t)
		return [2]uint32{s.Uid, s.Gid}
	}
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(name, 12345, 12346))
	}
	before := owner()
	status, _, stderr := migrate(t, "-w", dir)
	require.Zero(t, status, stderr)
	assert.Equal(t, before, owner())
}
