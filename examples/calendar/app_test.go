package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// mirrored is a mirror of a calendar that responds as the script says.
func mirrored(t *testing.T, script string) (*mirror, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	m, err := newMirror(client.Bearer(secret.Static("ya29.example")), google.Primary, client.WithTransport(rt))
	require.NoError(t, err)
	return m, rt
}

func TestTheCopyIsKeptInStep(t *testing.T) {
	m, _ := mirrored(t, `
		200 {"items":[{"id":"a","summary":"Call"},{"id":"b","summary":"Lunch"}],"nextSyncToken":"s1"},
		200 {"items":[{"id":"b","status":"cancelled"},{"id":"c","summary":"Tea"}],"nextSyncToken":"s2"},
		410,
		200 {"items":[{"id":"d","summary":"New"}],"nextSyncToken":"s3"}`)
	for _, want := range []struct {
		read   int
		all    bool
		titles map[string]bool
	}{
		{2, true, map[string]bool{"Call": true, "Lunch": true}},
		{2, false, map[string]bool{"Call": true, "Tea": true}},
		{1, true, map[string]bool{"New": true}},
	} {
		read, all, err := m.sync(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.read, read)
		require.Equal(t, want.all, all)
		require.Equal(t, want.titles, m.titles())
	}
}

// A sync that breaks off changes nothing, and is made again from where it began.
func TestASyncThatBreaksOff(t *testing.T) {
	m, rt := mirrored(t, `
		200 {"items":[{"id":"a","summary":"Call"}],"nextSyncToken":"s1"},
		200 {"items":[{"id":"a","status":"cancelled"}],"nextPageToken":"p2"},
		403,
		200 {"nextSyncToken":"s2"}`)
	_, _, err := m.sync(t.Context())
	require.NoError(t, err)
	_, _, err = m.sync(t.Context())
	require.ErrorIs(t, err, client.ErrForbidden)
	require.Equal(t, map[string]bool{"Call": true}, m.titles())
	_, _, err = m.sync(t.Context())
	require.NoError(t, err)
	require.Contains(t, rt.Last().URL, "syncToken=s1")
}

func TestABookingIsOneEvent(t *testing.T) {
	m, rt := mirrored(t, `reset, 409 {"error":{"errors":[{"reason":"duplicate"}]}}, 200 {"id":"e","summary":"Call"}, 409 {"error":{"errors":[{"reason":"duplicate"}]}}`)
	begin := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	event, err := m.book(t.Context(), "1042", "Call", begin, time.Hour)
	require.NoError(t, err)
	require.Equal(t, "Call", event.Summary)
	require.Equal(t, 3, rt.Count())
	_, err = m.book(t.Context(), "1042", "Call", begin, time.Hour)
	require.ErrorIs(t, err, client.ErrConflict)
}

func TestANotificationIsASync(t *testing.T) {
	m, rt := mirrored(t, `200 {"items":[{"id":"a","summary":"Call"}],"nextSyncToken":"s1"}`)
	hook, err := m.hook(secret.Static("a-channel-token"))
	require.NoError(t, err)
	for token, status := range map[string]int{"another-token": 401, "a-channel-token": 200} {
		w := httptest.NewRecorder()
		hook.ServeHTTP(w, webhooktest.GoogleCalendar(token).Request(nil))
		require.Equal(t, status, w.Code, token)
	}
	require.Equal(t, 1, rt.Count())
	require.Equal(t, map[string]bool{"Call": true}, m.titles())
	_, err = m.hook(secret.Static(""))
	require.Error(t, err)
}

func TestWhatGoogleIsToldToCall(t *testing.T) {
	m, rt := mirrored(t, `200 {"id":"ch","resourceId":"r","expiration":"1795705200000"}`)
	w := m.watcher("https://app.example.com/hooks/calendar", secret.Static("a-channel-token"))
	_, err := w.Renew(t.Context(), google.Channel{})
	require.NoError(t, err)
	require.Contains(t, string(rt.Last().Body), `"address":"https://app.example.com/hooks/calendar"`)
}

// A credential that is not there shows when the program starts.
func TestNoCredential(t *testing.T) {
	_, err := newMirror(client.Bearer(secret.Static("")), google.Primary)
	require.ErrorIs(t, err, client.ErrConfig)
}
