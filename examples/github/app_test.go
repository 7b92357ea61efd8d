package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// start returns a bot over a GitHub in memory.
func start(t *testing.T, options ...githubtest.Options) (*bot, *githubtest.Server) {
	t.Helper()
	srv := githubtest.NewHandler(options...)
	b, err := newBot(secret.Static(githubtest.Token), githubtest.Owner, githubtest.Repo, client.WithTransport(srv.Transport()))
	require.NoError(t, err)
	return b, srv
}

func TestAProblemIsOneIssue(t *testing.T) {
	b, srv := start(t)
	first, err := b.report(t.Context(), "payments", "The queue is full")
	require.NoError(t, err)
	again, err := b.report(t.Context(), "payments", "The queue is still full")
	require.NoError(t, err)
	require.Equal(t, first.Number, again.Number)
	_, err = b.report(t.Context(), "mail", "No connection")
	require.NoError(t, err)
	require.Equal(t, 2, srv.Count("issues.create"))
	require.Equal(t, 1, srv.Count("issues.createComment"))
	titles, err := b.titles(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"#2 mail: No connection", "#1 payments: The queue is full"}, titles)
}

// An issue may have been opened although the response was lost: it is found, and not
// opened again.
func TestAnIssueWhoseResponseIsLost(t *testing.T) {
	b, srv := start(t)
	srv.Inject(githubtest.Fault{Operation: "issues.create", Lost: true})
	issue, err := b.report(t.Context(), "payments", "The queue is full")
	require.NoError(t, err)
	require.Equal(t, 1, issue.Number)
	require.Equal(t, 1, srv.Count("issues.create"))

	srv.Inject(githubtest.Fault{Operation: "issues.create", Reset: true})
	_, err = b.report(t.Context(), "mail", "No connection")
	require.Error(t, err, "it is not there, so it may be reported again")
}

// What has not changed costs nothing of the quota.
func TestAListThatHasNotChangedIsFree(t *testing.T) {
	b, srv := start(t, githubtest.Options{Limit: 3})
	for range 10 {
		titles, err := b.titles(t.Context())
		require.NoError(t, err)
		require.Empty(t, titles)
	}
	require.Equal(t, 10, srv.Count("issues.listForRepo"))
}

func TestWhatFailedIsDeliveredAgain(t *testing.T) {
	b, srv := start(t)
	hook := github.Hook{Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "7"}
	srv.AddDelivery(hook, github.Delivery{GUID: "lost", Status: "timed out"})
	srv.AddDelivery(hook, github.Delivery{GUID: "fine"})
	done, err := b.redeliver(t.Context(), hook.ID)
	require.NoError(t, err)
	require.Len(t, done, 1)
	require.Equal(t, "lost", done[0].Delivery.GUID)
	require.Equal(t, "lost", srv.Deliveries(hook)[0].GUID)
}

// A token that is not there shows when the program starts.
func TestNoToken(t *testing.T) {
	_, err := newBot(secret.Static(""), "octocat", "hello-world")
	require.ErrorIs(t, err, client.ErrConfig)
}
