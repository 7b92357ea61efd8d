package s3

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/loopback"
	"github.com/standpipe-go/standpipe/providers/internal/sigv4"
	"github.com/standpipe-go/standpipe/secret"
)

// SigV4Config says how requests are signed. Credentials and Region are required.
type SigV4Config struct {
	// Credentials yields the access key: an [AccessKey] or a [Temporary], as a rule.
	Credentials Source

	// Region is the one that the endpoint belongs to: "eu-central-1", "auto" for R2.
	Region string

	// Service is the service's name in the signature. "" is "s3". For other services
	// than those of S3 a body has to be one that can be read twice, the path is
	// normalized and encoded once more, and no X-Amz-Content-Sha256 is added.
	Service string

	// UnsignedPayload leaves bodies out of the signature (UNSIGNED-PAYLOAD), so that
	// they are read once only. Those of S3 alone can be left out. See [SigV4].
	UnsignedPayload bool

	// Refuse, if set, names what the service does not have among the fields of a request,
	// before it is sent: the error is the call's.
	Refuse func(http.Header) error

	// UnsignedToken adds the session token after signing, as AWS IoT wants it.
	UnsignedToken bool
}

// Signer is a credential that signs: a client.Auth and a client.Challenger. Make one
// with [SigV4]. It is safe for concurrent use.
type Signer struct {
	cfg      SigV4Config
	s3       bool
	sign     sigv4.Signer
	clock    clock
	renewals flight.Group[[sha256.Size]byte, Credentials]
}

var (
	_ client.Auth       = (*Signer)(nil)
	_ client.Challenger = (*Signer)(nil)
)

// SigV4 returns a credential that signs each attempt with AWS Signature Version 4 in
// its header fields ("Authenticating Requests: Using the Authorization Header" in the
// Amazon S3 API Reference). What is missing or malformed in cfg is an error of whatever
// uses the credential first, such as client.New.
//
// Of a request to S3 the body is signed as well: by the X-Amz-Content-Sha256 that the
// caller gives, else by the SHA-256 of what GetBody returns, else, over https or on this
// machine, not at all (UNSIGNED-PAYLOAD). A body in memory has a GetBody. One that is
// large, or slow to open, is better left out by UnsignedPayload; https and a checksum
// header then protect it.
//
// The path and the query are sent as they are signed: encoded in AWS's way, the query
// in order. A request whose URL is presigned goes out as it is. A 401, and with
// [Profile] what S3 says of a key that it refuses, has the source of the credentials
// read its origin again; of a wrong clock see [Signer.Hint].
func SigV4(cfg SigV4Config) *Signer {
	if cfg.Service == "" {
		cfg.Service = "s3"
	}
	s := &Signer{cfg: cfg}
	switch cfg.Service {
	case "s3", "s3express", "s3-outposts", "s3-object-lambda":
		s.s3 = true
	}
	s.sign.Region, s.sign.Service = cfg.Region, cfg.Service
	s.sign.EncodeOnce, s.sign.KeepPath, s.sign.UnsignedToken = s.s3, s.s3, cfg.UnsignedToken
	s.renewals.Who, s.renewals.Limit, s.renewals.Cooldown = "s3: the source of credentials", fetchLimit, time.Second
	return s
}

