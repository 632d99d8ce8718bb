//go:build cgo

package libssl

// SetValue keeps a value with the connection, for callbacks to find: keys are compared, and of a type of the package
// that owns them, as with context.WithValue. A nil value removes the key. The values stay after Close.
func (s *SSL) SetValue(key, value any) {
	if value == nil {
		s.values.Delete(key)
	} else {
		s.values.Store(key, value)
	}
}

// Value returns what SetValue has kept under key; nil for nothing.
func (s *SSL) Value(key any) any {
	v, _ := s.values.Load(key)
	return v
}
