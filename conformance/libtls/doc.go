// Package libtls holds what libtls' session functions do, clause by clause, and observes through package libtls
// whether a Go program gets the same: with the same order of checks, the same texts, the same keys in the same tickets
// and the same file.
//
// What libtls does was measured on libretls 3.7.0 over OpenSSL and on LibreSSL's own libtls. Where package libtls is
// better on purpose, the clause says so (conformance.Better), its facts are ours, and those that begin with
// "LegacyResumption" or "StrictTicketKeys" show that libtls' own behaviour can be had.
//
//	report, err := conformance.Runner{Witness: witness}.Run(ctx, libtls.All())
//
// A clause has the id of the row that it stands for. [Elsewhere] tells of the rows that are not here, and why.
//
// # How the code is laid out
//
//   - row.go is the vocabulary, pair.go a server and a client that meet on loopback, sessionfile.go and ticket.go what
//     they leave behind.
//   - constants.go, sessionfd.go, sessionid.go, ticketkey.go, ticketpolicy.go, file.go and resumption.go hold the
//     clauses, one file for each section.
//   - person.go asks another process, which is somebody else.
package libtls
