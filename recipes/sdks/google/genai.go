package main

import (
	"context"
	"net/http"
	"strings"

	"google.golang.org/genai"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newGenAI puts genai on the stack, for the Gemini API. It has no retries that would have
// to be off. A second generation costs money and nothing else, so the profile says that
// one may be asked for again. For Vertex AI do not call UseDefaultCredentials, which puts
// a transport of its own over the stack: let the stack authorize, with client.OAuth2.
func newGenAI(key secret.Source, opts ...client.Option) (*genai.Client, error) {
	c, err := client.New("https://generativelanguage.googleapis.com/", append([]client.Option{
		client.WithProfile(client.Profile{
			Name:       "gemini",
			Repeatable: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ":generateContent") },
		}),
		client.WithAuth(client.APIKeyHeader("X-Goog-Api-Key", key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return genai.NewClient(context.Background(), &genai.ClientConfig{
		APIKey: "set by the stack", Backend: genai.BackendGeminiAPI,
		HTTPClient: c.HTTPClient(), HTTPOptions: genai.HTTPOptions{BaseURL: c.BaseURL()},
	})
}
