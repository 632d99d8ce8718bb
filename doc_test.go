package libssl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goOnly are the methods that have no C function behind them.
var goOnly = map[string]bool{
	"SSL.Conn": true, "Conn.SSL": true, "Conn.NetConn": true, "Conn.LocalAddr": true, "Conn.RemoteAddr": true,
	"Conn.SetDeadline": true, "Conn.SetReadDeadline": true, "Conn.SetWriteDeadline": true,
	"SSL.SetValue": true, "SSL.Value": true, "Ctx.Pointer": true, "SSL.Pointer": true,
	"Verification.SSL": true, "ClientHello.SSL": true, "ClientHello.Second": true,
	"Session.String": true, "Session.Equal": true,
}

// Every exported method of a C object says which C function it is, by a name that the code really uses.
func TestMethodsNameTheirCFunction(t *testing.T) {
	code := readAll(t, "shim.c", ".go")
	cLine := regexp.MustCompile(`(?m)^C: (\w+)\(3\)$`)
	for _, decl := range exportedMethods(t) {
		if goOnly[decl.name] {
			continue
		}
		m := cLine.FindStringSubmatch(decl.doc)
		if assert.NotNil(t, m, "%s has no line \"C: name(3)\"", decl.name) {
			assert.True(t, strings.Contains(code, m[1]), "%s names %s, which nothing calls", decl.name, m[1])
		}
	}
}

type method struct{ name, doc string }

func exportedMethods(t *testing.T) (all []method) {
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			recv := f.Recv.List[0].Type
			if star, ok := recv.(*ast.StarExpr); ok {
				recv = star.X
			}
			switch name := recv.(*ast.Ident).Name; name {
			case "Ctx", "SSL", "Conn", "Session", "Verification", "ClientHello":
				all = append(all, method{name + "." + f.Name.Name, f.Doc.Text()})
			}
		}
	}
	require.Greater(t, len(all), 80)
	return all
}

// readAll returns the code of shim.c and the Go files, without comments.
func readAll(t *testing.T, names ...string) string {
	var b strings.Builder
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if e.Name() != names[0] && !strings.HasSuffix(e.Name(), names[1]) || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		data, err := os.ReadFile(e.Name())
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}
