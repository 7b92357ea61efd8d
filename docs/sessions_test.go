package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// newTeam returns an API for those who are signed in.
func newTeam(ctx context.Context, profile session.Profile, log *slog.Logger, options ...session.Option) (http.Handler, error) {
	ended, err := session.NewLoggedOut(time.Hour, nil) // no token lives longer
	if err != nil {
		return nil, err
	}
	verifier, err := session.NewVerifier(profile, append(options, session.WithRevocation(ended), session.WithLogger(log))...)
	if err != nil {
		return nil, err
	}
	if err := verifier.Warm(ctx); err != nil {
		log.Warn("start without the issuer's keys", "error", err) // the first request fetches them
	}
	t := &team{ended, log}
	return t.routes(verifier), nil
}

// team is the API.
type team struct {
	ended *session.LoggedOut
	log   *slog.Logger
}

func (t *team) routes(verifier *session.Verifier) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /me", me)
	mux.HandleFunc("POST /signout", t.signOut)
	mux.Handle("GET /invoices", session.Require("org:invoices:read")(http.HandlerFunc(invoicesOfTeam)))
	mux.Handle("POST /members", session.RequireRole("org:admin")(http.HandlerFunc(addMember)))
	return session.Middleware(verifier,
		session.FromCookie("__session"), // for pages of the same site; leave it out where clients send a header
		session.OnRefused(t.refused))(mux)
}

func me(w http.ResponseWriter, r *http.Request) {
	user, ok := session.FromContext(r.Context())
	if !ok { // this handler was mounted without the middleware
		http.Error(w, "no session", http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s at %s, administrator: %t, may change invoices: %t", user.Subject, user.Organization.Name,
		user.HasRole("org:admin"), user.HasPermission("org:invoices:manage"))
}

// refused is told what the response does not say.
func (t *team) refused(r *http.Request, err error) {
	var refusal *session.Error
	switch {
	case errors.Is(err, session.ErrNoToken): // not signed in: nothing to report
	case errors.As(err, &refusal) && !refusal.Reason.Decided():
		t.log.ErrorContext(r.Context(), "nobody can come in", "path", r.URL.Path, "error", err)
	default:
		t.log.InfoContext(r.Context(), "refused", "path", r.URL.Path, "error", err)
	}
}

// signOut ends the session before its token expires.
func (t *team) signOut(w http.ResponseWriter, r *http.Request) {
	user, _ := session.FromContext(r.Context())
	if err := t.ended.Add(user.Issuer, user.ID, user.Subject); err != nil {
		http.Error(w, "not signed out", http.StatusInternalServerError)
	}
}

func invoicesOfTeam(http.ResponseWriter, *http.Request) {}
func addMember(http.ResponseWriter, *http.Request)      {}

func request(h http.Handler, method, path, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://app.example.com"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func startTeam(t *testing.T) (*sessiontest.Issuer, http.Handler, *bytes.Buffer) {
	t.Helper()
	issuer, log := sessiontest.New(), new(bytes.Buffer)
	api, err := newTeam(t.Context(), issuer.Clerk(), slog.New(slog.NewTextHandler(log, nil)), issuer.Options()...)
	require.NoError(t, err)
	return issuer, api, log
}

func TestWhoMayDoWhat(t *testing.T) {
	type claims = sessiontest.Claims
	issuer := sessiontest.New()
	profile := session.Clerk(sessiontest.ClerkIssuer, "https://app.example.com")
	api, err := newTeam(t.Context(), profile, slog.New(slog.DiscardHandler), append(issuer.Options(),
		session.WithAudience("https://api.example.com"))...) // only if the instance puts an "aud" into its tokens
	require.NoError(t, err)
	token := func(change claims) string {
		c := claims{"aud": "https://api.example.com"}
		for name, value := range change {
			c[name] = value
		}
		return issuer.ClerkToken(c)
	}
	member := claims{"id": "org_1", "slg": "acme", "rol": "member"} // becomes the role org:member
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"valid":       {token(nil), http.StatusOK},
		"expired":     {token(claims{"exp": issuer.Now().Unix() - 1}), http.StatusUnauthorized},
		"wrong azp":   {token(claims{"azp": "https://evil.example"}), http.StatusUnauthorized},
		"wrong aud":   {token(claims{"aud": "https://other.example"}), http.StatusUnauthorized},
		"no aud":      {token(claims{"aud": sessiontest.Absent}), http.StatusUnauthorized},
		"wrong role":  {token(claims{"o": member}), http.StatusForbidden},
		"another key": {sessiontest.New().ClerkToken(nil), http.StatusUnauthorized},
		"no token":    {"", http.StatusUnauthorized},
	} {
		require.Equal(t, tt.want, request(api, http.MethodPost, "/members", tt.token).Code, name)
	}
}

