package session_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

type (
	claims = sessiontest.Claims
	change struct {
		name string
		with claims
		want session.Reason // "" if accepted
	}
)

const absent = sessiontest.Absent

func runChanges(t *testing.T, v *session.Verifier, token func(claims) string, changes []change) {
	t.Helper()
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				accepted(t, v, token(c.with))
			} else {
				refused(t, v, token(c.with), c.want)
			}
		})
	}
}

// registeredChanges are what every profile refuses. J3, J5, J10
func registeredChanges(now time.Time) []change {
	return []change{
		{"J3 exp missing", claims{"exp": absent}, session.ErrMalformed},
		{"J3 exp null", claims{"exp": nil}, session.ErrMalformed},
		{"J3 exp string", claims{"exp": "4102444800"}, session.ErrMalformed},
		{"J3 exp huge", claims{"exp": 1e300}, session.ErrMalformed},
		{"J3 exp in milliseconds", claims{"exp": now.UnixMilli()}, session.ErrMalformed},
		{"J3 exp negative", claims{"exp": -1}, session.ErrMalformed},
		{"J3 exp fraction", claims{"exp": float64(now.Unix()) + 30.5}, ""},
		{"J3 exp passed", claims{"exp": now.Unix() - 1}, session.ErrExpired},
		{"J3 exp now", claims{"exp": now.Unix()}, session.ErrExpired},
		{"J3 iat in the future", claims{"iat": now.Unix() + 31}, session.ErrNotYetValid},
		{"J3 iat inside the leeway", claims{"iat": now.Unix() + 30}, ""},
		{"J3 nbf in the future", claims{"nbf": now.Unix() + 31}, session.ErrNotYetValid},
		{"J3 nbf inside the leeway", claims{"nbf": now.Unix() + 30}, ""},
		{"J3 nbf string", claims{"nbf": "1"}, session.ErrMalformed},
		{"J5 sub empty", claims{"sub": ""}, session.ErrMalformed},
		{"J5 sub missing", claims{"sub": absent}, session.ErrMalformed},
		{"J2 SUB only", claims{"sub": absent, "SUB": "user_1"}, session.ErrMalformed},
		{"J2 SUB beside sub", claims{"SUB": "admin"}, ""},
		{"J2 EXP", claims{"exp": absent, "EXP": now.Unix() + 60}, session.ErrMalformed},
		{"J10 iss missing", claims{"iss": absent}, session.ErrMalformed},
		{"J10 iss other", claims{"iss": "https://evil.example"}, session.ErrWrongIssuer},
		{"J10 iss list", claims{"iss": []string{"https://evil.example"}}, session.ErrMalformed},
		{"J4 logout event", claims{"events": claims{"http://schemas.openid.net/event/backchannel-logout": claims{}}}, session.ErrWrongType},
		{"events of another kind", claims{"events": []string{"login"}}, ""},
	}
}

// stopped returns an issuer whose clock stands still.
func stopped() (*sessiontest.Issuer, time.Time) {
	i, now := sessiontest.New(), time.Unix(1_800_000_000, 0)
	i.StopClock(now)
	return i, now
}

// sharedIssuer is for the tests that only sign, since making RSA keys takes time.
var sharedIssuer = sync.OnceValue(func() *sessiontest.Issuer {
	i, _ := stopped()
	return i
})

func shared() (*sessiontest.Issuer, time.Time) { return sharedIssuer(), sharedIssuer().Now() }

