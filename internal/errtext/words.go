package errtext

import (
	"regexp"
	"strings"
)

var (
	quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	words  = regexp.MustCompile(`[\pL\d_'-]+`)
)

// RepeatedWords is stricter than [Repeated]: it returns the first two words that a line
// of text says twice in this order, or the first word that follows itself; "" if there
// are none. What is quoted does not count, since it is not the error's own.
func RepeatedWords(text string) string {
	for line := range strings.Lines(quoted.ReplaceAllString(text, `""`)) {
		seen, before := map[string]bool{}, ""
		for _, word := range words.FindAllString(strings.ToLower(line), -1) {
			pair := before + " " + word
			if word == before || before != "" && seen[pair] {
				return pair
			}
			seen[pair], before = true, word
		}
	}
	return ""
}
