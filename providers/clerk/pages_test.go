package clerk_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/clerk"
)

// things answers a listing of n things as Clerk does, a list alone where bare is set.
func things(t *testing.T, n *int, bare bool) clienttest.Step {
	return clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, offset := 10, 0
		if v := q.Get("limit"); v != "" {
			limit, _ = strconv.Atoi(v)
		}
		if v := q.Get("offset"); v != "" {
			offset, _ = strconv.Atoi(v)
		}
		if v := q.Get("starting_after"); v != "" {
			require.Empty(t, q.Get("offset"), "Clerk refuses both")
			last, _ := strconv.Atoi(strings.TrimPrefix(v, "t_"))
			offset = last + 1
		}
		data := []map[string]string{}
		for i := offset; i < min(offset+limit, *n); i++ {
			data = append(data, map[string]string{"id": "t_" + strconv.Itoa(i)})
		}
		w.Header().Set("Content-Type", "application/json")
		var body any = data
		if !bare {
			body = map[string]any{"data": data, "total_count": *n}
		}
		_ = json.NewEncoder(w).Encode(body)
	})
}

// P4: each item once, in order, and no request more than the items want.
func TestP4_Listings(t *testing.T) {
	for name, list := range map[string]struct {
		all  func(*client.Client, int) iter.Seq2[string, error]
		bare bool
	}{
		"users": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListUsers.All(t.Context(), c, clerk.ListUsersInput{Limit: limit}), func(u clerk.User) string { return u.ID })
		}, true},
		"users in another order": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListUsers.All(t.Context(), c, clerk.ListUsersInput{Limit: limit, OrderBy: "-username"}), func(u clerk.User) string { return u.ID })
		}, true},
		"users in the order of creation": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListUsers.All(t.Context(), c, clerk.ListUsersInput{Limit: limit, OrderBy: "+created_at"}), func(u clerk.User) string { return u.ID })
		}, true},
		"sessions": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListSessions.All(t.Context(), c, clerk.ListSessionsInput{UserID: "user_1", Limit: limit}), func(s clerk.Session) string { return s.ID })
		}, false},
		"sessions as a list alone": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListSessions.All(t.Context(), c, clerk.ListSessionsInput{UserID: "user_1", Limit: limit}), func(s clerk.Session) string { return s.ID })
		}, true},
		"organizations": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListOrganizations.All(t.Context(), c, clerk.ListOrganizationsInput{Limit: limit}), func(o clerk.Organization) string { return o.ID })
		}, false},
		"members": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListMembers.All(t.Context(), c, clerk.ListMembersInput{OrganizationID: "org_1", Limit: limit}), func(m clerk.Membership) string { return m.ID })
		}, false},
		"memberships of a user": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListMembershipsOfUser.All(t.Context(), c, clerk.ListMembershipsOfUserInput{UserID: "user_1", Limit: limit}), func(m clerk.Membership) string { return m.ID })
		}, false},
		"invitations": {func(c *client.Client, limit int) iter.Seq2[string, error] {
			return ids(clerk.ListInvitations.All(t.Context(), c, clerk.ListInvitationsInput{Limit: limit}), func(i clerk.Invitation) string { return i.ID })
		}, false},
	} {
		for _, n := range []int{0, 1, 9, 10, 11, 20, 25} {
			for _, limit := range []int{0, 1, 7, 10, 500} {
				c, srv := newClient(t, things(t, &n, list.bare))
				var got []string
				for id, err := range list.all(c, limit) {
					require.NoError(t, err)
					got = append(got, id)
				}
				require.Len(t, got, n, "%s, %d by %d", name, n, limit)
				for i, id := range got {
					require.Equal(t, fmt.Sprint("t_", i), id, name)
				}
				per := limit
				if limit == 0 {
					per = 10
				}
				want := max((n+per-1)/per, 1)
				if list.bare { // a full page may be the last
					want = n/per + 1
				}
				require.Equal(t, want, srv.Count(), "%s, %d by %d", name, n, limit)
			}
		}
		n := 25
		c, srv := newClient(t, things(t, &n, list.bare))
		for range list.all(c, 10) {
			break
		}
		require.Equal(t, 1, srv.Count(), name)
	}
}

func ids[T any](seq iter.Seq2[T, error], id func(T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range seq {
			if !yield(id(item), err) {
				return
			}
		}
	}
}

// P4: an offset that the caller gives stays one, and a total that shrinks ends a listing.
func TestP4_Offsets(t *testing.T) {
	n := 25
	c, srv := newClient(t, things(t, &n, true))
	got := 0
	for _, err := range clerk.ListUsers.All(t.Context(), c, clerk.ListUsersInput{Offset: 5}) {
		require.NoError(t, err)
		got++
	}
	require.Equal(t, 20, got)
	require.Equal(t, "/users?offset=25", srv.Last().URL)

	c, srv = newClient(t, things(t, &n, false))
	for _, err := range clerk.ListOrganizations.All(t.Context(), c, clerk.ListOrganizationsInput{}) {
		require.NoError(t, err)
		n = 15
	}
	require.Equal(t, 2, srv.Count())

	// A total without the items that it counts does not hold the loop for ever.
	c, srv = newClient(t, clienttest.JSON(200, `{"data":[],"total_count":40}`))
	require.Empty(t, slices.Collect(seconds(clerk.ListOrganizations.All(t.Context(), c, clerk.ListOrganizationsInput{}))))
	require.Equal(t, 1, srv.Count())
}

func seconds[T any](seq iter.Seq2[T, error]) iter.Seq[error] {
	return func(yield func(error) bool) {
		for _, err := range seq {
			if !yield(err) {
				return
			}
		}
	}
}

// P4: a service that does not know the cursor, and sends the first page again, is an
// error rather than a loop.
func TestP4_ACycleIsAnError(t *testing.T) {
	c, srv := newClient(t, clienttest.JSON(200, `[{"id":"user_2"},{"id":"user_1"}]`))
	var last error
	for _, err := range clerk.ListUsers.All(t.Context(), c, clerk.ListUsersInput{Limit: 2}) {
		last = err
	}
	require.ErrorIs(t, last, client.ErrDecode)
	require.Equal(t, 2, srv.Count())
}

// What is no page is an error, not an empty listing.
func TestPagesThatAreNone(t *testing.T) {
	for _, body := range []string{`"x"`, `7`, `{"data":7}`, `[7]`} {
		c, _ := newClient(t, clienttest.JSON(200, body))
		_, err := clerk.ListOrganizations.Do(t.Context(), c, clerk.ListOrganizationsInput{})
		require.ErrorIs(t, err, client.ErrDecode, body)
	}
}
