package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

const canary = `cAn4ry/+="tok en&<0>`

// forms are the shapes in which a secret can be repeated.
func forms() []string {
	j, _ := json.Marshal(canary)
	return []string{
		canary, url.QueryEscape(canary), url.PathEscape(canary), string(j[1 : len(j)-1]),
		base64.StdEncoding.EncodeToString([]byte(canary)), base64.RawURLEncoding.EncodeToString([]byte(canary)),
	}
}

// basicForms are those of Basic credentials, which only a client that sends
// them knows.
func basicForms(kind string) []string {
	switch kind {
	case "basic":
		return append(forms(), base64.StdEncoding.EncodeToString([]byte("user:"+canary)))
	case "basic key":
		return append(forms(), base64.StdEncoding.EncodeToString([]byte(canary+":")))
	}
	return forms()
}

func hunt(t *testing.T, where, text string) {
	t.Helper()
	for _, f := range append(basicForms("basic"), basicForms("basic key")...) {
		if i := strings.Index(text, f); i >= 0 {
			require.FailNow(t, "the secret is shown", "%s: as %s: …%s", where, f, text[max(i-80, 0):min(i+80, len(text))])
		}
	}
}

// show prints v in every way a program might.
func show(v any) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v %+v %#v %q %s", v, v, v, v, v)
	j, _ := json.Marshal(v)
	b.Write(j)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	if err, ok := v.(error); ok {
		for err != nil {
			fmt.Fprintf(&b, "%v %+v %#v", err, err, err)
			err = errors.Unwrap(err)
		}
	}
	return b.String()
}

// leak is an error of a transport that repeats the credential.
type leak struct{ kind *string }

func (l *leak) Error() string { return "dial failed for " + strings.Join(basicForms(*l.kind), " ") }

func TestX1_NoSecretIsShownAnywhere(t *testing.T) {
	t.Parallel()
	src := secret.Static(canary)
	kind := ""
	echo := func(status int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			// A service that repeats whatever it was sent, in every form.
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Request-Id", r.Header.Get("Authorization"))
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{
				"code": r.URL.RawQuery, "type": r.Header.Get("Authorization"), "message": "bad key " + r.Header.Get("X-Key") + " " + strings.Join(basicForms(kind), " "),
			}})
		}
	}
	leaky := &leak{&kind}
	faults := map[string]func(*http.Request) (*http.Response, error){
		"401": nil, "400": nil, "503": nil, "redirects": nil, "not json": nil,
		"error": func(*http.Request) (*http.Response, error) { return nil, leaky },
		"url.Error": func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: leaky}
		},
		"op error": func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "read", Err: leaky}
		},
		"nested": func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("wrapped: %w", leaky) },
		"hang":   func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, leaky },
	}
	for name, auth := range map[string]client.Auth{
		"bearer": client.Bearer(src), "header": client.APIKeyHeader("X-Key", src), "query": client.APIKeyQuery("api_key", src),
		"basic": client.Basic("user", src), "basic key": client.BasicKey(src),
	} {
		for fault, transport := range faults {
			t.Run(name+"/"+fault, func(t *testing.T) {
				kind = name
				synctest.Test(t, func(t *testing.T) {
					var rt http.RoundTripper = roundTripper(transport)
					switch fault {
					case "401":
						rt = clienttest.NewTransport(t, clienttest.Handle(echo(401)))
					case "400":
						rt = clienttest.NewTransport(t, clienttest.Handle(echo(400)))
					case "503":
						rt = clienttest.NewTransport(t, clienttest.Handle(echo(503)))
					case "redirects":
						rt = clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
							w.Header().Set("Location", "https://elsewhere.example.com/"+r.URL.RawQuery+"?"+r.URL.RawQuery)
							w.WriteHeader(302)
						}))
					case "not json":
						rt = clienttest.NewTransport(t, clienttest.Text(200, strings.Join(basicForms(kind), " ")))
					}
					var logs bytes.Buffer
					logger := slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
					for _, mw := range []bool{false, true} {
						opts := []client.Option{client.WithAuth(auth), client.WithTransport(rt), client.WithLogger(logger), client.WithPacing(nil)}
						if mw {
							same := func(next http.RoundTripper) http.RoundTripper {
								return roundTripper(func(r *http.Request) (*http.Response, error) {
									hunt(t, "middleware", fmt.Sprintf("%v %v", r.Header, r.URL))
									return next.RoundTrip(r)
								})
							}
							opts = append(opts, client.WithCallMiddleware(same), client.WithAttemptMiddleware(same))
						}
						c, err := client.New(base, opts...)
						require.NoError(t, err)
						hunt(t, "client", show(c))
						ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
						defer cancel()
						var ledger client.Ledger
						ctx = client.WithLedger(ctx, &ledger)
						_, err = client.Call[thing](ctx, c, client.Request{Method: "POST", Path: "/x", Body: thing{}})
						require.Error(t, err)
						hunt(t, "error", show(err))
						for _, a := range asError(t, err).Attempts {
							hunt(t, "attempt", show(a))
							hunt(t, "attempt error", show(a.Err))
						}
						err = drain(client.Events(ctx, c, client.Request{Path: "/e"}))
						require.Error(t, err)
						hunt(t, "events", show(err))
						resp, err := c.HTTPClient().Get(base + "/sdk")
						if err == nil {
							hunt(t, "resp.Request", fmt.Sprintf("%v %v", resp.Request.Header, resp.Request.URL.Host))
							_ = resp.Body.Close()
						} else if fault != "redirects" { // http.Client names a Location that the service made
							hunt(t, "SDK error", show(err))
						}
						for _, a := range ledger.Attempts() {
							hunt(t, "ledger", show(a))
						}
					}
					hunt(t, "logs", logs.String())
				})
			})
		}
	}
}

