package postmark_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/postmark"
	"github.com/standpipe-go/standpipe/secret"
)

// A batch is told message by message.
func ExampleClient_SendBatch() {
	srv := clienttest.Start(clienttest.JSON(200, `[
		{"ErrorCode":0,"Message":"OK","MessageID":"0a129aee","To":"ada@example.com"},
		{"ErrorCode":406,"Message":"Inactive recipient."}]`))
	defer srv.Close()
	c, err := postmark.New(secret.Static(postmark.TestToken), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	to := []string{"ada@example.com", "bob@example.com"}
	var emails []postmark.Email
	for _, address := range to {
		emails = append(emails, postmark.Email{From: "shop@example.com", To: address, Subject: "Your order", TextBody: "It is on its way."})
	}
	results, err := c.SendBatch(context.Background(), emails)
	if batch, ok := errors.AsType[*postmark.BatchError](err); ok {
		for _, refused := range batch.Refused {
			if refused.Err.Code == postmark.CodeInactiveRecipient {
				fmt.Println("stop writing to", to[refused.Index])
			}
		}
	} else if err != nil {
		fmt.Println(err) // none, or nobody knows which
		return
	}
	for _, r := range results {
		if r.ErrorCode == 0 {
			fmt.Println("sent", r.MessageID, "to", r.To)
		}
	}
	// Output:
	// stop writing to bob@example.com
	// sent 0a129aee to ada@example.com
}
