package libtls

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/go-libssl/libssl/conformance"
	"github.com/go-libssl/libssl/libtls"
)

const parse = "connect: failed to parse session"

// Section RW: what a client does with its session file.
var sessionFiles = []row{
	{
		id: "RW-1", page: pageFD,
		says:  "From an empty file no session is taken, and one is put into it.",
		modes: both,
		want:  want(is("connection", "resumed=0/0"), is("the file", "a session")),
		observe: func(o observer) {
			f := o.file()
			o.Note("connection", "%v", o.connect(o.server(farm), o.client(sessionFile(f))))
			o.Note("the file", "%s", f.state())
		},
	},
	{
		id: "RW-2", page: pageConnect,
		says:  "A descriptor that was closed meanwhile is an error of the connect.",
		modes: both,
		want:  want(is("connection", "connect: failed to stat session file: Bad file descriptor")),
		observe: func(o observer) {
			c, fd := o.closable()
			must(syscall.Close(fd))
			o.Note("connection", "%v", o.connect(o.server(farm), c))
		},
	},
	{
		id: "RW-3", page: pageShake,
		says:  "If its number has become a socket's that is noticed when the session is to be written.",
		modes: both,
		want:  want(is("client", "failed to truncate session file: Invalid argument"), is("what the socket got", "nothing")),
		observe: func(o observer) {
			c, fd := o.closable()
			pair := must1(syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0))
			must(syscall.SetNonblock(pair[1], true))
			o.AtEnd(func() { syscall.Close(pair[0]); syscall.Close(pair[1]) })
			must(syscall.Close(fd))
			must(dupTo(pair[0], fd))
			o.AtEnd(func() { syscall.Close(fd) })
			o.Note("client", "%s", o.connect(o.server(farm), c).clientFate())
			got := "nothing"
			if n, _ := syscall.Read(pair[1], make([]byte, 1)); n > 0 {
				got = "something"
			}
			o.Note("what the socket got", "%s", got)
		},
	},
	{
		id: "RW-4", page: pageShake,
		says:  "A descriptor that is closed between connect and handshake is an error of the handshake.",
		modes: both,
		want:  want(is("client", "failed to truncate session file: Bad file descriptor")),
		observe: func(o observer) {
			c, fd := o.closable()
			l := o.prepare(o.server(farm), c, serverName)
			must(syscall.Close(fd))
			l.meet()
			o.Note("client", "%s", l.clientFate())
			l.close()
		},
	},
	{
		id: "RW-5", page: pageConnect,
		says:  "A file of 3 GiB is too large.",
		modes: both,
		want:  want(is("connection", "connect: invalid session file size"), is("the file", "3221225472 bytes")),
		observe: func(o observer) {
			f := o.file()
			if err := syscall.Ftruncate(f.fd, 3<<30); err != nil {
				unable("no file of 3 GiB can be made here: " + err.Error())
			}
			o.Note("connection", "%v", o.connect(o.server(farm), o.client(sessionFile(f))))
			o.Note("the file", "%d bytes", must1(os.Stat(f.path)).Size())
		},
	},
	{
		id: "RW-6", page: pageConnect,
		says:  "A session that can't be read is an error of the connect.",
		modes: both,
		want:  want(is("connection", "connect: failed to read session file: Bad file descriptor"), is("the file", "unchanged")),
		observe: func(o observer) {
			f := o.primed(o.server(farm))
			before := f.content()
			o.Note("connection", "%v", o.connect(o.server(farm), o.client(sessionFile(o.opened(f.path, os.O_WRONLY)))))
			o.Note("the file", "%s", f.since(before))
		},
	},
	{
		id: "RW-7", page: pageFD,
		says:  "An empty file that can only be written will do, and gets the session.",
		modes: both,
		want:  want(is("connection", "resumed=0/0"), is("the file", "a session")),
		observe: func(o observer) {
			f := o.fileOf(nil, 0o600, os.O_WRONLY)
			o.Note("connection", "%v", o.connect(o.server(farm), o.client(sessionFile(f))))
			o.Note("the file", "%s", f.state())
		},
	},
	{
		id: "RW-8", page: pageShake,
		says:  "A file that can only be read is an error of the handshake, and stays as it is.",
		modes: both,
		want: want(
			is("client, an empty file; client, a session", "failed to truncate session file: Invalid argument"),
			is("the empty file; the session", "unchanged"),
		),
		observe: func(o observer) {
			srv := o.server(farm)
			try := func(name string, f *file) {
				before := f.content()
				o.Note("client, "+name, "%s", o.connect(srv, o.client(sessionFile(o.opened(f.path, os.O_RDONLY)))).clientFate())
				o.Note("the "+strings.TrimPrefix(strings.TrimPrefix(name, "an "), "a "), "%s", f.since(before))
			}
			try("an empty file", o.file())
			try("a session", o.primed(srv))
		},
	},
	{
		id: "RW-9", page: pageConnect,
		says:   "What is no session is an error of the connect, and stays as it is.",
		better: "What is no session is an error of the connect, and stays as it is, unless HealSessionFile is set: then it is replaced.",
		modes:  both,
		want: want(
			is("garbage; a zero byte; a certificate; bad DER; half a session; a megabyte of zeros", parse+", unchanged"),
			is("cut at each byte", "no session, unchanged"),
			is("HealSessionFile: garbage; HealSessionFile: half a session; HealSessionFile: a megabyte of zeros", "resumed=0/0, a session"),
		),
		observe: observeBadFiles,
	},
	{
		id: "RW-10", page: pageConnect,
		says:  "Lines before and behind a session do not matter; the session that replaces it is alone in the file.",
		modes: both,
		want:  want(is("a line before; a line behind", "resumed=1/1, a session")),
		observe: func(o observer) {
			srv := o.server(farm)
			session := o.primed(srv).content()
			for name, content := range map[string][]byte{
				"a line before": append([]byte("junk\n"), session...), "a line behind": append(bytes.Clone(session), "junk\n"...),
			} {
				f := o.fileOf(content, 0o600, os.O_RDWR)
				o.Note(name, "%v, %s", o.connect(srv, o.client(sessionFile(f))), f.state())
			}
		},
	},
	{
		id: "RW-11", page: pageFD,
		says:   "A session is written over what is in the file, whose length is set before; the descriptor's offset stays.",
		better: "A session is written so that a reader who heeds the lock finds the old one or the new one, the old one when there is no room for the new, and two clients at once do no harm; the descriptor's offset stays.",
		modes:  both,
		want: want(
			is("offset", "12345"), is("the file", "a session"),
			is("a shorter one over a longer", "a session"), is("eight clients at once", "all fine, a session"),
			is("a reader meanwhile", "a session each time"), is("no room for it", "the session before"),
		),
		observe: observeWriting,
	},
	{
		id: "RW-12", page: pageFD,
		says:   "A file that is opened to append ends up with zeros before the session, which the next connect can't parse.",
		better: "A file that is opened to append is not made worse: it holds a session or stays empty, and the next connect can make use of it.",
		modes:  both,
		want:   want(is("the file", "a session"), is("the next", "resumed=1/1"), is("the file then", "a session")),
		observe: func(o observer) {
			srv := o.server(farm)
			f := o.fileOf(nil, 0o600, os.O_RDWR|os.O_APPEND)
			o.connect(srv, o.client(sessionFile(f)))
			o.Note("the file", "%s", f.state())
			o.Note("the next", "%v", o.connect(srv, o.client(sessionFile(f))))
			o.Note("the file then", "%s", f.state())
		},
	},
	{
		id: "RW-13", page: pageFD,
		says:  "The mode is looked at when the descriptor is set, and not again.",
		modes: both,
		want:  want(is("0644 meanwhile", "resumed=0/0, resumed=1/1")),
		observe: func(o observer) {
			f := o.file()
			c := o.client(sessionFile(f))
			must(os.Chmod(f.path, 0o644))
			o.Note("0644 meanwhile", "%s", o.times(2, o.server(farm), c))
		},
	},
	{
		id: "RW-14", page: pageShake,
		says:  "A handshake that fails leaves the file as it was.",
		modes: both,
		want: want(
			is("another authority: empty; another name: empty", "unchanged"),
			is("another name: a session", "unchanged"),
		),
		observe: func(o observer) {
			srv := o.server(farm)
			f := o.file()
			o.connect(srv, o.client(sessionFile(f), trust(pki().stranger)))
			o.Note("another authority: empty", "%s", f.since(nil))
			o.connectTo(srv, o.client(sessionFile(f)), "nope.test")
			o.Note("another name: empty", "%s", f.since(nil))
			f = o.primed(srv)
			before := f.content()
			o.connectTo(srv, o.client(sessionFile(f)), "nope.test")
			o.Note("another name: a session", "%s", f.since(before))
		},
	},
	{
		id: "RW-15", page: pageShake,
		says:  "When a server does not take the session up, the new one replaces it.",
		modes: both,
		want:  want(is("another server", "resumed=0/0, a session"), is("there again", "resumed=1/1")),
		observe: func(o observer) {
			f := o.primed(o.server(farm))
			other := o.server(lifetime(3600), ticketKey(9, key(9)))
			l := o.connect(other, o.client(sessionFile(f)))
			o.Note("another server", "%v, %s", l, f.state())
			o.Note("there again", "%v", o.connect(other, o.client(sessionFile(f))))
		},
	},
	{
		id: "RW-16", page: pageShake,
		says:  "The session of a TLS 1.2 server that has none is written all the same, without id or ticket, and never resumed.",
		modes: only12,
		want:  want(is("the file", "id of 0 bytes, ticket=false"), is("again", "resumed=0/0")),
		observe: func(o observer) {
			srv := o.server()
			f := o.primed(srv)
			o.Note("the file", "%s", f.resumable())
			o.Note("again", "%v", o.connect(srv, o.client(sessionFile(f))))
		},
	},
	{
		id: "RW-19", page: pageShake,
		says:  "A session that can't be written fails the handshake of the client alone: the server's succeeds, and resumes.",
		modes: both,
		want: want(
			is("client", "failed to truncate session file: Invalid argument"), is("server", "ok"),
			is("client says resumed", "false"), is("server says resumed", "true"),
		),
		observe: func(o observer) {
			srv := o.server(farm)
			f := o.primed(srv)
			l := o.prepare(srv, o.client(sessionFile(o.opened(f.path, os.O_RDONLY))), serverName)
			conformance.Together(
				func() { l.server.err = l.server.Handshake() },
				func() { l.client.err = l.client.Handshake() },
			)
			if o.tls13() { // the tickets come with what the server sends
				conformance.Together(
					func() { say(l.server); l.server.CloseWrite() },
					func() {
						if l.client.err == nil {
							_, l.client.err = io.ReadAll(l.client)
						}
					},
				)
			}
			o.Note("client", "%s", l.clientFate())
			o.Note("server", "%s", result(l.server.err))
			o.Note("client says resumed", "%t", l.client.SessionResumed())
			o.Note("server says resumed", "%t", l.server.SessionResumed())
		},
	},
	{
		id: "RW-20", page: pageFD,
		says:  "The descriptor is never closed.",
		modes: both,
		want:  want(is("after a connection; after one that failed", "open")),
		observe: func(o observer) {
			srv, f := o.server(farm), o.file()
			state := func() string {
				if err := syscall.Fstat(f.fd, new(syscall.Stat_t)); err != nil {
					return err.Error()
				}
				return "open"
			}
			o.connect(srv, o.client(sessionFile(f)))
			o.Note("after a connection", "%s", state())
			o.connectTo(srv, o.client(sessionFile(f)), "nope.test")
			o.Note("after one that failed", "%s", state())
		},
	},
	{
		id: "RW-21", page: pageFD,
		says:  "One configuration serves two clients, and the second resumes the session of the first.",
		modes: both,
		want:  want(is("two clients", "resumed=0/0, resumed=1/1")),
		observe: func(o observer) {
			o.Note("two clients", "%s", o.times(2, o.server(farm), o.client(sessionFile(o.file()))))
		},
	},
}

