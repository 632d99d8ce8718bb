package main

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the program makes as what is wanted")

// migrate runs the program.
func migrate(t *testing.T, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(t.Context(), append([]string{"libssl-migrate"}, args...), &out, &errs)
	return status, out.String(), errs.String()
}

// Each folder in testdata has a module as it is before, as it is after, and what is printed.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/*")
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			before := os.DirFS(filepath.Join(dir, "before"))
			work := t.TempDir()
			require.NoError(t, os.CopyFS(work, before))
			status, dry, stderr := migrate(t, work)
			require.Zero(t, status, stderr)
			assert.Equal(t, tree(t, before), tree(t, os.DirFS(work)), "a dry run writes nothing")
			status, wet, stderr := migrate(t, "-w", work)
			require.Zero(t, status, stderr)
			assert.Equal(t, dry, strings.Replace(wet, "Now run go mod tidy, and go vet ./... for what no note is about, with -tags where files have build tags.", "Nothing was written: -w does.", 1))

			after, output := filepath.Join(dir, "after"), filepath.Join(dir, "output")
			if *update {
				require.NoError(t, os.RemoveAll(after))
				require.NoError(t, os.CopyFS(after, os.DirFS(work)))
				require.NoError(t, os.WriteFile(output, []byte(dry), 0o644))
			}
			want, err := os.ReadFile(output)
			require.NoError(t, err)
			assert.Equal(t, string(want), dry)
			assert.Equal(t, tree(t, os.DirFS(after)), tree(t, os.DirFS(work)))

			status, again, _ := migrate(t, "-w", work)
			assert.Zero(t, status)
			assert.Contains(t, again, "0 imports in 0 files")
			assert.Equal(t, tree(t, os.DirFS(after)), tree(t, os.DirFS(work)), "a second run finds nothing")
		})
	}
}

// tree returns the files below a folder.
func tree(t *testing.T, dir fs.FS) map[string]string {
	files := map[string]string{}
	require.NoError(t, fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, path)
		files[path] = string(content)
		return err
	}))
	return files
}

// What it makes of a program that was written for the original compiles.
func TestMigratedProgramCompiles(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	work := t.TempDir()
	require.NoError(t, os.CopyFS(work, os.DirFS("testdata/original/before")))
	status, _, stderr := migrate(t, "-w", work)
	require.Zero(t, status, stderr)
	workspace := "go 1.25.0\nuse " + work + "\nuse " + root + "\n"
	file := filepath.Join(t.TempDir(), "go.work")
	require.NoError(t, os.WriteFile(file, []byte(workspace), 0o600))
	cmd := exec.Command("go", "vet", "./...")
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "GOWORK="+file)
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, string(out))
}

func TestBadUsage(t *testing.T) {
	broken := moduleOf(t, map[string]string{"go.mod": "module x\n", "x.go": "package"})
	badMod := moduleOf(t, map[string]string{"go.mod": "!"})
	for want, args := range map[string][]string{
		"there is no go.mod":            {t.TempDir()},
		"one folder at a time":          {".", "."},
		"flag provided but not defined": {"-nonsense"},
		"x.go:1:8":                      {"-w", broken},
		"go.mod:1":                      {badMod},
	} {
		status, _, stderr := migrate(t, args...)
		assert.Equal(t, 2, status)
		assert.Contains(t, stderr, want)
	}
}

// moduleOf makes a module of files, given by their names, and returns its folder.
func moduleOf(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

// Go ignores these files, so what is in them does not matter; and in a link that leads nowhere there is nothing to change.
func TestHiddenFiles(t *testing.T) {
	dir := moduleOf(t, map[string]string{"go.mod": "module x\n", "_draft.go": "package", ".x.go": "package"})
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "broken.go")))
	status, stdout, stderr := migrate(t, "-w", dir)
	assert.Zero(t, status, stderr)
	assert.Equal(t, "0 imports in 0 files, 0 notes\n", stdout)
}

