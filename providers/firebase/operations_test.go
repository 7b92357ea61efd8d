package firebase_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/firebase"
)

func ptr[T any](v T) *T { return &v }

const below = "/identitytoolkit.googleapis.com/v1/projects/demo"

// What each operation sends. integration holds the same to firebase-admin-go (P1).
func TestRequests(t *testing.T) {
	c, srv := newClient(t, clienttest.JSON(200, `{"users":[{"localId":"u1"}]}`))
	ctx := t.Context()
	until := time.Unix(1795705200, 5e8)
	calls := map[string]func() error{
		`POST /accounts:lookup {"localId":["u1"]}`: func() error {
			_, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{UID: "u1"})
			return err
		},
		`POST /accounts:lookup {"email":["a@example.com"]}`: func() error {
			_, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{Email: "a@example.com"})
			return err
		},
		`POST /accounts:lookup {"phoneNumber":["+15551234567"]}`: func() error {
			_, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{PhoneNumber: "+15551234567"})
			return err
		},
		`POST /accounts:lookup {"localId":["u1","u2"],"email":["a@example.com"]}`: func() error {
			_, err := firebase.LookupUsers.Do(ctx, c.HTTP, firebase.LookupUsersInput{UIDs: []string{"u1", "u2"}, Emails: []string{"a@example.com"}})
			return err
		},
		`POST /accounts {"localId":"u1","email":"a@example.com","emailVerified":true,"password":"secret","disabled":true}`: func() error {
			_, err := firebase.CreateUser.Do(ctx, c.HTTP, firebase.CreateUserInput{UID: "u1", Email: "a@example.com", EmailVerified: true, Password: "secret", Disabled: true})
			return err
		},
		`POST /accounts:update {"localId":"u1","displayName":"","disableUser":false,"deleteAttribute":["PHOTO_URL"],"deleteProvider":["phone"]}`: func() error {
			_, err := firebase.UpdateUser.Do(ctx, c.HTTP, firebase.UpdateUserInput{UID: "u1", DisplayName: ptr(""), Disabled: ptr(false), Delete: []string{"PHOTO_URL"}, Unlink: []string{"phone"}})
			return err
		},
		`POST /accounts:update {"customAttributes":"{\"admin\":true,\"html\":\"\u003c\"}","localId":"u1"}`: func() error {
			_, err := firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{UID: "u1", Claims: map[string]any{"html": "<", "admin": true}})
			return err
		},
		`POST /accounts:update {"customAttributes":"{}","localId":"u1"}`: func() error {
			_, err := firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{UID: "u1"})
			return err
		},
		`POST /accounts:update {"localId":"u1","validSince":"1795705200"}`: func() error {
			_, err := firebase.RevokeRefreshTokens.Do(ctx, c.HTTP, firebase.RevokeInput{UID: "u1", Until: until})
			return err
		},
		`POST /accounts:delete {"localId":"u1"}`: func() error {
			_, err := firebase.DeleteUser.Do(ctx, c.HTTP, firebase.UserInput{UID: "u1"})
			return err
		},
		`POST /accounts:batchDelete {"localIds":["u1","u2"],"force":true}`: func() error {
			_, err := firebase.DeleteUsers.Do(ctx, c.HTTP, firebase.DeleteUsersInput{UIDs: []string{"u1", "u2"}})
			return err
		},
		`GET /accounts:batchGet?maxResults=7&nextPageToken=p `: func() error {
			_, err := firebase.ListUsers.Do(ctx, c.HTTP, firebase.ListUsersInput{MaxResults: 7, PageToken: "p"})
			return err
		},
		`POST /accounts:sendOobCode {"requestType":"EMAIL_SIGNIN","email":"a@example.com","continueUrl":"https://example.com","canHandleCodeInApp":true,"returnOobLink":true}`: func() error {
			_, err := firebase.CreateActionLink.Do(ctx, c.HTTP, firebase.ActionLinkInput{Action: firebase.SignIn, Email: "a@example.com", ContinueURL: "https://example.com", HandleInApp: true})
			return err
		},
		`POST :createSessionCookie {"idToken":"eyJ","validDuration":300}`: func() error {
			_, err := c.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: "eyJ", Life: 5 * time.Minute})
			return err
		},
	}
	for _, want := range slices.Sorted(maps.Keys(calls)) {
		require.NoError(t, calls[want](), want)
		last := srv.Last()
		require.Equal(t, want, fmt.Sprintf("%s %s %s", last.Method, strings.TrimPrefix(last.URL, below), strings.TrimSpace(string(last.Body))))
		require.Equal(t, "Bearer owner", last.Header.Get("Authorization"))
	}

	tenant, err := c.Tenant("t1")
	require.NoError(t, err)
	_, err = firebase.GetUser.Do(ctx, tenant.HTTP, firebase.GetUserInput{UID: "u1"})
	require.NoError(t, err)
	require.Equal(t, below+"/tenants/t1/accounts:lookup", srv.Last().URL)
	_, err = tenant.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: "eyJ", Life: 5 * time.Minute})
	require.NoError(t, err)
	require.Equal(t, []string{below + "/tenants/t1:createSessionCookie", `{"idToken":"eyJ","validDuration":300}`}, []string{srv.Last().URL, string(srv.Last().Body)})

	begin := time.Now().Unix()
	_, err = firebase.RevokeRefreshTokens.Do(ctx, c.HTTP, firebase.RevokeInput{UID: "u1"})
	require.NoError(t, err)
	var revoked struct {
		ValidSince int64 `json:"validSince,string"`
	}
	require.NoError(t, json.Unmarshal(srv.Last().Body, &revoked))
	require.GreaterOrEqual(t, revoked.ValidSince, begin)
	require.LessOrEqual(t, revoked.ValidSince, time.Now().Unix())
}

