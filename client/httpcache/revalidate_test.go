package httpcache_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/httpcache"
)

func drain(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(b)
}

// Whether it was asked again stands in the ledger: an attempt with 304, though the call
// has a 200.
func TestRevalidationIsToldInTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{handler: func(n int, req *http.Request) *http.Response {
			if req.Header.Get("If-None-Match") == `"v1"` {
				return reply(304, "", "Cache-Control: max-age=60", "X-Served: "+strconv.Itoa(n))
			}
			return reply(200, `"v1"`, "Cache-Control: max-age=60", `ETag: "v1"`, "Last-Modified: Fri, 31 Dec 1999 00:00:00 GMT", "X-Served: 1")
		}}
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		get(t, c, "/x")
		time.Sleep(time.Minute)
		var meta client.Meta
		got, err := client.Call[string](context.Background(), c, client.Request{Path: "/x", Meta: &meta})
		require.NoError(t, err)
		require.Equal(t, "v1", got)
		require.Equal(t, 200, meta.Status)
		require.Len(t, meta.Attempts, 1)
		require.Equal(t, 304, meta.Attempts[0].Status)
		require.Equal(t, "standpipe; fwd=stale; fwd-status=304", meta.Header.Get("Cache-Status"))
		require.Equal(t, "2", meta.Header.Get("X-Served"), "fields of a 304 take the place of the stored ones")
		require.Equal(t, "application/json", meta.Header.Get("Content-Type"))
		require.Empty(t, meta.Header.Get("Age"))
		require.Equal(t, "Fri, 31 Dec 1999 00:00:00 GMT", o.last().Header.Get("If-Modified-Since"))
		require.Equal(t, "Bearer tok_a", o.last().Header.Get("Authorization"))

		_, status := get(t, c, "/x")
		require.Equal(t, "hit; ttl=60", status, "the 304 has made it fresh again")
		require.Equal(t, 2, o.count())
	})
}

// RFC 9110 section 6.6.1: a 304 without a Date is as old as its arrival, and not as what
// it makes good.
func TestA304WithoutADateMakesFresh(t *testing.T) {
	for name, fields := range map[string][]string{
		"max-age": {"Cache-Control: max-age=60"}, "that of the stored response": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			o := &origin{handler: func(_ int, req *http.Request) *http.Response {
				if req.Header.Get("If-None-Match") != `"v1"` {
					return reply(200, `"v1"`, "Cache-Control: max-age=60", `ETag: "v1"`)
				}
				resp := reply(304, "", fields...)
				resp.Header.Del("Date")
				return resp
			}}
			c := newClient(t, o, httpcache.New(httpcache.Config{}))
			get(t, c, "/x")
			time.Sleep(time.Hour)
			_, status := get(t, c, "/x")
			require.Equal(t, "fwd=stale; fwd-status=304", status, name)
			_, status = get(t, c, "/x")
			require.Equal(t, "hit; ttl=60", status, name)
			require.Equal(t, 2, o.count(), name)
		})
	}
}

func TestRevalidationByLastModifiedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = "Fri, 31 Dec 1999 00:00:00 GMT"
		o := &origin{handler: func(n int, req *http.Request) *http.Response {
			if req.Header.Get("If-Modified-Since") == day {
				return reply(304, "")
			}
			return reply(200, "1", "Last-Modified: "+day)
		}}
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		get(t, c, "/x")
		got, status := get(t, c, "/x")
		require.Equal(t, "1", got)
		require.Equal(t, "fwd=stale; fwd-status=304", status)
		require.Empty(t, o.last().Header.Get("If-None-Match"))
	})
}

func TestASuccessReplacesWhatWasStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{})
		c := newClient(t, numbered(`ETag: "old"`), cache)
		get(t, c, "/x")
		got, status := get(t, c, "/x")
		require.Equal(t, "2", got)
		require.Equal(t, "fwd=stale", status)
		require.Equal(t, 1, cache.Stats().Entries)
	})
}

