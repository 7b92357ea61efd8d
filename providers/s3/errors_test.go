package s3_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/secret"
)

var sentinels = []error{
	client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable,
}

func bucket(t *testing.T, rt http.RoundTripper, opts ...client.Option) *s3.Client {
	t.Helper()
	c, err := s3.New(s3.Config{Bucket: "bucket", Region: "eu-central-1", Credentials: s3.AccessKey{
		ID: secret.Static("AKID"), Secret: secret.Static("canary/secret"),
	}}, append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return c
}

const spaces = `<?xml version="1.0" encoding="UTF-8"?>` + "\n  \n \t\r\n   "

// P5: the same failure is the same sentinel, and no other, whatever status S3 gives it,
// also inside a 200 and after the white space with which that begins; its code, message
// and request ID are kept.
func TestP5_FailuresAreTheSameAtS3(t *testing.T) {
	for name, tc := range map[string]struct {
		status   int
		body     string
		want     error
		code     string
		attempts int
	}{
		"wrong key":             {403, "<Error><Code>InvalidAccessKeyId</Code><Message>m</Message></Error>", client.ErrUnauthorized, "InvalidAccessKeyId", 1},
		"wrong secret":          {403, "<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message><StringToSign>canary</StringToSign></Error>", client.ErrUnauthorized, "SignatureDoesNotMatch", 1},
		"expired token":         {400, "<Error><Code>ExpiredToken</Code><Message>m</Message></Error>", client.ErrUnauthorized, "ExpiredToken", 1},
		"denied":                {403, "<Error><Code>AccessDenied</Code><Message>m</Message></Error>", client.ErrForbidden, "AccessDenied", 1},
		"unknown object":        {404, "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>", client.ErrNotFound, "NoSuchKey", 1},
		"invalid":               {400, "<Error><Code>InvalidArgument</Code><Message>m</Message></Error>", client.ErrBadRequest, "InvalidArgument", 1},
		"precondition":          {412, "<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>", client.ErrConflict, "PreconditionFailed", 1},
		"conflict":              {409, "<Error><Code>ConditionalRequestConflict</Code><Message>m</Message></Error>", client.ErrConflict, "ConditionalRequestConflict", 1},
		"throttle":              {503, "<Error><Code>SlowDown</Code><Message>m</Message></Error>", client.ErrRateLimited, "SlowDown", 3},
		"outage":                {503, "<Error><Code>ServiceUnavailable</Code><Message>m</Message></Error>", client.ErrUnavailable, "ServiceUnavailable", 3},
		"internal error":        {500, "<Error><Code>InternalError</Code><Message>m</Message></Error>", client.ErrUnavailable, "InternalError", 3},
		"no body came in time":  {400, "<Error><Code>RequestTimeout</Code><Message>m</Message></Error>", client.ErrUnavailable, "RequestTimeout", 3},
		"page":                  {502, "<html><body>Bad gateway</body></html>", client.ErrUnavailable, "", 3},
		"in a 200":              {200, spaces + "<Error><Code>InternalError</Code><Message>m</Message></Error>", client.ErrUnavailable, "InternalError", 3},
		"throttle in a 200":     {200, spaces + "<Error><Code>SlowDown</Code><Message>m</Message></Error>", client.ErrRateLimited, "SlowDown", 3},
		"denied in a 200":       {200, spaces + "<Error><Code>AccessDenied</Code><Message>m</Message></Error>", client.ErrForbidden, "AccessDenied", 1},
		"unknown in a 200":      {200, "\ufeff" + `<Error xmlns="x"><Code>NoSuchKey</Code><Message>m</Message></Error>`, client.ErrNotFound, "NoSuchKey", 1},
		"precondition in a 200": {200, "<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>", client.ErrConflict, "PreconditionFailed", 1},
		"new code in a 200":     {200, "<Error><Code>Brandnew</Code><Message>m</Message></Error>", client.ErrUnavailable, "Brandnew", 1},
		"another region":        {301, "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>", client.ErrBadRequest, "PermanentRedirect", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, body(tc.status, tc.body).Header("X-Amz-Request-Id", "req_1"))
				c := bucket(t, rt)
				_, err := s3.CopyObject.Do(t.Context(), c.HTTP, s3.CopyObjectInput{Key: "k", CopySource: s3.CopySource("b", "k", "")})
				for _, sentinel := range sentinels {
					require.Equal(t, sentinel == tc.want, errors.Is(err, sentinel), "%v: %v", sentinel, err)
				}
				e, ok := errors.AsType[*client.Error](err)
				require.True(t, ok)
				require.Equal(t, []any{"s3", tc.status, tc.code, "req_1"}, []any{e.Provider, e.Status, e.Code, e.RequestID})
				require.Len(t, e.Attempts, tc.attempts)
				require.NotContains(t, err.Error(), "canary")
			})
		})
	}
}

