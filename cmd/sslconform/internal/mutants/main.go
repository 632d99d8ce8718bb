// Command mutants runs sslconform, whose path is its argument, once with each fault preloaded, and prints which
// clauses named it: those that have to, or else it was missed. It runs in the directory of the module. Its exit status
// is 0 if every fault was found out by the clauses that have to name it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/go-libssl/libssl/cmd/sslconform/internal/fault"
	"github.com/go-libssl/libssl/cmd/sslconform/internal/suite"
	"github.com/go-libssl/libssl/conformance"
)

// slow are the clauses that make hundreds of connections, and take as long as half of the others together: they, and
// those that wait, are run only for the faults that they have to name.
var slow = []string{"C16", "C17", "C18"}

// width is how many faults are tried at a time: clauses wait for the clock now and then.
const width = 2

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: mutants SSLCONFORM")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	missed, err := run(ctx, os.Args[1])
	stop()
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		os.Exit(2)
	case missed > 0:
		os.Exit(1)
	}
}

// run tries every fault and tells how many were missed.
func run(ctx context.Context, program string) (missed int, err error) {
	faults, err := fault.Read(fault.Dir)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	var libs []string
	for _, f := range faults {
		lib, err := f.Build(ctx, dir)
		if err != nil {
			return 0, err
		}
		libs = append(libs, lib)
	}

	// What is named with every fault loaded and none armed would be named for the wrong reason.
	o, err := fault.Run(ctx, program, fault.Unarmed(libs...))
	if err != nil {
		return 0, err
	}
	if o.Status != 0 || len(o.Named) > 0 {
		return 0, fmt.Errorf("without a fault: exit status %d, named: %s", o.Status, strings.Join(o.Named, " "))
	}

	line := columns(faults)
	fmt.Printf(line, "", "fault", "expected", "named")
	for i, t := range try(ctx, program, faults, libs) {
		t := <-t
		if t.err != nil {
			return 0, fmt.Errorf("%s: %w", faults[i].Name, t.err)
		}
		verdict := "caught"
		if !faults[i].FoundBy(t.Outcome) {
			verdict = "MISSED"
			missed++
		}
		fmt.Printf(line, verdict, faults[i].Name, strings.Join(faults[i].Clauses, " "), named(faults[i], t.Outcome))
	}
	fmt.Printf("%d of %d\n", len(faults)-missed, len(faults))
	return missed, nil
}

// columns is the format of a line, in which all names and clauses have room.
func columns(faults []fault.Fault) string {
	name, expected := 0, len("expected")
	for _, f := range faults {
		name = max(name, len(f.Name))
		expected = max(expected, len(strings.Join(f.Clauses, " ")))
	}
	return fmt.Sprintf("%%-6s  %%-%ds  %%-%ds  %%s\n", name, expected)
}

type trial struct {
	fault.Outcome
	err error
}

// try runs the clauses with each fault armed, some at a time, and gives out the outcomes in order.
func try(ctx context.Context, program string, faults []fault.Fault, libs []string) []chan trial {
	outcomes := make([]chan trial, len(faults))
	for i := range outcomes {
		outcomes[i] = make(chan trial, 1)
	}
	next := make(chan int)
	for range width {
		go func() {
			for i := range next {
				o, err := fault.Run(ctx, program, fault.Armed(libs[i]), clauses(faults[i])...)
				outcomes[i] <- trial{o, err}
			}
		}()
	}
	go func() {
		defer close(next)
		for i := range faults {
			next <- i
		}
	}()
	return outcomes
}

// clauses are those that are run with a fault: of the suites that have to name it.
func clauses(f fault.Fault) []string {
	var ids []string
	for _, s := range suite.All() {
		named := func(c conformance.Clause) bool { return slices.Contains(f.Clauses, c.ID) }
		if !slices.ContainsFunc(s.Clauses, named) {
			continue
		}
		for _, c := range s.Clauses {
			if named(c) || !c.Waits && !slices.Contains(slow, c.ID) {
				ids = append(ids, c.ID)
			}
		}
	}
	return ids
}

// named lists the clauses that differed, the expected ones first and of the others only a few.
func named(f fault.Fault, o fault.Outcome) string {
	const few = 8
	var expected, others []string
	for _, id := range o.Named {
		if slices.Contains(f.Clauses, id) {
			expected = append(expected, id)
		} else {
			others = append(others, id)
		}
	}
	text := strings.Join(expected, " ")
	if more := len(others) - few; more > 1 {
		others = append(others[:few], fmt.Sprintf("and %d more", more))
	}
	if len(others) > 0 {
		text += " (also " + strings.Join(others, " ") + ")"
	}
	if o.Status != 1 {
		text += fmt.Sprintf(" exit status %d", o.Status)
	}
	return text
}
