package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/costtest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

// What the stack sends verifies: by Call and Do and under an SDK's http.Client, with
// every kind of body, path and query.
func TestRequestsVerify(t *testing.T) {
	s := newService()
	c := newClient(t, s, signer(accessKey()))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("content"), 0o600))
	opened, err := os.Open(file)
	require.NoError(t, err)
	for name, r := range map[string]client.Request{
		"get":          {Path: "/key"},
		"odd key":      {Path: "/" + client.PathEscape("a+b c/$世:@") + "/x"},
		"list":         {Path: "/", Query: url.Values{"prefix": {"a/b c+d"}, "list-type": {"2"}, "delimiter": {"/"}}},
		"subresource":  {Path: "/key", Query: url.Values{"acl": {""}}},
		"fields":       {Path: "/key", Header: http.Header{"X-Amz-Meta-A": {"  two  words "}, "Range": {"bytes=0-9"}, "X-Amz-Meta-B": {"1", "2"}}},
		"json":         {Method: "PUT", Path: "/key", Body: map[string]string{"a": "b"}},
		"reader":       {Method: "PUT", Path: "/key", Body: client.Raw("text/plain", bytes.Repeat([]byte("x"), 100_000))},
		"file":         {Method: "PUT", Path: "/key", Body: client.Stream("text/plain", opened, -1)},
		"small stream": {Method: "PUT", Path: "/key", Body: client.Stream("text/plain", io.MultiReader(strings.NewReader("content")), -1)},
		"long stream":  {Method: "PUT", Path: "/key", Body: client.Stream("text/plain", io.MultiReader(bytes.NewReader(make([]byte, 2<<20))), -1)},
		"no body":      {Method: "PUT", Path: "/key"},
		"post":         {Method: "POST", Path: "/key", Query: url.Values{"uploads": {""}}},
		"delete":       {Method: "DELETE", Path: "/key"},
		"head":         {Method: "HEAD", Path: "/key"},
	} {
		require.Equal(t, http.StatusOK, do(t, c, r), name)
	}
	hc := c.HTTPClient()
	for _, method := range []string{"GET", "PUT"} {
		req, err := http.NewRequest(method, base+"/a+b%2Fc?x=1+2&acl", strings.NewReader("body"))
		require.NoError(t, err)
		req.Header["x-amz-date"] = []string{"19700101T000000Z"}
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=PLACEHOLDER/…")
		req.Header.Set("X-Amz-Security-Token", "placeholder")
		resp, err := hc.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Contains(t, req.Header.Get("Authorization"), "PLACEHOLDER", "C9: the caller's request stays")
	}
}

// C15: each attempt is signed anew.
func TestC15_EachAttemptIsSignedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.answer = func(n int, req *http.Request) *http.Response {
			if n < 3 {
				return s.respond(req, http.StatusServiceUnavailable, "SlowDown")
			}
			return nil
		}
		c := newClient(t, s, signer(accessKey()))
		require.Equal(t, http.StatusOK, do(t, c, client.Request{Method: "PUT", Path: "/key", Body: client.Raw("text/plain", []byte("content"))}))
		dates, signatures := map[string]bool{}, map[string]bool{}
		for _, req := range s.requests() {
			dates[req.Header.Get("X-Amz-Date")] = true
			signatures[req.Header.Get("Authorization")] = true
		}
		require.Len(t, dates, 3)
		require.Len(t, signatures, 3)
	})
}

