package firebase_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/firebase"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// failure is an error as Google sends it.
func failure(code, text string) string {
	message := code
	if text != "" {
		message += " : " + text
	}
	return fmt.Sprintf(`{"error":{"code":400,"message":%q,"errors":[{"message":%q,"domain":"global","reason":"invalid"}]}}`, message, message)
}

// C20, P2
func TestC20_Conformance(t *testing.T) { providertest.Run(t, adapter) }

// P5, by the codes that firebase-admin-go knows, and Google's own errors.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, code, text string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, failure(code, text)), Code: code}
	}
	google := func(status int, code, text string) providertest.Said {
		body := fmt.Sprintf(`{"error":{"code":%d,"message":%q,"status":%q}}`, status, text, code)
		return providertest.Said{Step: clienttest.JSON(status, body), Code: code}
	}
	nobody := clienttest.JSON(200, `{"kind":"identitytoolkit#GetAccountInfoResponse"}`)
	providertest.BadInput(t, adapter, providertest.Bad{
		WrongKey:      google(401, "UNAUTHENTICATED", "Request had invalid authentication credentials: "+providertest.Key),
		ExpiredKey:    google(401, "UNAUTHENTICATED", "Request had expired authentication credentials."),
		UnknownObject: said(400, "USER_NOT_FOUND", "There is no user record corresponding to this identifier."),
		Invalid:       said(400, "INVALID_EMAIL", ""),
		RateLimit:     said(400, "TOO_MANY_ATTEMPTS_TRY_LATER", "Too many attempts."),
		Outage:        google(503, "UNAVAILABLE", "The service is currently unavailable."),
		InSuccess:     map[error]providertest.Said{client.ErrNotFound: {Step: nobody, Code: "USER_NOT_FOUND"}},
	})
}

var adapter = providertest.Adapter{
	Profile: firebase.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := firebase.New(firebase.Config{ProjectID: "demo", Auth: client.Bearer(key)}, opts...)
		if err != nil {
			return nil, err
		}
		raw, err := c.HTTP.With(client.WithBaseURL(strings.TrimSuffix(c.HTTP.BaseURL(), "/projects/demo")))
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP: raw,
			Write: func(ctx context.Context) error {
				_, err := firebase.CreateUser.Do(ctx, c.HTTP, firebase.CreateUserInput{Email: "a@example.com"})
				return err
			},
			Read: func(ctx context.Context) error {
				_, err := firebase.ListUsers.Do(ctx, c.HTTP, firebase.ListUsersInput{})
				return err
			},
		}, nil
	},
	Success:  clienttest.JSON(200, `{"kind":"identitytoolkit#SignupNewUserResponse","localId":"u1"}`),
	Failure:  clienttest.JSON(400, failure("WEAK_PASSWORD", "Password should be at least 6 characters")),
	Code:     "WEAK_PASSWORD",
	Message:  "Password should be at least 6 characters",
	Throttle: clienttest.JSON(400, failure("QUOTA_EXCEEDED", "Exceeded quota for updating account information.")),
}

func TestOperationsAreWhole(t *testing.T) { require.NoError(t, firebase.Operations.Check()) }

// newClient is the client of a project at a server that goes through the steps.
func newClient(t *testing.T, steps ...clienttest.Step) (*firebase.Client, *clienttest.Server) {
	t.Helper()
	srv := clienttest.NewServer(t, steps...)
	c, err := firebase.New(firebase.Config{ProjectID: "demo", Emulator: strings.TrimPrefix(srv.URL, "http://")},
		client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)}), client.WithPacing(nil))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c, srv
}

// account is a service account's key file.
var account = sync.OnceValues(func() (string, *rsa.PrivateKey) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "demo", "private_key_id": "k1", "client_email": "app@demo.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://oauth2.googleapis.com/token",
	})
	if err != nil {
		panic(err)
	}
	return string(file), key
})

