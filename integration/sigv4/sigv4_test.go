package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsv4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// requests is how many are signed by both signers. The same seed draws the same.
const requests, seed = 10_000, 1

// draw makes requests at random, such as both signers sign in the same way. What is left
// out, and why the project's signer is right to differ:
//   - S3 paths that are not in AWS's encoding: the official signer takes them as they
//     are, the project's sends them encoded, which is what it signs;
//   - dot segments and empty ones in the paths of other services: the official signer
//     leaves them in, against AWS's own suite;
//   - semicolons and malformed escapes in the query: net/url drops such parameters, and
//     the official signer with them;
//   - the fields that proxies and tracing change, Accept-Encoding and traceparent say:
//     the official signer signs them;
//   - header fields that it moves into the query of a presigned URL.
type draw struct{ *rand.Rand }

const (
	plain = "abcXYZ019-._~"
	odd   = plain + " !\"#$&'()*+,:<=>?@[]^`{|}\u00e9\u4e16\x00\x7f"
)

func (d draw) pick(from string, most int) string {
	runes := []rune(from)
	out := make([]rune, d.IntN(most+1))
	for i := range out {
		out[i] = runes[d.IntN(len(runes))]
	}
	return string(out)
}

func encoded(s string, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(plain+keep, s[i]) >= 0 || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i] >= '0' && s[i] <= '9' {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

func (d draw) path(s3 bool) string {
	segments := make([]string, 1+d.IntN(4))
	for i := range segments {
		segments[i] = encoded(d.pick(odd, 8), "")
		if !s3 {
			segments[i] = "s" + segments[i]
		}
	}
	return "/" + strings.Join(segments, "/")
}

func (d draw) query() string {
	pairs := make([]string, d.IntN(5))
	for i := range pairs {
		// Few names, so that some come twice.
		pairs[i] = encoded(d.pick("aB%+ ", 2), "+") + [...]string{"", "=", "=" + encoded(d.pick(odd, 6), "+:,/")}[d.IntN(3)]
	}
	return strings.Join(pairs, "&")
}

func (d draw) value() string {
	return strings.Repeat(" ", d.IntN(3)) + d.pick("ab  \t;,=\"\u00e9", 12) + strings.Repeat(" ", d.IntN(3))
}

func (d draw) header() http.Header {
	h := http.Header{}
	for range d.IntN(5) {
		name := [...]string{
			"Content-Type", "Range", "If-Match", "X-Amz-Meta-A", "X-Amz-Meta-B-C", "X-Amz-Acl", "Cache-Control", "X-Custom", "User-Agent",
		}[d.IntN(9)]
		h[name] = append(h[name], d.value())
	}
	return h
}

// sample is one request and what it is signed with.
type sample struct {
	service, region string
	token           string
	unsigned        bool
	build           func() *http.Request
	payload         string
}

func (d draw) sample() sample {
	s := sample{
		service: [...]string{"s3", "sqs"}[d.IntN(2)],
		region:  [...]string{"us-east-1", "eu-central-1", "auto"}[d.IntN(3)],
		token:   [...]string{"", "tok/en+=="}[d.IntN(2)],
	}
	host := [...]string{"bucket.s3.amazonaws.com", "example.com:8443", "example.com:443", "[2001:db8::1]:9000"}[d.IntN(4)]
	raw := "https://" + host + d.path(s.service == "s3") + "?" + d.query()
	method := [...]string{"GET", "HEAD", "PUT", "POST", "DELETE"}[d.IntN(5)]
	h, body := d.header(), d.pick(odd, 40)
	override := d.IntN(4) == 0
	with := method == "PUT" || method == "POST"
	if !with {
		body = ""
	}
	sum := sha256.Sum256([]byte(body))
	s.payload = hex.EncodeToString(sum[:])
	s.unsigned = s.service == "s3" && with && body != "" && d.IntN(2) == 0
	if s.unsigned {
		s.payload = "UNSIGNED-PAYLOAD"
	}
	s.build = func() *http.Request {
		var content io.Reader
		if with {
			content = strings.NewReader(body)
		}
		req, err := http.NewRequest(method, raw, content)
		if err != nil {
			panic(err)
		}
		req.Header = h.Clone()
		if override {
			req.Host = "other.example.com"
		}
		return req
	}
	return s
}

func (s *sample) signer() *s3.Signer {
	key := s3.AccessKey{ID: secret.Static("AKIDEXAMPLE"), Secret: secret.Static("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")}
	if s.token != "" {
		key.Token = secret.Static(s.token)
	}
	return s3.SigV4(s3.SigV4Config{Credentials: key, Region: s.region, Service: s.service, UnsignedPayload: s.unsigned})
}

func (s *sample) official() (*awsv4.Signer, aws.Credentials) {
	signer := awsv4.NewSigner(func(o *awsv4.SignerOptions) {
		o.DisableURIPathEscaping = s.service == "s3"
	})
	return signer, aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: s.token}
}

