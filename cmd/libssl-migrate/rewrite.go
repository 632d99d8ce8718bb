package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
)

// rewrite changes the imports of a Go file, and notes what else is to be looked at. Nothing but the import paths is
// touched; a file that gofmt had been run on is so afterwards.
func (f *file) rewrite(source []byte) error {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, f.name, source, parser.ParseComments)
	if err != nil {
		return err
	}
	out := bytes.Clone(source)
	shift := 0
	packages := map[string]origin{} // by the name that the file has for them
	all := map[string]origin{}
	for _, spec := range tree.Imports {
		path, _ := strconv.Unquote(spec.Path.Value) // the parser has seen to it that it is one
		from, rest := sourceOf(path)
		if from == "" {
			continue
		}
		at := place(fset, spec.Path.Pos())
		if rest != "" && rest != "/utils" {
			f.note(at, "import %q: there is no such package here", path)
			f.kept = append(f.kept, from)
			continue
		}
		to := ours + rest
		f.changes = append(f.changes, fmt.Sprintf(":%d: import %q becomes %q", at.Line, path, to))
		f.imports++
		start, end := at.Offset+shift, at.Offset+shift+len(spec.Path.Value)
		out = append(out[:start:start], append([]byte(strconv.Quote(to)), out[end:]...)...)
		shift += len(strconv.Quote(to)) - len(spec.Path.Value)
		switch {
		case rest != "":
		case spec.Name == nil:
			packages["openssl"] = sources[from]
		case spec.Name.Name == ".":
			f.note(at, "import . %q: its names are not looked at", path)
		case spec.Name.Name != "_":
			packages[spec.Name.Name] = sources[from]
		}
		all[from] = sources[from]
	}
	f.noteTags(fset, tree)
	if f.imports == 0 {
		return nil
	}
	f.modified = true
	f.content = out
	if formatted, err := format.Source(source); err == nil && bytes.Equal(formatted, source) {
		if f.content, err = format.Source(out); err != nil {
			return err
		}
	}
	f.noteNames(fset, tree, packages, all)
	return nil
}

// place returns where something is in the file itself, whatever its line directives say.
func place(fset *token.FileSet, pos token.Pos) token.Position { return fset.PositionFor(pos, false) }

func (f *file) note(at token.Position, format string, args ...any) {
	f.notes = append(f.notes, fmt.Sprintf(":%d: ", at.Line)+fmt.Sprintf(format, args...))
}

// sourceOf returns which of the packages a path leads into, and what follows its name.
func sourceOf(path string) (from, rest string) {
	for from := range sources {
		if rest, ok := strings.CutPrefix(path, from); ok && (rest == "" || rest[0] == '/') {
			return from, rest
		}
	}
	return "", ""
}

// noteNames notes the names that ours lacks or has otherwise.
func (f *file) noteNames(fset *token.FileSet, tree *ast.File, packages, all map[string]origin) {
	others := map[string]bool{} // the names of the other packages, as far as their paths tell: these have no methods
	for _, spec := range tree.Imports {
		if spec.Name != nil {
			others[spec.Name.Name] = true
			continue
		}
		importPath, _ := strconv.Unquote(spec.Path.Value)
		others[path.Base(importPath)] = true
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name, at := sel.Sel.Name, place(fset, sel.Pos())
		if x, ok := sel.X.(*ast.Ident); ok && x.Obj == nil { // which it is where the file declares no such name
			if from, ok := packages[x.Name]; ok {
				if advice := from.names[name]; advice != "" {
					f.note(at, "%s.%s: %s", x.Name, name, advice)
				} else if !ourNames[name] {
					f.note(at, "%s.%s: there is no such name", x.Name, name)
				}
				return true
			}
			if others[x.Name] {
				return true
			}
		}
		for _, from := range all {
			if advice := from.methods[name]; advice != "" {
				f.note(at, "%s: %s", name, advice)
				break
			}
		}
		return true
	})
}

// noteTags notes the build tag by which the original is linked.
func (f *file) noteTags(fset *token.FileSet, tree *ast.File) {
	for _, group := range tree.Comments {
		for _, c := range group.List {
			x, err := constraint.Parse(c.Text)
			if err != nil || c.Pos() > tree.Package {
				continue
			}
			x.Eval(func(tag string) bool {
				if tag == "openssl_static" {
					f.note(place(fset, c.Pos()), "the build tag openssl_static is libssl_static")
				}
				return true
			})
		}
	}
}
