package peers

import (
	"context"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

func standpipeKeeper() compare.Keeper {
	return compare.Keeper{
		Subject: compare.Subject{Name: "Standpipe", Module: standpipe,
			Settings: "`tokens.New` for each process over one store, with a client of `oauthflow.New` for the endpoint, and `Manager.Token`; all defaults."},
		Open: func(g compare.Grant) (compare.StartProcess, error) {
			const user = "user:42"
			store := tokens.NewMemoryStore()
			start := func() (*tokens.Manager, error) {
				c, err := oauthflow.New(oauthflow.Config{
					Provider: oauthflow.Provider{Name: "Example", Endpoint: oauth2.Endpoint{TokenURL: g.TokenURL, AuthStyle: oauth2.AuthStyleInHeader}},
					ClientID: g.ClientID, ClientSecret: secret.Static(g.ClientSecret),
				})
				if err != nil {
					return nil, err
				}
				return tokens.New(store, c)
			}
			signIn, err := start()
			if err != nil {
				return nil, err
			}
			if err := signIn.Put(context.Background(), user, expired(g)); err != nil {
				return nil, err
			}
			return func() (compare.Handler, error) {
				m, err := start()
				if err != nil {
					return nil, err
				}
				return func(ctx context.Context) (string, error) {
					t, err := m.Token(ctx, user)
					if err != nil {
						return "", err
					}
					return t.AccessToken, nil
				}, nil
			}, nil
		},
	}
}

func expired(g compare.Grant) *oauth2.Token {
	return &oauth2.Token{AccessToken: g.AccessToken, RefreshToken: g.RefreshToken, TokenType: "Bearer", Expiry: time.Now().Add(-time.Hour)}
}