// A 304 that is about something else says nothing of what is stored (RFC 9111 section
// 4.3.4): it is asked again without a condition.
func TestA304OfAnotherETagIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{handler: func(n int, req *http.Request) *http.Response {
			if req.Header.Get("If-None-Match") != "" {
				return reply(304, "", `ETag: "other"`)
			}
			return reply(200, strconv.Itoa(n), `ETag: "mine"`)
		}}
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		get(t, c, "/x")
		got, _ := get(t, c, "/x")
		require.Equal(t, "3", got)
		require.Equal(t, 3, o.count())
	})
}

// Without an ETag the date is what it is known by; beside one it is not.
func TestA304OfAnotherDateIsNotBelieved(t *testing.T) {
	for field, asked := range map[string]int{"X-None: 1": 3, `ETag: "mine"`: 2} {
		synctest.Test(t, func(t *testing.T) {
			o := &origin{handler: func(n int, req *http.Request) *http.Response {
				if req.Header.Get("If-Modified-Since") != "" {
					return reply(304, "", "Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT")
				}
				return reply(200, strconv.Itoa(n), "Last-Modified: Fri, 31 Dec 1999 00:00:00 GMT", field)
			}}
			c := newClient(t, o, httpcache.New(httpcache.Config{}))
			get(t, c, "/x")
			get(t, c, "/x")
			require.Equal(t, asked, o.count(), field)
		})
	}
}

// What the 304 says counts from then on, also that nothing may be kept.
func TestA304CanEndTheStoring(t *testing.T) {
	for _, field := range []string{"Cache-Control: no-store", "Vary: *"} {
		synctest.Test(t, func(t *testing.T) {
			cache := httpcache.New(httpcache.Config{})
			o := &origin{handler: func(n int, req *http.Request) *http.Response {
				if req.Header.Get("If-None-Match") != "" {
					return reply(304, "", field)
				}
				return reply(200, "1", `ETag: "v"`)
			}}
			c := newClient(t, o, cache)
			get(t, c, "/x")
			got, _ := get(t, c, "/x")
			require.Equal(t, "1", got)
			require.Zero(t, cache.Stats().Entries, field)
		})
	}
}

// A body that net/http has inflated stays what it is, whatever a 304 says of another.
func TestA304DescribesNoBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{handler: func(n int, req *http.Request) *http.Response {
			if req.Header.Get("If-None-Match") != "" {
				return reply(304, "", "Content-Encoding: gzip", "Content-Length: 999", "Connection: X-Hop", "X-Hop: 1")
			}
			resp := reply(200, "1", `ETag: "v"`)
			resp.Uncompressed, resp.ContentLength = true, -1
			return resp
		}}
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		get(t, c, "/x")
		resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
		require.NoError(t, err)
		require.Equal(t, "1", drain(t, resp))
		require.True(t, resp.Uncompressed)
		require.Equal(t, int64(-1), resp.ContentLength)
		for _, name := range []string{"Content-Encoding", "Content-Length", "X-Hop", "Connection"} {
			require.Empty(t, resp.Header.Get(name), name)
		}
	})
}

func TestARefusalDropsWhatWasStored(t *testing.T) {
	for status, kept := range map[int]bool{401: false, 403: false, 404: false, 301: false, 429: true, 503: true} {
		synctest.Test(t, func(t *testing.T) {
			cache := httpcache.New(httpcache.Config{})
			o := numbered(`ETag: "v"`)
			c := newClient(t, o, cache)
			get(t, c, "/x")
			o.handler = func(int, *http.Request) *http.Response { return reply(status, "") }
			resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
			require.NoError(t, err)
			drain(t, resp)
			require.Equal(t, status, resp.StatusCode)
			require.Equal(t, kept, cache.Stats().Entries == 1, "%d", status)
		})
	}
}

