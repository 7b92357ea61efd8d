package x

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/standpipe-go/standpipe/client"
)

// The steps of an upload (X docs, "Media"). Most callers should use
// [Client.UploadMedia], which makes them all. A chunk may be sent again.
var (
	InitializeMedia = client.Op[InitializeInput, MediaResult]{Name: "media.initialize", Method: http.MethodPost, Route: "/2/media/upload/initialize"}
	AppendMedia     = client.Op[AppendInput, client.None]{Name: "media.append", Method: http.MethodPost, Route: "/2/media/upload/{id}/append", Repeatable: true, Encode: AppendInput.encode}
	FinalizeMedia   = client.Op[MediaID, MediaResult]{Name: "media.finalize", Method: http.MethodPost, Route: "/2/media/upload/{id}/finalize"}
	GetMediaStatus  = client.Op[MediaStatusInput, MediaResult]{Name: "media.status", Route: "/2/media/upload?command=STATUS"}
)

// InitializeInput announces an upload.
type InitializeInput struct {
	MediaType     string `json:"media_type"` // video/mp4, image/png
	TotalBytes    int64  `json:"total_bytes"`
	MediaCategory string `json:"media_category,omitempty"` // tweet_image, tweet_gif, tweet_video, dm_image
}

// AppendInput is one chunk, of at most 5 MB. Open is called once per attempt.
type AppendInput struct {
	ID           string
	SegmentIndex int // from 0 to 999
	Open         func() (io.ReadCloser, error)
	Size         int64
}

func (in AppendInput) encode(r *client.Request) error {
	switch {
	case in.ID == "":
		return fmt.Errorf("%w: the ID of the upload is empty", client.ErrRequest)
	case in.Open == nil:
		return fmt.Errorf("%w: the chunk's Open is nil", client.ErrRequest)
	case in.SegmentIndex < 0 || in.SegmentIndex >= maxSegments:
		return fmt.Errorf("%w: the chunk's SegmentIndex is not from 0 to %d", client.ErrRequest, maxSegments-1)
	}
	r.SetPath(in.ID)
	r.Body = client.Multipart(
		client.Part{Name: "segment_index", Value: strconv.Itoa(in.SegmentIndex)},
		client.Part{Name: "media", FileName: "media", Open: in.Open, Size: in.Size})
	return nil
}

// MediaID names an upload.
type MediaID struct {
	ID string `path:"id"`
}

// MediaStatusInput names an upload.
type MediaStatusInput struct {
	ID string `query:"media_id"`
}

// MediaResult is the state of an upload.
type MediaResult struct {
	Data   MediaState `json:"data"`
	Errors []*Problem `json:"errors"`
}

// MediaState is how far an upload is. Without Processing it can be posted.
type MediaState struct {
	ID               string      `json:"id"`
	MediaKey         string      `json:"media_key"`
	ExpiresAfterSecs int64       `json:"expires_after_secs"`
	Size             int64       `json:"size"`
	Processing       *Processing `json:"processing_info"`
}

// Processing is what X does with a video or GIF after its upload.
type Processing struct {
	State           string `json:"state"` // pending, in_progress, succeeded, failed
	CheckAfterSecs  int64  `json:"check_after_secs"`
	ProgressPercent int    `json:"progress_percent"`
	Error           struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"error"`
}
