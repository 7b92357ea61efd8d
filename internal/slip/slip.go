// Package slip recognizes what comes with a secret by mistake, as editors, copies and
// shells leave it.
package slip

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Check returns what is wrong with a secret of one line, without a part of it: white
// space around it, a byte order mark, a second line. Bytes that are no text may hold line
// breaks.
func Check(secret string) error {
	switch {
	case strings.HasPrefix(secret, "\ufeff"):
		return errors.New("a byte order mark before the secret")
	case strings.TrimSpace(secret) != secret:
		return errors.New("white space around the secret")
	case utf8.ValidString(secret) && strings.ContainsAny(secret, "\r\n"):
		return errors.New("a second line in the secret")
	}
	return nil
}
