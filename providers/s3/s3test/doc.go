// Package s3test is an S3 in memory, for tests of what uses package s3, or an official
// SDK:
//
//	srv := s3test.New(t)
//	c, err := s3.New(srv.Config())
//	srv.Inject(s3test.Fault{Operation: "UploadPart", Code: "SlowDown", Times: 2})
//
// It verifies signatures, in header fields and in URLs, with code of its own, and the
// checksums that come along. It knows the operations of package s3; whatever else it is
// asked for is a 501, so that no test passes by chance. It speaks the path style: an SDK
// needs UsePathStyle. It is safe for concurrent use, so that tests can be parallel.
//
// It is a Cloudflare R2 for package r2 like this:
//
//	srv := s3test.New(t, s3test.Options{R2: true, Region: "auto"})
//	c, err := r2.New(cfg, client.WithBaseURL(srv.URL+"/"+s3test.Bucket))
//
// where the Credentials in cfg are those of srv.Config.
package s3test
