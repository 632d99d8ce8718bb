package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-libssl/libssl/conformance"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorded runs clauses and returns the file with the run.
func recorded(t *testing.T, env []string, clauses string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.json")
	o := sslconform(t, env, "run", "-clause", clauses, "-format", "json", "-o", path)
	require.NotEqual(t, exitUsage, o.status, o.stderr)
	return path
}

// edited is a copy of a file with something replaced.
func edited(t *testing.T, path, old, new string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	edited := filepath.Join(t.TempDir(), "edited.json")
	require.NoError(t, os.WriteFile(edited, []byte(strings.Replace(string(text), old, new, 1)), 0o666))
	return edited
}

// another is a run that says it was made with another libssl.
func another(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var run conformance.Record
	require.NoError(t, json.Unmarshal(text, &run))
	return edited(t, path, `"version": "`+run.Library.Version+`"`, `"version": "OpenSSL 9.9.9"`)
}

// TestFormats: each form, to standard output and to a file, by one dash and by two.
func TestFormats(t *testing.T) {
	t.Parallel()
	for form, check := range map[string]func(t *testing.T, text []byte){
		"json": func(t *testing.T, text []byte) {
			var run conformance.Record
			require.NoError(t, json.Unmarshal(text, &run))
			assert.Equal(t, conformance.Format, run.Format)
			assert.Len(t, run.Clauses, 2)
			assert.NotEmpty(t, run.Program)
		},
		"junit": func(t *testing.T, text []byte) {
			var root struct {
				XMLName xml.Name   `xml:"testsuites"`
				Cases   []struct{} `xml:"testsuite>testcase"`
			}
			require.NoError(t, xml.Unmarshal(text, &root))
			assert.Len(t, root.Cases, 2)
		},
		"text": func(t *testing.T, text []byte) {
			assert.Regexp(t, `(?s)^libssl: .*\nA1 .*\nA2 .*\n2 clauses: .*\n$`, string(text))
			assert.NotContains(t, string(text), "\x1b")
		},
	} {
		for _, dash := range []string{"-", "--"} {
			args := []string{"run", dash + "clause", "^A[12]$", dash + "format", form}
			o := sslconform(t, nil, args...)
			assert.Equal(t, exitFine, o.status, o.stderr)
			check(t, []byte(o.stdout))

			path := filepath.Join(t.TempDir(), "report")
			o = sslconform(t, nil, append(args, dash+"o="+path)...)
			assert.Equal(t, exitFine, o.status, o.stderr)
			assert.Contains(t, o.stdout, "\n2 clauses: ", "the text goes on")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			check(t, text)
		}
	}
}

// TestFormatsOfADifference: what differs is told in every form, and by the exit status.
func TestFormatsOfADifference(t *testing.T) {
	t.Parallel()
	env := lying(t, "sidctx_accepts_33")
	o := sslconform(t, env, "run", "-clause", "^A[12]$", "-format", "json")
	assert.Equal(t, exitDiffers, o.status)
	assert.Contains(t, o.stdout, `"verdict": "DIFFERS"`)
	assert.Contains(t, o.stdout, `"preload": `)
	o = sslconform(t, env, "run", "-clause", "^A[12]$", "-format", "junit")
	assert.Equal(t, exitDiffers, o.status)
	assert.Contains(t, o.stdout, `failures="1"`)
	assert.Contains(t, o.stdout, `<failure message="A1 differs"`)
}

// TestOutput: a file is replaced as a whole, or left alone.
func TestOutput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "old")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("long ago\n", 10000)), 0o600))
	o := sslconform(t, nil, "errata", "-o", path, recorded(t, nil, "^G1$"))
	assert.Equal(t, exitFine, o.status, o.stderr)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Regexp(t, `(?s)^# Errata .*\n$`, string(text))
	assert.NotContains(t, string(text), "long ago")

	for _, kept := range []string{path, filepath.Join(dir, "new")} {
		o = sslconform(t, nil, "matrix", "-o", kept, filepath.Join(dir, "missing.json"))
		assert.Equal(t, exitUsage, o.status)
		o = sslconform(t, nil, "errata", "-o", kept, filepath.Join(dir, "missing.json"))
		assert.Equal(t, exitUsage, o.status)
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, after)
	assert.NoFileExists(t, filepath.Join(dir, "new"))

	o = sslconform(t, nil, "run", "-clause", "^A1$", "-o", filepath.Join(dir, "no", "such", "place"))
	assert.Equal(t, exitUsage, o.status)
	assert.Contains(t, o.stderr, "no such file or directory")
	assert.Empty(t, o.stdout, "before anything is run")
	if _, err := os.Stat("/dev/full"); err == nil {
		o = sslconform(t, nil, "run", "-clause", "^A1$", "-format", "json", "-o", "/dev/full")
		assert.Equal(t, exitUsage, o.status)
		assert.Contains(t, o.stderr, "no space left")
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	mine := recorded(t, nil, "^(A1|G1)$")
	other := another(t, recorded(t, nil, "^(A1|A2)$"))
	for _, args := range [][]string{{"matrix", mine, other}, {"matrix", other, "-format", "text", mine}, {"matrix", "--format=text", mine, other}} {
		o := sslconform(t, nil, args...)
		assert.Equal(t, exitFine, o.status, o.stderr)
		assert.Regexp(t, `(?m)^A1 +holds +holds `, o.stdout)
		assert.Regexp(t, `(?m)^A2 +- +holds |^A2 +holds +- `, o.stdout)
	}
	o := sslconform(t, nil, "matrix", "-format", "md", mine)
	assert.Equal(t, exitFine, o.status, o.stderr)
	assert.Contains(t, o.stdout, "\n| G1 | wrong | The default timeout is 7200 seconds. |\n")
	o = sslconform(t, nil, "matrix", "--changes", mine, other)
	assert.NotContains(t, o.stdout, "\nA1 ")

	o = sslconform(t, nil, "matrix", mine, another(t, recorded(t, lying(t, "sidctx_accepts_33"), "^A1$")))
	assert.Equal(t, exitDiffers, o.status)
	assert.Regexp(t, `(?m)^A1 .*DIFFERS`, o.stdout)
	assert.Contains(t, o.stdout, "\nA1 len33\n")
	assert.Empty(t, o.stderr)
}

