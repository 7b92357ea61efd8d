package webhook

import (
	"bytes"

	"github.com/standpipe-go/standpipe/secret"
)

// Auth0LogStream verifies Auth0's custom webhook log streams by their
// authorization token: the Authorization header exactly as it was configured,
// with "Bearer " if that was part of it ("Create Custom Log Streams Using
// Webhooks", Auth0 docs). The body is not signed. All three content formats (JSON
// array, lines, object) are split into one event per log. Options: [WithClock],
// [WithMaxBody].
func Auth0LogStream(tokens secret.Source, opts ...Option) (*Scheme, error) {
	return newToken(tokenSpec{
		provider: "auth0-log-stream", header: "Authorization",
		traits: traits{split: splitAuth0Logs},
	}, tokens, opts)
}

type auth0Log struct {
	ID   jsonText `json:"log_id"`
	Data struct {
		Type jsonText `json:"type"`
		Date jsonTime `json:"date"`
	} `json:"data"`
}

func (e auth0Log) event() Raw {
	return Raw{ID: string(e.ID), Type: string(e.Data.Type), Time: e.Data.Date.Time}
}

func splitAuth0Logs(r *Request, rec Receipt) ([]Raw, error) {
	body := bytes.TrimSpace(r.Body)
	if bytes.HasPrefix(body, []byte("[")) {
		return splitArray[auth0Log](r, rec)
	}
	if raw, err := readEnvelope[auth0Log](body, rec); err == nil {
		return []Raw{raw}, nil
	}
	var raws []Raw
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		raw, err := readEnvelope[auth0Log](line, rec)
		if err != nil {
			return nil, err
		}
		raws = append(raws, raw)
	}
	return raws, nil
}
