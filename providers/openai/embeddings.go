package openai

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// What computes and keeps nothing: a call whose outcome is not known is made again.
var (
	CreateEmbeddings = client.Op[EmbeddingsInput, Embeddings]{
		Name: "embeddings.create", Method: http.MethodPost, Route: "/embeddings", Repeatable: true,
	}
	CreateModeration = client.Op[ModerationInput, Moderation]{
		Name: "moderations.create", Method: http.MethodPost, Route: "/moderations", Repeatable: true,
	}
)

// EmbeddingsInput is what vectors are made of. Input is a string, a list of them, or
// tokens.
type EmbeddingsInput struct {
	Model      string `json:"model"`
	Input      any    `json:"input"`
	Dimensions int    `json:"dimensions,omitempty"`
}

// Embeddings are the vectors, one per input.
type Embeddings struct {
	Model string      `json:"model"`
	Data  []Embedding `json:"data"`
	Usage ChatUsage   `json:"usage"`
}

// Embedding is the vector of the input at Index.
type Embedding struct {
	Index     int       `json:"index"`
	Embedding []float64 `json:"embedding"`
}

// ModerationInput is what is to be judged: a string, a list of them, or of parts with
// images. An empty Model is OpenAI's own choice.
type ModerationInput struct {
	Model string `json:"model,omitempty"`
	Input any    `json:"input"`
}

// Moderation is the judgement, one result per input.
type Moderation struct {
	ID      string             `json:"id"`
	Model   string             `json:"model"`
	Results []ModerationResult `json:"results"`
}

// ModerationResult says what was found, by category: "hate", "self-harm/intent".
type ModerationResult struct {
	Flagged        bool               `json:"flagged"`
	Categories     map[string]bool    `json:"categories"`
	CategoryScores map[string]float64 `json:"category_scores"`
}
