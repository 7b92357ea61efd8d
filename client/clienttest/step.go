package clienttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Step is one response or fault of a script. It is a value: every method returns a
// changed copy.
type Step struct {
	status   int
	header   http.Header
	body     string
	delay    time.Duration
	fault    fault
	after    int // bytes of the body before the fault
	contents http.HandlerFunc
}

type fault int

const (
	noFault fault = iota
	reset
	hang
	truncate
)

// Status responds with a status and no body.
func Status(code int) Step { return Step{status: code} }

// JSON responds with a status and a JSON body, which is sent as it is.
func JSON(code int, body string) Step {
	return Step{status: code, body: body}.Header("Content-Type", "application/json")
}

// Text responds with a status and a body of type text/plain.
func Text(code int, body string) Step {
	return Step{status: code, body: body}.Header("Content-Type", "text/plain; charset=utf-8")
}

// Redirect responds with a status and a Location.
func Redirect(code int, location string) Step { return Status(code).Header("Location", location) }

// Reset reads the request and breaks the connection without a response (a TCP reset),
// so that the client cannot know what became of it.
func Reset() Step { return Step{fault: reset} }

// Hang reads the request and never responds; it ends with the request's context
// or the server.
func Hang() Step { return Step{fault: hang} }

// Truncate responds with a status and the head of a body, and then breaks off.
func Truncate(code int, body string, after int) Step {
	s := JSON(code, body)
	s.fault, s.after = truncate, min(max(after, 0), len(body))
	return s
}

// Handle responds with a handler of the test's own, which can read the request's
// body.
func Handle(h http.HandlerFunc) Step { return Step{contents: h} }

// Header sets a header field in place of one of that name. Further values make it
// a field that comes several times.
func (s Step) Header(name, value string, more ...string) Step {
	s.header = s.header.Clone()
	if s.header == nil {
		s.header = http.Header{}
	}
	s.header[http.CanonicalHeaderKey(name)] = append([]string{value}, more...)
	return s
}

// Body sets the body.
func (s Step) Body(body string) Step {
	s.body = body
	return s
}

// After waits before the response or fault.
func (s Step) After(d time.Duration) Step {
	s.delay = d
	return s
}

// Times repeats the step.
func (s Step) Times(n int) []Step { return slices.Repeat([]Step{s}, n) }

// Parse reads a script from one line: steps divided by commas, each a status
// with header fields as Name=value and, last, a JSON body that begins with "{"
// or "[", or one of the words reset and hang; "3x" before a step repeats it, and
// "after 2s" before it delays it. A body that is not to be JSON comes by [Step.Body].
//
//	429 Retry-After=2, 2x reset, after 50ms 503, 200 {"id":"a","n":1}
func Parse(script string) ([]Step, error) {
	var steps []Step
	for rest := strings.TrimSpace(script); rest != ""; {
		var text string
		text, rest = cutStep(rest)
		step, n, err := parseStep(text)
		if err != nil {
			return nil, fmt.Errorf("clienttest: step %d, %q: %w", len(steps)+1, text, err)
		}
		steps = append(steps, step.Times(n)...)
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("clienttest: the script is empty")
	}
	return steps, nil
}

// MustParse is [Parse] for a script that is a constant; it panics on a bad one.
func MustParse(script string) []Step {
	steps, err := Parse(script)
	if err != nil {
		panic(err)
	}
	return steps
}

// cutStep cuts at the next comma that is not inside a body.
func cutStep(s string) (step, rest string) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && depth > 0:
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth <= 0:
			return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:])
		}
	}
	return strings.TrimSpace(s), ""
}

func parseStep(text string) (step Step, times int, err error) {
	times = 1
	var delay time.Duration
	head, body := text, ""
	if i := strings.IndexAny(text, "{["); i >= 0 {
		head, body = text[:i], text[i:]
	}
	words := strings.Fields(head)
	if len(words) > 0 && strings.HasSuffix(words[0], "x") {
		if times, err = strconv.Atoi(strings.TrimSuffix(words[0], "x")); err != nil || times < 1 || times > 10_000 {
			return Step{}, 0, fmt.Errorf("bad count")
		}
		words = words[1:]
	}
	if len(words) > 1 && words[0] == "after" {
		if delay, err = time.ParseDuration(words[1]); err != nil || delay < 0 {
			return Step{}, 0, fmt.Errorf("bad delay")
		}
		words = words[2:]
	}
	if len(words) == 0 {
		return Step{}, 0, fmt.Errorf("no status and no fault")
	}
	switch words[0] {
	case "reset":
		step = Reset()
	case "hang":
		step = Hang()
	default:
		code, err := strconv.Atoi(words[0])
		if err != nil || code < 200 || code > 999 {
			return Step{}, 0, fmt.Errorf("neither a status nor a fault")
		}
		step = Status(code)
		if body != "" {
			if !json.Valid([]byte(body)) {
				return Step{}, 0, fmt.Errorf("from %q on it is no JSON: steps are separated by commas", body)
			}
			step = JSON(code, body)
		}
	}
	if step.fault != noFault && (body != "" || len(words) > 1) {
		return Step{}, 0, fmt.Errorf("a fault has neither header nor body")
	}
	fields := http.Header{}
	for _, field := range words[1:] {
		name, value, ok := strings.Cut(field, "=")
		if !ok {
			return Step{}, 0, fmt.Errorf("header field %q is not Name=value", field)
		}
		fields.Add(name, value)
	}
	for name, values := range fields {
		step = step.Header(name, values[0], values[1:]...)
	}
	return step.After(delay), times, nil
}
