package tap_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/internal/tap"
	"github.com/standpipe-go/standpipe/retry"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// records are what a handler has reported.
type records struct{ all []tap.Record }

func (r *records) logs(level slog.Level, next slog.Handler) slog.Handler {
	return tap.Logs{Level: level, Next: next, Report: func(_ context.Context, rec tap.Record) { r.all = append(r.all, rec) }}.Handler()
}

func (r *records) last(t *testing.T) (rec tap.Record, attrs string) {
	t.Helper()
	require.NotEmpty(t, r.all)
	rec = r.all[len(r.all)-1]
	raw, err := json.Marshal(rec.Attrs)
	require.NoError(t, err)
	return rec, string(raw)
}

// The handler keeps the rules of package slog.
func TestTheHandlerIsOneOfSlogs(t *testing.T) {
	var got records
	slogtest.Run(t, func(*testing.T) slog.Handler {
		got.all = nil
		return got.logs(slog.LevelDebug, nil)
	}, func(t *testing.T) map[string]any {
		rec, attrs := got.last(t)
		m := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(attrs), &m))
		if m == nil {
			m = map[string]any{}
		}
		m[slog.MessageKey], m[slog.LevelKey] = rec.Message, rec.Level
		if !rec.Time.IsZero() {
			m[slog.TimeKey] = rec.Time
		}
		return m
	})
}

func TestEachHandlerHasItsLevel(t *testing.T) {
	var got records
	var next bytes.Buffer
	log := slog.New(got.logs(slog.LevelError, slog.NewTextHandler(&next, &slog.HandlerOptions{Level: slog.LevelInfo})))
	log = log.With("a", 1).WithGroup("g").With("b", 2)
	require.False(t, log.Enabled(t.Context(), slog.LevelDebug))
	require.True(t, log.Enabled(t.Context(), slog.LevelInfo))
	log.Info("one")
	require.Empty(t, got.all)
	log.Error("two", "c", 3)
	require.Len(t, got.all, 1)
	_, attrs := got.last(t)
	require.JSONEq(t, `{"a":1,"g":{"b":2,"c":3}}`, attrs)
	require.Contains(t, next.String(), "msg=one a=1 g.b=2")
	require.Contains(t, next.String(), "msg=two a=1 g.b=2 g.c=3")
	log.ErrorContext(tap.Own(t.Context()), "three")
	require.Len(t, got.all, 1, "a reporter's own call is not reported")
	require.Contains(t, next.String(), "three", "and logged as ever")

	alone := slog.New(got.logs(slog.LevelError, nil))
	require.False(t, alone.Enabled(t.Context(), slog.LevelWarn))
	require.False(t, alone.Enabled(tap.Own(t.Context()), slog.LevelError))
	require.Same(t, alone.Handler(), alone.Handler().WithGroup(""))
	require.Same(t, alone.Handler(), alone.Handler().WithAttrs(nil))
	strict := slog.New(got.logs(slog.LevelDebug, slog.NewTextHandler(&next, &slog.HandlerOptions{Level: slog.LevelError})))
	strict.Debug("four")
	require.NotContains(t, next.String(), "four")
	require.Len(t, got.all, 2)
}

type badError struct{}

func (badError) Error() string { panic("secret-0123") }

type badJSON struct{}

func (badJSON) MarshalJSON() ([]byte, error) { panic("secret-0123") }

type hidden struct {
	Password string
	Token    int
	Tokens   []string
	Inner    map[string]any
}