// A configuration that cannot work is an error before anything is called, and repeats
// nothing of what it was given.
func TestConfig(t *testing.T) {
	file, _ := account()
	auth := client.Bearer(secret.Static("t"))
	for name, cfg := range map[string]firebase.Config{
		"no project":        {Auth: auth},
		"no project's ID":   {ProjectID: "demo/../x", Auth: auth},
		"no credential":     {ProjectID: "demo"},
		"two credentials":   {ProjectID: "demo", Auth: auth, Emulator: "127.0.0.1:9099"},
		"an unset variable": {ProjectID: "demo", ServiceAccount: secret.Env("STANDPIPE_NO_SUCH_VARIABLE")},
		"no key file":       {ProjectID: "demo", ServiceAccount: secret.Static("canary")},
		"another key file":  {ProjectID: "demo", ServiceAccount: secret.Static(`{"type":"authorized_user","refresh_token":"canary"}`)},
		"no key in it":      {ProjectID: "demo", ServiceAccount: secret.Static(`{"type":"service_account","client_email":"a@b","private_key":"canary"}`)},
		"no account in it":  {ProjectID: "demo", ServiceAccount: secret.Static(strings.Replace(file, "client_email", "canary", 1))},
		"emulator far away": {ProjectID: "demo", Emulator: "canary example"},
	} {
		_, err := firebase.New(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, strings.ReplaceAll(err.Error(), "canary example", ""), "canary", name)
		_, err = firebase.HTTPClient(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	c, err := firebase.New(firebase.Config{ProjectID: "demo", ServiceAccount: secret.Static(file)})
	require.NoError(t, err)
	require.Equal(t, "https://identitytoolkit.googleapis.com/v1/projects/demo", c.HTTP.BaseURL())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c.HTTP, c.HTTP, c.HTTP), "PRIVATE")
	tenant, err := c.Tenant("t1")
	require.NoError(t, err)
	require.Equal(t, "https://identitytoolkit.googleapis.com/v1/projects/demo/tenants/t1", tenant.HTTP.BaseURL())
	require.Equal(t, "https://identitytoolkit.googleapis.com/v1/projects/demo", c.HTTP.BaseURL())
	other, err := tenant.Tenant("t2")
	require.NoError(t, err)
	require.Equal(t, "https://identitytoolkit.googleapis.com/v1/projects/demo/tenants/t2", other.HTTP.BaseURL())
	for _, id := range []string{"", "a/b", "a b", "..?"} {
		_, err = c.Tenant(id)
		require.ErrorIs(t, err, client.ErrConfig, id)
	}
}

// The service account's key is exchanged for an access token once for all who want one.
func TestOneTokenForAll(t *testing.T) {
	file, key := account()
	synctest.Test(t, func(t *testing.T) {
		tokens := clienttest.NewTransport(t, clienttest.JSON(200, `{"access_token":"ya29.x","token_type":"Bearer","expires_in":3599}`).After(time.Second))
		api := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		c, err := firebase.New(firebase.Config{
			ProjectID: "demo", ServiceAccount: secret.Static(file), HTTPClient: &http.Client{Transport: tokens},
		}, client.WithTransport(api))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := firebase.ListUsers.Do(t.Context(), c.HTTP, firebase.ListUsersInput{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, tokens.Count())
		require.Equal(t, "oauth2.googleapis.com", tokens.Requests()[0].Host)
		form, err := url.ParseQuery(string(tokens.Requests()[0].Body))
		require.NoError(t, err)
		claims := verified(t, form.Get("assertion"), &key.PublicKey)
		require.Equal(t, "app@demo.iam.gserviceaccount.com", claims["iss"])
		require.Equal(t, "https://www.googleapis.com/auth/identitytoolkit", claims["scope"])
		for _, r := range api.Requests() {
			require.Equal(t, "Bearer ya29.x", r.Header.Get("Authorization"))
		}
	})
}

// A key file that turns out to be none is an error of the call, which does not repeat it.
func TestAKeyFileThatIsNone(t *testing.T) {
	file, _ := account()
	for name, text := range map[string]string{
		"no JSON": "canary", "another token endpoint": strings.Replace(file, "https://oauth2.googleapis.com/token", "https://canary.example.com/token", 1),
		"no key": `{"type":"service_account","client_email":"a@b","private_key":"canary"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			tokens, api, now := clienttest.NewTransport(t), clienttest.NewTransport(t), file
			c, err := firebase.New(firebase.Config{
				ProjectID: "demo", HTTPClient: &http.Client{Transport: tokens},
				ServiceAccount: secret.Func(func(context.Context) ([]secret.Value, error) { return []secret.Value{secret.New(now)}, nil }),
			}, client.WithTransport(api), client.WithRetry(retry.Never))
			require.NoError(t, err, name)
			now = text
			_, err = firebase.ListUsers.Do(t.Context(), c.HTTP, firebase.ListUsersInput{})
			require.Error(t, err, name)
			if name != "no key" {
				require.ErrorContains(t, err, "google service account", name)
			}
			require.NotContains(t, err.Error(), "canary", name)
			require.Zero(t, tokens.Count()+api.Count(), name)
			if name != "another token endpoint" { // which signs nothing
				_, err = c.CustomToken(t.Context(), "u1", nil)
				require.Error(t, err, name)
				require.NotContains(t, err.Error(), "canary", name)
			}
		})
	}
}

// P6: the stack for an SDK is at the service, and not below a project.
func TestHTTPClient(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{}`))
	hc, err := firebase.HTTPClient(firebase.Config{ProjectID: "demo", Emulator: strings.TrimPrefix(srv.URL, "http://")})
	require.NoError(t, err)
	t.Cleanup(hc.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/identitytoolkit.googleapis.com/v1/projects/demo/accounts:batchGet", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer an_sdks_own")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "Bearer owner", srv.Last().Header.Get("Authorization"))
}