// C14: a redirect to another region, or to anywhere else, takes no signature and no
// token along; one on the client's own origin is signed for its own URL.
func TestC14_RedirectDoesNotLeakASignature(t *testing.T) {
	key := accessKey()
	key.Token = secret.Static("canary-token")
	for status, place := range map[int]string{
		301: "https://bucket.s3.us-west-2.amazonaws.com/key", 302: "https://evil.example/key", 307: "https://bucket.s3.us-west-2.amazonaws.com/key",
	} {
		for _, sdk := range []bool{false, true} {
			s := newService()
			s.answer = func(n int, req *http.Request) *http.Response {
				resp := s.respond(req, http.StatusOK, "")
				if n == 1 {
					resp.StatusCode = status
					resp.Header.Set("Location", place)
				}
				return resp
			}
			c := newClient(t, s, signer(key))
			if sdk {
				resp, err := c.HTTPClient().Get(base + "/key")
				require.NoError(t, err)
				resp.Body.Close()
			} else {
				require.Equal(t, http.StatusOK, do(t, c, client.Request{Path: "/key"}))
			}
			seen := s.requests()
			require.Len(t, seen, 2)
			require.NotEmpty(t, seen[0].Header.Get("Authorization"))
			require.Equal(t, place, seen[1].URL.String())
			for _, name := range []string{"Authorization", "X-Amz-Security-Token", "X-Amz-Date", "X-Amz-Content-Sha256"} {
				require.Empty(t, seen[1].Header.Get(name), name)
			}
		}
	}
	s := newService()
	s.answer = func(n int, req *http.Request) *http.Response {
		if n > 1 {
			return nil
		}
		resp := s.respond(req, http.StatusTemporaryRedirect, "")
		resp.Header.Set("Location", base+"/other?acl")
		return resp
	}
	c := newClient(t, s, signer(key))
	require.Equal(t, http.StatusOK, do(t, c, client.Request{Method: "PUT", Path: "/key", Body: client.Raw("text/plain", []byte("content"))}))
	seen := s.requests()
	require.NotEqual(t, seen[0].Header.Get("Authorization"), seen[1].Header.Get("Authorization"))
}

func TestPayload(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	replayable := func(req *http.Request) {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("Welcome to Amazon S3.")), nil }
	}
	once := func(*http.Request) {}
	for name, c := range map[string]struct {
		cfg   s3.SigV4Config
		url   string
		body  string
		given string
		form  func(*http.Request)
		want  string // of X-Amz-Content-Sha256; "" where there is an error
		err   string
	}{
		"replayable":            {body: "x", form: replayable, want: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
		"none":                  {form: once, want: empty},
		"once over https":       {body: "x", form: once, want: "UNSIGNED-PAYLOAD"},
		"once on this machine":  {url: "http://127.0.0.1:9000/key", body: "x", form: once, want: "UNSIGNED-PAYLOAD"},
		"once in the clear":     {url: "http://minio.example/key", body: "x", form: once, err: "cannot be read twice"},
		"twice in the clear":    {url: "http://minio.example/key", body: "x", form: replayable, want: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
		"unsigned":              {cfg: s3.SigV4Config{UnsignedPayload: true}, body: "x", form: replayable, want: "UNSIGNED-PAYLOAD"},
		"given":                 {body: "x", given: "abc", form: replayable, want: "abc"},
		"given, unsigned":       {cfg: s3.SigV4Config{UnsignedPayload: true}, body: "x", given: empty, form: once, want: empty},
		"unsigned trailer":      {body: "x", given: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", form: once, want: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
		"chunks":                {body: "x", given: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", form: once, err: "chunk by chunk"},
		"other service":         {cfg: s3.SigV4Config{Service: "sqs"}, body: "x", form: replayable, want: "absent"},
		"other service, once":   {cfg: s3.SigV4Config{Service: "sqs"}, body: "x", form: once, err: "cannot be read twice"},
		"other service, given":  {cfg: s3.SigV4Config{Service: "sqs"}, body: "x", given: "abc", form: once, want: "abc"},
		"other kinds of S3":     {cfg: s3.SigV4Config{Service: "s3-outposts"}, body: "x", form: once, want: "UNSIGNED-PAYLOAD"},
		"a body that is broken": {body: "x", form: func(req *http.Request) { req.GetBody = func() (io.ReadCloser, error) { return nil, errBroken } }, err: "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.url == "" {
				c.url = base + "/key"
			}
			var body io.Reader
			if c.body != "" {
				body = io.MultiReader(strings.NewReader(c.body))
			}
			req, err := http.NewRequest("PUT", c.url, body)
			require.NoError(t, err)
			c.form(req)
			if c.given != "" {
				req.Header["x-amz-content-sha256"] = []string{c.given}
			}
			c.cfg.Credentials, c.cfg.Region = accessKey(), testRegion
			err = s3.SigV4(c.cfg).Authorize(req)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.Empty(t, req.Header.Get("Authorization"))
				return
			}
			require.NoError(t, err)
			if c.want == "absent" {
				require.NotContains(t, req.Header, "X-Amz-Content-Sha256")
			} else {
				require.Equal(t, []string{c.want}, req.Header["X-Amz-Content-Sha256"])
				require.Contains(t, req.Header.Get("Authorization"), "x-amz-content-sha256;")
			}
			if c.body != "" {
				left, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				require.Equal(t, c.body, string(left), "the body itself is not read")
			}
		})
	}
}

