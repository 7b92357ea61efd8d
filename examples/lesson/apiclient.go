package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

const clientUsually = "get(path) joins strings, returns what it got whatever the status, and waits for ever."

// smallClient shows app.go.
func smallClient(ctx context.Context, say printf) error {
	service := clienttest.Start(clienttest.MustParse(`200 {"id":"u_1","name":"Ada"}, 404`)...)
	defer service.Close()
	api, err := NewAPIClient(service.URL, secret.Static("sk_demo_1"))
	if err != nil {
		return err
	}
	defer api.api.CloseIdleConnections()
	ada, err := api.GetUser(ctx, "u_1")
	if err != nil {
		return err
	}
	say("user %s is %s", ada.ID, ada.Name)
	if _, err := api.GetUser(ctx, "u_9"); !errors.Is(err, ErrNoUser) {
		return fmt.Errorf("somebody is there: %w", err)
	}
	say("user u_9: there is none")
	if _, err := api.GetUser(ctx, "../admin"); !errors.Is(err, client.ErrRequest) {
		return fmt.Errorf("it was taken for a user: %w", err)
	}
	say("user ../admin: refused, and the service saw %d requests", service.Count())
	return nil
}
