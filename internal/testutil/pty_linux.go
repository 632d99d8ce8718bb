package testutil

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

// OnTerminal runs cmd to its end in a session of its own whose controlling terminal is a new one, and
// returns what was written to that terminal and the exit error. Nobody types: a program that asks a question
// there is killed at the test's limit.
func OnTerminal(t testing.TB, cmd *exec.Cmd) (written string, err error) {
	t.Helper()
	master, slave := openPTY(t)
	defer master.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		slave.Close()
		t.Fatal(err)
	}
	slave.Close()
	all := make(chan string, 1)
	go func() {
		// When the last holder of the slave side is gone, reading fails with EIO.
		b, _ := io.ReadAll(master)
		all <- string(b)
	}()
	p := &Process{name: cmd.String(), exited: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if !p.ended() {
		cmd.Process.Kill()
		<-p.exited
		t.Fatalf("%s did not end within %v; it wrote %q", p.name, processLimit, <-all)
	}
	return <-all, p.err
}

func openPTY(t testing.TB) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	var unlock, n int32
	ioctl := func(request uintptr, arg *int32) {
		raw, err := master.SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) {
				if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(arg))); e != 0 {
					t.Skipf("no pseudo-terminals here: %v", e)
				}
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ioctl(syscall.TIOCSPTLCK, &unlock)
	ioctl(syscall.TIOCGPTN, &n)
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(n)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		master.Close()
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	return master, slave
}
