package conformance

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestErrataGolden(t *testing.T) {
	golden(t, "errata.md", merged(t,
		asExpected("OpenSSL 1.1.1w  11 Sep 2023", 0x1010117f),
		asExpected("OpenSSL 3.0.22 1 Jan 2026", 0x30000160),
		asExpected("OpenSSL 3.5.7 9 Jun 2026", 0x30500070),
	).WriteErrata)
}

func errataOf(t *testing.T, reports ...*Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, merged(t, reports...).WriteErrata(&b))
	return b.String()
}

// TestErrataLeaveOutWhatDiffers: what one run denies is not entered, whatever the others saw.
func TestErrataLeaveOutWhatDiffers(t *testing.T) {
	text := errataOf(t, asExpected("OpenSSL 3.0.22", 0x30000160), withTrouble())
	assert.NotContains(t, text, "### X3")
	assert.Contains(t, text, "## Left out\n\nThese clauses")
	assert.Contains(t, text, "- X3 (other(3)): differs on 3.4.1\n")
	assert.NotContains(t, text, "X1", "has nothing to do with errata")
	assert.Contains(t, text, "### X2: wrong")
}

// TestErrataOfEachRelease: what a release's page has to answer for.
func TestErrataOfEachRelease(t *testing.T) {
	headings := func(name string, number uint64) []string {
		return regexp.MustCompile(`(?m)^### .*`).FindAllString(errataOf(t, asExpected(name, number)), -1)
	}
	assert.Equal(t, []string{"### X4: wrong", "### X3: silent"}, headings("OpenSSL 1.1.1w", 0x1010117f))
	assert.Equal(t, []string{"### X4: wrong", "### X5: wrong", "### X3: silent", "### X2: wrong"}, headings("OpenSSL 3.0.22", 0x30000160))
	assert.Equal(t, []string{"### X5: wrong", "### X3: silent", "### X4: withdrawn", "### X2: wrong"}, headings("OpenSSL 3.6.0", 0x30600000))
}

func TestErrataAreComplete(t *testing.T) {
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			if c.Manual == Right {
				assert.Empty(t, c.Whom+c.Note+c.Text, "there is no erratum")
				assert.Zero(t, c.From+c.Until, "there is no erratum")
				return
			}
			assert.Regexp(t, `^[A-Z].*\.$`, c.Whom, "whom does it matter to?")
			assert.LessOrEqual(t, len(c.Whom), 160, "one short sentence")
			assert.Regexp(t, `^\S.*\.$`, c.Text, "what could the page say?")
			if c.Note != "" {
				assert.Regexp(t, `^[A-Z].*\.$`, c.Note)
			}
			if c.Until != 0 {
				assert.Equal(t, Wrong, c.Manual, "what a page does not say it cannot stop saying")
				assert.Less(t, c.From, c.Until)
			}
		})
	}
}

// TestErrataAreWritten: docs/manual-errata.md has an entry for each clause, and in its present words.
func TestErrataAreWritten(t *testing.T) {
	const path = "../docs/manual-errata.md"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	entries := map[string]string{}
	for _, entry := range regexp.MustCompile(`\n##+ `).Split(string(text), -1) {
		if id, _, ok := strings.Cut(entry, ": "); ok && !strings.Contains(id, "\n") {
			entries[id] = entry
		}
	}
	for _, c := range All() {
		if c.Manual == Right {
			continue
		}
		for _, words := range []string{c.Says, c.Truth, c.Whom, c.Note, c.Text} {
			assert.Contains(t, entries[c.ID], words, "%s: make errata brings %s up to date", c.ID, path)
		}
		delete(entries, c.ID)
	}
	assert.Empty(t, entries, "entries without a clause")
}

func TestList(t *testing.T) {
	assert.Equal(t, "a", list([]string{"a"}))
	assert.Equal(t, "a and b", list([]string{"a", "b"}))
	assert.Equal(t, "a, b and c", list([]string{"a", "b", "c"}))
}
