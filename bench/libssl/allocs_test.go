//go:build !race

package main

import (
	"testing"

	"github.com/go-libssl/libssl/bench/internal/load"
)

// TestReadAndWriteAllocateNothing is not for the race detector, under which sync.Pool drops what it pleases.
func TestReadAndWriteAllocateNothing(t *testing.T) {
	for _, version := range []string{"1.2", "1.3"} {
		reads, writes, err := load.Allocs(newTestStack(t, version), 2000)
		if err != nil {
			t.Fatal(err)
		}
		if reads != 0 || writes != 0 {
			t.Errorf("TLS %s: %g allocations for a Read, %g for a Write; want none", version, reads, writes)
		}
	}
}
