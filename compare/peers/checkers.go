package peers

import (
	"errors"

	"github.com/standpipe-go/standpipe/compare"
)

// Checkers are the libraries that verify tokens.
func Checkers() []compare.Checker {
	return []compare.Checker{standpipeChecker(), golangJWT(), goJOSE(), jwx(), goOIDC()}
}

// errIncomplete is the application's own refusal, where the library leaves that to it.
var errIncomplete = errors.New("exp or sub is missing")
