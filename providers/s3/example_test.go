package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

func ExampleSigV4() {
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		fmt.Println(r.Method, r.URL.Path, scheme)
	}))
	defer store.Close()

	auth := s3.SigV4(s3.SigV4Config{
		Credentials: s3.AccessKey{ID: secret.Static("AKIDEXAMPLE"), Secret: secret.Static("secret-access-key")},
		Region:      "us-east-1",
	})
	c, err := client.New(store.URL, client.WithAuth(auth))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseIdleConnections()
	resp, err := c.Do(context.Background(), client.Request{
		Method: "PUT", Path: "/bucket/hello.txt", Body: client.Raw("text/plain", []byte("hello")),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output: PUT /bucket/hello.txt AWS4-HMAC-SHA256
}

func ExampleSigner_Presign() {
	auth := s3.SigV4(s3.SigV4Config{
		Credentials: s3.AccessKey{ID: secret.Static("AKIDEXAMPLE"), Secret: secret.Static("secret-access-key")},
		Region:      "eu-central-1",
	})
	upload, err := auth.Presign(context.Background(), s3.PresignRequest{
		Method:  http.MethodPut,
		URL:     "https://my-bucket.s3.eu-central-1.amazonaws.com/avatars/42.png",
		Header:  http.Header{"Content-Type": {"image/png"}},
		Expires: 15 * time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	place, _, _ := strings.Cut(upload.URL, "?")
	fmt.Println(upload.Method, place, upload.Header)
	// Output: PUT https://my-bucket.s3.eu-central-1.amazonaws.com/avatars/42.png map[Content-Type:[image/png]]
}
