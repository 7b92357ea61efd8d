package peers

import (
	"context"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/standpipe-go/standpipe/compare"
)

func goOIDC() compare.Checker {
	return compare.Checker{
		Subject: compare.Subject{Name: "go-oidc", Module: "github.com/coreos/go-oidc/v3",
			Settings: "`oidc.NewVerifier` over `NewRemoteKeySet`, with `ClientID` and `SupportedSigningAlgs`."},
		Fetches: true,
		Open: func(ctx context.Context, iss compare.Issuer) (compare.Check, error) {
			v := oidc.NewVerifier(iss.Name, oidc.NewRemoteKeySet(ctx, iss.KeysURL), &oidc.Config{ClientID: iss.Audience, SupportedSigningAlgs: iss.Algorithms})
			return func(ctx context.Context, token string) (string, error) {
				t, err := v.Verify(ctx, token)
				if err != nil {
					return "", err
				}
				return t.Subject, nil
			}, nil
		},
	}
}
