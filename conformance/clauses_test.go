package conformance

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestClauses runs every clause against the libssl of this machine, which may be busy.
func TestClauses(t *testing.T) {
	witness, err := InProcess(time.Minute)
	require.NoError(t, err)
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			report, err := Runner{Witness: witness}.Run(t.Context(), []Clause{c})
			require.NoError(t, err)
			result := report.Results[0]
			var text bytes.Buffer
			Printer{W: &text}.Result(result)
			assert.NotEqual(t, Differs, result.Verdict, text.String())
		})
	}
}

func TestClausesAreComplete(t *testing.T) {
	ids := map[string]bool{}
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			assert.False(t, ids[c.ID], "the id is taken")
			ids[c.ID] = true
			assert.Regexp(t, `^[A-Z][0-9]+[a-z]?$`, c.ID)
			assert.Regexp(t, `^[A-Za-z0-9_]+\(3\)$`, c.Page)
			assert.Regexp(t, `^[A-Z].*\.$`, c.Says)
			assert.NotNil(t, c.Observe)
			if c.Manual == Right {
				assert.Empty(t, c.Truth, "the manual is right")
			} else {
				assert.Regexp(t, `^[A-Z].*\.$`, c.Truth)
			}
			for _, v := range measured {
				for _, w := range c.ways() {
					for _, m := range c.modes() {
						assert.NotEmpty(t, c.expected(w, m, v), "nothing is expected in mode %v of %v, by %v", m, v, w)
					}
				}
			}
		})
	}
}

// TestRulesApplyToTheirClause finds expectations that can never be met.
func TestRulesApplyToTheirClause(t *testing.T) {
	for _, c := range All() {
		for _, r := range c.Want {
			for _, m := range r.Modes {
				assert.Contains(t, c.modes(), m, "%s: %s", c.ID, r.Fact)
			}
			for _, w := range r.Ways {
				assert.Contains(t, c.ways(), w, "%s: %s", c.ID, r.Fact)
			}
			assert.NotContains(t, r.Fact, ";", c.ID)
			assert.Equal(t, strings.TrimSpace(r.Fact), r.Fact, c.ID)
		}
	}
}
