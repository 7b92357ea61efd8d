package docs

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/datadog"
)

// says are the functions of a profile, by their fields.
type says = map[string]func(*testing.T, client.Profile, map[string]string)

var postmarkSays = says{
	"Failed": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.True(t, p.Failed(200, http.Header{}, []byte(`{"ErrorCode":1}`)))
		require.False(t, p.Failed(200, http.Header{}, []byte(`{"ErrorCode":0}`)))
		rows["an error inside a 200"] = code("ErrorCode")
	},
	"DecodeError": func(_ *testing.T, p client.Profile, rows map[string]string) {
		var codes []string
		for n := range 2000 {
			codes = append(codes, strconv.Itoa(n))
		}
		rows["another failure than its status"] = unlike(p, 422, `{"ErrorCode":%s,"Message":"x"}`, codes...)
	},
}

var sendgridSays = says{
	"LimitKey": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.NotEqual(t, limitKey(t, p, "GET /v3/templates"), limitKey(t, p, "GET /v3/suppression/bounces"))
		require.NotEqual(t, limitKey(t, p, "GET /v3/templates"), limitKey(t, p, "POST /v3/templates"))
		require.Equal(t, limitKey(t, p, "GET /v3/templates"), limitKey(t, p, "GET /v3/templates/d-1"))
		rows["limits"] = "one for each method and endpoint"
	},
	"DecodeError": func(_ *testing.T, p client.Profile, rows map[string]string) {
		rows["another failure than its status"] = unlike(p, 401, `{"errors":[{"message":"%s"}]}`, "authorization required", "Maximum credits exceeded")
	},
}

var sentrySays = says{
	"LimitKey": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.NotEqual(t, limitKey(t, p, "GET /api/0/organizations/a/issues/"), limitKey(t, p, "PUT /api/0/organizations/a/issues/"))
		require.NotEqual(t, limitKey(t, p, "GET /api/0/organizations/a/issues/"), limitKey(t, p, "GET /api/0/organizations/a/releases/"))
		require.Equal(t, limitKey(t, p, "GET /api/0/organizations/a/issues/1/"), limitKey(t, p, "GET /api/0/organizations/a/issues/2/"))
		rows["limits"] = "one for each method and endpoint"
	},
	"DecodeError": func(t *testing.T, p client.Profile, rows map[string]string) {
		d := p.DecodeError(401, http.Header{}, []byte(`{"detail":{"code":"sso-required","message":"Must login via SSO"}}`))
		require.Equal(t, client.ErrorDetail{Code: "sso-required", Message: "Must login via SSO"}, d)
		rows["code of an error"] = "that in " + code("detail") + ", where there is one"
	},
}

var paddleSays = says{
	"LimitKey": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.NotEqual(t, limitKey(t, p, "POST /subscriptions/a/charge"), limitKey(t, p, "POST /subscriptions/b/charge"))
		require.Equal(t, limitKey(t, p, "PATCH /subscriptions/a"), limitKey(t, p, "POST /subscriptions/a/charge"))
		require.Equal(t, limitKey(t, p, "POST /transactions/preview"), limitKey(t, p, "PATCH /subscriptions/a/preview"))
		require.Equal(t, limitKey(t, p, "GET /products"), limitKey(t, p, "POST /transactions"))
		rows["limits"] = "previews, the changes of each subscription, and all else"
	},
	"Unauthorized": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.True(t, p.Unauthorized(403, http.Header{}, []byte(`{"error":{"code":"invalid_token"}}`)))
		require.False(t, p.Unauthorized(403, http.Header{}, []byte(`{"error":{"code":"forbidden"}}`)))
		rows["a key that is refused"] = "its source is read again, once"
	},
	"DecodeError": func(_ *testing.T, p client.Profile, rows map[string]string) {
		rows["another failure than its status"] = unlike(p, 403, `{"error":{"code":"%s"}}`,
			"authentication_missing", "authentication_malformed", "invalid_token", "forbidden")
	},
}

var datadogSays = says{
	"LimitKey": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.NotEqual(t, limitKey(t, p, "GET /api/v1/monitor"), limitKey(t, p, "GET /api/v1/query"))
		require.NotEqual(t, limitKey(t, p, "GET /api/v1/monitor"), limitKey(t, p, "POST /api/v1/monitor"))
		require.Equal(t, limitKey(t, p, "GET /api/v1/monitor/1"), limitKey(t, p, "GET /api/v1/monitor/2"))
		rows["limits"] = "one for each method and endpoint"
	},
	"Failed": row(func(p client.Profile) (string, string) {
		return "an error inside a 200", failures(p, `{"errors":["x"]}`, `{"errors":"x","data":{}}`, `{"status":"error","error":"x"}`, `{"errors":[]}`, `{"errors":["x"],"data":[]}`)
	}),
	"Unauthorized": func(t *testing.T, p client.Profile, rows map[string]string) {
		require.True(t, p.Unauthorized(403, http.Header{}, []byte(`{"errors":["Forbidden"]}`)))
		require.False(t, p.Unauthorized(403, http.Header{}, []byte(`{"errors":["Forbidden","Failed permission authorization checks"]}`)))
		require.False(t, p.Unauthorized(400, http.Header{}, []byte(`{"errors":["Forbidden"]}`)))
		rows["a key that is refused"] = "both sources are read again, once"
	},
	"DecodeError": func(_ *testing.T, p client.Profile, rows map[string]string) {
		rows["another failure than its status"] = unlike(p, 403, `{"errors":["%s"]}`, "Forbidden", "API key is invalid", "No permission")
	},
}

func TestProvidersSaysWhatDatadogTakes(t *testing.T) {
	stated := map[string]string{}
	for _, row := range read(t, "docs/providers.md")[0].section(t, "Datadog's bounds").tables()[1:] {
		require.Len(t, row, 3)
		stated[row[0]] = strings.ReplaceAll(row[1], ",", "")
	}
	require.Equal(t, map[string]string{
		"logs":     fmt.Sprintf("%d entries %d bytes before compression", datadog.MaxLogs, datadog.MaxLogsBytes),
		"a log":    fmt.Sprintf("%d bytes 18 hours old", datadog.MaxLogBytes),
		"metrics":  fmt.Sprintf("%d bytes before compression %d bytes after", datadog.MaxMetricsBytes, datadog.MaxMetricsCompressed),
		"an event": "4000 characters 18 hours old",
	}, stated)
}

// limitKey is the limit that a request such as "GET /products" counts against.
func limitKey(t *testing.T, p client.Profile, request string) string {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequest(method, p.BaseURL+path, nil)
	require.NoError(t, err)
	return p.LimitKey(r)
}

// unlike tells the codes that stand for another failure than the status they come with.
func unlike(p client.Profile, status int, body string, codes ...string) string {
	by := map[int][]string{}
	var order []int
	for _, c := range codes {
		means := p.DecodeError(status, http.Header{}, fmt.Appendf(nil, body, c)).Status
		if means == 0 || means == status {
			continue
		}
		if by[means] == nil {
			order = append(order, means)
		}
		by[means] = append(by[means], c)
	}
	var texts []string
	for _, means := range order {
		texts = append(texts, fmt.Sprintf("%d with %s is %d", status, code(by[means]...), means))
	}
	return strings.Join(texts, ", ")
}
