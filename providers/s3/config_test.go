package s3_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

func TestConfigNamesTheBucketsURL(t *testing.T) {
	for want, cfg := range map[string]s3.Config{
		"https://my-bucket.s3.eu-central-1.amazonaws.com":                {Bucket: "my-bucket", Region: "eu-central-1"},
		"https://s3.eu-central-1.amazonaws.com/my.bucket":                {Bucket: "my.bucket", Region: "eu-central-1"},
		"https://my.bucket.s3.eu-central-1.amazonaws.com":                {Bucket: "my.bucket", Region: "eu-central-1", Style: s3.VirtualHost},
		"https://s3.us-gov-west-1.amazonaws.com/my-bucket":               {Bucket: "my-bucket", Region: "us-gov-west-1", Style: s3.PathStyle},
		"https://my-bucket.s3.cn-north-1.amazonaws.com.cn":               {Bucket: "my-bucket", Region: "cn-north-1"},
		"https://my-bucket.s3.eusc-de-east-1.amazonaws.eu":               {Bucket: "my-bucket", Region: "eusc-de-east-1"},
		"https://minio.example.com:9000/My_Bucket":                       {Bucket: "My_Bucket", Region: "us-east-1", Endpoint: "https://minio.example.com:9000"},
		"https://minio.example.com/s3/my-bucket":                         {Bucket: "my-bucket", Region: "us-east-1", Endpoint: "https://minio.example.com/s3/"},
		"https://my-bucket.minio.example.com:9000":                       {Bucket: "my-bucket", Region: "us-east-1", Endpoint: "https://minio.example.com:9000", Style: s3.VirtualHost},
		"http://127.0.0.1:9000/my-bucket":                                {Bucket: "my-bucket", Region: "us-east-1", Endpoint: "http://127.0.0.1:9000"},
		"https://my-access-point-abc-s3alias.s3.eu-west-1.amazonaws.com": {Bucket: "my-access-point-abc-s3alias", Region: "eu-west-1"},
	} {
		cfg.Credentials = accessKey()
		c, err := s3.New(cfg)
		require.NoError(t, err)
		require.Equal(t, want, c.HTTP.BaseURL())
	}
	for name, cfg := range map[string]s3.Config{
		"no region":                {Bucket: "bucket"},
		"a region that is a host":  {Bucket: "bucket", Region: "evil.example/"},
		"no bucket":                {Region: "eu-central-1"},
		"a bucket that is a path":  {Bucket: "a/../b", Region: "eu-central-1"},
		"a bucket of dots":         {Bucket: "a..b", Region: "eu-central-1"},
		"a bucket in capitals":     {Bucket: "Bucket", Region: "eu-central-1"},
		"a bucket that ends badly": {Bucket: "bucket-", Region: "eu-central-1"},
		"a short one":              {Bucket: "bu", Region: "eu-central-1"},
		"an endpoint without host": {Bucket: "bucket", Region: "eu-central-1", Endpoint: "https://"},
		"an endpoint of words":     {Bucket: "bucket", Region: "eu-central-1", Endpoint: "minio"},
		"an endpoint with a key":   {Bucket: "bucket", Region: "eu-central-1", Endpoint: "https://canary:canary@minio.example.com"},
		"an endpoint with a query": {Bucket: "bucket", Region: "eu-central-1", Endpoint: "https://minio.example.com?canary"},
		"a host before an address": {Bucket: "bucket", Region: "eu-central-1", Endpoint: "https://10.0.0.1", Style: s3.VirtualHost},
	} {
		cfg.Credentials = accessKey()
		_, err := s3.New(cfg)
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
	_, err := s3.New(s3.Config{Bucket: "bucket", Region: "eu-central-1"})
	require.ErrorIs(t, err, client.ErrConfig, "no credentials")
}

func TestURLs(t *testing.T) {
	c, err := s3.New(s3.Config{Bucket: "my-bucket", Region: "eu-central-1", Credentials: accessKey()})
	require.NoError(t, err)
	require.Equal(t, "https://my-bucket.s3.eu-central-1.amazonaws.com/a%20b/%C3%A4%2B%25/c", c.URL("a b/ä+%/c"))
	require.Equal(t, "https://cdn.example.com/x/a//b", s3.ObjectURL("https://cdn.example.com/x/", "a//b"))
	require.Equal(t, "bucket/a%20b?versionId=v%2F1", s3.CopySource("bucket", "a b", "v/1"))

	p, err := c.PresignGet(t.Context(), "a b/../c", time.Hour)
	require.NoError(t, err)
	require.Equal(t, http.MethodGet, p.Method)
	require.Contains(t, p.URL, "https://my-bucket.s3.eu-central-1.amazonaws.com/a%20b/../c?")
	p, err = c.PresignPut(t.Context(), "k", time.Hour, http.Header{"Content-Type": {"text/plain"}})
	require.NoError(t, err)
	require.Equal(t, http.MethodPut, p.Method)
	require.Equal(t, "text/plain", p.Header.Get("Content-Type"))
	_, err = c.PresignGet(t.Context(), "", time.Hour)
	require.ErrorIs(t, err, client.ErrRequest)
	_, err = c.PresignGet(t.Context(), "k", 8*24*time.Hour)
	require.ErrorIs(t, err, client.ErrRequest)
}

// C14: under an SDK the signature goes to the buckets of the service, in either style,
// and to nobody else.
func TestC14_AnSDKsBucketsAreTheServicesOwn(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.Status(200))
	hc, err := s3.HTTPClient(s3.Config{Region: "eu-central-1", Credentials: accessKey()}, client.WithTransport(rt))
	require.NoError(t, err)
	for place, signed := range map[string]bool{
		"https://s3.eu-central-1.amazonaws.com/bucket/k":              true,
		"https://bucket.s3.eu-central-1.amazonaws.com/k":              true,
		"https://my.bucket.s3.eu-central-1.amazonaws.com/k":           true,
		"https://bucket.s3.eu-central-1.amazonaws.com.evil.example/k": false,
		"https://bucket.s3.us-west-2.amazonaws.com/k":                 false,
		"https://xs3.eu-central-1.amazonaws.com/k":                    false,
		"http://bucket.s3.eu-central-1.amazonaws.com/k":               false,
		"https://bucket.s3.eu-central-1.amazonaws.com:444/k":          false,
	} {
		resp, err := hc.Get(place)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, signed, rt.Last().Header.Get("Authorization") != "", place)
	}
	_, err = s3.HTTPClient(s3.Config{Credentials: accessKey()})
	require.ErrorIs(t, err, client.ErrConfig)
	_, err = s3.HTTPClient(s3.Config{Region: "eu-central-1", Credentials: s3.AccessKey{ID: secret.Static(" "), Secret: secret.Static("x")}})
	require.ErrorIs(t, err, client.ErrConfig)
}

// Whatever region and bucket hold, the client is the bucket's at that service.
func FuzzConfig(f *testing.F) {
	f.Add("bucket", "eu-central-1", "https://minio.example.com", 0)
	f.Fuzz(func(t *testing.T, bucket, region, endpoint string, style int) {
		c, err := s3.New(s3.Config{Bucket: bucket, Region: region, Endpoint: endpoint, Style: s3.Style(style), Credentials: accessKey()})
		if err != nil || endpoint != "" {
			return
		}
		u, err := url.Parse(c.HTTP.BaseURL())
		if err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, ".amazonaws.com") && !strings.HasSuffix(u.Host, ".amazonaws.com.cn") && !strings.HasSuffix(u.Host, ".amazonaws.eu") {
			t.Fatalf("%q in %q is at %s", bucket, region, c.HTTP.BaseURL())
		}
	})
}
