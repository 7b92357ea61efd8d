package client

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// C36: a caller whose limit is known under any of the service's limits is not idle.
func TestC36_ACallerWithOneLimitUsedUpIsNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer := ratelimit.NewPacer()
		c, err := New("https://api.example.com", WithPacing(pacer), WithProfile(Profile{LimitKey: func(r *http.Request) string { return r.URL.Path }}))
		require.NoError(t, err)
		id := &identity{name: "a"}
		require.True(t, c.idle(id))
		c.state.limitNames.note("search")
		c.state.limitNames.note("core")
		require.True(t, c.idle(id))
		pacer.Observe(resourceKeyOf(limitKeyOf(c.origins.base, id), "search"), 429, http.Header{"Retry-After": {"60"}}, true)
		require.False(t, c.idle(id))
		require.True(t, c.idle(&identity{name: "b"}))
		time.Sleep(time.Hour)
		require.True(t, c.idle(id))

		for i := range maxLimitNames - 2 {
			c.state.limitNames.note(fmt.Sprint(i))
		}
		require.True(t, c.idle(id), "as many as are remembered")
		c.state.limitNames.note("core")
		require.True(t, c.idle(id))
		c.state.limitNames.note("one too many")
		require.False(t, c.idle(id), "nobody can tell any more")
		require.Len(t, c.state.limitNames.known, maxLimitNames)
	})
}
