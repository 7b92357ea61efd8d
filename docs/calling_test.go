package docs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// newExampleAPI is called once, when the program starts. Tests pass options of their own.
func newExampleAPI(opts ...client.Option) (*client.Client, error) {
	return client.New("https://api.example.com", append([]client.Option{
		client.WithAuth(client.Bearer(secret.Env("EXAMPLE_API_KEY"))),
		client.WithIdempotencyHeader("Idempotency-Key"), // only if the service says that it supports one
		client.WithRateLimit(ratelimit.PerSecond(25)),
		client.WithLogger(slog.Default()),
	}, opts...)...)
}

// exampleAPI is a client of it for a service that follows a script.
func exampleAPI(t *testing.T, script string, opts ...client.Option) (*client.Client, *clienttest.Server) {
	t.Helper()
	t.Setenv("EXAMPLE_API_KEY", "sk_example")
	srv := clienttest.NewServer(t, clienttest.MustParse(script)...)
	api, err := newExampleAPI(append([]client.Option{client.WithBaseURL(srv.URL), client.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(api.CloseIdleConnections)
	return api, srv
}

func get(ctx context.Context, api *client.Client, id string) (Customer, error) {
	customer, err := client.Get[Customer](ctx, api, "/v1/customers/"+client.PathEscape(id))
	return customer, err
}

type Customers struct {
	Data []Customer `json:"data"`
	Next string     `json:"next"`
}

func search(ctx context.Context, api *client.Client, email string) (Customers, error) {
	found, err := client.Call[Customers](ctx, api, client.Request{
		Method:     "POST",
		Path:       "/v1/customers/search",
		Query:      url.Values{"limit": {"10"}},
		Body:       map[string]string{"email": email},
		Repeatable: true, // a search changes nothing, so it may be retried although it is a POST
		Timeout:    5 * time.Second,
	})
	return found, err
}

func TestCallsAreMade(t *testing.T) {
	api, srv := exampleAPI(t, `200 {"id":"a/b"}, 503 Retry-After=0, 200 {"data":[{"id":"cus_1"}]}`)
	customer, err := get(t.Context(), api, "a/b")
	require.NoError(t, err)
	require.Equal(t, "a/b", customer.ID)
	require.Equal(t, "/v1/customers/a%2Fb", srv.Last().URL)
	found, err := search(t.Context(), api, "ada@example.com")
	require.NoError(t, err)
	require.Len(t, found.Data, 1)
	require.Equal(t, 3, srv.Count())
}

type Order struct {
	ID     string `json:"id"`
	Amount int    `json:"amount"`
}

type Charge struct{ ID string }

// charge says what the order's state is to be.
func charge(ctx context.Context, api *client.Client, order Order) (state string, err error) {
	_, err = client.Call[Charge](ctx, api, client.Request{
		Method: "POST", Path: "/v1/charges", Body: order,
		IdempotencyKey: "order-" + order.ID, // the same one when this function is called again
	})
	if err == nil {
		return "paid", nil
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		switch {
		case e.Code == "card_declined":
			return "declined", nil // e.Message says why, in the service's words
		case e.Effect == client.MaybeApplied: // before ErrRateLimited: a 503 and then a 429 are both
			return "unknown", err // call again later: the key makes it one charge
		case errors.Is(err, client.ErrRateLimited) && !e.RetryAt.IsZero():
			return "waiting until " + e.RetryAt.Format(time.TimeOnly), err
		}
	}
	return "open", err // it was never sent, or it was rejected: nothing has happened
}

func TestChargeTellsStatesApart(t *testing.T) {
	order := Order{ID: "17", Amount: 100}
	for script, want := range map[string]string{
		`200 {"id":"ch_1"}`: "paid",
		`402 {"error":{"code":"card_declined","message":"Your card was declined."}}`: "declined",
		`reset`:                "unknown",
		`429 Retry-After=3600`: "waiting until ",
		`429`:                  "open",
		`503, 429`:             "unknown",
		`400 {}`:               "open",
	} {
		api, srv := exampleAPI(t, script, client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}))
		state, err := charge(t.Context(), api, order)
		require.True(t, strings.HasPrefix(state, want), "%s: %s", script, state)
		require.Equal(t, state != "paid" && state != "declined", err != nil, script)
		for _, r := range srv.Requests() {
			require.Equal(t, "order-17", r.Header.Get("Idempotency-Key"))
		}
	}
}

func withTimeouts(opts []client.Option) []client.Option {
	opts = append(opts,
		client.WithTimeout(10*time.Second),       // a call with all its attempts and waits
		client.WithAttemptTimeout(3*time.Second)) // one attempt, until the response's headers
	return opts
}

func withLimits(opts []client.Option) []client.Option {
	opts = append(opts, client.WithRateLimit(ratelimit.All(
		ratelimit.PerSecond(10, ratelimit.WithBurst(20)),
		ratelimit.Quota(5000, ratelimit.Day),
		ratelimit.InFlight(8)))) // so many at the same time
	return opts
}

func withLastingLimits(opts []client.Option, dir string) ([]client.Option, error) {
	state, err := ratelimit.FileState(dir)
	if err != nil {
		return nil, err
	}
	opts = append(opts,
		client.WithPacing(ratelimit.NewPacer(ratelimit.WithState(state))),
		client.WithRateLimit(ratelimit.Quota(5000, ratelimit.Month, ratelimit.WithState(state))))
	return opts, nil
}

func TestLastingLimitsOutliveTheProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "limits")
	for _, script := range []string{`429 Retry-After=600`, `200 {"id":"cus_1"}`} {
		opts, err := withLastingLimits(nil, dir)
		require.NoError(t, err)
		// Where a service is does not change with the process, as this one's does.
		opts = append(opts, client.WithLimitKey(func(*http.Request) string { return "example" }))
		api, srv := exampleAPI(t, script, opts...)
		_, err = get(t.Context(), api, "cus_1")
		require.ErrorIs(t, err, client.ErrRateLimited)
		require.Equal(t, strings.HasPrefix(script, "429"), srv.Count() == 1)
	}
}