func TestClerk(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.Clerk())
	s := accepted(t, v, i.ClerkToken(nil))
	require.Equal(t, sessiontest.ClerkIssuer, s.Issuer)
	require.Equal(t, sessiontest.Subject, s.Subject)
	require.Equal(t, sessiontest.SessionID, s.ID)
	require.Equal(t, sessiontest.AuthorizedParty, s.AuthorizedParty)
	require.Equal(t, session.Organization{ID: "org_1", Name: "acme", Role: "org:admin"}, s.Organization)
	require.Equal(t, []string{"org:invoices:read", "org:invoices:manage"}, s.Permissions)
	require.True(t, s.HasPermission("org:invoices:read"))
	require.False(t, s.HasPermission("org:invoices:delete"))
	require.True(t, s.HasRole("org:admin"))
	require.False(t, s.HasRole(""))
	require.Equal(t, now.Add(time.Minute), s.Expiry)

	runChanges(t, v, i.ClerkToken, registeredChanges(now))
	runChanges(t, v, i.ClerkToken, []change{
		{"nbf missing", claims{"nbf": absent}, session.ErrMalformed},
		{"sid missing", claims{"sid": absent}, session.ErrWrongType},
		{"sid empty", claims{"sid": ""}, session.ErrWrongType},
		{"sid number", claims{"sid": 1}, session.ErrMalformed},
		{"J10 azp missing", claims{"azp": absent}, session.ErrWrongParty},
		{"J10 azp other", claims{"azp": "https://evil.example.com"}, session.ErrWrongParty},
		{"J10 azp with slash", claims{"azp": sessiontest.AuthorizedParty + "/"}, session.ErrWrongParty},
		{"J10 azp empty", claims{"azp": ""}, session.ErrWrongParty},
		{"J10 azp list", claims{"azp": []string{sessiontest.AuthorizedParty}}, session.ErrMalformed},
		{"J10 iss with slash", claims{"iss": sessiontest.ClerkIssuer + "/"}, session.ErrWrongIssuer},
		{"pending", claims{"sts": "pending"}, session.ErrPending},
		{"unknown status", claims{"sts": "other"}, session.ErrPending},
		{"empty status", claims{"sts": ""}, session.ErrPending},
		{"J4 status null", claims{"sts": nil}, ""},
		{"no status", claims{"sts": absent}, ""},
		{"no organization", claims{"o": absent}, ""},
		{"J4 organization null", claims{"o": nil}, ""},
		{"organization without id", claims{"o": claims{"rol": "admin"}}, ""},
		{"role number", claims{"o": claims{"id": "org_1", "rol": 1}}, session.ErrMalformed},
		{"permissions number", claims{"o": claims{"id": "org_1", "per": 1}}, session.ErrMalformed},
	})
}

// The URL of an instance may be given as browsers show it.
func TestClerksIssuerMayEndWithASlash(t *testing.T) {
	t.Parallel()
	i := sessiontest.New()
	v, err := session.NewVerifier(session.Clerk(sessiontest.ClerkIssuer+"/", sessiontest.AuthorizedParty), i.Options()...)
	require.NoError(t, err)
	s, err := v.Verify(t.Context(), i.ClerkToken(nil))
	require.NoError(t, err)
	require.Equal(t, sessiontest.ClerkIssuer, s.Issuer)
}

