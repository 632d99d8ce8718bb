// Command libssl-migrate has the Go files of a module import github.com/go-libssl/libssl/openssl in the place of
// github.com/spacemonkeygo/openssl or of one of its forks, and says what is left for a human to do.
//
// Nothing is written without -w. With it each file that changes is replaced by a new one. All are written beside the old
// ones first, so that where one can't be written none is replaced; should one then not take its place, the error says how
// many have. Its exit status is 0 if all went well, whether or not there are notes, and 2 for bad usage or a file that
// can't be read or written.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"
)

func main() { os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr)) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	if err := command(stdout, stderr).Run(ctx, args); err != nil {
		fmt.Fprintf(stderr, "libssl-migrate: %v\n", err)
		return 2
	}
	return 0
}

func command(stdout, stderr io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "libssl-migrate",
		Usage: "have a module import github.com/go-libssl/libssl/openssl",
		Description: "Rewrites the imports of github.com/spacemonkeygo/openssl, github.com/libp2p/go-openssl and\n" +
			"github.com/pexip/go-openssl in a module, and notes what names differ. DIR is where its go.mod is; without\n" +
			"it, the current folder. Nothing is written without -w.",
		ArgsUsage:       "[DIR]",
		HideHelpCommand: true,
		Flags:           []cli.Flag{&cli.BoolFlag{Name: "w", Usage: "write the files"}},
		Writer:          stdout,
		ErrWriter:       stderr,
		ExitErrHandler:  func(context.Context, *cli.Command, error) {}, // run decides how to end
		OnUsageError:    func(_ context.Context, _ *cli.Command, err error, _ bool) error { return err },
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() > 1 {
				return errors.New("one folder at a time")
			}
			dir := c.Args().First()
			if dir == "" {
				dir = "."
			}
			m, err := read(dir)
			if err != nil {
				return err
			}
			return m.finish(stdout, c.Bool("w"))
		},
	}
}