func TestTimeoutsAndLimitsAreAccepted(t *testing.T) {
	api, _ := exampleAPI(t, `503 Retry-After=30`, withLimits(withTimeouts(nil))...)
	began := time.Now()
	_, err := get(t.Context(), api, "cus_1")
	require.ErrorIs(t, err, client.ErrUnavailable) // the wait does not fit, so what the service said comes at once
	require.Less(t, time.Since(began), 9*time.Second)
}

func eachCustomer(ctx context.Context, api *client.Client, visit func(Customer)) error {
	next := client.NextCursor("cursor", func(page Customers) string { return page.Next })
	for page, err := range client.Pages(ctx, api, client.Request{Path: "/v1/customers"}, next) {
		if err != nil {
			return err
		}
		for _, customer := range page.Data {
			visit(customer)
		}
	}
	return nil
}

func TestListsAreWalked(t *testing.T) {
	api, srv := exampleAPI(t, `200 {"data":[{"id":"a"},{"id":"b"}],"next":"2"}, 503 Retry-After=0, 200 {"data":[{"id":"c"}]}`)
	var ids string
	require.NoError(t, eachCustomer(t.Context(), api, func(c Customer) { ids += c.ID }))
	require.Equal(t, "abc", ids)
	require.Equal(t, "/v1/customers?cursor=2", srv.Last().URL)
}

func eachFound(ctx context.Context, api *client.Client, visit func(Customer)) error {
	search := client.Request{Method: "POST", Path: "/v1/customers/search", Body: map[string]string{}, Repeatable: true}
	next := func(p client.Page[Customers]) (client.Request, bool) {
		p.Request.Body = map[string]string{"cursor": p.Value.Next}
		return p.Request, p.Value.Next != ""
	}
	for page, err := range client.Pages(ctx, api, search, next) {
		if err != nil {
			return err
		}
		for _, customer := range page.Data {
			visit(customer)
		}
	}
	return nil
}

func TestACursorGoesIntoABody(t *testing.T) {
	api, srv := exampleAPI(t, `200 {"data":[{"id":"a"}],"next":"2"}, 503 Retry-After=0, 200 {"data":[{"id":"b"}]}`)
	var ids string
	require.NoError(t, eachFound(t.Context(), api, func(c Customer) { ids += c.ID }))
	require.Equal(t, "ab", ids)
	require.Equal(t, 3, srv.Count())
	require.JSONEq(t, `{"cursor":"2"}`, string(srv.Last().Body))
}

func inHouse(token secret.Source, opts ...client.Option) (*client.Client, error) {
	return client.New("http://stock.internal/api", append([]client.Option{
		client.WithAuth(client.Bearer(token)),
		client.WithInsecureCleartextCredentials(), // anyone on the way can read the token
	}, opts...)...)
}

func TestAServiceInHouseOverPlainHTTP(t *testing.T) {
	service := clienttest.NewTransport(t, clienttest.Status(404))
	c, err := inHouse(secret.Static("token"), client.WithTransport(service))
	require.NoError(t, err)
	_, err = client.Call[client.None](t.Context(), c, client.Request{Path: "/v1/things/7", Route: "/v1/things/{id}"})
	require.ErrorContains(t, err, "GET /v1/things/{id}: 404", "the route as it was given, without the base path")
	require.Equal(t, "/api/v1/things/7", service.Last().URL)
	require.Equal(t, "Bearer token", service.Last().Header.Get("Authorization"))
}

