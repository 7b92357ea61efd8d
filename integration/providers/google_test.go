package providers

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	jwtlib "github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	oauthgoogle "golang.org/x/oauth2/google"
	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/googleapi"
	googleuser "google.golang.org/api/oauth2/v2"
	"google.golang.org/api/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/integration/internal/visitor"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
)

var (
	googleBegin = time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	googleEnd   = googleBegin.Add(time.Hour)
)

// sdkForm takes out of a query what google-api-go-client adds to every request: the form
// of the response, of which JSON is the default, and whether it is to be indented. An @
// in a path it escapes, which RFC 3986 leaves open.
func sdkForm(r clienttest.Recorded) clienttest.Recorded {
	before, query, _ := strings.Cut(r.URL, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return r
	}
	q.Del("alt")
	q.Del("prettyPrint")
	r.URL = strings.ReplaceAll(before, "%40", "@")
	if len(q) > 0 {
		r.URL += "?" + q.Encode()
	}
	return r
}

// P1: every operation sends what google-api-go-client sends.
func TestP1_GoogleSendsWhatTheSDKSends(t *testing.T) {
	rt := clienttest.NewTransport(t)
	c, err := google.New(client.Bearer(secret.Static("ya29.user")), client.WithTransport(rt))
	require.NoError(t, err)
	ctx := t.Context()
	authorized := &http.Client{Transport: &oauth2.Transport{Source: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ya29.user"}), Base: rt}}
	s, err := calendar.NewService(ctx, option.WithHTTPClient(authorized))
	require.NoError(t, err)
	users, err := googleuser.NewService(ctx, option.WithHTTPClient(authorized))
	require.NoError(t, err)
	const holidays = "en.swiss#holiday@group.v.calendar.google.com"
	at := func(t time.Time) string { return t.Format(time.RFC3339) }
	zurich, err := time.LoadLocation("Europe/Zurich")
	require.NoError(t, err)

	for name, p := range map[string]pair{
		"events.list": {
			func() error {
				for _, err := range google.ListEvents.Pages(ctx, c.HTTP, google.ListEventsInput{
					CalendarID: holidays, TimeMin: googleBegin, TimeMax: googleEnd, UpdatedMin: googleBegin, SingleEvents: true, OrderBy: "startTime", Query: "a b&c",
					ICalUID: "u", EventTypes: []string{"default", "focusTime"}, PrivateExtendedProperty: []string{"a=1", "b=2"}, SharedExtendedProperty: []string{"c=3"},
					ShowDeleted: true, ShowHiddenInvitations: true, MaxAttendees: 3, MaxResults: 100, TimeZone: "Europe/Zurich", PageToken: "p=",
				}) {
					return err
				}
				return nil
			},
			func() error {
				_, err := s.Events.List(holidays).TimeMin(at(googleBegin)).TimeMax(at(googleEnd)).UpdatedMin(at(googleBegin)).SingleEvents(true).OrderBy("startTime").Q("a b&c").
					ICalUID("u").EventTypes("default", "focusTime").PrivateExtendedProperty("a=1", "b=2").SharedExtendedProperty("c=3").
					ShowDeleted(true).ShowHiddenInvitations(true).MaxAttendees(3).MaxResults(100).TimeZone("Europe/Zurich").PageToken("p=").Context(ctx).Do()
				return err
			}},
		"events.list, changes, for a quota user": {
			func() error {
				of, err := c.ForQuotaUser("user 42")
				if err != nil {
					return err
				}
				for _, err := range of.SyncEvents(ctx, google.SyncInput{CalendarID: "primary", SyncToken: "s=1", TimeMin: googleBegin, SingleEvents: true}) {
					return err
				}
				return nil
			},
			func() error {
				_, err := s.Events.List("primary").SyncToken("s=1").SingleEvents(true).Do(googleapi.QuotaUser("user 42"))
				return err
			}},
		"events.get": {
			func() error {
				_, err := google.GetEvent.Do(ctx, c.HTTP, google.GetEventInput{CalendarID: "ada@example.com", EventID: "ev1_20261126T150000Z", TimeZone: "UTC", MaxAttendees: 2})
				return err
			},
			func() error {
				_, err := s.Events.Get("ada@example.com", "ev1_20261126T150000Z").TimeZone("UTC").MaxAttendees(2).Context(ctx).Do()
				return err
			}},
		"events.insert": {
			func() error {
				yes := true
				_, err := c.CreateEvent(ctx, google.InsertEventInput{
					CalendarID: "primary", SendUpdates: "all", ConferenceDataVersion: 1, MaxAttendees: 5,
					Event: google.NewEvent{
						ID: "abcde12345", Summary: "Call & <talk>", Description: "d", Location: "l", ColorID: "7",
						Start: google.At(googleBegin.In(zurich)), End: google.At(googleEnd.In(zurich)), Recurrence: []string{"RRULE:FREQ=WEEKLY"},
						Attendees: []google.Attendee{{Email: "bob@example.com", Optional: true, AdditionalGuests: 1}},
						Reminders: &google.Reminders{UseDefault: true}, Conference: google.NewMeeting("r1"),
						ExtendedProperties: &google.ExtendedProperties{Private: map[string]string{"order": "1042"}, Shared: map[string]string{"a": "b"}},
						Status:             "tentative", Transparency: "transparent", Visibility: "private", EventType: "default",
						GuestsCanModify: &yes, GuestsCanInviteOthers: &yes, GuestsCanSeeOtherGuests: &yes,
					},
				})
				return err
			},
			func() error {
				yes := true
				_, err := s.Events.Insert("primary", &calendar.Event{
					Id: "abcde12345", Summary: "Call & <talk>", Description: "d", Location: "l", ColorId: "7",
					Start:      &calendar.EventDateTime{DateTime: at(googleBegin.In(zurich)), TimeZone: "Europe/Zurich"},
					End:        &calendar.EventDateTime{DateTime: at(googleEnd.In(zurich)), TimeZone: "Europe/Zurich"},
					Recurrence: []string{"RRULE:FREQ=WEEKLY"},
					Attendees:  []*calendar.EventAttendee{{Email: "bob@example.com", Optional: true, AdditionalGuests: 1}},
					Reminders:  &calendar.EventReminders{UseDefault: true},
					ConferenceData: &calendar.ConferenceData{CreateRequest: &calendar.CreateConferenceRequest{
						RequestId: "r1", ConferenceSolutionKey: &calendar.ConferenceSolutionKey{Type: "hangoutsMeet"},
					}},
					ExtendedProperties: &calendar.EventExtendedProperties{Private: map[string]string{"order": "1042"}, Shared: map[string]string{"a": "b"}},
					Status:             "tentative", Transparency: "transparent", Visibility: "private", EventType: "default",
					GuestsCanModify: true, GuestsCanInviteOthers: &yes, GuestsCanSeeOtherGuests: &yes,
				}).SendUpdates("all").ConferenceDataVersion(1).MaxAttendees(5).Context(ctx).Do()
				return err
			}},
		"events.insert, all day": {
			func() error {
				_, err := google.InsertEvent.Do(ctx, c.HTTP, google.InsertEventInput{CalendarID: "primary", Event: google.NewEvent{
					Start: google.Day(2026, 11, 26), End: google.Day(2026, 11, 27),
					Reminders: &google.Reminders{Overrides: []google.Reminder{{Method: "popup", Minutes: 0}}},
				}})
				return err
			},
			func() error {
				_, err := s.Events.Insert("primary", &calendar.Event{
					Start: &calendar.EventDateTime{Date: "2026-11-26"}, End: &calendar.EventDateTime{Date: "2026-11-27"},
					Reminders: &calendar.EventReminders{
						Overrides:       []*calendar.EventReminder{{Method: "popup", ForceSendFields: []string{"Minutes"}}},
						ForceSendFields: []string{"UseDefault"},
					},
				}).Context(ctx).Do()
				return err
			}},
		"events.patch": {
			func() error {
				_, err := google.PatchEvent.Do(ctx, c.HTTP, google.PatchEventInput{
					CalendarID: "primary", EventID: "ev1", SendUpdates: "externalOnly", ConferenceDataVersion: 1, IfMatch: `"1"`,
					Summary: google.Set(""), Description: google.Null[string](), Location: google.Set("l"),
					Start: google.Set(google.At(googleBegin)), End: google.Set(google.At(googleEnd)),
					Recurrence: google.Set([]string{"RRULE:FREQ=DAILY"}), Attendees: google.Set([]google.Attendee{{Email: "bob@example.com", ResponseStatus: "accepted"}}),
				})
				return err
			},
			func() error {
				call := s.Events.Patch("primary", "ev1", &calendar.Event{
					Location: "l", Recurrence: []string{"RRULE:FREQ=DAILY"},
					Start:           &calendar.EventDateTime{DateTime: at(googleBegin), TimeZone: "UTC", NullFields: []string{"Date"}},
					End:             &calendar.EventDateTime{DateTime: at(googleEnd), TimeZone: "UTC", NullFields: []string{"Date"}},
					Attendees:       []*calendar.EventAttendee{{Email: "bob@example.com", ResponseStatus: "accepted"}},
					ForceSendFields: []string{"Summary"}, NullFields: []string{"Description"},
				}).SendUpdates("externalOnly").ConferenceDataVersion(1).Context(ctx)
				call.Header().Set("If-Match", `"1"`)
				_, err := call.Do()
				return err
			}},
		"events.delete": {
			func() error {
				_, err := google.DeleteEvent.Do(ctx, c.HTTP, google.DeleteEventInput{CalendarID: "primary", EventID: "ev1", SendUpdates: "none"})
				return err
			},
			func() error { return s.Events.Delete("primary", "ev1").SendUpdates("none").Context(ctx).Do() }},
		"events.instances": {
			func() error {
				for _, err := range google.ListInstances.Pages(ctx, c.HTTP, google.ListInstancesInput{
					CalendarID: "primary", EventID: "ev1", TimeMin: googleBegin, TimeMax: googleEnd, OriginalStart: "2026-11-26", ShowDeleted: true, MaxAttendees: 1, MaxResults: 9, TimeZone: "UTC", PageToken: "p",
				}) {
					return err
				}
				return nil
			},
			func() error {
				_, err := s.Events.Instances("primary", "ev1").TimeMin(at(googleBegin)).TimeMax(at(googleEnd)).OriginalStart("2026-11-26").ShowDeleted(true).
					MaxAttendees(1).MaxResults(9).TimeZone("UTC").PageToken("p").Context(ctx).Do()
				return err
			}},
		"calendarList.list": {
			func() error {
				for _, err := range google.ListCalendars.Pages(ctx, c.HTTP, google.ListCalendarsInput{ShowDeleted: true, ShowHidden: true, MaxResults: 9, PageToken: "p", SyncToken: "s"}) {
					return err
				}
				return nil
			},
			func() error {
				_, err := s.CalendarList.List().ShowDeleted(true).ShowHidden(true).MaxResults(9).PageToken("p").SyncToken("s").Context(ctx).Do()
				return err
			}},
		"calendarList.list, what can be written": {
			func() error {
				for _, err := range google.ListCalendars.Pages(ctx, c.HTTP, google.ListCalendarsInput{MinAccessRole: "writer"}) {
					return err
				}
				return nil
			},
			func() error { _, err := s.CalendarList.List().MinAccessRole("writer").Context(ctx).Do(); return err }},
		"freebusy.query": {
			func() error {
				_, err := google.QueryFreeBusy.Do(ctx, c.HTTP, google.FreeBusyInput{CalendarIDs: []string{"primary", holidays}, TimeMin: googleBegin, TimeMax: googleEnd, TimeZone: "Europe/Zurich"})
				return err
			},
			func() error {
				_, err := s.Freebusy.Query(&calendar.FreeBusyRequest{
					TimeMin: at(googleBegin), TimeMax: at(googleEnd), TimeZone: "Europe/Zurich", Items: []*calendar.FreeBusyRequestItem{{Id: "primary"}, {Id: holidays}},
				}).Context(ctx).Do()
				return err
			}},
		"events.watch": {
			func() error {
				_, err := google.WatchEvents.Do(ctx, c.HTTP, google.WatchEventsInput{
					CalendarID: holidays, ID: "ch-1", Address: "https://app.example.com/hook", Token: secret.New("t"), Expiration: googleEnd, EventTypes: []string{"default"},
				})
				return err
			},
			func() error {
				_, err := s.Events.Watch(holidays, &calendar.Channel{
					Id: "ch-1", Type: "web_hook", Address: "https://app.example.com/hook", Token: "t", Expiration: googleEnd.UnixMilli(),
				}).EventTypes("default").Context(ctx).Do()
				return err
			}},
		"channels.stop": {
			func() error {
				_, err := google.StopChannel.Do(ctx, c.HTTP, google.Channel{ID: "ch-1", ResourceID: "r"})
				return err
			},
			func() error { return s.Channels.Stop(&calendar.Channel{Id: "ch-1", ResourceId: "r"}).Context(ctx).Do() }},
		"userinfo.get": {
			func() error { _, err := google.GetUserInfo.Do(ctx, c.HTTP, client.None{}); return err },
			func() error { _, err := users.Userinfo.Get().Context(ctx).Do(); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			rt.Script(clienttest.JSON(200, `{"id":"x","items":[]}`))
			requireSame(t, rt, p, sdkForm)
			sent := rt.Requests()
			ours, sdks := sent[len(sent)-2], sent[len(sent)-1]
			require.Equal(t, sdks.Header.Get("If-Match"), ours.Header.Get("If-Match"))
		})
	}
}

// P1: the SDK reads the same in a response.
func TestP1_GoogleReadsWhatTheSDKReads(t *testing.T) {
	body := `{"id":"e","status":"confirmed","etag":"\"1\"","summary":"S","end":{"date":"2026-11-27"},"reminders":{"useDefault":true},
		"start":{"dateTime":"2026-11-26T15:00:00+01:00","timeZone":"Europe/Zurich"},"attendees":[{"email":"a@b","self":true}],
		"conferenceData":{"entryPoints":[{"entryPointType":"video","uri":"https://meet.google.com/a"}]}}`
	var theirs calendar.Event
	require.NoError(t, json.Unmarshal([]byte(body), &theirs))
	var ours google.Event
	require.NoError(t, json.Unmarshal([]byte(body), &ours))
	moment, ok := ours.Start.Time()
	require.True(t, ok)
	require.Equal(t, []any{theirs.Id, theirs.Status, theirs.Etag, theirs.Summary, theirs.Start.DateTime, theirs.Start.TimeZone, theirs.End.Date, theirs.Attendees[0].Self, theirs.ConferenceData.EntryPoints[0].Uri, theirs.Reminders.UseDefault},
		[]any{ours.ID, ours.Status, ours.ETag, ours.Summary, moment.Format(time.RFC3339), ours.Start.Zone(), ours.End.String(), ours.Attendees[0].Self, ours.Conference.EntryPoints[0].URI, ours.Reminders.UseDefault})
}

// P6: under the SDK a limit is waited for, whichever status it comes with, and an error
// keeps the SDK's type.
func TestP6_GoogleUnderTheSDK(t *testing.T) {
	limit := `{"error":{"errors":[{"domain":"usageLimits","reason":"userRateLimitExceeded","message":"m"}],"code":403,"message":"m"}}`
	rt := clienttest.NewTransport(t, clienttest.JSON(403, limit).Header("Retry-After", "0"), clienttest.JSON(404, `{"error":{"code":404,"message":"Not Found"}}`))
	hc, err := google.HTTPClient(client.Bearer(secret.Static("ya29.user")), client.WithTransport(rt))
	require.NoError(t, err)
	s, err := calendar.NewService(t.Context(), option.WithHTTPClient(hc))
	require.NoError(t, err)
	_, err = s.Events.Get("primary", "ev1").Context(t.Context()).Do()
	e, ok := errors.AsType[*googleapi.Error](err)
	require.True(t, ok, "%T", err)
	require.Equal(t, 404, e.Code)
	require.Equal(t, 2, rt.Count())
	require.Equal(t, "Bearer ya29.user", rt.Last().Header.Get("Authorization"))
}

// O10: what a service account says, for itself and for a user, is what x/oauth2 says, in
// a token that golang-jwt verifies. x/oauth2 adds "prn", the old name of "sub", and an
// "aud" without a value.
func TestO10_AServiceAccountSaysWhatTheSDKSays(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "private_key_id": "k1", "client_email": "app@demo.iam.gserviceaccount.com", "client_id": "1042",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://oauth2.googleapis.com/token",
	})
	require.NoError(t, err)
	scopes := []string{google.ScopeEvents, google.ScopeFreeBusy}
	// said is the header and claims of a token, verified by a library of others.
	said := func(token string) (map[string]any, jwtlib.MapClaims) {
		claims := jwtlib.MapClaims{}
		parsed, err := jwtlib.ParseWithClaims(token, claims, func(*jwtlib.Token) (any, error) { return &key.PublicKey, nil }, jwtlib.WithValidMethods([]string{"RS256"}), jwtlib.WithIssuedAt(), jwtlib.WithExpirationRequired())
		require.NoError(t, err)
		require.LessOrEqual(t, claims["exp"].(float64)-claims["iat"].(float64), 3600.0, "Google takes no longer one")
		for _, name := range []string{"exp", "iat", "jti", "prn"} {
			delete(claims, name)
		}
		if claims["aud"] == "" {
			delete(claims, "aud")
		}
		return parsed.Header, claims
	}
	form := func(rt *clienttest.Transport) url.Values {
		values, err := url.ParseQuery(string(rt.Last().Body))
		require.NoError(t, err)
		return values
	}
	for _, subject := range []string{"", "ada@example.com"} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"access_token":"ya29.x","token_type":"Bearer","expires_in":3599}`))
		hc := &http.Client{Transport: rt}
		auth, err := google.ServiceAccount{Key: secret.Static(string(file)), Scopes: scopes, Subject: subject, HTTPClient: hc}.Auth()
		require.NoError(t, err)
		c, err := google.New(auth, client.WithTransport(clienttest.NewTransport(t, clienttest.JSON(200, `{}`))))
		require.NoError(t, err)
		_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		ours, place := form(rt), rt.Last().Host+rt.Last().URL

		config, err := oauthgoogle.JWTConfigFromJSON(file, scopes...)
		require.NoError(t, err)
		config.Subject = subject
		_, err = config.TokenSource(context.WithValue(t.Context(), oauth2.HTTPClient, hc)).Token()
		require.NoError(t, err)
		theirs := form(rt)
		require.Equal(t, rt.Last().Host+rt.Last().URL, place)
		require.Equal(t, theirs.Get("grant_type"), ours.Get("grant_type"))
		header, claims := said(ours.Get("assertion"))
		wantHeader, want := said(theirs.Get("assertion"))
		require.Equal(t, wantHeader, header)
		require.Equal(t, want, claims)
	}
	for _, audience := range []string{"", "https://pubsub.googleapis.com/"} {
		sa := google.ServiceAccount{Key: secret.Static(string(file)), Scopes: scopes, SelfSigned: true}
		theirs, err := oauthgoogle.JWTAccessTokenSourceWithScope(file, scopes...)
		if audience != "" {
			sa.Scopes, sa.Audience = nil, audience
			theirs, err = oauthgoogle.JWTAccessTokenSourceFromJSON(file, audience)
		}
		require.NoError(t, err)
		auth, err := sa.Auth()
		require.NoError(t, err)
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		c, err := google.New(auth, client.WithTransport(rt))
		require.NoError(t, err)
		_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		token, err := theirs.Token()
		require.NoError(t, err)
		header, claims := said(credential(t, rt.Last()))
		wantHeader, want := said(token.AccessToken)
		require.Equal(t, wantHeader, header)
		require.Equal(t, want, claims)
	}
}

// P1: what is made at emulate, a Google that keeps what it is told, is there afterwards.
// It has no sync, no changes and no channels.
func TestP1_GoogleAtEmulate(t *testing.T) {
	s := servers.Emulate(t, "google")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := google.New(client.OAuth2(googleUserAtEmulate(t, s.URL, transport)), client.WithBaseURL(s.URL), client.WithTransport(transport))
	require.NoError(t, err)
	ctx := t.Context()
	me, err := google.GetUserInfo.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	require.Equal(t, "testuser@gmail.com", me.Email)
	var calendars []google.Calendar
	for one, err := range google.ListCalendars.All(ctx, c.HTTP, google.ListCalendarsInput{}) {
		require.NoError(t, err)
		calendars = append(calendars, one)
	}
	require.NotEmpty(t, calendars)

	made := map[string]string{}
	for _, name := range []string{"one", "two", "three"} {
		in := google.InsertEventInput{CalendarID: google.Primary, Event: google.NewEvent{Summary: name, Start: google.At(googleBegin), End: google.At(googleEnd)}}
		event, err := c.CreateEvent(ctx, in)
		require.NoError(t, err)
		require.Equal(t, name, event.Summary)
		begin, ok := event.Start.Time()
		require.True(t, ok)
		require.True(t, googleBegin.Equal(begin))
		made[event.ID] = name
	}
	day, err := google.InsertEvent.Do(ctx, c.HTTP, google.InsertEventInput{CalendarID: google.Primary, Event: google.NewEvent{Summary: "day", Start: google.Day(2026, 11, 26), End: google.Day(2026, 11, 27)}})
	require.NoError(t, err)
	require.Equal(t, "2026-11-26", day.Start.String())
	made[day.ID] = "day"
	found := map[string]string{}
	for e, err := range google.ListEvents.All(ctx, c.HTTP, google.ListEventsInput{CalendarID: google.Primary, TimeMin: googleBegin.Add(-time.Minute), TimeMax: googleEnd, MaxResults: 2}) {
		require.NoError(t, err)
		found[e.ID] = e.Summary
	}
	require.Equal(t, made, found)

	busy, err := google.QueryFreeBusy.Do(ctx, c.HTTP, google.FreeBusyInput{CalendarIDs: []string{google.Primary}, TimeMin: googleBegin, TimeMax: googleEnd})
	require.NoError(t, err)
	require.Len(t, busy.Calendars[google.Primary].Busy, len(made))

	_, err = google.DeleteEvent.Do(ctx, c.HTTP, google.DeleteEventInput{CalendarID: google.Primary, EventID: day.ID})
	require.NoError(t, err)
	_, err = google.DeleteEvent.Do(ctx, c.HTTP, google.DeleteEventInput{CalendarID: google.Primary, EventID: day.ID})
	require.ErrorIs(t, err, client.ErrNotFound)
	for _, err := range google.ListEvents.All(ctx, c.HTTP, google.ListEventsInput{CalendarID: "nobody@example.com"}) {
		require.ErrorIs(t, err, client.ErrNotFound)
	}
}

// googleUserAtEmulate signs its one user in, and keeps the token alive.
func googleUserAtEmulate(t *testing.T, at string, transport *http.Transport) oauth2.TokenSource {
	t.Helper()
	u, err := url.Parse(at)
	require.NoError(t, err)
	hc := oauthflow.WithHTTPClient(&http.Client{Transport: transport})
	p, err := oauthflow.Discover(t.Context(), "http://localhost:"+u.Port(), hc)
	require.NoError(t, err)
	offline := oauthflow.GoogleOffline()
	p.AuthParams, p.Endpoint.AuthStyle = offline.AuthParams, offline.Endpoint.AuthStyle
	const back = "http://127.0.0.1:9999/cb"
	app, err := oauthflow.New(oauthflow.Config{
		Provider: p, ClientID: "example-client-id", ClientSecret: secret.Static("example-client-secret"), RedirectURL: back,
		Scopes: []string{"openid", "email", google.ScopeCalendar},
	}, hc)
	require.NoError(t, err)
	attempt, err := app.Begin(t.Context())
	require.NoError(t, err)
	user, err := visitor.New(func(_ string, form url.Values) url.Values { return form })
	require.NoError(t, err)
	returned, _, err := user.Visit(t.Context(), attempt.URL, back)
	require.NoError(t, err)
	signedIn, err := app.Complete(t.Context(), attempt.Sealed, returned.Query())
	require.NoError(t, err)
	manager, err := tokens.New(tokens.NewMemoryStore(), app)
	require.NoError(t, err)
	require.NoError(t, manager.Put(t.Context(), "user:42/google", signedIn.Token))
	return manager.Source("user:42/google")
}
