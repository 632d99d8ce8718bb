package main

import (
	"errors"
	"io"
	"net"
)

// Ends make the two ends of a connection on a transport.
type ends struct {
	server, client func(transport net.Conn) (handshaker, error)
}

type handshaker interface {
	net.Conn
	Handshake() error
}

// throughput returns work that sends a message through TLS, from a client of one kind to a server of another, and waits
// until it is there. end closes the connection.
func throughput(dir string, server, client func(dir string) (ends, error)) (w work, end func(), err error) {
	to, from, err := connected(dir, server, client)
	if err != nil {
		return nil, nil, err
	}
	sizes, read := make(chan int), make(chan error)
	go func() {
		defer close(read)
		var buf []byte
		for n := range sizes {
			if len(buf) < n {
				buf = make([]byte, n)
			}
			_, err := io.ReadFull(to, buf[:n])
			read <- err
		}
	}()
	w = func(message []byte) error {
		sizes <- len(message)
		_, err := from.Write(message)
		if err != nil {
			to.Close() // or its Read would wait
		}
		return errors.Join(err, <-read)
	}
	return w, func() {
		close(sizes)
		<-read
		from.Close()
		to.Close()
	}, nil
}

// connected returns the two ends of a connection after their handshake.
func connected(dir string, server, client func(dir string) (ends, error)) (s, c net.Conn, err error) {
	serverEnds, err := server(dir)
	if err != nil {
		return nil, nil, err
	}
	clientEnds, err := client(dir)
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	there, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	here, err := l.Accept()
	if err != nil {
		there.Close()
		return nil, nil, err
	}
	to, errS := serverEnds.server(here)
	from, errC := clientEnds.client(there)
	if err := errors.Join(errS, errC); err != nil {
		here.Close()
		there.Close()
		return nil, nil, err
	}
	shaken := make(chan error, 1)
	go func() { shaken <- to.Handshake() }()
	err = from.Handshake()
	if err != nil {
		there.Close()
	}
	if err = errors.Join(err, <-shaken); err != nil {
		from.Close()
		to.Close()
		return nil, nil, err
	}
	return to, from, nil
}
