package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/stretchr/testify/require"
)

// sdkOver is the official SDK's client, over an http.Client, with its own retries off.
func sdkOver(hc sdk.HTTPClient, endpoint string) *sdk.Client {
	return sdk.New(sdk.Options{
		HTTPClient: hc, Region: servers.S3Region, Retryer: aws.NopRetryer{}, BaseEndpoint: endpointOf(endpoint), UsePathStyle: endpoint != "",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: servers.S3AccessKeyID, SecretAccessKey: servers.S3SecretAccessKey}, nil
		}),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	})
}

func endpointOf(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// differs are the header fields in which a request of ours may differ from the SDK's,
// and why.
var differs = map[string]string{
	"Authorization":         "the fields that are signed are those that are sent",
	"X-Amz-Content-Sha256":  "ours signs a body in memory; the SDK leaves one out over https, where it has a checksum",
	"User-Agent":            "each names itself",
	"Amz-Sdk-Invocation-Id": "the SDK's own, for its statistics",
	"Amz-Sdk-Request":       "the SDK's own, for its statistics",
	"Accept":                "ours says what it decodes, JSON and whatever else; S3 takes no notice of it",
	"Content-Md5":           "sent with DeleteObjects for services that know nothing newer, beside the SDK's CRC32",
	"Content-Type":          "of a body in XML: both name it, the SDK without saying which",
}

// P1: the official SDK sends the same request for each operation: host, method, path,
// query, body and header, but for what differs says.
func TestP1_RequestsAreThoseOfTheOfficialSDK(t *testing.T) {
	key, b := "dir/a b+ü", aws.String(bucket)
	used := map[string]bool{}
	k := aws.String(key)
	for name, tc := range map[string]struct {
		ours func(context.Context, *s3.Client) error
		sdks func(context.Context, *sdk.Client) error
	}{
		"PutObject": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{
					Key: key, Body: client.Raw("text/plain", []byte("hello")), IfNoneMatch: "*", ChecksumCRC32C: "mnG7TA==",
					ObjectSettings: s3.ObjectSettings{
						CacheControl: "no-cache", ContentDisposition: "inline", ContentEncoding: "x", ContentLanguage: "de", StorageClass: "STANDARD_IA",
						Metadata: map[string]string{"owner": "ada"}, Tagging: "a=b", ACL: "private", ServerSideEncryption: "aws:kms", SSEKMSKeyID: "id",
					},
				})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.PutObject(ctx, &sdk.PutObjectInput{
					Bucket: b, Key: k, Body: strings.NewReader("hello"), ContentType: aws.String("text/plain"), IfNoneMatch: aws.String("*"), ChecksumCRC32C: aws.String("mnG7TA=="),
					CacheControl: aws.String("no-cache"), ContentDisposition: aws.String("inline"), ContentEncoding: aws.String("x"), ContentLanguage: aws.String("de"),
					StorageClass: types.StorageClassStandardIa, Metadata: map[string]string{"owner": "ada"}, Tagging: aws.String("a=b"), ACL: types.ObjectCannedACLPrivate,
					ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("id"),
				})
				return err
			},
		},
		"GetObject": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: key, Range: "bytes=0-9", IfMatch: `"e"`, VersionID: "v/1", PartNumber: 2, ChecksumMode: "ENABLED"})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				out, err := c.GetObject(ctx, &sdk.GetObjectInput{Bucket: b, Key: k, Range: aws.String("bytes=0-9"), IfMatch: aws.String(`"e"`), VersionId: aws.String("v/1"), PartNumber: aws.Int32(2), ChecksumMode: types.ChecksumModeEnabled})
				if err == nil {
					_ = out.Body.Close()
				}
				return err
			},
		},
		"HeadObject": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.HeadObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: key})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: b, Key: k})
				return err
			},
		},
		"DeleteObject": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.DeleteObject.Do(ctx, c.HTTP, s3.DeleteObjectInput{Key: key, VersionID: "v"})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: b, Key: k, VersionId: aws.String("v")})
				return err
			},
		},
		"DeleteObjects": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.DeleteObjects.Do(ctx, c.HTTP, s3.DeleteObjectsInput{Quiet: true, Objects: []s3.ObjectIdentifier{{Key: key}, {Key: "<&>", VersionID: "v"}}})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.DeleteObjects(ctx, &sdk.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Quiet: aws.Bool(true), Objects: []types.ObjectIdentifier{{Key: k}, {Key: aws.String("<&>"), VersionId: aws.String("v")}}}})
				return err
			},
		},
		"CopyObject": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.CopyObject.Do(ctx, c.HTTP, s3.CopyObjectInput{Key: key, CopySource: s3.CopySource("other", "a b", "v"), MetadataDirective: "REPLACE", CopySourceIfMatch: `"e"`})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.CopyObject(ctx, &sdk.CopyObjectInput{Bucket: b, Key: k, CopySource: aws.String("other/a%20b?versionId=v"), MetadataDirective: types.MetadataDirectiveReplace, CopySourceIfMatch: aws.String(`"e"`)})
				return err
			},
		},
		"ListObjectsV2": {
			func(ctx context.Context, c *s3.Client) error {
				for _, err := range s3.ListObjects.All(ctx, c.HTTP, s3.ListObjectsInput{Prefix: "a b/", Delimiter: "/", StartAfter: "ü", MaxKeys: 7, ContinuationToken: "t+/="}) {
					return err
				}
				return nil
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: b, Prefix: aws.String("a b/"), Delimiter: aws.String("/"), StartAfter: aws.String("ü"), MaxKeys: aws.Int32(7), ContinuationToken: aws.String("t+/="), EncodingType: types.EncodingTypeUrl})
				return err
			},
		},
		"CreateMultipartUpload": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.CreateMultipartUpload.Do(ctx, c.HTTP, s3.CreateMultipartUploadInput{Key: key, ChecksumAlgorithm: "CRC64NVME", ChecksumType: "FULL_OBJECT", ObjectSettings: s3.ObjectSettings{ContentType: "text/plain"}})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{Bucket: b, Key: k, ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, ChecksumType: types.ChecksumTypeFullObject, ContentType: aws.String("text/plain")})
				return err
			},
		},
		"UploadPart": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.UploadPart.Do(ctx, c.HTTP, s3.UploadPartInput{Key: key, UploadID: "u/1", PartNumber: 3, Body: client.Raw("", []byte("hello")), ChecksumCRC32C: "mnG7TA=="})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.UploadPart(ctx, &sdk.UploadPartInput{Bucket: b, Key: k, UploadId: aws.String("u/1"), PartNumber: aws.Int32(3), Body: strings.NewReader("hello"), ChecksumCRC32C: aws.String("mnG7TA==")})
				return err
			},
		},
		"CompleteMultipartUpload": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.CompleteMultipartUpload.Do(ctx, c.HTTP, s3.CompleteMultipartUploadInput{
					Key: key, UploadID: "u", IfNoneMatch: "*", ChecksumType: "FULL_OBJECT", ChecksumCRC64NVME: "AAAAAAAAAAA=",
					Upload: s3.CompletedMultipartUpload{Parts: []s3.CompletedPart{{PartNumber: 1, ETag: `"a"`, ChecksumCRC64NVME: "AAAAAAAAAAA="}, {PartNumber: 2, ETag: `"b"`}}},
				})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{
					Bucket: b, Key: k, UploadId: aws.String("u"), IfNoneMatch: aws.String("*"), ChecksumType: types.ChecksumTypeFullObject, ChecksumCRC64NVME: aws.String("AAAAAAAAAAA="),
					MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{
						{PartNumber: aws.Int32(1), ETag: aws.String(`"a"`), ChecksumCRC64NVME: aws.String("AAAAAAAAAAA=")}, {PartNumber: aws.Int32(2), ETag: aws.String(`"b"`)},
					}},
				})
				return err
			},
		},
		"AbortMultipartUpload": {
			func(ctx context.Context, c *s3.Client) error {
				_, err := s3.AbortMultipartUpload.Do(ctx, c.HTTP, s3.AbortMultipartUploadInput{Key: key, UploadID: "u"})
				return err
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: aws.String("u")})
				return err
			},
		},
		"ListMultipartUploads": {
			func(ctx context.Context, c *s3.Client) error {
				for _, err := range s3.ListMultipartUploads.All(ctx, c.HTTP, s3.ListMultipartUploadsInput{Prefix: "a", KeyMarker: "b", UploadIDMarker: "c", MaxUploads: 7}) {
					return err
				}
				return nil
			},
			func(ctx context.Context, c *sdk.Client) error {
				_, err := c.ListMultipartUploads(ctx, &sdk.ListMultipartUploadsInput{Bucket: b, Prefix: aws.String("a"), KeyMarker: aws.String("b"), UploadIdMarker: aws.String("c"), MaxUploads: aws.Int32(7)})
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rt := clienttest.NewTransport(t, clienttest.Status(418))
			cfg := config("")
			c, err := s3.New(cfg, client.WithTransport(rt), client.WithRetry(retry.Never))
			require.NoError(t, err)
			require.Error(t, tc.ours(t.Context(), c))
			require.Error(t, tc.sdks(t.Context(), sdkOver(&http.Client{Transport: rt}, "")))
			require.Equal(t, 2, rt.Count())
			ours, theirs := rt.Requests()[0], rt.Requests()[1]
			require.Equal(t, theirs.Method+" "+theirs.Host, ours.Method+" "+ours.Host)
			require.Equal(t, canonical(t, theirs.URL), canonical(t, ours.URL))
			require.Equal(t, plainXML(string(theirs.Body)), plainXML(string(ours.Body)))
			for field := range differs {
				used[field] = used[field] || !slices.Equal(theirs.Header[field], ours.Header[field])
			}
			for _, h := range []http.Header{theirs.Header, ours.Header} {
				require.True(t, strings.HasPrefix(h.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+servers.S3AccessKeyID+"/"))
				for field := range differs {
					h.Del(field)
				}
			}
			require.Equal(t, theirs.Header, ours.Header)
			require.Equal(t, name, operationOf(t, ours.Method, ours.URL), "the table names it")
			require.Equal(t, name, operationOf(t, theirs.Method, theirs.URL), "the SDK's as well")
		})
	}
	for field := range differs {
		require.True(t, used[field], "%s does not differ", field)
	}
}

