package s3test

import (
	"net/http"
	"net/url"
)

// request is a request as its handler sees it.
type request struct {
	*http.Request
	query  url.Values
	bucket *bucket
	key    string
	body   []byte
}

// operations are told by their method and the query; objects have a key.
func operation(r *request) string {
	has := r.query.Has
	if r.key == "" {
		switch {
		case r.Method == http.MethodGet && r.query.Get("list-type") == "2":
			return "ListObjectsV2"
		case r.Method == http.MethodGet && has("uploads"):
			return "ListMultipartUploads"
		case r.Method == http.MethodPost && has("delete"):
			return "DeleteObjects"
		}
		return ""
	}
	// There is one version of each object, and no part of one can be read by its number.
	for _, other := range []string{"acl", "tagging", "retention", "legal-hold", "attributes", "restore", "select", "versionId"} {
		if has(other) {
			return ""
		}
	}
	switch {
	case has("partNumber") && r.Method != http.MethodPut:
		return ""
	case r.Method == http.MethodGet && !has("uploadId"):
		return "GetObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case r.Method == http.MethodPut && has("uploadId") && has("partNumber") && r.Header.Get("X-Amz-Copy-Source") == "":
		return "UploadPart"
	case r.Method == http.MethodPut && has("uploadId"):
		return ""
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	case r.Method == http.MethodPut:
		return "PutObject"
	case r.Method == http.MethodDelete && has("uploadId"):
		return "AbortMultipartUpload"
	case r.Method == http.MethodDelete:
		return "DeleteObject"
	case r.Method == http.MethodPost && has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost && has("uploadId"):
		return "CompleteMultipartUpload"
	}
	return ""
}
