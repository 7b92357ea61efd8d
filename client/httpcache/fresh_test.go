package httpcache_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/httpcache"
)

func TestFreshFor(t *testing.T) {
	past := time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC).Format(http.TimeFormat)
	for name, tt := range map[string]struct {
		fields []string
		after  time.Duration
		asked  bool // again
	}{
		"max-age":                              {[]string{"Cache-Control: max-age=60"}, 59 * time.Second, false},
		"and no longer":                        {[]string{"Cache-Control: max-age=60"}, 60 * time.Second, true},
		"quoted":                               {[]string{`Cache-Control: max-age="60"`}, 59 * time.Second, false},
		"any case":                             {[]string{"Cache-Control: private, Max-Age=60"}, 59 * time.Second, false},
		"in two fields":                        {[]string{"Cache-Control: private", "Cache-Control: max-age=60"}, 59 * time.Second, false},
		"said twice alike":                     {[]string{"Cache-Control: max-age=60, max-age=60"}, 59 * time.Second, false},
		"contradicted":                         {[]string{"Cache-Control: max-age=60, max-age=70"}, time.Second, true},
		"no number":                            {[]string{"Cache-Control: max-age=60.5"}, time.Second, true},
		"negative":                             {[]string{"Cache-Control: max-age=-1"}, time.Second, true},
		"beyond an int64":                      {[]string{"Cache-Control: max-age=99999999999999999999"}, 24 * time.Hour, false},
		"a shared cache's is not ours":         {[]string{"Cache-Control: s-maxage=60"}, time.Second, true},
		"private is ours":                      {[]string{"Cache-Control: private, max-age=60"}, time.Second, false},
		"Expires":                              {[]string{"Expires: Sat, 01 Jan 2000 00:01:00 GMT"}, 59 * time.Second, false},
		"Expires has come":                     {[]string{"Expires: Sat, 01 Jan 2000 00:01:00 GMT"}, 60 * time.Second, true},
		"Expires 0":                            {[]string{"Expires: 0"}, time.Second, true},
		"Expires twice":                        {[]string{"Expires: Sat, 01 Jan 2000 00:01:00 GMT", "Expires: Sat, 01 Jan 2000 00:02:00 GMT"}, time.Second, true},
		"max-age before Expires":               {[]string{"Cache-Control: max-age=0", "Expires: Sat, 01 Jan 2000 00:01:00 GMT"}, time.Second, true},
		"Age counts":                           {[]string{"Cache-Control: max-age=60", "Age: 50"}, 9 * time.Second, false},
		"Age counts to the end":                {[]string{"Cache-Control: max-age=60", "Age: 50"}, 10 * time.Second, true},
		"an old Date counts":                   {[]string{"Cache-Control: max-age=60", "Date: " + past}, time.Second, true},
		"no word, no freshness":                {[]string{"Last-Modified: Tue, 01 Jan 1980 00:00:00 GMT"}, time.Second, true},
		"no-store":                             {[]string{"Cache-Control: no-store, max-age=60"}, time.Second, true},
		"no-cache":                             {[]string{"Cache-Control: no-cache, max-age=60", "ETag: \"1\""}, time.Second, true},
		"no-cache of a field counts as of all": {[]string{`Cache-Control: max-age=60, no-cache="Set-Cookie, X"`}, time.Second, true},
		"Vary *":                               {[]string{"Cache-Control: max-age=60", "Vary: *"}, time.Second, true},
		"a hostile list":                       {[]string{"Cache-Control: max-age=60," + manyDirectives()}, time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := numbered(tt.fields...)
				c := newClient(t, o, httpcache.New(httpcache.Config{}))
				first, _ := get(t, c, "/x")
				require.Equal(t, "1", first)
				time.Sleep(tt.after)
				second, _ := get(t, c, "/x")
				want := map[bool]string{false: "1", true: "2"}[tt.asked]
				require.Equal(t, want, second)
			})
		})
	}
}

func manyDirectives() (list string) {
	for i := range 100 {
		list += "x" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + ","
	}
	return list
}

// A hit is no attempt: the ledger is empty, and it says how old it is.
func TestHitSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control: max-age=60", "X-RateLimit-Remaining: 0")
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		_, status := get(t, c, "/x")
		require.Equal(t, "fwd=uri-miss", status)
		time.Sleep(20 * time.Second)
		var meta client.Meta
		var ledger client.Ledger
		_, err := client.Call[int](client.WithLedger(context.Background(), &ledger), c, client.Request{Path: "/x", Meta: &meta})
		require.NoError(t, err)
		require.Equal(t, 200, meta.Status)
		require.Equal(t, "20", meta.Header.Get("Age"))
		require.Equal(t, "1", meta.Header.Get("X-From-Cache"))
		require.Equal(t, "standpipe; hit; ttl=40", meta.Header.Get("Cache-Status"))
		require.Empty(t, meta.Attempts)
		require.Empty(t, ledger.Attempts())
		require.Equal(t, 1, o.count())
	})
}

