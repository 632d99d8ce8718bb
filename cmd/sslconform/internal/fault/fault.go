// Package fault shows whether sslconform notices a libssl that lies. Each [Fault] is a small library of ours that
// is preloaded and makes one function of libssl do something else than it should.
package fault

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-libssl/libssl/cmd/sslconform/internal/suite"
	"github.com/go-libssl/libssl/conformance"
)

// A Fault is a C file whose first comment tells what is wrong and which clauses have to name it:
//
//	/* Flushing removes nothing.
//	 * Clauses: H1 H2 H4 */
type Fault struct {
	Name    string
	Lie     string   // what libssl does wrong
	Clauses []string // that have to differ; others may as well
	source  string
}

// Dir is where the faults are, seen from the module's directory.
const Dir = "testdata/faults"

// Read reads the faults in a directory.
func Read(dir string) ([]Fault, error) {
	sources, err := filepath.Glob(filepath.Join(dir, "*.c"))
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("no faults in %s", dir)
	}
	var faults []Fault
	for _, source := range sources {
		f, err := read(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

var firstComment = regexp.MustCompile(`^/\* (.+)\n \* Clauses: ([\w -]+) \*/\n`)

func read(source string) (Fault, error) {
	text, err := os.ReadFile(source)
	if err != nil {
		return Fault{}, err
	}
	words := firstComment.FindSubmatch(text)
	if words == nil {
		return Fault{}, errors.New(`the first comment must be of two lines, the second " * Clauses: A1 A2 */"`)
	}
	f := Fault{
		Name:    strings.TrimSuffix(filepath.Base(source), ".c"),
		Lie:     string(words[1]),
		Clauses: strings.Fields(string(words[2])),
		source:  source,
	}
	for _, id := range f.Clauses {
		if _, ok := suite.Find(id); !ok {
			return Fault{}, fmt.Errorf("there is no clause %s", id)
		}
	}
	return f, nil
}

// Build compiles the fault into a library in a directory, and returns its path.
func (f Fault) Build(ctx context.Context, dir string) (string, error) {
	lib := filepath.Join(dir, f.Name+".so")
	args := []string{"-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", lib, f.source}
	if flags, err := exec.CommandContext(ctx, "pkg-config", "--cflags", "libssl").Output(); err == nil {
		args = append(args, strings.Fields(string(flags))...)
	}
	cc := cmp.Or(os.Getenv("CC"), "gcc")
	if out, err := exec.CommandContext(ctx, cc, append(args, "-ldl")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", f.source, err, out)
	}
	return lib, nil
}

// Unarmed is the environment that preloads libraries of faults, which then do nothing.
func Unarmed(libs ...string) []string { return []string{"LD_PRELOAD=" + strings.Join(libs, ":")} }

// Armed is the environment that preloads the library of a fault, which then lies.
func Armed(lib string) []string { return append(Unarmed(lib), "SSLCONFORM_FAULT=1") }

// An Outcome is how a run of sslconform ended.
type Outcome struct {
	Status int
	Named  []string // the clauses that it said differ
	Stderr string
}

// Run runs a program that is sslconform, with additions to the environment and some of the clauses, or all.
func Run(ctx context.Context, program string, env []string, clauses ...string) (Outcome, error) {
	cmd := exec.CommandContext(ctx, program, "run", "-suite", "all", "-format", "json")
	if len(clauses) > 0 {
		cmd.Args = append(cmd.Args, "-clause", "^("+strings.Join(clauses, "|")+")$")
	}
	var stdout, stderr bytes.Buffer
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return Outcome{}, err
	}
	o := Outcome{Status: cmd.ProcessState.ExitCode(), Stderr: stderr.String()}
	record, err := conformance.ReadRecord(&stdout)
	if err != nil {
		return o, fmt.Errorf("exit status %d, and no report: %w\n%s", o.Status, err, o.Stderr)
	}
	for _, c := range record.Clauses {
		if c.Verdict == conformance.Differs {
			o.Named = append(o.Named, c.ID)
		}
	}
	return o, nil
}

// FoundBy tells whether a run found the fault out: by its exit status, and by each clause that has to name it.
func (f Fault) FoundBy(o Outcome) bool {
	return o.Status == 1 && !slices.ContainsFunc(f.Clauses, func(id string) bool { return !slices.Contains(o.Named, id) })
}
