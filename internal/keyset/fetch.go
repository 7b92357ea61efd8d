package keyset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

const maxRedirects = 3

// fetcher makes the requests of one cache. Only one fetch runs at a time.
type fetcher struct {
	config Config
	client http.Client
	// discovered is the last good jwks_uri, and until when it needs no look at
	// the discovery document.
	discovered      string
	discoveredUntil time.Time
}

// errNoDocument is wrapped by the errors for an address that has no document, which
// servers say in many ways: 404 and 403, 400 and 405, a redirect to a page for
// people, or the page itself.
var errNoDocument = errors.New("no document")

func newFetcher(c Config) *fetcher {
	f := &fetcher{config: c, client: *c.Client}
	f.client.Jar = nil
	f.client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		first := via[0].URL
		if req.URL.Scheme != first.Scheme || req.URL.Host != first.Host || req.URL.User != nil {
			return fmt.Errorf("%w: redirect to another origin", errNoDocument)
		}
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		return nil
	}
	return f
}

// keys fetches the key document and returns the set with its lifetime.
func (f *fetcher) keys(ctx context.Context) (*jose.Set, time.Duration, error) {
	address := f.config.URL
	if address == "" {
		var err error
		if address, err = f.discover(ctx); err != nil {
			return nil, 0, err
		}
	}
	body, header, err := f.get(ctx, address)
	if err != nil {
		// The next attempt looks for another jwks_uri.
		f.discoveredUntil = time.Time{}
		return nil, 0, fmt.Errorf("fetch keys from %s: %w", printable(address), err)
	}
	set, err := f.config.parse(body)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch keys from %s: %w", printable(address), err)
	}
	if len(set.Keys()) == 0 {
		// No issuer works without a key: this is a mishap, and the known keys serve on.
		err := errors.New("the set has no keys")
		if left := set.LeftOut(); len(left) > 0 {
			err = fmt.Errorf("the set has no usable key: %w", left[0])
		}
		return nil, 0, fmt.Errorf("fetch keys from %s: %w", printable(address), err)
	}
	return set, f.lifetime(header), nil
}

// discoveryLifetime is how long a jwks_uri is used without another look at the
// discovery document: they hardly ever change.
const discoveryLifetime = time.Hour

func (f *fetcher) discover(ctx context.Context) (string, error) {
	now := f.config.Now()
	if now.Before(f.discoveredUntil) {
		return f.discovered, nil
	}
	var address string
	var err error
	for _, u := range f.config.discoveryURLs() {
		if address, err = f.discoverFrom(ctx, u); !errors.Is(err, errNoDocument) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	f.discovered, f.discoveredUntil = address, now.Add(discoveryLifetime)
	return address, nil
}

func (f *fetcher) discoverFrom(ctx context.Context, from string) (string, error) {
	address, err := f.jwksURI(ctx, from)
	if err != nil {
		return "", fmt.Errorf("discover keys at %s: %w", printable(from), err)
	}
	return address, nil
}

func (f *fetcher) jwksURI(ctx context.Context, from string) (string, error) {
	body, _, err := f.get(ctx, from)
	if err != nil {
		return "", err
	}
	// Of the many members two are read, and only they must be beyond doubt.
	var issuer, address string
	seen := map[string]bool{}
	err = strictjson.LooseObject(body, func(name string, value []byte) error {
		if name != "issuer" && name != "jwks_uri" {
			return nil
		}
		if seen[name] {
			return strictjson.ErrDuplicate
		}
		seen[name] = true
		text, ok := strictjson.String(value)
		if !ok || strictjson.Check(value) != nil {
			return fmt.Errorf("%q: %w", name, strictjson.ErrType)
		}
		if name == "issuer" {
			issuer = text
		} else {
			address = text
		}
		return nil
	})
	switch {
	case errors.Is(err, strictjson.ErrSyntax):
		return "", fmt.Errorf("%w: %w", errNoDocument, err) // such as a page for people
	case err != nil:
		return "", err
	case issuer != f.config.Issuer:
		return "", errors.New("the document is of another issuer")
	case address == "":
		return "", errors.New("the document has no jwks_uri")
	}
	return address, f.config.checkURL(address)
}

func (f *fetcher) get(ctx context.Context, address string) ([]byte, http.Header, error) {
	req, invalid := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if invalid != nil {
		return nil, nil, errors.New("invalid address")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		// Do returns a *url.Error and no other, and the URL in it may hold a query.
		return nil, nil, errors.Unwrap(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 && resp.StatusCode < 500 {
		return nil, nil, fmt.Errorf("%w: status %d", errNoDocument, resp.StatusCode)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the body: %w", err)
	}
	if len(body) > MaxBytes {
		return nil, nil, fmt.Errorf("the body is larger than %d bytes", MaxBytes)
	}
	return body, resp.Header, nil
}

// lifetime is max-age less Age (RFC 9111 section 4.2), within bounds.
func (f *fetcher) lifetime(h http.Header) time.Duration {
	lifetime := f.config.Lifetime
	shortest := min(MinLifetime, f.config.Lifetime)
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return shortest
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				continue
			}
			age, err := strconv.ParseUint(h.Get("Age"), 10, 31)
			if err != nil {
				age = 0
			}
			lifetime = time.Duration(seconds-min(age, seconds)) * time.Second
		}
	}
	return min(max(lifetime, shortest), MaxLifetime)
}

// printable leaves out what may hold a secret. User information and fragment are in
// no address that passed checkURL.
func printable(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}