// verified is the claims of a token that a key has signed, by the standard library alone.
func verified(t *testing.T, token string, key *rsa.PublicKey) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	b64 := base64.RawURLEncoding
	signature, err := b64.DecodeString(parts[2])
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature))
	return unverified(t, token)
}

func unverified(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &claims))
	return claims
}

// A custom token says who it is for, and until when, and is signed by the account.
func TestCustomToken(t *testing.T) {
	file, key := account()
	now := file
	c, err := firebase.New(firebase.Config{ProjectID: "demo", ServiceAccount: secret.Func(func(context.Context) ([]secret.Value, error) {
		return []secret.Value{secret.New(now)}, nil
	})})
	require.NoError(t, err)
	begin := time.Now().Unix()
	token, err := c.CustomToken(t.Context(), "u1", map[string]any{"plan": "pro"})
	require.NoError(t, err)
	claims := verified(t, token.Reveal(), &key.PublicKey)
	issued := int64(claims["iat"].(float64))
	require.GreaterOrEqual(t, issued, begin)
	require.LessOrEqual(t, issued, time.Now().Unix())
	require.Equal(t, map[string]any{
		"iss": "app@demo.iam.gserviceaccount.com", "sub": "app@demo.iam.gserviceaccount.com",
		"aud": "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit",
		"iat": float64(issued), "exp": float64(issued + 3600), "uid": "u1", "claims": map[string]any{"plan": "pro"},
	}, claims)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", token, token, token), strings.Split(token.Reveal(), ".")[2])

	tenant, err := c.Tenant("t1")
	require.NoError(t, err)
	token, err = tenant.CustomToken(t.Context(), "u1", nil)
	require.NoError(t, err)
	claims = verified(t, token.Reveal(), &key.PublicKey)
	require.Equal(t, "t1", claims["tenant_id"])
	require.NotContains(t, claims, "claims")

	// The key that there is now signs the next token.
	now = strings.Replace(file, "app@demo", "new@demo", 1)
	token, err = c.CustomToken(t.Context(), "u1", nil)
	require.NoError(t, err)
	require.Equal(t, "new@demo.iam.gserviceaccount.com", unverified(t, token.Reveal())["iss"])

	for uid, claims := range map[string]map[string]any{
		"": nil, strings.Repeat("ü", 129): nil, "u1": {"sub": "canary"}, "u2": {"a": strings.Repeat("x", 1000)}, "u3": {"a": func() {}},
	} {
		_, err = c.CustomToken(t.Context(), uid, claims)
		require.ErrorIs(t, err, client.ErrRequest, uid)
		require.NotContains(t, err.Error(), "canary")
	}
	_, err = c.CustomToken(t.Context(), strings.Repeat("ü", 128), nil)
	require.NoError(t, err)

	unsigned, _ := newClient(t)
	token, err = unsigned.CustomToken(t.Context(), "u1", nil)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(token.Reveal(), "."))
	require.Equal(t, "u1", unverified(t, token.Reveal())["uid"])

	keyless, err := firebase.New(firebase.Config{ProjectID: "demo", Auth: client.Bearer(secret.Static("t"))})
	require.NoError(t, err)
	_, err = keyless.CustomToken(t.Context(), "u1", nil)
	require.ErrorIs(t, err, client.ErrConfig)
}