// X1: what is named like a credential, and what a URL has beside its path, stay behind.
func TestX1_NothingSecretIsReported(t *testing.T) {
	var got records
	log := slog.New(got.logs(slog.LevelDebug, nil))
	u, err := url.Parse("https://user:secret-0123@example.com/p?key=secret-0123")
	require.NoError(t, err)
	r := httptest.NewRequest("POST", "/orders/1?key=secret-0123", nil)
	r.Header.Set("Authorization", "Bearer secret-0123")
	r.Header.Set("User-Agent", "test")
	log.Error("GET https://user:secret-0123@example.com/?q=secret-0123 failed",
		"url", u, "request", r, "header", http.Header{"X-Api-Key": {"secret-0123"}, "Accept": {"*/*"}},
		"api-key", "secret-0123", "DB_PASSWORD", "secret-0123", slog.Group("credentials", "user", "secret-0123"),
		"error", fmt.Errorf("at %s: %w", u, errors.New("no")), "bad", badError{}, "json", badJSON{}, "f", func() {},
		"struct", hidden{Password: "secret-0123", Token: 7, Tokens: []string{"secret-0123"}, Inner: map[string]any{"secret": "secret-0123", "n": 1, "u": u.String(), "s": []any{"a"}}},
		"long", strings.Repeat("x", 10_000), "large", make([]int, 10_000), "duration", 1500*time.Millisecond, "time", time.Unix(0, 0), "nan", math.NaN(), "inf", math.Inf(1), "float", 0.5, "ok", true, "n", uint64(1)<<63)
	rec, attrs := got.last(t)
	require.NotContains(t, attrs+rec.Message, "secret-0123")
	require.ErrorContains(t, rec.Err, "no")
	require.NotZero(t, rec.PC)
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(attrs), &m))
	require.Len(t, m["long"], 8<<10+len("…"))
	delete(m, "long")
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	require.JSONEq(t, `{"url":"https://example.com/p?key=[redacted]","request":{"method":"POST","url":"http://example.com/orders/1?key=[redacted]","headers":{"User-Agent":"test"}},
		"header":{"X-Api-Key":["[redacted]"],"Accept":["*/*"]},"api-key":"[redacted]","DB_PASSWORD":"[redacted]","credentials":"[redacted]",
		"error":"at https://example.com/p?key=[redacted] no","bad":"[its Error method panicked]","json":"[tap_test.badJSON]","f":"[func()]",
		"struct":{"Password":"[redacted]","Token":7,"Tokens":"[redacted]","Inner":{"secret":"[redacted]","n":1,"u":"https://example.com/p?key=[redacted]","s":["a"]}},
		"large":"[[]int]","duration":"1.5s","time":"1970-01-01T00:00:00Z","nan":"NaN","inf":"+Inf","float":0.5,"ok":true,"n":9223372036854775808}`,
		string(raw))
}

// C37: values that are nil, or half made, are shown as what they are.
func TestC37_NothingIsAskedOfNil(t *testing.T) {
	var got records
	log := slog.New(got.logs(slog.LevelDebug, nil))
	log.Error("m", "request", (*http.Request)(nil), "bare", &http.Request{Method: "GET"}, "url", (*url.URL)(nil), "header", http.Header(nil), "nil", nil)
	_, attrs := got.last(t)
	require.JSONEq(t, `{"request":{"method":"","url":""},"bare":{"method":"GET","url":""},"url":"","header":{},"nil":null}`, attrs)
	require.Equal(t, tap.Request{}, tap.RequestOf(nil))
}

func TestGroups(t *testing.T) {
	var got records
	log := slog.New(got.logs(slog.LevelDebug, nil))
	log.WithGroup("a").WithGroup("b").Info("m")
	rec, _ := got.last(t)
	require.Nil(t, rec.Attrs, "a group without attributes is none")
	log.With("a", 1).WithGroup("a").Info("m", "b", 2, slog.Group("", "c", 3), slog.Group("d"), "", 4, slog.Any("", nil))
	_, attrs := got.last(t)
	require.JSONEq(t, `{"a":{"b":2,"c":3}}`, attrs)
	one := log.WithGroup("g")
	for range 5 { // so that what they are made of has room for more
		one = one.With("x", 1)
		y := one.With("y", 2)
		one.With("z", 3).Info("m")
		y.Info("m")
		_, attrs = got.last(t)
		require.JSONEq(t, `{"g":{"x":1,"y":2}}`, attrs, "two loggers of one do not mix")
	}
	log.Info("m", "e", errors.New("first"), "f", errors.New("second"))
	rec, _ = got.last(t)
	require.EqualError(t, rec.Err, "first")
}

