package peers

import (
	"context"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/session"
)

func standpipeChecker() compare.Checker {
	return compare.Checker{
		Subject: compare.Subject{Name: "Standpipe", Module: standpipe,
			Settings: "`session.NewVerifier(session.OIDC(issuer, audience))` with the issuer's algorithms; else all defaults."},
		Fetches: true,
		Open: func(_ context.Context, iss compare.Issuer) (compare.Check, error) {
			v, err := session.NewVerifier(session.OIDC(iss.Name, iss.Audience), session.WithAlgorithms(iss.Algorithms...),
				session.WithKeysURL(iss.KeysURL), session.AllowPlainHTTPToLoopback())
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context, token string) (string, error) {
				s, err := v.Verify(ctx, token)
				if err != nil {
					return "", err
				}
				return s.Subject, nil
			}, nil
		},
	}
}
