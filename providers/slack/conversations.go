package slack

// Conversations are channels, groups and direct messages (conversations.*, Slack docs).
var (
	ListConversations = pages[ListConversationsInput]("conversations.list",
		func(p ConversationPage) []Conversation { return p.Channels }, func(p ConversationPage) string { return p.Cursor.Next })
	ConversationHistory = pages[HistoryInput]("conversations.history",
		func(p HistoryPage) []Message { return p.Messages }, func(p HistoryPage) string { return p.Cursor.Next })
	GetConversation  = get[ConversationInput, ConversationResult]("conversations.info")
	OpenConversation = post[OpenInput, ConversationResult]("conversations.open", true)
)

// ListConversationsInput selects conversations. Without Types they are public channels.
type ListConversationsInput struct {
	Types           []string `query:"types,comma"` // public_channel, private_channel, mpim, im
	ExcludeArchived bool     `query:"exclude_archived"`
	TeamID          string   `query:"team_id"`
	Limit           int      `query:"limit"` // of a page, at most 999
	Cursor          string   `query:"cursor"`
}

// ConversationPage is a page of conversations. One that is not the last may be empty.
type ConversationPage struct {
	Channels []Conversation `json:"channels"`
	Cursor   Cursor         `json:"response_metadata"`
}

// Conversation is a channel, a group or a direct message.
type Conversation struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	IsChannel  bool   `json:"is_channel"`
	IsGroup    bool   `json:"is_group"`
	IsIM       bool   `json:"is_im"`
	IsMPIM     bool   `json:"is_mpim"`
	IsPrivate  bool   `json:"is_private"`
	IsArchived bool   `json:"is_archived"`
	IsMember   bool   `json:"is_member"`
	User       string `json:"user"` // of a direct message
	NumMembers int    `json:"num_members"`
	Topic      Topic  `json:"topic"`
	Purpose    Topic  `json:"purpose"`
}

// Topic is a channel's topic, or its purpose.
type Topic struct {
	Value string `json:"value"`
}

// HistoryInput selects messages, newest first. Oldest and Latest are ts.
type HistoryInput struct {
	Channel            string `query:"channel"`
	Oldest             string `query:"oldest"`
	Latest             string `query:"latest"`
	Inclusive          bool   `query:"inclusive"`
	IncludeAllMetadata bool   `query:"include_all_metadata"`
	Limit              int    `query:"limit"`
	Cursor             string `query:"cursor"`
}

// HistoryPage is a page of messages.
type HistoryPage struct {
	Messages []Message `json:"messages"`
	HasMore  bool      `json:"has_more"`
	Cursor   Cursor    `json:"response_metadata"`
}

// ConversationInput names a conversation.
type ConversationInput struct {
	Channel           string `query:"channel"`
	IncludeLocale     bool   `query:"include_locale"`
	IncludeNumMembers bool   `query:"include_num_members"`
}

// OpenInput names the users of a direct message, "U1,U2", or one that was open before.
type OpenInput struct {
	Users    string `json:"users,omitempty"`
	Channel  string `json:"channel,omitempty"`
	ReturnIM bool   `json:"return_im,omitempty"`
}

// ConversationResult is a conversation.
type ConversationResult struct {
	Channel Conversation `json:"channel"`
}
