package libssl

// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/go-libssl/libssl/internal/atclose"
)

type ssl = SSL

// A Conn is a TLS connection over a transport: a net.Conn. Its methods may be called at any time from any goroutine.
//
// Reading and writing are independent of each other: neither waits for the other's transport. After a time-out the
// connection goes on: ciphertext that was made and not sent goes first the next time.
type Conn struct {
	*ssl
	transport net.Conn
	socket    *socket   // the transport, if it is a plain kernel socket
	writer    io.Writer // the socket, or else the transport
	atClose   func()    // nil, or what asks a last time

	token   chan struct{} // held by who runs the handshake
	done    atomic.Bool   // the first handshake is complete
	failure error         // of the handshake: it is not tried again; guarded by token
	early   earlyReader   // guarded by token

	accepted bool // by Stateless; guarded by token

	reading chan struct{} // held by who reads the transport: keeps ciphertext in order
	filled  bool          // the last read filled its buffer; guarded by reading
	writing chan struct{} // held by who writes the transport
	sending *block        // being sent; guarded by writing
	message sync.Mutex    // held by a Write over its retries: libssl wants the same bytes again

	// Guarded by SSL.mu.
	in       *block          // ciphertext that libssl has not taken yet
	short    bool            // it will take that only with more
	eof      bool            // the transport has ended
	arrivals uint64          // how often ciphertext, or the end, has come
	plain    []byte          // read ahead of a Read
	out      *block          // ciphertext to be sent
	untold   int             // crossings whose callbacks have yet to be told: out is held back
	unsent   bool            // there is some in sending too
	broken   error           // libssl has given the connection up
	base     context.Context // of the handshake under way
	dry      bool            // a Read can do nothing before ciphertext comes
	shutdown C.int           // SSL_get_shutdown, after the last crossing

	progress signal // something has arrived, or a deadline has changed

	flushing atomic.Bool // a goroutine is sending what is queued
	pump     pump        // reads ahead

	deadlines deadlines

	closing  atomic.Bool
	closed   chan struct{} // closed when closing begins
	writers  atomic.Int32  // Writes under way
	telling  tellers       // who is in a callback that runs after its crossing
	deferred atomic.Bool   // a callback called Close, which waits for the call to end

	sessions sessionSink // set before the handshake
	limit    *time.Timer // ends a handshake that takes too long; nil for none
	expired  atomic.Bool // it has
}

// Client makes the client's end of a connection on c, a transport, which it then owns. The handshake runs at the
// first Read, Write or Handshake. With a Ctx of NewClientCtx set the name first: see [SSL.SetServerName].
//
// C: SSL_new(3)
func Client(c net.Conn, ctx *Ctx) (*Conn, error) { return newConn(c, ctx, false) }

// Server makes the server's end.
//
// C: SSL_new(3)
func Server(c net.Conn, ctx *Ctx) (*Conn, error) { return newConn(c, ctx, true) }

func init() { atclose.Do = func(conn any, f func()) { conn.(*Conn).atClose = f } }

func newConn(transport net.Conn, ctx *Ctx, server bool) (*Conn, error) {
	if transport == nil {
		return nil, errors.New("libssl: nil net.Conn")
	}
	growStack() // who makes a connection often shakes hands on it next
	s, err := newSSL(ctx, server)
	if err != nil {
		return nil, err
	}
	c := &Conn{
		ssl:       s,
		transport: transport,
		socket:    newSocket(transport),
		token:     make(chan struct{}, 1),
		reading:   make(chan struct{}, 1),
		writing:   make(chan struct{}, 1),
		deadlines: deadlines{readBy: byRead, writeBy: byWrite},
		closed:    make(chan struct{}),
		base:      context.Background(),
	}
	c.writer = c.transport
	if c.socket != nil {
		c.writer = c.socket
	}
	s.conn = c
	return c, nil
}

// SSL returns the connection's SSL.
func (c *Conn) SSL() *SSL { return c.ssl }

// NetConn returns the transport. Reading from it or writing to it corrupts the connection.
func (c *Conn) NetConn() net.Conn { return c.transport }

// LocalAddr returns the transport's.
func (c *Conn) LocalAddr() net.Addr { return c.transport.LocalAddr() }

// RemoteAddr returns the transport's.
func (c *Conn) RemoteAddr() net.Addr { return c.transport.RemoteAddr() }

