package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-libssl/libssl/conformance"
	"github.com/urfave/cli/v3"
)

var tables = map[string]func(*conformance.Matrix, io.Writer, bool) error{
	"text": (*conformance.Matrix).WriteText,
	"md":   (*conformance.Matrix).WriteMarkdown,
}

func matrixCommand(stdout io.Writer) *cli.Command {
	var format, path string
	var changes bool
	return &cli.Command{
		Name:      "matrix",
		Usage:     "lay runs beside several libssl side by side",
		ArgsUsage: "RUN.json...",
		Description: "Each RUN.json is the output of run -format json. The exit status is 1 if a clause of one of them differs\n" +
			"from what is expected of that libssl; that the versions differ from each other is only marked.",
		OnUsageError: usageError,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: "write the table as `text|md`", Destination: &format},
			&cli.BoolFlag{Name: "changes", Usage: "only the clauses that versions show differently, or that differ", Destination: &changes},
			outputFlag(&path, "write to `FILE` instead of standard output"),
		},
		Action: func(_ context.Context, c *cli.Command) error {
			write, ok := tables[format]
			if !ok {
				return fmt.Errorf("-format %q: there are text and md", format)
			}
			if !c.Args().Present() {
				return errors.New("which runs? matrix RUN.json..., made by sslconform run -format json -o RUN.json")
			}
			m, err := readRuns(c.Args().Slice())
			if err != nil {
				return err
			}
			out, err := openOutput(path, stdout)
			if err != nil {
				return err
			}
			defer out.abandon()
			if err := write(m, out, changes); err != nil {
				return err
			}
			return finish(out, m.Differs())
		},
	}
}

// finish writes an output and tells by its error whether something differs.
func finish(out *output, differs bool) error {
	if err := out.write(); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if differs {
		return errDiffers
	}
	return nil
}

// readRuns reads the runs in files and merges them.
func readRuns(paths []string) (*conformance.Matrix, error) {
	var runs []*conformance.Record
	for _, path := range paths {
		run, err := readRun(path)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return conformance.Merge(runs...)
}

func readRun(path string) (*conformance.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // which names the file
	}
	defer f.Close()
	run, err := conformance.ReadRecord(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	run.Source = path
	return run, nil
}
