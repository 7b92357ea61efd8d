package docs

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/auth0"
	"github.com/standpipe-go/standpipe/providers/clerk"
	"github.com/standpipe-go/standpipe/providers/firebase"
)

// The profiles of the services that know who is who: their values, and what their
// functions make of these services' own bodies.
func TestProvidersSaysWhatTheIdentityServicesState(t *testing.T) {
	document := read(t, "docs/providers.md")[0]
	tenant := auth0.Profile // New puts its domain into the base URL
	tenant.BaseURL = "https://DOMAIN/api/v2"
	for title, profile := range map[string]client.Profile{"Clerk": clerk.Profile, "Auth0": tenant, "Firebase": firebase.Profile} {
		plain := profile
		plain.DecodeError, plain.Throttled, plain.Failed = nil, nil, nil
		want := facts(t, plain)
		for _, look := range []func(client.Profile) (row, value string){traceID, cutCode, throttles, nobody} {
			if row, value := look(profile); value != "" {
				want[row] = value
			}
		}
		stated := map[string]string{}
		for _, row := range document.section(t, title).tables()[1:] {
			require.Len(t, row, 3, title)
			stated[row[0]] = row[1]
			require.NotEmpty(t, row[2], "%s: %s has no source", title, row[0])
		}
		require.Equal(t, want, stated, title)
	}
}

func traceID(p client.Profile) (row, value string) {
	if p.DecodeError != nil && p.DecodeError(400, http.Header{}, []byte(`{"errors":[{"code":"x"}],"clerk_trace_id":"id"}`)).RequestID == "id" {
		value = code("clerk_trace_id")
	}
	return "error's request ID", value
}

func cutCode(p client.Profile) (row, value string) {
	if p.DecodeError != nil && p.DecodeError(400, http.Header{}, []byte(`{"error":{"message":"EMAIL_EXISTS : text"}}`)).Code == "EMAIL_EXISTS" {
		value = "`error.message` up to `:`"
	}
	return "error's code", value
}

func throttles(p client.Profile) (row, value string) {
	if p.Throttled == nil {
		return "", ""
	}
	var codes []string
	for _, c := range []string{"TOO_MANY_ATTEMPTS_TRY_LATER", "QUOTA_EXCEEDED", "WEAK_PASSWORD"} {
		if p.Throttled(400, http.Header{}, fmt.Appendf(nil, `{"error":{"message":%q}}`, c+" : text")) {
			codes = append(codes, c)
		}
	}
	return "throttle", "429, and 400 with " + code(codes...)
}

func nobody(p client.Profile) (row, value string) {
	if p.Failed != nil && p.Failed(200, http.Header{}, []byte(`{"kind":"identitytoolkit#GetAccountInfoResponse"}`)) {
		value = "a look-up without " + code("users")
	}
	return "an error with 200", value
}