func TestStaleIfError(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg    httpcache.Config
		says   string
		status int // 0 is none at all
		after  time.Duration
		served bool
	}{
		"the service permits it":             {httpcache.Config{}, "max-age=60, stale-if-error=600", 503, 10 * time.Minute, true},
		"and for how long":                   {httpcache.Config{}, "max-age=60, stale-if-error=600", 503, 12 * time.Minute, false},
		"the app does":                       {httpcache.Config{StaleIfError: time.Hour}, "max-age=60", 500, 10 * time.Minute, true},
		"the longer of the two":              {httpcache.Config{StaleIfError: time.Minute}, "max-age=60, stale-if-error=600", 502, 10 * time.Minute, true},
		"nobody does":                        {httpcache.Config{}, "max-age=60", 503, 10 * time.Minute, false},
		"must-revalidate stands above it":    {httpcache.Config{StaleIfError: time.Hour}, "max-age=60, must-revalidate", 503, 10 * time.Minute, false},
		"no-cache does":                      {httpcache.Config{StaleIfError: time.Hour}, "max-age=60, no-cache", 503, 10 * time.Minute, false},
		"no response at all":                 {httpcache.Config{StaleIfError: time.Hour}, "max-age=60", 0, 10 * time.Minute, true},
		"a refusal is the service's word":    {httpcache.Config{StaleIfError: time.Hour}, "max-age=60", 403, 10 * time.Minute, false},
		"a throttle is no outage":            {httpcache.Config{StaleIfError: time.Hour}, "max-age=60", 429, 10 * time.Minute, false},
		"not implemented will not come back": {httpcache.Config{StaleIfError: time.Hour}, "max-age=60", 501, 10 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := numbered("Cache-Control: "+tt.says, `ETag: "v"`)
				c := newClient(t, o, httpcache.New(tt.cfg))
				get(t, c, "/x")
				time.Sleep(tt.after)
				o.handler = func(int, *http.Request) *http.Response {
					if tt.status == 0 {
						return nil
					}
					return reply(tt.status, `{"message":"down"}`)
				}
				var meta client.Meta
				got, err := client.Call[int](context.Background(), c, client.Request{Path: "/x", Meta: &meta})
				if !tt.served {
					require.Error(t, err)
					return
				}
				require.NoError(t, err)
				require.Equal(t, 1, got)
				require.Len(t, meta.Attempts, 3, "the retries come first, and are in the ledger")
				require.Contains(t, meta.Header.Get("Cache-Status"), `detail="stale-if-error"`)
				if tt.status != 0 {
					require.Contains(t, meta.Header.Get("Cache-Status"), "fwd-status="+strconv.Itoa(tt.status))
				}
				require.Equal(t, strconv.Itoa(int((tt.after+2*time.Second)/time.Second)), meta.Header.Get("Age"))
			})
		})
	}
}

// Who has gone gets the error of that, and no old data.
func TestStaleIfErrorIsNotForACallerWhoHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control: max-age=1, stale-if-error=600")
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		get(t, c, "/x")
		time.Sleep(time.Minute)
		ctx, cancel := context.WithCancel(context.Background())
		o.handler = func(int, *http.Request) *http.Response { cancel(); return nil }
		_, err := client.Call[int](ctx, c, client.Request{Path: "/x"})
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestVary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{})
		o := numbered("Cache-Control: max-age=60", "Vary: accept-language", "Vary: Accept, X-Absent")
		c := newClient(t, o, cache)
		got, _ := get(t, c, "/x", "Accept-Language: de")
		require.Equal(t, "1", got)
		got, status := get(t, c, "/x", "Accept-Language: fr")
		require.Equal(t, "2", got)
		require.Equal(t, "fwd=vary-miss", status)
		got, _ = get(t, c, "/x", "Accept-Language: de")
		require.Equal(t, "1", got)
		got, _ = get(t, c, "/x", "Accept-Language:  de ")
		require.Equal(t, "1", got, "white space makes no difference")
		got, _ = get(t, c, "/x", "Accept-Language: de", "User-Agent: another")
		require.Equal(t, "1", got, "what Vary does not name does not count")
		got, _ = get(t, c, "/x")
		require.Equal(t, "3", got)
		for i := range 20 {
			get(t, c, "/x", "Accept-Language: l"+strconv.Itoa(i))
		}
		require.Equal(t, 8, cache.Stats().Entries, "of one URL few are kept")
	})
}

