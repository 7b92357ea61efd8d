package datadog

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/intake"
	"github.com/standpipe-go/standpipe/providers/internal/tap"
)

// form is how entries are put together, and where they go.
type form struct {
	route         string
	before, after string
	items, bytes  int // of a batch
}

var (
	logsForm = form{SubmitLogs.Route, "[", "]", MaxLogs, MaxLogsBytes}

	// A batch of metrics fits even where nothing of it can be compressed, which adds some
	// bytes then.
	metricsForm = form{SubmitMetrics.Route, `{"series":[`, "]}", 10_000, MaxMetricsCompressed - 1<<10}
)

const (
	defaultItems = 10_000
	defaultBytes = 16 << 20

	// gather is how long an entry waits for others to go with.
	gather = time.Second
)

// lane is the queue of one kind of entries, each as JSON.
type lane struct {
	http  *client.Client
	form  form
	queue *intake.Queue[[]byte]

	mu      sync.Mutex
	refused map[DropReason]uint64 // before the queue
}

func (l *lane) begin(r *Reporter, name string, f form) {
	l.http, l.form, l.refused = r.http, f, map[DropReason]uint64{}
	c := intake.Config[[]byte]{
		Name: name, Send: l.send, MaxItems: r.config.MaxItems, MaxBytes: r.config.MaxBytes,
		// An entry counts with its comma.
		BatchItems: f.items, BatchBytes: f.bytes - len(f.before) - len(f.after), MaxAge: gather,
	}
	if c.MaxItems <= 0 {
		c.MaxItems = defaultItems
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultBytes
	}
	l.queue = intake.New(c)
}

func (l *lane) offer(entry []byte) bool { return l.queue.Offer(entry, len(entry)+1) }

// refuse counts what never came to the queue.
func (l *lane) refuse(err error) bool {
	reason := DropInvalid
	if e, ok := errors.AsType[*unfitError](err); ok && e.reason != "" {
		reason = e.reason
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[reason]++
	return false
}

func (l *lane) counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.queue.Stats()
	c := Counts{Captured: s.Offered, Sent: s.Sent, Pending: s.Pending, PendingBytes: s.PendingBytes, Dropped: maps.Clone(l.refused)}
	for _, n := range l.refused {
		c.Captured += n
	}
	for reason, n := range s.Dropped {
		c.Dropped[reasonOf(reason)] += n
	}
	return c
}

// send sends a batch once, and says what is to be done about the response.
func (l *lane) send(ctx context.Context, batch [][]byte) intake.Outcome {
	size := len(l.form.before) + len(l.form.after)
	for _, entry := range batch {
		size += len(entry) + 1
	}
	body := append(make([]byte, 0, size), l.form.before...)
	for i, entry := range batch {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, entry...)
	}
	req := client.Request{Method: http.MethodPost, Path: l.form.route, Route: l.form.route}
	squeeze(&req, "application/json", append(body, l.form.after...))
	_, err := client.Call[client.None](tap.Own(ctx), l.http, req)
	return outcomeOf(err)
}

// outcomeOf follows "Send logs" (Datadog docs): after 408, 429, 500 and 503 a request
// should be made again.
func outcomeOf(err error) intake.Outcome {
	e, _ := errors.AsType[*client.Error](err)
	if err == nil || e == nil {
		return intake.Outcome{}
	}
	drop := func(reason DropReason) intake.Outcome {
		return intake.Outcome{Verdict: intake.Drop, Reason: intake.Reason(reason)}
	}
	again := intake.Outcome{Verdict: intake.Again}
	if !e.RetryAt.IsZero() {
		again.After = time.Until(e.RetryAt)
	}
	switch {
	case hopeless(err):
		return drop(DropInternal)
	case e.Throttled:
		again.Reason = intake.Reason(DropRateLimited)
	case e.Status >= 500, e.Status == http.StatusRequestTimeout:
		again.Reason = intake.Reason(DropUnavailable)
	case errors.Is(err, client.ErrUnauthorized):
		return drop(DropUnauthorized)
	case e.Status == http.StatusRequestEntityTooLarge:
		return drop(DropTooLarge)
	case e.Status != 0:
		return drop(DropRefused)
	default:
		again.Reason = intake.Reason(DropNetworkError)
	}
	return again
}

// hopeless reports whether no other attempt would come any farther.
func hopeless(err error) bool {
	for _, kind := range []error{client.ErrConfig, client.ErrRequest, client.ErrOrigin, client.ErrRedirect, client.ErrReadOnly} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
