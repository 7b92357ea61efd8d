package docs

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
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
