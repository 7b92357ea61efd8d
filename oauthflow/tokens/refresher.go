package tokens

import (
	"context"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/flight"
)

// Refresher exchanges a token for a new one. An [*oauthflow.Client] is one; see
// [Grant] for tokens that need no refresh token. Refresh must make at most one
// attempt, return soon after the context ends, and be safe for concurrent use.
//
// Its error tells what became of the refresh token: an [*oauthflow.TokenError] or an
// [*oauth2.RetrieveError] is read for its code and for whether the server refused; a
// failed dial was never sent; any other error may have taken effect.
//
// If it has a method Metadata() []string, as an [*oauthflow.Client] has, the members
// of token responses that this names are kept as those of [WithExtra] are.
type Refresher interface {
	Refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error)
}

// Grant is a [Refresher] for tokens that the application obtains with its own
// credentials alone: client credentials, a JWT bearer assertion, a GitHub App's
// installation token. No refresh token is involved, the user is never needed, and
// nothing has to be Put: a [Manager] obtains the first token as well. A function such
// as [golang.org/x/oauth2/clientcredentials.Config.Token] fits. It must not cache by
// itself, or a token that a service has refused would come back.
type Grant func(ctx context.Context) (*oauth2.Token, error)

// Refresh implements [Refresher]: it calls g.
func (g Grant) Refresh(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) { return g(ctx) }

// GrantFrom returns a Grant that asks src, for token sources that take no context. If
// the context ends first, the call of src goes on in the background and its result is
// dropped.
func GrantFrom(src oauth2.TokenSource) Grant {
	return func(ctx context.Context) (*oauth2.Token, error) {
		return flight.Start(ctx, 0, "the token source", func(context.Context) (*oauth2.Token, error) { return src.Token() }, nil).Wait(ctx)
	}
}
