package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

const aiEvents = 10_000

// aiStream is a response of aiEvents events, as OpenAI sends them.
var aiStream = func() []byte {
	var b bytes.Buffer
	event := func(kind, rest string, n int) {
		fmt.Fprintf(&b, "event: %s\ndata: {\"type\":%q,\"sequence_number\":%d%s}\n\n", kind, kind, n, rest)
	}
	event("response.created", `,"response":{"id":"resp_1","object":"response","status":"in_progress","output":[]}`, 0)
	for n := 1; n < aiEvents-1; n++ {
		event("response.output_text.delta", `,"item_id":"msg_67c9fdcf37fc8190ba82116e33fb28c507b8b0ad4e5eb654","output_index":0,"content_index":0,"delta":" word","logprobs":[],"obfuscation":"BjHqxp2Xk9"`, n)
	}
	event("response.completed", `,"response":{"id":"resp_1","object":"response","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":9998,"total_tokens":9999}}`, aiEvents-1)
	return b.Bytes()
}()

type aiTransport struct{}

func (aiTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	return &http.Response{
		StatusCode: 200, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
		Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(bytes.NewReader(aiStream)), Request: req,
	}, nil
}

// aiWhole checks what was read.
func aiWhole(events, text int) error {
	if events != aiEvents || text != (aiEvents-2)*len(" word") {
		return fmt.Errorf("%d events with %d bytes of text", events, text)
	}
	return nil
}

// BenchmarkOpenAIStream reads a stream of 10,000 events to its end, each decoded.
func BenchmarkOpenAIStream(b *testing.B) {
	ctx := context.Background()
	sdk := openai.NewClient(option.WithHTTPClient(&http.Client{Transport: aiTransport{}}), option.WithAPIKey("sk-1"), option.WithMaxRetries(0))
	bench(b, append(ownOpenAIStream(ctx),
		entry{"raw", func() error {
			resp, err := (&http.Client{Transport: aiTransport{}}).Post("https://api.openai.com/v1/responses", "application/json", strings.NewReader(`{"model":"m","input":"x","stream":true}`))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			events, text := 0, 0
			for line := range bytes.Lines(body) {
				data, ok := bytes.CutPrefix(line, []byte("data: "))
				if !ok {
					continue
				}
				var ev struct{ Type, Delta string }
				if err := json.Unmarshal(data, &ev); err != nil {
					return err
				}
				events, text = events+1, text+len(ev.Delta)
			}
			return aiWhole(events, text)
		}},
		entry{"openai-go", func() error {
			st := sdk.Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: "m", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("x")}})
			events, text := 0, 0
			for st.Next() {
				events, text = events+1, text+len(st.Current().Delta)
			}
			if err := st.Err(); err != nil {
				return err
			}
			return aiWhole(events, text)
		}},
	))
}
