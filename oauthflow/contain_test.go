package oauthflow_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/panics/panicstest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

type fusedTransport struct {
	*panicstest.Fuse
	http.RoundTripper
}

func (f fusedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	f.Pass("transport")
	return f.RoundTripper.RoundTrip(r)
}

type fusedUses struct{ *panicstest.Fuse }

func (u fusedUses) Use(context.Context, string, time.Time) (bool, error) {
	u.Pass("use")
	return true, nil
}

// C37: a transport, a secret's source or a single-use store that panics fails its
// own step of a flow.
func TestC37_APanicInAFlow(t *testing.T) {
	srv := oauthtest.New(oauthtest.Config{})
	f := &panicstest.Fuse{}
	cfg := srv.ClientConfig("web")
	own := cfg.ClientSecret
	cfg.ClientSecret = secret.Func(func(ctx context.Context) ([]secret.Value, error) {
		f.Pass("secret")
		return own.Secrets(ctx)
	})
	client, err := oauthflow.New(cfg, oauthflow.WithSingleUse(fusedUses{f}),
		oauthflow.WithHTTPClient(&http.Client{Transport: fusedTransport{f, srv.HTTPClient().Transport}}))
	require.NoError(t, err)
	for _, at := range []string{"transport", "secret"} {
		f.Blow(at)
		_, err = client.Refresh(t.Context(), &oauth2.Token{RefreshToken: srv.Issue("web", "alice").RefreshToken})
		require.ErrorContains(t, err, "panicked with a string", at)
		require.NotContains(t, printed(t, err), panicstest.Blown)
		f.Set("", nil)
		_, err = client.Refresh(t.Context(), &oauth2.Token{RefreshToken: srv.Issue("web", "alice").RefreshToken})
		require.NoError(t, err)
	}

	c := newClient(t, srv, "web", nil, oauthflow.WithSingleUse(fusedUses{f}))
	b, back := attempt(t, srv, c)
	f.Blow("use")
	_, err = b.finish(c, back)
	require.ErrorContains(t, err, "panicked with a string")
	require.NotContains(t, printed(t, err), panicstest.Blown)
}
