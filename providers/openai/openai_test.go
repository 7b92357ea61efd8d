package openai_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func start(t *testing.T, script string, opts ...client.Option) (*openai.Client, *clienttest.Transport) {
	t.Helper()
	return over(t, opts, clienttest.MustParse(script)...)
}

func over(t *testing.T, opts []client.Option, steps ...clienttest.Step) (*openai.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, steps...)
	c, err := openai.New(secret.Static("sk-test"), append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c, rt
}

// C20, P2
func TestC20_Conformance(t *testing.T) { providertest.Run(t, conformance()) }

// P5: bad input is the same sentinel here as at every service ("Error codes", OpenAI
// docs).
func TestP5_BadInput(t *testing.T) {
	says := func(status int, kind, code, message string) providertest.Said {
		body := fmt.Sprintf(`{"error":{"message":%q,"type":%q,"param":null,"code":%q}}`, message, kind, code)
		return providertest.Said{Step: clienttest.JSON(status, body), Code: code}
	}
	fails := func(code string) providertest.Said {
		body := fmt.Sprintf(`{"object":"response","status":"failed","error":{"code":%q,"message":"It failed."}}`, code)
		return providertest.Said{Step: clienttest.JSON(200, body), Code: code}
	}
	providertest.BadInput(t, conformance(), providertest.Bad{
		WrongKey:      says(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: "+providertest.Key),
		ExpiredKey:    says(401, "invalid_request_error", "expired_api_key", "The key has expired."),
		UnknownObject: says(404, "invalid_request_error", "model_not_found", "The model does not exist."),
		Invalid:       says(400, "invalid_request_error", "context_length_exceeded", "Too long."),
		RateLimit:     says(429, "requests", "rate_limit_exceeded", "Slow down."),
		Outage:        says(503, "server_error", "server_is_overloaded", "The engine is overloaded."),
		InSuccess: map[error]providertest.Said{
			client.ErrUnavailable: fails("server_error"), client.ErrRateLimited: fails("rate_limit_exceeded"), client.ErrBadRequest: fails("invalid_image_url"),
		},
	})
}

func conformance() providertest.Adapter {
	return providertest.Adapter{
		Profile: openai.Profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := openai.New(key, opts...)
			if err != nil {
				return nil, err
			}
			return &providertest.Calls{
				HTTP: c.HTTP,
				Write: func(ctx context.Context) error {
					_, err := openai.CreateResponse.Do(ctx, c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: "Hello"})
					return err
				},
				Read: func(ctx context.Context) error {
					_, err := openai.GetModel.Do(ctx, c.HTTP, openai.ModelID{Model: "gpt-5"})
					return err
				},
			}, nil
		},
		Success:  clienttest.JSON(200, `{"id":"x_1","object":"response","status":"completed"}`),
		Failure:  clienttest.JSON(400, `{"error":{"message":"Too long.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}`),
		Code:     "context_length_exceeded",
		Message:  "Too long.",
		Throttle: clienttest.JSON(429, `{"error":{"message":"Slow down.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`).Header("Retry-After", "0"),
	}
}

func TestTheOperationsAreWhole(t *testing.T) {
	require.NoError(t, openai.Operations.Check())
	for _, path := range []string{"/responses", "/responses/resp_1/cancel", "/models/ft:gpt-5:acme::1", "/files/file-1/content"} {
		found := false
		for _, method := range []string{"GET", "POST"} {
			found = found || openai.Profile.Route(&http.Request{Method: method, URL: &url.URL{Path: path}}) != ""
		}
		require.True(t, found, path)
	}
}

func TestWhoIsCalled(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"gpt-5"}`))
	own := client.WithTransport(rt)
	get := func(c *openai.Client, err error) clienttest.Recorded {
		t.Helper()
		require.NoError(t, err)
		_, err = openai.GetModel.Do(t.Context(), c.HTTP, openai.ModelID{Model: "gpt-5"})
		require.NoError(t, err)
		return rt.Last()
	}
	key := secret.Static("key_1")

	r := get(openai.New(key, own, openai.WithOrganization("org-1"), openai.WithProject("proj_1")))
	require.Equal(t, "api.openai.com/v1/models/gpt-5", r.Host+r.URL)
	require.Equal(t, []string{"Bearer key_1", "org-1", "proj_1"},
		[]string{r.Header.Get("Authorization"), r.Header.Get("Openai-Organization"), r.Header.Get("Openai-Project")})

	r = get(openai.NewAzure("my-resource", key, own))
	require.Equal(t, "my-resource.openai.azure.com/openai/v1/models/gpt-5", r.Host+r.URL)
	require.Equal(t, []string{"key_1", ""}, []string{r.Header.Get("Api-Key"), r.Header.Get("Authorization")})

	r = get(openai.New(key, own, client.WithBaseURL("https://my.openai.azure.com/openai/deployments/d1"),
		client.WithQuery(url.Values{"api-version": {"2024-10-21"}}), client.WithAuth(client.APIKeyHeader("api-key", key))))
	require.Equal(t, "my.openai.azure.com/openai/deployments/d1/models/gpt-5?api-version=2024-10-21", r.Host+r.URL)
	require.Equal(t, []string{"key_1", ""}, []string{r.Header.Get("Api-Key"), r.Header.Get("Authorization")})

	r = get(openai.New(key, own, client.WithBaseURL("http://localhost:11434/v1")))
	require.Equal(t, "localhost:11434/v1/models/gpt-5", r.Host+r.URL)

	for _, name := range []string{"", "a.b", "evil.example.com/", "a/../b", "-a", "a-", "https://x.openai.azure.com", strings.Repeat("a", 65)} {
		_, err := openai.NewAzure(name, key)
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, err.Error(), "evil")
	}
	_, err := openai.HTTPClient(nil)
	require.ErrorIs(t, err, client.ErrConfig)
}

// A quota that is used up is no throttle: nothing waits for it, repeats it or is slowed
// down by it, whatever headers come with it.
func TestAQuotaIsNoThrottle(t *testing.T) {
	for _, body := range []string{
		`{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`,
		`{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","param":null,"code":null}}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := over(t, nil, clienttest.JSON(429, body).Header("Retry-After", "20").
				Header("X-Ratelimit-Remaining-Requests", "0").Header("X-Ratelimit-Reset-Requests", "20s"))
			begin := time.Now()
			for range 2 {
				_, err := openai.CreateEmbeddings.Do(t.Context(), c.HTTP, openai.EmbeddingsInput{Model: "m", Input: "x"})
				require.NotErrorIs(t, err, client.ErrRateLimited)
				e, ok := errors.AsType[*client.Error](err)
				require.True(t, ok)
				require.Equal(t, 429, e.Status)
				require.False(t, e.Throttled)
			}
			require.Equal(t, 2, rt.Count())
			require.Zero(t, time.Since(begin))
		})
	}
	require.Equal(t, client.NoHint, openai.Profile.HintBody(403, nil, []byte(`{"error":{"code":"insufficient_quota"}}`)))
	require.Equal(t, client.NoHint, openai.Profile.HintBody(429, nil, []byte(`insufficient_quota`)))
}

