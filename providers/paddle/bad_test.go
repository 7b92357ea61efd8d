package paddle_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

// P5: the one table of bad input, as Paddle's docs have it ("Errors").
func TestP5_BadInput(t *testing.T) {
	said := func(status int, code string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, `{"error":{"type":"request_error","code":"`+code+`","detail":"No: `+providertest.Key+`"}}`), Code: code}
	}
	providertest.BadInput(t, conformance, providertest.Bad{
		WrongKey: said(403, "invalid_token"), ExpiredKey: said(403, "authentication_malformed"),
		UnknownObject: said(404, "not_found"), Invalid: said(400, "invalid_field"),
		RateLimit: said(429, "too_many_requests"), Outage: said(500, "internal_error"),
	})
}
