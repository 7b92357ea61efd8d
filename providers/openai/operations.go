package openai

import "github.com/standpipe-go/standpipe/client"

// Operations are the operations of this package. What else there is at OpenAI is called
// through Client.HTTP.
var Operations = client.Operations{
	CreateResponse, GetResponse, CancelResponse, DeleteResponse,
	CreateChatCompletion, CreateEmbeddings, CreateModeration,
	ListModels, GetModel,
	UploadFile, ListFiles, GetFile, DeleteFile, FileContent,
}
