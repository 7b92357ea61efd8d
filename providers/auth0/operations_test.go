package auth0_test

import (
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/auth0"
)

func ptr[T any](v T) *T { return &v }

// What each operation sends. integration holds the same to go-auth0 (P1).
func TestRequests(t *testing.T) {
	c, srv := newClient(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		body := `{}`
		if strings.Contains(r.URL.Path, "/identities") || strings.HasPrefix(r.URL.Path, "/api/v2/users-by-email") {
			body = `[]`
		}
		clienttest.JSON(200, body).Serve(w)
	}))
	ctx := t.Context()
	id := auth0.UserInput{ID: "auth0|1"}
	roles := auth0.UserRolesInput{ID: "auth0|1", Roles: []string{"rol_1"}}
	members := auth0.MembersInput{ID: "org_1", Members: []string{"auth0|1"}}
	calls := map[string]func() error{
		"GET /users-by-email?email=a%2Bb%40example.com ": func() error {
			_, err := auth0.UsersByEmail.Do(ctx, c, auth0.EmailInput{Email: "a+b@example.com"})
			return err
		},
		"GET /users/auth0%7C1 ": func() error { _, err := auth0.GetUser.Do(ctx, c, id); return err },
		`POST /users {"connection":"db","email":"a@example.com","verify_email":false,"app_metadata":{"plan":"pro"}}`: func() error {
			_, err := auth0.CreateUser.Do(ctx, c, auth0.CreateUserInput{Connection: "db", Email: "a@example.com", VerifyEmail: ptr(false), AppMetadata: map[string]any{"plan": "pro"}})
			return err
		},
		`PATCH /users/auth0%7C1 {"blocked":false,"nickname":"","user_metadata":{"a":null}}`: func() error {
			_, err := auth0.UpdateUser.Do(ctx, c, auth0.UpdateUserInput{ID: "auth0|1", Blocked: ptr(false), Nickname: ptr(""), UserMetadata: map[string]any{"a": nil}})
			return err
		},
		"DELETE /users/auth0%7C1 ":                        func() error { _, err := auth0.DeleteUser.Do(ctx, c, id); return err },
		"DELETE /users/auth0%7C1/authentication-methods ": func() error { _, err := auth0.ResetMFA.Do(ctx, c, id); return err },
		`POST /users/auth0%7C1/identities {"provider":"google-oauth2","user_id":"2"}`: func() error {
			_, err := auth0.LinkIdentity.Do(ctx, c, auth0.LinkIdentityInput{ID: "auth0|1", Provider: "google-oauth2", UserID: "2"})
			return err
		},
		"DELETE /users/auth0%7C1/identities/google-oauth2/2 ": func() error {
			_, err := auth0.UnlinkIdentity.Do(ctx, c, auth0.UnlinkIdentityInput{ID: "auth0|1", Provider: "google-oauth2", UserID: "2"})
			return err
		},
		`POST /roles {"name":"admin"}`:                      func() error { _, err := auth0.CreateRole.Do(ctx, c, auth0.CreateRoleInput{Name: "admin"}); return err },
		`POST /users/auth0%7C1/roles {"roles":["rol_1"]}`:   func() error { _, err := auth0.AssignRoles.Do(ctx, c, roles); return err },
		`DELETE /users/auth0%7C1/roles {"roles":["rol_1"]}`: func() error { _, err := auth0.RemoveRoles.Do(ctx, c, roles); return err },
		"GET /organizations/org_1 ": func() error {
			_, err := auth0.GetOrganization.Do(ctx, c, auth0.OrganizationInput{ID: "org_1"})
			return err
		},
		`POST /organizations {"name":"acme","metadata":{"a":"b"}}`: func() error {
			_, err := auth0.CreateOrganization.Do(ctx, c, auth0.CreateOrganizationInput{Name: "acme", Metadata: map[string]string{"a": "b"}})
			return err
		},
		"DELETE /organizations/org_1 ": func() error {
			_, err := auth0.DeleteOrganization.Do(ctx, c, auth0.OrganizationInput{ID: "org_1"})
			return err
		},
		`POST /organizations/org_1/members {"members":["auth0|1"]}`:   func() error { _, err := auth0.AddMembers.Do(ctx, c, members); return err },
		`DELETE /organizations/org_1/members {"members":["auth0|1"]}`: func() error { _, err := auth0.RemoveMembers.Do(ctx, c, members); return err },
		"GET /connections/con_1 ": func() error {
			_, err := auth0.GetConnection.Do(ctx, c, auth0.ConnectionInput{ID: "con_1"})
			return err
		},
		`POST /tickets/password-change {"user_id":"auth0|1","ttl_sec":60}`: func() error {
			_, err := auth0.CreatePasswordTicket.Do(ctx, c, auth0.PasswordTicketInput{UserID: "auth0|1", Seconds: 60})
			return err
		},
		`POST /tickets/email-verification {"user_id":"auth0|1","result_url":"https://example.com"}`: func() error {
			_, err := auth0.CreateVerificationTicket.Do(ctx, c, auth0.VerificationTicketInput{UserID: "auth0|1", ResultURL: "https://example.com"})
			return err
		},
		`POST /jobs/users-exports {"format":"csv","fields":[{"name":"email"}]}`: func() error {
			_, err := auth0.ExportUsers.Do(ctx, c, auth0.ExportUsersInput{Format: "csv", Fields: []auth0.ExportField{{Name: "email"}}})
			return err
		},
		`POST /jobs/verification-email {"user_id":"auth0|1"}`: func() error {
			_, err := auth0.SendVerificationEmail.Do(ctx, c, auth0.VerificationEmailInput{UserID: "auth0|1"})
			return err
		},
		"GET /jobs/job_1 ":        func() error { _, err := auth0.GetJob.Do(ctx, c, auth0.JobInput{ID: "job_1"}); return err },
		"GET /jobs/job_1/errors ": func() error { _, err := auth0.GetJobErrors.Do(ctx, c, auth0.JobInput{ID: "job_1"}); return err },
		"GET /logs/log_1 ":        func() error { _, err := auth0.GetLog.Do(ctx, c, auth0.LogInput{ID: "log_1"}); return err },
	}
	others := 1 // ImportUsers has a test of its own
	for _, op := range auth0.Operations {
		if op.Info().Lists {
			others++
		}
	}
	require.Len(t, calls, len(auth0.Operations)-others, "every operation that is no listing")
	for _, want := range slices.Sorted(maps.Keys(calls)) {
		require.NoError(t, calls[want](), want)
		last := srv.Last()
		require.Equal(t, want, fmt.Sprintf("%s %s %s", last.Method, strings.TrimPrefix(last.URL, "/api/v2"), strings.TrimSpace(string(last.Body))))
	}
}