// C29: what is left of requests and tokens slows the client down before a 429, and the
// limits of one kind of request do not hold up another, nor a read.
func TestPacingByRequestsAndTokens(t *testing.T) {
	for name, limit := range map[string]string{"Requests": "60", "Tokens": "150000"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := over(t, nil, clienttest.JSON(200, `{}`).Header("X-Ratelimit-Limit-"+name, limit).
					Header("X-Ratelimit-Remaining-"+name, "0").Header("X-Ratelimit-Reset-"+name, "6m0s"), clienttest.JSON(200, `{}`))
				embed := func() error {
					_, err := openai.CreateEmbeddings.Do(t.Context(), c.HTTP, openai.EmbeddingsInput{Model: "m", Input: "x"})
					return err
				}
				begin := time.Now()
				require.NoError(t, embed())
				_, err := openai.CreateModeration.Do(t.Context(), c.HTTP, openai.ModerationInput{Input: "x"})
				require.NoError(t, err)
				_, err = openai.GetModel.Do(t.Context(), c.HTTP, openai.ModelID{Model: "m"})
				require.NoError(t, err)
				require.Zero(t, time.Since(begin))
				require.NoError(t, embed())
				require.Greater(t, time.Since(begin), time.Second)
			})
		})
	}
}

// The call that generates is not made again where something may have come of it; what
// computes and keeps nothing is, and so is what OpenAI says may be.
func TestWhatIsMadeAgain(t *testing.T) {
	create := func(ctx context.Context, c *openai.Client) error {
		_, err := openai.CreateResponse.Do(ctx, c.HTTP, openai.ResponseInput{Model: "m", Input: "x"})
		return err
	}
	embed := func(ctx context.Context, c *openai.Client) error {
		_, err := openai.CreateEmbeddings.Do(ctx, c.HTTP, openai.EmbeddingsInput{Model: "m", Input: "x"})
		return err
	}
	cancel := func(ctx context.Context, c *openai.Client) error {
		_, err := openai.CancelResponse.Do(ctx, c.HTTP, openai.ResponseID{ResponseID: "resp_1"})
		return err
	}
	for name, tc := range map[string]struct {
		call   func(context.Context, *openai.Client) error
		script string
		sent   int
	}{
		"create, 503":                  {create, `503`, 1},
		"create, 429":                  {create, `429`, 3},
		"create, 500 may be repeated":  {create, `500 X-Should-Retry=true`, 1},
		"embed, 503":                   {embed, `503`, 3},
		"embed, 503 not to be retried": {embed, `503 X-Should-Retry=false`, 1},
		"cancel, reset":                {cancel, `reset`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rt := start(t, tc.script)
				require.Error(t, tc.call(t.Context(), c))
				require.Equal(t, tc.sent, rt.Count())
				require.Empty(t, rt.Last().Header.Get("Idempotency-Key"))
			})
		})
	}
}

// A model may take minutes before the headers come.
func TestSlowGenerationIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := over(t, nil, clienttest.JSON(200, `{"status":"completed"}`).After(9*time.Minute))
		_, err := openai.CreateResponse.Do(t.Context(), c.HTTP, openai.ResponseInput{Model: "m", Input: "x"})
		require.NoError(t, err)
		c, _ = over(t, []client.Option{client.WithTimeout(time.Minute), client.WithRetry(retry.Never)}, clienttest.JSON(200, `{}`).After(9*time.Minute))
		_, err = openai.CreateResponse.Do(t.Context(), c.HTTP, openai.ResponseInput{Model: "m", Input: "x"})
		require.ErrorIs(t, err, client.ErrTimeout)
	})
}
