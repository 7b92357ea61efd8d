package s3test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signature is what a request says of its own signature.
type signature struct {
	scope     []string // access key ID, day, region, service, aws4_request
	names     []string // of the signed fields
	given     string
	date      string
	payload   string
	presigned bool
}

const algorithm = "AWS4-HMAC-SHA256"

// authenticate verifies a request's signature, by what was on the wire.
func (s *Server) authenticate(r *request) error {
	sig, err := readSignature(r)
	if err != nil {
		return err
	}
	key, ok := s.opts.Keys[sig.scope[0]]
	if !ok {
		return refuse(http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	}
	if sig.scope[2] != s.opts.Region {
		return refuse(http.StatusBadRequest, "AuthorizationHeaderMalformed", "The region '"+sig.scope[2]+"' is wrong; expecting '"+s.opts.Region+"'")
	}
	if err := sig.checkDate(r); err != nil {
		return err
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(sig.names, name) && !sig.presigned {
			return refuse(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed: "+name)
		}
	}
	if hex.EncodeToString(sig.mac(key, canonical(r, sig))) != sig.given {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	}
	if strings.HasPrefix(sig.payload, "STREAMING-") || sig.payload == "UNSIGNED-PAYLOAD" {
		return nil
	}
	if sum := sha256.Sum256(r.body); hex.EncodeToString(sum[:]) != sig.payload {
		return refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

func readSignature(r *request) (*signature, error) {
	sig := &signature{date: r.Header.Get("X-Amz-Date"), payload: r.Header.Get("X-Amz-Content-Sha256")}
	var scope, names string
	if given := r.query.Get("X-Amz-Signature"); given != "" {
		sig.presigned, sig.given, sig.date = true, given, r.query.Get("X-Amz-Date")
		scope, names = r.query.Get("X-Amz-Credential"), r.query.Get("X-Amz-SignedHeaders")
		if sig.payload == "" {
			sig.payload = "UNSIGNED-PAYLOAD"
		}
	} else {
		rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
		if !ok {
			return nil, refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
		}
		for part := range strings.SplitSeq(rest, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch name {
			case "Credential":
				scope = value
			case "SignedHeaders":
				names = value
			case "Signature":
				sig.given = value
			}
		}
	}
	sig.scope, sig.names = strings.Split(scope, "/"), strings.Split(names, ";")
	if len(sig.scope) != 5 || sig.scope[3] != "s3" || sig.scope[4] != "aws4_request" || !slices.Contains(sig.names, "host") {
		return nil, refuse(http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header that you provided is not valid.")
	}
	if sig.payload == "" {
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
	}
	return sig, nil
}

func (sig *signature) checkDate(r *request) error {
	at, err := time.Parse("20060102T150405Z", sig.date)
	if err != nil || at.Format("20060102") != sig.scope[1] {
		return refuse(http.StatusForbidden, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
	}
	off := time.Since(at)
	if sig.presigned {
		seconds, err := strconv.Atoi(r.query.Get("X-Amz-Expires"))
		if err != nil || seconds < 1 || seconds > 604_800 {
			return refuse(http.StatusBadRequest, "AuthorizationQueryParametersError", "X-Amz-Expires must be a number from 1 to 604800")
		}
		if off > time.Duration(seconds)*time.Second {
			return refuse(http.StatusForbidden, "AccessDenied", "Request has expired")
		}
		return nil
	}
	if off.Abs() > 15*time.Minute {
		return refuse(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	}
	return nil
}

// canonical is the canonical request.
func canonical(r *request, sig *signature) string {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" || strings.HasPrefix(pair, "X-Amz-Signature=") {
			continue
		}
		if !strings.Contains(pair, "=") {
			pair += "="
		}
		pairs = append(pairs, pair)
	}
	// By name and then by value: '=' sorts before what may follow it in a longer name,
	// but for '-' and '.', so that names are compared by themselves.
	slices.SortFunc(pairs, func(a, b string) int {
		an, av, _ := strings.Cut(a, "=")
		bn, bv, _ := strings.Cut(b, "=")
		if c := strings.Compare(an, bn); c != 0 {
			return c
		}
		return strings.Compare(av, bv)
	})
	lines := []string{r.Method, path, strings.Join(pairs, "&")}
	for _, name := range sig.names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(value), " "))
	}
	return strings.Join(append(lines, "", strings.Join(sig.names, ";"), sig.payload), "\n")
}

func (sig *signature) mac(key, request string) []byte {
	sum := sha256.Sum256([]byte(request))
	scope := sig.scope[1:]
	text := strings.Join([]string{algorithm, sig.date, strings.Join(scope, "/"), hex.EncodeToString(sum[:])}, "\n")
	mac := []byte("AWS4" + key)
	for _, part := range append(slices.Clone(scope), text) {
		h := hmac.New(sha256.New, mac)
		h.Write([]byte(part))
		mac = h.Sum(nil)
	}
	return mac
}
