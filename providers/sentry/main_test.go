package sentry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func scripted(t *testing.T, script string, opts ...client.Option) (*sentry.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := sentry.New(secret.Static("sntrys_test"), append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c, rt
}

var deploy = sentry.CreateDeployInput{Organization: "acme", Version: "shop@1.4.2", Environment: "production"}
