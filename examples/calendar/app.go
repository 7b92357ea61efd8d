// This file and app_test.go are for copying: a copy of a Google calendar that is kept in
// step, and bookings that become events once. Change where it keeps them. In your main:
//
//	m, err := newMirror(client.OAuth2(manager.Source("user:42/google")), google.Primary)
//	hook, err := m.hook(secret.Env("GOOGLE_CHANNEL_TOKEN"))
//	mux.Handle("POST /hooks/calendar", hook)
//	w := m.watcher("https://app.example.com/hooks/calendar", secret.Env("GOOGLE_CHANNEL_TOKEN"))
//	err = w.Run(ctx, kept) // until ctx ends
//
// For a service account in place of a user, the credential is google.ServiceAccount's.

package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// mirror is a copy of a calendar's events. Yours is in a database: keep the sync token
// there too, and write both in one transaction.
type mirror struct {
	google   *google.Client
	calendar string

	mu     sync.Mutex
	events map[string]google.Event
	token  string
}

// newMirror returns an empty copy of a calendar. The options are for tests.
func newMirror(auth client.Auth, calendar string, options ...client.Option) (*mirror, error) {
	c, err := google.New(auth, options...)
	if err != nil {
		return nil, err
	}
	return &mirror{google: c, calendar: calendar, events: map[string]google.Event{}}, nil
}

// sync brings the copy up to date, and says how many events it has read and whether they
// were all that there are. Where it fails, the copy stays as it was.
func (m *mirror) sync(ctx context.Context) (read int, all bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	events, token := maps.Clone(m.events), m.token
	for page, err := range m.google.SyncEvents(ctx, google.SyncInput{CalendarID: m.calendar, SyncToken: token}) {
		if err != nil {
			return 0, false, err
		}
		if page.Reset {
			clear(events)
			read, all = 0, true
		}
		for _, e := range page.Items {
			read++
			if events[e.ID] = e; e.Cancelled() {
				delete(events, e.ID)
			}
		}
		token = page.NextSyncToken
	}
	m.events, m.token = events, token
	return read, all, nil
}

// titles are those of the copy.
func (m *mirror) titles() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	titles := map[string]bool{}
	for _, e := range m.events {
		titles[e.Summary] = true
	}
	return titles
}

// book makes the event of a booking, once, whatever is lost on the way. A booking that
// has its event already, since before the program was started for one, is
// client.ErrConflict.
func (m *mirror) book(ctx context.Context, booking, title string, begin time.Time, lasts time.Duration) (google.Event, error) {
	return m.google.CreateEvent(ctx, google.InsertEventInput{CalendarID: m.calendar, Event: google.NewEvent{
		ID: google.EventIDFor("booking:" + booking), Summary: title, Start: google.At(begin), End: google.At(begin.Add(lasts)),
	}})
}

// hook is where Google tells that something has changed. It says no more than that, so
// each notification is a sync.
func (m *mirror) hook(tokens secret.Source) (http.Handler, error) {
	scheme, err := webhook.GoogleCalendar(tokens)
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(scheme, webhook.Fallback(func(ctx context.Context, _ webhook.Event[json.RawMessage]) error {
		_, _, err := m.sync(ctx)
		return err
	}))
}

// watcher has Google tell, week after week. Give it a Save that keeps the channel, and
// Run the one that was kept.
func (m *mirror) watcher(address string, token secret.Source) *google.Watcher {
	return &google.Watcher{Client: m.google, CalendarID: m.calendar, Address: address, Token: token}
}
