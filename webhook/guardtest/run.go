package guardtest

import "testing"

// Run runs the checks as subtests of t, each on a backend that open makes. The backends
// of one test may share what they keep.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for _, check := range []struct {
		name string
		run  func(t *testing.T, b *backend)
	}{
		{"claim, commit, release", testLife},
		{"which events are the same", testSame},
		{"identifiers are any text", testText},
		{"suspects", testSuspects},
		{"no identifier", testNoIdentifier},
		{"one of many", testOneOfMany},
		{"a claim lapses", testLapse},
		{"what was handled does not lapse", testHandledStays},
		{"a late commit counts", testLateCommit},
		{"a late release changes nothing", testLateRelease},
		{"out of reach", testAway},
		{"cancelled", testCancelled},
	} {
		t.Run(check.name, func(t *testing.T) {
			b := open(t)
			if len(b.Guards) == 0 || b.Lapse == nil {
				t.Fatal("guardtest: the backend has no guards, or no Lapse")
			}
			check.run(t, &backend{Backend: b, T: t})
		})
	}
}
