package sendgrid

import "github.com/standpipe-go/standpipe/client"

// Operations is the table of the operations. Treat it as a constant.
var Operations = client.Operations{
	SendMail, CreateBatchID, ListScheduledSends, CancelScheduledSend, ResumeScheduledSend,
	ListTemplates, GetTemplate,
	ListBounces, DeleteBounce, ListBlocks, DeleteBlock,
	ListUnsubscribes, AddUnsubscribes, DeleteUnsubscribe,
	ListGroups, AddToGroup, RemoveFromGroup,
	GetStats,
	ListEventWebhooks, UpdateEventWebhook, SignEventWebhook,
}
