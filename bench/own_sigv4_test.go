package bench

import (
	"bytes"
	"io"
	"net/http"

	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

// ownSigV4 returns the project's entries of the group SigV4: with the digest given, as
// the peers have it, and with the one that it takes of a body.
func ownSigV4(c *sigCase) []entry {
	auth := s3.SigV4(s3.SigV4Config{
		Credentials: s3.AccessKey{ID: secret.Static(sigAccess), Secret: secret.Static(sigSecret)},
		Region:      sigRegion,
	})
	sign := func(req *http.Request) error {
		if err := auth.Authorize(req); err != nil {
			return err
		}
		return sigSigned(req)
	}
	return []entry{
		{"own", func() error {
			req := c.request()
			req.Header.Set("X-Amz-Content-Sha256", c.hash())
			return sign(req)
		}},
		{"own-body", func() error {
			req := c.request()
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.body)), nil }
			req.Body, _ = req.GetBody()
			return sign(req)
		}},
	}
}
