package conformance

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// newTransport makes a connection in memory. Unlike net.Pipe it buffers: a side that has failed can
// leave its alert and go while the other is still writing, as on a real network. Unlike a real network
// it never resets: what was written before a close can always be read.
func newTransport() (a, b *transport) {
	there, back := newHalf(), newHalf()
	return &transport{in: back, out: there}, &transport{in: there, out: back}
}

// A transport is one end; it is a net.Conn.
type transport struct{ in, out *half }

func (t *transport) Read(p []byte) (int, error)         { return t.in.read(p) }
func (t *transport) Write(p []byte) (int, error)        { return t.out.write(p) }
func (t *transport) SetReadDeadline(d time.Time) error  { t.in.setReadDeadline(d); return nil }
func (t *transport) SetWriteDeadline(d time.Time) error { t.out.setWriteDeadline(d); return nil }
func (t *transport) LocalAddr() net.Addr                { return memory{} }
func (t *transport) RemoteAddr() net.Addr               { return memory{} }

func (t *transport) SetDeadline(d time.Time) error {
	t.in.setReadDeadline(d)
	t.out.setWriteDeadline(d)
	return nil
}

func (t *transport) Close() error {
	t.out.end()
	t.in.abandon()
	return nil
}

type memory struct{}

func (memory) Network() string { return "memory" }
func (memory) String() string  { return "memory" }

// A half carries bytes one way.
type half struct {
	mu      sync.Mutex
	changed *sync.Cond
	buf     bytes.Buffer
	ended   bool // by the writer
	gone    bool // the reader has closed

	readBy, writeBy time.Time
	alarm           *time.Timer
}

func newHalf() *half {
	h := &half{}
	h.changed = sync.NewCond(&h.mu)
	return h
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.gone:
			return 0, net.ErrClosed
		case past(h.readBy):
			return 0, os.ErrDeadlineExceeded
		case h.buf.Len() > 0:
			return h.buf.Read(p)
		case h.ended:
			return 0, io.EOF
		}
		h.changed.Wait()
	}
}

// write takes everything; nobody may be left to read it, as on a network.
func (h *half) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case past(h.writeBy):
		return 0, os.ErrDeadlineExceeded
	case h.ended:
		return 0, net.ErrClosed
	case h.gone:
		return len(p), nil
	}
	h.changed.Broadcast()
	return h.buf.Write(p)
}

// unread is what nobody has read yet, and may be changed.
func (h *half) unread() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.buf.Bytes()
}

func (h *half) setReadDeadline(d time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readBy = d
	if h.alarm != nil {
		h.alarm.Stop()
	}
	if !d.IsZero() {
		h.alarm = time.AfterFunc(time.Until(d), h.wake)
	}
	h.changed.Broadcast()
}

func (h *half) setWriteDeadline(d time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writeBy = d
}

func (h *half) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.changed.Broadcast()
}

func (h *half) abandon() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone = true
	h.changed.Broadcast()
}

func (h *half) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed.Broadcast()
}

func past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }
