package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/go-libssl/libssl/cmd/sslconform/internal/suite"
	"github.com/go-libssl/libssl/conformance"
)

// Clauses are observed in a child process, this program again: a libssl that crashes takes only the
// child with it, and the run goes on with another. Parent and child talk in lines: the id of a clause
// goes in, a testimony in JSON comes out.

const childVariable = "SSLCONFORM_CHILD"

func isChild() bool { return os.Getenv(childVariable) != "" }

// A testimony is what a child has seen of one clause.
type testimony struct {
	Seen     []conformance.Observation
	Failures []conformance.Failure
}

// serve is the child: it observes the clauses it is told to until nobody asks for more.
func serve(in io.Reader, out io.Writer) int {
	witness, err := conformance.InProcess(conformance.DefaultLimit)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUsage
	}
	answers := json.NewEncoder(out)
	for questions := bufio.NewScanner(in); questions.Scan(); {
		var t testimony
		if c, ok := suite.Find(questions.Text()); ok {
			t.Seen, t.Failures = witness(context.Background(), c)
		}
		if err := answers.Encode(t); err != nil {
			return exitUsage
		}
	}
	return exitFine
}

// children is a Witness that has a child observe, one for each clause that is observed at a time. One that has died
// is not asked again.
type children struct {
	limit time.Duration

	mu   sync.Mutex
	idle []*child
}

func (f *children) observe(ctx context.Context, c conformance.Clause) ([]conformance.Observation, []conformance.Failure) {
	t, err := f.ask(ctx, c)
	if err != nil {
		return nil, []conformance.Failure{{Reason: err.Error()}}
	}
	return t.Seen, t.Failures
}

func (f *children) ask(ctx context.Context, c conformance.Clause) (testimony, error) {
	child, err := f.take()
	if err != nil {
		return testimony{}, fmt.Errorf("no process to observe in: %w", err)
	}
	// The child keeps the limit itself; this is for one that is no longer able to.
	ctx, cancel := context.WithTimeout(ctx, f.limit+f.limit/2)
	defer cancel()
	defer context.AfterFunc(ctx, child.kill)()
	t, err := child.ask(c)
	if err != nil {
		child.end()
		return t, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, child)
	return t, nil
}

// take is a child that has nothing to do.
func (f *children) take() (*child, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.idle) - 1
	if last < 0 {
		return start()
	}
	c := f.idle[last]
	f.idle = f.idle[:last]
	return c, nil
}

// stop lets the children go.
func (f *children) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.idle {
		c.end()
	}
	f.idle = nil
}

type child struct {
	cmd       *exec.Cmd
	questions io.WriteCloser
	answers   *json.Decoder
	lastWords bytes.Buffer
}

func start() (*child, error) {
	self, err := os.Executable()
	if err != nil { // no /proc, as in a plain chroot
		if self, err = exec.LookPath(os.Args[0]); err != nil {
			return nil, err
		}
	}
	c := &child{cmd: exec.Command(self)}
	c.cmd.Env = append(os.Environ(), childVariable+"=1")
	c.cmd.Stderr = &c.lastWords
	if c.questions, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	answers, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.answers = json.NewDecoder(answers)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *child) kill() { _ = c.cmd.Process.Kill() }

func (c *child) end() {
	c.kill()
	_ = c.cmd.Wait()
}

func (c *child) ask(clause conformance.Clause) (t testimony, err error) {
	if _, err = fmt.Fprintln(c.questions, clause.ID); err == nil {
		err = c.answers.Decode(&t)
	}
	if err != nil {
		return t, c.obituary()
	}
	return t, nil
}

// obituary waits for a child that no longer answers and says what it died of.
func (c *child) obituary() error {
	c.questions.Close() // should it live after all, this is its end
	err := c.cmd.Wait()
	words, _, _ := strings.Cut(strings.TrimSpace(c.lastWords.String()), "\n")
	return fmt.Errorf("the process died: %v: %s", err, words)
}