func TestX1_URLUserInfoAndQuerySecretsAreNotShown(t *testing.T) {
	_, err := client.New("https://user:" + url.PathEscape(canary) + "@api.example.com")
	require.ErrorIs(t, err, client.ErrConfig)
	hunt(t, "base URL", show(err))
	_, err = client.New("https://api.example.com/%zz?" + url.QueryEscape(canary))
	require.ErrorIs(t, err, client.ErrConfig)
	hunt(t, "base URL", show(err))

	c, _ := scripted(t, "404")
	for _, r := range []client.Request{
		{Path: "/x", Query: url.Values{"token": {canary}}},
		{URL: base + "/x?token=" + url.QueryEscape(canary)},
		{URL: "https://u:" + url.PathEscape(canary) + "@api.example.com/x"},
		{URL: "https://elsewhere.example.com/?t=" + url.QueryEscape(canary)},
		{Path: "/x?" + canary},
	} {
		var meta client.Meta
		r.Meta = &meta
		_, err := client.Call[thing](t.Context(), c, r)
		require.Error(t, err)
		hunt(t, "request", show(err))
		hunt(t, "meta", show(meta))
	}
}

func TestC25_ControlCharactersAreRefusedBeforeAnyIO(t *testing.T) {
	for _, ctl := range []string{"\r", "\n", "\x00", "\r\nX-Injected: 1"} {
		bad := "se" + ctl + "cret-value"
		rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
		check := func(err error) {
			t.Helper()
			require.Error(t, err)
			require.NotContains(t, show(err), "cret-value")
			require.Zero(t, rt.Count())
		}
		for _, auth := range []client.Auth{client.Bearer(secret.Static(bad)), client.APIKeyHeader("X-Key", secret.Static(bad))} {
			_, err := client.New(base, client.WithTransport(rt), client.WithAuth(auth))
			require.ErrorIs(t, err, client.ErrConfig, "it is at hand, and no call could succeed")
			check(err)
		}
		later := secret.Func(func(context.Context) ([]secret.Value, error) { return []secret.Value{secret.New(bad)}, nil })
		for _, auth := range []client.Auth{client.Bearer(later), client.APIKeyHeader("X-Key", later)} {
			c := over(t, rt, client.WithAuth(auth))
			_, err := client.Get[thing](t.Context(), c, "/x")
			check(err)
			_, err = c.HTTPClient().Get(base + "/x")
			check(err)
		}
		c := over(t, rt, client.WithProfile(keyed))
		_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x", Header: http.Header{"X-A": {bad}}})
		check(err)
		_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Header: http.Header{bad: {"v"}}})
		require.ErrorIs(t, err, client.ErrRequest)
		_, err = client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/x", IdempotencyKey: bad})
		check(err)
		_, err = client.Call[thing](t.Context(), c, client.Request{Method: "GE" + ctl + "T", Path: "/x"})
		require.ErrorIs(t, err, client.ErrRequest)
		_, err = client.Call[thing](t.Context(), c, client.Request{Path: "/x" + ctl})
		check(err)
		req, _ := http.NewRequest("GET", base+"/x", nil)
		req.Header["X-A"] = []string{bad}
		_, err = c.HTTPClient().Transport.RoundTrip(req)
		check(err)
		_, err = client.New(base, client.WithHeader("X-A", bad))
		require.ErrorIs(t, err, client.ErrConfig)
		check(err)
		_, err = client.New(base, client.WithAuth(client.Basic("us"+ctl+"er", secret.Static("x"))))
		require.ErrorIs(t, err, client.ErrConfig)
	}
}

