package sourcetest

import (
	"testing"
	"testing/synctest"

	"github.com/standpipe-go/standpipe/secret"
)

// Backend is what one check is run on.
type Backend struct {
	// Source is what is tested. Nobody has asked it for anything yet.
	Source secret.Source
	// Set changes what the origin holds to as many other values as it held at first, the
	// newest first. If nil, the origin is fixed, and the checks of rotation are skipped.
	Set func(values ...string)
	// Pass lets as much time go by as the source may take to see a change by itself. If
	// nil, it sees each at once.
	Pass func()
	// Away takes the origin away. If nil, that cannot happen, and the check is skipped.
	Away func()
	// One is set where the origin holds one secret at a time.
	One bool
}

// Run runs the checks as subtests of t, each on a backend that open makes, whose origin
// holds the values, the newest first. They may be blank, and there may be none: what
// the origin cannot hold at all, it holds in the nearest way, as an empty file.
func Run(t *testing.T, open func(t *testing.T, values ...string) Backend) {
	run(t, func(t *testing.T, check func(t *testing.T)) { check(t) }, open)
}

// RunInBubble is Run with each check in a bubble of [testing/synctest], where Pass can
// sleep for an hour at no cost. It is for sources that use no network.
func RunInBubble(t *testing.T, open func(t *testing.T, values ...string) Backend) {
	run(t, synctest.Test, open)
}

func run(t *testing.T, in func(*testing.T, func(*testing.T)), open func(t *testing.T, values ...string) Backend) {
	for _, check := range []struct {
		name string
		run  func(t *testing.T, open func(values ...string) Backend)
	}{
		{"newest first", testNewestFirst},
		{"never none, never a blank", testBlank},
		{"no secret is shown", testHidden},
		{"rotation", testRotation},
		{"refresh", testRefresh},
		{"what was handed out stays", testStays},
		{"rotated to a blank", testRotatedToBlank},
		{"concurrent use", testConcurrent},
		{"out of reach", testAway},
		{"cancelled", testCancelled},
		{"check", testCheck},
		{"identity", testIdentity},
	} {
		t.Run(check.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				check.run(t, func(values ...string) Backend {
					t.Helper()
					return complete(t, open(t, values...))
				})
			})
		})
	}
}

func complete(t *testing.T, b Backend) Backend {
	t.Helper()
	if b.Source == nil {
		t.Fatal("sourcetest: the backend has no Source")
	}
	if b.Pass == nil {
		b.Pass = func() {}
	}
	return b
}

// texts returns the source's secrets.
func texts(t *testing.T, src secret.Source) []string {
	t.Helper()
	values, err := src.Secrets(t.Context())
	if err != nil {
		t.Fatalf("Secrets: %v", err)
	}
	return reveal(values)
}

func reveal(values []secret.Value) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.Reveal()
	}
	return all
}

// rotating opens a backend whose origin holds the value and can hold another.
func rotating(t *testing.T, open func(values ...string) Backend, value string) Backend {
	t.Helper()
	b := open(value)
	if b.Set == nil {
		t.Skip("the origin is fixed")
	}
	return b
}
