package github_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/secret"
)

const (
	limitSaid     = `{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/rest"}`
	secondarySaid = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`
)

// conformance is what the suite needs to know of GitHub.
var conformance = providertest.Adapter{
	Profile: github.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := github.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP: c.HTTP,
			Write: func(ctx context.Context) error {
				_, err := github.CreateIssue.Do(ctx, c.HTTP, github.CreateIssueInput{Owner: "o", Repo: "r", Title: "t"})
				return err
			},
			Read: func(ctx context.Context) error {
				_, err := github.GetIssue.Do(ctx, c.HTTP, github.IssueInput{Owner: "o", Repo: "r", Number: 1})
				return err
			},
		}, nil
	},
	Success:  clienttest.JSON(200, `{"id":1,"number":1,"title":"t","state":"open"}`),
	Failure:  clienttest.JSON(422, `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}],"status":"422"}`),
	Code:     "missing_field",
	Message:  "Validation Failed: Issue.title: missing_field",
	Throttle: clienttest.JSON(403, secondarySaid).Header("Retry-After", "0"),
}

// P2, C20: GitHub in the one conformance suite.
func TestP2_Conformance(t *testing.T) { providertest.Run(t, conformance) }

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, github.Operations.Check())
}

// Every request says which version of the API it is made for, and by whom: GitHub
// refuses one without a User-Agent.
func TestEveryRequestNamesItsVersion(t *testing.T) {
	c, rt := scripted(t, `200 {"login":"octocat"}`)
	_, err := github.GetUser.Do(t.Context(), c.HTTP, client.None{})
	require.NoError(t, err)
	h := rt.Last().Header
	require.Equal(t, "2022-11-28", h.Get("X-GitHub-Api-Version"))
	require.Equal(t, "application/vnd.github+json", h.Get("Accept"))
	require.NotEmpty(t, h.Get("User-Agent"))

	c, rt = scripted(t, `200 {"login":"octocat"}`, client.WithHeader("X-GitHub-Api-Version", "2026-03-10"))
	_, err = github.GetUser.Do(t.Context(), c.HTTP, client.None{})
	require.NoError(t, err)
	require.Equal(t, "2026-03-10", rt.Last().Header.Get("X-GitHub-Api-Version"))
}

// C14: the credential goes to the API and to the host of uploads, and not to where files
// are stored in the end.
func TestC14_TheOriginsOfGitHub(t *testing.T) {
	for url, goes := range map[string]bool{
		"https://api.github.com/user":                         true,
		"https://uploads.github.com/repos/o/r/releases/1":     true,
		"https://objects.githubusercontent.com/x":             false,
		"https://codeload.github.com/o/r/zip/main":            false,
		"https://github.com/o/r":                              false,
		"https://api.github.com.example.net/user":             false,
		"http://api.github.com/user":                          false,
		"https://uploads.github.com:8443/repos/o/r/releases/": false,
	} {
		c, rt := scripted(t, `200 {}`)
		_, err := client.Call[client.None](t.Context(), c.HTTP, client.Request{URL: url})
		require.Equal(t, goes, err == nil, "%s: %v", url, err)
		if goes {
			require.Equal(t, "Bearer "+token, rt.Last().Header.Get("Authorization"), url)
		} else {
			require.ErrorIs(t, err, client.ErrOrigin, url)
		}
	}
	// An archive is a redirect to another host.
	c, rt := scripted(t, `302 Location=https://codeload.github.com/o/r/legacy.zip/main?token=abc, 200 {}`)
	_, err := client.Get[client.None](t.Context(), c.HTTP, "/repos/o/r/zipball/main")
	require.NoError(t, err)
	require.Equal(t, "codeload.github.com", rt.Last().Host)
	require.Empty(t, rt.Last().Header.Get("Authorization"))
}

// Another SDK gets the stack with the token of its source, whatever it sets itself.
func TestHTTPClientCarriesTheToken(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`503 Retry-After=0, 200 {"login":"octocat"}`)...)
	hc, err := github.HTTPClient(secret.Static(token), client.WithTransport(rt))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.github.com/user", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer of-the-sdk")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, 2, rt.Count())
	require.Equal(t, "Bearer "+token, rt.Last().Header.Get("Authorization"))

	_, err = github.HTTPClient(secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}

// The route of an SDK's request is that of the operation, so that logs and observers
// count what the SDK does with what the adapter does.
func TestAnSDKsRequestHasItsRoute(t *testing.T) {
	for path, want := range map[string]string{
		"/repos/o/r/issues":              "/repos/{owner}/{repo}/issues",
		"/repos/o/r/issues/7":            "/repos/{owner}/{repo}/issues/{issue_number}",
		"/repos/o/r/contents/a/b%2Fc.md": "/repos/{owner}/{repo}/contents/{path...}",
		"/repos/o/r/branches":            "",
	} {
		req, err := http.NewRequest("GET", "https://api.github.com"+path, nil)
		require.NoError(t, err)
		require.Equal(t, want, github.Profile.Route(req), path)
	}
}
