package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const testKey = "re_test_0123456789"

// start returns a mailer over a Resend that follows the script, see clienttest.Parse.
func start(t *testing.T, script string) (*mailer, *clienttest.Transport) {
	t.Helper()
	fake := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	m, err := newMailer(secret.Static(testKey), "Example <hello@example.com>", client.WithTransport(fake))
	require.NoError(t, err)
	return m, fake
}

func TestAMailIsSentOnce(t *testing.T) {
	clienttest.NoStrayRequests(t)
	fake := resendtest.New()
	m, err := newMailer(secret.Static(fake.Key()), "Example <hello@example.com>", client.WithTransport(fake.Transport()),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
	require.NoError(t, err)
	fake.Inject("emails.send", resendtest.DropAfter) // Resend has sent it, and the response is lost
	for range 2 {
		done := m.welcome(t.Context(), "42", "ada@example.com")
		require.Equal(t, outcome{state: sent, id: fake.Sent()[0].ID}, done)
	}
	require.Equal(t, []resendtest.Email{{
		ID: fake.Sent()[0].ID, From: "Example <hello@example.com>", To: []string{"ada@example.com"}, Subject: "Welcome", HTML: "<p>Hello!</p>",
		IdempotencyKey: "welcome/42",
	}}, fake.Sent())
}

// The clock of these tests is virtual: waits take no time.
func TestWhatToDoAboutAnError(t *testing.T) {
	for name, tc := range map[string]struct {
		script   string
		state    state
		again    time.Duration // after the call; 0 is never
		attempts int
	}{
		"422":                       {`422 {"name":"validation_error","message":"Invalid to field."}`, refused, 0, 1},
		"400":                       {`400 {"name":"validation_error","message":"Invalid to field."}`, refused, 0, 1},
		"429, Retry-After":          {`429 Retry-After=3600 {"name":"rate_limit_exceeded","message":"Too many requests."}`, limited, time.Hour, 1},
		"429":                       {`429 {"name":"rate_limit_exceeded","message":"Too many requests."}`, limited, soon, 3},
		"the day's quota":           {`429 {"name":"daily_quota_exceeded","message":"You have reached your quota."}`, limited, tomorrow, 1},
		"the day's quota, told":     {`429 Retry-After=7200 {"name":"daily_quota_exceeded","message":"You have reached your quota."}`, limited, 2 * time.Hour, 1},
		"the month's quota":         {`429 {"name":"monthly_quota_exceeded","message":"You have reached your quota."}`, limited, tomorrow, 1},
		"503, three times":          {`503`, uncertain, soon, 3},
		"reset, three times":        {`reset`, uncertain, soon, 3},
		"reset, then 422":           {`reset, 422 {"name":"validation_error","message":"Invalid to field."}`, uncertain, soon, 2},
		"the first is still at it":  {`409 {"name":"concurrent_idempotent_requests","message":"In progress."}`, uncertain, soon, 3},
		"the key with another mail": {`409 {"name":"invalid_idempotent_request","message":"Another payload."}`, stuck, 0, 1},
		"no such API key":           {`403 {"name":"invalid_api_key","message":"API key is invalid."}`, stuck, 0, 1},
		"a key that was deleted":    {`400 {"name":"validation_error","message":"API key is invalid"}`, stuck, 0, 1},
		"domain not verified":       {`403 {"name":"validation_error","message":"The domain is not verified."}`, stuck, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, fake := start(t, tc.script)
				done := m.welcome(t.Context(), "42", "ada@example.com")
				require.Equal(t, tc.state, done.state, "%v", done.err)
				require.Equal(t, tc.attempts, fake.Count())
				require.Error(t, done.err)
				require.Equal(t, tc.again != 0, !done.again.IsZero())
				if tc.again != 0 {
					require.WithinDuration(t, time.Now().Add(tc.again), done.again, time.Second)
				}
			})
		})
	}
}

func TestAMailThatMayHaveBeenSentIsSentAgainUnderTheSameKey(t *testing.T) {
	for _, script := range []string{`reset, 200 {"id":"em_1"}`, `503, 503, 503, 200 {"id":"em_1"}`} {
		synctest.Test(t, func(t *testing.T) {
			m, fake := start(t, script)
			done := m.welcome(t.Context(), "42", "ada@example.com")
			if done.state == uncertain {
				done = m.welcome(t.Context(), "42", "ada@example.com")
			}
			require.Equal(t, outcome{state: sent, id: "em_1"}, done)
			first := fake.Requests()[0]
			for _, r := range fake.Requests() {
				require.Equal(t, "welcome/42", r.Header.Get("Idempotency-Key"))
				require.Equal(t, first.Body, r.Body, "the same key needs the same mail")
			}
		})
	}
}

func TestAMailThatWasNeverSent(t *testing.T) {
	closed := clienttest.Start()
	closed.Close()
	m, err := newMailer(secret.Static(testKey), "hello@example.com", client.WithBaseURL(closed.URL), client.WithRetry(retry.Never))
	require.NoError(t, err)
	done := m.welcome(t.Context(), "42", "ada@example.com")
	require.Equal(t, unsent, done.state, "%v", done.err)
	require.False(t, done.again.IsZero())
}

// A key that is too long is a mistake of the program's own, which no second call mends.
func TestAKeyThatResendDoesNotTake(t *testing.T) {
	m, fake := start(t, `200 {"id":"em_1"}`)
	done := m.send(t.Context(), string(make([]byte, 257)), nil)
	require.Equal(t, stuck, done.state)
	require.True(t, done.again.IsZero())
	require.Zero(t, fake.Count())
}

// Of an error that says nothing it is not assumed that nothing happened.
func TestAnErrorOfAnotherKind(t *testing.T) {
	require.Equal(t, uncertain, judge(errors.New("something else"), time.Now()).state)
}

// A key that is not there shows when the program starts, and not with the first mail.
func TestNoAPIKey(t *testing.T) {
	_, err := newMailer(secret.Static(""), "hello@example.com")
	require.ErrorIs(t, err, client.ErrConfig)
}
