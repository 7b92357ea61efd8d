package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/redact"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// X1: what is not known to be harmless is not shown, whatever its spelling.
func TestX1_HeaderShowsWhatIsOnTheListOnly(t *testing.T) {
	h := http.Header{
		"Content-Type": {"application/json"}, "Retry-After": {"1", "2"},
		"Authorization": {"Bearer canary"}, "Cookie": {"a=canary"}, "Set-Cookie": {"a=canary"}, "X-Api-Key": {"canary", "canary"},
		"Proxy-Authorization": {"canary"}, "X-Unheard-Of": {"canary"}, "Location": {"https://x/?k=canary"}, "Link": {"<https://x/?k=canary>"}, "Empty": nil,
	}
	const odd = "x-request-id" // not canonical: SDKs write such keys
	h[odd] = []string{"req_1"}
	before := h.Clone()
	shown := redact.Header(h)
	require.Len(t, shown, len(h), "names stay")
	require.Equal(t, http.Header{"Content-Type": {"application/json"}}["Content-Type"], shown["Content-Type"])
	//lint:ignore SA1008 that it is not canonical is the case
	require.Equal(t, []string{"req_1"}, shown[odd])
	require.Equal(t, []string{"1", "2"}, shown["Retry-After"])
	for name, values := range shown {
		require.NotContains(t, strings.Join(values, " "), "canary", name)
	}
	shown["Retry-After"][0] = "changed"
	require.Equal(t, before, h, "the header itself is left alone")
	require.Empty(t, redact.Header(nil))
	require.True(t, redact.Harmless("Content-Type"))
	require.False(t, redact.Harmless("Authorization"))
}

// X1
func TestX1_URL(t *testing.T) {
	for in, want := range map[string]string{
		"https://api.example.com/v1/x":                         "https://api.example.com/v1/x",
		"https://user:canary@api.example.com/x#canary":         "https://api.example.com/x",
		"https://api.example.com/x?key=canary&a=b&key=canary2": "https://api.example.com/x?key=[redacted]&a=[redacted]&key=[redacted]",
		"https://api.example.com/x?canary":                     "https://api.example.com/x?[redacted]",
		"https://api.example.com/x?a=1=canary":                 "https://api.example.com/x?a=[redacted]",
		"https://api.example.com/a%2Fb":                        "https://api.example.com/a%2Fb",
		"/x?k=canary":                                          "/x?k=[redacted]",
	} {
		u, err := url.Parse(in)
		require.NoError(t, err)
		require.Equal(t, want, redact.URL(u))
		require.Equal(t, in, u.String())
	}
	require.Empty(t, redact.URL(nil))
}

var escape = regexp.MustCompile("%[0-9A-F]{2}")

// echoes are the forms in which a service may repeat a secret.
func echoes(s string) []string {
	j, _ := json.Marshal(s)
	escaped := string(j[1 : len(j)-1])
	all := []string{
		s, url.QueryEscape(s), url.PathEscape(s), escaped, strings.ReplaceAll(escaped, "/", `\/`),
		escape.ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower), escape.ReplaceAllStringFunc(url.PathEscape(s), strings.ToLower),
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		all = append(all, enc.EncodeToString([]byte(s)))
	}
	return all
}

// X1
func TestX1_Scrub(t *testing.T) {
	const secret = `sk_live/+="<&> canary`
	for _, form := range echoes(secret) {
		got := redact.Scrub("bad key "+form+": "+form, secret)
		require.Equal(t, "bad key [redacted]: [redacted]", got, form)
	}
	require.Equal(t, "nothing here", redact.Scrub("nothing here", secret))
	require.Empty(t, redact.Scrub("", secret))
	require.Equal(t, "the abc", redact.Scrub("the abc", "abc", ""), "what is so short is no secret")
	require.Equal(t, "x [redacted] y [redacted]", redact.Scrub("x canary-long y canary", "canary", "canary-long"), "the longer one goes whole")
}

func FuzzScrub(f *testing.F) {
	f.Add("bad key sk_live_1234", "sk_live_1234", "other/secret+=")
	f.Fuzz(func(t *testing.T, text, one, two string) {
		for _, s := range []string{one, two} {
			// What shares text with the mark itself cannot be told from it.
			if strings.ContainsAny(s, "[redacted]") || len(s) < 4 {
				t.Skip()
			}
		}
		text += strings.Join(echoes(one), "\n") + " " + strings.Join(echoes(two), "\n")
		got := redact.Scrub(text, one, two)
		for _, s := range []string{one, two} {
			for _, form := range echoes(s) {
				if !strings.ContainsAny(form, "[redacted]") {
					require.NotContains(t, got, form)
				}
			}
		}
	})
}

