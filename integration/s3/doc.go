// Package s3 holds providers/s3 to servers that speak S3 and that nobody here wrote, and
// its requests to those of the official SDK.
package s3
