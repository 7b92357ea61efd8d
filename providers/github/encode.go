package github

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// since has a list send its time as GitHub documents it, YYYY-MM-DDTHH:MM:SSZ: in UTC and
// in whole seconds.
func since[In, Out any](of func(*In) *time.Time, op client.Op[In, Out]) client.Op[In, Out] {
	plain := op
	op.Encode = func(in In, r *client.Request) (err error) {
		t := of(&in)
		*t = t.UTC().Truncate(time.Second)
		*r, err = plain.Request(in)
		return err
	}
	return op
}

func encodeContent(in ContentInput, r *client.Request) error {
	if in.Path == "" { // the root is a path without an end
		root := client.Request{Route: "/repos/{owner}/{repo}/contents"}
		root.SetPath(in.Owner, in.Repo)
		r.Path = root.Path
	} else {
		r.SetPath(in.Owner, in.Repo, in.Path)
	}
	if in.Ref != "" {
		r.Query = url.Values{"ref": {in.Ref}}
	}
	// Without it a folder comes as a list.
	r.Header = http.Header{"Accept": {"application/vnd.github.object+json"}}
	return nil
}

func encodePut(in PutContentInput, r *client.Request) error {
	r.SetPath(in.Owner, in.Repo, in.Path)
	content := in.Content
	if content == nil {
		content = []byte{} // else it would be null
	}
	r.Body = struct {
		Message string `json:"message"`
		Content []byte `json:"content"`
		SHA     string `json:"sha,omitempty"`
		Branch  string `json:"branch,omitempty"`
	}{in.Message, content, in.SHA, in.Branch}
	return nil
}

func encodeUpload(in UploadAssetInput, r *client.Request) error {
	if in.Content == nil {
		return fmt.Errorf("%w: the asset has no content", client.ErrRequest)
	}
	r.Body = in.Content // first: what is not sent is closed by the call
	switch {
	case in.UploadURL == "":
		return fmt.Errorf("%w: the release has no upload URL", client.ErrRequest)
	case in.Name == "":
		return fmt.Errorf("%w: the asset has no name", client.ErrRequest)
	}
	// The URL is a template: it ends in {?name,label} (RFC 6570).
	r.URL, _, _ = strings.Cut(in.UploadURL, "{")
	r.Query = url.Values{"name": {in.Name}}
	if in.Label != "" {
		r.Query["label"] = []string{in.Label}
	}
	return nil
}