// P5: a code is what counts, and not the 400 that it comes with.
func TestP5_Codes(t *testing.T) {
	sentinels := []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable}
	for body, want := range map[string]struct {
		sentinel      error
		code, message string
	}{
		failure("USER_NOT_FOUND", ""):                              {client.ErrNotFound, "USER_NOT_FOUND", ""},
		failure("EMAIL_EXISTS", ""):                                {client.ErrConflict, "EMAIL_EXISTS", ""},
		failure("DUPLICATE_LOCAL_ID", ""):                          {client.ErrConflict, "DUPLICATE_LOCAL_ID", ""},
		failure("INSUFFICIENT_PERMISSION", "No."):                  {client.ErrForbidden, "INSUFFICIENT_PERMISSION", "No."},
		failure("WEAK_PASSWORD", "6 : at least"):                   {client.ErrBadRequest, "WEAK_PASSWORD", "6 : at least"},
		failure("AZ_09", "x"):                                      {client.ErrBadRequest, "AZ_09", "x"},
		failure("A_NEW_CODE", ""):                                  {client.ErrBadRequest, "A_NEW_CODE", ""},
		failure("TOO_MANY_ATTEMPTS_TRY_LATER", "Try again later."): {client.ErrRateLimited, "TOO_MANY_ATTEMPTS_TRY_LATER", "Try again later."},
		failure("QUOTA_EXCEEDED", ""):                              {client.ErrRateLimited, "QUOTA_EXCEEDED", ""},
		`{"error":{"code":400,"message":"Invalid JSON payload received.","status":"INVALID_ARGUMENT"}}`: {client.ErrBadRequest, "INVALID_ARGUMENT", "Invalid JSON payload received."},
		`{"error":"invalid_grant","error_description":"Bad."}`:                                          {client.ErrBadRequest, "invalid_grant", "Bad."},
		`<html>`: {client.ErrBadRequest, "", ""},
	} {
		c, srv := newClient(t, clienttest.JSON(400, body))
		_, err := firebase.CreateUser.Do(t.Context(), c.HTTP, firebase.CreateUserInput{})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, []string{want.code, want.message}, []string{e.Code, e.Message}, body)
		require.Equal(t, client.Rejected, e.Effect)
		for _, s := range sentinels {
			require.Equal(t, s == want.sentinel, errors.Is(err, s), "%s: %v", body, s)
		}
		attempts := 1
		if want.sentinel == client.ErrRateLimited {
			attempts = 3
		}
		require.Equal(t, attempts, srv.Count(), body)
	}
	c, _ := newClient(t, clienttest.JSON(403, `{"error":{"code":403,"message":"Identity Toolkit API has not been used in project 1.","status":"PERMISSION_DENIED"}}`))
	_, err := firebase.CreateUser.Do(t.Context(), c.HTTP, firebase.CreateUserInput{})
	require.ErrorIs(t, err, client.ErrForbidden)
	require.ErrorContains(t, err, "PERMISSION_DENIED")
	require.False(t, firebase.Profile.Throttled(200, nil, []byte(failure("QUOTA_EXCEEDED", ""))))
	require.False(t, firebase.Profile.Throttled(500, nil, []byte(failure("QUOTA_EXCEEDED", ""))))
}

func Example() {
	srv := clienttest.Start(
		clienttest.JSON(200, `{"kind":"identitytoolkit#GetAccountInfoResponse","users":[{"localId":"u1","email":"ada@example.com","customAttributes":"{\"plan\":\"pro\"}"}]}`),
		clienttest.JSON(200, `{"kind":"identitytoolkit#GetAccountInfoResponse"}`),
	)
	defer srv.Close()
	c, err := firebase.New(firebase.Config{
		ProjectID: "demo",
		Emulator:  strings.TrimPrefix(srv.URL, "http://"), // or ServiceAccount
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	user, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{Email: "ada@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var claims struct {
		Plan string `json:"plan"`
	}
	if err := user.Claims(&claims); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.UID, claims.Plan)

	_, err = firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{Email: "nobody@example.com"})
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output:
	// u1 pro
	// true
}
