package redact

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Secrets cuts the secrets of one request out of text and errors about it. The zero
// value knows none.
type Secrets struct{ forms []string }

// Add registers a value, and what a JSON encoder that leaves "<" alone, as most
// outside Go do, and fmt's %q make of it.
func (s *Secrets) Add(v string) {
	quoted := strconv.Quote(v)
	plain := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v)
	s.forms = append(s.forms, v, quoted[1:len(quoted)-1], plain)
}

// Text returns text with [Mark] in place of each secret; see [Scrub].
func (s *Secrets) Text(text string) string { return Scrub(text, s.forms...) }

// Error drops the URL that net/http puts around a transport's error, and, if the
// text of what is left holds a secret, all of its chain but the context's errors.
func (s *Secrets) Error(err error) error {
	for {
		ue, ok := errors.AsType[*url.Error](err)
		if !ok {
			break
		}
		if err = ue.Err; ue.Op == "parse" {
			err = errBadURL // Err quotes what is wrong in it
		}
	}
	text := URLs(s.Text(err.Error()))
	if text == err.Error() {
		return err
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return &cleanError{text, known}
		}
	}
	return &cleanError{text, nil}
}

var errBadURL = errors.New("a URL cannot be parsed")

type cleanError struct {
	text  string
	cause error
}

func (e *cleanError) Error() string { return e.text }
func (e *cleanError) Unwrap() error { return e.cause }
