package sentry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/sentry"
)

// SENTRY_ORG is the slug of the organization, and SENTRY_DSN that of a project in it, to
// which one event is sent.
func TestLive(t *testing.T) {
	c, err := sentry.New(providertest.Live(t, "SENTRY_AUTH_TOKEN"))
	require.NoError(t, err)
	ctx := t.Context()
	org := providertest.LiveValue(t, "SENTRY_ORG")
	for _, err := range sentry.ListProjects.All(ctx, c.HTTP, sentry.ListProjectsInput{Organization: org}) {
		require.NoError(t, err)
		break
	}
	for _, err := range sentry.ListIssues.All(ctx, c.HTTP, sentry.ListIssuesInput{Organization: org, Limit: 1}) {
		require.NoError(t, err)
		break
	}
	for _, err := range sentry.ListReleases.All(ctx, c.HTTP, sentry.ListReleasesInput{Organization: org, PerPage: 1}) {
		require.NoError(t, err)
		break
	}
	_, err = sentry.GetStats.Do(ctx, c.HTTP, sentry.StatsInput{Organization: org, GroupBy: []string{"outcome"}, Field: "sum(quantity)", StatsPeriod: "1d"})
	require.NoError(t, err)
	r, err := sentry.NewReporter(providertest.Live(t, "SENTRY_DSN"), sentry.ReporterConfig{Environment: "test"})
	require.NoError(t, err)
	require.NotEmpty(t, r.CaptureError(ctx, errors.New("standpipe: a test of the Sentry adapter")))
	end, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	require.NoError(t, r.Close(end))
	require.EqualValues(t, 1, r.Stats().Sent)
}
