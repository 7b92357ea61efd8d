package webhook_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

var tokenKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func segment(v any) string {
	b, ok := v.([]byte)
	if !ok {
		b, _ = json.Marshal(v)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func jwks() []byte {
	key := tokenKey().PublicKey
	b, _ := json.Marshal(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": segment(key.N.Bytes()), "e": segment(big.NewInt(int64(key.E)).Bytes()),
	}}})
	return b
}

type object = map[string]any

// with returns base with changes; nil removes a member.
func with(base object, changes ...object) object {
	m := maps.Clone(base)
	for _, c := range changes {
		for k, v := range c {
			if v == nil {
				delete(m, k)
			} else {
				m[k] = v
			}
		}
	}
	return m
}

func rs256(header, claims object) string {
	text := segment(header) + "." + segment(claims)
	digest := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, tokenKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return text + "." + segment(sig)
}

// tokenHook is one of the hooks with a token, and how to deliver one.
type tokenHook struct {
	name      string
	newScheme func(opts ...webhook.Option) (*webhook.Scheme, error)
	deliver   func(token string) *webhook.Request
	header    object
	claims    object
}

func tokenHooks() []tokenHook {
	now := fixedTime.Unix()
	header := object{"alg": "RS256", "kid": "k1", "typ": "JWT"}
	return []tokenHook{
		{
			"auth0-logout",
			func(opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: issuer, ClientID: "client123"}, opts...)
			},
			func(token string) *webhook.Request {
				return post(url.Values{"logout_token": {token}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
			},
			with(header, object{"typ": "logout+jwt"}),
			object{"iss": issuer, "aud": "client123", "sub": "auth0|1", "sid": "s1", "jti": "j1", "iat": now, "exp": now + 120, "events": object{webhook.LogoutEvent: object{}}},
		},
		{
			"firebase",
			func(opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: "my-project", FunctionURL: functionURL}, opts...)
			},
			func(token string) *webhook.Request {
				return post(`{"data":{"jwt":"`+token+`"}}`, "Content-Type", "application/json")
			},
			header,
			object{"iss": "https://securetoken.google.com/my-project", "aud": functionURL, "sub": "uid1", "event_id": "e1", "event_type": "beforeCreate", "iat": now, "exp": now + 120},
		},
		{
			"google-pubsub",
			func(opts ...webhook.Option) (*webhook.Scheme, error) {
				return webhook.PubSub(webhook.PubSubConfig{Audience: "https://example.com/push", ServiceAccount: "sa@p.iam.gserviceaccount.com"}, opts...)
			},
			func(token string) *webhook.Request {
				return post(`{"message":{"messageId":"1"}}`, "Authorization", "Bearer "+token)
			},
			header,
			object{"iss": "https://accounts.google.com", "aud": "https://example.com/push", "sub": "1", "email": "sa@p.iam.gserviceaccount.com", "email_verified": true, "iat": now, "exp": now + 120},
		},
	}
}

func (h tokenHook) scheme(t *testing.T) *webhook.Scheme {
	t.Helper()
	s, err := h.newScheme(at(fixedTime), webhook.WithHTTPClient(serving(jwks())))
	require.NoError(t, err)
	return s
}

