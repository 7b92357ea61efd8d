package judge

// What the suites' tests import and nothing else in this module, so that go mod
// tidy keeps it.
import (
	_ "github.com/coreos/go-oidc/v3/oidc"
	_ "github.com/google/go-cmp/cmp"
)
