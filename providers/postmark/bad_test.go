package postmark_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/postmark"
)

// P5: the one table of bad input, as Postmark's docs have it ("API overview").
func TestP5_BadInput(t *testing.T) {
	said := func(status int, code string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, `{"ErrorCode":`+code+`,"Message":"No: `+providertest.Key+`"}`), Code: code}
	}
	providertest.BadInput(t, conformance, providertest.Bad{
		WrongKey: said(401, "10"), ExpiredKey: said(401, "10"), // one that was deleted
		UnknownObject: said(422, "701"), Invalid: said(422, "300"),
		RateLimit: providertest.Said{Step: clienttest.Status(429)},
		Outage:    said(503, "100"),
		InSuccess: map[error]providertest.Said{
			client.ErrBadRequest: said(200, postmark.CodeInactiveRecipient), client.ErrForbidden: said(200, postmark.CodeNoCredit),
			client.ErrNotFound: said(200, postmark.CodeTemplateNotFound),
		},
	})
}
