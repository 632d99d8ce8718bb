package libtls

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-libssl/libssl/internal/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// at is a moment so many seconds after some other.
func at(seconds int) time.Time { return time.Unix(1_700_000_000+int64(seconds), 0) }

func secret(n byte) []byte { return bytes.Repeat([]byte{n}, ticketKeySize) }

func ringOf(lifetime time.Duration, revs ...uint32) *ticketKeys {
	t := newTicketKeys()
	t.setLifetime(lifetime)
	for _, rev := range revs {
		if err := t.add(rev, secret(byte(rev)), at(0)); err != nil {
			panic(err)
		}
	}
	return t
}

// sealingRev is the key that seals then; -1 if there is none.
func (t *ticketKeys) sealingRev(now time.Time) int64 {
	t.renew(now)
	k, renew, err := t.sealing(now)
	if k == nil || renew || err != nil {
		return -1
	}
	return int64(binary.BigEndian.Uint32(k.Name[:]))
}

// TestTicketKeyLayout is C-2, C-5 and TK-28: the name is the revision, the cipher's key comes before the HMAC's.
func TestTicketKeyLayout(t *testing.T) {
	key := make([]byte, 48)
	for i := range key {
		key[i] = byte(i)
	}
	k := newTicketKey(0x01020304, key)
	assert.Equal(t, append([]byte{1, 2, 3, 4}, make([]byte, 12)...), k.Name[:])
	assert.Equal(t, key[:32], k.CipherKey)
	assert.Equal(t, key[32:], k.HMACKey)
	assert.Empty(t, k.Cipher, "AES-256-CBC by its length")
	assert.Empty(t, k.Digest, "SHA256")
}

// TestAutomaticKeys is C-9, C-10 and TK-12: with a lifetime of 8, the next key comes when one is older than 6 seconds.
func TestAutomaticKeys(t *testing.T) {
	ring := ringOf(8 * time.Second)
	first := ring.sealingRev(at(0))
	assert.Equal(t, first, ring.sealingRev(at(5)))
	assert.Equal(t, first, ring.sealingRev(at(6)))
	assert.Equal(t, first+1, ring.sealingRev(at(7)))
	assert.Equal(t, first+1, ring.sealingRev(at(13)))
	assert.Equal(t, first+2, ring.sealingRev(at(14)))
	assert.Len(t, ring.keys, 3)

	// With a lifetime of 4 to 7 a quarter is a second.
	ring = ringOf(7 * time.Second)
	first = ring.sealingRev(at(0))
	assert.Equal(t, first, ring.sealingRev(at(3)))
	assert.Equal(t, first+1, ring.sealingRev(at(4)))

	assert.NotEqual(t, newTicketKeys().rev, newTicketKeys().rev, "they begin with a random number")
	ring = ringOf(8 * time.Second)
	ring.rev = 0xffffffff // TK-31
	assert.EqualValues(t, 0xffffffff, ring.sealingRev(at(0)))
	assert.EqualValues(t, 0, ring.sealingRev(at(7)))
}

// TestFirstAddedKeyEndsAutomaticOnes is C-10.
func TestFirstAddedKeyEndsAutomaticOnes(t *testing.T) {
	ring := ringOf(8 * time.Second)
	auto := ring.sealingRev(at(0))
	assert.Error(t, ring.add(uint32(auto), secret(9), at(0)))
	assert.Equal(t, auto+1, ring.sealingRev(at(7)), "a failing one does not")
	require.NoError(t, ring.add(1, secret(1), at(8)))
	assert.EqualValues(t, 1, ring.sealingRev(at(16)))
	assert.EqualValues(t, -1, ring.sealingRev(at(17)))
	key, renew := ring.opening(ticketKeyName(uint32(auto+1)), at(15))
	assert.NotNil(t, key)
	assert.True(t, renew)
}

// TestKeysAge is TK-13 and TK-15: a key is of use while it is no older than the lifetime.
func TestKeysAge(t *testing.T) {
	ring := ringOf(4*time.Second, 1)
	for _, s := range []int{0, 3, 4} {
		assert.EqualValues(t, 1, ring.sealingRev(at(s)))
		key, _ := ring.opening(ticketKeyName(1), at(s))
		assert.NotNil(t, key)
	}
	key, _ := ring.opening(ticketKeyName(1), at(5))
	assert.Nil(t, key)
	_, _, err := ring.sealing(at(5))
	assert.NoError(t, err)
	assert.EqualValues(t, -1, ring.sealingRev(at(5)))
	ring.setStrict()
	_, _, err = ring.sealing(at(5))
	assert.EqualError(t, err, "no valid ticket key found")
	assert.ErrorIs(t, err, ErrNoValidTicketKey)

	ring.setLifetime(time.Hour) // LT-6
	assert.EqualValues(t, 1, ring.sealingRev(at(5)))
	ring.setLifetime(0)
	assert.EqualValues(t, -1, ring.sealingRev(at(5)))
}

// TestAgainDoesNotRefresh is TK-3.
func TestAgainDoesNotRefresh(t *testing.T) {
	ring := ringOf(4*time.Second, 1)
	require.NoError(t, ring.add(1, secret(1), at(3)))
	assert.EqualValues(t, -1, ring.sealingRev(at(5)))
	assert.Len(t, ring.keys, 1)
}

// TestWhichKeyOpens is TK-18 and TK-23: the newest without a renewal, three others with one.
func TestWhichKeyOpens(t *testing.T) {
	ring := ringOf(time.Hour, 1, 2, 3, 4, 5)
	assert.EqualValues(t, 5, ring.sealingRev(at(1)))
	for rev, want := range map[uint32]struct{ opens, renews bool }{
		5: {true, false}, 4: {true, true}, 3: {true, true}, 2: {true, true}, 1: {false, false}, 9: {false, false}, 0: {false, false},
	} {
		key, renew := ring.opening(ticketKeyName(rev), at(1))
		assert.Equal(t, want.opens, key != nil, rev)
		assert.Equal(t, want.renews, renew, rev)
	}
}

// TestKeysAreWiped: what is dropped is overwritten, as soon as nobody has it any more.
func TestKeysAreWiped(t *testing.T) {
	ring := ringOf(time.Hour, 1, 2, 3, 4)
	oldest := ring.keys[3].TicketKey
	bytesOfIt := oldest.CipherKey[:ticketCipherLen:ticketCipherLen]
	require.NoError(t, ring.add(5, secret(5), at(0)))
	testutil.Collect()
	assert.Equal(t, secret(1)[:ticketCipherLen], oldest.CipherKey, "a handshake may still have it")
	oldest = nil
	assert.True(t, testutil.CollectUntil(10*time.Second, func() bool { return bytes.Equal(bytesOfIt, make([]byte, ticketCipherLen)) }))
	assert.Equal(t, secret(5)[:ticketCipherLen], ring.keys[0].CipherKey)
}
