package sentry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/intake"
	"github.com/standpipe-go/standpipe/providers/internal/tap"
	"github.com/standpipe-go/standpipe/ratelimit"
)

const (
	// report is the kind of an item that stands for a client report. What it says is
	// found out when it is sent.
	report = "client_report"

	// reportEvery is how often Sentry is told of what was dropped, at most.
	reportEvery = 30 * time.Second

	envelopeRoute = "/api/{project}/envelope/"
)

// tell has Sentry told of what was dropped, unless it was told not long ago.
func (r *Reporter) tell() {
	now := time.Now()
	if !r.config.NoClientReports && !r.limits.limited(internal, now) && r.tally.due(now) {
		r.queue.Offer(&item{kind: report, category: internal}, 0)
	}
}

// send sends an item: all that the queue has it do.
func (r *Reporter) send(ctx context.Context, batch []*item) intake.Outcome {
	i, now := batch[0], time.Now()
	switch {
	case r.limits.limited(i.category, now):
		return intake.Outcome{Verdict: intake.Drop, Reason: intake.Reason(DropBackoff)}
	case i.kind == report:
		return r.sendReport(ctx)
	}
	if len(i.attachments) > 0 && r.limits.limited(attachment, now) {
		bare := *i
		bare.attachments = nil
		r.tally.loseAttachments(DropBackoff, i.size()-bare.size())
		i.attachments = nil // nor are they sent when it is tried again
	}
	body, encoding := compress(i.encode(now))
	if !i.fits(body) {
		return intake.Outcome{Verdict: intake.Drop, Reason: intake.Reason(DropTooLarge)}
	}
	return r.post(ctx, body, encoding)
}

func (r *Reporter) sendReport(ctx context.Context) intake.Outcome {
	now := time.Now()
	taken := r.tally.report(now)
	if len(taken) == 0 {
		return intake.Outcome{}
	}
	i := item{kind: report, payload: encodeReport(taken, now)}
	o := r.post(ctx, i.encode(now), "")
	if o.Verdict != intake.Sent {
		r.tally.restore(taken)
		o.Verdict = intake.Drop // the next one has it
	}
	return o
}

// post sends an envelope once, and says what is to be done about the response. An event
// that may have arrived is sent again under its ID, by which Sentry knows it.
func (r *Reporter) post(ctx context.Context, body []byte, encoding string) intake.Outcome {
	req := client.Request{
		Method: http.MethodPost, Path: "/api/" + r.dsn.project + "/envelope/", Route: envelopeRoute,
		Body: client.Raw("application/x-sentry-envelope", body), Header: http.Header{},
	}
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := r.http.Do(tap.Own(ctx), req)
	if err != nil {
		return unanswered(err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // for the next one on the connection
	_ = resp.Body.Close()
	now := time.Now()
	r.limits.learn(resp.StatusCode, resp.Header, now)
	return verdict(resp.StatusCode, resp.Header, now)
}

// verdict follows "Client Reports: Network Failure Recording" (Sentry SDK docs): what
// Sentry has refused is not sent again. A gateway's failure is not Sentry's word, and is
// tried again like that of the network.
func verdict(status int, h http.Header, now time.Time) intake.Outcome {
	switch {
	case status < 300:
		return intake.Outcome{}
	case status == http.StatusTooManyRequests:
		return intake.Outcome{Verdict: intake.Drop, Reason: intake.Reason(DropRateLimited)}
	case status == http.StatusRequestEntityTooLarge:
		return intake.Outcome{Verdict: intake.Drop, Reason: intake.Reason(DropTooLarge)}
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		d, _ := ratelimit.RetryAfter(h, now)
		return intake.Outcome{Verdict: intake.Again, Reason: intake.Reason(DropSendError), After: d}
	}
	return intake.Outcome{Verdict: intake.Drop, Reason: intake.Reason(DropSendError)}
}

// unanswered says what is to be done where there was no response.
func unanswered(err error) intake.Outcome {
	for _, hopeless := range []error{client.ErrConfig, client.ErrRequest, client.ErrOrigin, client.ErrRedirect, client.ErrReadOnly} {
		if errors.Is(err, hopeless) {
			return intake.Outcome{Verdict: intake.Drop, Reason: intake.Reason(DropInternal)}
		}
	}
	return intake.Outcome{Verdict: intake.Again, Reason: intake.Reason(DropNetworkError)}
}
