package openssl

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-libssl/libssl/internal/libcrypto"
)

// A Name is a distinguished name: one of its own, or a view of a certificate's. It needs no closing.
//
// C: X509_NAME_new(3)
type Name struct {
	name *libcrypto.Name // nil in a view

	of    *libcrypto.Certificate
	which libcrypto.Which
}

// NewName returns a name without entries.
//
// C: X509_NAME_new(3)
func NewName() (*Name, error) {
	n, err := libcrypto.NewName()
	if err != nil {
		return nil, fmt.Errorf("could not create x509 name: %w", err)
	}
	return &Name{name: n}, nil
}

// AddTextEntry adds an entry at the end. field is a short or a long name, as "CN" or "commonName", or a number with dots;
// value is UTF-8, and neither empty nor longer than the standard allows for that field: 2 letters for "C", 64 for "CN".
//
// C: X509_NAME_add_entry_by_txt(3)
func (n *Name) AddTextEntry(field, value string) error {
	if err := n.add(field, value); err != nil {
		return fmt.Errorf("failed to add x509 name text entry %s=%q: %w", field, value, err)
	}
	return nil
}

func (n *Name) add(field, value string) error {
	if n != nil && n.of != nil {
		return n.of.AddToName(n.which, field, value)
	}
	own, err := n.own()
	if err != nil {
		return err
	}
	return own.Add(field, value)
}

// AddTextEntries adds entries in the order of their fields' names.
func (n *Name) AddTextEntries(entries map[string]string) error {
	for _, field := range slices.Sorted(maps.Keys(entries)) {
		if err := n.AddTextEntry(field, entries[field]); err != nil {
			return err
		}
	}
	return nil
}

// GetEntry returns the first entry of that kind, in UTF-8. ok is false if there is none.
//
// C: X509_NAME_get_index_by_NID(3)
func (n *Name) GetEntry(nid NID) (entry string, ok bool) {
	own, err := n.own()
	if err != nil {
		return "", false
	}
	text, err := own.Text(int(nid))
	return string(text), err == nil
}

// own returns the name itself, or a copy of what it is a view of.
func (n *Name) own() (*libcrypto.Name, error) {
	switch {
	case n == nil || n.name == nil && n.of == nil:
		return nil, errors.New("there is no name")
	case n.of != nil:
		return n.of.Name(n.which)
	}
	return n.name, nil
}
