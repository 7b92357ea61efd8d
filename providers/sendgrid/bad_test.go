package sendgrid_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

// P5: the one table of bad input, as SendGrid's docs have it ("Errors"). It has no codes.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, message string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, `{"errors":[{"field":null,"message":"`+message+`","help":null}]}`)}
	}
	providertest.BadInput(t, conformance, providertest.Bad{
		WrongKey:      said(401, "authorization required: "+providertest.Key),
		ExpiredKey:    said(401, "The provided authorization grant is invalid, expired, or revoked"),
		UnknownObject: said(404, "resource not found"),
		Invalid:       said(400, "The from object must be provided."),
		RateLimit:     said(429, "too many requests"),
		Outage:        said(500, "internal error"),
	})
}
