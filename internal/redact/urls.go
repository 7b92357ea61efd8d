package redact

import (
	"net/url"
	"regexp"
	"strings"
)

var urlInText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>\x60]*`)

// badProxy begins what net/http says of a proxy's address in the environment that is
// no URL. It goes on with the address, whose password is what spoils it, as a rule.
const badProxy = "invalid proxy address"

// URLs returns text, an error's, with every URL in it shown as [URL] does, but for a
// fragment that is a name alone: the place in a document. One that has values may be a
// token's (RFC 6749 §4.2.2). What comes behind a URL that cannot be parsed says why not,
// quotes it, and is left out.
func URLs(text string) string {
	if i := strings.Index(text, badProxy); i >= 0 {
		return text[:i+len(badProxy)] + " " + Mark
	}
	if !strings.Contains(text, "://") {
		return text
	}
	var b strings.Builder
	end := 0
	for _, at := range urlInText.FindAllStringIndex(text, -1) {
		b.WriteString(text[end:at[0]])
		end = at[1]
		u, err := url.Parse(text[at[0]:end])
		if err != nil {
			return b.String() + Mark
		}
		if u.User == nil && u.RawQuery == "" && !strings.Contains(u.Fragment, "=") {
			b.WriteString(text[at[0]:end])
			continue
		}
		b.WriteString(URL(u))
	}
	return b.String() + text[end:]
}
