package openai

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/standpipe-go/standpipe/client"
)

// Files are what batches, fine-tuning and inputs refer to (API reference, "Files").
//
//	file, err := openai.UploadFile.Do(ctx, c.HTTP, openai.FileInput{Purpose: "user_data", Name: "a.pdf", Open: open})
//	r, err := openai.FileContent.Request(openai.FileID{FileID: file.ID})
//	n, err := client.DownloadFile(ctx, c.HTTP, r, "a.pdf")
var (
	UploadFile = client.Op[FileInput, File]{Name: "files.create", Method: http.MethodPost, Route: "/files", Encode: FileInput.encode}
	GetFile    = client.Op[FileID, File]{Name: "files.get", Route: "/files/{file_id}"}
	DeleteFile = client.Op[FileID, client.None]{Name: "files.delete", Method: http.MethodDelete, Route: "/files/{file_id}"}

	// FileContent returns the content whole. For a large file give its Request to
	// client.Download.
	FileContent = client.Op[FileID, []byte]{Name: "files.content", Route: "/files/{file_id}/content"}

	ListFiles = client.List[ListFilesInput, FilePage, File]{
		Op:    client.Op[ListFilesInput, FilePage]{Name: "files.list", Route: "/files"},
		Items: func(p FilePage) []File { return p.Data },
		Next:  nextFiles,
	}
)

// FileInput is a file to upload. Open is called once per attempt. Size, in bytes, may be
// 0 where it is not known; Azure takes no upload of unknown size.
type FileInput struct {
	Purpose string // assistants, batch, fine-tune, vision, user_data, evals
	Name    string
	Open    func() (io.ReadCloser, error)
	Size    int64

	// ExpiresAfter is how many seconds after the upload the file is deleted; 0 is never.
	ExpiresAfter int64
}

func (in FileInput) encode(r *client.Request) error {
	switch {
	case in.Purpose == "":
		return fmt.Errorf("%w: the file's Purpose is empty", client.ErrRequest)
	case in.Name == "":
		return fmt.Errorf("%w: the file's Name is empty", client.ErrRequest)
	case in.Open == nil:
		return fmt.Errorf("%w: the file's Open is nil", client.ErrRequest)
	case in.ExpiresAfter < 0:
		return fmt.Errorf("%w: the file's ExpiresAfter is negative", client.ErrRequest)
	}
	parts := []client.Part{{Name: "purpose", Value: in.Purpose}}
	if in.ExpiresAfter > 0 {
		parts = append(parts,
			client.Part{Name: "expires_after[anchor]", Value: "created_at"},
			client.Part{Name: "expires_after[seconds]", Value: strconv.FormatInt(in.ExpiresAfter, 10)})
	}
	r.Body = client.Multipart(append(parts, client.Part{Name: "file", FileName: in.Name, Open: in.Open, Size: in.Size})...)
	r.SetPath()
	return nil
}

// FileID names a file.
type FileID struct {
	FileID string `path:"file_id"`
}

// ListFilesInput selects files.
type ListFilesInput struct {
	Purpose string `query:"purpose"`
	Limit   int    `query:"limit"` // of a page: 1 to 10,000
	Order   string `query:"order"` // asc, desc
	After   string `query:"after"` // the ID of the file before the first
}

// FilePage is a page of files.
type FilePage struct {
	Data    []File `json:"data"`
	LastID  string `json:"last_id"`
	HasMore bool   `json:"has_more"`
}

// after is the cursor of the next page. Azure and others leave last_id out.
func (p FilePage) after() string {
	switch {
	case !p.HasMore:
		return ""
	case p.LastID != "" || len(p.Data) == 0:
		return p.LastID
	}
	return p.Data[len(p.Data)-1].ID
}

var afterFiles = client.NextCursor("after", FilePage.after)

// nextFiles asks for what comes after a page.
func nextFiles(p client.Page[FilePage]) (client.Request, bool) {
	r, more := afterFiles(p)
	if !more && p.Value.HasMore {
		// There is more, and nothing says from where on. The same request again is the
		// error of a cursor that goes round: a list that just ended would be short.
		return p.Request, true
	}
	return r, more
}

// File is a file at OpenAI.
type File struct {
	ID        string `json:"id"`
	Filename  string `json:"filename"`
	Purpose   string `json:"purpose"`
	Bytes     int64  `json:"bytes"`
	CreatedAt Time   `json:"created_at"`
	ExpiresAt Time   `json:"expires_at"`
}
