package github_test

import (
	"testing"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

// P5: GitHub in the one table of bad input.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, body string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, body)}
	}
	invalid := said(422, `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}],"documentation_url":"https://docs.github.com/rest","status":"422"}`)
	invalid.Code = "missing_field"
	providertest.BadInput(t, conformance, providertest.Bad{
		WrongKey:      said(401, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`),
		ExpiredKey:    said(401, `{"message":"Bad credentials (`+providertest.Key+`)","documentation_url":"https://docs.github.com/rest","status":"401"}`),
		UnknownObject: said(404, `{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`),
		Invalid:       invalid,
		RateLimit:     said(403, secondarySaid),
		Outage:        said(503, `{"message":"Service unavailable."}`),
	})
}