func publicPEM() []byte {
	der, _ := x509.MarshalPKIXPublicKey(&tokenKey().PublicKey)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// W18
func TestW18_TokenHooks(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			s := h.scheme(t)
			rec, err := s.Verify(t.Context(), h.deliver(rs256(h.header, h.claims)))
			require.NoError(t, err)
			require.Equal(t, "k1", rec.KeyID)
			require.Equal(t, fixedTime.UTC(), rec.SignedAt)

			hs256 := func(key []byte) string {
				text := segment(with(h.header, object{"alg": "HS256"})) + "." + segment(h.claims)
				m := hmac.New(sha256.New, key)
				m.Write([]byte(text))
				return text + "." + segment(m.Sum(nil))
			}
			der, err := x509.MarshalPKIXPublicKey(&tokenKey().PublicKey)
			require.NoError(t, err)
			good := rs256(h.header, h.claims)
			body := good[:strings.LastIndexByte(good, '.')]
			for name, token := range map[string]string{
				"none":               segment(with(h.header, object{"alg": "none"})) + "." + segment(h.claims) + ".",
				"none, signature":    segment(with(h.header, object{"alg": "none"})) + "." + segment(h.claims) + "." + segment([]byte("x")),
				"None":               segment(with(h.header, object{"alg": "None"})) + "." + segment(h.claims) + ".",
				"HS256, PEM":         hs256(publicPEM()),
				"HS256, DER":         hs256(der),
				"HS256, JWKS":        hs256(jwks()),
				"RS512 claimed":      rs256(with(h.header, object{"alg": "RS512"}), h.claims),
				"PS256 claimed":      rs256(with(h.header, object{"alg": "PS256"}), h.claims),
				"no alg":             rs256(with(h.header, object{"alg": nil}), h.claims),
				"crit":               rs256(with(h.header, object{"crit": []string{"x"}, "x": 1}), h.claims),
				"unknown kid":        rs256(with(h.header, object{"kid": "k2"}), h.claims),
				"other typ":          rs256(with(h.header, object{"typ": "at+jwt"}), h.claims),
				"signature cut":      good[:len(good)-4],
				"signature missing":  body,
				"two signatures":     good + "." + good,
				"wrong audience":     rs256(h.header, with(h.claims, object{"aud": "https://example.com/push/evil"})),
				"audience missing":   rs256(h.header, with(h.claims, object{"aud": nil})),
				"audience of a case": rs256(h.header, with(h.claims, object{"aud": strings.ToUpper(h.claims["aud"].(string))})),
				"issuer prefix":      rs256(h.header, with(h.claims, object{"iss": h.claims["iss"].(string) + ".evil.example"})),
				"issuer missing":     rs256(h.header, with(h.claims, object{"iss": nil})),
				"issuer slash":       rs256(h.header, with(h.claims, object{"iss": h.claims["iss"].(string) + "/"})),
				"expired":            rs256(h.header, with(h.claims, object{"exp": fixedTime.Unix()})),
				"no exp":             rs256(h.header, with(h.claims, object{"exp": nil})),
				"issued ahead":       rs256(h.header, with(h.claims, object{"iat": fixedTime.Unix() + 31})),
				"no iat":             rs256(h.header, with(h.claims, object{"iat": nil})),
				"empty sub":          rs256(h.header, with(h.claims, object{"sub": ""})),
				"huge":               good + strings.Repeat("A", 20<<10),
				"dots":               strings.Repeat(".", 1<<16),
				"empty":              "",
			} {
				rec, err := s.Verify(t.Context(), h.deliver(token))
				require.Error(t, err, name)
				require.Zero(t, rec)
				require.False(t, webhook.Undecidable(err), "%s: %v", name, err)
				if len(token) > 20 {
					require.NotContains(t, err.Error(), token)
				}
			}
		})
	}
}

// W18
func TestW18_KeysInTheTokenAreNeitherUsedNorFetched(t *testing.T) {
	t.Parallel()
	attacker, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	jwk := object{"kty": "RSA", "kid": "k1", "n": segment(attacker.N.Bytes()), "e": segment(big.NewInt(int64(attacker.E)).Bytes())}
	for _, h := range tokenHooks() {
		var fetched []string
		s, err := h.newScheme(at(fixedTime), webhook.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			fetched = append(fetched, r.URL.Host)
			return response(http.StatusOK, jwks()), nil
		})}))
		require.NoError(t, err)
		for _, extra := range []object{
			{"jwk": jwk}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/cert"}, {"jwk": jwk, "kid": "https://evil.example/keys"},
		} {
			text := segment(with(h.header, extra)) + "." + segment(h.claims)
			digest := sha256.Sum256([]byte(text))
			sig, err := rsa.SignPKCS1v15(nil, attacker, crypto.SHA256, digest[:])
			require.NoError(t, err)
			_, err = s.Verify(t.Context(), h.deliver(text+"."+segment(sig)))
			require.Error(t, err)
		}
		require.NotContains(t, fetched, "evil.example")
	}
}

