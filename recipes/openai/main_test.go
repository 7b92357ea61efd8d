package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const key = "sk-canary-0123456789"

// start returns the SDK and an OpenAI that follows the steps.
func start(t *testing.T, steps ...clienttest.Step) (openai.Client, *clienttest.Server) {
	t.Helper()
	srv := clienttest.NewServer(t, steps...)
	c, err := newOpenAI(secret.Static(key), client.WithBaseURL(srv.URL+"/v1"))
	require.NoError(t, err)
	return c, srv
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `The fitting that any hose screws onto.
2 requests: OpenAI was busy at first
refused, and not asked again: 429 insufficient_quota
`, out.String())
}

// The key is the stack's: it can be rotated, and the SDK never has it.
func TestTheStackBringsTheKey(t *testing.T) {
	c, srv := start(t, reply)
	require.NoError(t, complete(t.Context(), c, "a", new(bytes.Buffer)))
	require.Equal(t, "/v1/chat/completions", srv.Last().URL)
	require.Equal(t, "Bearer "+key, srv.Last().Header.Get("Authorization"))
}

// writes tells what was written, piece by piece.
type writes chan string

func (w writes) Write(p []byte) (int, error) {
	w <- string(p)
	return len(p), nil
}

func TestWordsAreThereAsTheyCome(t *testing.T) {
	more := make(chan struct{})
	c, _ := start(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, word := range []string{"first", "second"} {
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", word)
			_ = http.NewResponseController(w).Flush()
			<-more
		}
	}))
	out, done := make(writes), make(chan error, 1)
	go func() { done <- complete(t.Context(), c, "a", out) }()
	require.Equal(t, "first", <-out, "while the second is not there yet")
	more <- struct{}{}
	require.Equal(t, "second", <-out)
	more <- struct{}{}
	require.NoError(t, <-done)
}

func TestAReplyThatBreaksOffIsAnError(t *testing.T) {
	c, srv := start(t, clienttest.Truncate(200, "data: {\"choices\":[{\"delta\":{\"content\":\"first\"}}]}\n\ndata: {", 55).Header("Content-Type", "text/event-stream"))
	var out bytes.Buffer
	require.Error(t, complete(t.Context(), c, "a", &out))
	require.Equal(t, 1, srv.Count(), "what has begun is not asked for again")
}

func TestErrorsAreTheSDKs(t *testing.T) {
	c, srv := start(t, clienttest.JSON(401, `{"error":{"message":"Incorrect API key provided: `+key+`","code":"invalid_api_key"}}`))
	err := complete(t.Context(), c, "a", new(bytes.Buffer))
	var said *openai.Error
	require.ErrorAs(t, err, &said)
	require.Equal(t, "invalid_api_key", said.Code)
	require.NotContains(t, err.Error(), key)
	require.Equal(t, 1, srv.Count())

	srv.Script(clienttest.Reset())
	err = complete(t.Context(), c, "a", new(bytes.Buffer))
	var ours *client.Error
	require.ErrorAs(t, err, &ours, "where OpenAI has not responded")
	require.Len(t, ours.Attempts, 3)
}

// An upload that may have been made is not made again.
func TestOtherWritesAreNotRepeated(t *testing.T) {
	c, srv := start(t, busy)
	_, err := c.Files.New(context.Background(), openai.FileNewParams{
		File: openai.File(bytes.NewReader([]byte("{}")), "a.jsonl", "application/jsonl"), Purpose: openai.FilePurposeBatch,
	})
	require.Error(t, err)
	require.Equal(t, 1, srv.Count())
}
