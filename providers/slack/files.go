package slack

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The first and the last step of an upload ("Uploading files", Slack docs). Most callers
// should use [Client.UploadFile], which makes all three.
var (
	GetUploadURL   = get[UploadURLInput, UploadURL]("files.getUploadURLExternal")
	CompleteUpload = post[CompleteInput, CompleteResult]("files.completeUploadExternal", false)
)

// UploadURLInput announces a file. Length is in bytes.
type UploadURLInput struct {
	Filename    string `query:"filename"`
	Length      int64  `query:"length"`
	AltText     string `query:"alt_txt"`
	SnippetType string `query:"snippet_type"`
}

// UploadURL is where the content goes. The URL is a secret: whoever has it can upload.
type UploadURL struct {
	UploadURL string `json:"upload_url"`
	FileID    string `json:"file_id"`
}

// CompleteInput shares files whose content is there.
type CompleteInput struct {
	Files          []FileTitle `json:"files"`
	ChannelID      string      `json:"channel_id,omitempty"` // "" shares them with nobody yet
	ThreadTS       string      `json:"thread_ts,omitempty"`
	InitialComment string      `json:"initial_comment,omitempty"`
}

// FileTitle names an uploaded file.
type FileTitle struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
}

// CompleteResult is the files.
type CompleteResult struct {
	Files []File `json:"files"`
}

// File is a file at Slack. URLPrivate is read with the token: give it as a Request.URL to
// client.Download.
type File struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Title      string `json:"title"`
	Mimetype   string `json:"mimetype"`
	Size       int64  `json:"size"`
	URLPrivate string `json:"url_private"`
	Permalink  string `json:"permalink"`
}

// FileInput is a file to upload, and where it is to be seen. Open is called once per
// attempt. Size is that of the content in bytes, and not 0: Slack wants to know it
// beforehand.
type FileInput struct {
	Name           string
	Open           func() (io.ReadCloser, error)
	Size           int64
	Title          string
	AltText        string
	ChannelID      string // "" shares it with nobody yet
	ThreadTS       string
	InitialComment string
}

// UploadFile uploads a file and shares it. Where the last step fails, nobody has seen the
// file, and Slack forgets it.
func (c *Client) UploadFile(ctx context.Context, in FileInput) (File, error) {
	if err := in.check(); err != nil {
		return File{}, err
	}
	var meta client.Meta
	to, err := GetUploadURL.Do(ctx, c.HTTP, UploadURLInput{Filename: in.Name, Length: in.Size, AltText: in.AltText},
		func(r *client.Request) { r.Meta = &meta })
	if err == nil && to.UploadURL == "" {
		err = meta.Fail(client.ErrorDetail{}, fmt.Errorf("%w: there is no upload_url in it", client.ErrDecode))
	}
	if err != nil {
		return File{}, err
	}
	// The response is a text, "OK - 5".
	if _, err := client.Call[client.None](ctx, c.HTTP, client.Request{
		Method: http.MethodPost, URL: to.UploadURL, Route: "(upload URL)",
		Body: client.Multipart(client.Part{Name: "file", FileName: in.Name, Open: in.Open, Size: in.Size}),
	}); err != nil {
		return File{}, err
	}
	done, err := CompleteUpload.Do(ctx, c.HTTP, CompleteInput{
		Files: []FileTitle{{ID: to.FileID, Title: in.Title}}, ChannelID: in.ChannelID, ThreadTS: in.ThreadTS, InitialComment: in.InitialComment,
	})
	if err != nil {
		return File{}, err
	}
	if len(done.Files) == 0 {
		return File{ID: to.FileID, Name: in.Name, Title: in.Title, Size: in.Size}, nil
	}
	return done.Files[0], nil
}

func (in *FileInput) check() error {
	what := ""
	switch {
	case in.Name == "":
		what = "the file's Name is empty"
	case in.Open == nil:
		what = "the file's Open is nil"
	case in.Size <= 0:
		what = "the file's Size is not known, and Slack takes no empty file"
	default:
		return nil
	}
	return &client.Error{
		Provider: Profile.Name, Method: http.MethodGet, Path: GetUploadURL.Route, Effect: client.NeverSent,
		Err: fmt.Errorf("%w: %s", client.ErrRequest, what),
	}
}
