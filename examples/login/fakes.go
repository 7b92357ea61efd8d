package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

// setting says where services may come from.
type setting struct {
	env   bool // the real ones, where the environment has credentials
	fakes bool // a test server, where it has none
}

// cast is who plays in this run: the services that are there, and where one of them is
// not the real one, the address of the server that plays it.
type cast struct {
	services []*service
	fakes    map[*service]string
}

// connectAll leaves out a service that has no credentials and may not be played by a
// fake.
func connectAll(ctx context.Context, base string, from setting) (cast, error) {
	c := cast{fakes: map[*service]string{}}
	for _, s := range services() {
		there, err := c.connect(ctx, s, base, from)
		if err != nil {
			return cast{}, fmt.Errorf("%s: %w", s.title, err)
		}
		if there {
			c.services = append(c.services, s)
		}
	}
	if len(c.services) == 0 {
		return cast{}, errors.New("set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or another service's: " +
			"fakes play only for an application on loopback")
	}
	return c, nil
}

func (c cast) connect(ctx context.Context, s *service, base string, from setting) (there bool, err error) {
	prefix := strings.ToUpper(s.name)
	own := credentials{id: os.Getenv(prefix + "_CLIENT_ID")}
	if os.Getenv("OAUTH_COOKIE_KEY") != "" {
		own.cookieKey = secret.Env("OAUTH_COOKIE_KEY")
	}
	switch {
	case from.env && own.id != "":
		own.secret = secret.Env(prefix + "_CLIENT_SECRET")
	case !from.fakes:
		return false, nil
	default:
		if c.fakes[s], err = playedByFake(ctx, s, base, &own); err != nil {
			return false, err
		}
	}
	return true, s.connect(base, own)
}

// saysOfUser is how a service describes its user, where that is not OpenID's way.
var saysOfUser = map[string]func(oauthtest.User) any{
	"github": func(u oauthtest.User) any {
		return map[string]any{"id": 583231, "login": u.Subject, "name": u.Name}
	},
	"x": func(u oauthtest.User) any {
		return map[string]any{"data": map[string]string{"id": "2244994945", "name": u.Name, "username": u.Subject}}
	},
}

// playedByFake puts a fake server in the place of the service's endpoints, until ctx
// ends, and returns its address. What it is to be called with goes into own.
func playedByFake(ctx context.Context, s *service, base string, own *credentials) (string, error) {
	clientSecret := rand.Text()
	own.id, own.secret = "example-login", secret.Static(clientSecret)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := oauthtest.New(oauthtest.Config{
		URL:  "http://" + ln.Addr().String(),
		Name: s.title + " (a test server)",
		Clients: []oauthtest.Client{{
			ID: own.id, Secret: clientSecret, RedirectURIs: []string{base + "/callback/" + s.name},
		}},
		Users: []oauthtest.User{
			{Subject: "alice", Name: "Alice Example", Email: "alice@example.test"},
			{Subject: "bob", Name: "Bob Example", Email: "bob@example.test"},
		},
		UserInfo: saysOfUser[s.name],
	})
	serve(ctx, ln, server)
	// The endpoints change; how the service wants to be talked to does not.
	fake, style := server.Provider(), s.provider.Endpoint.AuthStyle
	s.provider.Endpoint, s.provider.UserInfoURL = fake.Endpoint, fake.UserInfoURL
	s.provider.Endpoint.AuthStyle = style
	if s.provider.RevocationURL != "" {
		s.provider.RevocationURL = fake.RevocationURL
	}
	if s.provider.Issuer != "" {
		s.provider.Issuer, s.provider.JWKSURL, s.provider.IDTokenAlgorithms = fake.Issuer, fake.JWKSURL, fake.IDTokenAlgorithms
	}
	return server.URL, nil
}