func TestErrata(t *testing.T) {
	t.Parallel()
	mine := recorded(t, nil, "^(A1|G1|G3)$")
	o := sslconform(t, nil, "errata", mine)
	assert.Equal(t, exitFine, o.status, o.stderr)
	assert.Equal(t, []string{"### G1: wrong", "### G3: silent"}, regexp.MustCompile(`(?m)^### .*`).FindAllString(o.stdout, -1))
	assert.Contains(t, o.stdout, "`sslconform run -v -clause '^G1$'`")
	assert.NotContains(t, o.stdout, mine, "no paths of this machine")
	both := recorded(t, nil, "^(A12|G1|G3)$")
	o = sslconform(t, nil, "errata", "-page", "_timeout", both)
	assert.Equal(t, exitFine, o.status, o.stderr)
	assert.Equal(t, []string{"### G1: wrong", "### G3: silent"}, regexp.MustCompile(`(?m)^### .*`).FindAllString(o.stdout, -1))
	assert.Contains(t, o.stdout, ", 2 clauses\n")
	assert.Contains(t, o.stdout, "- **Suggested text:** ")
	o = sslconform(t, nil, "errata", "-page", "SSL_CTX_set_timeout(3)", both)
	assert.Equal(t, exitFine, o.status, "as run -list has it: "+o.stderr)
	assert.Contains(t, o.stdout, "### G1: wrong")
	o = sslconform(t, nil, "errata", "-page", "^SSL_CTX_set_num_tickets")
	assert.Equal(t, exitFine, o.status, o.stderr)
	assert.Equal(t, []string{"## SSL_CTX_set_num_tickets(3)", "## Left out"}, regexp.MustCompile(`(?m)^## .*`).FindAllString(o.stdout, -1))

	differs := recorded(t, lying(t, "timeout_returns_new"), "^G")
	o = sslconform(t, nil, "errata", differs)
	assert.Equal(t, exitDiffers, o.status)
	assert.Contains(t, o.stdout, "## Left out")
}

// TestErrataRunsEverything: without files the entries come from a run made there and then.
func TestErrataRunsEverything(t *testing.T) {
	t.Parallel()
	o := sslconform(t, nil, "errata")
	assert.Equal(t, exitFine, o.status, o.stderr)
	for _, c := range conformance.All() {
		if c.Manual != conformance.Right && c.Since == 0 && c.From == 0 {
			assert.Contains(t, o.stdout, "\n### "+c.ID+": ")
		}
	}
	assert.Contains(t, o.stdout, "Nothing: no clause that would have an entry differs.")
}

func TestUsageOfFormats(t *testing.T) {
	t.Parallel()
	mine := recorded(t, nil, "^A1$")
	text, err := os.ReadFile(mine)
	require.NoError(t, err)
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		return path
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"run", "-format", "yaml"}, `-format "yaml": there are text, json and junit`},
		{[]string{"run", "-format"}, "-format"},
		{[]string{"run", "-list", "-format", "json"}, "-list goes without"},
		{[]string{"run", "-list", "-o", "x"}, "-list goes without"},
		{[]string{"matrix"}, "which runs?"},
		{[]string{"matrix", "-bogus"}, "-bogus"},
		{[]string{"matrix", "-format", "html", mine}, `-format "html": there are text and md`},
		{[]string{"matrix", mine, mine}, mine + ": a second run of "},
		{[]string{"matrix", mine, "missing.json"}, "missing.json"},
		{[]string{"matrix", mine, t.TempDir()}, "is a directory"},
		{[]string{"matrix", file("cut.json", string(text[:len(text)/2]))}, "cut.json: truncated"},
		{[]string{"matrix", file("text.json", "libssl: x\n")}, "text.json: not JSON"},
		{[]string{"matrix", file("none.json", "")}, "none.json: empty"},
		{[]string{"matrix", edited(t, mine, conformance.Format, "sslconform/7")}, `edited.json: in the form "sslconform/7"`},
		{[]string{"errata", "-bogus"}, "-bogus"},
		{[]string{"errata", "-page", "("}, `"(" is no regular expression`},
		{[]string{"errata", "-page", "nothing"}, `"nothing" matches no page`},
		{[]string{"errata", "-page", "tls_connect(3)"}, `"tls_connect(3)" matches no page`},
		{[]string{"errata", file("cut.json", string(text[:len(text)/2]))}, "cut.json: truncated"},
		{[]string{"errata", mine, mine}, mine + ": a second run of "},
	} {
		o := sslconform(t, nil, c.args...)
		assert.Equal(t, exitUsage, o.status, c.args)
		assert.Contains(t, o.stderr, c.says, c.args)
		assert.Equal(t, 1, strings.Count(o.stderr, "\n"), "%s: one line: %s", c.args, o.stderr)
		assert.Empty(t, o.stdout, c.args)
	}
	for _, args := range []string{"matrix --help", "matrix -help", "errata --help", "errata -help"} {
		o := sslconform(t, nil, strings.Fields(args)...)
		assert.Equal(t, exitFine, o.status, args)
		assert.Contains(t, o.stdout, "RUN.json", args)
	}
}
