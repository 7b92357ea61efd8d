package main

import (
	"context"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newMinIO puts minio-go on the stack. MaxRetries of 1, which is one attempt, switches
// the SDK's retries off: by default it makes ten. The SDK signs, with the newest secret
// of key, so the stack must not add a field that is signed, such as a Content-Type.
func newMinIO(endpoint, region, keyID string, key secret.Source, opts ...client.Option) (*minio.Client, error) {
	c, err := client.New(endpoint, opts...)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.BaseURL())
	if err != nil {
		return nil, err
	}
	return minio.New(u.Host, &minio.Options{
		Transport:  c.HTTPClient().Transport,
		Secure:     u.Scheme == "https",
		Region:     region, // else it is asked for first
		Creds:      credentials.New(newest{keyID, key}),
		MaxRetries: 1,
	})
}

// newest is the secret of a source as credentials, asked for each request.
type newest struct {
	id  string
	key secret.Source
}

func (n newest) Retrieve() (credentials.Value, error) {
	now, err := secret.Current(context.Background(), n.key)
	return credentials.Value{AccessKeyID: n.id, SecretAccessKey: now.Reveal(), SignerType: credentials.SignatureV4}, err
}

func (n newest) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return n.Retrieve()
}

func (n newest) IsExpired() bool { return true }
