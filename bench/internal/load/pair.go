package load

import (
	"net"
	"testing"
)

// Pair returns a client's connection whose server's end goes on with serve, and what closes it.
func Pair(stack Stack, serve func(c, transport net.Conn)) (net.Conn, func(), error) {
	l, err := listen()
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		transport, err := l.Accept()
		if err != nil {
			return
		}
		defer transport.Close()
		c, err := stack.Server(transport)
		if err != nil {
			return
		}
		var buf [1]byte
		if _, err := c.Read(buf[:]); err != nil {
			return
		}
		if _, err := c.Write(buf[:]); err != nil {
			return
		}
		serve(c, transport)
	}()
	c, err := stack.Dial(l.Addr().String(), nil)
	if err != nil {
		return nil, nil, err
	}
	buf := make([]byte, 1)
	if _, err := c.Write(buf); err != nil {
		return nil, nil, err
	}
	if err := receive(c, buf, 1); err != nil {
		return nil, nil, err
	}
	return c, func() { c.Close(); <-done }, nil
}

// Discard takes records off the transport as they are: only the writer is at work then.
func Discard(_, transport net.Conn) {
	buf := make([]byte, 4*Record)
	for {
		if _, err := transport.Read(buf); err != nil {
			return
		}
	}
}

// Echo answers until the client closes.
func Echo(c, _ net.Conn) {
	defer c.Close()
	buf := make([]byte, Record)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// RoundTrip sends buf and reads as much into it.
func RoundTrip(c net.Conn, buf []byte) error {
	if _, err := c.Write(buf); err != nil {
		return err
	}
	return receive(c, buf, len(buf))
}

// Allocs returns the allocations for each Read and for each Write of a connection in use.
func Allocs(stack Stack, runs int) (reads, writes float64, err error) {
	measure := func(serve func(c, transport net.Conn), f func(c net.Conn) error) float64 {
		c, hangUp, e := Pair(stack, serve)
		if e != nil {
			err = e
			return 0
		}
		defer hangUp()
		return testing.AllocsPerRun(runs, func() {
			if e := f(c); e != nil {
				err = e
			}
		})
	}
	buf := make([]byte, Record)
	writes = measure(Discard, func(c net.Conn) error {
		_, err := c.Write(buf)
		return err
	})
	both := measure(Echo, func(c net.Conn) error { return RoundTrip(c, buf[:64]) })
	return (both - 2*writes) / 2, writes, err
}
