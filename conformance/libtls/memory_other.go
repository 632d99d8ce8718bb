//go:build !linux

package libtls

// memory is a descriptor of memory that the system makes a file.
func (o observer) memory() int {
	unable("memfd_create(2) is Linux's")
	return -1
}
