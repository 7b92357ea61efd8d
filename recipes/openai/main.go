// Command openai runs the official openai-go over the stack: a chat completion that is
// streamed word by word, asked for again when OpenAI is busy, and the SDK's own error
// when it refuses.
//
//	go run -C recipes/openai .
//
// It needs no key: OpenAI is played on loopback. In a program of yours take newOpenAI and
// profile, and give it secret.Env("OPENAI_API_KEY").
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// profile is what OpenAI does its own way ("Error codes", OpenAI docs; X-Should-Retry is
// what its SDKs go by).
var profile = client.Profile{
	Name:    "openai",
	BaseURL: "https://api.openai.com/v1",
	Hint:    client.HintHeader("X-Should-Retry"),
	HintBody: func(status int, h http.Header, body []byte) client.Hint {
		if client.DecodeError(status, h, body).Code == "insufficient_quota" {
			return client.NotThrottled // a 429 that no wait cures: the account has no money left
		}
		return client.NoHint
	},
	// OpenAI knows no idempotency key. A second completion costs money and nothing else;
	// other calls that are no GET, such as an upload, are not repeated.
	Repeatable: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/chat/completions") },
}

// newOpenAI returns the SDK over the stack, which retries: the SDK's own retries are off.
// recipes/sdks/ai has it the other way round, for programs that only ask for completions.
func newOpenAI(key secret.Source, opts ...client.Option) (openai.Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(profile),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return openai.Client{}, err
	}
	return openai.NewClient(
		option.WithHTTPClient(c.HTTPClient()),
		option.WithBaseURL(c.BaseURL()),
		option.WithMaxRetries(0),
		option.WithAPIKey("set by the stack"), // which puts the real one in its place
	), nil
}

// complete writes the reply to out, word by word as it comes.
func complete(ctx context.Context, c openai.Client, prompt string, out io.Writer) error {
	stream := c.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model:    openai.ChatModelGPT5_5,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)},
	})
	defer stream.Close()
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			fmt.Fprint(out, choice.Delta.Content)
		}
	}
	return stream.Err()
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openai:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	fake := clienttest.Start(busy, reply, noMoney)
	defer fake.Close()
	c, err := newOpenAI(secret.Static("sk-example"), client.WithBaseURL(fake.URL+"/v1"))
	if err != nil {
		return err
	}
	if err := complete(ctx, c, "What is a standpipe?", out); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d requests: OpenAI was busy at first\n", fake.Count())

	err = complete(ctx, c, "And a hydrant?", io.Discard)
	said, ok := errors.AsType[*openai.Error](err)
	if !ok {
		return fmt.Errorf("not the SDK's error: %w", err)
	}
	fmt.Fprintf(out, "refused, and not asked again: %d %s\n", said.StatusCode, said.Code)
	return nil
}

// What the fake OpenAI responds with.
var (
	busy    = clienttest.JSON(503, `{"error":{"message":"The engine is currently overloaded","type":"server_error"}}`).Header("Retry-After", "0")
	noMoney = clienttest.JSON(429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`)
	reply   = clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, word := range []string{"The", " fitting", " that", " any", " hose", " screws", " onto."} {
			fmt.Fprintf(w, "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", word)
			_ = http.NewResponseController(w).Flush()
		}
		fmt.Fprint(w, "data: [DONE]\n\n")
	})
)
