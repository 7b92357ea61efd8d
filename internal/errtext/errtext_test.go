package errtext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/errtext"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestRepeated(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"verify: wrong issuer: expected \"x\"": "",
		"verify: wrong issuer: wrong issuer":   "wrong issuer",
		"rate limit: ratelimit: wait":          "ratelimit",
		"Keys unavailable: keys  unavailable":  "keys  unavailable",
		"GET /: -: -: refused":                 "",
		"client: auth: the client is missing":  "",
	} {
		require.Equal(t, want, errtext.Repeated(text), text)
	}
}

func TestRepeatedWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"verify: wrong issuer: no":        "",
		"wrong issuer: the wrong issuer":  "wrong issuer",
		"token: Token expired":            "token token",
		`"a b" is not "a b", and \"a b\"`: "",
		"a b\na b":                        "",
		"does not match: it does not, no": "does not",
		"the key's: key: keys of a key":   "",
	} {
		require.Equal(t, want, errtext.RepeatedWords(text), text)
	}
}
