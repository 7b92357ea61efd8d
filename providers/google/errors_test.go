package google_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// P5: what Google says by its reasons is what other services say by a status, and nothing
// else ("Handle API errors", Google Calendar docs).
func TestP5_Reasons(t *testing.T) {
	sentinels := []error{
		client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable, google.ErrFullSyncRequired,
	}
	newer := func(status, reason string) string {
		return `{"error":{"code":403,"message":"m","status":"` + status + `","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[]},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + reason + `"}]}}`
	}
	for name, tc := range map[string]struct {
		status int
		body   string
		code   string
		want   []error
	}{
		"user's rate":             {403, failure(403, "usageLimits", "userRateLimitExceeded", "m", ""), "userRateLimitExceeded", []error{client.ErrRateLimited}},
		"rate":                    {403, failure(403, "usageLimits", "rateLimitExceeded", "m", ""), "rateLimitExceeded", []error{client.ErrRateLimited}},
		"rate as a 429":           {429, failure(429, "usageLimits", "rateLimitExceeded", "m", ""), "rateLimitExceeded", []error{client.ErrRateLimited}},
		"a newer rate":            {403, newer("PERMISSION_DENIED", "RATE_LIMIT_EXCEEDED"), "RATE_LIMIT_EXCEEDED", []error{client.ErrRateLimited}},
		"a rate among others":     {403, `{"error":{"message":"m","errors":[{"reason":"other"},{"reason":"rateLimitExceeded"}]}}`, "other", []error{client.ErrRateLimited}},
		"a rate's name elsewhere": {403, failure(403, "global", "forbidden", "rateLimitExceeded", ""), "forbidden", []error{client.ErrForbidden}},
		"a rate of another 4xx":   {400, failure(400, "global", "rateLimitExceeded", "m", ""), "rateLimitExceeded", []error{client.ErrBadRequest}},
		"quota of hours":          {403, failure(403, "usageLimits", "quotaExceeded", "m", ""), "quotaExceeded", []error{client.ErrForbidden}},
		"not the organizer":       {403, failure(403, "calendar", "forbiddenForNonOrganizer", "m", ""), "forbiddenForNonOrganizer", []error{client.ErrForbidden}},
		"a scope is missing":      {403, newer("PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), "ACCESS_TOKEN_SCOPE_INSUFFICIENT", []error{client.ErrForbidden}},
		"without details":         {403, `{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED","details":"?"}}`, "PERMISSION_DENIED", []error{client.ErrForbidden}},
		"a page":                  {403, `<html>`, "", []error{client.ErrForbidden}},
		"sync token":              {410, failure(410, "calendar", "fullSyncRequired", "m", ""), "fullSyncRequired", []error{client.ErrNotFound, google.ErrFullSyncRequired}},
		"updatedMin":              {410, failure(410, "calendar", "updatedMinTooLongAgo", "m", ""), "updatedMinTooLongAgo", []error{client.ErrNotFound, google.ErrFullSyncRequired}},
		"deleted":                 {410, failure(410, "global", "deleted", "m", ""), "deleted", []error{client.ErrNotFound}},
		"its name with a 400":     {400, failure(400, "global", "fullSyncRequired", "m", ""), "fullSyncRequired", []error{client.ErrBadRequest}},
		"taken":                   {409, failure(409, "global", "duplicate", "m", ""), "duplicate", []error{client.ErrConflict}},
		"another ETag":            {412, failure(412, "global", "conditionNotMet", "m", ""), "conditionNotMet", []error{client.ErrConflict}},
		"as OAuth says it":        {401, `{"error":"invalid_token","error_description":"m"}`, "invalid_token", []error{client.ErrUnauthorized}},
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(tc.status, tc.body))
		c, err := google.New(client.Bearer(secret.Static("t")), client.WithTransport(rt), client.WithRetry(retry.Never))
		require.NoError(t, err)
		_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		for _, sentinel := range sentinels {
			want := false
			for _, w := range tc.want {
				want = want || w == sentinel
			}
			require.Equal(t, want, errors.Is(err, sentinel), "%s, %v: %v", name, sentinel, err)
		}
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, name)
		require.Equal(t, tc.code, e.Code, name)
	}
}

// A limit is waited for, whichever status it comes with, and another 403 is not.
func TestAThrottleIsWaitedFor(t *testing.T) {
	for body, want := range map[string]int{
		failure(403, "usageLimits", "rateLimitExceeded", "m", ""): 3,
		failure(403, "usageLimits", "quotaExceeded", "m", ""):     1,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := over(t, clienttest.JSON(403, body))
			_, err := google.InsertEvent.Do(t.Context(), c.HTTP, google.InsertEventInput{CalendarID: "c", Event: meeting})
			require.Error(t, err)
			require.Equal(t, want, rt.Count())
		})
	}
}

// An error says which parameter it is about, and what to do about a sync token.
func TestWhatAnErrorSays(t *testing.T) {
	for body, want := range map[string]string{
		failure(400, "global", "required", "Required", "resource.end"):                                           `google: GET /oauth2/v2/userinfo: 400 Bad Request required "Required (resource.end)"`,
		failure(400, "global", "invalid", "timeMax is wrong", "timeMax"):                                         `google: GET /oauth2/v2/userinfo: 400 Bad Request invalid "timeMax is wrong"`,
		`{"error":{"errors":[{"reason":"r","locationType":"header","location":"Authorization"}],"message":"m"}}`: `google: GET /oauth2/v2/userinfo: 400 Bad Request r "m"`,
		`{"error":{"errors":[{"reason":"r","locationType":"parameter"}],"message":"m"}}`:                         `google: GET /oauth2/v2/userinfo: 400 Bad Request r "m"`,
		`{"error":{"message":"m","code":400}}`:                                                                   `google: GET /oauth2/v2/userinfo: 400 Bad Request "m"`,
		`{"error":{"errors":[],"status":"S"}}`:                                                                   `google: GET /oauth2/v2/userinfo: 400 Bad Request S`,
		`[]`:                                                                                                     `google: GET /oauth2/v2/userinfo: 400 Bad Request`,
	} {
		c, _ := over(t, clienttest.JSON(400, body))
		_, err := google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		require.EqualError(t, err, want)
	}
	c, _ := over(t, clienttest.JSON(410, failure(410, "calendar", "fullSyncRequired", "Sync token is no longer valid.", "syncToken")))
	_, err := google.ListEvents.Do(t.Context(), c.HTTP, google.ListEventsInput{CalendarID: "c", SyncToken: "old"})
	require.EqualError(t, err, `google: GET /calendar/v3/calendars/{calendarId}/events: 410 Gone fullSyncRequired "Sync token is no longer valid. (syncToken)": everything is to be listed again, without a sync token`)
	e, _ := errors.AsType[*client.Error](err)
	require.Equal(t, "calendar", e.Type)
	c, _ = over(t, clienttest.JSON(403, `{"error":{"status":"PERMISSION_DENIED","errors":[{"domain":"global","reason":"forbidden"}]}}`))
	_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
	e, _ = errors.AsType[*client.Error](err)
	require.Equal(t, []string{"forbidden", "PERMISSION_DENIED"}, []string{e.Code, e.Type})
}
