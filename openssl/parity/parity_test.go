package parity

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// Every exported identifier of the original is there: of the same kind, type, signature, fields, methods and value.
func TestParity(t *testing.T) {
	for _, p := range []struct {
		path string
		want counts
	}{
		{"", counts{funcs: 53, methods: 140, types: 47, consts: 308, vars: 4}},
		{"/utils", counts{funcs: 1, methods: 5, types: 2}},
	} {
		t.Run("openssl"+p.path, func(t *testing.T) {
			ours := loaded(t, oursPath+p.path)
			theirs := parsed(t, p.path, ours)
			c := comparison{theirs: theirs.pkg, ours: ours[oursPath+p.path].Types, values: theirs.values}
			c.compare()
			assert.Empty(t, c.differences, "%d differences", len(c.differences))
			t.Logf("of %d constants, the values of %d compared", c.seen.consts, c.valued)
			assert.Equal(t, p.want, c.seen, "what was compared")
			assert.Greater(t, c.valued, c.seen.consts-10, "the headers here lack more than a few constants")
		})
	}
}

// A comparison that finds nothing wrong with anything would be of no use.
func TestParityFindsDifferences(t *testing.T) {
	check := func(source string) *types.Package {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, "a.go", source, 0)
		require.NoError(t, err)
		pkg, err := new(types.Config).Check("a", files, []*ast.File{f}, nil)
		require.NoError(t, err)
		return pkg
	}
	theirs := `package a
const A, B, C = 1, 2, "x"
var V int
func F(a int) error { return nil }
type T struct { X int; y string }
func (*T) M() {}
func (T) N() {}
type I interface { M() }
type E int
type G struct { *T }
type S struct { A int "tag"; B int8 }
`
	for name, change := range map[string][2]string{
		"value":                       {"1, 2", "1, 3"},
		"type of a constant":          {"1, 2", "1, 2.5"},
		"kind":                        {"var V int", "const V = 1"},
		"type of a variable":          {"var V int", "var V uint"},
		"signature":                   {"F(a int)", "F(a ...int)"},
		"missing function":            {"func F", "func f"},
		"missing field":               {"X int;", "x int;"},
		"type of a field":             {"X int;", "X int32;"},
		"missing method":              {"(*T) M", "(*T) m"},
		"method of the pointer alone": {"(T) N", "(*T) N"},
		"method of an interface":      {"interface { M() }", "interface { M(); O() }"},
		"underlying type":             {"E int", "E int64"},
		"embedding":                   {"G struct { *T }", "G struct { T *T }"},
		"order of fields":             {`A int "tag"; B int8`, `B int8; A int "tag"`},
		"exported field more":         {"B int8", "B int8; D int"},
		"unexported field more":       {"B int8", "B int8; d int"},
		"tag of a field":              {`"tag"`, `"gat"`},
		"comparable no more":          {"y string", "y []string"},
		"interface closed":            {"interface { M() }", "interface { M(); m() }"},
	} {
		t.Run(name, func(t *testing.T) {
			ours := strings.Replace(theirs, change[0], change[1], 1)
			require.NotEqual(t, theirs, ours)
			c := comparison{theirs: check(theirs), ours: check(ours)}
			c.compare()
			assert.NotEmpty(t, c.differences)
		})
	}
	for name, change := range map[string][2]string{
		"the same": {},
		"fields more, where no literal is possible without names": {"X int; y string", "Z int; X int; z string"},
	} {
		c := comparison{theirs: check(theirs), ours: check(strings.Replace(theirs, change[0], change[1], 1))}
		c.compare()
		assert.Empty(t, c.differences, name)
	}
}

// The examples compile with the original too: but for the import they are what its users have written.
func TestExamplesAreForTheOriginal(t *testing.T) {
	ours := loaded(t, oursPath)
	theirs := parsed(t, "", ours)
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, filepath.Join("..", "example_test.go"), nil, 0)
	require.NoError(t, err)
	cfg := types.Config{
		Error: func(err error) { t.Error(err) },
		Importer: importer(func(path string) (*types.Package, error) {
			if path == oursPath {
				return theirs.pkg, nil
			}
			return ours[path].Types, nil
		}),
	}
	cfg.Check("examples", fset, []*ast.File{f}, nil)
}

// loaded returns a package of ours with what both it and the original import.
func loaded(t *testing.T, path string) map[string]*packages.Package {
	cfg := &packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps}
	pkgs, err := packages.Load(cfg, path, "bufio", "context", "crypto/rand", "errors", "fmt", "hash", "io", "log", "math/big", "net", "net/http", "os",
		"path/filepath", "sync", "time", "unsafe")
	require.NoError(t, err)
	require.Zero(t, packages.PrintErrors(pkgs))
	all := map[string]*packages.Package{}
	packages.Visit(pkgs, nil, func(p *packages.Package) { all[p.PkgPath] = p })
	return all
}

