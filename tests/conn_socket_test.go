package tests

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// Kernel sockets are read and written by calls of our own.

// overSocket makes connections over TCP and over a Unix socket.
func overSocket(t *testing.T, test func(t *testing.T, p *pair.Pair)) {
	for name, transport := range map[string]testutil.Transport{"TCP": testutil.TCP, "Unix": testutil.Unix} {
		t.Run(name, func(t *testing.T) {
			watchdog(t, time.Minute)
			mode := pair.Modes[2]
			test(t, connect(t, transport, mode.ServerCtx(t), mode.ClientCtx(t), nil))
		})
	}
}

// requireNetError requires what package net says of that failure.
func requireNetError(t *testing.T, c *libssl.Conn, op string, err error) {
	t.Helper()
	var e *net.OpError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, op, e.Op)
	assert.Equal(t, c.LocalAddr().Network(), e.Net)
	assert.Equal(t, c.LocalAddr(), e.Source)
	assert.Equal(t, c.RemoteAddr(), e.Addr)
	if call := (*os.SyscallError)(nil); errors.As(err, &call) {
		assert.Equal(t, op, call.Syscall)
	}
}

// A failure of the transport is the one that net.Conn has.
func TestSocketErrors(t *testing.T) {
	t.Parallel()
	overSocket(t, func(t *testing.T, p *pair.Pair) {
		if tcp, ok := p.Server.NetConn().(*net.TCPConn); ok { // the peer vanishes: a reset
			require.NoError(t, tcp.SetLinger(0))
			require.NoError(t, tcp.Close())
			_, err := p.Client.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNRESET)
			requireNetError(t, p.Client, "read", err)
		} else {
			require.NoError(t, p.Server.NetConn().Close())
		}
		_, err := p.Client.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.EPIPE)
		requireNetError(t, p.Client, "write", err)
		require.NoError(t, p.Client.NetConn().Close())
		_, err = p.Client.Write([]byte("x"))
		require.ErrorIs(t, err, net.ErrClosed)
		requireNetError(t, p.Client, "write", err)
	})
}

// A descriptor in blocking mode, as a C library or a file made of it may leave it, blocks nobody: deadlines hold, and
// nothing is lost.
func TestBlockingSocket(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH == "386" {
		t.Skip("here it does block: see socketcall_other.go")
	}
	t.Parallel()
	overSocket(t, func(t *testing.T, p *pair.Pair) {
		for _, c := range []*libssl.Conn{p.Client, p.Server} {
			raw, err := c.NetConn().(syscall.Conn).SyscallConn()
			require.NoError(t, err)
			require.NoError(t, raw.Control(func(fd uintptr) { err = syscall.SetNonblock(int(fd), false) }))
			require.NoError(t, err)
		}
		soonEnough := func() time.Time { return time.Now().Add(50 * time.Millisecond) }
		require.NoError(t, p.Client.SetReadDeadline(soonEnough()))
		_, err := p.Client.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)

		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than the kernel takes
		require.NoError(t, p.Client.SetWriteDeadline(soonEnough()))
		n, err := p.Client.Write(sent)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Less(t, n, len(sent))
		require.NoError(t, p.Client.SetWriteDeadline(time.Time{}))
		rest := async(func() error { _, err := p.Client.Write(sent[n:]); return err })
		got := make([]byte, len(sent))
		_, err = io.ReadFull(p.Server, got)
		require.NoError(t, err)
		require.NoError(t, within(t, patience, rest, "Write"))
		assert.True(t, bytes.Equal(sent, got))
	})
}

// What one goroutine did before its Write, another may look at after the Read that got it. The race detector has to see
// that too when only one of the ends is ours.
func TestWriteHappensBeforeRead(t *testing.T) {
	t.Parallel()
	watchdog(t, time.Minute)
	raw, peerRaw := testutil.TCP(t)
	server := newConn(t, raw, pair.Modes[2], true)
	client := tls.Client(peerRaw, foreign(t, tls.VersionTLS13))
	handshake := async(server.Handshake)
	require.NoError(t, client.Handshake())
	require.NoError(t, <-handshake)
	for _, ends := range [][2]net.Conn{{client, server}, {server, client}} {
		writer, reader := ends[0], ends[1]
		var told [100]int
		read := async(func() error {
			buf := make([]byte, 1)
			for i := range told {
				if _, err := reader.Read(buf); err != nil {
					return err
				}
				if told[i] != i+1 {
					return fmt.Errorf("%d: %d", i, told[i])
				}
			}
			return nil
		})
		for i := range told {
			told[i] = i + 1
			_, err := writer.Write([]byte{0})
			require.NoError(t, err)
		}
		require.NoError(t, within(t, patience, read, "Read"))
	}
}
