package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/standpipe-go/standpipe/client"
)

// step is what an event of a stream comes to.
type step struct {
	silent bool                // nothing is yielded
	token  bool                // something has been generated
	end    bool                // nothing comes after it
	fails  *client.ErrorDetail // OpenAI says that it has failed
	err    error               // it cannot be read
}

// stream makes the call r and yields what next makes of its events. A stream that ends
// before next has said so, or whole does, has been cut off.
func stream[T any](ctx context.Context, c *client.Client, r client.Request, l StreamLimits, edit []func(*client.Request), next func(client.Event) (T, step), whole func() error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for _, f := range edit {
			f(&r)
		}
		if r.Meta == nil {
			r.Meta = new(client.Meta)
		}
		ctx, w := l.watch(ctx)
		defer w.stop()
		for ev, err := range client.Events(ctx, c, r) {
			w.pause()
			if err != nil {
				if limit := w.passed(); limit != nil {
					err = r.Meta.Fail(client.ErrorDetail{}, limit)
				}
				yield(zero, err)
				return
			}
			item, s := next(ev)
			switch {
			case s.err != nil:
				yield(zero, r.Meta.Fail(client.ErrorDetail{}, s.err))
				return
			case !s.silent && !yield(item, nil):
				return
			case s.fails != nil:
				yield(zero, r.Meta.Fail(*s.fails, nil))
				return
			case s.end:
				return
			}
			w.resume(s.token)
		}
		if err := whole(); err != nil {
			yield(zero, r.Meta.Fail(client.ErrorDetail{}, err))
		}
	}
}

// cutOff is the error of a stream that ends without what ends it.
func cutOff(without string) error {
	return fmt.Errorf("the stream was cut off: it ended without %s: %w", without, io.ErrUnexpectedEOF)
}

// read decodes the data of an event, whose members may be of types not known yet.
func read(data []byte, into any) error {
	if lenient(json.Unmarshal(data, into)) != nil {
		return fmt.Errorf("%w: an event of the stream is no JSON object", client.ErrDecode) // err would quote it
	}
	return nil
}
