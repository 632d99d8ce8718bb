package libtls

import (
	"fmt"
	"os"
	"syscall"

	"github.com/go-libssl/libssl/libtls"
)

// nobody is a user who is not this process.
const nobody = 65534

const (
	notRegular = "session file is not a regular file"
	wrongMode  = "session file has incorrect permissions (%o != 600)"
)

// Section FD: tls_config_set_session_fd and its checks, in their order.
var sessionFD = []row{
	{
		id: "FD-1", page: pageFD,
		says: "A descriptor of -1 is taken without a check and turns the feature off.",
		want: want(is("-1; a file; -1 again", "ok")),
		observe: func(o observer) {
			c := libtls.NewConfig()
			o.note("-1", c.SetSessionFD(-1))
			o.note("a file", c.SetSessionFD(o.file().fd))
			o.note("-1 again", c.SetSessionFD(-1))
		},
	},
	{
		id: "FD-2", page: pageFD,
		says: "What is no open descriptor is refused in the words of the system.",
		want: want(is("-2; closed", "failed to stat session file: Bad file descriptor")),
		observe: func(o observer) {
			c := libtls.NewConfig()
			o.note("-2", c.SetSessionFD(-2))
			closed := o.high(o.file().fd)
			must(syscall.Close(closed))
			o.note("closed", c.SetSessionFD(closed))
		},
	},
	{
		id: "FD-3", page: pageFD,
		says: "What is no regular file is refused.",
		want: want(is("directory; pipe, to read; pipe, to write; socket; /dev/null", notRegular)),
		observe: func(o observer) {
			o.fd("directory", o.opened(o.dir(), os.O_RDONLY).fd)
			r, w, err := os.Pipe()
			must(err)
			o.AtEnd(func() { r.Close(); w.Close() })
			o.fd("pipe, to read", int(r.Fd()))
			o.fd("pipe, to write", int(w.Fd()))
			pair := must1(syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0))
			o.AtEnd(func() { syscall.Close(pair[0]); syscall.Close(pair[1]) })
			o.fd("socket", pair[0])
			o.fd("/dev/null", o.opened("/dev/null", os.O_RDWR).fd)
		},
	},
	{
		id: "FD-4", page: pageFD,
		says:    "Somebody else's file is refused.",
		want:    want(is("theirs", "session file has incorrect owner (uid 65534 != 0)")),
		observe: func(o observer) { o.fd("theirs", o.owned(nobody, 0o600)) },
	},
	{
		id: "FD-5", page: pageFD,
		says:    "The owner is looked at before the mode.",
		want:    want(is("theirs, 0644", "session file has incorrect owner (uid 65534 != 0)")),
		observe: func(o observer) { o.fd("theirs, 0644", o.owned(nobody, 0o644)) },
	},
	{
		id: "FD-6", page: pageFD,
		says:    "For others than the superuser too.",
		want:    want(is("the superuser's file", "session file has incorrect owner (uid 0 != 65534)")),
		observe: func(o observer) { o.asked("the superuser's file", person{nobody, nobody}, o.owned(0, 0o600)) },
	},
	{
		id: "FD-7", page: pageFD,
		says: "It is the real user that counts, and not the effective one.",
		want: want(
			is("the effective user's", "session file has incorrect owner (uid 65534 != 0)"),
			is("the real user's", "ok"),
		),
		observe: func(o observer) {
			o.asked("the effective user's", person{0, nobody}, o.owned(nobody, 0o600))
			o.asked("the real user's", person{0, nobody}, o.owned(0, 0o600))
		},
	},
	{
		id: "FD-8", page: pageFD,
		says: "The group does not matter.",
		want: want(is("another group", "ok")),
		observe: func(o observer) {
			root()
			f := o.file()
			must(os.Chown(f.path, 0, nobody))
			o.fd("another group", f.fd)
		},
	},
	{
		id: "FD-9", page: pageFD,
		says:    "A mode of 0644 is refused, with both modes in octal.",
		want:    want(is("0644", "session file has incorrect permissions (644 != 600)")),
		observe: func(o observer) { o.modes(0o644) },
	},
	{
		id: "FD-10", page: pageFD,
		says:    "So is every other mode that is not 0600.",
		want:    refused(0o640, 0o660, 0o666, 0o400, 0o200, 0, 0o700, 0o601, 0o610, 0o777),
		observe: func(o observer) { o.modes(0o640, 0o660, 0o666, 0o400, 0o200, 0, 0o700, 0o601, 0o610, 0o777) },
	},
	{
		id: "FD-11", page: pageFD,
		says: "The bits above 0777 do not matter.",
		want: want(is("0600; 04600; 02600; 01600", "ok")),
		observe: func(o observer) {
			o.modes(0o600, 0o600|os.ModeSetuid, 0o600|os.ModeSetgid, 0o600|os.ModeSticky)
		},
	},
	{
		id: "FD-12", page: pageFD,
		says: "Nor does how the file was opened, whether it has a name, or what is in it.",
		want: want(is("to read; no name; garbage; memory", "ok")),
		observe: func(o observer) {
			o.fd("to read", o.fileOf(nil, 0o600, os.O_RDONLY).fd)
			f := o.file()
			must(os.Remove(f.path))
			o.fd("no name", f.fd)
			o.fd("garbage", o.fileOf([]byte("garbage"), 0o600, os.O_RDWR).fd)
			fd := o.memory()
			must(syscall.Fchmod(fd, 0o600))
			o.fd("memory", fd)
		},
	},
	{
		id: "FD-13", page: pageFD,
		says: "Memory that the system makes a file has the mode 0777 and is refused as it comes.",
		want: want(is("memory", "session file has incorrect permissions (777 != 600)")),
		observe: func(o observer) {
			fd := o.memory()
			var s syscall.Stat_t
			must(syscall.Fstat(fd, &s))
			if s.Mode&0o777 != 0o777 {
				unable("vm.memfd_noexec has it that memory is created with another mode")
			}
			o.fd("memory", fd)
		},
	},
	{
		id: "FD-14", page: pageFD,
		says:  "A call that fails leaves the descriptor that was set before.",
		modes: both,
		want:  want(is("another file", notRegular), is("the first file", "a session")),
		observe: func(o observer) {
			f := o.file()
			c := o.client(sessionFile(f))
			o.note("another file", c.SetSessionFD(o.opened(o.dir(), os.O_RDONLY).fd))
			o.connect(o.server(farm), c)
			o.Note("the first file", "%s", f.state())
		},
	},
	{
		id: "FD-15", page: pageFD,
		says:  "After -1 the next connection leaves the file alone.",
		modes: both,
		want:  want(is("the file", "empty")),
		observe: func(o observer) {
			f := o.file()
			c := o.client(sessionFile(f))
			must(c.SetSessionFD(-1))
			o.connect(o.server(farm), c)
			o.Note("the file", "%s", f.state())
		},
	},
	{
		id: "FD-16", page: pageFD,
		says:  "A server has no use for a session file.",
		modes: both,
		want:  want(is("connection", "resumed=0/0"), is("the file", "empty")),
		observe: func(o observer) {
			f := o.file()
			o.Note("connection", "%v", o.connect(o.server(farm, sessionFile(f)), o.client()))
			o.Note("the file", "%s", f.state())
		},
	},
}

// fd notes what a new configuration says of a descriptor.
func (o observer) fd(name string, fd int) { o.note(name, libtls.NewConfig().SetSessionFD(fd)) }

// owned is a descriptor of a file that belongs to somebody.
func (o observer) owned(uid int, mode os.FileMode) int {
	root()
	f := o.fileOf(nil, mode, os.O_RDWR)
	must(os.Chown(f.path, uid, 0))
	return f.fd
}

// modes notes what is said of files of some modes.
func (o observer) modes(modes ...os.FileMode) {
	for _, m := range modes {
		f := o.file()
		must(os.Chmod(f.path, m))
		o.fd(octal(m), f.fd)
	}
}

// octal is a mode as chmod(1) has it.
func octal(m os.FileMode) string {
	bits := uint32(m.Perm())
	for i, special := range []os.FileMode{os.ModeSticky, os.ModeSetgid, os.ModeSetuid} {
		if m&special != 0 {
			bits |= 0o1000 << i
		}
	}
	return fmt.Sprintf("0%o", bits)
}
