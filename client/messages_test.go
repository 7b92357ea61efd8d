package client_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/errtext"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

var update = flag.Bool("update", false, "write testdata/messages.golden anew")

// scene is a way to an error.
type scene struct {
	name string
	f    func(t *testing.T) error
}

// made is New, of which only the error counts.
func made(base string, opts ...client.Option) func(*testing.T) error {
	return func(*testing.T) error {
		_, err := client.New(base, opts...)
		return err
	}
}

// asks makes the request r over the script, with quick retries.
func asks(script string, r client.Request, opts ...client.Option) func(*testing.T) error {
	return decodes[client.None](script, r, opts...)
}

// hello begins like JSON, and is none.
var hello = clienttest.Text(200, "{hello").Header("Content-Type", "text/plain")

func reads[T any](step clienttest.Step, r client.Request) func(*testing.T) error {
	return func(t *testing.T) error {
		_, err := client.Call[T](t.Context(), over(t, clienttest.NewTransport(t, step)), r)
		return err
	}
}

func decodes[T any](script string, r client.Request, opts ...client.Option) func(*testing.T) error {
	return func(t *testing.T) error {
		c, _ := scripted(t, script, append([]client.Option{quickly}, opts...)...)
		_, err := client.Call[T](t.Context(), c, r)
		return err
	}
}

// answers makes the request r, to which f gives the response or the error.
func answers(f func(*http.Request) (*http.Response, error), r client.Request, opts ...client.Option) func(*testing.T) error {
	return func(t *testing.T) error {
		c, err := client.New(base, append([]client.Option{quickly, client.WithTransport(roundTripper(f))}, opts...)...)
		require.NoError(t, err)
		_, err = client.Call[thing](t.Context(), c, r)
		return err
	}
}

// timed runs a scene in virtual time.
func timed(f func(*testing.T) error) func(*testing.T) error {
	return func(t *testing.T) (err error) {
		synctest.Test(t, func(t *testing.T) { err = f(t) })
		return err
	}
}

func under(m func(next http.RoundTripper, r *http.Request) (*http.Response, error)) client.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return m(next, r) })
	}
}

func respond(status int, header http.Header, body io.ReadCloser) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: body, ContentLength: -1, Request: r}, nil
	}
}

func downloads(s *shelf, w io.Writer, opts ...client.DownloadOption) func(*testing.T) error {
	return func(t *testing.T) error {
		_, err := client.Download(t.Context(), s.client(t), client.Request{Path: "/novel"}, w, opts...)
		return err
	}
}

// second changes the second response of a download that breaks after ten bytes.
func second(f func(*http.Response)) *shelf {
	return &shelf{header: tagged, breaks: []int{10}, answer: func(n int, _ http.Header, w *http.Response) *http.Response {
		if n == 2 {
			f(w)
		}
		return w
	}}
}

// source is a secret source that fails with err.
func source(err error) secret.Source {
	return secret.Func(func(context.Context) ([]secret.Value, error) { return nil, err })
}

// holds is a secret source of that value, as it is.
func holds(value string) secret.Source {
	return secret.Func(func(context.Context) ([]secret.Value, error) { return []secret.Value{secret.New(value)}, nil })
}

type ownFunc func(*http.Request) error

func (f ownFunc) Authorize(r *http.Request) error { return f(r) }

type grantFunc func() (*oauth2.Token, error)

func (f grantFunc) Token() (*oauth2.Token, error) { return f() }

