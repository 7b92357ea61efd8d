package sentry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/providers/sentry/sentrytest"
)

// frames are those of an event's only exception, the outermost caller first.
func frames(t *testing.T, e sentrytest.Event) []sentry.Frame {
	t.Helper()
	var raw struct {
		Exception struct {
			Values []sentry.Exception `json:"values"`
		} `json:"exception"`
	}
	require.NoError(t, json.Unmarshal(e.Raw, &raw))
	last := raw.Exception.Values[len(raw.Exception.Values)-1]
	require.NotNil(t, last.Stacktrace)
	return last.Stacktrace.Frames
}

func divide(a, b int) int { return a / b }

// C37, X1: a panic is reported with its stack and its request, and goes on. Neither what
// was panicked with nor a credential of the request is shown.
func TestC37_APanicIsReported(t *testing.T) {
	for name, tc := range map[string]struct {
		handle func()
		config sentry.ReporterConfig
		value  string
		top    string // the function that the stack ends in
	}{
		"a value":        {func() { panic(canary) }, sentry.ReporterConfig{}, "the program panicked with a string", "TestC37_APanicIsReported.func1"},
		"runtime":        {func() { _ = divide(1, 0) }, sentry.ReporterConfig{}, "the program panicked: runtime error: integer divide by zero", "divide"},
		"asked to show":  {func() { panic("out of stock") }, sentry.ReporterConfig{PanicValues: true}, "out of stock", "TestC37_APanicIsReported.func3"},
		"panics to show": {func() { panic(panicky{}) }, sentry.ReporterConfig{PanicValues: true}, "%!v(PANIC=Error method: s3cret)", "TestC37_APanicIsReported.func4"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, srv := reporting(t, tc.config)
				mux := http.NewServeMux()
				mux.HandleFunc("POST /orders/{id}", func(http.ResponseWriter, *http.Request) { tc.handle() })
				req := httptest.NewRequest("POST", "/orders/7?token="+canary, nil)
				req.Header.Set("Cookie", "session="+canary)
				req.Header.Set("User-Agent", "test/1")
				require.Panics(t, func() { r.Middleware(mux).ServeHTTP(httptest.NewRecorder(), req) })
				flush(t, r)
				require.Len(t, srv.Events(), 1)
				e := srv.Events()[0]
				require.Equal(t, []string{"fatal", "POST /orders/{id}"}, []string{e.Level, e.Transaction})
				require.Equal(t, []sentrytest.Exception{{Type: "panic", Value: tc.value}}, e.Exceptions)
				require.NotContains(t, string(e.Raw), canary)
				var raw struct {
					Request sentry.Request `json:"request"`
				}
				require.NoError(t, json.Unmarshal(e.Raw, &raw))
				require.Equal(t, "POST http://example.com/orders/7?token=[redacted]", raw.Request.Method+" "+raw.Request.URL)
				require.Equal(t, map[string]string{"Cookie": "[redacted]", "User-Agent": "test/1"}, raw.Request.Headers)
				stack := frames(t, e)
				top := stack[len(stack)-1]
				require.Equal(t, tc.top, top.Function)
				require.Equal(t, "github.com/standpipe-go/standpipe/providers/sentry_test", top.Module)
				require.Equal(t, top.Module+"/recover_test.go", top.Filename)
				require.True(t, top.InApp)
				require.NotZero(t, top.Line)
				outside := 0
				for _, f := range stack {
					require.NotEqual(t, "gopanic", f.Function)
					if strings.HasSuffix(f.Filename, "/recover.go") { // inlined, it would pass for the program's own
						require.Equal(t, "github.com/standpipe-go/standpipe/providers/sentry", f.Module, f.Function)
					}
					if f.Module == "net/http" {
						require.False(t, f.InApp)
						outside++
					}
				}
				require.NotZero(t, outside)
			})
		})
	}
}

func TestWhatIsNoPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		fine := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
		w := httptest.NewRecorder()
		r.Middleware(fine).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		require.Equal(t, 204, w.Code)
		abort := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		require.PanicsWithValue(t, http.ErrAbortHandler, func() { r.Middleware(abort).ServeHTTP(w, httptest.NewRequest("GET", "/", nil)) })
		require.Empty(t, r.CapturePanic(t.Context(), nil))
		flush(t, r)
		require.Empty(t, srv.Requests())

		func() {
			defer func() { require.NotEmpty(t, r.CapturePanic(t.Context(), recover())) }()
			panic("x")
		}()
		flush(t, r)
		stack := frames(t, srv.Events()[0])
		require.Equal(t, "TestWhatIsNoPanic.func1.4", stack[len(stack)-1].Function)
	})
}

type round struct{}

func (*round) Error() string   { return "round and round" }
func (r *round) Unwrap() error { return r }

type sealed struct{ error }

func (sealed) Unwrap() error { panic("s3cret") }

type sealedMany struct{ error }

func (sealedMany) Unwrap() []error { panic("s3cret") }

// C37: an error whose Unwrap panics is reported, without what it wraps.
func TestC37_AnErrorThatPanicsWhenItIsUnwrapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		require.NotEmpty(t, r.CaptureError(t.Context(), sealed{errors.New("one")}))
		require.NotEmpty(t, r.CaptureError(t.Context(), sealedMany{errors.New("many")}))
		flush(t, r)
		for i, want := range []string{"one", "many"} {
			require.Len(t, srv.Events()[i].Exceptions, 1)
			require.Equal(t, want, srv.Events()[i].Exceptions[0].Value)
		}
	})
}

// However an error is made, an event has a few exceptions of it.
func TestEndlessErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		r.CaptureError(t.Context(), &round{})
		long := errors.New("0")
		for i := range 20 {
			long = fmt.Errorf("%d: %w", i, long)
		}
		r.CaptureError(t.Context(), long)
		flush(t, r)
		require.Len(t, srv.Events()[0].Exceptions, 1)
		require.Len(t, srv.Events()[1].Exceptions, 10)
		require.True(t, strings.HasPrefix(srv.Events()[1].Exceptions[9].Value, "19: 18: "), "the outermost ones")
	})
}

// The stack of an error is that of who captures it.
func TestTheStackOfAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		r.CaptureError(t.Context(), http.ErrBodyNotAllowed)
		flush(t, r)
		stack := frames(t, srv.Events()[0])
		require.Equal(t, "TestTheStackOfAnError.func1", stack[len(stack)-1].Function)
	})
}

// A request made by hand may lack its URL: the panic is the handler's own all the same.
func TestAPanicOfARequestWithoutAURL(t *testing.T) {
	srv := sentrytest.New()
	r, err := srv.Reporter(sentry.ReporterConfig{})
	require.NoError(t, err)
	h := r.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("theirs") }))
	require.PanicsWithValue(t, "theirs", func() { h.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: http.MethodGet}) })
	require.NoError(t, r.Close(t.Context()))
	require.Len(t, srv.Events(), 1)
}
