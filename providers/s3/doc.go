// Package s3 signs calls to Amazon S3 and to services that speak its API – Cloudflare
// R2, MinIO and others – and presigns URLs for them, over the stack of package client.
//
// [SigV4] makes the credential, to be given to client.WithAuth. It signs each attempt
// anew, for the client's own origins only:
//
//	auth := s3.SigV4(s3.SigV4Config{
//		Credentials: s3.AccessKey{ID: secret.Env("AWS_ACCESS_KEY_ID"), Secret: secret.Env("AWS_SECRET_ACCESS_KEY")},
//		Region:      "eu-central-1",
//	})
//	c, err := client.New("https://my-bucket.s3.eu-central-1.amazonaws.com", client.WithAuth(auth))
//
// It is for official SDKs too, on HTTPClient: it replaces the signature that the SDK
// has made with a placeholder. [Signer.Presign] makes URLs that others can use without
// a credential, and [Signer.Hint] lets a program whose clock is wrong go on.
//
// Credentials that expire, as those of AWS STS and of instance roles, come from
// [Temporary]. For a service other than S3, set Service.
package s3
