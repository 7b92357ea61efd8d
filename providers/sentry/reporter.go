package sentry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/providers/internal/intake"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// ReporterConfig says what every event has, and how many are kept. The zero value is
// fine.
type ReporterConfig struct {
	Release     string            // "shop@1.4.2"
	Environment string            // "" is Sentry's own, "production"
	ServerName  string            // "" is the host's name
	Tags        map[string]string // of every event, where it has none of the name

	// BeforeSend, if set, sees each event before it is encoded, may change it, and
	// returns whether it is to be sent. It is called by who captures. A panic in it drops
	// the event.
	BeforeSend func(context.Context, *Event) bool

	MaxItems int // that wait to be sent; 0 is 1,000
	MaxBytes int // that they take together; 0 is 8 MiB

	// NoClientReports has Sentry not told of what was dropped.
	NoClientReports bool

	// PanicValues lets an event show what was panicked with. It can be a secret, so that
	// otherwise its type is shown, and of an error of package runtime its text.
	PanicValues bool
}

// Reporter sends what happens in a program to Sentry, for a program that has no agent. It
// is safe for concurrent use. What it is given it takes at once, whatever the state of
// Sentry or the network; what it cannot take or deliver it drops, and counts.
type Reporter struct {
	dsn    *DSN
	config ReporterConfig
	http   *client.Client
	queue  *intake.Queue[*item]
	limits limits
	tally  tally
	module string // the program's
}

// envelopes is the intake as package client sees it. Its limits are this package's
// affair, and its items wait in a queue of ours.
var envelopes = client.Profile{Name: "sentry", DecodeError: decodeError}

// sentryAuth begins the credential of an envelope ("Authentication Header", Sentry SDK
// docs).
const sentryAuth = "Sentry sentry_version=7, sentry_client=standpipe.go/1, sentry_key="

// NewReporter returns a Reporter for the project of a DSN, which is read once. What is
// wrong with it is a [*DSNError]; a DSN with http:// that leads off this machine needs
// client.WithInsecureCleartextCredentials. The options are those of package client, of
// which retries and pacing do not apply: a Reporter has its own.
//
// It has nothing to be stopped while it has nothing to send. A program ends with
// [Reporter.Close].
func NewReporter(dsn secret.Source, c ReporterConfig, opts ...client.Option) (*Reporter, error) {
	if err := secret.Check(dsn); err != nil {
		return nil, fmt.Errorf("sentry: the DSN: %w: %w", client.ErrConfig, err)
	}
	text, err := secret.Current(context.Background(), dsn)
	if err != nil {
		return nil, fmt.Errorf("sentry: the DSN: %w: %w", client.ErrConfig, err)
	}
	d, err := ParseDSN(text.Reveal())
	if err != nil {
		return nil, err
	}
	options := append([]client.Option{
		client.WithProfile(envelopes), client.WithBaseURL(d.base),
		client.WithAuth(client.HeaderPrefix("X-Sentry-Auth", sentryAuth, secret.Static(d.credential()))),
	}, opts...)
	h, err := client.New("", append(options, client.WithRetry(retry.Never), client.WithPacing(nil))...)
	if err != nil {
		return nil, err
	}
	if c.ServerName == "" {
		c.ServerName, _ = os.Hostname()
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultBytes
	}
	c.Tags = maps.Clone(c.Tags)
	r := &Reporter{dsn: d, config: c, http: h, module: mainModule()}
	r.queue = intake.New(intake.Config[*item]{
		Name: "sentry", Send: r.send, Dropped: r.dropped, Delivered: r.delivered, MaxItems: c.MaxItems, MaxBytes: c.MaxBytes,
	})
	return r, nil
}

