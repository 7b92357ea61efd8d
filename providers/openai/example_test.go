package openai_test

import (
	"context"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/secret"
)

func ExampleStreamResponse() {
	srv := clienttest.Start(sse(
		`{"type":"response.output_text.delta","delta":"Hello, "}`,
		`{"type":"response.output_text.delta","delta":"world"}`,
		`{"type":"response.completed","response":{"usage":{"total_tokens":9}}}`))
	defer srv.Close()
	// In an application: openai.New(secret.Env("OPENAI_API_KEY"))
	c, err := openai.New(secret.Static("sk-example"), client.WithBaseURL(srv.URL))
	if err != nil {
		panic(err)
	}
	in := openai.ResponseInput{Model: "gpt-5", Input: "Greet the world."}
	for ev, err := range openai.StreamResponse(context.Background(), c.HTTP, in) {
		if err != nil {
			fmt.Println(err) // a stream that is cut off, or that failed, is no answer
			return
		}
		fmt.Print(ev.OutputText())
		if ev.Type == "response.completed" {
			fmt.Printf("\n%d tokens\n", ev.Response.Usage.TotalTokens)
		}
	}
	// Output:
	// Hello, world
	// 9 tokens
}

func ExampleResponse_ToolCalls() {
	srv := clienttest.Start(
		clienttest.JSON(200, `{"status":"completed","output":[{"type":"function_call","call_id":"call_1","name":"weather","arguments":"{\"city\":\"Oslo\"}"}]}`),
		clienttest.JSON(200, `{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"It rains in Oslo."}]}]}`))
	defer srv.Close()
	c, err := openai.New(secret.Static("sk-example"), client.WithBaseURL(srv.URL))
	if err != nil {
		panic(err)
	}
	input := []openai.Item{openai.UserText("How is the weather in Oslo?")}
	for {
		r, err := openai.CreateResponse.Do(context.Background(), c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: input})
		if err != nil {
			panic(err)
		}
		calls := r.ToolCalls()
		if len(calls) == 0 {
			fmt.Println(r.Text())
			return
		}
		input = append(input, r.Output...)
		for _, call := range calls {
			fmt.Println(call.Name, call.Arguments)
			input = append(input, openai.ToolOutput(call.ID, "rain"))
		}
	}
	// Output:
	// weather {"city":"Oslo"}
	// It rains in Oslo.
}
