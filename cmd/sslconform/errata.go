package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/go-libssl/libssl/conformance"
	"github.com/urfave/cli/v3"
)

func errataCommand(stdout io.Writer) *cli.Command {
	var page, path string
	return &cli.Command{
		Name:      "errata",
		Usage:     "write where the manual is wrong or silent, as Markdown",
		ArgsUsage: "[RUN.json...]",
		Description: "Without arguments every clause is run first. With runs, made by run -format json, it is written what all\n" +
			"of them observed. A clause that differs is left out, which the page and the exit status tell.",
		OnUsageError: usageError,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "page", Usage: "only the manual pages whose name matches `REGEXP`", Destination: &page},
			outputFlag(&path, "write to `FILE` instead of standard output"),
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			about, err := regexp.Compile(pageSection.ReplaceAllString(page, `\($1\)`))
			if err != nil {
				return fmt.Errorf("-page %q is no regular expression: %w", page, err)
			}
			out, err := openOutput(path, stdout)
			if err != nil {
				return err
			}
			defer out.abandon()
			m, err := runsOrRun(ctx, c.Args().Slice(), page, about, out)
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

// pageSection is the section of a page, whose parentheses are meant as they are: run -list prints them so.
var pageSection = regexp.MustCompile(`\((\d)\)`)

// runsOrRun reads runs, or makes one if there are none, as far as they are about some pages.
func runsOrRun(ctx context.Context, paths []string, page string, about *regexp.Regexp, out *output) (*conformance.Matrix, error) {
	clauses := slices.DeleteFunc(conformance.All(), func(c conformance.Clause) bool { return !about.MatchString(c.Page) })
	if len(clauses) == 0 {
		return nil, fmt.Errorf("-page %q matches no page of libssl's manual; see sslconform run -list", page)
	}
	if len(paths) > 0 {
		m, err := readRuns(paths)
		if err == nil {
			m = m.About(about)
		}
		return m, err
	}
	var status io.Writer = io.Discard
	if out.file != nil {
		status = out.stdout
	}
	r, err := observe(ctx, conformance.Printer{W: io.Discard}, status, clauses)
	if err != nil {
		return nil, err
	}
	return conformance.Merge(r.Record(buildVersion()))
}
