package libtls_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"
)

// TestNetConn: a Conn is a net.Conn like others.
func TestNetConn(t *testing.T) {
	srv, cli := aServer(t, inFarm), aClient(t)
	nettest.TestConn(t, func() (client, server net.Conn, stop func(), err error) {
		near, far := testutil.TCP(t)
		c, err1 := libtls.Client(near, peerName, cli)
		s, err2 := srv.Accept(far)
		if err := errors.Join(err1, err2); err != nil {
			return nil, nil, nil, err
		}
		return c, s, func() { c.Close(); s.Close() }, nil
	})
}

// TestHandshakeOnce is O-2: a handshake that is complete is not made again, whoever made it.
func TestHandshakeOnce(t *testing.T) {
	m := meet(t, aServer(t), aClient(t)).fine(t)
	answers(t, m.client.Handshake(), "handshake already completed", libtls.ErrHandshakeCompleted)
	answers(t, m.server.Handshake(), "handshake already completed", libtls.ErrHandshakeCompleted)

	m = introduced(t, aServer(t), aClient(t), peerName)
	go io.Copy(io.Discard, m.server)
	_, err := m.client.Write([]byte("x"))
	require.NoError(t, err)
	answers(t, m.client.Handshake(), "handshake already completed", libtls.ErrHandshakeCompleted)
}

// TestHandshakeGoesOn: a time-out is not final.
func TestHandshakeGoesOn(t *testing.T) {
	m := introduced(t, aServer(t), aClient(t), peerName)
	require.NoError(t, m.client.SetDeadline(time.Unix(1, 0)))
	for range 2 {
		err := m.client.Handshake()
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
	}
	require.NoError(t, m.client.SetDeadline(time.Time{}))
	m.talk(t)
	m.fine(t)
}

// TestHandshakesAtOnce: whoever asks for it, it is made once.
func TestHandshakesAtOnce(t *testing.T) {
	m := introduced(t, aServer(t, inFarm), aClient(t, withFile(aFile(t))), peerName)
	go io.Copy(m.server, m.server)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := m.client.Handshake(); err != nil {
				assert.ErrorIs(t, err, libtls.ErrHandshakeCompleted)
			}
		})
		wg.Go(func() {
			_, err := m.client.Write([]byte("x"))
			assert.NoError(t, err)
		})
		wg.Go(func() {
			_, err := io.ReadFull(m.client, make([]byte, 1))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
}

// TestFailedHandshake is O-3 and O-4: who is refused hears the alert; the failure is final on both sides.
func TestFailedHandshake(t *testing.T) {
	m := meet(t, aServer(t, withVersion(libtls.ProtocolTLSv1_2)), aClient(t, withVersion(libtls.ProtocolTLSv1_3)))
	for _, err := range []error{m.clientErr, m.serverErr} {
		require.Error(t, err)
		assert.ErrorIs(t, err, libtls.ErrHandshake)
		assert.Regexp(t, `^handshake failed: error:[0-9A-F]{8}:SSL routines:[^:]*:.+`, err.Error())
		var e *libssl.Error
		assert.ErrorAs(t, err, &e)
	}
	assert.Equal(t, m.serverErr, m.server.Handshake())
	_, err := m.server.Read(make([]byte, 1))
	assert.Equal(t, m.serverErr, err)
	assert.Empty(t, m.client.Version())
}

// TestNoProtocols: a connection with none fails.
func TestNoProtocols(t *testing.T) {
	m := meet(t, aServer(t), aClient(t, withVersion(0)))
	assert.ErrorIs(t, m.clientErr, libtls.ErrHandshake)
}

// TestPeerGone: a transport that ends before the handshake is complete.
func TestPeerGone(t *testing.T) {
	m := introduced(t, aServer(t), aClient(t), peerName)
	m.server.NetConn().Close()
	err := m.client.Handshake()
	assert.ErrorIs(t, err, libtls.ErrHandshake)
	assert.True(t, errors.Is(err, io.ErrUnexpectedEOF) && err.Error() == "handshake failed: unexpected EOF" ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE), err.Error())
}

// TestClose: close_notify is io.EOF, on both sides.
func TestClose(t *testing.T) {
	m := meet(t, aServer(t), aClient(t)).fine(t)
	require.NoError(t, m.client.CloseWrite())
	_, err := m.server.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	assert.NoError(t, m.server.Close())
	_, err = m.client.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	assert.NoError(t, m.client.Close())
	assert.NoError(t, m.client.Close())
	_, err = m.client.Write([]byte("x"))
	assert.ErrorIs(t, err, libssl.ErrClosed)
	_, err = m.client.Read(make([]byte, 1))
	assert.ErrorIs(t, err, libssl.ErrClosed)
}

