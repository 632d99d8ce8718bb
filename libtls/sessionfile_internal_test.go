package libtls

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-libssl/libssl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A written session of a size of its own: libssl makes it, and what it holds does not matter.
func written(t testing.TB, fill byte, size int) []byte {
	t.Helper()
	s, err := libssl.NewPSKSession(bytes.Repeat([]byte{fill}, 32), 0x1301)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.SetTicketAppData(bytes.Repeat([]byte{fill}, size)))
	text, err := s.MarshalText()
	require.NoError(t, err)
	return text
}

// memoryFile is a file as the steps leave it.
type memoryFile []byte

func (f *memoryFile) write(at int64, data []byte) {
	if grow := int(at) + len(data) - len(*f); grow > 0 {
		*f = append(*f, make([]byte, grow)...)
	}
	copy((*f)[at:], data)
}

// holds tells which of the sessions is the first in the file.
func (f memoryFile) holds(t testing.TB, sessions ...[]byte) string {
	t.Helper()
	s, err := libssl.ParseSessionPEM(f)
	if err != nil {
		return "nothing"
	}
	defer s.Close()
	text, err := s.MarshalText()
	require.NoError(t, err)
	for i, one := range sessions {
		if bytes.Equal(one, text) {
			return []string{"old", "new"}[i]
		}
	}
	return "something else"
}

// TestRewriteIsNeverHalfDone: at whatever byte the writer is cut off, there is the old session or the new one.
func TestRewriteIsNeverHalfDone(t *testing.T) {
	short, long := written(t, 'o', 10), written(t, 'n', 900)
	middling := written(t, 'm', 400)
	junk := strings.Repeat("junk\n", 30)
	for name, test := range map[string]struct{ old, session, new []byte }{
		"a longer one":     {short, short, long},
		"a shorter one":    {long, long, short},
		"one like it":      {middling, middling, written(t, 'k', 400)},
		"a line before":    {append([]byte("junk\n"), middling...), middling, short},
		"lines before":     {append([]byte(junk), short...), short, long},
		"lines behind":     {append(bytes.Clone(short), junk...), short, long},
		"no line end":      {bytes.TrimSpace(short), short, long},
		"several sessions": {bytes.Join([][]byte{short, long, middling}, nil), short, written(t, 'k', 300)},
		"a dash before":    {append([]byte("-----\n"), middling...), middling, long},
	} {
		t.Run(name, func(t *testing.T) {
			var file memoryFile = bytes.Clone(test.old)
			require.Equal(t, "old", file.holds(t, test.session, test.new))
			newer := false
			for _, s := range rewrite(test.old, test.new) {
				if s.data == nil {
					file = file[:s.at]
				}
				for n := range s.data {
					file.write(s.at+int64(n), s.data[n:n+1])
					got := file.holds(t, test.session, test.new)
					require.Contains(t, []string{"old", "new"}, got, "step at %d, byte %d", s.at, n)
					require.False(t, newer && got == "old", "and back")
					newer = newer || got == "new"
				}
			}
			assert.Equal(t, string(test.new), string(file))
		})
	}
}

// TestRewriteOfWhatIsNoSession: there is nothing to keep.
func TestRewriteOfWhatIsNoSession(t *testing.T) {
	text := written(t, 'n', 100)
	assert.Equal(t, []step{{0, text}}, rewrite(nil, text))
	for _, old := range [][]byte{[]byte("garbage"), {0}, text[:len(text)/2], make([]byte, 1<<20), append(bytes.Clone(text), make([]byte, 1<<20)...)} {
		assert.Equal(t, []step{{0, nil}, {0, text}}, rewrite(old, text))
	}
}

// FuzzRewrite: whatever is in the file, in the end the session is, alone.
func FuzzRewrite(f *testing.F) {
	text := written(f, 'n', 100)
	other := written(f, 'o', 300)
	for _, old := range [][]byte{nil, []byte("x"), text, other, append(bytes.Clone(other), text...), append([]byte("-"), other...)} {
		f.Add(old)
	}
	f.Fuzz(func(t *testing.T, old []byte) {
		var file memoryFile = bytes.Clone(old)
		whole := file.holds(t, old) != "nothing"
		for _, s := range rewrite(old, text) {
			if s.data == nil {
				file = file[:min(int(s.at), len(file))]
			} else {
				file.write(s.at, s.data)
			}
			if whole && file.holds(t) == "nothing" {
				t.Fatalf("after the step at %d there is no session: %q", s.at, file)
			}
		}
		assert.Equal(t, string(text), string(file))
	})
}
