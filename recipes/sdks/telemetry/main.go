// Command telemetry puts the SDKs of Sentry and Datadog on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	sdk "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
	"github.com/getsentry/sentry-go"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "telemetry:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "sentry-go",
			New: func(ctx context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				now, err := secret.Current(ctx, key)
				if err != nil {
					return nil, err
				}
				var last lastStatus
				s, err := newSentry("https://"+now.Reveal()+"@sentry.example.com/1", append(opts, client.WithCallMiddleware(last.watch))...)
				if err != nil {
					return nil, err
				}
				context.AfterFunc(ctx, s.client.Close)
				return func(ctx context.Context) error {
					s.transport.SendEventWithContext(ctx, s.client.EventFromMessage("water", sentry.LevelInfo))
					return last.err // which the SDK keeps to itself
				}, nil
			},
			Credential: func(r clienttest.Recorded) string {
				_, rest, _ := strings.Cut(r.Header.Get("X-Sentry-Auth"), "sentry_key=")
				key, _, _ := strings.Cut(rest, ",")
				return key
			},
			Lost: recipetest.Errors | recipetest.Key | recipetest.Canceled,
		},
		{
			SDK: "datadog-api-client-go v2",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newDatadog(datadog.Config{APIKey: key, ApplicationKey: secret.Static("application-key")}, opts...)
				return func(ctx context.Context) error {
					_, _, err := datadogV1.NewMonitorsApi(c).GetMonitor(ctx, 1)
					return err
				}, err
			},
			Credential: recipetest.Header("Dd-Api-Key"),
			Reply:      `{"query":"q","type":"metric alert"}`,
			Kept:       recipetest.Is[sdk.GenericOpenAPIError],
		},
	}
}

// lastStatus remembers how a call of sentry-go ended.
type lastStatus struct{ err error }

func (l *lastStatus) watch(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if l.err = err; err == nil && resp.StatusCode != http.StatusOK {
			l.err = errors.New(resp.Status)
		}
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
