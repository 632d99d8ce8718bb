package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A libssl that lies must be found out: each of these faults is preloaded, and the clauses named must
// differ. Others may as well.
var faults = map[string][]string{
	"sidctx_accepts_33":       {"A1", "A8"},
	"sidctx_fails_silently":   {"A1"},
	"sidctx_ends_at_zero":     {"A9"},
	"sidctx_of_ssl_ignored":   {"A2", "A8"},
	"sidctx_of_session_lost":  {"A6", "A7"},
	"verify_ignored":          {"A12", "A13"},
	"generate_ignored":        {"B4", "B8"},
	"generate_buffer_dirty":   {"B4", "B10"},
	"matching_never":          {"B15", "B19"},
	"matching_cuts":           {"B21"},
	"cache_mode_returns_new":  {"C2"},
	"new_callback_ignored":    {"C7", "D2"},
	"get_callback_ignored":    {"C8", "D12"},
	"remove_callback_ignored": {"D9"},
	"hits_miscounted":         {"E3"},
	"misses_swallowed":        {"E3"},
	"cache_size_ignored":      {"F1", "F3"},
	"timeout_returns_new":     {"G2"},
	"flush_keeps":             {"H1"},
	"add_forgets":             {"C15", "I1"},
	"remove_keeps":            {"D9", "I4"},
	"reused_never":            {"A11", "L6"},
	"reused_always":           {"A11", "L6"},
	"resumable_always":        {"L7"},
	"parse_forgets_context":   {"A6", "N1"},
	"num_tickets_ignored":     {"O1", "O2"},
	"crash":                   {"A20"},
}

const armed = "SSLCONFORM_FAULT=1"

// build compiles a fault into a library that can be preloaded.
func build(t *testing.T, source string) string {
	t.Helper()
	lib := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c")+".so")
	args := []string{"-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", lib, source}
	if flags, err := exec.Command("pkg-config", "--cflags", "libssl").Output(); err == nil {
		args = append(args, strings.Fields(string(flags))...)
	}
	out, err := exec.Command("gcc", append(args, "-ldl")...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return lib
}

func sources(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/faults/*.c")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	var built []string
	for _, source := range sources(t) {
		name := strings.TrimSuffix(filepath.Base(source), ".c")
		built = append(built, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clauses := faults[name]
			require.NotEmpty(t, clauses, "which clauses should notice it?")
			lib := build(t, source)
			o := sslconform(t, []string{armed, "LD_PRELOAD=" + lib}, "run", "-clause", "^("+strings.Join(clauses, "|")+")$")
			assert.Equal(t, exitDiffers, o.status, o.stdout+o.stderr)
			assert.Equal(t, clauses, o.differing(), o.stdout+o.stderr)
		})
	}
	for name := range faults {
		assert.True(t, slices.Contains(built, name), "there is no %s.c", name)
	}
}

// TestUnarmedFaults: the detour through the preloaded libraries does no harm by itself.
func TestUnarmedFaults(t *testing.T) {
	t.Parallel()
	var libs []string
	for _, source := range sources(t) {
		libs = append(libs, build(t, source))
	}
	o := sslconform(t, []string{"LD_PRELOAD=" + strings.Join(libs, ":")}, "run")
	assert.Equal(t, exitFine, o.status, o.stdout+o.stderr)
}

// TestRunGoesOnAfterACrash: the clauses after the one that crashed are run.
func TestRunGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	lib := build(t, "testdata/faults/crash.c")
	o := sslconform(t, []string{armed, "LD_PRELOAD=" + lib}, "run", "-clause", "^(A19|A20|B1)$")
	assert.Equal(t, exitDiffers, o.status)
	assert.Equal(t, []string{"A20"}, o.differing(), o.stdout)
	assert.Contains(t, o.stdout, "ended early: the process died")
	assert.Regexp(t, `(?m)^A19 +holds`, o.stdout)
	assert.Regexp(t, `(?m)^B1 +holds`, o.stdout)
}
