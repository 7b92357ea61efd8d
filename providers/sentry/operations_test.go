package sentry_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

// P4: rel="next" is always there. A list ends at results="false", not at an empty page,
// and fetches what the loop reads.
func TestP4_CursorPages(t *testing.T) {
	link := func(more, cursor string) string {
		return `<https://us.sentry.io/api/0/organizations/acme/issues/?&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", ` +
			`<https://us.sentry.io/api/0/organizations/acme/issues/?&cursor=` + cursor + `>; rel="next"; results="` + more + `"; cursor="` + cursor + `"`
	}
	steps := []clienttest.Step{
		clienttest.JSON(200, `[{"id":"1","count":"12"},{"id":"2"}]`).Header("Link", link("true", "0:100:0")),
		clienttest.JSON(200, `[]`).Header("Link", link("true", "0:200:0")),
		clienttest.JSON(200, `[{"id":"3"}]`).Header("Link", link("false", "0:300:0")),
	}
	start := func() (*sentry.Client, *clienttest.Transport) {
		rt := clienttest.NewTransport(t, steps...)
		c, err := sentry.New(secret.Static("sntrys_test"), client.WithTransport(rt))
		require.NoError(t, err)
		return c, rt
	}
	c, rt := start()
	var ids string
	none := ""
	for issue, err := range sentry.ListIssues.All(t.Context(), c.HTTP, sentry.ListIssuesInput{
		Organization: "acme", Query: &none, Project: []string{"7", "9"}, StatsPeriod: "24h", Limit: 2,
	}) {
		require.NoError(t, err)
		ids += issue.ID
	}
	require.Equal(t, "123", ids)
	require.Equal(t, 3, rt.Count())
	require.Equal(t, "/api/0/organizations/acme/issues/?limit=2&project=7&project=9&query=&statsPeriod=24h", rt.Requests()[0].URL)
	require.Equal(t, "us.sentry.io", rt.Last().Host)
	require.Equal(t, "/api/0/organizations/acme/issues/?&cursor=0:200:0", rt.Last().URL)

	c, rt = start()
	for _, err := range sentry.ListIssues.All(t.Context(), c.HTTP, sentry.ListIssuesInput{Organization: "acme"}) {
		require.NoError(t, err)
		break
	}
	require.Equal(t, 1, rt.Count())
	require.Equal(t, "/api/0/organizations/acme/issues/", rt.Last().URL, "Sentry's own query")
}

func TestWhatIsSent(t *testing.T) {
	at := time.Date(2026, 11, 26, 15, 4, 5, 0, time.UTC)
	nobody, seen := "", true
	for name, tc := range map[string]struct {
		call        func(*sentry.Client) error
		method, url string
		body        string
	}{
		"resolve": {func(c *sentry.Client) error {
			_, err := sentry.UpdateIssue.Do(t.Context(), c.HTTP, sentry.UpdateIssueInput{Organization: "acme", Issue: "7",
				IssueChange: sentry.IssueChange{Status: sentry.Resolved, StatusDetails: &sentry.StatusDetails{InRelease: "latest"}, AssignedTo: &nobody, HasSeen: &seen}})
			return err
		}, "PUT", "/api/0/organizations/acme/issues/7/", `{"status":"resolved","statusDetails":{"inRelease":"latest"},"assignedTo":"","hasSeen":true}`},
		"resolve many": {func(c *sentry.Client) error {
			_, err := sentry.UpdateIssues.Do(t.Context(), c.HTTP, sentry.UpdateIssuesInput{Organization: "acme", IDs: []string{"7", "8"}, IssueChange: sentry.IssueChange{Status: sentry.Ignored}})
			return err
		}, "PUT", "/api/0/organizations/acme/issues/?id=7&id=8", `{"status":"ignored"}`},
		"delete": {func(c *sentry.Client) error {
			_, err := sentry.DeleteIssue.Do(t.Context(), c.HTTP, sentry.IssueInput{Organization: "acme", Issue: "7"})
			return err
		}, "DELETE", "/api/0/organizations/acme/issues/7/", ""},
		"release": {func(c *sentry.Client) error {
			_, err := sentry.CreateRelease.Do(t.Context(), c.HTTP, sentry.CreateReleaseInput{Organization: "acme", Version: "shop@1", Projects: []string{"shop"}, DateReleased: &at,
				Refs: []sentry.Ref{{Repository: "acme/shop", Commit: "abc"}}})
			return err
		}, "POST", "/api/0/organizations/acme/releases/", `{"version":"shop@1","projects":["shop"],"dateReleased":"2026-11-26T15:04:05Z","refs":[{"repository":"acme/shop","commit":"abc"}]}`},
		"deploy": {func(c *sentry.Client) error {
			d := deploy
			d.Version = "shop/a b@1.4.2+7" // what a version may be
			_, err := sentry.CreateDeploy.Do(t.Context(), c.HTTP, d)
			return err
		}, "POST", "/api/0/organizations/acme/releases/shop%2Fa%20b@1.4.2+7/deploys/", `{"environment":"production"}`},
		"stats": {func(c *sentry.Client) error {
			_, err := sentry.GetStats.Do(t.Context(), c.HTTP, sentry.StatsInput{Organization: "acme", GroupBy: []string{"outcome", "project"}, Field: "sum(quantity)", StatsPeriod: "1d"})
			return err
		}, "GET", "/api/0/organizations/acme/stats_v2/?field=sum%28quantity%29&groupBy=outcome&groupBy=project&statsPeriod=1d", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, rt := scripted(t, `200 {}`)
			require.NoError(t, tc.call(c))
			require.Equal(t, tc.method+" "+tc.url, rt.Last().Method+" "+rt.Last().URL)
			if tc.body == "" {
				require.Empty(t, rt.Last().Body)
			} else {
				require.JSONEq(t, tc.body, string(rt.Last().Body))
			}
		})
	}
	c, rt := scripted(t, `200 {}`)
	_, err := sentry.GetIssue.Do(t.Context(), c.HTTP, sentry.IssueInput{Organization: "acme"})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Zero(t, rt.Count())
}

