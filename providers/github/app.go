package github

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/secret"
)

// NewApp returns a client that speaks as a GitHub App itself: for its installations, its
// webhook's deliveries, and [NewInstallation]. id is the app's client ID or app ID. key
// yields its private key as GitHub hands it out, a PEM of PKCS #1; PKCS #8 and line
// breaks written as \n will do too. See client.GitHubApp.
func NewApp(id string, key secret.Source, opts ...client.Option) (*Client, error) {
	if strings.TrimSpace(id) == "" {
		return nil, fmt.Errorf("github: %w: the app has no ID", client.ErrConfig)
	}
	return newClient(client.GitHubApp(id, key), opts)
}

// NewInstallation returns a client that speaks as an installation of the app that app, of
// [NewApp], is. The token is asked for by the first call and renewed a minute before it
// expires, and after a 401, once for all who wait; while the old one is still valid, a
// renewal that fails fails nobody.
//
// The options change what app has, the base URL excepted. Make one client for each
// installation and keep it: the token is kept in it.
func NewInstallation(app *Client, in Installation, opts ...client.Option) (*Client, error) {
	if app == nil || app.HTTP == nil {
		return nil, fmt.Errorf("github: %w: there is no app to make an installation's token", client.ErrConfig)
	}
	if in.ID == "" {
		return nil, fmt.Errorf("github: %w: the installation has no ID", client.ErrConfig)
	}
	src := &installationSource{app: app.HTTP, in: in}
	src.renewals.Who, src.renewals.Limit, src.renewals.Cooldown = "the installation's token", renewalLimit, renewalCooldown
	c, err := app.HTTP.With(append([]client.Option{client.WithAuth(client.OAuth2(src))}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

const (
	renewEarly      = time.Minute      // before a token expires
	renewalLimit    = 60 * time.Second // of one renewal whose callers have gone
	renewalCooldown = time.Second      // how long the outcome of a renewal stands
	renewAgain      = 10 * time.Second // after a renewal has failed, while the token is valid
	leastLeft       = 5 * time.Second  // of a token that is still handed out
)

// installationSource makes the tokens of an installation. It is what client.OAuth2 looks
// for: it takes a context, and can renew a token that was refused.
type installationSource struct {
	app      *client.Client
	in       Installation
	renewals flight.Group[[sha256.Size]byte, *oauth2.Token]

	mu      sync.Mutex
	token   *oauth2.Token
	renewAt time.Time
}

// Identity names the installation, for whom GitHub counts.
func (s *installationSource) Identity() string { return "installation/" + string(s.in.ID) }

// Token is for those who have no context.
func (s *installationSource) Token() (*oauth2.Token, error) {
	return s.TokenContext(context.Background())
}

// TokenContext returns the token that is kept, or makes one.
func (s *installationSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	token, due := s.token, !time.Now().Before(s.renewAt)
	s.mu.Unlock()
	if token != nil && !due {
		return token, nil
	}
	renewed, err := s.renew(ctx, token)
	if err == nil {
		return renewed, nil
	}
	if token == nil || time.Until(token.Expiry) < leastLeft {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.renewAt = time.Now().Add(renewAgain)
	}
	return token, nil
}

// RefreshToken replaces a token that GitHub has refused.
func (s *installationSource) RefreshToken(ctx context.Context, failed *oauth2.Token) (*oauth2.Token, error) {
	return s.renew(ctx, failed)
}

// renew makes the successor of a token, nil for the first, once for all who ask.
func (s *installationSource) renew(ctx context.Context, of *oauth2.Token) (*oauth2.Token, error) {
	var name string
	if of != nil {
		name = of.AccessToken
	}
	return s.renewals.Do(ctx, sha256.Sum256([]byte(name)), func(ctx context.Context) (*oauth2.Token, error) {
		made, err := CreateInstallationToken.Do(ctx, s.app, s.in)
		if err != nil {
			return nil, err
		}
		token := &oauth2.Token{AccessToken: made.Token.Reveal(), TokenType: "Bearer", Expiry: made.ExpiresAt}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.token, s.renewAt = token, renewalOf(made.ExpiresAt, time.Now())
		return token, nil
	})
}

// renewalOf is when a token is to be renewed: a minute, or a tenth of its life if that is
// less, before it expires. One without an end, or with one that this machine's clock says
// is over, lasts for an hour, as GitHub's do.
func renewalOf(expiry, now time.Time) time.Time {
	life := expiry.Sub(now)
	if life <= 0 {
		life = time.Hour
	}
	return now.Add(life - min(renewEarly, life/10))
}
