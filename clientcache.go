//go:build cgo

package libssl

import (
	"bytes"
	"cmp"
	"container/list"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// sessionsPerKey is how many sessions of one server are kept: a few connections at a time can each resume with a
// TLS 1.3 ticket of its own.
const sessionsPerKey = 8

// NewClientSessionCache returns a cache in memory of at most capacity sessions (0 is 1024): when it is full, those of
// the key that was used longest ago go first. A key has several TLS 1.3 tickets, and each is given out once.
func NewClientSessionCache(capacity int) ClientSessionCache {
	return newLRU(capacity)
}

// lru keeps the sessions of its keys, the key used last in front.
type lru struct {
	mu       sync.Mutex
	capacity int
	n        int // sessions in all
	order    *list.List
	keys     map[string]*list.Element // of order; the values are *shelf
}

// A shelf holds the sessions of one key, the newest last.
type shelf struct {
	key      string
	sessions []*Session
}

func newLRU(capacity int) *lru {
	if capacity <= 0 {
		capacity = 1024
	}
	return &lru{capacity: capacity, order: list.New(), keys: make(map[string]*list.Element)}
}

func (l *lru) Get(key string) *Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(key, time.Now())
}

func (l *lru) Put(key string, s *Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(key, s)
}

// take takes the newest session that has not expired.
func (l *lru) take(key string, now time.Time) *Session {
	e := l.keys[key]
	if e == nil {
		return nil
	}
	l.order.MoveToFront(e)
	sh := e.Value.(*shelf)
	for len(sh.sessions) > 0 {
		last := len(sh.sessions) - 1
		s := sh.sessions[last]
		sh.sessions = sh.sessions[:last]
		l.n--
		if len(sh.sessions) == 0 {
			l.forget(e)
		}
		if !expired(s, now) {
			return s
		}
		s.Close()
	}
	return nil
}

func (l *lru) put(key string, s *Session) {
	if s == nil {
		return
	}
	e := l.keys[key]
	if e == nil {
		e = l.order.PushFront(&shelf{key: key})
		l.keys[key] = e
	}
	l.order.MoveToFront(e)
	sh := e.Value.(*shelf)
	if s.Version() < versionTLS13 { // one that may be used again and again: the newest is enough
		l.drop(sh, len(sh.sessions))
	}
	sh.sessions = append(sh.sessions, s)
	l.n++
	l.drop(sh, len(sh.sessions)-sessionsPerKey)
	for l.n > l.capacity {
		oldest := l.order.Back()
		l.drop(oldest.Value.(*shelf), 1)
		if len(oldest.Value.(*shelf).sessions) == 0 {
			l.forget(oldest)
		}
	}
}

// drop closes the n oldest of a shelf.
func (l *lru) drop(sh *shelf, n int) {
	for ; n > 0; n-- {
		sh.sessions[0].Close()
		sh.sessions = sh.sessions[1:]
		l.n--
	}
}

func (l *lru) forget(e *list.Element) {
	l.order.Remove(e)
	delete(l.keys, e.Value.(*shelf).key)
}

// expired goes by what the server said; a server that said nothing is asked.
func expired(s *Session, now time.Time) bool {
	lifetime := cmp.Or(s.TicketLifetimeHint(), s.Timeout())
	return now.After(s.Time().Add(lifetime))
}

// A FileSessionCache is a [ClientSessionCache] that survives the program in a file, which only the user may read. The
// file is replaced as a whole at each change, so it is never half written; of two programs that share one, the last
// to change it wins.
type FileSessionCache struct {
	path string
	lru  *lru
	err  error // guarded by lru.mu
}

// The file: JSON, secrets and all.
type sessionFile struct {
	Format   string         `json:"format"`
	Sessions []savedSession `json:"sessions"` // the key used longest ago first; of a key, the oldest first
}

type savedSession struct {
	Key string `json:"key"`
	DER []byte `json:"der"`
}

const sessionFileFormat = "libssl client sessions 1"

// OpenSessionCache opens the cache in the file of that name, which need not exist yet, with the capacity of
// [NewClientSessionCache]. A file that others may read, that is not a regular one or that holds anything else is an
// error and left as it is. Sessions that have expired, or that this libssl can't read, are left out.
func OpenSessionCache(path string, capacity int) (*FileSessionCache, error) {
	if path == "" {
		return nil, errors.New("libssl: session cache: no file name")
	}
	f := &FileSessionCache{path: path, lru: newLRU(capacity)}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("libssl: session cache: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("libssl: session cache %s: not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("libssl: session cache %s: others may use it (mode %04o, want 0600)", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("libssl: session cache: %w", err)
	}
	var saved sessionFile
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, fmt.Errorf("libssl: session cache %s: no session cache: %w", path, err)
	}
	if saved.Format != sessionFileFormat {
		return nil, fmt.Errorf("libssl: session cache %s: format %q, want %q", path, saved.Format, sessionFileFormat)
	}
	now := time.Now()
	for _, e := range saved.Sessions {
		if s, err := ParseSession(e.DER); err == nil && !expired(s, now) {
			f.lru.put(e.Key, s)
		}
	}
	return f, nil
}

// Get takes a session out, of the file too: a TLS 1.3 ticket is not used twice after a restart either.
func (f *FileSessionCache) Get(key string) *Session {
	f.lru.mu.Lock()
	defer f.lru.mu.Unlock()
	s := f.lru.take(key, time.Now())
	if s != nil {
		f.save()
	}
	return s
}

// Put keeps a session. If the file can't be written it is kept in memory: see Err.
func (f *FileSessionCache) Put(key string, s *Session) {
	f.lru.mu.Lock()
	defer f.lru.mu.Unlock()
	f.lru.put(key, s)
	f.save()
}

// Err returns why the file could not be written at the last change, nil if it could.
func (f *FileSessionCache) Err() error {
	f.lru.mu.Lock()
	defer f.lru.mu.Unlock()
	return f.err
}

func (f *FileSessionCache) save() {
	saved := sessionFile{Format: sessionFileFormat, Sessions: []savedSession{}}
	for e := f.lru.order.Back(); e != nil; e = e.Prev() {
		sh := e.Value.(*shelf)
		for _, s := range sh.sessions {
			if der, err := s.MarshalBinary(); err == nil {
				saved.Sessions = append(saved.Sessions, savedSession{sh.key, der})
			}
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetIndent("", "\t")
	if f.err = enc.Encode(saved); f.err == nil {
		f.err = replaceFile(f.path, buf.Bytes())
	}
	if f.err != nil {
		f.err = fmt.Errorf("libssl: session cache: %w", f.err)
	}
}

// replaceFile puts a file of mode 0600 in the place of path in one step.
func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
