package peers

import "github.com/standpipe-go/standpipe/compare"

// Callers are the libraries that make calls.
func Callers() []compare.Caller {
	return []compare.Caller{standpipeCaller(), netHTTP(), retryableHTTP(), resty2(), resty3(), failsafeHTTP(), azcoreCaller()}
}
