// Package load is the Go programs' half of the comparison: the same work as c/bench.c does, over any TLS stack.
package load

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Stack is an implementation of TLS. Its connections are over TCP with TCP_NODELAY, as package net has it.
type Stack interface {
	// Library names what does the cryptography, with its version.
	Library() string
	// Server makes the server's end on an accepted connection.
	Server(transport net.Conn) (net.Conn, error)
	// Dial connects, verifies the server's certificate and address, and runs the handshake. session is nil or what
	// Session returned.
	Dial(addr string, session any) (net.Conn, error)
	// Session returns what resumes a client's connection that has read something.
	Session(net.Conn) (any, error)
	// Resumed reports whether a client's connection resumed a session.
	Resumed(net.Conn) bool
}

// Setup is what a Stack is made from. Those on libssl have version, cipher suite, group and number of tickets from
// OPENSSL_CONF: that is libssl's own, and so the same for all.
type Setup struct {
	Version       uint16
	CA, Cert, Key string // files of PEM
}

// Dialer makes TCP connections as the C program does: without keep-alive, which is four system calls.
var Dialer = net.Dialer{KeepAlive: -1}

func listen() (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	return config.Listen(context.Background(), "tcp", "127.0.0.1:0")
}

// Record is the size of bulk's writes: the most that a TLS record holds.
const Record = 16 << 10

// slots is how many connections there are at a time while handshakes are measured.
const slots = 8

// A plan is a workload. Each connection exchanges so often: the client sends request bytes, the server answers with
// reply bytes.
type plan struct {
	request, reply         int
	exchanges, connections int
	slots                  int
	resume                 bool // each slot offers the session of its last connection
	keep                   bool // connections stay open
	wait                   bool // and at both ends a goroutine is in Read
}

func planOf(workload string, n int) (plan, error) {
	switch workload {
	case "bulk":
		return plan{request: n * Record, reply: 1, exchanges: 1, connections: 1, slots: 1}, nil
	case "roundtrip":
		return plan{request: 64, reply: 64, exchanges: n, connections: 1, slots: 1}, nil
	case "full":
		return plan{request: 1, reply: 1, exchanges: 1, connections: n, slots: slots}, nil
	case "resumed":
		return plan{request: 1, reply: 1, exchanges: 1, connections: n, slots: slots, resume: true}, nil
	case "idle", "waiting":
		return plan{
			request: 64, reply: 64, exchanges: 1, connections: n, slots: slots, keep: true, wait: workload == "waiting",
		}, nil
	}
	return plan{}, fmt.Errorf("unknown workload %q", workload)
}

// A Result is one run of one workload.
type Result struct {
	Library string        `json:"library"`
	CPU     time.Duration `json:"cpu"` // user and system, both ends
	Wall    time.Duration `json:"wall"`
	Memory  int64         `json:"memory"` // resident, gained
	Reads   float64       `json:"reads"`  // allocations for each
	Writes  float64       `json:"writes"`
}

