package s3

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/r2"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// to sends a request to another server than the one it is signed for.
type to struct{ base *url.URL }

func (t to) RoundTrip(req *http.Request) (*http.Response, error) {
	there := req.Clone(req.Context())
	there.Host, there.URL.Scheme, there.URL.Host = req.URL.Host, t.base.Scheme, t.base.Host
	return http.DefaultTransport.RoundTrip(there)
}

// P6: the official SDK goes over the stack to R2 with the credential of the stack. As it
// comes it sends chunks, which R2 does not have: that is told before anything is sent.
func TestP6_OfficialSDKToR2(t *testing.T) {
	const account = "0123456789abcdef0123456789abcdef"
	srv := s3test.New(t, s3test.Options{R2: true, Region: "auto"})
	base, err := url.Parse(srv.URL)
	require.NoError(t, err)
	key := s3.AccessKey{ID: secret.Static(s3test.AccessKeyID), Secret: secret.Static(s3test.SecretAccessKey)}
	hc, err := r2.HTTPClient(r2.Config{Account: account, Credentials: key}, append(patient, client.WithTransport(to{base}))...)
	require.NoError(t, err)
	defer hc.CloseIdleConnections()
	api := sdkOver(hc, "https://"+account+".r2.cloudflarestorage.com")
	ctx, b, k := t.Context(), aws.String(s3test.Bucket), aws.String("dir/a b+ü")

	chunked := func(o *sdk.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported }
	_, err = api.PutObject(ctx, &sdk.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("hello")}, chunked)
	require.ErrorIs(t, err, client.ErrRequest)
	require.Empty(t, srv.Keys())

	srv.Inject(s3test.Fault{Operation: "PutObject", Code: "InternalError", Times: 1})
	_, err = api.PutObject(ctx, &sdk.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("hello")})
	require.NoError(t, err)
	require.Equal(t, 2, srv.Count("PutObject"))
	got, err := api.GetObject(ctx, &sdk.GetObjectInput{Bucket: b, Key: k})
	require.NoError(t, err)
	text, err := io.ReadAll(got.Body)
	require.NoError(t, errors.Join(err, got.Body.Close()))
	require.Equal(t, "hello", string(text))
	_, err = api.GetObject(ctx, &sdk.GetObjectInput{Bucket: b, Key: aws.String("none")})
	_, ok := errors.AsType[*types.NoSuchKey](err)
	require.True(t, ok, "%v", err)
	_, err = api.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: b, Key: k})
	require.NoError(t, err)
	require.Empty(t, srv.Keys())
}
