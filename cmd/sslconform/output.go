package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"
)

// An output is where a command's product goes: a file named by -o, or standard output.
//
// It is gathered and written at the end: what did not come to an end leaves no half of a file behind, and
// the one that was there stays. That it can be written is found out at the beginning.
type output struct {
	bytes.Buffer
	stdout io.Writer
	file   *os.File // nil: standard output
	made   bool     // there was no such file before
}

func openOutput(path string, stdout io.Writer) (*output, error) {
	o := &output{stdout: stdout}
	if path == "" {
		return o, nil
	}
	_, err := os.Stat(path)
	o.made = os.IsNotExist(err)
	if o.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666); err != nil {
		return nil, fmt.Errorf("-o: %w", err)
	}
	return o, nil
}

// write puts what was gathered where it belongs.
func (o *output) write() error {
	if o.file == nil {
		_, err := o.stdout.Write(o.Bytes())
		return err
	}
	if info, err := o.file.Stat(); err == nil && info.Mode().IsRegular() {
		if err := o.file.Truncate(0); err != nil {
			return err
		}
	}
	_, err := o.file.Write(o.Bytes())
	if closing := o.file.Close(); err == nil {
		err = closing
	}
	o.file = nil
	return err
}

// abandon lets go of a file that was not written.
func (o *output) abandon() {
	if o.file == nil {
		return
	}
	o.file.Close()
	if o.made {
		os.Remove(o.file.Name())
	}
}

func outputFlag(to *string, usage string) cli.Flag {
	return &cli.StringFlag{Name: "o", Usage: usage, Destination: to}
}
