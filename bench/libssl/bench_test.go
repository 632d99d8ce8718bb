package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-libssl/libssl/bench/internal/load"
	"github.com/go-libssl/libssl/bench/internal/setup"
)

var dir string

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run sets OPENSSL_CONF before libssl is used for the first time, which is when it reads it.
func run(m *testing.M) int {
	var err error
	if dir, err = os.MkdirTemp("", "bench"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := setup.Write(dir); err != nil {
		panic(err)
	}
	os.Setenv("OPENSSL_CONF", filepath.Join(dir, setup.ConfFile))
	return m.Run()
}

func newTestStack(tb testing.TB, version string) load.Stack {
	stack, err := newStack(load.NewSetup(dir, version))
	if err != nil {
		tb.Fatal(err)
	}
	return stack
}

func connect(b *testing.B, version string, serve func(c, transport net.Conn)) net.Conn {
	c, hangUp, err := load.Pair(newTestStack(b, version), serve)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(hangUp)
	return c
}

// BenchmarkWrite encrypts and sends; nobody decrypts.
func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{64, load.Record} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := connect(b, "1.3", load.Discard)
			buf := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRoundTrip is two Writes and two Reads.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{64, load.Record} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := connect(b, "1.3", load.Echo)
			buf := make([]byte, size)
			b.SetBytes(2 * int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := load.RoundTrip(c, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHandshake is both ends, with the TCP connection, a byte each way and the close.
func BenchmarkHandshake(b *testing.B) {
	for _, version := range []string{"1.2", "1.3"} {
		for _, resume := range []bool{false, true} {
			name := "full"
			if resume {
				name = "resumed"
			}
			b.Run(name+"/"+version, func(b *testing.B) { benchmarkHandshake(b, newTestStack(b, version), resume) })
		}
	}
}

func benchmarkHandshake(b *testing.B, stack load.Stack, resume bool) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			transport, err := l.Accept()
			if err != nil {
				return
			}
			c, err := stack.Server(transport)
			if err != nil {
				return
			}
			go load.Echo(c, transport)
		}
	}()
	var session any
	buf := make([]byte, 1)
	b.ReportAllocs()
	for b.Loop() {
		c, err := stack.Dial(l.Addr().String(), session)
		if err != nil {
			b.Fatal(err)
		}
		if err := load.RoundTrip(c, buf); err != nil {
			b.Fatal(err)
		}
		if resume {
			if session, err = stack.Session(c); err != nil {
				b.Fatal(err)
			}
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
