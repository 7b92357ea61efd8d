//go:build postmark

package client

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/postmark"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1: Prism holds the operations to Postmark's own description, and the types to each
// response that it documents. The description has no licence and is not kept here: who
// has a copy of https://postmarkapp.com/swagger/server.yml names it in the variable, and
// runs this with -tags postmark.
func TestP1_PostmarkUnderItsOwnDescription(t *testing.T) {
	description := os.Getenv("STANDPIPE_POSTMARK_DESCRIPTION")
	require.NotEmpty(t, description, "STANDPIPE_POSTMARK_DESCRIPTION names no copy of Postmark's description")
	prism := servers.Prism(t, description)
	c, err := postmark.New(secret.Static(postmark.TestToken), client.WithBaseURL(prism.URL), client.WithTransport(transport(t)))
	require.NoError(t, err)
	yes := true
	envelope := postmark.Envelope{
		Cc: "c@example.com", Bcc: "d@example.com", ReplyTo: "r@example.com", Tag: "welcome",
		Metadata: map[string]string{"order": "1042"}, Headers: []postmark.Header{{Name: "X-A", Value: "1"}},
		Attachments: []postmark.Attachment{{Name: "a.bin", Content: []byte{0, 255}, ContentType: "application/octet-stream", ContentID: "cid:a"}},
		TrackOpens:  &yes, TrackLinks: "HtmlOnly", MessageStream: "outbound",
	}
	email := postmark.Email{From: "a@example.com", To: "b@example.com", Subject: "s", TextBody: "t", HTMLBody: "<p>h</p>", Envelope: envelope}
	// The description has both of the template's names as required.
	made := postmark.TemplateEmail{
		From: "a@example.com", To: "b@example.com", TemplateID: "1234", TemplateAlias: "welcome", TemplateModel: map[string]string{"name": "Ada"},
		InlineCSS: &yes, Envelope: envelope,
	}
	ctx, inactive := t.Context(), true

	calls := map[string]func(edit func(*client.Request)) error{
		"email.send": func(edit func(*client.Request)) error {
			got, err := postmark.SendEmail.Do(ctx, c.HTTP, email, edit)
			if err == nil {
				require.NotEmpty(t, got.MessageID)
				require.False(t, got.SubmittedAt.IsZero())
			}
			return err
		},
		"email.sendWithTemplate": func(edit func(*client.Request)) error {
			_, err := postmark.SendTemplateEmail.Do(ctx, c.HTTP, made, edit)
			return err
		},
		"email.sendBatch": func(edit func(*client.Request)) error {
			got, err := postmark.SendBatch.Do(ctx, c.HTTP, []postmark.Email{email, email}, edit)
			require.Equal(t, err == nil, len(got) > 0)
			return err
		},
		"email.sendBatchWithTemplates": func(edit func(*client.Request)) error {
			_, err := postmark.SendTemplateBatch.Do(ctx, c.HTTP, []postmark.TemplateEmail{made}, edit)
			return err
		},
		"messages.list": func(edit func(*client.Request)) error {
			for m, err := range postmark.ListMessages.All(ctx, c.HTTP, postmark.ListMessagesInput{Recipient: "b@example.com", Status: "sent", FromDate: "2026-11-01"}, edit) {
				require.True(t, err != nil || m.MessageID != "")
				return err
			}
			return nil
		},
		"messages.get": func(edit func(*client.Request)) error {
			_, err := postmark.GetMessage.Do(ctx, c.HTTP, postmark.MessageInput{MessageID: "0a129aee-e1cd-480d-b08d-4f48548ff48d"}, edit)
			return err
		},
		"bounces.list": func(edit func(*client.Request)) error {
			for b, err := range postmark.ListBounces.All(ctx, c.HTTP, postmark.ListBouncesInput{Type: "HardBounce", Inactive: &inactive, Email: "b@example.com"}, edit) {
				require.True(t, err != nil || b.ID != "")
				return err
			}
			return nil
		},
		"bounces.activate": func(edit func(*client.Request)) error {
			_, err := postmark.ActivateBounce.Do(ctx, c.HTTP, postmark.BounceInput{ID: "692560173"}, edit)
			return err
		},
		"stats.get": func(edit func(*client.Request)) error {
			_, err := postmark.GetStats.Do(ctx, c.HTTP, postmark.StatsInput{Tag: "welcome", FromDate: "2026-11-01"}, edit)
			return err
		},
		"server.get": func(edit func(*client.Request)) error {
			_, err := postmark.GetServer.Do(ctx, c.HTTP, client.None{}, edit)
			return err
		},
	}
	for _, op := range postmark.Operations {
		call := calls[op.Info().Name]
		if strings.HasPrefix(op.Info().Route, "/message-streams") || op.Info().Name == "servers.list" {
			require.Nil(t, call)
			continue // newer than the description, or another one's
		}
		t.Run(op.Info().Name, func(t *testing.T) {
			require.NoError(t, call(func(*client.Request) {}))
			for code, want := range map[string]error{"422": client.ErrBadRequest, "500": client.ErrUnavailable} {
				err := call(func(r *client.Request) { r.Header = http.Header{"Prefer": {"code=" + code}} })
				require.ErrorIs(t, err, want)
			}
		})
	}
}
