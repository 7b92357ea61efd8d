package compare

import (
	"bytes"
	"context"
	"net/http"
)

var postAfterReset = Behaviour[Caller]{
	ID: "post-after-reset", Title: "Keyless POST, connection reset",
	Asks: "The service reads a POST without an idempotency key to its end and resets the connection: it may have done what " +
		"it was told. The request is to be sent once.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) { reset(w) })
		defer s.close()
		_, err := c.try(ctx, s.service(), Request{Method: http.MethodPost, Path: "/v1/charges", Body: []byte(`{"amount":2000}`)})
		if err != nil {
			return Outcome{}, err
		}
		return judged(s.requests() == 1, "sent %s", often(s.requests())), nil
	},
}

var bodyReplayed = Behaviour[Caller]{
	ID: "body-replayed", Title: "PUT of 64 KiB, retried",
	Asks: "The service answers a PUT with 503, then takes it. The second request is to have the bytes of the first.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		s := serve(func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				answerJSON(w, http.StatusServiceUnavailable, `{}`)
				return
			}
			answerJSON(w, http.StatusOK, `{"ok":true}`)
		})
		defer s.close()
		body := append(append([]byte(`{"text":"`), bytes.Repeat([]byte("a body "), 64<<10/7)...), `"}`...)
		if _, err := c.try(ctx, s.service(), Request{Method: http.MethodPut, Path: "/v1/things/1", Body: body}); err != nil {
			return Outcome{}, err
		}
		seen := s.sightings()
		if len(seen) < 2 {
			return notCovered("not retried"), nil
		}
		return judged(bytes.Equal(seen[1].body, body), "%d of %d KiB again", len(seen[1].body)>>10, len(body)>>10), nil
	},
}
