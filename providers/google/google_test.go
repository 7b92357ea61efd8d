package google_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/secret"
)

var (
	begin   = time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	meeting = google.NewEvent{Summary: "Call", Start: google.At(begin), End: google.At(begin.Add(time.Hour))}
)

// conformance is what the suite needs to know of Google.
var conformance = providertest.Adapter{
	Profile: google.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := google.New(client.Bearer(key), opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP: c.HTTP,
			// Google chooses the ID, so that a repeat would make another event.
			Write: func(ctx context.Context) error {
				_, err := google.InsertEvent.Do(ctx, c.HTTP, google.InsertEventInput{CalendarID: google.Primary, Event: meeting})
				return err
			},
			Read: func(ctx context.Context) error {
				_, err := google.GetEvent.Do(ctx, c.HTTP, google.GetEventInput{CalendarID: google.Primary, EventID: "ev1"})
				return err
			},
		}, nil
	},
	Success:  clienttest.JSON(200, `{"kind":"calendar#event","id":"ev1","status":"confirmed","summary":"Call"}`),
	Failure:  clienttest.JSON(400, failure(400, "calendar", "timeRangeEmpty", "The specified time range is empty.", "timeMax")),
	Code:     "timeRangeEmpty",
	Message:  "The specified time range is empty. (timeMax)",
	Throttle: clienttest.JSON(403, failure(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded", "")),
}

// failure is an error as "Handle API errors" has it, Google Calendar docs.
func failure(status int, domain, reason, message, parameter string) string {
	place := ""
	if parameter != "" {
		place = fmt.Sprintf(`,"locationType":"parameter","location":%q`, parameter)
	}
	return fmt.Sprintf(`{"error":{"errors":[{"domain":%q,"reason":%q,"message":%q%s}],"code":%d,"message":%q}}`,
		domain, reason, message, place, status, message)
}

// P2, C20: Google in the one conformance suite.
func TestP2_Conformance(t *testing.T) { providertest.Run(t, conformance) }

// P5: the one table of bad input.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, domain, reason, message string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, failure(status, domain, reason, message, "")), Code: reason}
	}
	providertest.BadInput(t, conformance, providertest.Bad{
		WrongKey:      said(401, "global", "authError", "Invalid Credentials: "+providertest.Key),
		ExpiredKey:    said(401, "global", "authError", "Invalid Credentials"),
		UnknownObject: said(404, "global", "notFound", "Not Found"),
		Invalid:       said(400, "global", "required", "Required"),
		RateLimit:     said(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
		Outage:        said(503, "global", "backendError", "Backend Error"),
	})
}

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, google.Operations.Check())
	for _, route := range []string{"/calendar/v3/calendars/primary/events/ev1", "/calendar/v3/calendars/primary/events/watch"} {
		req, err := http.NewRequest(http.MethodPost, "https://www.googleapis.com"+route, nil)
		require.NoError(t, err)
		require.NotContains(t, google.Profile.Route(req), "ev1")
	}
}

// What Google counts for a user of the application's own is said with each call, and
// paced by itself.
func TestForQuotaUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`200 {"items":[],"nextPageToken":"p2"}, 200 {"items":[]}, 200 {"id":"ev1"}, 200 {}`)...)
		auth, err := google.ServiceAccount{Key: secret.Static(keyFile(t, nil)), Scopes: []string{google.ScopeEvents}, SelfSigned: true}.Auth()
		require.NoError(t, err)
		c, err := google.New(auth, client.WithTransport(rt), client.WithRateLimit(ratelimit.PerMinute(1)))
		require.NoError(t, err)
		of, err := c.ForQuotaUser("42")
		require.NoError(t, err)
		began := time.Now()
		for _, err := range google.ListEvents.All(t.Context(), of.HTTP, google.ListEventsInput{CalendarID: google.Primary}) {
			require.NoError(t, err)
		}
		require.Equal(t, time.Minute, time.Since(began).Truncate(time.Second), "the limit is one user's")
		require.Equal(t, "/calendar/v3/calendars/primary/events?quotaUser=42", rt.Requests()[0].URL)
		require.Equal(t, "/calendar/v3/calendars/primary/events?quotaUser=42&pageToken=p2", rt.Last().URL)

		other, err := c.ForQuotaUser(strings.Repeat("ü", 40))
		require.NoError(t, err)
		_, err = google.GetEvent.Do(t.Context(), other.HTTP, google.GetEventInput{CalendarID: google.Primary, EventID: "ev1"})
		require.NoError(t, err)
		_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		require.Equal(t, "/oauth2/v2/userinfo", rt.Last().URL)
		require.Equal(t, time.Minute, time.Since(began).Truncate(time.Second), "and no other's")
		for _, name := range []string{"", strings.Repeat("a", 41), "\xff"} {
			_, err = c.ForQuotaUser(name)
			require.ErrorIs(t, err, client.ErrConfig)
		}
	})
}

// An SDK gets the stack with the credential of the source.
func TestHTTPClient(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(403, failure(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded", "")).Header("Retry-After", "0"), clienttest.JSON(200, `{}`))
	hc, err := google.HTTPClient(client.Bearer(secret.Static("ya29.mine")), client.WithTransport(rt))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://www.googleapis.com/calendar/v3/colors", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer an_sdks_own")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, 2, rt.Count())
	require.Equal(t, []string{"Bearer ya29.mine"}, rt.Last().Header["Authorization"])
	_, err = google.HTTPClient(nil)
	require.ErrorIs(t, err, client.ErrConfig)
	_, err = google.New(nil)
	require.ErrorIs(t, err, client.ErrConfig)
}
