package s3

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1: each operation is understood by servers that nobody here wrote.
func TestP1_Operations(t *testing.T) {
	each(t, func(t *testing.T, _ string, srv *servers.Server) {
		ctx, c := t.Context(), newClient(t, config(srv.URL))
		made, err := s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{
			Key: "dir/a", Body: client.Raw("text/plain", []byte("hello")), ChecksumCRC32C: "mnG7TA==",
			ObjectSettings: s3.ObjectSettings{CacheControl: "no-cache", Metadata: map[string]string{"owner": "ada"}},
		})
		require.NoError(t, err)
		got, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "dir/a", ChecksumMode: "ENABLED"})
		require.NoError(t, err)
		require.Equal(t, []any{"hello", made.ETag, int64(5), "text/plain", "no-cache", "ada", "mnG7TA=="},
			[]any{string(got.Body), got.ETag, got.ContentLength, got.ContentType, got.CacheControl, got.Metadata["owner"], got.ChecksumCRC32C})
		head, err := s3.HeadObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "dir/a"})
		require.NoError(t, err)
		require.Equal(t, []any{made.ETag, int64(5)}, []any{head.ETag, head.ContentLength})
		part, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "dir/a", Range: "bytes=1-3"})
		require.NoError(t, err)
		require.Equal(t, "ell", string(part.Body))
		_, err = s3.CopyObject.Do(ctx, c.HTTP, s3.CopyObjectInput{Key: "dir/copy", CopySource: s3.CopySource(bucket, "dir/a", "")})
		require.NoError(t, err)

		_, err = s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{Key: "dir/a", Body: client.Raw("", []byte("x")), IfNoneMatch: "*"})
		require.ErrorIs(t, err, client.ErrConflict)
		_, err = s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{Key: "dir/b", Body: client.Raw("", []byte("x")), ChecksumCRC32C: "mnG7TA=="})
		require.ErrorIs(t, err, client.ErrBadRequest)
		_, err = s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "none"})
		require.ErrorIs(t, err, client.ErrNotFound)
		e, _ := errors.AsType[*client.Error](err)
		require.Equal(t, "NoSuchKey", e.Code)
		_, err = s3.HeadObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "none"})
		require.ErrorIs(t, err, client.ErrNotFound)

		want := []string{"dir/a", "dir/copy"}
		for i := range 12 {
			key := fmt.Sprintf("many/%02d", i)
			_, err := s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{Key: key, Body: client.Raw("", nil)})
			require.NoError(t, err)
			want = append(want, key)
		}
		var keys []string
		for o, err := range s3.ListObjects.All(ctx, c.HTTP, s3.ListObjectsInput{MaxKeys: 5}) {
			require.NoError(t, err)
			keys = append(keys, o.Key)
		}
		require.Equal(t, want, keys, "P4")
		var prefixes []string
		for page, err := range s3.ListObjects.Pages(ctx, c.HTTP, s3.ListObjectsInput{Delimiter: "/"}) {
			require.NoError(t, err)
			for _, p := range page.Result.CommonPrefixes {
				prefixes = append(prefixes, p.Prefix)
			}
		}
		require.Equal(t, []string{"dir/", "many/"}, prefixes)
		_, err = s3.DeleteObject.Do(ctx, c.HTTP, s3.DeleteObjectInput{Key: "dir/copy"})
		require.NoError(t, err)
		require.NoError(t, s3.DeleteAll(ctx, c, want))
		for _, err := range s3.ListObjects.All(ctx, c.HTTP, s3.ListObjectsInput{}) {
			require.NoError(t, err)
			t.Fatal("the bucket is not empty")
		}
	})
}

// A wrong secret is the service's own refusal.
func TestWrongSecret(t *testing.T) {
	each(t, func(t *testing.T, name string, srv *servers.Server) {
		cfg := config(srv.URL)
		cfg.Credentials = s3.AccessKey{ID: secret.Static(servers.S3AccessKeyID), Secret: secret.Static("canary-secret")}
		_, err := s3.GetObject.Do(t.Context(), newClient(t, cfg).HTTP, s3.GetObjectInput{Key: "k"})
		require.ErrorIs(t, err, client.ErrUnauthorized)
		e, _ := errors.AsType[*client.Error](err)
		require.Equal(t, []any{403, "SignatureDoesNotMatch"}, []any{e.Status, e.Code})
		require.Contains(t, e.Message, "signature we calculated does not match")
		require.NotContains(t, err.Error(), "canary")
		cfg.Credentials = s3.AccessKey{ID: secret.Static("AKIDNOBODY"), Secret: secret.Static("x")}
		_, err = s3.GetObject.Do(t.Context(), newClient(t, cfg).HTTP, s3.GetObjectInput{Key: "k"})
		want := client.ErrUnauthorized
		if name == "versitygw" {
			want = client.ErrNotFound // XAdminUserNotFound, a code of its own
		}
		require.ErrorIs(t, err, want)
	})
}