// An import is a form with a file, whose length is known.
func TestImportUsers(t *testing.T) {
	type form struct{ connection, users, upsert, external, mail, name string }
	var got []form
	c, srv := newClient(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		require.Positive(t, r.ContentLength)
		f := form{r.FormValue("connection_id"), "", r.FormValue("upsert"), r.FormValue("external_id"), r.FormValue("send_completion_email"), ""}
		file, head, err := r.FormFile("users")
		require.NoError(t, err)
		raw := make([]byte, head.Size)
		_, err = file.Read(raw)
		require.NoError(t, err)
		f.users, f.name = string(raw), head.Filename
		got = append(got, f)
		clienttest.JSON(202, `{"id":"job_1","type":"users_import","status":"pending","created_at":"2023-01-25T17:48:19.680Z"}`).Serve(w)
	}))
	job, err := auth0.ImportUsers.Do(t.Context(), c, auth0.ImportUsersInput{ConnectionID: "con_1", Users: []byte(`[{"email":"a@example.com"}]`)})
	require.NoError(t, err)
	require.Equal(t, "pending", job.Status)
	require.Equal(t, "POST /api/v2/jobs/users-imports", srv.Last().Method+" "+srv.Last().URL)
	_, err = auth0.ImportUsers.Do(t.Context(), c, auth0.ImportUsersInput{ConnectionID: "con_1", Users: []byte(`[]`), Upsert: true, ExternalID: "x", NoMail: true})
	require.NoError(t, err)
	require.Equal(t, []form{
		{"con_1", `[{"email":"a@example.com"}]`, "false", "", "true", "users.json"},
		{"con_1", `[]`, "true", "x", "false", "users.json"},
	}, got)
	for _, users := range []string{"", "{}", "canary", `[{]`} {
		_, err = auth0.ImportUsers.Do(t.Context(), c, auth0.ImportUsersInput{ConnectionID: "con_1", Users: []byte(users)})
		require.ErrorIs(t, err, client.ErrRequest)
		require.NotContains(t, err.Error(), "canary")
	}
	require.Equal(t, 2, srv.Count())
}

