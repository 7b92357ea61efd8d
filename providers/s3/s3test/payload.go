package s3test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strconv"
	"strings"
)

// unwrap takes the chunks off a body that an SDK has sent in them, and verifies the
// digests that came with it.
func (s *Server) unwrap(r *request) error {
	switch kind := r.Header.Get("X-Amz-Content-Sha256"); {
	case kind == "STREAMING-UNSIGNED-PAYLOAD-TRAILER" && !s.opts.R2:
		if err := r.unchunk(); err != nil {
			return err
		}
	case strings.HasPrefix(kind, "STREAMING-"):
		return refuse(http.StatusNotImplemented, "NotImplemented", kind+" not implemented")
	}
	if want := r.Header.Get("Content-Md5"); want != "" {
		if sum := md5.Sum(r.body); base64.StdEncoding.EncodeToString(sum[:]) != want {
			return refuse(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
		}
	}
	if r.Method == http.MethodPost && r.query.Has("uploadId") {
		return nil // the checksum is that of the object
	}
	for name, make := range checksums {
		if want := r.Header.Get(checksumHeader(name)); want != "" && sumOf(make(), r.body) != want {
			return refuse(http.StatusBadRequest, "BadDigest", "The "+name+" you specified did not match the calculated checksum.")
		}
	}
	return nil
}

var checksums = map[string]func() hash.Hash{
	"CRC32":     func() hash.Hash { return crc32.NewIEEE() },
	"CRC32C":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"CRC64NVME": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"SHA1":      sha1.New,
	"SHA256":    sha256.New,
}

func checksumHeader(name string) string {
	return http.CanonicalHeaderKey("x-amz-checksum-" + strings.ToLower(name))
}

func sumOf(h hash.Hash, data []byte) string {
	h.Write(data)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// unchunk reads aws-chunked, without signatures ("Transferring payloads in multiple
// chunks with trailing headers"): chunks, and fields behind them.
func (r *request) unchunk() error {
	malformed := refuse(http.StatusBadRequest, "IncompleteBody", "The chunks are malformed.")
	var out []byte
	rest := r.body
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		size, err := strconv.ParseUint(string(line), 16, 31)
		if !ok || err != nil || int(size) > len(after) {
			return malformed
		}
		if size == 0 {
			rest = after
			break
		}
		out = append(out, after[:size]...)
		if rest, ok = bytes.CutPrefix(after[size:], []byte("\r\n")); !ok {
			return malformed
		}
	}
	for line := range bytes.SplitSeq(rest, []byte("\r\n")) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			r.Header.Set(string(name), strings.TrimSpace(string(value)))
		}
	}
	if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != strconv.Itoa(len(out)) {
		return malformed
	}
	if encoding := strings.TrimSuffix(r.Header.Get("Content-Encoding"), "aws-chunked"); encoding != r.Header.Get("Content-Encoding") {
		r.Header.Set("Content-Encoding", strings.TrimSuffix(encoding, ","))
	}
	r.body = out
	return nil
}
