// Package r2 calls Cloudflare R2, which speaks Amazon S3's API, by package s3: one bucket
// is an [s3.Client], and its operations, [s3.Upload] and [s3.Download] are those of
// package s3.
//
//	c, err := r2.New(r2.Config{
//		Account: "0123456789abcdef0123456789abcdef", Bucket: "media",
//		Credentials: s3.AccessKey{ID: secret.Env("R2_ACCESS_KEY_ID"), Secret: secret.Env("R2_SECRET_ACCESS_KEY")},
//	})
//	out, err := s3.Upload(ctx, c, s3.UploadInput{Key: "a.png"}, file)
//
// What R2 does not have is an error before anything is sent: ACLs, tags, and bodies that
// an SDK signs or checks chunk by chunk. Parts of an upload but the last have one length
// there, as [s3.Upload] makes them. It has no forms that are posted by a browser (POST
// policies); presign a PUT. ("S3 API compatibility" in the R2 docs.)
//
// Objects are public by a custom domain or an r2.dev one alone: [s3.ObjectURL] makes
// their URLs. In tests package s3test is an R2.
package r2