// A call that has failed is told without what it held.
func TestFailedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []tap.Call
		report := func(_ context.Context, c tap.Call) { got = append(got, c) }
		rt := clienttest.NewTransport(t, clienttest.MustParse(`503 X-Request-Id=req_1 {"error":{"code":"down","message":"secret-0123"}}, 200 {}, 404, reset, 429, 503, 503`)...)
		c, err := client.New("https://api.example.com", client.WithProfile(client.Profile{Name: "example"}), client.WithTransport(rt), client.WithRetry(retry.Never),
			client.WithObserver(tap.Failed(func(c client.CallEnded) bool { return c.Status != 404 }, report)))
		require.NoError(t, err)
		call := func(ctx context.Context) {
			_, _ = client.Call[client.None](ctx, c, client.Request{Method: "POST", Path: "/orders/secret-0123", Route: "/orders/{id}", Query: url.Values{"k": {"secret-0123"}}})
			synctest.Wait()
		}
		call(t.Context())
		require.Len(t, got, 1)
		require.NotContains(t, fmt.Sprintf("%+v %s", got, got[0]), "secret-0123")
		require.Equal(t, "call to example failed: POST api.example.com/orders/{id}: 503 Service Unavailable: service failure", got[0].String())
		require.Equal(t, []any{"down", "req_1", 1, client.MaybeApplied}, []any{got[0].Code, got[0].RequestID, got[0].Attempts, got[0].Effect})
		call(t.Context()) // a success
		call(t.Context()) // a 404, which is not wanted
		require.Len(t, got, 1)
		call(t.Context())
		require.Equal(t, "call to example failed: POST api.example.com/orders/{id}: no response", got[1].String())
		call(t.Context())
		require.Equal(t, "call to example failed: POST api.example.com/orders/{id}: 429 Too Many Requests: "+client.ErrRateLimited.Error(), got[2].String())
		call(tap.Own(t.Context()))
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		call(canceled)
		require.Len(t, got, 3, "neither a reporter's own call nor one that was given up")
		bare, err := client.New("https://api.example.com", client.WithTransport(rt), client.WithRetry(retry.Never), client.WithObserver(tap.Failed(nil, report)))
		require.NoError(t, err)
		_, _ = client.Get[client.None](t.Context(), bare, "/x")
		synctest.Wait()
		require.Equal(t, "call to api.example.com failed: GET api.example.com: 503 Service Unavailable: service failure", got[3].String())
	})
}

func explode(v any) { panic(v) }

func TestPanics(t *testing.T) {
	var got []tap.Panic
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/runtime":
			var list []int
			_ = list[len(t.Name())]
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/fine":
			w.WriteHeader(204)
		default:
			explode("secret-0123")
		}
	})
	h := tap.Middleware(next, func(r *http.Request, p tap.Panic) { got = append(got, p) })
	serve := func(path string) { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)) }
	serve("/fine")
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { serve("/abort") })
	require.Empty(t, got)
	require.PanicsWithValue(t, "secret-0123", func() { serve("/x") }, "it panics on")
	require.Equal(t, "the program panicked with a string", got[0].Text)
	require.NotContains(t, got[0].Stack, "secret-0123")
	require.True(t, strings.HasPrefix(got[0].Stack, "github.com/standpipe-go/standpipe/providers/internal/tap_test.explode\n\t"), got[0].Stack)
	require.Panics(t, func() { serve("/runtime") })
	require.Equal(t, fmt.Sprintf("the program panicked: runtime error: index out of range [%d] with length 0", len(t.Name())), got[1].Text)
	require.True(t, strings.HasPrefix(got[1].Stack, "github.com/standpipe-go/standpipe/providers/internal/tap_test.TestPanics.func1\n\t"), got[1].Stack)
	require.Contains(t, tap.Recovered("x").Stack, "TestPanics", "without a panic it is the caller's")
}