// Handshake runs the handshake if it has not been run. Either deadline ends it; one that a Read or a Write has run is
// ended by theirs. On a transport that is no plain socket an alert, or a TLS 1.3 server's tickets, may still be on their
// way when it returns: Close sends them. After a time-out it goes on where it was when it is called again; any other failure is final and returned again.
//
// C: SSL_do_handshake(3)
func (c *Conn) Handshake() error { return c.HandshakeContext(context.Background()) }

// HandshakeContext is Handshake with a context: when it ends first, the transport is closed and its error returned. One
// that has ended already begins nothing and ends nothing.
// Once the handshake is complete the context has no influence.
//
// C: SSL_do_handshake(3)
func (c *Conn) HandshakeContext(ctx context.Context) error {
	return c.ensureHandshake(ctx, byRead|byWrite)
}

// ensureHandshake is HandshakeContext for what ends by those deadlines.
func (c *Conn) ensureHandshake(ctx context.Context, by deadlineSet) error {
	if c.inCallback() {
		return ErrInCallback
	}
	if c.done.Load() {
		if c.closing.Load() {
			return ErrClosed
		}
		return nil
	}
	return c.inHandshake(ctx, by, func() error {
		if c.done.Load() {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		stop := c.closeAtEndOf(ctx)
		defer stop()
		growStack()
		err := c.runHandshake(ctx, by)
		if !stop() { // the transport is closed, even if the handshake just made it
			c.done.Store(false)
			c.failure = context.Cause(ctx)
			return c.failure
		}
		return c.keepFailure(err)
	})
}

// closeAtEndOf closes the transport when ctx ends, until the result is called, which reports false if it came too late.
func (c *Conn) closeAtEndOf(ctx context.Context) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { c.transport.Close() })
}

// growStack makes the goroutine's stack as large as a handshake with a callback in it needs. Else it would be doubled
// twice, each time with many frames to be moved: on a resumed handshake that is a third of the instructions in Go.
//
//go:noinline
func growStack() {
	var room [4 << 10]byte
	touch(&room)
}

//go:noinline
func touch(*[4 << 10]byte) {}

// inHandshake runs f alone, and not after the handshake has failed.
func (c *Conn) inHandshake(ctx context.Context, by deadlineSet, f func() error) error {
	c.writers.Add(1) // a handshake writes too
	defer c.writers.Add(-1)
	if err := c.takeTurn(ctx, c.token, by); err != nil {
		return err
	}
	defer c.afterCall()
	defer func() { <-c.token }()
	if c.failure != nil {
		return c.failure
	}
	return f()
}

// keepFailure makes a failure of the handshake final, unless with more time it would go on where it was.
func (c *Conn) keepFailure(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) || c.expired.Load() {
		c.failure = err
	}
	return err
}

// limitHandshake closes the transport unless the handshake is complete in time.
func (c *Conn) limitHandshake(d time.Duration) {
	if d <= 0 {
		return
	}
	c.limit = time.AfterFunc(d, func() {
		if !c.done.Load() {
			c.expired.Store(true)
			c.transport.Close()
			c.progress.give()
		}
	})
}

// runHandshake drives libssl until the handshake is complete or has failed.
func (c *Conn) runHandshake(ctx context.Context, by deadlineSet) error {
	c.setBase(ctx)
	defer c.setBase(context.Background())
	if err := c.keepEarlyData(ctx, by); err != nil {
		return err
	}
	if c.server { // it speaks second
		if err := c.fill(context.Background(), 0, by); err != nil {
			return c.transportError(err)
		}
	}
	for {
		r, err := c.cross(doHandshake, nil)
		if err != nil {
			c.flushFlight(by)
			return c.transportError(err)
		}
		if r.code == C.SSL_ERROR_NONE && c.server && r.version >= versionTLS13 { // nobody waits for tickets
			c.complete()
			c.flushFlight(by)
			return nil
		}
		if r.skips {
			c.flushInBackground()
		} else if err := c.flush(by); err != nil {
			return c.transportError(err)
		}
		switch r.code {
		case C.SSL_ERROR_NONE:
			c.complete()
			return nil
		case C.SSL_ERROR_WANT_READ:
			if err := c.fill(context.Background(), r.arrivals, by); err != nil {
				return c.transportError(err)
			}
		case C.SSL_ERROR_WANT_CLIENT_HELLO_CB:
			if err := c.awaitWork(ctx, r.work, by); err != nil {
				return err
			}
		default:
			return &Error{Op: "SSL_do_handshake", Ret: r.n, SSLError: r.code}
		}
	}
}

func (c *Conn) setBase(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = ctx
}

