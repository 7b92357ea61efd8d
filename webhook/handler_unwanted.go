package webhook

import "sync"

// maxUnwanted bounds the types that are remembered, since a type may come from a
// header that nobody signed.
const maxUnwanted = 1000

// unwanted are the types of events that no function wants and that the log has. A
// service sends them by the thousand, and one line each says all there is to say.
type unwanted struct {
	mu    sync.Mutex
	types map[string]struct{}
}

// first reports whether a type is new, as long as there is room for it.
func (u *unwanted) first(typ string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.types[typ]; ok || len(u.types) >= maxUnwanted {
		return false
	}
	if u.types == nil {
		u.types = map[string]struct{}{}
	}
	u.types[typ] = struct{}{}
	return true
}