func TestClerkOrganizations(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	v := verifier(t, i, i.Clerk())
	s := accepted(t, v, i.ClerkToken(claims{"v": absent, "o": absent, "org_id": "org_9", "org_slug": "nine", "org_role": "org:member", "org_permissions": []string{"org:x:read"}}))
	require.Equal(t, session.Organization{ID: "org_9", Name: "nine", Role: "org:member"}, s.Organization)
	require.Equal(t, []string{"org:x:read"}, s.Permissions)
	// The claims of one version mean nothing in the other.
	s = accepted(t, v, i.ClerkToken(claims{"o": absent, "org_id": "org_9", "org_role": "org:admin"}))
	require.Zero(t, s.Organization)
	s = accepted(t, v, i.ClerkToken(claims{"v": 1}))
	require.Zero(t, s.Organization)
	s = accepted(t, v, i.ClerkToken(claims{"o": claims{"rol": "admin"}}))
	require.Zero(t, s.Organization)
	s = accepted(t, v, i.ClerkToken(claims{"v": 3}))
	require.Zero(t, s.Organization)
	require.Empty(t, s.Permissions)

	for _, tt := range []struct {
		features, permissions, masks string
		want                         []string
	}{
		{"o:a,o:b", "read,write", "1,2", []string{"org:a:read", "org:b:write"}},
		{"u:x,o:b", "read,write", "3,2", []string{"org:b:write"}},
		{"u:x,o:b", "read,write", "2", []string{"org:b:write"}},
		{"uo:x,o:b", "read", "1,0", []string{"org:x:read"}},
		{"ou:x", "read", "1", []string{"org:x:read"}},
		{"", "read", "1", nil},
		{"o:a", "", "", nil},
		// What does not fit together grants nothing.
		{"o:a", "read", "2", nil},
		{"o:a", "read", "x", nil},
		{"o:a", "read", "-1", nil},
		{"o:a", "read", "1,1", nil},
		{"o:a,o:b", "read", "1", nil},
		{"a,o:b", "read", "1,1", nil},
		{"o:", "read", "1", nil},
		{"o:,o:b", "read", "1,1", nil},
		{"o:a,o:b", "read", "x,1", nil},
		{"o:a,o:b", "read", "1,", nil},
		{"o:a,o:b", "read", "1,2", nil},
		{"o:a,b", "read", "1,1", nil},
		{"", "", "", nil},
		{"o:a", "read,", "3", []string{"org:a:read"}},
		{"o:a", strings.Repeat("p,", 63) + "last", "9223372036854775808", []string{"org:a:last"}},
		{"o:a", strings.Repeat("p,", 64) + "last", "1", nil},
	} {
		s := accepted(t, v, i.ClerkToken(claims{"fea": tt.features, "o": claims{"id": "o", "per": tt.permissions, "fpm": tt.masks}}))
		require.Equal(t, tt.want, s.Permissions, "%+v", tt)
	}
}

func TestClerkOptions(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	v := verifier(t, i, i.Clerk(), session.AllowMissingAuthorizedParty())
	accepted(t, v, i.ClerkToken(claims{"azp": absent}))
	refused(t, v, i.ClerkToken(claims{"azp": "https://evil.example"}), session.ErrWrongParty)

	native := verifier(t, i, session.Clerk(sessiontest.ClerkIssuer), session.AllowMissingAuthorizedParty())
	accepted(t, native, i.ClerkToken(claims{"azp": absent}))
	refused(t, native, i.ClerkToken(nil), session.ErrWrongParty)

	v = verifier(t, i, i.Clerk(), session.AllowTemplateTokens())
	accepted(t, v, i.ClerkToken(claims{"sid": absent, "v": absent}))
	refused(t, v, i.ClerkToken(claims{"sid": ""}), session.ErrWrongType)

	// J12: a token between machines is no user's, whatever the options let pass.
	v = verifier(t, i, i.Clerk(), session.AllowTemplateTokens(), session.AllowMissingAuthorizedParty())
	for _, sub := range []string{"mch_1", "mch_"} {
		refused(t, v, i.ClerkToken(claims{"sid": absent, "azp": absent, "sub": sub}), session.ErrWrongType)
	}
	accepted(t, v, i.ClerkToken(claims{"sid": absent, "azp": absent, "sub": "user_mch_1"}))
}

func TestClerkIssuer(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"pk_test_dmVyYi1ub3VuLTAwLmNsZXJrLmFjY291bnRzLmRldiQ": "https://verb-noun-00.clerk.accounts.dev",
		"pk_live_Y2xlcmsuZXhhbXBsZS5jb20k":                    "https://clerk.example.com",
		"pk_live_Y2xlcmsuZXhhbXBsZS5jb20k=":                   "https://clerk.example.com",
	} {
		got, err := session.ClerkIssuer(key)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, key := range []string{"", "pk_live_", "sk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "pk_live_!", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20", "pk_live_JA", "pk_live_YS9iJA", "Y2xlcmsuZXhhbXBsZS5jb20k", "pk_dead_Y2xlcmsuZXhhbXBsZS5jb20k", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k!"} {
		_, err := session.ClerkIssuer(key)
		require.Error(t, err, key)
	}
}

