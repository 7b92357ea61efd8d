package sigv4

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// verifies signs what a server got once more, with the official signer, and compares.
func verifies(r *http.Request, body string) bool {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ := strings.Cut(rest, ",")
	names := strings.Split(list, ";")
	again := r.Clone(context.Background())
	again.URL.Scheme, again.URL.Host, again.ContentLength = "http", r.Host, int64(len(body))
	for name := range again.Header {
		if !slices.Contains(names, strings.ToLower(name)) {
			again.Header.Del(name)
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return false
	}
	signer := awsv4.NewSigner(func(o *awsv4.SignerOptions) { o.DisableURIPathEscaping = true })
	credentials := aws.Credentials{AccessKeyID: "REAL", SecretAccessKey: "real-secret", SessionToken: r.Header.Get("X-Amz-Security-Token")}
	err = signer.SignHTTP(context.Background(), credentials, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", "us-east-1", at)
	return err == nil && again.Header.Get("Authorization") == r.Header.Get("Authorization")
}

// C14: under the official SDK, which signs with a placeholder, the stack's signature is
// what arrives, and it verifies.
func TestC14_SignatureOfTheOfficialSDKIsReplaced(t *testing.T) {
	var good, bad atomic.Int32
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if verifies(r, string(body)) && !strings.Contains(r.Header.Get("X-Amz-Security-Token"), "placeholder") {
			good.Add(1)
		} else {
			bad.Add(1)
			t.Errorf("%s %s: %q", r.Method, r.URL, r.Header)
		}
		if r.Method == http.MethodGet && r.URL.Query().Has("list-type") {
			_, _ = io.WriteString(w, `<ListBucketResult></ListBucketResult>`)
		}
	}))
	defer store.Close()
	c, err := client.New(store.URL, client.WithRetry(retry.Never), client.WithAuth(s3.SigV4(s3.SigV4Config{
		Credentials: s3.AccessKey{ID: secret.Static("REAL"), Secret: secret.Static("real-secret")}, Region: "us-east-1",
	})))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	api := sdk.New(sdk.Options{
		HTTPClient: c.HTTPClient(), BaseEndpoint: aws.String(store.URL), UsePathStyle: true, Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "PLACEHOLDER", SecretAccessKey: "placeholder", SessionToken: "placeholder"}, nil
		}),
	})
	ctx, bucket, key := t.Context(), aws.String("bucket"), aws.String("dir/a+b c/$世.txt")
	_, err = api.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("content"), Metadata: map[string]string{"a": " two  words "}})
	require.NoError(t, err)
	_, err = api.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: bucket, Key: key})
	require.NoError(t, err)
	_, err = api.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: bucket, Key: key})
	require.NoError(t, err)
	_, err = api.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("a b+c/"), Delimiter: aws.String("/")})
	require.NoError(t, err)
	_, err = api.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	require.NoError(t, err)
	require.EqualValues(t, 5, good.Load())
	require.Zero(t, bad.Load())
}
