package peers

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/session"
)

// Checkers are the libraries that verify tokens.
func Checkers() []compare.Checker {
	return []compare.Checker{standpipeChecker(), golangJWT(), goJOSE(), jwx(), goOIDC()}
}

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

var errIncomplete = errors.New("exp or sub is missing")

func golangJWT() compare.Checker {
	return compare.Checker{
		Subject: compare.Subject{Name: "golang-jwt", Module: "github.com/golang-jwt/jwt/v5",
			Settings: "`NewParser` with `WithValidMethods`, `WithIssuer`, `WithAudience`, `WithExpirationRequired`, `WithIssuedAt`, `WithStrictDecoding`; `MapClaims`, which " +
				"know their names by case; keys by keyfunc v3; a missing sub refused by the application."},
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
				sub, err := t.Claims.GetSubject()
				if err == nil && sub == "" {
					err = errIncomplete
				}
				return sub, err
			}, nil
		},
	}
}

func goJOSE() compare.Checker {
	return compare.Checker{
		Subject: compare.Subject{Name: "go-jose", Module: "github.com/go-jose/go-jose/v4",
			Settings: "`jwt.ParseSigned` with the algorithms, `Claims` with the key set, `Claims.Validate`; a missing exp or sub refused by the application."},
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
				t, err := josejwt.ParseSigned(token, algorithms)
				if err != nil {
					return "", err
				}
				var claims josejwt.Claims
				if err := t.Claims(&set, &claims); err != nil {
					return "", err
				}
				if claims.Expiry == nil || claims.Subject == "" {
					return "", errIncomplete
				}
				return claims.Subject, claims.Validate(josejwt.Expected{
					Issuer: iss.Name, AnyAudience: josejwt.Audience{iss.Audience}, Time: time.Now(),
				})
			}, nil
		},
	}
}

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
				t, err := jwxjwt.Parse([]byte(token), jwxjwt.WithKeySet(set), jwxjwt.WithIssuer(iss.Name), jwxjwt.WithAudience(iss.Audience),
					jwxjwt.WithRequiredClaim(jwxjwt.ExpirationKey), jwxjwt.WithRequiredClaim(jwxjwt.IssuedAtKey), jwxjwt.WithRequiredClaim(jwxjwt.SubjectKey),
					jwxjwt.WithPedantic(true), jwxjwt.WithStrictStringClaims(true))
				if err != nil {
					return "", err
				}
				sub, _ := t.Subject()
				return sub, nil
			}, nil
		},
	}
}

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
