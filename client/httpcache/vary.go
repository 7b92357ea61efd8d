package httpcache

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/redact"
)

type digest = [sha256.Size]byte

// key is where responses are kept: by URL, and by who has asked.
type key struct{ uri, who digest }

// uriOf is the digest of a URL: one may hold what is secret, and is not kept.
func uriOf(scheme, host, path, query string) digest {
	h := sha256.New()
	part(h, strings.ToLower(scheme))
	part(h, strings.ToLower(host))
	part(h, path)
	part(h, query)
	return digest(h.Sum(nil))
}

func uri(req *http.Request) digest {
	u := req.URL
	host := u.Host
	if req.Host != "" {
		host = req.Host + "\x00" + u.Host // the same where nobody has set it
		if strings.EqualFold(req.Host, u.Host) {
			host = u.Host
		}
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.Opaque != "" {
		path = u.Opaque
	}
	query := u.RawQuery
	if u.ForceQuery {
		query = "?"
	}
	return uriOf(u.Scheme, host, path, query)
}

// trace are fields that are another for each request and say nothing of who asks, beside
// those that are known to hold no credential.
var trace = []string{"Baggage", "Pragma", "Priority", "Tracestate"}

// who is the digest of a caller and of all that a request says of itself that might be a
// credential. A list of what is one would have to know every service's names.
func who(caller string, h http.Header) digest {
	sum := sha256.New()
	part(sum, caller)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if field := http.CanonicalHeaderKey(name); redact.Harmless(field) || slices.Contains(trace, field) {
			continue
		}
		part(sum, strings.ToLower(name))
		for _, v := range h[name] {
			part(sum, v)
		}
		part(sum, "")
	}
	return digest(sum.Sum(nil))
}

// varies are the names in Vary, in canonical form, sorted and each once.
func varies(h http.Header) []string {
	var names []string
	for _, field := range h["Vary"] {
		for name := range strings.SplitSeq(field, ",") {
			if name = strings.Trim(name, " \t"); name != "" {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// variant is the digest of what a request says in the fields that Vary names. Fields are
// the same if only white space differs (RFC 9111 §4.1).
func variant(names []string, h http.Header) digest {
	sum := sha256.New()
	for _, name := range names {
		part(sum, name)
		values := h.Values(name)
		binary.Write(sum, binary.BigEndian, int64(min(len(values), 1))) // absent is not empty
		var members []string
		for _, v := range values {
			for m := range strings.SplitSeq(v, ",") {
				members = append(members, strings.Trim(m, " \t"))
			}
		}
		part(sum, strings.Join(members, ","))
	}
	return digest(sum.Sum(nil))
}

// part writes s so that two lists of parts never run into one another.
func part(h hash.Hash, s string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}