// closable is a client's configuration and its session file's descriptor, which the clause closes.
func (o observer) closable() (*libtls.Config, int) {
	fd := o.high(o.file().fd)
	return o.client(func(c *libtls.Config) error { return c.SetSessionFD(fd) }), fd
}

// clientFate is what became of the client. In TLS 1.3 there is no session before the first message.
func (l *link) clientFate() string {
	switch {
	case l.connect != nil:
		return "connect: " + text(l.connect)
	case l.client.err != nil:
		return text(l.client.err)
	case l.client.after != nil:
		return text(l.client.after)
	}
	return "ok"
}

// observeBadFiles has clients read what is no session.
func observeBadFiles(o observer) {
	srv := o.server(farm)
	session := o.primed(srv).content()
	frame := func(body string) []byte {
		return []byte("-----BEGIN SSL SESSION PARAMETERS-----\n" + body + "-----END SSL SESSION PARAMETERS-----\n")
	}
	contents := []struct {
		name    string
		content []byte
	}{
		{"garbage", []byte("garbage")},
		{"a zero byte", []byte{0}},
		{"a certificate", pki().server.cert},
		{"bad DER", frame("AAAA\n")},
		{"half a session", session[:len(session)/2]},
		{"a megabyte of zeros", make([]byte, 1<<20)},
	}
	for _, c := range contents {
		f := o.fileOf(c.content, 0o600, os.O_RDWR)
		o.Note(c.name, "%v, %s", o.connect(srv, o.client(sessionFile(f))), f.since(c.content))
	}
	for _, n := range []int{0, 4, 5} {
		f := o.fileOf(contents[n].content, 0o600, os.O_RDWR)
		l := o.connect(srv, o.client(sessionFile(f), healing))
		o.Note("HealSessionFile: "+contents[n].name, "%v, %s", l, f.state())
	}
	o.Note("cut at each byte", "%s", o.cutEverywhere(srv, session))
}

