package providertest

import (
	"os"
	"testing"

	"github.com/standpipe-go/standpipe/secret"
)

// Live returns the key in a variable of the environment, for a test against the real
// service. It skips the test unless `make live` runs it and the variable is set.
func Live(t *testing.T, variable string) secret.Source {
	t.Helper()
	if os.Getenv("STANDPIPE_LIVE") == "" {
		t.Skip("make live runs this test, against the real service")
	}
	LiveValue(t, variable)
	return secret.Env(variable)
}

// LiveValue is like [Live], for what is no secret: the name of a bucket.
func LiveValue(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	switch {
	case os.Getenv("STANDPIPE_LIVE") == "":
		t.Skip("make live runs this test, against the real service")
	case value == "":
		t.Skipf("%s is not set: nothing has been called", variable)
	}
	return value
}
