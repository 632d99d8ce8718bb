//go:build unix

package main

import (
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group of another. Only root can, and nobody else needs to: in a container the
// files are often somebody else's.
func keepOwner(file, other *os.File) {
	info, err := other.Stat()
	if err != nil {
		return
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		file.Chown(int(s.Uid), int(s.Gid))
	}
}