// What cannot be right is an error, and nothing is sent.
func TestBadInput(t *testing.T) {
	c, srv := newClient(t)
	tenant, err := c.Tenant("t1")
	require.NoError(t, err)
	ctx := t.Context()
	many := make([]string, 1001)
	for i := range many {
		many[i] = "u"
	}
	for name, call := range map[string]func() error{
		"nobody": func() error { _, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{}); return err },
		"somebody twice": func() error {
			_, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{UID: "u", Email: "e"})
			return err
		},
		"a look-up of nobody": func() error { _, err := firebase.LookupUsers.Do(ctx, c.HTTP, firebase.LookupUsersInput{}); return err },
		"a look-up of 101": func() error {
			_, err := firebase.LookupUsers.Do(ctx, c.HTTP, firebase.LookupUsersInput{UIDs: many[:101]})
			return err
		},
		"a deletion of nobody": func() error { _, err := firebase.DeleteUsers.Do(ctx, c.HTTP, firebase.DeleteUsersInput{}); return err },
		"a deletion of 1,001": func() error {
			_, err := firebase.DeleteUsers.Do(ctx, c.HTTP, firebase.DeleteUsersInput{UIDs: many})
			return err
		},
		"an empty UID of many": func() error {
			_, err := firebase.DeleteUsers.Do(ctx, c.HTTP, firebase.DeleteUsersInput{UIDs: []string{"u", ""}})
			return err
		},
		"no UID to delete": func() error { _, err := firebase.DeleteUser.Do(ctx, c.HTTP, firebase.UserInput{}); return err },
		"no UID to update": func() error { _, err := firebase.UpdateUser.Do(ctx, c.HTTP, firebase.UpdateUserInput{}); return err },
		"no UID to revoke": func() error {
			_, err := firebase.RevokeRefreshTokens.Do(ctx, c.HTTP, firebase.RevokeInput{})
			return err
		},
		"no UID for claims": func() error { _, err := firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{}); return err },
		"a reserved claim": func() error {
			_, err := firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{UID: "u", Claims: map[string]any{"iss": "canary"}})
			return err
		},
		"claims of 1,001 bytes": func() error {
			_, err := firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{UID: "u", Claims: map[string]any{"a": strings.Repeat("x", 993)}})
			return err
		},
		"claims that are no JSON": func() error {
			_, err := firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{UID: "u", Claims: map[string]any{"a": make(chan int)}})
			return err
		},
		"a cookie without a token": func() error {
			_, err := c.CreateSessionCookie(ctx, firebase.SessionCookieInput{Life: time.Hour})
			return err
		},
		"a cookie for too short": func() error {
			_, err := c.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: "canary", Life: 5*time.Minute - 1})
			return err
		},
		"a cookie for too long": func() error {
			_, err := c.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: "canary", Life: 14*24*time.Hour + 1})
			return err
		},
		"a tenant's cookie without a token": func() error {
			_, err := tenant.CreateSessionCookie(ctx, firebase.SessionCookieInput{Life: time.Hour})
			return err
		},
	} {
		err := call()
		require.ErrorIs(t, err, client.ErrRequest, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
	require.Zero(t, srv.Count())

	srv.Script(clienttest.JSON(200, `{}`))
	_, err = firebase.SetClaims.Do(ctx, c.HTTP, firebase.SetClaimsInput{UID: "u", Claims: map[string]any{"a": strings.Repeat("x", 992)}})
	require.NoError(t, err, "1,000 bytes")
	_, err = firebase.DeleteUsers.Do(ctx, c.HTTP, firebase.DeleteUsersInput{UIDs: many[:1000]})
	require.NoError(t, err)
	_, err = c.CreateSessionCookie(ctx, firebase.SessionCookieInput{IDToken: "t", Life: 14 * 24 * time.Hour})
	require.NoError(t, err)
}

// P5: a look-up of nobody is a 200, and not found all the same.
func TestP5_Nobody(t *testing.T) {
	for _, body := range []string{`{"kind":"identitytoolkit#GetAccountInfoResponse"}`, `{"kind": "identitytoolkit#GetAccountInfoResponse", "users": []}`} {
		c, srv := newClient(t, clienttest.JSON(200, body))
		_, err := firebase.GetUser.Do(t.Context(), c.HTTP, firebase.GetUserInput{UID: "u1"})
		require.ErrorIs(t, err, client.ErrNotFound)
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, "USER_NOT_FOUND", e.Code)
		_, err = firebase.LookupUsers.Do(t.Context(), c.HTTP, firebase.LookupUsersInput{UIDs: []string{"u1"}})
		require.ErrorIs(t, err, client.ErrNotFound)
		require.Equal(t, 2, srv.Count())
	}
	// Without its kind it is an error too, and a page without users is none.
	c, _ := newClient(t, clienttest.JSON(200, `{}`))
	_, err := firebase.GetUser.Do(t.Context(), c.HTTP, firebase.GetUserInput{UID: "u1"})
	require.ErrorIs(t, err, client.ErrDecode)
	c, _ = newClient(t, clienttest.JSON(200, `{"kind":"identitytoolkit#DownloadAccountResponse"}`))
	page, err := firebase.ListUsers.Do(t.Context(), c.HTTP, firebase.ListUsersInput{})
	require.NoError(t, err)
	require.Empty(t, page.Users)
	require.False(t, firebase.Profile.Failed(404, nil, []byte(`{"kind":"identitytoolkit#GetAccountInfoResponse"}`)))
	require.False(t, firebase.Profile.Failed(200, nil, []byte(`identitytoolkit#GetAccountInfoResponse`)))
}