// cutEverywhere tells what a client makes of a session that is cut short, at each byte but the last: of a session whose
// last line ends without a line feed libssl makes one.
func (o observer) cutEverywhere(srv *server, session []byte) string {
	f := o.file()
	c := o.client(sessionFile(f))
	for n := 1; n < len(session)-1; n++ {
		f.write(session[:n])
		l := o.prepare(srv, c, serverName)
		l.cut()
		if l.connect == nil || "connect: "+text(l.connect) != parse {
			return fmt.Sprintf("%d bytes: %v", n, l.clientFate())
		}
		if !bytes.Equal(f.content(), session[:n]) {
			return fmt.Sprintf("%d bytes: the file was changed", n)
		}
	}
	return "no session, unchanged"
}

func observeWriting(o observer) {
	srv := o.server(farm)
	f := o.file()
	must1(syscall.Seek(f.fd, 12345, io.SeekStart))
	o.connect(srv, o.client(sessionFile(f)))
	o.Note("offset", "%d", must1(syscall.Seek(f.fd, 0, io.SeekCurrent)))
	o.Note("the file", "%s", f.state())

	f = o.fileOf(append(bytes.Clone(f.content()), make([]byte, 5000)...), 0o600, os.O_RDWR)
	o.connect(srv, o.client(sessionFile(f)))
	o.Note("a shorter one over a longer", "%s", f.state())

	f = o.primed(srv)
	o.Note("eight clients at once", "%s, %s", o.crowd(f), f.state())
	stop := make(chan struct{})
	var found string
	conformance.Together(
		func() { found = f.watch(stop) },
		func() {
			defer close(stop)
			for range 8 {
				o.crowd(f)
			}
		},
	)
	o.Note("a reader meanwhile", "%s", found)
	o.Note("no room for it", "%s", o.withoutRoom(srv))
}

