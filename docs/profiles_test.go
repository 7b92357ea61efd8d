package docs

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/client"
)

// row is what a profile's table says of one of its functions.
func row(look func(client.Profile) (what, value string)) func(*testing.T, client.Profile, map[string]string) {
	return func(_ *testing.T, p client.Profile, rows map[string]string) {
		what, value := look(p)
		rows[what] = value
	}
}

var openaiSays = says{
	"Hint": row(func(p client.Profile) (string, string) {
		return "advice on retrying", hints(p, "X-Should-Retry")
	}),
	"HintBody": row(func(p client.Profile) (string, string) {
		return "no throttle", "429 with " + noThrottles(p, `{"error":{"code":"%s"}}`, "insufficient_quota", "rate_limit_exceeded")
	}),
	"Failed": row(func(p client.Profile) (string, string) {
		return "an error inside a 200", failures(p, `{"object":"response","status":"failed"}`, `{"object":"response","status":"failed","background":true}`, `{"object":"response","status":"incomplete"}`,
			`{"error":{"code":502}}`, `{"object":"video","error":{"code":"x"}}`)
	}),
	"LimitKey": row(func(p client.Profile) (string, string) {
		return "limits of its own has", limitKeys(p, "POST /v1/responses", "POST /v1/chat/completions", "POST /v1/embeddings", "POST /v1/moderations", "GET /v1/models", "POST /v1/files")
	}),
	"DecodeError": row(func(p client.Profile) (string, string) {
		return "and what it means", meanings(p, `{"error":{"code":"%s"}}`, "rate_limit_exceeded", "invalid_prompt", "server_error", "502", "insufficient_quota")
	}),
}

var slackSays = says{
	"Throttled": row(func(p client.Profile) (string, string) {
		return "a throttle inside a 200", throttlesInside(p, `{"ok":false,"error":"ratelimited"}`, `{"ok":true,"error":"ratelimited"}`)
	}),
	"Failed": row(func(p client.Profile) (string, string) {
		return "an error inside a 200", failures(p, `{"ok":false}`, `{"ok":true}`)
	}),
	"Unauthorized": row(func(p client.Profile) (string, string) {
		return "has the token read again", unauthorized(p, `{"ok":false,"error":"%s"}`, "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope")
	}),
	"HintBody": row(func(p client.Profile) (string, string) {
		return "a read is made again after", retries(p, `{"ok":false,"error":"%s"}`, "internal_error", "fatal_error", "service_unavailable", "invalid_arguments")
	}),
	"LimitKey": row(func(p client.Profile) (string, string) {
		return "limits of its own has", limitKeys(p, "POST /api/chat.postMessage", "GET /api/users.info") + ": each method"
	}),
	"DecodeError": row(func(p client.Profile) (string, string) {
		return "and what it means", meanings(p, `{"ok":false,"error":"%s"}`, "invalid_auth", "missing_scope", "channel_not_found", "already_reacted", "ratelimited", "internal_error", "invalid_arguments")
	}),
}

var xSays = says{
	"HintBody": row(func(p client.Profile) (string, string) {
		return "no throttle", "429 with " + noThrottles(p, `{"type":"https://api.twitter.com/2/problems/%s"}`, "usage-capped", "about:blank")
	}),
	"Failed": row(func(p client.Profile) (string, string) {
		return "an error inside a 200", failures(p, `{"errors":[{}]}`, `{"data":{},"errors":[{}]}`, `{"data":{}}`)
	}),
	"LimitKey": row(func(p client.Profile) (string, string) {
		return "limits of its own has", limitKeys(p, "POST /2/tweets", "GET /2/users/12", "GET /2/lists/12/members") + ": each endpoint"
	}),
	"DecodeError": row(func(p client.Profile) (string, string) {
		return "and what it means", meanings(p, `{"errors":[{"type":"https://api.twitter.com/2/problems/%s"}]}`, "resource-not-found", "not-authorized-for-resource", "invalid-request", "conflict", "usage-capped")
	}),
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
