package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-libssl/libssl/cmd/sslconform/internal/fault"
	"github.com/go-libssl/libssl/cmd/sslconform/internal/suite"
	"github.com/go-libssl/libssl/conformance"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func faults(t *testing.T) []fault.Fault {
	t.Helper()
	all, err := fault.Read(fault.Dir)
	require.NoError(t, err)
	return all
}

// lying compiles a fault and returns the environment in which libssl lies.
func lying(t *testing.T, name string) []string {
	t.Helper()
	all := faults(t)
	i := slices.IndexFunc(all, func(f fault.Fault) bool { return f.Name == name })
	require.GreaterOrEqual(t, i, 0, "there is no fault %s", name)
	return fault.Armed(build(t, all[i]))
}

func build(t *testing.T, f fault.Fault) string {
	t.Helper()
	lib, err := f.Build(t.Context(), t.TempDir())
	require.NoError(t, err)
	return lib
}

// TestFaultsAreFound: the clauses that have to name a fault do, each by itself. `make mutants` runs the others beside them.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	for _, f := range faults(t) {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			env := append(fault.Armed(build(t, f)), actAsProgram+"=1")
			o, err := fault.Run(t.Context(), os.Args[0], env, f.Clauses...)
			require.NoError(t, err)
			assert.True(t, f.FoundBy(o), "%s\nclauses %v, named %v, exit status %d: %s", f.Lie, f.Clauses, o.Named, o.Status, o.Stderr)
		})
	}
}

// TestFaultsMissed: a fault is not found by a run in which nothing differs, nor by clauses that hold.
func TestFaultsMissed(t *testing.T) {
	t.Parallel()
	all := faults(t)
	f := all[slices.IndexFunc(all, func(f fault.Fault) bool { return f.Name == "crash" })]
	lib := build(t, f)
	for name, env := range map[string][]string{"unarmed": fault.Unarmed(lib), "armed": fault.Armed(lib)} {
		o, err := fault.Run(t.Context(), os.Args[0], append(env, actAsProgram+"=1"), "A19", "A20")
		require.NoError(t, err)
		assert.Equal(t, name == "armed", f.FoundBy(o), name)
		f := f
		f.Clauses = []string{"A19", "A20"}
		assert.False(t, f.FoundBy(o), name)
	}
}

// TestUnarmedFaults: the detour through the preloaded libraries does no harm by itself, to the clauses that name a fault.
func TestUnarmedFaults(t *testing.T) {
	t.Parallel()
	var libs, named []string
	for _, f := range faults(t) {
		libs = append(libs, build(t, f))
		named = append(named, f.Clauses...)
	}
	o := sslconform(t, fault.Unarmed(libs...), "run", "-suite", "all", "-clause", "^("+strings.Join(named, "|")+")$")
	assert.Equal(t, exitFine, o.status, o.stdout+o.stderr)
}

// prompt is a regular expression for the clauses that do not wait for time to pass.
func prompt(clauses []conformance.Clause) string {
	var ids []string
	for _, c := range clauses {
		if !c.Waits {
			ids = append(ids, c.ID)
		}
	}
	return "^(" + strings.Join(ids, "|") + ")$"
}

// TestFaultsOfEachFamily: there is no family of clauses that need not notice anything.
func TestFaultsOfEachFamily(t *testing.T) {
	t.Parallel()
	family := func(id string) string { return strings.TrimRight(id, "0123456789abcdefghijklmnopqrstuvwxyz") } // "A", "TK-"
	noticing := map[string]bool{}
	for _, f := range faults(t) {
		for _, id := range f.Clauses {
			noticing[family(id)] = true
		}
	}
	for _, c := range suite.Clauses() {
		assert.True(t, noticing[family(c.ID)], "no fault has to be named by a clause of %s's family", c.ID)
	}
}

// TestFaultMisread: a fault that no clause has to name is none.
func TestFaultMisread(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                                  "first comment",
		"/* Something is wrong. */\n":       "first comment",
		"/* Wrong.\n * Clauses: A1 A0 */\n": "there is no clause A0",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "fault.c"), []byte(text), 0o666))
		_, err := fault.Read(dir)
		assert.ErrorContains(t, err, says)
	}
	_, err := fault.Read(t.TempDir())
	assert.ErrorContains(t, err, "no faults")
}

// TestRunGoesOnAfterACrash: the clauses after the one that crashed are run.
func TestRunGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	o := sslconform(t, lying(t, "crash"), "run", "-clause", "^(A19|A20|B1)$")
	assert.Equal(t, exitDiffers, o.status)
	assert.Equal(t, []string{"A20"}, o.differing(), o.stdout)
	assert.Contains(t, o.stdout, "ended early: the process died")
	assert.Regexp(t, `(?m)^A19 +holds`, o.stdout)
	assert.Regexp(t, `(?m)^B1 +holds`, o.stdout)
}