func TestRequestDirectives(t *testing.T) {
	for name, tt := range map[string]struct {
		response, request string
		after             time.Duration
		want              string
	}{
		"no-cache asks":                          {"max-age=60", "Cache-Control: no-cache", 0, "2"},
		"Pragma asks":                            {"max-age=60", "Pragma: no-cache", 0, "2"},
		"max-age 0 asks":                         {"max-age=60", "Cache-Control: max-age=0", time.Second, "2"},
		"max-age is the most":                    {"max-age=60", "Cache-Control: max-age=10", 10 * time.Second, "1"},
		"older":                                  {"max-age=60", "Cache-Control: max-age=10", 11 * time.Second, "2"},
		"min-fresh":                              {"max-age=60", "Cache-Control: min-fresh=30", 31 * time.Second, "2"},
		"fresh enough":                           {"max-age=60", "Cache-Control: min-fresh=30", 30 * time.Second, "1"},
		"max-stale":                              {"max-age=60", "Cache-Control: max-stale=30", 90 * time.Second, "1"},
		"too stale":                              {"max-age=60", "Cache-Control: max-stale=30", 91 * time.Second, "2"},
		"any stale":                              {"max-age=60", "Cache-Control: max-stale", 9 * time.Hour, "1"},
		"must-revalidate is above the caller":    {"max-age=60, must-revalidate", "Cache-Control: max-stale", 61 * time.Second, "2"},
		"no-store goes by the cache":             {"max-age=60", "Cache-Control: no-store", 0, "2"},
		"a range goes by the cache":              {"max-age=60", "Range: bytes=0-", 0, "2"},
		"a precondition of the caller's goes by": {"max-age=60", `If-None-Match: "mine"`, 0, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, numbered("Cache-Control: "+tt.response), httpcache.New(httpcache.Config{}))
				get(t, c, "/x")
				time.Sleep(tt.after)
				got, _ := get(t, c, "/x", tt.request)
				require.Equal(t, tt.want, got)
			})
		})
	}
}

func TestOnlyIfCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control: max-age=60")
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		r := client.Request{Path: "/x", Header: http.Header{"Cache-Control": {"only-if-cached"}}}
		_, err := client.Call[int](context.Background(), c, r)
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, http.StatusGatewayTimeout, e.Status)
		require.Zero(t, o.count())
		get(t, c, "/x")
		got, err := client.Call[int](context.Background(), c, r)
		require.NoError(t, err)
		require.Equal(t, 1, got)
	})
}

func TestHeadIsAnsweredByWhatAGetBrought(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := always(200, "12345", "Cache-Control: max-age=60", `ETag: "a"`)
		cache := httpcache.New(httpcache.Config{})
		c := newClient(t, o, cache)
		head := func() *http.Response {
			resp, err := c.Do(context.Background(), client.Request{Method: http.MethodHead, Path: "/x"})
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			return resp
		}
		head()
		require.Zero(t, cache.Stats().Entries, "there is no body to keep")
		get(t, c, "/x")
		require.Equal(t, int64(5), head().ContentLength)
		require.Equal(t, 2, o.count())

		// One that shows that there is something else now drops what is kept.
		time.Sleep(time.Minute)
		o.handler = func(int, *http.Request) *http.Response {
			return reply(200, "", "Cache-Control: max-age=60", `ETag: "b"`)
		}
		head()
		require.Empty(t, o.last().Header.Get("If-None-Match"), "a HEAD is asked as it is")
		require.Zero(t, cache.Stats().Entries)
	})
}

func TestOnlyWholeSuccessesAndTheirAbsenceAreKept(t *testing.T) {
	for status, kept := range map[int]bool{200: true, 203: true, 204: true, 404: true, 410: true, 400: false, 403: false, 206: false, 300: false, 302: false} {
		synctest.Test(t, func(t *testing.T) {
			body := "1"
			if status == 204 {
				body = ""
			}
			cache := httpcache.New(httpcache.Config{})
			c := newClient(t, always(status, body, "Cache-Control: max-age=60", `ETag: "a"`), cache)
			resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
			require.NoError(t, err)
			drain(t, resp)
			require.Equal(t, kept, cache.Stats().Entries == 1, "%d", status)
		})
	}
}
