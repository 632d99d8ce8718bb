//go:build linux

package libtls_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/go-libssl/libssl/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const (
	badDescriptor = "failed to stat session file: Bad file descriptor"
	notRegular    = "session file is not a regular file"
)

// highDescriptor is a descriptor like f's, of a number that nobody else gets.
func highDescriptor(t *testing.T, f *os.File, number uintptr) int {
	t.Helper()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, int(number))
	require.NoError(t, err)
	return fd
}

// TestSetSessionFD is FD-1 to FD-3, FD-8 to FD-12.
func TestSetSessionFD(t *testing.T) {
	c := libtls.NewConfig()
	set := func(f *os.File) error {
		errFD, errFile := c.SetSessionFD(int(f.Fd())), c.SetSessionFile(f)
		assert.Equal(t, fmt.Sprint(errFD), fmt.Sprint(errFile))
		return errFD
	}
	answers(t, c.SetSessionFD(-1), "", nil)
	answers(t, c.SetSessionFile(nil), "", nil)
	answers(t, c.SetSessionFD(-2), badDescriptor, libtls.ErrSessionFileStat)
	answers(t, c.SetSessionFile(new(os.File)), badDescriptor, libtls.ErrSessionFileStat)
	if strconv.IntSize > 32 { // C's int has less
		for _, fd := range []uint64{uint64(aFile(t).Fd()) + 1<<32, math.MaxUint32} {
			answers(t, c.SetSessionFD(int(fd)), badDescriptor, libtls.ErrSessionFileStat)
		}
	}
	closed := highDescriptor(t, aFile(t), 900)
	require.NoError(t, syscall.Close(closed))
	err := c.SetSessionFD(closed)
	answers(t, err, badDescriptor, libtls.ErrSessionFileStat)
	assert.ErrorIs(t, err, syscall.EBADF)
	f := aFile(t)
	f.Close()
	answers(t, c.SetSessionFile(f), badDescriptor, libtls.ErrSessionFileStat)

	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer syscall.Close(pair[1])
	socket := os.NewFile(uintptr(pair[0]), "socket")
	defer socket.Close()
	for _, f := range []*os.File{openedFile(t, t.TempDir(), os.O_RDONLY), r, w, socket, openedFile(t, os.DevNull, os.O_RDWR)} {
		answers(t, set(f), notRegular, libtls.ErrSessionFileNotRegular)
	}

	for _, mode := range []os.FileMode{0o644, 0o640, 0o660, 0o666, 0o400, 0o200, 0, 0o700, 0o601, 0o610, 0o777} {
		f := aFile(t)
		require.NoError(t, f.Chmod(mode))
		answers(t, set(f), fmt.Sprintf("session file has incorrect permissions (%o != 600)", mode), libtls.ErrSessionFilePermissions)
	}
	for _, mode := range []os.FileMode{0o600, 0o600 | os.ModeSetuid, 0o600 | os.ModeSetgid, 0o600 | os.ModeSticky} {
		f := aFile(t)
		require.NoError(t, f.Chmod(mode))
		answers(t, set(f), "", nil)
	}
	f = aFile(t)
	require.NoError(t, os.Remove(f.Name()))
	answers(t, set(f), "", nil)
	answers(t, set(openedFile(t, aFile(t).Name(), os.O_RDONLY)), "", nil)
	answers(t, set(openedFile(t, aFile(t).Name(), os.O_WRONLY|os.O_APPEND)), "", nil)
	f = aFile(t)
	fillFile(t, f, []byte("garbage"))
	answers(t, set(f), "", nil)
}

// TestSessionFileOwner is FD-4 and FD-5, and needs the superuser to give files away.
func TestSessionFileOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only the superuser can give a file away")
	}
	f := aFile(t)
	require.NoError(t, f.Chown(65534, -1))
	const owner = "session file has incorrect owner (uid 65534 != 0)"
	answers(t, libtls.NewConfig().SetSessionFile(f), owner, libtls.ErrSessionFileOwner)
	require.NoError(t, f.Chmod(0o644))
	answers(t, libtls.NewConfig().SetSessionFile(f), owner, libtls.ErrSessionFileOwner)
	require.NoError(t, f.Chown(0, 65534))
	require.NoError(t, f.Chmod(0o600))
	answers(t, libtls.NewConfig().SetSessionFile(f), "", nil)
}

