package google

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// ErrFullSyncRequired is matched by the error for a sync token that has expired, and for
// an UpdatedMin that is too long ago: what was kept is to be forgotten, and everything to
// be listed again. [Client.SyncEvents] does so by itself.
var ErrFullSyncRequired = errors.New("everything is to be listed again, without a sync token")

// said is Google's error object, in the form of its older services, in that of its newer
// ones, or in both.
type said struct {
	Error struct {
		Message string `json:"message"`
		Status  string `json:"status"` // "PERMISSION_DENIED"
		Errors  []struct {
			Domain       string `json:"domain"`
			Reason       string `json:"reason"`
			Location     string `json:"location"`
			LocationType string `json:"locationType"`
		} `json:"errors"`
		Details []struct {
			Reason string `json:"reason"` // of a google.rpc.ErrorInfo
		} `json:"details"`
	} `json:"error"`
}

// read reads as much of an error as there is: what else is in it may be anything.
func read(body []byte) said {
	var s said
	_ = json.Unmarshal(body, &s)
	return s
}

// reasons are the codes that an error names, the most telling first.
func (s *said) reasons() (reasons []string) {
	for _, e := range s.Error.Errors {
		reasons = append(reasons, e.Reason)
	}
	for _, d := range s.Error.Details {
		reasons = append(reasons, d.Reason)
	}
	reasons = append(reasons, s.Error.Status)
	return slices.DeleteFunc(reasons, func(r string) bool { return r == "" })
}

func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	s := read(body)
	reasons := s.reasons()
	if s.Error.Message == "" && len(reasons) == 0 {
		return client.DecodeError(status, h, body)
	}
	d := client.ErrorDetail{Type: s.Error.Status, Message: s.Error.Message}
	if len(reasons) > 0 {
		d.Code = reasons[0]
	}
	if len(s.Error.Errors) > 0 {
		first := s.Error.Errors[0]
		if d.Type == "" {
			d.Type = first.Domain
		}
		// "Required", it says, and the place says what.
		if first.LocationType == "parameter" && !strings.Contains(d.Message, first.Location) {
			d.Message += " (" + first.Location + ")"
		}
	}
	if status == http.StatusGone && (d.Code == "fullSyncRequired" || d.Code == "updatedMinTooLongAgo") {
		d.Err = ErrFullSyncRequired
	}
	return d
}

// throttles are the reasons of a 403 that is over in a minute ("Handle API errors",
// Google Calendar docs). A quotaExceeded is none: it lasts for hours.
var throttles = []string{"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}

func throttled(status int, _ http.Header, body []byte) bool {
	if status != http.StatusForbidden {
		return false
	}
	s := read(body)
	return slices.ContainsFunc(s.reasons(), func(r string) bool { return slices.Contains(throttles, r) })
}
