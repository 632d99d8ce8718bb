package libtls_test

import (
	"bytes"
	"net"
)

// rename is a transport that puts one name in the place of another as long, in what is written first.
type rename struct {
	net.Conn
	from, to string
	done     bool
}

func (r *rename) Write(p []byte) (int, error) {
	if !r.done {
		r.done = true
		p = bytes.ReplaceAll(p, []byte(r.from), []byte(r.to))
	}
	return r.Conn.Write(p)
}
