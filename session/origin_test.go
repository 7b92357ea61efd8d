package session_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// J10: "azp" is the Origin header of a browser. A party in another form equals none.
func TestJ10_PartiesOfClerkAreOrigins(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	for _, origin := range []string{
		"https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:3000",
		"https://xn--bcher-kva.example", "https://my_app.example.com", "http://app.example.com:443", "https://app.example.com:80",
		"chrome-extension://mmghggbhhhaoicnbgkmhfhnfbgeacaoe", "moz-extension://0d8b1c2e-0000-4000-8000-00000000abcd",
		"safari-web-extension://1B2C3D4E-0000-4000-8000-00000000ABCD", "capacitor://localhost", "wails://wails.localhost:34115",
	} {
		v := verifier(t, i, session.Clerk(sessiontest.ClerkIssuer, origin))
		accepted(t, v, i.ClerkToken(claims{"azp": origin}))
	}
	for _, party := range []string{
		"app.example.com", "app.example.com:443", "localhost:3000", "//app.example.com", "https:app.example.com", "https:///", "https://",
		"https://app.example.com/", "https://app.example.com/path", "https://app.example.com?", "https://app.example.com?x=1",
		"https://app.example.com#", "https://app.example.com#x", "https://App.example.com", "http://App.example.com", "HTTPS://app.example.com",
		"Capacitor://localhost", "https://user@app.example.com", "https://app.example.com:", "https://app.example.com:443",
		"http://localhost:80", "https://app.example.com:08443", "http://localhost:0", "http://localhost:99999", "https://app.example.com:65536", "https://app.example.com:x",
		"https://:443", "https://*.example.com", "https://*", "https://b\u00fccher.example", "capacitor://\u212a", "https://a,b",
		"https://app.example.com ", " https://app.example.com", "https://app.example.com\n", "https://a https://b",
		"http://[::1", "http://[0:0:0:0:0:0:0:1]", "http://[::1%25lo]", "null", "*", "https://%61pp.example.com",
	} {
		_, err := session.NewVerifier(session.Clerk(sessiontest.ClerkIssuer, sessiontest.AuthorizedParty, party))
		require.ErrorContains(t, err, "is not an origin as browsers send it, such as https://app.example.com", "%q", party)
		require.ErrorContains(t, err, "the authorized party \"", "%q", party)
		require.NotContains(t, err.Error(), "\n", "%q", party)
	}
	_, err := session.NewVerifier(session.Clerk(sessiontest.ClerkIssuer, "https://app.example.com/"))
	require.ErrorContains(t, err, `the authorized party "https://app.example.com/" is not`)
	_, err = session.NewVerifier(session.Clerk(sessiontest.ClerkIssuer, strings.Repeat("x", 1<<16)))
	require.Less(t, len(err.Error()), 500)
	_, err = session.NewVerifier(session.Clerk(sessiontest.ClerkIssuer, sessiontest.AuthorizedParty, "\t"))
	require.ErrorContains(t, err, "an empty authorized party")
	_, err = session.NewVerifier(session.Clerk("", "app.example.com"))
	require.ErrorContains(t, err, "the issuer is empty", "the first mistake")
}

func TestAKeyOfClerkIsNoIssuer(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"pk_test_dmVyYi1ub3VuLTAwLmNsZXJrLmFjY291bnRzLmRldiQ": "is a publishable key: session.ClerkIssuer makes the issuer of it",
		" pk_live_Y2xlcmsuZXhhbXBsZS5jb20k\n":                 "is a publishable key",
		"sk_test_0123456789":                                  "is a secret key",
		"\tsk_live_0123456789":                                "is a secret key",
	} {
		for _, p := range []session.Profile{session.Clerk(key, sessiontest.AuthorizedParty), session.ClerkOAuth(key, sessiontest.ClientID)} {
			_, err := session.NewVerifier(p)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), strings.TrimSpace(key))
			require.NotContains(t, err.Error(), "\n")
		}
	}
}

