package openssl_test

import (
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/go-libssl/libssl/openssl"
)

func TestSplitPEM(t *testing.T) {
	a := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "A", Bytes: []byte("first")})))
	b := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "B LONG", Headers: map[string]string{"Key": "value"}, Bytes: make([]byte, 100)})))
	crlf := strings.ReplaceAll(a, "\n", "\r\n")
	for in, want := range map[string][]string{
		"":                                     nil,
		"no block":                             nil,
		a:                                      {a},
		a + "\n":                               {a},
		a + "\n" + b + "\n":                    {a, b},
		"before\n" + a + "\nbetween\n" + b:     {a, b},
		crlf + "\r\n" + b:                      {crlf, b},
		"x" + a:                                nil,             // its first line is not one
		a + "x\n" + b:                          {a + "x\n" + b}, // nor is the last one of the first
		"-----BEGIN A-----\nno end":            nil,
		"-----END A-----\n" + a:                {a},
		"----- BEGIN A-----\n----- END A-----": {"----- BEGIN A-----\n----- END A-----"},
		"-----BEGIN A-----\n" + a:              {"-----BEGIN A-----\n" + a},
	} {
		var got []string
		for _, block := range openssl.SplitPEM([]byte(in)) {
			got = append(got, string(block))
		}
		assert.Equal(t, want, got, "%q", in)
	}
}
