//go:build cgo && unix && (!linux || 386 || s390x)

package libssl

import "syscall"

// On these systems package syscall has no number for recvfrom and sendto: see socketcall_linux.go.

func recv(fd uintptr, p []byte) (int, error) { return syscall.Read(int(fd), p) }

func send(fd uintptr, p []byte) (int, error) { return syscall.Write(int(fd), p) }
