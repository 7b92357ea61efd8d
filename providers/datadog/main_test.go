package datadog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// both are the keys of an account.
var both = datadog.Config{APIKey: secret.Static("api-key-0123456789"), ApplicationKey: secret.Static("app-key-0123456789")}

// scripted returns a client over a Datadog that follows the script, see
// clienttest.Parse.
func scripted(t *testing.T, script string, opts ...client.Option) (*datadog.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := datadog.New(both, append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c, rt
}

var event = datadog.Event{Title: "Deployed", Text: "Version 5", Tags: []string{"env:prod"}}

// now is a moment that Datadog takes.
func now() datadog.Time { return datadog.Time{Time: time.Now()} }
