package openai

import "github.com/standpipe-go/standpipe/client"

// The models that the key may use. OpenAI returns them all at once.
var (
	ListModels = client.List[client.None, ModelPage, Model]{
		Op:    client.Op[client.None, ModelPage]{Name: "models.list", Route: "/models"},
		Items: func(p ModelPage) []Model { return p.Data },
		Next:  func(client.Page[ModelPage]) (client.Request, bool) { return client.Request{}, false },
	}
	GetModel = client.Op[ModelID, Model]{Name: "models.get", Route: "/models/{model}"}
)

// ModelID names a model.
type ModelID struct {
	Model string `path:"model"`
}

// ModelPage is the list of models.
type ModelPage struct {
	Data []Model `json:"data"`
}

// Model is a model.
type Model struct {
	ID      string `json:"id"`
	Created Time   `json:"created"`
	OwnedBy string `json:"owned_by"`
}
