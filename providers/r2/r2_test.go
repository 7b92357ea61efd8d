package r2_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/r2"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const account = "0123456789abcdef0123456789abcdef"

func key() s3.AccessKey {
	return s3.AccessKey{ID: secret.Static(s3test.AccessKeyID), Secret: secret.Static(s3test.SecretAccessKey)}
}

func xml(status int, text string) clienttest.Step {
	return clienttest.Text(status, text).Header("Content-Type", "application/xml")
}

// P2: R2 passes the conformance suite.
func TestP2_Conformance(t *testing.T) {
	profile := r2.Profile
	profile.BaseURL = "https://" + account + ".r2.cloudflarestorage.com/bucket"
	providertest.Run(t, providertest.Adapter{
		Profile: profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := r2.New(r2.Config{
				Account: account, Bucket: "bucket", Credentials: s3.AccessKey{ID: key, Secret: secret.Static("secret")},
			}, opts...)
			if err != nil {
				return nil, err
			}
			return &providertest.Calls{
				HTTP: c.HTTP,
				Write: func(ctx context.Context) error {
					_, err := s3.CreateMultipartUpload.Do(ctx, c.HTTP, s3.CreateMultipartUploadInput{Key: "k"})
					return err
				},
				Read: func(ctx context.Context) error {
					_, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "k"})
					return err
				},
			}, nil
		},
		Credential: func(r clienttest.Recorded) string {
			_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
			id, _, _ := strings.Cut(rest, "/")
			return id
		},
		Success:  xml(200, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`),
		Failure:  xml(404, `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`),
		Code:     "NoSuchKey",
		Message:  "The specified key does not exist.",
		Throttle: xml(503, `<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`),
	})
}

func TestEndpoints(t *testing.T) {
	for jurisdiction, want := range map[string]string{
		"":        "https://" + account + ".r2.cloudflarestorage.com/media",
		"eu":      "https://" + account + ".eu.r2.cloudflarestorage.com/media",
		"fedramp": "https://" + account + ".fedramp.r2.cloudflarestorage.com/media",
	} {
		rt := clienttest.NewTransport(t, clienttest.Status(200))
		c, err := r2.New(r2.Config{Account: account, Bucket: "media", Credentials: key(), Jurisdiction: jurisdiction}, client.WithTransport(rt))
		require.NoError(t, err)
		require.Equal(t, want, c.HTTP.BaseURL())
		_, err = s3.HeadObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k"})
		require.NoError(t, err)
		require.Contains(t, rt.Last().Header.Get("Authorization"), "/auto/s3/aws4_request")
		p, err := c.PresignPut(t.Context(), "k", time.Minute, nil)
		require.NoError(t, err)
		require.Contains(t, p.URL, want+"/k?")
	}
	for name, cfg := range map[string]r2.Config{
		"no account":            {Bucket: "media", Credentials: key()},
		"an account that leads": {Account: "evil.example/0123456789abcdef012", Bucket: "media", Credentials: key()},
		"another jurisdiction":  {Account: account, Bucket: "media", Credentials: key(), Jurisdiction: "evil.example/"},
		"no bucket":             {Account: account, Credentials: key()},
		"no credentials":        {Account: account, Bucket: "media"},
	} {
		_, err := r2.New(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	_, err := r2.HTTPClient(r2.Config{Account: "x", Credentials: key()})
	require.ErrorIs(t, err, client.ErrConfig)
}

// What R2 does not have is refused here, under an SDK too, and nothing is sent.
func TestWhatR2DoesNotHave(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.Status(200))
	c, err := r2.New(r2.Config{Account: account, Bucket: "media", Credentials: key()}, client.WithTransport(rt))
	require.NoError(t, err)
	for _, settings := range []s3.ObjectSettings{{ACL: "public-read"}, {Tagging: "a=b"}} {
		_, err := s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: "k", Body: client.Raw("", []byte("x")), ObjectSettings: settings})
		require.ErrorIs(t, err, client.ErrRequest)
		e, _ := errors.AsType[*client.Error](err)
		require.Equal(t, client.NeverSent, e.Effect)
		_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", ObjectSettings: settings}, bytes.NewReader(make([]byte, 9<<20)))
		require.ErrorIs(t, err, client.ErrRequest)
	}
	hc, err := r2.HTTPClient(r2.Config{Account: account, Credentials: key()}, client.WithTransport(rt))
	require.NoError(t, err)
	for _, kind := range []string{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"} {
		req, err := http.NewRequest(http.MethodPut, "https://"+account+".r2.cloudflarestorage.com/media/k", strings.NewReader("0\r\n\r\n"))
		require.NoError(t, err)
		req.Header.Set("X-Amz-Content-Sha256", kind)
		_, err = hc.Do(req)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	for name, value := range map[string]string{"x-amz-acl": "private", "x-amz-tagging": "a=b", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"} {
		req, err := http.NewRequest(http.MethodPut, "https://"+account+".r2.cloudflarestorage.com/media/k", strings.NewReader("x"))
		require.NoError(t, err)
		req.Header[name] = []string{value} // as it is spelled
		_, err = hc.Do(req)
		require.ErrorIs(t, err, client.ErrRequest, name)
	}
	require.Zero(t, rt.Count())
}

// An upload in parts is as R2 wants it: all parts of one length, and no chunks.
func TestUploadInParts(t *testing.T) {
	srv := s3test.New(t, s3test.Options{R2: true, Region: "auto"})
	c, err := r2.New(r2.Config{Account: account, Bucket: s3test.Bucket, Credentials: key()}, client.WithBaseURL(srv.URL+"/"+s3test.Bucket))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	for _, sum := range []s3.Checksum{s3.CRC64NVME, s3.CRC32C} {
		out, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", PartSize: 5 << 20, Checksum: sum}, struct{ *bytes.Buffer }{bytes.NewBuffer(content)})
		require.NoError(t, err)
		require.Equal(t, 4, out.Parts)
		head, err := s3.HeadObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k", ChecksumMode: "ENABLED"})
		require.NoError(t, err)
		require.Equal(t, map[s3.Checksum]string{s3.CRC64NVME: "FULL_OBJECT", s3.CRC32C: "COMPOSITE"}[sum], head.ChecksumType)
		got, _ := srv.Get("k")
		require.True(t, bytes.Equal(content, got))
		require.Empty(t, srv.Uploads())
	}
}

func TestOperations(t *testing.T) { require.NoError(t, r2.Operations.Check()) }
