package compare

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

var pastDeadline = Behaviour[Caller]{
	ID: "past-deadline", Title: "Retry-After past the deadline",
	Asks: "A 503 says Retry-After: 120, and the context ends in 1 s. Waiting is in vain: the call is to end at once, with the 503.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			answerJSON(w, http.StatusServiceUnavailable, `{"error":{"message":"back at noon"}}`)
		})
		defer s.close()
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		a, err := c.try(ctx, s.service(), Request{Method: http.MethodGet, Path: "/v1/things"})
		switch {
		case err != nil:
			return Outcome{}, err
		case s.requests() > 1:
			return fails("sent %s, against Retry-After", often(s.requests())), nil
		case a.took > time.Second/2:
			return fails("waits %.0f s in vain", a.took.Seconds()), nil
		case a.reply.Status != http.StatusServiceUnavailable:
			return fails("ends at once, without the 503"), nil
		}
		return holds("the 503 at once"), nil
	},
}

var overflow = Behaviour[Caller]{
	ID: "retry-after-overflow", Title: "Retry-After: 9223372037",
	Asks: "A 429 asks for a wait that does not fit into a time.Duration. Whatever is made of it, the next request is not to be sent " +
		"at once: at least 100 ms, half of the first backoff, are to pass.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", strconv.Itoa(9223372037))
			answerJSON(w, http.StatusTooManyRequests, `{}`)
		})
		defer s.close()
		ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
		defer cancel()
		svc := s.service()
		svc.Wait = 200 * time.Millisecond
		if _, err := c.try(ctx, svc, Request{Method: http.MethodGet, Path: "/v1/things"}); err != nil {
			return Outcome{}, err
		}
		seen := s.sightings()
		for i := 1; i < len(seen); i++ {
			if seen[i].at.Sub(seen[i-1].at) < svc.Wait/2 {
				return fails("%s in %s", times(len(seen), "request"), seconds(seen[len(seen)-1].at.Sub(seen[0].at))), nil
			}
		}
		if len(seen) == 1 {
			return holds("sent once"), nil
		}
		return holds("%s, with backoff", times(len(seen), "request")), nil
	},
}

var cancelled = Behaviour[Caller]{
	ID: "cancelled", Title: "Cancelled while it waits to retry",
	Asks: "A 503 says Retry-After: 30, and the caller's context is cancelled after 200 ms. The call is to end then.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			answerJSON(w, http.StatusServiceUnavailable, `{}`)
		})
		defer s.close()
		do, err := c.Open(s.service())
		if err != nil {
			return Outcome{}, err
		}
		const after = 200 * time.Millisecond
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		time.AfterFunc(after, cancel)
		ended := make(chan attempt, 1)
		go func() { ended <- timed(ctx, do, Request{Method: http.MethodGet, Path: "/v1/things"}) }()
		select {
		case a := <-ended:
			switch {
			case s.requests() > 1:
				return fails("sent %s, against Retry-After", often(s.requests())), nil
			case a.took < after:
				return notCovered("does not wait"), nil
			}
			return judged(a.took < 2*after, "ends %s later", seconds(a.took-after)), nil
		case <-time.After(2 * time.Second):
			return fails("still waiting 2 s later"), nil
		}
	},
}
