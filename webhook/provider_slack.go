package webhook

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Slack verifies the X-Slack-Signature header: "v0=" and the hex HMAC-SHA256 of
// "v0:{timestamp}:{body}" under the app's signing secret ("Verifying requests
// from Slack", Slack docs). It answers the url_verification challenge of the
// Events API once its signature is verified. Slash commands and interactions,
// which are forms, verify too: the body tells what it is, never the Content-Type,
// which is not signed. Options: [WithTolerance] (5 minutes), [WithClock], [WithMaxBody].
//
// Slack's check of the server's certificate, ssl_check=1 with its token as the form
// or query of a request, bears no signature ("Implementing slash commands", Slack
// docs). [Scheme.Challenge] answers it with an empty 200, which tells nothing, and it
// is never an event.
func Slack(signingSecrets secret.Source, opts ...Option) (*Scheme, error) {
	s, err := newHMAC(hmacSpec{
		HMACConfig: HMACConfig{
			Provider: "slack", Scheme: "v0",
			Layout: Layout{
				SignatureHeader: "X-Slack-Signature",
				Prefix:          "v0=",
				TimestampHeader: "X-Slack-Request-Timestamp",
				Signed:          "v0:{timestamp}:{body}",
			},
		},
		traits: traits{
			ack: 3 * time.Second, split: splitSlack, methods: []string{http.MethodGet},
			untrusted: []string{"X-Slack-Retry-Num", "X-Slack-Retry-Reason"},
			kinds:     true,
			form:      otherForm{is: "a form", of: "slash_command", use: "url.Values"},
			objects: objectRule{
				path: []string{"event"}, typ: "type",
				in: func(object string) bool { return object == "event_callback" },
				members: []string{
					"token", "team_id", "enterprise_id", "context_team_id", "context_enterprise_id", "api_app_id", "type",
					"event_id", "event_time", "event_context", "authorizations", "authed_users", "authed_teams", "is_ext_shared_channel",
				},
			},
		},
		wrong: wrongKinds{
			"xoxb-": "a bot token", "xoxp-": "a user token", "xapp-": "an app-level token",
		},
	}, signingSecrets, opts)
	if err != nil {
		return nil, err
	}
	s.challenge = func(ctx context.Context, r *Request, now time.Time) (*Answer, bool, error) {
		if isSSLCheck(r) {
			return &Answer{Status: http.StatusOK, Header: http.Header{}}, true, nil
		}
		challenge, ok := slackChallenge(r.Body)
		if !ok {
			return nil, false, nil
		}
		if _, err := s.verify(ctx, r, now); err != nil {
			return nil, true, err
		}
		return textAnswer(challenge), true, nil
	}
	return s, nil
}

type slackVerification struct {
	Type      jsonText `json:"type"`
	Challenge jsonText `json:"challenge"`
}

func slackChallenge(body []byte) (string, bool) {
	if !bytes.Contains(body, []byte("url_verification")) {
		return "", false
	}
	var m slackVerification
	if !readMembers(body, &m) || m.Type != "url_verification" {
		return "", false
	}
	return string(m.Challenge), true
}

// isSSLCheck recognises the check of the certificate in the place where the
// request has its form. A command or an interaction holds more fields.
func isSSLCheck(r *Request) bool {
	text := string(r.Body)
	if r.method() == http.MethodGet {
		if r.URL == nil || text != "" {
			return false
		}
		text = r.URL.RawQuery
	}
	if len(text) > maxSSLCheck {
		return false
	}
	form, err := url.ParseQuery(text)
	if err != nil || !slices.Equal(form["ssl_check"], []string{"1"}) {
		return false
	}
	delete(form, "ssl_check")
	return len(form) == 0 || len(form) == 1 && len(form["token"]) == 1
}

// maxSSLCheck is more than the check takes up, and little to parse unsigned.
const maxSSLCheck = 256

// textAnswer is a challenge's response in plain text.
func textAnswer(body string) *Answer {
	return &Answer{
		Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Content-Type-Options": {"nosniff"}},
		Body:   []byte(body),
	}
}

type slackEnvelope struct {
	Type    jsonText `json:"type"`
	EventID jsonText `json:"event_id"`
	Time    jsonTime `json:"event_time"`
	Event   struct {
		Type jsonText `json:"type"`
	} `json:"event"`
}

// event names an Events API callback after the event inside it, and anything else
// after itself.
func (e slackEnvelope) event() Raw {
	raw := Raw{ID: string(e.EventID), Object: string(e.Type), Type: string(e.Type), Time: e.Time.Time}
	if e.Event.Type != "" {
		raw.Type = string(e.Event.Type)
	}
	return raw
}

// splitSlack reads events, interactions (a form whose only field is payload, which
// is JSON) and slash commands (a form with the field command). A command's type is
// "slash_command" and its payload the form.
func splitSlack(r *Request, rec Receipt) ([]Raw, error) {
	switch {
	case looksLikeObject(r.Body):
		return splitJSON[slackEnvelope](r, rec)
	case isSSLCheck(r):
		return nil, nil
	}
	if payload, ok := onlyField(r.Body, "payload"); ok {
		raw, err := readEnvelope[slackEnvelope]([]byte(payload), rec)
		if err != nil {
			return nil, err
		}
		return []Raw{raw}, nil
	}
	if form, err := url.ParseQuery(string(r.Body)); err != nil || len(form["command"]) != 1 || form.Has("payload") {
		return nil, &Error{Reason: ErrPayload, Detail: "the body is neither a JSON object nor the form of a command or an interaction"}
	}
	raw := whole(r, rec)
	raw.Object, raw.Type, raw.TypeSigned = "slash_command", "slash_command", true
	return []Raw{raw}, nil
}
