package session_test

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
)

// vector is one token and the verdict that must be reached on it.
type vector struct {
	ID                string          `json:"id"`
	Profile           string          `json:"profile"`
	Issuer            string          `json:"issuer"`
	Audience          stringOrList    `json:"audience"`
	AuthorizedParties []string        `json:"authorized_parties"`
	JWKS              json.RawMessage `json:"jwks"`
	Token             string          `json:"token"`
	Now               int64           `json:"now"`
	Valid             bool            `json:"valid"`
	Why               string          `json:"why"`
}

type stringOrList []string

func (l *stringOrList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = nil
		if one != "" {
			*l = []string{one}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

func (c vector) profile() (session.Profile, []session.Option) {
	parties := c.AuthorizedParties
	var options []session.Option
	if len(parties) > 0 && c.Profile != "clerk" {
		options = append(options, session.WithAuthorizedParties(parties...))
	}
	project := strings.Join(c.Audience, "")
	switch c.Profile {
	case "clerk":
		return session.Clerk(c.Issuer, parties...), nil
	case "auth0":
		domain := c.Issuer
		if u, err := url.Parse(c.Issuer); err == nil && u.Host != "" {
			domain = u.Host
		}
		return session.Auth0(domain, c.Audience...), options
	case "firebase":
		return session.Firebase(project), nil
	case "firebase-cookie":
		return session.FirebaseCookie(project), nil
	case "oidc":
		return session.OIDC(c.Issuer, c.Audience...), options
	case "access-token":
		return session.AccessToken(c.Issuer, c.Audience...), options
	}
	return session.Profile{}, nil
}

// TestVectors runs testdata/vectors.json, and the file that the environment
// variable STANDPIPE_SESSION_VECTORS names.
func TestVectors(t *testing.T) {
	files := []string{"testdata/vectors.json"}
	if extra := os.Getenv("STANDPIPE_SESSION_VECTORS"); extra != "" {
		files = append(files, extra)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var suite struct {
			Cases []vector `json:"cases"`
		}
		require.NoError(t, json.Unmarshal(data, &suite))
		require.NotEmpty(t, suite.Cases)
		for _, c := range suite.Cases {
			t.Run(c.ID, func(t *testing.T) {
				profile, options := c.profile()
				v, err := session.NewVerifier(profile, append(options, session.WithJWKS(c.JWKS),
					session.WithClock(func() time.Time { return time.Unix(c.Now, 0) }))...)
				if err != nil {
					// An issuer without a usable key, or a profile without what it needs,
					// verifies nothing.
					require.False(t, c.Valid, "%s: %v", c.Why, err)
					return
				}
				s, err := v.Verify(t.Context(), c.Token)
				if c.Valid {
					require.NoError(t, err, c.Why)
					require.NotEmpty(t, s.Subject)
				} else {
					require.Error(t, err, c.Why)
					require.Nil(t, s)
				}
			})
		}
	}
}
