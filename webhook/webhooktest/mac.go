package webhooktest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"strings"
)

var errBlankSecret = errors.New("the secret is blank")

// hmacSHA256 returns the MAC over the parts, one after the other.
func hmacSHA256(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// hmacSHA1 returns the MAC that the oldest schemes still use.
func hmacSHA1(key []byte, parts ...string) []byte {
	h := hmac.New(sha1.New, key)
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// notBlank refuses secrets that no provider would issue.
func notBlank(secrets ...string) error {
	for _, s := range secrets {
		if strings.TrimSpace(s) == "" {
			return errBlankSecret
		}
	}
	return nil
}
