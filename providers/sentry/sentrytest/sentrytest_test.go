package sentrytest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/sentry"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const auth = "Sentry sentry_version=7, sentry_client=test/1, sentry_key=" + key

// post sends an envelope and returns the status and the body.
func post(t *testing.T, s *Server, path, auth, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-Sentry-Auth", auth)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.Transport().RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(said), resp.Header
}

// The examples of the specification ("Envelopes: Full Examples", Sentry SDK docs), in
// forms that their grammar allows.
func TestEnvelopesAsTheSpecificationHasThem(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		items []string
		wrong string
	}{
		"two items":                {"{}\n{\"type\":\"attachment\",\"length\":10}\n\xef\xbb\xbfHello\r\n\n{\"type\":\"event\",\"length\":2}\n{}\n", []string{"\xef\xbb\xbfHello\r\n", "{}"}, ""},
		"without the last newline": {"{}\n{\"type\":\"event\",\"length\":2}\n{}", []string{"{}"}, ""},
		"empty attachments":        {"{}\n{\"type\":\"attachment\",\"length\":0}\n\n{\"type\":\"attachment\",\"length\":0}\n", []string{"", ""}, ""},
		"an implicit length":       {"{}\n{\"type\":\"attachment\"}\nhelloworld\n", []string{"helloworld"}, ""},
		"an unknown type":          {"{}\n{\"type\":\"tomorrow\",\"x\":1}\ny", []string{"y"}, ""},
		"no items":                 {"{}", nil, ""},
		"no header":                {"", nil, "invalid envelope header"},
		"a header that is none":    {"[]\n", nil, "invalid envelope header"},
		"null":                     {"null\n", nil, "invalid envelope header"},
		"an item without a type":   {"{}\n{}\n", nil, "invalid item header"},
		"too long":                 {"{}\n{\"type\":\"event\",\"length\":3}\n{}", nil, "unexpected end of file"},
		"negative":                 {"{}\n{\"type\":\"event\",\"length\":-1}\n{}", nil, "unexpected end of file"},
		"too short":                {"{}\n{\"type\":\"event\",\"length\":1}\n{}\n", nil, "missing newline after header or payload"},
	} {
		_, items, err := parse([]byte(tc.in))
		if tc.wrong != "" {
			require.EqualError(t, err, tc.wrong, name)
			s := New()
			status, said, _ := post(t, s, "/api/42/envelope/", auth, tc.in)
			require.Equal(t, 400, status, name)
			require.JSONEq(t, `{"detail":"bad envelope data","causes":["`+tc.wrong+`"]}`, said, name)
			continue
		}
		require.NoError(t, err, name)
		var payloads []string
		for _, i := range items {
			payloads = append(payloads, string(i.payload))
		}
		require.Equal(t, tc.items, payloads, name)
	}
}

func TestOnlyItsOwnKeyAndProject(t *testing.T) {
	s := New()
	event := "{}\n{\"type\":\"event\"}\n{\"event_id\":\"a\"}\n"
	for name, tc := range map[string]struct {
		path, auth, body string
		status           int
	}{
		"in the header":     {"/api/42/envelope/", auth, event, 200},
		"in the query":      {"/api/42/envelope/?sentry_key=" + key, "", event, 200},
		"in the envelope":   {"/api/42/envelope/", "", `{"dsn":"https://` + key + `:@o1.ingest.us.sentry.io/42"}` + event[2:], 200},
		"none":              {"/api/42/envelope/", "", event, 401},
		"another":           {"/api/42/envelope/", "Sentry sentry_key=other", event, 403},
		"two that disagree": {"/api/42/envelope/?sentry_key=other", auth, event, 403},
		"another project":   {"/api/43/envelope/", auth, event, 403},
		"another endpoint":  {"/api/42/store/", auth, event, 404},
	} {
		status, _, _ := post(t, s, tc.path, tc.auth, tc.body)
		require.Equal(t, tc.status, status, name)
	}
	require.Equal(t, []Event{{ID: "a", Raw: json.RawMessage(`{"event_id":"a"}`), Times: 3}}, s.Events())
	require.Len(t, s.Requests(), 8)
}

