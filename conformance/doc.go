// Package conformance holds the documented contract of libssl's session functions, clause by clause,
// and observes on the libssl that is loaded whether each clause is so.
//
// A [Clause] says in one sentence what a manual page promises, and what libssl is expected to do: the
// two differ where the manual is wrong. Nothing is answered from that table alone. Every run makes the
// calls and the handshakes there and then, writes down what it saw as named facts, and only then
// compares: a libssl that behaves otherwise is told apart, fact by fact.
//
//	report, err := conformance.Run(ctx, conformance.All(), nil)
//
// A clause waits for events, and for none that a libssl which lies could leave out for ever: whoever waits for
// close_notify finds the end of the transport behind it.
//
// # How the code is laid out
//
//   - clause.go is the vocabulary: clauses, modes, rules.
//   - One file for each family of functions holds its clauses (sidctx.go, genid.go, cachemode.go …).
//   - pair.go and observer.go are what clauses are written in: a server and a client, and a notebook.
//   - object.go is libssl's objects as clauses use them; viaapi.go reaches them through package libssl,
//     viaraw.go through nothing but cgo. A clause is observed in each way, unless it says otherwise.
//   - run.go runs them, judge.go compares, report.go prints.
//   - record.go keeps a run in a file and reads it back, junit.go writes one for CI servers, matrix.go lays
//     several side by side, errata.go tells the manual's authors.
package conformance
