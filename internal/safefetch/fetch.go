package safefetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Config describes a [Fetcher].
type Config struct {
	// Allow decides which URLs may be fetched: it must pin the host. It is called
	// with absolute https URLs on the default port without user information and
	// fragment. Required.
	Allow func(u *url.URL) error
	// MaxBytes bounds the body; 0: 64 KiB.
	MaxBytes int64
	// Timeout bounds the whole fetch; 0: 5 seconds.
	Timeout time.Duration
	// Client takes the place of the guarded client. Allow, the limits and the ban
	// on redirects and cookies hold all the same, but which addresses it dials is
	// its owner's affair.
	Client *http.Client
	// Resolver resolves names for the guarded client; nil: net.DefaultResolver.
	Resolver *net.Resolver
}

const (
	defaultMaxBytes = 64 << 10
	defaultTimeout  = 5 * time.Second
)

// ErrURL is wrapped by the error for a URL that is not allowed. Nothing was
// fetched.
var ErrURL = errors.New("URL not allowed")

// Fetcher gets documents. It is safe for concurrent use and holds no connection
// between fetches.
type Fetcher struct {
	config Config
	client http.Client
}

// New returns a Fetcher. It fails without an Allow rule.
func New(c Config) (*Fetcher, error) {
	if c.Allow == nil {
		return nil, errors.New("safefetch: no rule for which URLs are allowed")
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	f := &Fetcher{config: c}
	if c.Client != nil {
		f.client = *c.Client
	} else {
		f.client.Transport = guarded(c)
	}
	f.client.Jar = nil
	f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return f, nil
}

func guarded(c Config) *http.Transport {
	dialer := &net.Dialer{Resolver: c.Resolver, ControlContext: control}
	return &http.Transport{
		Proxy:       nil, // a proxy would dial in our stead, unguarded
		DialContext: dialer.DialContext,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
		},
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true, // fetches are rare
		DisableCompression:     true, // so that MaxBytes bounds the work too
		MaxResponseHeaderBytes: 32 << 10,
	}
}

// control runs after the name was resolved, with the address about to be dialled.
func control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !Public(ap.Addr()) {
		return fmt.Errorf("dial: %w", ErrAddress)
	}
	return nil
}

// Check reports whether the URL may be fetched, without fetching it.
func (f *Fetcher) Check(rawURL string) error {
	_, err := f.check(rawURL)
	return err
}

func (f *Fetcher) check(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("safefetch: %w: not a URL", ErrURL)
	case u.Scheme != "https" || u.Opaque != "":
		return nil, fmt.Errorf("safefetch: %w: not https", ErrURL)
	case u.User != nil || u.Fragment != "":
		return nil, fmt.Errorf("safefetch: %w: user information or fragment", ErrURL)
	case u.Host == "" || u.Host != u.Hostname():
		return nil, fmt.Errorf("safefetch: %w: no host, or a port", ErrURL)
	}
	if err := f.config.Allow(u); err != nil {
		return nil, fmt.Errorf("safefetch: %w: %w", ErrURL, err)
	}
	return u, nil
}

// Get returns the body of the document at rawURL, which must answer 200. Errors
// do not repeat the URL's query.
func (f *Fetcher) Get(ctx context.Context, rawURL string) ([]byte, error) {
	u, err := f.check(rawURL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	req := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
	resp, err := f.client.Do(req.WithContext(ctx))
	if err != nil {
		// Do returns a *url.Error and no other, which repeats the URL.
		return nil, fmt.Errorf("safefetch: get from %s: %w", u.Host, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("safefetch: get from %s: status %d", u.Host, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, f.config.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("safefetch: get from %s: read the body: %w", u.Host, err)
	}
	if int64(len(body)) > f.config.MaxBytes {
		return nil, fmt.Errorf("safefetch: get from %s: the body is larger than %d bytes", u.Host, f.config.MaxBytes)
	}
	return body, nil
}
