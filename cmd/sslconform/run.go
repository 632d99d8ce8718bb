package main

import (
	"context"
	"errors"
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

// forms are the forms that a report can be written in.
var forms = map[string]func(*conformance.Report, io.Writer) error{
	"text":  nil, // printed as it comes
	"json":  func(r *conformance.Report, w io.Writer) error { return r.Record(buildVersion()).Write(w) },
	"junit": (*conformance.Report).WriteJUnit,
}

func runCommand(stdout io.Writer) *cli.Command {
	var suite, pattern, form, path string
	var verbose, list bool
	return &cli.Command{
		Name:  "run",
		Usage: "observe the clauses and report on each",
		Description: "With -o, standard output gets the text as well. docs/sslconform.md describes the JSON, which the commands\n" +
			"matrix and errata read.",
		OnUsageError: usageError,
		Flags: []cli.Flag{
			suiteFlag(&suite),
			&cli.StringFlag{Name: "clause", Usage: "only the clauses whose id matches `REGEXP`", Destination: &pattern},
			&cli.BoolFlag{Name: "v", Usage: "show the manual page, what it says, and all that was observed", Destination: &verbose},
			&cli.BoolFlag{Name: "list", Usage: "list the clauses and do not run them", Destination: &list},
			&cli.StringFlag{Name: "format", Value: "text", Usage: "report as `text|json|junit`", Destination: &form},
			outputFlag(&path, "write the report to `FILE`"),
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return fmt.Errorf("run takes no arguments, and there is %q (clauses are chosen with -clause)", c.Args().First())
			}
			clauses, err := choose(suite, pattern)
			if err != nil {
				return err
			}
			write, ok := forms[form]
			if !ok {
				return fmt.Errorf("-format %q: there are text, json and junit", form)
			}
			p := conformance.Printer{W: stdout, Verbose: verbose, Paint: paint}
			if list {
				if write != nil || path != "" {
					return errors.New("-list goes without -format and -o")
				}
				p.List(clauses)
				return nil
			}
			if write == nil {
				write = func(r *conformance.Report, w io.Writer) error {
					conformance.Printer{W: w, Verbose: verbose}.Report(r)
					return nil
				}
				if path == "" {
					return report(ctx, p, clauses)
				}
			}
			return reportTo(ctx, path, write, p, clauses)
		},
	}
}

// choose picks the clauses of a suite whose id a pattern matches.
func choose(suite, pattern string) ([]conformance.Clause, error) {
	all, err := clausesOf(suite)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-clause %q is no regular expression: %w", pattern, err)
	}
	var chosen []conformance.Clause
	for _, c := range all {
		if re.MatchString(c.ID) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-clause %q matches no clause; see sslconform run -suite %s -list", pattern, suite)
	}
	return chosen, nil
}

// report runs clauses and prints what comes of them as it comes.
func report(ctx context.Context, p conformance.Printer, clauses []conformance.Clause) error {
	r, err := observe(ctx, p, p.W, clauses)
	if err == nil && r.Count(conformance.Differs) > 0 {
		err = errDiffers
	}
	return err
}

// reportTo runs clauses and writes the report to a file while it is printed as text, or in its place if
// there is no file.
func reportTo(ctx context.Context, path string, write func(*conformance.Report, io.Writer) error,
	p conformance.Printer, clauses []conformance.Clause,
) error {
	out, err := openOutput(path, p.W)
	if err != nil {
		return err
	}
	defer out.abandon()
	if path == "" {
		p.W = io.Discard
	}
	r, err := observe(ctx, p, p.W, clauses)
	if err != nil {
		return err
	}
	if err := write(r, out); err != nil {
		return err
	}
	return finish(out, r.Count(conformance.Differs) > 0)
}

// observe runs clauses, each in a child that may crash, prints each as it comes and shows on a terminal
// how far it is.
func observe(ctx context.Context, p conformance.Printer, terminal io.Writer, clauses []conformance.Clause) (*conformance.Report, error) {
	observer := &children{limit: conformance.DefaultLimit}
	defer observer.stop()
	status := progress(terminal, len(clauses))

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
		return nil, err
	}
	p.Summary(r)
	return r, nil
}

var colours = map[conformance.Verdict]*color.Color{
	conformance.Holds:       color.New(color.FgGreen),
	conformance.ManualWrong: color.New(color.FgYellow),
	conformance.OnPurpose:   color.New(color.FgGreen),
	conformance.NotObserved: color.New(color.FgYellow),
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
