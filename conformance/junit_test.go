package conformance

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJUnitGolden(t *testing.T) {
	golden(t, "run.junit.xml", withTrouble().WriteJUnit)
}

// The elements that the schemas of Ant and Jenkins both have: what an element must carry, and its children
// in their order, those that must be there with a "!".
var junitSchema = map[string]struct {
	attributes []string
	children   []string
}{
	"testsuites": {children: []string{"testsuite"}},
	"testsuite": {
		attributes: []string{"name", "id", "package", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"},
		children:   []string{"properties!", "testcase", "system-out!", "system-err!"},
	},
	"properties": {children: []string{"property"}},
	"property":   {attributes: []string{"name", "value"}},
	"testcase":   {attributes: []string{"name", "classname", "time"}, children: []string{"error", "failure"}},
	"error":      {attributes: []string{"message", "type"}},
	"failure":    {attributes: []string{"message", "type"}},
	"system-out": {},
	"system-err": {},
}

type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

func (e element) check(t *testing.T) {
	name := e.XMLName.Local
	schema, ok := junitSchema[name]
	require.True(t, ok, "element %s", name)
	var attributes []string
	for _, a := range e.Attrs {
		attributes = append(attributes, a.Name.Local)
	}
	assert.ElementsMatch(t, schema.attributes, attributes, name)
	last := 0
	for _, child := range e.Children {
		at := slices.IndexFunc(schema.children, func(s string) bool { return s == child.XMLName.Local || s == child.XMLName.Local+"!" })
		require.GreaterOrEqual(t, at, last, "%s in %s", child.XMLName.Local, name)
		last = at
		child.check(t)
	}
	for _, s := range schema.children {
		if must, ok := bytes.CutSuffix([]byte(s), []byte("!")); ok {
			assert.True(t, slices.ContainsFunc(e.Children, func(c element) bool { return c.XMLName.Local == string(must) }), "%s in %s", s, name)
		}
	}
	if name == "testcase" {
		assert.LessOrEqual(t, len(e.Children), 1, "one outcome")
	}
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func TestJUnitIsWhatReadersExpect(t *testing.T) {
	for _, r := range []*Report{withTrouble(), asExpected("OpenSSL 3.0.22", 0x30000160)} {
		var text bytes.Buffer
		require.NoError(t, r.WriteJUnit(&text))
		var root element
		require.NoError(t, xml.Unmarshal(text.Bytes(), &root))
		assert.Equal(t, "testsuites", root.XMLName.Local)
		root.check(t)

		suite := root.Children[0]
		count := map[string]int{}
		for _, c := range suite.Children {
			count[c.XMLName.Local]++
			for _, outcome := range c.Children {
				count[outcome.XMLName.Local]++
			}
		}
		assert.Equal(t, suite.attr("tests"), fmt.Sprint(count["testcase"]))
		assert.Equal(t, suite.attr("failures"), fmt.Sprint(count["failure"]))
		assert.Equal(t, suite.attr("errors"), fmt.Sprint(count["error"]))
		assert.Equal(t, r.Count(Differs), count["failure"]+count["error"])
		assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`, suite.attr("timestamp"))
		assert.Regexp(t, `^\d+\.\d+$`, suite.attr("time"))
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestJUnitTellsThatItCannotWrite(t *testing.T) {
	assert.ErrorIs(t, withTrouble().WriteJUnit(broken{}), io.ErrShortWrite)
}