// Capture takes an event and returns its ID, or "" where it is dropped at once. It does
// not wait for anything. What the event points to is the caller's again when Capture
// returns, but for the data of its attachments.
func (r *Reporter) Capture(ctx context.Context, e Event) string {
	r.tally.capture()
	if e.ID == "" {
		e.ID = newID()
	}
	if e.Timestamp.IsZero() {
		e.Timestamp = time.Now()
	}
	e.Timestamp = e.Timestamp.UTC()
	orElse(&e.Level, LevelError)
	orElse(&e.Release, r.config.Release)
	orElse(&e.Environment, r.config.Environment)
	orElse(&e.ServerName, r.config.ServerName)
	if len(r.config.Tags) > 0 {
		tags := maps.Clone(r.config.Tags)
		maps.Copy(tags, e.Tags)
		e.Tags = tags
	}
	if r.limits.limited(failures, time.Now()) { // before any work is done on it
		return r.lose(DropBackoff, failures)
	}
	if reason := r.unwanted(ctx, &e); reason != "" {
		return r.lose(reason, failures)
	}
	body, err := e.encode()
	if err != nil {
		return r.lose(DropInternal, failures)
	}
	i := &item{kind: "event", category: failures, id: e.ID, payload: body, attachments: e.Attachments}
	if len(body) > maxEvent || i.size()-len(body) > maxAttached {
		return r.lose(DropTooLarge, failures)
	}
	return r.offer(i)
}

// CaptureError takes err as an event with the stack of who calls, and what err wraps. Its
// ID is that of [Reporter.Capture]. A nil err is nothing.
func (r *Reporter) CaptureError(ctx context.Context, err error) string {
	if err == nil {
		return ""
	}
	return r.Capture(ctx, Event{Exceptions: exceptions(err, here(r.module))})
}

// CheckIn takes a check-in and returns its ID, which the same job's next one is given, or
// "" where it is dropped at once.
func (r *Reporter) CheckIn(c CheckIn) string {
	r.tally.capture()
	if c.ID == "" {
		c.ID = newID()
	}
	if r.limits.limited(checkIns, time.Now()) {
		return r.lose(DropBackoff, checkIns)
	}
	body, err := c.encode(r.config.Release, r.config.Environment)
	switch {
	case err != nil:
		return r.lose(DropInternal, checkIns)
	case len(body) > maxCheckIn:
		return r.lose(DropTooLarge, checkIns)
	}
	return r.offer(&item{kind: "check_in", category: checkIns, id: c.ID, payload: body})
}

// Flush waits until what was captured before is sent or dropped. The error says how much
// is left when ctx ends; that stays in the queue.
func (r *Reporter) Flush(ctx context.Context) error {
	r.tell()
	return r.queue.Flush(ctx)
}

// Close takes nothing more and sends what there is, until ctx ends. The error says how
// much was not sent.
func (r *Reporter) Close(ctx context.Context) error {
	err := r.queue.Close(ctx)
	if err == nil && !r.config.NoClientReports && !r.limits.limited(internal, time.Now()) {
		r.sendReport(ctx) // the last one has no queue any more
	}
	r.http.CloseIdleConnections()
	return err
}

// Stats returns what has been counted so far.
func (r *Reporter) Stats() Stats { return r.tally.stats() }

// unwanted is why BeforeSend does not want an event, "" if it does.
func (r *Reporter) unwanted(ctx context.Context, e *Event) DropReason {
	if r.config.BeforeSend == nil {
		return ""
	}
	wanted, err := panics.Do(ctx, "sentry: BeforeSend", func(ctx context.Context) (bool, error) { return r.config.BeforeSend(ctx, e), nil })
	switch {
	case err != nil:
		return DropCallbackError
	case !wanted:
		return DropBeforeSend
	}
	return ""
}

// defaultBytes is that of ReporterConfig.MaxBytes.
const defaultBytes = 8 << 20

func (r *Reporter) offer(i *item) string {
	if i.size() > r.config.MaxBytes { // which the queue would call too large, as if for Sentry
		return r.lose(DropQueueOverflow, i.category)
	}
	if !r.queue.Offer(i, i.size()) {
		return "" // dropped has counted it
	}
	return i.id
}

func (r *Reporter) lose(reason DropReason, c category) string {
	r.tally.lose(reason, c)
	r.tell()
	return ""
}

// dropped counts what the queue has dropped.
func (r *Reporter) dropped(reason intake.Reason, i *item) {
	if i.kind == report {
		r.tally.unqueue()
		return
	}
	r.lose(reasonOf(reason), i.category)
}

// delivered counts what has arrived.
func (r *Reporter) delivered(i *item) {
	if i.kind != report {
		r.tally.deliver()
		r.tell()
	}
}

func orElse[T ~string](field *T, otherwise T) {
	if *field == "" {
		*field = otherwise
	}
}

// newID is a random UUID without its dashes (RFC 9562 §5.4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return hex.EncodeToString(b[:])
}
