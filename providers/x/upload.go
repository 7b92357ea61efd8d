package x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/pause"
)

const (
	chunk       = 4 << 20 // X takes 5 MB at most
	maxSegments = 1000

	processingLimit = 15 * time.Minute
)

// Upload is a picture, GIF or video. Content is read at any place, and again where a
// chunk is: an *os.File is one, and a bytes.Reader. It holds Size bytes, 4,000 MiB at
// most.
type Upload struct {
	Content  io.ReaderAt
	Size     int64
	Type     string // video/mp4, image/png
	Category string // tweet_image, tweet_gif, tweet_video
}

// UploadMedia uploads in chunks of 4 MiB, one after another, and waits until X has
// processed the media, as often as X says to ask, for 15 minutes at most. The ID of the
// result goes into a post. A chunk that is lost is sent again.
func (c *Client) UploadMedia(ctx context.Context, u Upload) (MediaState, error) {
	if err := u.check(); err != nil {
		return MediaState{}, err
	}
	var meta client.Meta
	edit := func(r *client.Request) { r.Meta = &meta }
	begun, err := InitializeMedia.Do(ctx, c.HTTP, InitializeInput{MediaType: u.Type, TotalBytes: u.Size, MediaCategory: u.Category}, edit)
	if err == nil && begun.Data.ID == "" {
		err = meta.Fail(client.ErrorDetail{}, fmt.Errorf("%w: there is no media ID in it", client.ErrDecode))
	}
	if err != nil {
		return MediaState{}, err
	}
	for i, at := 0, int64(0); at < u.Size; i, at = i+1, at+chunk {
		n := min(chunk, u.Size-at)
		_, err := AppendMedia.Do(ctx, c.HTTP, AppendInput{ID: begun.Data.ID, SegmentIndex: i, Size: n, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(u.Content, at, n)), nil
		}})
		if err != nil {
			return begun.Data, err
		}
	}
	state, err := FinalizeMedia.Do(ctx, c.HTTP, MediaID{ID: begun.Data.ID}, edit)
	for deadline := time.Now().Add(processingLimit); err == nil; state, err = GetMediaStatus.Do(ctx, c.HTTP, MediaStatusInput{ID: begun.Data.ID}, edit) {
		p := state.Data.Processing
		switch {
		case p == nil || p.State == "succeeded":
			return state.Data, nil
		case p.State == "failed":
			return state.Data, meta.Fail(client.ErrorDetail{
				Code: cmp.Or(p.Error.Name, "failed"), Message: p.Error.Message, Status: http.StatusBadRequest,
			}, errProcessing)
		}
		if err := await(ctx, p.CheckAfterSecs, deadline); err != nil {
			return state.Data, meta.Fail(client.ErrorDetail{}, err)
		}
	}
	return state.Data, err
}

var errProcessing = errors.New("the media could not be processed")

// await waits for as long as X says before it is asked again, a second at least.
func await(ctx context.Context, seconds int64, deadline time.Time) error {
	d := time.Duration(min(max(seconds, 1), 3600)) * time.Second
	if ctx.Err() == nil && (time.Until(deadline) < d || !pause.Fits(ctx, d)) {
		return fmt.Errorf("%w: the media has not been processed yet: %w", client.ErrTimeout, context.DeadlineExceeded)
	}
	return pause.For(ctx, d)
}

func (u *Upload) check() error {
	what := ""
	switch {
	case u.Content == nil:
		what = "the upload's Content is nil"
	case u.Size <= 0:
		what = "the upload's Size is not known, and X takes no empty media"
	case u.Size > chunk*maxSegments:
		what = "the upload is larger than X takes in its 1,000 chunks"
	case u.Type == "":
		what = "the upload's Type is empty"
	default:
		return nil
	}
	return &client.Error{
		Provider: Profile.Name, Method: http.MethodPost, Path: InitializeMedia.Route, Effect: client.NeverSent,
		Err: fmt.Errorf("%w: %s", client.ErrRequest, what),
	}
}
