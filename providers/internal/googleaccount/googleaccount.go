// Package googleaccount is a Google service account as the adapters of Google's services
// use it: access tokens for assertions that its key signs (RFC 7523 section 2.1).
package googleaccount

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/serviceaccount"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// Config says which account, and what its tokens are for.
type Config struct {
	Key        secret.Source // yields the JSON key file
	Scopes     []string
	Subject    string       // the user for whom it acts; "" is nobody
	HTTPClient *http.Client // obtains the tokens; nil is oauthflow's own
}

// Check says what is known to be wrong with a key file's source. What reads the file from
// elsewhere is not asked.
func Check(key secret.Source) error {
	if err := secret.Check(key); err != nil {
		return fmt.Errorf("the service account: %w", err)
	}
	if _, local := key.(secret.Checker); !local {
		return nil
	}
	v, err := secret.Current(context.Background(), key)
	if err != nil {
		return fmt.Errorf("the service account: %w", err)
	}
	file, err := serviceaccount.Parse(v.Reveal())
	if err == nil {
		_, err = file.Signer(jose.RS256)
	}
	if err != nil {
		return fmt.Errorf("the service account: %w", err)
	}
	return nil
}

// Source returns the account's access tokens: one request at a time for all who want one.
// The key file is read for each request, which is about once an hour, so that a key which
// is rotated within the file is picked up.
func Source(cfg Config) (*tokens.Source, error) {
	if err := Check(cfg.Key); err != nil {
		return nil, err
	}
	return tokens.NewSource(cfg.grant)
}

func (cfg Config) grant(ctx context.Context) (*oauth2.Token, error) {
	of, err := oauthflow.GoogleServiceAccount(ctx, cfg.Key, cfg.Scopes...)
	if err != nil {
		return nil, err
	}
	var opts []oauthflow.Option
	if cfg.HTTPClient != nil {
		opts = append(opts, oauthflow.WithHTTPClient(cfg.HTTPClient))
	}
	account, err := oauthflow.New(of, opts...)
	if err != nil {
		return nil, err
	}
	token, err := account.JWTBearer(ctx, oauthflow.Assertion{Subject: cfg.Subject})
	if hint := cfg.hint(ctx, err); hint != "" {
		err = fmt.Errorf("%w: %s", err, hint)
	}
	return token, err
}

// hint says what to do about a delegation that Google refuses. Google's own words name
// neither what is missing nor where (google-api-php-client, issue 2214).
func (cfg *Config) hint(ctx context.Context, err error) string {
	refused, ok := errors.AsType[*oauthflow.TokenError](err)
	if !ok || cfg.Subject == "" {
		return ""
	}
	switch {
	case refused.Code == "unauthorized_client", refused.Code == "access_denied":
		return fmt.Sprintf("to act for a user, an administrator of the user's domain allows %s exactly these scopes, "+
			"in the Admin console under Security, API controls, Domain-wide delegation: %s; a change can take a day",
			cfg.clientID(ctx), strings.Join(cfg.Scopes, ", "))
	case refused.Code == "invalid_grant" && strings.Contains(strings.ToLower(refused.Description), "email"):
		return "the subject is to be the primary email address of a user of the domain"
	}
	return ""
}

// clientID is what the administrator enters.
func (cfg *Config) clientID(ctx context.Context) string {
	const email = "rather than its email address"
	v, err := secret.Current(ctx, cfg.Key)
	if err == nil {
		if file, err := serviceaccount.Parse(v.Reveal()); err == nil && file.ClientID != "" {
			return "the service account's client ID " + file.ClientID + ", " + email + ","
		}
	}
	return "the service account's client ID, " + email + ","
}
