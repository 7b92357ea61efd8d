package oauthflow

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// sensitiveParams are the request parameters whose values are cut out of
// whatever the server or the transport says about the request.
var sensitiveParams = [...]string{
	"client_secret", "code", "code_verifier", "refresh_token", "assertion", "client_assertion",
	"subject_token", "actor_token", "device_code", "token", "password", "id_token_hint",
}

// redactor cuts the secrets of one request out of text.
type redactor struct{ secrets []string }

func newRedactor(form url.Values, more ...string) *redactor {
	r := &redactor{}
	for _, name := range sensitiveParams {
		for _, v := range form[name] {
			r.add(v)
		}
	}
	for _, v := range more {
		r.add(v)
	}
	return r
}

// add registers a value, and what a JSON encoder that leaves "<" alone, as most
// outside Go do, and fmt's %q make of it.
func (r *redactor) add(v string) {
	quoted := strconv.Quote(v)
	plain := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v)
	r.secrets = append(r.secrets, v, quoted[1:len(quoted)-1], plain)
}

func (r *redactor) text(s string) string { return redact.Scrub(s, r.secrets...) }

// err drops the URL that net/http puts around a transport's error, and the
// whole chain but for the context's errors if its text holds a secret.
func (r *redactor) err(err error) error {
	for {
		ue, ok := errors.AsType[*url.Error](err)
		if !ok {
			break
		}
		if err = ue.Err; ue.Op == "parse" {
			err = errBadURL // Err quotes what is wrong in it
		}
	}
	text := redact.URLs(r.text(err.Error()))
	if text == err.Error() {
		return err
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return &redactedError{text, known}
		}
	}
	return &redactedError{text, nil}
}

var errBadURL = errors.New("a URL cannot be parsed")

type redactedError struct {
	text  string
	cause error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.cause }
