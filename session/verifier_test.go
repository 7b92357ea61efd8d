package session_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

func decode(t testing.TB, segment string) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(segment)
	require.NoError(t, err)
	return data
}

// segment returns one of the three of a token.
func segment(raw string, n int) string { return strings.Split(raw, ".")[n] }

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestClaims(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	v := verifier(t, i, i.Firebase())
	s := accepted(t, v, i.FirebaseToken(claims{"plan": "pro", "Email": "evil@example.com", "firebase": claims{"Sign_In_Provider": "evil"}}))
	var got struct {
		Email    string `json:"email"`
		Plan     string `json:"plan"`
		Firebase struct {
			Provider string `json:"sign_in_provider"`
		} `json:"firebase"`
	}
	require.NoError(t, s.Claims(&got))
	require.Equal(t, "user@example.com", got.Email) // J2
	require.Equal(t, "pro", got.Plan)
	require.Empty(t, got.Firebase.Provider) // J2
	require.Error(t, s.Claims(got))
	require.Error(t, (&session.Session{}).Claims(&got))
}

func TestPrintedForms(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	s := accepted(t, verifier(t, i, i.Firebase()), i.FirebaseToken(nil))
	require.Equal(t, `session of "user_1" at https://securetoken.google.com/demo-example`, s.String())
	require.NotContains(t, s.LogValue().String(), "user@example.com")
	require.Contains(t, s.LogValue().String(), "user_1")
}

// X1: no error shows a part of the token.
func TestErrorsHoldNoPartOfTheToken(t *testing.T) {
	t.Parallel()
	i, now := shared()
	v := verifier(t, i, i.Clerk())
	good := i.ClerkToken(claims{"canary": "canary"})
	parts := strings.Split(good, ".")
	tokens := []string{
		"canary", "canary.canary.canary", good[:len(good)-4] + "AAAA", parts[0] + "." + parts[1] + ".", b64(`{"alg":"canary"}`) + ".e30.AA",
		b64(`{"alg":"RS256","kid":"canary"}`) + "." + parts[1] + "." + parts[2], i.ClerkToken(claims{"iss": "canary"}),
		i.ClerkToken(claims{"azp": "canary"}), i.ClerkToken(claims{"exp": "canary"}), i.ClerkToken(claims{"sts": "canary"}),
		i.ClerkToken(claims{"exp": now.Unix(), "sub": "canary"}), i.ClerkToken(claims{"o": "canary"}), i.ClerkToken(claims{"sid": []string{"canary"}}),
	}
	for _, raw := range tokens {
		_, err := v.Verify(t.Context(), raw)
		require.Error(t, err)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			require.NotContains(t, text, "canary")
			require.NotContains(t, text, b64("canary"))
			require.NotContains(t, text, parts[1])
		}
	}
}

