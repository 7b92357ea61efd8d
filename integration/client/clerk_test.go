package client

import (
	"encoding/json"
	"testing"
	"time"

	sdk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/invitation"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationinvitation"
	"github.com/clerk/clerk-sdk-go/v2/organizationmembership"
	"github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/clerk/clerk-sdk-go/v2/signintoken"
	"github.com/clerk/clerk-sdk-go/v2/user"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/clerk"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1: Prism holds every operation's request to Clerk's own description, and what it makes
// up from there is what the operation decodes.
func TestClerkUnderItsOwnDescription(t *testing.T) {
	prism := servers.PrismForgiving(t, "clerk.yaml")
	adapter, err := clerk.New(secret.Static("sk_test_integration"), client.WithBaseURL(prism.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)
	c, ctx := adapter.HTTP, t.Context()
	yes, one, text := true, 1, "x"
	meta := map[string]any{"plan": "pro"}
	member := clerk.MemberInput{OrganizationID: "org_1", UserID: "user_1"}
	described(t, clerk.Operations, map[string]func(*testing.T) error{
		"users.list": func(*testing.T) error {
			return ignoring(clerk.ListUsers.Do(ctx, c, clerk.ListUsersInput{
				UserFilter: clerk.UserFilter{EmailAddresses: []string{"a@example.com"}, Banned: &yes, CreatedAfter: clerk.Time{Time: time.Now()}},
				OrderBy:    "-created_at", Limit: 500, Offset: 1,
			}))
		},
		"users.count": func(*testing.T) error {
			return ignoring(clerk.CountUsers.Do(ctx, c, clerk.UserFilter{Query: "x", ActiveSince: clerk.Time{Time: time.Now()}}))
		},
		"users.get": func(*testing.T) error { return ignoring(clerk.GetUser.Do(ctx, c, clerk.UserInput{ID: "user_1"})) },
		"users.create": func(*testing.T) error {
			return ignoring(clerk.CreateUser.Do(ctx, c, clerk.CreateUserInput{
				EmailAddresses: []string{"a@example.com"}, PhoneNumbers: []string{"+15551234567"}, Username: "ada", Password: "correct horse",
				FirstName: "Ada", LastName: "L", Locale: "en-GB", ExternalID: "42", PublicMetadata: meta, PrivateMetadata: meta, UnsafeMetadata: meta,
			}))
		},
		"users.update": func(*testing.T) error {
			return ignoring(clerk.UpdateUser.Do(ctx, c, clerk.UpdateUserInput{ID: "user_1", FirstName: &text, Password: &text, SignOutElsewhere: &yes}))
		},
		"users.metadata": func(*testing.T) error {
			return ignoring(clerk.UpdateUserMetadata.Do(ctx, c, clerk.UserMetadataInput{ID: "user_1", Public: meta, Private: map[string]any{"a": nil}}))
		},
		"users.ban":    func(*testing.T) error { return ignoring(clerk.BanUser.Do(ctx, c, clerk.UserInput{ID: "user_1"})) },
		"users.unban":  func(*testing.T) error { return ignoring(clerk.UnbanUser.Do(ctx, c, clerk.UserInput{ID: "user_1"})) },
		"users.delete": func(*testing.T) error { return ignoring(clerk.DeleteUser.Do(ctx, c, clerk.UserInput{ID: "user_1"})) },
		"sessions.list": func(*testing.T) error {
			return ignoring(clerk.ListSessions.Do(ctx, c, clerk.ListSessionsInput{UserID: "user_1", Status: "active", Limit: 1, Offset: 1}))
		},
		"sessions.get": func(*testing.T) error { return ignoring(clerk.GetSession.Do(ctx, c, clerk.SessionInput{ID: "sess_1"})) },
		"sessions.revoke": func(*testing.T) error {
			return ignoring(clerk.RevokeSession.Do(ctx, c, clerk.SessionInput{ID: "sess_1"}))
		},
		"organizations.list": func(*testing.T) error {
			return ignoring(clerk.ListOrganizations.Do(ctx, c, clerk.ListOrganizationsInput{Query: "x", UserIDs: []string{"user_1"}, CountMembers: true, OrderBy: "name"}))
		},
		"organizations.get": func(*testing.T) error {
			return ignoring(clerk.GetOrganization.Do(ctx, c, clerk.OrganizationInput{ID: "org_1"}))
		},
		"organizations.create": func(*testing.T) error {
			return ignoring(clerk.CreateOrganization.Do(ctx, c, clerk.CreateOrganizationInput{Name: "Acme", Slug: "acme", CreatedBy: "user_1", MaxMemberships: 5, PublicMetadata: meta}))
		},
		"organizations.update": func(*testing.T) error {
			return ignoring(clerk.UpdateOrganization.Do(ctx, c, clerk.UpdateOrganizationInput{ID: "org_1", Name: &text, MaxMemberships: &one}))
		},
		"organizations.delete": func(*testing.T) error {
			return ignoring(clerk.DeleteOrganization.Do(ctx, c, clerk.OrganizationInput{ID: "org_1"}))
		},
		"members.list": func(*testing.T) error {
			return ignoring(clerk.ListMembers.Do(ctx, c, clerk.ListMembersInput{OrganizationID: "org_1", Query: "x", Roles: []string{"org:admin"}, Limit: 1}))
		},
		"users.memberships": func(*testing.T) error {
			return ignoring(clerk.ListMembershipsOfUser.Do(ctx, c, clerk.ListMembershipsOfUserInput{UserID: "user_1", Limit: 1}))
		},
		"members.add": func(*testing.T) error {
			return ignoring(clerk.AddMember.Do(ctx, c, clerk.AddMemberInput{OrganizationID: "org_1", UserID: "user_1", Role: "org:member"}))
		},
		"members.update": func(*testing.T) error {
			return ignoring(clerk.UpdateMember.Do(ctx, c, clerk.UpdateMemberInput{MemberInput: member, Role: "org:admin"}))
		},
		"members.remove": func(*testing.T) error { return ignoring(clerk.RemoveMember.Do(ctx, c, member)) },
		"members.invite": func(*testing.T) error {
			return ignoring(clerk.InviteMember.Do(ctx, c, clerk.InviteMemberInput{
				OrganizationID: "org_1", EmailAddress: "a@example.com", Role: "org:member", InviterID: "user_1", RedirectURL: "https://example.com", ExpiresInDays: 3, PublicMetadata: meta,
			}))
		},
		"invitations.list": func(*testing.T) error {
			return ignoring(clerk.ListInvitations.Do(ctx, c, clerk.ListInvitationsInput{Status: "pending", Query: "a", OrderBy: "-created_at", Limit: 1}))
		},
		"invitations.create": func(*testing.T) error {
			return ignoring(clerk.CreateInvitation.Do(ctx, c, clerk.CreateInvitationInput{EmailAddress: "a@example.com", RedirectURL: "https://example.com", Notify: &yes, ExpiresInDays: 3, PublicMetadata: meta}))
		},
		"invitations.revoke": func(*testing.T) error {
			return ignoring(clerk.RevokeInvitation.Do(ctx, c, clerk.InvitationInput{ID: "inv_1"}))
		},
		"sign_in_tokens.create": func(*testing.T) error {
			return ignoring(clerk.CreateSignInToken.Do(ctx, c, clerk.CreateSignInTokenInput{UserID: "user_1", ExpiresInSeconds: 60}))
		},
		"sign_in_tokens.revoke": func(*testing.T) error {
			return ignoring(clerk.RevokeSignInToken.Do(ctx, c, clerk.SignInTokenInput{ID: "sit_1"}))
		},
	})
	t.Run("what the description forbids is a typed error", func(t *testing.T) {
		_, err := clerk.CreateSignInToken.Do(ctx, c, clerk.CreateSignInTokenInput{UserID: "user_1", ExpiresInSeconds: -1})
		require.ErrorIs(t, err, client.ErrBadRequest)
	})
	t.Run("a documented error", func(t *testing.T) {
		_, err := clerk.GetUser.Do(ctx, c, clerk.UserInput{ID: "user_1"}, func(r *client.Request) {
			r.Header = map[string][]string{"Prefer": {"code=404"}}
		})
		require.ErrorIs(t, err, client.ErrNotFound)
	})
}

// P1: clerk-sdk-go sends the same requests.
func TestClerkSendsWhatItsSDKSends(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{"id":"x","total_count":0}`))
	c, err := clerk.New(secret.Static("sk_test_1"), client.WithBaseURL(srv.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)
	hc, err := clerk.HTTPClient(secret.Static("sk_test_1"), client.WithBaseURL(srv.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)
	cfg := &sdk.ClientConfig{BackendConfig: sdk.BackendConfig{HTTPClient: hc, URL: &srv.URL, Key: sdk.String("sk_the_stack_replaces_it")}}
	users, sessions, orgs := user.NewClient(cfg), session.NewClient(cfg), organization.NewClient(cfg)
	members, invites, orgInvites, tokens := organizationmembership.NewClient(cfg), invitation.NewClient(cfg), organizationinvitation.NewClient(cfg), signintoken.NewClient(cfg)
	ctx := t.Context()
	text, no, seven, milli := "x", false, int64(7), int64(1795705200123)
	raw := sdk.JSONRawMessage([]byte(`{"plan":"pro"}`))
	meta := map[string]any{"plan": "pro"}
	after := clerk.Time{Time: time.UnixMilli(milli)}
	member := clerk.MemberInput{OrganizationID: "org_1", UserID: "user_1"}
	require.True(t, json.Valid(*raw))
	sameRequests(t, srv, map[string][2]func() error{
		"count": {
			func() error {
				return ignoring(clerk.CountUsers.Do(ctx, c.HTTP, clerk.UserFilter{EmailAddresses: []string{"a@x", "b@x"}, Banned: &no, CreatedAfter: after}))
			},
			func() error {
				return ignoring(users.Count(ctx, &user.ListParams{EmailAddresses: []string{"a@x", "b@x"}, Banned: &no, CreatedAtAfter: &milli}))
			},
		},
		"get": {
			func() error { return ignoring(clerk.GetUser.Do(ctx, c.HTTP, clerk.UserInput{ID: "user_1"})) },
			func() error { return ignoring(users.Get(ctx, "user_1")) },
		},
		"create": {
			func() error {
				return ignoring(clerk.CreateUser.Do(ctx, c.HTTP, clerk.CreateUserInput{EmailAddresses: []string{"a@x"}, Username: text, PasswordDigest: text, PasswordHasher: text, ExternalID: text, PrivateMetadata: meta}))
			},
			func() error {
				return ignoring(users.Create(ctx, &user.CreateParams{EmailAddresses: &[]string{"a@x"}, Username: &text, PasswordDigest: &text, PasswordHasher: &text, ExternalID: &text, PrivateMetadata: raw}))
			},
		},
		"update": {
			func() error {
				return ignoring(clerk.UpdateUser.Do(ctx, c.HTTP, clerk.UpdateUserInput{ID: "user_1", FirstName: &text, PrimaryEmailAddressID: &text, SignOutElsewhere: &no}))
			},
			func() error {
				return ignoring(users.Update(ctx, "user_1", &user.UpdateParams{FirstName: &text, PrimaryEmailAddressID: &text, SignOutOfOtherSessions: &no}))
			},
		},
		"metadata": {
			func() error {
				return ignoring(clerk.UpdateUserMetadata.Do(ctx, c.HTTP, clerk.UserMetadataInput{ID: "user_1", Public: meta, Unsafe: meta}))
			},
			func() error {
				return ignoring(users.UpdateMetadata(ctx, "user_1", &user.UpdateMetadataParams{PublicMetadata: raw, UnsafeMetadata: raw}))
			},
		},
		"ban": {
			func() error { return ignoring(clerk.BanUser.Do(ctx, c.HTTP, clerk.UserInput{ID: "user_1"})) },
			func() error { return ignoring(users.Ban(ctx, "user_1")) },
		},
		"unban": {
			func() error { return ignoring(clerk.UnbanUser.Do(ctx, c.HTTP, clerk.UserInput{ID: "user_1"})) },
			func() error { return ignoring(users.Unban(ctx, "user_1")) },
		},
		"delete": {
			func() error { return ignoring(clerk.DeleteUser.Do(ctx, c.HTTP, clerk.UserInput{ID: "user_1"})) },
			func() error { return ignoring(users.Delete(ctx, "user_1")) },
		},
		"sessions": {
			func() error {
				return ignoring(clerk.ListSessions.Do(ctx, c.HTTP, clerk.ListSessionsInput{UserID: "user_1", Status: "active", Limit: 7}))
			},
			func() error {
				p := &session.ListParams{UserID: sdk.String("user_1"), Status: sdk.String("active")}
				p.Limit = &seven
				return ignoring(sessions.List(ctx, p))
			},
		},
		"session": {
			func() error { return ignoring(clerk.GetSession.Do(ctx, c.HTTP, clerk.SessionInput{ID: "sess_1"})) },
			func() error { return ignoring(sessions.Get(ctx, "sess_1")) },
		},
		"revoke session": {
			func() error { return ignoring(clerk.RevokeSession.Do(ctx, c.HTTP, clerk.SessionInput{ID: "sess_1"})) },
			func() error { return ignoring(sessions.Revoke(ctx, &session.RevokeParams{ID: "sess_1"})) },
		},
		"organizations": {
			func() error {
				return ignoring(clerk.ListOrganizations.Do(ctx, c.HTTP, clerk.ListOrganizationsInput{Query: text, UserIDs: []string{"u1", "u2"}, OrderBy: "-name", Limit: 7}))
			},
			func() error {
				p := &organization.ListParams{Query: &text, UserIDs: []string{"u1", "u2"}, OrderBy: sdk.String("-name")}
				p.Limit = &seven
				return ignoring(orgs.List(ctx, p))
			},
		},
		"create organization": {
			func() error {
				return ignoring(clerk.CreateOrganization.Do(ctx, c.HTTP, clerk.CreateOrganizationInput{Name: text, Slug: text, CreatedBy: text, MaxMemberships: 7, PublicMetadata: meta}))
			},
			func() error {
				return ignoring(orgs.Create(ctx, &organization.CreateParams{Name: &text, Slug: &text, CreatedBy: &text, MaxAllowedMemberships: &seven, PublicMetadata: raw}))
			},
		},
		"update organization": {
			func() error {
				return ignoring(clerk.UpdateOrganization.Do(ctx, c.HTTP, clerk.UpdateOrganizationInput{ID: "org_1", Name: &text}))
			},
			func() error { return ignoring(orgs.Update(ctx, "org_1", &organization.UpdateParams{Name: &text})) },
		},
		"delete organization": {
			func() error {
				return ignoring(clerk.DeleteOrganization.Do(ctx, c.HTTP, clerk.OrganizationInput{ID: "org_1"}))
			},
			func() error { return ignoring(orgs.Delete(ctx, "org_1")) },
		},
		"members": {
			func() error {
				return ignoring(clerk.ListMembers.Do(ctx, c.HTTP, clerk.ListMembersInput{OrganizationID: "org_1", UserIDs: []string{"u1"}, Roles: []string{"org:admin", "org:member"}, Limit: 7}))
			},
			func() error {
				p := &organizationmembership.ListParams{OrganizationID: "org_1", UserIDs: []string{"u1"}, Roles: []string{"org:admin", "org:member"}}
				p.Limit = &seven
				return ignoring(members.List(ctx, p))
			},
		},
		"memberships of a user": {
			func() error {
				return ignoring(clerk.ListMembershipsOfUser.Do(ctx, c.HTTP, clerk.ListMembershipsOfUserInput{UserID: "user_1", Limit: 7}))
			},
			func() error {
				p := &user.ListOrganizationMembershipsParams{}
				p.Limit = &seven
				return ignoring(users.ListOrganizationMemberships(ctx, "user_1", p))
			},
		},
		"add member": {
			func() error {
				return ignoring(clerk.AddMember.Do(ctx, c.HTTP, clerk.AddMemberInput{OrganizationID: "org_1", UserID: "user_1", Role: "org:member"}))
			},
			func() error {
				return ignoring(members.Create(ctx, &organizationmembership.CreateParams{OrganizationID: "org_1", UserID: sdk.String("user_1"), Role: sdk.String("org:member")}))
			},
		},
		"update member": {
			func() error {
				return ignoring(clerk.UpdateMember.Do(ctx, c.HTTP, clerk.UpdateMemberInput{MemberInput: member, Role: "org:admin"}))
			},
			func() error {
				return ignoring(members.Update(ctx, &organizationmembership.UpdateParams{OrganizationID: "org_1", UserID: "user_1", Role: sdk.String("org:admin")}))
			},
		},
		"remove member": {
			func() error { return ignoring(clerk.RemoveMember.Do(ctx, c.HTTP, member)) },
			func() error {
				return ignoring(members.Delete(ctx, &organizationmembership.DeleteParams{OrganizationID: "org_1", UserID: "user_1"}))
			},
		},
		"invite member": {
			func() error {
				return ignoring(clerk.InviteMember.Do(ctx, c.HTTP, clerk.InviteMemberInput{OrganizationID: "org_1", EmailAddress: "a@x", Role: "org:member", InviterID: "user_1", ExpiresInDays: 7}))
			},
			func() error {
				return ignoring(orgInvites.Create(ctx, &organizationinvitation.CreateParams{OrganizationID: "org_1", EmailAddress: sdk.String("a@x"), Role: sdk.String("org:member"), InviterUserID: sdk.String("user_1"), ExpiresInDays: &seven}))
			},
		},
		"invitations": {
			func() error {
				return ignoring(clerk.ListInvitations.Do(ctx, c.HTTP, clerk.ListInvitationsInput{Status: "pending", Query: text, Limit: 7}))
			},
			func() error {
				p := &invitation.ListParams{Statuses: []string{"pending"}, Query: &text}
				p.Limit = &seven
				return ignoring(invites.List(ctx, p))
			},
		},
		"invite": {
			func() error {
				return ignoring(clerk.CreateInvitation.Do(ctx, c.HTTP, clerk.CreateInvitationInput{EmailAddress: "a@x", RedirectURL: text, Notify: &no, ExpiresInDays: 7, PublicMetadata: meta}))
			},
			func() error {
				return ignoring(invites.Create(ctx, &invitation.CreateParams{EmailAddress: "a@x", RedirectURL: &text, Notify: &no, ExpiresInDays: &seven, PublicMetadata: raw}))
			},
		},
		"revoke invitation": {
			func() error {
				return ignoring(clerk.RevokeInvitation.Do(ctx, c.HTTP, clerk.InvitationInput{ID: "inv_1"}))
			},
			func() error { return ignoring(invites.Revoke(ctx, "inv_1")) },
		},
		"sign-in token": {
			func() error {
				return ignoring(clerk.CreateSignInToken.Do(ctx, c.HTTP, clerk.CreateSignInTokenInput{UserID: "user_1", ExpiresInSeconds: 7}))
			},
			func() error {
				return ignoring(tokens.Create(ctx, &signintoken.CreateParams{UserID: sdk.String("user_1"), ExpiresInSeconds: &seven}))
			},
		},
		"revoke sign-in token": {
			func() error {
				return ignoring(clerk.RevokeSignInToken.Do(ctx, c.HTTP, clerk.SignInTokenInput{ID: "sit_1"}))
			},
			func() error { return ignoring(tokens.Revoke(ctx, "sit_1")) },
		},
	})
	t.Run("users", func(t *testing.T) {
		srv.Script(clienttest.JSON(200, `[]`), clienttest.JSON(200, `[]`), clienttest.JSON(200, `{"total_count":0}`))
		require.NoError(t, ignoring(clerk.ListUsers.Do(ctx, c.HTTP, clerk.ListUsersInput{UserFilter: clerk.UserFilter{IDs: []string{"u1"}}, OrderBy: "-created_at", Limit: 7})))
		ours := asSent(t, srv.Last())
		p := &user.ListParams{UserIDs: []string{"u1"}, OrderBy: sdk.String("-created_at")}
		p.Limit = &seven
		require.NoError(t, ignoring(users.List(ctx, p)))
		require.Equal(t, asSent(t, srv.Requests()[srv.Count()-2]), ours)
	})
}
