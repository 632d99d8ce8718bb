// Package tests proves the binding from outside: against other programs, against bad input, and over many
// connections. Each file is named for what it proves.
package tests

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-libssl/libssl/internal/livecount"
	"github.com/go-libssl/libssl/internal/testutil"
)

var long = flag.Bool("long", os.Getenv("LIBSSL_LONG") == "1", "run the long form of the tests that have one")

// children are what the test binary can do instead of running tests, for tests that need a process of
// their own: the environment variable childEnv names one.
var children = map[string]func(){}

const childEnv = "LIBSSL_TEST_CHILD"

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		child, ok := children[name]
		if !ok {
			fmt.Fprintf(os.Stderr, "no child %q\n", name)
			os.Exit(2)
		}
		child()
		os.Exit(0)
	}
	testutil.AtEnd("live objects", func() error {
		if n, ok := livecount.Settle(livecount.Counts{}, 20*time.Second); !ok {
			return fmt.Errorf("all tests are over, yet there are %v", n)
		}
		return nil
	})
	testutil.Main(m)
}