var errBroken = errors.New("broken")

func TestPayloadEndsWithTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "PUT", base+"/key", strings.NewReader(strings.Repeat("x", 1<<20)))
	require.NoError(t, err)
	closed := false
	body := req.GetBody
	req.GetBody = func() (io.ReadCloser, error) {
		rc, err := body()
		return closer{rc, &closed}, err
	}
	cancel()
	require.ErrorIs(t, signer(accessKey()).Authorize(req), context.Canceled)
	require.True(t, closed)
}

type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error {
	*c.closed = true
	return nil
}

func TestSessionToken(t *testing.T) {
	key := accessKey()
	key.Token = secret.Static("token")
	for _, unsigned := range []bool{false, true} {
		req, err := http.NewRequest("GET", base+"/key", nil)
		require.NoError(t, err)
		auth := s3.SigV4(s3.SigV4Config{Credentials: key, Region: testRegion, UnsignedToken: unsigned})
		require.NoError(t, auth.Authorize(req))
		require.Equal(t, []string{"token"}, req.Header["X-Amz-Security-Token"])
		require.Equal(t, !unsigned, strings.Contains(req.Header.Get("Authorization"), "x-amz-security-token"))
	}
}

// A URL that is presigned has its credential: AWS refuses two.
func TestPresignedRequestGoesOutAsItIs(t *testing.T) {
	auth := signer(accessKey())
	p, err := auth.Presign(t.Context(), s3.PresignRequest{URL: base + "/key", Expires: time.Minute})
	require.NoError(t, err)
	s := newService()
	s.answer = func(_ int, req *http.Request) *http.Response { return s.respond(req, 200, "") }
	resp, err := newClient(t, s, auth).HTTPClient().Get(p.URL)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, p.URL, s.requests()[0].URL.String())
	require.NotContains(t, s.requests()[0].Header, "Authorization")
	require.NotContains(t, s.requests()[0].Header, "X-Amz-Date")
}