// P5: of many, it is told who has not been deleted, and why.
func TestP5_DeleteUsers(t *testing.T) {
	c, _ := newClient(t, clienttest.JSON(200, `{"errors":[{"index":1,"localId":"canary","message":"NOT_DISABLED : Disable the account before batch deletion."},
		{"index":2,"localId":"u3","message":"QUOTA_EXCEEDED"},{"index":3,"message":"USER_NOT_FOUND"},{"index":4,"message":"it failed"}]}`))
	done, err := firebase.DeleteUsers.Do(t.Context(), c.HTTP, firebase.DeleteUsersInput{UIDs: []string{"u1", "u2", "u3", "u4", "u5"}})
	require.NoError(t, err)
	require.Len(t, done.Errors, 4)
	first := &done.Errors[0]
	require.Equal(t, firebase.DeleteError{Index: 1, UID: "canary", Code: "NOT_DISABLED", Message: "Disable the account before batch deletion."}, *first)
	require.EqualError(t, first, `firebase: the user at index 1 was not deleted: NOT_DISABLED "Disable the account before batch deletion."`)
	require.EqualError(t, &done.Errors[3], `firebase: the user at index 4 was not deleted "it failed"`)
	for i, want := range []error{client.ErrBadRequest, client.ErrRateLimited, client.ErrNotFound, client.ErrBadRequest} {
		for _, s := range []error{client.ErrBadRequest, client.ErrRateLimited, client.ErrNotFound, client.ErrConflict} {
			require.Equal(t, s == want, errors.Is(&done.Errors[i], s), "%d, %v", i, s)
		}
	}
}

// P3: times come as strings, in milliseconds and in seconds, and what is new breaks
// nothing.
func TestP3_Users(t *testing.T) {
	c, _ := newClient(t, clienttest.JSON(200, `{"users":[{"localId":"u1","createdAt":"1795705200123","lastLoginAt":"0","validSince":"1795705200","lastRefreshAt":"2026-11-26T15:00:00.5Z",
		"customAttributes":"{\"plan\":\"pro\"}","future":{"a":[1]},"passwordUpdatedAt":1.7e12,"providerUserInfo":[{"providerId":"a.new.one","rawId":"7"}]},{"localId":"u2"}]}`))
	found, err := firebase.LookupUsers.Do(t.Context(), c.HTTP, firebase.LookupUsersInput{UIDs: []string{"u1", "u2"}})
	require.NoError(t, err)
	u := found.Users[0]
	require.Equal(t, time.UnixMilli(1795705200123).UTC(), u.CreatedAt.Time)
	require.Equal(t, time.Unix(1795705200, 0).UTC(), u.ValidSince.Time)
	require.Equal(t, time.Date(2026, 11, 26, 15, 0, 0, 5e8, time.UTC), u.LastRefreshAt)
	require.True(t, u.LastLoginAt.IsZero())
	require.Equal(t, "7", u.Providers[0].RawID)
	claims := map[string]string{"a": "kept"}
	require.NoError(t, found.Users[1].Claims(&claims))
	require.Equal(t, map[string]string{"a": "kept"}, claims)
	require.NoError(t, u.Claims(&claims))
	require.Equal(t, "pro", claims["plan"])
}

