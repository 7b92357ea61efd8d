// The three steps of OAuth: send the browser away, take it back with a code, exchange the
// code for a token. What ties the three together is as important as the steps.
//
//	2. The three steps of OAuth
//	   1 the browser is sent to /authorize with state and an S256 challenge
//	   2 it comes back to /callback with code and state
//	   3 the code was exchanged: a Bearer token with a refresh token
//	   a code from somebody else's browser: refused, it was not asked for here
//	   Usually: the state is not checked, and a stranger's code signs the visitor in as the stranger.

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

const oauthUsually = "the state is not checked, and a stranger's code signs the visitor in as the stranger."

func oauthSteps(ctx context.Context, say printf) error {
	// In an application: oauthflow.Config{Provider: oauthflow.GitHubApp(), ClientID: …}
	provider := oauthtest.New(oauthtest.Config{Users: []oauthtest.User{{Subject: "ada"}, {Subject: "mallory"}}})
	login, err := oauthflow.New(provider.ClientConfig("web"), oauthflow.WithHTTPClient(provider.HTTPClient()))
	if err != nil {
		return err
	}

	// In a handler this is login.Start(w, r), which keeps Sealed in a cookie.
	attempt, err := login.Begin(ctx)
	if err != nil {
		return err
	}
	away, err := url.Parse(attempt.URL)
	if err != nil {
		return err
	}
	if away.Query().Get("state") == "" {
		return errors.New("there is no state")
	}
	say("1 the browser is sent to %s with state and an %s challenge", away.Path, away.Query().Get("code_challenge_method"))

	back, err := provider.Authorize(attempt.URL, "ada") // who signs in there, and consents
	if err != nil {
		return err
	}
	if !back.Query().Has("code") || !back.Query().Has("state") {
		return errors.New("there is no code")
	}
	say("2 it comes back to %s with code and state", back.Path)

	// In a handler this is login.Finish(w, r), which has the cookie.
	result, err := login.Complete(ctx, attempt.Sealed, back.Query())
	if err != nil {
		return err
	}
	with := "without"
	if result.Token.RefreshToken != "" {
		with = "with"
	}
	say("3 the code was exchanged: a %s token %s a refresh token", result.Token.Type(), with)

	strangers, err := login.Begin(ctx)
	if err != nil {
		return err
	}
	theirs, err := provider.Authorize(strangers.URL, "mallory")
	if err != nil {
		return err
	}
	mine, err := login.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err = login.Complete(ctx, mine.Sealed, theirs.Query()); !errors.Is(err, oauthflow.ErrState) {
		return fmt.Errorf("a stranger's code was not refused: %w", err)
	}
	say("a code from somebody else's browser: refused, it was not asked for here")
	return nil
}
