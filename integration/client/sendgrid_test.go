package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sendgrid/sendgrid-go/helpers/mail"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/sendgrid"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// ofSendGrid is an operation of SendGrid's, and the error statuses that its description
// has a body for.
type ofSendGrid struct {
	name   string
	call   func(context.Context, *client.Client, func(*client.Request)) error
	errors []string
}

// P1: Prism holds the operations to SendGrid's own descriptions, and the types to each
// response that they document.
func TestP1_SendGridUnderItsOwnDescriptions(t *testing.T) {
	whole := sendgridMail()
	whole.CustomArgs = nil // the description says that this one is text, the SDK that it is an object
	email := sendgrid.EmailInput{Email: "b@example.com"}
	emails := []string{"b@example.com"}
	var seen []string
	for spec, ops := range map[string][]ofSendGrid{
		"sendgrid_mail_v3.yaml": {
			{"mail.send", func(ctx context.Context, c *client.Client, edit func(*client.Request)) error {
				_, err := sendgrid.SendMail.Do(ctx, c, whole, edit)
				return err
			}, []string{"400", "401", "403", "404", "405", "413", "500"}},
			{"mail.createBatchID", func(ctx context.Context, c *client.Client, edit func(*client.Request)) error {
				batch, err := sendgrid.CreateBatchID.Do(ctx, c, client.None{}, edit)
				require.Equal(t, err == nil, batch.ID != "")
				return err
			}, []string{"400", "401", "403", "404", "405", "500"}},
		},
		"sendgrid_templates_v3.yaml": {
			{"templates.list", func(ctx context.Context, c *client.Client, edit func(*client.Request)) error {
				for page, err := range sendgrid.ListTemplates.Pages(ctx, c, sendgrid.ListTemplatesInput{}, edit) {
					require.Equal(t, err == nil, len(page.Result) > 0)
					return err
				}
				return errors.New("no page")
			}, []string{"400"}},
			{"templates.get", func(ctx context.Context, c *client.Client, edit func(*client.Request)) error {
				tpl, err := sendgrid.GetTemplate.Do(ctx, c, sendgrid.TemplateInput{ID: "40da60e6-66f3-4223-9406-ba58b7f55a62"}, edit)
				require.Equal(t, err == nil, tpl.ID != "")
				return err
			}, nil},
		},
		"sendgrid_suppressions_v3.yaml": {
			{"bounces.list", suppressed(sendgrid.ListBounces), []string{"401"}},
			{"blocks.list", suppressed(sendgrid.ListBlocks), nil},
			{"unsubscribes.list", suppressed(sendgrid.ListUnsubscribes), nil},
			{"bounces.delete", onSendGrid(sendgrid.DeleteBounce, email), []string{"401"}},
			{"blocks.delete", onSendGrid(sendgrid.DeleteBlock, email), nil},
			{"unsubscribes.delete", onSendGrid(sendgrid.DeleteUnsubscribe, email), nil},
			{"unsubscribes.add", onSendGrid(sendgrid.AddUnsubscribes, sendgrid.Recipients{Emails: emails}), nil},
			{"groups.list", func(ctx context.Context, c *client.Client, edit func(*client.Request)) error {
				for g, err := range sendgrid.ListGroups.All(ctx, c, client.None{}, edit) {
					require.True(t, err != nil || g.ID != "")
					return err
				}
				return errors.New("no group")
			}, nil},
			{"groups.add", onSendGrid(sendgrid.AddToGroup, sendgrid.GroupRecipients{GroupID: "7", Emails: emails}), nil},
			{"groups.remove", onSendGrid(sendgrid.RemoveFromGroup, sendgrid.GroupRecipient{GroupID: "7", Email: emails[0]}), nil},
		},
		"sendgrid_stats_v3.yaml": {
			{"stats.get", onSendGrid(sendgrid.GetStats, sendgrid.StatsInput{StartDate: "2026-11-01", EndDate: "2026-11-26", AggregatedBy: "week"}), nil},
		},
	} {
		prism := servers.Prism(t, spec)
		c, err := sendgrid.New(secret.Static("SG.integration"), client.WithBaseURL(prism.URL), client.WithTransport(transport(t)))
		require.NoError(t, err)
		for _, op := range ops {
			seen = append(seen, op.name)
			t.Run(op.name, func(t *testing.T) {
				require.NoError(t, op.call(t.Context(), c.HTTP, func(*client.Request) {}))
				for _, code := range op.errors {
					err := op.call(t.Context(), c.HTTP, func(r *client.Request) { r.Header = http.Header{"Prefer": {"code=" + code}} })
					e, ok := errors.AsType[*client.Error](err)
					require.True(t, ok, "%s: %v", code, err)
					require.Equal(t, code, strconv.Itoa(e.Status))
					require.NotEmpty(t, e.Message, code)
				}
			})
		}
	}
	for _, op := range sendgrid.Operations {
		name := op.Info().Name
		later := slices.Contains([]string{"scheduledSends.list", "scheduledSends.cancel", "scheduledSends.resume", "eventWebhooks.list", "eventWebhooks.update", "eventWebhooks.sign"}, name)
		require.NotEqual(t, later, slices.Contains(seen, name), name)
	}
}