// What there is to say of a module as a whole is not said of one that has nothing to change.
func TestNotesOfTheModule(t *testing.T) {
	const vendor, loops = "note: vendor: run go mod vendor", "note: go.mod: go mod tidy raises its Go version"
	source := "package x\n\nimport _ \"github.com/spacemonkeygo/openssl\"\n"
	for mod, raised := range map[string]bool{
		"module x\n":               true,
		"module x\n\ngo 1.13\n":    true,
		"module x\n\ngo 1.21.13\n": true,
		"module x\n\ngo 1.22\n":    false,
		"module x\n\ngo 1.25rc1\n": false,
	} {
		dir := moduleOf(t, map[string]string{"go.mod": mod, "x.go": source})
		require.NoError(t, os.Mkdir(filepath.Join(dir, "vendor"), 0o700))
		_, stdout, _ := migrate(t, dir)
		assert.Contains(t, stdout, vendor)
		assert.Equal(t, raised, strings.Contains(stdout, loops), mod)
		_, stdout, _ = migrate(t, "-w", dir)
		assert.Contains(t, stdout, vendor)
		_, stdout, _ = migrate(t, dir)
		assert.Equal(t, "0 imports in 0 files, 0 notes\n", stdout)
	}
}

// A package of theirs that ours has not stays imported, and so its module required.
func TestPackageThatIsNone(t *testing.T) {
	dir := moduleOf(t, map[string]string{
		"go.mod": "module x\n\nrequire github.com/spacemonkeygo/openssl v0.0.0-20181017203307-c2dcc5cca94a\n",
		"x.go":   "package x\n\nimport (\n\t_ \"github.com/spacemonkeygo/openssl\"\n\t_ \"github.com/spacemonkeygo/openssl/none\"\n)\n",
	})
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub", "vendor"), 0o700)) // is none
	status, stdout, stderr := migrate(t, "-w", dir)
	assert.Zero(t, status, stderr)
	assert.Contains(t, stdout, `note: x.go:5: import "github.com/spacemonkeygo/openssl/none": there is no such package here`)
	assert.NotContains(t, stdout, "vendor")
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	require.NoError(t, err)
	assert.Contains(t, string(mod), "github.com/spacemonkeygo/openssl v0.0.0")
}

// Where one file can't be written to none is, and nothing is said to be done. A folder is what even root can't write to.
func TestAllOrNothing(t *testing.T) {
	source := "package x\n\nimport _ \"github.com/spacemonkeygo/openssl\"\n"
	dir := moduleOf(t, map[string]string{"go.mod": "module x\n", "a.go": source, "b.go": source})
	m, err := read(dir)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, "b.go")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "b.go"), 0o700))
	var out bytes.Buffer
	assert.ErrorContains(t, m.finish(&out, true), "nothing was written: open "+filepath.Join(dir, "b.go"))
	assert.Empty(t, out.String())
	assert.Equal(t, map[string]string{"go.mod": "module x\n", "a.go": source}, tree(t, os.DirFS(dir)))
}

