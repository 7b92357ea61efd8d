package google

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/epoch"
	"github.com/standpipe-go/standpipe/secret"
)

// Operations on notification channels ("Push notifications", Google Calendar docs). Most
// callers should use a [Watcher], which renews them.
var (
	// WatchEvents makes a channel, which tells the application that something in a
	// calendar has changed, and not what: [Client.SyncEvents] says that. It is not
	// repeated once it may have been made; one that nobody knows of ends by itself.
	WatchEvents = client.Op[WatchEventsInput, Channel]{
		Name: "events.watch", Method: http.MethodPost, Route: watchEvents.Route, Encode: encodeWatch,
	}

	// StopChannel ends a channel. One that has ended is an error that matches
	// client.ErrNotFound.
	StopChannel = client.Op[Channel, client.None]{
		Name: "channels.stop", Method: http.MethodPost, Route: "/calendar/v3/channels/stop", Repeatable: true, Encode: encodeStop,
	}
)

// WatchEventsInput says which calendar to watch, and whom to tell.
type WatchEventsInput struct {
	CalendarID string
	ID         string       // of the channel, of one's own choice and not used before: up to 64 letters, digits and -_+/=
	Address    string       // where the notifications go: https, with a certificate that Google trusts
	Token      secret.Value // comes with each of them, for webhook.GoogleCalendar; up to 256 characters. Required.
	Expiration time.Time    // asked for; zero is a week, Google's longest
	EventTypes []string     // none is all
}

// watchInput is that input as tags have it.
type watchInput struct {
	CalendarID string       `path:"calendarId"`
	EventTypes []string     `query:"eventTypes"`
	Channel    watchChannel `body:"json"`
}

type watchChannel struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Address    string `json:"address"`
	Token      string `json:"token"`
	Expiration string `json:"expiration,omitempty"`
}

var watchEvents = client.Op[watchInput, Channel]{Method: http.MethodPost, Route: "/calendar/v3/calendars/{calendarId}/events/watch"}

func encodeWatch(in WatchEventsInput, r *client.Request) (err error) {
	if err := in.check(); err != nil {
		return fmt.Errorf("%w: %w", client.ErrRequest, err)
	}
	channel := watchChannel{ID: in.ID, Type: "web_hook", Address: in.Address, Token: in.Token.Reveal()}
	if !in.Expiration.IsZero() {
		channel.Expiration = strconv.FormatInt(in.Expiration.UnixMilli(), 10)
	}
	*r, err = watchEvents.Request(watchInput{in.CalendarID, in.EventTypes, channel})
	return err
}

// The bounds of what a channel is made with.
const (
	maxChannelID    = 64
	maxChannelToken = 256
)

func (in *WatchEventsInput) check() error {
	if in.ID == "" || len(in.ID) > maxChannelID || strings.ContainsFunc(in.ID, notOfID) {
		return errors.New("the ID of a channel is up to 64 letters, digits and -_+/=")
	}
	if err := checkAddress(in.Address); err != nil {
		return err
	}
	return checkToken(in.Token)
}

func notOfID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-_+/=", r)
}

func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("the address of a channel is no URL of https")
	}
	return nil
}

// checkToken: without a token nobody can tell Google's notifications from anybody's.
func checkToken(token secret.Value) error {
	text := token.Reveal()
	switch {
	case token.IsBlank():
		return errors.New("the token of a channel is missing")
	case len(text) > maxChannelToken || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("the token of a channel is longer than 256 characters, or has some that a header cannot carry")
	}
	return nil
}

// Millis is a time.Time that Google writes as milliseconds since 1970. Its zero value is
// no time.
type Millis = epoch.Millis

// Channel is a notification channel. Keep it, as JSON for one: without ID and ResourceID
// it cannot be stopped.
type Channel struct {
	ID          string `json:"id"`         // comes with each notification, as X-Goog-Channel-Id
	ResourceID  string `json:"resourceId"` // of what is watched
	ResourceURI string `json:"resourceUri"`
	Expiration  Millis `json:"expiration"` // when it ends
}

func encodeStop(in Channel, r *client.Request) error {
	if in.ID == "" || in.ResourceID == "" {
		return fmt.Errorf("%w: a channel is stopped by its ID and ResourceID", client.ErrRequest)
	}
	r.Body = struct {
		ID         string `json:"id"`
		ResourceID string `json:"resourceId"`
	}{in.ID, in.ResourceID}
	return nil
}
