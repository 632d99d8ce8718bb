//go:build cgo

package libssl

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"runtime/debug"
	"sync"
)

// How ciphertext gets to the transport and back. The four rules: mu is never held here; who reads holds reading, who
// writes holds writing; a Read never waits for a writer; what libssl put out is always kept until it is sent.

// maxQueue is how much ciphertext Reads may leave unsent (answers to key updates and the like) before they wait.
const maxQueue = 1 << 20

// fill brings ciphertext in, unless some has come since the crossing that found there was none. It gives up when one
// of those deadlines passes, or ctx ends and interruptReads is called.
func (c *Conn) fill(ctx context.Context, arrivals uint64, by deadlineSet) error {
	if err := c.takeTurn(ctx, c.reading, by); err != nil {
		return err
	}
	defer func() { <-c.reading }()
	if !c.lacks(arrivals) {
		return nil
	}
	if by != byRead {
		c.endReadsBy(by)
		defer c.endReadsBy(byRead)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.arrive(c.receive())
}

// lacks reports whether nothing has come since.
func (c *Conn) lacks(arrivals uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (c.in == nil || c.short) && c.arrivals == arrivals && c.ptr != nil
}

// arrive books what a read of the transport brought.
func (c *Conn) arrive(b *block, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b != nil {
		if c.ptr != nil {
			c.in = c.in.with(b)
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
		n, err := c.writer.Write(c.sending.unread())
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

// await waits until something has arrived after the crossing that saw so many arrivals, or a deadline has been set; until
// ctx ends or one of those deadlines passes. If nobody else reads, it has the transport read.
func (c *Conn) await(ctx context.Context, arrivals uint64, by deadlineSet) error {
	progress, full, err := c.watch(arrivals)
	if progress == nil {
		return err
	}
	timeout, stop := c.deadlines.timer(by) // after watch, which tells of one set from here on
	defer stop()
	pumped := c.join(!full)
	defer c.leave()
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
	if v := c.pump.takePanic(); v != nil {
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

// A pump reads the transport, and sends what that leads to, for those who wait for something to arrive. It runs for as
// long as somebody waits and nothing has come.
type pump struct {
	mu       sync.Mutex
	waiting  int
	stop     context.CancelFunc // nil if it is not running
	panicked *any               // a callback's panic in it, for one who waits
}

// join adds one to those who wait. If the transport is to be read for them and nobody does so yet, the result tells
// how that ends.
func (c *Conn) join(read bool) <-chan error {
	c.pump.mu.Lock()
	defer c.pump.mu.Unlock()
	c.pump.waiting++
	if !read || c.pump.stop != nil {
		return nil
	}
	ctx, stop := context.WithCancel(context.Background())
	c.pump.stop = stop
	result := make(chan error, 1)
	go func() {
		err := ErrAbandoned // unless readAhead returns
		defer func() {
			result <- err
			stop()
			c.pump.mu.Lock()
			c.pump.stop = nil
			c.pump.mu.Unlock()
			c.progress.give() // who found this pump at work starts another
		}()
		err = c.readAhead(ctx)
	}()
	return result
}

// leave takes one away. The last stops the pump.
func (c *Conn) leave() {
	c.pump.mu.Lock()
	defer c.pump.mu.Unlock()
	c.pump.waiting--
	if c.pump.waiting > 0 {
		return
	}
	if c.pump.stop != nil {
		c.pump.stop()
		c.interruptReads()
	}
	if v := c.pump.panicked; v != nil {
		c.pump.panicked = nil
		logLatePanic(*v)
	}
}

// park, deferred, keeps a callback's panic for one who waits: it must not go on in a goroutine of ours.
func (p *pump) park() {
	v := recover()
	if v == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting > 0 {
		p.panicked = &v
	} else {
		logLatePanic(v)
	}
}

// takePanic returns what was parked, once.
func (p *pump) takePanic() *any {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.panicked
	p.panicked = nil
	return v
}

func logLatePanic(v any) {
	log.Printf("libssl: panic in a callback, after the call that it ran for had given up: %v\n%s", v, debug.Stack())
}

// readAhead has libssl process what arrives, into plain, until it has got somewhere or ctx ends.
func (c *Conn) readAhead(ctx context.Context) error {
	defer c.afterCall()
	var buf [record]byte
	for {
		r, err := c.cross(doReadAhead, buf[:])
		if r.wrote || err != nil { // an answer, or an alert
			c.flushInBackground()
		}
		switch {
		case err != nil:
			return err
		case r.crowded:
			err = c.flush(0)
		case r.code == sslWantRead:
			err = c.fill(ctx, r.arrivals, 0)
		case r.code == sslWantClientHello:
			err = c.awaitWork(ctx, r.work, 0)
		case r.code == sslZeroReturn:
			return errPeerClosed
		default:
			return nil
		}
		if err != nil {
			return c.transportError(err)
		}
	}
}
