package postmark

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/standpipe-go/standpipe/client"
)

// MaxBatch is how many messages a batch has at most, and they have 50 MB together
// ("Email API", Postmark developer docs).
const MaxBatch = 500

var (
	// SendBatch sends up to [MaxBatch] emails. That it returns no error does not mean
	// that all were accepted: see [Results.Err], and [Client.SendBatch], which looks.
	SendBatch = client.Op[[]Email, Results]{
		Name: "email.sendBatch", Method: http.MethodPost, Route: "/email/batch", Encode: encodeBatch[Email],
	}

	// SendTemplateBatch is SendBatch for emails that templates make.
	SendTemplateBatch = client.Op[[]TemplateEmail, Results]{
		Name: "email.sendBatchWithTemplates", Method: http.MethodPost, Route: "/email/batchWithTemplates",
		Encode: func(in []TemplateEmail, r *client.Request) error {
			err := encodeBatch(in, r)
			r.Body = map[string]any{"Messages": r.Body}
			return err
		},
	}
)

// SendBatch sends up to [MaxBatch] emails. The results are those of the emails, in their
// order. Where some were refused they come with a [*BatchError], and the others have been
// sent: send only the refused ones again. With any other error there are no results, but
// for those that are not as many as the emails, and tell of none what became of it.
func (c *Client) SendBatch(ctx context.Context, emails []Email, edit ...func(*client.Request)) (Results, error) {
	return sendBatch(ctx, c, SendBatch, emails, edit)
}

// SendTemplateBatch is SendBatch for emails that templates make.
func (c *Client) SendTemplateBatch(ctx context.Context, emails []TemplateEmail, edit ...func(*client.Request)) (Results, error) {
	return sendBatch(ctx, c, SendTemplateBatch, emails, edit)
}

func sendBatch[T any](ctx context.Context, c *Client, op client.Op[[]T, Results], emails []T, edit []func(*client.Request)) (Results, error) {
	var meta *client.Meta
	keep := func(r *client.Request) {
		if r.Meta == nil {
			r.Meta = new(client.Meta)
		}
		meta = r.Meta
	}
	results, err := op.Do(ctx, c.HTTP, emails, append(edit[:len(edit):len(edit)], keep)...)
	if err != nil {
		return nil, err
	}
	if len(results) != len(emails) {
		// Which of them was sent cannot be told, so nobody may take it for a success.
		return results, meta.Fail(client.ErrorDetail{}, fmt.Errorf("%w: %d results for %d messages", client.ErrDecode, len(results), len(emails)))
	}
	return results, results.err(op.Route)
}

func encodeBatch[T any](in []T, r *client.Request) error {
	r.SetPath()
	if len(in) == 0 || len(in) > MaxBatch {
		return fmt.Errorf("%w: a batch of %d messages, and Postmark takes 1 to %d", client.ErrRequest, len(in), MaxBatch)
	}
	r.Body = in
	return nil
}

// Results are those of a batch, in the order of its messages.
type Results []Result

// Err is nil where every message was accepted, and else a [*BatchError].
func (r Results) Err() error { return r.err(SendBatch.Route) }

func (r Results) err(route string) error {
	e := &BatchError{Messages: len(r)}
	for i, result := range r {
		if err := result.err(route); err != nil {
			e.Refused = append(e.Refused, Refusal{Index: i, Err: err})
		}
	}
	if e.Refused == nil {
		return nil
	}
	return e
}

// err is what the same message would have met alone: there it is a response's status.
func (r Result) err(route string) *client.Error {
	if r.ErrorCode == 0 {
		return nil
	}
	return &client.Error{
		Provider: Profile.Name, Method: http.MethodPost, Path: route, Status: statusOf(r.ErrorCode),
		Code: strconv.Itoa(r.ErrorCode), Message: r.Message, Effect: client.Rejected,
	}
}

// BatchError says which messages of a batch were refused. errors.Is and errors.As find
// what any of them met.
type BatchError struct {
	Messages int       // in the batch
	Refused  []Refusal // in their order
}

// Refusal is a message that was refused.
type Refusal struct {
	Index int // among the messages of the batch
	Err   *client.Error
}

// Error says how many messages were refused, and why the first one was.
func (e *BatchError) Error() string {
	first := e.Refused[0]
	return fmt.Sprintf("%s: %d of %d messages of the batch were refused, the first of them at index %d with the code %s: %q",
		Profile.Name, len(e.Refused), e.Messages, first.Index, first.Err.Code, first.Err.Message)
}

// Unwrap returns the refusals.
func (e *BatchError) Unwrap() []error {
	errs := make([]error, len(e.Refused))
	for i, r := range e.Refused {
		errs[i] = r.Err
	}
	return errs
}

// MarshalJSON gives a template without a model an empty one, which Postmark wants.
func (e TemplateEmail) MarshalJSON() ([]byte, error) {
	type plain TemplateEmail
	if e.TemplateModel == nil {
		e.TemplateModel = struct{}{}
	}
	return json.Marshal(plain(e))
}
