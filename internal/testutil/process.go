package testutil

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// processLimit bounds each wait for a child process: of some there are two, on a machine that does other things as well.
const processLimit = 2 * time.Minute

// Process is a child process whose output can be waited for.
type Process struct {
	Stdin io.WriteCloser
	PID   int

	name   string
	mu     sync.Mutex
	out    []byte        // stdout and stderr as they came
	seen   int           // how much of out earlier calls of Expect have used up
	news   chan struct{} // closed and replaced when out grows
	exited chan struct{} // closed when err is set
	err    error
}

// OpenSSL starts the openssl command, and kills it when the test ends.
func OpenSSL(t testing.TB, args ...string) *Process {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("this test needs the openssl command (package openssl): %v", err)
	}
	return Start(t, exec.Command(path, args...))
}

// Start starts cmd with pipes for input and output, and kills it when the test ends.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{name: cmd.String(), news: make(chan struct{}), exited: make(chan struct{})}
	var err error
	if p.Stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.PID = cmd.Process.Pid
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.Stdin.Close()
		cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("output of %s:\n%s", p.name, p.Output())
		}
	})
	return p
}

// Write takes in output of the process.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, b...)
	close(p.news)
	p.news = make(chan struct{})
	return len(b), nil
}

// Output returns everything that the process has written so far.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.out)
}

// Expect waits until the output that no earlier Expect has used up matches pattern, uses it up to the end
// of the match, and returns the match and its groups. (?m) is set.
func (p *Process) Expect(t testing.TB, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	timer := time.NewTimer(processLimit)
	defer timer.Stop()
	for over := false; ; {
		p.mu.Lock()
		rest, news := p.out[p.seen:], p.news
		m := re.FindSubmatchIndex(rest)
		if m != nil {
			p.seen += m[1]
		}
		p.mu.Unlock()
		if m != nil {
			var groups []string
			for i := 0; i < len(m); i += 2 {
				if m[i] < 0 {
					groups = append(groups, "")
					continue
				}
				groups = append(groups, string(rest[m[i]:m[i+1]]))
			}
			return groups
		}
		if over {
			t.Fatalf("%s ended without writing %q", p.name, pattern)
		}
		select {
		case <-news:
		case <-p.exited:
			over = true // all output is there: look once more
		case <-timer.C:
			t.Fatalf("%s did not write %q within %v", p.name, pattern, processLimit)
		}
	}
}

// Unexpected fails the test if the output matches pattern anywhere.
func (p *Process) Unexpected(t testing.TB, pattern string) {
	t.Helper()
	if m := regexp.MustCompile("(?m)" + pattern).FindString(p.Output()); m != "" {
		t.Fatalf("%s wrote %q", p.name, m)
	}
}

// Send writes a line to the process.
func (p *Process) Send(t testing.TB, line string) {
	t.Helper()
	if _, err := io.WriteString(p.Stdin, line+"\n"); err != nil {
		t.Fatalf("writing to %s: %v", p.name, err)
	}
}

// Wait waits for the process to end by itself and requires that its exit status is 0.
func (p *Process) Wait(t testing.TB) {
	t.Helper()
	if !p.ended() {
		t.Fatalf("%s did not end within %v", p.name, processLimit)
	}
	if p.err != nil {
		t.Fatalf("%s: %v", p.name, p.err)
	}
}

// ListeningPort returns the TCP port, of IPv4, that the process listens on, for programs that do not say which one they
// were given. By then it must listen.
func (p *Process) ListeningPort(t testing.TB) string {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Skipf("no way to see what %s listens on: %v", p.name, err)
	}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.PID))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		target, _ := os.Readlink(fd) // one may be gone
		inode, ok := strings.CutPrefix(target, "socket:[")
		if !ok {
			continue
		}
		inode = strings.TrimSuffix(inode, "]")
		for line := range strings.Lines(string(table)) {
			// Number, local address, remote address, state (0A listens), four more, inode.
			f := strings.Fields(line)
			if len(f) < 10 || f[3] != "0A" || f[9] != inode {
				continue
			}
			_, port, _ := strings.Cut(f[1], ":")
			n, err := strconv.ParseUint(port, 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			return strconv.FormatUint(n, 10)
		}
	}
	t.Fatalf("%s listens on no TCP port of IPv4", p.name)
	return ""
}

// ended waits for the end of the process and reports whether it came in time.
func (p *Process) ended() bool {
	timer := time.NewTimer(processLimit)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// Run runs the openssl command with input and returns its output.
func Run(t testing.TB, input []byte, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("this test needs the openssl command (package openssl): %v", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd.String(), err, stderr.String())
	}
	return out
}