func TestSizesAndEncodings(t *testing.T) {
	s := New()
	item := func(kind string, n int) string {
		return "{}\n{\"type\":\"" + kind + "\"}\n{\"x\":\"" + strings.Repeat("x", n-len(`{"x":""}`)) + "\"}\n"
	}
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.String()
	}
	for kind, limit := range map[string]int{"event": maxEvent, "check_in": maxCheckIn, "client_report": maxReport} {
		status, _, _ := post(t, s, "/api/42/envelope/", auth, zipped(item(kind, limit)), "Content-Encoding", "gzip")
		require.Equal(t, 200, status, kind)
		status, said, _ := post(t, s, "/api/42/envelope/", auth, zipped(item(kind, limit+1)), "Content-Encoding", "gzip")
		require.Equal(t, 413, status, kind)
		require.Contains(t, said, kind)
	}
	status, _, _ := post(t, s, "/api/42/envelope/", auth, item("event", maxCompressed+1))
	require.Equal(t, 413, status, "not compressed at all")
	for encoding, body := range map[string]string{"gzip": "no", "br": "no"} {
		status, _, _ = post(t, s, "/api/42/envelope/", auth, body, "Content-Encoding", encoding)
		require.Equal(t, 400, status, encoding)
	}
	for _, payload := range []string{"[]", "{", `{"exception":7}`, `{"exception":{"values":7}}`, `{"exception":[7]}`, `{"tags":7}`} {
		status, _, _ = post(t, s, "/api/42/envelope/", auth, "{}\n{\"type\":\"event\"}\n"+payload)
		require.Equal(t, 400, status, payload)
	}
}

func TestLimitsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		event, checkIn := "{\"event_id\":\"a\"}\n{\"type\":\"event\"}\n{}\n", "{}\n{\"type\":\"check_in\"}\n{}\n"
		s.Limit(90*time.Second, "error", "transaction")
		status, _, h := post(t, s, "/api/42/envelope/", auth, event)
		require.Equal(t, []string{"90:error;transaction:organization:quota_exceeded", "90"}, []string{h.Get("X-Sentry-Rate-Limits"), h.Get("Retry-After")})
		require.Equal(t, 429, status)
		status, _, h = post(t, s, "/api/42/envelope/", auth, checkIn)
		require.Equal(t, 200, status)
		require.Equal(t, "90:error;transaction:organization:quota_exceeded", h.Get("X-Sentry-Rate-Limits"))
		s.Limit(30 * time.Second)
		status, _, h = post(t, s, "/api/42/envelope/", auth, checkIn)
		require.Equal(t, 429, status)
		require.Equal(t, "90:error;transaction:organization:quota_exceeded, 30::organization:quota_exceeded", h.Get("X-Sentry-Rate-Limits"))
		time.Sleep(90 * time.Second)
		status, said, h := post(t, s, "/api/42/envelope/", auth, event)
		require.Equal(t, 200, status)
		require.JSONEq(t, `{"id":"a"}`, said)
		require.Empty(t, h.Get("X-Sentry-Rate-Limits"))
		s.Inject(RateLimited)
		status, _, h = post(t, s, "/api/42/envelope/", auth, event)
		require.Equal(t, 429, status)
		require.Empty(t, h.Get("Retry-After"))
	})
}

// A server on loopback, as an application's tests have it.
func TestOnLoopback(t *testing.T) {
	s := NewServer(t)
	r, err := s.Reporter(sentry.ReporterConfig{})
	require.NoError(t, err)
	s.Inject(ServerError, Unavailable)
	require.NotEmpty(t, r.Capture(t.Context(), sentry.Event{Message: "lost"}))
	require.NoError(t, r.Flush(t.Context()))
	require.NotEmpty(t, r.CheckIn(sentry.CheckIn{Monitor: "m", Status: sentry.CheckInOK}))
	require.NoError(t, r.Close(t.Context()))
	require.Empty(t, s.Events())
	require.Len(t, s.CheckIns(), 1)
	require.Equal(t, 200, s.Requests()[2].Status)
}

// L2: no envelope panics the parser, and what it reads is what there is.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("{}\n{\"type\":\"event\",\"length\":2}\n{}\n"))
	f.Add([]byte("{\"dsn\":\"x\"}\n{\"type\":\"attachment\"}\nhelloworld"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, items, err := parse(data)
		n := 0
		for _, i := range items {
			n += len(i.payload)
			_, _ = read(i.payload)
		}
		if err == nil && n > len(data) {
			t.Errorf("%d bytes of %d", n, len(data))
		}
	})
}
