package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Routes are those of Amazon's own description of the service. Where several operations
// share a path, its SDKs send their name along as x-id; so do these.
const objectRoute = "/{key+}"

// ObjectSettings are what an object is stored with ("Working with object metadata" in
// the User Guide). What is zero is left out.
type ObjectSettings struct {
	ContentType        string            `header:"Content-Type"`
	ContentDisposition string            `header:"Content-Disposition"`
	ContentEncoding    string            `header:"Content-Encoding"`
	ContentLanguage    string            `header:"Content-Language"`
	CacheControl       string            `header:"Cache-Control"`
	Metadata           map[string]string `header:"x-amz-meta-*"` // names in lower case, values in ASCII
	StorageClass       string            `header:"x-amz-storage-class"`
	Tagging            string            `header:"x-amz-tagging"` // as a URL's query; not at R2
	ACL                string            `header:"x-amz-acl"`     // not at R2, nor with Object Ownership enforced

	ServerSideEncryption string `header:"x-amz-server-side-encryption"` // "AES256", "aws:kms"
	SSEKMSKeyID          string `header:"x-amz-server-side-encryption-aws-kms-key-id"`
}

// PutObjectInput is what [PutObject] takes.
type PutObjectInput struct {
	Key string `path:"key"`
	ObjectSettings

	// Body is the content: client.Raw, client.Open or client.Stream, with a size. S3
	// takes none whose length is not known; [Upload] does.
	Body client.Body `body:""`

	// IfNoneMatch of "*" creates the object and never replaces one; IfMatch replaces the
	// one with this ETag. Else the error matches client.ErrConflict.
	IfNoneMatch string `header:"If-None-Match"`
	IfMatch     string `header:"If-Match"`

	// Checksums, in base64, of which S3 takes one and verifies it.
	ChecksumCRC64NVME string `header:"x-amz-checksum-crc64nvme"`
	ChecksumCRC32     string `header:"x-amz-checksum-crc32"`
	ChecksumCRC32C    string `header:"x-amz-checksum-crc32c"`
	ChecksumSHA256    string `header:"x-amz-checksum-sha256"`
	ContentMD5        string `header:"Content-MD5"`
}

// PutObjectOutput is what [PutObject] returns.
type PutObjectOutput struct {
	ETag      string `header:"ETag" json:"-"` // with its quotes
	VersionID string `header:"x-amz-version-id" json:"-"`
}

// PutObject stores an object of up to 5 GiB, in one request.
var PutObject = client.Op[PutObjectInput, PutObjectOutput]{
	Name: "PutObject", Method: http.MethodPut, Route: objectRoute + "?x-id=PutObject",
}

// GetObjectInput is what [GetObject] takes.
type GetObjectInput struct {
	Key         string `path:"key"`
	VersionID   string `query:"versionId"`
	Range       string `header:"Range"` // "bytes=0-1023"
	IfMatch     string `header:"If-Match"`
	IfNoneMatch string `header:"If-None-Match"`
	PartNumber  int    `query:"partNumber"`

	// ChecksumMode of "ENABLED" asks for the checksums.
	ChecksumMode string `header:"x-amz-checksum-mode"`
}

// Object is what S3 says of an object.
type Object struct {
	ETag               string            `header:"ETag" json:"-"` // with its quotes
	ContentLength      int64             `header:"Content-Length" json:"-"`
	ContentRange       string            `header:"Content-Range" json:"-"`
	ContentType        string            `header:"Content-Type" json:"-"`
	ContentDisposition string            `header:"Content-Disposition" json:"-"`
	ContentEncoding    string            `header:"Content-Encoding" json:"-"`
	ContentLanguage    string            `header:"Content-Language" json:"-"`
	CacheControl       string            `header:"Cache-Control" json:"-"`
	LastModified       time.Time         `header:"Last-Modified" json:"-"`
	Metadata           map[string]string `header:"x-amz-meta-*" json:"-"`
	StorageClass       string            `header:"x-amz-storage-class" json:"-"` // "" is STANDARD
	VersionID          string            `header:"x-amz-version-id" json:"-"`
	PartsCount         int               `header:"x-amz-mp-parts-count" json:"-"`

	ChecksumType      string `header:"x-amz-checksum-type" json:"-"` // "FULL_OBJECT" or "COMPOSITE"
	ChecksumCRC64NVME string `header:"x-amz-checksum-crc64nvme" json:"-"`
	ChecksumCRC32     string `header:"x-amz-checksum-crc32" json:"-"`
	ChecksumCRC32C    string `header:"x-amz-checksum-crc32c" json:"-"`
	ChecksumSHA256    string `header:"x-amz-checksum-sha256" json:"-"`
}