func TestARequestOverTLS(t *testing.T) {
	r := httptest.NewRequest("GET", "https://example.com/p?a=1", nil)
	r.Header["X-None"], r.Header["Accept"] = nil, nil
	require.Equal(t, tap.Request{Method: "GET", URL: "https://example.com/p?a=[redacted]", Header: map[string]string{}}, tap.RequestOf(r))
	r.URL.Host, r.URL.Scheme = "", ""
	require.Equal(t, "https://example.com/p?a=[redacted]", tap.RequestOf(r).URL)
}

func TestNamesOfCredentials(t *testing.T) {
	for name, want := range map[string]bool{
		"password": true, "X-Api-Key": true, "api_key": true, "DD_APP_KEY": true, "refresh.token": true, "Set-Cookie": true, "private key": true, "SENTRY_DSN": true,
		"key": false, "user": false, "": false, "author": false, "order": false,
	} {
		require.Equal(t, want, tap.Secretive(name), name)
	}
}

// What is in a group that is named like a credential stays behind, however the group was
// made.
func TestAGroupThatIsACredential(t *testing.T) {
	for name, logs := range map[string]func(*slog.Logger){
		"an attribute": func(l *slog.Logger) {
			l.Error("m", slog.Group("credentials", "user", "canary", "err", errors.New("canary"), slog.Group("g", "x", "canary")))
		},
		"WithGroup": func(l *slog.Logger) {
			l.WithGroup("credentials").Error("m", "user", "canary", "err", errors.New("canary"))
		},
		"and With": func(l *slog.Logger) {
			l.WithGroup("credentials").With("user", "canary").Error("m", "err", errors.New("canary"))
		},
		"a group in it": func(l *slog.Logger) { l.WithGroup("credentials").WithGroup("g").Error("m", "x", "canary") },
	} {
		var got records
		log := slog.New(got.logs(slog.LevelError, nil)).With("a", 1)
		logs(log)
		rec, attrs := got.last(t)
		require.JSONEq(t, `{"a":1,"credentials":"[redacted]"}`, attrs, name)
		require.NoError(t, rec.Err, name)
	}
	var got records
	slog.New(got.logs(slog.LevelError, nil)).WithGroup("credentials").Error("m")
	require.Nil(t, got.all[0].Attrs, "there is nothing in it")
}

// A fragment may hold a token (RFC 6749 section 4.2.2).
func TestAFragmentStaysBehind(t *testing.T) {
	for given, want := range map[string]string{
		"got https://app.example.com/cb#access_token=canary&state=1 back": "got https://app.example.com/cb back",
		"got https://app.example.com/cb?code=canary#canary back":          "got https://app.example.com/cb?code=[redacted] back",
		"see https://example.com/a#b":                                     "see https://example.com/a#b",
	} {
		require.Equal(t, want, tap.Text(given))
	}
}

// A URL shows neither its query nor its fragment, in whatever it is given.
func TestAURLThatIsNoText(t *testing.T) {
	u, err := url.Parse("https://u:canary@example.com/a?access_token=canary#id_token=canary")
	require.NoError(t, err)
	for name, given := range map[string]any{
		"a pointer": u, "a value": *u, "within a struct": struct{ To *url.URL }{u}, "within a list": []url.URL{*u}, "within a map": map[string]any{"to": u},
	} {
		var got records
		slog.New(got.logs(slog.LevelError, nil)).Error("m", "to", given)
		_, attrs := got.last(t)
		require.NotContains(t, attrs, "canary", name)
		require.Contains(t, attrs, "example.com", name)
	}
}
