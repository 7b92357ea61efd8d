package compare

import "context"

// A Keeper is a library that keeps a user's access token fresh with a refresh token.
type Keeper struct {
	Subject
	// Open stores the grant where the library has a store, or else somewhere that all
	// processes see, and returns what starts a process. It is called once for a
	// behaviour.
	Open func(Grant) (StartProcess, error)
}

// StartProcess starts a process of the application: what it returns shares nothing with
// other processes but what Open has stored.
type StartProcess func() (Handler, error)

// Handler handles a request of the application's own, on whose context it depends: it
// comes by the user's access token as the library would have it, and returns it.
type Handler func(ctx context.Context) (accessToken string, err error)

// Grant is what the user has granted: a client's registration, and tokens of which the
// access token has expired an hour ago.
type Grant struct {
	TokenURL, ClientID, ClientSecret string
	AccessToken, RefreshToken        string
}
