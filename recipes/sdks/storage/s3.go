package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// newS3 puts the S3 client of aws-sdk-go-v2 on the stack. The SDK signs, with the newest
// secret of key, and it rewinds what it uploads whatever its size, so its retries stay on
// and the stack's are off. For the stack's take the line with retry.Never away and add
// Retryer: aws.NopRetryer{}.
func newS3(endpoint, region, keyID string, key secret.Source, opts ...client.Option) (*s3.Client, error) {
	c, err := client.New(endpoint, append([]client.Option{client.WithRetry(retry.Never)}, opts...)...)
	if err != nil {
		return nil, err
	}
	return s3.New(s3.Options{
		HTTPClient:   c.HTTPClient(),
		BaseEndpoint: aws.String(c.BaseURL()),
		UsePathStyle: true,
		Region:       region,
		Credentials: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			now, err := secret.Current(ctx, key)
			return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: now.Reveal()}, err
		}),
	}), nil
}