// The same when a file can be opened but not written, as on a full disk. Here a limit stands for that, which is the whole
// process's: this test runs itself in one of its own.
func TestNothingIsLostOnAFullDisk(t *testing.T) {
	const inside = "LIBSSL_MIGRATE_TEST_DIR"
	if dir := os.Getenv(inside); dir != "" {
		status, _, stderr := migrate(t, "-w", dir)
		assert.Equal(t, 2, status)
		assert.Contains(t, stderr, "nothing was written: write ")
		return
	}
	source := "package x\n\nimport _ \"github.com/spacemonkeygo/openssl\"\n"
	before := map[string]string{"go.mod": "module x\n", "a.go": source, "b.go": source + strings.Repeat("// much\n", 2<<10), "c.go": source}
	dir := moduleOf(t, before)
	require.NoError(t, os.Chmod(filepath.Join(dir, "a.go"), 0o640))
	cmd := exec.Command("sh", "-c", `ulimit -f 8; exec "$0" -test.run='^TestNothingIsLostOnAFullDisk$'`, os.Args[0])
	cmd.Env = append(os.Environ(), inside+"="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, before, tree(t, os.DirFS(dir)))

	status, _, stderr := migrate(t, "-w", dir)
	require.Zero(t, status, stderr)
	assert.Len(t, tree(t, os.DirFS(dir)), len(before), "nothing is left over")
	info, err := os.Stat(filepath.Join(dir, "a.go"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode())
}

// Links are followed, and stay what they are.
func TestLinks(t *testing.T) {
	source := "package x\n\nimport _ \"github.com/spacemonkeygo/openssl\"\n"
	dir := moduleOf(t, map[string]string{
		"real.mod": "module x\n\nrequire github.com/spacemonkeygo/openssl v0.0.0-20181017203307-c2dcc5cca94a\n",
		"real.x":   source,
		"x.go":     source,
	})
	for link, file := range map[string]string{"go.mod": "real.mod", "y.go": "real.x", "z.go": "x.go"} {
		require.NoError(t, os.Symlink(file, filepath.Join(dir, link)))
	}
	to := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, to))
	status, stdout, stderr := migrate(t, "-w", to)
	require.Zero(t, status, stderr)
	assert.Contains(t, stdout, "3 imports in 3 files")
	migrated := strings.Replace(source, "spacemonkeygo/openssl", "go-libssl/libssl/openssl", 1)
	for name, want := range map[string]string{"real.mod": "module x\n", "real.x": migrated, "x.go": migrated} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(got), name)
	}
	for _, name := range []string{"go.mod", "y.go", "z.go"} {
		info, err := os.Lstat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.ModeSymlink, info.Mode().Type(), name)
	}
}

// A file that gofmt was not run on is left as it was, but for the paths.
func TestUnformatted(t *testing.T) {
	f := &file{name: "x.go"}
	require.NoError(t, f.rewrite([]byte("package x\nimport   ( \"os\";  o `github.com/spacemonkeygo/openssl`)\nvar _ = o . NewCtx\n var _ os.File\n")))
	assert.Equal(t, "package x\nimport   ( \"os\";  o \"github.com/go-libssl/libssl/openssl\")\nvar _ = o . NewCtx\n var _ os.File\n", string(f.content))
	assert.Empty(t, f.notes)
}

// A variable may have the package's name: what is selected from it is none of the package's names.
func TestVariableOfThePackagesName(t *testing.T) {
	f := &file{name: "x.go"}
	require.NoError(t, f.rewrite([]byte(`package x

import "github.com/spacemonkeygo/openssl"

var _ = openssl.Gone

func parameter(openssl struct{ field int }) int { return openssl.field }

func variable() int {
	openssl := struct{ other int }{}
	return openssl.other
}

var _ = openssl.GoneToo
`)))
	assert.Equal(t, []string{":5: openssl.Gone: there is no such name", ":14: openssl.GoneToo: there is no such name"}, f.notes)
}

// The lines are those of the file, not of what it was made from.
func TestLineDirectives(t *testing.T) {
	f := &file{name: "x.go"}
	require.NoError(t, f.rewrite([]byte("//line x.y:100\npackage x\nimport \"github.com/spacemonkeygo/openssl\"\nvar _ = openssl.Gone\n")))
	assert.Equal(t, []string{`:3: import "github.com/spacemonkeygo/openssl" becomes "github.com/go-libssl/libssl/openssl"`}, f.changes)
	assert.Equal(t, []string{":4: openssl.Gone: there is no such name"}, f.notes)
}

// names.txt has the names that package openssl really has.
func TestNames(t *testing.T) {
	files, err := filepath.Glob("../../openssl/*.go")
	require.NoError(t, err)
	var names []string
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names = append(names, id.Name)
		}
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						add(s.Name)
					case *ast.ValueSpec:
						for _, id := range s.Names {
							add(id)
						}
					}
				}
			}
		}
	}
	slices.Sort(names)
	text := strings.Join(names, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile("names.txt", []byte(text), 0o644))
		return
	}
	assert.Equal(t, text, namesText, "run go test -update, twice")
	for path, s := range sources {
		for name := range s.names {
			if ourNames[name] && !slices.Contains([]string{"EngineById", "SSLv3", "MD4", "NewMD4Hash", "GetDigestByName", "GetDigestByNid", "GetCipherByName", "NewHMAC"}, name) {
				t.Errorf("%s: advice on %s, which ours has", path, name)
			}
		}
	}
}
