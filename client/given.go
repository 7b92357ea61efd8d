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
	// It is a secret as a whole and in its parts: a service may quote any of them.
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
// Redacting every "1" and "true" would leave an error unreadable, and hide nothing.
const minGiven = 8

// givenSecrets adds what the caller has put on the request that is a credential by its
// name: header fields, cookies and query parameters. The stack's own credential is
// known by what it adds; the caller's can only be guessed.
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
			// One of many cookies may be the session, and come back alone.
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
// holds a credential, as far as names tell. A page's token is none. An idempotency key
// or a cursor would else disappear from the very message that is about it.
func namesCredential(name string) bool {
	name = lower(name)
	if containsAny(name, "idempotency", "page", "cursor", "continuation", "next") {
		return false
	}
	return containsAny(name, "auth", "cookie", "key", "token", "secret", "passw", "credential", "signature", "session") || name == "sig"
}
