package resendtest

import (
	"net/http"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// failure is an error as Resend says it ("Errors" in the Resend docs).
type failure struct {
	status        int
	name, message string
}

func (f *failure) response() faketest.Response {
	return faketest.Response{Status: f.status, Body: map[string]any{"statusCode": f.status, "name": f.name, "message": f.message}}
}

func missing(field string) *failure {
	return &failure{http.StatusUnprocessableEntity, "missing_required_field", "Missing `" + field + "` field."}
}

func invalid(message string) *failure {
	return &failure{http.StatusUnprocessableEntity, "validation_error", message}
}

func noSuch(kind string) *failure {
	return &failure{http.StatusNotFound, "not_found", kind + " not found"}
}
