package slack

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// said is what every response of the Web API begins with.
type said struct {
	OK       *bool  `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`   // scopes
	Provided string `json:"provided"` // scopes
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

// read reads an error, which is small. A success is hardly looked at.
func read(body []byte) (said, bool) {
	if bytes.HasPrefix(body, []byte(`{"ok":true,`)) {
		return said{}, false
	}
	var s said
	if json.Unmarshal(body, &s) != nil || s.OK == nil || *s.OK {
		return said{}, false
	}
	return s, true
}

func failed(_ int, _ http.Header, body []byte) bool {
	_, ok := read(body)
	return ok
}

// throttled finds a throttle inside a 200. Slack's own are a 429.
func throttled(status int, _ http.Header, body []byte) bool {
	s, ok := read(body)
	return status < 300 && ok && statusOf(s.Error) == http.StatusTooManyRequests
}

func unauthorized(_ int, _ http.Header, body []byte) bool {
	s, ok := read(body)
	return ok && statusOf(s.Error) == http.StatusUnauthorized
}

// hint lets a read be made again that failed inside a 200 for Slack's own reasons.
func hint(status int, _ http.Header, body []byte) client.Hint {
	if s, ok := read(body); ok && status < 300 && statusOf(s.Error) >= 500 {
		return client.Retry
	}
	return client.NoHint
}

func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	s, ok := read(body)
	if !ok {
		return client.DecodeError(status, h, body)
	}
	d := client.ErrorDetail{Code: s.Error, Message: strings.Join(s.Metadata.Messages, "; ")}
	if s.Needed != "" {
		d.Message = "the token needs the scope " + s.Needed + " and has " + s.Provided
	}
	if status < 300 {
		d.Status = statusOf(s.Error)
	}
	return d
}

// meanings are the statuses that stand for Slack's codes (the errors of each method,
// Slack docs). What is not here says it by its name, or nothing.
var meanings = map[string]int{
	"not_authed": 401, "invalid_auth": 401, "account_inactive": 401, "token_revoked": 401, "token_expired": 401,

	"missing_scope": 403, "no_permission": 403, "access_denied": 403, "accesslimited": 403, "ekm_access_denied": 403,
	"not_allowed_token_type": 403, "org_login_required": 403, "enterprise_is_restricted": 403, "team_access_not_granted": 403,
	"two_factor_setup_required": 403, "not_in_channel": 403, "restricted_action": 403, "user_is_restricted": 403,
	"cant_update_message": 403, "cant_delete_message": 403, "cannot_dm_bot": 403,

	"unknown_method": 404, "thread_not_found": 404, "no_reaction": 404, "user_disabled": 404, "file_deleted": 404,

	"already_reacted": 409, "is_archived": 409, "name_taken": 409, "hash_conflict": 409, "duplicate_external_id": 409,
	"edit_window_closed": 409,

	"ratelimited": 429, "rate_limited": 429,

	"internal_error": 500, "fatal_error": 500, "service_unavailable": 503, "team_added_to_org": 503,

	"no_text": 400, "msg_too_long": 400, "msg_blocks_too_long": 400, "too_many_attachments": 400, "too_many_contact_cards": 400,
	"no_user": 400, "no_users_provided": 400, "no_channel": 400, "bad_timestamp": 400, "limit_required": 400, "expired_trigger_id": 400,
	"exchanged_trigger_id": 400, "view_too_large": 400, "push_limit_reached": 400, "request_timeout": 400, "malformed_file": 400,
	"too_many_users": 400, "not_enough_users": 400, "post_contents_invalid": 400, "bad_channel": 400, "markdown_text_conflict": 400,
}

func statusOf(code string) int {
	if status, ok := meanings[code]; ok {
		return status
	}
	switch {
	case strings.HasSuffix(code, "_not_found"):
		return http.StatusNotFound
	case strings.HasPrefix(code, "restricted_action_"):
		return http.StatusForbidden
	case strings.HasPrefix(code, "invalid_"), strings.HasPrefix(code, "missing_"):
		return http.StatusBadRequest
	}
	return 0
}
