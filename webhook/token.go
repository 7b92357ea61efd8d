package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/slip"
	"github.com/standpipe-go/standpipe/secret"
)

// StaticTokenConfig describes a scheme that only sends a secret. Both fields are
// required.
type StaticTokenConfig struct {
	// Provider is the sender's name in lower case, for receipts and errors.
	Provider string
	// Header is the header that holds the secret.
	Header string
}

// StaticToken returns a scheme for a service that only sends a fixed secret in a
// header, compared exactly as configured ("Bearer …" included, if the service
// sends that). It is the weakest kind: the body is not signed, nothing is dated,
// and whoever sees one request can send any other. Accept it over TLS only.
// Options: [WithSplit], [WithClock], [WithMaxBody].
func StaticToken(cfg StaticTokenConfig, tokens secret.Source, opts ...Option) (*Scheme, error) {
	return newToken(tokenSpec{provider: cfg.Provider, header: cfg.Header, traits: described()}, tokens, opts)
}

type tokenSpec struct {
	provider, header string
	traits
	basic bool // tokens are "user:password", sent by Basic authentication
	// id names the delivery by its headers; nil: nothing does.
	id func(h http.Header) string
	// typeHeader holds the kind of event; empty: none.
	typeHeader string
}

type tokenCore struct {
	spec   tokenSpec
	scheme string
	ring   *keyring[[sha256.Size]byte]
}

func newToken(spec tokenSpec, tokens secret.Source, opts []Option) (*Scheme, error) {
	spec.header = http.CanonicalHeaderKey(spec.header)
	c := &tokenCore{spec: spec, scheme: "token"}
	if spec.basic {
		c.scheme = "basic"
	}
	switch {
	case spec.provider == "":
		return nil, configError("", errors.New("no provider named"))
	case strings.TrimSpace(spec.header) == "":
		return nil, configError(spec.provider, errors.New("no header named"))
	}
	var err error
	c.ring, err = newKeyring(tokens, func(text string) ([sha256.Size]byte, error) {
		if err := slip.Check(text); err != nil {
			return [sha256.Size]byte{}, err
		}
		if user, password, ok := strings.Cut(text, ":"); spec.basic && (!ok || user == "" || password == "") {
			return [sha256.Size]byte{}, errors.New("the credentials are not of the form user:password")
		}
		return sha256.Sum256([]byte(text)), nil
	})
	if err != nil {
		return nil, configError(spec.provider, err)
	}
	s, cfg, err := newScheme(spec.provider, spec.traits, opts)
	if err != nil {
		return nil, err
	}
	switch {
	case s.split != nil:
		s.split = unsigned(s.split)
	case spec.typeHeader != "":
	case slices.Contains(cfg.takes, "WithSplit"):
		s.types = untyped(takesAll + ", or find their types in the body with WithSplit")
	default:
		s.types = untyped(takesAll)
	}
	s.verify = c.verify
	return s, nil
}

func (c *tokenCore) verify(ctx context.Context, r *Request, _ time.Time) (Receipt, error) {
	token, err := one(r.Header, c.spec.header)
	if err != nil {
		return Receipt{}, err
	}
	if c.spec.basic {
		if token, err = basicCredentials(token); err != nil {
			return Receipt{}, err
		}
	}
	keys, err := c.ring.get(ctx)
	if err != nil {
		return Receipt{}, err
	}
	digest := sha256.Sum256([]byte(token))
	for i := range keys {
		if subtle.ConstantTimeCompare(digest[:], keys[i][:]) != 1 {
			continue
		}
		rec := Receipt{Scheme: c.scheme, KeyID: keyID(i), Untrusted: delivered(r.Header, c.spec.untrusted)}
		if c.spec.id != nil {
			rec.EventID = c.spec.id(r.Header)
		}
		rec.EventType = first(r.Header, c.spec.typeHeader)
		return rec, nil
	}
	return Receipt{}, &Error{Reason: ErrMismatch}
}

// basicCredentials returns the "user:password" of an Authorization header (RFC
// 7617).
func basicCredentials(header string) (string, error) {
	scheme, encoded, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return "", &Error{Reason: ErrMalformed, Detail: "header Authorization is not Basic"}
	}
	text, err := decodeBase64(encoded)
	if err != nil {
		return "", &Error{Reason: ErrMalformed, Detail: "the Basic credentials are not base64"}
	}
	return string(text), nil
}