func TestNewVerifierErrors(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	clerk := i.Clerk()
	oidc := i.OIDC()
	for name, f := range map[string]func() (*session.Verifier, error){
		"zero profile":          func() (*session.Verifier, error) { return session.NewVerifier(session.Profile{}) },
		"J10 clerk without azp": func() (*session.Verifier, error) { return session.NewVerifier(session.Clerk("https://c.example")) },
		"J10 clerk blank azp":   func() (*session.Verifier, error) { return session.NewVerifier(session.Clerk("https://c.example", " ")) },
		"clerk without issuer":  func() (*session.Verifier, error) { return session.NewVerifier(session.Clerk("", "https://a.example")) },
		"clerk host only": func() (*session.Verifier, error) {
			return session.NewVerifier(session.Clerk("c.example", "https://a.example"))
		},
		"clerk http": func() (*session.Verifier, error) {
			return session.NewVerifier(session.Clerk("http://c.example", "https://a.example"))
		},
		"auth0 without audience": func() (*session.Verifier, error) { return session.NewVerifier(session.Auth0("t.auth0.com")) },
		"auth0 blank audience":   func() (*session.Verifier, error) { return session.NewVerifier(session.Auth0("t.auth0.com", "")) },
		"auth0 without domain":   func() (*session.Verifier, error) { return session.NewVerifier(session.Auth0("", "api")) },
		"auth0 URL for domain": func() (*session.Verifier, error) {
			return session.NewVerifier(session.Auth0("https://t.auth0.com/", "api"))
		},
		"auth0 user":            func() (*session.Verifier, error) { return session.NewVerifier(session.Auth0("x@t.auth0.com", "api")) },
		"firebase without":      func() (*session.Verifier, error) { return session.NewVerifier(session.Firebase("")) },
		"firebase path":         func() (*session.Verifier, error) { return session.NewVerifier(session.Firebase("a/b")) },
		"cookie without":        func() (*session.Verifier, error) { return session.NewVerifier(session.FirebaseCookie("")) },
		"oidc without audience": func() (*session.Verifier, error) { return session.NewVerifier(session.OIDC("https://i.example")) },
		"oidc query": func() (*session.Verifier, error) {
			return session.NewVerifier(session.OIDC("https://i.example?x=1", "c"))
		},
		"oidc http": func() (*session.Verifier, error) { return session.NewVerifier(session.OIDC("http://i.example", "c")) },
		"access without audience": func() (*session.Verifier, error) {
			return session.NewVerifier(session.AccessToken("https://i.example"))
		},
		"J11 no tenants": func() (*session.Verifier, error) {
			return session.NewVerifier(session.OIDC("https://i.example/{tenantid}/", "c"))
		},
		"J11 no placeholder": func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithTenants("t")) },
		"J11 blank tenant": func() (*session.Verifier, error) {
			return session.NewVerifier(session.OIDC("https://i.example/{tenantid}/", "c"), session.WithTenants(""))
		},
		"HMAC":                   func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithAlgorithms("HS256")) },
		"none":                   func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithAlgorithms("none")) },
		"no algorithm":           func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithAlgorithms()) },
		"leeway":                 func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithLeeway(6*time.Minute)) },
		"negative leeway":        func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithLeeway(-1)) },
		"negative expiry leeway": func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithExpiryLeeway(-1)) },
		"bad JWKS":               func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithJWKS([]byte(`{}`))) },
		"empty JWKS": func() (*session.Verifier, error) {
			return session.NewVerifier(oidc, session.WithJWKS([]byte(`{"keys":[]}`)))
		},
		"useless JWKS": func() (*session.Verifier, error) {
			return session.NewVerifier(oidc, session.WithJWKS([]byte(`{"keys":[{"kty":"oct","k":"AA"}]}`)))
		},
		"bad PEM": func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithPublicKeyPEM("", "x")) },
		"keys and URL": func() (*session.Verifier, error) {
			return session.NewVerifier(oidc, session.WithJWKS(i.JWKS()), session.WithKeysURL("https://i.example/k"))
		},
		"keys URL http": func() (*session.Verifier, error) {
			return session.NewVerifier(oidc, session.WithKeysURL("http://i.example/k"))
		},
		"cooldown": func() (*session.Verifier, error) {
			return session.NewVerifier(oidc, session.WithKeyCache(session.KeyCache{Cooldown: time.Hour}))
		},
		"parties for clerk": func() (*session.Verifier, error) {
			return session.NewVerifier(clerk, session.WithAuthorizedParties("x"))
		},
		"no parties": func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithAuthorizedParties()) },
		"parties for firebase": func() (*session.Verifier, error) {
			return session.NewVerifier(i.Firebase(), session.WithAuthorizedParties("x"))
		},
		"clerk option": func() (*session.Verifier, error) {
			return session.NewVerifier(oidc, session.AllowMissingAuthorizedParty())
		},
		"template option": func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.AllowTemplateTokens()) },
		"emulator for clerk": func() (*session.Verifier, error) {
			return session.NewVerifier(clerk, session.DangerouslyAcceptUnsignedEmulatorTokens())
		},
		"emulator with keys": func() (*session.Verifier, error) {
			return session.NewVerifier(i.Firebase(), session.DangerouslyAcceptUnsignedEmulatorTokens(), session.WithJWKS(i.JWKS()))
		},
		"emulator with an address of keys": func() (*session.Verifier, error) {
			return session.NewVerifier(i.Firebase(), session.DangerouslyAcceptUnsignedEmulatorTokens(), session.WithKeysURL("https://i.example/k"))
		},
		"auth0 not a URL": func() (*session.Verifier, error) { return session.NewVerifier(session.Auth0("%zz", "api")) },
		"auth0 blank":     func() (*session.Verifier, error) { return session.NewVerifier(session.Auth0(" ", "api")) },
		"nil clock":       func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithClock(nil)) },
		"nil revocation":  func() (*session.Verifier, error) { return session.NewVerifier(oidc, session.WithRevocation(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := f()
			require.Error(t, err)
			require.Nil(t, v)
			require.True(t, strings.HasPrefix(err.Error(), "session: new verifier: "), err.Error())
		})
	}
}