// What opens an account is not shown by printing it.
func TestSecretsInResponses(t *testing.T) {
	c, _ := newClient(t, clienttest.JSON(200, `{"oobLink":"https://example.com/canary","sessionCookie":"canary"}`))
	link, err := firebase.CreateActionLink.Do(t.Context(), c.HTTP, firebase.ActionLinkInput{Action: firebase.ResetPassword, Email: "a@example.com"})
	require.NoError(t, err)
	require.Equal(t, "https://example.com/canary", link.URL.Reveal())
	cookie, err := c.CreateSessionCookie(t.Context(), firebase.SessionCookieInput{IDToken: "t", Life: time.Hour})
	require.NoError(t, err)
	require.Equal(t, "canary", cookie.Value.Reveal())
	require.NotContains(t, fmt.Sprintf("%+v %#v %+v %#v", link, link, cookie, cookie), "canary")
}

// What does the same twice is repeated; what makes something is not.
func TestWhatIsRepeated(t *testing.T) {
	var not []string
	for _, op := range firebase.Operations {
		if info := op.Info(); !info.Repeatable && info.Method != "GET" {
			not = append(not, info.Name)
		}
	}
	require.ElementsMatch(t, []string{"users.create", "links.create"}, not)
	c, srv := newClient(t, clienttest.MustParse(`503, 200 {"users":[{"localId":"u1"}]}`)...)
	_, err := firebase.GetUser.Do(t.Context(), c.HTTP, firebase.GetUserInput{UID: "u1"})
	require.NoError(t, err)
	require.Equal(t, 2, srv.Count())
}

// P4: pages go on where they say, through an empty one, and a cycle is an error.
func TestP4_ListUsers(t *testing.T) {
	c, srv := newClient(t, clienttest.MustParse(`200 {"users":[{"localId":"u1"},{"localId":"u2"}],"nextPageToken":"a"}, 200 {"nextPageToken":"b"}, 200 {"users":[{"localId":"u3"}]}`)...)
	var uids []string
	for u, err := range firebase.ListUsers.All(t.Context(), c.HTTP, firebase.ListUsersInput{MaxResults: 2}) {
		require.NoError(t, err)
		uids = append(uids, u.UID)
	}
	require.Equal(t, []string{"u1", "u2", "u3"}, uids)
	require.Equal(t, below+"/accounts:batchGet?maxResults=2&nextPageToken=b", srv.Last().URL)

	c, srv = newClient(t, clienttest.JSON(200, `{"users":[{"localId":"u1"}],"nextPageToken":"a"}`))
	var last error
	for _, err := range firebase.ListUsers.All(t.Context(), c.HTTP, firebase.ListUsersInput{}) {
		last = err
	}
	require.ErrorIs(t, last, client.ErrDecode)
	for range firebase.ListUsers.All(t.Context(), c.HTTP, firebase.ListUsersInput{}) {
		break
	}
	require.Equal(t, 3, srv.Count())
}

// What is not what was asked for is an error, not an empty result.
func TestResponsesThatAreNone(t *testing.T) {
	ctx := t.Context()
	for name, body := range map[string]string{
		"no list": `{"users":7,"errors":7}`, "no users in it": `{"users":[7],"errors":[7]}`, "no times": `{"users":[{"createdAt":"x"}],"errors":[{"index":"x"}]}`,
	} {
		c, _ := newClient(t, clienttest.JSON(200, body))
		_, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{UID: "u1"})
		require.ErrorIs(t, err, client.ErrDecode, name)
		_, err = firebase.ListUsers.Do(ctx, c.HTTP, firebase.ListUsersInput{})
		require.ErrorIs(t, err, client.ErrDecode, name)
		_, err = firebase.DeleteUsers.Do(ctx, c.HTTP, firebase.DeleteUsersInput{UIDs: []string{"u1"}})
		require.ErrorIs(t, err, client.ErrDecode, name)
	}
}
