// Package oauthflow acts for a user at a service that speaks OAuth 2.0: it runs
// the flows that obtain a token. Package tokens, below it, keeps the token alive.
//
// Most callers want "Sign in with …" in a web application, which is three
// steps:
//
//	login, err := oauthflow.New(oauthflow.Config{
//		Provider:     oauthflow.GitHub(),
//		ClientID:     os.Getenv("GITHUB_CLIENT_ID"),
//		ClientSecret: secret.Env("GITHUB_CLIENT_SECRET"),
//		RedirectURL:  "https://app.example.com/callback",
//		Scopes:       []string{"read:user"},
//		CookieKey:    secret.Env("OAUTH_COOKIE_KEY"),
//	})
//	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
//		err := login.Start(w, r) // redirects, or has written nothing
//	})
//	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
//		res, err := login.Finish(w, r) // callback and exchange
//	})
//
// The example of the package shows it whole; examples/login is a program to
// copy, and [Loopback] is the same for the command line.
//
// A service is a [Provider]: data, not code. Take one of the functions of this
// package ([Google], [GitHub], [Microsoft], …), ask an OpenID issuer for its
// own description with [Discover], or fill the struct. What the token endpoint
// returns is an [oauth2.Token], so that everything made for golang.org/x/oauth2
// takes it.
//
// A [Client] is one registration at one provider. It does the authorization
// code flow with PKCE ([Client.Start], [Client.Finish]; over other transports
// [Client.Begin], [Client.Complete]), the device flow, client credentials, JWT
// bearer grants, token exchange, refresh, revocation and introspection. To use
// a token for longer than one request, and always when it can be refreshed,
// give the Client to a manager of package tokens: a refresh token that rotates
// must be used by one caller at a time, across all processes.
//
// The token client differs from that of golang.org/x/oauth2 on purpose. It
// never guesses how the client authenticates, because guessing sends a
// single-use code twice; it follows no redirect; it escapes client identifiers
// and secrets as RFC 6749 section 2.3.1 says; it reads responses leniently and
// reports errors strictly: see [TokenError] for how a refusal is told from a
// request that may have taken effect although no usable response came back.
package oauthflow
