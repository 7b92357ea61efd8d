package docs

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/providers/slack"
	"github.com/standpipe-go/standpipe/providers/x"
)

// profile is a service's, with a row of its table for each function of it.
type profile struct {
	client.Profile
	rows map[string]func(client.Profile) (what, value string) // by field
}

// profiles are those of the services whose section is named so.
var profiles = map[string]profile{
	"OpenAI": {openai.Profile, map[string]func(client.Profile) (string, string){
		"Hint": func(p client.Profile) (string, string) {
			return "advice on retrying", hints(p, "X-Should-Retry")
		},
		"HintBody": func(p client.Profile) (string, string) {
			return "no throttle", "429 with " + noThrottles(p, `{"error":{"code":"%s"}}`, "insufficient_quota", "rate_limit_exceeded")
		},
		"Failed": func(p client.Profile) (string, string) {
			return "an error inside a 200", failures(p, `{"object":"response","status":"failed"}`, `{"object":"response","status":"failed","background":true}`, `{"object":"response","status":"incomplete"}`)
		},
		"LimitKey": func(p client.Profile) (string, string) {
			return "limits of its own has", limitKeys(p, "POST /v1/responses", "POST /v1/chat/completions", "POST /v1/embeddings", "POST /v1/moderations", "GET /v1/models", "POST /v1/files")
		},
		"DecodeError": func(p client.Profile) (string, string) {
			return "and what it means", meanings(p, `{"error":{"code":"%s"}}`, "rate_limit_exceeded", "invalid_prompt", "server_error", "insufficient_quota")
		},
	}},
	"Slack": {slack.Profile, map[string]func(client.Profile) (string, string){
		"Throttled": func(p client.Profile) (string, string) {
			return "a throttle inside a 200", throttlesInside(p, `{"ok":false,"error":"ratelimited"}`, `{"ok":true,"error":"ratelimited"}`)
		},
		"Failed": func(p client.Profile) (string, string) {
			return "an error inside a 200", failures(p, `{"ok":false}`, `{"ok":true}`)
		},
		"Unauthorized": func(p client.Profile) (string, string) {
			return "has the token read again", unauthorized(p, `{"ok":false,"error":"%s"}`, "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope")
		},
		"HintBody": func(p client.Profile) (string, string) {
			return "a read is made again after", retries(p, `{"ok":false,"error":"%s"}`, "internal_error", "fatal_error", "service_unavailable", "invalid_arguments")
		},
		"LimitKey": func(p client.Profile) (string, string) {
			return "limits of its own has", limitKeys(p, "POST /api/chat.postMessage", "GET /api/users.info") + ": each method"
		},
		"DecodeError": func(p client.Profile) (string, string) {
			return "and what it means", meanings(p, `{"ok":false,"error":"%s"}`, "invalid_auth", "missing_scope", "channel_not_found", "already_reacted", "ratelimited", "internal_error", "invalid_arguments")
		},
	}},
	"X": {x.Profile, map[string]func(client.Profile) (string, string){
		"HintBody": func(p client.Profile) (string, string) {
			return "no throttle", "429 with " + noThrottles(p, `{"type":"https://api.twitter.com/2/problems/%s"}`, "usage-capped", "about:blank")
		},
		"Failed": func(p client.Profile) (string, string) {
			return "an error inside a 200", failures(p, `{"errors":[{}]}`, `{"data":{},"errors":[{}]}`, `{"data":{}}`)
		},
		"LimitKey": func(p client.Profile) (string, string) {
			return "limits of its own has", limitKeys(p, "POST /2/tweets", "GET /2/users/12", "GET /2/lists/12/members") + ": each endpoint"
		},
		"DecodeError": func(p client.Profile) (string, string) {
			return "and what it means", meanings(p, `{"errors":[{"type":"https://api.twitter.com/2/problems/%s"}]}`, "resource-not-found", "not-authorized-for-resource", "invalid-request", "conflict", "usage-capped")
		},
	}},
}

