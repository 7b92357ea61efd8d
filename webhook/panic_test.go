package webhook_test

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

const inAPanic = "canary-in-a-panic"

// blowingGuard panics in the step that it is told.
type blowingGuard struct {
	webhook.Guard
	at string
}

func (g *blowingGuard) step(name string) {
	if g.at == name {
		panic(inAPanic)
	}
}

func (g *blowingGuard) Claim(ctx context.Context, k webhook.GuardKey) (webhook.Claim, error) {
	g.step("claim")
	return g.Guard.Claim(ctx, k)
}

func (g *blowingGuard) Commit(ctx context.Context, c webhook.Claim) error {
	g.step("commit")
	return g.Guard.Commit(ctx, c)
}

func (g *blowingGuard) Release(ctx context.Context, c webhook.Claim) error {
	g.step("release")
	return g.Guard.Release(ctx, c)
}

// C37: a guard that panics cannot tell, or has not recorded; what the function did
// decides the answer. So it is under a worker's Dispatch, where no server's stack is
// above.
func TestC37_APanicInAGuard(t *testing.T) {
	for at, want := range map[string]int{"claim": 503, "commit": 200, "release": 500} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			j := &journal{result: func(webhook.Event[fakeEvent], int) error {
				if at == "release" {
					return errTest
				}
				return nil
			}}
			var log buffer
			g := &blowingGuard{memoryGuard(t, webhook.MemoryGuardConfig{}), at}
			h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(g), log.option())
			require.Equal(t, want, status(h, delivery(event("e1", "paid"))))
			require.Contains(t, log.String(), "panicked with a string")
			require.NotContains(t, log.String(), `error="`+inAPanic)

			d := &webhook.Delivery{Endpoint: "fake", Request: &webhook.Request{}, Events: []webhook.Raw{{ID: "e2", Type: "paid", Payload: []byte(event("e2", "paid"))}}}
			err := h.Dispatch(t.Context(), d)
			switch at {
			case "claim":
				require.ErrorContains(t, err, "the guard panicked with a string")
				require.NotContains(t, err.Error(), inAPanic)
			case "commit":
				require.NoError(t, err)
			case "release":
				require.ErrorIs(t, err, errTest)
			}
		})
	}
}

// blowingLog panics at every line.
type blowingLog struct{}

func (blowingLog) Enabled(context.Context, slog.Level) bool  { return true }
func (blowingLog) Handle(context.Context, slog.Record) error { panic(inAPanic) }
func (l blowingLog) WithAttrs([]slog.Attr) slog.Handler      { return l }
func (l blowingLog) WithGroup(string) slog.Handler           { return l }

// C37: a log handler changes no answer.
func TestC37_APanicInALogHandler(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithLogger(slog.New(blowingLog{})))
	require.Equal(t, 200, status(h, delivery(event("e1", "paid"))))
	require.Equal(t, 200, status(h, delivery(event("e2", "unknown"))))
	refused := delivery(event("e3", "paid"))
	refused.Header.Del("X-Fake-Key")
	require.Equal(t, 401, status(h, refused))
	h = newHandler(t, fake{}, webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error { panic(inAPanic) }),
		webhook.WithLogger(slog.New(blowingLog{})))
	require.Equal(t, 500, status(h, delivery(event("e1", "paid"))))
}

// C37, W4: a source of secrets that panics leaves a delivery undecided.
func TestC37_APanicInASecretSource(t *testing.T) {
	t.Parallel()
	blows := true
	s, err := webhook.Stripe(secret.Func(func(context.Context) ([]secret.Value, error) {
		if blows {
			panic(inAPanic)
		}
		return []secret.Value{secret.New("whsec_test")}, nil
	}))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	require.NoError(t, err)
	req.Header.Set("Stripe-Signature", "t=1700000000,v1=00")
	_, err = s.Verify(t.Context(), &webhook.Request{Method: req.Method, Header: req.Header, Body: []byte("{}")})
	require.ErrorIs(t, err, webhook.ErrUnavailable)
	require.NotContains(t, err.Error(), inAPanic)
	blows = false
	_, err = s.Verify(t.Context(), &webhook.Request{Method: req.Method, Header: req.Header, Body: []byte("{}")})
	require.NotErrorIs(t, err, webhook.ErrUnavailable)
}

// C37: a fetch of SNS's certificate through a transport that panics, or that ends
// its goroutine, fails its own messages and no process.
func TestC37_APanicInTheTransportOfSNS(t *testing.T) {
	for name, blow := range map[string]func(){"a panic": func() { panic(inAPanic) }, "its own end": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, server := newSNS(t)
			server.answer = func(*http.Request) (*http.Response, error) { blow(); return nil, nil }
			_, err := s.Verify(t.Context(), post(string(snsBody(t, nil))))
			require.ErrorIs(t, err, webhook.ErrUnavailable)
			require.NotContains(t, err.Error(), inAPanic)
		})
	}
}
