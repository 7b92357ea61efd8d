package resend

import (
	"fmt"
	"net/http"

	sdk "github.com/resend/resend-go/v2"

	"github.com/standpipe-go/standpipe/client"
)

// The operations take and return resend-go's types, where those of v2 are the API's of
// today, and do not go through it: it reads an error's body itself and keeps a text, so
// that code, message and request ID are lost to whoever has only the call's ledger.
//
//	email, err := resend.GetEmail.Do(ctx, c.HTTP, resend.ID{ID: id})
//	for contact, err := range resend.ListContacts.All(ctx, c.HTTP, resend.ListInput{}) { … }
//
// [Client.Send] and [Client.SendBatch] take an idempotency key; by SendEmail and
// SendBatch it is given with an edit of the request.
var (
	SendEmail  = client.Op[*sdk.SendEmailRequest, *sdk.SendEmailResponse]{Name: "emails.send", Method: http.MethodPost, Route: "/emails"}
	SendBatch  = client.Op[Batch, *sdk.BatchEmailResponse]{Name: "emails.send_batch", Method: http.MethodPost, Route: "/emails/batch", Encode: encodeBatch}
	GetEmail   = client.Op[ID, *sdk.Email]{Name: "emails.get", Route: "/emails/{id}"}
	ListEmails = list[ListInput]("emails.list", "/emails", func(e sdk.Email) string { return e.Id })

	// RescheduleEmail and CancelEmail are for an email that was sent with ScheduledAt.
	RescheduleEmail = client.Op[*sdk.UpdateEmailRequest, *sdk.UpdateEmailResponse]{Name: "emails.reschedule", Method: http.MethodPatch, Route: "/emails/{id}", Encode: reschedule}
	CancelEmail     = client.Op[ID, *sdk.CancelScheduledEmailResponse]{Name: "emails.cancel", Method: http.MethodPost, Route: "/emails/{id}/cancel"}

	ListAttachments = list[AttachmentsInput]("attachments.list", "/emails/{email}/attachments", func(a Attachment) string { return a.ID })
	GetAttachment   = client.Op[AttachmentInput, *Attachment]{Name: "attachments.get", Route: "/emails/{email}/attachments/{id}"}

	CreateDomain = client.Op[*sdk.CreateDomainRequest, *sdk.CreateDomainResponse]{Name: "domains.create", Method: http.MethodPost, Route: "/domains"}
	GetDomain    = client.Op[ID, *sdk.Domain]{Name: "domains.get", Route: "/domains/{id}"}
	ListDomains  = list[ListInput]("domains.list", "/domains", func(d sdk.Domain) string { return d.Id })
	VerifyDomain = client.Op[ID, client.None]{Name: "domains.verify", Method: http.MethodPost, Route: "/domains/{id}/verify"}
	DeleteDomain = client.Op[ID, client.None]{Name: "domains.delete", Method: http.MethodDelete, Route: "/domains/{id}"}

	// The ID of a contact may be its email address.
	CreateContact = client.Op[NewContact, *Created]{Name: "contacts.create", Method: http.MethodPost, Route: "/contacts"}
	GetContact    = client.Op[ID, *sdk.Contact]{Name: "contacts.get", Route: "/contacts/{id}"}
	UpdateContact = client.Op[ContactUpdate, *Created]{Name: "contacts.update", Method: http.MethodPatch, Route: "/contacts/{id}"}
	DeleteContact = client.Op[ID, client.None]{Name: "contacts.delete", Method: http.MethodDelete, Route: "/contacts/{id}"}
	ListContacts  = list[ListInput]("contacts.list", "/contacts", func(c sdk.Contact) string { return c.Id })

	CreateBroadcast = client.Op[NewBroadcast, *Created]{Name: "broadcasts.create", Method: http.MethodPost, Route: "/broadcasts"}
	GetBroadcast    = client.Op[ID, *Broadcast]{Name: "broadcasts.get", Route: "/broadcasts/{id}"}
	SendBroadcast   = client.Op[BroadcastSend, *Created]{Name: "broadcasts.send", Method: http.MethodPost, Route: "/broadcasts/{id}/send"}
	CancelBroadcast = client.Op[ID, *Created]{Name: "broadcasts.cancel", Method: http.MethodPost, Route: "/broadcasts/{id}/cancel"}
	DeleteBroadcast = client.Op[ID, client.None]{Name: "broadcasts.delete", Method: http.MethodDelete, Route: "/broadcasts/{id}"}
	ListBroadcasts  = list[ListInput]("broadcasts.list", "/broadcasts", func(b Broadcast) string { return b.ID })
)

// Operations is the table of them. Treat it as a constant.
var Operations = client.Operations{
	SendEmail, SendBatch, GetEmail, ListEmails, RescheduleEmail, CancelEmail,
	ListAttachments, GetAttachment,
	CreateDomain, GetDomain, ListDomains, VerifyDomain, DeleteDomain,
	CreateContact, GetContact, UpdateContact, DeleteContact, ListContacts,
	CreateBroadcast, GetBroadcast, SendBroadcast, CancelBroadcast, DeleteBroadcast, ListBroadcasts,
	ListWebhookEvents, GetWebhookEvent, ReplayWebhookEvent,
}

func list[In, T any](name, route string, id func(T) string) client.List[In, Page[T], T] {
	return client.List[In, Page[T], T]{
		Op:    client.Op[In, Page[T]]{Name: name, Route: route},
		Items: func(p Page[T]) []T { return p.Data },
		Next:  following(id),
	}
}

// following asks for what comes after the last item ("Pagination" in the API reference).
func following[T any](id func(T) string) func(client.Page[Page[T]]) (client.Request, bool) {
	return func(p client.Page[Page[T]]) (client.Request, bool) {
		n := len(p.Value.Data)
		switch {
		case !p.Value.HasMore:
			return client.Request{}, false
		case n == 0:
			// There is more, and nothing says from where on. The same request again is
			// the error of a cursor that goes round: a list that just ended would be
			// short.
			return p.Request, true
		}
		return p.With("after", id(p.Value.Data[n-1])), true
	}
}

// sendBatch is SendBatch as it goes out, once its emails have been looked at.
var sendBatch = client.Op[Batch, *sdk.BatchEmailResponse]{Method: http.MethodPost, Route: "/emails/batch"}

// encodeBatch refuses attachments: Resend's endpoint for batches sends an email that has
// one without it.
func encodeBatch(in Batch, r *client.Request) (err error) {
	for i, email := range in.Emails {
		if email != nil && len(email.Attachments) > 0 {
			return fmt.Errorf("%w: email %d of the batch has attachments, which a batch does not take", client.ErrRequest, i)
		}
	}
	*r, err = sendBatch.Request(in)
	return err
}

// reschedule sends what the SDK sends, which has the ID in the body as well.
func reschedule(in *sdk.UpdateEmailRequest, r *client.Request) error {
	if in == nil {
		in = &sdk.UpdateEmailRequest{}
	}
	r.SetPath(in.Id)
	r.Body = in
	return nil
}