// A release that exists is made again without harm, and its second time is a 208.
func TestAReleaseIsMadeAgain(t *testing.T) {
	c, rt := scripted(t, `503 Retry-After=0, 208 {"version":"shop@1","dateReleased":null}`)
	r, err := sentry.CreateRelease.Do(t.Context(), c.HTTP, sentry.CreateReleaseInput{Organization: "acme", Version: "shop@1", Projects: []string{"shop"}})
	require.NoError(t, err)
	require.Equal(t, 2, rt.Count())
	require.Equal(t, sentry.Release{Version: "shop@1"}, r)
}

// P3: counts are whole numbers, what groups have in common is a text, and what is new
// breaks nothing.
func TestP3_WhatIsRead(t *testing.T) {
	c, _ := scripted(t, `200 {"start":"2026-02-14T19:00:00Z","intervals":["2026-02-28T00:00:00Z"],"new":{},
		"groups":[{"by":{"outcome":"accepted","project":4505281256620032,"reason":null},"totals":{"sum(quantity)":9007199254740993},"series":{"sum(quantity)":[165665]}}]}`)
	s, err := sentry.GetStats.Do(t.Context(), c.HTTP, sentry.StatsInput{Organization: "acme"})
	require.NoError(t, err)
	require.Equal(t, []sentry.StatsGroup{{
		By:     map[string]sentry.GroupName{"outcome": "accepted", "project": "4505281256620032", "reason": ""},
		Totals: map[string]int64{"sum(quantity)": 9007199254740993}, Series: map[string][]int64{"sum(quantity)": {165665}},
	}}, s.Groups)
	for _, in := range []string{`{}`, `true`, `[]`} {
		require.Error(t, json.Unmarshal([]byte(in), new(sentry.GroupName)), in)
	}
	c, _ = scripted(t, `200 {"id":"1","status":"tomorrow","level":"catastrophe","assignedTo":{"type":"team","id":"5","name":"ops"},"culprit":null,"firstSeen":null,"metadata":{"x":1},"new":[]}`)
	issue, err := sentry.GetIssue.Do(t.Context(), c.HTTP, sentry.IssueInput{Organization: "acme", Issue: "1"})
	require.NoError(t, err)
	require.Equal(t, sentry.Issue{ID: "1", Status: "tomorrow", Level: "catastrophe", AssignedTo: &sentry.Actor{Type: "team", ID: "5", Name: "ops"}, Metadata: json.RawMessage(`{"x":1}`)}, issue)
}

// A time of a query is in UTC and in whole seconds: another offset is overlooked by some
// versions of Sentry, and a fraction of nine digits is refused by others.
func TestP3_TimesOfAQueryAreInSeconds(t *testing.T) {
	c, rt := scripted(t, `200 []`)
	start := time.Date(2026, 11, 26, 16, 4, 5, 123456789, time.FixedZone("", 3600))
	const period = "end=2026-11-26T16%3A04%3A05Z&start=2026-11-26T15%3A04%3A05Z"
	for _, err := range sentry.ListIssues.All(t.Context(), c.HTTP, sentry.ListIssuesInput{Organization: "acme", Start: start, End: start.Add(time.Hour)}) {
		require.NoError(t, err)
	}
	require.Equal(t, "/api/0/organizations/acme/issues/?"+period, rt.Last().URL)
	for _, err := range sentry.ListIssueEvents.All(t.Context(), c.HTTP, sentry.ListIssueEventsInput{Organization: "acme", Issue: "7", Start: start, End: start.Add(time.Hour)}) {
		require.NoError(t, err)
	}
	require.Equal(t, "/api/0/organizations/acme/issues/7/events/?"+period, rt.Last().URL)
	for _, err := range sentry.ListIssues.All(t.Context(), c.HTTP, sentry.ListIssuesInput{Organization: "acme"}) {
		require.NoError(t, err)
	}
	require.Equal(t, "/api/0/organizations/acme/issues/", rt.Last().URL, "no time is none")
	rt.Script(clienttest.MustParse(`200 {}`)...)
	_, err := sentry.GetStats.Do(t.Context(), c.HTTP, sentry.StatsInput{Organization: "acme", Start: start, End: start.Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, "/api/0/organizations/acme/stats_v2/?"+period, rt.Last().URL)
}

// Without an ID and a query Sentry would change every unresolved issue: that has to be
// said.
func TestWhichIssuesAreChanged(t *testing.T) {
	c, rt := scripted(t, `200 {}`)
	for name, in := range map[string]sentry.UpdateIssuesInput{
		"none": {Organization: "acme"}, "no IDs": {Organization: "acme", IDs: []string{}}, "an empty ID": {Organization: "acme", IDs: []string{"7", ""}},
		"those of a project": {Organization: "acme", Project: []string{"5"}},
	} {
		in.Status = sentry.Resolved
		_, err := sentry.UpdateIssues.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrRequest, name)
	}
	require.Zero(t, rt.Count())
	for query, want := range map[string]string{"": "query=", "is:unresolved": "query=is%3Aunresolved"} {
		_, err := sentry.UpdateIssues.Do(t.Context(), c.HTTP, sentry.UpdateIssuesInput{Organization: "acme", Query: &query, IssueChange: sentry.IssueChange{Status: sentry.Resolved}})
		require.NoError(t, err)
		require.Equal(t, "/api/0/organizations/acme/issues/?"+want, rt.Last().URL)
	}
}