// withoutRoom tells what is left in a file that can't grow when a client wants to replace the session in it.
func (o observer) withoutRoom(srv *server) string {
	session := o.primed(srv).content()
	fd := o.sealed(session)
	o.connect(o.server(lifetime(3600)), o.client(func(c *libtls.Config) error { return c.SetSessionFD(fd) }))
	left := make([]byte, len(session)+1)
	if n := must1(syscall.Pread(fd, left, 0)); !bytes.Equal(left[:n], session) {
		return fmt.Sprintf("%d bytes of something else", n)
	}
	return "the session before"
}

// crowd has eight clients write the file at once, each a session with a server that knows of no other.
func (o observer) crowd(f *file) string {
	links := make([]*link, 8)
	fates := make(chan string, len(links))
	var clients []func()
	for i := range links { // a listener hands out connections in any order: they are made one after the other
		links[i] = o.prepare(o.server(lifetime(3600)), o.client(sessionFile(o.opened(f.path, os.O_RDWR))), serverName)
		clients = append(clients, func() {
			links[i].meet()
			links[i].close()
			fates <- links[i].String()
		})
	}
	conformance.Together(clients...)
	fine := "all fine"
	for range links {
		if fate := <-fates; fate != "resumed=0/0" {
			fine = fate
		}
	}
	return fine
}

// watch reads the file, under the lock that writers take, until stop is closed, and tells what was no session.
func (f *file) watch(stop <-chan struct{}) string {
	own := must1(os.Open(f.path))
	defer own.Close()
	for {
		must(syscall.Flock(int(own.Fd()), syscall.LOCK_SH))
		content := f.content()
		must(syscall.Flock(int(own.Fd()), syscall.LOCK_UN))
		if state := stateOf(content); state != "a session" { // while writers have their turn
			return state
		}
		select {
		case <-stop:
			return "a session each time"
		default:
		}
	}
}
