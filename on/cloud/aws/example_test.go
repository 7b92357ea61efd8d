package onaws_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	onaws "github.com/standpipe-go/standpipe/on/cloud/aws"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	f := newFake() // in place of AWS
	f.stages = map[string]string{"AWSCURRENT": `{"api_key":"sk_new"}`, "AWSPREVIOUS": `{"api_key":"sk_old"}`}
	srv := httptest.NewServer(f)
	defer srv.Close()

	cfg := config(&keys{key: "AKIDONE"}) // or config.LoadDefaultConfig(ctx)
	manager, err := onaws.NewSecretsManager(cfg, onaws.WithEndpoint(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	key := manager.Secret(onaws.Secret{ID: "app/key", Field: "api_key"}) // for client.Bearer, or stripe.New
	newest, err := secret.Current(context.Background(), key)
	fmt.Println(newest.Reveal(), err)

	both := manager.Secret(onaws.Secret{ID: "app/key", Field: "api_key", Stages: []string{"AWSCURRENT", "AWSPREVIOUS"}}) // for a webhook's verifier
	values, err := both.Secrets(context.Background())
	fmt.Println(len(values), err)
	// Output:
	// sk_new <nil>
	// 2 <nil>
}
