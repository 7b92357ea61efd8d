package datadog_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

// P5: the one table of bad input, as Datadog's description has it (the responses of each
// operation). It has no codes.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, errors string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, `{"errors":[`+errors+`]}`)}
	}
	providertest.BadInput(t, conformance, providertest.Bad{
		WrongKey:      said(403, `"Forbidden"`),
		ExpiredKey:    said(401, `"Unauthorized","`+providertest.Key+`"`),
		UnknownObject: said(404, `"Monitor not found"`),
		Invalid:       said(400, `"The value provided for parameter 'type' is invalid"`),
		RateLimit:     said(429, `"Too many requests"`),
		Outage:        said(503, `{"status":"503","title":"Service Unavailable"}`),
		InSuccess:     map[error]providertest.Said{client.ErrBadRequest: said(202, `"payload is not in the expected format"`)},
	})
}
