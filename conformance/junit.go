package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The elements of JUnit's XML that the schemas of Ant and of Jenkins' xUnit have in common.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		ID         int             `xml:"id,attr"`
		Package    string          `xml:"package,attr"`
		Hostname   string          `xml:"hostname,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Stdout     string          `xml:"system-out"`
		Stderr     string          `xml:"system-err"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Error   *junitTrouble `xml:"error"`
		Failure *junitTrouble `xml:"failure"`
	}
	junitTrouble struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a report as JUnit XML: a suite for the libssl, a test for each clause, in a class for
// each manual page. A clause that differs has failed, and one that ended early is an error; a manual that
// is wrong fails nothing.
func (r *Report) WriteJUnit(w io.Writer) error {
	rec := r.Record("")
	suite := junitSuite{
		Name:      "sslconform " + r.Library.Version,
		Package:   "sslconform",
		Hostname:  "localhost", // required by Ant's schema, and nobody's business
		Timestamp: rec.Started.Format("2006-01-02T15:04:05"),
		Tests:     len(r.Results),
		Time:      junitTime(rec.Seconds),
		Properties: []junitProperty{
			{"libssl", r.Library.Version},
			{"headers", r.Library.Headers},
			{"loaded", r.Library.Path},
			{"preloaded", r.Library.Preload},
			{"platform", r.Platform},
		},
		Stdout: r.text(),
	}
	for i, result := range r.Results {
		c := junitCase{
			Name:  fmt.Sprintf("%s (%s): %s", result.Clause.ID, words(result.Clause.ways()), result.Clause.Line(result.Version)),
			Class: "sslconform." + result.Clause.packaged() + strings.TrimSuffix(result.Clause.Page, "(3)"),
			Time:  junitTime(rec.Clauses[i].Seconds),
		}
		switch {
		case result.Verdict == NotObserved: // which readers have no common word for
			c.Name = fmt.Sprintf("%s (%v: %s)", c.Name, result.Verdict, result.Failures[0].Reason)
		case slices.ContainsFunc(result.Failures, Failure.fails):
			suite.Errors++
			c.Error = &junitTrouble{Message: result.firstFailure(), Type: "ended early", Text: result.details()}
		case result.Verdict == Differs:
			suite.Failures++
			c.Failure = &junitTrouble{Message: result.Clause.ID + " differs", Type: Differs.String(), Text: result.details()}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitTime(seconds float64) string { return fmt.Sprintf("%.4f", seconds) }

// text is the whole report as it is printed.
func (r *Report) text() string {
	var b strings.Builder
	Printer{W: &b}.Report(r)
	return b.String()
}

// packaged is what the classes of a suite have before their name; those of libssl, nothing.
func (c Clause) packaged() string {
	if c.suite() == Libssl {
		return ""
	}
	return c.suite() + "."
}

func (r Result) firstFailure() string {
	return r.Failures[slices.IndexFunc(r.Failures, Failure.fails)].Reason
}

// details are the lines below a clause that was not as expected, and what led to them.
func (r Result) details() string {
	var b strings.Builder
	Printer{W: &b, Verbose: true}.Result(r)
	return b.String()
}