// GetObjectOutput is what [GetObject] returns.
type GetObjectOutput struct {
	Object
	Body []byte `body:"raw"`
}

// GetObject returns an object in memory, up to the client's limit for bodies. For a
// large one take [Download], or client.DownloadFile with its Request.
var GetObject = client.Op[GetObjectInput, GetObjectOutput]{
	Name: "GetObject", Route: objectRoute + "?x-id=GetObject",
}

// HeadObject returns what S3 says of an object, without its content. Its errors have no
// code, since S3 sends no body with them.
var HeadObject = client.Op[GetObjectInput, Object]{
	Name: "HeadObject", Method: http.MethodHead, Route: objectRoute,
}

// DeleteObjectInput is what [DeleteObject] takes.
type DeleteObjectInput struct {
	Key       string `path:"key"`
	VersionID string `query:"versionId"`
	IfMatch   string `header:"If-Match"`
}

// DeleteObjectOutput is what [DeleteObject] returns.
type DeleteObjectOutput struct {
	DeleteMarker bool   `header:"x-amz-delete-marker" json:"-"`
	VersionID    string `header:"x-amz-version-id" json:"-"`
}

// DeleteObject deletes an object. One that is not there is no error.
var DeleteObject = client.Op[DeleteObjectInput, DeleteObjectOutput]{
	Name: "DeleteObject", Method: http.MethodDelete, Route: objectRoute + "?x-id=DeleteObject",
}

// CopyObjectInput is what [CopyObject] takes.
type CopyObjectInput struct {
	Key string `path:"key"` // of the copy
	ObjectSettings

	// CopySource is what is copied, as [CopySource] writes it. Required.
	CopySource            string `header:"x-amz-copy-source"`
	CopySourceIfMatch     string `header:"x-amz-copy-source-if-match"`
	CopySourceIfNoneMatch string `header:"x-amz-copy-source-if-none-match"`

	// MetadataDirective of "REPLACE" takes the settings from here; else the copy has
	// those of its source.
	MetadataDirective string `header:"x-amz-metadata-directive"`
	TaggingDirective  string `header:"x-amz-tagging-directive"`
}

// CopySource is the name of an object of a bucket, for [CopyObjectInput]. A version ""
// is the newest.
func CopySource(bucket, key, version string) string {
	source := bucket + ObjectURL("", key)
	if version != "" {
		source += "?versionId=" + client.PathEscape(version)
	}
	return source
}

// CopyObjectOutput is what [CopyObject] returns.
type CopyObjectOutput struct {
	VersionID string           `header:"x-amz-version-id"`
	Result    CopyObjectResult `body:"xml"`
}

// CopyObjectResult is the body of a [CopyObjectOutput].
type CopyObjectResult struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	ETag         string
	LastModified time.Time
}

// CopyObject copies an object of up to 5 GiB within the service. It may take a while:
// give it a Timeout. S3 begins its response before it knows how the copy ends, and what
// goes wrong then is an error here as well.
var CopyObject = client.Op[CopyObjectInput, CopyObjectOutput]{
	Name: "CopyObject", Method: http.MethodPut, Route: copyObject.Route, Encode: encodeCopy,
}

var copyObject = client.Op[CopyObjectInput, CopyObjectOutput]{Method: http.MethodPut, Route: objectRoute + "?x-id=CopyObject"}

// encodeCopy refuses a copy without a source: it would be a PUT without content, which
// empties what is at the key.
func encodeCopy(in CopyObjectInput, r *client.Request) (err error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(in.CopySource, "/"), "/")
	if _, err := url.PathUnescape(key); err != nil || bucket == "" || key == "" {
		return fmt.Errorf("%w: the CopySource names no object of a bucket", client.ErrRequest)
	}
	*r, err = copyObject.Request(in)
	return err
}
