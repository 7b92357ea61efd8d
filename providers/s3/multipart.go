package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// [Upload] makes these calls for you.

// CreateMultipartUploadInput is what [CreateMultipartUpload] takes.
type CreateMultipartUploadInput struct {
	Key string `path:"key"`
	ObjectSettings
	ChecksumAlgorithm string `header:"x-amz-checksum-algorithm"`
	ChecksumType      string `header:"x-amz-checksum-type"`
}

// CreateMultipartUploadOutput is what [CreateMultipartUpload] returns.
type CreateMultipartUploadOutput struct {
	Result InitiateMultipartUploadResult `body:"xml"`
}

// InitiateMultipartUploadResult is the body of a [CreateMultipartUploadOutput].
type InitiateMultipartUploadResult struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

// CreateMultipartUpload begins an upload in parts. It costs storage until it is completed
// or aborted, so that a lifecycle rule of the bucket should end what was left
// (AbortIncompleteMultipartUpload).
var CreateMultipartUpload = client.Op[CreateMultipartUploadInput, CreateMultipartUploadOutput]{
	Name: "CreateMultipartUpload", Method: http.MethodPost, Route: objectRoute + "?uploads",
}

// UploadPartInput is what [UploadPart] takes.
type UploadPartInput struct {
	Key        string      `path:"key"`
	UploadID   string      `query:"uploadId"`
	PartNumber int         `query:"partNumber"` // 1 to 10,000
	Body       client.Body `body:""`

	ChecksumCRC64NVME string `header:"x-amz-checksum-crc64nvme"`
	ChecksumCRC32     string `header:"x-amz-checksum-crc32"`
	ChecksumCRC32C    string `header:"x-amz-checksum-crc32c"`
	ChecksumSHA256    string `header:"x-amz-checksum-sha256"`
}

// UploadPartOutput is what [UploadPart] returns.
type UploadPartOutput struct {
	ETag string `header:"ETag" json:"-"` // with its quotes
}

// UploadPart uploads a part of 5 MiB to 5 GiB, or the last one, which may be smaller.
var UploadPart = client.Op[UploadPartInput, UploadPartOutput]{
	Name: "UploadPart", Method: http.MethodPut, Route: objectRoute + "?x-id=UploadPart&partNumber&uploadId",
}

// CompleteMultipartUploadInput is what [CompleteMultipartUpload] takes.
type CompleteMultipartUploadInput struct {
	Key      string                   `path:"key"`
	UploadID string                   `query:"uploadId"`
	Upload   CompletedMultipartUpload `body:"xml"`

	// IfNoneMatch and IfMatch are those of [PutObjectInput].
	IfNoneMatch string `header:"If-None-Match"`
	IfMatch     string `header:"If-Match"`

	// ChecksumType is "FULL_OBJECT" with a checksum of all of it.
	ChecksumType      string `header:"x-amz-checksum-type"`
	ChecksumCRC64NVME string `header:"x-amz-checksum-crc64nvme"`
	ChecksumCRC32     string `header:"x-amz-checksum-crc32"`
	ChecksumCRC32C    string `header:"x-amz-checksum-crc32c"`
}

// CompletedMultipartUpload names the parts, in order.
type CompletedMultipartUpload struct {
	XMLName xml.Name        `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUpload"`
	Parts   []CompletedPart `xml:"Part"`
}

// CompletedPart is a part that has been uploaded.
type CompletedPart struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
	ETag              string
	PartNumber        int
}

// CompleteMultipartUploadOutput is what [CompleteMultipartUpload] returns.
type CompleteMultipartUploadOutput struct {
	VersionID string                        `header:"x-amz-version-id"`
	Result    CompleteMultipartUploadResult `body:"xml"`
}

// CompleteMultipartUploadResult is the body of a [CompleteMultipartUploadOutput].
type CompleteMultipartUploadResult struct {
	XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
	Location          string
	Bucket            string
	Key               string
	ETag              string
	ChecksumType      string // "FULL_OBJECT" or "COMPOSITE"
	ChecksumCRC64NVME string
	ChecksumCRC32     string
	ChecksumCRC32C    string
}

// CompleteMultipartUpload makes an object of the parts. S3 begins its response before it
// knows how that ends, and what goes wrong then is an error here as well. It is repeated
// as a PUT is: a second time is a NoSuchUpload, or the same result.
var CompleteMultipartUpload = client.Op[CompleteMultipartUploadInput, CompleteMultipartUploadOutput]{
	Name: "CompleteMultipartUpload", Method: http.MethodPost, Route: objectRoute + "?uploadId", Repeatable: true,
}

// AbortMultipartUploadInput is what [AbortMultipartUpload] takes.
type AbortMultipartUploadInput struct {
	Key      string `path:"key"`
	UploadID string `query:"uploadId"`
}

// AbortMultipartUpload ends an upload and frees its parts. Parts that are on their way
// may outlast it: wait for them first.
var AbortMultipartUpload = client.Op[AbortMultipartUploadInput, client.None]{
	Name: "AbortMultipartUpload", Method: http.MethodDelete, Route: objectRoute + "?x-id=AbortMultipartUpload&uploadId",
}

// ListMultipartUploadsInput is what [ListMultipartUploads] takes.
type ListMultipartUploadsInput struct {
	Prefix         string `query:"prefix"`
	KeyMarker      string `query:"key-marker"`
	UploadIDMarker string `query:"upload-id-marker"`
	MaxUploads     int    `query:"max-uploads"` // of a page; 0 is 1,000
}

// ListMultipartUploadsOutput is what [ListMultipartUploads] returns.
type ListMultipartUploadsOutput struct {
	Result ListMultipartUploadsResult `body:"xml"`
}

// ListMultipartUploadsResult is the body of a [ListMultipartUploadsOutput].
type ListMultipartUploadsResult struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	IsTruncated        bool
	NextKeyMarker      string
	NextUploadIDMarker string            `xml:"NextUploadIdMarker"`
	Uploads            []MultipartUpload `xml:"Upload"`
}

// MultipartUpload is an upload that has been neither completed nor aborted.
type MultipartUpload struct {
	Key       string
	UploadID  string `xml:"UploadId"`
	Initiated time.Time
}

// ListMultipartUploads lists the uploads that have been neither completed nor aborted.
var ListMultipartUploads = client.List[ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload]{
	Op: client.Op[ListMultipartUploadsInput, ListMultipartUploadsOutput]{
		Name: "ListMultipartUploads", Route: "/?uploads",
	},
	Items: func(page ListMultipartUploadsOutput) []MultipartUpload { return page.Result.Uploads },
	Next: func(page client.Page[ListMultipartUploadsOutput]) (client.Request, bool) {
		result := page.Value.Result
		r := page.Request
		r.Query = url.Values{}
		for name, values := range page.Request.Query {
			r.Query[name] = values
		}
		r.Query.Set("key-marker", result.NextKeyMarker)
		r.Query.Set("upload-id-marker", result.NextUploadIDMarker)
		return r, result.IsTruncated
	},
}