func (c *Conn) complete() {
	c.handle.whole.Store(true)
	if c.limit != nil {
		c.limit.Stop()
	}
	c.done.Store(true)
}

// Read reads application data. It returns io.EOF after the peer's close_notify only, and io.ErrUnexpectedEOF when the
// transport ends without one.
//
// C: SSL_read(3)
func (c *Conn) Read(p []byte) (int, error) {
	if c.inCallback() {
		return 0, ErrInCallback
	}
	if err := c.ensureHandshake(context.Background(), byRead); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	defer c.afterCall()
	for {
		if c.deadlines.passed(byRead) {
			return 0, os.ErrDeadlineExceeded
		}
		r, err := c.cross(doRead, p)
		switch {
		case err != nil:
			c.flushInBackground()
			return 0, readError(c.transportError(err))
		case r.code == C.SSL_ERROR_ZERO_RETURN:
			return 0, io.EOF
		case r.crowded:
			if err := c.flush(byRead); err != nil {
				return 0, c.transportError(err)
			}
			continue
		case r.wrote:
			c.flushInBackground()
		}
		switch r.code {
		case C.SSL_ERROR_NONE:
			return r.n, nil
		case C.SSL_ERROR_WANT_CLIENT_HELLO_CB: // of a renegotiation
			if err := c.awaitWork(context.Background(), r.work, byRead); err != nil {
				return 0, err
			}
			continue
		}
		if err := c.fill(context.Background(), r.arrivals, byRead); err != nil {
			return 0, c.transportError(err)
		}
	}
}

// readError makes a cut what package net's users expect of it.
func readError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write writes application data. n counts what was encrypted: after a time-out that much is on its way and is not to
// be written again, though part of it may not have been sent yet.
//
// C: SSL_write(3)
func (c *Conn) Write(p []byte) (n int, err error) {
	if c.inCallback() {
		return 0, ErrInCallback
	}
	c.writers.Add(1) // from here on Close knows of us
	defer c.writers.Add(-1)
	if err := c.ensureHandshake(context.Background(), byWrite); err != nil {
		return 0, err
	}
	c.message.Lock()
	defer c.afterCall()
	defer c.message.Unlock()
	return c.writeAll(p)
}

// writeAll is Write, alone.
func (c *Conn) writeAll(p []byte) (n int, err error) {
	for n < len(p) {
		if c.closing.Load() {
			return n, ErrClosed
		}
		if c.deadlines.passed(byWrite) {
			return n, os.ErrDeadlineExceeded
		}
		// What a time-out left goes first: nothing is encrypted that can't be sent.
		if err := c.flush(byWrite); err != nil {
			return n, c.transportError(err)
		}
		r, err := c.cross(doWrite, p[n:min(len(p), n+maxWrite)])
		if err != nil {
			return n, c.transportError(err)
		}
		if r.code == C.SSL_ERROR_WANT_READ { // a handshake is under way
			if err := c.flush(byWrite); err != nil {
				return n, c.transportError(err)
			}
			if err := c.await(context.Background(), r.arrivals, byWrite); err != nil {
				return n, err
			}
			continue
		}
		if r.code == C.SSL_ERROR_WANT_CLIENT_HELLO_CB {
			if err := c.awaitWork(context.Background(), r.work, byWrite); err != nil {
				return n, err
			}
			continue
		}
		if r.code != C.SSL_ERROR_NONE {
			return n, &Error{Op: "SSL_write", Ret: r.n, SSLError: r.code}
		}
		n += r.n
	}
	if err := c.flush(byWrite); err != nil {
		return n, c.transportError(err)
	}
	return n, nil
}

// CloseWrite sends close_notify: the peer reads io.EOF. Reading goes on.
//
// C: SSL_shutdown(3)
func (c *Conn) CloseWrite() error {
	if c.inCallback() {
		return ErrInCallback
	}
	if !c.done.Load() {
		return errors.New("libssl: CloseWrite before the handshake is complete")
	}
	c.message.Lock()
	defer c.afterCall()
	defer c.message.Unlock()
	for {
		r, err := c.cross(doShutdown, nil)
		if flushErr := c.flush(byWrite); flushErr != nil {
			return c.transportError(flushErr)
		}
		if !errors.Is(err, ReasonShutdownWhileInInit) {
			return c.transportError(err)
		}
		if err := c.await(context.Background(), r.arrivals, byWrite); err != nil { // a handshake is under way
			return err
		}
	}
}

