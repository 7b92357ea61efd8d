package s3_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/sigv4"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

func TestPresign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := accessKey()
		key.Token = secret.Static("token/+=")
		p, err := signer(key).Presign(t.Context(), s3.PresignRequest{
			Method:  "PUT",
			URL:     base + "/dir/a b.txt?partNumber=1&uploadId=x+y",
			Header:  http.Header{"content-type": {"text/plain"}, "Content-Length": {"12"}, "User-Agent": {"mine"}, "X-Amz-Meta-A": {" 1 ", "2"}},
			Expires: 90 * time.Second,
		})
		require.NoError(t, err)
		require.Equal(t, "PUT", p.Method)
		require.Equal(t, time.Now().Add(90*time.Second).UTC(), p.Expires.UTC())
		require.Equal(t, http.Header{"Content-Type": {"text/plain"}, "Content-Length": {"12"}, "X-Amz-Meta-A": {" 1 ", "2"}}, p.Header)
		require.True(t, strings.HasPrefix(p.URL, base+"/dir/a%20b.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"), p.URL)
		q := queryOf(t, p.URL)
		require.Equal(t, "90", q.Get("X-Amz-Expires"))
		require.Equal(t, "20000101T000000Z", q.Get("X-Amz-Date"))
		require.Equal(t, testID+"/20000101/"+testRegion+"/s3/aws4_request", q.Get("X-Amz-Credential"))
		require.Equal(t, "content-length;content-type;host;x-amz-meta-a", q.Get("X-Amz-SignedHeaders"))
		require.Equal(t, "token/+=", q.Get("X-Amz-Security-Token"))
		require.Equal(t, "x y", q.Get("uploadId"))
		require.Len(t, q.Get("X-Amz-Signature"), 64)
	})
}

// What is signed decides: each part of the request, and nothing else.
func TestPresignCoversTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sign := func(auth *s3.Signer, change func(*s3.PresignRequest)) string {
			r := s3.PresignRequest{URL: base + "/key?a=1", Header: http.Header{"X-Amz-Meta-A": {"1"}}, Expires: time.Minute}
			change(&r)
			p, err := auth.Presign(t.Context(), r)
			require.NoError(t, err)
			return queryOf(t, p.URL).Get("X-Amz-Signature")
		}
		auth := signer(accessKey())
		first := sign(auth, func(*s3.PresignRequest) {})
		require.Equal(t, first, sign(auth, func(r *s3.PresignRequest) { r.Method = "GET" }))
		require.Equal(t, first, sign(auth, func(r *s3.PresignRequest) { r.Header.Set("User-Agent", "x") }))
		require.Equal(t, first, sign(auth, func(r *s3.PresignRequest) { r.URL = strings.Replace(r.URL, ".com/", ".com:443/", 1) }))
		seen := map[string]bool{first: true}
		for i, change := range []func(*s3.PresignRequest){
			func(r *s3.PresignRequest) { r.Method = "PUT" },
			func(r *s3.PresignRequest) { r.URL = base + "/key2?a=1" },
			func(r *s3.PresignRequest) { r.URL = base + "/key?a=2" },
			func(r *s3.PresignRequest) { r.URL = strings.Replace(r.URL, "bucket", "other", 1) },
			func(r *s3.PresignRequest) { r.Header.Set("X-Amz-Meta-A", "2") },
			func(r *s3.PresignRequest) { r.Header.Set("Content-Length", "1") },
			func(r *s3.PresignRequest) { r.Expires = 2 * time.Minute },
			func(r *s3.PresignRequest) { r.Header.Set("X-Amz-Content-Sha256", "abc") },
			func(r *s3.PresignRequest) { r.Header.Set("X-Amz-Content-Sha256", "def") },
		} {
			got := sign(auth, change)
			require.False(t, seen[got], i)
			seen[got] = true
		}
		for _, cfg := range []s3.SigV4Config{{Region: "other"}, {Region: testRegion, Service: "sqs"}} {
			cfg.Credentials = accessKey()
			got := sign(s3.SigV4(cfg), func(*s3.PresignRequest) {})
			require.False(t, seen[got])
			seen[got] = true
		}
	})
}

