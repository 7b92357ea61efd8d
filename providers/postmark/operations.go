package postmark

import "github.com/standpipe-go/standpipe/client"

// Operations is the table of the operations. Treat it as a constant.
var Operations = client.Operations{
	SendEmail, SendTemplateEmail, SendBatch, SendTemplateBatch,
	ListMessages, GetMessage,
	ListBounces, ActivateBounce,
	ListStreams, ListSuppressions, CreateSuppressions, DeleteSuppressions,
	GetStats, GetServer, ListServers,
}
