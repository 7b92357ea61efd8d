package slack

import "github.com/standpipe-go/standpipe/client"

// Operations are the methods that have a name in this package. The others are called
// through Client.HTTP.
var Operations = client.Operations{
	PostMessage, UpdateMessage, DeleteMessage, AddReaction, RemoveReaction,
	ListConversations, ConversationHistory, GetConversation, OpenConversation,
	ListUsers, GetUser, LookupUserByEmail,
	OpenView,
	GetUploadURL, CompleteUpload,
}