// What does the same twice is repeated; what sends a mail or makes something is not.
func TestWhatIsRepeated(t *testing.T) {
	var not []string
	for _, op := range auth0.Operations {
		if info := op.Info(); !info.Repeatable && info.Method != "GET" && info.Method != "DELETE" {
			not = append(not, info.Name)
		}
	}
	require.ElementsMatch(t, []string{
		"users.create", "users.link", "roles.create", "organizations.create", "tickets.password", "tickets.verification",
		"jobs.import", "jobs.export", "jobs.verification_email",
	}, not)
}

// P3: what Auth0 adds breaks nothing, IDs are strings, and what SAML connections send as
// a string is what it says.
func TestP3_Users(t *testing.T) {
	for verified, want := range map[string]bool{`true`: true, `"true"`: true, `false`: false, `"false"`: false, `null`: false, `{"a":1}`: false} {
		c, _ := newClient(t, clienttest.JSON(200, `{"user_id":"auth0|1","email_verified":`+verified+`,"future":{"a":[1]},"created_at":"2023-01-25T19:00:26.539Z","last_login":null,
			"app_metadata":{"plan":"pro"},"identities":[{"user_id":12345678901234567890,"provider":"github","isSocial":true},{"user_id":"abc"},{"user_id":null},{}]}`))
		u, err := auth0.GetUser.Do(t.Context(), c, auth0.UserInput{ID: "auth0|1"})
		require.NoError(t, err)
		require.Equal(t, want, u.EmailVerified, verified)
		require.Equal(t, "auth0|1", u.ID)
		require.Equal(t, "12345678901234567890", u.Identities[0].UserID)
		require.Equal(t, "abc", u.Identities[1].UserID)
		require.Empty(t, u.Identities[2].UserID)
		require.Empty(t, u.Identities[3].UserID)
		require.True(t, u.Identities[0].IsSocial)
		require.Equal(t, time.Date(2023, 1, 25, 19, 0, 26, 539e6, time.UTC), u.CreatedAt)
		require.True(t, u.LastLogin.IsZero())
		require.JSONEq(t, `{"plan":"pro"}`, string(u.AppMetadata))
	}
	for _, body := range []string{`{"user_id":7}`, `{"user_id":"u","identities":[7]}`, `{"user_id":"u","identities":[{"isSocial":"x"}]}`, `{"created_at":"canary"}`} {
		c, _ := newClient(t, clienttest.JSON(200, body))
		_, err := auth0.GetUser.Do(t.Context(), c, auth0.UserInput{ID: "auth0|1"})
		require.ErrorIs(t, err, client.ErrDecode, body)
		require.NotContains(t, err.Error(), "canary")
	}
}

// What opens an account, or has the users in it, is not shown by printing it.
func TestSecretsInResponses(t *testing.T) {
	c, _ := newClient(t, clienttest.JSON(200, `{"ticket":"https://example.com/canary","location":"https://example.com/canary","status":"completed"}`))
	ticket, err := auth0.CreatePasswordTicket.Do(t.Context(), c, auth0.PasswordTicketInput{UserID: "auth0|1"})
	require.NoError(t, err)
	require.Equal(t, "https://example.com/canary", ticket.URL.Reveal())
	job, err := auth0.GetJob.Do(t.Context(), c, auth0.JobInput{ID: "job_1"})
	require.NoError(t, err)
	require.Equal(t, "https://example.com/canary", job.Location.Reveal())
	require.NotContains(t, fmt.Sprintf("%+v %#v %+v %#v", ticket, ticket, job, job), "canary")
}