func TestIssuerForms(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"":                         "the issuer is empty",
		" \t":                      "the issuer is empty",
		"issuer.example":           "is not a URL",
		"https://":                 "is not a URL",
		"https:///x":               "is not a URL",
		"http://":                  "is not a URL",
		"ftp://issuer.example":     "is not a URL",
		"HTTPS://issuer.example":   "is not a URL",
		"https://issuer.example?x": "is not a URL",
		"https://issuer.example#x": "is not a URL",
		"https://a@issuer.example": "is not a URL",
		"https://issuer.example ":  "is not a URL",
		"https://issuer.example\n": "is not a URL",
		"http://issuer.example":    "https only",
		"http://127.0.0.1/":        "",
		"https://issuer.example":   "",
		"https://issuer.example/x": "",
	} {
		for _, p := range []session.Profile{session.OIDC(issuer, "c"), session.AccessToken(issuer, "c"), session.Clerk(issuer, "https://app.example.com"), session.ClerkOAuth(issuer, "c")} {
			_, err := session.NewVerifier(p, session.AllowPlainHTTPToLoopback())
			if want == "" {
				require.NoError(t, err, issuer)
			} else {
				require.ErrorContains(t, err, want, "%q", issuer)
			}
		}
	}
	for _, list := range [][]string{nil, {}, {""}, {"a", " "}} {
		_, err := session.NewVerifier(session.OIDC("https://issuer.example", list...))
		require.ErrorContains(t, err, "audience")
		_, err = session.NewVerifier(session.OIDC("https://issuer.example", "c"), session.WithAuthorizedParties(list...))
		require.ErrorContains(t, err, "authorized party")
		_, err = session.NewVerifier(session.OIDC("https://{tenantid}.example", "c"), session.WithTenants(list...))
		require.ErrorContains(t, err, "tenant")
	}
}

func TestStaticKeys(t *testing.T) {
	t.Parallel()
	i, _ := stopped()
	v := verifier(t, i, i.Clerk(), session.WithJWKS(i.JWKS()))
	require.NoError(t, v.Warm(t.Context()))
	accepted(t, v, i.ClerkToken(nil))
	old := i.ClerkToken(nil)
	i.Rotate()
	refused(t, v, i.ClerkToken(nil), session.ErrUnknownKey)
	accepted(t, v, old)
	require.Zero(t, i.Fetches())
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	i, _ := stopped()
	oidc, clerk := verifier(t, i, i.OIDC()), verifier(t, i, i.Clerk())
	only := verifier(t, i, i.OIDC(), session.WithAlgorithms("ES256", "Ed25519"))
	for _, name := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		i.UseAlgorithm(name)
		i.Advance(30 * time.Second) // beyond the cooldown, so that the new key is looked up
		accepted(t, oidc, i.IDToken(nil))
		if name == "ES256" || name == "EdDSA" {
			accepted(t, only, i.IDToken(nil))
		} else {
			refused(t, only, i.IDToken(nil), session.ErrWrongAlgorithm)
		}
		if name != "RS256" {
			refused(t, clerk, i.ClerkToken(nil), session.ErrWrongAlgorithm)
		}
	}
}