// W19
func TestW19_PubSubServiceAccount(t *testing.T) {
	t.Parallel()
	h := tokenHooks()[2]
	s := h.scheme(t)
	for name, change := range map[string]object{
		"other account":   {"email": "evil@evil.iam.gserviceaccount.com"},
		"no email":        {"email": nil},
		"case":            {"email": "SA@p.iam.gserviceaccount.com"},
		"list":            {"email": []string{"sa@p.iam.gserviceaccount.com"}},
		"not verified":    {"email_verified": false},
		"verified absent": {"email_verified": nil},
		"verified text":   {"email_verified": "true"},
		"verified 1":      {"email_verified": 1},
	} {
		_, err := s.Verify(t.Context(), h.deliver(rs256(h.header, with(h.claims, change))))
		require.Error(t, err, name)
	}
	_, err := s.Verify(t.Context(), h.deliver(rs256(h.header, with(h.claims, object{"iss": "accounts.google.com"}))))
	require.NoError(t, err, "Google uses both forms of its name")
	token := rs256(h.header, h.claims)
	for _, header := range []string{token, "Basic " + token, "Bearer", "Bearer  " + token, "Bearer " + token + " "} {
		_, err := s.Verify(t.Context(), post("{}", "Authorization", header))
		require.Error(t, err, header)
	}
	for _, c := range [][2]string{{"", "sa@p.iam"}, {"aud", ""}, {"aud", "sa"}, {"aud", "@p"}, {"aud", "sa@"}} {
		_, err := webhook.PubSub(webhook.PubSubConfig{Audience: c[0], ServiceAccount: c[1]})
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
}

// W20
func TestW20_LogoutTokens(t *testing.T) {
	t.Parallel()
	h := tokenHooks()[0]
	s := h.scheme(t)
	for name, change := range map[string]object{
		"nonce":             {"nonce": "n"},
		"empty nonce":       {"nonce": ""},
		"null nonce":        {"nonce": json.RawMessage("null")},
		"null events":       {"events": json.RawMessage("null")},
		"null event":        {"events": object{webhook.LogoutEvent: nil}},
		"null jti":          {"jti": json.RawMessage("null")},
		"null sub and sid":  {"sub": json.RawMessage("null"), "sid": json.RawMessage("null")},
		"no events":         {"events": nil},
		"empty events":      {"events": object{}},
		"another event":     {"events": object{"http://schemas.openid.net/event/other": object{}}},
		"event of a case":   {"events": object{strings.ToUpper(webhook.LogoutEvent): object{}}},
		"event is text":     {"events": object{webhook.LogoutEvent: "x"}},
		"events a list":     {"events": []string{webhook.LogoutEvent}},
		"neither":           {"sub": nil, "sid": nil},
		"empty sid, no sub": {"sub": nil, "sid": ""},
		"sid a number":      {"sid": 1},
		"no jti":            {"jti": nil},
		"empty jti":         {"jti": ""},
		"ID token":          {"nonce": "n", "events": nil},
	} {
		_, err := s.Verify(t.Context(), h.deliver(rs256(h.header, with(h.claims, change))))
		require.Error(t, err, name)
		require.False(t, webhook.Undecidable(err), name)
	}
	for name, change := range map[string]object{"sub only": {"sid": nil}, "sid only": {"sub": nil}} {
		rec, err := s.Verify(t.Context(), h.deliver(rs256(h.header, with(h.claims, change))))
		require.NoError(t, err, name)
		require.Equal(t, "j1", rec.EventID)
		require.True(t, rec.EventIDSigned)
		require.Equal(t, webhook.LogoutEvent, rec.EventType)
	}
	for _, c := range [][2]string{
		{"", "c"}, {"https://tenant.auth0.com", "c"}, {"http://tenant.auth0.com/", "c"}, {"tenant.auth0.com/", "c"}, {issuer, ""},
	} {
		_, err := webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: c[0], ClientID: c[1]})
		require.ErrorIs(t, err, webhook.ErrConfig, c)
	}
}

