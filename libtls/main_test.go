package libtls_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-libssl/libssl/internal/livecount"
	"github.com/go-libssl/libssl/internal/testutil"
)

// TestMain fails the run when an object of libssl outlives the tests.
func TestMain(m *testing.M) {
	before := livecount.Now()
	testutil.AtEnd("objects of libssl", func() error {
		if !testutil.CollectUntil(10*time.Second, func() bool { return livecount.Now() == before }) {
			return fmt.Errorf("%+v at the start, %+v at the end", before, livecount.Now())
		}
		return nil
	})
	testutil.Main(m)
}
