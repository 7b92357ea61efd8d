// Package s3 calls Amazon S3 and services that speak its API, MinIO and others, on the
// stack of package client; Cloudflare R2 is package r2. A [Client] is one bucket:
//
//	c, err := s3.New(s3.Config{
//		Bucket: "my-bucket", Region: "eu-central-1",
//		Credentials: s3.AccessKey{ID: secret.Env("AWS_ACCESS_KEY_ID"), Secret: secret.Env("AWS_SECRET_ACCESS_KEY")},
//	})
//	out, err := s3.Upload(ctx, c, s3.UploadInput{Key: "a.png"}, file) // of any length
//	_, err = s3.Download(ctx, c, s3.DownloadInput{Key: "a.png"}, file)
//	link, err := c.PresignGet(ctx, "a.png", time.Hour) // for a browser
//
// Most callers should take [Upload] and [Download], which work in parts, in bounded
// memory, and verify a checksum from end to end. The operations below them are values,
// called as PutObject.Do(ctx, c.HTTP, in); [Operations] lists them, and c.HTTP makes any
// other call. A key is any UTF-8 text, and no path: "..", "a//b" and a slash at either
// end are kept as they are.
//
// An error is a [*client.Error] with S3's code, message and request ID, and its status
// means what it means elsewhere: a refused key matches client.ErrUnauthorized, though S3
// says 403 or 400, and SlowDown client.ErrRateLimited. What S3 says inside a 200 is an
// error as well. A bucket of another region is an error that names that.
//
// [HTTPClient] is the stack for an official SDK, whose signature it replaces. [SigV4] is
// the credential by itself, for services other than S3 too, and [Signer.Presign] makes
// URLs that others can use without one. Credentials that expire, as those of AWS STS and
// of instance roles, come from [Temporary].
//
// Package s3test is an S3 in memory, for tests.
package s3
