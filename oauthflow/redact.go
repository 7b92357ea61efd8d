package oauthflow

import (
	"net/url"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// sensitiveParams are the request parameters whose values are cut out of
// whatever the server or the transport says about the request.
var sensitiveParams = [...]string{
	"client_secret", "code", "code_verifier", "refresh_token", "assertion", "client_assertion",
	"subject_token", "actor_token", "device_code", "token", "password", "id_token_hint",
}

// secretsOf returns what must not appear in an error about a request with this
// form, and more of the kind.
func secretsOf(form url.Values, more ...string) *redact.Secrets {
	s := &redact.Secrets{}
	for _, name := range sensitiveParams {
		for _, v := range form[name] {
			s.Add(v)
		}
	}
	for _, v := range more {
		s.Add(v)
	}
	return s
}
