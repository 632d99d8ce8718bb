package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-libssl/libssl/bench/internal/setup"
)

// A stack is an implementation that is measured: a program of its own, so that its CPU time and memory are its own.
type stack struct {
	name     string
	program  string // the directory of its source, and the file that is built
	isC      bool
	onLibssl bool
	// mayFail: it is an old package, and neither the compiler nor the measurement is to stop at its faults.
	mayFail  bool
	failures map[string]string // by workload, or "" for all: why there is no result
}

// result is what a child prints; see internal/load.
type result struct {
	Library       string
	CPU, Wall     time.Duration
	Memory        int64
	Reads, Writes float64
}

// The first is the yardstick, the second ours.
func newStacks() []*stack {
	return []*stack{
		{name: "C", program: "c", isC: true, onLibssl: true},
		{name: "libssl", program: "libssl", onLibssl: true},
		{name: "crypto/tls", program: "cryptotls"},
		{name: "go-openssl", program: "goopenssl", onLibssl: true, mayFail: true},
	}
}

const ownModule = "github.com/go-libssl/libssl/bench"

// listModule asks go about a module that this one is made from.
func listModule(ctx context.Context, format, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", format, module)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w", module, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// build makes the programs.
func build(ctx context.Context, dir string) ([]*stack, error) {
	source, err := listModule(ctx, "{{.Dir}}", ownModule)
	if err != nil {
		return nil, err
	}
	stacks := newStacks()
	for _, s := range stacks {
		if err := s.build(ctx, source, filepath.Join(dir, s.program)); err != nil {
			if !s.mayFail {
				return nil, err
			}
			s.failures = map[string]string{"": "does not build on this libssl"}
		}
	}
	return stacks, nil
}

func (s *stack) build(ctx context.Context, source, program string) error {
	// The tag keeps go-openssl out of `go vet work` and `go test work`: it does not build on OpenSSL 4.0.
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-tags", "goopenssl", "-o", program, "./"+s.program)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOEXPERIMENT=") // whatever this program itself is built with
	if s.isC {
		flags, err := exec.CommandContext(ctx, "pkg-config", "--cflags", "--libs", "libssl", "libcrypto").Output()
		if err != nil {
			return fmt.Errorf("pkg-config: %w", err)
		}
		file := filepath.Join(source, s.program, "bench.c")
		args := append([]string{"-std=gnu11", "-O2", "-pthread", "-o", program, file}, strings.Fields(string(flags))...)
		cmd = exec.CommandContext(ctx, cmp.Or(os.Getenv("CC"), "gcc"), args...)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// timeLimit is for one run of one workload.
const timeLimit = 3 * time.Minute

// run measures. It returns nil for what the stack can't do, and keeps why.
func (s *stack) run(ctx context.Context, dir string, w workload, version string, n int) (*result, error) {
	if s.failures[""] != "" || s.failures[w.name] != "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, s.program),
		"-w", w.name, "-v", version, "-n", strconv.Itoa(n), "-d", dir, "-p", strconv.Itoa(w.threads))
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+filepath.Join(dir, setup.ConfFile))
	if s.mayFail {
		// Its GetSession hands C a Go pointer in a way that Go refuses since 1.6; it works all the same.
		cmd.Env = append(cmd.Env, "GODEBUG=cgocheck=0")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s, %s, TLS %s: %w: %s", s.name, w.name, version, err, firstLine(stderr.String()))
		if !s.mayFail || ctx.Err() == context.Canceled {
			return nil, err
		}
		s.fail(w.name, err)
		return nil, nil
	}
	r := new(result)
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("%s said %q: %w", s.name, out, err)
	}
	return r, nil
}

func (s *stack) fail(workload string, err error) {
	if s.failures == nil {
		s.failures = make(map[string]string)
	}
	s.failures[workload] = err.Error()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