// An import without errors responds with the job itself, or with nothing.
func TestJobErrors(t *testing.T) {
	for body, want := range map[string]int{
		`[{"user":{"email":"a@example.com"},"errors":[{"code":"DUPLICATED_USER","message":"The user already exist","path":"email"}]}]`: 1,
		`[]`: 0, `{"status":"completed"}`: 0,
	} {
		c, _ := newClient(t, clienttest.JSON(200, body))
		errs, err := auth0.GetJobErrors.Do(t.Context(), c, auth0.JobInput{ID: "job_1"})
		require.NoError(t, err)
		require.Len(t, errs, want)
		if want > 0 {
			require.Equal(t, "DUPLICATED_USER", errs[0].Errors[0].Code)
			require.JSONEq(t, `{"email":"a@example.com"}`, string(errs[0].User))
		}
	}
	c, _ := newClient(t, clienttest.Status(204))
	_, err := auth0.GetJobErrors.Do(t.Context(), c, auth0.JobInput{ID: "job_1"})
	require.ErrorIs(t, err, client.ErrEmptyBody)
}

// C39: an identifier that is empty, or has dots for a segment, reaches nothing, nor does
// a listing of logs that would begin nowhere.
func TestC39_Identifiers(t *testing.T) {
	c, srv := newClient(t, clienttest.JSON(200, `[]`))
	for _, id := range []string{"", ".", ".."} {
		_, err := auth0.DeleteUser.Do(t.Context(), c, auth0.UserInput{ID: id})
		require.ErrorIs(t, err, client.ErrRequest, id)
		_, err = auth0.UnlinkIdentity.Do(t.Context(), c, auth0.UnlinkIdentityInput{ID: "auth0|1", Provider: "github", UserID: id})
		require.ErrorIs(t, err, client.ErrRequest, id)
	}
	_, err := auth0.ListLogs.Do(t.Context(), c, auth0.ListLogsInput{})
	require.ErrorIs(t, err, client.ErrRequest)
	require.ErrorContains(t, err, "from")
	require.Zero(t, srv.Count())
}

// collect reads a listing, and how it ended.
func collect[T any](seq iter.Seq2[T, error], id func(T) string) (ids []string, err error) {
	for item, err := range seq {
		if err != nil {
			return ids, err
		}
		ids = append(ids, id(item))
	}
	return ids, nil
}

// P4: pages by number end with the total, and what Auth0 refuses to page through is an
// error.
func TestP4_PagesByNumber(t *testing.T) {
	page := func(start, n, total int) clienttest.Step {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(`{"user_id":"u%d","id":"u%d"}`, start+i, start+i))
		}
		list := strings.Join(items, ",")
		return clienttest.JSON(200, fmt.Sprintf(`{"start":%d,"limit":2,"total":%d,"users":[%s],"roles":[%s]}`, start, total, list, list))
	}
	for name, all := range map[string]func(*client.Client) ([]string, error){
		"users": func(c *client.Client) ([]string, error) {
			return collect(auth0.SearchUsers.All(t.Context(), c, auth0.SearchUsersInput{PerPage: 2}), func(u auth0.User) string { return u.ID })
		},
		"roles": func(c *client.Client) ([]string, error) {
			return collect(auth0.ListRoles.All(t.Context(), c, auth0.ListRolesInput{PerPage: 2}), func(r auth0.Role) string { return r.ID })
		},
		"roles of a user": func(c *client.Client) ([]string, error) {
			return collect(auth0.ListRolesOfUser.All(t.Context(), c, auth0.ListRolesOfUserInput{ID: "auth0|1", PerPage: 2}), func(r auth0.Role) string { return r.ID })
		},
	} {
		for _, test := range []struct {
			steps []clienttest.Step
			ids   int
		}{
			{[]clienttest.Step{page(0, 0, 0)}, 0},
			{[]clienttest.Step{page(0, 2, 2)}, 2},
			{[]clienttest.Step{page(0, 2, 5), page(2, 2, 5), page(4, 1, 5)}, 5},
			{[]clienttest.Step{page(0, 2, 5), page(2, 2, 3)}, 4},   // it shrank
			{[]clienttest.Step{page(0, 2, 10), page(2, 0, 10)}, 2}, // and here more than it says
		} {
			c, srv := newClient(t, test.steps...)
			ids, err := all(c)
			require.NoError(t, err, name)
			require.Equal(t, len(test.steps), srv.Count(), name)
			require.Len(t, ids, test.ids)
			for i, id := range ids {
				require.Equal(t, fmt.Sprint("u", i), id)
			}
			if n := srv.Count(); n > 1 {
				require.Contains(t, srv.Last().URL, fmt.Sprintf("page=%d&", n-1))
			}
		}
		c, _ := newClient(t, page(0, 2, 5000), clienttest.JSON(400, `{"statusCode":400,"error":"Bad Request","message":"You can only page through the first 1000 records.","errorCode":"invalid_paging"}`))
		ids, err := all(c)
		require.Len(t, ids, 2)
		require.ErrorIs(t, err, client.ErrBadRequest)
	}
}