// canonical is a target with the parameters in order.
func canonical(t *testing.T, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	return u.EscapedPath() + "?" + u.Query().Encode()
}

// plainXML is a document without what two encoders write differently: the declaration,
// and the quotation mark's entity.
func plainXML(s string) string {
	s = strings.TrimSpace(strings.TrimPrefix(s, `<?xml version="1.0" encoding="UTF-8"?>`))
	return strings.ReplaceAll(s, "&#34;", "&quot;")
}

func operationOf(t *testing.T, method, target string) string {
	t.Helper()
	req, err := http.NewRequest(method, "https://bucket.example"+target, nil)
	require.NoError(t, err)
	route := s3.Operations.Route(req)
	i := slices.IndexFunc(s3.Operations, func(op client.Operation) bool {
		info := op.Info()
		return info.Method == method && info.Route == route
	})
	require.GreaterOrEqual(t, i, 0, "%s %s has the route %q", method, target, route)
	return s3.Operations[i].Info().Name
}

// P6: the official SDK goes over the stack to the server in memory, with the credential
// of the stack: each call is one request per attempt, and its errors keep their type.
func TestP6_OfficialSDKOnTheStack(t *testing.T) {
	srv := s3test.New(t)
	hc, err := s3.HTTPClient(srv.Config(), patient...)
	require.NoError(t, err)
	defer hc.CloseIdleConnections()
	api := sdkOver(hc, srv.URL) // which signs with a key that the server does not know
	ctx, b, k := t.Context(), aws.String(s3test.Bucket), aws.String("dir/a b+ü")
	srv.Inject(s3test.Fault{Operation: "PutObject", Code: "SlowDown", Times: 2})
	_, err = api.PutObject(ctx, &sdk.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader("hello"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	require.NoError(t, err)
	require.Equal(t, 3, srv.Count("PutObject"))
	got, err := api.GetObject(ctx, &sdk.GetObjectInput{Bucket: b, Key: k, ChecksumMode: types.ChecksumModeEnabled})
	require.NoError(t, err)
	text, err := io.ReadAll(got.Body)
	require.NoError(t, errors.Join(err, got.Body.Close()))
	require.Equal(t, "hello", string(text))
	_, err = api.GetObject(ctx, &sdk.GetObjectInput{Bucket: b, Key: aws.String("none")})
	missing, ok := errors.AsType[*types.NoSuchKey](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "NoSuchKey", missing.ErrorCode())
	require.Equal(t, 2, srv.Count("GetObject"))

	srv.Inject(s3test.Fault{Operation: "CopyObject", Code: "InternalError", InSuccess: true})
	_, err = api.CopyObject(ctx, &sdk.CopyObjectInput{Bucket: b, Key: aws.String("copy"), CopySource: aws.String(s3test.Bucket + "/dir/a%20b%2B%C3%BC")})
	require.NoError(t, err, "what is inside a 200 is tried again here too")
	require.Equal(t, 2, srv.Count("CopyObject"))
	srv.Inject(s3test.Fault{Operation: "CopyObject", Code: "AccessDenied", InSuccess: true})
	_, err = api.CopyObject(ctx, &sdk.CopyObjectInput{Bucket: b, Key: aws.String("copy"), CopySource: aws.String(s3test.Bucket + "/copy")})
	refused, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok)
	require.Equal(t, "AccessDenied", refused.ErrorCode())

	up, err := api.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{Bucket: b, Key: k})
	require.NoError(t, err)
	part, err := api.UploadPart(ctx, &sdk.UploadPartInput{Bucket: b, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	require.NoError(t, err)
	_, err = api.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{
		Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}},
	}})
	require.NoError(t, err)
	listed := 0
	pages := sdk.NewListObjectsV2Paginator(api, &sdk.ListObjectsV2Input{Bucket: b, MaxKeys: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		listed += len(page.Contents)
	}
	require.Equal(t, 2, listed)
	gone, err := api.DeleteObjects(ctx, &sdk.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: k}, {Key: aws.String("copy")}}}})
	require.NoError(t, err)
	require.Len(t, gone.Deleted, 2)
	require.Empty(t, srv.Keys())
}
