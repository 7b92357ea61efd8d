package providers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// counted is what "count" has generated, in pieces of three.
const counted = "One two three."

// silent is how a stream stops after three events, for longer than any test waits.
var silent = fields{"chunkSize": 3, "recordedTimings": fields{"ttftMs": 0, "interChunkDelaysMs": []int{0, 0, 30000}}}

func refusal(status int, kind, code string) map[string]any {
	return fields{"error": fields{"message": "No.", "type": kind, "code": code}, "status": status}
}

// chaos has llmock fail this one request, for sure.
func chaos(what, value string) func(*client.Request) {
	return func(r *client.Request) { r.Header = http.Header{"X-Aimock-Chaos-" + what: {value}} }
}

// asked is how many requests llmock has seen.
func asked(t *testing.T, s *servers.Server) int {
	t.Helper()
	c, err := client.New(s.URL, client.WithAuth(client.Bearer(secret.Static(servers.LLMockKey))), client.WithTransport(&http.Transport{DisableKeepAlives: true}))
	require.NoError(t, err)
	entries, err := client.Get[[]struct{}](t.Context(), c, "/__aimock/journal")
	require.NoError(t, err)
	return len(entries)
}

// failure is err as the client's own.
func failure(t *testing.T, err error) *client.Error {
	t.Helper()
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	require.Equal(t, "openai", e.Provider)
	return e
}

// P5: what goes wrong before anything is generated is the same error whichever way it was
// to come, and nothing is asked for twice.
func TestP5_OpenAIRefusedByLLMock(t *testing.T) {
	s := servers.LLMock(t,
		fixture("count", fields{"content": counted}, nil),
		fixture("forbidden", refusal(403, "permission_error", ""), nil),
		fixture("unpaid", refusal(429, "insufficient_quota", "insufficient_quota"), nil),
		fixture("busy", refusal(200, "server_error", "server_is_overloaded"), nil),
	)
	for name, tc := range map[string]struct {
		prompt string
		edit   func(*client.Request)
		is     error
		not    error
		effect client.Effect
		status int
		code   string
	}{
		"forbidden":           {"forbidden", nil, client.ErrForbidden, client.ErrUnauthorized, client.Rejected, 403, ""},
		"unpaid":              {"unpaid", nil, nil, client.ErrRateLimited, client.Rejected, 429, "insufficient_quota"},
		"an error with a 200": {"busy", nil, client.ErrUnavailable, client.ErrRateLimited, client.MaybeApplied, 200, "server_is_overloaded"},
		"throttled":           {"count", chaos("Ratelimit", "1"), client.ErrRateLimited, nil, client.Rejected, 429, "chaos_ratelimit"},
		"a failure":           {"count", chaos("Drop", "1"), client.ErrUnavailable, client.ErrDecode, client.MaybeApplied, 500, "chaos_drop"},
		"no JSON":             {"count", chaos("Malformed", "1"), client.ErrDecode, client.ErrUnavailable, client.MaybeApplied, 200, ""},
		"hung up":             {"count", chaos("Disconnect", "1"), io.EOF, client.ErrDecode, client.MaybeApplied, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, false, func(t *testing.T, w way) {
				before := asked(t, s)
				var edit []func(*client.Request)
				if tc.edit != nil {
					edit = append(edit, tc.edit)
				}
				c := atLLMock(t, s.URL+"/v1", client.WithRetry(retry.Policy{MaxWait: -1})) // which waits for no throttle
				g, err := w.generate(t.Context(), c, tc.prompt, openai.StreamLimits{}, edit...)
				e := failure(t, err)
				require.Zero(t, g)
				require.Equal(t, []any{tc.effect, tc.status, tc.code}, []any{e.Effect, e.Status, e.Code})
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
				}
				if tc.not != nil {
					require.NotErrorIs(t, err, tc.not)
				}
				require.Equal(t, before+1, asked(t, s))
			})
		})
	}
}

