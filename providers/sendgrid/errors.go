package sendgrid

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// noCredits is what SendGrid says, with a 401, where the account may send no more
// ("Mail Send errors", SendGrid docs).
const noCredits = "Maximum credits exceeded"

// decodeError reads {"errors": [{"message", "field"}], "id"}. All of them are told, since
// a mail can be wrong in several places.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	var said struct {
		Errors []struct {
			Message string  `json:"message"`
			Field   *string `json:"field"`
		} `json:"errors"`
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Errors) == 0 {
		return client.DecodeError(status, h, body)
	}
	d := client.ErrorDetail{RequestID: said.ID}
	var texts []string
	for _, e := range said.Errors {
		if e.Message == noCredits && status == http.StatusUnauthorized {
			d.Status = http.StatusForbidden
		}
		if e.Field != nil && *e.Field != "" {
			e.Message = *e.Field + ": " + e.Message
		}
		texts = append(texts, e.Message)
	}
	d.Message = strings.Join(texts, "; ")
	return d
}
