package recipetest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// refused is the error type of an SDK that is no more than net/http.
type refused struct{ status int }

func (r *refused) Error() string { return fmt.Sprintf("status %d", r.status) }

// plain is the recipe of that SDK.
func plain(auth func(secret.Source) client.Auth) recipetest.Recipe {
	return recipetest.Recipe{
		SDK: "plain",
		New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
			c, err := client.New("https://api.example.com", append([]client.Option{client.WithAuth(auth(key))}, opts...)...)
			if err != nil {
				return nil, err
			}
			hc := c.HTTPClient()
			return func(ctx context.Context) error {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/x", nil)
				if err != nil {
					return err
				}
				req.Header.Set("Authorization", "Bearer "+recipetest.Placeholder)
				resp, err := hc.Do(req)
				if err != nil {
					return err
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					return &refused{resp.StatusCode}
				}
				return nil
			}, nil
		},
		Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
		Kept: recipetest.Is[*refused],
	}
}

// P6: what passes here is held to the same by every recipe.
func TestP6_AnHonestSDKPasses(t *testing.T) {
	inMemory := plain(client.Bearer)
	inMemory.SDK, inMemory.Waits = "in virtual time", true
	recipetest.Run(t, plain(client.Bearer), inMemory)
}

func TestWhereACredentialIs(t *testing.T) {
	t.Parallel()
	r := clienttest.Recorded{URL: "/x?a=1&key=k%2F1", Header: http.Header{"X-Key": {"k2"}}}
	require.Equal(t, "k/1", recipetest.Query("key")(r))
	require.Empty(t, recipetest.Query("none")(r))
	require.Equal(t, "k2", recipetest.Header("X-Key")(r))
	require.Equal(t, "Basic dTpr", recipetest.Basic("u")("k"))
}

func TestShow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, recipetest.Show(t.Context(), &out, plain(client.Bearer)))
	require.Equal(t, "plain                    served after 2 requests, the second by the stack\n", out.String())
	broken := plain(client.Bearer)
	broken.New = func(context.Context, secret.Source, ...client.Option) (recipetest.Call, error) {
		return nil, http.ErrNoLocation
	}
	require.ErrorIs(t, recipetest.Show(t.Context(), &out, broken), http.ErrNoLocation)
}
