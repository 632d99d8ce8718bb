package parity

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The original's tests, run in our package: all pass but those that libssl's security level forbids, which say so. They
// are about certificates that were signed with SHA-1 in 2013.
func TestOriginalTests(t *testing.T) {
	binary := buildOriginalTests(t)
	open := filepath.Join(t.TempDir(), "openssl.cnf")
	require.NoError(t, os.WriteFile(open, []byte(`openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = all
[all]
CipherString = DEFAULT:@SECLEVEL=0
`), 0o600))
	for _, run := range []struct {
		name, conf string
		all        bool
	}{
		{"with a security level of 0", open, true},
		{"without a configuration", os.DevNull, false},
		{"with the system's configuration", "", false},
	} {
		t.Run(run.name, func(t *testing.T) {
			results := runOriginalTests(t, binary, run.conf, ".")
			require.Len(t, results, 46)
			for name, r := range results {
				for range 20 {
					if r.passed || !reset.MatchString(name+r.output) {
						break
					}
					t.Logf("%s once more: %s", name, r.output)
					r = runOriginalTests(t, binary, run.conf, "^"+name+"$")[name]
				}
				results[name] = r
			}
			var forbidden []string
			for name, r := range results {
				switch {
				case r.passed:
				case !run.all && securityLevel.MatchString(r.output):
					forbidden = append(forbidden, name)
				default:
					t.Errorf("%s: %s", name, r.output)
				}
			}
			slices.Sort(forbidden)
			t.Logf("%d passed, forbidden: %s", len(results)-len(forbidden), strings.Join(forbidden, " "))
			for _, name := range forbidden {
				assert.Contains(t, name, "OpenSSL", "a test that makes no Ctx")
			}
		})
	}
}

// securityLevel is how libssl says that its security level is the reason.
var securityLevel = regexp.MustCompile(`SSL errors: .*(ca md too weak|ee key too small|ca key too small)`)

// reset is how the Closing tests fail at times, whosever TLS they are about. They are from before TLS 1.3, in which a
// server sends tickets after the handshake: a client that closes its socket with one unread resets the connection.
var reset = regexp.MustCompile(`(?s)^\w+Closing\W.*read: connection reset by peer`)

// buildOriginalTests builds our package with the original's tests in the place of our own, and returns the program.
// Nothing is written but to a temporary folder: the compiler is told that the files lie elsewhere.
func buildOriginalTests(t *testing.T) string {
	ours := strings.TrimSpace(string(run(t, exec.Command("go", "list", "-f", "{{.Dir}}", oursPath))))
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, path := range tests(t, ours) {
		overlay.Replace[path] = ""
	}
	for _, path := range tests(t, originalDir(t)) {
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		name := filepath.Base(path)
		copied := filepath.Join(dir, name)
		migrated := strings.ReplaceAll(string(source), originalPath, oursPath)
		migrated = strings.ReplaceAll(migrated, "localhost:0", "127.0.0.1:0") // a bare chroot has no such name
		require.NoError(t, os.WriteFile(copied, []byte(migrated), 0o600))
		overlay.Replace[filepath.Join(ours, name)] = copied
	}
	file, err := json.Marshal(overlay)
	require.NoError(t, err)
	overlayFile, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "original.test")
	require.NoError(t, os.WriteFile(overlayFile, file, 0o600))
	run(t, exec.Command("go", append(testFlags, "-vet=off", "-c", "-o", binary, "-overlay", overlayFile, oursPath)...))
	return binary
}

func tests(t *testing.T, dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

type result struct {
	passed bool
	output string
}

var (
	begins = regexp.MustCompile(`^=== RUN   (\w+)$`)
	ends   = regexp.MustCompile(`^--- (PASS|FAIL): (\w+) `)
)

// runOriginalTests runs the tests whose names match, with that OpenSSL configuration, empty for the system's.
func runOriginalTests(t *testing.T, binary, conf, names string) map[string]result {
	cmd := exec.Command(binary, "-test.v", "-test.timeout=5m", "-test.run="+names)
	cmd.Dir = t.TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "OPENSSL_CONF=") })
	if conf != "" {
		cmd.Env = append(cmd.Env, "OPENSSL_CONF="+conf)
	}
	out, _ := cmd.CombinedOutput() // what it exits with follows from the results
	results := map[string]result{}
	var name string
	var output []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if m := begins.FindStringSubmatch(line); m != nil {
			name, output = m[1], nil
			results[name] = result{output: "did not end"}
		} else if m := ends.FindStringSubmatch(line); m != nil {
			results[m[2]] = result{passed: m[1] == "PASS", output: strings.Join(output, "\n")}
		} else {
			output = append(output, line)
		}
	}
	if r, ok := results[name]; ok && r.output == "did not end" {
		results[name] = result{output: strings.Join(output, "\n")}
	}
	return results
}
