package github_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/providers/github/githubtest"
	"github.com/standpipe-go/standpipe/secret"
)

var failure = github.Delivery{Status: "Service Unavailable", StatusCode: 503}

func events(done []github.Redelivery) (guids []string) {
	for _, d := range done {
		guids = append(guids, d.Delivery.GUID)
	}
	return guids
}

// What failed is sent again once, the oldest first: not what was delivered since, nor
// what is older than asked for, nor anything twice.
func TestRedeliver(t *testing.T) {
	for name, hook := range map[string]github.Hook{
		"a repository's":  {Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "1"},
		"an organization": {Owner: "acme", ID: "2"},
		"the app's":       {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := githubtest.NewHandler()
				app, err := github.NewApp(githubtest.AppID, srv.AppKey(), client.WithTransport(srv.Transport()))
				require.NoError(t, err)
				c := app
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
				deliver("cured since", failure)
				for range 250 {
					deliver("", github.Delivery{})
				}
				deliver("no connection", github.Delivery{Status: "failed to connect to host"})
				deliver("failed twice", failure)
				deliver("failed twice", github.Delivery{Status: "timed out", Redelivery: true})
				deliver("cured since", github.Delivery{Redelivery: true})
				deliver("no content", github.Delivery{Status: "No Content", StatusCode: 204})

				done, err := github.Redeliver(t.Context(), c.HTTP, hook, since)
				require.NoError(t, err)
				require.Equal(t, []string{"failed", "no connection", "failed twice"}, events(done))
				for _, d := range done {
					require.NoError(t, d.Err)
				}
				require.True(t, done[2].Delivery.Redelivery, "its last attempt")
				require.Equal(t, "failed twice", srv.Deliveries(hook)[0].GUID)

				// Now they have been delivered.
				done, err = github.Redeliver(t.Context(), c.HTTP, hook, since)
				require.NoError(t, err)
				require.Empty(t, done)
			})
		})
	}
}

// clientOf is a client of the fake's user.
func clientOf(t *testing.T, srv *githubtest.Server) *github.Client {
	t.Helper()
	c, err := github.New(secret.Static(githubtest.Token), client.WithTransport(srv.Transport()))
	require.NoError(t, err)
	return c
}

// P5: a redelivery that GitHub refuses is told by itself and stops no other; what says
// that nothing more is to be had ends it, and what was asked for until then is told.
func TestP5_RedeliveriesThatFail(t *testing.T) {
	hook := github.Hook{Owner: githubtest.Owner, Repo: githubtest.Repo, ID: "1"}
	const again = "repos.redeliverWebhookDelivery"
	for name, tc := range map[string]struct {
		fault githubtest.Fault
		told  []error
		ends  error
	}{
		"one is gone":     {githubtest.Fault{Operation: again, Skip: 1, Status: 404, Message: "Not Found"}, []error{nil, client.ErrNotFound, nil}, nil},
		"one is refused":  {githubtest.Fault{Operation: again, Skip: 1, Status: 422, Message: "Too old"}, []error{nil, client.ErrBadRequest, nil}, nil},
		"a limit":         {githubtest.Fault{Operation: again, Skip: 1, Limit: githubtest.Primary}, []error{nil, client.ErrRateLimited}, client.ErrRateLimited},
		"the token":       {githubtest.Fault{Operation: again, Skip: 1, Status: 401, Message: "Bad credentials"}, []error{nil, client.ErrUnauthorized}, client.ErrUnauthorized},
		"an outage":       {githubtest.Fault{Operation: again, Skip: 1, Times: -1}, []error{nil, client.ErrUnavailable}, client.ErrUnavailable},
		"no list":         {githubtest.Fault{Operation: "repos.listWebhookDeliveries", Status: 404, Message: "Not Found"}, nil, client.ErrNotFound},
		"the second page": {githubtest.Fault{Operation: "repos.listWebhookDeliveries", Skip: 1, Status: 404, Message: "Not Found"}, nil, client.ErrNotFound},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, srv := faked(t)
			for range 3 {
				srv.AddDelivery(hook, failure)
			}
			for range 100 {
				srv.AddDelivery(hook, github.Delivery{})
			}
			srv.Inject(tc.fault)
			done, err := github.Redeliver(t.Context(), c.HTTP, hook, time.Time{})
			if tc.ends == nil {
				require.NoError(t, err, name)
			} else {
				require.ErrorIs(t, err, tc.ends, name)
			}
			require.Len(t, done, len(tc.told), name)
			for i, want := range tc.told {
				if want == nil {
					require.NoError(t, done[i].Err, name)
				} else {
					require.ErrorIs(t, done[i].Err, want, name)
				}
			}
			// A POST that may have been taken is not made again.
			require.LessOrEqual(t, srv.Count(again), 3, name)
		})
	}
}

// GitHub without an identifier of the event: each delivery is one.
func TestDeliveriesOfNoEvent(t *testing.T) {
	c, _ := scripted(t, `200 [{"id":2,"status_code":500,"delivered_at":"2026-01-01T00:00:00Z"},{"id":1,"status_code":500,"delivered_at":"2026-01-01T00:00:00Z"}], 202 {}`)
	done, err := github.Redeliver(t.Context(), c.HTTP, github.Hook{Owner: "o", Repo: "r", ID: "1"}, time.Time{})
	require.NoError(t, err)
	require.Len(t, done, 2)
}
