package slack

import (
	"encoding/json"

	"github.com/standpipe-go/standpipe/client"
)

// Messages are named by their channel and ts (chat.* and reactions.*, Slack docs). To
// change a message and to delete it are repeated where the outcome is not known: the
// second time changes nothing more. A deletion that was lost on its way back may thus
// come back as message_not_found.
var (
	PostMessage    = post[MessageInput, Posted]("chat.postMessage", false)
	UpdateMessage  = post[UpdateInput, Posted]("chat.update", true)
	DeleteMessage  = post[MessageRef, Posted]("chat.delete", true)
	AddReaction    = post[ReactionInput, client.None]("reactions.add", false)
	RemoveReaction = post[ReactionInput, client.None]("reactions.remove", false)
)

// MessageInput is a message to post. Text is what notifications show where there are
// Blocks.
type MessageInput struct {
	Channel        string `json:"channel"`
	Text           string `json:"text,omitempty"`
	Blocks         any    `json:"blocks,omitempty"`
	Attachments    any    `json:"attachments,omitempty"`
	ThreadTS       string `json:"thread_ts,omitempty"` // of the message that is answered
	ReplyBroadcast bool   `json:"reply_broadcast,omitempty"`
	Username       string `json:"username,omitempty"`
	IconEmoji      string `json:"icon_emoji,omitempty"`
	IconURL        string `json:"icon_url,omitempty"`
	Metadata       any    `json:"metadata,omitempty"`
	UnfurlLinks    *bool  `json:"unfurl_links,omitempty"`
	UnfurlMedia    *bool  `json:"unfurl_media,omitempty"`
}

// UpdateInput is what a message becomes.
type UpdateInput struct {
	Channel     string `json:"channel"`
	TS          string `json:"ts"`
	Text        string `json:"text,omitempty"`
	Blocks      any    `json:"blocks,omitempty"`
	Attachments any    `json:"attachments,omitempty"`
	Metadata    any    `json:"metadata,omitempty"`
}

// MessageRef names a message.
type MessageRef struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// Posted is a message that was posted, changed or deleted.
type Posted struct {
	Channel string  `json:"channel"`
	TS      string  `json:"ts"`
	Message Message `json:"message"`
}

// ReactionInput is an emoji, by its name without colons, at a message.
type ReactionInput struct {
	Channel   string `json:"channel"`
	Timestamp string `json:"timestamp"`
	Name      string `json:"name"`
}

// Message is a message in a conversation.
type Message struct {
	Type       string          `json:"type"`
	Subtype    string          `json:"subtype"`
	TS         string          `json:"ts"`
	ThreadTS   string          `json:"thread_ts"`
	User       string          `json:"user"`
	BotID      string          `json:"bot_id"`
	Text       string          `json:"text"`
	ReplyCount int             `json:"reply_count"`
	Blocks     json.RawMessage `json:"blocks"`
	Reactions  []Reaction      `json:"reactions"`
	Files      []File          `json:"files"`
}

// Reaction is an emoji at a message, and by whom; Users may be less than Count.
type Reaction struct {
	Name  string   `json:"name"`
	Count int      `json:"count"`
	Users []string `json:"users"`
}
