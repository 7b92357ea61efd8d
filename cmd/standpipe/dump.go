package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// maxDump is the largest request that is read: the largest that any provider
// sends (inbound mail, 30 MB), and its headers.
const maxDump = 32 << 20

// dump is a request as text: what travelled, or what someone copied.
type dump struct {
	method string
	url    *url.URL
	host   string
	header http.Header
	body   []byte
	notes  []string // what looks wrong with the copy
}

// readAll reads a whole input under the limit.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDump+1))
	if err == nil && len(data) > maxDump {
		err = fmt.Errorf("more than %d bytes", maxDump)
	}
	return data, err
}

// readDump reads a request: request line, header fields, blank line, body. The
// request line may be missing, which means POST. Lines may end in CR LF or LF;
// the body is taken as it is.
func readDump(data []byte) (*dump, error) {
	head, body, ok := cutHead(data)
	if !ok || len(bytes.TrimSpace(head)) == 0 {
		return nil, errors.New("no header fields with a blank line after them: this is not a raw HTTP request")
	}
	d := &dump{method: http.MethodPost, url: &url.URL{Path: "/"}, body: body}
	line, fields, _ := bytes.Cut(head, []byte("\n"))
	if method, target, found := requestLine(string(bytes.TrimRight(line, "\r"))); found {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Opaque != "" {
			return nil, errors.New("the request line's target is malformed")
		}
		d.method, d.url = method, u
	} else {
		fields = head
	}
	header, err := textproto.NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(fields), strings.NewReader("\r\n\r\n")))).ReadMIMEHeader()
	if err != nil {
		return nil, errors.New("the header fields are malformed")
	}
	d.header = http.Header(header)
	// A value that is folded onto an empty line would end in a space, which is none of it
	// (RFC 9110 §5.5).
	for _, values := range d.header {
		for i, v := range values {
			values[i] = textproto.TrimString(v)
		}
	}
	d.host = d.header.Get("Host")
	delete(d.header, "Host")
	return d, d.readFraming()
}

// cutHead splits at the first blank line, whatever the line ends.
func cutHead(data []byte) (head, body []byte, ok bool) {
	for i := 0; i < len(data); {
		end := bytes.IndexByte(data[i:], '\n')
		if end < 0 {
			return nil, nil, false
		}
		if line := data[i : i+end]; i > 0 && (len(line) == 0 || string(line) == "\r") {
			return data[:i], data[i+end+1:], true
		}
		i += end + 1
	}
	return nil, nil, false
}

// requestLine recognises "POST /hook HTTP/1.1", with or without the version.
func requestLine(line string) (method, target string, ok bool) {
	parts := strings.Split(line, " ")
	if len(parts) != 2 && len(parts) != 3 || len(parts) == 3 && !strings.HasPrefix(parts[2], "HTTP/") {
		return "", "", false
	}
	for _, c := range parts[0] {
		if c < 'A' || c > 'Z' {
			return "", "", false
		}
	}
	return parts[0], parts[1], parts[0] != ""
}

// readFraming applies Content-Length and chunks, and notes where they and the
// body disagree: a copy through an editor or a log loses or gains bytes.
func (d *dump) readFraming() error {
	if strings.EqualFold(d.header.Get("Transfer-Encoding"), "chunked") {
		body, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(d.body)))
		if err != nil {
			return errors.New("Transfer-Encoding says chunked, but the body is not: remove that line if the body is already whole")
		}
		d.body = body
		delete(d.header, "Transfer-Encoding")
	}
	text := d.header.Get("Content-Length")
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 0:
		d.notes = append(d.notes, "Content-Length is not a number")
	case n < len(d.body) && len(bytes.Trim(d.body[n:], "\r\n")) == 0:
		d.notes = append(d.notes, fmt.Sprintf("the copy has %d bytes of line ends after the %d that Content-Length announces; they were left out", len(d.body)-n, n))
		d.body = d.body[:n]
	case n != len(d.body):
		d.notes = append(d.notes, fmt.Sprintf("the body has %d bytes but Content-Length says %d: the copy is not what was sent", len(d.body), n))
	}
	return nil
}

// writeTo writes the request as readDump reads it.
func (d *dump) writeTo(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s %s HTTP/1.1\r\n", d.method, d.url.RequestURI())
	if d.host != "" {
		fmt.Fprintf(b, "Host: %s\r\n", d.host)
	}
	for _, name := range sortedNames(d.header) {
		if name == "Content-Length" {
			continue
		}
		for _, v := range d.header[name] {
			fmt.Fprintf(b, "%s: %s\r\n", name, v)
		}
	}
	fmt.Fprintf(b, "Content-Length: %d\r\n\r\n", len(d.body))
	_, _ = b.Write(d.body) // Flush reports it
	return b.Flush()
}

// dumpOf makes a dump of a request whose body was read.
func dumpOf(r *http.Request, body []byte) *dump {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return &dump{method: r.Method, url: r.URL, host: host, header: r.Header.Clone(), body: body}
}
