package webhook

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Twilio verifies the X-Twilio-Signature header: the base64 HMAC-SHA1 of the
// webhook's URL and, for a form, of its sorted parameters, under the account's
// auth token ("Validating Signatures from Twilio", Twilio docs). Other bodies are
// covered through bodySHA256 in the URL's query, and are refused without it.
// Options: [WithClock], [WithMaxBody].
//
// publicURL is the URL as it is configured at Twilio. It never comes from the
// Host or X-Forwarded-* headers, which anyone can set. With a path, path and
// query are those of publicURL, and Twilio's own bodySHA256 may follow; a GET may
// carry a further query, since its parameters are there. Without a path
// ("https://example.com"), path and query are taken as they were received, which
// suits a handler for several webhooks; behind something that rewrites paths,
// give the path. Signatures made with and without the port count, since Twilio
// does both. The handshake of a WebSocket (Media Streams, ConversationRelay) is a GET
// that is signed over the wss URL in the TwiML: give that one to the scheme of its
// endpoint, and verify with [VerifyHTTP] before the upgrade.
//
// A parameter that is repeated counts with each different value once, sorted, as
// in Twilio's library for Node.js; twilio-go uses its first value only and so
// refuses genuine requests.
//
// Nothing separates the parts of what is signed and no time is: parts of a
// genuine request can be shifted between names and values, and it can be sent
// again.
func Twilio(authTokens secret.Source, publicURL string, opts ...Option) (*Scheme, error) {
	const provider = "twilio"
	s, _, err := newScheme(provider, traits{
		ack: 15 * time.Second, methods: []string{http.MethodGet}, deliver: []string{http.MethodGet},
	}, opts)
	if err != nil {
		return nil, err
	}
	c := &twilioCore{}
	if err := c.setURL(publicURL); err != nil {
		return nil, configError(provider, err)
	}
	c.ring, err = newKeyring(authTokens, func(text string) (*macKey, error) {
		if len(text) == twilioSID && (strings.HasPrefix(text, "AC") || strings.HasPrefix(text, "SK")) {
			return nil, errors.New("this is an account or API key SID, not the auth token")
		}
		key, err := RawKey.decode(text)
		if err != nil {
			return nil, err
		}
		return newMACKey(sha1.New, key), nil
	})
	if err != nil {
		return nil, configError(provider, err)
	}
	s.verify = c.verify
	s.types, s.urlSigned = untyped(takesAll), c.signedURL
	return s, nil
}

const twilioSID = 34 // characters of a SID; an auth token has 32

type twilioCore struct {
	ring *keyring[*macKey]
	// origins are the beginnings of the URL up to the path: as configured, and
	// with the port taken away or put there.
	origins []string
	path    string // empty: as received
	query   string // as configured, without the question mark
}

var twilioPorts = map[string]string{"https": "443", "http": "80", "wss": "443", "ws": "80"}

func (c *twilioCore) setURL(raw string) error {
	u, parsed, err := parsePublicURL(raw, "https", "http", "wss", "ws")
	if err != nil {
		return err
	}
	c.path, c.query = u.path, u.query
	scheme, authority, _ := strings.Cut(u.origin, "://")
	scheme += "://"
	userinfo := ""
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		userinfo = authority[:i+1]
	}
	other := net.JoinHostPort(parsed.Hostname(), twilioPorts[parsed.Scheme])
	if parsed.Port() != "" {
		other = strings.TrimSuffix(parsed.Host, ":"+parsed.Port())
	}
	c.origins = []string{u.origin, scheme + userinfo + other}
	return nil
}