func suppressed(l client.List[sendgrid.ListSuppressionsInput, []sendgrid.Suppression, sendgrid.Suppression]) func(context.Context, *client.Client, func(*client.Request)) error {
	in := sendgrid.ListSuppressionsInput{StartTime: sendgrid.Time{Time: time.Unix(1443651000, 0)}, Limit: 5}
	return func(ctx context.Context, c *client.Client, edit func(*client.Request)) error {
		for s, err := range l.All(ctx, c, in, edit) {
			if err == nil && s.Email == "" {
				return errors.New("no address")
			}
			return err
		}
		return errors.New("no suppression")
	}
}

func onSendGrid[In, Out any](op client.Op[In, Out], in In) func(context.Context, *client.Client, func(*client.Request)) error {
	return func(ctx context.Context, c *client.Client, edit func(*client.Request)) error {
		_, err := op.Do(ctx, c, in, edit)
		return err
	}
}

// sendgridMail is a mail with everything that it can have.
func sendgridMail() sendgrid.Mail {
	at := sendgrid.Time{Time: time.Unix(1795701845, 0)}
	return sendgrid.Mail{
		From: sendgrid.Address{Email: "a@example.com", Name: "Ada"}, Subject: "<ü> & \u2028",
		Personalizations: []sendgrid.Personalization{{
			To: []sendgrid.Address{{Email: "b@example.com", Name: "Bob"}}, Cc: []sendgrid.Address{{Email: "c@example.com"}}, Bcc: []sendgrid.Address{{Email: "d@example.com"}},
			From: &sendgrid.Address{Email: "e@example.com"}, Subject: "own", Headers: map[string]string{"X-A": "1"}, CustomArgs: map[string]string{"order": "1042"},
			DynamicTemplateData: map[string]any{"name": "Bob"}, SendAt: at,
		}},
		ReplyTo: &sendgrid.Address{Email: "r@example.com"},
		Content: []sendgrid.Content{{Type: "text/plain", Value: "t"}, {Type: "text/html", Value: "<p>h</p>"}},
		Attachments: []sendgrid.Attachment{{
			Content: []byte{0, 255}, Type: "application/octet-stream", Filename: "a.bin", Disposition: "inline", ContentID: "logo",
		}},
		TemplateID: "d-1", Headers: map[string]string{"X-B": "2"}, Categories: []string{"welcome"}, CustomArgs: map[string]string{"k": "v"},
		SendAt: at, BatchID: "b_1", ASM: &sendgrid.Unsubscribing{GroupID: "7", GroupsToDisplay: []sendgrid.ID{"7", "8"}}, IPPoolName: "pool",
		MailSettings:     &sendgrid.MailSettings{SandboxMode: &sendgrid.Switch{Enable: true}, BypassListManagement: &sendgrid.Switch{}},
		TrackingSettings: &sendgrid.TrackingSettings{ClickTracking: &sendgrid.ClickTracking{Enable: true, EnableText: true}, OpenTracking: &sendgrid.Switch{Enable: true}},
	}
}

// P1: a mail is what sendgrid-go makes of the same parts.
func TestP1_AMailIsThatOfSendGridGo(t *testing.T) {
	yes := true
	m := mail.NewV3Mail()
	m.SetFrom(mail.NewEmail("Ada", "a@example.com"))
	m.Subject = "<ü> & \u2028"
	p := mail.NewPersonalization()
	p.AddTos(mail.NewEmail("Bob", "b@example.com"))
	p.AddCCs(mail.NewEmail("", "c@example.com"))
	p.AddBCCs(mail.NewEmail("", "d@example.com"))
	p.AddFrom(mail.NewEmail("", "e@example.com"))
	p.Subject = "own"
	p.SetHeader("X-A", "1")
	p.SetCustomArg("order", "1042")
	p.SetDynamicTemplateData("name", "Bob")
	p.SetSendAt(1795701845)
	m.AddPersonalizations(p)
	m.SetReplyTo(mail.NewEmail("", "r@example.com"))
	m.AddContent(mail.NewContent("text/plain", "t"), mail.NewContent("text/html", "<p>h</p>"))
	a := mail.NewAttachment()
	a.SetContent("AP8=").SetType("application/octet-stream").SetFilename("a.bin").SetDisposition("inline").SetContentID("logo")
	m.AddAttachment(a)
	m.SetTemplateID("d-1").SetHeader("X-B", "2").AddCategories("welcome").SetCustomArg("k", "v").SetSendAt(1795701845).SetBatchID("b_1").SetIPPoolID("pool")
	m.SetASM(mail.NewASM().SetGroupID(7).AddGroupsToDisplay(7, 8))
	m.SetMailSettings(mail.NewMailSettings().SetSandboxMode(mail.NewSetting(true)).SetBypassListManagement(mail.NewSetting(false)))
	tracking := mail.NewTrackingSettings().SetOpenTracking(mail.NewOpenTrackingSetting().SetEnable(true))
	tracking.ClickTracking = &mail.ClickTrackingSetting{Enable: &yes, EnableText: &yes}
	m.SetTrackingSettings(tracking)

	rt := clienttest.NewTransport(t, clienttest.Status(202))
	c, err := sendgrid.New(secret.Static("SG.1"), client.WithTransport(rt))
	require.NoError(t, err)
	_, err = sendgrid.SendMail.Do(t.Context(), c.HTTP, sendgridMail())
	require.NoError(t, err)
	require.JSONEq(t, string(mail.GetRequestBody(m)), string(rt.Last().Body))
}
