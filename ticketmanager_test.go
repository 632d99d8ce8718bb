package libssl

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In these tests time passes as fast as they sleep.

func TestRotatingTicketKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewRotatingTicketKeys(time.Hour, 2*time.Hour)
		first := m.Current()
		require.NotNil(t, first)
		time.Sleep(time.Hour - 1)
		assert.Equal(t, first, m.Current())
		requireKey(t, m, first, false)

		time.Sleep(time.Nanosecond)
		second := m.Current()
		assert.NotEqual(t, first.Name, second.Name)
		requireKey(t, m, first, true)
		requireKey(t, m, second, false)
		assert.NotEqual(t, first.CipherKey, second.CipherKey)
		assert.NotEqual(t, first.HMACKey, second.HMACKey)

		time.Sleep(2*time.Hour - 1)
		requireKey(t, m, first, true)
		time.Sleep(time.Nanosecond)
		requireNoKey(t, m, first)
		requireKey(t, m, second, true) // whose time has been over without a successor

		time.Sleep(100 * time.Hour) // nobody came
		requireNoKey(t, m, second)
		assert.Len(t, m.(*rotating).keys, 1)

		m = NewRotatingTicketKeys(0, -1)
		first = m.Current()
		time.Sleep(time.Second - 1)
		requireKey(t, m, first, false)
		time.Sleep(time.Nanosecond)
		requireNoKey(t, m, first)
	})
}

func TestDeriveTicketKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := []byte("sixteen bytes ..")
		derive := func(every time.Duration) TicketKeyManager {
			m, err := DeriveTicketKeys(secret, every)
			require.NoError(t, err)
			return m
		}
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour))) // a period begins
		here, there := derive(time.Hour), derive(time.Hour)
		first := here.Current()
		assert.Len(t, first.CipherKey, 32)
		assert.Len(t, first.HMACKey, 32)
		assert.NotEqual(t, first.CipherKey, first.HMACKey)
		assert.Equal(t, first, there.Current())
		requireKey(t, there, first, false)
		time.Sleep(time.Hour - 1)
		assert.Equal(t, first, here.Current())
		assert.Equal(t, first, derive(time.Hour).Current(), "however late it is made")

		time.Sleep(time.Nanosecond)
		second := here.Current()
		requireKey(t, there, second, false)
		assert.NotEqual(t, first.Name, second.Name)
		assert.NotEqual(t, first.CipherKey, second.CipherKey)
		requireKey(t, here, first, true)
		time.Sleep(time.Hour - 1)
		requireKey(t, here, first, true)
		time.Sleep(time.Nanosecond)
		requireNoKey(t, here, first)
		requireKey(t, here, second, true)

		// Whose clock is ahead seals with the next key.
		ahead := here.(*derived).keyOf(time.Now().Add(time.Hour))
		requireKey(t, here, ahead, true)
		requireNoKey(t, here, here.(*derived).keyOf(time.Now().Add(2*time.Hour)))
		time.Sleep(time.Hour)
		assert.Equal(t, ahead, here.Current())

		secret[0]++
		assert.NotEqual(t, here.Current().Name, derive(time.Hour).Current().Name, "another secret")
		secret[0]--
		assert.NotEqual(t, here.Current().Name, derive(2*time.Hour).Current().Name, "another period")
		assert.Equal(t, here.Current(), derive(time.Hour).Current(), "the secret has been copied")
	})
}

// What other versions of this package derive does not change: a fleet is not upgraded at once.
func TestDeriveTicketKeysStays(t *testing.T) {
	m, err := DeriveTicketKeys([]byte("sixteen bytes .."), time.Hour)
	require.NoError(t, err)
	k := m.(*derived).keyOf(time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC))
	assert.Equal(t, "ee3461c871173948104f5a1743ce3b00", k.Name.String())
	assert.Equal(t, "12fa9e33b9508751a6bfd82c8f992051", TicketKeyName(k.CipherKey[16:]).String())
	assert.Equal(t, "776865c25e2da093b7934a3bd8101c5c", TicketKeyName(k.HMACKey[16:]).String())
}

