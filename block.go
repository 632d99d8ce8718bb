//go:build cgo

package libssl

import "sync"

// A block is a buffer of ciphertext on its way: b[off:] is still to be used. nil is an empty one. Blocks come from
// pools and go back as soon as they are empty, so that no connection owns one while it waits.
type block struct {
	b    []byte
	off  int
	pool *sync.Pool
	size int // of the pool's blocks
}

const (
	record     = 16 << 10   // the most plaintext that a record holds
	overhead   = 5 + 256    // what a record adds to it at most, in any version
	maxWrite   = 4 * record // plaintext that one crossing takes: bounds what it puts out
	smallBlock = 1 << 10    // what waits with an idle connection that can't be polled
	bigBlock   = maxWrite + 4*overhead
)

var (
	smallBlocks  = newPool(smallBlock)
	recordBlocks = newPool(record + overhead)
	bigBlocks    = newPool(bigBlock)
)

func newPool(size int) *sync.Pool {
	p := &sync.Pool{}
	p.New = func() any { return &block{b: make([]byte, 0, size), pool: p, size: size} }
	return p
}

// newBlock returns an empty block for so much plaintext.
func newBlock(plaintext int) *block {
	switch {
	case plaintext+overhead <= smallBlock:
		return smallBlocks.Get().(*block)
	case plaintext <= record:
		return recordBlocks.Get().(*block)
	default:
		return bigBlocks.Get().(*block)
	}
}

// release gives the block back.
func (k *block) release() {
	if k == nil || cap(k.b) > k.size { // it has outgrown its pool
		return
	}
	k.b, k.off = k.b[:0], 0
	k.pool.Put(k)
}

// unread returns what is still to be used.
func (k *block) unread() []byte {
	if k == nil {
		return nil
	}
	return k.b[k.off:]
}

// skip uses n bytes.
func (k *block) skip(n int) *block {
	if k == nil {
		return nil
	}
	k.off += n
	return k.unlessEmpty()
}

// unlessEmpty releases an empty block.
func (k *block) unlessEmpty() *block {
	if k != nil && k.off == len(k.b) {
		k.release()
		return nil
	}
	return k
}

// withRoom returns a block, k if there is one, to encrypt n bytes into; what does not fit there spills.
func (k *block) withRoom(n int) *block {
	if k == nil {
		return newBlock(n)
	}
	return k
}

// room returns the free space behind what is there.
func (k *block) room() []byte { return k.b[len(k.b):cap(k.b)] }

// grow takes n bytes of the room in.
func (k *block) grow(n int) *block {
	if k == nil {
		return nil
	}
	k.b = k.b[:len(k.b)+n]
	return k.unlessEmpty()
}

// with returns a block of what is there and what is in b behind it.
func (k *block) with(b *block) *block {
	if k == nil {
		return b
	}
	k = k.append(b.unread())
	b.release()
	return k
}

// append copies p behind what is there.
func (k *block) append(p []byte) *block {
	if k == nil {
		k = newBlock(len(p))
	}
	k.b = append(k.b, p...)
	return k
}