// TestFailingSetKeepsFile is FD-14 and FD-15.
func TestFailingSetKeepsFile(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		f := aFile(t)
		c := aClient(t, version, withFile(f))
		require.Error(t, c.SetSessionFD(-2))
		srv := aServer(t, version, inFarm)
		meet(t, srv, c).fine(t)
		before := contentOf(t, f)
		assert.NotEmpty(t, before)
		require.NoError(t, c.SetSessionFD(-1))
		assert.False(t, meet(t, srv, c).fine(t).resumed)
		assert.Equal(t, before, contentOf(t, f))
	})
}

// TestServerIgnoresFile is FD-16.
func TestServerIgnoresFile(t *testing.T) {
	f := aFile(t)
	meet(t, aServer(t, inFarm, withFile(f)), aClient(t)).fine(t)
	assert.Empty(t, contentOf(t, f))
}

// primed is a file with a session of the server's, and the session's text.
func primed(t *testing.T, srv *libtls.Server, settings ...setting) (*os.File, []byte) {
	t.Helper()
	f := aFile(t)
	meet(t, srv, aClient(t, append(settings, withFile(f))...)).fine(t)
	return f, contentOf(t, f)
}

// TestClosedDescriptor is RW-2 and RW-4.
func TestClosedDescriptor(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, p libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		fd := highDescriptor(t, aFile(t), 1000+uintptr(p))
		c := aClient(t, version)
		require.NoError(t, c.SetSessionFD(fd))
		m := introduced(t, srv, c, peerName)
		require.NoError(t, syscall.Close(fd))
		m.talk(t)
		answers(t, m.clientErr, "failed to truncate session file: Bad file descriptor", libtls.ErrSessionFileTruncate)
		answers(t, meet(t, srv, c).clientErr, badDescriptor, libtls.ErrSessionFileStat)

		// Of what Go has closed the same.
		f := aFile(t)
		c = aClient(t, version, withFile(f))
		m = introduced(t, srv, c, peerName)
		f.Close()
		m.talk(t)
		answers(t, m.clientErr, "failed to truncate session file: Bad file descriptor", libtls.ErrSessionFileTruncate)
		answers(t, meet(t, srv, c).clientErr, badDescriptor, libtls.ErrSessionFileStat)
	})
}

// TestDescriptorUsedAgain is RW-3: of a socket it is noticed when something is to be written. Better: a file that is
// another one is left alone.
func TestDescriptorUsedAgain(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, p libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		other := aFile(t)
		fillFile(t, other, []byte("precious"))
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		require.NoError(t, err)
		defer syscall.Close(pair[0])
		defer syscall.Close(pair[1])

		fd := highDescriptor(t, aFile(t), 1100+uintptr(p))
		defer syscall.Close(fd)
		c := aClient(t, version)
		require.NoError(t, c.SetSessionFD(fd))
		require.NoError(t, syscall.Dup3(pair[0], fd, 0))
		m := meet(t, srv, c)
		answers(t, m.clientErr, "failed to truncate session file: Invalid argument", libtls.ErrSessionFileTruncate)
		require.NoError(t, syscall.SetNonblock(pair[1], true))
		_, err = syscall.Read(pair[1], make([]byte, 1))
		assert.Equal(t, syscall.EAGAIN, err, "something was written to the socket")

		require.NoError(t, syscall.Dup3(int(other.Fd()), fd, 0))
		answers(t, meet(t, srv, c).clientErr, badDescriptor, libtls.ErrSessionFileStat)

		fd = highDescriptor(t, aFile(t), 1100+uintptr(p))
		defer syscall.Close(fd)
		require.NoError(t, c.SetSessionFD(fd))
		m = introduced(t, srv, c, peerName)
		require.NoError(t, syscall.Dup3(int(other.Fd()), fd, 0))
		m.talk(t)
		answers(t, m.clientErr, "failed to truncate session file: Bad file descriptor", libtls.ErrSessionFileTruncate)
		assert.Equal(t, "precious", string(contentOf(t, other)))
	})
}

// TestSessionFileSize is RW-5: a file that is larger than an int. Healed it becomes one with a session.
func TestSessionFileSize(t *testing.T) {
	srv := aServer(t, inFarm)
	f := aFile(t)
	require.NoError(t, f.Truncate(3<<30))
	answers(t, meet(t, srv, aClient(t, withFile(f))).clientErr, "invalid session file size", libtls.ErrSessionFileSize)
	info, err := f.Stat()
	require.NoError(t, err)
	assert.EqualValues(t, 3<<30, info.Size())
	meet(t, srv, aClient(t, withFile(f), does((*libtls.Config).HealSessionFile))).fine(t)
	sessionIn(t, f)

	require.NoError(t, f.Truncate(1<<31-1)) // it begins with a session, and is not read to its end
	answers(t, meet(t, srv, aClient(t, withFile(f))).clientErr, "failed to parse session", libtls.ErrSessionFileParse)
	meet(t, srv, aClient(t, withFile(f), does((*libtls.Config).HealSessionFile))).fine(t)
	sessionIn(t, f)
}

