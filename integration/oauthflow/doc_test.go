// Package oauthflow_test holds package oauthflow to authorization servers that
// no one here wrote: every flow against the certified oidc-provider, token
// exchange and JWT bearer against zitadel/oidc, faults of oauth2-mock-server,
// GitHub and Google as emulate plays them, and the sign-in example in a real browser.
package oauthflow_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }
