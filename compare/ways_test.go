package compare_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/compare"
)

// outcome is what one behaviour comes to for one subject.
func outcome[S compare.Named](t *testing.T, table compare.Table[S], id string, s S) string {
	t.Helper()
	r, err := table.Only(id).Measure(t.Context(), []S{s})
	require.NoError(t, err)
	require.Len(t, r.Rows, 1)
	return r.Rows[0].Outcomes[0].String()
}

// A row can be failed in more ways than the naive subject does.
func TestCallersFailInOtherWays(t *testing.T) {
	t.Parallel()
	// through makes a Caller of what is done with a request and a plain client.
	through := func(f func(context.Context, compare.Do, compare.Request) (compare.Reply, error)) compare.Caller {
		return compare.Caller{Open: func(svc compare.Service) (compare.Do, error) {
			plain := svc.Through((&http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}).Do)
			return func(ctx context.Context, r compare.Request) (compare.Reply, error) { return f(ctx, plain, r) }, nil
		}}
	}
	for _, tc := range []struct {
		name, id, want string
		call           func(context.Context, compare.Do, compare.Request) (compare.Reply, error)
	}{
		{"the 503 is lost", "past-deadline", "✗ ends at once, without the 503", func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
			_, err := do(ctx, r)
			return compare.Reply{}, errors.Join(err, errors.New("given up"))
		}},
		{"it waits for the deadline", "past-deadline", "✗ waits 1 s in vain", func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
			_, _ = do(ctx, r)
			<-ctx.Done()
			return compare.Reply{}, ctx.Err()
		}},
		{"it tries again early", "cancelled", "✗ sent twice, against Retry-After", func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
			_, _ = do(ctx, r)
			return do(ctx, r)
		}},
		{"it does not try again", "recovers", "–", func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
			return do(ctx, r)
		}},
		{"it waits its own while", "retry-after-overflow", "✓ 2 requests, with backoff", func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
			_, _ = do(ctx, r)
			time.Sleep(150 * time.Millisecond)
			return do(ctx, r)
		}},
		{"a few more in an outage", "outage", "· 1.50 requests a call", func() func(context.Context, compare.Do, compare.Request) (compare.Reply, error) {
			turn := make(chan bool, 3*1000)
			for n := range cap(turn) {
				turn <- n%2 == 0
			}
			return func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
				if <-turn {
					_, _ = do(ctx, r)
				}
				return do(ctx, r)
			}
		}()},
		{"it reads the body in spite of all", "truncated", "· an error", func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
			return do(ctx, r)
		}},
		{"it names the key by itself", "secret-in-error", "✗ in 3 of 3 errors", func(ctx context.Context, do compare.Do, r compare.Request) (compare.Reply, error) {
			reply, err := do(ctx, r)
			if err == nil && reply.Status != http.StatusOK {
				err = errors.New("key=sk_live_compare_4eC39HqLyjWDarjtT1zdp7dc")
			}
			return reply, err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			for tries := 0; tries < 3 && got != tc.want; tries++ { // a machine that stands still is slow itself
				got = outcome(t, compare.Calls(), tc.id, through(tc.call))
			}
			require.Equal(t, tc.want, got)
		})
	}
}

// lax verifies Stripe's webhooks, but for what is left out.
type lax struct{ ahead, unsigned, firstOnly, anySecret bool }

func (l lax) receiver() compare.Receiver {
	s := compare.Stripe()
	return compare.Receiver{Sender: s, ReadsBody: true, Open: func(secrets ...string) (compare.Accept, error) {
		if l.firstOnly {
			secrets = secrets[:1]
		}
		if l.anySecret {
			secrets = []string{s.Secret, s.Other, s.Stranger}
		}
		return func(r *http.Request) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			header := r.Header.Get(s.SignatureHeader)
			if header == "" && l.unsigned {
				return nil
			}
			stamp, _, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",")
			unix, err := strconv.ParseInt(stamp, 10, 64)
			if err != nil {
				return err
			}
			at := time.Unix(unix, 0)
			if time.Since(at) > time.Minute || !l.ahead && time.Until(at) > time.Minute {
				return errors.New("stale")
			}
			for _, secret := range secrets {
				if s.Sign(secret, at, body).Get(s.SignatureHeader) == header {
					return nil
				}
			}
			return errors.New("another signature")
		}, nil
	}}
}

func TestReceiversFailInOtherWays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		id, want string
		lax      lax
	}{
		{"not-signed", "✓ both refused", lax{}},
		{"not-signed", "✗ unsigned accepted, changed refused", lax{unsigned: true}},
		{"stale", "✓ both refused", lax{}},
		{"stale", "✗ old refused, ahead accepted", lax{ahead: true}},
		{"two-secrets", "✓ 2 of 2 accepted", lax{}},
		{"two-secrets", "✗ 1 of 2 accepted", lax{firstOnly: true}},
		{"two-secrets", "✗ a third is accepted", lax{anySecret: true}},
		{"empty-secret", "✗ accepts a body signed with the empty key", lax{}},
		{"retired", "✓ refused", lax{}},
		{"signed-twice", "· the first counts", lax{}},
		{"huge-body", "✗ reads 256 MiB", lax{}},
	} {
		t.Run(fmt.Sprintf("%s %+v", tc.id, tc.lax), func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, outcome(t, compare.Hooks(), tc.id, tc.lax.receiver()))
		})
	}
}

// The signer of each service signs what the service documents.
func TestSenders(t *testing.T) {
	t.Parallel()
	at := time.Unix(1614265330, 0)
	// https://github.com/standard-webhooks/standard-webhooks: the specification's own
	// example key and ID.
	h := compare.StandardWebhooks("Webhook").Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at, []byte(`{"test": 2432232314}`))
	require.Equal(t, "1614265330", h.Get("Webhook-Timestamp"))
	require.Regexp(t, `^v1,[A-Za-z0-9+/]{43}=$`, h.Get("Webhook-Signature"))
	// GitHub's documentation, "Testing the webhook payload validation".
	h = compare.GitHub().Sign("It's a Secret to Everybody", at, []byte("Hello, World!"))
	require.Equal(t, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", h.Get("X-Hub-Signature-256"))
	h = compare.Stripe().Retired("secret", at, []byte("{}"))
	require.Regexp(t, `^t=1614265330,v0=[0-9a-f]{64}$`, h.Get("Stripe-Signature"))
}

// Of what has the keys fetched for every token that it refuses each fetch is counted.
func TestUnknownKeysCountsFetches(t *testing.T) {
	t.Parallel()
	c := compare.Checker{Fetches: true, Open: func(ctx context.Context, iss compare.Issuer) (compare.Check, error) {
		check, err := pedant(ctx, iss)
		return func(ctx context.Context, token string) (string, error) {
			sub, err := check(ctx, token)
			if err != nil {
				resp, fetchErr := http.Get(iss.KeysURL)
				if fetchErr != nil {
					return "", fetchErr
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			return sub, err
		}, err
	}}
	require.Equal(t, "✗ 1001 fetches", outcome(t, compare.Tokens(), "unknown-keys", c))
	c.Fetches = false
	require.Equal(t, "–", outcome(t, compare.Tokens(), "unknown-keys", c))
}

// A body that is sent again is the same in length and bytes.
func TestBodyReplayedLooksAtTheBytes(t *testing.T) {
	t.Parallel()
	c := compare.Caller{Open: func(svc compare.Service) (compare.Do, error) {
		plain := svc.Through(http.DefaultClient.Do)
		return func(ctx context.Context, r compare.Request) (compare.Reply, error) {
			_, _ = plain(ctx, r)
			r.Body = bytes.ToUpper(r.Body)
			return plain(ctx, r)
		}, nil
	}}
	require.Equal(t, "✗ 64 of 64 KiB again", outcome(t, compare.Calls(), "body-replayed", c))
}