// TestCut: a transport that ends without a close_notify is no end of the data, and Close tells of it.
func TestCut(t *testing.T) {
	m := meet(t, aServer(t), aClient(t)).fine(t)
	require.NoError(t, m.client.NetConn().(*net.TCPConn).CloseWrite())
	_, err := m.server.Read(make([]byte, 1))
	assert.Equal(t, io.ErrUnexpectedEOF, err)
	answers(t, m.server.Close(), "EOF without close notify", libtls.ErrEOFWithoutCloseNotify)
	assert.NoError(t, m.server.Close())
}

// TestBrokenRecord is a failure of a Read after the handshake.
func TestBrokenRecord(t *testing.T) {
	m := meet(t, aServer(t), aClient(t)).fine(t)
	_, err := m.client.NetConn().Write([]byte{23, 3, 3, 0, 5, 1, 2, 3, 4, 5})
	require.NoError(t, err)
	_, err = m.server.Read(make([]byte, 1))
	assert.ErrorIs(t, err, libtls.ErrRead)
	assert.Regexp(t, `^read failed: error:[0-9A-F]{8}:SSL routines:`, err.Error())
}

// TestClosedBeforeHandshake: there is nothing to be had from a closed connection.
func TestClosedBeforeHandshake(t *testing.T) {
	m := introduced(t, aServer(t), aClient(t), peerName)
	require.NoError(t, m.client.Close())
	assert.ErrorIs(t, m.client.Handshake(), libssl.ErrClosed)
	assert.Empty(t, m.client.Version())
}

// TestTransportStaysTheCallers: where no Conn comes of it, the transport is not closed.
func TestTransportStaysTheCallers(t *testing.T) {
	near, far := testutil.TCP(t)
	f := aFile(t)
	fillFile(t, f, []byte("garbage"))
	_, err := libtls.Client(near, peerName, configured(t, withFile(f)))
	require.ErrorIs(t, err, libtls.ErrSessionFileParse)
	srv := aServer(t)
	require.NoError(t, srv.Close())
	_, err = srv.Accept(far)
	require.ErrorIs(t, err, libtls.ErrContext)
	assert.ErrorIs(t, err, libssl.ErrClosed)
	_, err = near.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(far, make([]byte, 1))
	assert.NoError(t, err)
}

// TestDial: the name is that of the address, or another one.
func TestDial(t *testing.T) {
	srv := aServer(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepted := make(chan struct{})
	defer func() {
		l.Close()
		<-accepted // srv is still open until here
	}()
	go func() {
		defer close(accepted)
		for {
			transport, err := l.Accept()
			if err != nil {
				return
			}
			c, err := srv.Accept(transport)
			if assert.NoError(t, err) {
				go func() { io.Copy(c, c); c.Close() }()
			}
		}
	}()
	addr := l.Addr().String()
	try := func(c *libtls.Conn, err error) (*libtls.Conn, error) {
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		return c, c.Handshake()
	}
	c, err := try(libtls.Dial("tcp", addr, aClient(t)))
	assert.NoError(t, err)
	assert.Equal(t, "127.0.0.1", c.ServerName())
	assert.Equal(t, addr, c.RemoteAddr().String())
	assert.Equal(t, c.NetConn().LocalAddr(), c.LocalAddr())
	c, err = try(libtls.DialServerName("tcp", addr, "a.test", aClient(t)))
	assert.NoError(t, err)
	assert.Equal(t, "a.test", c.ServerName())
	_, err = try(libtls.DialServerName("tcp", addr, "nope.example", aClient(t)))
	assert.ErrorIs(t, err, libtls.ErrNameNotPresent)
	_, err = try(libtls.Dial("tcp", addr, nil))
	assert.ErrorIs(t, err, libtls.ErrCertificateVerification, "nil is the default")
	_, err = libtls.DialServerName("tcp", addr, "", aClient(t))
	assert.ErrorIs(t, err, libtls.ErrServerNameMissing)
	_, err = libtls.Dial("unix", "/nowhere", aClient(t))
	var op *net.OpError
	assert.ErrorAs(t, err, &op)
}