// TestWriteOnlyFile is RW-6 and RW-7.
func TestWriteOnlyFile(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f := openedFile(t, aFile(t).Name(), os.O_WRONLY)
		c := aClient(t, version, withFile(f))
		meet(t, srv, c).fine(t)
		sessionIn(t, f)
		before := contentOf(t, f)
		err := meet(t, srv, c).clientErr
		answers(t, err, "failed to read session file: Bad file descriptor", libtls.ErrSessionFileRead)
		assert.Equal(t, before, contentOf(t, f))
	})
}

// TestReadOnlyFile is RW-8 and RW-19: the server's handshake succeeds, the client's does not.
func TestReadOnlyFile(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		try := func(path string, resumed bool) {
			f := openedFile(t, path, os.O_RDONLY)
			before := contentOf(t, f)
			m := introduced(t, srv, aClient(t, version, withFile(f)), peerName)
			var wg sync.WaitGroup
			wg.Go(func() { m.serverErr = m.server.Handshake() })
			wg.Go(func() { m.clientErr = m.client.Handshake() })
			wg.Wait()
			answers(t, m.clientErr, "failed to truncate session file: Invalid argument", libtls.ErrSessionFileTruncate)
			assert.NoError(t, m.serverErr)
			assert.Equal(t, resumed, m.server.SessionResumed())
			assert.False(t, m.client.SessionResumed())
			assert.Empty(t, m.client.Version())
			_, err := m.client.Read(make([]byte, 1))
			assert.ErrorIs(t, err, libtls.ErrSessionFileTruncate, "the failure is final")
			assert.Equal(t, before, contentOf(t, f))
		}
		try(aFile(t).Name(), false)
		f, _ := primed(t, srv, version)
		try(f.Name(), true)
	})
}

// frame is what a PEM reader takes for a session until it looks at it.
func frame(body string) []byte {
	return []byte("-----BEGIN SSL SESSION PARAMETERS-----\n" + body + "-----END SSL SESSION PARAMETERS-----\n")
}

// TestNoSession is RW-9, and HealSessionFile.
func TestNoSession(t *testing.T) {
	srv := aServer(t, inFarm)
	_, session := primed(t, srv)
	f := aFile(t)
	c, healing := aClient(t, withFile(f)), aClient(t, withFile(f), does((*libtls.Config).HealSessionFile))
	for name, content := range map[string][]byte{
		"garbage": []byte("garbage"), "a zero byte": {0}, "a certificate": testutil.CertPEM(testutil.Certs(t).Server),
		"bad DER": frame("AAAA\n"), "half": session[:len(session)/2], "a megabyte of zeros": make([]byte, 1<<20),
		"more than a megabyte": bytes.Repeat([]byte("junk\n"), 1<<18), "a line end": []byte("\n"),
	} {
		fillFile(t, f, content)
		answers(t, meet(t, srv, c).clientErr, "failed to parse session", libtls.ErrSessionFileParse)
		assert.Equal(t, content, contentOf(t, f), name)
		m := meet(t, srv, healing).fine(t)
		assert.False(t, m.resumed, name)
		sessionIn(t, f)
		assert.True(t, meet(t, srv, c).fine(t).resumed, name)
	}
	var e *libssl.Error
	fillFile(t, f, []byte("garbage"))
	assert.ErrorAs(t, meet(t, srv, c).clientErr, &e)
}

// TestCutAtEachByte: of a session that is cut short nothing is taken, and it is not touched. Where the last line end is
// missing it is whole.
func TestCutAtEachByte(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f, session := primed(t, srv, version)
		c := aClient(t, version, withFile(f))
		near, _ := testutil.TCP(t)
		for n := 1; n < len(session)-1; n++ {
			fillFile(t, f, session[:n])
			_, err := libtls.Client(near, peerName, c)
			require.EqualError(t, err, "failed to parse session", "%d bytes", n)
			require.Equal(t, session[:n], contentOf(t, f))
		}
		fillFile(t, f, session[:len(session)-1])
		assert.True(t, meet(t, srv, c).fine(t).resumed)
	})
}

