package session_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/session"
)

// fuzzSigner is fixed, so that a finding can be replayed.
func fuzzSigner(f *testing.F) *jose.Signer {
	f.Helper()
	s, err := jose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), "", "k")
	if err != nil {
		f.Fatal(err)
	}
	return s
}

func fuzzVerifiers(f *testing.F, s *jose.Signer) []*session.Verifier {
	f.Helper()
	set, err := jose.NewSet(s.PublicKey())
	if err != nil {
		f.Fatal(err)
	}
	jwks, err := set.MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	var out []*session.Verifier
	for _, p := range []session.Profile{
		session.Clerk("https://clerk.example.com", "https://app.example.com"), session.Auth0("example.us.auth0.com", "api"),
		session.Firebase("demo"), session.FirebaseCookie("demo"), session.OIDC("https://issuer.example/", "api"), session.AccessToken("https://issuer.example/", "api"),
		session.Cognito("https://issuer.example/pool", "api"), session.ClerkOAuth("https://issuer.example/", "api"), session.WorkOS("api"),
	} {
		v, err := session.NewVerifier(p, session.WithJWKS(jwks), session.WithAlgorithms("EdDSA"),
			session.WithClock(func() time.Time { return time.Unix(1_800_000_000, 0) }))
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// Nobody without the key makes a token.
func FuzzVerify(f *testing.F) {
	verifiers := fuzzVerifiers(f, fuzzSigner(f))
	f.Add("eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.e30.AA")
	f.Fuzz(func(t *testing.T, raw string) {
		for _, v := range verifiers {
			if s, err := v.Verify(t.Context(), raw); err == nil || s != nil {
				t.Fatalf("accepted %q", raw)
			}
		}
	})
}

// Signed claims of any content never panic, and what passes has a subject and an
// expiry in the future.
func FuzzClaims(f *testing.F) {
	signer := fuzzSigner(f)
	verifiers := fuzzVerifiers(f, signer)
	f.Add([]byte(`{"iss":"https://issuer.example/","sub":"u","aud":"api","exp":1900000000,"iat":1800000000}`))
	f.Add([]byte(`{"iss":"https://issuer.example/pool","sub":"u","client_id":"api","token_use":"access","exp":1900000000,"iat":1800000000,"scp":["a",null]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, typ := range []string{"JWT", "at+jwt"} {
			raw, err := signer.Sign(map[string]any{"typ": typ}, payload)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range verifiers {
				s, err := v.Verify(t.Context(), raw)
				if err != nil {
					if s != nil {
						t.Fatal("a session in spite of an error")
					}
					continue
				}
				var all map[string]any
				if err := s.Claims(&all); err != nil {
					t.Fatal(err)
				}
				if s.Subject == "" || all["sub"] != s.Subject || all["iss"] != s.Issuer || s.Expiry.Unix() < 1_800_000_000 {
					t.Fatalf("accepted %s", payload)
				}
			}
		}
	})
}
