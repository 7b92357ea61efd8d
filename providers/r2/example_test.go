package r2_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/r2"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	srv := s3test.Start(s3test.Options{R2: true, Region: "auto"}) // in place of R2
	defer srv.Close()
	c, err := r2.New(r2.Config{
		Account: "0123456789abcdef0123456789abcdef", Bucket: "bucket", // and Jurisdiction, if it has one
		Credentials: s3.AccessKey{ID: secret.Static(s3test.AccessKeyID), Secret: secret.Static(s3test.SecretAccessKey)},
	}, client.WithBaseURL(srv.URL+"/bucket"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.HTTP.CloseIdleConnections()
	ctx := context.Background()
	if _, err := s3.Upload(ctx, c, s3.UploadInput{Key: "notes/a b.txt"}, strings.NewReader("hello")); err != nil {
		fmt.Println(err)
		return
	}
	for object, err := range s3.ListObjects.All(ctx, c.HTTP, s3.ListObjectsInput{Prefix: "notes/"}) {
		fmt.Println(object.Key, object.Size, err)
	}
	fmt.Println(s3.ObjectURL("https://media.example.com", "notes/a b.txt"))
	// Output:
	// notes/a b.txt 5 <nil>
	// https://media.example.com/notes/a%20b.txt
}