// P5: what breaks off is told as such, with what was tried, and is no object.
func TestP5_ATruncatedObjectIsNone(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	srv.Put("k", []byte("0123456789"))
	srv.Inject(s3test.Fault{Operation: "GetObject", CutAfter: 5, Times: -1})
	out, err := s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k"})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Empty(t, out)
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Len(t, e.Attempts, 3)
	require.NotContains(t, err.Error(), s3test.SecretAccessKey)
}

// An object that looks like an error is an object.
func TestAnObjectIsNoError(t *testing.T) {
	const text = "<Error><Code>SlowDown</Code></Error>"
	rt := clienttest.NewTransport(t, body(200, text).Header("ETag", `"e"`))
	out, err := s3.GetObject.Do(t.Context(), bucket(t, rt).HTTP, s3.GetObjectInput{Key: "k"})
	require.NoError(t, err)
	require.Equal(t, text, string(out.Body))
	require.Equal(t, 1, rt.Count())
}

// A bucket of another region is no riddle: the error names it, and no signature goes
// anywhere else.
func TestC14_AnotherRegionIsNamed(t *testing.T) {
	for name, step := range map[string]clienttest.Step{
		"header":       errorXML(301, "PermanentRedirect", "Use the endpoint.").Header("X-Amz-Bucket-Region", "us-west-2"),
		"head":         clienttest.Status(400).Header("X-Amz-Bucket-Region", "us-west-2"),
		"in the error": body(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong.</Message><Region>us-west-2</Region></Error>"),
	} {
		rt := clienttest.NewTransport(t, step)
		c := bucket(t, rt)
		_, err := s3.HeadObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k"})
		if name == "in the error" {
			_, err = s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k"})
		}
		require.ErrorContains(t, err, "The bucket is in the region us-west-2", name)
		require.ErrorIs(t, err, client.ErrBadRequest)
		require.NotContains(t, rt.Last().Host, "us-west-2")
	}
	// To another host it goes without.
	rt := clienttest.NewTransport(t, clienttest.Redirect(307, "https://bucket.s3.us-west-2.amazonaws.com/k"), clienttest.Status(403))
	_, err := s3.GetObject.Do(t.Context(), bucket(t, rt).HTTP, s3.GetObjectInput{Key: "k"})
	require.ErrorIs(t, err, client.ErrForbidden)
	require.Empty(t, rt.Last().Header.Get("Authorization"))
	require.NotEmpty(t, rt.Requests()[0].Header.Get("Authorization"))
}

// X3: S3 refuses an expired or rotated key with 403 and 400, and never with 401: it is
// fetched again all the same.
func TestX3_ARefusedKeyIsFetchedAgain(t *testing.T) {
	for _, code := range []string{"InvalidAccessKeyId", "ExpiredToken", "InvalidToken", "SignatureDoesNotMatch"} {
		synctest.Test(t, func(t *testing.T) {
			f := &fetcher{}
			rt := clienttest.NewTransport(t, errorXML(403, code, "no"), clienttest.Status(200).Header("ETag", `"e"`))
			c, err := s3.New(s3.Config{Bucket: "bucket", Region: "eu-central-1", Credentials: s3.Temporary(f.fetch)}, client.WithTransport(rt))
			require.NoError(t, err)
			_, err = s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: "k", Body: client.Raw("text/plain", []byte("x"))})
			require.NoError(t, err, code)
			require.Equal(t, 2, f.n)
			require.Contains(t, rt.Last().Header.Get("Authorization"), "ID2/")
		})
	}
}

// Whatever an error body holds is read without harm.
func FuzzErrorBody(f *testing.F) {
	f.Add(403, "<Error><Code>AccessDenied</Code></Error>")
	f.Fuzz(func(t *testing.T, status int, body string) {
		d := s3.Profile.DecodeError(status, http.Header{}, []byte(body))
		if s3.Profile.Failed(200, http.Header{}, []byte(body)) && d.Status == 0 && status < 300 {
			t.Fatal("an error inside a 200 stands for no status")
		}
		s3.Profile.Throttled(503, http.Header{}, []byte(body))
		s3.Profile.HintBody(503, http.Header{}, []byte(body))
	})
}

// Whatever a listing holds, it ends or says how it goes on.
func FuzzListing(f *testing.F) {
	f.Add("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")
	f.Fuzz(func(t *testing.T, text string) {
		var l s3.ListBucketResult
		if err := xml.Unmarshal([]byte(text), &l); err == nil && l.IsTruncated && l.NextContinuationToken == "" {
			t.Fatal("the listing goes on, and nobody knows where")
		}
	})
}
