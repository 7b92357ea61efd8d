package compare

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

var redirected = Behaviour[Caller]{
	ID: "redirected", Title: "Redirected to another origin",
	Asks: "The service redirects a GET (307) to another host with a bearer token, to another port with a bearer token, and to another host with the key in " +
		"X-Api-Key; each library follows by its own default. The key is to reach none of them.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		leaked := 0
		for _, hop := range []struct{ header, host string }{
			{"", "localhost"}, {"", "127.0.0.1"}, {"X-Api-Key", "localhost"},
		} {
			got, err := c.leaks(ctx, hop.header, hop.host)
			if err != nil {
				return Outcome{}, err
			}
			if got {
				leaked++
			}
		}
		return judged(leaked == 0, "%d of 3 leak the key", leaked), nil
	},
}

// leaks reports whether the key reaches a server on host that the service at 127.0.0.1
// redirects to.
func (c Caller) leaks(ctx context.Context, header, host string) (bool, error) {
	elsewhere := serve(func(_ int, w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, `{"ok":true}`) })
	defer elsewhere.close()
	there, err := url.Parse(elsewhere.http.URL)
	if err != nil {
		return false, err
	}
	there.Host = host + ":" + there.Port()
	s := serve(func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, there.String()+"/v1/things", http.StatusTemporaryRedirect)
	})
	defer s.close()
	svc := s.service()
	svc.Credential.Header = header
	if _, err := c.try(ctx, svc, Request{Method: http.MethodGet, Path: "/v1/things"}); err != nil {
		return false, err
	}
	if name, _ := svc.Credential.Pair(); s.requests() == 0 || s.sightings()[0].header.Get(name) == "" {
		return false, fmt.Errorf("the service itself got no %s", name)
	}
	for _, seen := range elsewhere.sightings() {
		if strings.Contains(fmt.Sprint(seen.url, seen.header), exampleKey) {
			return true, nil
		}
	}
	return false, nil
}

var secretInError = Behaviour[Caller]{
	ID: "secret-in-error", Title: "A key in the query, in the error's text",
	Asks: "The service takes its key as a query parameter. A connection that is refused, one that is reset, and a 500 are to give errors without the key.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		down := serve(nil)
		down.close()
		resets := serve(func(_ int, w http.ResponseWriter, _ *http.Request) { reset(w) })
		defer resets.close()
		broken := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, http.StatusInternalServerError, `{}`)
		})
		defer broken.close()
		held, errs := 0, 0
		for _, s := range []*server{down, resets, broken} {
			svc := s.service()
			svc.Credential.Query = "key"
			a, err := c.try(ctx, svc, Request{Method: http.MethodGet, Path: "/v1/things"})
			if err != nil {
				return Outcome{}, err
			}
			if a.err != nil {
				errs++
				if strings.Contains(fmt.Sprintf("%v %+v", a.err, a.err), exampleKey) {
					held++
				}
			}
		}
		return judged(held == 0, "in %d of %s", held, times(errs, "error")), nil
	},
}
