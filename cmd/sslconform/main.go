// Command sslconform holds the documented contract of libssl's session functions against the libssl
// that is loaded, clause by clause and by handshakes made there and then; and the semantics of libtls against package
// libtls.
//
// Its exit status is 0 if every clause was as expected, 1 if one differs, and 2 for bad usage or
// a bad file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/go-libssl/libssl"
	"github.com/go-libssl/libssl/conformance/libtls"
	"github.com/urfave/cli/v3"
)

// The exit statuses.
const (
	exitFine        = 0
	exitDiffers     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// errDiffers ends a run that saw something else than expected. The report has said so already.
var errDiffers = errors.New("something differs")

func main() {
	switch {
	case libtls.IsPerson():
		os.Exit(libtls.AnswerAsPerson())
	case isChild():
		os.Exit(serve(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	switch err := command(stdout, stderr).Run(ctx, args); {
	case err == nil:
		return exitFine
	case errors.Is(err, errDiffers):
		return exitDiffers
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "sslconform: interrupted")
		return exitInterrupted
	default:
		fmt.Fprintf(stderr, "sslconform: %v\n", err)
		return exitUsage
	}
}

func command(stdout, stderr io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "sslconform",
		Usage: "what libssl's manual says about sessions, and libtls does with them, and what the libssl on this machine does",
		Description: "Exit status: 0 if everything was as expected, 1 if a clause differs, 2 for bad usage or a bad file.\n" +
			"Colour and progress are for terminals; NO_COLOR turns the colour off.",
		Commands:       []*cli.Command{runCommand(stdout), matrixCommand(stdout), errataCommand(stdout), versionCommand(stdout)},
		Action:         noCommand,
		Writer:         stdout,
		ErrWriter:      stderr,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // run decides how to end
		OnUsageError:   usageError,
	}
}

// noCommand is what happens when the first argument is no command.
func noCommand(_ context.Context, c *cli.Command) error {
	if name := c.Args().First(); name != "" {
		return fmt.Errorf("no command %q; see sslconform --help", name)
	}
	return errors.New("which command? See sslconform --help")
}

// usageError reports a bad flag in one line; the library would print the whole help before it.
func usageError(_ context.Context, c *cli.Command, err error, _ bool) error {
	return fmt.Errorf("%w; see %s --help", err, c.FullName())
}

func versionCommand(stdout io.Writer) *cli.Command {
	return &cli.Command{
		Name:         "version",
		Usage:        "say which libssl is loaded",
		OnUsageError: usageError,
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return fmt.Errorf("version takes no arguments, and there is %q", c.Args().First())
			}
			fmt.Fprintf(stdout, "sslconform %s\nlibssl  %s (%#x)\nheaders %s\n",
				buildVersion(), libssl.Version(), libssl.VersionNumber(), libssl.HeaderVersion())
			return nil
		},
	}
}