func TestC27_ServerTextIsQuotedAndCut(t *testing.T) {
	long := strings.Repeat("ä", 4096)
	for _, body := range []string{
		`{"error":{"code":"` + long + `","type":"` + long + `","message":"` + long + `"}}`,
		`{"error":{"code":"a\r\nb","message":"line\r\nINJECTED \u001b[31m"}}`,
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(400, body).Header("Request-Id", strings.Repeat("r", 5000)))
		_, err := client.Get[thing](t.Context(), over(t, rt), "/x")
		e := asError(t, err)
		require.LessOrEqual(t, len(e.Message), 1024)
		require.LessOrEqual(t, len(e.Code), 256)
		text := err.Error()
		require.Less(t, len(text), 8192)
		for _, c := range []string{"\r", "\n", "\x1b"} {
			require.NotContains(t, text, c)
		}
	}
}

func TestErrorSaysWhatMatters(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(402, `{"error":{"code":"card_declined","message":"Your card was declined."}}`).Header("Request-Id", "req_9"))
	c := over(t, rt, client.WithProfile(client.Profile{Name: "stripe"}))
	_, err := client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/v1/charges/ch_1", Route: "/v1/charges/{id}"})
	require.EqualError(t, err, `stripe: POST /v1/charges/{id}: 402 Payment Required card_declined "Your card was declined." (request req_9)`)
}

// What an error says, for each combination of what is known.
func TestErrorSaysWhatIsKnown(t *testing.T) {
	cause := errors.New("why")
	two := []client.Attempt{{Reason: client.NotIdempotent}, {Reason: client.LastAttempt}}
	for want, e := range map[string]client.Error{
		`GET /x:`:                                {},
		`p: GET /x:`:                             {Provider: "p"},
		`GET /x: 404 Not Found`:                  {Status: 404},
		`GET /x: c`:                              {Code: "c", Type: "t"},
		`GET /x: t`:                              {Type: "t"},
		`GET /x: "c\x7f"`:                        {Code: "c\x7f"},
		`GET /x: "a b"`:                          {Code: "a b"},
		`GET /x: "m"`:                            {Message: "m"},
		`GET /x: why`:                            {Err: cause},
		`GET /x: (request r)`:                    {RequestID: "r"},
		`GET /x: (` + two[1].Reason.Text() + `)`: {Attempts: two[1:]},
		`GET /x: (gave up after 2 attempts)`:     {Attempts: two},
		`GET /x: (2 attempts, not retried again: the call had ended)`: {Attempts: []client.Attempt{{}, {Reason: client.ContextEnded}}},
		`GET /x: (2 attempts)`:    {Attempts: []client.Attempt{{}, {Reason: client.NotRetryable}}},
		`GET /x: (never sent)`:    {Effect: client.NeverSent},
		`GET /x: (maybe applied)`: {Effect: client.MaybeApplied},
		`GET /x: 500 Internal Server Error "m": why (maybe applied)`: {Status: 500, Message: "m", Err: cause, Effect: client.MaybeApplied},
	} {
		e.Method, e.Path = "GET", "/x"
		require.EqualError(t, &e, want)
	}
	e := client.Error{Method: "GET", Path: "/x", Code: strings.Repeat("c", 127) + "\xff"}
	require.EqualError(t, &e, `GET /x: "`+strings.Repeat("c", 127)+`\xff"`, "what is short enough is shown as it is")
}

