package s3

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Client is one bucket over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is the client that operations are called with. Its base URL is the bucket's.
	HTTP *client.Client

	// Signer is its credential, for [Signer.Presign].
	Signer *Signer

	partSums bool // of parts the service has checksums alone, but for CRC64NVME
}

// New returns a client for the bucket that cfg names. The options are those of package
// client. With client.WithBaseURL the URL is that of the bucket.
func New(cfg Config, opts ...client.Option) (*Client, error) { return NewFor(Profile, cfg, opts...) }

// NewFor is [New] for another service that speaks S3, by a profile that is made of
// [Profile].
func NewFor(p client.Profile, cfg Config, opts ...client.Option) (*Client, error) {
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	signer := cfg.signer()
	p.BaseURL = base
	c, err := newHTTP(p, signer, opts)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c, Signer: signer, partSums: cfg.PartChecksums}, nil
}

// HTTPClient returns the stack as an *http.Client for an official SDK of any major. The
// SDK may have any credentials: a signature of the client's own takes the place of what
// it signs, for all buckets at the service, in either style. Bucket and Style do not
// matter. Switch the SDK's retries off (aws.NopRetryer), and have it send a body as
// UNSIGNED-PAYLOAD or with its SHA-256: what has been signed chunk by chunk cannot be
// signed again.
func HTTPClient(cfg Config, opts ...client.Option) (*http.Client, error) {
	return HTTPClientFor(Profile, cfg, opts...)
}

// HTTPClientFor is [HTTPClient] for another service that speaks S3, by a profile that
// is made of [Profile].
func HTTPClientFor(p client.Profile, cfg Config, opts ...client.Option) (*http.Client, error) {
	service, err := cfg.service()
	if err != nil {
		return nil, err
	}
	p.BaseURL, p.OriginMatch = service.String(), bucketsOf(service)
	c, err := newHTTP(p, cfg.signer(), opts)
	if err != nil {
		return nil, err
	}
	return c.HTTPClient(), nil
}

func (c *Config) signer() *Signer {
	return SigV4(SigV4Config{Credentials: c.Credentials, Region: c.Region, Refuse: c.Refuse})
}

func newHTTP(p client.Profile, signer *Signer, opts []client.Option) (*client.Client, error) {
	p.HintBody = func(status int, h http.Header, body []byte) client.Hint {
		if said := signer.Hint(status, h, body); said != client.NoHint {
			return said
		}
		return hint(status, h, body)
	}
	return client.New("", append([]client.Option{client.WithProfile(p), client.WithAuth(signer)}, opts...)...)
}

// URL is the URL of an object: public if the bucket is. For one behind a CDN, or at a
// domain of the bucket's own, see [ObjectURL].
func (c *Client) URL(key string) string { return ObjectURL(c.HTTP.BaseURL(), key) }

// ObjectURL is the URL of an object below a base, such as a CDN's:
// "https://cdn.example.com". The key is escaped as S3 has it; its slashes stay. What has
// a segment of one or two dots is not found by way of such a URL, since browsers and
// proxies take those off.
func ObjectURL(base, key string) string {
	r := client.Request{Route: objectRoute}
	r.SetPath(key)
	return strings.TrimSuffix(base, "/") + r.Path
}

// PresignGet returns a URL with which anybody can get the object, for the time given:
// whole seconds, up to seven days. Nothing is sent. To set what the response says of
// itself, presign a URL with its query: c.URL(key)+"?response-content-disposition=…".
func (c *Client) PresignGet(ctx context.Context, key string, expires time.Duration) (Presigned, error) {
	return c.presign(ctx, http.MethodGet, key, expires, nil)
}

// PresignPut returns a URL with which anybody can put the object, for the time given.
// Whoever does has to send the fields of h, such as the Content-Type and the
// Content-Length, just so; nil leaves them free.
func (c *Client) PresignPut(ctx context.Context, key string, expires time.Duration, h http.Header) (Presigned, error) {
	return c.presign(ctx, http.MethodPut, key, expires, h)
}

func (c *Client) presign(ctx context.Context, method, key string, expires time.Duration, h http.Header) (Presigned, error) {
	if key == "" {
		return Presigned{}, fmt.Errorf("s3: presigning: %w: the key is empty", client.ErrRequest)
	}
	return c.Signer.Presign(ctx, PresignRequest{Method: method, URL: c.URL(key), Header: h, Expires: expires})
}
