package s3

import (
	"encoding/xml"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// ListObjectsInput is what [ListObjects] takes. The zero value lists all objects.
type ListObjectsInput struct {
	Prefix            string
	Delimiter         string // "/" as a rule: what is behind it is one of CommonPrefixes
	StartAfter        string // a key
	ContinuationToken string // of an earlier page
	MaxKeys           int    // of a page; 0 is 1,000
}

// ListBucketResult is a page of a listing.
type ListBucketResult struct {
	Name                  string
	Prefix                string
	Delimiter             string
	StartAfter            string
	EncodingType          string // as it was sent; what is here has been decoded
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	ContinuationToken     string
	NextContinuationToken string
	Contents              []ListedObject
	CommonPrefixes        []CommonPrefix
}

// ListedObject is an object in a listing.
type ListedObject struct {
	Key          string
	LastModified time.Time
	ETag         string // with its quotes
	Size         int64
	StorageClass string
}

// CommonPrefix stands for all keys that begin with it.
type CommonPrefix struct {
	Prefix string
}

var (
	errKeys  = errors.New("s3: a key in the listing is not encoded as its EncodingType says")
	errToken = errors.New("s3: the listing goes on, and does not say where")
)

// UnmarshalXML decodes the keys, which may hold what XML cannot.
func (l *ListBucketResult) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	type plain ListBucketResult
	if start.Name.Local != "ListBucketResult" {
		return errors.New("s3: the document is no ListBucketResult")
	}
	if err := d.DecodeElement((*plain)(l), &start); err != nil {
		return err
	}
	if l.IsTruncated && l.NextContinuationToken == "" {
		return errToken
	}
	if l.EncodingType != "url" {
		return nil
	}
	texts := []*string{&l.Prefix, &l.Delimiter, &l.StartAfter}
	for i := range l.Contents {
		texts = append(texts, &l.Contents[i].Key)
	}
	for i := range l.CommonPrefixes {
		texts = append(texts, &l.CommonPrefixes[i].Prefix)
	}
	for _, text := range texts {
		var err error
		if *text, err = url.QueryUnescape(*text); err != nil {
			return errKeys
		}
	}
	return nil
}

// ListObjectsOutput is what [ListObjects] returns.
type ListObjectsOutput struct {
	Result ListBucketResult `body:"xml"`
}

// ListObjects lists the objects of the bucket in the order of their keys
// (ListObjectsV2). With a Delimiter, its Pages have the common prefixes.
var ListObjects = client.List[ListObjectsInput, ListObjectsOutput, ListedObject]{
	Op: client.Op[ListObjectsInput, ListObjectsOutput]{
		Name: "ListObjectsV2", Route: "/?list-type=2", Encode: encodeList,
	},
	Items: func(page ListObjectsOutput) []ListedObject { return page.Result.Contents },
	Next: client.NextCursor("continuation-token", func(page ListObjectsOutput) string {
		if !page.Result.IsTruncated {
			return ""
		}
		return page.Result.NextContinuationToken
	}),
}

func encodeList(in ListObjectsInput, r *client.Request) error {
	r.SetPath()
	r.Query = url.Values{"encoding-type": {"url"}}
	for name, value := range map[string]string{
		"prefix": in.Prefix, "delimiter": in.Delimiter, "start-after": in.StartAfter, "continuation-token": in.ContinuationToken,
	} {
		if value != "" {
			r.Query.Set(name, value)
		}
	}
	if in.MaxKeys != 0 {
		r.Query.Set("max-keys", strconv.Itoa(in.MaxKeys))
	}
	return nil
}
