package s3_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/s3"
)

// TestLive stores one object under standpipe-live-test, in the bucket S3_BUCKET of the
// region AWS_REGION, and deletes it again.
func TestLive(t *testing.T) {
	c, err := s3.New(s3.Config{
		Bucket: providertest.LiveValue(t, "S3_BUCKET"), Region: providertest.LiveValue(t, "AWS_REGION"),
		Credentials: s3.AccessKey{ID: providertest.Live(t, "AWS_ACCESS_KEY_ID"), Secret: providertest.Live(t, "AWS_SECRET_ACCESS_KEY")},
	})
	require.NoError(t, err)
	const key = "standpipe-live-test/a b+ü%.txt"
	content := []byte("hello, live")
	_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: key}, bytes.NewReader(content))
	require.NoError(t, err)
	w := new(page)
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: key}, w)
	require.NoError(t, err)
	require.Equal(t, content, w.data)
	var keys []string
	for o, err := range s3.ListObjects.All(t.Context(), c.HTTP, s3.ListObjectsInput{Prefix: "standpipe-live-test/"}) {
		require.NoError(t, err)
		keys = append(keys, o.Key)
	}
	require.Contains(t, keys, key)
	require.NoError(t, s3.DeleteAll(t.Context(), c, []string{key}))
	_, err = s3.HeadObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: key})
	require.ErrorIs(t, err, client.ErrNotFound)
}
