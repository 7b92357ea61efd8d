package sigv4

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// suiteCase is a folder of AWS's suite.
type suiteCase struct {
	dir     string
	context struct {
		Credentials struct {
			ID     string `json:"access_key_id"`
			Secret string `json:"secret_access_key"`
			Token  string `json:"token"`
		} `json:"credentials"`
		Expires   int       `json:"expiration_in_seconds"`
		Normalize bool      `json:"normalize"`
		Region    string    `json:"region"`
		Service   string    `json:"service"`
		SignBody  bool      `json:"sign_body"`
		OmitToken bool      `json:"omit_session_token"`
		Timestamp time.Time `json:"timestamp"`
	}
}

func suite(t *testing.T) []suiteCase {
	dirs, err := filepath.Glob("testdata/suite/v4/*")
	require.NoError(t, err)
	require.Len(t, dirs, 38, "every case of the suite")
	cases := make([]suiteCase, len(dirs))
	for i, dir := range dirs {
		cases[i].dir = dir
		raw, err := os.ReadFile(filepath.Join(dir, "context.json"))
		require.NoError(t, err)
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&cases[i].context))
	}
	return cases
}

func (c *suiteCase) signer() *Signer {
	return &Signer{
		Region: c.context.Region, Service: c.context.Service,
		EncodeOnce: true, KeepPath: !c.context.Normalize, UnsignedToken: c.context.OmitToken,
	}
}

func (c *suiteCase) credentials() Credentials {
	k := c.context.Credentials
	return Credentials{ID: k.ID, Secret: k.Secret, Token: k.Token}
}

// read reads a request as the suite writes it: the target unescaped, no space behind
// the colons.
func (c *suiteCase) read(t *testing.T, name string) (*http.Request, string) {
	f, err := os.Open(filepath.Join(c.dir, name))
	require.NoError(t, err)
	defer f.Close()
	r := textproto.NewReader(bufio.NewReader(f))
	line, err := r.ReadLine()
	require.NoError(t, err)
	method, rest, _ := strings.Cut(line, " ")
	target, ok := strings.CutSuffix(rest, " HTTP/1.1")
	require.True(t, ok, line)
	h, err := r.ReadMIMEHeader()
	if err != io.EOF {
		require.NoError(t, err)
	}
	body, err := io.ReadAll(r.R)
	require.NoError(t, err)
	req := &http.Request{Method: method, URL: &url.URL{Scheme: "https"}, Header: http.Header(h), Host: h.Get("Host")}
	req.URL.Path, req.URL.RawQuery, _ = strings.Cut(target, "?")
	if n := h.Get("Content-Length"); n != "" {
		req.ContentLength, err = strconv.ParseInt(n, 10, 64)
		require.NoError(t, err)
	}
	h.Del("Host")
	h.Del("Content-Length")
	return req, string(body)
}

func (c *suiteCase) text(t *testing.T, name string) string {
	raw, err := os.ReadFile(filepath.Join(c.dir, name))
	require.NoError(t, err)
	return strings.TrimSpace(string(raw))
}

func TestSuiteHeader(t *testing.T) {
	for _, c := range suite(t) {
		t.Run(filepath.Base(c.dir), func(t *testing.T) {
			req, body := c.read(t, "request.txt")
			sum := sha256.Sum256([]byte(body))
			payload := hex.EncodeToString(sum[:])
			if c.context.SignBody {
				req.Header.Set(ContentHash, payload)
			}
			require.NoError(t, c.signer().Sign(req, c.credentials(), payload, c.context.Timestamp))
			require.Contains(t, req.Header.Get("Authorization"), "Signature="+c.text(t, "header-signature.txt"))
			want, _ := c.read(t, "header-signed-request.txt")
			require.Equal(t, want.Header, req.Header)
		})
	}
}

func TestSuiteQuery(t *testing.T) {
	for _, c := range suite(t) {
		t.Run(filepath.Base(c.dir), func(t *testing.T) {
			req, body := c.read(t, "request.txt")
			sum := sha256.Sum256([]byte(body))
			lifetime := time.Duration(c.context.Expires) * time.Second
			names, err := c.signer().Presign(req, c.credentials(), hex.EncodeToString(sum[:]), c.context.Timestamp, lifetime)
			require.NoError(t, err)
			require.Equal(t, c.text(t, "query-signature.txt"), req.URL.Query().Get("X-Amz-Signature"))
			want, _ := c.read(t, "query-signed-request.txt")
			require.Equal(t, want.URL.Query(), req.URL.Query())
			require.Equal(t, want.Header, req.Header, "presigning changes no field")
			require.Equal(t, want.URL.Query().Get("X-Amz-SignedHeaders"), strings.Join(names, ";"))
		})
	}
}
