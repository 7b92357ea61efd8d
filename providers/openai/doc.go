// Package openai calls OpenAI, Azure OpenAI and servers that speak the same API on the
// stack of package client.
//
//	c, err := openai.New(secret.Env("OPENAI_API_KEY"))
//	r, err := openai.CreateResponse.Do(ctx, c.HTTP, openai.ResponseInput{Model: "gpt-5", Input: "Hello"})
//	fmt.Println(r.Text())
//
// [StreamResponse] and [StreamChat] yield what is generated as it comes. A stream that
// ends before OpenAI has said that it is whole is an error, and so is one in which OpenAI
// says that it has failed. [WaitResponse] waits for a response that is made in the
// background.
//
// OpenAI supports no idempotency key: what generates is sent again only where nothing can
// have come of it, as after a 429. A request that computes and keeps nothing (embeddings,
// moderations) is repeated. A 429 with the code "insufficient_quota" is no throttle: it
// is returned at once and slows nothing down. Requests are paced by OpenAI's
// X-RateLimit-*-Requests and -Tokens headers; Request.Weight says how many tokens a
// call takes.
//
// An error is a [*client.Error] with OpenAI's code, also where it comes inside a 200.
// Identifiers are strings, and an event, item or status that is new breaks nothing: Raw
// has what this package does not know. A field that an input lacks is sent by an
// operation of your own, see [client.Op].
//
// # Azure and others
//
// [NewAzure] is for Azure's v1 API. An older deployment is a base URL and a query:
//
//	c, err := openai.New(key,
//		client.WithBaseURL("https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT"),
//		client.WithQuery(url.Values{"api-version": {"2024-10-21"}}),
//		client.WithAuth(client.APIKeyHeader("api-key", key)))
//
// Any other server is a base URL alone: "http://localhost:11434/v1". For the official
// openai-go see [HTTPClient]. Webhooks are package webhook's: webhook.OpenAI.
package openai
