//lint:file-ignore SA1019 most programs that upload by the AWS SDK still use its manager

package main

import (
	"context"
	"io"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

const (
	accessKey, secretKey = "AKIDEXAMPLE", "secret"
	region               = "us-east-1"
)

// client is one of those that are compared.
type client struct {
	send func(r io.Reader, n int64) error // n is -1 where the length is not told
	get  func(path string) error
	warm func() error // opens a connection
}

func (c *client) put(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.send(f, size)
}

func (c *client) stream(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.send(struct{ io.Reader }{f}, -1)
}

var clients = map[string]func(endpoint string) (*client, error){"own": own, "minio-go": minioGo, "aws": awsManager}

func own(endpoint string) (*client, error) {
	c, err := s3.New(s3.Config{
		Bucket: "bucket", Region: region, Endpoint: endpoint,
		Credentials: s3.AccessKey{ID: secret.Static(accessKey), Secret: secret.Static(secretKey)},
	})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	return &client{
		send: func(r io.Reader, _ int64) error {
			_, err := s3.Upload(ctx, c, s3.UploadInput{Key: "key", PartSize: partSize, Concurrency: parallel}, r)
			return err
		},
		get: func(path string) error {
			return to(path, func(f *os.File) error {
				_, err := s3.Download(ctx, c, s3.DownloadInput{Key: "key", PartSize: partSize, Concurrency: parallel}, f)
				return err
			})
		},
		warm: func() error {
			_, err := s3.HeadObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "warm"})
			return err
		},
	}, nil
}

// minioGo has no get in several parts at once: FGetObject is one request.
func minioGo(endpoint string) (*client, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Region: region})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	return &client{
		send: func(r io.Reader, n int64) error {
			_, err := c.PutObject(ctx, "bucket", "key", r, n, minio.PutObjectOptions{PartSize: partSize, NumThreads: parallel, ConcurrentStreamParts: n < 0})
			return err
		},
		get: func(path string) error {
			_ = os.Remove(path)
			return c.FGetObject(ctx, "bucket", "key", path, minio.GetObjectOptions{})
		},
		warm: func() error {
			_, err := c.StatObject(ctx, "bucket", "warm", minio.StatObjectOptions{})
			return err
		},
	}, nil
}

func awsManager(endpoint string) (*client, error) {
	c := awss3.New(awss3.Options{
		Region: region, BaseEndpoint: &endpoint, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
		}),
	})
	ctx, bucket, key := context.Background(), aws.String("bucket"), aws.String("key")
	up := manager.NewUploader(c, func(u *manager.Uploader) { u.PartSize, u.Concurrency = partSize, parallel })
	down := manager.NewDownloader(c, func(d *manager.Downloader) { d.PartSize, d.Concurrency = partSize, parallel })
	return &client{
		send: func(r io.Reader, _ int64) error {
			_, err := up.Upload(ctx, &awss3.PutObjectInput{Bucket: bucket, Key: key, Body: r})
			return err
		},
		get: func(path string) error {
			return to(path, func(f *os.File) error {
				_, err := down.Download(ctx, f, &awss3.GetObjectInput{Bucket: bucket, Key: key})
				return err
			})
		},
		warm: func() error {
			_, err := c.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: bucket, Key: aws.String("warm")})
			return err
		},
	}, nil
}

func to(path string, write func(*os.File) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return write(f)
}
