package client

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContentRange(t *testing.T) {
	for value, want := range map[string]contentRange{
		"bytes 0-0/1": {0, 0, 1}, "bytes 5-9/10": {5, 9, 10}, "bytes 5-9/*": {5, 9, -1}, "bytes */10": {-1, -1, 10}, "BYTES 0-1/5": {0, 1, 5},
	} {
		got, ok := parseContentRange(http.Header{"Content-Range": {value}})
		require.True(t, ok, value)
		require.Equal(t, want, got, value)
	}
	for _, value := range []string{
		"", "bytes", "bytes 5-9", "bytes 5-9/", "bytes 5-9/9", "bytes 9-5/10", "bytes -5/10", "bytes 5-/10", "bytes +5-9/10", "bytes 5-+9/10",
		"bytes */*", "bytes 5-9/-1", "bytes 5-9/1e3", "bytes  5-9/10", "bytes=5-9/10", "octets 5-9/10", "bytes 5-9/10 ", "bytes 5-9,11-12/20",
		"bytes 5-9/99999999999999999999", "bytes 5-9/9223372036854775807",
	} {
		_, ok := parseContentRange(http.Header{"Content-Range": {value}})
		require.False(t, ok, value)
	}
	_, ok := parseContentRange(http.Header{"Content-Range": {"bytes 0-0/1", "bytes 0-0/1"}})
	require.False(t, ok)
}

// FuzzDownloadHeaders: what is read from the header of a part holds what it says, and
// nothing panics.
func FuzzDownloadHeaders(f *testing.F) {
	f.Add("bytes 5-9/10", `"v1"`, "sha-256=:"+base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))+":, md5=:x:")
	f.Add("bytes */10", `W/"v1"`, "sha-256=?1")
	f.Fuzz(func(t *testing.T, span, tag, sum string) {
		h := http.Header{"Content-Range": {span}, "Etag": {tag}, "Repr-Digest": {sum}}
		if r, ok := parseContentRange(h); ok {
			switch {
			case r.first < 0:
				if r.last >= 0 || r.complete < 0 {
					t.Fatalf("%q is %v", span, r)
				}
			case r.last < r.first, r.complete >= 0 && r.complete <= r.last:
				t.Fatalf("%q is %v", span, r)
			default:
				complete := fmt.Sprint(r.complete)
				if r.complete < 0 {
					complete = "*"
				}
				if plain := fmt.Sprintf("bytes %d-%d/%s", r.first, r.last, complete); len(span) == len(plain) && !strings.EqualFold(span, plain) && !strings.Contains(span, "0") {
					t.Fatalf("%q is %v", span, r)
				}
			}
		}
		if v := strongValidator(h); v != "" && (v != tag || !validHeaderValue(v) || v[0] != '"') {
			t.Fatalf("%q of %q", v, tag)
		}
		if got := sha256Of(h["Repr-Digest"]); got != nil && len(got) != sha256.Size {
			t.Fatalf("%q is %d bytes", sum, len(got))
		}
	})
}