// An original is a package whose C is not looked at.
type original struct {
	pkg    *types.Package
	values map[string]constant.Value // of the constants that are C's
}

// parsed type-checks a package of the original.
func parsed(t *testing.T, sub string, imports map[string]*packages.Package) original {
	dir := filepath.Join(originalDir(t), filepath.FromSlash(sub))
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	tags := build.Default
	tags.CgoEnabled = true
	for _, path := range sources {
		if match, err := tags.MatchFile(dir, filepath.Base(path)); err != nil || !match || strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		require.NoError(t, err)
		files = append(files, f)
	}
	cfg := types.Config{
		FakeImportC: true,
		Error:       func(error) {}, // of what is C's, and of packages that no exported identifier has to do with
		Importer: importer(func(path string) (*types.Package, error) {
			if p := imports[path]; p != nil {
				return p.Types, nil
			}
			return nil, fmt.Errorf("%s is not looked at", path)
		}),
	}
	pkg, _ := cfg.Check(originalPath+sub, fset, files, nil)
	return original{pkg, valuesInC(t, files)}
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

// valuesInC returns the values of the exported constants that are nothing but a constant of C, by the headers here.
func valuesInC(t *testing.T, files []*ast.File) map[string]constant.Value {
	names := map[string]string{} // C's by Go's
	for _, f := range files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			for _, s := range decl.Specs {
				spec := s.(*ast.ValueSpec)
				for i, v := range spec.Values {
					if sel, ok := v.(*ast.SelectorExpr); ok && spec.Names[i].IsExported() && fmt.Sprint(sel.X) == "C" {
						names[spec.Names[i].Name] = sel.Sel.Name
					}
				}
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	var program bytes.Buffer
	program.WriteString("#include <stdio.h>\n")
	for _, h := range []string{"ssl", "x509v3", "evp", "pem", "engine", "objects", "dh", "ec", "rsa"} {
		fmt.Fprintf(&program, "#if __has_include(<openssl/%s.h>)\n#include <openssl/%[1]s.h>\n#endif\n", h)
	}
	program.WriteString("int main(void) {\n")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&program, "#ifdef %s\nprintf(\"%s %%lld\\n\", (long long)(%[1]s));\n#endif\n", names[name], name)
	}
	program.WriteString("return 0; }\n")
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "values.c"), filepath.Join(dir, "values")
	require.NoError(t, os.WriteFile(source, program.Bytes(), 0o600))
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	flags := strings.Fields(string(run(t, exec.Command("pkg-config", "--cflags", "libssl"))))
	run(t, exec.Command(cc, append(flags, "-w", "-o", binary, source)...))
	values := map[string]constant.Value{}
	for line := range strings.Lines(string(run(t, exec.Command(binary)))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		values[name] = constant.MakeFromLiteral(strings.TrimPrefix(value, "-"), token.INT, 0)
		if strings.HasPrefix(value, "-") {
			values[name] = constant.UnaryOp(token.SUB, values[name], 0)
		}
	}
	return values
}

// A comparison holds two packages against each other.
type comparison struct {
	theirs, ours *types.Package
	values       map[string]constant.Value // of theirs, where types does not know them
	differences  []string
	seen         counts
	valued       int // constants whose values were compared: those of C if the headers here have them
}

// counts are how many identifiers there are of each kind. A field of a struct is no identifier here.
type counts struct {
	funcs, methods, types, consts, vars int
}

func (c *comparison) differ(format string, args ...any) {
	c.differences = append(c.differences, fmt.Sprintf(format, args...))
}

func (c *comparison) compare() {
	for _, name := range c.theirs.Scope().Names() {
		if !token.IsExported(name) {
			continue
		}
		their, our := c.theirs.Scope().Lookup(name), c.ours.Scope().Lookup(name)
		if our == nil {
			c.differ("%s is missing", their)
			continue
		}
		switch their := their.(type) {
		case *types.Const:
			c.constant(their, our)
		case *types.Var:
			c.seen.vars++
			_, ok := our.(*types.Var)
			c.same(name, ok, their.Type(), our.Type())
		case *types.Func:
			c.seen.funcs++
			_, ok := our.(*types.Func)
			c.same(name, ok, their.Type(), our.Type())
		case *types.TypeName:
			c.seen.types++
			if ours, ok := our.(*types.TypeName); ok && their.IsAlias() == ours.IsAlias() {
				c.typ(name, their.Type(), ours.Type())
			} else {
				c.differ("%s is no such type: %s", name, our)
			}
		}
	}
}

func (c *comparison) same(name string, kind bool, their, our types.Type) {
	if t, o := text(their), text(our); !kind || t != o {
		c.differ("%s is %s and not %s", name, o, t)
	}
}

