package utils_test

import (
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/go-libssl/libssl/openssl/utils"
)

func TestErrorGroup(t *testing.T) {
	var g utils.ErrorGroup
	g.Add(nil)
	assert.NoError(t, g.Finalize())
	g.Add(io.EOF)
	assert.Equal(t, io.EOF, g.Finalize())
	other := errors.New("other")
	g.Add(other)
	assert.EqualError(t, g.Finalize(), "EOF\nother")
	assert.ErrorIs(t, g.Finalize(), io.EOF)
	assert.ErrorIs(t, g.Finalize(), other)
	assert.Len(t, g.Errors, 2)
}

func TestFuture(t *testing.T) {
	for _, f := range []*utils.Future{utils.NewFuture(), {}} {
		assert.False(t, f.Fired())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				val, err := f.Get()
				assert.Equal(t, 1, val)
				assert.Equal(t, io.EOF, err)
				assert.True(t, f.Fired())
			})
		}
		f.Set(1, io.EOF)
		f.Set(2, nil)
		wg.Wait()
		val, err := f.Get()
		assert.Equal(t, 1, val)
		assert.Equal(t, io.EOF, err)
	}
}
