package oauthmanager_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// login signs a user in through the provider's own pages, with nothing of ours
// but the types.
func login(ctx context.Context, issuer, user string) (*oauth2.Token, error) {
	cfg := &oauth2.Config{
		ClientID: clientID, ClientSecret: clientSecret, RedirectURL: "http://127.0.0.1:9999/cb",
		Scopes:   []string{"openid", "offline_access", "profile"},
		Endpoint: oauth2.Endpoint{AuthURL: issuer + "/auth", TokenURL: issuer + "/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	verifier := oauth2.GenerateVerifier()
	at := cfg.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "consent"))
	form := url.Values(nil)
	for range 20 {
		req, err := request(ctx, at, form)
		if err != nil {
			return nil, err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return nil, err
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		form = nil
		if resp.StatusCode == http.StatusOK { // a page that asks something
			form = url.Values{"prompt": {"consent"}}
			if strings.Contains(string(page), `name="login"`) {
				form = url.Values{"prompt": {"login"}, "login": {user}, "password": {"x"}}
			}
			continue
		}
		to, err := resp.Location()
		if err != nil {
			return nil, fmt.Errorf("the provider answered %d: %w", resp.StatusCode, err)
		}
		if strings.HasPrefix(to.String(), cfg.RedirectURL) {
			return cfg.Exchange(ctx, to.Query().Get("code"), oauth2.VerifierOption(verifier))
		}
		at = to.String()
	}
	return nil, fmt.Errorf("the provider's pages do not end")
}

func request(ctx context.Context, at string, form url.Values) (*http.Request, error) {
	if form == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}
