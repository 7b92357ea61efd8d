package clienttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func get(t *testing.T, hc *http.Client, url string) (*http.Response, string, error) {
	t.Helper()
	resp, err := hc.Get(url)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, resp.Body.Close())
	return resp, string(body), err
}

func TestScriptIsFollowed(t *testing.T) {
	const script = `429 Retry-After=2, reset, 200 {"a":[1,{"b":",}"}]}`
	srv := clienttest.NewServer(t, clienttest.MustParse(script)...)
	tr := &http.Transport{DisableKeepAlives: true}
	for name, tc := range map[string]struct {
		hc    *http.Client
		url   string
		count func() int
	}{
		"server":    {&http.Client{Transport: tr}, srv.URL + "/x?y=z", srv.Count},
		"transport": {&http.Client{Transport: clienttest.NewTransport(t, clienttest.MustParse(script)...)}, "http://x.example/x?y=z", func() int { return 4 }},
	} {
		t.Run(name, func(t *testing.T) {
			resp, _, err := get(t, tc.hc, tc.url)
			require.NoError(t, err)
			require.Equal(t, 429, resp.StatusCode)
			require.Equal(t, "2", resp.Header.Get("Retry-After"))
			_, _, err = get(t, tc.hc, tc.url)
			require.Error(t, err)
			for range 2 { // the last step goes on
				resp, body, err := get(t, tc.hc, tc.url)
				require.NoError(t, err)
				require.Equal(t, 200, resp.StatusCode)
				require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
				require.Equal(t, `{"a":[1,{"b":",}"}]}`, body)
			}
			require.Equal(t, 4, tc.count())
		})
	}
	require.Equal(t, "/x?y=z", srv.Last().URL)
}

// A handler sees the request whole, though it has been recorded before.
func TestHandlersSeeTheRequest(t *testing.T) {
	echo := clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+string(body))
	})
	tr := &http.Transport{DisableKeepAlives: true}
	for name, tc := range map[string]struct {
		rt  http.RoundTripper
		url string
	}{
		"server":    {tr, clienttest.NewServer(t, echo).URL},
		"transport": {clienttest.NewTransport(t, echo), "http://x.example"},
	} {
		resp, err := (&http.Client{Transport: tc.rt}).Post(tc.url+"/x?y=z", "text/plain", strings.NewReader("hello"))
		require.NoError(t, err, name)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, "POST /x?y=z hello", string(body), name)
	}
}

// A server keeps the body of a response to a HEAD to itself, whatever the handler does.
func TestAHeadHasNoBody(t *testing.T) {
	t.Parallel()
	step := clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	tr := &http.Transport{DisableKeepAlives: true}
	for url, rt := range map[string]http.RoundTripper{
		clienttest.NewServer(t, step).URL: tr, "http://x.example": clienttest.NewTransport(t, step),
	} {
		resp, err := (&http.Client{Transport: rt}).Head(url)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Empty(t, body, url)
	}
}

func TestHeaderReplaces(t *testing.T) {
	for _, step := range []clienttest.Step{
		clienttest.JSON(200, "{}").Header("content-type", "text/html").Header("Set-Cookie", "a", "b"),
		clienttest.MustParse("200 Content-Type=text/html Set-Cookie=a Set-Cookie=b {}")[0],
	} {
		resp, err := clienttest.NewTransport(t, step).RoundTrip(httptest.NewRequest("GET", "http://x.example/", nil))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, []string{"text/html"}, resp.Header["Content-Type"])
		require.Equal(t, []string{"a", "b"}, resp.Header["Set-Cookie"])
	}
	once := clienttest.Status(200).Header("X-A", "1")
	_ = once.Header("X-A", "2")
	resp, err := clienttest.NewTransport(t, once).RoundTrip(httptest.NewRequest("GET", "http://x.example/", nil))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "1", resp.Header.Get("X-A"), "a step is a value")
}

