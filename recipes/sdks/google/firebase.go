package main

import (
	"context"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
	"google.golang.org/api/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

// newFirebaseUsers puts the user management of firebase-admin on the stack. Its retries
// cannot be switched off: up to five attempts of what met a 503 or a broken connection,
// so the stack's are off. auth is where the token comes from, client.OAuth2 as a rule:
// with WithHTTPClient the SDK adds none.
func newFirebaseUsers(project string, credential client.Auth, opts ...client.Option) (*auth.Client, error) {
	c, err := client.New("https://identitytoolkit.googleapis.com", append([]client.Option{
		client.WithProfile(client.Profile{Name: "firebase"}),
		client.WithAuth(credential),
		client.WithRetry(retry.Never),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: project}, option.WithHTTPClient(c.HTTPClient()))
	if err != nil {
		return nil, err
	}
	return app.Auth(ctx)
}
