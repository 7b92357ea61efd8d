// Command calendar keeps a copy of a Google calendar in step, and makes the events of
// bookings.
//
//	go run ./examples/calendar
//
// It needs no account: a calendar in memory runs on loopback, which loses a response and
// forgets what it has told. With GOOGLE_APPLICATION_CREDENTIALS, the path of a service
// account's key file, and GOOGLE_CALENDAR set, it reads that calendar at Google itself,
// twice. What an application copies is in app.go and app_test.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func main() {
	run := demonstrate
	if key, id := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"), os.Getenv("GOOGLE_CALENDAR"); key != "" && id != "" {
		run = func(ctx context.Context, out io.Writer) error { return atGoogle(ctx, out, secret.File(key), id) }
	}
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "calendar:", err)
		os.Exit(1)
	}
}

// atGoogle reads a calendar that is shared with a service account.
func atGoogle(ctx context.Context, out io.Writer, key secret.Source, id string) error {
	auth, err := google.ServiceAccount{Key: key, Scopes: []string{google.ScopeEventsReadOnly}}.Auth()
	if err != nil {
		return err
	}
	m, err := newMirror(auth, id)
	if err != nil {
		return err
	}
	defer m.google.HTTP.CloseIdleConnections()
	for range 2 {
		if err := show(ctx, out, m); err != nil {
			return err
		}
	}
	return nil
}

// demonstrate does all of it at a calendar in memory.
func demonstrate(ctx context.Context, out io.Writer) error {
	fake := &calendar{}
	srv := clienttest.Start(clienttest.Handle(fake.ServeHTTP))
	defer srv.Close()
	m, err := newMirror(client.Bearer(secret.Static("ya29.example")), google.Primary, client.WithBaseURL(srv.URL))
	if err != nil {
		return err
	}
	defer m.google.HTTP.CloseIdleConnections()

	begin := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	fake.lost = true
	for i, title := range []string{"Call", "Lunch"} {
		event, err := m.book(ctx, fmt.Sprint(1042+i), title, begin.Add(time.Duration(i)*time.Hour), time.Hour)
		if err != nil {
			return err
		}
		at, _ := event.Start.Time()
		fmt.Fprintf(out, "booking %d is made: %s, at %s\n", 1042+i, event.Summary, at.UTC().Format("15:04"))
	}
	fmt.Fprintln(out, "the response to the first was lost: it is there once all the same")
	if _, err := m.book(ctx, "1042", "Call", begin, time.Hour); errors.Is(err, client.ErrConflict) {
		fmt.Fprintln(out, "booking 1042 is made again: its event is there already")
	}
	if err := show(ctx, out, m); err != nil {
		return err
	}

	// Somebody adds an event, and Google tells so.
	if _, err := m.book(ctx, "1044", "Tea", begin.Add(2*time.Hour), time.Hour); err != nil {
		return err
	}
	hook, err := m.hook(secret.Static("a-channel-token"))
	if err != nil {
		return err
	}
	w := httptest.NewRecorder()
	hook.ServeHTTP(w, webhooktest.GoogleCalendar("a-channel-token").Request(nil))
	fmt.Fprintf(out, "somebody adds Tea, Google notifies, and the hook syncs: %d, and the copy has %s\n", w.Code, m.list())
	fake.forget()
	fmt.Fprintln(out, "Google forgets the sync token")
	return show(ctx, out, m)
}

// show syncs, and prints what the copy has.
func show(ctx context.Context, out io.Writer, m *mirror) error {
	read, all, err := m.sync(ctx)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d changes", read)
	if all {
		what = fmt.Sprintf("all %d events", read)
	}
	fmt.Fprintf(out, "synced %s, and the copy has %s\n", what, m.list())
	return nil
}

// list is the copy's titles.
func (m *mirror) list() string { return strings.Join(slices.Sorted(maps.Keys(m.titles())), ", ") }
