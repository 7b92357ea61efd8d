package tokens

import (
	"errors"
	"net"
	"slices"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
)

// verdict is what the outcome of a refresh says of the refresh token.
type verdict int

const (
	unanswered verdict = iota // it may have been used: sent, and no usable response
	neverSent                 // it is as good as before
	refused                   // the server said so, and not of the refresh token
	grantDead                 // the server said that it is of no use
)

// deadCodes are error codes that mean the same as invalid_grant for a refresh.
// The last three are OpenID Connect's ways to say that the user has to act.
var deadCodes = [...]string{
	"invalid_grant", "bad_refresh_token", "invalid_refresh_token", "token_revoked",
	"interaction_required", "login_required", "consent_required",
}

func judge(err error) (verdict, string) {
	te, ours := errors.AsType[*oauthflow.TokenError](err)
	re, theirs := errors.AsType[*oauth2.RetrieveError](err)
	var code string
	switch {
	case ours:
		code = te.Code
	case theirs:
		code = re.ErrorCode
	}
	switch {
	case slices.Contains(deadCodes[:], code):
		return grantDead, code
	case errors.Is(err, oauthflow.ErrInvalidGrant), errors.Is(err, ErrReauthorizationRequired), errors.Is(err, oauthflow.ErrNoRefreshToken):
		return grantDead, code
	case ours && te.MaybeApplied:
		return unanswered, code
	case ours && te.Status == 0 && te.Code == "":
		return neverSent, code
	case ours:
		return refused, code
	case theirs && re.Response != nil && re.Response.StatusCode >= 400 && re.Response.StatusCode < 500 && re.Response.StatusCode != 408:
		return refused, code
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return neverSent, code
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return neverSent, code
	}
	return unanswered, code
}
