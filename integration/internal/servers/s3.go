package servers

import (
	"fmt"
	"testing"
)

// The access key of the S3 servers, and their region.
const (
	S3AccessKeyID     = "AKIDSTANDPIPE"
	S3SecretAccessKey = "secret/of+the=tests"
	S3Region          = "us-east-1"
)

// Versitygw starts the Versity S3 Gateway over an empty directory. Buckets are made by
// their first PUT.
func Versitygw(t testing.TB) *Server {
	t.Helper()
	data, meta := t.TempDir(), t.TempDir() // which need not know extended attributes
	return GoTool(t, "github.com/versity/versitygw/cmd/versitygw", func(port int) []string {
		return []string{"--port", fmt.Sprintf("127.0.0.1:%d", port), "--region", S3Region, "--keep-alive", "--quiet", "posix", "--sidecar", meta, data}
	}, "ROOT_ACCESS_KEY="+S3AccessKeyID, "ROOT_SECRET_KEY="+S3SecretAccessKey)
}

// MinIO starts MinIO over an empty directory. It is run and never imported: its module
// graph stands in minio.mod.
func MinIO(t testing.TB) *Server {
	t.Helper()
	const path = "github.com/minio/minio"
	data := t.TempDir()
	return program(t, path, GoToolPath(t, path, "-modfile=minio.mod"), func(port int) []string {
		return []string{"server", "--quiet", "--address", fmt.Sprintf("127.0.0.1:%d", port), data}
	}, "MINIO_ROOT_USER="+S3AccessKeyID, "MINIO_ROOT_PASSWORD="+S3SecretAccessKey, "MINIO_BROWSER=off", "MINIO_UPDATE=off", "MINIO_REGION="+S3Region)
}