func throttlesInside(p client.Profile, bodies ...string) string {
	var found []string
	for _, b := range bodies {
		if p.Throttled(200, http.Header{}, []byte(b)) {
			found = append(found, b)
		}
	}
	return code(found...)
}

func unauthorized(p client.Profile, body string, codes ...string) string {
	var found []string
	for _, c := range codes {
		if p.Unauthorized(200, http.Header{}, fmt.Appendf(nil, body, c)) {
			found = append(found, c)
		}
	}
	return code(found...)
}

func retries(p client.Profile, body string, codes ...string) string {
	var found []string
	for _, c := range codes {
		if p.HintBody(200, http.Header{}, fmt.Appendf(nil, body, c)) == client.Retry {
			found = append(found, c)
		}
	}
	return code(found...)
}

func hints(p client.Profile, name string) string {
	if p.Hint(500, http.Header{name: {"true"}}) != client.Retry || p.Hint(500, http.Header{name: {"false"}}) != client.DontRetry {
		return "–"
	}
	return code(name+": true", name+": false")
}

func noThrottles(p client.Profile, body string, codes ...string) string {
	var found []string
	for _, c := range codes {
		if p.HintBody(429, http.Header{}, fmt.Appendf(nil, body, c)) == client.NotThrottled {
			found = append(found, c)
		}
	}
	return code(found...)
}

func failures(p client.Profile, bodies ...string) string {
	var found []string
	for _, b := range bodies {
		if p.Failed(200, http.Header{}, []byte(b)) {
			found = append(found, b)
		}
	}
	return code(found...)
}

// limitKeys are the keys of some requests, in order, "" left out.
func limitKeys(p client.Profile, requests ...string) string {
	var found []string
	for _, r := range requests {
		method, path, _ := strings.Cut(r, " ")
		if key := p.LimitKey(&http.Request{Method: method, URL: &url.URL{Path: path}}); key != "" {
			found = append(found, key)
		}
	}
	return code(found...)
}

// meanings are the statuses that codes inside a 200 stand for.
func meanings(p client.Profile, body string, codes ...string) string {
	var found []string
	for _, c := range codes {
		status := "no status"
		if d := p.DecodeError(200, http.Header{}, fmt.Appendf(nil, body, c)); d.Status != 0 {
			status = fmt.Sprint(d.Status)
		}
		found = append(found, code(c)+" "+status)
	}
	return strings.Join(found, ", ")
}

func TestProvidersSaysWhatEachProfileStates(t *testing.T) {
	p := read(t, "docs/providers.md")[0]
	for title, of := range profiles {
		want := map[string]string{"throttle": "429", "idempotency key": "none", "request ID": code("Request-Id", "X-Request-Id")}
		data := map[string]func(){
			"Name": func() {}, "Route": func() {}, // of its own operations
			"BaseURL":           func() { want["base URL"] = code(of.BaseURL) },
			"Origins":           func() { want["further origins"] = code(of.Origins...) },
			"IdempotencyHeader": func() { want["idempotency key"] = code(of.IdempotencyHeader) },
			"RequestIDHeaders":  func() { want["request ID"] = code(of.RequestIDHeaders...) },
			"LookInSuccess":     func() {}, // says where Failed and Throttled are asked
		}
		v := reflect.ValueOf(of.Profile)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			switch {
			case v.Field(i).IsZero():
			case data[name] != nil:
				data[name]()
			default:
				require.Contains(t, of.rows, name, "%s states something new: it wants a row in providers.md", title)
				what, value := of.rows[name](of.Profile)
				want[what] = value
			}
		}
		stated := map[string]string{}
		for _, row := range p.section(t, title).tables()[1:] {
			require.Len(t, row, 3, title)
			stated[row[0]] = row[1]
			require.NotEmpty(t, row[2], "%s: %s has no source", title, row[0])
		}
		require.Equal(t, want, stated, title)
	}
}
