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

func TestOperationsAreSound(t *testing.T) {
	require.NoError(t, s3.Operations.Check())
}
