package sendgrid_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/sendgrid"
	"github.com/standpipe-go/standpipe/secret"
)

func ExampleNew() {
	srv := clienttest.Start(
		clienttest.Status(202).Header("X-Message-Id", "14c5d75ce93"),
		clienttest.Status(503),
	)
	defer srv.Close()
	c, err := sendgrid.New(secret.Static("SG.example"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	mail := sendgrid.Mail{
		From:       sendgrid.Address{Email: "shop@example.com"},
		TemplateID: "d-1",
		Personalizations: []sendgrid.Personalization{{
			To:                  []sendgrid.Address{{Email: "ada@example.com", Name: "Ada"}},
			DynamicTemplateData: map[string]string{"order": "1042"},
			CustomArgs:          map[string]string{"order": "1042"}, // every event has it
		}},
	}
	sent, err := sendgrid.SendMail.Do(context.Background(), c.HTTP, mail)
	fmt.Println(sent.MessageID, err)

	_, err = sendgrid.SendMail.Do(context.Background(), c.HTTP, mail)
	if e, ok := errors.AsType[*client.Error](err); ok && e.Effect == client.MaybeApplied {
		fmt.Println("wait for an event of order 1042 before sending it again, after", len(e.Attempts), "attempt")
	}
	// Output:
	// 14c5d75ce93 <nil>
	// wait for an event of order 1042 before sending it again, after 1 attempt
}
