package s3

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// Config says which bucket is meant, where it is, and with which access key.
type Config struct {
	// Bucket is the bucket's name, or the alias of an access point. It is required, but
	// for [HTTPClient], whose requests name their buckets themselves.
	Bucket string

	// Region is the one that the bucket is in: "eu-central-1". Required; services with
	// one region have a name for it, MinIO "us-east-1" as a rule.
	Region string

	// Credentials yields the access key: an [AccessKey] or a [Temporary], as a rule.
	// Required.
	Credentials Source

	// Endpoint is the URL of a service that speaks S3: "https://minio.example.com:9000".
	// "" is Amazon's own, by the region.
	Endpoint string

	// Style says where the bucket's name goes.
	Style Style

	// PartChecksums says that the service has, of an object in parts, checksums of the
	// parts alone, but for CRC64NVME: R2 does.
	PartChecksums bool

	// Refuse is that of [SigV4Config].
	Refuse func(http.Header) error
}

// Style says where a bucket's name goes in a URL ("Virtual hosting of general purpose
// buckets" in the Amazon S3 User Guide).
type Style int

const (
	// AutoStyle is VirtualHost at Amazon, unless the name has a dot, for which its
	// certificate does not hold, and PathStyle at an Endpoint.
	AutoStyle Style = iota
	// VirtualHost is https://bucket.s3.eu-central-1.amazonaws.com/key.
	VirtualHost
	// PathStyle is https://s3.eu-central-1.amazonaws.com/bucket/key.
	PathStyle
)

// service is the URL below which all buckets are.
func (c *Config) service() (*url.URL, error) {
	if !name(c.Region) {
		return nil, fmt.Errorf("s3: %w: the region must be letters, digits and hyphens, such as eu-central-1", client.ErrConfig)
	}
	if c.Endpoint == "" {
		return &url.URL{Scheme: "https", Host: "s3." + c.Region + "." + suffixOf(c.Region)}, nil
	}
	u, err := url.Parse(c.Endpoint)
	// What else is wrong with it client.New says.
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("s3: %w: the endpoint is no URL of a service, such as https://minio.example.com:9000", client.ErrConfig)
	}
	return u, nil
}

// suffixOf is the domain of a region's partition ("AWS service endpoints" in the AWS
// General Reference). Those that are not on the internet need an Endpoint.
func suffixOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}

// base is the URL of the bucket.
func (c *Config) base() (string, error) {
	u, err := c.service()
	if err != nil {
		return "", err
	}
	if !bucketName(c.Bucket) {
		return "", fmt.Errorf("s3: %w: the bucket's name must be 3 to 63 letters, digits, dots, hyphens and underscores", client.ErrConfig)
	}
	inHost := c.Style == VirtualHost || c.Style == AutoStyle && c.Endpoint == "" && !strings.Contains(c.Bucket, ".")
	switch {
	case !inHost:
		return strings.TrimSuffix(u.String(), "/") + "/" + c.Bucket, nil
	case net.ParseIP(u.Hostname()) != nil:
		return "", fmt.Errorf("s3: %w: the endpoint is an IP address, which has no host for a bucket: use PathStyle", client.ErrConfig)
	case strings.ToLower(c.Bucket) != c.Bucket || strings.Contains(c.Bucket, "_"):
		return "", fmt.Errorf("s3: %w: the bucket's name cannot be a part of a host: use PathStyle", client.ErrConfig)
	}
	u.Host = c.Bucket + "." + u.Host
	return u.String(), nil
}

// bucketName reports whether s can name a bucket. Amazon's rules for new ones are
// stricter; those of old ones and of other services are these ("General purpose bucket
// naming rules").
func bucketName(s string) bool {
	if len(s) < 3 || len(s) > 63 || strings.Contains(s, "..") || strings.Trim(s[:1]+s[len(s)-1:], ".-_") != s[:1]+s[len(s)-1:] {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// bucketsOf admits the hosts of all buckets at a service, beside its own.
func bucketsOf(service *url.URL) func(*url.URL) bool {
	return func(u *url.URL) bool {
		bucket, ok := strings.CutSuffix(strings.ToLower(u.Host), "."+strings.ToLower(service.Host))
		return ok && u.Scheme == service.Scheme && bucketName(bucket)
	}
}