func TestErrorIsWhatItsStatusSays(t *testing.T) {
	of := map[error][]int{
		client.ErrBadRequest: {400, 422}, client.ErrUnauthorized: {401}, client.ErrForbidden: {403}, client.ErrNotFound: {404, 410},
		client.ErrConflict: {409, 412}, client.ErrUnavailable: {500, 501, 502, 503, 504, 599},
	}
	for status := 99; status < 601; status++ {
		for sentinel, statuses := range of {
			is := slices.Contains(statuses, status) || sentinel == client.ErrUnavailable && status >= 500
			require.Equal(t, is, errors.Is(&client.Error{Status: status}, sentinel), "%d is %v", status, sentinel)
		}
	}
	require.NotErrorIs(t, &client.Error{Status: 403, Throttled: true}, client.ErrForbidden)
	_, err := client.Get[client.None](t.Context(), new(client.Client), "/x")
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Len(t, e.Err.(interface{ Unwrap() []error }).Unwrap(), 1, "what has no cause says none")
}

func TestC6_IdempotencyKeys(t *testing.T) {
	const header = "Idempotency-Key"
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`503, reset, 307 Location=/moved, 503, 200 {}`)...)
		c := over(t, rt, client.WithProfile(keyed))
		_, err := client.Post[client.None](t.Context(), c, "/x", thing{ID: "a"})
		require.NoError(t, err)
		seen := rt.Requests()
		require.Len(t, seen, 5)
		first := seen[0].Header.Get(header)
		require.GreaterOrEqual(t, len(first), 20)
		for _, r := range seen {
			require.Equal(t, []string{first}, r.Header[header], "the same on every attempt and every hop")
			require.Equal(t, seen[0].Body, r.Body)
		}
		_, err = client.Post[client.None](t.Context(), c, "/x", thing{ID: "a"})
		require.NoError(t, err)
		require.NotEqual(t, first, rt.Last().Header.Get(header), "once per call")

		_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", IdempotencyKey: "mine"})
		require.NoError(t, err)
		require.Equal(t, "mine", rt.Last().Header.Get(header))
		_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Path: "/x", Header: http.Header{"idempotency-key": {"mine too"}}})
		require.NoError(t, err)
		require.Equal(t, "mine too", rt.Last().Header.Get(header))
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Empty(t, rt.Last().Header.Values(header), "only where the service honours it")

		none := over(t, rt)
		_, err = client.Post[client.None](t.Context(), none, "/x", thing{})
		require.NoError(t, err)
		require.Empty(t, rt.Last().Header.Values(header), "never without a header that is named")
		rt.Script(clienttest.MustParse("503, 200 {}")...)
		_, err = client.Call[client.None](t.Context(), none, client.Request{Method: "POST", Path: "/x", Header: http.Header{header: {"mine"}}})
		require.Equal(t, client.NotIdempotent, asError(t, err).Attempts[0].Reason, "it counts as keyless")
	})
	t.Run("under an SDK", func(t *testing.T) {
		for _, own := range []string{"", "sdk-key"} {
			srv := clienttest.NewServer(t, clienttest.MustParse(`503 Retry-After=0, 307 Location=/moved, 503 Retry-After=0, 200 {}`)...)
			c := served(t, srv, client.WithIdempotencyHeader("idempotency-key"))
			req, err := http.NewRequest("POST", srv.URL+"/x", strings.NewReader(`{"a":1}`))
			require.NoError(t, err)
			if own != "" {
				req.Header.Set(header, own)
			}
			resp, err := c.HTTPClient().Do(req)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, resp.Body)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, 200, resp.StatusCode)
			seen := srv.Requests()
			require.Len(t, seen, 4)
			for _, r := range seen {
				require.Equal(t, seen[0].Header[header], r.Header[header])
				require.Len(t, r.Header[header], 1)
				require.Equal(t, `{"a":1}`, string(r.Body))
			}
			if own != "" {
				require.Equal(t, own, seen[0].Header.Get(header), "an SDK's own key is never overwritten")
			}
		}
	})
}

// C6: a key of the caller's own is sent, or it is an error: never dropped.
func TestC6_ExplicitKeyIsNeverDropped(t *testing.T) {
	c, rt := scripted(t, "503")
	_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", IdempotencyKey: "mine"})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Zero(t, rt.Count())

	c, rt = scripted(t, "204", client.WithIdempotencyHeader("Idempotency-Key"))
	for method, want := range map[string]string{"POST": "mine", "PUT": "mine", "LOCK": "mine", "GET": ""} {
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: method, IdempotencyKey: "mine"})
		require.NoError(t, err)
		require.Equal(t, want, rt.Last().Header.Get("Idempotency-Key"), method)
	}
	rt.Script(clienttest.Status(503))
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "LOCK", IdempotencyKey: "mine"})
	require.Len(t, asError(t, err).Attempts, 1, "the service is not known to honour it there")
}