func TestLeeways(t *testing.T) {
	t.Parallel()
	i, now := shared()
	none := verifier(t, i, i.OIDC(), session.WithLeeway(0))
	refused(t, none, i.IDToken(claims{"iat": now.Unix() + 1}), session.ErrNotYetValid)
	wide := verifier(t, i, i.OIDC(), session.WithLeeway(2*time.Minute), session.WithExpiryLeeway(time.Minute))
	accepted(t, wide, i.IDToken(claims{"iat": now.Unix() + 120}))
	refused(t, wide, i.IDToken(claims{"iat": now.Unix() + 121}), session.ErrNotYetValid)
	accepted(t, wide, i.IDToken(claims{"exp": now.Unix() - 59}))
	refused(t, wide, i.IDToken(claims{"exp": now.Unix() - 60}), session.ErrExpired)
}

// J1, J5, J6, J7: what the gate and the key set refuse, seen from outside. The
// package below has the cases one by one.
func TestJ1_J5_J6_J7_HostileTokens(t *testing.T) {
	t.Parallel()
	i, now := stopped()
	v := verifier(t, i, i.OIDC())
	good := i.IDToken(nil)
	accepted(t, v, good)
	i.Rotate() // two keys from now on
	i.Advance(time.Minute)
	good = i.IDToken(claims{"exp": now.Unix() + 3600})
	accepted(t, v, good)
	parts := strings.Split(good, ".")
	payload := decode(t, parts[1])
	kid := i.KeyID()
	sign := func(header string) string { return i.Sign([]byte(header), payload) }
	body := func(payload string) string {
		return i.Sign([]byte(`{"alg":"RS256","kid":"`+kid+`"}`), []byte(payload))
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(string(payload), "{"), "}")
	tests := []struct {
		name, raw string
		want      session.Reason
	}{
		{"J1 none", b64(`{"alg":"none"}`) + "." + parts[1] + ".", session.ErrMalformed},
		{"J1 none with signature", b64(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2], session.ErrWrongAlgorithm},
		{"J1 None", b64(`{"alg":"None","kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2], session.ErrWrongAlgorithm},
		{"J1 HS256", b64(`{"alg":"HS256","kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2], session.ErrWrongAlgorithm},
		{"J1 key of another algorithm", sign(`{"alg":"PS256","kid":"` + kid + `"}`), session.ErrWrongAlgorithm},
		{"J1 crit", sign(`{"alg":"RS256","kid":"` + kid + `","crit":["exp"],"exp":1}`), session.ErrMalformed},
		{"J1 crit empty", sign(`{"alg":"RS256","kid":"` + kid + `","crit":[]}`), session.ErrMalformed},
		{"J1 b64", sign(`{"alg":"RS256","kid":"` + kid + `","b64":false}`), session.ErrMalformed},
		{"J1 zip", sign(`{"alg":"RS256","kid":"` + kid + `","zip":"DEF"}`), session.ErrMalformed},
		{"J1 jku", sign(`{"alg":"RS256","kid":"x","jku":"https://evil.example/keys"}`), session.ErrUnknownKey},
		{"J2 duplicate header", sign(`{"alg":"RS256","kid":"` + kid + `","alg":"RS256"}`), session.ErrMalformed},
		{"J2 ALG", sign(`{"ALG":"RS256","kid":"` + kid + `"}`), session.ErrMalformed},
		{"J2 duplicate claim", body(`{` + inner + `,"sub":"admin"}`), session.ErrMalformed},
		{"J2 duplicate by escape", body(`{` + inner + `,"\u0073ub":"admin"}`), session.ErrMalformed},
		{"J2 duplicate deep", body(`{` + inner + `,"x":{"a":[{"b":1,"b":2}]}}`), session.ErrMalformed},
		{"J3 NaN", body(`{` + inner + `,"x":NaN}`), session.ErrMalformed},
		{"J5 trailing", body(string(payload) + "x"), session.ErrMalformed},
		{"J5 second object", body(string(payload) + "{}"), session.ErrMalformed},
		{"J5 byte order mark", body("\xef\xbb\xbf" + string(payload)), session.ErrMalformed},
		{"J5 invalid UTF-8", body(`{` + inner + ",\"x\":\"\xff\"}"), session.ErrMalformed},
		{"J5 lone surrogate", body(`{` + inner + `,"x":"\ud800"}`), session.ErrMalformed},
		{"J5 payload array", body(`[]`), session.ErrMalformed},
		{"J5 payload empty", parts[0] + ".." + parts[2], session.ErrMalformed},
		{"J5 padding", good + "=", session.ErrMalformed},
		{"J5 newline", good + "\n", session.ErrMalformed},
		{"J5 CR inside", parts[0] + "." + parts[1][:8] + "\r" + parts[1][8:] + "." + parts[2], session.ErrMalformed},
		{"J5 four segments", good + ".", session.ErrMalformed},
		{"J5 two segments", parts[0] + "." + parts[1], session.ErrMalformed},
		{"J5 standard alphabet", parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2][:len(parts[2])-1]) + "+", session.ErrMalformed},
		{"J5 empty", "", session.ErrMalformed},
		{"J6 too large", body(`{` + inner + `,"x":"` + strings.Repeat("a", 16<<10) + `"}`), session.ErrMalformed},
		{"J7 no kid", sign(`{"alg":"RS256"}`), session.ErrUnknownKey},
		{"J7 path", sign(`{"alg":"RS256","kid":"../../etc/passwd"}`), session.ErrUnknownKey},
		{"J7 URL", sign(`{"alg":"RS256","kid":"https://evil.example/key"}`), session.ErrUnknownKey},
		{"J7 empty kid", sign(`{"alg":"RS256","kid":""}`), session.ErrMalformed},
		{"J7 kid number", sign(`{"alg":"RS256","kid":1}`), session.ErrMalformed},
		{"signature of another token", parts[0] + "." + parts[1] + "." + strings.Split(i.IDToken(claims{"sub": "x"}), ".")[2], session.ErrBadSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, v, tt.raw, tt.want)
		})
	}
	for n := range len(parts[2]) { // every character of the signature counts
		flipped := []byte(parts[2])
		if flipped[n]++; flipped[n] == '[' || flipped[n] == '{' || flipped[n] == ':' || flipped[n] == '.' || flipped[n] == '`' {
			flipped[n] = 'A'
		}
		_, err := v.Verify(t.Context(), parts[0]+"."+parts[1]+"."+string(flipped))
		require.Error(t, err, n)
	}
}