func TestDeriveTicketKeysRefuses(t *testing.T) {
	_, err := DeriveTicketKeys(make([]byte, 15), time.Hour)
	assert.ErrorContains(t, err, "15 bytes")
	for _, every := range []time.Duration{0, -time.Hour, time.Second - 1} {
		_, err = DeriveTicketKeys(make([]byte, 16), every)
		assert.Error(t, err)
	}
}

// What is dropped is overwritten; what was handed out is not.
func TestTicketKeysAreWiped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		derive, err := DeriveTicketKeys(make([]byte, 16), time.Hour)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, numbered(80, 1), 0o600))
		files, err := NginxTicketKeys(file)
		require.NoError(t, err)
		for _, tt := range []struct {
			m    TicketKeyManager
			ring *keyring
			drop func()
		}{
			{m: NewRotatingTicketKeys(time.Hour, 0)},
			{m: derive},
			{m: files, drop: func() {
				require.NoError(t, os.WriteFile(file, numbered(80, 2), 0o600))
				require.NoError(t, files.Reload())
			}},
		} {
			var ring *keyring
			switch m := tt.m.(type) {
			case *rotating:
				ring = &m.keyring
			case *derived:
				ring = &m.keyring
			case *FileTicketKeys:
				ring = &m.keyring
			}
			given := tt.m.Current()
			copied, _ := tt.m.Lookup(given.Name)
			inside := ring.keys[ring.current].TicketKey
			require.Equal(t, given, inside)
			if tt.drop != nil {
				tt.drop()
			} else {
				time.Sleep(10 * time.Hour)
			}
			require.NotEqual(t, given.Name, tt.m.Current().Name)
			assert.Equal(t, make([]byte, 32), inside.CipherKey)
			assert.Equal(t, make([]byte, 32), inside.HMACKey)
			assert.NotEqual(t, make([]byte, 32), given.CipherKey)
			assert.NotEqual(t, make([]byte, 32), copied.HMACKey)
			clear(given.CipherKey) // nor does it belong to the manager
			assert.NotEqual(t, make([]byte, 32), tt.m.Current().CipherKey)
		}
	})
}

func TestNginxTicketKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return file
	}
	small, large := write("48", numbered(48, 0)), write("80", numbered(80, 100))
	m, err := NginxTicketKeys(small, large)
	require.NoError(t, err)
	first := &TicketKey{Name: TicketKeyName(numbered(16, 0)), CipherKey: numbered(16, 16), HMACKey: numbered(16, 32)}
	second := &TicketKey{Name: TicketKeyName(numbered(16, 100)), HMACKey: numbered(32, 116), CipherKey: numbered(32, 148)}
	assert.Equal(t, first, m.Current())
	requireKey(t, m, first, false)
	requireKey(t, m, second, true)
	requireNoKey(t, m, NewTicketKey())

	for _, bad := range []string{write("empty", nil), write("81", make([]byte, 81)), write("47", make([]byte, 47)), filepath.Join(dir, "none"), dir} {
		_, err := NginxTicketKeys(small, bad)
		require.Error(t, err)
		assert.Contains(t, err.Error(), bad)
	}
	_, err = NginxTicketKeys()
	assert.Error(t, err)
}

