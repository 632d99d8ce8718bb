//go:build !linux

package libtls

import "syscall"

// dupTo makes a number the descriptor of what another one is.
func dupTo(fd, number int) error { return syscall.Dup2(fd, number) }
