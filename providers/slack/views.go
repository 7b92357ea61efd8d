package slack

import "encoding/json"

// OpenView opens a modal, within three seconds of the interaction that gave the trigger
// (views.open, Slack docs). A trigger can be used once, so nothing is repeated.
var OpenView = post[ViewInput, ViewResult]("views.open", false)

// ViewInput is a modal. View is anything that encodes to a view object.
type ViewInput struct {
	TriggerID string `json:"trigger_id"`
	View      any    `json:"view"`
}

// ViewResult is the modal that was opened.
type ViewResult struct {
	View View `json:"view"`
}

// View is a modal. Hash tells its versions apart.
type View struct {
	ID              string          `json:"id"`
	Type            string          `json:"type"`
	CallbackID      string          `json:"callback_id"`
	ExternalID      string          `json:"external_id"`
	PrivateMetadata string          `json:"private_metadata"`
	Hash            string          `json:"hash"`
	State           json.RawMessage `json:"state"`
}
