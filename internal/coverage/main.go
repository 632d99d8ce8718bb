// Coverage writes docs/coverage.md: which Go name reaches each name of libssl's session API, and which test uses it.
//
//	go run ./internal/coverage         in the root of the module
//	go run ./internal/coverage -n      only say what is wrong
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	dry := flag.Bool("n", false, "write nothing")
	flag.Parse()
	t, err := makeTable(".")
	if err == nil && !*dry {
		err = os.WriteFile("docs/coverage.md", t.markdown(), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(2)
	}
	for _, p := range t.problems() {
		fmt.Fprintln(os.Stderr, "coverage:", p)
	}
	fmt.Fprintln(os.Stderr, "coverage:", t.summary())
}
