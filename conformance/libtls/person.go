package libtls

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/go-libssl/libssl/libtls"
)

// What depends on who one is has to be asked in a process of its own, this program again: every thread of a process is
// the same person. It gets a session file as descriptor 3.

const personVariable = "SSLCONFORM_PERSON"

// A person is the real and the effective user of a process.
type person struct{ real, effective int }

// IsPerson tells whether this process is to answer as somebody else, by AnswerAsPerson, and to end: main asks it first.
func IsPerson() bool { return os.Getenv(personVariable) != "" }

// AnswerAsPerson tells on standard output what becomes of the session file for somebody else, and returns the exit status.
func AnswerAsPerson() int {
	var p person
	_, err := fmt.Sscan(os.Getenv(personVariable), &p.real, &p.effective)
	if err == nil {
		err = syscall.Setreuid(p.real, p.effective)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(result(libtls.NewConfig().SetSessionFD(3)))
	return 0
}

// asked notes what becomes of a session file for somebody else.
func (o observer) asked(name string, p person, fd int) {
	cmd := exec.Command(must1(os.Executable()))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", personVariable, p.real, p.effective))
	f := os.NewFile(uintptr(must1(syscall.Dup(fd))), "session")
	defer f.Close()
	cmd.ExtraFiles = []*os.File{f}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		must(fmt.Errorf("asking as %v: %w: %s", p, err, stderr.String()))
	}
	o.Note(name, "%s", strings.TrimSpace(stdout.String()))
}