// P4: listings by checkpoint take a size with them, go on where the page says, through an
// empty page too, and end where it says nothing.
func TestP4_Checkpoints(t *testing.T) {
	page := func(next string, ids ...string) clienttest.Step {
		var items []string
		for _, id := range ids {
			items = append(items, fmt.Sprintf(`{"user_id":%q,"id":%q}`, id, id))
		}
		list := strings.Join(items, ",")
		return clienttest.JSON(200, fmt.Sprintf(`{"next":%q,"organizations":[%s],"members":[%s],"connections":[%s]}`, next, list, list, list))
	}
	for name, all := range map[string]func(*client.Client, int) ([]string, error){
		"organizations": func(c *client.Client, take int) ([]string, error) {
			return collect(auth0.ListOrganizations.All(t.Context(), c, auth0.ListOrganizationsInput{Take: take}), func(o auth0.Organization) string { return o.ID })
		},
		"members": func(c *client.Client, take int) ([]string, error) {
			return collect(auth0.ListMembers.All(t.Context(), c, auth0.ListMembersInput{ID: "org_1", Take: take}), func(m auth0.Member) string { return m.UserID })
		},
		"connections": func(c *client.Client, take int) ([]string, error) {
			return collect(auth0.ListConnections.All(t.Context(), c, auth0.ListConnectionsInput{Take: take}), func(o auth0.Connection) string { return o.ID })
		},
	} {
		c, srv := newClient(t, page("n1", "a", "b"), page("n2"), page("", "c"))
		ids, err := all(c, 0)
		require.NoError(t, err, name)
		require.Equal(t, []string{"a", "b", "c"}, ids)
		require.Contains(t, srv.Requests()[0].URL, "?take=50")
		require.Contains(t, srv.Last().URL, "?from=n2&take=50")

		c, srv = newClient(t, page("", "a"))
		_, err = all(c, 7)
		require.NoError(t, err, name)
		require.Contains(t, srv.Last().URL, "?take=7")

		c, _ = newClient(t, page("n1", "a"))
		_, err = all(c, 0)
		require.ErrorIs(t, err, client.ErrDecode, "a cycle")
	}
}

// P4: logs go on after the last event, and end with the present.
func TestP4_Logs(t *testing.T) {
	c, srv := newClient(t, clienttest.MustParse(`200 [{"log_id":"l2","type":"s","date":"2026-11-26T15:00:00.000Z","details":{"a":1},"scope":["x"]},{"log_id":"l3"}], 200 [{"log_id":"l4"}], 200 []`)...)
	ids, err := collect(auth0.ListLogs.All(t.Context(), c, auth0.ListLogsInput{From: "l1"}), func(e auth0.LogEvent) string { return e.ID })
	require.NoError(t, err)
	require.Equal(t, []string{"l2", "l3", "l4"}, ids)
	var urls []string
	for _, r := range srv.Requests() {
		urls = append(urls, r.URL)
	}
	require.Equal(t, []string{"/api/v2/logs?from=l1&take=100", "/api/v2/logs?from=l3&take=100", "/api/v2/logs?from=l4&take=100"}, urls)
}
