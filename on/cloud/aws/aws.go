package onaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/on/cloud/internal/settings"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

// Option adapts a [SecretsManager] or a [ParameterStore]. An argument that will not do
// is an error of the constructor.
type Option func(*settings.Config) error

// WithEndpoint sets the service's URL, such as that of a VPC endpoint. Without it,
// BaseEndpoint of the aws.Config (AWS_ENDPOINT_URL), and else the region's own.
func WithEndpoint(url string) Option {
	return func(c *settings.Config) error { return c.SetEndpoint(url) }
}

// WithInterval sets for how long a secret that was read is used before AWS is asked
// again. Without it, a minute.
func WithInterval(d time.Duration) Option {
	return func(c *settings.Config) error { return c.SetInterval(d) }
}

// WithGrace sets for how long the last secret that was read serves while AWS is out of
// reach, throttling or failing, counted from when it was read. Without it, an hour; 0 is
// not at all.
func WithGrace(d time.Duration) Option {
	return func(c *settings.Config) error { return c.SetGrace(d) }
}

// WithClient adjusts the client that AWS is called by: its transport, retries or logger.
func WithClient(opts ...client.Option) Option {
	return func(c *settings.Config) error {
		c.Client = append(c.Client, opts...)
		return nil
	}
}

// service is one of AWS's services as its callers have it.
type service struct {
	api  *client.Client
	name string // whose secrets these are, without secrets
	cfg  settings.Config
}

func newService(cfg aws.Config, name string, opts []Option) (*service, error) {
	c := settings.Defaults()
	if cfg.BaseEndpoint != nil {
		c.Endpoint = *cfg.BaseEndpoint
	}
	if err := option.Apply(&c, opts); err != nil {
		return nil, fmt.Errorf("onaws: %w", err)
	}
	switch {
	case cfg.Credentials == nil:
		return nil, errors.New("onaws: the aws.Config has no credentials")
	case cfg.Region == "":
		return nil, errors.New("onaws: the aws.Config has no region")
	case c.Endpoint == "":
		c.Endpoint = "https://" + name + "." + cfg.Region + "." + suffix(cfg.Region)
	}
	signer := s3.SigV4(s3.SigV4Config{Credentials: credentials{cfg.Credentials}, Region: cfg.Region, Service: name})
	p := profile
	p.Name = name
	api, err := client.New(c.Endpoint, append([]client.Option{client.WithProfile(p), client.WithAuth(signer)}, c.Client...)...)
	if err != nil {
		return nil, fmt.Errorf("onaws: %w", err)
	}
	return &service{api: api, name: strings.Join([]string{name, cfg.Region, c.Endpoint}, "\x00"), cfg: c}, nil
}

// suffix is the domain of a region's endpoints (AWS General Reference, "Regional
// endpoints").
func suffix(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}

// credentials are the SDK's, as what signs has them.
type credentials struct{ from aws.CredentialsProvider }

// Credentials asks the SDK, whose cache they come from as a rule.
func (c credentials) Credentials(ctx context.Context) (s3.Credentials, error) {
	got, err := c.from.Retrieve(ctx)
	if err != nil {
		return s3.Credentials{}, fmt.Errorf("onaws: the credentials of the AWS SDK: %w", err)
	}
	creds := s3.Credentials{ID: got.AccessKeyID, Secret: secret.New(got.SecretAccessKey), Token: secret.New(got.SessionToken)}
	if got.CanExpire {
		creds.Expires = got.Expires
	}
	return creds, nil
}

// Refresh empties the SDK's cache.
func (c credentials) Refresh(context.Context) error {
	if cache, ok := c.from.(interface{ Invalidate() }); ok {
		cache.Invalidate()
	}
	return nil
}

// ErrDeleted is matched, beside client.ErrNotFound, by the error for a secret that is
// marked for deletion: it can be restored until then.
var ErrDeleted = errors.New("the secret is marked for deletion")

// profile is what both services have in common (AWS JSON 1.1 protocol; "Common errors"
// in their API references).
var profile = client.Profile{
	RequestIDHeaders: []string{"X-Amzn-Requestid"},
	Throttled: func(_ int, h http.Header, body []byte) bool {
		return statusOf(said(h, body)) == http.StatusTooManyRequests
	},
	Unauthorized: func(_ int, h http.Header, body []byte) bool {
		return statusOf(said(h, body)) == http.StatusUnauthorized
	},
	DecodeError: decodeError,
}

// failure is the body of an error. Its code may have a namespace before it, and a URL
// behind.
type failure struct {
	Type    string `json:"__type"`
	Message string `json:"message"` // or "Message", which encoding/json takes too
}

func said(h http.Header, body []byte) failure {
	var f failure
	if json.Unmarshal(body, &f) != nil {
		f = failure{}
	}
	if f.Type == "" {
		f.Type = h.Get("X-Amzn-Errortype")
	}
	f.Type, _, _ = strings.Cut(f.Type, ":http")
	f.Type = f.Type[strings.LastIndexByte(f.Type, '#')+1:]
	return f
}

// deleted reports whether f says that the secret is marked for deletion, which has a
// code that says many things.
func (f failure) deleted() bool {
	return f.Type == "InvalidRequestException" && (strings.Contains(f.Message, "marked for deletion") || strings.Contains(f.Message, "scheduled for deletion") || strings.Contains(f.Message, "marked deleted"))
}

// statusOf is the status that stands for what f says: nearly all are sent with 400. 0 is
// that of the response.
func statusOf(f failure) int {
	if f.deleted() {
		return http.StatusNotFound
	}
	switch f.Type {
	case "ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound":
		return http.StatusNotFound
	case "AccessDeniedException", "AccessDenied", "NotAuthorized", "OptInRequired":
		return http.StatusForbidden
	case "ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException":
		return http.StatusTooManyRequests
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "ExpiredToken", "IncompleteSignature",
		"IncompleteSignatureException", "InvalidClientTokenId", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired":
		return http.StatusUnauthorized
	}
	return 0
}

func decodeError(_ int, h http.Header, body []byte) client.ErrorDetail {
	f := said(h, body)
	detail := client.ErrorDetail{Code: f.Type, Message: f.Message, Status: statusOf(f)}
	if f.deleted() {
		detail.Err = ErrDeleted
	}
	return detail
}

// call is a request of the AWS JSON 1.1 protocol.
type call struct {
	Target string      `header:"X-Amz-Target"`
	Body   client.Body `body:""`
}

func newCall(target string, in any) (call, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return call{}, fmt.Errorf("%w: %w", client.ErrRequest, err)
	}
	return call{target, client.Raw("application/x-amz-json-1.1", body)}, nil
}