func TestAuth0(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.Auth0())
	s := accepted(t, v, i.Auth0Token(nil))
	require.Equal(t, []string{"read:invoices"}, s.Permissions)
	require.Equal(t, []string{"openid", "profile", "read:invoices"}, s.Scopes)
	require.True(t, s.HasScope("profile"))
	require.Equal(t, session.Organization{ID: "org_1", Name: "acme"}, s.Organization)
	runChanges(t, v, i.Auth0Token, registeredChanges(now))
	runChanges(t, v, i.Auth0Token, []change{
		{"aud string", claims{"aud": sessiontest.Audience}, ""},
		{"J10 aud other", claims{"aud": "https://other.test"}, session.ErrWrongAudience},
		{"J10 aud missing", claims{"aud": absent}, session.ErrWrongAudience},
		{"J10 aud prefix", claims{"aud": sessiontest.Audience + "/"}, session.ErrWrongAudience},
		{"J10 iss without slash", claims{"iss": "https://" + sessiontest.Auth0Domain}, session.ErrWrongIssuer},
		{"J4 ID token by aud", claims{"aud": sessiontest.ClientID}, session.ErrWrongAudience},
		{"J4 ID token by nonce", claims{"nonce": "n"}, session.ErrWrongType},
		{"bound to a key", claims{"cnf": claims{"jkt": "x"}}, session.ErrWrongType},
		{"permissions string", claims{"permissions": "admin"}, session.ErrMalformed},
		{"J4 scope list", claims{"scope": []string{"admin"}}, ""},
		{"scope number", claims{"scope": 1}, session.ErrMalformed},
		{"scp number", claims{"scp": 1}, session.ErrMalformed},
		{"scope list of numbers", claims{"scope": []int{1}}, session.ErrMalformed},
		{"J4 ID token by at_hash", claims{"at_hash": "x"}, session.ErrWrongType},
		{"J4 ID token by c_hash", claims{"c_hash": "x"}, session.ErrWrongType},
		{"no permissions", claims{"permissions": absent, "scope": absent, "org_id": absent, "org_name": absent}, ""},
	})
	v = verifier(t, i, i.Auth0(), session.WithAuthorizedParties(sessiontest.ClientID))
	accepted(t, v, i.Auth0Token(nil))
	refused(t, v, i.Auth0Token(claims{"azp": "other"}), session.ErrWrongParty)
}

func TestFirebase(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.Firebase())
	s := accepted(t, v, i.FirebaseToken(nil))
	require.Equal(t, now.Add(-time.Minute), s.AuthTime)
	require.Zero(t, s.Organization)
	s = accepted(t, v, i.FirebaseToken(claims{"firebase": claims{"tenant": "tenant-1"}}))
	require.Equal(t, "tenant-1", s.Organization.ID)
	own := []change{
		{"aud list", claims{"aud": []string{sessiontest.FirebaseProject}}, session.ErrMalformed},
		{"aud other", claims{"aud": "other"}, session.ErrWrongAudience},
		{"sub of 128", claims{"sub": strings.Repeat("é", 128)}, ""},
		{"sub of 129", claims{"sub": strings.Repeat("a", 129)}, session.ErrMalformed},
		{"auth_time missing", claims{"auth_time": absent}, session.ErrMalformed},
		{"auth_time in the future", claims{"auth_time": now.Unix() + 31}, session.ErrNotYetValid},
		{"auth_time string", claims{"auth_time": "1"}, session.ErrMalformed},
		{"iat missing", claims{"iat": absent}, session.ErrMalformed},
	}
	runChanges(t, v, i.FirebaseToken, append(registeredChanges(now), own...))
	cookies := verifier(t, i, i.FirebaseCookie())
	accepted(t, cookies, i.FirebaseCookieToken(nil))
	runChanges(t, cookies, i.FirebaseCookieToken, append(registeredChanges(now), own...))

	// J4: a Firebase cookie is refused as an ID token and the reverse.
	refused(t, v, i.FirebaseCookieToken(nil), session.ErrWrongIssuer)
	refused(t, cookies, i.FirebaseToken(nil), session.ErrWrongIssuer)

	noKeyID := i.Sign([]byte(`{"alg":"RS256","typ":"JWT"}`), []byte(`{"iss":"https://securetoken.google.com/demo-example"}`))
	refused(t, v, noKeyID, session.ErrMalformed)
}

