//go:build sentry

package providers

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1: Prism holds Sentry's operations to Sentry's own description. That has no licence
// beside it and is large: who has fetched openapi-derefed.json of
// getsentry/sentry-api-schema names it in STANDPIPE_SENTRY_DESCRIPTION, and runs this
// with -tags sentry.
func TestP1_SentryUnderItsOwnDescription(t *testing.T) {
	path := os.Getenv("STANDPIPE_SENTRY_DESCRIPTION")
	require.NotEmpty(t, path, "STANDPIPE_SENTRY_DESCRIPTION names no copy of Sentry's description")
	prism := servers.PrismOf(t, path)
	c, err := sentry.New(secret.Static("sntrys_prism"), at(t, prism.URL)...)
	require.NoError(t, err)
	ctx := t.Context()
	now := time.Now().UTC()
	none, seen := "", true
	change := sentry.IssueChange{Status: sentry.Resolved, Substatus: "ongoing", AssignedTo: &none, Priority: "high", HasSeen: &seen, IsBookmarked: &seen, IsSubscribed: &seen}
	// What the description leaves open is random text where it is a time or a count. Of
	// alerts.list Prism makes nothing.
	open := []string{"releases.list", "releases.create", "stats.get", "alerts.list"}
	for name, tc := range map[string]struct {
		call func(edit ...func(*client.Request)) error
		code string // of the success
	}{
		"issues.list": {func(edit ...func(*client.Request)) error {
			return first(sentry.ListIssues.Pages(ctx, c.HTTP, sentry.ListIssuesInput{Organization: "acme", Query: &none, Project: []string{"7", "shop"}, Environment: []string{"a", "b"},
				StatsPeriod: "24h", Start: now, End: now, Sort: "freq", Limit: 2}, edit...))
		}, "200"},
		"issues.get": {func(edit ...func(*client.Request)) error {
			_, err := sentry.GetIssue.Do(ctx, c.HTTP, sentry.IssueInput{Organization: "acme", Issue: "7"}, edit...)
			return err
		}, "200"},
		"issues.update": {func(edit ...func(*client.Request)) error {
			_, err := sentry.UpdateIssue.Do(ctx, c.HTTP, sentry.UpdateIssueInput{Organization: "acme", Issue: "7", IssueChange: change}, edit...)
			return err
		}, "200"},
		"issues.update_many": {func(edit ...func(*client.Request)) error {
			_, err := sentry.UpdateIssues.Do(ctx, c.HTTP, sentry.UpdateIssuesInput{Organization: "acme", IDs: []string{"7", "8"}, Query: &none, Project: []string{"7"}, IssueChange: change}, edit...)
			return err
		}, "200"},
		"issues.delete": {func(edit ...func(*client.Request)) error {
			_, err := sentry.DeleteIssue.Do(ctx, c.HTTP, sentry.IssueInput{Organization: "acme", Issue: "7"}, edit...)
			return err
		}, "202"},
		"issues.events": {func(edit ...func(*client.Request)) error {
			return first(sentry.ListIssueEvents.Pages(ctx, c.HTTP, sentry.ListIssueEventsInput{Organization: "acme", Issue: "7", Query: "x", Environment: []string{"a"}, StatsPeriod: "24h",
				Start: now, End: now, Full: true, PerPage: 2}, edit...))
		}, "200"},
		"releases.list": {func(edit ...func(*client.Request)) error {
			return first(sentry.ListReleases.Pages(ctx, c.HTTP, sentry.ListReleasesInput{Organization: "acme", Project: []string{"7"}, Environment: []string{"a"}, Query: "shop", PerPage: 2}, edit...))
		}, "200"},
		"releases.create": {func(edit ...func(*client.Request)) error {
			_, err := sentry.CreateRelease.Do(ctx, c.HTTP, sentry.CreateReleaseInput{Organization: "acme", Version: "shop@1.4.2", Projects: []string{"shop"}, Ref: "abc", URL: "https://example.com/",
				DateReleased: &now, Refs: []sentry.Ref{{Repository: "acme/shop", Commit: "abc", PreviousCommit: "abb"}}}, edit...)
			return err
		}, "201"},
		"deploys.create": {func(edit ...func(*client.Request)) error {
			_, err := sentry.CreateDeploy.Do(ctx, c.HTTP, sentry.CreateDeployInput{Organization: "acme", Version: "shop@1.4.2", Environment: "production", Name: "n", URL: "https://example.com/",
				DateStarted: &now, DateFinished: &now, Projects: []string{"shop"}}, edit...)
			return err
		}, "201"},
		"projects.list": {func(edit ...func(*client.Request)) error {
			return first(sentry.ListProjects.Pages(ctx, c.HTTP, sentry.ListProjectsInput{Organization: "acme", Query: "shop", PerPage: 2}, edit...))
		}, "200"},
		"alerts.list": {func(edit ...func(*client.Request)) error {
			return first(sentry.ListAlerts.Pages(ctx, c.HTTP, sentry.ListAlertsInput{Organization: "acme", Query: "shop", Project: []string{"7"}}, edit...))
		}, "200"},
		"stats.get": {func(edit ...func(*client.Request)) error {
			_, err := sentry.GetStats.Do(ctx, c.HTTP, sentry.StatsInput{Organization: "acme", GroupBy: []string{"outcome", "project"}, Field: "sum(quantity)", StatsPeriod: "1d", Start: now, End: now,
				Interval: "1h", Project: []string{"7"}, Category: "error", Outcome: "accepted", Reason: "x"}, edit...)
			return err
		}, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, tc.call(prefer("code="+tc.code)), "its own example")
			if !slices.Contains(open, name) {
				for range 5 {
					require.NoError(t, tc.call(prefer("code="+tc.code+", dynamic=true")))
				}
			}
			if name != "deploys.create" { // documents no other
				require.ErrorIs(t, tc.call(prefer("code=401")), client.ErrUnauthorized)
			}
		})
	}
	_, err = sentry.GetStats.Do(ctx, c.HTTP, sentry.StatsInput{Organization: "acme"})
	require.ErrorIs(t, err, client.ErrBadRequest, "what to count is missing")
}

// first is what the first page says.
func first[T any](pages func(func(T, error) bool)) error {
	for _, err := range pages {
		return err
	}
	return nil
}
