// Command storage puts the SDKs of AWS S3, MinIO and Azure on the stack: one file
// each, to copy. It needs no keys and no network: a fake service on loopback fails once,
// and the program prints how often it was asked.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/minio/minio-go/v7"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := recipetest.Show(context.Background(), os.Stdout, recipes()...); err != nil {
		fmt.Fprintln(os.Stderr, "storage:", err)
		os.Exit(1)
	}
}

// recipes are those of this folder, each with one call that reads.
func recipes() []recipetest.Recipe {
	return []recipetest.Recipe{
		{
			SDK: "aws-sdk-go-v2 s3",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newS3("https://s3.example.com", "eu-west-1", "AKIAEXAMPLE", key, opts...)
				return func(ctx context.Context) error {
					_, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
					return err
				}, err
			},
			// A signature stands for the key: what can be seen is whose it is, and that
			// it changes.
			Credential: recipetest.Header("Authorization"), Signed: true,
			Reply:   `<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>`,
			Retries: 3, Waits: true,
			Kept: recipetest.Is[smithy.APIError],
		},
		{
			SDK: "minio-go v7",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newMinIO("https://s3.example.com", "eu-west-1", "AKIAEXAMPLE", key, opts...)
				return func(ctx context.Context) error {
					_, err := c.ListBuckets(ctx)
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Signed: true,
			Reply: `<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>`,
			Kept:  recipetest.Is[minio.ErrorResponse],
		},
		{
			SDK: "azblob (azcore)",
			New: func(_ context.Context, key secret.Source, opts ...client.Option) (recipetest.Call, error) {
				c, err := newAzureBlobs("https://account.blob.core.windows.net/", client.Bearer(key), opts...)
				return func(ctx context.Context) error {
					_, err := c.ServiceClient().GetProperties(ctx, nil)
					return err
				}, err
			},
			Credential: recipetest.Header("Authorization"), Key: recipetest.Bearer,
			Reply: `<StorageServiceProperties></StorageServiceProperties>`,
			Kept:  recipetest.Is[*azcore.ResponseError],
		},
	}
}
