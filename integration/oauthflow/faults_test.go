package oauthflow_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

func faultyServer(t *testing.T) *servers.Server {
	t.Helper()
	return servers.Node(t, "servers/oauth2-faults.mjs", servers.NodeOptions{Ready: regexp.MustCompile(`(?m)^READY (\S+)$`)})
}

// clientAt is a client whose token endpoint is at this address.
func clientAt(t *testing.T, tokenURL string) *oauthflow.Client {
	t.Helper()
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	p := oauthflow.GitHub()
	p.Endpoint.TokenURL = tokenURL
	c, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web", ClientSecret: secret.Static("canary-secret")}, oauthflow.WithHTTPClient(hc))
	require.NoError(t, err)
	return c
}

// O2, O7
func TestO7_OAuth2MockServerFaults(t *testing.T) {
	s := faultyServer(t)
	c := clientAt(t, s.URL+"/token")
	refresh := func(fault string) (*oauth2.Token, error) {
		return c.Refresh(t.Context(), &oauth2.Token{RefreshToken: fault})
	}
	for fault, life := range map[string]time.Duration{
		"none": time.Hour, "string-expiry": time.Hour, "fractional-expiry": 3599*time.Second + time.Second/2, "no-expiry": 0,
	} {
		tok, err := refresh(fault)
		require.NoError(t, err, fault)
		require.NotEmpty(t, tok.AccessToken, fault)
		if life == 0 {
			require.True(t, tok.Expiry.IsZero())
			continue
		}
		require.WithinDuration(t, time.Now().Add(life), tok.Expiry, time.Minute, fault)
	}
	for fault, want := range map[string]struct {
		status int
		maybe  bool
		err    error
	}{
		"bad-gateway":  {502, true, nil},
		"error-in-200": {200, false, oauthflow.ErrInvalidGrant},
		"empty":        {200, true, oauthflow.ErrMalformedResponse},
		"no-token":     {200, true, oauthflow.ErrMalformedResponse},
	} {
		_, err := refresh(fault)
		te, ok := errors.AsType[*oauthflow.TokenError](err)
		require.True(t, ok, "%s: %v", fault, err)
		require.Equal(t, want.status, te.Status, fault)
		require.Equal(t, want.maybe, te.MaybeApplied, "%s: %v", fault, err)
		if want.err != nil {
			require.ErrorIs(t, err, want.err, fault)
		}
		require.NotContains(t, err.Error(), "upstream", "the body is not repeated")
		require.NotContains(t, err.Error(), "canary")
	}
}

// O2: what the network does to a request that was sent.
func TestO2_ToxicTokenEndpoint(t *testing.T) {
	s := faultyServer(t)
	upstream, err := url.Parse(s.URL)
	require.NoError(t, err)
	proxy, err := servers.Toxiproxy(t).CreateProxy("token", "127.0.0.1:0", "127.0.0.1:"+upstream.Port())
	require.NoError(t, err)
	c := clientAt(t, "http://"+proxy.Listen+"/token")
	good := &oauth2.Token{RefreshToken: "none"}
	_, err = c.Refresh(t.Context(), good)
	require.NoError(t, err)

	exchange := func(ctx context.Context) error {
		_, err := c.Exchange(ctx, "the-code", oauth2.GenerateVerifier())
		return err
	}
	// The server knows no such code and refuses it, but grants every refresh.
	refresh := func(ctx context.Context) error {
		_, err := c.Refresh(ctx, good)
		return err
	}
	for name, toxic := range map[string]struct {
		kind, stream string
		attributes   toxiproxy.Attributes
		call         func(context.Context) error
		deadline     bool
	}{
		// The server closes after its answer, which ends a downstream silence too.
		"no answer":        {"timeout", "upstream", toxiproxy.Attributes{"timeout": 0}, exchange, true},
		"closed unheard":   {"timeout", "downstream", toxiproxy.Attributes{"timeout": 50}, exchange, false},
		"reset":            {"reset_peer", "downstream", toxiproxy.Attributes{"timeout": 20}, exchange, false},
		"truncated header": {"limit_data", "downstream", toxiproxy.Attributes{"bytes": 30}, exchange, false},
		"truncated JSON":   {"limit_data", "downstream", toxiproxy.Attributes{"bytes": 400}, refresh, false},
		"slow":             {"latency", "downstream", toxiproxy.Attributes{"latency": 60_000}, exchange, true},
	} {
		t.Run(name, func(t *testing.T) {
			added, err := proxy.AddToxic("fault", toxic.kind, toxic.stream, 1, toxic.attributes)
			require.NoError(t, err)
			defer func() { require.NoError(t, proxy.RemoveToxic(added.Name)) }()
			allowed := time.Minute
			if toxic.deadline {
				allowed = 4 * time.Second // enough to send it
			}
			ctx, cancel := context.WithTimeout(t.Context(), allowed)
			defer cancel()
			begin := time.Now()
			err = toxic.call(ctx)
			te, ok := errors.AsType[*oauthflow.TokenError](err)
			require.True(t, ok, "%v", err)
			require.True(t, te.MaybeApplied, "%v", err)
			require.True(t, strings.Contains(err.Error(), "may have taken effect"))
			require.NotContains(t, err.Error(), "the-code")
			require.Less(t, time.Since(begin), 30*time.Second)
			require.Equal(t, toxic.deadline, errors.Is(err, context.DeadlineExceeded), "%v", err)
		})
	}
	require.NoError(t, proxy.Disable())
	_, err = c.Refresh(t.Context(), good)
	te, ok := errors.AsType[*oauthflow.TokenError](err)
	require.True(t, ok, "%v", err)
	require.False(t, te.MaybeApplied, "nobody listens, so nothing was sent: %v", err)
}