func TestWritesInvalidate(t *testing.T) {
	for name, tt := range map[string]struct {
		method string
		status int
		fields []string
		asked  bool // again for /x
	}{
		"POST":             {http.MethodPost, 200, nil, true},
		"PUT":              {http.MethodPut, 204, nil, true},
		"DELETE":           {http.MethodDelete, 204, nil, true},
		"a method unknown": {"PURGE", 200, nil, true},
		"refused":          {http.MethodPost, 422, nil, false},
		"a bad request":    {http.MethodPost, 400, nil, false},
		"redirected":       {http.MethodPost, 303, nil, true},
		"maybe applied":    {http.MethodPost, 500, nil, true},
		"lost":             {http.MethodPost, 0, nil, true},
		"OPTIONS is safe":  {http.MethodOptions, 200, nil, false},
		"QUERY is safe":    {"QUERY", 200, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := numbered("Cache-Control: max-age=60")
				c := newClient(t, o, httpcache.New(httpcache.Config{}))
				get(t, c, "/x")
				get(t, c, "/other")
				reads := o.handler
				o.handler = func(n int, req *http.Request) *http.Response {
					if req.Method == http.MethodGet {
						return reads(n, req)
					}
					if tt.status == 0 {
						return nil
					}
					return reply(tt.status, "", tt.fields...)
				}
				_, err := client.Call[client.None](context.Background(), c, client.Request{Method: tt.method, Path: "/x"})
				if tt.status == 0 {
					require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				}
				got, _ := get(t, c, "/x")
				require.Equal(t, tt.asked, got != "1")
				got, _ = get(t, c, "/other")
				require.Equal(t, "2", got)
			})
		})
	}
}

// RFC 9111 section 4.4: where the service says that a write concerns another URL too,
// that is dropped, but for one of another origin.
func TestWritesInvalidateWhatTheyName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control: max-age=60")
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		for _, path := range []string{"/made", "/described", "/kept"} {
			get(t, c, path)
		}
		reads := o.handler
		o.handler = func(n int, req *http.Request) *http.Response {
			if req.Method == http.MethodPost {
				return reply(201, "", "Location: /made", "Content-Location: https://api.example.com/described")
			}
			return reads(n, req)
		}
		require.NoError(t, post(c, "/x"))
		o.handler = func(n int, req *http.Request) *http.Response {
			if req.Method == http.MethodPost {
				return reply(201, "", "Location: https://evil.example/kept", "Content-Location: http://api.example.com/kept")
			}
			return reads(n, req)
		}
		require.NoError(t, post(c, "/x"))
		for path, again := range map[string]bool{"/made": true, "/described": true, "/kept": false} {
			_, status := get(t, c, path)
			require.Equal(t, again, strings.HasPrefix(status, "fwd"), path)
		}
	})
}

func post(c *client.Client, path string) error {
	_, err := client.Post[client.None](context.Background(), c, path, 1)
	return err
}

// What was asked for before a write may be what was before it.
func TestWhatWasAskedForBeforeAWriteIsNotKeptAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{})
		o := numbered("Cache-Control: max-age=60")
		c := newClient(t, o, cache)
		resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
		require.NoError(t, err)
		require.NoError(t, post(c, "/x"))
		drain(t, resp)
		require.Zero(t, cache.Stats().Entries)
	})
}
