package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A function is one of Go or of C, and what its code names.
type function struct {
	exported bool
	claims   []string // the "C: name(3)" lines of its comment
	calls    map[string]bool
}

// code is the root package: its functions by name, those of C with "C." before it.
type code map[string]*function

func (c code) add(name string) *function {
	f := c[name]
	if f == nil {
		f = &function{calls: map[string]bool{}}
		c[name] = f
	}
	return f
}

// readCode reads shim.c and the package's Go files.
func readCode(dir string) (code, error) {
	c := code{}
	shim, err := os.ReadFile(filepath.Join(dir, "shim.c"))
	if err != nil {
		return nil, err
	}
	c.readC(string(shim))
	files, err := parseDir(dir, func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		c.readGo(f)
	}
	c.resolveMethods()
	return c, nil
}

var (
	cNoise      = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`)
	cDirective  = regexp.MustCompile(`(?m)^[ \t]*#(?:.*\\\n)*.*$`)
	cIdentifier = regexp.MustCompile(`[A-Za-z_]\w*`)
	// At top level: a macro that makes the function gls_NAME, or the head of a function.
	cMacro = regexp.MustCompile(`^\s*[A-Z][A-Z_]*\(\s*(\w+)`)
	cHead  = regexp.MustCompile(`(\w+)\s*\([^(){}]*(?:\([^(){}]*\)[^(){}]*)*\)\s*$`)
)

// readC finds the functions of a C file and the names in each.
func (c code) readC(text string) {
	text = cNoise.ReplaceAllString(text, " ")
	text = cDirective.ReplaceAllString(text, "")
	for text != "" {
		end := strings.IndexAny(text, "{;)")
		if end < 0 {
			return
		}
		switch m := cMacro.FindStringSubmatch(text); {
		case m != nil:
			end = closing(text, strings.IndexByte(text, '('))
			c.addNames("C.gls_"+m[1], text[:end])
		default:
			end = strings.IndexAny(text, "{;")
			if end < 0 {
				return
			}
			if text[end] == '{' {
				head := text[:end]
				end = closing(text, end)
				if m := cHead.FindStringSubmatch(head); m != nil {
					c.addNames("C."+m[1], text[len(head):end])
				}
			}
		}
		text = text[end+1:]
	}
}

// closing returns where the bracket at i is closed.
func closing(text string, i int) int {
	depth := 0
	for ; i < len(text); i++ {
		switch text[i] {
		case '(', '{':
			depth++
		case ')', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text) - 1
}

func (c code) addNames(function, text string) {
	calls := c.add(function).calls
	for _, name := range cIdentifier.FindAllString(text, -1) {
		calls["C."+name] = true
		if strings.HasPrefix(name, "glsOn") { // callback.go
			calls[name] = true
		}
	}
}

var cLine = regexp.MustCompile(`(?m)^C: (\w+)\(3\)$`)

// readGo finds the functions of a Go file and the names in each.
func (c code) readGo(file *ast.File) {
	for _, d := range file.Decls {
		decl, ok := d.(*ast.FuncDecl)
		if !ok || decl.Body == nil {
			continue
		}
		f := c.add(declared(decl))
		f.exported = decl.Name.IsExported()
		for _, m := range cLine.FindAllStringSubmatch(decl.Doc.Text(), -1) {
			f.claims = append(f.claims, m[1])
		}
		ast.Inspect(decl.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				f.calls[n.Name] = true
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "C" {
					f.calls["C."+n.Sel.Name] = true
				} else {
					f.calls["."+n.Sel.Name] = true
				}
			}
			return true
		})
	}
}

// declared returns a function's name, a method's with its type before it.
func declared(decl *ast.FuncDecl) string {
	if decl.Recv == nil {
		return decl.Name.Name
	}
	t := decl.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	return t.(*ast.Ident).Name + "." + decl.Name.Name
}

// resolveMethods makes of each method that is called all those of that name: without types it could be any.
func (c code) resolveMethods() {
	methods := map[string][]string{}
	for name := range c {
		if _, m, ok := strings.Cut(name, "."); ok && !strings.HasPrefix(name, "C.") {
			methods["."+m] = append(methods["."+m], name)
		}
	}
	for _, f := range c {
		for _, call := range slices.Collect(maps.Keys(f.calls)) {
			for _, m := range methods[call] {
				f.calls[m] = true
			}
		}
	}
}

// distances returns how many calls away everything is that a function leads to. It goes no further than other
// exported functions: what they reach is theirs.
func (c code) distances(from string) map[string]int {
	d := map[string]int{from: 0}
	for next := []string{from}; len(next) > 0; next = next[1:] {
		f := c[next[0]]
		if f == nil || f.exported && next[0] != from {
			continue
		}
		for call := range f.calls {
			if _, seen := d[call]; !seen {
				d[call] = d[next[0]] + 1
				next = append(next, call)
			}
		}
	}
	return d
}

// readNames returns the names of the session API, from supports.go, with the version that each is there from.
func readNames(dir string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "supports.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		entry, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, isText := entry.Key.(*ast.BasicLit)
		value, isName := entry.Value.(*ast.Ident)
		if isText && isName {
			name, _ := strconv.Unquote(key.Value)
			names[name] = value.Name
		}
		return true
	})
	return names, nil
}

func parseDir(dir string, wanted func(name string) bool) (map[string]*ast.File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]*ast.File{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || !wanted(e.Name()) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if files[e.Name()], err = parser.ParseFile(fset, path, nil, parser.ParseComments); err != nil {
			return nil, err
		}
	}
	return files, nil
}

var fset = token.NewFileSet()
