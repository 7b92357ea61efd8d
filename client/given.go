package client

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// fieldSecrets adds the value of a credential's header field to found, and what is in
// it: the token behind a scheme, and user and password of Basic.
func fieldSecrets(found []string, v string) []string {
	found = append(found, v)
	scheme, rest, ok := strings.Cut(v, " ")
	if !ok {
		return found
	}
	found = append(found, rest)
	if strings.EqualFold(scheme, "Basic") {
		if plain, err := base64.StdEncoding.DecodeString(rest); err == nil {
			user, password, _ := strings.Cut(string(plain), ":")
			if password == "" {
				password = user // a key sent as the user name
			}
			found = append(found, string(plain), password)
		}
	}
	return found
}

// minGiven is how short a value may be to count as a credential by its name alone.
const minGiven = 8

// givenSecrets adds what the caller has put on the request that is a credential by
// its name: header fields, cookies and query parameters.
func givenSecrets(found []string, req *http.Request) []string {
	var given []string
	for name, values := range req.Header {
		if !namesCredential(name) {
			continue
		}
		for _, v := range values {
			given = fieldSecrets(given, v)
			if !sameField(name, "Cookie") {
				continue
			}
			for pair := range strings.SplitSeq(v, ";") {
				if _, value, ok := strings.Cut(pair, "="); ok {
					given = append(given, strings.Trim(value, `" `))
				}
			}
		}
	}
	if req.URL.RawQuery != "" {
		for name, values := range req.URL.Query() {
			if namesCredential(name) {
				given = append(given, values...)
			}
		}
	}
	return append(found, slices.DeleteFunc(given, func(v string) bool { return len(v) < minGiven })...)
}

// namesCredential reports whether a header field or a query parameter of that name
// holds a credential, as far as names tell. A page's token is none.
func namesCredential(name string) bool {
	name = lower(name)
	if containsAny(name, "idempotency", "page", "cursor", "continuation", "next") {
		return false
	}
	return containsAny(name, "auth", "cookie", "key", "token", "secret", "passw", "credential", "signature", "session") || name == "sig"
}
