package docs

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	googleapi "github.com/standpipe-go/standpipe/providers/google"
)

var clerkSays = says{
	"DecodeError": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.Equal(t, "id", p.DecodeError(400, http.Header{}, []byte(`{"errors":[{"code":"x"}],"clerk_trace_id":"id"}`)).RequestID)
		rows["error's request ID"] = code("clerk_trace_id")
	},
}

var firebaseSays = says{
	"DecodeError": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.Equal(t, "EMAIL_EXISTS", p.DecodeError(400, http.Header{}, []byte(`{"error":{"message":"EMAIL_EXISTS : text"}}`)).Code)
		rows["error's code"] = "`error.message` up to `:`"
	},
	"Throttled": func(_ *testing.T, p client.Profile, rows map[string]string) {
		var codes []string
		for _, c := range []string{"TOO_MANY_ATTEMPTS_TRY_LATER", "QUOTA_EXCEEDED", "WEAK_PASSWORD"} {
			if p.Throttled(400, http.Header{}, fmt.Appendf(nil, `{"error":{"message":%q}}`, c+" : text")) {
				codes = append(codes, c)
			}
		}
		rows["throttle"] = "429, and 400 with " + code(codes...)
	},
	"Failed": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.True(t, p.Failed(200, http.Header{}, []byte(`{"kind":"identitytoolkit#GetAccountInfoResponse"}`)))
		rows["an error with 200"] = "a look-up without " + code("users")
	},
}

var googleSays = says{
	"DecodeError": func(t *testing.T, p client.Profile, rows map[string]string) {
		code1 := p.DecodeError(403, http.Header{}, []byte(`{"error":{"status":"PERMISSION_DENIED","errors":[{"reason":"forbidden"},{"reason":"other"}]}}`)).Code
		code2 := p.DecodeError(403, http.Header{}, []byte(`{"error":{"status":"PERMISSION_DENIED"}}`)).Code
		require.Equal(t, []string{"forbidden", "PERMISSION_DENIED"}, []string{code1, code2})
		rows["error's code"] = "the first `reason`, else the `status`"
		var codes []string
		for _, c := range []string{"fullSyncRequired", "updatedMinTooLongAgo", "deleted"} {
			if d := p.DecodeError(410, http.Header{}, fmt.Appendf(nil, `{"error":{"errors":[{"reason":%q}]}}`, c)); d.Err != nil {
				require.Equal(t, googleapi.ErrFullSyncRequired, d.Err)
				codes = append(codes, c)
			}
		}
		rows["an error of its own"] = "410 with " + code(codes...) + ": `google.ErrFullSyncRequired`"
	},
	"Throttled": func(_ *testing.T, p client.Profile, rows map[string]string) {
		var codes []string
		for _, c := range []string{"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "quotaExceeded", "forbidden"} {
			if p.Throttled(403, http.Header{}, fmt.Appendf(nil, `{"error":{"errors":[{"reason":%q}]}}`, c)) {
				codes = append(codes, c)
			}
		}
		rows["throttle"] = "429, and 403 with " + code(codes...)
	},
}
