// Package suite is what sslconform knows: the clauses, by whose statements they are.
package suite

import (
	"github.com/go-libssl/libssl/conformance"
	"github.com/go-libssl/libssl/conformance/libtls"
)

// A Suite is the clauses on one library.
type Suite struct {
	Name    string
	Clauses []conformance.Clause
}

// All are the suites.
func All() []Suite {
	return []Suite{
		{conformance.Libssl, conformance.All()},
		{libtls.Suite, libtls.All()},
	}
}

// Clauses are those of every suite.
func Clauses() []conformance.Clause {
	var all []conformance.Clause
	for _, s := range All() {
		all = append(all, s.Clauses...)
	}
	return all
}

// Find finds a clause by its id.
func Find(id string) (conformance.Clause, bool) {
	for _, c := range Clauses() {
		if c.ID == id {
			return c, true
		}
	}
	return conformance.Clause{}, false
}
