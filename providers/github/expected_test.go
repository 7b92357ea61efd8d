package github_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/webhook/listed"
)

// expected reads a list to its end.
func expected(t *testing.T, c *github.Client, hook github.Hook, since time.Time) (found []listed.Event, ends error) {
	t.Helper()
	for l, err := range github.ExpectedDeliveries(t.Context(), c.HTTP, hook, since) {
		require.NoError(t, ends, "nothing comes after an error")
		if ends = err; err == nil {
			require.Nil(t, l.Body)
			found = append(found, l)
		}
	}
	return found, ends
}

// Each event is listed once, whatever became of it, and by its last attempt it is sent
// again; what is older than asked for is not.
func TestExpectedDeliveries(t *testing.T) {
	for name, hook := range map[string]github.Hook{
		"a repository's":  {Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "1"},
		"an organization": {Owner: "acme", ID: "2"},
		"the app's":       {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := githubtest.NewHandler()
				c, err := github.NewApp(githubtest.AppID, srv.AppKey(), client.WithTransport(srv.Transport()))
				require.NoError(t, err)
				if hook != (github.Hook{}) {
					c = clientOf(t, srv)
				}
				deliver := func(guid string, d github.Delivery) {
					d.GUID = guid
					srv.AddDelivery(hook, d)
					time.Sleep(time.Second)
				}
				deliver("too old", failure)
				since := time.Now()
				deliver("failed", failure)
				for range 150 {
					deliver("failed twice", failure)
				}
				deliver("taken", github.Delivery{})

				found, err := expected(t, c, hook, since)
				require.NoError(t, err)
				require.Len(t, found, 3)
				for i, want := range []string{"taken", "failed twice", "failed"} {
					require.Equal(t, want, found[i].ID)
					require.NoError(t, found[i].Again(t.Context()))
					require.Equal(t, want, srv.Deliveries(hook)[0].GUID)
				}
				for range github.ExpectedDeliveries(t.Context(), c.HTTP, hook, since) {
					break
				}
			})
		})
	}
}

// What GitHub does not keep is told, after all that it has; what is not asked for is not.
func TestExpectedDeliveriesThatAreNotKept(t *testing.T) {
	hook := github.Hook{Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "1"}
	for name, tc := range map[string]struct {
		since time.Time
		err   error
	}{
		"all that there is":   {time.Time{}, nil},
		"as long as it keeps": {time.Now().Add(-71 * time.Hour), nil},
		"beyond":              {time.Now().Add(-73 * time.Hour), listed.ErrNotKept},
	} {
		c, srv := faked(t)
		srv.AddDelivery(hook, failure)
		found, err := expected(t, c, hook, tc.since)
		require.Len(t, found, 1, name)
		require.ErrorIs(t, err, tc.err, name)
		require.Equal(t, tc.err != nil, err != nil, name)
	}
}

// P5: a list that fails says so, and so does a delivery that is not sent again.
func TestP5_ExpectedDeliveriesThatFail(t *testing.T) {
	hook := github.Hook{Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "1"}
	c, srv := faked(t)
	for range 101 {
		srv.AddDelivery(hook, failure)
	}
	srv.Inject(githubtest.Fault{Operation: "repos.listWebhookDeliveries", Skip: 1, Status: 404, Message: "Not Found"})
	found, err := expected(t, c, hook, time.Now().Add(-100*time.Hour))
	require.ErrorIs(t, err, client.ErrNotFound)
	require.NotErrorIs(t, err, listed.ErrNotKept)
	require.Len(t, found, 100)
	srv.Inject(githubtest.Fault{Operation: "repos.redeliverWebhookDelivery", Status: 422, Message: "Too old"})
	require.ErrorIs(t, found[0].Again(t.Context()), client.ErrBadRequest)
}
