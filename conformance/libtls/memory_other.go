//go:build !linux

package libtls

// memory is a descriptor of memory that the system makes a file.
func (o observer) memory() int {
	unable("memfd_create(2) is Linux's")
	return -1
}

// sealed is one with a content that can't grow, as a session file has to be.
func (o observer) sealed([]byte) int { return o.memory() }
