package onredis

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// DefaultPrefix begins the names of everything that this package keeps in Redis, unless
// a configuration has another.
const DefaultPrefix = "standpipe"

// longestTag is up to how many bytes a key is part of a name as it is.
const longestTag = 200

// tag puts what belongs together into one slot of a cluster ("Redis cluster
// specification", hash tags). What would end the tag is escaped, so that no two keys are
// the same.
func tag(prefix, key string) string {
	if len(key) > longestTag {
		sum := sha256.Sum256([]byte(key))
		return prefix + ":{%" + hex.EncodeToString(sum[:]) + "}"
	}
	// An empty tag would be none.
	return prefix + ":{=" + escape.Replace(key) + "}"
}

var escape = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")

func prefixOf(prefix string) string {
	if prefix == "" {
		return DefaultPrefix
	}
	return prefix
}
