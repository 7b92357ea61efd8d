// Package sigv4 signs HTTP requests with AWS Signature Version 4, in header fields or
// in the query ("AWS Signature Version 4 for API requests" in the IAM User Guide, and
// "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference).
//
// What is signed is what is sent: where the canonical form of a query, or with S3 of a
// path, is another than the one in the URL, the URL gets it. A server that decodes
// before it verifies and one that takes the bytes as they come then agree.
package sigv4