// TestJunkBesideSession is RW-10.
func TestJunkBesideSession(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f, session := primed(t, srv, version)
		for _, content := range [][]byte{
			append([]byte("junk\n"), session...), append(bytes.Clone(session), "junk\n"...), bytes.Join([][]byte{session, session}, nil),
		} {
			fillFile(t, f, content)
			assert.True(t, meet(t, srv, aClient(t, version, withFile(f))).fine(t).resumed)
			sessionIn(t, f)
		}
	})
}

// TestOffsetStays is RW-11.
func TestOffsetStays(t *testing.T) {
	f := aFile(t)
	_, err := f.Seek(12345, io.SeekStart)
	require.NoError(t, err)
	meet(t, aServer(t, inFarm), aClient(t, withFile(f))).fine(t)
	at, err := f.Seek(0, io.SeekCurrent)
	require.NoError(t, err)
	assert.EqualValues(t, 12345, at)
	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	through, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, contentOf(t, f), through, "it is still the same file")
}

// TestAppendingDescriptor is RW-12, better: there is one session in the file, and not the zeros that the system makes of
// a write that goes elsewhere than it was meant to.
func TestAppendingDescriptor(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		for _, flags := range []int{os.O_RDWR, os.O_WRONLY} {
			f := openedFile(t, aFile(t).Name(), flags|os.O_APPEND)
			for range 2 {
				require.NoError(t, f.Truncate(0))
				meet(t, srv, aClient(t, version, withFile(f))).fine(t)
				sessionIn(t, f)
			}
			if flags == os.O_RDWR {
				assert.True(t, meet(t, srv, aClient(t, version, withFile(f))).fine(t).resumed)
				sessionIn(t, f)
			}
		}
	})
}

// TestModeIsNotLookedAtAgain is RW-13.
func TestModeIsNotLookedAtAgain(t *testing.T) {
	f := aFile(t)
	c := aClient(t, withFile(f))
	require.NoError(t, f.Chmod(0o644))
	srv := aServer(t, inFarm)
	assert.False(t, meet(t, srv, c).fine(t).resumed)
	assert.True(t, meet(t, srv, c).fine(t).resumed)
}

// TestFailedHandshakeLeavesFile is RW-14.
func TestFailedHandshakeLeavesFile(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, _ libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		f, before := primed(t, srv, version)
		assert.Error(t, meet(t, srv, configured(t, version, withCA(testutil.Certs(t).OtherCA), withFile(f))).clientErr)
		assert.Error(t, meetAs(t, srv, aClient(t, version, withFile(f)), "nope.example").clientErr)
		assert.Equal(t, before, contentOf(t, f))
		f = aFile(t)
		assert.Error(t, meet(t, srv, configured(t, version, withCA(testutil.Certs(t).OtherCA), withFile(f))).clientErr)
		assert.Error(t, meetAs(t, srv, aClient(t, version, withFile(f)), "nope.example").clientErr)
		assert.Empty(t, contentOf(t, f))
	})
}

// TestSessionWithoutTicket is RW-16: TLS 1.2 without sessions is written all the same; TLS 1.3 has nothing to write.
func TestSessionWithoutTicket(t *testing.T) {
	f := aFile(t)
	srv := aServer(t)
	c := aClient(t, withVersion(libtls.ProtocolTLSv1_2), withFile(f))
	meet(t, srv, c).fine(t)
	s := sessionIn(t, f)
	assert.Empty(t, s.ID())
	assert.False(t, s.HasTicket())
	assert.False(t, meet(t, srv, c).fine(t).resumed)

	f = aFile(t)
	meet(t, srv, aClient(t, withFile(f))).fine(t)
	assert.Empty(t, contentOf(t, f), "a TLS 1.3 server without a lifetime sends no tickets")
}

// TestDescriptorStaysOpen is RW-20.
func TestDescriptorStaysOpen(t *testing.T) {
	f := aFile(t)
	srv := aServer(t, inFarm)
	meet(t, srv, aClient(t, withFile(f))).fine(t).close()
	meetAs(t, srv, aClient(t, withFile(f)), "nope.example").close()
	srv.Close()
	_, err := f.Stat()
	assert.NoError(t, err)
}

