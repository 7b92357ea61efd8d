package peers

import "github.com/standpipe-go/standpipe/compare"

// Checkers are the libraries that verify tokens.
func Checkers() []compare.Checker {
	return []compare.Checker{standpipeChecker(), golangJWT(), goJOSE(), jwx(), goOIDC()}
}
