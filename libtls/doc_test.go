package libtls_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The docs are held against the code.

// A source is what the Go files here declare.
type source struct {
	tests  map[string]bool   // functions of tests
	public map[string]string // what is exported, "Config.SetCAFile" or "Dial", with its comment
}

func readSource(t *testing.T) source {
	t.Helper()
	s := source{map[string]bool{}, map[string]string{}}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || !f.Name.IsExported() || !ast.IsExported(receiver(f)) && f.Recv != nil:
			case strings.HasSuffix(path, "_test.go"):
				s.tests[f.Name.Name] = true
			default:
				s.public[receiver(f)+f.Name.Name] = f.Doc.Text()
			}
		}
	}
	return s
}

// receiver is "Config.", or nothing.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	return of.(*ast.Ident).Name + "."
}

// goOnly is what has no counterpart in libtls.
var goOnly = []string{
	"Config.HealSessionFile", "Config.LegacyResumption", "Config.StrictTicketKeys", "Protocols.String",
	"Conn.CloseWrite", "Conn.LocalAddr", "Conn.NetConn", "Conn.PeerCertificate", "Conn.RemoteAddr",
	"Conn.SetDeadline", "Conn.SetReadDeadline", "Conn.SetWriteDeadline", "Error.Error", "Error.Unwrap",
}

var (
	tableLine = regexp.MustCompile("(?m)^\\| `(tls_\\w+)` \\|(.*?)\\| (same|better|not offered) \\| (.*?) ?\\|$")
	goName    = regexp.MustCompile("`([A-Z][\\w.]+)`")
	cLine     = regexp.MustCompile(`(?m)^C: (.+)$`)
	cName     = regexp.MustCompile(`(tls_\w+)\(3\)`)
	declared  = regexp.MustCompile(`\b(tls_\w+) ?\(`)
)

// TestTableOfFunctions: docs/libtls.md has each function of tls.h, and each of this package, and they agree with the comments.
func TestTableOfFunctions(t *testing.T) {
	public := readSource(t).public
	page, err := os.ReadFile("../docs/libtls.md")
	require.NoError(t, err)
	table, inTable := map[string]bool{}, map[string]bool{}
	for _, m := range tableLine.FindAllStringSubmatch(string(page), -1) {
		c, names, verdict, why := m[1], goName.FindAllStringSubmatch(m[2], -1), m[3], m[4]
		assert.False(t, table[c], "%s is there twice", c)
		table[c] = true
		assert.Equal(t, verdict == "not offered", len(names) == 0, "%s: %s, and %d names", c, verdict, len(names))
		assert.True(t, verdict == "same" || why != "", "%s: %s, and why?", c, verdict)
		for _, n := range names {
			inTable[n[1]] = true
			assert.Contains(t, public[n[1]], c+"(3)", "the comment of %s", n[1])
		}
	}
	for name, comment := range public {
		line := cLine.FindStringSubmatch(comment)
		assert.Equal(t, slices.Contains(goOnly, name), line == nil, "%s and a line that begins with C:", name)
		if line != nil {
			assert.True(t, inTable[name] || name == "Conn.Close", "%s is not in the table", name)
			for _, c := range cName.FindAllStringSubmatch(line[1], -1) {
				assert.True(t, table[c[1]], "%s, of which the comment of %s speaks", c[1], name)
			}
		}
	}
	header, err := os.ReadFile("/usr/include/tls.h")
	if err != nil {
		t.Log("there is no tls.h here, so only the comments are held against the table")
		return
	}
	for _, c := range declared.FindAllStringSubmatch(string(header), -1) {
		assert.True(t, table[c[1]], "%s of tls.h", c[1])
	}
}

// TestPackageCommentNamesTests: what is better, by the package comment, is tested by what it names.
func TestPackageCommentNamesTests(t *testing.T) {
	tests := readSource(t).tests
	comment, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	named := slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(comment), -1))))
	require.NotEmpty(t, named)
	for _, name := range named {
		assert.True(t, tests[name], "%s is no test of this package: there are %v", name, slices.Sorted(maps.Keys(tests)))
	}
}