// Check reports what is missing or malformed in the configuration, and credentials that
// are known to be unusable.
func (s *Signer) Check() error {
	switch {
	case s.cfg.Credentials == nil:
		return fmt.Errorf("s3: no source of credentials: %w", secret.ErrNone)
	case !name(s.cfg.Region):
		return fmt.Errorf("s3: %w: the region must be letters, digits and hyphens, such as eu-central-1", client.ErrConfig)
	case !name(s.cfg.Service):
		return fmt.Errorf("s3: %w: the service must be letters, digits and hyphens, such as s3", client.ErrConfig)
	case s.cfg.UnsignedPayload && !s.s3:
		return fmt.Errorf("s3: %w: only S3 takes a body that is not signed", client.ErrConfig)
	}
	if c, ok := s.cfg.Credentials.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// name reports whether s can be a part of a credential's scope.
func name(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != ""
}

// Identity is that of the source of credentials, "" if it has none.
func (s *Signer) Identity() string {
	if i, ok := s.cfg.Credentials.(interface{ Identity() string }); ok {
		return i.Identity()
	}
	return ""
}

// credentials are those to sign with at the time now.
func (s *Signer) credentials(ctx context.Context, now time.Time) (Credentials, error) {
	if s.cfg.Credentials == nil {
		return Credentials{}, s.Check()
	}
	c, err := s.cfg.Credentials.Credentials(ctx)
	if err == nil {
		err = c.check(now)
	}
	return c, err
}

func (c *Credentials) signing() sigv4.Credentials {
	return sigv4.Credentials{ID: c.ID, Secret: c.Secret.Reveal(), Token: c.Token.Reveal()}
}

// Authorize signs req. It reads no more of the body than GetBody returns.
func (s *Signer) Authorize(req *http.Request) error {
	if sigv4.Presigned(req.URL) {
		return nil
	}
	if s.cfg.Refuse != nil {
		if err := s.cfg.Refuse(req.Header); err != nil {
			return err
		}
	}
	now := s.clock.now()
	c, err := s.credentials(req.Context(), now)
	if err != nil {
		return err
	}
	sigv4.Respell(req.Header)
	payload, err := s.payload(req)
	if err != nil {
		return err
	}
	if given := req.Header[sigv4.ContentHash]; s.s3 && (len(given) != 1 || given[0] != payload) {
		req.Header[sigv4.ContentHash] = []string{payload}
	}
	if err := s.sign.Sign(req, c.signing(), payload, now); err != nil {
		return fmt.Errorf("s3: signing: %w", err)
	}
	return nil
}

// errChunks says that each chunk of a body has been signed by somebody else.
var errChunks = fmt.Errorf("s3: %w: signing: the body is signed chunk by chunk, with another key: send it as UNSIGNED-PAYLOAD, or with its SHA-256", client.ErrRequest)

// errOnce says that a body would have to be read twice.
var errOnce = fmt.Errorf("s3: %w: signing: the request body cannot be read twice (GetBody): give its X-Amz-Content-Sha256", client.ErrRequest)

// payload is the digest of req's body, or what stands for it.
func (s *Signer) payload(req *http.Request) (string, error) {
	given := ""
	if values := req.Header[sigv4.ContentHash]; len(values) > 0 {
		given = values[0]
	}
	switch {
	case strings.HasPrefix(given, "STREAMING-AWS4-"):
		return "", errChunks
	case given != "":
		return given, nil
	case s.cfg.UnsignedPayload:
		return sigv4.UnsignedPayload, nil
	case req.Body == nil || req.Body == http.NoBody:
		return sigv4.EmptyPayload, nil
	case req.GetBody != nil:
		return s.digest(req)
	case s.s3 && (req.URL.Scheme == "https" || loopback.Host(req.URL.Hostname())):
		return sigv4.UnsignedPayload, nil
	}
	return "", errOnce
}

// digest reads a copy of the body.
func (s *Signer) digest(req *http.Request) (string, error) {
	body, err := req.GetBody()
	if err == nil {
		var sum string
		sum, err = s.sign.Payload(req.Context(), body)
		if err = errors.Join(err, body.Close()); err == nil {
			return sum, nil
		}
	}
	return "", fmt.Errorf("s3: signing: reading the request body: %w", err)
}

// Challenge is asked after a 401, or what the profile takes for one. A response that is
// dated minutes away from this program's clock sets the clock right. Else the
// credentials are had again, once for all calls that failed with the same ones, and the
// request is replayed if they are others.
func (s *Signer) Challenge(req *http.Request, resp *http.Response) (bool, error) {
	if s.clock.learn(resp.Header, possibleSkew) {
		return true, nil
	}
	ctx := req.Context()
	c, err := s.credentials(ctx, s.clock.now())
	if err == nil && !s.signed(req, c) {
		return true, nil // somebody else has renewed them meanwhile
	}
	source, ok := s.cfg.Credentials.(secret.Refresher)
	if !ok {
		return false, err
	}
	sum := sha256.Sum256([]byte(c.ID + "\x00" + c.Secret.Reveal() + "\x00" + c.Token.Reveal()))
	c, err = s.renewals.Do(ctx, sum, func(ctx context.Context) (Credentials, error) {
		if err := source.Refresh(ctx); err != nil {
			return Credentials{}, err
		}
		return s.credentials(ctx, s.clock.now())
	})
	return err == nil && !s.signed(req, c), err
}

// signed reports whether req, as it was sent, was signed with c.
func (s *Signer) signed(req *http.Request, c Credentials) bool {
	at, err := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
	if err != nil {
		return false
	}
	again := req.Clone(req.Context())
	payload, err := s.payload(again)
	if err != nil {
		return false
	}
	err = s.sign.Sign(again, c.signing(), payload, at)
	same := func(name string) bool { return again.Header.Get(name) == req.Header.Get(name) }
	return err == nil && same("Authorization") && same("X-Amz-Security-Token")
}