func (c *twilioCore) verify(ctx context.Context, r *Request, _ time.Time) (Receipt, error) {
	const header = "X-Twilio-Signature"
	text, err := one(r.Header, header)
	if err != nil {
		return Receipt{}, err
	}
	var sigs candidates
	sigs.add(text, Base64.encodedLen(sha1.Size))
	pathQuery, query, err := c.target(r)
	if err != nil {
		return Receipt{}, err
	}
	params, err := twilioBody(r, query)
	if err != nil {
		return Receipt{}, err
	}
	keys, err := c.ring.get(ctx)
	if err != nil {
		return Receipt{}, err
	}
	wellFormed := false
	for i, key := range keys {
		for _, origin := range c.origins {
			signed := []byte(origin + pathQuery + params)
			match, ok := key.matches(&template{}, &metadata{}, signed, &sigs, Base64)
			if match {
				return Receipt{
					Scheme: "hmac-sha1", KeyID: keyID(i),
					EventID:   first(r.Header, "I-Twilio-Idempotency-Token"),
					Untrusted: delivered(r.Header, twilioHeaders),
				}, nil
			}
			wellFormed = wellFormed || ok
		}
	}
	return Receipt{}, noMatch(&sigs, wellFormed, &headerFamily{signature: header})
}

var twilioHeaders = []string{"I-Twilio-Idempotency-Token"}

// target returns path and query of the URL that must have been signed, and the
// query alone.
func (c *twilioCore) target(r *Request) (pathQuery, query string, err error) {
	if c.path == "" {
		if r.URL == nil {
			return "", "", &Error{Reason: ErrMissing, Detail: "the request's URL"}
		}
		return withQuery(r.URL.EscapedPath(), r.URL.RawQuery), r.URL.RawQuery, nil
	}
	query = c.query
	if r.URL != nil && r.URL.RawQuery != c.query {
		query = r.URL.RawQuery
		added, ok := strings.CutPrefix(query, c.query)
		if c.query != "" {
			added, ok = strings.CutPrefix(added, "&")
		}
		if !ok || r.method() != http.MethodGet && !strings.HasPrefix(added, "bodySHA256=") {
			return "", "", errOtherQuery()
		}
	}
	return withQuery(c.path, query), query, nil
}

// twilioBody returns what the body adds to the signed text: the parameters of a
// form, or nothing where the query holds the body's hash, which is then checked.
// Which of them it is the query and the body tell, and not the Content-Type, which
// is not signed.
func twilioBody(r *Request, query string) (string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", &Error{Reason: ErrMalformed, Detail: "the query of the URL"}
	}
	switch hashes := values["bodySHA256"]; {
	case len(hashes) > 1:
		return "", &Error{Reason: ErrDuplicate, Detail: "query parameter bodySHA256"}
	case len(hashes) == 1:
		want, err := hex.DecodeString(hashes[0])
		if err != nil || len(want) != sha256.Size {
			return "", &Error{Reason: ErrMalformed, Detail: "query parameter bodySHA256"}
		}
		if got := sha256.Sum256(r.Body); subtle.ConstantTimeCompare(got[:], want) != 1 {
			return "", &Error{Reason: ErrMismatch, Detail: "the body's hash"}
		}
		return "", nil
	case len(r.Body) == 0:
		return "", nil
	}
	form, err := url.ParseQuery(string(r.Body))
	switch {
	case bytes.ContainsAny(r.Body, notInForms) || err == nil && bytes.IndexByte(r.Body, '=') < 0:
		return "", &Error{Reason: ErrMissing, Detail: "a body that is not a form needs bodySHA256 in the URL"}
	case err != nil:
		return "", &Error{Reason: ErrMalformed, Detail: "the body is not a form"}
	}
	return twilioParams(form), nil
}

// notInForms are some of the bytes that a form escapes, and without which there is
// neither JSON nor XML nor multipart.
const notInForms = "{}[]<>\" \t\r\n"

func twilioParams(form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			b.WriteString(name)
			b.WriteString(v)
		}
	}
	return b.String()
}

// signedURL is what is signed of the URL, but for the host, which is configured.
func (c *twilioCore) signedURL(r *Request) string {
	pathQuery, _, err := c.target(r)
	if err != nil {
		return "" // it is not as it was verified, so nothing is known of it
	}
	return pathQuery
}
