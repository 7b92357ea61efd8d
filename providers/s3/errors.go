package s3

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// meanings are the statuses that codes stand for, where the response may have another:
// a refused key is a 403 or 400 of S3's, a throttle a 503, and inside a 200 there is none
// ("List of error codes" in the API reference).
var meanings = map[string]int{
	"InvalidAccessKeyId":    http.StatusUnauthorized,
	"SignatureDoesNotMatch": http.StatusUnauthorized,
	"ExpiredToken":          http.StatusUnauthorized,
	"InvalidToken":          http.StatusUnauthorized,
	"TokenRefreshRequired":  http.StatusUnauthorized,
	"Unauthorized":          http.StatusUnauthorized, // R2

	"SlowDown":               http.StatusTooManyRequests,
	"SlowDownRead":           http.StatusTooManyRequests, // MinIO
	"SlowDownWrite":          http.StatusTooManyRequests,
	"RequestLimitExceeded":   http.StatusTooManyRequests,
	"Throttling":             http.StatusTooManyRequests,
	"ThrottlingException":    http.StatusTooManyRequests,
	"TooManyRequests":        http.StatusTooManyRequests,
	"BandwidthLimitExceeded": http.StatusTooManyRequests,

	"InternalError":      http.StatusInternalServerError,
	"ServiceUnavailable": http.StatusServiceUnavailable,

	"AccessDenied":  http.StatusForbidden,
	"NoSuchBucket":  http.StatusNotFound,
	"NoSuchKey":     http.StatusNotFound,
	"NoSuchUpload":  http.StatusNotFound,
	"NoSuchVersion": http.StatusNotFound,

	"ConditionalRequestConflict": http.StatusConflict,
	"OperationAborted":           http.StatusConflict,
	"PreconditionFailed":         http.StatusPreconditionFailed,

	"BadDigest":          http.StatusBadRequest,
	"EntityTooLarge":     http.StatusBadRequest,
	"EntityTooSmall":     http.StatusBadRequest,
	"InvalidArgument":    http.StatusBadRequest,
	"InvalidPart":        http.StatusBadRequest,
	"InvalidPartOrder":   http.StatusBadRequest,
	"InvalidRequest":     http.StatusBadRequest,
	"KeyTooLongError":    http.StatusBadRequest,
	"MalformedXML":       http.StatusBadRequest,
	"MetadataTooLarge":   http.StatusBadRequest,
	"PermanentRedirect":  http.StatusBadRequest,
	"RequestTimeout":     http.StatusInternalServerError,
	"InvalidObjectState": http.StatusForbidden,
}

// errorDocument is the body of an error.
type errorDocument struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
	Region    string
}

// decodeError reads S3's error body. What else is in it – the string that was to be
// signed, say – is left there.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	var doc errorDocument
	if !rootIsError(body) {
		d := client.DecodeError(status, h, body)
		// A HEAD has no body. What else is a 400 does not name the region.
		if status == http.StatusMovedPermanently || status == http.StatusBadRequest && len(body) == 0 {
			d.Message, d.Status = rightRegion(d.Message, h.Get("X-Amz-Bucket-Region")), http.StatusBadRequest
		}
		return d
	}
	_ = xml.Unmarshal(body, &doc) // what is cut off has given its beginning
	return doc.detail(status, h)
}

// detail is what the document says, and which region would be right.
func (doc *errorDocument) detail(status int, h http.Header) client.ErrorDetail {
	d := client.ErrorDetail{Code: doc.Code, Message: doc.Message, RequestID: doc.RequestID, Status: meanings[doc.Code]}
	if d.Status == 0 && status < 300 {
		d.Status = http.StatusInternalServerError
	}
	switch doc.Code {
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		d.Message = rightRegion(d.Message, cmp.Or(h.Get("X-Amz-Bucket-Region"), doc.Region))
	}
	return d
}

func rightRegion(message, region string) string {
	if region == "" {
		return message
	}
	return strings.TrimSpace(message + " The bucket is in the region " + region + ": make the client with it.")
}

// codeOf is the code of an error body, "" where there is none.
func codeOf(body []byte) string {
	if !rootIsError(body) {
		return ""
	}
	_, rest, _ := bytes.Cut(body, []byte("<Code>"))
	code, _, ok := bytes.Cut(rest, []byte("</Code>"))
	if !ok {
		return ""
	}
	return string(code)
}

// rootIsError reports whether an XML document's root is Error, after the white space
// with which S3 keeps a connection alive.
func rootIsError(body []byte) bool {
	rest := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
	for bytes.HasPrefix(rest, []byte("<?")) {
		_, after, ok := bytes.Cut(rest, []byte("?>"))
		if !ok {
			return false
		}
		rest = bytes.TrimLeft(after, " \t\r\n")
	}
	name, ok := bytes.CutPrefix(rest, []byte("<Error"))
	return ok && len(name) > 0 && strings.IndexByte(" \t\r\n>/", name[0]) >= 0
}
