package client

import (
	"net/http"
	"strings"
)

// problemJSON is the media type of RFC 9457.
const problemJSON = "application/problem+json"

// problemInProgress reads the response that draft-ietf-httpapi-idempotency-key-header
// proposes: a 409 with problem details (RFC 9457). Other conflicts come in the same
// form, and some services respond so for a key that was used with other content: the
// words have to say that a request under the key is under way, and nothing else.
func problemInProgress(status int, h http.Header, body []byte) bool {
	if status != http.StatusConflict || mediaType(h) != problemJSON {
		return false
	}
	top, _ := membersOf(withoutMark(body))
	text := wordSeparators.Replace(lower(strings.Join([]string{top.text("type"), top.text("code"), top.text("title"), top.text("detail")}, "\n")))
	return namesKey(text) && containsAny(text, "outstanding", "in progress", "being processed", "concurrent", "in use") &&
		!containsAny(text, "different", "mismatch", "payload", "parameter", "already used", "already been used")
}

// wordSeparators makes words of "request_in_progress" and "request-in-progress".
var wordSeparators = strings.NewReplacer("_", " ", "-", " ")

func namesKey(text string) bool { return strings.Contains(lower(text), "idempoten") }

func containsAny(text string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