func TestFirebaseBlocking(t *testing.T) {
	t.Parallel()
	h := tokenHooks()[1]
	s := h.scheme(t)
	for name, change := range map[string]object{
		"no event type":      {"event_type": nil},
		"empty event type":   {"event_type": ""},
		"contains the host":  {"aud": "https://evil.example/?x=" + functionURL},
		"another project":    {"iss": "https://securetoken.google.com/other"},
		"an ID token":        {"event_type": nil, "aud": "my-project", "auth_time": fixedTime.Unix()},
		"event_id a number":  {"event_id": 7},
		"event type a list":  {"event_type": []string{"beforeCreate"}},
		"EVENT_TYPE instead": {"event_type": nil, "EVENT_TYPE": "beforeCreate"},
	} {
		_, err := s.Verify(t.Context(), h.deliver(rs256(h.header, with(h.claims, change))))
		require.Error(t, err, name)
	}
	token := rs256(h.header, h.claims)
	for _, body := range []string{
		`{"data":{"jwt":""}}`, `{"data":{}}`, `{"data":{"jwt":1}}`, `{"data":"` + token + `"}`, `{"jwt":"` + token + `"}`, `[]`, ``,
		`{"data":{"jwt":"x"},"data":{"jwt":"` + token + `"}}`, `{"data":{"jwt":"` + token + `","jwt":"` + token + `"}}`,
		`{"Data":{"jwt":"` + token + `"}}`, `{"data":{"jwt":"` + token + `"}} x`,
	} {
		_, err := s.Verify(t.Context(), post(body))
		require.Error(t, err, body)
	}
	r := h.deliver(token)
	rec, err := s.Verify(t.Context(), r)
	require.NoError(t, err)
	raws, err := s.Split(r, rec)
	require.NoError(t, err)
	require.Equal(t, "beforeCreate", raws[0].Type)
	require.True(t, raws[0].TypeSigned)
	require.Equal(t, "e1", raws[0].ID)
	want, err := json.Marshal(h.claims)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(raws[0].Payload))
	require.Equal(t, 7*time.Second, s.AckDeadline())
	for _, c := range [][2]string{{"", functionURL}, {"a/b", functionURL}, {"p", ""}, {"p", "http://x"}, {"p", "/f"}} {
		_, err := webhook.FirebaseBlocking(webhook.FirebaseBlockingConfig{ProjectID: c[0], FunctionURL: c[1]})
		require.ErrorIs(t, err, webhook.ErrConfig, c)
	}
}

func TestWarm(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		s, err := h.newScheme(webhook.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("no route")
		})}))
		require.NoError(t, err)
		require.True(t, webhook.Undecidable(s.Warm(t.Context())))

		fetches := 0
		s, err = h.newScheme(at(fixedTime), webhook.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			fetches++
			return response(http.StatusOK, jwks()), nil
		})}))
		require.NoError(t, err)
		require.NoError(t, s.Warm(t.Context()))
		_, err = s.Verify(t.Context(), h.deliver(rs256(h.header, h.claims)))
		require.NoError(t, err)
		require.Equal(t, 1, fetches)
	}
	require.NoError(t, kitNamed(t, "stripe").scheme(t).Warm(t.Context()))
}

// W4: keys that cannot be had leave the delivery undecided.
func TestW4_UnreachableKeySetIsUndecidable(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		s, err := h.newScheme(at(fixedTime), webhook.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("no route")
		})}))
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), h.deliver(rs256(h.header, h.claims)))
		require.True(t, webhook.Undecidable(err), h.name)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.Verify(ctx, h.deliver(rs256(h.header, h.claims)))
		require.True(t, webhook.Undecidable(err), h.name)
	}
}

// signedBytes is a token whose payload need not be an object.
func signedBytes(text string) string {
	digest := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, tokenKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return text + "." + segment(sig)
}

