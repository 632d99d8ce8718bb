//go:build cgo

package libssl

import (
	"context"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A deadlineSet names deadlines of a connection: those that end something.
type deadlineSet int

const (
	byRead deadlineSet = 1 << iota
	byWrite
)

// deadlines are a connection's, as the user set them, and which of them the transport has to keep: mostly each its
// own, but a handshake that a Read runs writes too, and must end by the Read's alone; what a Read has caused to be sent
// later ends by none.
type deadlines struct {
	mu          sync.Mutex
	read, write atomic.Int64 // Unix nanoseconds; 0 is never
	readBy      deadlineSet  // what ends the transport's reads
	writeBy     deadlineSet
	interrupted bool // the transport's reads have been ended before any of those
}

// of returns the earliest of a set; the zero time is never.
func (d *deadlines) of(by deadlineSet) time.Time {
	at := int64(0)
	if by&byRead != 0 {
		at = d.read.Load()
	}
	if by&byWrite != 0 {
		if w := d.write.Load(); at == 0 || w != 0 && w < at {
			at = w
		}
	}
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(0, at)
}

// passed reports whether one of a set has passed.
func (d *deadlines) passed(by deadlineSet) bool {
	t := d.of(by)
	return !t.IsZero() && !time.Now().Before(t)
}

// timer returns a channel that tells when the first of a set passes, nil for never, and what ends it.
func (d *deadlines) timer(by deadlineSet) (<-chan time.Time, func()) {
	t := d.of(by)
	if t.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(t))
	return timer.C, func() { timer.Stop() }
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadlines(byRead|byWrite, t) }

// SetReadDeadline sets when a Read under way or to come gives up; the zero time is never. The connection stays usable.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(byRead, t) }

// SetWriteDeadline sets when a Write gives up. The connection stays usable.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(byWrite, t) }

func (c *Conn) setDeadlines(which deadlineSet, t time.Time) error {
	defer c.progress.give() // who waits with the old ones
	d := &c.deadlines
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.closing.Load() {
		return ErrClosed
	}
	at := int64(0)
	if !t.IsZero() {
		at = nanoseconds(t)
	}
	if which&byRead != 0 {
		d.read.Store(at)
	}
	if which&byWrite != 0 {
		d.write.Store(at)
	}
	return c.applyDeadlines(which)
}

// nanoseconds is Unix time for any time but the zero one, never 0.
func nanoseconds(t time.Time) int64 {
	switch sec := t.Unix(); {
	case sec <= 0:
		return 1
	case sec >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// applyDeadlines hands those to the transport that a change of which may have changed.
func (c *Conn) applyDeadlines(which deadlineSet) error {
	d := &c.deadlines
	if d.readBy&which != 0 {
		if err := c.transport.SetReadDeadline(d.of(d.readBy)); err != nil {
			return err
		}
	}
	if d.writeBy&which != 0 {
		return c.transport.SetWriteDeadline(d.of(d.writeBy))
	}
	return nil
}

// endReadsBy has the transport end reads by those deadlines. Whoever reads says for whom, and sets it back to byRead:
// a Write or a handshake that reads has time-outs of its own. reading is held.
func (c *Conn) endReadsBy(by deadlineSet) {
	d := &c.deadlines
	d.mu.Lock()
	defer d.mu.Unlock()
	from, to := d.of(d.readBy), d.of(by)
	d.readBy = by
	if !c.closing.Load() && (d.interrupted || !from.Equal(to)) {
		c.transport.SetReadDeadline(to)
	}
	d.interrupted = false
}

// interruptReads ends a read of the transport that no deadline ends, if there is one.
func (c *Conn) interruptReads() {
	d := &c.deadlines
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.readBy == 0 {
		d.interrupted = true
		c.transport.SetReadDeadline(longAgo)
	}
}

// endWritesBy is the same for writes, and byWrite. writing is held.
func (c *Conn) endWritesBy(by deadlineSet) {
	d := &c.deadlines
	d.mu.Lock()
	defer d.mu.Unlock()
	from, to := d.of(d.writeBy), d.of(by)
	d.writeBy = by
	if !c.closing.Load() && !from.Equal(to) {
		c.transport.SetWriteDeadline(to)
	}
}

// wake ends the Reads and Writes under way. Without a Write, what is still to be sent has a little time.
func (c *Conn) wake() {
	d := &c.deadlines
	d.mu.Lock()
	defer d.mu.Unlock()
	c.transport.SetReadDeadline(longAgo)
	if c.writers.Load() > 0 {
		c.transport.SetWriteDeadline(longAgo)
	} else {
		c.transport.SetWriteDeadline(time.Now().Add(closeTimeout))
	}
}

// takeTurn waits for a lock that is a channel of one, until ctx ends or one of those deadlines passes.
func (c *Conn) takeTurn(ctx context.Context, lock chan struct{}, by deadlineSet) error {
	select {
	case lock <- struct{}{}:
		return nil
	default:
	}
	for {
		changed := c.progress.wait()
		timeout, stop := c.deadlines.timer(by)
		select {
		case lock <- struct{}{}:
			stop()
			return nil
		case <-timeout:
			return os.ErrDeadlineExceeded
		case <-changed: // another deadline perhaps
			if c.expired.Load() {
				stop()
				return os.ErrDeadlineExceeded
			}
		case <-c.closed:
			stop()
			return ErrClosed
		case <-ctx.Done():
			stop()
			return context.Cause(ctx)
		}
		stop()
	}
}
