package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

func Example() {
	issuer := sessiontest.New()
	verifier, err := session.NewVerifier(issuer.AccessTokens(), issuer.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	token := issuer.AccessToken(sessiontest.Claims{"scope": "read:reports"})
	user, err := verifier.Verify(ctx, token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Subject, user.Scopes)

	// The issuer changes its key and goes down; then the keys are too old.
	issuer.Rotate()
	issuer.Fail(http.StatusBadGateway)
	issuer.Advance(30 * time.Minute)
	_, err = verifier.Verify(ctx, token)
	fmt.Println(err)
	issuer.Advance(3 * time.Hour)
	_, err = verifier.Verify(ctx, issuer.AccessToken(nil))
	fmt.Println(errors.Is(err, session.ErrKeysUnavailable))
	// Output:
	// user_1 [read:reports]
	// <nil>
	// true
}