func TestTheHandlerKnowsWhoIsCalling(t *testing.T) {
	issuer, api, _ := startTeam(t)
	w := request(api, http.MethodGet, "/me", issuer.ClerkToken(nil))
	require.Equal(t, "user_1 at acme, administrator: true, may change invoices: true", w.Body.String())
	w = httptest.NewRecorder()
	me(w, httptest.NewRequest(http.MethodGet, "/me", nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)

	// What Clerk writes as "member" is the role org:member.
	verifier, err := session.NewVerifier(issuer.Clerk(), issuer.Options()...)
	require.NoError(t, err)
	user, err := verifier.Verify(t.Context(), issuer.ClerkToken(sessiontest.Claims{"o": map[string]any{"id": "org_1", "rol": "member"}}))
	require.NoError(t, err)
	require.True(t, user.HasRole("org:member"))
	require.False(t, user.HasRole("member"))
}

func TestRefusalsAreLoggedAndTellTheCallerNothing(t *testing.T) {
	issuer, api, log := startTeam(t)
	w := request(api, http.MethodGet, "/me", issuer.ClerkToken(sessiontest.Claims{"azp": "https://evil.example"}))
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Equal(t, `Bearer error="invalid_token"`, w.Header().Get("WWW-Authenticate"))
	require.Contains(t, log.String(), `wrong authorized party: \"azp\" is not \"https://app.example.com\"`)
	require.NotContains(t, log.String(), "evil")

	log.Reset()
	require.Equal(t, "Bearer", request(api, http.MethodGet, "/me", "").Header().Get("WWW-Authenticate"))
	w = request(api, http.MethodGet, "/invoices", issuer.ClerkToken(sessiontest.Claims{"o": sessiontest.Absent}))
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Equal(t, `Bearer error="insufficient_scope"`, w.Header().Get("WWW-Authenticate"))
	require.Empty(t, log.String(), "Require tells only the caller")

	for site, want := range map[string]int{"same-origin": http.StatusOK, "same-site": http.StatusForbidden, "cross-site": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodPost, "https://app.example.com/members", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		r.AddCookie(&http.Cookie{Name: "__session", Value: issuer.ClerkToken(nil)})
		w = httptest.NewRecorder()
		api.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, site)
	}
	require.Contains(t, log.String(), session.ErrCrossOrigin.Error())
}

func TestASessionThatHasEnded(t *testing.T) {
	issuer, api, log := startTeam(t)
	token := issuer.ClerkToken(nil)
	require.Equal(t, http.StatusOK, request(api, http.MethodPost, "/signout", token).Code)
	require.Equal(t, http.StatusUnauthorized, request(api, http.MethodGet, "/me", token).Code)
	require.Contains(t, log.String(), session.ErrRevoked.Error())
	another := issuer.ClerkToken(sessiontest.Claims{"sid": "sess_2"})
	require.Equal(t, http.StatusOK, request(api, http.MethodGet, "/me", another).Code)
}

func TestNobodyComesInWithoutKeys(t *testing.T) {
	issuer, log := sessiontest.New(), new(bytes.Buffer)
	issuer.Fail(http.StatusBadGateway)
	api, err := newTeam(t.Context(), issuer.Clerk(), slog.New(slog.NewTextHandler(log, nil)), issuer.Options()...)
	require.NoError(t, err)
	w := request(api, http.MethodGet, "/me", issuer.ClerkToken(nil))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "5", w.Header().Get("Retry-After"))
	require.Contains(t, log.String(), "start without the issuer's keys")
	require.Contains(t, log.String(), "nobody can come in")
}

func TestKeysRotate(t *testing.T) {
	issuer, api, _ := startTeam(t)
	issuer.Rotate()
	issuer.Advance(time.Minute) // longer than the time between two fetches for keys that are not known
	require.Equal(t, http.StatusOK, request(api, http.MethodGet, "/me", issuer.ClerkToken(nil)).Code)
}

// fixedKey makes no request at all.
func fixedKey() (*session.Verifier, error) {
	profile := session.Clerk("https://clerk.example.com", "https://app.example.com")
	return session.NewVerifier(profile, session.WithPublicKeyPEM("", os.Getenv("CLERK_JWT_KEY")))
}

func TestAFixedKey(t *testing.T) {
	_, err := fixedKey()
	require.Error(t, err, "an empty key verifies nothing")
}

// oneInstance derives the issuer from the key that the pages of the application have.
func oneInstance() (session.Profile, error) {
	issuer, err := session.ClerkIssuer(os.Getenv("CLERK_PUBLISHABLE_KEY"))
	if err != nil {
		return session.Profile{}, err
	}
	return session.Clerk(issuer, "https://app.example.com"), nil
}

func TestTheIssuerOfAPublishableKey(t *testing.T) {
	t.Setenv("CLERK_PUBLISHABLE_KEY", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
	profile, err := oneInstance()
	require.NoError(t, err)
	_, err = session.NewVerifier(profile)
	require.NoError(t, err)
}

// The page's tables have every profile and every reason.
func TestSessionsAreComplete(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "api", "session.txt"))
	require.NoError(t, err)
	text := read(t, "docs/sessions.md")[0].text
	for _, pattern := range []string{`(?m)^func (\w+)\(.*\) Profile$`, `(?m)^\t(Err\w+) Reason = `} {
		found := regexp.MustCompile(pattern).FindAllSubmatch(raw, -1)
		require.NotEmpty(t, found, pattern)
		for _, m := range found {
			require.Regexp(t, `(?m)^\|.*session\.`+string(m[1])+`\b`, text)
		}
	}
}
