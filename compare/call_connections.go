package compare

import (
	"context"
	"net/http"
	"strings"
)

var connections = Behaviour[Caller]{
	ID: "connections", Title: "20 calls with a retry each",
	Asks: "Each call is answered with 503 and an error of 2 KiB, then with a success. A response that is given up is to be read to its end, " +
		"so that its connection is used again: one connection in all.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		page := `{"error":{"message":"` + strings.Repeat("unavailable ", 2<<10/12) + `"}}`
		s := serve(func(n int, w http.ResponseWriter, _ *http.Request) {
			if n%2 == 1 {
				answerJSON(w, http.StatusServiceUnavailable, page)
				return
			}
			answerJSON(w, http.StatusOK, `{"ok":true}`)
		})
		defer s.close()
		do, err := c.Open(s.service())
		if err != nil {
			return Outcome{}, err
		}
		const calls = 20
		for range calls {
			once(ctx, do, Request{Method: http.MethodGet, Path: "/v1/things"})
		}
		if s.requests() == calls {
			return notCovered("not retried"), nil
		}
		return judged(s.connections() == 1, "%s", times(s.connections(), "connection")), nil
	},
}
