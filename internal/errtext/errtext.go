// Package errtext judges the texts of errors, for tests.
package errtext

import (
	"strings"
	"unicode"
)

// Repeated returns the first phrase that text says twice, "" if there is none.
// Phrases are what stands between colons; case, spaces and punctuation do not
// count, so that "rate limit: ratelimit: x" repeats itself.
func Repeated(text string) string {
	seen := map[string]bool{}
	for phrase := range strings.SplitSeq(text, ": ") {
		bare := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, phrase)
		if bare != "" && seen[bare] {
			return phrase
		}
		seen[bare] = true
	}
	return ""
}
