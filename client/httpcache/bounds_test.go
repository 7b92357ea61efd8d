package httpcache_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/httpcache"
)

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{MaxBytes: 40_000, MaxEntries: 20, MaxBody: 10_000})
		o := always(200, strings.Repeat("1", 1000), "Cache-Control: max-age=60")
		c := newClient(t, o, cache)
		for i := range 100 {
			get(t, c, "/"+strconv.Itoa(i))
			require.LessOrEqual(t, cache.Stats().Entries, 20)
			require.LessOrEqual(t, cache.Stats().Bytes, int64(40_000))
		}
		require.Equal(t, 20, cache.Stats().Entries)
		_, status := get(t, c, "/99")
		require.Contains(t, status, "hit")
		_, status = get(t, c, "/1")
		require.Equal(t, "fwd=uri-miss", status, "the least recently used have gone")

		o.handler = always(200, strings.Repeat("1", 9000), "Cache-Control: max-age=60").handler
		for i := range 10 {
			get(t, c, "/large/"+strconv.Itoa(i))
			require.LessOrEqual(t, cache.Stats().Bytes, int64(40_000))
		}
	})
}

func TestWhatWasUsedLatelyStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, numbered("Cache-Control: max-age=60"), httpcache.New(httpcache.Config{MaxEntries: 2}))
		for _, path := range []string{"/a", "/b", "/a", "/c"} {
			get(t, c, path)
		}
		_, status := get(t, c, "/a")
		require.Contains(t, status, "hit")
		_, status = get(t, c, "/b")
		require.Equal(t, "fwd=uri-miss", status)
	})
}

// drip is a body whose pieces come one at a time.
type drip struct {
	pieces chan string
	closed chan struct{}
	once   sync.Once
}

func (d *drip) Read(p []byte) (int, error) {
	select {
	case s, ok := <-d.pieces:
		if !ok {
			return 0, io.EOF
		}
		return copy(p, s), nil
	case <-d.closed:
		return 0, io.ErrClosedPipe
	}
}

func (d *drip) Close() error { d.once.Do(func() { close(d.closed) }); return nil }

// A body over the bound, told or not, streams through as it comes.
func TestALongBodyStreamsThrough(t *testing.T) {
	for _, length := range []int64{-1, 3000} {
		synctest.Test(t, func(t *testing.T) {
			cache := httpcache.New(httpcache.Config{MaxBody: 2000})
			d := &drip{pieces: make(chan string, 1), closed: make(chan struct{})}
			o := &origin{handler: func(int, *http.Request) *http.Response {
				resp := reply(200, "", "Cache-Control: max-age=60")
				resp.Body, resp.ContentLength = d, length
				return resp
			}}
			c := newClient(t, o, cache)
			resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
			require.NoError(t, err)
			for range 3 {
				d.pieces <- strings.Repeat("x", 1000)
				n, err := io.ReadFull(resp.Body, make([]byte, 1000))
				require.NoError(t, err)
				require.Equal(t, 1000, n)
			}
			close(d.pieces)
			drain(t, resp)
			require.Zero(t, cache.Stats())
		})
	}
}

func TestWhatIsNotReadToItsEndIsNotKept(t *testing.T) {
	for name, tt := range map[string]struct {
		length int64
		body   string
		read   int
		kept   bool
	}{
		"left early":                           {-1, "12345", 3, false},
		"left early, length known":             {5, "12345", 3, false},
		"all that was announced, and no end":   {5, "12345", 5, true},
		"all, and no end, of a length unknown": {-1, "12345", 5, false},
		"the end":                              {-1, "12345", 9, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache := httpcache.New(httpcache.Config{})
				o := &origin{handler: func(int, *http.Request) *http.Response {
					resp := reply(200, tt.body, "Cache-Control: max-age=60")
					resp.ContentLength = tt.length
					return resp
				}}
				c := newClient(t, o, cache)
				resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
				require.NoError(t, err)
				_, _ = io.ReadFull(resp.Body, make([]byte, tt.read))
				require.NoError(t, resp.Body.Close())
				require.Equal(t, tt.kept, cache.Stats().Entries == 1)
			})
		})
	}
}

// A truncated body is nobody's.
func TestATruncatedBodyIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{})
		o := &origin{handler: func(int, *http.Request) *http.Response {
			resp := reply(200, "123", "Cache-Control: max-age=60")
			resp.ContentLength = 5
			return resp
		}}
		c := newClient(t, o, cache)
		resp, err := c.HTTPClient().Get("https://api.example.com/x")
		require.NoError(t, err)
		_, _ = io.ReadAll(resp.Body)
		require.NoError(t, resp.Body.Close())
		require.Zero(t, cache.Stats())
	})
}

// A GET with a body is another request for each body.
func TestAGetWithABodyGoesByTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := numbered("Cache-Control: max-age=60")
		c := newClient(t, o, httpcache.New(httpcache.Config{}))
		for i := range 2 {
			got, err := client.Call[int](context.Background(), c, client.Request{Path: "/x", Body: map[string]int{"q": i}})
			require.NoError(t, err)
			require.Equal(t, i+1, got)
		}
	})
}

func TestQueriesAndHostsAreKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, numbered("Cache-Control: max-age=60"), httpcache.New(httpcache.Config{}))
		for i, r := range []client.Request{
			{Path: "/x"}, {Path: "/x", Query: map[string][]string{"a": {"1"}}}, {Path: "/x", Query: map[string][]string{"a": {"2"}}},
			{Path: "/X"}, {Path: "/x", Header: http.Header{"Host": {"tenant.example.com"}}},
		} {
			for range 2 {
				got, err := client.Call[int](context.Background(), c, r)
				require.NoError(t, err)
				require.Equal(t, i+1, got)
			}
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	cache := httpcache.New(httpcache.Config{MaxEntries: 50, MaxBytes: 100_000})
	o := &origin{handler: func(n int, req *http.Request) *http.Response {
		return reply(200, strconv.Quote(req.URL.Path), "Cache-Control: max-age=1", `ETag: "v"`)
	}}
	c := newClient(t, o, cache)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				path := "/" + strconv.Itoa((i*7+g)%90)
				if i%50 == 0 {
					_ = post(c, path)
				}
				got, err := client.Get[string](context.Background(), c, path)
				if err != nil || got != path {
					t.Errorf("%s: %q, %v", path, got, err)
				}
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, cache.Stats().Entries, 50)
	time.Sleep(0)
}

// A response belongs to who has it: what is done to its header changes nothing that is
// kept.
func TestAResponseIsTheCallersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, numbered("Cache-Control: max-age=60", "X-Own: 1"), httpcache.New(httpcache.Config{}))
		for range 3 {
			resp, err := c.Do(context.Background(), client.Request{Path: "/x"})
			require.NoError(t, err)
			require.Equal(t, "1", drain(t, resp))
			require.Equal(t, []string{"1"}, resp.Header["X-Own"])
			resp.Header["X-Own"][0] = "changed"
			resp.Header.Set("Cache-Control", "max-age=999999")
		}
	})
}

func TestNegativeBoundsKeepNothing(t *testing.T) {
	for _, cfg := range []httpcache.Config{{MaxEntries: -1}, {MaxBytes: -1}, {MaxBody: -1}} {
		synctest.Test(t, func(t *testing.T) {
			cache := httpcache.New(cfg)
			c := newClient(t, numbered("Cache-Control: max-age=60"), cache)
			for i := range 3 {
				got, _ := get(t, c, "/x")
				require.Equal(t, strconv.Itoa(i+1), got)
			}
			require.Zero(t, cache.Stats())
		})
	}
}

// The copies that are being made have a bound together, and give it back.
func TestCopiesUnderWayAreBoundedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{MaxBytes: 5000})
		c := newClient(t, always(200, strings.Repeat("x", 3000), "Cache-Control: max-age=60"), cache)
		open := func(path string) *http.Response {
			resp, err := c.Do(context.Background(), client.Request{Path: path})
			require.NoError(t, err)
			_, err = io.ReadFull(resp.Body, make([]byte, 2900))
			require.NoError(t, err)
			return resp
		}
		one, two := open("/1"), open("/2")
		drain(t, one)
		drain(t, two)
		require.Equal(t, 1, cache.Stats().Entries, "there was room for one of them")
		drain(t, open("/3"))
		_, status := get(t, c, "/3")
		require.Contains(t, status, "hit")
		require.NoError(t, open("/4").Body.Close())
		drain(t, open("/5"))
		_, status = get(t, c, "/5")
		require.Contains(t, status, "hit")
	})
}

// Of two that were under way at once the one that was asked for later stays.
func TestAnOlderResponseDoesNotReplaceANewerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, numbered("Cache-Control: max-age=60"), httpcache.New(httpcache.Config{}))
		older, err := c.Do(context.Background(), client.Request{Path: "/x"})
		require.NoError(t, err)
		time.Sleep(time.Second)
		newer, err := c.Do(context.Background(), client.Request{Path: "/x"})
		require.NoError(t, err)
		drain(t, newer)
		drain(t, older)
		got, status := get(t, c, "/x")
		require.Contains(t, status, "hit")
		require.Equal(t, "2", got)
	})
}

// One that is too long now drops what was there before.
func TestALongerBodyDropsWhatWasStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := httpcache.New(httpcache.Config{MaxBody: 100})
		o := numbered(`ETag: "v"`)
		c := newClient(t, o, cache)
		get(t, c, "/x")
		require.Equal(t, 1, cache.Stats().Entries)
		o.handler = always(200, strings.Repeat("1", 101), `ETag: "w"`).handler
		get(t, c, "/x")
		require.Zero(t, cache.Stats())
		o.handler = always(200, strings.Repeat("1", 100), `ETag: "w"`).handler
		get(t, c, "/x")
		require.Equal(t, 1, cache.Stats().Entries)
	})
}
