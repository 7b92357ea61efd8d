package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// service is one way to sign in.
type service struct {
	name, title string
	client      *oauthflow.Client
	tokens      *tokens.Manager // keeps the users' tokens alive
	profile     func(context.Context, *oauthflow.Client, *oauth2.Token) (profile, error)
	fake        *oauthtest.Server // nil: the real service
}

// profile is what the application keeps of a user.
type profile struct {
	ID, Name, Handle string
}

type blueprint struct {
	name, title string
	provider    oauthflow.Provider
	scopes      []string
	profile     func(context.Context, *oauthflow.Client, *oauth2.Token) (profile, error)
	userInfo    func(oauthtest.User) any // how the fake answers
}

func blueprints() []blueprint {
	return []blueprint{
		{"github", "GitHub", oauthflow.GitHub(), []string{"read:user"}, githubProfile, func(u oauthtest.User) any {
			return map[string]any{"id": 583231, "login": u.Subject, "name": u.Name}
		}},
		{"google", "Google", oauthflow.Google(), []string{"openid", "profile", "email"}, googleProfile, nil},
		{"x", "X", oauthflow.X(), []string{"users.read", "tweet.read", "offline.access"}, xProfile, func(u oauthtest.User) any {
			return map[string]any{"data": map[string]string{"id": "2244994945", "name": u.Name, "username": u.Subject}}
		}},
	}
}

// setting says where services may come from.
type setting struct {
	env   bool // the real ones, where the environment has credentials
	fakes bool // a test server, where it has none
}

// newServices leaves out a service that has no credentials and may not be
// played by a fake.
func newServices(ctx context.Context, base string, from setting) ([]*service, error) {
	var out []*service
	for _, b := range blueprints() {
		s, err := newService(ctx, b, base, from)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.title, err)
		}
		if s != nil {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or another service's: " +
			"fakes play only for an application on loopback")
	}
	return out, nil
}

func anyFake(services []*service) bool {
	return slices.ContainsFunc(services, func(s *service) bool { return s.fake != nil })
}

// newService returns nil where there are no credentials and no fake may play.
func newService(ctx context.Context, b blueprint, base string, from setting) (*service, error) {
	s := &service{name: b.name, title: b.title, profile: b.profile}
	prefix := strings.ToUpper(b.name)
	cfg := oauthflow.Config{
		Provider: b.provider, ClientID: os.Getenv(prefix + "_CLIENT_ID"),
		RedirectURL: base + "/callback/" + b.name, Scopes: b.scopes,
	}
	if os.Getenv("OAUTH_COOKIE_KEY") != "" {
		cfg.CookieKey = secret.Env("OAUTH_COOKIE_KEY")
	}
	switch {
	case from.env && cfg.ClientID != "":
		cfg.ClientSecret = secret.Env(prefix + "_CLIENT_SECRET")
	case !from.fakes:
		return nil, nil
	default:
		if err := s.playedByFake(ctx, b, &cfg); err != nil {
			return nil, err
		}
	}
	var err error
	if s.client, err = oauthflow.New(cfg, oauthflow.WithSingleUse(&oauthflow.MemoryUses{})); err != nil {
		return nil, err
	}
	s.tokens, err = tokens.New(tokens.NewMemoryStore(), s.client)
	return s, err
}

// playedByFake puts a fake server in the place of the real endpoints.
func (s *service) playedByFake(ctx context.Context, b blueprint, cfg *oauthflow.Config) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	clientSecret := rand.Text()
	s.fake = oauthtest.New(oauthtest.Config{
		URL:  "http://" + ln.Addr().String(),
		Name: b.title + " (a test server)",
		Clients: []oauthtest.Client{{
			ID: "example-login", Secret: clientSecret, RedirectURIs: []string{cfg.RedirectURL},
		}},
		Users: []oauthtest.User{
			{Subject: "alice", Name: "Alice Example", Email: "alice@example.test"},
			{Subject: "bob", Name: "Bob Example", Email: "bob@example.test"},
		},
		UserInfo: b.userInfo,
	})
	serve(ctx, ln, s.fake)
	// The endpoints change; how the service wants to be talked to does not.
	real, fake := cfg.Provider, s.fake.Provider()
	cfg.Provider.Endpoint, cfg.Provider.UserInfoURL = fake.Endpoint, fake.UserInfoURL
	cfg.Provider.Endpoint.AuthStyle = real.Endpoint.AuthStyle
	if real.RevocationURL != "" {
		cfg.Provider.RevocationURL = fake.RevocationURL
	}
	if real.Issuer != "" {
		cfg.Provider.Issuer, cfg.Provider.JWKSURL, cfg.Provider.IDTokenAlgorithms = fake.Issuer, fake.JWKSURL, fake.IDTokenAlgorithms
	}
	cfg.ClientID, cfg.ClientSecret = "example-login", secret.Static(clientSecret)
	return nil
}

func githubProfile(ctx context.Context, c *oauthflow.Client, tok *oauth2.Token) (profile, error) {
	var u struct {
		ID    json.Number `json:"id"`
		Login string      `json:"login"`
		Name  string      `json:"name"`
	}
	err := c.UserInfo(ctx, tok, &u)
	return profile{ID: u.ID.String(), Name: u.Name, Handle: u.Login}, err
}

func googleProfile(ctx context.Context, c *oauthflow.Client, tok *oauth2.Token) (profile, error) {
	var u struct {
		Sub   string `json:"sub"`
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	err := c.UserInfo(ctx, tok, &u)
	return profile{ID: u.Sub, Name: u.Name, Handle: u.Email}, err
}

func xProfile(ctx context.Context, c *oauthflow.Client, tok *oauth2.Token) (profile, error) {
	var u struct {
		Data struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			Username string `json:"username"`
		} `json:"data"`
	}
	err := c.UserInfo(ctx, tok, &u)
	return profile{ID: u.Data.ID, Name: u.Data.Name, Handle: "@" + u.Data.Username}, err
}
