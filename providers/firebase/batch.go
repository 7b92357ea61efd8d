package firebase

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// DeleteUsers deletes users, MaxDelete at most, disabled or not. Those who are not there
// count as deleted. Firebase takes one such request a second.
var DeleteUsers = client.Op[DeleteUsersInput, DeletedUsers]{
	Name: "users.delete_many", Method: http.MethodPost, Route: "/accounts:batchDelete", Repeatable: true, Encode: encodeDelete,
}

// MaxDelete is how many users one DeleteUsers may name.
const MaxDelete = 1000

// DeleteUsersInput names users.
type DeleteUsersInput struct {
	UIDs []string
}

func encodeDelete(in DeleteUsersInput, r *client.Request) error {
	if n := len(in.UIDs); n == 0 || n > MaxDelete {
		return fmt.Errorf("%w: a deletion names 1 to %d users, and this one names %d", client.ErrRequest, MaxDelete, n)
	}
	for i, uid := range in.UIDs {
		if uid == "" {
			return fmt.Errorf("%w: the UID at index %d is empty", client.ErrRequest, i)
		}
	}
	r.Body = struct {
		UIDs  []string `json:"localIds"`
		Force bool     `json:"force"` // those who are not disabled, too
	}{in.UIDs, true}
	return nil
}

// DeletedUsers says who has not been deleted: everybody else has.
type DeletedUsers struct {
	Errors []DeleteError `json:"errors"`
}

// DeleteError is why a user has not been deleted. It matches the sentinels of package
// client as the error of a call would.
type DeleteError struct {
	Index   int // in DeleteUsersInput.UIDs
	UID     string
	Code    string // "NOT_DISABLED"
	Message string // what else Firebase says
}

// UnmarshalJSON parts the code from the text, as it is in an error of a call.
func (e *DeleteError) UnmarshalJSON(b []byte) error {
	var said struct {
		Index   int    `json:"index"`
		UID     string `json:"localId"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(b, &said); err != nil {
		return err
	}
	*e = DeleteError{Index: said.Index, UID: said.UID}
	e.Code, e.Message, _ = cut(said.Message)
	return nil
}

// Error names the user by index alone, since a UID may be personal.
func (e *DeleteError) Error() string {
	text := fmt.Sprintf("firebase: the user at index %d was not deleted", e.Index)
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Message != "" {
		text += fmt.Sprintf(" %q", e.Message)
	}
	return text
}

// Is matches what the code means.
func (e *DeleteError) Is(target error) bool {
	status := cmp.Or(meanings[e.Code], http.StatusBadRequest)
	return (&client.Error{Status: status, Throttled: status == http.StatusTooManyRequests}).Is(target)
}
