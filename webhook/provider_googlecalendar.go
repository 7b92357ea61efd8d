package webhook

import (
	"net/http"

	"github.com/standpipe-go/standpipe/secret"
)

// GoogleCalendar verifies the notifications of Google Calendar (and Drive)
// channels by the token given when the channel was made, in the header
// X-Goog-Channel-Token ("Push notifications", Google Calendar docs). Always set a
// token: without one notifications cannot be verified. They have no body worth
// the name; what they say is in X-Goog-* headers, none of them signed. The
// event's type is the resource state: "sync", "exists" or "not_exists". Options:
// [WithClock], [WithMaxBody].
func GoogleCalendar(tokens secret.Source, opts ...Option) (*Scheme, error) {
	return newToken(tokenSpec{
		provider: "google-calendar", header: "X-Goog-Channel-Token",
		typeHeader: "X-Goog-Resource-State",
		id:         calendarID,
		traits: traits{unsignedHint: "the channel was made without a token", untrusted: []string{
			"X-Goog-Channel-Id", "X-Goog-Message-Number", "X-Goog-Resource-Id",
			"X-Goog-Resource-State", "X-Goog-Resource-Uri", "X-Goog-Channel-Expiration",
		}},
	}, tokens, opts)
}

// calendarID is unique: message numbers grow within a channel.
func calendarID(h http.Header) string {
	channel, number := first(h, "X-Goog-Channel-Id"), first(h, "X-Goog-Message-Number")
	if channel == "" || number == "" {
		return ""
	}
	return channel + "/" + number
}
