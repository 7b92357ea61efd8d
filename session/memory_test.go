package session_test

import "runtime"

// memory counts the bytes allocated so far.
type memory struct{ total uint64 }

func (m *memory) read() {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.total = s.TotalAlloc
}
