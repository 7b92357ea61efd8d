package providers

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// pair makes one call by the adapter and by the SDK.
type pair struct{ ours, sdks func() error }

// requireSame holds the request of ours to that of the SDK: method, host, path, query,
// credential and body. Each makes one. Of what the SDK sends, forms leave out what says
// nothing.
func requireSame(t *testing.T, rt *clienttest.Transport, p pair, forms ...func(clienttest.Recorded) clienttest.Recorded) {
	t.Helper()
	before := rt.Count()
	require.NoError(t, p.ours())
	require.Equal(t, before+1, rt.Count())
	ours := rt.Last()
	require.NoError(t, p.sdks())
	require.Equal(t, before+2, rt.Count())
	sdks := rt.Last()
	for _, form := range forms {
		sdks = form(sdks)
	}
	require.Equal(t, sdks.Method+" "+sdks.Host, ours.Method+" "+ours.Host)
	require.Equal(t, target(t, sdks), target(t, ours))
	require.Equal(t, credential(t, sdks), credential(t, ours))
	require.Equal(t, content(t, sdks), content(t, ours))
}

func target(t *testing.T, r clienttest.Recorded) map[string]any {
	t.Helper()
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	return map[string]any{"path": u.EscapedPath(), "query": u.Query()}
}

// credential is that of the header, or, with slack-go, of the form.
func credential(t *testing.T, r clienttest.Recorded) string {
	t.Helper()
	if v := r.Header.Get("Authorization"); v != "" {
		return strings.TrimPrefix(v, "Bearer ")
	}
	form, err := url.ParseQuery(string(r.Body))
	require.NoError(t, err)
	return form.Get("token")
}

// content is the body without what differs from call to call.
func content(t *testing.T, r clienttest.Recorded) any {
	t.Helper()
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(r.Body) == 0:
		return nil
	case kind == "application/json":
		var v any
		require.NoError(t, json.Unmarshal(r.Body, &v))
		return v
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(r.Body))
		require.NoError(t, err)
		form.Del("token")
		if len(form) == 0 {
			return nil
		}
		return form
	case kind == "multipart/form-data":
		form, err := multipart.NewReader(bytes.NewReader(r.Body), params["boundary"]).ReadForm(1 << 20)
		require.NoError(t, err)
		got := map[string]any{}
		for name, values := range form.Value {
			got[name] = values
		}
		for name, files := range form.File {
			f, err := files[0].Open()
			require.NoError(t, err)
			data, err := io.ReadAll(f)
			require.NoError(t, err)
			_ = f.Close()
			got[name] = []string{files[0].Filename, string(data)}
		}
		return got
	}
	return string(r.Body)
}
