package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-libssl/libssl/conformance"
	"github.com/go-libssl/libssl/conformance/libtls"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const actAsProgram = "SSLCONFORM_TEST_PROGRAM"

// TestMain makes the test binary double as the program, so that it can be run with libraries preloaded.
func TestMain(m *testing.M) {
	if os.Getenv(actAsProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

type outcome struct {
	status         int
	stdout, stderr string
}

// sslconform runs the program with arguments and additions to the environment.
func sslconform(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), actAsProgram+"=1"), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestRun(t *testing.T) {
	t.Parallel()
	o := sslconform(t, nil, "run")
	assert.Equal(t, exitFine, o.status, o.stdout)
	assert.Empty(t, o.stderr)
	assert.NotContains(t, o.stdout, "\x1b", "no colour, no progress in a pipe")
	assert.NotContains(t, o.stdout, "\r")
	assert.Regexp(t, `^libssl: \w+SSL [0-9]`, o.stdout)
	for _, c := range conformance.All() {
		assert.Regexp(t, `(?m)^`+c.ID+` +(holds|manual wrong) +\S`, o.stdout)
	}
	assert.Regexp(t, `\n[0-9]+ clauses: [0-9]+ hold, [0-9]+ manual wrong, 0 DIFFERS; .*\n$`, o.stdout)
}

// TestRunWithoutProc: in a plain chroot a process cannot look itself up.
func TestRunWithoutProc(t *testing.T) {
	t.Parallel()
	without := []string{"--mount", "sh", "-c", `mount -t tmpfs none /proc && exec "$@"`, "sh"}
	if err := exec.Command("unshare", append(without, "true")...).Run(); err != nil {
		t.Skipf("nothing can be mounted over /proc here: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", append(without, os.Args[0], "run", "-clause", "^A1$")...)
	cmd.Env = append(os.Environ(), actAsProgram+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "1 clauses: 1 hold, 0 manual wrong, 0 DIFFERS")
}

// TestSuites: each by its name, in each form, and both together.
func TestSuites(t *testing.T) {
	t.Parallel()
	o := sslconform(t, nil, "run", "-suite", "libtls", "-clause", prompt(libtls.All())) // those that wait are run beside the package
	assert.Equal(t, exitFine, o.status, o.stdout)
	assert.Empty(t, o.stderr)
	for _, c := range libtls.All() {
		if !c.Waits {
			assert.Regexp(t, `(?m)^`+c.ID+` +(holds|better|not observed) +\S`, o.stdout)
		}
	}
	assert.Regexp(t, `\n[0-9]+ clauses: [0-9]+ hold, 0 manual wrong, [0-9]+ better, .*0 DIFFERS; .*\n$`, o.stdout)

	count := func(suite string) int {
		o := sslconform(t, nil, "run", "-list", "-suite", suite)
		assert.Equal(t, exitFine, o.status, o.stderr)
		return strings.Count(o.stdout, "\n")
	}
	assert.Equal(t, len(conformance.All()), count("libssl"))
	assert.Equal(t, len(libtls.All()), count("libtls"))
	assert.Equal(t, count("libssl")+count("libtls"), count("all"))

	o = sslconform(t, nil, "run", "-suite", "all", "-clause", "^(A1|C-1|TK-8)$", "-format", "junit")
	assert.Equal(t, exitFine, o.status, o.stdout)
	for _, class := range []string{"sslconform.SSL_CTX_set_session_id_context", "sslconform.libtls.tls_config_add_ticket_key"} {
		assert.Contains(t, o.stdout, `classname="`+class+`"`)
	}
	run := filepath.Join(t.TempDir(), "run.json")
	o = sslconform(t, nil, "run", "-suite", "all", "-clause", "^(A1|C-1|TK-8|G1)$", "-format", "json", "-o", run)
	assert.Equal(t, exitFine, o.status, o.stdout)
	o = sslconform(t, nil, "matrix", run)
	assert.Equal(t, exitFine, o.status, o.stderr)
	assert.Regexp(t, `(?m)^TK-8 +better `, o.stdout)
	o = sslconform(t, nil, "errata", run)
	assert.Equal(t, exitFine, o.status, o.stderr)
	assert.Contains(t, o.stdout, "### G1: wrong")
	assert.NotContains(t, o.stdout, "TK-8")
}

func TestRunFlags(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"run -clause ^A1$", "run --clause ^A1$", "run -clause=^A1$", "run --clause=^A1$"} {
		o := sslconform(t, nil, strings.Fields(args)...)
		assert.Equal(t, exitFine, o.status, args)
		assert.Contains(t, o.stdout, "\nA1 ", args)
		assert.Contains(t, o.stdout, "\n1 clauses: 1 hold,", args)
		assert.NotContains(t, o.stdout, "len33", args)
	}
	for _, args := range []string{"run -v -clause ^A1$", "run --clause ^A1$ --v"} {
		o := sslconform(t, nil, strings.Fields(args)...)
		assert.Equal(t, exitFine, o.status, args)
		assert.Contains(t, o.stdout, "page: SSL_CTX_set_session_id_context(3)", args)
		assert.Contains(t, o.stdout, "len33: ret=0 E{20:273}", args)
	}
	for _, args := range []string{"run -list", "run --list"} {
		o := sslconform(t, nil, strings.Fields(args)...)
		assert.Equal(t, exitFine, o.status, args)
		assert.Equal(t, len(conformance.All()), strings.Count(o.stdout, "\n"), args)
	}
	o := sslconform(t, nil, "run", "-list", "-clause", "^B1")
	assert.Regexp(t, `^(B1\w* .*\n)+$`, o.stdout)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, says string }{
		{"", "which command?"},
		{"observe", `no command "observe"`},
		{"-bogus", "-bogus"},
		{"run -bogus", "-bogus"},
		{"run -clause", "-clause"},
		{"run -clause (", `"(" is no regular expression`},
		{"run -clause nothing", `"nothing" matches no clause`},
		{"run -suite gnutls", `"gnutls"`},
		{"run -suite libtls -clause ^A1$", `"^A1$" matches no clause; see sslconform run -suite libtls -list`},
		{"run A1", `"A1"`},
		{"version 3", `"3"`},
	} {
		o := sslconform(t, nil, strings.Fields(c.args)...)
		assert.Equal(t, exitUsage, o.status, c.args)
		assert.Contains(t, o.stderr, c.says, c.args)
		assert.Equal(t, 1, strings.Count(o.stderr, "\n"), "%s: one line: %s", c.args, o.stderr)
		assert.Empty(t, o.stdout, c.args)
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{
		"--help": "Exit status", "-help": "Exit status", "help": "Exit status", "run --help": "REGEXP", "run -help": "REGEXP",
		"version": "libssl ",
	} {
		o := sslconform(t, nil, strings.Fields(args)...)
		assert.Equal(t, exitFine, o.status, args)
		assert.Contains(t, o.stdout, says, args)
		assert.Empty(t, o.stderr, args)
	}
}

// differing are the clauses that a report says differ.
func (o outcome) differing() []string {
	var ids []string
	for _, m := range regexp.MustCompile(`(?m)^([\w-]+) +DIFFERS `).FindAllStringSubmatch(o.stdout, -1) {
		ids = append(ids, m[1])
	}
	return ids
}
