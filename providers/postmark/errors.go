package postmark

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/standpipe-go/standpipe/client"
)

// The codes that callers tell apart, as client.Error.Code has them ("API error codes",
// Postmark developer docs).
const (
	CodeSenderNotFound    = "400"  // no signature or domain of the account for From
	CodeSenderUnconfirmed = "401"  // the signature has not been confirmed
	CodeNoCredit          = "405"  // the account may send no more
	CodeInactiveRecipient = "406"  // one that bounced or complained; see ActivateBounce
	CodeTemplateNotFound  = "1101" // or it is another server's
)

// meaning are the statuses that codes stand for where Postmark's own is 422, or where
// there is none, in a batch.
var meaning = map[int]int{
	10:   http.StatusUnauthorized,       // bad or missing token
	100:  http.StatusServiceUnavailable, // maintenance
	400:  http.StatusForbidden,          // sender signature not found
	401:  http.StatusForbidden,          // sender signature not confirmed
	405:  http.StatusForbidden,          // not allowed to send
	407:  http.StatusNotFound,           // bounce
	412:  http.StatusForbidden,          // account pending
	413:  http.StatusForbidden,          // account may not send
	701:  http.StatusNotFound,           // message
	1101: http.StatusNotFound,           // template
	1226: http.StatusNotFound,           // message stream
}

// statusOf is the status that a code stands for.
func statusOf(code int) int { return cmp.Or(meaning[code], http.StatusUnprocessableEntity) }

// refusal is {"ErrorCode", "Message"}. A zero code is a success.
type refusal struct {
	ErrorCode int
	Message   string
}

// decodeError reads a refusal. Whatever else there is, such as a proxy's page, is read as
// any error is; a code of 0 is none.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	var r refusal
	if json.Unmarshal(body, &r) != nil || r.ErrorCode == 0 {
		d := client.DecodeError(status, h, body)
		if d.Code == "0" {
			d.Code = ""
		}
		return d
	}
	d := client.ErrorDetail{Code: strconv.Itoa(r.ErrorCode), Message: r.Message}
	// Of the others, such as 401 and 500, the status says enough.
	if status == http.StatusUnprocessableEntity || status < 300 {
		d.Status = statusOf(r.ErrorCode)
	}
	return d
}

// failed reports whether a 200 is a refusal. A batch is none: its messages are told one
// by one.
func failed(_ int, _ http.Header, body []byte) bool {
	if !bytes.Contains(body, []byte(`"ErrorCode"`)) {
		return false
	}
	var r refusal
	return json.Unmarshal(body, &r) == nil && r.ErrorCode != 0
}