// closeTimeout bounds how long Close waits for the peer to take close_notify.
const closeTimeout = 5 * time.Second

var longAgo = time.Unix(1, 0)

// Close ends the connection: it sends close_notify if that can be done within seconds, frees the SSL and closes the
// transport. Reads and Writes under way return ErrClosed; a Write that was waiting for the peer is cut off. The
// session stays resumable unless a fatal error had ended the connection. A socket whose peer has not closed yet stays
// for a second at most, so that what was sent is not lost. It may be called more than once. From inside
// one of the connection's callbacks it takes effect when the call that led to the callback ends.
//
// C: SSL_free(3)
func (c *Conn) Close() (err error) {
	if c.inCallback() {
		c.deferred.Store(true)
		return nil
	}
	if c.closing.Swap(true) {
		return nil
	}
	close(c.closed)
	if c.limit != nil {
		c.limit.Stop()
	}
	c.wake()
	var watchdog *time.Timer
	if c.socket == nil { // it may know no deadlines
		watchdog = time.AfterFunc(closeTimeout, func() { c.transport.Close() })
	}
	sent := false
	defer func() {
		if watchdog != nil {
			watchdog.Stop()
		}
		half, ok := c.transport.(halfCloser)
		linger := ok && sent && !c.peerClosed()
		if c.atClose != nil {
			c.atClose()
		}
		notes := c.free()
		if linger {
			go c.linger(half)
		} else {
			err = c.transport.Close()
		}
		deliver(notes)
	}()
	if c.done.Load() && !c.said() {
		c.cross(doShutdown, nil) // fails if libssl has given up: an alert is queued then
	}
	c.writing <- struct{}{} // who has it has been woken
	sent = c.drain(byWrite) == nil && c.done.Load()
	<-c.writing
	return nil
}

// lingerTime is how long a closed connection's socket waits for the peer to close too.
const lingerTime = time.Second

// said reports whether close_notify has been given to the transport, or is queued for it.
func (c *Conn) said() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shutdown&C.SSL_SENT_SHUTDOWN != 0
}

// peerClosed reports whether nothing can come from the peer any more.
func (c *Conn) peerClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ptr == nil || c.eof || c.broken != nil || c.shutdown&C.SSL_RECEIVED_SHUTDOWN != 0
}

// A halfCloser is a transport that can end one direction, as TCP and Unix sockets can.
type halfCloser interface{ CloseWrite() error }

// linger closes a socket such that the peer gets all that was sent. What comes in unread or afterwards, as the tickets
// of a TLS 1.3 server do, would make the kernel reset the connection and throw away what the peer has not read yet.
func (c *Conn) linger(half halfCloser) {
	defer c.transport.Close()
	timer := time.AfterFunc(lingerTime, func() { c.transport.Close() }) // for transports without deadlines
	defer timer.Stop()
	half.CloseWrite()
	c.reading <- struct{}{} // who has it has been woken
	c.transport.SetReadDeadline(time.Now().Add(lingerTime))
	for {
		b, err := c.receive()
		b.release()
		if err != nil {
			return
		}
	}
}

// free frees the SSL and gives the buffers back.
func (c *Conn) free() *C.gls_note {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ptr == nil {
		return nil
	}
	c.ptr = nil
	c.in.release()
	c.out.release()
	c.in, c.out, c.plain = nil, nil, nil
	c.progress.give()
	return c.handle.free()
}

// afterCall does what a callback inside the call could not: close.
func (c *Conn) afterCall() {
	if c.deferred.Load() && !c.inCallback() {
		c.Close()
	}
}

// transportError turns the failure that somebody of our own woke us with into what it means.
func (c *Conn) transportError(err error) error {
	switch {
	case err == nil:
		return nil
	case c.closing.Load():
		return ErrClosed
	case c.expired.Load():
		return os.ErrDeadlineExceeded
	}
	return err
}

// A crossing of libssl that moves records.
type operation int

const (
	doHandshake operation = iota
	doRead
	doReadAhead // into plain, for a Read to come
	doWrite
	doTicket // one more: the first of the requests, which gls_SSL_request numbers likewise
	doKeyUpdate
	doKeyUpdateOfBoth
	doRenegotiate
	doRenegotiateAbbreviated
	doVerifyClient // the last
	doShutdown
	doWriteEarly
	doReadEarly
	doStateless
)

func (op operation) isRequest() bool { return op >= doTicket && op <= doVerifyClient }

