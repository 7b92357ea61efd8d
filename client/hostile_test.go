package client_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/costtest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

const mebi = 1 << 20

// answering answers every request with status and header.
func answering(status int, h http.Header) roundTripper {
	return func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: h, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: -1, Request: req,
		}, nil
	}
}

// C38, C26: a call costs at most 20 ms and 4 MiB more for 1 MiB of any response field.
func TestC38_AMebibyteOfAnyFieldIsCheap(t *testing.T) {
	fields := []string{
		"Link", "Location", "Content-Type", "Content-Encoding", "Www-Authenticate", "Retry-After", "Date", "Age",
		"Ratelimit", "Ratelimit-Policy", "X-Ratelimit-Resource", "X-Sentry-Rate-Limits", "X-Request-Id",
	}
	units := []string{"x,", "<", `<a>;rel="\x",`, "<a>;a;b,", ";", "; a*0=b", `"`, "a;r=9,", "60:a;", "/../", "?a=b&", "\xff"}
	for i, unit := range units {
		if testing.Short() && i%8 != 0 {
			continue
		}
		of := func(size int) [][]string {
			n := size / len(unit)
			long := strings.Repeat(unit, n)
			return [][]string{{long}, {"text/event-stream;" + long}, {"<https://api.example.com/" + long}, append(slices.Repeat([]string{unit}, n), "")}
		}
		mebibyte := of(mebi)
		for _, field := range fields {
			call := func(values [][]string) func() {
				return func() {
					for _, v := range values {
						h := http.Header{field: v}
						for status, reads := range map[int]bool{200: true, 302: field == "Location", 429: strings.Contains(field, "R")} {
							for sse, reads := range map[bool]bool{false: reads, true: reads && field == "Content-Type"} {
								if !reads {
									continue
								}
								c := over(t, nil, client.WithTransport(answering(status, h)), client.WithRetry(retry.Never), client.WithMaxRedirects(1),
									client.WithPacing(ratelimit.NewPacer()), client.WithLogger(slog.New(slog.DiscardHandler)),
									client.WithProfile(client.Profile{Hint: client.HintHeader("Stripe-Should-Retry")}))
								used := costtest.Allocated(func() {
									if sse {
										for range client.Events(context.Background(), c, client.Request{Path: "/x"}) {
											break
										}
										return
									}
									for range client.Pages(context.Background(), c, client.Request{Path: "/x", Timeout: time.Second}, client.NextLink[map[string]any]) {
									}
								})
								require.LessOrEqual(t, used, uint64(4*mebi), "%d, %s of %q", status, field, unit)
							}
						}
					}
				}
			}
			full := call(mebibyte)
			start := time.Now()
			full()
			if time.Since(start) > 24*20*time.Millisecond {
				require.True(t, costtest.Linear(full, call(of(mebi/16))), "%s of %q", field, unit)
			}
		}
	}
}

// C38: 256 links are looked at, whether in one line or in as many.
func TestC38_LinksAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		link []string
		want int // pages
	}{
		"next is the last that counts": {[]string{strings.Repeat("<a>,", 255) + `</y>;rel=next`}, 2},
		"next is beyond":               {[]string{strings.Repeat("<a>,", 256) + `</y>;rel=next`}, 1},
		"in lines":                     {append(strings.Split(strings.Repeat("<a>,", 254)+"<a>", ","), `</y>;rel=next`), 2},
		"in lines, beyond":             {append(strings.Split(strings.Repeat("<a>,", 255)+"<a>", ","), `</y>;rel=next`), 1},
		"malformed ones count":         {[]string{strings.Repeat("x,", 256) + `</y>;rel=next`}, 1},
		"a bracket that never closes":  {[]string{`<a;rel=next, b`, `</y>;rel=next`}, 2},
		"escaped":                      {[]string{`</y>;title="a\",b";rel="\n\e\x\t"`}, 2},
		"the first rel counts":         {[]string{`</y>;rel=prev;rel=next`}, 1},
		"an unclosed quote":            {[]string{`</y>;rel="next`}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			served := 0
			c := over(t, nil, client.WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
				h := http.Header{}
				if served++; served == 1 {
					h["Link"] = tt.link
				}
				return answering(200, h)(req)
			})))
			for _, err := range client.Pages(t.Context(), c, client.Request{Path: "/x"}, client.NextLink[map[string]any]) {
				require.NoError(t, err)
			}
			require.Equal(t, tt.want, served)
		})
	}
}

// C38: a URL that a response names is followed up to 64 KiB; beyond, the error says so.
func TestC38_ALongURLIsRefusedByName(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		field  string
		value  string
		kind   error
	}{
		"a redirect":      {302, "Location", "/", client.ErrRedirect},
		"the next page":   {200, "Link", "</", client.ErrRequest},
		"an absolute one": {200, "Link", "<" + base + "/", client.ErrRequest},
	} {
		t.Run(name, func(t *testing.T) {
			for over64KiB, want := range map[int]error{0: nil, 1: tt.kind} {
				prefix := strings.TrimPrefix(tt.value, "<")
				value := tt.value + strings.Repeat("a", 64<<10-len(prefix)+over64KiB)
				if tt.field == "Link" {
					value += ">;rel=next"
				}
				served := 0
				c := over(t, nil, client.WithTransport(roundTripper(func(req *http.Request) (*http.Response, error) {
					if served++; served == 1 {
						return answering(tt.status, http.Header{tt.field: {value}})(req)
					}
					return answering(200, http.Header{})(req)
				})))
				var err error
				for _, err = range client.Pages(t.Context(), c, client.Request{Path: "/x"}, client.NextLink[map[string]any]) {
				}
				if want == nil {
					// Resolved against the base it is longer, and refused as a request.
					if tt.field == "Link" && prefix == "/" {
						require.ErrorIs(t, err, client.ErrRequest)
					} else {
						require.NoError(t, err)
						require.Equal(t, 2, served)
					}
					continue
				}
				require.ErrorIs(t, err, want)
				require.ErrorContains(t, err, "longer than 65536 bytes")
				require.Equal(t, 1, served)
			}
		})
	}
}