// A hung attempt takes all the time that the call has, where it may take that much.
func TestAnAttemptThatHangs(t *testing.T) {
	for attempt, sent := range map[time.Duration]int{0: 1, 3 * time.Second: 2} {
		synctest.Test(t, func(t *testing.T) {
			service := clienttest.NewTransport(t, clienttest.MustParse(`hang, 200 {}`)...)
			opts := []client.Option{client.WithTransport(service), client.WithTimeout(10 * time.Second)}
			if attempt > 0 {
				opts = append(opts, client.WithAttemptTimeout(attempt))
			}
			c, err := client.New("https://api.example.com", opts...)
			require.NoError(t, err)
			_, err = client.Get[client.None](t.Context(), c, "/")
			require.Equal(t, sent == 1, errors.Is(err, client.ErrTimeout), "%v", err)
			require.Equal(t, sent, service.Count())
		})
	}
}

func stream(ctx context.Context, api *client.Client, out io.Writer) error {
	for event, err := range client.Events(ctx, api, client.Request{Method: "POST", Path: "/v1/stream", Body: map[string]bool{"stream": true}}) {
		if err != nil {
			return err // also where the stream broke off
		}
		if string(event.Data) == "[DONE]" { // how this service ends its streams
			return nil
		}
		fmt.Fprintf(out, "%s ", event.Data)
	}
	return errors.New("the stream ended without [DONE]")
}

func TestEventsAreStreamed(t *testing.T) {
	api, srv := exampleAPI(t, `200`)
	srv.Script(clienttest.Status(200).Header("Content-Type", "text/event-stream").Body("data: a\n\ndata: b\n\ndata: [DONE]\n\n"))
	var out strings.Builder
	require.NoError(t, stream(t.Context(), api, &out))
	require.Equal(t, "a b ", out.String())
}

// answer streams what a model says to a question.
func answer(ctx context.Context, ai *openai.Client, question string, out io.Writer) error {
	for event, err := range openai.StreamResponse(ctx, ai.HTTP, openai.ResponseInput{Model: "gpt-5", Input: question}) {
		if err != nil {
			return err
		}
		fmt.Fprint(out, event.OutputText())
	}
	return nil
}

func TestAModelAnswers(t *testing.T) {
	delta := `data: {"type":"response.output_text.delta","delta":"Hello"}` + "\n\n"
	completed := `data: {"type":"response.completed","response":{"id":"resp_1","status":"completed"}}` + "\n\n"
	for events, want := range map[string]error{delta + completed: nil, delta: io.ErrUnexpectedEOF} {
		srv := clienttest.NewServer(t, clienttest.Status(200).Header("Content-Type", "text/event-stream").Body(events))
		ai, err := openai.New(secret.Static("sk-test"), client.WithBaseURL(srv.URL))
		require.NoError(t, err)
		t.Cleanup(ai.HTTP.CloseIdleConnections)
		var out strings.Builder
		require.ErrorIs(t, answer(t.Context(), ai, "Who are you?", &out), want)
		require.Equal(t, "Hello", out.String())
	}
}

func files(ctx context.Context, api *client.Client, folder string) error {
	_, err := client.DownloadFile(ctx, api, client.Request{Path: "/v1/export.csv"}, filepath.Join(folder, "export.csv"))
	if err != nil {
		return err
	}
	scan := filepath.Join(folder, "scan.pdf")
	info, err := os.Stat(scan)
	if err != nil {
		return err
	}
	_, err = client.Post[client.None](ctx, api, "/v1/files", client.Multipart(
		client.Part{Name: "purpose", Value: "evidence"},
		client.Part{
			Name: "file", FileName: "scan.pdf", ContentType: "application/pdf",
			Size: info.Size(), // so that the request says how long it is: some services insist
			// Again for each attempt:
			Open: func() (io.ReadCloser, error) { return os.Open(scan) },
		}))
	return err
}

func TestFilesGoBothWays(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "scan.pdf"), []byte("%PDF"), 0o600))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, "a,b\n")
			return
		}
		_, header, err := r.FormFile("file")
		if err != nil || header.Filename != "scan.pdf" {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(srv.Close)
	api, err := client.New(srv.URL)
	require.NoError(t, err)
	t.Cleanup(api.CloseIdleConnections)
	require.NoError(t, files(t.Context(), api, folder))
	content, err := os.ReadFile(filepath.Join(folder, "export.csv"))
	require.NoError(t, err)
	require.Equal(t, "a,b\n", string(content))
}

func logged(log *slog.Logger, err error) {
	if e, ok := errors.AsType[*client.Error](err); ok {
		log.Error("charge failed", "err", err, "effect", e.Effect.String(), "request_id", e.RequestID, "attempts", len(e.Attempts))
	}
}

func TestAnErrorIsLogged(t *testing.T) {
	api, _ := exampleAPI(t, `500 Request-Id=req_1 {}`)
	_, err := client.Post[client.None](t.Context(), api, "/v1/charges", Order{ID: "17"})
	require.Error(t, err)
	var out strings.Builder
	logged(slog.New(slog.NewTextHandler(&out, nil)), err)
	require.Contains(t, out.String(), `effect="maybe applied" request_id=req_1 attempts=3`)
	require.NotContains(t, out.String(), "sk_example")
}