// W18: each refusal has the reason that it is for.
func TestW18_ReasonsOfTokens(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		s := h.scheme(t)
		header := func(change object) string { return rs256(with(h.header, change), h.claims) }
		set := func(change object) string { return rs256(h.header, with(h.claims, change)) }
		good := rs256(h.header, h.claims)
		for name, c := range map[string]struct {
			token  string
			reason error
			detail string
		}{
			"none":          {segment(with(h.header, object{"alg": "none"})) + "." + segment(h.claims) + "." + segment([]byte("x")), webhook.ErrMismatch, "token"},
			"RS512":         {header(object{"alg": "RS512"}), webhook.ErrMismatch, "token"},
			"unknown kid":   {header(object{"kid": "k2"}), webhook.ErrMismatch, "token"},
			"other typ":     {header(object{"typ": "at+jwt"}), webhook.ErrNotAllowed, "a token of another type"},
			"signature":     {good[:len(good)-8] + "AAAAAAAA", webhook.ErrMismatch, "token"},
			"expired":       {set(object{"exp": fixedTime.Unix() - 60}), webhook.ErrStale, "token"},
			"issued ahead":  {set(object{"iat": fixedTime.Unix() + 60}), webhook.ErrFuture, "token"},
			"issuer":        {set(object{"iss": "https://evil.example"}), webhook.ErrNotAllowed, "token"},
			"audience":      {set(object{"aud": "other"}), webhook.ErrNotAllowed, "token"},
			"no expiry":     {set(object{"exp": nil}), webhook.ErrMalformed, "token"},
			"no time":       {set(object{"iat": nil}), webhook.ErrMalformed, "token"},
			"two parts":     {good[:strings.LastIndexByte(good, '.')], webhook.ErrMalformed, "token"},
			"no claims":     {signedBytes(segment(h.header) + "." + segment([]byte("[]"))), webhook.ErrMalformed, "token"},
			"claims broken": {signedBytes(segment(h.header) + "." + segment([]byte("{"))), webhook.ErrMalformed, "token"},
		} {
			rec, err := s.Verify(t.Context(), h.deliver(c.token))
			require.ErrorIs(t, err, c.reason, "%s: %s", h.name, name)
			require.Zero(t, rec)
			e, ok := errors.AsType[*webhook.Error](err)
			require.True(t, ok)
			require.Equal(t, c.detail, e.Detail, "%s: %s", h.name, name)
			require.Equal(t, s.Provider(), e.Provider)
		}
		_, err := s.Verify(t.Context(), h.deliver(header(object{"typ": nil})))
		require.NoError(t, err, "%s: no type is none that is wrong", h.name)
	}
}

// W18: what another algorithm signed is refused before a key is fetched.
func TestW18_OtherAlgorithmsFetchNoKeys(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		fetches := 0
		s := must(h.newScheme(at(fixedTime), webhook.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			fetches++
			return nil, errTest
		})})))
		for _, alg := range []string{"none", "HS256", "RS512", "PS256", "ES256", "rs256"} {
			_, err := s.Verify(t.Context(), h.deliver(rs256(with(h.header, object{"alg": alg}), h.claims)))
			require.ErrorIs(t, err, webhook.ErrMismatch, alg)
		}
		_, err := s.Verify(t.Context(), h.deliver(rs256(with(h.header, object{"typ": "other"}), h.claims)))
		require.ErrorIs(t, err, webhook.ErrNotAllowed)
		require.Zero(t, fetches)
		_, err = s.Verify(t.Context(), h.deliver(rs256(h.header, h.claims)))
		require.True(t, webhook.Undecidable(err))
		require.ErrorIs(t, err, errTest)
		require.Equal(t, 1, fetches)
	}
}

func TestTokenHooksRefuseMistakes(t *testing.T) {
	t.Parallel()
	for _, h := range tokenHooks() {
		for says, opt := range map[string]webhook.Option{
			"Tolerance": webhook.WithTolerance(time.Minute), "RawSecret": webhook.WithRawSecret(), "SNSAutoConfirm": webhook.SNSAutoConfirm(),
			"largest body": webhook.WithMaxBody(0), "clock": webhook.WithClock(nil), "HTTP client": webhook.WithHTTPClient(nil),
		} {
			s, err := h.newScheme(opt)
			require.ErrorIs(t, err, webhook.ErrConfig, h.name)
			require.ErrorContains(t, err, says, h.name)
			require.Nil(t, s)
		}
	}
	for _, issuer := range []string{"https://user@tenant.auth0.com/", "https://tenant.auth0.com/#/", "https://tenant.auth0.com"} {
		s, err := webhook.Auth0Logout(webhook.Auth0LogoutConfig{Issuer: issuer, ClientID: "client"})
		require.ErrorIs(t, err, webhook.ErrConfig, issuer)
		require.Nil(t, s)
	}
	_, err := webhook.PubSub(webhook.PubSubConfig{Audience: "", ServiceAccount: "sa@p.iam.gserviceaccount.com"})
	require.ErrorContains(t, err, "no audience")
}

