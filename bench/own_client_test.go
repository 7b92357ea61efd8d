package bench

import (
	"context"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func mustClient(base string, opts ...client.Option) *client.Client {
	c, err := client.New(base, append([]client.Option{client.WithAuth(client.Bearer(secret.Static(token)))}, opts...)...)
	if err != nil {
		panic(err)
	}
	return c
}

// ownClient returns the project's entries of the group Client: GET with bearer
// auth, retry policy, both deadlines, ledger, pacing and JSON decode.
func ownClient(hc *http.Client, base string) []clientPeer {
	c := mustClient(base, client.WithTransport(hc.Transport))
	return []clientPeer{{"own", func(ctx context.Context, path string, out any) error {
		p, err := client.Call[page](ctx, c, client.Request{Path: path})
		if err == nil {
			*out.(*page) = p
		}
		return err
	}}}
}

// ownRetry returns the project's entries of the group Retry: 503, 503, 200.
func ownRetry(http.RoundTripper) []entry {
	return []entry{retryEntry("own", func(rt http.RoundTripper) func(*okReply) error {
		c := mustClient(retryBase, client.WithTransport(rt),
			client.WithRetry(retry.Policy{NoBudget: true})) // two retries a call, for ever
		return func(out *okReply) (err error) {
			*out, err = client.Call[okReply](context.Background(), c, client.Request{Path: retryPath})
			return err
		}
	})}
}

// ownInject returns the project's entries of the group Token/inject: a bearer
// header added under an http.Client, without deadlines and with them.
func ownInject(_ func(http.RoundTripper) *http.Client, rt http.RoundTripper) []entry {
	const base = "https://mem.invalid"
	bare := mustClient(base, client.WithTransport(rt), client.WithTimeout(client.NoTimeout),
		client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout))
	full := mustClient(base, client.WithTransport(rt))
	return []entry{
		{"own-no-deadlines", ping(bare.HTTPClient())},
		{"own", ping(full.HTTPClient())},
	}
}
