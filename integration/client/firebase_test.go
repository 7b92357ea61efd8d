package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	admin "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/firebase"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/session"
	"github.com/stretchr/testify/require"
)

// P1: firebase-admin-go sends the same requests. It calls another host than Google's in
// emulator mode alone, and keeps the connections of a transport of its own.
func TestFirebaseSendsWhatItsSDKSends(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{"localId":"u1","users":[{"localId":"u1"}],"oobLink":"x","sessionCookie":"x"}`))
	host := strings.TrimPrefix(srv.URL, "http://")
	ours, err := firebase.New(firebase.Config{ProjectID: "demo", Emulator: host}, client.WithTransport(transport(t)))
	require.NoError(t, err)
	sdk := adminAuth(t, host, "demo")
	c, ctx := ours.HTTP, t.Context()
	yes, mail, phone := true, "a@example.com", "+15551234567"
	link := &auth.ActionCodeSettings{URL: "https://example.com/in", HandleCodeInApp: true, LinkDomain: "example.com"}
	sameRequests(t, srv, map[string][2]func() error{
		"by UID": {
			func() error { return ignoring(firebase.GetUser.Do(ctx, c, firebase.GetUserInput{UID: "u1"})) },
			func() error { return ignoring(sdk.GetUser(ctx, "u1")) },
		},
		"by address": {
			func() error { return ignoring(firebase.GetUser.Do(ctx, c, firebase.GetUserInput{Email: mail})) },
			func() error { return ignoring(sdk.GetUserByEmail(ctx, mail)) },
		},
		"by phone": {
			func() error { return ignoring(firebase.GetUser.Do(ctx, c, firebase.GetUserInput{PhoneNumber: phone})) },
			func() error { return ignoring(sdk.GetUserByPhoneNumber(ctx, phone)) },
		},
		"many": {
			func() error {
				return ignoring(firebase.LookupUsers.Do(ctx, c, firebase.LookupUsersInput{UIDs: []string{"u1", "u2"}, Emails: []string{mail}, PhoneNumbers: []string{phone}}))
			},
			func() error {
				return ignoring(sdk.GetUsers(ctx, []auth.UserIdentifier{auth.UIDIdentifier{UID: "u1"}, auth.UIDIdentifier{UID: "u2"}, auth.EmailIdentifier{Email: mail}, auth.PhoneIdentifier{PhoneNumber: phone}}))
			},
		},
		"create": {
			func() error {
				return ignoring(firebase.CreateUser.Do(ctx, c, firebase.CreateUserInput{UID: "u1", Email: mail, EmailVerified: true, PhoneNumber: phone, Password: "secret-1", DisplayName: "Ada", PhotoURL: "https://example.com/a", Disabled: true}))
			},
			func() error {
				return ignoring(sdk.CreateUser(ctx, (&auth.UserToCreate{}).UID("u1").Email(mail).EmailVerified(true).PhoneNumber(phone).Password("secret-1").DisplayName("Ada").PhotoURL("https://example.com/a").Disabled(true)))
			},
		},
		"update": {
			func() error {
				return ignoring(firebase.UpdateUser.Do(ctx, c, firebase.UpdateUserInput{UID: "u1", Email: &mail, EmailVerified: &yes, Disabled: &yes, Delete: []string{"DISPLAY_NAME", "PHOTO_URL"}, Unlink: []string{"phone"}}))
			},
			func() error {
				return ignoring(sdk.UpdateUser(ctx, "u1", (&auth.UserToUpdate{}).Email(mail).EmailVerified(true).Disabled(true).DisplayName("").PhotoURL("").PhoneNumber("")))
			},
		},
		"claims": {
			func() error {
				return ignoring(firebase.SetClaims.Do(ctx, c, firebase.SetClaimsInput{UID: "u1", Claims: map[string]any{"admin": true}}))
			},
			func() error { return sdk.SetCustomUserClaims(ctx, "u1", map[string]any{"admin": true}) },
		},
		"no claims": {
			func() error { return ignoring(firebase.SetClaims.Do(ctx, c, firebase.SetClaimsInput{UID: "u1"})) },
			func() error { return sdk.SetCustomUserClaims(ctx, "u1", nil) },
		},
		"delete": {
			func() error { return ignoring(firebase.DeleteUser.Do(ctx, c, firebase.UserInput{UID: "u1"})) },
			func() error { return sdk.DeleteUser(ctx, "u1") },
		},
		"delete many": {
			func() error {
				return ignoring(firebase.DeleteUsers.Do(ctx, c, firebase.DeleteUsersInput{UIDs: []string{"u1", "u2"}}))
			},
			func() error { return ignoring(sdk.DeleteUsers(ctx, []string{"u1", "u2"})) },
		},
		"list": {
			func() error {
				return ignoring(firebase.ListUsers.Do(ctx, c, firebase.ListUsersInput{MaxResults: 1000, PageToken: "p"}))
			},
			func() error { return ignoring(sdk.Users(ctx, "p").Next()) },
		},
		"a link to sign in": {
			func() error {
				return ignoring(firebase.CreateActionLink.Do(ctx, c, firebase.ActionLinkInput{Action: firebase.SignIn, Email: mail, ContinueURL: link.URL, HandleInApp: true, LinkDomain: "example.com"}))
			},
			func() error { return ignoring(sdk.EmailSignInLink(ctx, mail, link)) },
		},
		"a link to verify": {
			func() error {
				return ignoring(firebase.CreateActionLink.Do(ctx, c, firebase.ActionLinkInput{Action: firebase.VerifyEmail, Email: mail}))
			},
			func() error { return ignoring(sdk.EmailVerificationLink(ctx, mail)) },
		},
		"a link to reset": {
			func() error {
				return ignoring(firebase.CreateActionLink.Do(ctx, c, firebase.ActionLinkInput{Action: firebase.ResetPassword, Email: mail}))
			},
			func() error { return ignoring(sdk.PasswordResetLink(ctx, mail)) },
		},
		"a link to change": {
			func() error {
				return ignoring(firebase.CreateActionLink.Do(ctx, c, firebase.ActionLinkInput{Action: firebase.ChangeEmail, Email: mail, NewEmail: "b@example.com"}))
			},
			func() error { return ignoring(sdk.VerifyAndChangeEmailLink(ctx, mail, "b@example.com")) },
		},
		"session cookie": {
			func() error {
				return ignoring(ours.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: "t", Life: time.Hour}))
			},
			func() error { return ignoring(sdk.SessionCookie(ctx, "t", time.Hour)) },
		},
		"of a tenant": {
			func() error {
				tenant, err := ours.Tenant("t1")
				require.NoError(t, err)
				return ignoring(firebase.GetUser.Do(ctx, tenant.HTTP, firebase.GetUserInput{UID: "u1"}))
			},
			func() error {
				tenant, err := sdk.TenantManager.AuthForTenant("t1")
				require.NoError(t, err)
				// The SDK refuses the user of another tenant, after its request.
				_, _ = tenant.GetUser(ctx, "u1")
				return nil
			},
		},
	})
	t.Run("revoke", func(t *testing.T) {
		require.NoError(t, ignoring(firebase.RevokeRefreshTokens.Do(ctx, c, firebase.RevokeInput{UID: "u1"})))
		mine := srv.Last()
		require.NoError(t, sdk.RevokeRefreshTokens(ctx, "u1"))
		var a, b struct {
			LocalID    string      `json:"localId"`
			ValidSince json.Number `json:"validSince"`
		}
		require.NoError(t, json.Unmarshal(mine.Body, &a))
		require.NoError(t, json.Unmarshal(srv.Last().Body, &b))
		require.Equal(t, []string{srv.Last().URL, b.LocalID}, []string{mine.URL, a.LocalID})
		ours, err := a.ValidSince.Int64()
		require.NoError(t, err)
		theirs, err := b.ValidSince.Int64()
		require.NoError(t, err)
		require.InDelta(t, theirs, ours, 5)
	})
}

// adminAuth is firebase-admin-go at an emulator.
func adminAuth(t *testing.T, host, project string) *auth.Client {
	t.Helper()
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", host)
	// It takes a clone of http.DefaultTransport.
	standard := http.DefaultTransport
	own := standard.(*http.Transport).Clone()
	own.DisableKeepAlives = true
	http.DefaultTransport = own
	t.Cleanup(func() { http.DefaultTransport = standard })
	app, err := admin.NewApp(t.Context(), &admin.Config{ProjectID: project})
	require.NoError(t, err)
	c, err := app.Auth(t.Context())
	require.NoError(t, err)
	return c
}

// P1: the life of a user at Firebase's own emulator, from our side, seen by its own
// library.
func TestFirebaseEmulator(t *testing.T) {
	emulator := servers.FirebaseAuth(t)
	host := strings.TrimPrefix(emulator.URL, "http://")
	const project = "demo-test"
	accounts, err := firebase.New(firebase.Config{ProjectID: project, Emulator: host}, client.WithTransport(transport(t)), client.WithRetry(retry.Never))
	require.NoError(t, err)
	sdk := adminAuth(t, host, project)
	c, ctx := accounts.HTTP, t.Context()
	begin := time.Now().Add(-time.Minute)

	made, err := firebase.CreateUser.Do(ctx, c, firebase.CreateUserInput{UID: "u1", Email: "ada@example.com", PhoneNumber: "+15551234567", Password: "secret-1", DisplayName: "Ada"})
	require.NoError(t, err)
	require.Equal(t, "u1", made.UID)
	_, err = firebase.CreateUser.Do(ctx, c, firebase.CreateUserInput{UID: "u1"})
	require.ErrorIs(t, err, client.ErrConflict)
	_, err = firebase.CreateUser.Do(ctx, c, firebase.CreateUserInput{Email: "ada@example.com"})
	require.ErrorIs(t, err, client.ErrConflict)
	_, err = firebase.CreateUser.Do(ctx, c, firebase.CreateUserInput{Email: "b@example.com", Password: "x"})
	require.ErrorIs(t, err, client.ErrBadRequest)
	require.ErrorContains(t, err, `WEAK_PASSWORD "Password should be at least 6 characters"`)

	for _, in := range []firebase.GetUserInput{{UID: "u1"}, {Email: "ada@example.com"}, {PhoneNumber: "+15551234567"}} {
		u, err := firebase.GetUser.Do(ctx, c, in)
		require.NoError(t, err)
		theirs, err := sdk.GetUser(ctx, "u1")
		require.NoError(t, err)
		require.Equal(t, []string{theirs.UID, theirs.Email, theirs.DisplayName, theirs.PhoneNumber}, []string{u.UID, u.Email, u.DisplayName, u.PhoneNumber})
		require.Equal(t, theirs.UserMetadata.CreationTimestamp, u.CreatedAt.UnixMilli())
		require.Equal(t, theirs.TokensValidAfterMillis, u.ValidSince.UnixMilli())
		require.True(t, u.CreatedAt.After(begin))
	}
	_, err = firebase.GetUser.Do(ctx, c, firebase.GetUserInput{UID: "nobody"})
	require.ErrorIs(t, err, client.ErrNotFound)
	_, err = firebase.UpdateUser.Do(ctx, c, firebase.UpdateUserInput{UID: "nobody"})
	require.ErrorIs(t, err, client.ErrNotFound)

	yes := true
	_, err = firebase.UpdateUser.Do(ctx, c, firebase.UpdateUserInput{UID: "u1", EmailVerified: &yes, Delete: []string{"DISPLAY_NAME"}})
	require.NoError(t, err)
	_, err = firebase.SetClaims.Do(ctx, c, firebase.SetClaimsInput{UID: "u1", Claims: map[string]any{"plan": "pro"}})
	require.NoError(t, err)
	theirs, err := sdk.GetUser(ctx, "u1")
	require.NoError(t, err)
	require.True(t, theirs.EmailVerified)
	require.Empty(t, theirs.DisplayName)
	require.Equal(t, map[string]any{"plan": "pro"}, theirs.CustomClaims)

	// A custom token signs in, its ID token makes a cookie, and both verify.
	custom, err := accounts.CustomToken(ctx, "u1", map[string]any{"beta": true})
	require.NoError(t, err)
	id := signIn(t, emulator.URL, custom.Reveal(), "")
	ids, err := session.NewVerifier(session.Firebase(project), session.DangerouslyAcceptUnsignedEmulatorTokens())
	require.NoError(t, err)
	s, err := ids.Verify(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "u1", s.Subject)
	var claims struct {
		Plan string `json:"plan"`
		Beta bool   `json:"beta"`
	}
	require.NoError(t, s.Claims(&claims))
	require.Equal(t, "pro", claims.Plan)
	require.True(t, claims.Beta)
	cookie, err := accounts.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: id, Life: time.Hour})
	require.NoError(t, err)
	cookies, err := session.NewVerifier(session.FirebaseCookie(project), session.DangerouslyAcceptUnsignedEmulatorTokens())
	require.NoError(t, err)
	s, err = cookies.Verify(ctx, cookie.Value.Reveal())
	require.NoError(t, err)
	require.Equal(t, "u1", s.Subject)
	require.InDelta(t, time.Now().Add(time.Hour).Unix(), s.Expiry.Unix(), 60)
	_, err = accounts.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: "not.a.token", Life: time.Hour})
	require.ErrorIs(t, err, client.ErrBadRequest)

	until := time.Now().Add(time.Minute).Truncate(time.Second)
	_, err = firebase.RevokeRefreshTokens.Do(ctx, c, firebase.RevokeInput{UID: "u1", Until: until})
	require.NoError(t, err)
	theirs, err = sdk.GetUser(ctx, "u1")
	require.NoError(t, err)
	require.Equal(t, until.UnixMilli(), theirs.TokensValidAfterMillis)

	for _, action := range []firebase.Action{firebase.ResetPassword, firebase.VerifyEmail, firebase.SignIn} {
		link, err := firebase.CreateActionLink.Do(ctx, c, firebase.ActionLinkInput{Action: action, Email: "ada@example.com", ContinueURL: "http://localhost/in", HandleInApp: true})
		require.NoError(t, err, action)
		require.Contains(t, link.URL.Reveal(), "oobCode=", action)
	}
	_, err = firebase.CreateActionLink.Do(ctx, c, firebase.ActionLinkInput{Action: firebase.ResetPassword, Email: "nobody@example.com"})
	require.ErrorIs(t, err, client.ErrNotFound)

	many := []string{"u1"}
	for _, uid := range []string{"u2", "u3", "u4", "u5"} {
		_, err = firebase.CreateUser.Do(ctx, c, firebase.CreateUserInput{UID: uid})
		require.NoError(t, err)
		many = append(many, uid)
	}
	require.Equal(t, many, uids(ctx, t, c))
	found, err := firebase.LookupUsers.Do(ctx, c, firebase.LookupUsersInput{UIDs: []string{"u2", "nobody"}, Emails: []string{"ada@example.com"}})
	require.NoError(t, err)
	require.Len(t, found.Users, 2)

	// The users of a tenant are others.
	tenant, err := accounts.Tenant("tenant-1")
	require.NoError(t, err)
	_, err = firebase.CreateUser.Do(ctx, tenant.HTTP, firebase.CreateUserInput{UID: "t1"})
	require.NoError(t, err)
	u, err := firebase.GetUser.Do(ctx, tenant.HTTP, firebase.GetUserInput{UID: "t1"})
	require.NoError(t, err)
	require.Equal(t, "tenant-1", u.TenantID)
	custom, err = tenant.CustomToken(ctx, "t1", nil)
	require.NoError(t, err)
	cookie, err = tenant.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: signIn(t, emulator.URL, custom.Reveal(), "tenant-1"), Life: time.Hour})
	require.NoError(t, err)
	s, err = cookies.Verify(ctx, cookie.Value.Reveal())
	require.NoError(t, err)
	require.Equal(t, []string{"t1", "tenant-1"}, []string{s.Subject, s.Organization.ID})
	_, err = firebase.GetUser.Do(ctx, tenant.HTTP, firebase.GetUserInput{UID: "u1"})
	require.ErrorIs(t, err, client.ErrNotFound)

	_, err = firebase.DeleteUser.Do(ctx, c, firebase.UserInput{UID: "u5"})
	require.NoError(t, err)
	_, err = firebase.DeleteUser.Do(ctx, c, firebase.UserInput{UID: "u5"})
	require.ErrorIs(t, err, client.ErrNotFound)
	gone, err := firebase.DeleteUsers.Do(ctx, c, firebase.DeleteUsersInput{UIDs: []string{"u1", "u2", "u3", "nobody"}})
	require.NoError(t, err)
	require.Empty(t, gone.Errors)
	require.Equal(t, []string{"u4"}, uids(ctx, t, c))
}

func uids(ctx context.Context, t *testing.T, c *client.Client) (all []string) {
	t.Helper()
	for u, err := range firebase.ListUsers.All(ctx, c, firebase.ListUsersInput{MaxResults: 2}) {
		require.NoError(t, err)
		all = append(all, u.UID)
	}
	return all
}

// signIn is what an app of the project, or of a tenant, does with a custom token.
func signIn(t *testing.T, base, token, tenant string) string {
	t.Helper()
	said := map[string]any{"token": token, "returnSecureToken": true}
	if tenant != "" {
		said["tenantId"] = tenant
	}
	body, err := json.Marshal(said)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/identitytoolkit.googleapis.com/v1/accounts:signInWithCustomToken?key=any", bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := transport(t).RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var signed struct {
		IDToken string `json:"idToken"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&signed))
	return signed.IDToken
}