// stored says under which name a server has a key that it takes for a path; "" is that
// it refuses it. Both keep objects in files. Amazon, too, refuses a key that would lead
// out of the bucket.
var stored = map[string]map[string]string{
	"versitygw": {
		"a//b": "a/b", "x/../y": "y", "./x": "x", "/leading": "leading",
		"../x": "", "..": "", "//": "", "folder/": "",
	},
	"minio": {
		"/leading": "leading",
		"a//b":     "", "x/../y": "", "./x": "", "../x": "", "..": "", "//": "",
	},
}

// Keys that are no paths are stored and found under their names, or refused by the
// server; never is the signature wrong, or another key meant.
func TestAnyKeyIsAKey(t *testing.T) {
	each(t, func(t *testing.T, name string, srv *servers.Server) {
		ctx, c := t.Context(), newClient(t, config(srv.URL))
		for _, key := range []string{
			"a b", "ä", "a//b", "../x", "x/../y", "./x", "..", "+", "%2F", "%", "folder/", "/leading", "//", "a?b#c&d=e", `back\slash`,
			"a;b:c@d!$'()*,[]^`{|}~", "世界/🙂", "new\nline", "tab\t", "<&>\"'", "a=b",
		} {
			want, differs := stored[name][key]
			if !differs {
				want = key
			}
			put, err := s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{Key: key, Body: client.Raw("", []byte("content of "+key))})
			if want == "" {
				require.ErrorIs(t, err, client.ErrBadRequest, "%q", key)
				continue
			}
			if err != nil {
				t.Errorf("%q: %v", key, err)
				continue
			}
			require.NotEmpty(t, put.ETag)
			got, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: key})
			if err != nil {
				t.Errorf("get %q: %v", key, err)
				continue
			}
			if string(got.Body) != "content of "+key {
				t.Errorf("get %q: %q", key, got.Body)
			}
			var keys []string
			for o, err := range s3.ListObjects.All(ctx, c.HTTP, s3.ListObjectsInput{}) {
				require.NoError(t, err)
				keys = append(keys, o.Key)
			}
			if !slices.Equal([]string{want}, keys) {
				t.Errorf("list %q: %q", key, keys)
			}
			if _, err = s3.CopyObject.Do(ctx, c.HTTP, s3.CopyObjectInput{Key: "copy", CopySource: s3.CopySource(bucket, key, "")}); err != nil {
				t.Errorf("copy %q: %v", key, err)
			}
			if err := s3.DeleteAll(ctx, c, append(keys, key, "copy")); err != nil {
				t.Errorf("delete %q: %v", key, err)
			}
		}
	})
}

// A presigned URL is for anybody, such as curl.
func TestPresignedURLsWithCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		servers.Missing(t, "curl")
	}
	each(t, func(t *testing.T, _ string, srv *servers.Server) {
		c := newClient(t, config(srv.URL))
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, []byte("hello, curl"), 0o600))
		up, err := c.PresignPut(t.Context(), "a b/ü+%.txt", time.Minute, map[string][]string{"Content-Type": {"text/plain"}})
		require.NoError(t, err)
		args := []string{"-sS", "--path-as-is", "-w", "%{http_code}", "-T", file}
		for name, values := range up.Header {
			args = append(args, "-H", name+": "+values[0])
		}
		out, err := exec.Command(curl, append(args, up.URL)...).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Equal(t, "200", string(out))
		down, err := c.PresignGet(t.Context(), "a b/ü+%.txt", time.Minute)
		require.NoError(t, err)
		out, err = exec.Command(curl, "-sS", "--path-as-is", down.URL).CombinedOutput()
		require.NoError(t, err)
		require.Equal(t, "hello, curl", string(out))
		out, err = exec.Command(curl, "-sS", "-o", "/dev/null", "-w", "%{http_code}", strings.Replace(down.URL, "txt?", "txu?", 1)).CombinedOutput()
		require.NoError(t, err)
		require.Equal(t, "403", string(out), "another key")
		head, err := s3.HeadObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "a b/ü+%.txt"})
		require.NoError(t, err)
		require.Equal(t, "text/plain", head.ContentType)
	})
}

// onlyReads hides what else a reader can do.
type onlyReads struct{ io.Reader }
