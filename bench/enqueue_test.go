package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
)

var errDropped = errors.New("dropped")

// reported is an event such as a log makes.
type reported struct {
	EventID   string            `json:"event_id"`
	Timestamp time.Time         `json:"timestamp"`
	Level     string            `json:"level"`
	Platform  string            `json:"platform"`
	Message   string            `json:"message"`
	Tags      map[string]string `json:"tags"`
}

var (
	reportedTags = map[string]string{"service": "shop", "region": "eu"}
	ingestDSN    = "https://0123456789abcdef0123456789abcdef@o1.ingest.us.sentry.io/42"
)

// ingest takes every envelope.
type ingest struct{}

func (ingest) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	_ = req.Body.Close()
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(`{}`))), Request: req, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// enqueueEntries hand an event over to a goroutine that sends it. Raw encodes it, and
// sends it into a channel that a goroutine empties.
func enqueueEntries(t testing.TB) []entry {
	queue := make(chan []byte, 1000)
	go func() {
		for body := range queue {
			req, err := http.NewRequest("POST", "https://o1.ingest.us.sentry.io/api/42/envelope/", bytes.NewReader(body))
			if err != nil {
				panic(err)
			}
			res, _ := ingest{}.RoundTrip(req)
			_ = res.Body.Close()
		}
	}()
	sdk, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: ingestDSN, HTTPTransport: ingest{}, ServerName: "s", Release: "r", Environment: "e",
		Integrations: func([]sentry.Integration) []sentry.Integration { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(queue)
		sdk.Flush(time.Second)
		sdk.Close()
	})
	scope := sentry.NewScope()
	// A queue that is full drops: to hand over is what is measured.
	return append([]entry{
		{"raw", func() error {
			body, err := json.Marshal(reported{"0123456789abcdef0123456789abcdef", time.Now(), "error", "go", "out of stock", reportedTags})
			if err != nil {
				return err
			}
			select {
			case queue <- body:
			default:
			}
			return nil
		}},
		{"sentry-go", func() error {
			if sdk.CaptureEvent(&sentry.Event{Level: sentry.LevelError, Message: "out of stock", Tags: reportedTags}, nil, scope) == nil {
				return errDropped
			}
			return nil
		}},
	}, ownEnqueue(t)...)
}

func TestEnqueue(t *testing.T) { checkAll(t, enqueueEntries(t)) }

func BenchmarkEnqueue(b *testing.B) {
	es := enqueueEntries(b)
	b.Run("serial", func(b *testing.B) { bench(b, es) })
	b.Run("parallel", func(b *testing.B) { benchParallel(b, es) })
}
