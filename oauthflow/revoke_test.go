package oauthflow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// O10: what is revoked already is revoked, also where the server calls that an
// error instead of answering 200 (RFC 7009 section 2.2).
func TestO10_RevokingWhatIsRevokedAlready(t *testing.T) {
	t.Parallel()
	revoke := func(status int, body string, codes ...string) error {
		c := answering(t, status, "application/json", body, func(cfg *oauthflow.Config) {
			cfg.Provider.RevocationURL, cfg.Provider.InvalidGrantCodes = cfg.Provider.Endpoint.TokenURL, codes
		})
		return c.Revoke(t.Context(), refreshable)
	}
	for name, tc := range map[string]struct {
		status int
		body   string
		codes  []string
	}{
		"Google":              {400, `{"error":"invalid_token","error_description":"Token expired or revoked"}`, nil},
		"Twitch":              {400, `{"status":400,"message":"Invalid token"}`, nil},
		"under a 401":         {401, `{"error":"invalid_token"}`, nil},
		"Slack":               {200, `{"ok":false,"error":"token_revoked"}`, nil},
		"Slack, expired":      {200, `{"ok":false,"error":"token_expired"}`, nil},
		"a dead grant":        {400, `{"error":"invalid_grant"}`, nil},
		"as form parameters":  {400, `error=invalid_token`, nil},
		"the provider's code": {400, `{"error":{"message":"dead","code":190}}`, []string{"190"}},
		"nested":              {400, `{"errors":[{"errorType":"invalid_token","message":"x"}]}`, nil},
	} {
		require.NoError(t, revoke(tc.status, tc.body, tc.codes...), name)
	}
	for name, tc := range map[string]struct {
		status int
		body   string
		codes  []string
	}{
		"another client's secret":   {401, `{"error":"invalid_client"}`, nil},
		"a damaged request":         {400, `{"error":"invalid_request"}`, nil},
		"one that X calls dead too": {400, `{"error":"invalid_request"}`, oauthflow.X().InvalidGrantCodes},
		"what cannot be revoked":    {400, `{"error":"unsupported_token_type"}`, []string{"unsupported_token_type"}},
		"what lives on":             {400, `{"error":"invalid_token","error_description":"Token is not revocable."}`, nil},
		"nobody knows":              {503, `{"error":"invalid_token"}`, nil},
		"no reason":                 {400, ``, nil},
		"a page":                    {404, `<html>invalid_token</html>`, nil},
		"in words, of another kind": {400, `{"error":{"message":"Invalid token","code":4}}`, nil},
	} {
		require.Error(t, revoke(tc.status, tc.body, tc.codes...), name)
	}
}
