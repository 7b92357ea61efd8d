package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// Sources that know whose secret they hold have the method
//
//	Identity() string
//
// whose result is equal for sources of the same secret and tells nothing about it:
// package client counts the calls of one credential together by it. "" is unknown.
// A fixed secret is told by itself, for as long as the process lives; one in the
// environment or a file by its place, which is the same in the next process.

// digestKey keys the digests: who sees one cannot find the secret by trying.
var digestKey = sync.OnceValue(func() []byte { return []byte(rand.Text()) })

func digest(kind string, parts ...string) string {
	mac := hmac.New(sha256.New, digestKey())
	mac.Write([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// place is a digest of where a secret is, which is no secret.
func place(kind string, parts ...string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Identity is a digest of the newest value, which is the one that is sent.
func (s *static) Identity() string {
	if s.err != nil {
		return ""
	}
	return digest("static", s.values[0].Reveal())
}

// Identity is a digest of the variables' names: the secret in them may change.
func (e *env) Identity() string { return place("env", e.names...) }
