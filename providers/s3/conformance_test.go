package s3_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

// body is a response in XML.
func body(status int, text string) clienttest.Step {
	return clienttest.Text(status, text).Header("Content-Type", "application/xml")
}

// errorXML is an error of S3's.
func errorXML(status int, code, message string) clienttest.Step {
	return body(status, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<Error><Code>"+code+"</Code><Message>"+message+"</Message><RequestId>req_1</RequestId></Error>")
}

// P2: S3 passes the conformance suite. The secret of the suite is the ID of the access
// key, which alone of the credential is sent as it is.
func TestP2_Conformance(t *testing.T) {
	profile := s3.Profile
	profile.BaseURL = "https://bucket.s3.eu-central-1.amazonaws.com"
	providertest.Run(t, providertest.Adapter{
		Profile: profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := s3.New(s3.Config{
				Bucket: "bucket", Region: "eu-central-1",
				Credentials: s3.AccessKey{ID: key, Secret: secret.Static("secret")},
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
		Success:  body(200, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`),
		Failure:  errorXML(404, "NoSuchKey", "The specified key does not exist."),
		Code:     "NoSuchKey",
		Message:  "The specified key does not exist.",
		Throttle: errorXML(503, "SlowDown", "Please reduce your request rate."),
	})
}

// P5: the one table of bad input, with what S3 says of each. The secret is never sent, so
// that no response can repeat it.
func TestP5_BadInput(t *testing.T) {
	profile := s3.Profile
	profile.BaseURL = "https://bucket.s3.eu-central-1.amazonaws.com"
	said := func(status int, code, message string) providertest.Said {
		return providertest.Said{Step: body(status, "<Error><Code>"+code+"</Code><Message>"+message+"</Message></Error>"), Code: code}
	}
	providertest.BadInput(t, providertest.Adapter{
		Profile: profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := s3.New(s3.Config{Bucket: "bucket", Region: "eu-central-1", Credentials: s3.AccessKey{ID: secret.Static("AKID"), Secret: key}}, opts...)
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
					_, err := s3.ListObjects.Do(ctx, c.HTTP, s3.ListObjectsInput{})
					return err
				},
			}, nil
		},
		Success: body(200, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`),
	}, providertest.Bad{
		WrongKey:      said(403, "SignatureDoesNotMatch", "The request signature we calculated does not match."),
		ExpiredKey:    said(400, "ExpiredToken", "The provided token has expired."),
		UnknownObject: said(404, "NoSuchKey", "The specified key does not exist."),
		Invalid:       said(400, "InvalidArgument", "Invalid Argument"),
		RateLimit:     said(503, "SlowDown", "Please reduce your request rate."),
		Outage:        said(503, "ServiceUnavailable", "Service is unable to handle request."),
		InSuccess: map[error]providertest.Said{
			client.ErrForbidden:   said(200, "AccessDenied", "Access Denied"),
			client.ErrUnavailable: said(200, "InternalError", "We encountered an internal error."),
			client.ErrRateLimited: said(200, "SlowDown", "Please reduce your request rate."),
			client.ErrNotFound:    said(200, "NoSuchUpload", "The specified upload does not exist."),
			client.ErrConflict:    said(200, "PreconditionFailed", "At least one of the pre-conditions did not hold."),
		},
	})
}

func TestOperationsAreSound(t *testing.T) {
	require.NoError(t, s3.Operations.Check())
}
