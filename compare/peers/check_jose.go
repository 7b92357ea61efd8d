package peers

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/standpipe-go/standpipe/compare"
)

func goJOSE() compare.Checker {
	return compare.Checker{
		Subject: compare.Subject{Name: "go-jose", Module: "github.com/go-jose/go-jose/v4",
			Settings: "`jwt.ParseSigned` with the algorithms, `Claims` with the key set, `Claims.Validate`; a missing exp refused by the application."},
		Open: func(_ context.Context, iss compare.Issuer) (compare.Check, error) {
			var set jose.JSONWebKeySet
			if err := json.Unmarshal(iss.Keys, &set); err != nil {
				return nil, err
			}
			var algorithms []jose.SignatureAlgorithm
			for _, a := range iss.Algorithms {
				algorithms = append(algorithms, jose.SignatureAlgorithm(a))
			}
			return func(_ context.Context, token string) (string, error) {
				t, err := jwt.ParseSigned(token, algorithms)
				if err != nil {
					return "", err
				}
				var claims jwt.Claims
				if err := t.Claims(&set, &claims); err != nil {
					return "", err
				}
				if claims.Expiry == nil {
					return "", errors.New("no exp")
				}
				return claims.Subject, claims.Validate(jwt.Expected{
					Issuer: iss.Name, AnyAudience: jwt.Audience{iss.Audience}, Time: time.Now(),
				})
			}, nil
		},
	}
}
