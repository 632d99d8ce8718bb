package conformance

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTransport(t *testing.T) {
	var _ net.Conn = &transport{}
	a, b := newTransport()

	n, err := a.Write([]byte("there"))
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	buf := make([]byte, 16)
	n, err = b.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "there", string(buf[:n]))

	go b.Write([]byte("back"))
	n, err = a.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "back", string(buf[:n]))

	_, err = a.Write([]byte("last"))
	require.NoError(t, err)
	require.NoError(t, a.Close())
	rest, err := io.ReadAll(b)
	require.NoError(t, err, "what was written before a close can be read")
	assert.Equal(t, "last", string(rest))

	n, err = b.Write([]byte("into the void"))
	assert.NoError(t, err, "a writer need not know that the reader has gone")
	assert.Equal(t, 13, n)
	_, err = a.Read(buf)
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = a.Write(buf)
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestTransportDeadlines(t *testing.T) {
	a, _ := newTransport()
	buf := make([]byte, 1)

	a.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := a.Read(buf)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "it passes while waiting")

	waiting := make(chan error)
	a.SetReadDeadline(time.Time{})
	go func() {
		_, err := a.Read(buf)
		waiting <- err
	}()
	a.SetDeadline(time.Unix(1, 0))
	assert.ErrorIs(t, <-waiting, os.ErrDeadlineExceeded, "it is set while waiting")
	_, err = a.Write(buf)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)

	a.SetDeadline(time.Time{})
	_, err = a.Write(buf)
	assert.NoError(t, err)
}