func TestFirebaseEmulator(t *testing.T) {
	t.Parallel()
	i, _ := stopped()
	token := i.FirebaseEmulatorToken(nil)
	refused(t, verifier(t, i, i.Firebase()), token, session.ErrMalformed)
	refused(t, verifier(t, i, i.Firebase()), token+"AA", session.ErrWrongAlgorithm)

	emulated := verifier(t, i, i.Firebase(), session.DangerouslyAcceptUnsignedEmulatorTokens())
	require.NoError(t, emulated.Warm(t.Context()))
	s := accepted(t, emulated, token)
	require.Equal(t, sessiontest.Subject, s.Subject)
	refused(t, emulated, i.FirebaseToken(nil), session.ErrWrongAlgorithm)
	refused(t, emulated, token+"AA", session.ErrWrongAlgorithm)
	refused(t, emulated, i.FirebaseEmulatorToken(claims{"aud": "other"}), session.ErrWrongAudience)
	refused(t, emulated, i.FirebaseEmulatorToken(claims{"exp": absent}), session.ErrMalformed)
	require.Zero(t, i.Fetches())
}

func TestOIDC(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.OIDC())
	s := accepted(t, v, i.IDToken(nil))
	require.Equal(t, sessiontest.SessionID, s.ID)
	runChanges(t, v, i.IDToken, registeredChanges(now))
	runChanges(t, v, i.IDToken, []change{
		{"J10 aud list", claims{"aud": []string{"other", sessiontest.ClientID}}, ""},
		{"J10 aud list, azp ours", claims{"aud": []string{"other", sessiontest.ClientID}, "azp": sessiontest.ClientID}, ""},
		{"J10 aud list, azp other", claims{"aud": []string{"other", sessiontest.ClientID}, "azp": "other"}, session.ErrWrongParty},
		{"one aud, azp other", claims{"azp": "client-of-the-app"}, ""},
		{"aud other", claims{"aud": "other"}, session.ErrWrongAudience},
		{"iat missing", claims{"iat": absent}, session.ErrMalformed},
		{"roles of another shape", claims{"roles": claims{"a": 1}}, ""},
	})
	s = accepted(t, v, i.IDToken(claims{"roles": []string{"a"}, "groups": []string{"b"}}))
	require.True(t, s.HasRole("a"))
	require.True(t, s.HasRole("b"))
	v = verifier(t, i, i.OIDC(), session.WithAuthorizedParties("app"))
	accepted(t, v, i.IDToken(claims{"azp": "app"}))
	refused(t, v, i.IDToken(claims{"azp": "other"}), session.ErrWrongParty)
}

func TestAccessToken(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.AccessTokens())
	s := accepted(t, v, i.AccessToken(nil))
	require.Equal(t, []string{"openid", "read:invoices"}, s.Scopes)
	require.True(t, s.HasRole("accountant"))
	runChanges(t, v, i.AccessToken, registeredChanges(now))
	runChanges(t, v, i.AccessToken, []change{
		{"aud list", claims{"aud": []string{"x", sessiontest.Audience}}, ""},
		{"aud other", claims{"aud": "other"}, session.ErrWrongAudience},
		{"bound to a key", claims{"cnf": claims{"jkt": "x"}}, session.ErrWrongType},
	})
}

