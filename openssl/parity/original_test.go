package parity

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	originalPath = "github.com/spacemonkeygo/openssl"
	oursPath     = "github.com/go-libssl/libssl/openssl"
)

// originalDir returns where the source of the original lies in the module cache. It is downloaded if it is not there.
func originalDir(t *testing.T) string {
	var m struct{ Dir string }
	for _, args := range [][]string{{"list", "-m", "-json", originalPath}, {"mod", "download", "-json", originalPath}} {
		if m.Dir == "" {
			require.NoError(t, json.Unmarshal(run(t, exec.Command("go", args...)), &m))
		}
	}
	require.NotEmpty(t, m.Dir)
	return m.Dir
}

// run returns what a command prints.
func run(t *testing.T, cmd *exec.Cmd) []byte {
	out, err := cmd.Output()
	if e, ok := err.(*exec.ExitError); ok {
		t.Fatalf("%v: %v\n%s%s", cmd, err, out, e.Stderr)
	}
	require.NoError(t, err)
	return out
}
