// The small APIClient, for copying with app_test.go: the class that every program writes
// around an API. It has a method for each thing that the program does, and no way around
// them.
//
//	6. The small APIClient
//	   user u_1 is Ada
//	   user u_9: there is none
//	   user ../admin: refused, and the service saw 2 requests
//	   Usually: get(path) joins strings, returns what it got whatever the status, and waits for ever.

package main

import (
	"context"
	"errors"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// ErrNoUser is why GetUser returned none.
var ErrNoUser = errors.New("there is no such user")

// APIClient calls the API. Make one for each key, and keep it: it has the connections.
type APIClient struct{ api *client.Client }

// NewAPIClient returns a client that sends the key. It retries what may be retried and
// waits 80 seconds at most, all told. The options are for tests.
func NewAPIClient(baseURL string, key secret.Source, options ...client.Option) (*APIClient, error) {
	api, err := client.New(baseURL, append([]client.Option{client.WithAuth(client.Bearer(key))}, options...)...)
	if err != nil {
		return nil, err
	}
	return &APIClient{api}, nil
}

// User is somebody who uses the service.
type User struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// GetUser returns a user. Where there is none, the error matches ErrNoUser.
func (a *APIClient) GetUser(ctx context.Context, id string) (User, error) {
	user, err := client.Get[User](ctx, a.api, "/v1/users/"+client.PathEscape(id))
	if errors.Is(err, client.ErrNotFound) {
		return User{}, errors.Join(ErrNoUser, err)
	}
	return user, err
}

// CreateUser makes a user. A *client.Error whose Effect is client.MaybeApplied says that
// there may be one now: look before you call it again.
func (a *APIClient) CreateUser(ctx context.Context, name string) (User, error) {
	return client.Post[User](ctx, a.api, "/v1/users", map[string]string{"name": name})
}
