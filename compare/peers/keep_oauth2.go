package peers

import (
	"context"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/compare"
)

const xOAuth2 = "golang.org/x/oauth2"

func oauth2Config(g compare.Grant) *oauth2.Config {
	return &oauth2.Config{
		ClientID: g.ClientID, ClientSecret: g.ClientSecret,
		Endpoint: oauth2.Endpoint{TokenURL: g.TokenURL, AuthStyle: oauth2.AuthStyleInHeader},
	}
}

// oauth2PerRequest is what most web applications do: load the user's token, make a
// source of it under the request's context, and store the token if it has changed.
func oauth2PerRequest() compare.Keeper {
	return compare.Keeper{
		Subject: compare.Subject{Name: "x/oauth2, a source for each request", Module: xOAuth2,
			Settings: "the token is loaded from the application's database, used with `Config.TokenSource(r.Context(), tok)`, and stored again if it has changed."},
		Open: func(g compare.Grant) (compare.StartProcess, error) {
			db := newColumn(g)
			return func() (compare.Handler, error) {
				cfg := oauth2Config(g)
				return func(ctx context.Context) (string, error) {
					before := db.load()
					t, err := cfg.TokenSource(ctx, before).Token()
					if err != nil {
						return "", err
					}
					if t.AccessToken != before.AccessToken {
						db.save(t)
					}
					return t.AccessToken, nil
				}, nil
			}, nil
		},
	}
}

// oauth2Shared keeps one source for the user in each process, under a context that does
// not end.
func oauth2Shared() compare.Keeper {
	return compare.Keeper{
		Subject: compare.Subject{Name: "x/oauth2, one source for the user", Module: xOAuth2,
			Settings: "each process keeps one `Config.TokenSource(context.Background(), tok)` for the user, and stores the token if it has changed."},
		Open: func(g compare.Grant) (compare.StartProcess, error) {
			db := newColumn(g)
			return func() (compare.Handler, error) {
				src := oauth2Config(g).TokenSource(context.Background(), db.load())
				return func(context.Context) (string, error) {
					t, err := src.Token()
					if err != nil {
						return "", err
					}
					if t.AccessToken != db.load().AccessToken {
						db.save(t)
					}
					return t.AccessToken, nil
				}, nil
			}, nil
		},
	}
}
