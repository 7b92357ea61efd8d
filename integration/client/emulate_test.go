package client

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/clerk"
	"github.com/standpipe-go/standpipe/secret"
)

// P1: what is made at emulate, a Clerk that keeps what it is told, is there afterwards.
// It knows no invitations to the application and no sign-in tokens.
func TestP1_ClerkAtEmulate(t *testing.T) {
	s := servers.Emulate(t, "clerk")
	made, err := clerk.New(secret.Static("sk_test_emulate"), client.WithBaseURL(s.URL+"/v1"), client.WithTransport(transport(t)))
	require.NoError(t, err)
	c, ctx := made.HTTP, t.Context()
	yes := "Yes"

	before, err := clerk.CountUsers.Do(ctx, c, clerk.UserFilter{})
	require.NoError(t, err)
	var users []clerk.User
	for n := range 5 {
		address := fmt.Sprintf("user%d@example.com", n)
		u, err := clerk.CreateUser.Do(ctx, c, clerk.CreateUserInput{EmailAddresses: []string{address}, FirstName: "Ann", Password: "correct horse",
			ExternalID: fmt.Sprint("ours_", n), PublicMetadata: map[string]any{"plan": "pro"}})
		require.NoError(t, err)
		require.Equal(t, address, u.PrimaryEmail())
		users = append(users, u)
	}
	after, err := clerk.CountUsers.Do(ctx, c, clerk.UserFilter{})
	require.NoError(t, err)
	require.Equal(t, before.Total+5, after.Total)

	one := clerk.UserInput{ID: users[0].ID}
	_, err = clerk.UpdateUser.Do(ctx, c, clerk.UpdateUserInput{ID: one.ID, FirstName: &yes})
	require.NoError(t, err)
	_, err = clerk.UpdateUserMetadata.Do(ctx, c, clerk.UserMetadataInput{ID: one.ID, Public: map[string]any{"seats": 3}})
	require.NoError(t, err)
	_, err = clerk.BanUser.Do(ctx, c, one)
	require.NoError(t, err)
	got, err := clerk.GetUser.Do(ctx, c, one)
	require.NoError(t, err)
	require.Equal(t, []any{"Yes", "ours_0", true, true}, []any{got.FirstName, got.ExternalID, got.PasswordEnabled, got.Banned})
	require.JSONEq(t, `{"plan":"pro","seats":3}`, string(got.PublicMetadata))
	got, err = clerk.UnbanUser.Do(ctx, c, one)
	require.NoError(t, err)
	require.False(t, got.Banned)

	// emulate wraps the list of users, which Clerk sends bare: that is no empty list.
	for _, err := range clerk.ListUsers.All(ctx, c, clerk.ListUsersInput{}) {
		require.ErrorIs(t, err, client.ErrDecode)
	}
	found, err := client.Call[clerk.Page[clerk.User]](ctx, c, client.Request{Path: "/users", Query: url.Values{"email_address": {"user3@example.com"}}})
	require.NoError(t, err)
	require.Len(t, found.Data, 1)
	require.Equal(t, users[3].ID, found.Data[0].ID)

	// There is no operation that begins a session: users do, by signing in.
	for range 3 {
		_, err = client.Post[clerk.Session](ctx, c, "/sessions", map[string]any{"user_id": one.ID})
		require.NoError(t, err)
	}
	var sessions []clerk.Session
	for session, err := range clerk.ListSessions.All(ctx, c, clerk.ListSessionsInput{UserID: one.ID, Limit: 2}) {
		require.NoError(t, err)
		require.Equal(t, []any{one.ID, "active"}, []any{session.UserID, session.Status})
		sessions = append(sessions, session)
	}
	require.Len(t, sessions, 3)
	_, err = clerk.RevokeSession.Do(ctx, c, clerk.SessionInput{ID: sessions[0].ID})
	require.NoError(t, err)
	session, err := clerk.GetSession.Do(ctx, c, clerk.SessionInput{ID: sessions[0].ID})
	require.NoError(t, err)
	require.Equal(t, "revoked", session.Status)

	acme, err := clerk.CreateOrganization.Do(ctx, c, clerk.CreateOrganizationInput{Name: "Acme", Slug: "acme", CreatedBy: one.ID, MaxMemberships: 9})
	require.NoError(t, err)
	acme, err = clerk.UpdateOrganization.Do(ctx, c, clerk.UpdateOrganizationInput{ID: acme.ID, Name: &yes})
	require.NoError(t, err)
	require.Equal(t, []any{"Yes", "acme", int64(9)}, []any{acme.Name, acme.Slug, acme.MaxMemberships})
	for _, u := range users[1:] {
		_, err = clerk.AddMember.Do(ctx, c, clerk.AddMemberInput{OrganizationID: acme.ID, UserID: u.ID, Role: "org:member"})
		require.NoError(t, err)
	}
	_, err = clerk.AddMember.Do(ctx, c, clerk.AddMemberInput{OrganizationID: acme.ID, UserID: one.ID, Role: "org:member"})
	require.ErrorIs(t, err, client.ErrBadRequest, "a member already")
	second := clerk.MemberInput{OrganizationID: acme.ID, UserID: users[1].ID}
	_, err = clerk.UpdateMember.Do(ctx, c, clerk.UpdateMemberInput{MemberInput: second, Role: "org:admin"})
	require.NoError(t, err)
	_, err = clerk.RemoveMember.Do(ctx, c, clerk.MemberInput{OrganizationID: acme.ID, UserID: users[2].ID})
	require.NoError(t, err)
	roles := map[string]string{}
	for m, err := range clerk.ListMembers.All(ctx, c, clerk.ListMembersInput{OrganizationID: acme.ID, Limit: 2}) {
		require.NoError(t, err)
		roles[m.User.ID] = m.Role
	}
	require.Equal(t, map[string]string{one.ID: "org:admin", users[1].ID: "org:admin", users[3].ID: "org:member", users[4].ID: "org:member"}, roles)
	invited, err := clerk.InviteMember.Do(ctx, c, clerk.InviteMemberInput{OrganizationID: acme.ID, EmailAddress: "guest@example.com", Role: "org:member", ExpiresInDays: 3})
	require.NoError(t, err)
	there, err := client.Get[clerk.OrganizationInvitation](ctx, c, "/organizations/"+acme.ID+"/invitations/"+invited.ID)
	require.NoError(t, err)
	require.Equal(t, []any{"guest@example.com", "pending"}, []any{there.EmailAddress, there.Status})

	var slugs []string
	for o, err := range clerk.ListOrganizations.All(ctx, c, clerk.ListOrganizationsInput{Query: "acme"}) {
		require.NoError(t, err)
		slugs = append(slugs, o.Slug)
	}
	require.Equal(t, []string{"acme"}, slugs)
	_, err = clerk.DeleteOrganization.Do(ctx, c, clerk.OrganizationInput{ID: acme.ID})
	require.NoError(t, err)
	_, err = clerk.GetOrganization.Do(ctx, c, clerk.OrganizationInput{ID: acme.ID})
	require.ErrorIs(t, err, client.ErrNotFound)

	gone, err := clerk.DeleteUser.Do(ctx, c, one)
	require.NoError(t, err)
	require.True(t, gone.Deleted)
	_, err = clerk.DeleteUser.Do(ctx, c, one)
	require.ErrorIs(t, err, client.ErrNotFound)
}
