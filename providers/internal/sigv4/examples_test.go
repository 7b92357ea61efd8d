package sigv4

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	exampleKey = Credentials{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	exampleDay = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
)

func s3Signer() *Signer {
	return &Signer{Region: "us-east-1", Service: "s3", EncodeOnce: true, KeepPath: true}
}

// The examples of the Amazon S3 API Reference, "Examples: Signature Calculations in AWS
// Signature Version 4".
func TestExamplesOfS3(t *testing.T) {
	for name, c := range map[string]struct {
		method, target, payload string
		header                  map[string]string
		signature               string
	}{
		"get object": {
			"GET", "/test.txt", EmptyPayload, map[string]string{"Range": "bytes=0-9"},
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		},
		"put object": {
			"PUT", "/test$file.text", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY"},
			"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
		},
		"get bucket lifecycle": {
			"GET", "/?lifecycle", EmptyPayload, nil,
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
		},
		"list objects": {
			"GET", "/?max-keys=2&prefix=J", EmptyPayload, nil,
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
		},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest(c.method, "https://examplebucket.s3.amazonaws.com"+c.target, nil)
			require.NoError(t, err)
			for field, value := range c.header {
				req.Header.Set(field, value)
			}
			req.Header.Set(ContentHash, c.payload)
			require.NoError(t, s3Signer().Sign(req, exampleKey, c.payload, exampleDay))
			require.Contains(t, req.Header.Get("Authorization"), "Signature="+c.signature)
		})
	}
}

// The example of "Authenticating Requests: Using Query Parameters (AWS Signature Version
// 4)".
func TestExampleOfS3Presigned(t *testing.T) {
	req, err := http.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	require.NoError(t, err)
	names, err := s3Signer().Presign(req, exampleKey, UnsignedPayload, exampleDay, 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, []string{"host"}, names)
	require.Equal(t, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", req.URL.Query().Get("X-Amz-Signature"))
}
