package bench

import (
	"context"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/secret"
)

// ownOpenAIStream returns the project's entry of BenchmarkOpenAIStream.
func ownOpenAIStream(ctx context.Context) []entry {
	c, err := openai.New(secret.Static("sk-1"), client.WithTransport(aiTransport{}))
	if err != nil {
		panic(err)
	}
	return []entry{{"own", func() error {
		events, text := 0, 0
		for ev, err := range openai.StreamResponse(ctx, c.HTTP, openai.ResponseInput{Model: "m", Input: "x"}) {
			if err != nil {
				return err
			}
			events, text = events+1, text+len(ev.Delta)
		}
		return aiWhole(events, text)
	}}}
}
