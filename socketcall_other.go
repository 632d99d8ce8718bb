//go:build cgo && unix && (!linux || 386)

package libssl

import "syscall"

// On 386 package syscall has no numbers for recvfrom and sendto, and not all systems have system calls by number. Here
// the socket has to be left in the mode that package net puts it in, which does not block: see socketcall_linux.go.

func recv(fd uintptr, p []byte) (int, error) { return syscall.Read(int(fd), p) }

func send(fd uintptr, p []byte) (int, error) { return syscall.Write(int(fd), p) }