func scenes() []scene {
	post := client.Request{Method: "POST", Path: "/v1/things"}
	keyed := client.WithIdempotencyHeader("Idempotency-Key")
	page := http.Header{"Content-Type": {"text/html"}}
	gone := errors.New("connection reset by peer")
	long := strings.Repeat("x", 70_000)
	profile := func(p client.Profile) client.Option { return client.WithProfile(p) }
	return []scene{
		// New and With.
		{"no base URL", made("")},
		{"base URL malformed", made("https://[::1")},
		{"base URL without a scheme", made("api.example.com")},
		{"base URL without a host", made("https://")},
		{"base URL with a password", made("https://u:p@api.example.com")},
		{"base URL with a query", made("https://api.example.com?a=b")},
		{"base URL with a bad host", made("https://a\\b.example.com")},
		{"base URL with no international name", made("https://\u200d.example.com")},
		{"base URL with a dot segment", made("https://api.example.com/a/../b")},
		{"origin malformed", made(base, client.WithOrigins("uploads.example.com"))},
		{"cleartext", made("http://api.example.com", client.WithAuth(client.Bearer(secret.Static("k"))))},
		{"blank secret", made(base, client.WithAuth(client.Bearer(secret.Static(""))))},
		{"header of the credential", made(base, client.WithAuth(client.APIKeyHeader("a b", secret.Static("k"))))},
		{"query parameter without a name", made(base, client.WithAuth(client.APIKeyQuery("", secret.Static("k"))))},
		{"query parameter with a bad name", made(base, client.WithAuth(client.APIKeyQuery("a\nb", secret.Static("k"))))},
		{"user name", made(base, client.WithAuth(client.Basic("a:b", secret.Static("k"))))},
		{"no token source", made(base, client.WithAuth(client.OAuth2(nil)))},
		{"of a named service", made(base, profile(client.Profile{Name: "acme"}), client.WithAuth(client.Bearer(secret.Static(""))))},
		{"secret malformed", made(base, client.WithAuth(client.Bearer(secret.Static("a\nb"))))},
		{"header malformed", made(base, client.WithHeader("A", "b\nc"))},
		{"header name malformed", made(base, client.WithHeader("a b", "c"))},
		{"header spelled twice", made(base, profile(client.Profile{Header: http.Header{"aKey": {"1"}, "AKEY": {"2"}}}))},
		{"idempotency header", made(base, client.WithIdempotencyHeader("a b"))},
		{"default query without a name", made(base, client.WithQuery(url.Values{"": {"x"}}))},
		{"default query malformed", made(base, client.WithQuery(url.Values{"a": {"\n"}}))},
		{"negative MaxBody", made(base, client.WithMaxBody(-1))},
		{"negative timeout", made(base, client.WithTimeout(-5))},
		{"nil middleware", made(base, client.WithCallMiddleware(nil))},
		{"two transports", made(base, client.WithTLS(nil), client.WithTransport(http.DefaultTransport))},
		{"breaker", made(base, client.WithBreaker(client.Breaker{Failures: -1}))},

		// A Request that cannot be sent.
		{"zero Client", func(t *testing.T) error { return client.Delete(t.Context(), new(client.Client), "/x") }},
		{"nil context", func(t *testing.T) error {
			c, _ := scripted(t, "200")
			//lint:ignore SA1012 that it is an error is what is looked at
			return client.Delete(nil, c, "/x") //nolint:staticcheck
		}},
		{"method", asks("200", client.Request{Method: "G T"})},
		{"Path and URL", asks("200", client.Request{Path: "/a", URL: base})},
		{"long URL", asks("200", client.Request{URL: base + "/" + long})},
		{"URL malformed", asks("200", client.Request{URL: "https://[::1"})},
		{"URL with a password", asks("200", client.Request{URL: "https://u:p@api.example.com/"})},
		{"foreign URL", asks("200", client.Request{URL: "https://elsewhere.example/"})},
		{"path of another host", asks("200", client.Request{Path: "//x"})},
		{"URL as a path", asks("200", client.Request{Path: base + "/a"})},
		{"empty segment", asks("200", client.Request{Path: "/a//b"})},
		{"dot segment", asks("200", client.Request{Path: "/a/../b"})},
		{"escaped identifier of dots", asks("200", client.Request{Path: "/a/" + client.PathEscape("..")})},
		{"query in a path", asks("200", client.Request{Path: "/a?b=c"})},
		{"backslash", asks("200", client.Request{Path: `/a\b`})},
		{"malformed escape", asks("200", client.Request{Path: "/a%zz"})},
		{"escaped control character", asks("200", client.Request{Path: "/a%00"})},
		{"header", asks("200", client.Request{Header: http.Header{"A": {"b\r\nc"}}})},
		{"header name", asks("200", client.Request{Header: http.Header{"a b": {"c"}}})},
		{"header twice", asks("200", client.Request{Header: http.Header{"Aa": {"b"}, "aa": {"c"}}})},
		{"content type", asks("200", client.Request{Method: "POST", Body: client.Raw("a\nb", []byte("x"))})},
		{"key that nobody knows", asks("200", client.Request{Method: "POST", IdempotencyKey: "k"})},
		{"key malformed", asks("200", client.Request{Method: "POST", IdempotencyKey: "k\n"}, keyed)},
		{"key that is made blank", asks("200", post, profile(client.Profile{IdempotencyHeader: "Idempotency-Key", NewIdempotencyKey: func() string { return "" }}))},
		{"key that is made malformed", asks("200", post, profile(client.Profile{IdempotencyHeader: "Idempotency-Key", NewIdempotencyKey: func() string { return "a\nb" }}))},
		{"negative Timeout", asks("200", client.Request{Timeout: -1})},
		{"negative request MaxBody", asks("200", client.Request{MaxBody: -1})},
		{"body without a type", asks("200", client.Request{Method: "POST", Body: strings.NewReader("x")})},
		{"body of values", asks("200", client.Request{Method: "POST", Body: url.Values{}})},
		{"body that is nil", asks("200", client.Request{Method: "POST", Body: (*thing)(nil)})},
		{"body that is no JSON", asks("200", client.Request{Method: "POST", Body: func() {}})},
		{"stream that is nil", asks("200", client.Request{Method: "POST", Body: client.Stream("a/b", nil, 1)})},
		{"open that is nil", asks("200", client.Request{Method: "POST", Body: client.Open("a/b", nil, 1)})},
		{"open that fails", asks("200", client.Request{Method: "POST", Body: client.Open("a/b", func() (io.ReadCloser, error) { return nil, os.ErrNotExist }, 1)})},
		{"open that returns nothing", asks("200", client.Request{Method: "POST", Body: client.Open("a/b", func() (io.ReadCloser, error) { return nil, nil }, 1)})},
		{"part without a name", asks("200", client.Request{Method: "POST", Body: client.Multipart(client.Part{})})},
		{"part with a bad name", asks("200", client.Request{Method: "POST", Body: client.Multipart(client.Part{Name: "a\nb"})})},
		{"part of a negative size", asks("200", client.Request{Method: "POST", Body: client.Multipart(client.Part{Name: "a", Size: -1})})},
		{"body of another length", answers(func(r *http.Request) (*http.Response, error) {
			_, err := io.Copy(io.Discard, r.Body)
			return nil, err
		}, client.Request{Method: "PUT", Body: client.Stream("a/b", strings.NewReader("abc"), 5)})},
		{"body that breaks", asks("200", client.Request{Method: "PUT", Body: client.Stream("a/b", io.MultiReader(strings.NewReader("a"), errReader{}), -1)})},

		// Before anything is sent.
		{"context ended", func(t *testing.T) error {
			c, _ := scripted(t, "200")
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return client.Delete(ctx, c, "/x")
		}},
		{"context ended with a cause", func(t *testing.T) error {
			c, _ := scripted(t, "200")
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("the user has left"))
			return client.Delete(ctx, c, "/x")
		}},
		{"secret source fails", asks("200", post, client.WithAuth(client.Bearer(source(errors.New("the vault is sealed")))))},
		{"secret turns bad", asks("200", post, client.WithAuth(client.Bearer(holds("a\nb"))))},
		{"secret of a query turns bad", asks("200", post, client.WithAuth(client.APIKeyQuery("key", holds("a\nb"))))},
		{"secret of Basic turns bad", asks("200", post, client.WithAuth(client.BasicKey(holds("a\nb"))))},
		{"token source fails", asks("200", post, client.WithAuth(client.OAuth2(grantFunc(func() (*oauth2.Token, error) { return nil, errors.New("the grant is gone") }))))},
		{"token source without a token", asks("200", post, client.WithAuth(client.OAuth2(grantFunc(func() (*oauth2.Token, error) { return nil, nil }))))},
		{"auth fails", asks("200", post, client.WithAuth(ownFunc(func(*http.Request) error { return errors.New("no key to sign with") })))},
		{"auth moves the request", asks("200", post, client.WithAuth(ownFunc(func(r *http.Request) error { r.URL.Host = "elsewhere.example"; return nil })))},
		{"auth sets a bad header", asks("200", post, client.WithAuth(ownFunc(func(r *http.Request) error { r.Header["A"] = []string{"\n"}; return nil })))},
		{"auth panics", asks("200", post, client.WithAuth(ownFunc(func(*http.Request) error { panic("x") })))},
		{"rate limit", timed(func(t *testing.T) error {
			c, _ := scripted(t, "200", client.WithRateLimit(ratelimit.PerMinute(1)))
			_ = client.Delete(t.Context(), c, "/x")
			_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Timeout: time.Second})
			return err
		})},
		{"breaker open", func(t *testing.T) error {
			c, _ := scripted(t, "503, 503, 503, 503, 503, 503", client.WithRetry(retry.Never), client.WithBreaker(client.Breaker{Failures: 1}))
			_ = client.Delete(t.Context(), c, "/x")
			return client.Delete(t.Context(), c, "/x")
		}},
		{"cleartext through a proxy", func(t *testing.T) error {
			c, err := client.New("http://127.0.0.1:1", client.WithAuth(client.Bearer(secret.Static("k"))), client.WithProxy(http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128"})))
			require.NoError(t, err)
			return client.Delete(t.Context(), c, "/x")
		}},
		{"replaced context", asks("200", post, client.WithAttemptMiddleware(under(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
			return next.RoundTrip(r.WithContext(context.Background()))
		})))},
		{"middleware without a response", asks("200", post, client.WithAttemptMiddleware(under(func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, nil })))},
		{"call middleware without a response", asks("200", post, client.WithCallMiddleware(under(func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, nil })))},
		{"transport without a response", answers(func(*http.Request) (*http.Response, error) { return nil, nil }, post)},

		// No response.
		{"connection breaks, read", answers(func(*http.Request) (*http.Response, error) { return nil, gone }, client.Request{Path: "/x"})},
		{"connection breaks, write", answers(func(*http.Request) (*http.Response, error) { return nil, gone }, post)},
		{"connection breaks, write with a key", answers(func(*http.Request) (*http.Response, error) { return nil, gone }, post, keyed)},
		{"no connection", answers(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		}, post)},
		{"attempt timeout", timed(answers(hang, client.Request{Path: "/x"}))},
		{"attempt timeout of a write", timed(answers(hang, post))},
		{"call deadline", timed(answers(hang, client.Request{Path: "/x", Timeout: time.Second}))},
		{"deadline while waiting", timed(asks("503 Retry-After=50", client.Request{Path: "/x", Timeout: 10 * time.Second}))},
		{"cancelled while waiting", timed(func(t *testing.T) error {
			c, _ := scripted(t, "503 Retry-After=5", client.WithRetry(retry.Policy{}))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := client.Get[client.None](ctx, c, "/x")
			return err
		})},
		{"cancelled while waiting after a failure", timed(func(t *testing.T) error {
			c, _ := scripted(t, "reset", client.WithRetry(retry.Policy{Backoff: retry.Constant(5 * time.Second)}))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := client.Get[client.None](ctx, c, "/x")
			return err
		})},
		{"deadline before the next attempt", timed(func(t *testing.T) error {
			n := 0
			slow := ownFunc(func(r *http.Request) error {
				if n++; n == 1 {
					return nil
				}
				<-r.Context().Done()
				return context.Cause(r.Context())
			})
			c, _ := scripted(t, `503 {"message":"down"}`, client.WithAuth(slow))
			_, err := client.Get[client.None](t.Context(), c, "/x")
			require.ErrorIs(t, err, client.ErrTimeout)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, 503, asError(t, err).Status)
			return err
		})},
		{"TLS pin", func(t *testing.T) error {
			srv, _ := tlsServed(t, nil)
			cfg := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			cfg.VerifyConnection = func(tls.ConnectionState) error { return errors.New("pin mismatch") }
			c, err := client.New(srv.URL, client.WithTLS(cfg))
			require.NoError(t, err)
			return client.Delete(t.Context(), c, "/x")
		}},
		{"proxy wants a password", proxied("407 Proxy Authentication Required")},
		{"proxy forbids", proxied("403 Forbidden")},
		{"proxy cannot", proxied("502 Bad Gateway")},

		// A response that is no success.
		{"not found", asks(`404 X-Request-Id=req_1 {"message":"no such thing"}`, client.Request{Path: "/v1/things/7", Route: "/v1/things/{id}"})},
		{"refused write", asks(`402 {"error":{"code":"card_declined","message":"Your card was declined."}}`, post, profile(client.Profile{Name: "acme"}))},
		{"failed write", asks(`503, 503, 503`, post)},
		{"failed write with a key", asks(`503, 503, 503`, post, keyed)},
		{"throttled", asks(`429 Retry-After=3600`, post)},
		{"throttled, then tried three times", asks(`429, 429, 429`, post)},
		{"not to be retried", asks(`503`, client.Request{Path: "/x"}, profile(client.Profile{Hint: func(int, http.Header) client.Hint { return client.DontRetry }}))},
		{"forbidden by the policy", asks(`503`, client.Request{Path: "/x"}, client.WithRetry(retry.Policy{Retryable: func(error) bool { return false }}))},
		{"budget empty", asks(`503`, client.Request{Path: "/x"}, client.WithRetry(retry.Policy{Budget: retry.NewBudget(0)}))},
		{"body not to be sent again", asks(`503`, client.Request{Method: "PUT", Body: client.Stream("a/b", strings.NewReader("abc"), -1)}, client.WithReadAhead(1))},
		{"credential not renewed", asks(`401 {"message":"expired"}`, client.Request{Path: "/x"}, client.WithAuth(client.Bearer(secret.Cache(&once{err: errors.New("the vault is sealed")}, time.Hour))))},
		{"status without a name", asks(`599`, client.Request{Path: "/x"})},

		// A success that is none.
		{"failure in a 200", asks(`200 {"ok":false,"code":"invalid_auth","message":"log in first"}`, post,
			profile(client.Profile{Failed: func(int, http.Header, []byte) bool { return true }}))},
		{"no JSON", reads[thing](hello, client.Request{Path: "/x"})},
		{"other JSON", decodes[thing](`200 {"id":7}`, client.Request{Path: "/x"})},
		{"no body", decodes[thing](`200`, client.Request{Path: "/x"})},
		{"a page", answers(respond(200, page, body("<p>")), client.Request{Path: "/x"})},
		{"another charset", answers(respond(200, http.Header{"Content-Type": {"application/json; charset=utf-16"}}, body("\xff\xfe{")), client.Request{Path: "/x"})},
		{"another encoding", answers(respond(200, http.Header{"Content-Encoding": {"br"}}, body("xx")), client.Request{Path: "/x"})},
		{"no gzip", answers(respond(200, http.Header{"Content-Encoding": {"gzip"}}, body("xx")), client.Request{Path: "/x"})},
		{"many encodings", answers(respond(200, http.Header{"Content-Encoding": {"gzip,gzip,gzip,gzip,gzip"}}, body("xx")), client.Request{Path: "/x"})},
		{"too large", reads[[]byte](hello, client.Request{Path: "/x", MaxBody: 3})},
		{"broken body", answers(func(r *http.Request) (*http.Response, error) {
			return respond(200, http.Header{}, io.NopCloser(io.MultiReader(strings.NewReader("{"), errReader{})))(r)
		}, client.Request{Path: "/x"})},
		{"broken body of a write", answers(func(r *http.Request) (*http.Response, error) {
			return respond(200, http.Header{}, io.NopCloser(io.MultiReader(strings.NewReader("{"), errReader{})))(r)
		}, post)},
		{"body stalls", timed(answers(func(r *http.Request) (*http.Response, error) {
			return respond(200, http.Header{}, stalls{r.Context()})(r)
		}, client.Request{Path: "/x"}, client.WithRetry(retry.Never)))},
		{"no event stream", func(t *testing.T) error {
			c, _ := scripted(t, `200 {"error":{"code":"quota","message":"You exceeded your quota"}}`)
			for _, err := range client.Events(t.Context(), c, client.Request{Path: "/s"}) {
				return err
			}
			return nil
		}},
		{"long event", func(t *testing.T) error {
			c, err := client.New(base, client.WithTransport(roundTripper(respond(200, http.Header{"Content-Type": {"text/event-stream"}}, body("data: hello\n\n")))))
			require.NoError(t, err)
			for _, err := range client.Events(t.Context(), c, client.Request{Path: "/s", MaxBody: 5}) {
				return err
			}
			return nil
		}},
		{"pages that go round", func(t *testing.T) (last error) {
			c, _ := scripted(t, `200 {}, 200 {}, 200 {}`)
			for _, err := range client.Pages(t.Context(), c, client.Request{Path: "/x"}, client.NextCursor("c", func(thing) string { return "same" })) {
				last = err
			}
			return last
		}},
		{"pages that panic", func(t *testing.T) (last error) {
			c, _ := scripted(t, `200 {}`)
			for _, err := range client.Pages(t.Context(), c, client.Request{Path: "/x"}, func(client.Page[thing]) (client.Request, bool) { panic("x") }) {
				last = err
			}
			return last
		}},

		// Redirects.
		{"redirected in circles", asks(strings.Repeat("302 Location=/x, ", 11)+"200", client.Request{Path: "/x"})},
		{"redirected to nowhere", asks("302 Location=ftp://x.example/", client.Request{Path: "/x"})},
		{"redirected at length", asks("302 Location=/"+long, client.Request{Path: "/x"})},
		{"redirected with the credential", asks("302 Location=/x?k=sk_test_canary%2F%2B%3D%220123456789", client.Request{Path: "/x"})},
		{"redirected change", asks("302 Location=https://elsewhere.example/", client.Request{Method: "DELETE", Path: "/x"})},
		{"redirected out of TLS", func(t *testing.T) error {
			rt := &hosts{t: t, routes: map[string]http.HandlerFunc{base + "/x": to(307, "http://api.example.com/x")}}
			c, err := client.New(base, client.WithTransport(rt))
			require.NoError(t, err)
			_, err = client.Put[client.None](t.Context(), c, "/x", 1)
			return err
		}},

		// Downloads.
		{"download of a POST", func(t *testing.T) error {
			_, err := client.Download(t.Context(), new(shelf).client(t), post, io.Discard)
			return err
		}},
		{"download to nowhere", downloads(new(shelf), nil)},
		{"download of a part", func(t *testing.T) error {
			_, err := client.Download(t.Context(), new(shelf).client(t), client.Request{Path: "/novel", Header: http.Header{"Range": {"bytes=1-"}}}, io.Discard)
			return err
		}},
		{"download with half a checksum", downloads(new(shelf), io.Discard, client.WithChecksum(sha256.New(), nil))},
		{"download that broke off", downloads(&shelf{breaks: []int{10}}, io.Discard)},
		{"download that broke off again and again", downloads(&shelf{header: tagged, breaks: []int{10, 0, 0}}, io.Discard)},
		{"download of what has changed", downloads(second(func(w *http.Response) { w.StatusCode, w.Header = 200, http.Header{"Etag": {`"v2"`}} }), io.Discard)},
		{"download of another part", downloads(second(func(w *http.Response) { w.Header.Set("Content-Range", "bytes 5-9/73") }), io.Discard)},
		{"download of an unnamed part", downloads(second(func(w *http.Response) { delete(w.Header, "Content-Range") }), io.Discard)},
		{"download of another version's part", downloads(second(func(w *http.Response) { w.Header.Set("Etag", `"v2"`) }), io.Discard)},
		{"download that is longer", downloads(second(func(w *http.Response) { w.Body = body(novel) }), io.Discard)},
		{"download that is shorter", downloads(second(func(w *http.Response) { w.StatusCode, w.Body = 200, body("It") }), io.Discard)},
		{"download of a part that nobody asked for", downloads(&shelf{answer: func(_ int, _ http.Header, w *http.Response) *http.Response { w.StatusCode = 206; return w }}, io.Discard)},
		{"download of no range", downloads(new(shelf), io.Discard, client.WithRange(0, 0))},
		{"download of a range where all comes", downloads(&shelf{answer: func(_ int, _ http.Header, w *http.Response) *http.Response {
			w.StatusCode = 200
			return w
		}}, io.Discard, client.WithRange(3, 5))},
		{"download of another range", downloads(&shelf{answer: func(_ int, _ http.Header, w *http.Response) *http.Response {
			w.StatusCode, w.Header = 206, http.Header{"Content-Range": {"bytes 4-8/73"}}
			return w
		}}, io.Discard, client.WithRange(3, 5))},
		{"download that is encoded", downloads(&shelf{header: http.Header{"Content-Encoding": {"gzip"}}}, io.Discard)},
		{"download with another checksum", downloads(new(shelf), io.Discard, client.WithChecksum(sha256.New(), make([]byte, 32)))},
		{"download with another digest", downloads(&shelf{header: http.Header{"Repr-Digest": {digest("x")}}}, io.Discard)},
		{"download to a full disk", downloads(new(shelf), &unwritable{1, func([]byte) (int, error) { return 0, errors.New("no space left on device") }})},
		{"download to a folder", func(t *testing.T) error {
			_, err := client.DownloadFile(t.Context(), new(shelf).client(t), client.Request{Path: "/novel"}, t.TempDir())
			return err
		}},

		// Under an SDK.
		{"SDK without a URL", viaSDK(&http.Request{Method: "GET"})},
		{"SDK with another scheme", viaSDK(&http.Request{Method: "GET", URL: &url.URL{Scheme: "ftp", Host: "x.example"}})},
		{"SDK without a host", viaSDK(&http.Request{Method: "GET", URL: &url.URL{Scheme: "https"}})},
		{"SDK with a bad host", viaSDK(&http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Host: "x.example"}, Host: "a\nb"})},
		{"SDK with a bad query", viaSDK(&http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Host: "x.example", RawQuery: "a\nb"}})},
		{"SDK of the zero Client", func(*testing.T) error {
			_, err := new(client.Client).HTTPClient().Transport.RoundTrip(&http.Request{})
			return err
		}},
	}
}