// J7: a token without "kid" passes where the issuer has one key.
func TestJ7_MissingKeyIDWithOneKey(t *testing.T) {
	t.Parallel()
	i, _ := stopped()
	v := verifier(t, i, i.OIDC())
	payload := decode(t, strings.Split(i.IDToken(nil), ".")[1])
	raw := i.Sign([]byte(`{"alg":"RS256"}`), payload)
	accepted(t, v, raw)
	i.Rotate()
	i.Advance(2 * time.Hour)
	later := decode(t, strings.Split(i.IDToken(nil), ".")[1])
	refused(t, v, i.Sign([]byte(`{"alg":"RS256"}`), later), session.ErrUnknownKey)
}

// J6
func TestJ6_TenMegabytesOfDots(t *testing.T) {
	i := sessiontest.New()
	v := verifier(t, i, i.OIDC())
	raw := strings.Repeat(".", 10<<20)
	ctx := t.Context()
	allocations := testing.AllocsPerRun(20, func() {
		if _, err := v.Verify(ctx, raw); err == nil {
			panic("accepted")
		}
	})
	require.LessOrEqual(t, allocations, 8.)
	var before, after memory
	before.read()
	for range 100 {
		_, _ = v.Verify(ctx, raw)
	}
	after.read()
	require.Less(t, after.total-before.total, uint64(1<<20))
}

