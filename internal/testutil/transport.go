package testutil

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Transport makes two connected ends. Both are closed when the test ends.
type Transport func(t testing.TB) (client, server net.Conn)

// Transports are the kinds of connection that a binding must work on: two with a file descriptor below,
// and one that is Go alone, has no buffer, and lets each Write wait for the other side's Read.
var Transports = []struct {
	Name string
	Pair Transport
}{
	{"TCP", TCP},
	{"unix socket", Unix},
	{"net.Pipe", Pipe},
}

// TCP returns two ends of a connection on the loopback interface.
func TCP(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, l)
}

// Unix returns two ends of a unix stream socket.
func Unix(t testing.TB) (client, server net.Conn) {
	t.Helper()
	// Not t.TempDir: the address of a unix socket has room for about a hundred bytes, and a test's name
	// can be longer than that.
	dir, err := os.MkdirTemp("", "sock")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir) // once connected, they need it no more
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, l)
}

// Pipe returns two ends of a net.Pipe.
func Pipe(t testing.TB) (client, server net.Conn) {
	t.Helper()
	client, server = net.Pipe()
	closeAtEnd(t, client, server)
	return client, server
}

func connect(t testing.TB, l net.Listener) (client, server net.Conn) {
	t.Helper()
	defer l.Close()
	type result struct {
		c   net.Conn
		err error
	}
	accepted := make(chan result, 1)
	go func() {
		c, err := l.Accept()
		accepted <- result{c, err}
	}()
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r := <-accepted
	if r.err != nil {
		client.Close()
		t.Fatal(r.err)
	}
	closeAtEnd(t, client, r.c)
	return client, r.c
}

func closeAtEnd(t testing.TB, conns ...net.Conn) {
	t.Cleanup(func() {
		for _, c := range conns {
			c.Close()
		}
	})
}
