//go:build cgo && !unix

package libssl

import "net"

// socket is for systems whose sockets can be polled and read in one: see socket_unix.go.
type socket struct{}

func newSocket(net.Conn) *socket { return nil }

func (*socket) receive() (*block, error) { panic("libssl: no such socket") }

func (*socket) Write([]byte) (int, error) { panic("libssl: no such socket") }