// J8, J9: what callers see of the key cache.
func TestJ8_J9_Keys(t *testing.T) {
	t.Parallel()
	i, _ := stopped()
	v := verifier(t, i, i.OIDC())
	i.Fail(http.StatusServiceUnavailable)
	refused(t, v, i.IDToken(nil), session.ErrKeysUnavailable)
	require.ErrorIs(t, v.Warm(t.Context()), session.ErrKeysUnavailable)
	i.Fail(http.StatusOK)
	i.Advance(time.Minute)
	require.NoError(t, v.Warm(t.Context()))
	old := i.IDToken(nil)
	accepted(t, v, old)

	// J8: made-up key IDs cause one fetch per cooldown.
	i.Advance(time.Minute)
	before := i.Fetches()
	payload := decode(t, strings.Split(old, ".")[1])
	for n := range 200 {
		refused(t, v, i.Sign(fmt.Appendf(nil, `{"alg":"RS256","kid":"%d"}`, n), payload), session.ErrUnknownKey)
	}
	require.Equal(t, before+1, i.Fetches())

	// Tokens that are not for this verifier cause none.
	i.Advance(time.Minute)
	for n := range 20 {
		refused(t, v, i.Sign(fmt.Appendf(nil, `{"alg":"RS256","kid":"y%d"}`, n), []byte(`{"iss":"https://other.example"}`)), session.ErrWrongIssuer)
	}
	require.Equal(t, before+1, i.Fetches())

	// J9: an outage; then the stale keys are over.
	i.Fail(0)
	i.Advance(59 * time.Minute)
	fresh := i.IDToken(nil)
	accepted(t, v, fresh)
	i.Advance(time.Hour - time.Minute)
	accepted(t, v, i.IDToken(nil))
	i.Advance(2 * time.Minute)
	refused(t, v, i.IDToken(nil), session.ErrKeysUnavailable)

	// A caller that has given up gets no verdict.
	cold := verifier(t, i, i.OIDC())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := cold.Verify(ctx, fresh)
	require.ErrorIs(t, err, session.ErrKeysUnavailable)
}

// J9: the same key ID at two issuers names two keys.
func TestJ9_IssuersDoNotShareKeys(t *testing.T) {
	t.Parallel()
	a, _ := stopped()
	b, _ := stopped()
	require.Equal(t, a.KeyID(), b.KeyID())
	va, vb := verifier(t, a, a.OIDC()), verifier(t, b, b.OIDC())
	accepted(t, va, a.IDToken(nil))
	accepted(t, vb, b.IDToken(nil))
	refused(t, va, b.IDToken(nil), session.ErrBadSignature)
	refused(t, vb, a.IDToken(nil), session.ErrBadSignature)
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for r, status := range map[session.Reason]int{
		session.ErrExpired: 401, session.ErrMalformed: 401, session.ErrRevoked: 401, session.ErrKeysUnavailable: 503, session.ErrRevocationUnavailable: 503,
	} {
		require.Equal(t, status, r.Status())
		require.Equal(t, status == 401, r.Decided())
		err := &session.Error{Reason: r}
		require.ErrorIs(t, err, r)
		require.Equal(t, "verify session token: "+r.Error(), err.Error())
	}
	data, err := json.Marshal(session.ErrExpired)
	require.NoError(t, err)
	require.Equal(t, `"expired"`, string(data))
}
