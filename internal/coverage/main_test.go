package main

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTableIsWhole(t *testing.T) {
	table, err := makeTable("../..")
	require.NoError(t, err)
	assert.Len(t, table.rows, 160)
	t.Log(table.summary())
	assert.Empty(t, table.problems())
	written, err := os.ReadFile("../../docs/coverage.md")
	require.NoError(t, err)
	assert.True(t, string(written) == string(table.markdown()), "docs/coverage.md is not what `make coverage-table` writes")
}

func TestReadC(t *testing.T) {
	c := code{}
	c.readC(`
		/* SSL_comment(x) { */
		#define MAKE(function, params) \
		    int gls_##function params { return SSL_in_macro(); }
		static int n = 1; // SSL_comment
		extern int glsOnThis(int n);
		static const char *names[] = {"SSL_text"};
		MAKE(SSL_made, (int (*f)(void), int n), helper(n))
		#if 1
		static int helper(int n) { if (n) { return SSL_one(n); } return '}'; }
		#else
		static int helper(int n) { return SSL_two(n); }
		#endif
		int gls_SSL_last(int (*f)(int), int n) {
		    CALL(r, SSL_three, (n, "}"));
		    glsOnThis(n);
		}
	`)
	names := func(function string) []string { return slices.Sorted(maps.Keys(c[function].calls)) }
	assert.Subset(t, names("C.gls_SSL_made"), []string{"C.SSL_made", "C.helper"})
	assert.Subset(t, names("C.helper"), []string{"C.SSL_one", "C.SSL_two"})
	assert.Subset(t, names("C.gls_SSL_last"), []string{"C.SSL_three", "glsOnThis"})
	for function := range c {
		for _, name := range []string{"C.SSL_comment", "C.SSL_text", "C.SSL_in_macro"} {
			assert.NotContains(t, names(function), name)
		}
	}
	assert.Contains(t, c.distances("C.gls_SSL_made"), "C.SSL_two")
	assert.NotContains(t, c.distances("C.gls_SSL_last"), "C.SSL_two")
}

func TestReached(t *testing.T) {
	names := map[string]string{}
	for _, name := range []string{"SSL_a", "SSL_b", "SSL_CTX_c", "SSL_CTX_d", "SSL_e", "SSL_f"} {
		names[name] = "v111"
	}
	calls := func(list ...string) map[string]bool {
		m := map[string]bool{}
		for _, name := range list {
			m[name] = true
		}
		return m
	}
	c := code{
		"New":     {exported: true, calls: calls("C.SSL_CTX_d", "C.SSL_CTX_c")},
		"SSL.A":   {exported: true, claims: []string{"SSL_a"}, calls: calls("help")},
		"SSL.Z":   {exported: true, calls: calls("C.SSL_a", "SSL.A")},
		"Conn.B":  {exported: true, calls: calls("C.SSL_b")},
		"SSL.B":   {exported: true, calls: calls("C.gls")},
		"Ctx.Set": {exported: true, claims: []string{"SSL_CTX_d", "SSL_f"}, calls: calls()},
		"help":    {calls: calls("C.gls")},
		"C.gls":   {calls: calls("C.SSL_a", "C.SSL_b")},
		"unused":  {calls: calls("C.SSL_e")},
	}
	assert.Equal(t, map[string]string{
		"SSL_a":     "SSL.A",   // it says so
		"SSL_b":     "SSL.B",   // it has that receiver, and is nearer than SSL.A
		"SSL_CTX_c": "New",     // nobody else reaches it
		"SSL_CTX_d": "Ctx.Set", // which says so, though New calls it
		// SSL_e is called by what nobody can call, and SSL_f not at all, whatever Ctx.Set says.
	}, c.reached(names))
	assert.Equal(t, "SSL.A", c.claimant("SSL_a"))
	assert.Empty(t, c.claimant("SSL_b"), "which is reached")
}

func TestBest(t *testing.T) {
	tests := []testFunc{
		{name: "TestAll", api: map[string]int{"SSL.Timeout": 0, "SSL.Other": 0}},
		{name: "TestHelped", api: map[string]int{"SSL.Timeout": 1}},
		{name: "TestLittle", api: map[string]int{"SSL.Timeout": 0}},
		{name: "TestTimeoutOfAll", api: map[string]int{"SSL.Timeout": 0, "SSL.Other": 0, "SSL.Third": 1}},
	}
	assert.Equal(t, "TestTimeoutOfAll", best(tests, "SSL.Timeout").name)
	assert.Equal(t, "TestLittle", best(tests[:3], "SSL.Timeout").name)
	assert.Equal(t, "TestHelped", best(tests[1:2], "SSL.Timeout").name)
	assert.Nil(t, best(tests, "SSL.None"))
}
