package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"

	"github.com/fatih/color"
	"github.com/go-libssl/libssl/conformance"
	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v3"
)

func runCommand(stdout io.Writer) *cli.Command {
	var pattern string
	var verbose, list bool
	return &cli.Command{
		Name:         "run",
		Usage:        "observe the clauses and report on each",
		OnUsageError: usageError,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "clause", Usage: "only the clauses whose id matches `REGEXP`", Destination: &pattern},
			&cli.BoolFlag{Name: "v", Usage: "show the manual page, what it says, and all that was observed", Destination: &verbose},
			&cli.BoolFlag{Name: "list", Usage: "list the clauses and do not run them", Destination: &list},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return fmt.Errorf("run takes no arguments, and there is %q (clauses are chosen with -clause)", c.Args().First())
			}
			clauses, err := choose(pattern)
			if err != nil {
				return err
			}
			p := conformance.Printer{W: stdout, Verbose: verbose, Paint: paint}
			if list {
				p.List(clauses)
				return nil
			}
			return report(ctx, p, clauses)
		},
	}
}

// choose picks the clauses whose id a pattern matches.
func choose(pattern string) ([]conformance.Clause, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-clause %q is no regular expression: %w", pattern, err)
	}
	var chosen []conformance.Clause
	for _, c := range conformance.All() {
		if re.MatchString(c.ID) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-clause %q matches no clause; see sslconform run -list", pattern)
	}
	return chosen, nil
}

// report runs clauses and prints what comes of them as it comes.
func report(ctx context.Context, p conformance.Printer, clauses []conformance.Clause) error {
	observer := &children{limit: conformance.DefaultLimit}
	defer observer.stop()
	status := progress(p.W, len(clauses))

	p.Header(conformance.Loaded())
	r, err := conformance.Runner{
		Witness: observer.observe,
		Before:  func(c conformance.Clause) { status.show(c.ID) },
		After: func(result conformance.Result) {
			status.clear()
			p.Result(result)
		},
	}.Run(ctx, clauses)
	status.clear()
	if err != nil {
		return err
	}
	p.Summary(r)
	if r.Count(conformance.Differs) > 0 {
		return errDiffers
	}
	return nil
}

var colours = map[conformance.Verdict]*color.Color{
	conformance.Holds:       color.New(color.FgGreen),
	conformance.ManualWrong: color.New(color.FgYellow),
	conformance.Differs:     color.New(color.FgRed, color.Bold),
}

// paint colours a verdict if standard output is a terminal and NO_COLOR is not set.
func paint(v conformance.Verdict, text string) string { return colours[v].Sprint(text) }

// A status is a line on a terminal that says what is being run, and goes again.
type status struct {
	w           io.Writer
	done, total int
}

// progress makes a status line; off a terminal it stays silent.
func progress(w io.Writer, total int) *status {
	if f, ok := w.(*os.File); !ok || !isatty.IsTerminal(f.Fd()) {
		w = io.Discard
	}
	return &status{w: w, total: total}
}

func (s *status) show(id string) {
	s.done++
	fmt.Fprintf(s.w, "%d/%d %s", s.done, s.total, id)
}

func (s *status) clear() { fmt.Fprint(s.w, "\r\x1b[K") }

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