// P5: a stream that fails once it has begun is told from a whole one, wherever that is,
// and nothing is generated twice.
func TestP5_OpenAIStreamsThatFail(t *testing.T) {
	fixtures := []map[string]any{
		fixture("call", fields{"content": counted, "toolCalls": calls(called...)}, fields{"chunkSize": 5}),
		fixture("break", fields{"content": counted}, fields{"chunkSize": 3, "metadata": fields{"breaksAfter": 3}}),
		fixture("too long", fields{"content": counted, "finishReason": "length"}, nil),
		fixture("unfit", fields{"content": counted, "finishReason": "content_filter"}, nil),
	}
	const cuts = 12
	for n := range cuts {
		fixtures = append(fixtures, fixture("cut "+string(rune('a'+n)), fields{"content": counted, "toolCalls": calls(called...)},
			fields{"chunkSize": 5, "latency": 2, "truncateAfterChunks": 1 + 2*n}))
	}
	s := servers.LLMock(t, fixtures...)
	c := atLLMock(t, s.URL+"/v1")

	eachWay(t, true, func(t *testing.T, w way) {
		whole, err := w.generate(t.Context(), c, "call", openai.StreamLimits{})
		require.NoError(t, err)
		require.Equal(t, called, whole.calls)
		require.Greater(t, whole.events, 2*cuts, "each cut is before the end")
		for n := range cuts {
			before := asked(t, s)
			g, err := w.generate(t.Context(), c, "cut "+string(rune('a'+n)), openai.StreamLimits{})
			e := failure(t, err)
			require.True(t, errors.Is(err, io.ErrUnexpectedEOF) || e.Status == 0 && errors.Is(err, io.EOF), "%d: %v", n, err)
			require.Equal(t, client.MaybeApplied, e.Effect)
			require.LessOrEqual(t, g.events, 1+2*n)
			require.Equal(t, called[:len(g.calls)], append([]openai.ToolCall{}, g.calls...), "a call is whole or not there")
			require.Empty(t, g.ends)
			require.Equal(t, before+1, asked(t, s))
		}

		g, err := w.generate(t.Context(), c, "break", openai.StreamLimits{})
		e := failure(t, err)
		require.NotZero(t, g.events, "it had begun")
		require.Equal(t, []any{200, client.MaybeApplied}, []any{e.Status, e.Effect})
		require.Contains(t, e.Message, "is not a function", "in llmock's words")
		require.NotEmpty(t, e.RequestID)
	})

	// llmock completes a response that is too long, or unfit, with a status that says so.
	for prompt, code := range map[string]string{"too long": "incomplete", "unfit": "failed"} {
		g, err := ways[1].generate(t.Context(), c, prompt, openai.StreamLimits{})
		require.Equal(t, code, failure(t, err).Code)
		require.Equal(t, counted, g.text)
		g, err = ways[3].generate(t.Context(), c, prompt, openai.StreamLimits{})
		require.NoError(t, err, "a chat says it as the finish reason")
		require.Contains(t, []string{"length", "content_filter"}, g.ends)
	}
}

// P5: and so is one whose connection breaks, in the middle of an event too; that it comes
// in single bytes is no fault.
func TestP5_OpenAIStreamsOverABadConnection(t *testing.T) {
	s := servers.LLMock(t, fixture("call", fields{"content": counted, "toolCalls": calls(called...)}, fields{"chunkSize": 5}))
	api := servers.Toxiproxy(t)
	generate := func(t *testing.T, w way, kind string, attributes toxiproxy.Attributes) (generated, error) {
		proxy, err := api.CreateProxy(w.name+kind+fmt.Sprint(attributes), "127.0.0.1:0", s.Addr)
		require.NoError(t, err)
		_, err = proxy.AddToxic("", kind, "downstream", 1, attributes)
		require.NoError(t, err)
		return w.generate(t.Context(), atLLMock(t, "http://"+proxy.Listen+"/v1"), "call", openai.StreamLimits{})
	}
	eachWay(t, true, func(t *testing.T, w way) {
		for _, bytes := range []int{1, 300, 555, 1000, 1801, 2500} {
			g, err := generate(t, w, "limit_data", toxiproxy.Attributes{"bytes": bytes})
			require.Equal(t, client.MaybeApplied, failure(t, err).Effect)
			require.Empty(t, g.ends, "%d bytes", bytes)
			require.Equal(t, called[:len(g.calls)], append([]openai.ToolCall{}, g.calls...))
		}
		g, err := generate(t, w, "slicer", toxiproxy.Attributes{"average_size": 1, "size_variation": 0, "delay": 0})
		require.NoError(t, err)
		require.Equal(t, []any{counted, called}, []any{g.text, g.calls})
	})
}

