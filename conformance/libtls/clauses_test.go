package libtls

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/go-libssl/libssl/conformance"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain has the test binary answer as somebody else, too.
func TestMain(m *testing.M) {
	if IsPerson() {
		os.Exit(AnswerAsPerson())
	}
	os.Exit(m.Run())
}

// TestClauses runs every clause, on a machine that may be busy.
func TestClauses(t *testing.T) {
	witness, err := conformance.InProcess(2 * time.Minute)
	require.NoError(t, err)
	report, err := conformance.Runner{Witness: witness}.Run(t.Context(), All())
	require.NoError(t, err)
	for _, result := range report.Results {
		t.Run(result.Clause.ID, func(t *testing.T) {
			var text bytes.Buffer
			conformance.Printer{W: &text}.Result(result)
			assert.NotEqual(t, conformance.Differs, result.Verdict, text.String())
			if result.Verdict == conformance.NotObserved {
				t.Skip(text.String())
			}
		})
	}
}

// ranges are the rows of libtls' semantics.
var ranges = map[string]int{"C": 14, "FD": 16, "ID": 4, "LT": 6, "TK": 31, "RW": 22, "RS": 22}

// TestEachRowIsSomewhere: a row is a clause, or it is told why it is none.
func TestEachRowIsSomewhere(t *testing.T) {
	there := map[string]bool{}
	for _, c := range All() {
		assert.False(t, there[c.ID], "%s is there twice", c.ID)
		there[c.ID] = true
		assert.NotContains(t, Elsewhere(), c.ID)
	}
	for id, why := range Elsewhere() {
		assert.NotEmpty(t, why)
		there[id] = true
	}
	rows := 0
	for section, last := range ranges {
		for n := range last {
			assert.True(t, there[section+"-"+strconv.Itoa(n+1)], "%s-%d", section, n+1)
			rows++
		}
	}
	assert.Len(t, there, rows)
}

func TestClausesAreComplete(t *testing.T) {
	for _, c := range All() {
		assert.Regexp(t, `^[A-Z]+-[0-9]+$`, c.ID)
		assert.Regexp(t, `^tls_\w+\(3\)$`, c.Page, c.ID)
		assert.Regexp(t, regexp.MustCompile(`^[A-Z0-9].*[.)]$`), c.Says, c.ID)
		assert.Equal(t, c.Manual == conformance.Better, c.Truth != "", c.ID)
		assert.NotEmpty(t, c.Want, c.ID)
		for _, r := range c.Want {
			for _, m := range r.Modes {
				assert.Contains(t, c.Modes, m, "%s: %s", c.ID, r.Fact)
			}
		}
	}
}
