package x

import "github.com/standpipe-go/standpipe/client"

// Operations are the operations of this package. What else there is at X is called
// through Client.HTTP.
var Operations = client.Operations{
	CreatePost, DeletePost, GetPost,
	ListUserPosts, ListMentions, ListTimeline, SearchRecent,
	GetMe, GetUser, GetUserByUsername,
	InitializeMedia, AppendMedia, FinalizeMedia, GetMediaStatus,
}
