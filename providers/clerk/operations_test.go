package clerk_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/clerk"
)

func ptr[T any](v T) *T { return &v }

// What each operation sends. integration holds the same to clerk-sdk-go and to Clerk's
// own description (P1).
func TestRequests(t *testing.T) {
	c, srv := newClient(t, clienttest.JSON(200, `{}`))
	ctx := t.Context()
	at := time.UnixMilli(1795705200123)
	member := clerk.MemberInput{OrganizationID: "org_1", UserID: "user_1"}
	calls := map[string]func() error{
		"GET /users/count?banned=false&created_at_after=1795705200123&email_address=a%40example.com&email_address=b%40example.com ": func() error {
			_, err := clerk.CountUsers.Do(ctx, c, clerk.UserFilter{
				EmailAddresses: []string{"a@example.com", "b@example.com"}, Banned: ptr(false), CreatedAfter: clerk.Time{Time: at},
			})
			return err
		},
		"GET /users/user_1 ": func() error { _, err := clerk.GetUser.Do(ctx, c, clerk.UserInput{ID: "user_1"}); return err },
		`POST /users {"email_address":["a@example.com"],"external_id":"42","public_metadata":{"plan":"pro"}}`: func() error {
			_, err := clerk.CreateUser.Do(ctx, c, clerk.CreateUserInput{
				EmailAddresses: []string{"a@example.com"}, ExternalID: "42", PublicMetadata: map[string]any{"plan": "pro"},
			})
			return err
		},
		`PATCH /users/user_1 {"last_name":"","sign_out_of_other_sessions":false}`: func() error {
			_, err := clerk.UpdateUser.Do(ctx, c, clerk.UpdateUserInput{ID: "user_1", LastName: ptr(""), SignOutElsewhere: ptr(false)})
			return err
		},
		`PATCH /users/user_1/metadata {"private_metadata":{"a":null}}`: func() error {
			_, err := clerk.UpdateUserMetadata.Do(ctx, c, clerk.UserMetadataInput{ID: "user_1", Private: map[string]any{"a": nil}})
			return err
		},
		"POST /users/user_1/ban ":   func() error { _, err := clerk.BanUser.Do(ctx, c, clerk.UserInput{ID: "user_1"}); return err },
		"POST /users/user_1/unban ": func() error { _, err := clerk.UnbanUser.Do(ctx, c, clerk.UserInput{ID: "user_1"}); return err },
		"DELETE /users/user_1 ":     func() error { _, err := clerk.DeleteUser.Do(ctx, c, clerk.UserInput{ID: "user_1"}); return err },
		"GET /sessions/sess_1 ":     func() error { _, err := clerk.GetSession.Do(ctx, c, clerk.SessionInput{ID: "sess_1"}); return err },
		"POST /sessions/sess_1/revoke ": func() error {
			_, err := clerk.RevokeSession.Do(ctx, c, clerk.SessionInput{ID: "sess_1"})
			return err
		},
		"GET /organizations/org_1 ": func() error {
			_, err := clerk.GetOrganization.Do(ctx, c, clerk.OrganizationInput{ID: "org_1"})
			return err
		},
		`POST /organizations {"name":"Acme","created_by":"user_1"}`: func() error {
			_, err := clerk.CreateOrganization.Do(ctx, c, clerk.CreateOrganizationInput{Name: "Acme", CreatedBy: "user_1"})
			return err
		},
		`PATCH /organizations/org_1 {"max_allowed_memberships":0}`: func() error {
			_, err := clerk.UpdateOrganization.Do(ctx, c, clerk.UpdateOrganizationInput{ID: "org_1", MaxMemberships: ptr(0)})
			return err
		},
		"DELETE /organizations/org_1 ": func() error {
			_, err := clerk.DeleteOrganization.Do(ctx, c, clerk.OrganizationInput{ID: "org_1"})
			return err
		},
		`POST /organizations/org_1/memberships {"user_id":"user_1","role":"org:member"}`: func() error {
			_, err := clerk.AddMember.Do(ctx, c, clerk.AddMemberInput{OrganizationID: "org_1", UserID: "user_1", Role: "org:member"})
			return err
		},
		`PATCH /organizations/org_1/memberships/user_1 {"role":"org:admin"}`: func() error {
			_, err := clerk.UpdateMember.Do(ctx, c, clerk.UpdateMemberInput{MemberInput: member, Role: "org:admin"})
			return err
		},
		"DELETE /organizations/org_1/memberships/user_1 ": func() error { _, err := clerk.RemoveMember.Do(ctx, c, member); return err },
		`POST /organizations/org_1/invitations {"email_address":"a@example.com","role":"org:member"}`: func() error {
			_, err := clerk.InviteMember.Do(ctx, c, clerk.InviteMemberInput{OrganizationID: "org_1", EmailAddress: "a@example.com", Role: "org:member"})
			return err
		},
		`POST /invitations {"email_address":"a@example.com","notify":false}`: func() error {
			_, err := clerk.CreateInvitation.Do(ctx, c, clerk.CreateInvitationInput{EmailAddress: "a@example.com", Notify: ptr(false)})
			return err
		},
		"POST /invitations/inv_1/revoke ": func() error {
			_, err := clerk.RevokeInvitation.Do(ctx, c, clerk.InvitationInput{ID: "inv_1"})
			return err
		},
		`POST /sign_in_tokens {"user_id":"user_1","expires_in_seconds":60}`: func() error {
			_, err := clerk.CreateSignInToken.Do(ctx, c, clerk.CreateSignInTokenInput{UserID: "user_1", ExpiresInSeconds: 60})
			return err
		},
		"POST /sign_in_tokens/sit_1/revoke ": func() error {
			_, err := clerk.RevokeSignInToken.Do(ctx, c, clerk.SignInTokenInput{ID: "sit_1"})
			return err
		},
	}
	lists := 0
	for _, op := range clerk.Operations {
		if op.Info().Lists {
			lists++
		}
	}
	require.Len(t, calls, len(clerk.Operations)-lists, "every operation that is no listing")
	for _, want := range slices.Sorted(maps.Keys(calls)) {
		require.NoError(t, calls[want](), want)
		last := srv.Last()
		require.Equal(t, want, fmt.Sprintf("%s %s %s", last.Method, last.URL, strings.TrimSpace(string(last.Body))))
	}
}