// C25: a body's content type is a header too.
func TestC25_ContentTypeOfABody(t *testing.T) {
	c, rt := scripted(t, "204")
	for _, body := range []client.Body{
		client.Raw("text/plain\r\nX-Injected: canary", []byte("x")), client.Stream("a\x00canary", strings.NewReader("x"), 1),
	} {
		_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Body: body})
		require.ErrorIs(t, err, client.ErrRequest)
		require.NotContains(t, err.Error(), "canary")
	}
	require.Zero(t, rt.Count())
}

// C25: so are a key in the query and one in Basic, and what an SDK puts beside its
// headers; a header name that is none is not repeated, since it may be a whole line.
func TestC25_EveryPlaceOfAnSDKsRequest(t *testing.T) {
	for _, ctl := range []string{"\r", "\n", "\x00", "\r\nX-Injected: 1", "\x7f"} {
		bad := "canary" + ctl + "value"
		rt := clienttest.NewTransport(t)
		for name, auth := range map[string]client.Auth{
			"query": client.APIKeyQuery("k", secret.Static(bad)), "basic": client.Basic("user", secret.Static(bad)), "basic key": client.BasicKey(secret.Static(bad)),
		} {
			c, err := client.New(base, client.WithAuth(auth), client.WithTransport(rt))
			if err == nil {
				_, err = client.Get[thing](t.Context(), c, "/x")
			}
			require.ErrorIs(t, err, client.ErrConfig, name)
			require.NotContains(t, show(err), "canary")
		}
		_, err := client.New(base, client.WithAuth(client.APIKeyQuery(bad, secret.Static("x"))))
		require.ErrorIs(t, err, client.ErrConfig)
		c := over(t, rt)
		for name, change := range map[string]func(*http.Request){
			"method":       func(r *http.Request) { r.Method = "G" + bad },
			"host":         func(r *http.Request) { r.Host = bad },
			"URL's host":   func(r *http.Request) { r.URL.Host = bad },
			"query":        func(r *http.Request) { r.URL.RawQuery = "k=" + bad },
			"opaque":       func(r *http.Request) { r.URL.Opaque = "//api.example.com/" + bad },
			"trailer":      func(r *http.Request) { r.Trailer = http.Header{"X-A": {bad}} },
			"trailer name": func(r *http.Request) { r.Trailer = http.Header{bad: {"x"}} },
			"header name":  func(r *http.Request) { r.Header[bad] = []string{"x"} },
			"header line":  func(r *http.Request) { r.Header["Authorization: Bearer canary"] = []string{"x"} },
		} {
			req, _ := http.NewRequest("POST", base+"/x", strings.NewReader("body"))
			change(req)
			_, err := c.HTTPClient().Transport.RoundTrip(req)
			require.ErrorIs(t, err, client.ErrRequest, name)
			require.NotContains(t, show(err), "canary", name)
		}
		_, err = client.Call[client.None](t.Context(), c, client.Request{Header: http.Header{bad: {"x"}}})
		require.ErrorIs(t, err, client.ErrRequest)
		require.NotContains(t, show(err), "canary")
		require.Zero(t, rt.Count())
	}
}

