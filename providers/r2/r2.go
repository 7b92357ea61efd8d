package r2

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
)

// Profile is R2's API as package client sees it: that of S3, under a name and with a
// request ID of its own ("S3 API compatibility" in the R2 docs). Treat it as a constant.
var Profile = func() client.Profile {
	p := s3.Profile
	p.Name = "r2"
	p.RequestIDHeaders = []string{"X-Amz-Request-Id", "Cf-Ray"}
	return p
}()

// Operations are those of package s3.
var Operations = s3.Operations

// Config says which bucket is meant, and with which access key.
type Config struct {
	// Account is the ID of the Cloudflare account: 32 hexadecimal digits. Required.
	Account string

	// Bucket is required, but for [HTTPClient].
	Bucket string

	// Credentials is an API token of R2, as an access key. Required.
	Credentials s3.Source

	// Jurisdiction is that of a bucket that was made with one: "eu" or "fedramp".
	Jurisdiction string
}

// New returns a client for the bucket. The options are those of package client.
func New(cfg Config, opts ...client.Option) (*s3.Client, error) {
	c, err := cfg.config()
	if err != nil {
		return nil, err
	}
	return s3.NewFor(Profile, c, opts...)
}

// HTTPClient returns the stack as an *http.Client for an official SDK of S3 of any major,
// with the endpoint https://ACCOUNT.r2.cloudflarestorage.com; see [s3.HTTPClient]. R2 has
// no chunks with a checksum at their end, which aws-sdk-go-v2 sends unless its
// RequestChecksumCalculation is aws.RequestChecksumCalculationWhenRequired: they are an
// error that matches [client.ErrRequest], before anything is sent.
func HTTPClient(cfg Config, opts ...client.Option) (*http.Client, error) {
	c, err := cfg.config()
	if err != nil {
		return nil, err
	}
	return s3.HTTPClientFor(Profile, c, opts...)
}

// config is that of package s3.
func (c *Config) config() (s3.Config, error) {
	if len(c.Account) != 32 || strings.Trim(c.Account, "0123456789abcdef") != "" {
		return s3.Config{}, fmt.Errorf("r2: %w: the account must be its ID, 32 hexadecimal digits in lower case", client.ErrConfig)
	}
	host := c.Account
	switch c.Jurisdiction {
	case "":
	case "eu", "fedramp":
		host += "." + c.Jurisdiction
	default:
		return s3.Config{}, fmt.Errorf("r2: %w: the jurisdiction must be eu, fedramp or none", client.ErrConfig)
	}
	return s3.Config{
		Bucket: c.Bucket, Region: "auto", Credentials: c.Credentials, Endpoint: "https://" + host + ".r2.cloudflarestorage.com",
		Refuse: refuse, PartChecksums: true,
	}, nil
}

// refuse names what R2 does not have: it would be a 501, after the body has gone.
func refuse(h http.Header) error {
	for spelled, values := range h {
		if len(values) == 0 || values[0] == "" {
			continue
		}
		switch name := http.CanonicalHeaderKey(spelled); name {
		case "X-Amz-Acl", "X-Amz-Tagging", "X-Amz-Tagging-Directive":
			return fmt.Errorf("r2: %w: there are no ACLs and no tags at R2: leave the header %s out", client.ErrRequest, name)
		case "X-Amz-Content-Sha256":
			if strings.HasPrefix(values[0], "STREAMING-") {
				return fmt.Errorf("r2: %w: R2 takes no body in chunks: switch the SDK's checksum trailers off", client.ErrRequest)
			}
		}
	}
	return nil
}
