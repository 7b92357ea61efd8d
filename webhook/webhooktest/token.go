package webhooktest

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// Auth0LogStream sends what Auth0's custom webhook stream does: the configured
// token as the whole Authorization header, "Bearer " only if it is part of the
// token. The body is a JSON array, one object or JSON lines. Source: "Create
// Custom Log Streams Using Webhooks", auth0.com.
func Auth0LogStream(token string) *Signer {
	return static("auth0-log-stream", "Authorization", token)
}

// Cloudflare sends what Cloudflare's notification webhooks do: the secret in
// cf-webhook-auth. Source: "Configure webhooks", developers.cloudflare.com.
func Cloudflare(secret string) *Signer { return static("cloudflare", "Cf-Webhook-Auth", secret) }

// Datadog sends what Datadog's webhooks integration does: a header of one's own
// choice. Source: "Webhooks", docs.datadoghq.com.
func Datadog(header, secret string) *Signer { return static("datadog", header, secret) }

// Postmark sends what Postmark does when the webhook's URL holds credentials:
// Basic authorization. Source: "Webhooks overview", postmarkapp.com.
func Postmark(username, password string) *Signer {
	if strings.TrimSpace(password) == "" {
		return static("postmark", "Authorization", "")
	}
	return static("postmark", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(username+":"+password)))
}

// PostmarkHeader sends what Postmark does when the webhook has a custom header
// for its secret.
func PostmarkHeader(header, token string) *Signer { return static("postmark", header, token) }

// StaticToken sends what a service does that this package does not list, or one
// that was given a custom header: a shared secret in a header.
func StaticToken(provider, header, token string) *Signer { return static(provider, header, token) }

// GoogleCalendar sends what a Google Calendar channel does: the channel's token
// in X-Goog-Channel-Token, and usually no body. X-Goog-Resource-State is
// "exists" unless [Signer.WithEvent] names another ("sync" is the first);
// [Signer.WithID] sets the message number. Source: "Push notifications",
// developers.google.com.
func GoogleCalendar(channelToken string) *Signer {
	s := static("google-calendar", "X-Goog-Channel-Token", channelToken)
	token := s.sign
	s.sign = func(d *delivery) error {
		d.set("X-Goog-Resource-State", d.eventOr("exists"))
		d.set("X-Goog-Message-Number", d.idOr(func() string { return d.timestamp() }))
		d.setDefault("X-Goog-Channel-ID", "01234567-89ab-cdef-0123-456789abcdef")
		d.setDefault("X-Goog-Resource-ID", "ret08u3rv24htgh289g")
		d.setDefault("X-Goog-Resource-URI", "https://www.googleapis.com/calendar/v3/calendars/primary/events")
		d.setDefault("X-Goog-Channel-Expiration", d.now.AddDate(0, 0, 7).UTC().Format(http.TimeFormat))
		d.setDefault("User-Agent", "APIs-Google")
		return token(d)
	}
	return s
}

// static sends a shared secret and signs nothing.
func static(provider, header, value string) *Signer {
	return &Signer{provider: provider, sign: func(d *delivery) error {
		if err := notBlank(header, value); err != nil {
			return err
		}
		d.set(header, value)
		d.setDefault("Content-Type", "application/json")
		return nil
	}}
}