// X1: what is cut is scrubbed first: a cut through a credential leaves a part of it that
// nobody recognizes.
func TestX1_TextsAreScrubbedBeforeTheyAreCut(t *testing.T) {
	t.Parallel()
	const whole = "canary-0123456789-0123456789-0123456789"
	for _, length := range []int{80, 110, 120, 127, 128, 215, 240, 250, 255, 985, 1000, 1010, 1020, 1023} {
		long := strings.Repeat("x", length) + whole + strings.Repeat("y", 400)
		check := func(what string, v any) {
			t.Helper()
			require.NotContains(t, show(v), "canary", "%s at %d", what, length)
		}
		var logs bytes.Buffer
		logger := client.WithLogger(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
		auth := client.WithAuth(client.Bearer(secret.Static(whole)))
		var ledger client.Ledger
		ctx := client.WithLedger(t.Context(), &ledger)
		for what, step := range map[string]clienttest.Step{
			"request ID":   clienttest.JSON(400, `{}`).Header("Request-Id", long),
			"code":         clienttest.JSON(400, `{"error":{"code":"`+long+`","type":"`+long+`","message":"`+long+`","request_id":"`+long+`"}}`),
			"text":         clienttest.Text(400, long),
			"content type": clienttest.Text(200, "x").Header("Content-Type", "text/"+long),
		} {
			var meta client.Meta
			c := over(t, clienttest.NewTransport(t, step), auth, logger)
			_, err := client.Call[thing](ctx, c, client.Request{Path: "/" + long, Meta: &meta})
			require.Error(t, err)
			check(what, err)
			check(what, asError(t, err).Attempts)
			check(what, meta.Attempts)
			check(what, meta.RequestID)
			check(what, drain(client.Events(ctx, c, client.Request{Path: "/" + long})))
		}
		c := over(t, clienttest.NewTransport(t), auth, logger, client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, errors.New(long)
		})))
		_, err := client.Call[thing](ctx, c, client.Request{Method: "POST", Path: "/x", Route: "/" + long})
		check("transport", err)
		check("ledger", ledger.Attempts())
		check("log", logs.String())
	}
}

// X1, C14: what attempt middleware gets back from the transport holds no credential
// either: neither the response's Request nor an error.
func TestX1_AttemptMiddlewareSeesNoCredential(t *testing.T) {
	for name, auth := range map[string]client.Auth{
		"bearer": client.Bearer(secret.Static(canary)), "header": client.APIKeyHeader("X-Key", secret.Static(canary)),
		"query": client.APIKeyQuery("k", secret.Static(canary)), "basic": client.Basic("user", secret.Static(canary)),
	} {
		for _, fail := range []bool{false, true} {
			seen := 0
			watch := func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					seen++
					if err != nil {
						hunt(t, name, show(err))
						return nil, err
					}
					hunt(t, name, fmt.Sprint(resp.Request.URL, resp.Request.Header))
					require.Equal(t, r.URL, resp.Request.URL)
					return resp, nil
				})
			}
			var rt http.RoundTripper = clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
			if fail {
				rt = roundTripper(func(r *http.Request) (*http.Response, error) {
					return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: fmt.Errorf("refused %v", r.Header)}
				})
			}
			c, err := client.New(base, client.WithAuth(auth), client.WithTransport(rt), client.WithAttemptMiddleware(watch), client.WithRetry(retry.Never))
			require.NoError(t, err)
			_, err = client.Get[client.None](t.Context(), c, "/x")
			require.Equal(t, fail, err != nil)
			resp, err := c.HTTPClient().Get(base + "/x")
			if err == nil {
				hunt(t, name, fmt.Sprint(resp.Request.URL, resp.Request.Header))
				require.NoError(t, resp.Body.Close())
			}
			require.Equal(t, 2, seen)
		}
	}
}

// namedAuth is an Auth of somebody else's, with a header of its own.
type namedAuth struct{ name, value string }

func (a namedAuth) Authorize(r *http.Request) error { r.Header.Set(a.name, a.value); return nil }

// X1: what an Auth of the user's has added is a secret, whatever it is called; what the
// caller asked for is none.
func TestX1_WhatIsScrubbedAndWhatIsNot(t *testing.T) {
	echo := clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(400)
		_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Header.Get("X-Custom"), r.URL.Query().Get("k"), r.URL.Query().Get("q"), r.Header.Get("Authorization"))
	})
	said := func(auth client.Auth) string {
		_, err := client.Call[thing](t.Context(), over(t, clienttest.NewTransport(t, echo), client.WithAuth(auth)), client.Request{Path: "/x", Query: url.Values{"q": {"what-was-asked"}}})
		return asError(t, err).Message
	}
	for _, auth := range []client.Auth{
		namedAuth{"X-Custom", canary}, client.APIKeyHeader("X-Custom", secret.Static(canary)), client.APIKeyQuery("k", secret.Static(canary)), client.Bearer(secret.Static(canary)),
	} {
		require.NotContains(t, said(auth), canary)
		require.Contains(t, said(auth), "what-was-asked")
	}
	require.Contains(t, said(namedAuth{"Authorization", "Token " + base64.StdEncoding.EncodeToString([]byte("user:what-was-asked"))}), "what-was-asked", "what is not Basic is not taken apart")
}

