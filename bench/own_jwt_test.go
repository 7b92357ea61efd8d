package bench

import (
	"context"

	"github.com/standpipe-go/standpipe/session"
)

// ownJWT returns the project's entries of the group JWT: the whole of a
// verification, claims decoded into the same struct as by the peers.
func ownJWT(c *jwtCase) []entry {
	verifier, err := session.NewVerifier(session.Clerk(jwtIssuer, "https://app.example.com"),
		session.WithJWKS(c.jwks), session.WithAlgorithms(c.alg))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	return []entry{
		{"own", func() error {
			s, err := verifier.Verify(ctx, c.token)
			if err != nil {
				return err
			}
			var cl sessionClaims
			if err := s.Claims(&cl); err != nil {
				return err
			}
			if cl.Subject != s.Subject {
				return errBadToken
			}
			return nil
		}},
		// What most handlers need is in the Session already.
		{"own-session", func() error {
			s, err := verifier.Verify(ctx, c.token)
			if err != nil {
				return err
			}
			if s.Subject == "" || s.Organization.Role != "org:admin" {
				return errBadToken
			}
			return nil
		}},
	}
}