// J10: the list is configuration and is named; what the token has is not.
func TestJ10_ARefusalNamesTheListAndNotTheToken(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	many := []string{"https://a.example", "https://b.example", "https://c.example", "https://d.example", "https://e.example"}
	evil := claims{"azp": "https://evil.example", "client_id": "evil", "aud": "evil"}
	tests := map[string]struct {
		v     *session.Verifier
		token string
		want  string
	}{
		"one": {
			verifier(t, i, i.Clerk()), i.ClerkToken(evil),
			`wrong authorized party: "azp" is not "https://app.example.com"`,
		},
		"three": {
			verifier(t, i, session.Clerk(sessiontest.ClerkIssuer, many[:3]...)), i.ClerkToken(evil),
			`wrong authorized party: "azp" is not "https://a.example" or "https://b.example" or "https://c.example"`,
		},
		"five": {
			verifier(t, i, session.Clerk(sessiontest.ClerkIssuer, many...)), i.ClerkToken(evil),
			`wrong authorized party: "azp" is not "https://a.example" or "https://b.example" or "https://c.example" or one of 2 more`,
		},
		"none": {
			verifier(t, i, session.Clerk(sessiontest.ClerkIssuer), session.AllowMissingAuthorizedParty()), i.ClerkToken(evil),
			`wrong authorized party: "azp" is not expected at all`,
		},
		"an option": {
			verifier(t, i, i.AccessTokens(), session.WithAuthorizedParties("app")), i.AccessToken(claims{"client_id": "evil"}),
			`wrong authorized party: "client_id" is not "app"`,
		},
		"client IDs": {
			verifier(t, i, i.Cognito()), i.CognitoToken(claims{"client_id": "evil"}),
			`wrong authorized party: "client_id" is missing or not "client-1"`,
		},
		"client IDs for an audience": {
			verifier(t, i, i.Cognito()), i.CognitoToken(evil),
			`wrong audience: "aud" is not "client-1"`,
		},
	}
	for name, tt := range tests {
		_, err := tt.v.Verify(t.Context(), tt.token)
		require.EqualError(t, err, "verify session token: "+tt.want, name)
		require.NotContains(t, err.Error(), "evil", name)
	}
	long := verifier(t, i, session.Cognito(sessiontest.CognitoIssuer, strings.Repeat("\x00", 1<<16), strings.Repeat("x", 1<<16), "\x1b[2J", "y"))
	_, err := long.Verify(t.Context(), i.CognitoToken(nil))
	require.ErrorIs(t, err, session.ErrWrongParty)
	require.Less(t, len(err.Error()), 500)
	require.NotContains(t, err.Error(), "\x1b")
}

// J10, J12: a profile without an audience of its own takes one.
func TestJ10_WithAudience(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	const api = "https://api.example.com"
	for name, of := range map[string]struct {
		profile session.Profile
		token   func(claims) string
	}{
		"Clerk":      {i.Clerk(), i.ClerkToken},
		"ClerkOAuth": {i.ClerkOAuth(), i.ClerkOAuthToken},
		"Cognito":    {i.Cognito(), i.CognitoToken},
		"WorkOS":     {i.WorkOS(), i.WorkOSToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names := []string{api, "other"}
			v := verifier(t, i, of.profile, session.WithAudience(names...))
			names[0] = "https://elsewhere.example"
			runChanges(t, v, of.token, []change{
				{"aud", claims{"aud": api}, ""},
				{"aud of another name", claims{"aud": "other"}, ""},
				{"aud list", claims{"aud": []string{"x", api}}, ""},
				{"aud missing", claims{}, session.ErrWrongAudience},
				{"aud null", claims{"aud": nil}, session.ErrWrongAudience},
				{"aud empty", claims{"aud": ""}, session.ErrWrongAudience},
				{"aud empty list", claims{"aud": []string{}}, session.ErrWrongAudience},
				{"aud other", claims{"aud": "https://other.example"}, session.ErrWrongAudience},
				{"aud with slash", claims{"aud": api + "/"}, session.ErrWrongAudience},
				{"aud changed in the list later", claims{"aud": "https://elsewhere.example"}, session.ErrWrongAudience},
				{"aud is the client", claims{"aud": sessiontest.ClientID}, session.ErrWrongAudience},
				{"aud number", claims{"aud": 1}, session.ErrMalformed},
			})
			for _, list := range [][]string{nil, {""}, {api, " "}} {
				_, err := session.NewVerifier(of.profile, session.WithAudience(list...))
				require.ErrorContains(t, err, "audience")
			}
		})
	}

	// Everything else is checked all the same.
	v := verifier(t, i, i.Clerk(), session.WithAudience(api), session.AllowTemplateTokens())
	accepted(t, v, i.ClerkToken(claims{"aud": api, "sid": absent}))
	refused(t, v, i.ClerkToken(claims{"aud": "hasura", "sid": absent}), session.ErrWrongAudience)
	refused(t, v, i.ClerkToken(claims{"aud": api, "azp": "https://evil.example"}), session.ErrWrongParty)
	v = verifier(t, i, i.Cognito(), session.WithAudience(api))
	refused(t, v, i.CognitoToken(claims{"aud": api, "client_id": "other"}), session.ErrWrongParty)
	refused(t, v, i.CognitoToken(claims{"aud": api, "token_use": "id"}), session.ErrWrongType)

	// Without it, the profile of Clerk passes over an audience, as its libraries do.
	accepted(t, verifier(t, i, i.Clerk()), i.ClerkToken(claims{"aud": "https://other.example"}))
	refused(t, verifier(t, i, i.Clerk()), i.ClerkToken(claims{"aud": 1}), session.ErrMalformed)

	for name, p := range map[string]session.Profile{
		"Auth0": i.Auth0(), "Firebase": i.Firebase(), "FirebaseCookie": i.FirebaseCookie(), "OIDC": i.OIDC(), "AccessToken": i.AccessTokens(),
	} {
		_, err := session.NewVerifier(p, session.WithAudience(api))
		require.ErrorContains(t, err, "the audience is an argument of the profile", name)
	}
}
