package libtls

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxFile is how much of a certificate, key, CA, CRL or OCSP file is read: the largest bundles have a megabyte.
const maxFile = 64 << 20

// load reads a file of a kind. The errors are libtls'. A pipe with a name that nobody has opened to write is empty, where
// libtls waits for somebody.
func load(kind, path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fileFault("open", kind, path, err)
	}
	defer f.Close()
	var all bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Size() < maxFile {
		all.Grow(int(info.Size()) + bytes.MinRead) // so that a key is not left behind in smaller buffers
	}
	_, err = all.ReadFrom(io.LimitReader(f, maxFile+1))
	if err == nil && all.Len() > maxFile {
		err = errFileTooLarge
	}
	if err != nil {
		return nil, fileFault("read", kind, path, err)
	}
	return all.Bytes(), nil
}

var errFileTooLarge = errors.New("larger than 64 MiB")

func fileFault(did, kind, path string, err error) error {
	reason := err
	var in *fs.PathError
	if errors.As(err, &in) {
		reason = in.Err
	}
	return faultf(ErrFile, err, "failed to %s %s file '%s': %s", did, kind, path, systemText(reason))
}
