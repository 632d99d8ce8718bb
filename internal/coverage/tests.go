package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/go-libssl/libssl"

// A user is a function or a variable of the tests, and what it uses.
type user struct {
	file string          // "tests/x_test.go"
	api  map[string]bool // of the binding: "Session.Time"
	own  map[types.Object]bool
}

// A testFunc is a test and what it uses, each with how many helpers lie between.
type testFunc struct {
	name, file string
	api        map[string]int
}

// readTests finds out what the tests of the root and of tests use: those outside of the package, as programs are.
func readTests(dir string) ([]testFunc, error) {
	exports, err := exportData(dir)
	if err != nil {
		return nil, err
	}
	lookup := func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	}
	imports := importer.ForCompiler(fset, "gc", lookup)
	var all []testFunc
	for _, place := range []struct{ dir, name string }{{".", "libssl_test"}, {"tests", "tests"}} {
		users, err := readUsers(dir, place.dir, place.name, imports)
		if err != nil {
			return nil, err
		}
		for o, u := range users {
			if strings.HasPrefix(o.Name(), "Test") && o.Name() != "TestMain" {
				all = append(all, testFunc{o.Name(), u.file, reach(users, o)})
			}
		}
	}
	slices.SortFunc(all, func(a, b testFunc) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// exportData returns the compiler's export data of every package that the tests import.
func exportData(dir string) (map[string]string, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-test", "-json=ImportPath,Export", ".", "./tests")
	list.Dir = dir
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	files := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return nil, err
		}
		files[p.ImportPath] = p.Export
	}
}

// readUsers returns the functions and variables of a package of tests.
func readUsers(root, dir, name string, imports types.Importer) (map[types.Object]*user, error) {
	parsed, err := parseDir(filepath.Join(root, dir), func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(parsed, func(_ string, f *ast.File) bool { return f.Name.Name != name })
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: imports}
	if _, err := config.Check(name, fset, slices.Collect(maps.Values(parsed)), info); err != nil {
		return nil, err
	}
	users := map[types.Object]*user{}
	for base, file := range parsed {
		add := func(id *ast.Ident, n ast.Node) {
			u := &user{filepath.ToSlash(filepath.Join(dir, base)), map[string]bool{}, map[types.Object]bool{}}
			u.read(n, info)
			users[info.Defs[id]] = u
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				add(d.Name, d)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok {
						for _, id := range v.Names {
							add(id, v)
						}
					}
				}
			}
		}
	}
	return users, nil
}

func (u *user) read(n ast.Node, info *types.Info) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || info.Uses[id] == nil {
			return true
		}
		o := info.Uses[id]
		if f, ok := o.(*types.Func); ok && o.Pkg() != nil && o.Pkg().Path() == module {
			u.api[goName(f)] = true
		}
		u.own[o] = true
		return true
	})
}

// goName returns "Session.Time" or "ParseSession".
func goName(f *types.Func) string {
	recv := f.Signature().Recv()
	if recv == nil {
		return f.Name()
	}
	t := recv.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return named.Obj().Name() + "." + f.Name()
	}
	return f.Name()
}

// reach returns what a test uses itself, 0, or through helpers.
func reach(users map[types.Object]*user, from types.Object) map[string]int {
	api := map[string]int{}
	distance := map[types.Object]int{from: 0}
	for next := []types.Object{from}; len(next) > 0; next = next[1:] {
		u := users[next[0]]
		if u == nil {
			continue
		}
		for name := range u.api {
			if _, seen := api[name]; !seen {
				api[name] = distance[next[0]]
			}
		}
		for o := range u.own {
			if _, seen := distance[o]; !seen {
				distance[o] = distance[next[0]] + 1
				next = append(next, o)
			}
		}
	}
	return api
}

// best returns the test that says most about a Go name: one that uses it itself, is called like it, or uses little
// else.
func best(tests []testFunc, goName string) *testFunc {
	_, method, ok := strings.Cut(goName, ".")
	if !ok {
		method = goName
	}
	rank := func(t *testFunc) [3]int {
		unlike := 1
		if strings.Contains(strings.ToLower(t.name), strings.ToLower(method)) {
			unlike = 0
		}
		return [3]int{t.api[goName], unlike, len(t.api)}
	}
	var found *testFunc
	for i := range tests {
		t := &tests[i]
		if _, uses := t.api[goName]; !uses {
			continue
		}
		if found == nil {
			found = t
			continue
		}
		if a, b := rank(t), rank(found); slices.Compare(a[:], b[:]) < 0 {
			found = t
		}
	}
	return found
}
