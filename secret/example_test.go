package secret_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

func ExampleValue() {
	type config struct {
		Host string
		Key  secret.Value
		old  secret.Value
	}
	cfg := config{"api.example.com", secret.New("sk_live_123"), secret.New("sk_live_122")}
	fmt.Printf("%+v\n", cfg.Key)
	out, err := json.Marshal(cfg)
	fmt.Println(string(out), err)
	fmt.Println(cfg.Key.Equal(cfg.old), cfg.Key.Reveal())
	// Output:
	// [redacted]
	// {"Host":"api.example.com","Key":"[redacted]"} <nil>
	// false sk_live_123
}

func ExampleEnv() {
	if err := os.Setenv("EXAMPLE_API_KEY", "sk_live_123\n"); err != nil {
		fmt.Println(err)
	}
	key, err := secret.Current(context.Background(), secret.Env("EXAMPLE_API_KEY"))
	fmt.Println(key.Reveal(), err)
	fmt.Println(secret.Check(secret.Env("EXAMPLE_API_KEY_MISSPELT")))
	// Output:
	// sk_live_123 <nil>
	// secret: environment variable "EXAMPLE_API_KEY_MISSPELT" is not set
}

// A rotated mount is picked up without a restart.
func ExampleFile() {
	dir, err := os.MkdirTemp("", "secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path, ctx := filepath.Join(dir, "stripe_webhook"), context.Background()
	src := secret.File(path)
	for _, content := range []string{"whsec_old\n", "whsec_new\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			fmt.Println(err)
		}
		if err := secret.Refresh(ctx, src); err != nil { // or a second later by itself
			fmt.Println(err)
		}
		key, err := secret.Current(ctx, src)
		fmt.Println(key.Reveal(), err)
	}
	// Output:
	// whsec_old <nil>
	// whsec_new <nil>
}

// A vault is asked once every five minutes, whoever needs the secret.
func ExampleCache() {
	vault := secret.Func(func(ctx context.Context) ([]secret.Value, error) {
		fmt.Println("asking the vault")
		return []secret.Value{secret.New("new"), secret.New("old")}, nil
	})
	src := secret.Cache(vault, 5*time.Minute)
	for range 3 {
		key, err := secret.Current(context.Background(), src)
		fmt.Println(key.Reveal(), err)
	}
	// Output:
	// asking the vault
	// new <nil>
	// new <nil>
	// new <nil>
}
