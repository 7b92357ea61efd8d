package firebase

import (
	"fmt"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/googleaccount"
	"github.com/standpipe-go/standpipe/secret"
)

// Config says whose accounts to call, and as whom. It needs one of ServiceAccount, Auth
// and Emulator.
type Config struct {
	// ProjectID is the project's ID, and not its number. Required.
	ProjectID string

	// ServiceAccount yields the JSON key file of a service account. A key that is rotated
	// within the file is picked up.
	ServiceAccount secret.Source

	// Auth is another credential, for where there is no key file: client.OAuth2 over any
	// token source, with the scope cloud-platform. Custom tokens cannot be signed then.
	Auth client.Auth

	// Emulator is where the Firebase emulator for authentication listens, as
	// FIREBASE_AUTH_EMULATOR_HOST has it: "127.0.0.1:9099". Custom tokens are then not
	// signed.
	Emulator string

	// HTTPClient obtains the service account's access tokens. Nil is one over
	// http.DefaultTransport. The accounts are called as the options of New say.
	HTTPClient *http.Client
}

// scope is what the accounts need of an access token (Identity Platform, REST reference,
// "Authorization scopes").
const scope = "https://www.googleapis.com/auth/identitytoolkit"

// credential is who calls, and what signs custom tokens.
func (cfg *Config) credential() (client.Auth, signer, error) {
	given := 0
	for _, is := range []bool{cfg.ServiceAccount != nil, cfg.Auth != nil, cfg.Emulator != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, nil, fmt.Errorf("firebase: %w: give one of a service account, another credential and an emulator", client.ErrConfig)
	case cfg.Emulator != "":
		// Whoever says so is the project's owner to it.
		return client.Bearer(secret.Static("owner")), emulatorSigner{}, nil
	case cfg.Auth != nil:
		return cfg.Auth, nil, nil
	}
	source, err := googleaccount.Source(googleaccount.Config{
		Key: cfg.ServiceAccount, Scopes: []string{scope}, HTTPClient: cfg.HTTPClient,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("firebase: %w: %w", client.ErrConfig, err)
	}
	return client.OAuth2(source), &accountSigner{file: cfg.ServiceAccount}, nil
}