// TestNoRoomForSession: the system refuses to let the file grow, and it keeps what it holds.
func TestNoRoomForSession(t *testing.T) {
	eachVersion(t, func(t *testing.T, version setting, p libtls.Protocols) {
		srv := aServer(t, version, inFarm)
		_, session := primed(t, srv, version)
		f := sealedFile(t, session)
		other := aServer(t, version, withLifetime(time.Minute)) // whose session is another one
		m := introduced(t, other, aClient(t, version, withFile(f)), peerName)
		m.talk(t)
		err := m.clientErr
		if p == libtls.ProtocolTLSv1_3 { // the ticket comes after the handshake
			require.NoError(t, err)
			err = m.client.Close()
		}
		answers(t, err, "failed to write session file: Operation not permitted", libtls.ErrSessionFileWrite)
		assert.ErrorIs(t, err, syscall.EPERM)
		left := make([]byte, len(session)+1)
		n, err := f.ReadAt(left, 0)
		assert.Equal(t, io.EOF, err)
		assert.Equal(t, string(session), string(left[:n]))
	})
}

// sealedFile is a file in memory that can't grow.
func sealedFile(t *testing.T, content []byte) *os.File {
	t.Helper()
	f := os.NewFile(uintptr(memory(t, unix.MFD_ALLOW_SEALING)), "memory")
	t.Cleanup(func() { f.Close() })
	require.NoError(t, f.Chmod(0o600))
	_, err := f.WriteAt(content, 0)
	require.NoError(t, err)
	_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_GROW)
	require.NoError(t, err)
	return f
}

// TestManyWriters: clients with descriptors of their own share a file, and a reader always finds a session. On a machine
// that is busy somebody may wait for long.
func TestManyWriters(t *testing.T) {
	libtls.WaitForLocks(t)
	srv := aServer(t, inFarm, withVersion(libtls.ProtocolTLSv1_2))
	f, _ := primed(t, srv)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		own := openedFile(t, f.Name(), os.O_RDWR)
		c := aClient(t, withFile(own))
		other := aServer(t, withVersion(libtls.ProtocolTLSv1_2), withLifetime(time.Minute))
		wg.Go(func() {
			for range 10 {
				if err := errors.Join(handshakes(srv, c), handshakes(other, c)); !assert.NoError(t, err) {
					return
				}
			}
		})
	}
	own := openedFile(t, f.Name(), os.O_RDWR)
	read := make(chan struct{})
	go func() {
		defer close(read)
		c := aClient(t, withFile(own))
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := libtls.Client(near, peerName, c); !assert.NoError(t, err) {
					return
				}
			}
		}
	}()
	wg.Wait()
	close(stop)
	<-read
	sessionIn(t, f)
}

// handshakes makes a connection over a pipe and drops it.
func handshakes(srv *libtls.Server, cli *libtls.Config) error {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	client, err := libtls.Client(near, peerName, cli)
	if err != nil {
		return err
	}
	server, err := srv.Accept(far)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	err = client.Handshake()
	return errors.Join(err, <-done)
}

