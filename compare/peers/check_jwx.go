package peers

import (
	"context"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/standpipe-go/standpipe/compare"
)

func jwx() compare.Checker {
	return compare.Checker{
		Subject: compare.Subject{Name: "jwx", Module: "github.com/lestrrat-go/jwx/v3",
			Settings: "`jwt.Parse` with `WithKeySet` over a `jwk.Cache`, `WithIssuer`, `WithAudience`, `WithRequiredClaim` for exp, iat and sub, `WithPedantic`, " +
				"`WithStrictStringClaims`."},
		Fetches: true,
		Open: func(ctx context.Context, iss compare.Issuer) (compare.Check, error) {
			cache, err := jwk.NewCache(ctx, httprc.NewClient())
			if err != nil {
				return nil, err
			}
			if err := cache.Register(ctx, iss.KeysURL); err != nil {
				return nil, err
			}
			set, err := cache.CachedSet(iss.KeysURL)
			if err != nil {
				return nil, err
			}
			return func(_ context.Context, token string) (string, error) {
				t, err := jwt.Parse([]byte(token), jwt.WithKeySet(set), jwt.WithIssuer(iss.Name), jwt.WithAudience(iss.Audience),
					jwt.WithRequiredClaim(jwt.ExpirationKey), jwt.WithRequiredClaim(jwt.IssuedAtKey), jwt.WithRequiredClaim(jwt.SubjectKey),
					jwt.WithPedantic(true), jwt.WithStrictStringClaims(true))
				if err != nil {
					return "", err
				}
				sub, _ := t.Subject()
				return sub, nil
			}, nil
		},
	}
}