// X2: what is missing or cannot work is an error at construction, without the value.
func TestX2_Construction(t *testing.T) {
	good := accessKey()
	with := func(change func(*s3.SigV4Config)) s3.SigV4Config {
		cfg := s3.SigV4Config{Credentials: good, Region: testRegion}
		change(&cfg)
		return cfg
	}
	key := func(id, key, token secret.Source) s3.SigV4Config {
		return s3.SigV4Config{Credentials: s3.AccessKey{ID: id, Secret: key, Token: token}, Region: testRegion}
	}
	st := func(v string) secret.Source { return secret.Static(v) }
	for name, cfg := range map[string]s3.SigV4Config{
		"zero":               {},
		"no region":          with(func(c *s3.SigV4Config) { c.Region = "" }),
		"region canary/x":    with(func(c *s3.SigV4Config) { c.Region = "canary/x" }),
		"service canary x":   with(func(c *s3.SigV4Config) { c.Service = "canary x" }),
		"unsigned elsewhere": with(func(c *s3.SigV4Config) { c.Service, c.UnsignedPayload = "sqs", true }),
		"no ID":              key(nil, st(testSecret), nil),
		"no secret":          key(st(testID), nil, nil),
		"blank ID":           key(st(" "), st(testSecret), nil),
		"blank secret":       key(st(testID), st("\n"), nil),
		"blank token":        key(st(testID), st(testSecret), st("")),
		"ID with comma":      key(st("canary,Signature=x"), st(testSecret), nil),
		"ID with line":       key(st("canary\r\nX: y"), st(testSecret), nil),
		"ID beyond ASCII":    key(st("canary\u00e9"), st(testSecret), nil),
		"secret with line":   key(st(testID), st("canary\nline"), nil),
		"secret with mark":   key(st(testID), st("\ufeffcanary"), nil),
		"secret with space":  key(st(testID), st(" canary"), nil),
		"token with line":    key(st(testID), st(testSecret), st("canary\r\nX: y")),
		"token with DEL":     key(st(testID), st(testSecret), st("canary\x7f")),
		"unset":              key(secret.Env("STANDPIPE_NO_SUCH_VARIABLE"), st(testSecret), nil),
		"no function":        with(func(c *s3.SigV4Config) { c.Credentials = s3.Temporary(nil) }),
	} {
		_, err := client.New(base, client.WithAuth(s3.SigV4(cfg)))
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, err.Error(), "canary", name)
		req, reqErr := http.NewRequest("GET", base, nil)
		require.NoError(t, reqErr)
		if _, key := cfg.Credentials.(s3.AccessKey); key && cfg.Region == testRegion && cfg.Service == "" {
			require.Error(t, s3.SigV4(cfg).Authorize(req), name)
			require.NotContains(t, req.Header, "Authorization", name)
		}
		_, err = s3.SigV4(cfg).Presign(t.Context(), s3.PresignRequest{URL: base, Expires: time.Minute})
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
	_, err := client.New(base, client.WithAuth(signer(good)))
	require.NoError(t, err)
}

// C36: who calls is told by the key, and not by the value of the credential.
func TestC36_Identity(t *testing.T) {
	require.NotEmpty(t, signer(accessKey()).Identity())
	require.Equal(t, signer(accessKey()).Identity(), signer(accessKey()).Identity())
	other := accessKey()
	other.ID = secret.Static("OTHER")
	require.NotEqual(t, signer(accessKey()).Identity(), signer(other).Identity())
	other = accessKey()
	other.Secret = secret.Static("other")
	require.NotEqual(t, signer(accessKey()).Identity(), signer(other).Identity())
	other.Secret = secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errBroken })
	require.Empty(t, signer(other).Identity())
	require.Empty(t, signer(s3.Temporary(nil)).Identity())
	other.Secret = secret.Cache(other.Secret, time.Hour)
	require.Empty(t, signer(other).Identity())
}

// The ceiling of a 1 KiB PUT, its body hashed.
func TestAllocationsOfAPut(t *testing.T) {
	if costtest.Race {
		t.Skip("the race detector's allocations count")
	}
	auth, body := signer(accessKey()), bytes.Repeat([]byte("x"), 1<<10)
	reader := bytes.NewReader(nil)
	put := func() {
		req, err := http.NewRequest("PUT", base+"/dir/key.json", reader)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		if err := auth.Authorize(req); err != nil {
			t.Fatal(err)
		}
	}
	put()
	require.LessOrEqual(t, testing.AllocsPerRun(200, put), 15.0)
}

func TestRegionAndServiceAreNames(t *testing.T) {
	for _, name := range []string{"a", "z", "A", "Z", "0", "9", "-", "_", "eu-central-1", "auto", "US"} {
		require.NoError(t, s3.SigV4(s3.SigV4Config{Credentials: accessKey(), Region: name, Service: name}).Check(), name)
	}
	for _, name := range []string{"", "`", "{", "@", "[", "/", ":", " ", "eu/central", "eu\n", "\u00e9"} {
		require.ErrorIs(t, s3.SigV4(s3.SigV4Config{Credentials: accessKey(), Region: name}).Check(), client.ErrConfig, name)
		if name != "" { // which is s3
			require.ErrorIs(t, s3.SigV4(s3.SigV4Config{Credentials: accessKey(), Region: testRegion, Service: name}).Check(), client.ErrConfig, name)
		}
	}
}
