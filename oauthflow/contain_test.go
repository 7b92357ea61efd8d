package oauthflow_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

type fusedTransport struct {
	*fuse
	http.RoundTripper
}

func (f fusedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	f.pass("transport")
	return f.RoundTripper.RoundTrip(r)
}

type fusedUses struct{ *fuse }

func (u fusedUses) Use(context.Context, string, time.Time) (bool, error) {
	u.pass("use")
	return true, nil
}

// C37: a transport, a secret's source or a single-use store that panics fails its
// own step of a flow.
func TestC37_APanicInAFlow(t *testing.T) {
	srv := oauthtest.New(oauthtest.Config{})
	f := &fuse{}
	cfg := srv.ClientConfig("web")
	own := cfg.ClientSecret
	cfg.ClientSecret = secret.Func(func(ctx context.Context) ([]secret.Value, error) {
		f.pass("secret")
		return own.Secrets(ctx)
	})
	client, err := oauthflow.New(cfg, oauthflow.WithSingleUse(fusedUses{f}),
		oauthflow.WithHTTPClient(&http.Client{Transport: fusedTransport{f, srv.HTTPClient().Transport}}))
	require.NoError(t, err)
	for _, at := range []string{"transport", "secret"} {
		f.set(at, func() { panic(blown) })
		_, err = client.Refresh(t.Context(), &oauth2.Token{RefreshToken: srv.Issue("web", "alice").RefreshToken})
		require.ErrorContains(t, err, "panicked with a string", at)
		requireNoTrace(t, blown, err)
		f.set("", nil)
		_, err = client.Refresh(t.Context(), &oauth2.Token{RefreshToken: srv.Issue("web", "alice").RefreshToken})
		require.NoError(t, err)
	}

	c := newClient(t, srv, "web", nil, oauthflow.WithSingleUse(fusedUses{f}))
	b, back := attempt(t, srv, c)
	f.set("use", func() { panic(blown) })
	_, err = b.finish(c, back)
	require.ErrorContains(t, err, "panicked with a string")
	requireNoTrace(t, blown, err)
}