// crossed is what a crossing came to when it did not fail.
type crossed struct {
	n        int
	code     int        // SSL_get_error, or 0
	wrote    bool       // there is ciphertext to be sent
	inInit   bool       // a handshake is under way
	refused  bool       // libssl does not take the request
	crowded  bool       // nothing was read: so much is queued that some of it has to be sent first
	arrivals uint64     // as they were: for fill
	version  int        // of the protocol, after a handshake
	work     *helloWork // what it waits for, if the code is SSL_ERROR_WANT_CLIENT_HELLO_CB
	skips    bool       // the client sends early data that the server skips, and may read nothing until it has sent it all

	waiters chan struct{} // to be closed: something has arrived
}

const (
	sslWantRead        = C.SSL_ERROR_WANT_READ
	sslWantClientHello = C.SSL_ERROR_WANT_CLIENT_HELLO_CB
	sslZeroReturn      = C.SSL_ERROR_ZERO_RETURN
)

// cross makes one crossing, tells the callbacks what happened in it, and goes on with a callback's panic.
func (c *Conn) cross(op operation, p []byte) (crossed, error) {
	r, notes, panicked, err := c.crossLocked(op, p)
	if r.waiters != nil {
		defer close(r.waiters) // who waits for something new finds the callbacks told of it
	}
	if op == doReadAhead {
		defer c.pump.park()
	}
	if notes != nil {
		c.tell(notes)
	}
	if panicked != nil {
		if err == nil { // libssl takes a failed lookup for one that found nothing, and would go on
			c.giveUp()
		}
		c.flushInBackground()
		panic(*panicked)
	}
	return r, err
}

var errPanicked = errors.New("libssl: connection given up: a callback panicked")

// giveUp ends a connection that libssl sees no fault in. The peer finds it cut.
func (c *Conn) giveUp() {
	c.mu.Lock()
	c.broken = errPanicked
	c.handle.whole.Store(false)
	c.mu.Unlock()
	c.transport.Close()
}

// tell tells the callbacks what happened in a crossing, and then lets go what the crossing wrote.
func (c *Conn) tell(notes *C.gls_note) {
	c.telling.enter()
	defer func() {
		c.telling.leave()
		c.mu.Lock()
		c.untold--
		c.mu.Unlock()
		c.flushInBackground() // somebody may have found it held back, and gone
	}()
	deliver(notes)
}

