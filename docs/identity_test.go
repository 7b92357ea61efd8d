package docs

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
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
