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
	"slices"
	"strings"
	"time"

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
		if c, ok := find(questions.Text()); ok {
			t.Seen, t.Failures = witness(context.Background(), c)
		}
		if err := answers.Encode(t); err != nil {
			return exitUsage
		}
	}
	return exitFine
}

func find(id string) (conformance.Clause, bool) {
	all := conformance.All()
	i := slices.IndexFunc(all, func(c conformance.Clause) bool { return c.ID == id })
	if i < 0 {
		return conformance.Clause{}, false
	}
	return all[i], true
}

// children is a Witness that has a child observe, and gets a new one when that has died.
type children struct {
	limit time.Duration
	child *child
}

func (f *children) observe(ctx context.Context, c conformance.Clause) ([]conformance.Observation, []conformance.Failure) {
	t, err := f.ask(ctx, c)
	if err != nil {
		f.stop()
		return nil, []conformance.Failure{{Reason: err.Error()}}
	}
	return t.Seen, t.Failures
}

func (f *children) ask(ctx context.Context, c conformance.Clause) (t testimony, err error) {
	if f.child == nil {
		if f.child, err = start(); err != nil {
			return t, fmt.Errorf("no process to observe in: %w", err)
		}
	}
	// The child keeps the limit itself; this is for one that is no longer able to.
	ctx, cancel := context.WithTimeout(ctx, f.limit+f.limit/2)
	defer cancel()
	defer context.AfterFunc(ctx, f.child.kill)()
	return f.child.ask(c)
}

// stop lets the child go.
func (f *children) stop() {
	if f.child != nil {
		f.child.kill()
		_ = f.child.cmd.Wait()
		f.child = nil
	}
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
