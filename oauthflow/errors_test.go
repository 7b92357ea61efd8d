package oauthflow_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// What an error says, for each combination of what is known.
func TestTokenErrorSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	cause := errors.New("reset")
	for want, e := range map[string]oauthflow.TokenError{
		`oauthflow: op: the server refused without saying why`:                   {},
		`oauthflow: op (HTTP status 400): the server refused without saying why`: {Status: 400},
		`oauthflow: op: "c"`:                         {Code: "c"},
		`oauthflow: op: "d"`:                         {Description: "d"},
		`oauthflow: op: "c" "d" (HTTP status 400)`:   {Code: "c", Description: "d", Status: 400},
		`oauthflow: op: reset`:                       {Err: cause},
		`oauthflow: op: "c" (HTTP status 1): reset`:  {Code: "c", Status: 1, Err: cause},
		`oauthflow: op: "d" (HTTP status -1): reset`: {Description: "d", Status: -1, Err: cause},
		`oauthflow: op: no usable response; the request was sent and may have taken effect`:                        {MaybeApplied: true},
		`oauthflow: op (HTTP status 502): no usable response; the request was sent and may have taken effect`:      {Status: 502, MaybeApplied: true},
		`oauthflow: op: "d" (HTTP status 502): no usable response; the request was sent and may have taken effect`: {Description: "d", Status: 502, MaybeApplied: true},
		`oauthflow: op: "c" (HTTP status 502); the request was sent and may have taken effect`:                     {Code: "c", Status: 502, MaybeApplied: true},
		`oauthflow: op: "c" "d" (HTTP status 502): reset; the request was sent and may have taken effect`:          {Code: "c", Description: "d", Status: 502, MaybeApplied: true, Err: cause},
		`oauthflow: op: reset; the request was sent and may have taken effect`:                                     {MaybeApplied: true, Err: cause},
	} {
		e.Op = "op"
		require.Equal(t, want, e.Error())
	}
}

func TestCallbackErrorSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	cause := errors.New("why")
	for want, e := range map[string]oauthflow.CallbackError{
		`oauthflow: callback: why`:            {Err: cause},
		`oauthflow: callback: why: "c"`:       {Err: cause, Code: "c"},
		`oauthflow: callback: why "d"`:        {Err: cause, Description: "d"},
		`oauthflow: callback: why: "c" "d"`:   {Err: cause, Code: "c", Description: "d"},
		`oauthflow: callback: why: "c\n" "d"`: {Err: cause, Code: "c\n", Description: "d", URI: "u"},
	} {
		require.EqualError(t, &e, want)
	}
}

func TestTokenErrorIsWhatItsCodeSays(t *testing.T) {
	t.Parallel()
	codes := map[string]error{"invalid_grant": oauthflow.ErrInvalidGrant, "access_denied": oauthflow.ErrAccessDenied, "expired_token": oauthflow.ErrDeviceExpired, "x": nil, "": nil}
	for code := range codes {
		err := error(&oauthflow.TokenError{Code: code})
		for other, sentinel := range codes {
			if sentinel != nil {
				require.Equal(t, code == other, errors.Is(err, sentinel), "%q is %v", code, sentinel)
			}
		}
		require.NotErrorIs(t, err, oauthflow.ErrRedirect)
	}
	require.ErrorIs(t, &oauthflow.TokenError{Err: oauthflow.ErrRedirect}, oauthflow.ErrRedirect)
}

// A code is shown whole up to its share of the kibibyte, quotes included, and cut
// between letters beyond it.
func TestQuotedTextIsCutAtItsLimit(t *testing.T) {
	t.Parallel()
	shown := func(code string) string {
		text := (&oauthflow.TokenError{Op: "op", Code: code}).Error()
		require.True(t, utf8.ValidString(text))
		return strings.TrimPrefix(text, "oauthflow: op: ")
	}
	require.Equal(t, `"`+strings.Repeat("x", 254)+`"`, shown(strings.Repeat("x", 254)))
	require.Equal(t, `"…"`, shown(strings.Repeat("\x80", 300)), "no letter begins in it")
	for _, long := range []string{strings.Repeat("x", 255), strings.Repeat("x", 1000), strings.Repeat("é", 500), strings.Repeat("\x00", 255), strings.Repeat("€", 86), strings.Repeat("\U0001d11e", 64)} {
		got := shown(long)
		require.LessOrEqual(t, len(got), 256)
		require.Greater(t, len(got), 200, "and little is lost")
		require.True(t, strings.HasSuffix(got, `…"`), got)
	}
}
