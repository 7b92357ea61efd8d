// Package redact decides what of a request and a response may be shown: the one
// allow-list that logs, errors, spans and recordings share.
package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Mark stands for what is not shown.
const Mark = "[redacted]"

// headers are the fields whose values hold no credential.
var headers = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Age": true, "Allow": true,
	"Cache-Control": true, "Connection": true, "Content-Encoding": true, "Content-Language": true,
	"Content-Length": true, "Content-Range": true, "Content-Type": true, "Date": true, "Etag": true,
	"Expires": true, "Idempotency-Key": true, "Idempotent-Replayed": true, "Last-Modified": true,
	"Range": true, "Ratelimit": true, "Ratelimit-Limit": true, "Ratelimit-Policy": true,
	"Ratelimit-Remaining": true, "Ratelimit-Reset": true, "Request-Id": true, "Retry-After": true,
	"Retry-After-Ms": true, "Server": true, "Stripe-Should-Retry": true, "Stripe-Version": true,
	"Traceparent": true, "Transfer-Encoding": true, "User-Agent": true, "Vary": true,
	"X-Github-Api-Version": true, "X-Github-Request-Id": true, "X-Ms-Retry-After-Ms": true,
	"X-Ratelimit-Limit": true, "X-Ratelimit-Remaining": true, "X-Ratelimit-Reset": true,
	"X-Request-Id": true,
}

// Harmless reports whether values of the header field name, in canonical form,
// hold no credential.
func Harmless(name string) bool { return headers[name] }

// Header returns a copy of h in which every value that is not on the list is
// [Mark]. Names stay: they say which credential was sent.
func Header(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		if Harmless(http.CanonicalHeaderKey(name)) {
			out[name] = slices.Clone(values)
		} else {
			out[name] = []string{Mark}
		}
	}
	return out
}

// URL returns u without user info and fragment, and with [Mark] for every value
// in its query.
func URL(u *url.URL) string {
	if u == nil {
		return ""
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	s := shown.String()
	if u.RawQuery == "" {
		return s
	}
	var keys []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, _, named := strings.Cut(pair, "=")
		if !named {
			keys = append(keys, Mark) // a value without a name
			continue
		}
		keys = append(keys, key+"="+Mark)
	}
	return s + "?" + strings.Join(keys, "&")
}

// minSecret is how short a secret may be to be looked for: a shorter one would
// blank out half of every text, and is no secret.
const minSecret = 4

// Scrub replaces each secret in text, as it is and in the forms that services
// repeat it in: escaped for a URL, for JSON or for HTML, once or more often, in
// hexadecimal, and in base64, also as a part of something longer. A text that holds
// one behind escapes comes back without those, and without what is behind the first
// 64 KiB, in which alone such a one is looked for.
func Scrub(text string, secrets ...string) string {
	var all []string
	for _, s := range secrets {
		if len(s) >= minSecret {
			all = append(all, forms(s)...)
		}
	}
	// The longest first: one form, or one secret, can be a part of another.
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	all = slices.Compact(all)
	text = replace(text, all)
	plain, rest := text[:min(len(text), maxEscaped)], ""
	if len(text) > maxEscaped {
		rest = Mark
	}
	for range maxEscapes {
		next := unescape(plain)
		if next == plain {
			break
		}
		if plain = replace(next, all); plain != next {
			text = plain + rest
		}
	}
	return text
}

func replace(text string, forms []string) string {
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, Mark)
	}
	return text
}

func forms(s string) []string {
	query, path := url.QueryEscape(s), url.PathEscape(s)
	fs := []string{s, query, path, lowerEscapes(query), lowerEscapes(path)}
	if j, err := json.Marshal(s); err == nil {
		escaped := string(j[1 : len(j)-1])
		fs = append(fs, escaped, strings.ReplaceAll(escaped, "/", `\/`)) // as PHP writes it
	}
	var plain strings.Builder
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) == nil {
		escaped := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(plain.String(), "\n"), `"`), `"`)
		fs = append(fs, escaped, strings.ReplaceAll(escaped, "/", `\/`))
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		fs = append(fs, enc.EncodeToString([]byte(s)))
	}
	fs = append(fs, withinBase64(s)...)
	digits := hex.EncodeToString([]byte(s))
	return append(fs, digits, strings.ToUpper(digits))
}

// lowerEscapes writes the hexadecimal digits of percent escapes in lower case,
// as some services do.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}
