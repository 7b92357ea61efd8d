package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const testToken = "token-of-the-application"

// start returns a client and the API that it calls, which follows the script.
func start(t *testing.T, script string, options ...client.Option) (*Warehouse, *clienttest.Transport) {
	t.Helper()
	api := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	w, err := New("https://warehouse.example.com", secret.Static(testToken), append(options, client.WithTransport(api))...)
	require.NoError(t, err)
	return w, api
}

func TestArticlesComePageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, api := start(t, `200 {"articles":[{"id":"a","left":2},{"id":"b"}],"next":"b"}, 503, 200 {"articles":[{"id":"c"}]}`)
		var ids []string
		for a, err := range w.Articles(t.Context()) {
			require.NoError(t, err)
			ids = append(ids, a.ID)
		}
		require.Equal(t, []string{"a", "b", "c"}, ids)
		require.Equal(t, 3, api.Count(), "the page that failed was asked for again")
		require.Equal(t, "/v1/articles?after=b", api.Last().URL)
		require.Equal(t, "Bearer "+testToken, api.Last().Header.Get("Authorization"))

		api.Script(clienttest.Status(404))
		for _, err := range w.Articles(t.Context()) {
			require.ErrorIs(t, err, client.ErrNotFound)
		}
	})
}

func TestSearchIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, api := start(t, `reset, 503, 200 [{"id":"a"}]`)
		found, err := w.Search(t.Context(), "water")
		require.NoError(t, err)
		require.Equal(t, []Article{{ID: "a"}}, found)
		require.Equal(t, 3, api.Count())
	})
}

func TestReserveIsSentOnceAfterAReset(t *testing.T) {
	w, api := start(t, `reset, 201 {"id":"r_1","number":2}`)
	_, err := w.Reserve(t.Context(), "a/1", 2)
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok, err)
	require.Equal(t, client.MaybeApplied, e.Effect)
	require.ErrorContains(t, err, "maybe applied", "whoever reads the log is told as well")
	require.Equal(t, 1, api.Count())
	require.Empty(t, api.Last().Header.Get("Idempotency-Key"))
	require.Equal(t, "/v1/articles/a%2F1/reservations", api.Last().URL)
	require.JSONEq(t, `{"number":2}`, string(api.Last().Body))
}

// What Profile.IdempotencyHeader gives, where the API supports it.
func TestReserveIsRepeatedUnderOneKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, api := start(t, `reset, 503, 201 {"id":"r_1","number":2}`, client.WithIdempotencyHeader("Idempotency-Key"))
		got, err := w.Reserve(t.Context(), "a", 2)
		require.NoError(t, err)
		require.Equal(t, Reservation{ID: "r_1", Number: 2}, got)
		seen := api.Requests()
		require.Len(t, seen, 3)
		require.NotEmpty(t, seen[0].Header.Get("Idempotency-Key"))
		require.Equal(t, seen[0].Header.Get("Idempotency-Key"), seen[2].Header.Get("Idempotency-Key"))
	})
}

func TestOutOfStock(t *testing.T) {
	w, _ := start(t, `409 X-Trace-Id=t_7 {"fault":{"kind":"out_of_stock","text":"too many"},"left":1}`)
	_, err := w.Reserve(t.Context(), "a", 2)
	out, ok := errors.AsType[*OutOfStockError](err)
	require.True(t, ok, err)
	require.Equal(t, 1, out.Left)
	require.ErrorIs(t, err, client.ErrConflict)
	require.ErrorContains(t, err, "t_7", "the trace is in the error, for whoever runs the API")
}

func TestOtherErrors(t *testing.T) {
	w, _ := start(t, `400 {"fault":{"kind":"closed","text":"we are closed"}}, 403 {"message":"by the proxy"}`)
	for _, want := range []string{"we are closed", "by the proxy"} {
		_, err := w.Reserve(t.Context(), "a", 2)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), testToken)
	}
}

func TestEachUserHasATokenAndALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, api := start(t, `200 {"articles":[]}`)
		begin := time.Now()
		for _, user := range []string{"ada", "ben"} {
			for range 3 { // as many copies as there are requests
				theirs, err := w.As(user, secret.Static("token-of-"+user))
				require.NoError(t, err)
				for _, err := range theirs.Articles(t.Context()) {
					require.NoError(t, err)
				}
				require.Equal(t, "Bearer token-of-"+user, api.Last().Header.Get("Authorization"))
			}
		}
		require.Equal(t, 400*time.Millisecond, time.Since(begin).Round(time.Millisecond), "each of the two waits twice for a tenth of a second")
	})
}
