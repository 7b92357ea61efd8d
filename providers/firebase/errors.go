package firebase

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// decodeError reads Google's error object, whose message is a code of Firebase's, with or
// without a text behind it: "WEAK_PASSWORD : Password should be at least 6 characters".
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	if foundNobody(status, h, body) {
		return client.ErrorDetail{Code: userNotFound, Message: "there is no such user", Status: http.StatusNotFound}
	}
	var said struct {
		Error struct {
			Message string `json:"message"`
			Status  string `json:"status"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil || said.Error.Message == "" {
		return client.DecodeError(status, h, body)
	}
	d := client.ErrorDetail{Type: said.Error.Status}
	var ok bool
	if d.Code, d.Message, ok = cut(said.Error.Message); !ok {
		d.Code = said.Error.Status
	}
	d.Status = meanings[d.Code]
	return d
}

// cut parts a code from the text behind it. Without a code the message is all text.
func cut(message string) (code, text string, ok bool) {
	code, text, _ = strings.Cut(message, " : ")
	code, text = strings.TrimSpace(code), strings.TrimSpace(text)
	isCode := func(r rune) bool { return r == '_' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
	if code == "" || strings.ContainsFunc(code, func(r rune) bool { return !isCode(r) }) {
		return "", message, false
	}
	return code, text, true
}

// Codes that are not only told apart by what they mean.
const (
	userNotFound    = "USER_NOT_FOUND"
	tooManyAttempts = "TOO_MANY_ATTEMPTS_TRY_LATER"
	quotaExceeded   = "QUOTA_EXCEEDED"
)

// meanings are the statuses that stand for codes, which come with a 400. Those that are
// not here are what a 400 is.
var meanings = map[string]int{
	tooManyAttempts:            http.StatusTooManyRequests,
	quotaExceeded:              http.StatusTooManyRequests,
	userNotFound:               http.StatusNotFound,
	"EMAIL_NOT_FOUND":          http.StatusNotFound,
	"TENANT_NOT_FOUND":         http.StatusNotFound,
	"PROJECT_NOT_FOUND":        http.StatusNotFound,
	"CONFIGURATION_NOT_FOUND":  http.StatusNotFound,
	"EMAIL_EXISTS":             http.StatusConflict,
	"PHONE_NUMBER_EXISTS":      http.StatusConflict,
	"DUPLICATE_EMAIL":          http.StatusConflict,
	"DUPLICATE_LOCAL_ID":       http.StatusConflict,
	"FEDERATED_USER_ID_EXISTS": http.StatusConflict,
	"INSUFFICIENT_PERMISSION":  http.StatusForbidden,
	"OPERATION_NOT_ALLOWED":    http.StatusForbidden,
	"USER_DISABLED":            http.StatusForbidden,
}

// throttled tells the two codes that are a 400 and mean too many requests
// (firebase-admin-node, issues 1916 and 458).
func throttled(status int, h http.Header, body []byte) bool {
	if status != http.StatusBadRequest {
		return false
	}
	code := decodeError(status, h, body).Code
	return code == tooManyAttempts || code == quotaExceeded
}

// foundNobody tells a look-up that has found nobody, which is a 200 without users.
func foundNobody(status int, _ http.Header, body []byte) bool {
	if status != http.StatusOK || !bytes.Contains(body, []byte(lookupKind)) {
		return false
	}
	var said struct {
		Kind  string            `json:"kind"`
		Users []json.RawMessage `json:"users"`
	}
	return json.Unmarshal(body, &said) == nil && said.Kind == lookupKind && len(said.Users) == 0
}

const lookupKind = "identitytoolkit#GetAccountInfoResponse"

// errNobody is for a look-up without users that does not say that it is one.
var errNobody = errors.New("the response has no user")
