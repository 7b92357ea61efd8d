package peers

import (
	"context"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/standpipe-go/standpipe/compare"
)

func golangJWT() compare.Checker {
	return compare.Checker{
		Subject: compare.Subject{Name: "golang-jwt", Module: "github.com/golang-jwt/jwt/v5",
			Settings: "`NewParser` with `WithValidMethods`, `WithIssuer`, `WithAudience`, `WithExpirationRequired`, `WithIssuedAt`, `WithStrictDecoding`; `MapClaims`, which " +
				"know their names by case; keys by keyfunc v3."},
		Fetches: true,
		Open: func(ctx context.Context, iss compare.Issuer) (compare.Check, error) {
			keys, err := keyfunc.NewDefaultCtx(ctx, []string{iss.KeysURL})
			if err != nil {
				return nil, err
			}
			parser := jwt.NewParser(jwt.WithValidMethods(iss.Algorithms), jwt.WithIssuer(iss.Name), jwt.WithAudience(iss.Audience),
				jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding())
			return func(ctx context.Context, token string) (string, error) {
				t, err := parser.Parse(token, keys.KeyfuncCtx(ctx))
				if err != nil {
					return "", err
				}
				return t.Claims.GetSubject()
			}, nil
		},
	}
}