// crossLocked is the crossing itself. What libssl wrote is queued before anybody else can cross.
func (c *Conn) crossLocked(op operation, p []byte) (r crossed, notes *C.gls_note, panicked *any, err error) {
	if op != doShutdown { // a Read renegotiates too, and a Write goes on with it
		c.origin.rlock()
		defer c.origin.mu.RUnlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.letGo()
	return c.crossHolding(op, p)
}

// crossHolding is crossLocked with everything locked. It is apart so that each has few enough defers and returns for
// the compiler to run the deferred calls in line.
func (c *Conn) crossHolding(op operation, p []byte) (r crossed, notes *C.gls_note, panicked *any, err error) {
	if c.ptr == nil {
		return r, nil, nil, c.gone()
	}
	if op == doRead && len(c.plain) > 0 {
		return crossed{n: c.takePlain(p)}, nil, nil, nil
	}
	if c.broken != nil {
		return r, nil, nil, c.broken
	}
	if op == doRead || op == doReadAhead {
		switch {
		case len(c.out.unread()) > maxQueue:
			return crossed{crowded: true}, nil, nil, nil
		case c.dry && c.in == nil && !c.eof: // what libssl would say
			return crossed{code: sslWantRead, arrivals: c.arrivals}, nil, nil, nil
		}
	}
	if op != doShutdown && c.ctx != c.origin {
		c.hold(c.ctx)
	}
	if op == doHandshake || op == doWriteEarly {
		if err := c.checkName(); err != nil {
			return r, nil, nil, err
		}
	}
	if op == doWriteEarly {
		if err := c.checkEarlyData(); err != nil {
			return r, nil, nil, err
		}
	}
	var in, room []byte
	switch op {
	case doWrite, doWriteEarly:
		c.out = c.out.withRoom(len(p))
	case doHandshake: // a flight
		c.out = c.out.withRoom(record)
		in = c.in.unread()
	default:
		in = c.in.unread()
	}
	if c.out != nil {
		room = c.out.room()
	}
	c.hello.stateless = op == doStateless
	io := c.perform(op, p, in, room)
	c.dry, c.shutdown = io.dry != 0, io.shutdown
	panicked, c.panicked = c.panicked, nil
	if io.in_used > 0 {
		c.arrivals++ // what an earlier crossing waited for may be here
	}
	c.take(io)
	c.short = op == doStateless && io.r.ssl_error == sslWantRead
	r = crossed{
		n: int(io.r.ret), code: int(io.r.ssl_error), wrote: io.out_len > 0 || io.spill != nil,
		inInit: io.in_init != 0, version: int(io.version), arrivals: c.arrivals, work: c.hello.work,
		skips: c.server && io.early_data_rejected != 0,
	}
	if op == doReadAhead && r.n > 0 {
		c.plain = append(c.plain, p[:r.n]...)
	}
	if io.r.ssl_error == C.SSL_ERROR_SSL || io.r.ssl_error == C.SSL_ERROR_SYSCALL {
		err = c.fail(op, io)
	}
	if r.refused = op.isRequest() && io.r.ret <= 0 && io.r.ssl_error == 0; r.refused {
		err = newError(io.r)
	}
	if io.in_used > 0 || c.eof || c.broken != nil {
		r.waiters = c.progress.take()
	}
	if io.r.notes != nil {
		c.untold++
	}
	c.callbackErr = nil
	return r, io.r.notes, panicked, err
}

// perform calls libssl. It takes from in and puts into room, and more than that into memory of its own; the result,
// which stands until the next crossing, tells how much.
func (c *Conn) perform(op operation, p, in, room []byte) *C.gls_io {
	data, n := (*C.uchar)(unsafe.SliceData(some(p))), C.size_t(len(p))
	inPtr, inLen, eof := (*C.uchar)(unsafe.SliceData(in)), C.size_t(len(in)), cBool(c.eof)
	out, outCap := (*C.uchar)(unsafe.SliceData(room)), C.size_t(len(room))
	switch op {
	case doHandshake:
		return C.gls_SSL_do_handshake(c.ptr, inPtr, inLen, eof, out, outCap)
	case doRead, doReadAhead:
		return C.gls_SSL_read(c.ptr, data, n, inPtr, inLen, eof)
	case doWrite:
		return C.gls_SSL_write(c.ptr, data, n, out, outCap)
	case doShutdown:
		return C.gls_SSL_shutdown(c.ptr)
	case doWriteEarly:
		return C.gls_SSL_write_early_data(c.ptr, data, n, out, outCap)
	case doReadEarly:
		return C.gls_SSL_read_early_data(c.ptr, data, n, inPtr, inLen, eof)
	case doStateless:
		return C.gls_SSL_stateless(c.ptr, inPtr, inLen, eof)
	default:
		return C.gls_SSL_request(c.ptr, C.int(op-doTicket))
	}
}

// take books what a crossing took in and put out.
func (c *Conn) take(io *C.gls_io) {
	c.in = c.in.skip(int(io.in_used))
	c.out = c.out.grow(int(io.out_len))
	if io.spill != nil {
		c.out = c.out.append(unsafe.Slice((*byte)(io.spill), int(io.spill_len)))
		C.free(unsafe.Pointer(io.spill))
	}
	if io.in_init == 0 {
		c.hello = helloState{}
	}
}

// fail makes the error of a failed crossing, and keeps one that has ended the connection.
func (c *Conn) fail(op operation, io *C.gls_io) error {
	err := c.connectionError(io.r, c.eof)
	early := op == doWriteEarly || op == doReadEarly
	if early && err.Stack.has(reasonShouldNotHaveBeenCalled) { // nothing was done
		err.Err = ErrNoEarlyData
		return err
	}
	if op == doHandshake || op == doStateless || early || op != doShutdown && io.in_init != 0 || io.r.ssl_error == C.SSL_ERROR_SYSCALL {
		c.broken = err
		c.handle.whole.Store(false)
	}
	return err
}

// takePlain is a Read of what was read ahead. mu is held.
func (c *Conn) takePlain(p []byte) int {
	n := copy(p, c.plain)
	if c.plain = c.plain[n:]; len(c.plain) == 0 {
		c.plain = nil
	}
	c.progress.give()
	return n
}

// A signal is waited for by many, and has a lock of its own: who waits must not have to wait for a crossing.
type signal struct {
	mu sync.Mutex
	c  chan struct{} // nil if nobody waits
}

// wait returns what is closed when the signal is given next.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

// take returns what gives the signal when it is closed; nil if nobody waits.
func (s *signal) take() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.c
	s.c = nil
	return c
}

func (s *signal) give() {
	if c := s.take(); c != nil {
		close(c)
	}
}