func FuzzURL(f *testing.F) {
	f.Add("https://u:p@host/path?a=b&c#d")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse(raw)
		if err != nil {
			return
		}
		shown := redact.URL(u)
		_, query, _ := strings.Cut(shown, "?")
		for pair := range strings.SplitSeq(query, "&") {
			if pair != "" && !strings.HasSuffix(pair, redact.Mark) {
				t.Fatalf("%q shows a value of %q", shown, raw)
			}
		}
		// Parsed again, since a path may hold the same text.
		if v, err := url.Parse(shown); err == nil && u.Host != "" && v.User != nil {
			t.Fatalf("%q shows the user info of %q", shown, raw)
		}
	})
}

// X1: a service escapes what it repeats as it likes, and as often.
func TestX1_ScrubFindsASecretBehindAnyEscapes(t *testing.T) {
	const secret = `sk_live_C+an/ar=y&<9 é"z`
	each := func(format string) string {
		var b strings.Builder
		for _, r := range secret {
			fmt.Fprintf(&b, format, r)
		}
		return b.String()
	}
	percents := ""
	for i := range len(secret) {
		percents += fmt.Sprintf("%%%02x", secret[i])
	}
	for name, echo := range map[string]string{
		"every byte for a URL":   percents,
		"twice for a URL":        url.QueryEscape(url.QueryEscape(secret)),
		"four times":             url.PathEscape(url.PathEscape(url.PathEscape(url.PathEscape(secret)))),
		"every letter for JSON":  each(`\u%04x`),
		"JSON in JSON":           each(`\\u%04x`),
		"for HTML":               html.EscapeString(secret),
		"every letter for HTML":  each("&#%d;"),
		"quoted":                 fmt.Sprintf("%+q", secret),
		"hexadecimal":            hex.EncodeToString([]byte(secret)),
		"in capitals":            strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64 for a URL":       url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
		"HTML in JSON for a URL": url.PathEscape(strings.ReplaceAll(html.EscapeString(secret), "&", `\u0026`)),
	} {
		shown := redact.Scrub("bad "+echo+" sent", secret)
		require.Contains(t, shown, redact.Mark, name)
		require.NotContains(t, shown, echo[:12], name)
	}
	for _, around := range []string{"", "u", "u:", "Bearer ", "Authorization: Bearer "} {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			shown := redact.Scrub(enc.EncodeToString([]byte(around+secret+around)), secret)
			require.Contains(t, shown, redact.Mark, around)
			require.Less(t, len(shown), len(redact.Mark)+3*len(around)+8, "no part of the secret but at its edges")
		}
	}
	for _, text := range []string{"100%", "%zz", `\`, `a\qb`, "&", "&nonsense;", "50%25 &amp; \u0041", ""} {
		require.Equal(t, text, redact.Scrub(text, secret), "what holds no secret stays as it is")
	}
	long := strings.Repeat("%", 1<<20) + percents
	require.Equal(t, long, redact.Scrub(long, secret), "within bounds")
	require.Equal(t, redact.Mark+strings.Repeat("x", 64<<10-len(percents))+redact.Mark, redact.Scrub(percents+strings.Repeat("x", 1<<17), secret))
}

// X1: user info and query are in no error's text, a URL that is none at all included.
func TestX1_URLsInText(t *testing.T) {
	for text, want := range map[string]string{
		"no address": "no address",
		`Get "https://u:canary@x.example/y?k=canary": refused`:                                              `Get "https://x.example/y?k=[redacted]": refused`,
		"see https://docs.example/errors#x and ftp://a:canary@b/":                                           "see https://docs.example/errors#x and ftp://b/",
		"back at https://app.example/cb#access_token=canary&state=1 now":                                    "back at https://app.example/cb now",
		`parse "http://u:ca%nary@proxy:8080": invalid URL escape "%na"`:                                     `parse "[redacted]`,
		`invalid proxy address "u:ca%nary@proxy": parse "http://u:ca%nary@proxy": invalid URL escape "%na"`: "invalid proxy address [redacted]",
	} {
		require.Equal(t, want, redact.URLs(text))
	}
}
