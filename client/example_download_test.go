package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// A file is there whole, with the checksum that was published for it, or not at all. A
// connection that breaks on the way is taken up where it broke.
func ExampleDownloadFile() {
	export := bytes.Repeat([]byte("2026-11-26,paid,12.00\n"), 10_000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"export-7"`)
		fmt.Println("a part:", r.Header.Get("Range") != "")
		if r.Header.Get("Range") == "" {
			w = &cutOff{w, 100_000}
		}
		http.ServeContent(w, r, "export.csv", time.Time{}, bytes.NewReader(export))
	}))
	defer srv.Close()
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	published, err := hex.DecodeString("2d5a3d79407c49b1d6806e23ddb3433f58d8936f9355756522702c6324e209ed")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := client.DownloadFile(context.Background(), c, client.Request{Path: "/export.csv"},
		filepath.Join(folder, "export.csv"), client.WithChecksum(sha256.New(), published))
	fmt.Println(n, err)
	// Output:
	// a part: false
	// a part: true
	// 220000 <nil>
}
