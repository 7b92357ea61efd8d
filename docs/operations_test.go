package docs

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
)

// FindCustomers says where each field goes.
type FindCustomers struct {
	Team  string `path:"team"`
	Email string `query:"email"` // left out if it is empty
	Limit int    `query:"limit"`
}

var (
	ListCustomers = client.List[FindCustomers, Customers, Customer]{
		Op:    client.Op[FindCustomers, Customers]{Name: "customers.list", Route: "/v1/teams/{team}/customers"},
		Items: func(page Customers) []Customer { return page.Data },
		Next:  client.NextCursor("cursor", func(page Customers) string { return page.Next }),
	}
	CreateCustomer = client.Op[NewCustomer, Customer]{
		Name: "customers.create", Method: "POST", Route: "/v1/teams/{team}/customers",
	}
)

type NewCustomer struct {
	Team  string `path:"team"`
	Email string `json:"email"` // the fields with a json tag are the body
}

func operate(ctx context.Context, api *client.Client, visit func(Customer)) error {
	made, err := CreateCustomer.Do(ctx, api, NewCustomer{Team: "t_1", Email: "ada@example.com"})
	if err != nil {
		return err
	}
	visit(made)
	for customer, err := range ListCustomers.All(ctx, api, FindCustomers{Team: "t_1", Limit: 100}) {
		if err != nil {
			return err
		}
		visit(customer)
	}
	return nil
}

func TestOperationsAreValues(t *testing.T) {
	require.NoError(t, client.Operations{ListCustomers, CreateCustomer}.Check())
	api, srv := exampleAPI(t, `200 {"id":"a"}, 200 {"data":[{"id":"b"}],"next":"2"}, 200 {"data":[{"id":"c"}]}`)
	var ids string
	require.NoError(t, operate(t.Context(), api, func(c Customer) { ids += c.ID }))
	require.Equal(t, "abc", ids)
	require.Equal(t, `{"email":"ada@example.com"}`, string(srv.Requests()[0].Body))
	require.Equal(t, "/v1/teams/t_1/customers?cursor=2&limit=100", srv.Last().URL)
}
