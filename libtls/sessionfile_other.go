//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package libtls

import "os"

// sessionFile is not there: the checks of its owner and mode are Unix's.
type sessionFile struct {
	fd   int
	file *os.File
}

func (f *sessionFile) check() error             { return fault(ErrSessionFileUnsupported, nil) }
func (f *sessionFile) checkWritable() error     { return f.check() }
func (f *sessionFile) read() ([]byte, error)    { return nil, f.check() }
func (f *sessionFile) write([]byte, *int) error { return f.check() }