// viaSDK sends the request through HTTPClient's transport.
func viaSDK(r *http.Request) func(*testing.T) error {
	return func(t *testing.T) error {
		c, _ := scripted(t, "200")
		_, err := c.HTTPClient().Transport.RoundTrip(r)
		return err
	}
}

func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// proxied answers the CONNECT of a write with that status.
func proxied(status string) func(*testing.T) error {
	return func(t *testing.T) error {
		at, _ := listening(t, func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status)
			}
		})
		c, err := client.New(base, quickly, client.WithProxy(http.ProxyURL(&url.URL{Scheme: "http", Host: at})))
		require.NoError(t, err)
		_, err = client.Post[client.None](t.Context(), c, "/x", nil)
		return err
	}
}

// errReader breaks.
type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// stalls is a body that never comes.
type stalls struct{ ctx context.Context }

func (s stalls) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (stalls) Close() error { return nil }

// once is a secret source that can be read once.
type once struct {
	read bool
	err  error
}

func (o *once) Secrets(context.Context) ([]secret.Value, error) {
	if o.read {
		return nil, o.err
	}
	o.read = true
	return []secret.Value{secret.New("sk_test_0123456789")}, nil
}

var port = regexp.MustCompile(`127\.0\.0\.1:\d{2,}`)

// C34: every message reads as one English sentence: method, place, status, what went
// wrong, what to do. No success is called an error, and no error a success. The golden
// file holds them all, to be read aloud when it changes.
func TestC34_Messages(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	var names []string
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			require.NotContains(t, names, s.name)
			names = append(names, s.name)
			err := s.f(t)
			require.Error(t, err)
			text := port.ReplaceAllString(err.Error(), "127.0.0.1:PORT")
			fmt.Fprintf(&got, "%s\n\t%s\n", s.name, text)

			require.NotContains(t, text, "\n")
			require.NotContains(t, text, "  ")
			require.Empty(t, errtext.Repeated(text))
			require.NotContains(t, text, "canary")
			require.NotContains(t, text, "succe")
			require.NotRegexp(t, `[:,. ]$|::|: \(|%!|<nil>`, text)
			var e *client.Error
			if errors.As(err, &e) && e.Status >= 200 && e.Status < 300 {
				require.Contains(t, text, ", but ")
			}
		})
	}
	const golden = "testdata/messages.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String(), "run the test with -update, and read what has changed")

}
