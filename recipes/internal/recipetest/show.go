package recipetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// Show is the program of a family: it calls each SDK at a service on loopback that fails
// once, and prints how often that was asked. It needs neither a key nor a network.
func Show(ctx context.Context, out io.Writer, recipes ...Recipe) error {
	for _, r := range recipes {
		if err := r.show(ctx, out); err != nil {
			return fmt.Errorf("%s: %w", r.SDK, err)
		}
	}
	return nil
}

func (r *Recipe) show(ctx context.Context, out io.Writer) error {
	fails, responds := clienttest.JSON(http.StatusServiceUnavailable, "{}").Header("Retry-After-Ms", "1"), r.success()
	for name, value := range r.Fields {
		fails, responds = fails.Header(name, value), responds.Header(name, value)
	}
	srv := clienttest.Start(fails, responds)
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		return err
	}
	next := &http.Transport{}
	defer next.CloseIdleConnections()
	call, err := r.New(ctx, secret.Static(firstKey), client.WithTransport(toService{u.Host, next}))
	if err != nil {
		return err
	}
	if err := call(ctx); err != nil {
		return err
	}
	whose := "the stack"
	if r.Retries > 0 {
		whose = "the SDK"
	}
	fmt.Fprintf(out, "%-24s served after %d requests, the second by %s\n", r.SDK, srv.Count(), whose)
	return nil
}