// J4: one kind of token never passes for another.
func TestJ4_KindsOfTokens(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	verifiers := map[string]*session.Verifier{
		"clerk": verifier(t, i, i.Clerk()), "auth0": verifier(t, i, i.Auth0()), "firebase": verifier(t, i, i.Firebase()),
		"cookie": verifier(t, i, i.FirebaseCookie()), "oidc": verifier(t, i, i.OIDC()), "access": verifier(t, i, i.AccessTokens()),
		"oauth": verifier(t, i, i.ClerkOAuth()), "cognito": verifier(t, i, i.Cognito()), "workos": verifier(t, i, i.WorkOS()),
	}
	token := map[string]func(claims) string{
		"clerk": i.ClerkToken, "auth0": i.Auth0Token, "firebase": i.FirebaseToken,
		"cookie": i.FirebaseCookieToken, "oidc": i.IDToken, "access": i.AccessToken,
		"oauth": i.ClerkOAuthToken, "cognito": i.CognitoToken, "workos": i.WorkOSToken,
	}
	retyped := func(raw, header string) string {
		_, rest, _ := strings.Cut(raw, ".")
		payload, _, _ := strings.Cut(rest, ".")
		return i.Sign([]byte(header), decode(t, payload))
	}
	header := func(typ string) string {
		if typ != "" {
			typ = `,"typ":"` + typ + `"`
		}
		return `{"alg":"RS256","kid":"` + i.KeyID() + `"` + typ + `}`
	}
	const plain = "clerk auth0 firebase cookie oidc cognito workos"
	for name, v := range verifiers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for other, make := range token {
				if other == name {
					accepted(t, v, make(nil))
					continue
				}
				s, err := v.Verify(t.Context(), make(nil))
				require.Error(t, err, other)
				require.Nil(t, s)
			}
			for _, typ := range []string{"logout+jwt", "dpop+jwt", "application/dpop+jwt", "secevent+jwt", "JWS", "id_token", "jwt+at", "text/JWT", "entity-statement+jwt", " JWT"} {
				refused(t, v, retyped(token[name](nil), header(typ)), session.ErrWrongType)
			}
			for typ, profiles := range map[string]string{
				"": plain, "JWT": plain, "jwt": plain, "application/jwt": plain,
				"at+jwt": "auth0 access oauth", "AT+JWT": "auth0 access oauth", "application/at+jwt": "auth0 access oauth",
			} {
				raw := retyped(token[name](nil), header(typ))
				if slices.Contains(strings.Fields(profiles), name) {
					accepted(t, v, raw)
				} else {
					refused(t, v, raw, session.ErrWrongType)
				}
			}
		})
	}
	// A logout token of the very issuer and audience.
	refused(t, verifier(t, i, session.OIDC("https://"+sessiontest.Auth0Domain+"/", sessiontest.ClientID), session.WithJWKS(i.JWKS())), i.LogoutToken(nil), session.ErrWrongType)
}

// J11
func TestJ11_TenantTemplate(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	const issuer = "https://login.example.com/{tenantid}/v2.0"
	v := verifier(t, i, session.OIDC(issuer, sessiontest.ClientID), session.WithTenants("t-1", "t-2"), session.WithJWKS(i.JWKS()))
	s := accepted(t, v, i.IDToken(claims{"iss": "https://login.example.com/t-2/v2.0", "tid": "t-2"}))
	require.Equal(t, "https://login.example.com/t-2/v2.0", s.Issuer)
	for _, c := range []claims{
		{"iss": "https://login.example.com/t-3/v2.0", "tid": "t-3"},
		{"iss": "https://login.example.com/t-1/v2.0", "tid": "t-2"},
		{"iss": "https://login.example.com/t-1/v2.0"},
		{"iss": "https://login.example.com/{tenantid}/v2.0", "tid": "{tenantid}"},
		{"iss": issuer, "tid": "t-1"},
	} {
		refused(t, v, i.IDToken(c), session.ErrWrongIssuer)
	}
}
