package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

// What the program sends must arrive as an event at the handler that a user
// mounts, over a real connection, for every provider; and with another secret
// it must not.
func TestEveryProviderReachesAHandler(t *testing.T) {
	t.Parallel()
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			private, other := filepath.Join(dir, "key"), filepath.Join(dir, "other")
			for _, path := range []string{private, other} {
				require.Equal(t, exitOK, standpipe(t, "", "webhook", "keys", p.name, path).status)
			}
			o := options{
				publicKey: "public_key", tokenHeader: "X-Hook-Token", audience: "https://example.com/audience",
				issuer: "https://tenant.auth0.com/", email: "push@project.iam.gserviceaccount.com", project: "my-project",
				topic: "arn:aws:sns:eu-central-1:123456789012:topic", url: endpointURL,
			}
			switch public, _ := filepath.Glob(private + ".*"); {
			case p.keyless:
				require.Len(t, public, 1)
				o.keysFile = public[0]
			case len(public) == 1:
				o.secretFile = public
			default:
				o.secretFile = list{private}
			}
			s, err := p.scheme(&o)
			require.NoError(t, err)
			var events atomic.Int32
			h, err := webhook.NewHandler(s, webhook.WithLogger(slog.New(slog.DiscardHandler)),
				webhook.Fallback(func(context.Context, webhook.Event[json.RawMessage]) error {
					events.Add(1)
					return nil
				}))
			require.NoError(t, err)
			srv := httptest.NewServer(h)
			defer srv.Close()

			args := append([]string{"webhook", "send", p.name, srv.URL + "/hooks?a=b"}, endpointFlags...)
			r := standpipe(t, bodyFor(p.name), append(args, "-secret-file", private)...)
			require.Equal(t, exitOK, r.status, r.out+r.err)
			require.EqualValues(t, 1, events.Load())

			r = standpipe(t, bodyFor(p.name), append(args, "-secret-file", other)...)
			require.Equal(t, exitRefused, r.status, r.out+r.err)
			require.Contains(t, r.out, "401 Unauthorized")
			require.EqualValues(t, 1, events.Load())
		})
	}
}