func (c *comparison) constant(their *types.Const, our types.Object) {
	c.seen.consts++
	o, ok := our.(*types.Const)
	if !ok {
		c.differ("%s is no constant", our)
		return
	}
	c.same(their.Name(), true, their.Type(), our.Type())
	value := their.Val()
	if value.Kind() == constant.Unknown {
		if value = c.values[their.Name()]; value == nil {
			return
		}
	}
	c.valued++
	if !constant.Compare(value, token.EQL, o.Val()) {
		c.differ("%s is %s and not %s", their.Name(), o.Val(), value)
	}
}

func (c *comparison) typ(name string, their, our types.Type) {
	if types.Comparable(their) && !types.Comparable(our) {
		c.differ("%s can't be compared", name)
	}
	switch t := their.Underlying().(type) {
	case *types.Struct:
		o, ok := our.Underlying().(*types.Struct)
		if !ok {
			c.differ("%s is no struct", name)
			return
		}
		c.fields(name, t, o)
	case *types.Interface:
		if !types.IsInterface(our) {
			c.differ("%s is no interface", name)
			return
		}
		if t, o := exported(their), exported(our); !maps.Equal(t, o) {
			c.differ("%s has the methods %v and not %v", name, o, t)
		}
		if open(their) && !open(our) {
			c.differ("%s has a method that is not exported", name)
		}
		c.seen.methods += declared(their)
		return
	default:
		if t != types.Typ[types.Invalid] { // which is what a type of C is here
			c.same(name, true, t, our.Underlying())
		}
	}
	c.seen.methods += declared(their)
	for _, pointer := range []bool{false, true} {
		if pointer {
			their, our = types.NewPointer(their), types.NewPointer(our)
		}
		ours := exported(our)
		for method, signature := range exported(their) {
			if ours[method] != signature {
				c.differ("(%s).%s is %q and not %q", text(their), method, ours[method], signature)
			}
		}
	}
}

// fields compares the exported fields. Where theirs has no others, programs may write literals without the names: then
// ours has no more fields, of either kind.
func (c *comparison) fields(name string, their, our *types.Struct) {
	ours := map[string]int{}
	for i := range our.NumFields() {
		ours[our.Field(i).Name()] = i
	}
	literals := true
	last := -1
	for i := range their.NumFields() {
		t := their.Field(i)
		if !t.Exported() {
			literals = false
			continue
		}
		at, ok := ours[t.Name()]
		if !ok || our.Field(at).Embedded() != t.Embedded() {
			c.differ("%s.%s is missing", name, t.Name())
			continue
		}
		if at < last {
			c.differ("%s.%s is too early", name, t.Name())
		}
		last = at
		c.same(name+"."+t.Name(), true, t.Type(), our.Field(at).Type())
		if t, o := their.Tag(i), our.Tag(at); t != o {
			c.differ("the tag of %s.%s is %q and not %q", name, our.Field(at).Name(), o, t)
		}
	}
	if t, o := their.NumFields(), our.NumFields(); literals && t != o {
		c.differ("%s has %d fields and not %d", name, o, t)
	}
}

// open reports whether other packages can implement an interface.
func open(t types.Type) bool {
	for m := range t.Underlying().(*types.Interface).Methods() {
		if !m.Exported() {
			return false
		}
	}
	return true
}

// exported returns the signatures of a type's exported methods, promoted ones too.
func exported(t types.Type) map[string]string {
	methods := map[string]string{}
	for m := range types.NewMethodSet(t).Methods() {
		if m.Obj().Exported() {
			methods[m.Obj().Name()] = text(m.Obj().Type())
		}
	}
	return methods
}

// declared returns how many exported methods a type itself declares.
func declared(t types.Type) (n int) {
	named := t.(*types.Named)
	for m := range named.Methods() {
		if m.Exported() {
			n++
		}
	}
	if i, ok := named.Underlying().(*types.Interface); ok {
		for m := range i.ExplicitMethods() {
			if m.Exported() {
				n++
			}
		}
	}
	return n
}

// text writes a type such that names of parameters and of the package do not matter.
func text(t types.Type) string {
	if s, ok := t.(*types.Signature); ok {
		unnamed := func(all *types.Tuple) *types.Tuple {
			var vars []*types.Var
			for v := range all.Variables() {
				vars = append(vars, types.NewVar(token.NoPos, nil, "", v.Type()))
			}
			return types.NewTuple(vars...)
		}
		t = types.NewSignatureType(nil, nil, nil, unnamed(s.Params()), unnamed(s.Results()), s.Variadic())
	}
	return types.TypeString(t, func(p *types.Package) string {
		if rest, ok := strings.CutPrefix(p.Path(), originalPath); ok {
			return oursPath + rest
		}
		return p.Path()
	})
}
