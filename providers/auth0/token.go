package auth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// tokenSource obtains access tokens with the application's own credentials (RFC 6749
// §4.4), one at a time for all who want one.
func tokenSource(cfg *Config, base, audience string) (oauth2.TokenSource, error) {
	if err := secret.Check(cfg.ClientSecret); err != nil {
		return nil, fmt.Errorf("auth0: %w: the client secret: %w", client.ErrConfig, err)
	}
	var opts []oauthflow.Option
	if cfg.HTTPClient != nil {
		opts = append(opts, oauthflow.WithHTTPClient(cfg.HTTPClient))
	}
	app, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.Provider{
			Name:        "Auth0",
			Endpoint:    oauth2.Endpoint{TokenURL: base + "/oauth/token", AuthStyle: oauth2.AuthStyleInParams},
			TokenParams: map[string]string{"audience": audience},
		},
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("auth0: %w: %w", client.ErrConfig, err)
	}
	return tokens.NewSource(func(ctx context.Context) (*oauth2.Token, error) {
		return retry.Do(ctx, tokenPolicy, func(ctx context.Context) (*oauth2.Token, error) {
			token, err := app.ClientCredentials(ctx)
			return token, judge(err)
		})
	})
}

// tokenPolicy repeats what may pass: nothing is used up by a request for a token.
var tokenPolicy = retry.Policy{MaxAttempts: 3}

// throttleWait is waited after a throttle that does not say for how long.
const throttleWait = time.Second

// judge marks an error of the token endpoint with what to do about it. That the request
// may have had its effect, by which a token manager would make it once more, says nothing
// here: it has been repeated, and another token hurts nobody.
func judge(err error) error {
	refused, ok := errors.AsType[*oauthflow.TokenError](err)
	if !ok {
		return err
	}
	e := *refused
	e.MaybeApplied = false
	switch {
	case throttled(&e):
		return retry.After(&limitedError{&e}, max(e.RetryAfter, throttleWait))
	case !refused.MaybeApplied:
		return retry.Permanent(&e)
	}
	return &e
}

// throttled reports whether Auth0 says that there were too many requests. The endpoint
// has said so with a 500 too: access_denied, "Global limit has been reached" (Auth0
// Community, 77440).
func throttled(e *oauthflow.TokenError) bool {
	return e.Status == http.StatusTooManyRequests ||
		e.Code == "access_denied" && strings.Contains(strings.ToLower(e.Description), "limit has been reached")
}

// limitedError is an error of the token endpoint that matches client.ErrRateLimited.
type limitedError struct{ err error }

func (e *limitedError) Error() string        { return "too many requests for a token: " + e.err.Error() }
func (e *limitedError) Unwrap() error        { return e.err }
func (e *limitedError) Is(target error) bool { return target == client.ErrRateLimited }
