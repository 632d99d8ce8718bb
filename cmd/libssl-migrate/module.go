package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/version"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

const ours = "github.com/go-libssl/libssl/openssl"

// A module is what is to be rewritten.
type module struct {
	dir      string
	files    []*file // those that change, or that there is something to say of
	notes    []string
	vendored bool
}

// A file is one that changes.
type file struct {
	name     string // below the module's folder
	content  []byte // what it becomes
	mode     fs.FileMode
	imports  int
	changes  []string // each begins with the place, as ":12: "
	notes    []string // the same
	kept     []string // the packages of which it still imports something
	modified bool
}

// read finds out what is to be done in the module that has its go.mod in dir.
func read(dir string) (*module, error) {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no module in %s: there is no go.mod", dir)
	}
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // a link is not walked
		return nil, err
	}
	m := &module{dir: dir}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && m.skips(path, d.Name()):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || hidden(d.Name()):
			return nil
		}
		info, err := os.Stat(path) // Go follows links to files
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			return nil
		}
		return m.readGo(path)
	})
	if err != nil {
		return nil, err
	}
	return m, m.readMod(mod)
}

// skips reports whether a folder is none of the module's packages.
func (m *module) skips(path, name string) bool {
	switch {
	case path == filepath.Join(m.dir, "vendor"):
		m.vendored = true
		return true
	case name == "vendor" || name == "testdata" || hidden(name):
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

// hidden reports whether Go ignores what has this name, be it a file or a folder.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }

func (m *module) readGo(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := m.add(path)
	if err != nil {
		return err
	}
	return f.rewrite(source)
}

// add adds a file.
func (m *module) add(path string) (*file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	name, err := filepath.Rel(m.dir, path)
	if err != nil {
		return nil, err
	}
	f := &file{name: filepath.ToSlash(name), mode: info.Mode().Perm()}
	m.files = append(m.files, f)
	return f, nil
}

// imports returns how many imports change.
func (m *module) imports() (n, files int) {
	for _, f := range m.files {
		n += f.imports
		files += min(f.imports, 1)
	}
	return n, files
}

// readMod takes what nothing imports any more from go.mod.
func (m *module) readMod(content []byte) error {
	mod, err := modfile.Parse("go.mod", content, nil)
	if err != nil {
		return err
	}
	f, err := m.add(filepath.Join(m.dir, "go.mod"))
	if err != nil {
		return err
	}
	if n, _ := m.imports(); n == 0 {
		return nil
	}
	if m.vendored {
		m.notes = append(m.notes, "vendor: run go mod vendor after go mod tidy")
	}
	if mod.Go == nil || version.Compare("go"+mod.Go.Version, "go1.22") < 0 {
		f.notes = append(f.notes, ": go mod tidy raises its Go version, and from 1.22 on each iteration of a loop has variables of its own")
	}
	for _, r := range slices.Clone(mod.Require) {
		if _, known := sources[r.Mod.Path]; known && !r.Indirect && !m.keeps(mod, r.Mod.Path) {
			f.changes = append(f.changes, fmt.Sprintf(": require %s %s is dropped", r.Mod.Path, r.Mod.Version))
			if err := mod.DropRequire(r.Mod.Path); err != nil {
				return err
			}
		}
	}
	for _, r := range mod.Replace {
		if _, known := sources[r.Old.Path]; known && !m.keeps(mod, r.Old.Path) {
			f.notes = append(f.notes, fmt.Sprintf(": replace %s is of no use any more, unless another module needs it", r.Old.Path))
		}
	}
	for _, tool := range mod.Tool {
		for path := range sources {
			if within(tool, path) {
				f.notes = append(f.notes, fmt.Sprintf(": tool %s keeps %s in use: drop that line, or keep the tool in a module of its own", tool.Path, path))
			}
		}
	}
	mod.Cleanup()
	if f.content, err = mod.Format(); err != nil {
		return err
	}
	f.modified = len(f.changes) > 0 && !bytes.Equal(f.content, content)
	return nil
}

// keeps reports whether something of that module is still in use: imported, or a tool.
func (m *module) keeps(mod *modfile.File, path string) bool {
	return slices.ContainsFunc(m.files, func(f *file) bool { return slices.Contains(f.kept, path) }) ||
		slices.ContainsFunc(mod.Tool, func(tool *modfile.Tool) bool { return within(tool, path) })
}

// within reports whether a tool is in the module with that path.
func within(tool *modfile.Tool, path string) bool {
	return tool.Path == path || strings.HasPrefix(tool.Path, path+"/")
}

// report says what is done, or would be.
func (m *module) report(w io.Writer, written bool) {
	notes := len(m.notes)
	for _, f := range m.files {
		for _, s := range f.changes {
			fmt.Fprintf(w, "%s%s\n", f.name, s)
		}
		for _, s := range f.notes {
			fmt.Fprintf(w, "note: %s%s\n", f.name, s)
		}
		notes += len(f.notes)
	}
	for _, s := range m.notes {
		fmt.Fprintf(w, "note: %s\n", s)
	}
	n, files := m.imports()
	fmt.Fprintf(w, "%s in %s, %s\n", count(n, "import"), count(files, "file"), count(notes, "note"))
	switch {
	case n == 0:
	case written:
		fmt.Fprintln(w, "Now run go mod tidy, and go vet ./... for what no note is about, with -tags where files have build tags.")
	default:
		fmt.Fprintln(w, "Nothing was written: -w does.")
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// finish writes the files, if that is wanted, and then says what is done.
func (m *module) finish(w io.Writer, write bool) error {
	if write {
		if err := m.write(); err != nil {
			return err
		}
	}
	m.report(w, write)
	return nil
}

// write replaces all files or, if a new one can't be written, none: each is written beside the old one before the first
// takes its place.
func (m *module) write() error {
	var all []replacement
	defer func() {
		for _, r := range all {
			os.Remove(r.by) // it is still there if something has failed
		}
	}()
	for _, f := range m.files {
		if !f.modified {
			continue
		}
		r, err := m.beside(f)
		if err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
		all = append(all, r)
	}
	for i, r := range all {
		if err := os.Rename(r.by, r.path); err != nil {
			return fmt.Errorf("only %d of %s were written: %w", i, count(len(all), "file"), err)
		}
	}
	return nil
}

// A replacement is a file that is to take another's place.
type replacement struct{ path, by string }

// beside writes what a file becomes into its folder.
func (m *module) beside(f *file) (r replacement, err error) {
	if r.path, err = filepath.EvalSymlinks(m.path(f)); err != nil {
		return r, err
	}
	old, err := os.OpenFile(r.path, os.O_WRONLY, 0) // who must not write it must not replace it
	if err != nil {
		return r, err
	}
	defer old.Close()
	out, err := os.CreateTemp(filepath.Dir(r.path), "."+filepath.Base(r.path)+".*")
	if err != nil {
		return r, err
	}
	r.by = out.Name()
	keepOwner(out, old)
	_, err = out.Write(f.content)
	if err = errors.Join(err, out.Chmod(f.mode), out.Close()); err != nil {
		os.Remove(r.by)
	}
	return r, err
}

func (m *module) path(f *file) string { return filepath.Join(m.dir, filepath.FromSlash(f.name)) }
