package testutil

import (
	"os/exec"
	"strings"
	"testing"
)

func TestOnTerminal(t *testing.T) {
	// What goes past stdin and stdout to the terminal itself is seen as well.
	written, err := OnTerminal(t, exec.Command("sh", "-c", "echo question >/dev/tty; tty"))
	if err != nil || !strings.HasPrefix(written, "question\r\n/dev/pts/") {
		t.Errorf("%q, %v", written, err)
	}
}