// P5: silence ends with the caller's deadline, or with a limit of the stream's own.
func TestP5_OpenAIStreamsThatHang(t *testing.T) {
	s := servers.LLMock(t, fixture("count", fields{"content": counted}, nil), fixture("hang", fields{"content": counted}, silent))
	c := atLLMock(t, s.URL+"/v1")
	const (
		short = 150 * time.Millisecond
		never = time.Minute
	)
	for name, tc := range map[string]struct {
		prompt   string
		late     bool // before the headers, not in between
		deadline time.Duration
		limits   openai.StreamLimits
		is       error
		says     string
	}{
		"from the start, and the deadline":    {"count", true, short, openai.StreamLimits{}, context.DeadlineExceeded, ""},
		"from the start, and the first token": {"count", true, never, openai.StreamLimits{FirstToken: short}, client.ErrTimeout, "FirstToken allows"},
		"in between, and the deadline":        {"hang", false, short, openai.StreamLimits{}, context.DeadlineExceeded, ""},
		"in between, and the limit":           {"hang", false, never, openai.StreamLimits{FirstToken: short, Idle: short}, client.ErrTimeout, "allows"},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, tc.limits != openai.StreamLimits{} || !tc.late, func(t *testing.T, w way) {
				var edit []func(*client.Request)
				if tc.late {
					edit = append(edit, chaos("Latency", "30000"))
				}
				var g generated
				var err error
				var began time.Time
				// With more time where llmock had too little to be asked, or to begin.
				for more := time.Duration(1); more <= 64; more *= 4 {
					ctx, cancel := context.WithTimeout(t.Context(), min(more*tc.deadline, never))
					limits := openai.StreamLimits{FirstToken: more * tc.limits.FirstToken, Idle: more * tc.limits.Idle}
					began = time.Now()
					g, err = w.generate(ctx, c, tc.prompt, limits, edit...)
					cancel()
					if failure(t, err).Effect == client.MaybeApplied && tc.late == (g.events == 0) {
						break
					}
				}
				require.ErrorIs(t, err, tc.is)
				require.ErrorIs(t, err, client.ErrTimeout)
				require.NotErrorIs(t, err, context.Canceled)
				require.ErrorContains(t, err, tc.says)
				require.Equal(t, client.MaybeApplied, failure(t, err).Effect)
				require.Less(t, time.Since(began), 25*time.Second)
				require.Equal(t, tc.late, g.events == 0)
				require.Empty(t, g.ends)
			})
		})
	}
}

// Many streams at once, of which most do not end as they should, leave no goroutine and
// no connection behind.
func TestManyOpenAIStreamsLeaveNothing(t *testing.T) {
	leakcheck.Check(t)
	s := servers.LLMock(t,
		fixture("count", fields{"content": counted, "toolCalls": calls(called...)}, fields{"chunkSize": 1}),
		fixture("break", fields{"content": counted}, fields{"chunkSize": 3, "metadata": fields{"breaksAfter": 3}}),
		fixture("cut", fields{"content": counted}, fields{"chunkSize": 3, "latency": 5, "truncateAfterChunks": 4}),
		fixture("hang", fields{"content": counted}, silent),
	)
	var open, made atomic.Int64
	tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		open.Add(1)
		made.Add(1)
		return &countedConn{Conn: conn, closed: sync.OnceFunc(func() { open.Add(-1) })}, nil
	}}
	c, err := openai.New(secret.Static(servers.LLMockKey), client.WithBaseURL(s.URL+"/v1"), client.WithTransport(tr))
	require.NoError(t, err)
	run := func(w way, prompt string, limits openai.StreamLimits, edit ...func(*client.Request)) error {
		_, err := w.generate(t.Context(), c, prompt, limits, edit...)
		return err
	}
	outcomes := []func(way) bool{
		func(w way) bool { return run(w, "count", openai.StreamLimits{}) == nil },
		func(w way) bool { return run(w, "break", openai.StreamLimits{}) != nil },
		func(w way) bool { return run(w, "cut", openai.StreamLimits{}) != nil },
		func(w way) bool {
			return errors.Is(run(w, "hang", openai.StreamLimits{FirstToken: 200 * time.Millisecond, Idle: 200 * time.Millisecond}), client.ErrTimeout)
		},
		func(w way) bool { return run(w, "count", openai.StreamLimits{}, chaos("Disconnect", "1")) != nil },
		func(way) bool { // leaves its loop
			for _, err := range openai.StreamResponse(t.Context(), c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: "hang"}) {
				return err == nil
			}
			return false
		},
		func(way) bool { // is cancelled in it
			ctx, cancel := context.WithCancel(t.Context())
			var last error
			for _, last = range openai.StreamChat(ctx, c.HTTP, chatOf("hang", openai.StreamLimits{})) {
				cancel()
			}
			cancel()
			return errors.Is(last, context.Canceled)
		},
	}
	const each = 12
	var wg sync.WaitGroup
	var wrong atomic.Int64
	for n := range each * len(outcomes) {
		wg.Go(func() {
			if !outcomes[n%len(outcomes)](ways[1+n/len(outcomes)%2*2]) {
				wrong.Add(1)
				t.Errorf("outcome %d is another", n%len(outcomes))
			}
		})
	}
	wg.Wait()
	require.Zero(t, wrong.Load())
	require.Greater(t, made.Load(), int64(each))
	tr.CloseIdleConnections()
	require.Eventually(t, func() bool { return open.Load() == 0 }, time.Minute, 5*time.Millisecond, "connections are left open")
}

type countedConn struct {
	net.Conn

	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}
