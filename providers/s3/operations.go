package s3

import "github.com/standpipe-go/standpipe/client"

// Operations are all operations of this package: the table by which the requests of an
// SDK get their names in errors, logs and observers.
var Operations = client.Operations{
	PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects, CopyObject, ListObjects,
	CreateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload, ListMultipartUploads,
}
