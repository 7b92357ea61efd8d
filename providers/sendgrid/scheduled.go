package sendgrid

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// CreateBatchID makes an identifier for mails that are to be sent later, by which
	// they are called back. To make one more does no harm, so it is repeated.
	CreateBatchID = client.Op[client.None, Batch]{Name: "mail.createBatchID", Method: http.MethodPost, Route: "/v3/mail/batch", Repeatable: true}

	// ListScheduledSends lists the batches that are cancelled or paused. There is one
	// page of them.
	ListScheduledSends = client.List[client.None, []ScheduledSend, ScheduledSend]{
		Op:    client.Op[client.None, []ScheduledSend]{Name: "scheduledSends.list", Route: "/v3/user/scheduled_sends"},
		Items: all[ScheduledSend],
		Next:  single[[]ScheduledSend],
	}

	// CancelScheduledSend cancels or pauses the mails of a batch that have not been sent,
	// until 10 minutes before their time.
	CancelScheduledSend = client.Op[ScheduledSend, ScheduledSend]{
		Name: "scheduledSends.cancel", Method: http.MethodPost, Route: "/v3/user/scheduled_sends",
	}

	// ResumeScheduledSend takes that back.
	ResumeScheduledSend = client.Op[Batch, client.None]{
		Name: "scheduledSends.resume", Method: http.MethodDelete, Route: "/v3/user/scheduled_sends/{batch_id}", Encode: encodeResume,
	}
)

// Batch names a batch.
type Batch struct {
	ID string `json:"batch_id"`
}

// ScheduledSend is a batch and what becomes of it.
type ScheduledSend struct {
	BatchID string `json:"batch_id"`
	Status  string `json:"status"` // "cancel", "pause"
}

func encodeResume(in Batch, r *client.Request) error {
	r.SetPath(in.ID)
	return nil
}
