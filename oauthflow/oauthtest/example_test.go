package oauthtest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

// What becomes of a refresh token that two callers use.
func Example() {
	srv := oauthtest.New(oauthtest.Config{}) // in a test: oauthtest.Start(t, …)
	c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	tok := srv.Issue("web", "alice", "read")
	fresh, err := c.Refresh(ctx, tok)
	fmt.Println(srv.Valid(fresh.AccessToken), err)
	_, err = c.Refresh(ctx, tok) // the other caller
	fmt.Println(err)
	fmt.Println(srv.Alive(fresh.RefreshToken))
	// Output:
	// true <nil>
	// oauthflow: refresh: "invalid_grant" "the refresh token was used before; the grant is revoked" (HTTP status 400)
	// false
}

// A token endpoint behind a proxy that fails after the fact.
func ExampleServer_Inject() {
	srv := oauthtest.New(oauthtest.Config{})
	c, err := oauthflow.New(srv.ClientConfig("web"), oauthflow.WithHTTPClient(srv.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	srv.Inject(oauthtest.BadGatewayAfter)
	_, err = c.Refresh(context.Background(), srv.Issue("web", "alice"))
	fmt.Println(err)
	// Output: oauthflow: refresh (HTTP status 502): no usable response; the request was sent and may have taken effect
}
