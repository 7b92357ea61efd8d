package oauthflow

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// A refusal comes in the shape of RFC 6749 section 5.2, or in the service's own:
// Facebook nests an object in "error", WeChat sends "errcode" with status 200,
// HubSpot puts the code into "status". These are the members that services use;
// the first of a list says the most.
var (
	codeMembers = [...]string{
		"error", "error_code", "errorCode", "errorcode", "errcode", "code", "sub_code", "error_subcode", "suberror",
		"serviceErrorCode", "error_type", "errorType", "__type", "type", "status",
	}
	textMembers = [...]string{
		"error_description", "error_message", "errorMessage", "error_msg", "errmsg", "message", "msg", "sub_msg",
		"description", "detail", "errorSummary", "faultstring", "reason", "title",
	}
	// nestedMembers hold an object that says more, or a list of such objects.
	nestedMembers = [...]string{"error", "errors", "error_response", "fault", "detail", "data"}
)

// maxNesting is how deep such objects are read.
const maxNesting = 3

// reasons is what a response says about why it refuses.
type reasons struct {
	codes []reasonCode // the most telling first
	text  string
}

type reasonCode struct {
	text string
	rank int
}

const (
	names   = iota // names the error
	generic        // says that there is one
	repeats        // repeats the HTTP status
)

// reasonsIn reads the members of a response with this status.
func reasonsIn(members map[string]any, status int) reasons {
	var out reasons
	out.collect(members, strconv.Itoa(status), 0)
	slices.SortStableFunc(out.codes, func(a, b reasonCode) int { return cmp.Compare(a.rank, b.rank) })
	return out
}

func (r *reasons) collect(m map[string]any, status string, depth int) {
	for _, name := range codeMembers {
		switch code := scalar(m[name]); {
		case isFine(code):
		case code == status:
			r.codes = append(r.codes, reasonCode{code, repeats})
		case isGeneric(code):
			r.codes = append(r.codes, reasonCode{code, generic})
		default:
			r.codes = append(r.codes, reasonCode{code, names})
		}
	}
	for _, name := range textMembers {
		if s := textMember(m, name); r.text == "" && !isFine(s) && !isGeneric(s) {
			r.text = s
		}
	}
	for _, name := range nestedMembers {
		if inner := object(m[name]); inner != nil && depth < maxNesting {
			r.collect(inner, status, depth+1)
		}
	}
}

// code is the one to show, empty if there is none but the status.
func (r *reasons) code() string {
	if len(r.codes) == 0 || r.codes[0].rank == repeats {
		return ""
	}
	return r.codes[0].text
}

// among returns the first of codes that the response names, by a code or by its
// whole text, since some services have no code for each error.
func (r *reasons) among(codes []string) (string, bool) {
	for _, code := range codes {
		named := slices.ContainsFunc(r.codes, func(c reasonCode) bool { return c.text == code })
		if named || code != "" && strings.TrimSuffix(r.text, ".") == strings.TrimSuffix(code, ".") {
			return code, true
		}
	}
	return "", false
}

// isFine holds for what stands in such members when nothing is wrong.
func isFine(s string) bool {
	switch strings.ToLower(s) {
	case "", "0", "200", "ok", "success", "false", "about:blank":
		return true
	}
	return false
}

// isGeneric holds for what names no error.
func isGeneric(s string) bool {
	switch strings.ToLower(s) {
	case "true", "error", "fail", "failed", "failure":
		return true
	}
	return false
}

// scalar returns a text, or the digits of a number.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// object returns an object, or the first of a list of them.
func object(v any) map[string]any {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	m, _ := v.(map[string]any)
	return m
}

// reportsError reports whether a response with status 200 says that it is an
// error: GitHub by "error", Slack by "ok": false, WeChat by "errcode". TikTok's
// "error": {"code": "ok"} is none.
func reportsError(m map[string]any) bool {
	if m["ok"] == false || m["success"] == false || m["error"] == true {
		return true
	}
	for _, name := range []string{"error", "error_code", "errorCode", "errorcode", "errcode"} {
		if !isFine(scalar(m[name])) {
			return true
		}
	}
	for _, name := range []string{"error", "error_response"} {
		if inner := reasonsIn(object(m[name]), 0); len(inner.codes) > 0 || inner.text != "" {
			return true
		}
	}
	return false
}

// refusal returns the error that the response reports, nil if it reports none.
func (r *response) refusal(now time.Time, members map[string]any) *TokenError {
	if r.ok() && !reportsError(members) {
		return nil
	}
	return r.refused(now, members)
}

// refused is refusal for a response that is known to be an error.
func (r *response) refused(now time.Time, members map[string]any) *TokenError {
	why := reasonsIn(members, r.status)
	if len(why.codes) == 0 {
		// An unknown shape, of which nothing is shown.
		why.text = textMember(members, "error_description")
	}
	show := func(s string) string { return quote.Cut(r.hidden.Text(s), maxServerText) }
	return &TokenError{
		Op:           r.op,
		Status:       r.status,
		Code:         show(why.code()),
		Description:  show(why.text),
		URI:          show(textMember(members, "error_uri")),
		MaybeApplied: r.ambiguous(),
		RetryAfter:   r.retryAfter(now),
	}
}

// unusable is the error for a response with status 200 that lacks what matters:
// a refusal if it names a code and says why, as TikTok for Business and Lazada
// do; else nobody knows what has happened.
func (r *response) unusable(now time.Time, members map[string]any, lacks string) *TokenError {
	if why := reasonsIn(members, r.status); why.code() != "" && why.text != "" {
		return r.refused(now, members)
	}
	return r.malformed(lacks)
}

func (r *response) malformed(why string) *TokenError {
	return &TokenError{Op: r.op, Status: r.status, MaybeApplied: true, Err: fmt.Errorf("%w: %s", ErrMalformedResponse, why)}
}
