package main

import (
	"fmt"
	"slices"

	"github.com/go-libssl/libssl/cmd/sslconform/internal/suite"
	"github.com/go-libssl/libssl/conformance"
	"github.com/urfave/cli/v3"
)

// everySuite is what -suite calls all of them.
const everySuite = "all"

func suiteFlag(to *string) cli.Flag {
	return &cli.StringFlag{
		Name: "suite", Value: conformance.Libssl, Usage: "the clauses on `libssl|libtls`, or all", Destination: to,
	}
}

// clausesOf are the clauses of a suite.
func clausesOf(name string) ([]conformance.Clause, error) {
	if name == everySuite {
		return suite.Clauses(), nil
	}
	i := slices.IndexFunc(suite.All(), func(s suite.Suite) bool { return s.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("-suite %q: there are libssl, libtls and all", name)
	}
	return suite.All()[i].Clauses, nil
}