// at lets the virtual clock stand at some time of some day.
func (d draw) at() { time.Sleep(time.Duration(d.IntN(90_000)) * time.Second) }

func TestHeadersAgreeWithTheOfficialSigner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := draw{rand.New(rand.NewPCG(seed, 1))}
		for i := range requests {
			d.at()
			s := d.sample()
			theirs, ours := s.build(), s.build()
			if s.service == "s3" {
				theirs.Header.Set("X-Amz-Content-Sha256", s.payload)
			}
			signer, credentials := s.official()
			require.NoError(t, signer.SignHTTP(context.Background(), credentials, theirs, s.payload, s.service, s.region, time.Now()))
			require.NoError(t, s.signer().Authorize(ours))
			name := fmt.Sprintf("request %d of seed %d: %s %s %q", i, seed, s.service, theirs.URL, theirs.Header)
			require.Equal(t, theirs.Header, ours.Header, name)
			require.Equal(t, theirs.URL.String(), ours.URL.String(), name)
			require.Equal(t, theirs.Host, ours.Host, name)
		}
	})
}

func TestPresignedURLsAgreeWithTheOfficialSigner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := draw{rand.New(rand.NewPCG(seed, 2))}
		for i := range requests {
			d.at()
			s := d.sample()
			theirs := s.build()
			theirs.Host, theirs.ContentLength, theirs.Body = "", 0, nil
			lifetime := time.Duration(1+d.IntN(7*24*3600)) * time.Second
			ask := s3.PresignRequest{Method: theirs.Method, URL: theirs.URL.String(), Header: theirs.Header.Clone(), Expires: lifetime}
			payload := "UNSIGNED-PAYLOAD"
			if s.service != "s3" {
				payload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
			}
			if d.IntN(4) == 0 {
				theirs.ContentLength = 1 + d.Int64N(1<<30)
				ask.Header.Set("Content-Length", strconv.FormatInt(theirs.ContentLength, 10))
			}
			q := theirs.URL.Query()
			q.Set("X-Amz-Expires", strconv.Itoa(int(lifetime/time.Second)))
			theirs.URL.RawQuery = q.Encode()
			signer, credentials := s.official()
			want, _, err := signer.PresignHTTP(context.Background(), credentials, theirs, payload, s.service, s.region, time.Now())
			require.NoError(t, err)
			got, err := s.signer().Presign(t.Context(), ask)
			require.NoError(t, err)
			a, err := url.Parse(want)
			require.NoError(t, err)
			b, err := url.Parse(got.URL)
			require.NoError(t, err)
			name := fmt.Sprintf("request %d of seed %d: %s", i, seed, want)
			require.Equal(t, a.Query(), b.Query(), name)
			require.Equal(t, a.EscapedPath(), b.EscapedPath(), name)
			require.Equal(t, want, got.URL, name)
		}
	})
}
