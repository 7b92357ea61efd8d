package bench

import (
	"bytes"
	"io"
	"net/http"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

// ownWebhookRequest is verification from an *http.Request, body reading
// included, over the same GitHub delivery as the peers of the group.
func ownWebhookRequest(c *webhookCase) []entry {
	scheme, err := webhook.GitHub(secret.Static(hookSecret))
	if err != nil {
		panic(err)
	}
	return []entry{{"request/own", func() error {
		_, _, err := webhook.VerifyHTTP(scheme, &http.Request{
			Method: http.MethodPost, Header: c.github,
			Body: io.NopCloser(bytes.NewReader(c.body)), ContentLength: int64(len(c.body)),
		})
		return err
	}}}
}