func TestFaults(t *testing.T) {
	for _, mk := range []func(...clienttest.Step) (*http.Client, string){
		func(s ...clienttest.Step) (*http.Client, string) {
			return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, clienttest.NewServer(t, s...).URL
		},
		func(s ...clienttest.Step) (*http.Client, string) {
			return &http.Client{Transport: clienttest.NewTransport(t, s...)}, "http://x.example"
		},
	} {
		hc, url := mk(clienttest.Truncate(200, `{"a":1}`, 3))
		_, body, err := get(t, hc, url)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, `{"a`, body)

		hc, url = mk(clienttest.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		req, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
		_, err = hc.Do(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()

		hc, url = mk(clienttest.Status(204).After(time.Hour))
		ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
		req, _ = http.NewRequestWithContext(ctx, "GET", url, nil)
		_, err = hc.Do(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
	}
	synctest.Test(t, func(t *testing.T) {
		hc := &http.Client{Transport: clienttest.NewTransport(t, clienttest.MustParse("after 3s 204")...)}
		start := time.Now()
		resp, _, err := get(t, hc, "http://x.example")
		require.NoError(t, err)
		require.Equal(t, 204, resp.StatusCode)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestRecordsConcurrentRequests(t *testing.T) {
	t.Parallel()
	srv := clienttest.NewServer(t)
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			resp, err := hc.Post(srv.URL, "text/plain", strings.NewReader(fmt.Sprint(i)))
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, r := range srv.Requests() {
		seen[string(r.Body)] = true
		require.Equal(t, "text/plain", r.Header.Get("Content-Type"))
	}
	require.Len(t, seen, 50)
}

func TestBadScripts(t *testing.T) {
	for _, bad := range []string{"", " ", "abc", "0", "99", "1000", "200 noequals", "0x 200", "xx 200", "after 200", "after -1s 200", "reset A=b", `hang {}`, "200,", "200,,200", "2x"} {
		_, err := clienttest.Parse(bad)
		if bad == "200," {
			require.NoError(t, err, bad)
			continue
		}
		require.Error(t, err, bad)
	}
	require.Panics(t, func() { clienttest.MustParse("nonsense") })
}

func TestABodyIsJSONAsAWhole(t *testing.T) {
	for _, bad := range []string{`200 {"a":1}; 503`, `200 {"a":1} 503`, `200 {"a":1`, `200 [1,]`, `200 {a:1}`, `503, 200 {}]`} {
		_, err := clienttest.Parse(bad)
		require.ErrorContains(t, err, "it is no JSON: steps are separated by commas", bad)
	}
	for _, good := range []string{`200 {"a":1}, 503`, `200 [] , 503`, `200 {"a":"; 503"},2x reset`} {
		steps, err := clienttest.Parse(good)
		require.NoError(t, err, good)
		require.Greater(t, len(steps), 1)
	}
}

// A reset reads the same from a server and from a transport.
func TestAResetIsOne(t *testing.T) {
	direct := &http.Transport{DisableKeepAlives: true}
	for name, tc := range map[string]struct {
		rt  http.RoundTripper
		url string
	}{
		"server":    {direct, clienttest.NewServer(t, clienttest.Reset()).URL},
		"transport": {clienttest.NewTransport(t, clienttest.Reset()), "http://x.example"},
	} {
		c, err := client.New(tc.url, client.WithTransport(tc.rt), client.WithRetry(retry.Never))
		require.NoError(t, err, name)
		_, err = client.Post[client.None](t.Context(), c, "/", map[string]int{"a": 1})
		require.ErrorContains(t, err, "connection reset by peer", name)
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, name)
		require.Equal(t, client.MaybeApplied, e.Effect, name)
	}
}

// On a connection that is in use for longer, too, net/http repeats nothing.
func TestAResetOfAKeptConnection(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.MustParse("200, reset, 201")...)
	c, err := client.New(srv.URL)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	for _, want := range []error{nil, syscall.ECONNRESET} {
		_, err = client.Post[client.None](t.Context(), c, "/", map[string]int{"a": 1})
		require.ErrorIs(t, err, want)
	}
	require.Equal(t, 2, srv.Count())
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"200", `429 Retry-After=2, 2x reset, after 50ms 503, 200 {"id":"a,b","n":[1,2]}`, "hang", `200 {"a":"\"}"}`, "3x 500 A=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 200 {
			return
		}
		steps, err := clienttest.Parse(s)
		if (err == nil) != (len(steps) > 0) {
			t.Fatalf("%d steps, error %v", len(steps), err)
		}
	})
}

func Example() {
	srv := clienttest.Start(clienttest.MustParse(`503 Retry-After=0, 200 {"id":"cus_1"}`)...)
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseIdleConnections()
	got, err := client.Get[struct{ ID string }](context.Background(), c, "/v1/customers/cus_1")
	fmt.Println(got.ID, err, srv.Count(), "requests")
	// Output:
	// cus_1 <nil> 2 requests
}
