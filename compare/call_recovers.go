package compare

import (
	"context"
	"net/http"
)

var recovers = Behaviour[Caller]{
	ID: "recovers", Title: "GET, a 503 and a reset, then fine",
	Asks: "The service answers 503, then resets the connection, then answers. The call is to succeed.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		s := serve(func(n int, w http.ResponseWriter, _ *http.Request) {
			switch n {
			case 1:
				answerJSON(w, http.StatusServiceUnavailable, `{}`)
			case 2:
				reset(w)
			default:
				answerJSON(w, http.StatusOK, `{"ok":true}`)
			}
		})
		defer s.close()
		a, err := c.try(ctx, s.service(), Request{Method: http.MethodGet, Path: "/v1/things"})
		if err != nil {
			return Outcome{}, err
		}
		switch {
		case a.succeeded():
			return holds("succeeds"), nil
		case s.requests() == 1:
			return notCovered("not retried"), nil
		}
		return fails("%s after %s", a.end(), times(s.requests(), "request")), nil
	},
}