// RFC 6750 section 2.1
func TestBearerTokens(t *testing.T) {
	t.Parallel()
	h := tokenHooks()[2]
	s := h.scheme(t)
	token := rs256(h.header, h.claims)
	for header, c := range map[string]struct {
		reason error
		says   string
	}{
		"Bearer " + token: {}, "bearer " + token: {}, "BEARER " + token: {},
		"Basic " + token: {webhook.ErrMalformed, "not Bearer"}, "Bearer": {webhook.ErrMalformed, "not Bearer"}, token: {webhook.ErrMalformed, "not Bearer"},
		"Bearer\t" + token: {webhook.ErrMalformed, "not Bearer"}, "Bearer ": {webhook.ErrMalformed, "token"}, "": {webhook.ErrMissing, "Authorization"},
	} {
		_, err := s.Verify(t.Context(), post("{}", "Authorization", header))
		require.ErrorIs(t, err, c.reason, header)
		if err != nil {
			require.ErrorContains(t, err, c.says)
		}
	}
	_, err := s.Verify(t.Context(), post("{}", "Authorization", "Bearer "+token, "Authorization", "Bearer "+token))
	require.ErrorIs(t, err, webhook.ErrDuplicate)
}

// Split says why there are no claims to hand on.
func TestSplitOfWhatHoldsNoToken(t *testing.T) {
	t.Parallel()
	for body, cause := range map[string]error{`{}`: webhook.ErrMissing, `[]`: webhook.ErrMalformed, `{"data":{"jwt":"a.b"}}`: nil} {
		raws, err := tokenHooks()[1].scheme(t).Split(post(body), webhook.Receipt{})
		require.ErrorIs(t, err, webhook.ErrPayload, body)
		require.Nil(t, raws)
		e, ok := errors.AsType[*webhook.Error](err)
		require.True(t, ok)
		require.Error(t, e.Err)
		if cause != nil {
			require.ErrorIs(t, err, cause)
		}
	}
}

// W18, W19, W20: the claims that are particular to a hook are refused for what is
// wrong with them: not what they should be, or of somebody else.
func TestW18_ReasonsOfParticularClaims(t *testing.T) {
	t.Parallel()
	hooks := tokenHooks()
	for _, c := range []struct {
		hook   tokenHook
		change object
		reason error
	}{
		{hooks[2], object{"email": []string{"a"}}, webhook.ErrMalformed},
		{hooks[2], object{"email": 7}, webhook.ErrMalformed},
		{hooks[2], object{"email_verified": "true"}, webhook.ErrMalformed},
		{hooks[2], object{"email_verified": 1}, webhook.ErrMalformed},
		{hooks[2], object{"email": "other@p.iam.gserviceaccount.com"}, webhook.ErrNotAllowed},
		{hooks[2], object{"email": nil}, webhook.ErrNotAllowed},
		{hooks[2], object{"email_verified": false}, webhook.ErrNotAllowed},
		{hooks[2], object{"email_verified": nil}, webhook.ErrNotAllowed},
		{hooks[1], object{"event_type": 7}, webhook.ErrMalformed},
		{hooks[1], object{"event_type": ""}, webhook.ErrNotAllowed},
		{hooks[1], object{"event_type": nil}, webhook.ErrNotAllowed},
		{hooks[1], object{"event_id": 7}, webhook.ErrMalformed},
		{hooks[0], object{"jti": 7}, webhook.ErrMalformed},
		{hooks[0], object{"sid": 7}, webhook.ErrMalformed},
	} {
		_, err := c.hook.scheme(t).Verify(t.Context(), c.hook.deliver(rs256(c.hook.header, with(c.hook.claims, c.change))))
		require.ErrorIs(t, err, c.reason, "%s: %v", c.hook.name, c.change)
		require.Equal(t, c.reason == webhook.ErrMalformed, errors.Is(err, webhook.ErrMalformed), "one reason")
	}
	// An identifier may be missing, and is not signed then.
	rec, err := hooks[1].scheme(t).Verify(t.Context(), hooks[1].deliver(rs256(hooks[1].header, with(hooks[1].claims, object{"event_id": nil}))))
	require.NoError(t, err)
	require.False(t, rec.EventIDSigned)
	require.True(t, rec.EventTypeSigned)
}
