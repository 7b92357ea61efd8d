package oauthtest

// Faults returns how many injected faults no request has taken yet.
func (s *Server) Faults() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.faults)
}
