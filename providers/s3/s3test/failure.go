package s3test

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

// failure is an error of the service.
type failure struct {
	status  int
	code    string
	message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func refuse(status int, code, message string) error { return &failure{status, code, message} }

// statuses are those of the codes that a test may ask for by their name alone.
var statuses = map[string]int{
	"SlowDown": 503, "ServiceUnavailable": 503, "InternalError": 500, "AccessDenied": 403, "NoSuchKey": 404,
	"NoSuchBucket": 404, "NoSuchUpload": 404, "RequestTimeTooSkewed": 403, "ExpiredToken": 400, "InvalidAccessKeyId": 403,
	"SignatureDoesNotMatch": 403, "PreconditionFailed": 412, "ConditionalRequestConflict": 409, "RequestTimeout": 400,
}

// write writes the error, without a body for a HEAD.
func (f *failure) write(w http.ResponseWriter, r *http.Request) {
	if f.status == http.StatusNotModified {
		w.WriteHeader(f.status)
		return
	}
	body := errorDocument(f.code, f.message, w.Header().Get("X-Amz-Request-Id"))
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(f.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

func errorDocument(code, message, id string) []byte {
	return document(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}{Code: code, Message: message, RequestID: id})
}

func document(v any) []byte {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err) // it is a type of this package
	}
	return append([]byte(xml.Header), body...)
}

func writeDocument(w http.ResponseWriter, v any) error {
	body := document(v)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}
