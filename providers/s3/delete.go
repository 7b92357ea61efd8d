package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// DeleteObjectsInput is what [DeleteObjects] takes: up to 1,000 objects.
type DeleteObjectsInput struct {
	Objects []ObjectIdentifier
	Quiet   bool // leaves Deleted out of the result
}

// ObjectIdentifier names an object, or a version of it.
type ObjectIdentifier struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
}

// DeleteResult says of each object what became of it.
type DeleteResult struct {
	XMLName xml.Name `xml:"DeleteResult"`
	Deleted []DeletedObject
	Errors  []DeleteError `xml:"Error"`
}

// DeletedObject is an object that was deleted, or was not there.
type DeletedObject struct {
	Key                   string
	VersionID             string `xml:"VersionId"`
	DeleteMarker          bool
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId"`
}

// DeleteError is an object that was not deleted, and why. It is an error that matches
// the sentinels of package client by its code: [client.ErrForbidden] for AccessDenied.
type DeleteError struct {
	Key       string
	VersionID string `xml:"VersionId"`
	Code      string
	Message   string
}

// Error does not name the key, which may be personal.
func (e *DeleteError) Error() string {
	return "s3: DeleteObjects: " + e.Code + " " + quote.Text(e.Message, 256)
}

// Is matches the sentinels of package client.
func (e *DeleteError) Is(target error) bool {
	status := meanings[e.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	return errors.Is(&client.Error{Status: status, Throttled: status == http.StatusTooManyRequests}, target)
}

// Err is nil if all objects were deleted, else all errors joined: errors.As finds the
// first *DeleteError, Errors has them all.
func (r *DeleteResult) Err() error {
	var all []error
	for i := range r.Errors {
		all = append(all, &r.Errors[i])
	}
	return errors.Join(all...)
}

// DeleteObjectsOutput is what [DeleteObjects] returns.
type DeleteObjectsOutput struct {
	Result DeleteResult `body:"xml"`
}

// DeleteObjects deletes up to 1,000 objects at once. Those that were not deleted are in
// the result, and no error of the call: look at Result.Err, or use [DeleteAll].
var DeleteObjects = client.Op[DeleteObjectsInput, DeleteObjectsOutput]{
	Name: "DeleteObjects", Method: http.MethodPost, Route: "/?delete", Repeatable: true, Encode: encodeDelete,
}

// maxDelete is how many objects S3 takes at once.
const maxDelete = 1000

// encodeDelete writes the body, whose checksum S3 requires: in the way that every
// service knows, and in that of today.
func encodeDelete(in DeleteObjectsInput, r *client.Request) error {
	r.SetPath()
	if n := len(in.Objects); n == 0 || n > maxDelete {
		return fmt.Errorf("%w: DeleteObjects takes 1 to %d objects, not %d", client.ErrRequest, maxDelete, n)
	}
	for _, o := range in.Objects {
		switch {
		case o.Key == "":
			return fmt.Errorf("%w: DeleteObjects was given an empty key", client.ErrRequest)
		case !inXML(o.Key):
			// Package encoding/xml would write another key in its place.
			return fmt.Errorf("%w: a key holds a character that XML cannot: delete it with DeleteObject", client.ErrRequest)
		}
	}
	body := new(bytes.Buffer)
	err := xml.NewEncoder(body).Encode(struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Delete"`
		Object  []ObjectIdentifier
		Quiet   bool `xml:",omitempty"`
	}{Object: in.Objects, Quiet: in.Quiet})
	if err != nil {
		return fmt.Errorf("%w: the objects cannot be written as XML", client.ErrRequest)
	}
	sum := md5.Sum(body.Bytes())
	r.Header = http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}
	r.Header.Set(CRC32.header(), CRC32.Of(body.Bytes()))
	r.Body = client.Raw("application/xml", body.Bytes())
	return nil
}

// inXML reports whether XML 1.0 can say s.
func inXML(s string) bool {
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return utf8.ValidString(s)
}

// DeleteAll deletes the objects with these keys, 1,000 at a time. It goes on after those
// that could not be deleted, and returns their errors joined, each a *[DeleteError]; a
// call that fails ends it.
func DeleteAll(ctx context.Context, c *Client, keys []string) error {
	var all []error
	for some := range slices.Chunk(keys, maxDelete) {
		in := DeleteObjectsInput{Quiet: true, Objects: make([]ObjectIdentifier, len(some))}
		for i, key := range some {
			in.Objects[i].Key = key
		}
		out, err := DeleteObjects.Do(ctx, c.HTTP, in)
		if err != nil {
			return errors.Join(append(all, err)...)
		}
		for i := range out.Result.Errors {
			all = append(all, &out.Result.Errors[i])
		}
	}
	return errors.Join(all...)
}