func TestHAProxyTicketKeys(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "keys")
	write := func(end string, keys ...[]byte) {
		var text string
		for _, k := range keys {
			text += base64.StdEncoding.EncodeToString(k) + end
		}
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	for _, size := range []int{48, 80} {
		half := (size - 16) / 2
		var keys []*TicketKey
		var lines [][]byte
		for i := range 5 {
			keys = append(keys, &TicketKey{Name: TicketKeyName(numbered(16, 50*i)), CipherKey: numbered(half, 50*i+16), HMACKey: numbered(half, 50*i+16+half)})
			lines = append(lines, numbered(size, 50*i))
		}
		for _, end := range []string{"\n", "\r\n", "\n\n"} {
			write(end, lines...)
			m, err := HAProxyTicketKeys(file)
			require.NoError(t, err)
			assert.Equal(t, keys[3], m.Current(), "the last but one")
			requireKey(t, m, keys[2], true)
			requireKey(t, m, keys[3], false)
			requireKey(t, m, keys[4], true)
			requireNoKey(t, m, keys[1])
		}
	}
	for name, keys := range map[string][][]byte{
		"two":   {numbered(48, 0), numbered(48, 1)},
		"mixed": {numbered(48, 0), numbered(80, 1), numbered(80, 2)},
		"size":  {numbered(64, 0), numbered(64, 1), numbered(64, 2)},
		"none":  nil,
	} {
		write("\n", keys...)
		_, err := HAProxyTicketKeys(file)
		assert.ErrorContains(t, err, file, name)
	}
	require.NoError(t, os.WriteFile(file, []byte("a\nb\nsecret!\n"), 0o600))
	_, err := HAProxyTicketKeys(file)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
	_, err = HAProxyTicketKeys(filepath.Join(dir, "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// A changed file is noticed within a second, however it was changed, and a bad one does no harm.
func TestFileTicketKeysReload(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	content := func(i int) []byte { return numbered(48, i) }
	current := func(m *FileTicketKeys) int { return int(m.Current().Name[0]) }
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, os.WriteFile(file, content(1), 0o600))
		m, err := NginxTicketKeys(file)
		require.NoError(t, err)
		assert.Equal(t, 1, current(m))

		require.NoError(t, os.WriteFile(file, content(2), 0o600))
		assert.Equal(t, 1, current(m), "not looked at yet")
		time.Sleep(time.Second)
		assert.Equal(t, 2, current(m), "written over, in the same moment and of the same size")

		require.NoError(t, os.WriteFile(file+".new", content(3), 0o600))
		require.NoError(t, os.Rename(file+".new", file))
		time.Sleep(time.Second)
		assert.Equal(t, 3, current(m), "replaced")

		require.NoError(t, os.WriteFile(file, content(4)[:20], 0o600))
		time.Sleep(time.Second)
		assert.Equal(t, 3, current(m), "half written")
		assert.ErrorContains(t, m.Err(), "20 bytes")
		assert.Error(t, m.Reload())
		require.NoError(t, os.Remove(file))
		time.Sleep(time.Second)
		assert.Equal(t, 3, current(m), "gone")
		assert.ErrorIs(t, m.Err(), os.ErrNotExist)
		require.NoError(t, os.WriteFile(file, content(4), 0o600))
		time.Sleep(time.Second)
		assert.Equal(t, 4, current(m), "there again")
		assert.NoError(t, m.Err())

		require.NoError(t, os.WriteFile(file, content(5), 0o600))
		require.NoError(t, m.Reload())
		assert.Equal(t, 5, current(m), "at once")

		old := time.Now().Add(-time.Hour)
		require.NoError(t, os.Chtimes(file, old, old))
		require.NoError(t, m.Reload())
		require.NoError(t, os.WriteFile(file, content(6), 0o600))
		require.NoError(t, os.Chtimes(file, old, old))
		time.Sleep(time.Second)
		assert.Equal(t, 5, current(m), "a file that has not changed for long is not read again")
	})
}

// numbered returns bytes that count from first.
func numbered(n, first int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(first + i)
	}
	return b
}

func requireKey(t *testing.T, m TicketKeyManager, want *TicketKey, renews bool) {
	t.Helper()
	key, renew := m.Lookup(want.Name)
	require.NotNil(t, key)
	assert.Equal(t, want.CipherKey, key.CipherKey)
	assert.Equal(t, want.HMACKey, key.HMACKey)
	assert.Equal(t, renews, renew, "renewed")
}

func requireNoKey(t *testing.T, m TicketKeyManager, other *TicketKey) {
	t.Helper()
	key, _ := m.Lookup(other.Name)
	assert.Nil(t, key)
	assert.False(t, slices.Equal(m.Current().Name[:], other.Name[:]))
}