// TestLockedFile: a lock of somebody else's is waited for, and ours is let go.
func TestLockedFile(t *testing.T) {
	t.Parallel()
	srv := aServer(t, inFarm, withVersion(libtls.ProtocolTLSv1_2))
	f, _ := primed(t, srv)
	holder := openedFile(t, f.Name(), os.O_RDWR)
	require.NoError(t, syscall.Flock(int(holder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	fd := int(holder.Fd())
	unlocking, unlocked := make(chan struct{}), make(chan struct{})
	time.AfterFunc(100*time.Millisecond, func() {
		close(unlocking)
		syscall.Flock(fd, syscall.LOCK_UN)
		close(unlocked)
	})
	assert.True(t, meet(t, srv, aClient(t, withFile(f))).fine(t).resumed)
	select {
	case <-unlocking:
	default:
		t.Error("the lock was not waited for")
	}
	<-unlocked
	assert.NoError(t, syscall.Flock(int(holder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), "ours was not let go")
}

// TestProgramsOwnLock: a lock that is never let go is not waited for for ever, and what the program has on its own
// descriptor stays its own.
func TestProgramsOwnLock(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("without /proc a file can't be opened again, and the lock is taken on the program's descriptor")
	}
	f := aFile(t)
	require.NoError(t, syscall.Flock(int(f.Fd()), syscall.LOCK_SH))
	c := aClient(t, withFile(f))
	meet(t, aServer(t, inFarm), c).fine(t)
	sessionIn(t, f)
	other := openedFile(t, f.Name(), os.O_RDWR)
	assert.Equal(t, syscall.EWOULDBLOCK, syscall.Flock(int(other.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
}

// TestWithoutOwnDescriptor: where a file can't be opened again there is no lock but for the connections of the process, and
// what the program has on its descriptor stays its own.
func TestWithoutOwnDescriptor(t *testing.T) {
	libtls.HideDescriptors(t)
	srv := aServer(t, inFarm, withVersion(libtls.ProtocolTLSv1_2))
	f := aFile(t)
	require.NoError(t, syscall.Flock(int(f.Fd()), syscall.LOCK_SH))
	c := aClient(t, withFile(f))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				assert.NoError(t, handshakes(srv, c))
			}
		})
	}
	wg.Wait()
	sessionIn(t, f)
	other := openedFile(t, f.Name(), os.O_RDWR)
	assert.Equal(t, syscall.EWOULDBLOCK, syscall.Flock(int(other.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
}

// TestLockedFileHoldsUpNobody: while a Read waits for the file's lock, to save a ticket, no other call does.
func TestLockedFileHoldsUpNobody(t *testing.T) {
	libtls.WaitForLocks(t)
	f := aFile(t)
	holder := openedFile(t, f.Name(), os.O_RDWR)
	m := introduced(t, aServer(t, inFarm), aClient(t, withFile(f)), peerName)
	require.NoError(t, syscall.Flock(int(holder.Fd()), syscall.LOCK_EX))
	served := make(chan error, 1)
	go func() { served <- chat(m.server, false) }()
	require.NoError(t, m.client.Handshake())
	read := make(chan struct{})
	go func() {
		defer close(read)
		m.client.Read(make([]byte, 1))
	}()
	require.Eventually(t, func() bool { return libtls.IsSaving(m.client) }, time.Minute, time.Millisecond)
	assert.Equal(t, "TLSv1.3", m.client.Version())
	_, err := m.client.Write([]byte("hello"))
	assert.NoError(t, err)
	assert.Empty(t, contentOf(t, f))
	require.NoError(t, syscall.Flock(int(holder.Fd()), syscall.LOCK_UN))
	assert.NoError(t, <-served)
	<-read
	sessionIn(t, f)
}

// TestNamedPipe: one that nobody writes to is empty, and holds up nobody.
func TestNamedPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	c := libtls.NewConfig()
	assert.ErrorIs(t, c.SetCertFile(pipe), libtls.ErrCertificate)
	w := openedFile(t, pipe, os.O_RDWR) // which does not wait for a reader
	pem := testutil.CertPEM(testutil.Certs(t).Server)
	loaded := make(chan error)
	go func() { loaded <- c.SetCertFile(pipe) }()
	_, err := w.Write(pem)
	assert.NoError(t, err)
	require.Eventually(t, func() bool { n, err := unix.IoctlGetInt(int(w.Fd()), unix.TIOCINQ); return err == nil && n == 0 }, time.Minute, time.Millisecond)
	w.Close()
	assert.NoError(t, <-loaded)
}

// TestFileWithoutName: a session file can have been removed.
func TestFileWithoutName(t *testing.T) {
	f := aFile(t)
	require.NoError(t, os.Remove(f.Name()))
	c := aClient(t, withFile(f))
	srv := aServer(t, inFarm)
	assert.False(t, meet(t, srv, c).fine(t).resumed)
	assert.True(t, meet(t, srv, c).fine(t).resumed)
	assert.NoFileExists(t, filepath.Join(filepath.Dir(f.Name()), "session"))
}

// TestNoDescriptorIsLeft: what is opened for locks, or to write where it is wanted, is closed.
func TestNoDescriptorIsLeft(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("without /proc nobody can tell which descriptors there are")
	}
	srv := aServer(t, inFarm)
	for _, flags := range []int{os.O_RDWR, os.O_RDWR | os.O_APPEND, os.O_WRONLY, os.O_RDONLY} {
		f := openedFile(t, aFile(t).Name(), flags)
		before := descriptorsOf(t, f)
		for range 3 {
			meet(t, srv, aClient(t, withFile(f), does((*libtls.Config).HealSessionFile)))
		}
		assert.Equal(t, before, descriptorsOf(t, f), "flags %#x", flags)
	}
}

// descriptorsOf counts those of a file that this process has.
func descriptorsOf(t *testing.T, f *os.File) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && to == f.Name() {
			n++
		}
	}
	require.NotZero(t, n)
	return n
}
