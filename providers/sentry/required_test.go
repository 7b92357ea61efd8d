package sentry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/sentry"
)

// P5: what lacks something that Sentry's description requires is refused before anything
// is sent.
func TestP5_WhatIsMadeHasWhatIsRequired(t *testing.T) {
	shop := []string{"shop"}
	for says, in := range map[string]sentry.CreateReleaseInput{
		"a release has a version and a project":         {Organization: "acme", Projects: shop},
		"has a version and a project":                   {Organization: "acme", Version: "shop@1"},
		"the project at index 1 has no slug":            {Organization: "acme", Version: "shop@1", Projects: []string{"shop", ""}},
		"the ref at index 0 has no repository":          {Organization: "acme", Version: "shop@1", Projects: shop, Refs: []sentry.Ref{{Commit: "abc"}}},
		"ref at index 1 has no repository or no commit": {Organization: "acme", Version: "shop@1", Projects: shop, Refs: []sentry.Ref{{Repository: "a", Commit: "b"}, {Repository: "a"}}},
		"organization": {Version: "shop@1", Projects: shop},
	} {
		c, rt := scripted(t, `200 {}`)
		_, err := sentry.CreateRelease.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrRequest, says)
		require.ErrorContains(t, err, says)
		require.Zero(t, rt.Count(), says)
	}
	for says, in := range map[string]sentry.CreateDeployInput{
		"a deploy has an environment": {Organization: "acme", Version: "shop@1", Name: "n"},
		"version":                     {Organization: "acme", Environment: "production"},
	} {
		c, rt := scripted(t, `200 {}`)
		_, err := sentry.CreateDeploy.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrRequest, says)
		require.ErrorContains(t, err, says)
		require.Zero(t, rt.Count(), says)
	}
}