// Main is the whole of a program that measures one stack: the flags are those of c/bench.c.
func Main(newStack func(Setup) (Stack, error)) {
	workload := flag.String("w", "", "`workload`")
	version := flag.String("v", "1.3", "`version` of TLS")
	n := flag.Int("n", 0, "how many")
	dir := flag.String("d", ".", "`directory` with ca.pem, server.pem and key.pem")
	threads := flag.Int("p", 2, "GOMAXPROCS")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	stack, err := newStack(NewSetup(*dir, *version))
	if err == nil {
		err = run(stack, *workload, *n)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// NewSetup returns the set-up with the certificates in dir.
func NewSetup(dir, version string) Setup {
	s := Setup{
		Version: 0x0304,
		CA:      filepath.Join(dir, "ca.pem"),
		Cert:    filepath.Join(dir, "server.pem"),
		Key:     filepath.Join(dir, "key.pem"),
	}
	if version == "1.2" {
		s.Version = 0x0303
	}
	return s
}

func run(stack Stack, workload string, n int) error {
	r := Result{Library: stack.Library()}
	if workload == "allocs" {
		var err error
		if r.Reads, r.Writes, err = Allocs(stack, n); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	p, err := planOf(workload, n)
	if err != nil {
		return err
	}
	warmUp, _ := planOf(workload, n/20+slots)
	warmUp.keep = false
	w := &worker{stack: stack}
	if err := w.carryOut(warmUp); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}
	w.resumptions.Store(0)
	if p.keep {
		r.Memory -= resident()
	}
	cpu, start := cpuTime(), time.Now()
	if err := w.carryOut(p); err != nil {
		return err
	}
	r.CPU, r.Wall = cpuTime()-cpu, time.Since(start)
	if p.keep {
		time.Sleep(50 * time.Millisecond) // until the last ones wait
		r.Memory += resident()
	}
	wanted := 0
	if p.resume {
		wanted = p.connections
	}
	if got := int(w.resumptions.Load()); got != wanted {
		return fmt.Errorf("%d resumptions instead of %d", got, wanted)
	}
	runtime.KeepAlive(w)
	return json.NewEncoder(os.Stdout).Encode(r)
}

// worker carries plans out and keeps what passes from one to the next.
type worker struct {
	stack    Stack
	sessions [slots]any

	resumptions atomic.Int64

	mu   sync.Mutex
	kept []net.Conn
}

// carryOut returns when both ends are through.
func (w *worker) carryOut(p plan) error {
	l, err := listen()
	if err != nil {
		return err
	}
	defer l.Close()
	errs := make(chan error, p.connections+p.slots)
	var ends sync.WaitGroup
	ends.Go(func() {
		for range p.connections {
			transport, err := l.Accept()
			if err != nil {
				return
			}
			ends.Go(func() {
				if err := w.serve(p, transport); err != nil {
					errs <- fmt.Errorf("server: %w", err)
				}
			})
		}
	})
	for slot := range p.slots {
		ends.Go(func() {
			for i := slot; i < p.connections; i += p.slots {
				if err := w.call(p, slot, l.Addr().String()); err != nil {
					errs <- fmt.Errorf("client: %w", err)
					l.Close()
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		ends.Wait()
		close(done)
	}()
	select {
	case err := <-errs:
		return err
	case <-done:
	}
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// serve is the server's end of a connection.
func (w *worker) serve(p plan, transport net.Conn) error {
	c, err := w.stack.Server(transport)
	if err != nil {
		return err
	}
	buf := make([]byte, min(Record, p.request))
	for n := 0; ; n++ {
		if p.keep && n == p.exchanges {
			w.keep(c, p.wait)
			return nil
		}
		switch err := receive(c, buf, p.request); {
		case err == io.EOF:
			return c.Close()
		case err != nil:
			return err
		}
		if _, err := c.Write(buf[:p.reply]); err != nil {
			return err
		}
	}
}

// call is the client's end.
func (w *worker) call(p plan, slot int, addr string) error {
	c, err := w.stack.Dial(addr, w.sessions[slot])
	if err != nil {
		return err
	}
	buf := make([]byte, min(Record, p.request))
	for range p.exchanges {
		for sent := 0; sent < p.request; sent += len(buf) {
			if _, err := c.Write(buf); err != nil {
				return err
			}
		}
		if err := receive(c, buf, p.reply); err != nil {
			return err
		}
	}
	if w.stack.Resumed(c) {
		w.resumptions.Add(1)
	}
	if p.resume {
		if old, ok := w.sessions[slot].(io.Closer); ok {
			old.Close()
		}
		if w.sessions[slot], err = w.stack.Session(c); err != nil {
			return err
		}
	}
	if p.keep {
		w.keep(c, p.wait)
		return nil
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return err
		}
		if err := receive(c, buf, 1); err != io.EOF {
			return fmt.Errorf("instead of the end: %w", err)
		}
	}
	return c.Close()
}

// receive reads n bytes. io.EOF is the end before the first.
func receive(c net.Conn, buf []byte, n int) error {
	for got := 0; got < n; {
		k, err := c.Read(buf)
		got += k
		if err == io.EOF && got > 0 {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keep keeps a connection open.
func (w *worker) keep(c net.Conn, wait bool) {
	w.mu.Lock()
	w.kept = append(w.kept, c)
	w.mu.Unlock()
	if wait {
		go func() {
			buf := make([]byte, 64)
			c.Read(buf)
		}()
	}
}