// X1: an error whose text held a credential is told anew, and is still what it was.
func TestX1_WhatIsLeftOfAScrubbedError(t *testing.T) {
	_, config := client.New("")
	for name, tc := range map[string]struct {
		err     error
		is      error
		timeout bool
	}{
		"a timeout":   {&net.DNSError{Err: "no answer for " + key, IsTimeout: true}, client.ErrTimeout, true},
		"no timeout":  {&net.DNSError{Err: "no answer for " + key}, nil, false},
		"one of ours": {fmt.Errorf("for %s: %w", key, config), client.ErrConfig, false},
	} {
		c, _ := scripted(t, "200", client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, tc.err })), client.WithRetry(retry.Never))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NotContains(t, fmt.Sprintf("%v %+v", err, err), key, name)
		require.ErrorContains(t, err, "for ", name)
		require.Equal(t, tc.timeout, asError(t, err).Timeout(), name)
		require.NotErrorIs(t, err, client.ErrRateLimited)
		if tc.is != nil {
			require.ErrorIs(t, err, tc.is, name)
		}
	}
	reset := errors.New("reset")
	c, _ := scripted(t, "200", client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: "https://proxy.example.com/x", Err: reset}
	})), client.WithRetry(retry.Never))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.ErrorIs(t, err, reset)
	require.NotContains(t, err.Error(), "proxy.example.com")
}

// When it may be tried again, and what the service calls the request.
func TestWhatAnErrorTellsBesideItsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := func(l ratelimit.Limiter) *client.Error {
			c, _ := scripted(t, "200 {}", client.WithRateLimit(l), client.WithTimeout(time.Minute))
			_, _ = client.Get[thing](t.Context(), c, "/x")
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.ErrorIs(t, err, client.ErrRateLimited)
			return asError(t, err)
		}
		require.Equal(t, time.Now().Add(time.Hour), limited(ratelimit.Quota(1, ratelimit.Hour)).RetryAt)
		require.Zero(t, limited(neverAllowing{}).RetryAt)
	})
	for status, told := range map[int]bool{200: false, 299: false, 300: true, 404: true} {
		rt := clienttest.NewTransport(t, clienttest.Status(status).Header("Retry-After", "9").Body("[]"))
		_, err := client.Get[thing](t.Context(), over(t, rt), "/x")
		require.Equal(t, told, !asError(t, err).RetryAt.IsZero(), status)
	}
	rt := clienttest.NewTransport(t, clienttest.JSON(404, `{"request_id":"of-the-body"}`).Header("X-Request-Id", "of-the-header"))
	_, err := client.Get[thing](t.Context(), over(t, rt), "/x")
	require.Equal(t, "of-the-body", asError(t, err).RequestID)
}

// neverAllowing is a limiter that does not know when it will let anything through.
type neverAllowing struct{}

func (neverAllowing) Wait(context.Context, string) error {
	return &ratelimit.Error{Err: ratelimit.ErrNever}
}

// The policy's functions see each failed attempt as the call's error would be.
func TestWhatAPolicySees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []error
		reset, n := errors.New("reset"), 0
		c, _ := scripted(t, "200", client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return nil, reset
			}
			return &http.Response{StatusCode: []int{503, 200}[n-2], Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"message":"busy"}`)), Request: r}, nil
		})), client.WithRetry(retry.Policy{Retryable: func(err error) bool { seen = append(seen, err); return true }}))
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Len(t, seen, 2)
		require.ErrorIs(t, seen[0], reset)
		require.Zero(t, asError(t, seen[0]).Status)
		require.Equal(t, 503, asError(t, seen[1]).Status)
		require.ErrorIs(t, seen[1], client.ErrUnavailable)
	})
}

// What a service has said by the time that the call ends is in its error, also where
// per-attempt middleware may have made the body: its head is not read a second time.
func TestWhatWasReadOfAnErrorIsKept(t *testing.T) {
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := client.Profile{Hint: func(int, http.Header) client.Hint { cancel(); return client.NoHint }}
		c, _ := scripted(t, `404 {"message":"no such thing"}`, client.WithProfile(ended), passing(client.WithAttemptMiddleware, func(*http.Request) {}))
		_, err := client.Get[thing](ctx, c, "/x")
		require.Equal(t, "no such thing", asError(t, err).Message)
	}
}
