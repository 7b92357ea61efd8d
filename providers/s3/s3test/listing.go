package s3test

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type listedObject struct {
	Key          string
	LastModified time.Time
	ETag         string
	Size         int
	StorageClass string
}

type listing struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	KeyCount, MaxKeys     int
	IsTruncated           bool
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listedObject
	CommonPrefixes        []commonPrefix
}

type commonPrefix struct{ Prefix string }

func (s *Server) listObjects(w http.ResponseWriter, r *request) error {
	most := 1000
	if given := r.query.Get("max-keys"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 0 {
			return refuse(http.StatusBadRequest, "InvalidArgument", "Provided max-keys not an integer or within integer range")
		}
		most = min(n, most)
	}
	out := listing{
		Prefix: r.query.Get("prefix"), Delimiter: r.query.Get("delimiter"), StartAfter: r.query.Get("start-after"),
		EncodingType: r.query.Get("encoding-type"), MaxKeys: most, ContinuationToken: r.query.Get("continuation-token"),
	}
	after := out.StartAfter
	if out.ContinuationToken != "" {
		raw, err := base64.URLEncoding.DecodeString(out.ContinuationToken)
		if err != nil {
			return refuse(http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect")
		}
		after = string(raw)
	}
	s.mu.Lock()
	out.fill(r.bucket, after)
	s.mu.Unlock()
	out.encode()
	return writeDocument(w, out)
}

// fill takes what comes after a key or a common prefix.
func (l *listing) fill(b *bucket, after string) {
	last := ""
	for _, key := range slices.Sorted(keysOf(b.objects)) {
		rest, ok := strings.CutPrefix(key, l.Prefix)
		if !ok || key <= after {
			continue
		}
		entry, common := key, false
		if l.Delimiter != "" {
			if before, _, found := strings.Cut(rest, l.Delimiter); found {
				entry, common = l.Prefix+before+l.Delimiter, true
			}
		}
		if entry <= after || common && entry == last {
			continue
		}
		if l.KeyCount == l.MaxKeys {
			if l.KeyCount > 0 {
				l.IsTruncated, l.NextContinuationToken = true, base64.URLEncoding.EncodeToString([]byte(last))
			}
			return
		}
		l.KeyCount++
		last = entry
		if common {
			l.CommonPrefixes = append(l.CommonPrefixes, commonPrefix{entry})
			continue
		}
		o := b.objects[key]
		l.Contents = append(l.Contents, listedObject{key, o.modified.UTC(), o.etag, len(o.data), "STANDARD"})
	}
}

func (l *listing) encode() {
	if l.EncodingType != "url" {
		return
	}
	texts := []*string{&l.Prefix, &l.Delimiter, &l.StartAfter}
	for i := range l.Contents {
		texts = append(texts, &l.Contents[i].Key)
	}
	for i := range l.CommonPrefixes {
		texts = append(texts, &l.CommonPrefixes[i].Prefix)
	}
	for _, text := range texts {
		*text = strings.ReplaceAll(url.QueryEscape(*text), "%2F", "/")
	}
}
