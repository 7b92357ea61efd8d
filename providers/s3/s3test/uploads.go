package s3test

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// upload is one in parts, under way.
type upload struct {
	key       string
	header    http.Header
	algorithm string // of its checksums; "" is none
	full      bool   // one checksum of all of it
	begun     time.Time
	parts     map[int]*object
}

var errNoUpload = refuse(http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")

func (s *Server) createUpload(w http.ResponseWriter, r *request) error {
	u := &upload{
		key: r.key, header: settings(r.Header), algorithm: r.Header.Get("X-Amz-Checksum-Algorithm"),
		full: r.Header.Get("X-Amz-Checksum-Type") == "FULL_OBJECT", begun: time.Now(), parts: map[int]*object{},
	}
	if u.algorithm != "" && checksums[u.algorithm] == nil {
		return refuse(http.StatusBadRequest, "InvalidRequest", "Checksum algorithm provided is unsupported.")
	}
	s.mu.Lock()
	s.serial++
	id := fmt.Sprintf("upload-%d", s.serial)
	r.bucket.uploads[id] = u
	s.mu.Unlock()
	return writeDocument(w, struct {
		XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Key      string
		UploadID string `xml:"UploadId"`
	}{Key: r.key, UploadID: id})
}

func (s *Server) uploadPart(w http.ResponseWriter, r *request) error {
	number, err := strconv.Atoi(r.query.Get("partNumber"))
	if err != nil || number < 1 || number > 10_000 {
		return refuse(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := r.bucket.uploads[r.query.Get("uploadId")]
	if u == nil || u.key != r.key {
		return errNoUpload
	}
	if u.algorithm != "" && r.Header.Get(checksumHeader(u.algorithm)) == "" {
		return refuse(http.StatusBadRequest, "InvalidRequest", "The upload was created using a "+u.algorithm+" checksum. The complete request must include the checksum for each part.")
	}
	o := newObject(r.body, http.Header{})
	u.parts[number] = o
	w.Header().Set("ETag", o.etag)
	return nil
}

type completedPart struct {
	PartNumber        int
	ETag              string
	ChecksumCRC32     string
	ChecksumCRC32C    string
	ChecksumCRC64NVME string
	ChecksumSHA1      string
	ChecksumSHA256    string
}

func (p *completedPart) checksum(algorithm string) string {
	return map[string]string{
		"CRC32": p.ChecksumCRC32, "CRC32C": p.ChecksumCRC32C, "CRC64NVME": p.ChecksumCRC64NVME, "SHA1": p.ChecksumSHA1, "SHA256": p.ChecksumSHA256,
	}[algorithm]
}

const minPart = 5 << 20

func (s *Server) completeUpload(w http.ResponseWriter, r *request) error {
	id := r.query.Get("uploadId")
	s.mu.Lock()
	u := r.bucket.uploads[id]
	s.mu.Unlock()
	if u == nil || u.key != r.key {
		return errNoUpload
	}
	var in struct {
		XMLName xml.Name        `xml:"CompleteMultipartUpload"`
		Parts   []completedPart `xml:"Part"`
	}
	if err := xml.Unmarshal(r.body, &in); err != nil || len(in.Parts) == 0 {
		return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	o, err := s.assemble(u, in.Parts)
	if err != nil {
		return err
	}
	if want := r.Header.Get(checksumHeader(cmp.Or(u.algorithm, "none"))); u.full && want != "" && want != o.header.Get(checksumHeader(u.algorithm)) {
		return refuse(http.StatusBadRequest, "BadDigest", "The "+u.algorithm+" you specified did not match the calculated checksum.")
	}
	if err := s.store(r, o); err != nil {
		return err
	}
	s.mu.Lock()
	delete(r.bucket.uploads, id)
	s.mu.Unlock()
	return writeDocument(w, struct {
		XMLName           xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Key               string
		ETag              string
		ChecksumType      string `xml:",omitempty"`
		ChecksumCRC64NVME string `xml:",omitempty"`
		ChecksumCRC32     string `xml:",omitempty"`
		ChecksumCRC32C    string `xml:",omitempty"`
	}{
		Key: r.key, ETag: o.etag, ChecksumType: o.header.Get("X-Amz-Checksum-Type"), ChecksumCRC64NVME: o.header.Get(checksumHeader("CRC64NVME")),
		ChecksumCRC32: o.header.Get(checksumHeader("CRC32")), ChecksumCRC32C: o.header.Get(checksumHeader("CRC32C")),
	})
}

// assemble makes an object of the parts.
func (s *Server) assemble(u *upload, parts []completedPart) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var data, tags, sums []byte
	for i, p := range parts {
		part := u.parts[p.PartNumber]
		switch {
		case i > 0 && p.PartNumber <= parts[i-1].PartNumber:
			return nil, refuse(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order.")
		case part == nil || strings.Trim(p.ETag, `"`) != strings.Trim(part.etag, `"`):
			return nil, refuse(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
		case i < len(parts)-1 && len(part.data) < minPart:
			return nil, refuse(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		case s.opts.R2 && u.full && u.algorithm != "CRC64NVME":
			return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The checksum type is not supported for the algorithm.")
		case s.opts.R2 && i < len(parts)-1 && len(part.data) != len(u.parts[parts[0].PartNumber].data):
			return nil, refuse(http.StatusBadRequest, "InvalidPart", "All non-trailing parts must have the same length.")
		}
		if u.algorithm != "" {
			sum := sumOf(checksums[u.algorithm](), part.data)
			if given := p.checksum(u.algorithm); given != sum && (given != "" || !u.full) {
				return nil, refuse(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found. The checksum of a part does not match.")
			}
			raw, _ := base64.StdEncoding.DecodeString(sum)
			sums = append(sums, raw...)
		}
		raw, _ := hex.DecodeString(strings.Trim(part.etag, `"`))
		tags = append(tags, raw...)
		data = append(data, part.data...)
	}
	sum, count := md5.Sum(tags), "-"+strconv.Itoa(len(parts))
	o := &object{data: data, header: u.header.Clone(), etag: `"` + hex.EncodeToString(sum[:]) + count + `"`, modified: time.Now().Truncate(time.Second)}
	switch {
	case u.algorithm == "":
	case u.full:
		o.header.Set(checksumHeader(u.algorithm), sumOf(checksums[u.algorithm](), data))
		o.header.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	default:
		o.header.Set(checksumHeader(u.algorithm), sumOf(checksums[u.algorithm](), sums)+count)
		o.header.Set("X-Amz-Checksum-Type", "COMPOSITE")
	}
	return o, nil
}

func (s *Server) abortUpload(w http.ResponseWriter, r *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.query.Get("uploadId")
	if r.bucket.uploads[id] == nil {
		return errNoUpload
	}
	delete(r.bucket.uploads, id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) listUploads(w http.ResponseWriter, r *request) error {
	type listed struct {
		Key       string
		UploadID  string `xml:"UploadId"`
		Initiated time.Time
	}
	out := struct {
		XMLName            xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
		IsTruncated        bool
		NextKeyMarker      string   `xml:",omitempty"`
		NextUploadIDMarker string   `xml:"NextUploadIdMarker,omitempty"`
		Uploads            []listed `xml:"Upload"`
	}{}
	most := 1000
	if n, err := strconv.Atoi(r.query.Get("max-uploads")); err == nil && n > 0 {
		most = min(n, most)
	}
	s.mu.Lock()
	for id, u := range r.bucket.uploads {
		out.Uploads = append(out.Uploads, listed{u.key, id, u.begun.UTC()})
	}
	s.mu.Unlock()
	slices.SortFunc(out.Uploads, func(a, b listed) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.UploadID, b.UploadID))
	})
	key, id, prefix := r.query.Get("key-marker"), r.query.Get("upload-id-marker"), r.query.Get("prefix")
	out.Uploads = slices.DeleteFunc(out.Uploads, func(l listed) bool {
		return !strings.HasPrefix(l.Key, prefix) || l.Key < key || l.Key == key && l.UploadID <= id
	})
	if len(out.Uploads) > most {
		out.Uploads = out.Uploads[:most]
		last := out.Uploads[most-1]
		out.IsTruncated, out.NextKeyMarker, out.NextUploadIDMarker = true, last.Key, last.UploadID
	}
	return writeDocument(w, out)
}