// What does the same twice is repeated; what sends a mail or makes something is not.
func TestWhatIsRepeated(t *testing.T) {
	repeated := map[string]bool{}
	for _, op := range clerk.Operations {
		info := op.Info()
		repeated[info.Name] = info.Repeatable || info.Method == "GET" || info.Method == "DELETE"
	}
	for _, name := range []string{
		"users.create", "organizations.create", "members.add", "members.invite", "invitations.create", "invitations.revoke",
		"sign_in_tokens.create", "sign_in_tokens.revoke",
	} {
		require.Contains(t, repeated, name)
		require.False(t, repeated[name], name)
		delete(repeated, name)
	}
	for name, again := range repeated {
		require.True(t, again, name)
	}
	c, srv := newClient(t, clienttest.MustParse(`503, 200 {"id":"user_1","banned":true}`)...)
	user, err := clerk.BanUser.Do(t.Context(), c, clerk.UserInput{ID: "user_1"})
	require.NoError(t, err)
	require.True(t, user.Banned)
	require.Equal(t, 2, srv.Count())
}

// P3: what Clerk adds breaks nothing, and null is nothing.
func TestP3_Users(t *testing.T) {
	c, _ := newClient(t, clienttest.JSON(200, `{
		"id":"user_1","object":"a_new_object","future":{"a":[1]},"username":null,"first_name":"Ada","last_sign_in_at":null,"created_at":1795705200123,
		"primary_email_address_id":"e_2","email_addresses":[{"id":"e_1","email_address":"a@example.com","verification":null},
		{"id":"e_2","email_address":"b@example.com","verification":{"status":"a_new_status","strategy":"x"}}],
		"public_metadata":{"plan":"pro"},"private_metadata":null,"external_accounts":[{"id":1}]}`))
	u, err := clerk.GetUser.Do(t.Context(), c, clerk.UserInput{ID: "user_1"})
	require.NoError(t, err)
	require.Equal(t, "b@example.com", u.PrimaryEmail())
	require.Equal(t, "a_new_status", u.EmailAddresses[1].Verification.Status)
	require.Nil(t, u.EmailAddresses[0].Verification)
	require.Equal(t, time.UnixMilli(1795705200123).UTC(), u.CreatedAt.Time)
	require.True(t, u.LastSignInAt.IsZero())
	require.JSONEq(t, `{"plan":"pro"}`, string(u.PublicMetadata))
	require.Empty(t, (&clerk.User{}).PrimaryEmail())

	r, err := clerk.GetUser.Request(clerk.UserInput{ID: "user_1"})
	require.NoError(t, err)
	raw, err := client.Call[json.RawMessage](t.Context(), c, r)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"future":{"a":[1]}`, "what no field has")
}

// What signs somebody in is not shown by printing it.
func TestSignInTokensAreSecret(t *testing.T) {
	c, _ := newClient(t, clienttest.JSON(200, `{"id":"sit_1","status":"pending","token":"canary","url":null}`))
	made, err := clerk.CreateSignInToken.Do(t.Context(), c, clerk.CreateSignInTokenInput{UserID: "user_1"})
	require.NoError(t, err)
	require.Equal(t, "canary", made.Token.Reveal())
	require.Empty(t, made.URL.Reveal())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", made, made, made), "canary")
}

// C39: an identifier that is empty, or has dots for a segment, reaches nothing.
func TestC39_Identifiers(t *testing.T) {
	c, srv := newClient(t, clienttest.JSON(200, `{}`))
	for _, id := range []string{"", ".", ".."} {
		_, err := clerk.GetUser.Do(t.Context(), c, clerk.UserInput{ID: id})
		require.ErrorIs(t, err, client.ErrRequest, id)
		_, err = clerk.RemoveMember.Do(t.Context(), c, clerk.MemberInput{OrganizationID: "org_1", UserID: id})
		require.ErrorIs(t, err, client.ErrRequest, id)
	}
	require.Zero(t, srv.Count())
	_, err := clerk.GetUser.Do(t.Context(), c, clerk.UserInput{ID: "a/b?c"})
	require.NoError(t, err)
	require.Equal(t, "/users/a%2Fb%3Fc", srv.Last().URL)
}
