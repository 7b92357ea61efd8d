package oauthflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/standpipe-go/standpipe/internal/loopback"
	"github.com/standpipe-go/standpipe/internal/serviceaccount"
	"github.com/standpipe-go/standpipe/secret"
)

// GoogleServiceAccount returns the Config of a service account for
// [Client.JWTBearer], from the JSON key file that Google's console makes:
//
//	file := secret.File("/run/secrets/google.json")
//	cfg, err := oauthflow.GoogleServiceAccount(ctx, file, scopes...)
//	c, err := oauthflow.New(cfg)
//	src, err := tokens.NewSource(func(ctx context.Context) (*oauth2.Token, error) {
//		return c.JWTBearer(ctx, oauthflow.Assertion{})
//	})
//
// A key that is rotated within the file is picked up. The token endpoint must
// be one of Google's.
//
// Source: developers.google.com/identity, "Using OAuth 2.0 for Server to Server
// Applications".
func GoogleServiceAccount(ctx context.Context, keyFile secret.Source, scopes ...string) (Config, error) {
	if err := secret.Check(keyFile); err != nil {
		return Config{}, fmt.Errorf("oauthflow: google service account: %w", err)
	}
	v, err := secret.Current(ctx, keyFile)
	if err != nil {
		return Config{}, fmt.Errorf("oauthflow: google service account: %w", err)
	}
	file, err := parseServiceAccount(v.Reveal())
	if err != nil {
		return Config{}, fmt.Errorf("oauthflow: google service account: %w", err)
	}
	p := Google()
	p.Endpoint.TokenURL = file.TokenURI
	return Config{Provider: p, ClientID: file.ClientEmail, ClientKey: serviceAccountKey(keyFile), Scopes: scopes}, nil
}

// parseServiceAccount reads a key file whose token endpoint is one of Google's.
func parseServiceAccount(text string) (serviceaccount.File, error) {
	f, err := serviceaccount.Parse(text)
	if err != nil {
		return f, err
	}
	f.TokenURI = cmp.Or(f.TokenURI, Google().Endpoint.TokenURL)
	u, err := url.Parse(f.TokenURI)
	if err != nil || !(u.Scheme == "https" && (u.Host == "accounts.google.com" || strings.HasSuffix(u.Host, ".googleapis.com")) ||
		u.Scheme == "http" && loopback.Host(u.Hostname())) {
		return f, errors.New("the key file names a token endpoint that is not Google's")
	}
	return f, nil
}

// serviceAccountKey reads the private key out of the file, again at each change
// of it.
func serviceAccountKey(file secret.Source) KeySource {
	return &keyFrom{src: file, parse: func(text string) (*SigningKey, error) {
		f, err := parseServiceAccount(text)
		if err != nil {
			return nil, err
		}
		s, err := f.Signer("")
		if err != nil {
			return nil, err
		}
		return &SigningKey{s}, nil
	}}
}
