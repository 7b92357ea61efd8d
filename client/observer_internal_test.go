package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// T2: without an observer nothing is allocated for one.
func TestT2_NoObserverNoAllocation(t *testing.T) {
	c, err := New("https://api.example.com", WithProfile(Profile{Name: "store"}))
	require.NoError(t, err)
	req := &http.Request{URL: &url.URL{Scheme: "https", Host: "api.example.com"}}
	ctx, call, failed := context.WithoutCancel(t.Context()), &call{}, errors.New("x")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		r := report(ctx, c.cfg.observers, c.cfg.profile.Name, req, "/x", time.Time{}, 0)
		r.waited(WaitLimit, time.Second)
		r.attempt(Attempt{Number: 1})
		r.tripped(&Breaker{}, &c.home.breaker, true)
		r.end(call, failed)
	}))
}
