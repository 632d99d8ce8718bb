package main

import (
	"context"
	"io"

	"github.com/go-libssl/libssl/conformance"
	"github.com/urfave/cli/v3"
)

func errataCommand(stdout io.Writer) *cli.Command {
	var path string
	return &cli.Command{
		Name:      "errata",
		Usage:     "write where the manual is wrong or silent, as Markdown",
		ArgsUsage: "[RUN.json...]",
		Description: "Without arguments every clause is run first. With runs, made by run -format json, it is written what all\n" +
			"of them observed. A clause that differs is left out, which the page and the exit status tell.",
		OnUsageError: usageError,
		Flags:        []cli.Flag{outputFlag(&path, "write to `FILE` instead of standard output")},
		Action: func(ctx context.Context, c *cli.Command) error {
			out, err := openOutput(path, stdout)
			if err != nil {
				return err
			}
			defer out.abandon()
			m, err := runsOrRun(ctx, c.Args().Slice(), out)
			if err != nil {
				return err
			}
			if err := m.WriteErrata(out); err != nil {
				return err
			}
			return finish(out, m.Differs())
		},
	}
}

// runsOrRun reads runs, or makes one if there are none.
func runsOrRun(ctx context.Context, paths []string, out *output) (*conformance.Matrix, error) {
	if len(paths) > 0 {
		return readRuns(paths)
	}
	var status io.Writer = io.Discard
	if out.file != nil {
		status = out.stdout
	}
	r, err := observe(ctx, conformance.Printer{W: io.Discard}, status, conformance.All())
	if err != nil {
		return nil, err
	}
	return conformance.Merge(r.Record(buildVersion()))
}
