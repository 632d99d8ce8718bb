//go:build cgo

package libssl

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"runtime/debug"
	"time"
)

// How ciphertext gets to the transport and back. The four rules: mu is never held here; who reads holds reading, who
// writes holds writing; a Read never waits for a writer; what libssl put out is always kept until it is sent.

// maxQueue is how much ciphertext Reads may leave unsent (answers to key updates and the like) before they wait.
const maxQueue = 1 << 20

// fill brings ciphertext in, unless some has come since the crossing that found there was none. It gives up when one
// of those deadlines passes.
func (c *Conn) fill(arrivals uint64, by deadlineSet) error {
	if err := c.takeTurn(context.Background(), c.reading, by); err != nil {
		return err
	}
	defer func() { <-c.reading }()
	c.mu.Lock()
	waiting := c.in == nil && c.arrivals == arrivals && c.ptr != nil
	c.mu.Unlock()
	if !waiting {
		return nil
	}
	if by != byRead {
		c.endReadsBy(by)
		defer c.endReadsBy(byRead)
	}
	b, err := c.receive()
	c.mu.Lock()
	defer c.mu.Unlock()
	if b != nil {
		if c.ptr != nil {
			c.in = b
			c.arrivals++
		} else {
			b.release()
		}
	}
	if errors.Is(err, io.EOF) {
		c.eof = true
		c.arrivals++
		return nil
	}
	if b != nil {
		return nil // an error that came with it comes again
	}
	return err
}

// receive reads from the transport once. A plain socket is polled first, so that nothing is allocated while it waits;
// other transports wait with a small buffer, and get a large one when that was filled.
func (c *Conn) receive() (*block, error) {
	if c.socket != nil {
		return c.socket.receive()
	}
	size := 1
	if c.filled {
		size = record
	}
	b := newBlock(size)
	n, err := c.transport.Read(b.room())
	c.filled = n == cap(b.b)
	return b.grow(n), err
}

// flush sends what is queued, all of it, unless the transport fails or one of those deadlines passes. What could not
// be sent stays queued.
func (c *Conn) flush(by deadlineSet) error {
	for c.queued() {
		if err := c.takeTurn(context.Background(), c.writing, by); err != nil {
			return err
		}
		err := c.drain(by)
		<-c.writing
		if err != nil {
			return err
		}
	}
	return nil
}

// queued reports whether ciphertext may be sent, or is being sent. What a crossing wrote waits until the callbacks have
// been told of the crossing: a session is stored before the peer can know it.
func (c *Conn) queued() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out != nil && c.untold == 0 || c.unsent
}

// drain writes out, in order, what is in sending and in the queue. writing is held.
func (c *Conn) drain(by deadlineSet) error {
	if by != byWrite {
		c.endWritesBy(by)
		defer c.endWritesBy(byWrite)
	}
	for {
		c.mu.Lock()
		if c.sending == nil && c.untold == 0 {
			c.sending, c.out = c.out, nil
		}
		c.unsent = c.sending != nil
		c.mu.Unlock()
		if c.sending == nil {
			return nil
		}
		n, err := c.transport.Write(c.sending.unread())
		c.sending = c.sending.skip(n)
		if err != nil {
			return err
		}
	}
}

// flushFlight sends the last of a server's handshake, or an alert: nobody can be made to wait until the peer reads
// it. A plain socket has room for it.
func (c *Conn) flushFlight(by deadlineSet) {
	if c.socket != nil {
		c.flush(by)
	} else {
		c.flushInBackground()
	}
}

// flushAside sends what a Read has caused without keeping it waiting, unless too much has piled up.
func (c *Conn) flushAside() error {
	c.mu.Lock()
	tooMuch := len(c.out.unread()) > maxQueue
	c.mu.Unlock()
	if tooMuch {
		return c.flush(byRead)
	}
	c.flushInBackground()
	return nil
}

// flushInBackground has a goroutine send what is queued. What fails stays queued: the next Write meets the failure.
func (c *Conn) flushInBackground() {
	if !c.queued() || c.flushing.Swap(true) {
		return
	}
	go func() {
		err := c.flush(0)
		c.flushing.Store(false)
		if err == nil && c.queued() { // came while we were leaving
			c.flushInBackground()
		}
	}()
}

// errPeerClosed ends the wait for what can't come any more.
var errPeerClosed = errors.New("libssl: the peer has closed the connection in the middle of a handshake")

// maxPlain is how much application data is read ahead of a Read, while a Write or an AwaitSession needs what comes
// behind it.
const maxPlain = 1 << 20

// await waits until something has arrived after the crossing that saw so many arrivals. If nobody else reads, it has
// the transport read.
func (c *Conn) await(ctx context.Context, arrivals uint64, timeout <-chan time.Time) error {
	progress, full, err := c.watch(arrivals)
	if progress == nil {
		return err
	}
	c.waiting.Add(1)
	defer c.waiting.Add(-1)
	var pumped <-chan error
	if !full {
		pumped = c.pump()
	}
	select {
	case <-progress:
		err = nil
	case err = <-pumped:
	case <-timeout:
		err = os.ErrDeadlineExceeded
	case <-c.closed:
		err = ErrClosed
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if v := c.parked.Swap(nil); v != nil {
		panic(*v)
	}
	return err
}

// watch returns what tells of the next arrival; nil if there was one already, or none can come.
func (c *Conn) watch(arrivals uint64) (progress <-chan struct{}, full bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ptr == nil:
		return nil, false, c.gone()
	case c.broken != nil:
		return nil, false, c.broken
	case c.arrivals != arrivals && c.in == nil:
		return nil, false, nil
	}
	return c.progress.wait(), len(c.plain) >= maxPlain, nil
}

// pump reads for those who wait, into plain, and sends what made it stop. It is nil if a pump is running already.
func (c *Conn) pump() <-chan error {
	if c.pumping.Swap(true) {
		return nil
	}
	result := make(chan error, 1)
	go func() {
		err := ErrAbandoned // unless readAhead returns
		defer func() {
			result <- err
			c.pumping.Store(false)
			c.progress.give() // who found this pump at work starts another
		}()
		err = c.readAhead()
	}()
	return result
}

// parkPanic, deferred, keeps a callback's panic for one who waits: it must not go on in a goroutine of ours.
func (c *Conn) parkPanic() {
	v := recover()
	switch {
	case v == nil:
	case c.waiting.Load() > 0:
		c.parked.Store(&v)
	default:
		log.Printf("libssl: panic in a callback, after the call that it ran for had given up: %v\n%s", v, debug.Stack())
	}
}

// readAhead has libssl process what arrives until it has got somewhere.
func (c *Conn) readAhead() error {
	defer c.afterCall()
	var buf [record]byte
	r, err := c.cross(doReadAhead, buf[:])
	for err == nil && r.code == sslWantRead {
		if r.wrote {
			c.flushInBackground()
		}
		if err := c.fill(r.arrivals, 0); err != nil {
			return c.transportError(err)
		}
		r, err = c.cross(doReadAhead, buf[:])
	}
	if r.wrote || err != nil { // an answer, or an alert
		c.flushInBackground()
	}
	if err == nil && r.code == sslZeroReturn {
		return errPeerClosed
	}
	return err
}
