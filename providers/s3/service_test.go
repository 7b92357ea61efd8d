package s3_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

const (
	testID     = "AKIDEXAMPLE"
	testSecret = "canary/secret+key/EXAMPLE"
	testRegion = "eu-central-1"
	base       = "https://bucket.s3.eu-central-1.amazonaws.com"
)

// service plays S3: it verifies the signature of what it gets, by what is on the wire and
// with code of its own, and refuses a date that is a quarter of an hour from its clock.
type service struct {
	keys  map[string]string // ID to secret
	ahead time.Duration     // of its clock

	answer func(n int, req *http.Request) *http.Response // of the nth request, from 1; nil is 200

	mu   sync.Mutex
	seen []*http.Request
}

func (s *service) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *service) respond(req *http.Request, status int, code string) *http.Response {
	text := ""
	if code != "" && req.Method != http.MethodHead {
		text = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>" + code + "</Code><Message>refused</Message></Error>"
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: int64(len(text)),
		Header: http.Header{"Content-Type": {"application/xml"}, "Date": {time.Now().Add(s.ahead).UTC().Format(http.TimeFormat)}},
		Body:   io.NopCloser(strings.NewReader(text)),
	}
}

func (s *service) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body.Close()
	}
	s.mu.Lock()
	s.seen = append(s.seen, req.Clone(req.Context()))
	n := len(s.seen)
	s.mu.Unlock()
	if s.answer != nil {
		if resp := s.answer(n, req); resp != nil {
			return resp, nil
		}
	}
	if code := s.verify(req, body); code != "" {
		return s.respond(req, http.StatusForbidden, code), nil
	}
	return s.respond(req, http.StatusOK, ""), nil
}

var authorization = strings.NewReplacer("Credential=", "", "SignedHeaders=", "", "Signature=", "")

// verify returns the code of S3's error, "" if the request is as it should be.
func (s *service) verify(req *http.Request, body []byte) string {
	rest, ok := strings.CutPrefix(req.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	parts := strings.Split(authorization.Replace(rest), ", ")
	if !ok || len(parts) != 3 {
		return "AccessDenied"
	}
	scope := strings.Split(parts[0], "/")
	key, known := s.keys[scope[0]]
	if !known {
		return "InvalidAccessKeyId"
	}
	at, err := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
	if err != nil || scope[1] != at.Format("20060102") {
		return "AccessDenied"
	}
	if off := at.Sub(time.Now().Add(s.ahead)); off.Abs() > 15*time.Minute {
		return "RequestTimeTooSkewed"
	}
	payload := req.Header.Get("X-Amz-Content-Sha256")
	if sum := sha256.Sum256(body); payload != "UNSIGNED-PAYLOAD" && payload != hex.EncodeToString(sum[:]) {
		return "XAmzContentSHA256Mismatch"
	}
	path, query, _ := strings.Cut(req.URL.RequestURI(), "?")
	pairs := strings.Split(query, "&")
	slices.Sort(pairs)
	lines := []string{req.Method, path, strings.Join(pairs, "&")}
	names := strings.Split(parts[1], ";")
	for name := range req.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && !slices.Contains(names, lower) {
			return "AccessDenied" // S3 wants all of these signed
		}
	}
	for _, name := range names {
		value := strings.Join(req.Header.Values(name), ",")
		switch name {
		case "host":
			if value = req.Host; value == "" {
				value = req.URL.Host
			}
		case "content-length":
			value = fmt.Sprint(len(body))
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(value), " "))
	}
	lines = append(lines, "", parts[1], payload)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", req.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	mac := []byte("AWS4" + key)
	for _, part := range append(scope[1:], text) {
		h := hmac.New(sha256.New, mac)
		h.Write([]byte(part))
		mac = h.Sum(nil)
	}
	if hex.EncodeToString(mac) != parts[2] {
		return "SignatureDoesNotMatch"
	}
	return ""
}

func accessKey() s3.AccessKey {
	return s3.AccessKey{ID: secret.Static(testID), Secret: secret.Static(testSecret)}
}

func signer(src s3.Source) *s3.Signer {
	return s3.SigV4(s3.SigV4Config{Credentials: src, Region: testRegion})
}

func newService() *service { return &service{keys: map[string]string{testID: testSecret}} }

// newClient is a client of the service with that credential.
func newClient(t *testing.T, s *service, auth *s3.Signer, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(base, append([]client.Option{
		client.WithAuth(auth),
		client.WithTransport(s),
		client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second), Throttled: retry.Constant(time.Second)}),
		client.WithProfile(client.Profile{Name: "s3", HintBody: auth.Hint, HintPermits: true}),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

func do(t *testing.T, c *client.Client, r client.Request) int {
	t.Helper()
	resp, err := c.Do(t.Context(), r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// queryOf is the query of a presigned URL.
func queryOf(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u.Query()
}
