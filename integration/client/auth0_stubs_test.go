package client

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/auth0"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// beside adds the parameters that a stub asks for and the adapter has no use for.
func beside(pairs ...string) func(*client.Request) {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return func(r *client.Request) {
		for name := range q {
			if r.Query == nil {
				r.Query = url.Values{}
			}
			r.Query.Set(name, q.Get(name))
		}
	}
}

// P1: WireMock with Auth0's own stubs takes each operation's request – method, path,
// every parameter – and each response that they document is read.
func TestP1_Auth0UnderItsOwnStubs(t *testing.T) {
	srv := servers.WireMock(t, "auth0_stubs.json")
	c, err := auth0.New(auth0.Config{Domain: srv.URL, Token: secret.Static("t_1")}, client.WithBaseURL(srv.URL), client.WithTransport(transport(t)), client.WithRetry(retry.Never))
	require.NoError(t, err)
	ctx, hc := t.Context(), c.HTTP
	at := time.Date(2024, 1, 15, 9, 30, 0, 0, time.UTC)
	fields := []string{"fields", "fields", "include_fields", "true"}
	id, ids := auth0.UserInput{ID: "id"}, []string{"a"}

	calls := map[string]func(*testing.T) error{
		"users.search": func(t *testing.T) error {
			page, err := auth0.SearchUsers.Do(ctx, hc, auth0.SearchUsersInput{Query: "q", Sort: "sort", Page: 1, PerPage: 1},
				beside(append(fields, "connection", "connection", "primary_order", "true")...))
			if err == nil {
				require.Equal(t, auth0.Totals{Start: 1, Limit: 1, Total: 1}, page.Totals)
				require.Equal(t, "user_id", page.Users[0].ID)
			}
			return err
		},
		"users.by_email": func(t *testing.T) error {
			users, err := auth0.UsersByEmail.Do(ctx, hc, auth0.EmailInput{Email: "email"}, beside(fields...))
			if err == nil {
				require.Equal(t, "email", users[0].Email)
				require.True(t, users[0].EmailVerified)
			}
			return err
		},
		"users.get": func(t *testing.T) error {
			user, err := auth0.GetUser.Do(ctx, hc, id, beside(fields...))
			if err == nil {
				require.Equal(t, "user_id", user.ID)
				require.Equal(t, "ad", user.Identities[0].Provider)
			}
			return err
		},
		"users.create": func(t *testing.T) error {
			user, err := auth0.CreateUser.Do(ctx, hc, auth0.CreateUserInput{Connection: "connection", Email: "email"})
			if err == nil {
				require.Equal(t, "user_id", user.ID)
			}
			return err
		},
		"users.update": func(t *testing.T) error {
			user, err := auth0.UpdateUser.Do(ctx, hc, auth0.UpdateUserInput{ID: "id", UserMetadata: map[string]any{"a": "b"}})
			if err == nil {
				require.Equal(t, "user_id", user.ID)
			}
			return err
		},
		"users.delete": func(*testing.T) error { return ignoring(auth0.DeleteUser.Do(ctx, hc, id)) },
		"users.link": func(t *testing.T) error {
			identities, err := auth0.LinkIdentity.Do(ctx, hc, auth0.LinkIdentityInput{ID: "id", Provider: "auth0", UserID: "user_id"})
			if err == nil {
				require.Equal(t, "connection", identities[0].Connection)
			}
			return err
		},
		"users.unlink": func(*testing.T) error {
			return ignoring(auth0.UnlinkIdentity.Do(ctx, hc, auth0.UnlinkIdentityInput{ID: "id", Provider: "ad", UserID: "user_id"}))
		},
		"users.reset_mfa": func(*testing.T) error { return ignoring(auth0.ResetMFA.Do(ctx, hc, id)) },
		"users.roles": func(t *testing.T) error {
			page, err := auth0.ListRolesOfUser.Do(ctx, hc, auth0.ListRolesOfUserInput{ID: "id", Page: 1, PerPage: 1})
			if err == nil {
				require.Equal(t, []auth0.Role{{ID: "id", Name: "name", Description: "description"}}, page.Roles)
			}
			return err
		},
		"users.assign_roles": func(*testing.T) error {
			return ignoring(auth0.AssignRoles.Do(ctx, hc, auth0.UserRolesInput{ID: "id", Roles: ids}))
		},
		"users.remove_roles": func(*testing.T) error {
			return ignoring(auth0.RemoveRoles.Do(ctx, hc, auth0.UserRolesInput{ID: "id", Roles: ids}))
		},
		"roles.list": func(t *testing.T) error {
			page, err := auth0.ListRoles.Do(ctx, hc, auth0.ListRolesInput{Name: "name_filter", Page: 1, PerPage: 1})
			if err == nil {
				require.Equal(t, 1, page.Total)
				require.Equal(t, "name", page.Roles[0].Name)
			}
			return err
		},
		"roles.create": func(t *testing.T) error {
			role, err := auth0.CreateRole.Do(ctx, hc, auth0.CreateRoleInput{Name: "name"})
			if err == nil {
				require.Equal(t, auth0.Role{ID: "id", Name: "name", Description: "description"}, role)
			}
			return err
		},
		"organizations.list": func(t *testing.T) error {
			page, err := auth0.ListOrganizations.Do(ctx, hc, auth0.ListOrganizationsInput{From: "from", Take: 1}, beside("sort", "sort"))
			if err == nil {
				require.Equal(t, "next", page.Next)
				require.Equal(t, "name", page.Organizations[0].Name)
			}
			return err
		},
		"organizations.get": func(t *testing.T) error {
			org, err := auth0.GetOrganization.Do(ctx, hc, auth0.OrganizationInput{ID: "id"})
			if err == nil {
				require.Equal(t, "display_name", org.DisplayName)
			}
			return err
		},
		"organizations.create": func(t *testing.T) error {
			org, err := auth0.CreateOrganization.Do(ctx, hc, auth0.CreateOrganizationInput{Name: "name"})
			if err == nil {
				require.Equal(t, "id", org.ID)
			}
			return err
		},
		"organizations.delete": func(*testing.T) error {
			return ignoring(auth0.DeleteOrganization.Do(ctx, hc, auth0.OrganizationInput{ID: "id"}))
		},
		"organizations.members": func(t *testing.T) error {
			page, err := auth0.ListMembers.Do(ctx, hc, auth0.ListMembersInput{ID: "id", From: "from", Take: 1}, beside(fields...))
			if err == nil {
				require.Equal(t, auth0.Member{UserID: "user_id", Email: "email", Name: "name", Picture: "picture"}, page.Members[0])
			}
			return err
		},
		"organizations.add_members": func(*testing.T) error {
			return ignoring(auth0.AddMembers.Do(ctx, hc, auth0.MembersInput{ID: "id", Members: ids}))
		},
		"organizations.remove_members": func(*testing.T) error {
			return ignoring(auth0.RemoveMembers.Do(ctx, hc, auth0.MembersInput{ID: "id", Members: ids}))
		},
		"connections.list": func(t *testing.T) error {
			page, err := auth0.ListConnections.Do(ctx, hc, auth0.ListConnectionsInput{Strategies: []string{"ad"}, Name: "name", From: "from", Take: 1}, beside(fields...))
			if err == nil {
				require.Equal(t, "next", page.Next)
				require.Equal(t, "strategy", page.Connections[0].Strategy)
			}
			return err
		},
		"connections.get": func(t *testing.T) error {
			connection, err := auth0.GetConnection.Do(ctx, hc, auth0.ConnectionInput{ID: "id"}, beside(fields...))
			if err == nil {
				require.Equal(t, "name", connection.Name)
			}
			return err
		},
		"tickets.password": func(t *testing.T) error {
			ticket, err := auth0.CreatePasswordTicket.Do(ctx, hc, auth0.PasswordTicketInput{UserID: "id"})
			if err == nil {
				require.Equal(t, "ticket", ticket.URL.Reveal())
			}
			return err
		},
		"tickets.verification": func(t *testing.T) error {
			ticket, err := auth0.CreateVerificationTicket.Do(ctx, hc, auth0.VerificationTicketInput{UserID: "id"})
			if err == nil {
				require.Equal(t, "ticket", ticket.URL.Reveal())
			}
			return err
		},
		"jobs.import": func(t *testing.T) error {
			job, err := auth0.ImportUsers.Do(ctx, hc, auth0.ImportUsersInput{ConnectionID: "con_1", Users: []byte(`[]`)})
			if err == nil {
				require.Equal(t, at, job.CreatedAt)
			}
			return err
		},
		"jobs.export": func(t *testing.T) error {
			job, err := auth0.ExportUsers.Do(ctx, hc, auth0.ExportUsersInput{ConnectionID: "con_1", Format: "json"})
			if err == nil {
				require.Equal(t, "type", job.Type)
			}
			return err
		},
		"jobs.verification_email": func(t *testing.T) error {
			job, err := auth0.SendVerificationEmail.Do(ctx, hc, auth0.VerificationEmailInput{UserID: "id"})
			if err == nil {
				require.Equal(t, "id", job.ID)
			}
			return err
		},
		"jobs.get": func(t *testing.T) error {
			job, err := auth0.GetJob.Do(ctx, hc, auth0.JobInput{ID: "id"})
			if err == nil {
				require.Equal(t, "status", job.Status)
				require.Equal(t, at, job.CreatedAt)
			}
			return err
		},
		"jobs.errors": func(t *testing.T) error {
			failed, err := auth0.GetJobErrors.Do(ctx, hc, auth0.JobInput{ID: "id"})
			if err == nil {
				require.Len(t, failed, 1)
			}
			return err
		},
		// The stubs have the search alone, which pages by number; what is listed by
		// checkpoint is held to what a tenant sent.
		"logs.list": func(t *testing.T) error {
			_, err := auth0.ListLogs.Do(ctx, hc, auth0.ListLogsInput{From: "l1"})
			require.ErrorIs(t, err, client.ErrNotFound)
			return nil
		},
		"logs.get": func(t *testing.T) error {
			event, err := auth0.GetLog.Do(ctx, hc, auth0.LogInput{ID: "id"})
			if err == nil {
				require.Equal(t, at, event.Date)
				require.Equal(t, "type", event.Type)
			}
			return err
		},
	}
	described(t, auth0.Operations, calls)

	t.Run("what no stub takes", func(t *testing.T) {
		_, err := auth0.GetUser.Do(ctx, hc, auth0.UserInput{ID: "another"}, beside(fields...))
		require.ErrorIs(t, err, client.ErrNotFound)
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, http.StatusNotFound, e.Status)
	})
}