func TestPresignRefuses(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		r    s3.PresignRequest
		says string // "" where it is accepted
	}{
		"a second":      {s3.PresignRequest{URL: base, Expires: time.Second}, ""},
		"seven days":    {s3.PresignRequest{URL: base, Expires: 7 * day}, ""},
		"zero":          {s3.PresignRequest{URL: base}, "from 1 s to 7 days, not for 0s"},
		"negative":      {s3.PresignRequest{URL: base, Expires: -time.Second}, "from 1 s to 7 days"},
		"over a week":   {s3.PresignRequest{URL: base, Expires: 7*day + time.Second}, "from 1 s to 7 days"},
		"a fraction":    {s3.PresignRequest{URL: base, Expires: 1500 * time.Millisecond}, "whole seconds"},
		"no URL":        {s3.PresignRequest{Expires: day}, "must begin with https://"},
		"no host":       {s3.PresignRequest{URL: "https:///canary", Expires: day}, "must begin with https://"},
		"ftp":           {s3.PresignRequest{URL: "ftp://canary", Expires: day}, "must begin with https://"},
		"not a URL":     {s3.PresignRequest{URL: "https://canary\x7f", Expires: day}, "cannot be parsed"},
		"user info":     {s3.PresignRequest{URL: "https://canary@host", Expires: day}, "user info"},
		"fragment":      {s3.PresignRequest{URL: base + "#canary", Expires: day}, "fragment"},
		"cleartext":     {s3.PresignRequest{URL: "http://canary.example", Expires: day}, "plain http"},
		"loud":          {s3.PresignRequest{URL: "http://minio.example", Expires: day, InsecureCleartext: true}, ""},
		"this machine":  {s3.PresignRequest{URL: "http://localhost:9000", Expires: day}, ""},
		"method":        {s3.PresignRequest{Method: "GET canary", URL: base, Expires: day}, "method is malformed"},
		"host field":    {s3.PresignRequest{URL: base, Header: http.Header{"host": {"canary"}}, Expires: day}, "the host is the URL's"},
		"length":        {s3.PresignRequest{URL: base, Header: http.Header{"Content-Length": {"canary"}}, Expires: day}, "Content-Length"},
		"no length":     {s3.PresignRequest{URL: base, Header: http.Header{"Content-Length": {"0"}}, Expires: day}, "Content-Length"},
		"field":         {s3.PresignRequest{URL: base, Header: http.Header{"X-A": {"canary\r\n"}}, Expires: day}, "cannot be sent"},
		"signed before": {s3.PresignRequest{URL: base + "?X-Amz-Signature=canary", Expires: day}, "has X-Amz-Signature already"},
		"query":         {s3.PresignRequest{URL: base + "?canary=%zz", Expires: day}, "malformed percent-escape"},
	} {
		p, err := signer(accessKey()).Presign(t.Context(), c.r)
		if c.says == "" {
			require.NoError(t, err, name)
			require.NotEmpty(t, queryOf(t, p.URL).Get("X-Amz-Signature"), name)
			continue
		}
		require.ErrorIs(t, err, client.ErrRequest, name)
		require.ErrorContains(t, err, c.says, name)
		require.NotContains(t, err.Error(), "canary", name)
		require.Zero(t, p, name)
	}
}

// A URL that is signed with temporary credentials does not outlive them.
func TestPresignEndsWithTheCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for life, want := range map[time.Duration]time.Duration{30 * time.Minute: 30 * time.Minute, 2 * time.Hour: time.Hour} {
			c := credentials(testID, testSecret)
			c.Expires = time.Now().Add(life)
			p, err := signer(fixed{*c}).Presign(t.Context(), s3.PresignRequest{URL: base, Expires: time.Hour})
			require.NoError(t, err)
			require.Equal(t, want, time.Until(p.Expires), fmt.Sprint(life))
		}
		_, err := signer(s3.Temporary((&fetcher{fails: errBroken}).fetch)).Presign(t.Context(), s3.PresignRequest{URL: base, Expires: time.Hour})
		require.ErrorIs(t, err, errBroken)
	})
}

// The digest that is signed is the one given, what S3 takes for none, or that of no body.
func TestPresignPayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct{ service, given, payload string }{
			{"s3", "", sigv4.UnsignedPayload}, {"s3", "abc", "abc"}, {"sqs", "", sigv4.EmptyPayload}, {"sqs", "abc", "abc"},
		} {
			req, err := http.NewRequest("PUT", base+"/key", nil)
			require.NoError(t, err)
			if c.given != "" {
				req.Header.Set("X-Amz-Content-Sha256", c.given)
			}
			auth := s3.SigV4(s3.SigV4Config{Credentials: accessKey(), Region: testRegion, Service: c.service})
			p, err := auth.Presign(t.Context(), s3.PresignRequest{Method: "PUT", URL: base + "/key", Header: req.Header, Expires: time.Minute})
			require.NoError(t, err)
			want := &sigv4.Signer{Region: testRegion, Service: c.service, EncodeOnce: c.service == "s3", KeepPath: c.service == "s3"}
			_, err = want.Presign(req, sigv4.Credentials{ID: testID, Secret: testSecret}, c.payload, time.Now(), time.Minute)
			require.NoError(t, err)
			require.Equal(t, req.URL.String(), p.URL)
		}
	})
}
